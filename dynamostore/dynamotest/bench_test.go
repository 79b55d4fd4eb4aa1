package dynamotest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest/found"
)

// clients is how many goroutines call at once.
const clients = 16

// burst is how many calls an engine is measured with at a time.
const burst = 400

// BenchmarkEngines compares dynamotest with the engines that are there: the
// operations of 16 clients, through the same client of the SDK, in ops/s, and
// how many times as many dynamotest does. The engines take turns in short
// bursts and the median counts, so that what else the machine does befalls all
// of them; b.N calls go to each.
func BenchmarkEngines(b *testing.B) {
	srv := dynamotest.Start(b)
	subjects := []*operations{newOperations(b, "dynamotest", srv.Client())}
	for _, e := range found.DynamoDB(b) {
		client := srv.Client(func(o *dynamodb.Options) { o.BaseEndpoint, o.Region = aws.String(e.Endpoint()), e.Region() })
		subjects = append(subjects, newOperations(b, strings.ReplaceAll(e.Kind(), " ", ""), client))
	}
	for _, name := range []string{"PutItem", "GetItem", "TransactWriteItems", "Query100"} {
		b.Run(name, func(b *testing.B) { compare(b, name, subjects) })
	}
}

// compare measures one operation.
func compare(b *testing.B, name string, subjects []*operations) {
	rates := make([][]float64, len(subjects))
	for done := 0; done < b.N; done += burst {
		for i, s := range subjects {
			calls := min(burst, b.N-done)
			began := time.Now()
			together(b, calls, s.named(name))
			rates[i] = append(rates[i], float64(calls)/time.Since(began).Seconds())
		}
	}
	b.ReportMetric(0, "ns/op") // it would be of all engines together
	for i, s := range subjects {
		slices.Sort(rates[i])
		median := rates[i][len(rates[i])/2]
		b.ReportMetric(median, s.engine+"-ops/s")
		if i > 0 {
			b.ReportMetric(rates[0][len(rates[0])/2]/median, "times-"+s.engine)
		}
	}
}

// BenchmarkStart measures New, a first request and Close.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := dynamotest.New()
		require.NoError(b, err)
		_, err = s.Client().ListTables(b.Context(), &dynamodb.ListTablesInput{})
		require.NoError(b, err)
		s.Close()
	}
}

// operations is what is measured, of one engine.
type operations struct {
	engine string
	client *dynamodb.Client
	table  *string
}

// newOperations makes the table, which goes with the benchmark, and what is
// read of it.
func newOperations(b *testing.B, engine string, client *dynamodb.Client) *operations {
	o := &operations{engine: engine, client: client, table: aws.String(found.Prefix(b) + "bench")}
	_, err := client.CreateTable(b.Context(), &dynamodb.CreateTableInput{
		TableName: o.table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	require.NoError(b, err)
	b.Cleanup(func() {
		_, _ = client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: o.table})
	})
	for i := range int64(100) {
		_, err := client.PutItem(b.Context(), &dynamodb.PutItemInput{TableName: o.table, Item: benchItem("read", i)})
		require.NoError(b, err)
	}
	return o
}

func benchItem(pk string, sk int64) item {
	return item{"pk": text(pk), "sk": number(fmt.Sprint(sk)), "name": text("a name of some length"), "n": number("12345.678"), "flag": &types.AttributeValueMemberBOOL{Value: true}}
}

// named returns the ith call of an operation.
func (o *operations) named(name string) func(ctx context.Context, i int64) error {
	switch name {
	case "PutItem":
		return o.put
	case "GetItem":
		return o.get
	case "TransactWriteItems":
		return o.transact
	}
	return o.query
}

func (o *operations) put(ctx context.Context, i int64) error {
	_, err := o.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: o.table, Item: benchItem(fmt.Sprint("put", i%64), i)})
	return err
}

func (o *operations) get(ctx context.Context, i int64) error {
	_, err := o.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: o.table, Key: item{"pk": text("read"), "sk": number(fmt.Sprint(i % 100))}, ConsistentRead: aws.Bool(true)})
	return err
}

func (o *operations) transact(ctx context.Context, i int64) error {
	put := func(pk string) types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{TableName: o.table, Item: benchItem(pk, i)}}
	}
	_, err := o.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{put("t1"), put("t2")}})
	return err
}

func (o *operations) query(ctx context.Context, _ int64) error {
	out, err := o.client.Query(ctx, &dynamodb.QueryInput{TableName: o.table, KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: item{":p": text("read")}})
	if err == nil && out.Count != 100 {
		err = fmt.Errorf("%d items", out.Count)
	}
	return err
}

// together shares calls of an operation among all clients.
func together(b *testing.B, calls int, do func(ctx context.Context, i int64) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(calls) {
					return
				}
				if err := do(b.Context(), i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
