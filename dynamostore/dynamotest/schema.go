package dynamotest

import (
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// What a table may have (Developer Guide, "Service quotas").
const (
	maxGlobalIndexes = 20
	maxLocalIndexes  = 5
	maxNonKey        = 100 // projected attributes of all indexes together
)

// The wire forms of a table's definition.
type (
	attributeDefinition struct {
		AttributeName string
		AttributeType attr.Kind
	}
	keyElement struct {
		AttributeName string
		KeyType       string
	}
	throughput struct {
		ReadCapacityUnits  int64
		WriteCapacityUnits int64
	}
	indexDefinition struct {
		IndexName             *string
		KeySchema             []keyElement
		Projection            *projection
		ProvisionedThroughput *throughput
	}
)

const (
	payPerRequest = "PAY_PER_REQUEST"
	provisioned   = "PROVISIONED"
)

// billing is how a table is paid for.
type billing struct {
	mode string
	throughput
}

// setBilling reads the two parameters that belong together.
func setBilling(mode string, t *throughput) (billing, error) {
	if err := oneOf(mode, "billingMode", provisioned, payPerRequest); err != nil {
		return billing{}, err
	}
	switch {
	case mode == payPerRequest && t != nil:
		return billing{}, invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case mode == payPerRequest:
		return billing{mode: mode}, nil
	case t == nil:
		return billing{}, invalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	case t.ReadCapacityUnits < 1:
		return billing{}, atLeast(int(t.ReadCapacityUnits), 1, "provisionedThroughput.readCapacityUnits")
	case t.WriteCapacityUnits < 1:
		return billing{}, atLeast(int(t.WriteCapacityUnits), 1, "provisionedThroughput.writeCapacityUnits")
	}
	return billing{mode: provisioned, throughput: *t}, nil
}

// attributeKinds checks attribute definitions.
func attributeKinds(definitions []attributeDefinition) (map[string]attr.Kind, error) {
	kinds := map[string]attr.Kind{}
	for _, d := range definitions {
		switch {
		case d.AttributeName == "":
			return nil, violated("null", "attributeDefinitions.1.member.attributeName", "Member must not be null")
		case d.AttributeType != attr.KindString && d.AttributeType != attr.KindNumber && d.AttributeType != attr.KindBinary:
			return nil, violated("'"+string(d.AttributeType)+"'", "attributeDefinitions.1.member.attributeType", "Member must satisfy enum value set: [B, N, S]")
		case kinds[d.AttributeName] != "":
			return nil, invalid("One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: %s", d.AttributeName)
		}
		kinds[d.AttributeName] = d.AttributeType
	}
	return kinds, nil
}

// readKeySchema checks a key schema: a hash key, and perhaps a sort key.
func readKeySchema(elements []keyElement, kinds map[string]attr.Kind, isIndex bool) (keySchema, error) {
	var k keySchema
	if err := lengthFrom(len(elements), 1, 2, "keySchema"); err != nil {
		return k, err
	}
	for i, e := range elements {
		switch {
		case e.KeyType != "HASH" && e.KeyType != "RANGE":
			return k, violated("'"+e.KeyType+"'", "keySchema.1.member.keyType", "Member must satisfy enum value set: [HASH, RANGE]")
		case i == 0 && e.KeyType != "HASH":
			return k, invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
		case i == 1 && e.KeyType != "RANGE":
			return k, invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
		case i == 1 && e.AttributeName == elements[0].AttributeName:
			return k, invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
		case kinds[e.AttributeName] == "" && isIndex:
			return k, invalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s]", e.AttributeName)
		case kinds[e.AttributeName] == "":
			return k, invalid("Invalid KeySchema: Some index key attribute have no definition")
		}
	}
	k.hash = expr.KeyAttribute{Name: elements[0].AttributeName, Kind: kinds[elements[0].AttributeName]}
	if len(elements) == 2 {
		k.sort = expr.KeyAttribute{Name: elements[1].AttributeName, Kind: kinds[elements[1].AttributeName]}
	}
	return k, nil
}

// wire returns the wire form of a key schema.
func (k keySchema) wire() []keyElement {
	elements := []keyElement{{k.hash.Name, "HASH"}}
	if k.sort.Name != "" {
		elements = append(elements, keyElement{k.sort.Name, "RANGE"})
	}
	return elements
}

// newIndex checks the definition of one index.
func newIndex(d indexDefinition, global bool, table keySchema, kinds map[string]attr.Kind, mode string) (*index, error) {
	if err := checkName(d.IndexName, "indexName"); err != nil {
		return nil, err
	}
	keys, err := readKeySchema(d.KeySchema, kinds, true)
	if err != nil {
		return nil, err
	}
	x := &index{name: *d.IndexName, global: global, keys: keys, rows: &ordered{}}
	if d.Projection == nil {
		return nil, violated("null", "projection", "Member must not be null")
	}
	if err := d.Projection.check(); err != nil {
		return nil, err
	}
	x.projection = d.Projection.forKeys(table, keys)
	switch {
	case global && mode == provisioned && d.ProvisionedThroughput == nil:
		return nil, invalid("One or more parameter values were invalid: ProvisionedThroughput must be specified for index: %s", x.name)
	case global && mode == payPerRequest && d.ProvisionedThroughput != nil:
		return nil, invalid("One or more parameter values were invalid: ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST", x.name)
	case global && mode == provisioned:
		x.throughput = *d.ProvisionedThroughput
	case !global:
		return x, table.fitsLocal(x)
	}
	return x, nil
}

// fitsLocal checks that a local index is within the table's partitions.
func (k keySchema) fitsLocal(x *index) error {
	switch {
	case k.sort.Name == "":
		return invalid("One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
	case x.keys.hash.Name != k.hash.Name:
		return invalid("One or more parameter values were invalid: Index KeySchema does not have the same leading hash key as table KeySchema for index: %s. index hash key: %s, table hash key: %s", x.name, x.keys.hash.Name, k.hash.Name)
	case x.keys.sort.Name == "":
		return invalid("One or more parameter values were invalid: Index KeySchema does not have a range key for index: %s", x.name)
	}
	return nil
}

func (p *projection) check() error {
	if err := oneOf(p.ProjectionType, "projection.projectionType", projectAll, projectKeys, projectInclude); err != nil {
		return err
	}
	switch {
	case p.ProjectionType == "":
		return invalid("One or more parameter values were invalid: Unknown ProjectionType: null")
	case p.ProjectionType == projectInclude && len(p.NonKeyAttributes) == 0:
		return invalid("One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
	case p.ProjectionType != projectInclude && p.NonKeyAttributes != nil:
		return invalid("One or more parameter values were invalid: ProjectionType is %s, but NonKeyAttributes is specified", p.ProjectionType)
	}
	return nil
}

// addIndexes checks a new table's indexes and gives them to it.
func (t *table) addIndexes(in *createTableInput, kinds map[string]attr.Kind) error {
	if in.GlobalSecondaryIndexes != nil && len(in.GlobalSecondaryIndexes) == 0 {
		return invalid("One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty")
	}
	if in.LocalSecondaryIndexes != nil && len(in.LocalSecondaryIndexes) == 0 {
		return invalid("One or more parameter values were invalid: List of LocalSecondaryIndexes is empty")
	}
	if len(in.LocalSecondaryIndexes) > maxLocalIndexes {
		return invalid("One or more parameter values were invalid: Number of LocalSecondaryIndexes exceeds per-table limit of %d", maxLocalIndexes)
	}
	if len(in.GlobalSecondaryIndexes) > maxGlobalIndexes {
		return invalid("One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of %d", maxGlobalIndexes)
	}
	for _, d := range in.LocalSecondaryIndexes {
		if err := t.addIndex(d, false, kinds); err != nil {
			return err
		}
	}
	for _, d := range in.GlobalSecondaryIndexes {
		if err := t.addIndex(d, true, kinds); err != nil {
			return err
		}
	}
	projected := 0
	for _, x := range t.indexes {
		projected += len(x.projection.NonKeyAttributes)
	}
	if projected > maxNonKey {
		return invalid("One or more parameter values were invalid: Number of projected NonKeyAttributes exceeds the per-table limit of %d", maxNonKey)
	}
	return nil
}

// addIndex checks an index and gives it to the table.
func (t *table) addIndex(d indexDefinition, global bool, kinds map[string]attr.Kind) error {
	x, err := newIndex(d, global, t.keys, kinds, t.billing.mode)
	if err != nil {
		return err
	}
	at, found := slices.BinarySearchFunc(t.indexes, x, func(a, b *index) int { return strings.Compare(a.name, b.name) })
	if found {
		return invalid("One or more parameter values were invalid: Duplicate index name: %s", x.name)
	}
	t.indexes = slices.Insert(t.indexes, at, x)
	return nil
}

// usesAll checks that every attribute definition is part of a key.
func (t *table) usesAll(kinds map[string]attr.Kind) error {
	used := map[string]bool{}
	schemas := []keySchema{t.keys}
	for _, x := range t.indexes {
		schemas = append(schemas, x.keys)
	}
	for _, k := range schemas {
		for _, a := range k.attributes() {
			used[a.Name] = true
		}
	}
	if len(used) != len(kinds) {
		return invalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return nil
}
