package dynamostore_test

import (
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// BenchmarkInsert brings new rows into a table by Insert and by single
// conditional PutItems, turn by turn, against one server with the same number of
// calls under way. puts/insert is how many times longer the puts take.
func BenchmarkInsert(b *testing.B) {
	for _, delay := range []time.Duration{0, 5 * time.Millisecond} {
		b.Run(fmt.Sprintf("delay=%v", delay), func(b *testing.B) { benchmarkInsert(b, delay) })
	}
}

func benchmarkInsert(b *testing.B, delay time.Duration) {
	const rows, calls = 500, 4
	direct := enginetest.DynamoDB(b)
	c, err := transform.LoadFile("testdata/contract.json")
	require.NoError(b, err)
	u, err := url.Parse(*direct.Options().BaseEndpoint)
	require.NoError(b, err)
	proxy := enginetest.NewProxy(b, u.Host)
	client := dynamostore.NewClient(aws.Config{Region: direct.Options().Region, Credentials: direct.Options().Credentials},
		&dynamostore.ClientOptions{Endpoint: "http://" + proxy.Addr()})
	prefix := enginetest.Prefix(b)
	s, err := dynamostore.New(client, c, &dynamostore.Options{TablePrefix: prefix, InsertConcurrency: calls})
	require.NoError(b, err)
	require.NoError(b, s.Apply(b.Context(), nil, nil))
	b.Cleanup(func() { dropTables(direct, prefix, c) })
	if delay > 0 {
		proxy.Delay(delay)
	}

	var next int64
	var inserts, puts time.Duration
	for b.Loop() {
		inserts += timed(func() { insertAll(b, s, newRows(b, c.Entity("Users"), &next, rows)) })
		puts += timed(func() { putAll(b, client, prefix+"Users", newRows(b, c.Entity("Users"), &next, rows), calls) })
	}
	n := float64(b.N * rows)
	b.ReportMetric(n/inserts.Seconds(), "inserts/s")
	b.ReportMetric(n/puts.Seconds(), "puts/s")
	b.ReportMetric(puts.Seconds()/inserts.Seconds(), "puts/insert")
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// newRows returns rows with ids that were not there before.
func newRows(b *testing.B, e *transform.Entity, next *int64, n int) []store.Row {
	rows := make([]store.Row, n)
	for i := range rows {
		*next++
		r := e.NewRecord()
		require.NoError(b, r.Set("user_id", transform.IntValue(*next)))
		require.NoError(b, r.Set("username", transform.TextValue(fmt.Sprint("user", *next))))
		key, err := r.Key()
		require.NoError(b, err)
		rows[i] = store.Row{Key: key, Live: true, Record: r}
	}
	return rows
}

func insertAll(b *testing.B, s *dynamostore.Store, rows []store.Row) {
	errs, err := s.Insert(b.Context(), rows)
	require.NoError(b, err)
	for _, err := range errs {
		require.NoError(b, err)
	}
}

// putAll is what the loop of a program without the library would be.
func putAll(b *testing.B, client *dynamodb.Client, table string, rows []store.Row, calls int) {
	var wg sync.WaitGroup
	queue := make(chan store.Row)
	for range calls {
		wg.Go(func() {
			for row := range queue {
				it, err := row.Record.Entity().Item(row.Record)
				if err == nil {
					_, err = client.PutItem(b.Context(), &dynamodb.PutItemInput{
						TableName: &table, Item: it, ConditionExpression: aws.String("attribute_not_exists(userId)"),
					})
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, row := range rows {
		queue <- row
	}
	close(queue)
	wg.Wait()
}
