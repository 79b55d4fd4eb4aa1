package migrationctl_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// TestSweepJoinedWrites fails every call of a transaction of the service's own that is
// joined, and of what follows its commit, and has the process die at each; in phase 1
// without and with capture, in phases 2 and 3, and in a process that has not heard of phase
// 3. Whatever fails: the rows and their change records are committed together or not at all,
// what the error says of the outcome is true, what was not applied can be begun again, and
// the stores are equal once a relay has been through.
func TestSweepJoinedWrites(t *testing.T) {
	w := lastEngineWorld(t)
	op, why := w.operator(t), migrationctl.Change{Reason: "sweep"}
	bare := w.snapshot(t)
	sweepJoined(t, "bare", w, bare, dal.Prompt, 0)
	require.NoError(t, op.CaptureOn(t.Context(), why))
	sweepJoined(t, "captured", w, w.snapshot(t), dal.Prompt, 1000)
	require.NoError(t, op.SetPhase(t.Context(), store.DualWrite, why))
	require.NoError(t, op.Backfill(t.Context(), migrationctl.BackfillOptions{}))
	old := w.snapshot(t)
	sweepJoined(t, "dual write", w, old, dal.Required, 2000)
	require.NoError(t, op.SetPhase(t.Context(), store.Validate, why))
	sweepJoined(t, "validate", w, w.snapshot(t), dal.Prompt, 3000)
	sweepJoined(t, "moved", w, old, dal.Prompt, 4000)
}

// TestSweepJoinedWritesBesideTriggers is TestSweepJoinedWrites where triggers capture too.
func TestSweepJoinedWritesBesideTriggers(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has triggers that run in the writer's transaction and SIGNAL")
	w := lastEngineWorld(t)
	_, err := w.operator(t).InitTriggers(t.Context())
	require.NoError(t, err)
	w.to(t, store.DualWrite)
	sweepJoined(t, "dual write", w, w.snapshot(t), dal.Prompt, 5000)
}

// sweepJoined sweeps in a process that starts with what it knows of the phase, with users
// from last on.
func sweepJoined(t *testing.T, name string, w *world, start dal.Snapshot, policy dal.Policy, last int64) {
	t.Run(name, func(t *testing.T) {
		now := w.snapshot(t)
		s := &joinSweep{world: w, start: start, now: now, policy: policy, last: last}
		faultstore.Sweep(t, s.play, faultstore.Before, faultstore.Lost, faultstore.After, faultstore.Crash)
		if now.Phase.HasFollower() {
			w.requireEqualStores(t)
		}
	})
}

// lastEngineWorld is a world on MySQL and one of the engines: what is swept does not ask
// more of the others.
func lastEngineWorld(t *testing.T) *world {
	t.Helper()
	all := enginetest.DynamoDBEngines(t)
	return newEngineWorld(t, all[len(all)-1], faultstore.New())
}

// snapshot is what a process knows of the phase, in phases 1 to 3.
func (w *world) snapshot(t testing.TB) dal.Snapshot {
	t.Helper()
	s, err := snapshotOf(t.Context(), w.mysql)
	require.NoError(t, err)
	return s
}

func snapshotOf(ctx context.Context, mysql store.Control) (dal.Snapshot, error) {
	r, err := mysql.Phase(ctx)
	return dal.Snapshot{Phase: r.Phase, Capture: r.Capture, Epoch: r.Epoch, Next: r.Next}, err
}

// routerOf returns a process's router, whose calls go through the faults.
func (w *world) routerOf(t testing.TB, start dal.Snapshot, faults *faultstore.Faults) *dal.Router {
	t.Helper()
	mysql := faults.Store(w.mysql)
	r := dal.NewRouter(w.contract, mysql, faults.Store(w.dynamo), start, &dal.RouterOptions{
		RequiredBudget: 50 * time.Millisecond, PhaseWait: 200 * time.Millisecond,
		Reload: func(ctx context.Context) (dal.Snapshot, error) { return snapshotOf(ctx, mysql) }})
	t.Cleanup(r.Close)
	return r
}

// A joinSweep is a sweep in one world. Each run has three users of its own: one is changed,
// one deleted and one created.
type joinSweep struct {
	*world
	start, now dal.Snapshot // what the process knows, and what is
	policy     dal.Policy
	last       int64 // id of a user that a run had
}

func (s *joinSweep) play(t *testing.T, faults *faultstore.Faults) {
	ids := []int64{s.last + 1, s.last + 2, s.last + 3}
	s.last += 3
	plain := s.routerOf(t, s.now, faultstore.New())
	users, err := dal.NewRepository[User](plain, "Users")
	require.NoError(t, err)
	for _, id := range ids[:2] {
		u := user(id)
		require.NoError(t, users.Create(t.Context(), &u))
	}
	if s.now.Phase.HasFollower() {
		require.NoError(t, s.relay(t, faultstore.New()))
	}
	var before []store.Row
	for _, id := range ids {
		before = append(before, s.row(t, s.mysql, id))
	}

	router := s.routerOf(t, s.start, faults)
	for try := 0; ; try++ {
		err := s.join(t.Context(), router, faults, ids)
		applied := s.judge(t, before, err)
		faults.Restart()
		if applied {
			break
		}
		if require.Less(t, try, 4, "there is one fault: %v", err); try == 3 {
			router, faults = plain, faultstore.New()
		}
	}
	if s.now.Phase.HasFollower() {
		require.NoError(t, s.relay(t, faultstore.New()))
		for _, id := range ids {
			there, here := s.row(t, s.dynamo, id), s.row(t, s.mysql, id)
			require.Equal(t, dal.Same, dal.CompareRows(here, there, "mysql", "dynamodb").Verdict, "user %d", id)
			require.Equal(t, here.Version, there.Version)
			require.False(t, here.Dirty)
		}
	}
}

// join runs the statements in a transaction that it joins for the first of the users, and
// names the others later.
func (s *joinSweep) join(ctx context.Context, router *dal.Router, faults *faultstore.Faults, ids []int64) error {
	users, err := dal.NewRepository[User](router, "Users")
	if err != nil {
		return err
	}
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	joined, err := router.Join(ctx, faults.Joining(s.mysql.(*mysqlstore.Store).Joining(tx)), users.Key(ids[0]))
	if err != nil {
		return err
	}
	defer joined.Rollback()
	for i, id := range ids {
		if _, err := tx.ExecContext(ctx, []string{sqlAdd, sqlDelete, sqlInsert}[i], id); err != nil {
			return err
		}
	}
	if err := joined.Touch(ctx, users.Key(ids[1]), users.Key(ids[2])); err != nil {
		return err
	}
	return joined.Commit(ctx, dal.Follow(s.policy))
}

// judge holds that all of it is there with its change records, or nothing, and that the
// error says which. It returns which.
func (s *joinSweep) judge(t *testing.T, before []store.Row, err error) (applied bool) {
	t.Helper()
	changed := 0
	for i, was := range before {
		now, err := s.mysql.Get(t.Context(), store.At{Captured: true}, was.Key)
		require.NoError(t, err)
		is := now.Live != was.Live || now.Live && !now.Record.Equal(was.Record)
		if is {
			changed++
		}
		switch {
		case !s.now.Capture:
			require.Zero(t, now.Version)
		case !is:
			require.Equal(t, was, now, "a change record, and no change: %d", i)
		default:
			require.Greater(t, now.Version, was.Version, "a change without its record: %d", i)
			if !now.Dirty {
				there, err := s.dynamo.Get(t.Context(), store.At{Captured: true}, was.Key)
				require.NoError(t, err)
				require.Equal(t, now.Version, there.Version, "clean, and the follower does not have it: %d", i)
			}
		}
	}
	require.Contains(t, []int{0, len(before)}, changed, "a part of it is there")
	applied = changed > 0
	if err == nil {
		require.True(t, applied, "acknowledged, not there")
		return applied
	}
	var e *dal.Error
	require.ErrorAs(t, err, &e)
	kinds := []error{dal.ErrUnavailable, dal.ErrPending}
	if s.start.Epoch != s.now.Epoch {
		kinds = append(kinds, dal.ErrConflict, dal.ErrWrongPhase)
	}
	require.Contains(t, kinds, e.Kind)
	switch e.Outcome {
	case dal.Applied:
		require.True(t, applied, "said to be applied: %v", err)
	case dal.NotApplied:
		require.False(t, applied, "said not to be applied: %v", err)
	default:
		require.Equal(t, dal.Unknown, e.Outcome)
	}
	return applied
}
