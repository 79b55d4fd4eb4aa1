package dynamotest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// quick makes the SDK's retries wait no longer than a test likes.
func quick(o *dynamodb.Options) {
	o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) { s.MaxBackoff = time.Millisecond })
}

func number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }
func key(id string) item                   { return item{"id": text(id)} }

// A fixture is a server with one table, items, whose key is id and whose global
// index byName has the key name.
type fixture struct {
	*testing.T
	*dynamotest.Server
	ctx    context.Context
	client *dynamodb.Client // tries once
}

func newFixture(t *testing.T) *fixture {
	s := dynamotest.Start(t)
	f := &fixture{T: t, Server: s, ctx: t.Context(), client: s.Client(func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })}
	_, err := f.client.CreateTable(f.ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("items"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("name"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName:  aws.String("byName"),
			KeySchema:  []types.KeySchemaElement{{AttributeName: aws.String("name"), KeyType: types.KeyTypeHash}},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
	})
	require.NoError(t, err)
	return f
}

func (f *fixture) put(id string, more ...string) error {
	it := key(id)
	for i := 0; i < len(more); i += 2 {
		it[more[i]] = text(more[i+1])
	}
	_, err := f.client.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: aws.String("items"), Item: it})
	return err
}

func (f *fixture) get(id string, consistent bool) item {
	f.Helper()
	out, err := f.client.GetItem(f.ctx, &dynamodb.GetItemInput{TableName: aws.String("items"), Key: key(id), ConsistentRead: &consistent})
	require.NoError(f, err)
	return out.Item
}

func (f *fixture) byName(name string) int32 {
	f.Helper()
	out, err := f.client.Query(f.ctx, &dynamodb.QueryInput{
		TableName: aws.String("items"), IndexName: aws.String("byName"), KeyConditionExpression: aws.String("#n = :n"),
		ExpressionAttributeNames: map[string]string{"#n": "name"}, ExpressionAttributeValues: item{":n": text(name)},
	})
	require.NoError(f, err)
	return out.Count
}

func (f *fixture) transact(ids ...string) error {
	in := &dynamodb.TransactWriteItemsInput{}
	for _, id := range ids {
		in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: &types.Put{TableName: aws.String("items"), Item: key(id)}})
	}
	_, err := f.client.TransactWriteItems(f.ctx, in)
	return err
}

func codes(t *testing.T, err error) (list []string) {
	t.Helper()
	var cancelled *types.TransactionCanceledException
	require.ErrorAs(t, err, &cancelled)
	for _, r := range cancelled.CancellationReasons {
		list = append(list, *r.Code)
	}
	return list
}

func TestThrottle(t *testing.T) {
	f := newFixture(t)
	f.Fault(dynamotest.OnOperation("PutItem").Times(1).Throttle(dynamotest.KeyRangeThroughput))
	var throttled *types.ProvisionedThroughputExceededException
	require.ErrorAs(t, f.put("a"), &throttled)
	require.Equal(t, "TableWriteKeyRangeThroughputExceeded", *throttled.ThrottlingReasons[0].Reason)
	require.Contains(t, *throttled.ThrottlingReasons[0].Resource, "table/items")
	require.NoError(t, f.put("a"))

	f.Fault(dynamotest.OnTable("items").Throttle(dynamotest.AccountLimit))
	var limited *types.RequestLimitExceeded
	require.ErrorAs(t, f.put("a"), &limited)
	require.Equal(t, "TableWriteAccountLimitExceeded", *limited.ThrottlingReasons[0].Reason)
	f.ClearFaults()
	require.NoError(t, f.put("a"))
}

func TestThrottledCallsAreRetriedByTheSDK(t *testing.T) {
	f := newFixture(t)
	fault := f.Fault(dynamotest.OnOperation("PutItem").Times(2).Throttle(dynamotest.TableThroughput))
	f.client = f.Client(quick)
	require.NoError(t, f.put("a"))
	require.Equal(t, 2, fault.Hits())
	require.Len(t, f.Requests("PutItem"), 3)
}

func TestConflictAndInternalError(t *testing.T) {
	f := newFixture(t)
	f.Fault(dynamotest.OnAny().Key(key("a")).Conflict())
	var conflict *types.TransactionConflictException
	require.ErrorAs(t, f.put("a"), &conflict)
	require.NoError(t, f.put("b"))
	require.Equal(t, []string{"None", "TransactionConflict"}, codes(t, f.transact("b", "a")))
	f.ClearFaults()

	f.Fault(dynamotest.OnOperation("PutItem").Nth(2).InternalError())
	require.NoError(t, f.put("c"))
	var internal *types.InternalServerError
	require.ErrorAs(t, f.put("d"), &internal)
	require.NoError(t, f.put("e"))
	require.Nil(t, f.get("d", true))
	f.Fault(dynamotest.OnOperation("PutItem").InternalErrorAfter())
	require.ErrorAs(t, f.put("d"), &internal)
	require.NotNil(t, f.get("d", true))
}

func TestCutAndLoseReply(t *testing.T) {
	f := newFixture(t)
	fault := f.Fault(dynamotest.OnOperation("PutItem", "TransactWriteItems").Cut())
	require.Error(t, f.put("a"))
	require.Error(t, f.transact("a"))
	fault.Remove()
	require.Nil(t, f.get("a", true))

	fault = f.Fault(dynamotest.OnOperation("PutItem", "TransactWriteItems").LoseReply())
	require.Error(t, f.put("a"))
	require.Error(t, f.transact("b"))
	fault.Remove()
	require.NotNil(t, f.get("a", true))
	require.NotNil(t, f.get("b", true))
}

func TestLostReplyOfATransactionIsIdempotent(t *testing.T) {
	f := newFixture(t)
	f.Fault(dynamotest.OnOperation("TransactWriteItems").Nth(1).LoseReply())
	_, err := f.Client(quick).TransactWriteItems(f.ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Update: &types.Update{
		TableName: aws.String("items"), Key: key("a"), UpdateExpression: aws.String("ADD n :one"),
		ExpressionAttributeValues: item{":one": number("1")},
	}}}})
	require.NoError(t, err, "the SDK tries again with the same token")
	require.Len(t, f.Requests("TransactWriteItems"), 2)
	require.Equal(t, number("1"), f.get("a", true)["n"])
}

func TestHang(t *testing.T) {
	f := newFixture(t)
	fault := f.Fault(dynamotest.OnOperation("PutItem").Hang())
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan error)
	go func() {
		_, err := f.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("items"), Item: key("a")})
		done <- err
	}()
	require.Eventually(t, func() bool { return fault.Hits() == 1 }, 20*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.Nil(t, f.get("a", true))

	go func() { done <- f.put("b") }()
	require.Eventually(t, func() bool { return fault.Hits() == 2 }, 20*time.Second, time.Millisecond)
	fault.Remove()
	require.NoError(t, <-done)
}

func TestLatency(t *testing.T) {
	f := newFixture(t)
	f.Fault(dynamotest.OnOperation("PutItem").Latency(30 * time.Millisecond))
	start := time.Now()
	require.NoError(t, f.put("a"))
	require.GreaterOrEqual(t, time.Since(start), 30*time.Millisecond)
}

func TestUnprocessed(t *testing.T) {
	f := newFixture(t)
	batch := func(ids ...string) (*dynamodb.BatchWriteItemOutput, error) {
		var requests []types.WriteRequest
		for _, id := range ids {
			requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: key(id)}})
		}
		return f.client.BatchWriteItem(f.ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"items": requests}})
	}
	fault := f.Fault(dynamotest.OnOperation("BatchWriteItem", "BatchGetItem").Unprocessed(2))
	out, err := batch("a", "b", "c")
	require.NoError(t, err)
	require.Len(t, out.UnprocessedItems["items"], 2)
	require.Equal(t, key("b"), out.UnprocessedItems["items"][0].PutRequest.Item)
	require.Nil(t, f.get("b", true))
	got, err := f.client.BatchGetItem(f.ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"items": {Keys: []item{key("a"), key("b"), key("c")}}}})
	require.NoError(t, err)
	require.Len(t, got.Responses["items"], 1)
	require.Equal(t, []item{key("b"), key("c")}, got.UnprocessedKeys["items"].Keys)
	fault.Remove()

	f.Fault(dynamotest.OnAny().Key(key("x")).Throttle(dynamotest.KeyRangeThroughput))
	out, err = batch("x", "y")
	require.NoError(t, err)
	require.Len(t, out.UnprocessedItems["items"], 1)
	_, err = batch("x")
	var throttled *types.ProvisionedThroughputExceededException
	require.ErrorAs(t, err, &throttled)
	require.Equal(t, []string{"None", "ProvisionedThroughputExceeded"}, codes(t, f.transact("y", "x")))
}

// TestFaultsOfOneStatement holds that a rule with a key befalls that statement
// of a batch alone, and one without a key the whole batch.
func TestFaultsOfOneStatement(t *testing.T) {
	insert := func(id string) string { return `INSERT INTO "items" VALUE {'id': '` + id + `'}` }
	for _, c := range []struct {
		name       string
		rule       dynamotest.Rule
		code       types.BatchStatementErrorCodeEnum
		statements []string // the first is struck
	}{
		{"throttled", dynamotest.OnAny().Key(key("x")).Throttle(dynamotest.KeyRangeThroughput), types.BatchStatementErrorCodeEnumProvisionedThroughputExceeded, []string{insert("x"), insert("y")}},
		{"in conflict", dynamotest.OnAny().Key(key("x")).Conflict(), types.BatchStatementErrorCodeEnumTransactionConflict, []string{insert("x"), insert("y")}},
		{"an update", dynamotest.OnAny().Key(key("x")).Conflict(), types.BatchStatementErrorCodeEnumTransactionConflict, []string{`DELETE FROM "items" WHERE id = 'x'`, insert("y")}},
		{"a read", dynamotest.OnAny().Key(key("x")).Throttle(dynamotest.TableThroughput), types.BatchStatementErrorCodeEnumProvisionedThroughputExceeded, []string{`SELECT * FROM "items" WHERE id = 'x'`, `SELECT * FROM "items" WHERE id = 'y'`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.Fault(c.rule.Operation("BatchExecuteStatement"))
			in := &dynamodb.BatchExecuteStatementInput{}
			for _, s := range c.statements {
				in.Statements = append(in.Statements, types.BatchStatementRequest{Statement: aws.String(s)})
			}
			out, err := f.client.BatchExecuteStatement(f.ctx, in)
			require.NoError(t, err)
			require.NotNil(t, out.Responses[0].Error)
			require.Equal(t, c.code, out.Responses[0].Error.Code)
			require.Nil(t, out.Responses[1].Error)
			require.Nil(t, f.get("x", true))
		})
	}
	f := newFixture(t)
	f.Fault(dynamotest.OnOperation("BatchExecuteStatement").Throttle(dynamotest.TableThroughput))
	_, err := f.client.BatchExecuteStatement(f.ctx, &dynamodb.BatchExecuteStatementInput{Statements: []types.BatchStatementRequest{{Statement: aws.String(insert("x"))}}})
	var throttled *types.ProvisionedThroughputExceededException
	require.ErrorAs(t, err, &throttled)
}

func TestIndexLag(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.put("a", "name", "ann"))
	lag := f.Fault(dynamotest.OnOperation("Query").Index("byName").IndexLag(dynamotest.Forever))
	require.NoError(t, f.put("a", "name", "eve"))
	require.NoError(t, f.put("b", "name", "ann"))
	require.EqualValues(t, 1, f.byName("ann"))
	require.EqualValues(t, 0, f.byName("eve"))
	require.Equal(t, text("eve"), f.get("a", false)["name"], "the table does not lag")
	lag.Remove()
	require.EqualValues(t, 1, f.byName("ann"))
	require.EqualValues(t, 1, f.byName("eve"))
}

func TestStale(t *testing.T) {
	f := newFixture(t)
	f.SetTime(time.Now())
	require.NoError(t, f.put("a", "v", "1"))
	f.Fault(dynamotest.OnAny().Stale(time.Second))
	f.Advance(time.Minute)
	require.NoError(t, f.put("a", "v", "2"))
	require.Equal(t, text("1"), f.get("a", false)["v"])
	require.Equal(t, text("2"), f.get("a", true)["v"])
	scan, err := f.client.Scan(f.ctx, &dynamodb.ScanInput{TableName: aws.String("items")})
	require.NoError(t, err)
	require.Equal(t, text("1"), scan.Items[0]["v"])
	f.Advance(time.Second)
	require.Equal(t, text("2"), f.get("a", false)["v"])
}

func TestProbabilityIsSeeded(t *testing.T) {
	pattern := func() (hits []bool) {
		f := newFixture(t)
		f.Fault(dynamotest.OnOperation("PutItem").Probability(0.5, 7).InternalError())
		for range 40 {
			hits = append(hits, f.put("a") != nil)
		}
		return hits
	}
	first := pattern()
	require.Equal(t, first, pattern())
	require.Contains(t, first, true)
	require.Contains(t, first, false)
}

func TestRequests(t *testing.T) {
	f := newFixture(t)
	f.ClearRequests()
	f.Fault(dynamotest.OnAny().When(func(r *dynamotest.Request) bool { return r.Names("items", key("b")) }).InternalError())
	require.NoError(t, f.put("a"))
	require.Error(t, f.put("b"))
	require.NoError(t, f.transact("c", "d"))
	all := f.Requests()
	require.Len(t, all, 3)
	require.Equal(t, "PutItem", all[0].Operation)
	require.Equal(t, []string{"items"}, all[2].Tables())
	require.True(t, all[2].Names("items", key("d")))
	require.False(t, all[2].Names("items", key("a")))
	require.Equal(t, 500, all[1].Status)
	require.Equal(t, "InternalServerError", all[1].Error)
	require.Equal(t, 1, all[1].Faults)
	require.Contains(t, string(all[0].Body), `"a"`)
	require.Len(t, f.Requests("TransactWriteItems"), 1)
}

func TestTimeToLive(t *testing.T) {
	f := newFixture(t)
	now := time.Now()
	f.SetTime(now)
	_, err := f.client.UpdateTimeToLive(f.ctx, &dynamodb.UpdateTimeToLiveInput{TableName: aws.String("items"), TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)}})
	require.NoError(t, err)
	for id, at := range map[string]int64{"soon": now.Unix() + 10, "later": now.Unix() + 100, "never": 1} {
		it := key(id)
		it["ttl"] = number(fmt.Sprint(at))
		_, err := f.client.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: aws.String("items"), Item: it})
		require.NoError(t, err)
	}
	f.Advance(9 * time.Second)
	require.NotNil(t, f.get("soon", true))
	f.Advance(time.Second)
	require.Nil(t, f.get("soon", true))
	f.Advance(time.Hour)
	require.Nil(t, f.get("later", true))
	require.NotNil(t, f.get("never", true), "older than five years is not deleted")
}
