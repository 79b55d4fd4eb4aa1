package dynamostore

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/transform"
)

// A TablePlan is what Apply would do about one table.
type TablePlan struct {
	Table string // with the prefix
	// Wanted is the table as the contract has it.
	Wanted *transform.Table
	// Create is the request that creates the table, nil where it is there.
	Create *dynamodb.CreateTableInput
	// Steps are what Apply would do to the table, in this order; none where it is
	// there with all that is wanted and may be added.
	Steps []Step
	// Differences are what a table that is there has otherwise than the contract
	// wants. Apply mends those that are Mendable, by Steps, waits for what is not
	// ACTIVE yet, and leaves the rest alone.
	Differences []Difference
}

// Exists reports whether the table is there, as wanted or not.
func (p TablePlan) Exists() bool { return p.Create == nil }

// Refused returns the differences for which Apply would do nothing at all.
func (p TablePlan) Refused() []Difference { return lasting(p.Differences) }

// has reports whether the plan has a step. That of a table that is created has
// whatever the contract says: somebody else may have begun with less.
func (p TablePlan) has(step Step) bool {
	return !p.Exists() || slices.ContainsFunc(p.Steps, step.is)
}

// Plan returns what Apply would do, a plan for each table of the contract in
// its order, and for the library's own at the end. It changes nothing.
func (s *Tables) Plan(ctx context.Context) ([]TablePlan, error) {
	plans := make([]TablePlan, 0, len(s.tables))
	for _, t := range s.tables {
		plan := TablePlan{Table: s.tableName(t), Wanted: t}
		have, err := s.examine(ctx, "plan", t)
		switch {
		case err != nil:
			return nil, err
		case have == nil:
			plan.Create = s.createInput(t)
			plan.Steps = append([]Step{{What: StepTable}}, madeLater(t)...)
		default:
			plan.Steps, plan.Differences = have.steps(), have.found
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

// createInput returns the request that creates the table with its indexes.
func (s *Tables) createInput(t *transform.Table) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName:             aws.String(s.tableName(t)),
		KeySchema:             keySchema(t.PK, t.SK),
		AttributeDefinitions:  definitions(keyAttributes(t)...),
		BillingMode:           billing(t),
		ProvisionedThroughput: throughput(t, t.Capacity),
		SSESpecification:      encryption(t),
		Tags:                  tags(t.Tags),
	}
	if t.DeletionProtection {
		in.DeletionProtectionEnabled = aws.Bool(true)
	}
	for _, x := range t.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName:             aws.String(x.Name),
			KeySchema:             keySchema(x.PK, x.SK),
			Projection:            projected(x),
			ProvisionedThroughput: throughput(t, x.Capacity),
		})
	}
	return in
}

// keySchema returns a key in the service's terms.
func keySchema(pk, sk transform.KeyAttribute) []types.KeySchemaElement {
	keys := []types.KeySchemaElement{{AttributeName: aws.String(pk.Name), KeyType: types.KeyTypeHash}}
	if !sk.IsZero() {
		keys = append(keys, types.KeySchemaElement{AttributeName: aws.String(sk.Name), KeyType: types.KeyTypeRange})
	}
	return keys
}

// definitions returns the types of key attributes, each once: the service refuses
// a definition that comes twice, and one that no key needs.
func definitions(keys ...transform.KeyAttribute) []types.AttributeDefinition {
	var defs []types.AttributeDefinition
	for i, k := range keys {
		if k.IsZero() || slices.ContainsFunc(keys[:i], func(o transform.KeyAttribute) bool { return o.Name == k.Name }) {
			continue
		}
		defs = append(defs, types.AttributeDefinition{
			AttributeName: aws.String(k.Name), AttributeType: types.ScalarAttributeType(k.Type),
		})
	}
	return defs
}

// keyAttributes returns the attributes of every key of the table.
func keyAttributes(t *transform.Table) []transform.KeyAttribute {
	all := []transform.KeyAttribute{t.PK, t.SK}
	for _, x := range t.Indexes {
		all = append(all, x.PK, x.SK)
	}
	return all
}

// billing returns how the contract wants the table to be paid for.
func billing(t *transform.Table) types.BillingMode {
	if t.Billing == transform.Provisioned {
		return types.BillingModeProvisioned
	}
	return types.BillingModePayPerRequest
}

// throughput returns a capacity, nil where the table is paid for by request.
func throughput(t *transform.Table, c transform.Capacity) *types.ProvisionedThroughput {
	if billing(t) != types.BillingModeProvisioned {
		return nil
	}
	return &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(c.Read), WriteCapacityUnits: aws.Int64(c.Write)}
}

// projection returns what an index holds; all of an item if the contract does
// not say.
func projection(x transform.Index) types.ProjectionType {
	if x.Projection == "" {
		return types.ProjectionTypeAll
	}
	return types.ProjectionType(x.Projection)
}

// projected returns a projection in the service's terms.
func projected(x transform.Index) *types.Projection {
	p := &types.Projection{ProjectionType: projection(x)}
	if p.ProjectionType == types.ProjectionTypeInclude {
		p.NonKeyAttributes = slices.Clone(x.Projected)
	}
	return p
}

// encryption returns what is to be said of a table's key; nil is one that belongs
// to the service.
func encryption(t *transform.Table) *types.SSESpecification {
	if t.Encryption == "" || t.Encryption == transform.EncryptionOwned {
		return nil
	}
	spec := &types.SSESpecification{Enabled: aws.Bool(true), SSEType: types.SSETypeKms}
	if t.Encryption != transform.EncryptionManaged {
		spec.KMSMasterKeyId = aws.String(t.Encryption)
	}
	return spec
}

// tags returns tags in the service's terms.
func tags(list []transform.Tag) []types.Tag {
	var out []types.Tag
	for _, t := range list {
		out = append(out, types.Tag{Key: aws.String(t.Name), Value: aws.String(t.Value)})
	}
	return out
}
