package migrationctl_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// TestStepWaitsForFleet: when a step returns, every process obeys the new
// phase, also those that nobody told.
func TestStepWaitsForFleet(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		fleet := []*process{w.open(t, nil), w.open(t, nil), w.open(t, nil)}
		op := w.operator(t)
		require.NoError(t, op.CaptureOn(t.Context(), migrationctl.Change{}))
		for _, phase := range []store.Phase{store.DualWrite, store.MySQLOnly, store.DualWrite} {
			require.NoError(t, op.SetPhase(t.Context(), phase, migrationctl.Change{}))
			for _, p := range fleet {
				require.Equal(t, phase, p.Router().Snapshot().Phase)
			}
		}
	})
}

// TestSilentProcessLapses: a process that died does not hold up a step for
// longer than its registration lasts.
func TestSilentProcessLapses(t *testing.T) {
	w := newMemoryWorld(t, faultstore.New())
	w.open(t, nil)
	w.faults.On(faultstore.Method("Register"), faultstore.Before)
	op := w.operator(t)
	require.NoError(t, op.CaptureOn(t.Context(), migrationctl.Change{}))
	require.NoError(t, op.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}))
}

// TestRefusedStepChangesNothing: every unmet condition is listed, and the
// record, the audit and the fence stay as they were.
func TestRefusedStepChangesNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		op := w.operator(t)
		p := w.open(t, nil)
		before, err := op.Phase(t.Context())
		require.NoError(t, err)
		for _, phase := range []store.Phase{0, store.DualWrite, store.Validate, store.DynamoDBPrimary, store.DynamoDBOnly, 6} {
			var refused *migrationctl.RefusedError
			require.ErrorAs(t, op.SetPhase(t.Context(), phase, migrationctl.Change{Force: true}), &refused, "phase %d", phase)
			require.NotEmpty(t, refused.Unmet)
		}
		after, err := op.Phase(t.Context())
		require.NoError(t, err)
		require.Equal(t, before, after)
		audit, err := op.Audit(t.Context(), 10)
		require.NoError(t, err)
		require.Empty(t, audit)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))

		w.to(t, store.DualWrite)
		var refused *migrationctl.RefusedError
		require.ErrorAs(t, op.CaptureOff(t.Context(), migrationctl.Change{}), &refused)
	})
}

// TestCaptureOnRefusesOldEpoch: writers go on while capture is switched on by
// another process. No write without change record commits after the first that
// has one: whatever is not recorded was there when capture began.
func TestCaptureOnRefusesOldEpoch(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.open(t, nil)
		var next atomic.Int64
		stop := make(chan struct{})
		var work sync.WaitGroup
		for range 4 {
			work.Add(1)
			go func() {
				defer work.Done()
				for {
					select {
					case <-stop:
						return
					default:
					}
					u := user(next.Add(1))
					if err := p.users.Create(context.Background(), &u); err != nil {
						t.Error(err)
						return
					}
				}
			}()
		}
		require.Eventually(t, func() bool { return next.Load() > 50 }, 10*time.Second, time.Millisecond)
		require.NoError(t, w.operator(t).CaptureOn(t.Context(), migrationctl.Change{}))
		// From here on, whoever begins a write must leave a record.
		began := next.Load() + 5
		require.Eventually(t, func() bool { return next.Load() > began+50 }, 10*time.Second, time.Millisecond)
		close(stop)
		work.Wait()
		for id := began; id <= next.Load(); id++ {
			row := w.row(t, w.mysql, id)
			require.True(t, row.Live)
			require.Greater(t, row.Version, store.Floor(2), "user %d has no change record", id)
		}
	})
}

// TestOldEpochWritesNothing: a process that knows nothing of a change writes
// nothing with what it knows.
func TestOldEpochWritesNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		old, err := dal.NewRepository[User](dal.NewRouter(w.contract, w.mysql, w.dynamo,
			dal.Snapshot{Phase: dal.MySQLOnly, Epoch: store.FirstEpoch}, &dal.RouterOptions{PhaseWait: 20 * time.Millisecond}), "Users")
		require.NoError(t, err)
		w.to(t, store.MySQLOnly)
		u := user(1)
		err = old.Create(t.Context(), &u)
		require.ErrorIs(t, err, dal.ErrWrongPhase)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
		require.False(t, w.row(t, w.mysql, 1).Live)
	})
}

// TestAuditSaysWhoAndWhy holds scenario 42 for the steps there are.
func TestAuditSaysWhoAndWhy(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		op := w.operator(t)
		require.NoError(t, op.CaptureOn(t.Context(), migrationctl.Change{Who: "ann", Reason: "begin"}))
		require.NoError(t, op.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{Reason: "go"}))
		audit, err := op.Audit(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, audit, 2)
		require.Equal(t, "phase set", audit[0].Action)
		require.Equal(t, "test", audit[0].Who)
		require.Equal(t, "1 mysql-only captured", audit[0].From)
		require.Equal(t, "2 dual-write captured", audit[0].To)
		require.Equal(t, "ann", audit[1].Who)
		require.Equal(t, "begin", audit[1].Reason)
		require.WithinDuration(t, time.Now(), audit[0].At, time.Minute)
	})
}

// TestRestartComesUpInThePhase holds scenario 39 for phases 1 to 3.
func TestRestartComesUpInThePhase(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for _, phase := range []store.Phase{store.MySQLOnly, store.DualWrite, store.Validate} {
			w.to(t, phase)
			p := w.open(t, nil)
			require.Equal(t, phase, p.Router().Snapshot().Phase)
			require.NoError(t, p.Close(t.Context()))
		}
	})
}

// TestStepsBackWithFollowerDown holds scenario 41 for phases 2 and 3.
func TestStepsBackWithFollowerDown(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.Validate)
		p := w.open(t, nil)
		w.faults.On(func(c faultstore.Call) bool { return c.Store == "dynamodb" }, faultstore.Lost)
		for _, phase := range []store.Phase{store.DualWrite, store.MySQLOnly} {
			require.NoError(t, p.SetPhase(t.Context(), phase, migrationctl.Change{}))
			u := user(int64(phase))
			require.NoError(t, p.users.Create(t.Context(), &u))
		}
	})
}
