package dynamotest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// clients is how many goroutines call at once.
const clients = 16

// BenchmarkEngines compares dynamotest with the engines that are there, in one
// run: operations of 16 clients, through the SDK.
func BenchmarkEngines(b *testing.B) {
	b.Run("dynamotest", func(b *testing.B) { benchmarkOperations(b, dynamotest.Start(b).Client()) })
	b.Run("engines", func(b *testing.B) {
		for _, e := range enginetest.DynamoDBEngines(b) {
			b.Run(strings.ReplaceAll(e.Kind(), " ", "_"), func(b *testing.B) { benchmarkOperations(b, e.Client()) })
		}
	})
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

func benchmarkOperations(b *testing.B, client *dynamodb.Client) {
	table := aws.String(enginetest.Prefix(b) + "bench")
	_, err := client.CreateTable(b.Context(), &dynamodb.CreateTableInput{
		TableName: table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	require.NoError(b, err)
	b.Cleanup(func() { _, _ = client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: table}) })
	row := func(pk string, sk int64) item {
		return item{"pk": text(pk), "sk": number(fmt.Sprint(sk)), "name": text("a name of some length"), "n": number("12345.678"), "flag": &types.AttributeValueMemberBOOL{Value: true}}
	}
	for i := range int64(100) {
		_, err := client.PutItem(b.Context(), &dynamodb.PutItemInput{TableName: table, Item: row("read", i)})
		require.NoError(b, err)
	}
	together(b, "PutItem", func(i int64) error {
		_, err := client.PutItem(b.Context(), &dynamodb.PutItemInput{TableName: table, Item: row(fmt.Sprint("put", i%64), i)})
		return err
	})
	together(b, "GetItem", func(i int64) error {
		_, err := client.GetItem(b.Context(), &dynamodb.GetItemInput{TableName: table, Key: item{"pk": text("read"), "sk": number(fmt.Sprint(i % 100))}, ConsistentRead: aws.Bool(true)})
		return err
	})
	together(b, "TransactWriteItems", func(i int64) error {
		put := func(pk string) types.TransactWriteItem {
			return types.TransactWriteItem{Put: &types.Put{TableName: table, Item: row(pk, i)}}
		}
		_, err := client.TransactWriteItems(b.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{put("t1"), put("t2")}})
		return err
	})
	together(b, "Query100", func(int64) error {
		out, err := client.Query(b.Context(), &dynamodb.QueryInput{TableName: table, KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: item{":p": text("read")}})
		if err == nil && out.Count != 100 {
			err = fmt.Errorf("%d items", out.Count)
		}
		return err
	})
}

// together measures one operation of all clients.
func together(b *testing.B, name string, do func(i int64) error) {
	b.Run(name, func(b *testing.B) {
		var next atomic.Int64
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for {
					i := next.Add(1)
					if i > int64(b.N) {
						return
					}
					if err := do(i); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	})
}
