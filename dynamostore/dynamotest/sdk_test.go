package dynamotest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

func TestWaiters(t *testing.T) {
	f := newFixture(t)
	name := &dynamodb.DescribeTableInput{TableName: aws.String("items")}
	require.NoError(t, dynamodb.NewTableExistsWaiter(f.client).Wait(f.ctx, name, time.Second))
	_, err := f.client.DeleteTable(f.ctx, &dynamodb.DeleteTableInput{TableName: aws.String("items")})
	require.NoError(t, err)
	require.NoError(t, dynamodb.NewTableNotExistsWaiter(f.client).Wait(f.ctx, name, time.Second))
}

func TestPaginators(t *testing.T) {
	f := newFixture(t)
	for i := range 25 {
		require.NoError(t, f.put(fmt.Sprint(i), "name", "ann"))
	}
	scanned := map[string]bool{}
	for segment := range int32(3) {
		pages := dynamodb.NewScanPaginator(f.client, &dynamodb.ScanInput{TableName: aws.String("items"), Limit: aws.Int32(2), Segment: aws.Int32(segment), TotalSegments: aws.Int32(3)})
		before := len(scanned)
		for pages.HasMorePages() {
			page, err := pages.NextPage(f.ctx)
			require.NoError(t, err)
			for _, it := range page.Items {
				id := it["id"].(*types.AttributeValueMemberS).Value
				require.False(t, scanned[id], "twice")
				scanned[id] = true
			}
		}
		require.Greater(t, len(scanned), before, "a segment is empty")
	}
	require.Len(t, scanned, 25)
	pages := dynamodb.NewQueryPaginator(f.client, &dynamodb.QueryInput{
		TableName: aws.String("items"), IndexName: aws.String("byName"), Limit: aws.Int32(4), KeyConditionExpression: aws.String("#n = :n"),
		ExpressionAttributeNames: map[string]string{"#n": "name"}, ExpressionAttributeValues: item{":n": text("ann")},
	})
	found := map[string]bool{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(f.ctx)
		require.NoError(t, err)
		for _, it := range page.Items {
			found[it["id"].(*types.AttributeValueMemberS).Value] = true
		}
	}
	require.Equal(t, scanned, found)
}

func TestListTablesPaginator(t *testing.T) {
	f := newFixture(t)
	pages := dynamodb.NewListTablesPaginator(f.client, &dynamodb.ListTablesInput{Limit: aws.Int32(1)})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(f.ctx)
		require.NoError(t, err)
		names = append(names, page.TableNames...)
	}
	require.Equal(t, []string{"items"}, names)
}

func TestAttributeValue(t *testing.T) {
	f := newFixture(t)
	type row struct {
		ID    string            `dynamodbav:"id"`
		Count int64             `dynamodbav:"count"`
		Tags  []string          `dynamodbav:"tags,stringset"`
		Notes map[string]string `dynamodbav:"notes"`
		Raw   []byte            `dynamodbav:"raw"`
	}
	want := row{"a", 1 << 62, []string{"x", "y"}, map[string]string{"k": "v"}, []byte{0, 255}}
	it, err := attributevalue.MarshalMap(want)
	require.NoError(t, err)
	_, err = f.client.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: aws.String("items"), Item: it})
	require.NoError(t, err)
	var got row
	require.NoError(t, attributevalue.UnmarshalMap(f.get("a", true), &got))
	require.Equal(t, want, got)
}

func TestUpdateTable(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.put("a", "name", "ann", "town", "Rome"))
	require.NoError(t, f.put("b", "name", "ann"))
	require.NoError(t, f.put("c", "town", ""), "no key of an index, so far")
	require.NoError(t, f.put("d", "town", strings.Repeat("x", 2049)))
	_, err := f.client.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: aws.String("items"), Item: item{"id": text("e"), "town": number("1")}})
	require.NoError(t, err)
	out, err := f.client.UpdateTable(f.ctx, &dynamodb.UpdateTableInput{
		TableName:            aws.String("items"),
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("town"), AttributeType: types.ScalarAttributeTypeS}},
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
			IndexName: aws.String("byTown"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
			KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("town"), KeyType: types.KeyTypeHash}},
		}}},
	})
	require.NoError(t, err)
	require.Len(t, out.TableDescription.GlobalSecondaryIndexes, 2)
	scan, err := f.client.Scan(f.ctx, &dynamodb.ScanInput{TableName: aws.String("items"), IndexName: aws.String("byTown")})
	require.NoError(t, err)
	require.Equal(t, []map[string]types.AttributeValue{{"id": text("a"), "town": text("Rome")}}, scan.Items)
	_, err = f.client.UpdateTable(f.ctx, &dynamodb.UpdateTableInput{TableName: aws.String("items"), GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String("byTown")}}}})
	require.NoError(t, err)
	described, err := f.client.DescribeTable(f.ctx, &dynamodb.DescribeTableInput{TableName: aws.String("items")})
	require.NoError(t, err)
	require.Len(t, described.Table.AttributeDefinitions, 2)
	require.EqualValues(t, 5, *described.Table.ItemCount)
}

func TestTags(t *testing.T) {
	f := newFixture(t)
	described, err := f.client.DescribeTable(f.ctx, &dynamodb.DescribeTableInput{TableName: aws.String("items")})
	require.NoError(t, err)
	arn := described.Table.TableArn
	_, err = f.client.TagResource(f.ctx, &dynamodb.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}})
	require.NoError(t, err)
	_, err = f.client.UntagResource(f.ctx, &dynamodb.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}})
	require.NoError(t, err)
	list, err := f.client.ListTagsOfResource(f.ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: arn})
	require.NoError(t, err)
	require.Equal(t, []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}, list.Tags)
	_, err = f.client.DescribeLimits(f.ctx, &dynamodb.DescribeLimitsInput{})
	require.NoError(t, err)
}

func TestStatementsPage(t *testing.T) {
	f := newFixture(t)
	for i := range 7 {
		require.NoError(t, f.put(fmt.Sprint(i)))
	}
	seen := map[string]bool{}
	in := &dynamodb.ExecuteStatementInput{Statement: aws.String(`SELECT * FROM "items"`), Limit: aws.Int32(2)}
	for {
		out, err := f.client.ExecuteStatement(f.ctx, in)
		require.NoError(t, err)
		for _, it := range out.Items {
			seen[it["id"].(*types.AttributeValueMemberS).Value] = true
		}
		if in.NextToken = out.NextToken; out.NextToken == nil {
			break
		}
	}
	require.Len(t, seen, 7)
}

func TestProtocol(t *testing.T) {
	s := dynamotest.Start(t)
	post := func(target, body string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("X-Amz-Target", target)
		reply, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { reply.Body.Close() })
		return reply
	}
	require.Equal(t, http.StatusBadRequest, post("", "").StatusCode)
	require.Equal(t, http.StatusBadRequest, post("DynamoDB_20120810.ListTables", "{}").StatusCode, "without credentials")
	require.Equal(t, http.StatusRequestEntityTooLarge, post("DynamoDB_20120810.PutItem", strings.Repeat(" ", 33<<20)).StatusCode)
	reply := post("DynamoDB_20120810.ListTables", "{")
	require.NotEmpty(t, reply.Header.Get("X-Amz-Crc32"))
	require.NotEmpty(t, reply.Header.Get("X-Amzn-Requestid"))
	s.Close()
	s.Close()
}

// FuzzRequest sends any body to any operation. The server must answer, with a
// refusal at most.
func FuzzRequest(f *testing.F) {
	operations := []string{
		"CreateTable", "DescribeTable", "UpdateTable", "ListTables", "UpdateTimeToLive", "TagResource", "PutItem", "GetItem", "UpdateItem",
		"DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem", "TransactWriteItems", "TransactGetItems",
		"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction",
	}
	f.Add(uint8(6), `{"TableName":"items","Item":{"id":{"S":"a"},"x":{"M":{"y":{"L":[{"NS":["1"]}]}}}}}`)
	f.Add(uint8(10), `{"TableName":"items","KeyConditionExpression":"id = :a","ExpressionAttributeValues":{":a":{"S":"a"}},"ExclusiveStartKey":{"id":{"S":"a"}}}`)
	f.Add(uint8(14), `{"TransactItems":[{"Update":{"TableName":"items","Key":{"id":{"S":"a"}},"UpdateExpression":"SET a[1].b = :a","ExpressionAttributeValues":{":a":null}}}]}`)
	f.Add(uint8(17), `{"Statements":[{"Statement":"SELECT * FROM \"items\" WHERE id IN ['a', ?]","Parameters":[{"S":"b"}]}]}`)
	f.Add(uint8(16), `{"Statement":"SELECT * FROM items","NextToken":"e30=","Limit":1}`)
	f.Add(uint8(0), `{"TableName":"abc","KeySchema":[null],"AttributeDefinitions":[{}],"GlobalSecondaryIndexes":[{}]}`)
	s, err := dynamotest.New()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	send := func(t testing.TB, operation, body string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
		r.Header.Set("Authorization", "none")
		reply, err := http.DefaultClient.Do(r)
		require.NoError(t, err, "%s %s", operation, body)
		reply.Body.Close()
		return reply.StatusCode
	}
	require.Equal(f, 200, send(f, "CreateTable", `{"TableName":"items","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}`))
	require.Equal(f, 200, send(f, "PutItem", `{"TableName":"items","Item":{"id":{"S":"a"}}}`))
	f.Fuzz(func(t *testing.T, n uint8, body string) {
		require.Less(t, send(t, operations[int(n)%len(operations)], body), 500)
	})
}
