package dynamotest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// asText writes an item's attributes, sorted, for tables of answers.
func asText(it item) string {
	var parts []string
	for name, v := range it {
		parts = append(parts, name+"="+valueText(v))
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

func valueText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberL:
		texts := make([]string, len(v.Value))
		for i, e := range v.Value {
			texts[i] = valueText(e)
		}
		return "[" + strings.Join(texts, ",") + "]"
	case *types.AttributeValueMemberM:
		return "{" + asText(v.Value) + "}"
	case *types.AttributeValueMemberNS:
		return "<" + strings.Join(slices.Sorted(slices.Values(v.Value)), ",") + ">"
	}
	return fmt.Sprintf("%T", v)
}

// The names of these attributes are reserved words, which the package hides
// behind placeholders.
var (
	status = expression.Name("status")
	size   = expression.Name("size")
	data   = expression.Name("data")
)

// TestExpressionKeyConditions runs the package's key conditions.
func TestExpressionKeyConditions(t *testing.T) {
	f := newFixture(t)
	_, err := f.client.CreateTable(f.ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("files"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("user"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("path"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("user"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("path"), KeyType: types.KeyTypeRange}},
	})
	require.NoError(t, err)
	for i, path := range []string{"a", "b/1", "b/2", "c", "é"} {
		_, err := f.client.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: aws.String("files"), Item: item{"user": text("ann"), "path": text(path), "size": number(fmt.Sprint(i))}})
		require.NoError(t, err)
	}
	user, path := expression.Key("user").Equal(expression.Value("ann")), expression.Key("path")
	for _, c := range []struct {
		name string
		key  expression.KeyConditionBuilder
		want string
	}{
		{"the partition", user, "a b/1 b/2 c é"},
		{"equal", user.And(path.Equal(expression.Value("c"))), "c"},
		{"begins with", user.And(path.BeginsWith("b/")), "b/1 b/2"},
		{"between", user.And(path.Between(expression.Value("b/2"), expression.Value("d"))), "b/2 c"},
		{"less", user.And(path.LessThan(expression.Value("b/1"))), "a"},
		{"less or equal", user.And(path.LessThanEqual(expression.Value("b/1"))), "a b/1"},
		{"greater", user.And(path.GreaterThan(expression.Value("c"))), "é"},
		{"greater or equal", user.And(path.GreaterThanEqual(expression.Value("c"))), "c é"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := expression.NewBuilder().WithKeyCondition(c.key).WithProjection(expression.NamesList(expression.Name("path"))).
				WithFilter(size.GreaterThanEqual(expression.Value(0))).Build()
			require.NoError(t, err)
			out, err := f.client.Query(f.ctx, &dynamodb.QueryInput{
				TableName: aws.String("files"), KeyConditionExpression: e.KeyCondition(), FilterExpression: e.Filter(), ProjectionExpression: e.Projection(),
				ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
			})
			require.NoError(t, err)
			var paths []string
			for _, it := range out.Items {
				require.Len(t, it, 1)
				paths = append(paths, valueText(it["path"]))
			}
			require.Equal(t, c.want, strings.Join(paths, " "))
		})
	}
}

// TestExpressionConditions runs the package's conditions, as a filter and as
// the condition of a write.
func TestExpressionConditions(t *testing.T) {
	f := newFixture(t)
	_, err := f.client.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: aws.String("items"), Item: item{
		"id": text("a"), "status": text("open"), "size": number("7"), "data": &types.AttributeValueMemberM{Value: item{
			"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{text("x"), text("y")}},
		}}, "a.b": number("1"), "tags": &types.AttributeValueMemberSS{Value: []string{"red", "blue"}},
	}})
	require.NoError(t, err)
	value := expression.Value
	for name, c := range map[string]struct {
		condition expression.ConditionBuilder
		want      bool
	}{
		"equal":           {status.Equal(value("open")), true},
		"not equal":       {status.NotEqual(value("open")), false},
		"in":              {status.In(value("new"), value("open")), true},
		"between":         {size.Between(value(7), value(8.5)), true},
		"contains":        {expression.Name("tags").Contains("red"), true},
		"begins with":     {status.BeginsWith("op"), true},
		"exists":          {expression.Name("data.list[1]").AttributeExists(), true},
		"does not exist":  {expression.Name("data.list[2]").AttributeNotExists(), true},
		"a type":          {data.AttributeType(expression.Map), true},
		"a size":          {expression.Name("data.list").Size().GreaterThan(value(1)), true},
		"and, or, not":    {expression.Or(expression.Not(status.Equal(value("open"))), expression.And(size.LessThan(value(8)), status.NotEqual(size))), true},
		"a dot in a name": {expression.NameNoDotSplit("a.b").Equal(value(1)), true},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := expression.NewBuilder().WithFilter(c.condition).Build()
			require.NoError(t, err)
			out, err := f.client.Scan(f.ctx, &dynamodb.ScanInput{
				TableName: aws.String("items"), FilterExpression: e.Filter(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
			})
			require.NoError(t, err)
			require.Equal(t, c.want, out.Count == 1)
			e, err = expression.NewBuilder().WithCondition(c.condition).Build()
			require.NoError(t, err)
			_, err = f.client.UpdateItem(f.ctx, &dynamodb.UpdateItemInput{
				TableName: aws.String("items"), Key: key("a"), ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
			})
			require.Equal(t, c.want, err == nil, "%v", err)
		})
	}
}

// TestExpressionUpdates runs the package's updates.
func TestExpressionUpdates(t *testing.T) {
	f := newFixture(t)
	value := expression.Value
	for _, c := range []struct {
		name   string
		update expression.UpdateBuilder
		want   string
	}{
		{"set", expression.Set(status, value("open")).Set(size, value(7)), "id=a size=7 status=open"},
		{"arithmetic", expression.Set(size, size.Plus(value(1.5))).Set(expression.Name("left"), value(10).Minus(size)), "id=a left=3 size=8.5 status=open"},
		{"if it is not there", expression.Set(size, size.IfNotExists(value(1))).Set(data, data.IfNotExists(value([]int{1}))), "data=[1] id=a left=3 size=8.5 status=open"},
		{"append", expression.Set(data, data.ListAppend(value([]string{"x"}))), "data=[1,x] id=a left=3 size=8.5 status=open"},
		{"an element", expression.Set(expression.Name("data[0]"), value(map[string]int{"zone": 2})), "data=[{zone=2},x] id=a left=3 size=8.5 status=open"},
		{"deeper", expression.Set(expression.Name("data[0].zone"), value("z")).Remove(expression.Name("data[1]")), "data=[{zone=z}] id=a left=3 size=8.5 status=open"},
		{"remove", expression.Remove(data).Remove(status).Remove(expression.Name("left")), "id=a size=8.5"},
		{"add", expression.Add(size, value(-0.5)).Add(expression.Name("set"), value(&types.AttributeValueMemberNS{Value: []string{"1", "2"}})), "id=a set=<1,2> size=8"},
		{"delete", expression.Delete(expression.Name("set"), value(&types.AttributeValueMemberNS{Value: []string{"1"}})), "id=a set=<2> size=8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := expression.NewBuilder().WithUpdate(c.update).Build()
			require.NoError(t, err)
			out, err := f.client.UpdateItem(f.ctx, &dynamodb.UpdateItemInput{
				TableName: aws.String("items"), Key: key("a"), UpdateExpression: e.Update(), ReturnValues: types.ReturnValueAllNew,
				ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
			})
			require.NoError(t, err)
			require.Equal(t, c.want, asText(out.Attributes))
		})
	}
}
