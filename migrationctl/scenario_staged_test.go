package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// The records of storetest.FairContract.
type (
	Fair struct {
		ID   int64   `db:"fair_id"`
		Name *string `db:"name"`
	}
	Stall struct {
		ID    int64  `db:"stall_id"`
		Pitch string `db:"pitch"`
		Fair  *int64 `db:"fair_id"`
	}
	Sale struct {
		ID      int64   `db:"sale_id"`
		Stall   *int64  `db:"stall_id"`
		Receipt *string `db:"receipt"`
	}
	Visitor struct {
		ID   int64  `db:"visitor_id"`
		Fair *int64 `db:"fair_id"`

		FairName *string `db:"fair_name"`
	}
	Permit struct {
		ID   int64  `db:"permit_id"`
		Fair *int64 `db:"fair_id"`
	}
)

// A fairground is the repositories of a process.
type fairground struct {
	*process
	fairs    *dal.Repository[Fair]
	stalls   *dal.Repository[Stall]
	sales    *dal.Repository[Sale]
	visitors *dal.Repository[Visitor]
	permits  *dal.Repository[Permit]
}

func newFairground(t *testing.T, p *process) *fairground {
	t.Helper()
	f := &fairground{process: p}
	var err error
	f.fairs, err = dal.NewRepository[Fair](p, "Fairs")
	require.NoError(t, err)
	f.stalls, err = dal.NewRepository[Stall](p, "Stalls")
	require.NoError(t, err)
	f.sales, err = dal.NewRepository[Sale](p, "Sales")
	require.NoError(t, err)
	f.visitors, err = dal.NewRepository[Visitor](p, "Visitors")
	require.NoError(t, err)
	f.permits, err = dal.NewRepository[Permit](p, "Permits")
	require.NoError(t, err)
	return f
}

// The size of a fair: more than a transaction of DynamoDB has, on each of its levels.
const (
	fairStalls, fairSales, fairVisitors = 250, 110, 150
)

// open makes a fair, with ids from its own on.
func (f *fairground) open(t *testing.T, id int64) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, f.fairs.Create(ctx, &Fair{ID: id, Name: text("fair %d", id)}))
	for _, all := range []struct {
		n    int64
		make func(tx *dal.Tx, n int64) error
	}{
		{fairStalls, func(tx *dal.Tx, n int64) error {
			return f.stalls.In(tx).Create(ctx, &Stall{ID: id + n, Pitch: fmt.Sprint("p", id+n), Fair: &id})
		}},
		{fairSales, func(tx *dal.Tx, n int64) error {
			return f.sales.In(tx).Create(ctx, &Sale{ID: id + n, Stall: number(id + 7), Receipt: text("r%d", id+n)})
		}},
		{fairVisitors, func(tx *dal.Tx, n int64) error {
			return f.visitors.In(tx).Create(ctx, &Visitor{ID: id + n, Fair: &id})
		}},
	} {
		for from := int64(0); from < all.n; from += 10 {
			require.NoError(t, f.Atomically(ctx, func(_ context.Context, tx *dal.Tx) error {
				for n := from; n < min(from+10, all.n); n++ {
					if err := all.make(tx, n); err != nil {
						return err
					}
				}
				return nil
			}))
		}
	}
}

// requireClosed requires that a fair is gone with all that goes with it.
func (f *fairground) requireClosed(t *testing.T, id int64) {
	t.Helper()
	ctx := t.Context()
	for n := range int64(fairStalls) {
		_, err := f.stalls.Get(ctx, f.stalls.Key(id+n))
		require.ErrorIs(t, err, dal.ErrNotFound)
	}
	for n := range int64(fairSales) {
		_, err := f.sales.Get(ctx, f.sales.Key(id+n))
		require.ErrorIs(t, err, dal.ErrNotFound)
	}
	for n := range int64(fairVisitors) {
		v, err := f.visitors.Get(ctx, f.visitors.Key(id+n))
		require.NoError(t, err)
		require.Equal(t, Visitor{ID: id + n}, v)
	}
	_, err := f.fairs.Get(ctx, f.fairs.Key(id))
	require.ErrorIs(t, err, dal.ErrNotFound)
	require.ErrorIs(t, f.stalls.Create(ctx, &Stall{ID: id, Pitch: "new", Fair: &id}), dal.ErrNoTarget)
}

// inFairPhases plays the scenario in memory, where nothing is staged, and on MariaDB or
// MySQL with a DynamoDB, from phase 1 to 5. It is the first DynamoDB engine alone: each
// makes and deletes 2,500 records, for which DynamoDB Local takes 45 s.
func inFairPhases(t *testing.T, play func(t *testing.T, w *world, f *fairground, phase store.Phase)) {
	run := func(t *testing.T, w *world) {
		f := newFairground(t, w.open(t, leading()))
		play(t, w, f, store.MySQLOnly)
		require.NoError(t, f.CaptureOn(t.Context(), migrationctl.Change{Reason: "test"}))
		for phase := store.DualWrite; phase <= store.DynamoDBOnly; phase++ {
			f.step(t, phase)
			if phase == store.DualWrite {
				require.NoError(t, f.Backfill(t.Context(), migrationctl.BackfillOptions{}))
			}
			play(t, w, f, phase)
		}
	}
	t.Run("memory", func(t *testing.T) { run(t, newMemoryWorldOf(t, storetest.FairContract(t), faultstore.New())) })
	t.Run("engines", func(t *testing.T) {
		enginetest.NeedsRealMySQL(t, "takes along what foreign keys take")
		for _, e := range enginetest.DynamoDBEngines(t)[:1] {
			t.Run(e.Kind(), func(t *testing.T) {
				run(t, newEngineWorldOf(t, e, storetest.FairContract(t), faultstore.New()))
			})
		}
	})
}

// TestScenario24StagedCascade: a delete that takes along more than one transaction of
// DynamoDB can have passes in every phase, takes the same in all, and is there in both
// stores.
func TestScenario24StagedCascade(t *testing.T) {
	inFairPhases(t, func(t *testing.T, w *world, f *fairground, phase store.Phase) {
		id := int64(phase) * 10_000
		f.open(t, id)
		require.NoError(t, f.permits.Create(t.Context(), &Permit{ID: id, Fair: &id}))
		require.ErrorIs(t, f.fairs.Delete(t.Context(), f.fairs.Key(id)), dal.ErrReferenced)
		require.NoError(t, f.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
			if err := f.permits.In(tx).Delete(ctx, f.permits.Key(id)); err != nil {
				return err
			}
			if err := f.fairs.In(tx).Create(ctx, &Fair{ID: id + 1}); err != nil {
				return err
			}
			return f.fairs.In(tx).Delete(ctx, f.fairs.Key(id))
		}))
		f.requireClosed(t, id)
		if phase.HasFollower() {
			f.drained(t)
			f.verified(t)
		}
		if phase == store.MySQLOnly || phase == store.DynamoDBOnly {
			return
		}
		w.requireEqualStores(t)
	})
}

// A mortal is a client of a process that dies once it has left the mark of a staged delete
// and made so many transactions more.
type mortal struct {
	dynamostore.Client
	more int
	left bool
}

func (m *mortal) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if m.left {
		if m.more--; m.more < 0 {
			return nil, errors.New("the process is dead")
		}
	}
	for _, action := range in.TransactItems {
		m.left = m.left || action.Put != nil && action.Put.Item["gone"] != nil
	}
	return m.Client.TransactWriteItems(ctx, in, opts...)
}

// TestStagedDeleteIsWaitedFor: a process dies in the middle of a staged delete. A drain
// finishes it, in phase 4 and in phase 5, bare too, and so does a hand-off to MySQL.
func TestStagedDeleteIsWaitedFor(t *testing.T) {
	for _, more := range []int{0, 4} {
		for name, finish := range map[string]func(t *testing.T, f *fairground){
			"drain": func(t *testing.T, f *fairground) {
				s, err := f.Status(t.Context())
				require.NoError(t, err)
				require.NotZero(t, s.FanOuts)
				report, err := f.Drain(t.Context(), nil)
				require.NoError(t, err)
				require.NotZero(t, report.FannedOut)
			},
			"hand-off": func(t *testing.T, f *fairground) { f.step(t, store.Validate) },
			"phase 5": func(t *testing.T, f *fairground) {
				f.step(t, store.DynamoDBOnly)
				_, err := f.Drain(t.Context(), nil)
				require.NoError(t, err)
			},
			"phase 5, bare": func(t *testing.T, f *fairground) {
				_, err := f.Drain(t.Context(), nil)
				require.NoError(t, err)
			},
		} {
			t.Run(fmt.Sprintf("%s, %d", name, more), func(t *testing.T) {
				server := dynamotest.Start(t)
				c := storetest.FairContract(t)
				open := func(client dynamostore.Client) *dynamostore.Store {
					s, err := dynamostore.New(client, c, &dynamostore.Options{RetryBudget: time.Second})
					require.NoError(t, err)
					return s
				}
				client := dynamostore.NewClient(server.Config(), &dynamostore.ClientOptions{AttemptTimeout: time.Minute})
				w := &world{contract: c, mysql: memstore.New(c, &memstore.Options{Name: "mysql"}), dynamo: open(client), faults: faultstore.New()}
				require.NoError(t, w.dynamo.(*dynamostore.Store).Apply(t.Context(), nil, nil))
				require.NoError(t, w.mysql.(*memstore.Store).Init(t.Context()))
				before := w.lead(t, store.DynamoDBPrimary)
				if name == "phase 5, bare" {
					before.step(t, store.DynamoDBOnly)
					require.NoError(t, before.CaptureOff(t.Context(), migrationctl.Change{Reason: "test"}))
				}
				require.NoError(t, before.Close(t.Context()))
				dies := *w
				dies.dynamo = open(&mortal{Client: client, more: more})
				o := leading()
				o.RelayPoll = time.Hour
				f := newFairground(t, dies.open(t, o))
				f.open(t, 1000)
				_, _ = f.Drain(t.Context(), nil)
				err := f.fairs.Delete(t.Context(), f.fairs.Key(1000))
				require.ErrorIs(t, err, dal.ErrPending)
				require.Equal(t, dal.Applied, dal.OutcomeOf(err))
				require.NoError(t, f.Close(t.Context()))

				f = newFairground(t, w.open(t, o))
				finish(t, f)
				s, err := f.Status(t.Context())
				require.NoError(t, err)
				require.Zero(t, s.FanOuts)
				f.requireClosed(t, 1000)
				if s.Phase.HasFollower() {
					w.requireEqualStores(t)
				}
			})
		}
	}
}
