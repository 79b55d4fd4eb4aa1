package dynamotest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

// queryOf asks for notes of the table notes, whose key is id and seq.
func queryOf(condition string, values ...any) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{
		TableName: aws.String("notes"), KeyConditionExpression: aws.String(condition),
		ExpressionAttributeNames: map[string]string{"#id": "id"}, ExpressionAttributeValues: item{},
	}
	if len(condition) > 6 && condition[:6] == "writer" {
		in.IndexName, in.ExpressionAttributeNames = aws.String("byWriter"), nil
	}
	for i := 0; i < len(values); i += 2 {
		v, ok := values[i+1].(types.AttributeValue)
		if !ok {
			v = text(values[i+1].(string))
		}
		in.ExpressionAttributeValues[values[i].(string)] = v
	}
	return in
}

func createNotes(t *testing.T, f *fixture) {
	t.Helper()
	_, err := f.client.CreateTable(f.ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("notes"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("seq"), AttributeType: types.ScalarAttributeTypeN},
			{AttributeName: aws.String("writer"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("seq"), KeyType: types.KeyTypeRange},
		},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName:  aws.String("byWriter"),
			KeySchema:  []types.KeySchemaElement{{AttributeName: aws.String("writer"), KeyType: types.KeyTypeHash}},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
	})
	require.NoError(t, err)
}

// TestKeyOfAQuery holds which queries a rule with a key is for.
func TestKeyOfAQuery(t *testing.T) {
	one, whole := item{"id": text("a"), "seq": number("5")}, item{"id": text("a")}
	for _, c := range []struct {
		name string
		key  item
		in   *dynamodb.QueryInput
		hit  bool
	}{
		{"the partition, by its key", whole, queryOf("#id = :i", ":i", "a"), true},
		{"the partition, by the key of an item", one, queryOf("#id = :i", ":i", "a"), true},
		{"another partition", one, queryOf("#id = :i", ":i", "b"), false},
		{"the item", one, queryOf("#id = :i AND seq = :a", ":i", "a", ":a", number("5.0")), true},
		{"another item", one, queryOf("#id = :i AND seq = :a", ":i", "a", ":a", number("6")), false},
		{"a part of the partition, by its key", whole, queryOf("#id = :i AND seq > :a", ":i", "a", ":a", number("6")), true},
		{"a range with the item", one, queryOf("seq BETWEEN :a AND :b AND :i = #id", ":i", "a", ":a", number("5"), ":b", number("9")), true},
		{"a range without the item", one, queryOf("#id = :i AND seq > :a", ":i", "a", ":a", number("5")), false},
		{"the sort key alone", item{"seq": number("5")}, queryOf("#id = :i AND seq >= :a", ":i", "a", ":a", number("5")), false},
		{"an index, by its key", item{"writer": text("ann")}, queryOf("writer = :o", ":o", "ann"), true},
		{"an index, by the table's key", one, queryOf("writer = :o", ":o", "ann"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			createNotes(t, f)
			fault := f.Fault(dynamotest.OnTable("notes").Key(c.key).InternalError())
			_, err := f.client.Query(f.ctx, c.in)
			require.Equal(t, c.hit, err != nil, "%v", err)
			require.Equal(t, c.hit, fault.Hits() == 1)
			require.Equal(t, c.hit, f.Requests("Query")[0].Names("notes", c.key))
		})
	}
	t.Run("the old form", func(t *testing.T) {
		f := newFixture(t)
		createNotes(t, f)
		f.Fault(dynamotest.OnTable("notes").Key(one).InternalError())
		equals := func(v types.AttributeValue) types.Condition {
			return types.Condition{ComparisonOperator: types.ComparisonOperatorEq, AttributeValueList: []types.AttributeValue{v}}
		}
		_, err := f.client.Query(f.ctx, &dynamodb.QueryInput{TableName: aws.String("notes"), KeyConditions: map[string]types.Condition{"id": equals(text("a"))}})
		require.Error(t, err)
		_, err = f.client.Query(f.ctx, &dynamodb.QueryInput{TableName: aws.String("notes"), KeyConditions: map[string]types.Condition{"id": equals(text("b"))}})
		require.NoError(t, err)
	})
	t.Run("a scan", func(t *testing.T) {
		f := newFixture(t)
		createNotes(t, f)
		f.Fault(dynamotest.OnTable("notes").Key(one).InternalError())
		_, err := f.client.Scan(f.ctx, &dynamodb.ScanInput{TableName: aws.String("notes"), FilterExpression: aws.String("#id = :i"),
			ExpressionAttributeNames: map[string]string{"#id": "id"}, ExpressionAttributeValues: item{":i": text("a")}})
		require.NoError(t, err)
	})
}

// TestKeyOfAStatement holds which statements a rule with a key is for.
func TestKeyOfAStatement(t *testing.T) {
	one := item{"id": text("a"), "seq": number("5")}
	for _, c := range []struct {
		statement string
		hit       bool
	}{
		{`SELECT * FROM "notes" WHERE id = 'a' AND seq = 5`, true},
		{`SELECT * FROM "notes" WHERE id = 'a'`, true},
		{`SELECT * FROM "notes" WHERE id IN ['b', 'a']`, true},
		{`SELECT * FROM "notes" WHERE id IN ['b', 'c']`, false},
		{`SELECT * FROM "notes" WHERE id = 'a' AND seq < 5`, false},
		{`SELECT * FROM "notes"`, false},
		{`SELECT * FROM "notes" WHERE seq > 1`, false},
		{`UPDATE "notes" SET x = 1 WHERE id = 'a' AND seq = 5`, true},
		{`UPDATE "notes" SET x = 1 WHERE seq = 6 AND id = 'a'`, false},
		{`DELETE FROM "notes" WHERE id = 'a' AND seq = 5`, true},
		{`DELETE FROM "notes" WHERE id = 'b' AND seq = 5`, false},
		{`INSERT INTO "notes" VALUE {'id': 'a', 'seq': 5}`, true},
		{`INSERT INTO "notes" VALUE {'id': 'a', 'seq': 6}`, false},
	} {
		t.Run(c.statement, func(t *testing.T) {
			f := newFixture(t)
			createNotes(t, f)
			fault := f.Fault(dynamotest.OnTable("notes").Key(one).InternalError())
			_, err := f.client.ExecuteStatement(f.ctx, &dynamodb.ExecuteStatementInput{Statement: aws.String(c.statement)})
			var internal *types.InternalServerError
			require.Equal(t, c.hit, fault.Hits() == 1)
			if c.hit {
				require.ErrorAs(t, err, &internal)
			}
		})
	}
	f := newFixture(t)
	createNotes(t, f)
	f.Fault(dynamotest.OnTable("notes").Key(one).Conflict())
	_, err := f.client.ExecuteTransaction(f.ctx, &dynamodb.ExecuteTransactionInput{TransactStatements: []types.ParameterizedStatement{
		{Statement: aws.String(`INSERT INTO "notes" VALUE {'id': 'b', 'seq': 1}`)},
		{Statement: aws.String(`EXISTS(SELECT * FROM "notes" WHERE id = 'a' AND seq = ? AND x = 1)`), Parameters: []types.AttributeValue{number("5")}},
	}})
	require.Equal(t, []string{"None", "TransactionConflict"}, codes(t, err))
}

// TestOneOfSeveral holds which items of a request a rule with a key befalls:
// those of its table, with all its attributes, whole items among them.
func TestOneOfSeveral(t *testing.T) {
	put := func(table, id, at, x string) types.TransactWriteItem {
		it := item{"id": text(id), "x": text(x)}
		if at != "" {
			it["seq"] = number(at)
		}
		return types.TransactWriteItem{Put: &types.Put{TableName: aws.String(table), Item: it}}
	}
	actions := []types.TransactWriteItem{put("items", "a", "", "1"), put("notes", "a", "1", "1"), put("notes", "a", "2", "2"), put("notes", "b", "1", "2")}
	const none, struck = "None", "TransactionConflict"
	for _, c := range []struct {
		name string
		rule dynamotest.Rule
		want []string
	}{
		{"of any table", dynamotest.OnAny().Key(item{"id": text("a")}), []string{struck, struck, struck, none}},
		{"of one table", dynamotest.OnTable("notes").Key(item{"id": text("a")}), []string{none, struck, struck, none}},
		{"of one item", dynamotest.OnTable("notes").Key(item{"id": text("a"), "seq": number("2")}), []string{none, none, struck, none}},
		{"by what is put", dynamotest.OnAny().Key(item{"x": text("2")}), []string{none, none, struck, struck}},
		{"without a key, the first", dynamotest.OnTable("notes"), []string{struck, none, none, none}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			createNotes(t, f)
			f.Fault(c.rule.Conflict())
			_, err := f.client.TransactWriteItems(f.ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
			require.Equal(t, c.want, codes(t, err))
		})
	}
	f := newFixture(t)
	createNotes(t, f)
	f.Fault(dynamotest.OnTable("items").Key(key("a")).Throttle(dynamotest.KeyRangeThroughput))
	f.Fault(dynamotest.OnTable("notes").Key(item{"id": text("b")}).Conflict())
	_, err := f.client.TransactWriteItems(f.ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	require.Equal(t, []string{"ProvisionedThroughputExceeded", none, none, struck}, codes(t, err), "each by its own rule")
}
