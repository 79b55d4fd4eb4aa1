package dynamostore_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// The operations on items that a store uses.
var (
	itemReads  = []string{"GetItem", "BatchGetItem", "Query", "Scan"}
	itemWrites = []string{"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchExecuteStatement"}
	onItems    = slices.Concat(itemReads, itemWrites)
)

// A trouble is what befalls some requests of a server: at most one of all troubles each.
type trouble struct {
	operations []string
	chance     float64
	does       func(dynamotest.Rule) dynamotest.Rule
}

// troubles befall requests by a seed: the same ones, as far as the requests come in the
// same order.
type troubles struct {
	all    []trouble
	spares func(*dynamotest.Request) bool // what no trouble befalls

	faults []*dynamotest.Fault
	mu     sync.Mutex
	random *rand.Rand
	fates  map[int]int // the trouble of a request, by its number; -1 is none
	hit    func(*dynamotest.Request)
}

// befall puts the troubles to work on a server.
func (tr *troubles) befall(srv *dynamotest.Server, seed uint64) {
	tr.random, tr.fates = rand.New(rand.NewPCG(seed, 1)), map[int]int{}
	for i, one := range tr.all {
		rule := dynamotest.OnOperation(one.operations...).When(func(r *dynamotest.Request) bool { return tr.fate(r) == i })
		tr.faults = append(tr.faults, srv.Fault(one.does(rule)))
	}
}

// fate returns which trouble a request meets.
func (tr *troubles) fate(r *dynamotest.Request) int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if _, known := tr.fates[r.Number]; !known {
		tr.fates[r.Number] = tr.choose(r)
	}
	return tr.fates[r.Number]
}

func (tr *troubles) choose(r *dynamotest.Request) int {
	if tr.spares(r) {
		return -1
	}
	for i, one := range tr.all {
		if slices.Contains(one.operations, r.Operation) && tr.random.Float64() < one.chance {
			tr.hit(r)
			return i
		}
	}
	return -1
}

// requireHits requires that each fault befell something, on one server at least.
func requireHits(t testing.TB, all ...*troubles) {
	for i := range all[0].faults {
		require.True(t, slices.ContainsFunc(all, func(tr *troubles) bool { return tr.faults[i].Hits() > 0 }), "fault %d has befallen nothing", i)
	}
}

func unprocessed(r dynamotest.Rule) dynamotest.Rule { return r.Unprocessed(1) }

func throttled(r dynamotest.Rule) dynamotest.Rule { return r.Throttle(dynamotest.TableThroughput) }

// TestConformanceOfAnUnsteadyDynamoDB holds that no caller sees what the service does now
// and then and a store must hide: requests that are throttled, that conflict or fail by a
// 500, keys that come back unprocessed, reads whose replies are lost, reads of the past by
// whoever did not ask for the present, and indexes that lag.
//
// What a request met, it does not meet when it is repeated: troubles in a row, more than
// the client has attempts, are the caller's to know of. Nor does a write fail by a 500 or
// lose its connection or its reply: if it is refused when it is repeated, its outcome is
// rightly unknown, and no single rule can tell what follows. Both are for
// TestHistoriesOfAnUnsteadyDynamoDB, and so are the histories, which play there.
func TestConformanceOfAnUnsteadyDynamoDB(t *testing.T) {
	t.Logf("troubles by seed %d", troublesSeed)
	var all []*troubles
	storetest.Run(t, storetest.Harness{Lag: 5 * time.Second, Histories: -1, New: func(t testing.TB, c *transform.Contract) storetest.Subject {
		srv := dynamotest.Start(t)
		client := srv.Client(func(o *dynamodb.Options) {
			o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) { s.MaxBackoff = time.Millisecond })
		})
		open := func(t testing.TB) storetest.Subject {
			s, err := dynamostore.New(client, c, nil)
			require.NoError(t, err)
			return storetest.Subject{Authority: s, Control: s, Follower: repeating{s}, Leases: s}
		}
		subject := open(t)
		require.NoError(t, subject.Authority.(*dynamostore.Store).Apply(t.Context(), nil, nil))
		subject.Other = open
		all = append(all, befallItems(srv))
		return subject
	}})
	requireHits(t, all...)
}

// A repeating is a store whose puts are repeated after a conflict, as relays do.
type repeating struct{ *dynamostore.Store }

func (s repeating) Put(ctx context.Context, at store.At, row store.Row) (took bool, err error) {
	for range 10 {
		if took, err = s.Store.Put(ctx, at, row); !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	return took, err
}

// befallItems brings troubles to a server whose clients try again.
func befallItems(srv *dynamotest.Server) *troubles {
	// Of those who send the same at once each has its next tries.
	const more = 64
	spared := map[string]int{}
	name := func(r *dynamotest.Request) string { return r.Operation + string(r.Body) }
	tr := &troubles{
		all: []trouble{
			{[]string{"BatchGetItem"}, 0.2, unprocessed}, // which throttles a batch of one
			{onItems, 0.03, throttled},
			{itemWrites, 0.03, dynamotest.Rule.Conflict},
			{itemReads, 0.02, dynamotest.Rule.InternalError},
			{itemReads, 0.02, dynamotest.Rule.Cut},
			{itemReads, 0.02, dynamotest.Rule.LoseReply},
		},
		hit: func(r *dynamotest.Request) { spared[name(r)] = more },
		spares: func(r *dynamotest.Request) bool {
			spared[name(r)]--
			return spared[name(r)] >= 0
		},
	}
	tr.befall(srv, troublesSeed)
	tr.faults = append(tr.faults,
		srv.Fault(dynamotest.OnOperation("GetItem", "BatchGetItem", "Scan").Stale(dynamotest.Forever)),
		srv.Fault(dynamotest.OnOperation("Query").Stale(10*time.Millisecond)))
	return tr
}

// troublesSeed gives the troubles of each rule; another one gives others.
const troublesSeed = 1
