package dynamostore

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A TablePlan is what Apply would do about one table.
type TablePlan struct {
	Table string // with the prefix
	// Create is the request that creates the table, nil where it is there.
	Create *dynamodb.CreateTableInput
	// Differences are what a table that is there has otherwise than the
	// contract wants. Apply waits for what is not ACTIVE yet and mends nothing.
	Differences []Difference
}

// Exists reports whether the table is there, as wanted or not.
func (p TablePlan) Exists() bool { return p.Create == nil }

// Plan returns what Apply would do, a plan for each table of the contract in
// its order, and for the library's own at the end. It changes nothing.
func (s *Store) Plan(ctx context.Context) ([]TablePlan, error) {
	plans := make([]TablePlan, 0, len(s.tables))
	for _, t := range s.tables {
		have, err := s.describe(ctx, "plan", t)
		if err != nil {
			return nil, err
		}
		plan := TablePlan{Table: s.tableName(t)}
		if have == nil {
			plan.Create = s.createInput(t)
		} else {
			plan.Differences = s.compare(t, have)
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

// tableName returns the name that a table of the contract has in the account.
func (s *Store) tableName(t *transform.Table) string { return s.opts.TablePrefix + t.Name }

// describe returns what is known of a table, nil if it is not there.
func (s *Store) describe(ctx context.Context, op string, t *transform.Table) (*types.TableDescription, error) {
	name := s.tableName(t)
	out, err := s.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		return nil, nil
	case err != nil:
		return nil, fail(op, "", name, store.NoWrite, err)
	case out.Table == nil:
		return nil, invalid(op, "", store.NoWrite, "the service described no table for %s", name)
	}
	return out.Table, nil
}

// createInput returns the request that creates the table with its indexes.
func (s *Store) createInput(t *transform.Table) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName:             aws.String(s.tableName(t)),
		KeySchema:             keySchema(t.PK, t.SK),
		AttributeDefinitions:  definitions(t),
		BillingMode:           billing(t),
		ProvisionedThroughput: throughput(t, t.Capacity),
	}
	for _, x := range t.Indexes {
		index := types.GlobalSecondaryIndex{
			IndexName:             aws.String(x.Name),
			KeySchema:             keySchema(x.PK, x.SK),
			Projection:            &types.Projection{ProjectionType: projection(x)},
			ProvisionedThroughput: throughput(t, x.Capacity),
		}
		if index.Projection.ProjectionType == types.ProjectionTypeInclude {
			index.Projection.NonKeyAttributes = slices.Clone(x.Projected)
		}
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, index)
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

// definitions returns the type of each key attribute of the table and its
// indexes, once.
func definitions(t *transform.Table) []types.AttributeDefinition {
	var defs []types.AttributeDefinition
	for _, k := range keyAttributes(t) {
		defs = append(defs, types.AttributeDefinition{
			AttributeName: aws.String(k.Name), AttributeType: types.ScalarAttributeType(k.Type),
		})
	}
	return defs
}

// keyAttributes returns each attribute that is part of any key, once: the service
// refuses a definition that comes twice, and one that no key needs.
func keyAttributes(t *transform.Table) []transform.KeyAttribute {
	all := []transform.KeyAttribute{t.PK, t.SK}
	for _, x := range t.Indexes {
		all = append(all, x.PK, x.SK)
	}
	var once []transform.KeyAttribute
	for _, k := range all {
		if !k.IsZero() && !slices.ContainsFunc(once, func(o transform.KeyAttribute) bool { return o.Name == k.Name }) {
			once = append(once, k)
		}
	}
	return once
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
