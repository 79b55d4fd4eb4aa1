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
	const seed = 0 // of the troubles and, with those after it, of the histories
	srv := dynamotest.Start(t)
	w := &patience{}
	w.troubles = troubles{all: []trouble{
		{itemWrites, 0.03, dynamotest.Rule.LoseReply},
		{itemWrites, 0.03, dynamotest.Rule.Conflict},
		{itemWrites, 0.03, dynamotest.Rule.InternalErrorAfter},
		{onItems, 0.03, throttled},
		{onItems, 0.03, dynamotest.Rule.InternalError},
	}, spares: w.isOver, hit: w.lose}
	w.befall(srv, seed)
	client := srv.Client(func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
	meets := func(operations ...string) dynamotest.Rule {
		return dynamotest.OnOperation(operations...).When(func(*dynamotest.Request) bool { return w.on.Load() })
	}
	w.faults = append(w.faults, srv.Fault(meets("BatchGetItem", "BatchWriteItem").Unprocessed(1).Probability(0.2, seed)),
		srv.Fault(meets("Query").IndexLag(50*time.Millisecond).Probability(0.5, seed)))
	steady := harness(srv.Client())
	storetest.RunHistories(t, storetest.Harness{Lag: steady.Lag, Seed: seed, Unsteady: true, New: func(t testing.TB, c *transform.Contract) storetest.Subject {
		prefix := enginetest.Prefix(t)
		s, err := dynamostore.New(client, c, &dynamostore.Options{TablePrefix: prefix, RetryBudget: 100 * time.Millisecond})
		require.NoError(t, err)
		tables, err := dynamostore.New(srv.Client(), c, &dynamostore.Options{TablePrefix: prefix}) // whose requests are repeated
		require.NoError(t, err)
		require.NoError(t, tables.Apply(t.Context(), nil, nil))
		t.Cleanup(func() { dropTables(client, prefix, c) })
		shaky := &shaky{s, w}
		return storetest.Subject{Authority: shaky, Control: s, Follower: shaky, Leases: s}
	}})
	requireHits(t, &w.troubles)
}

// A shaky is a store of which reads, writes and puts meet troubles, and what a
// history itself needs does not.
type shaky struct {
	*dynamostore.Store
	patience *patience
}

// A patience bounds the troubles of a call that is made again until it succeeds. One of
// a hundred requests, such as a scan that ends with tombstones of 64 partitions, would
// hardly ever have none.
type patience struct {
	troubles
	on   atomic.Bool
	left atomic.Int32
}

const mostTroubles = 3

func (p *patience) isOver(*dynamotest.Request) bool { return !p.on.Load() || p.left.Load() <= 0 }
func (p *patience) lose(*dynamotest.Request)        { p.left.Add(-1) }

// meeting calls do while the troubles are on.
func meeting[T any](s *shaky, do func() (T, error)) (answer T, err error) {
	s.patience.on.Store(true)
	defer s.patience.on.Store(false)
	if answer, err = do(); err == nil {
		s.patience.left.Store(mostTroubles)
	}
	return answer, err
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

func (s *shaky) Count(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
	return meeting(s, func() ([]int64, error) { return s.Store.Count(ctx, at, c) })
}

func (s *shaky) Totals(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
	return meeting(s, func() ([]transform.Total, error) { return s.Store.Totals(ctx, at, t) })
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
