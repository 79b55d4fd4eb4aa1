package migrationctl_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// late starts a backfill in phase 2 over one old row, holds its insert back
// after it has read the row, lets meanwhile write, and then lets it land.
func late(t *testing.T, w *world, meanwhile func(p *process)) {
	w.outside(t, user(1))
	op := w.operator(t)
	require.NoError(t, op.CaptureOn(t.Context(), migrationctl.Change{}))
	require.NoError(t, op.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}))
	p := w.open(t, quiet())

	held := w.faults.StallOn(faultstore.Method("Insert"))
	done := make(chan error)
	go func() { done <- p.Backfill(context.Background(), migrationctl.BackfillOptions{}) }()
	<-held.Reached()
	meanwhile(p)
	held.Release()
	require.NoError(t, <-done)
	w.requireEqualStores(t)
}

// TestScenario16LateBackfillKeepsLiveValue: backfill reads a row, a live write changes
// it, the backfill's put lands last: the live value stays.
func TestScenario16LateBackfillKeepsLiveValue(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		late(t, w, func(p *process) {
			require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
		})
		require.Equal(t, 1, w.count(t, w.dynamo, 1))
	})
}

// TestScenario17LateBackfillKeepsDelete: the same with a delete: the row stays deleted.
// The follower never had it, so only a tombstone where nothing was can keep it away.
func TestScenario17LateBackfillKeepsDelete(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		late(t, w, func(p *process) {
			require.NoError(t, p.users.Delete(t.Context(), p.users.Key(1)))
		})
		row := w.row(t, w.dynamo, 1)
		require.False(t, row.Live, "the backfill brought a deleted record back")
		require.True(t, row.Tombstone)
	})
}

// TestScenario18WritesDuringBackfill: writes during the backfill are all in the follower
// afterwards.
func TestScenario18WritesDuringBackfill(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const rows = 600
		var old []User
		for id := int64(0); id < rows; id++ {
			old = append(old, user(id))
		}
		w.outside(t, old...)
		op := w.operator(t)
		require.NoError(t, op.CaptureOn(t.Context(), migrationctl.Change{}))
		require.NoError(t, op.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}))
		p := w.open(t, nil)

		stop := make(chan struct{})
		var work sync.WaitGroup
		for writer := range int64(4) {
			work.Add(1)
			go func() {
				defer work.Done()
				for i := writer; ; i += 4 {
					select {
					case <-stop:
						return
					default:
					}
					writeSomething(p, i%(rows+100), i)
				}
			}()
		}
		require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{Workers: 2}))
		close(stop)
		work.Wait()
		p.drained(t)
		w.requireEqualStores(t)
	})
}

// writeSomething updates, deletes or creates a record. What is there decides
// whether it succeeds.
func writeSomething(p *process, id, turn int64) {
	ctx := context.Background()
	switch turn % 3 {
	case 0:
		_ = p.users.Update(ctx, p.users.Key(id), addOne)
	case 1:
		_ = p.users.Delete(ctx, p.users.Key(id))
	case 2:
		u := user(id)
		_ = p.users.Put(ctx, &u)
	}
}

// TestBackfillAfterGap: writes between capture off and on left no record. The
// next backfill mends what they changed and removes what they deleted, although
// the follower's items have versions from before the gap.
func TestBackfillAfterGap(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.outside(t, user(1), user(2), user(3))
		w.to(t, store.DualWrite)
		p := w.open(t, nil)
		for id := range int64(3) {
			require.NoError(t, p.users.Update(t.Context(), p.users.Key(id+1), addOne))
		}
		w.requireEqualStores(t)

		why := migrationctl.Change{Reason: "gap"}
		require.NoError(t, p.SetPhase(t.Context(), store.MySQLOnly, why))
		require.NoError(t, p.CaptureOff(t.Context(), why))
		require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
		require.NoError(t, p.users.Delete(t.Context(), p.users.Key(2)))
		require.NoError(t, p.CaptureOn(t.Context(), why))
		require.NoError(t, p.SetPhase(t.Context(), store.DualWrite, why))

		err := p.SetPhase(t.Context(), store.Validate, why)
		var refused *migrationctl.RefusedError
		require.ErrorAs(t, err, &refused, "the backfill of the capture before counts for nothing")

		require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		require.Equal(t, 2, w.count(t, w.dynamo, 1))
		require.False(t, w.row(t, w.dynamo, 2).Live)
		w.requireEqualStores(t)
		require.NoError(t, p.SetPhase(t.Context(), store.Validate, why))
	})
}

// TestBackfillOutlivesAnOutage: a follower that is away for a moment does not end
// a backfill; one that stays away does, and the same call goes on.
func TestBackfillOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		w.outside(t, user(1))
		op := w.operator(t)
		require.NoError(t, op.CaptureOn(t.Context(), migrationctl.Change{}))
		require.NoError(t, op.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}))
		faulty, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), nil)
		require.NoError(t, err)

		back := w.faults.On(faultstore.Method("Insert"), faultstore.Lost)
		require.ErrorIs(t, faulty.Backfill(t.Context(), migrationctl.BackfillOptions{}), store.ErrUnavailable)
		tries := len(w.faults.Matching(faultstore.Method("Insert")))
		require.Greater(t, tries, 3)
		time.AfterFunc(2*time.Second, back)
		require.NoError(t, faulty.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		require.True(t, w.row(t, w.dynamo, 1).Live)
	})
}

// TestSweepBackfill fails every call of a backfill in turn, beside writes that
// are not yet refreshed. The same call goes on, and the stores end equal.
func TestSweepBackfill(t *testing.T) {
	for _, gap := range []bool{false, true} {
		name := "insert"
		if gap {
			name = "bump"
		}
		t.Run(name, func(t *testing.T) {
			faultstore.Sweep(t, func(t *testing.T, f *faultstore.Faults) { sweepBackfill(t, f, gap) })
		})
	}
}

func sweepBackfill(t *testing.T, faults *faultstore.Faults, gap bool) {
	w := newMemoryWorld(t, faultstore.New())
	w.outside(t, user(1), user(2), user(3))
	if gap {
		w.to(t, store.DualWrite)
		op := w.operator(t)
		require.NoError(t, op.SetPhase(t.Context(), store.MySQLOnly, migrationctl.Change{}))
		require.NoError(t, op.CaptureOff(t.Context(), migrationctl.Change{}))
		bare, err := dal.NewRepository[User](router(t, w), "Users")
		require.NoError(t, err)
		require.NoError(t, bare.Delete(t.Context(), bare.Key(2)))
	}
	op := w.operator(t)
	require.NoError(t, op.CaptureOn(t.Context(), migrationctl.Change{}))
	require.NoError(t, op.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}))
	users, err := dal.NewRepository[User](router(t, w), "Users")
	require.NoError(t, err)
	require.NoError(t, users.Update(t.Context(), users.Key(1), addOne, dal.Follow(dal.Async)))
	require.NoError(t, users.Delete(t.Context(), users.Key(3), dal.Follow(dal.Async)))

	faulty, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), nil)
	require.NoError(t, err)
	if err := faulty.Backfill(t.Context(), migrationctl.BackfillOptions{}); err != nil {
		require.NoError(t, faulty.Backfill(t.Context(), migrationctl.BackfillOptions{}), "the same call goes on")
	}
	w.requireEqualStores(t)
	require.NoError(t, w.operator(t).SetPhase(t.Context(), store.Validate, migrationctl.Change{}))
}

// router returns a router without faults in the phase the group is in.
func router(t *testing.T, w *world) *dal.Router {
	record, err := w.mysql.Phase(t.Context())
	require.NoError(t, err)
	r := dal.NewRouter(w.contract, w.mysql, w.dynamo,
		dal.Snapshot{Phase: record.Phase, Capture: record.Capture, Epoch: record.Epoch}, nil)
	t.Cleanup(r.Close)
	return r
}
