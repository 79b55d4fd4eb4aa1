package dynamostore_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// TestHistoriesOfAnUnsteadyDynamoDB holds that random histories end as those of
// the model do, while indexes lag, requests are throttled, conflict and come back
// unprocessed, and replies are lost.
func TestHistoriesOfAnUnsteadyDynamoDB(t *testing.T) {
	srv := dynamotest.Start(t)
	var on atomic.Bool
	unsteady := func(operations ...string) dynamotest.Rule {
		return dynamotest.OnOperation(operations...).When(func(*dynamotest.Request) bool { return on.Load() })
	}
	writes, batches := []string{"TransactWriteItems", "PutItem", "UpdateItem"}, []string{"BatchGetItem", "BatchWriteItem"}
	var faults []*dynamotest.Fault
	for seed, rule := range []dynamotest.Rule{
		unsteady(writes...).LoseReply(),
		unsteady(writes...).Conflict(),
		unsteady(writes...).InternalErrorAfter(),
		unsteady().Throttle(dynamotest.TableThroughput),
		unsteady().InternalError(),
	} {
		faults = append(faults, srv.Fault(rule.Probability(0.05, uint64(seed))))
	}
	faults = append(faults, srv.Fault(unsteady(batches...).Unprocessed(1).Probability(0.2, 8)),
		srv.Fault(unsteady("Query").IndexLag(50*time.Millisecond).Probability(0.5, 9)))
	client := srv.Client(func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
	steady := harness(srv.Client())
	storetest.RunHistories(t, storetest.Harness{Lag: steady.Lag, Unsteady: true, New: func(t testing.TB, c *transform.Contract) storetest.Subject {
		prefix := enginetest.Prefix(t)
		s, err := dynamostore.New(client, c, &dynamostore.Options{TablePrefix: prefix, RetryBudget: 100 * time.Millisecond})
		require.NoError(t, err)
		tables, err := dynamostore.New(srv.Client(), c, &dynamostore.Options{TablePrefix: prefix}) // whose requests are repeated
		require.NoError(t, err)
		require.NoError(t, tables.Apply(t.Context(), nil, nil))
		t.Cleanup(func() { dropTables(client, prefix, c) })
		shaky := &shaky{s, &on}
		return storetest.Subject{Authority: shaky, Control: s, Follower: shaky, Leases: s}
	}})
	for i, f := range faults {
		require.NotZero(t, f.Hits(), "fault %d has hit nothing", i)
	}
}

// A shaky is a store of which reads, writes and puts meet faults, and what a
// history itself needs does not.
type shaky struct {
	*dynamostore.Store
	on *atomic.Bool
}

// meeting calls do while the faults are on.
func meeting[T any](s *shaky, do func() (T, error)) (T, error) {
	s.on.Store(true)
	defer s.on.Store(false)
	return do()
}

func (s *shaky) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	return meeting(s, func() (store.Written, error) { return s.Store.Write(ctx, at, w) })
}

func (s *shaky) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	return meeting(s, func() (store.Row, error) { return s.Store.Get(ctx, at, key) })
}

func (s *shaky) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	return meeting(s, func() ([]store.Row, error) { return s.Store.GetMany(ctx, at, keys) })
}

func (s *shaky) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	return meeting(s, func() ([]store.Row, error) { return s.Store.Query(ctx, at, q) })
}

func (s *shaky) Scan(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
	return meeting(s, func() (store.Page, error) { return s.Store.Scan(ctx, at, r) })
}

func (s *shaky) Token(ctx context.Context, at store.At, token string) (*store.Token, error) {
	return meeting(s, func() (*store.Token, error) { return s.Store.Token(ctx, at, token) })
}

func (s *shaky) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	return meeting(s, func() (bool, error) { return s.Store.Put(ctx, at, row) })
}

func (s *shaky) PutTogether(ctx context.Context, at store.At, rows []store.Row) error {
	_, err := meeting(s, func() (bool, error) { return true, s.Store.PutTogether(ctx, at, rows) })
	return err
}

func (s *shaky) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	return meeting(s, func() ([]error, error) { return s.Store.Insert(ctx, rows) })
}
