package dal_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
)

func TestPromptBringsTheWriteOver(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	u := user(1)
	require.NoError(t, f.users.Create(t.Context(), &u))
	require.False(t, f.in(t, f.mysql, 1).Dirty)
	f.requireEqualStores(t)

	require.NoError(t, f.users.Delete(t.Context(), f.users.Key(1)))
	require.True(t, f.in(t, f.dynamo, 1).Tombstone)
}

func TestPromptAcknowledgesWithoutFollower(t *testing.T) {
	var left []store.Change
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{Dirty: func(c []store.Change) { left = append(left, c...) }})
	f.faults.On(faultstore.Method("Put"), faultstore.Before)
	u := user(1)
	require.NoError(t, f.users.Create(t.Context(), &u))
	require.True(t, f.in(t, f.mysql, 1).Dirty)
	require.Len(t, left, 1, "the relay was not told")
}

func TestAsyncLeavesTheFollowerToTheRelay(t *testing.T) {
	var left []store.Change
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{Policy: dal.Async, Dirty: func(c []store.Change) { left = append(left, c...) }})
	u := user(1)
	require.NoError(t, f.users.Create(t.Context(), &u))
	require.Empty(t, f.faults.Matching(faultstore.Method("Put")))
	require.Len(t, left, 1)
}

func TestRequiredSaysPending(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{RequiredBudget: 30 * time.Millisecond})
	remove := f.faults.On(faultstore.Method("Put"), faultstore.Before)
	u := user(1)
	err := f.users.Create(t.Context(), &u, dal.Follow(dal.Required))
	require.ErrorIs(t, err, dal.ErrPending)
	require.Equal(t, dal.Applied, dal.OutcomeOf(err))
	require.True(t, f.in(t, f.mysql, 1).Live)

	remove()
	u = user(2)
	require.NoError(t, f.users.Create(t.Context(), &u, dal.Follow(dal.Required)))
	require.True(t, f.in(t, f.dynamo, 2).Live)
}

// TestRequiredTriesAgain: one lost reply of the follower is no pending write.
func TestRequiredTriesAgain(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	puts := 0
	f.faults.On(func(c faultstore.Call) bool {
		if c.Method == "Put" {
			puts++
		}
		return c.Method == "Put" && puts <= 2
	}, faultstore.After)
	u := user(1)
	require.NoError(t, f.users.Create(t.Context(), &u, dal.Follow(dal.Required)))
	require.False(t, f.in(t, f.mysql, 1).Dirty)
}

func TestPhaseOneAsksNoFollower(t *testing.T) {
	for _, capture := range []bool{false, true} {
		f := newFixture(t, dal.MySQLOnly, dal.RouterOptions{})
		if capture {
			f.advance(t, dal.MySQLOnly, true)
		}
		u := user(1)
		require.NoError(t, f.users.Create(t.Context(), &u))
		_, err := f.users.Get(t.Context(), f.users.Key(1))
		require.NoError(t, err)
		require.Equal(t, capture, f.in(t, f.mysql, 1).Dirty)
		for _, c := range f.faults.Calls() {
			require.Equal(t, "mysql", c.Store)
		}
	}
}

// TestPhaseChangeWaits: an operation that meets a phase change learns the new
// phase and goes on; nothing of the old attempt is left.
func TestPhaseChangeWaits(t *testing.T) {
	f := newFixture(t, dal.MySQLOnly, dal.RouterOptions{})
	f.seed(t, user(1))
	f.advance(t, dal.DualWrite, true)

	u := user(2)
	require.NoError(t, f.users.Create(t.Context(), &u))
	require.NotZero(t, f.in(t, f.mysql, 2).Version, "a bare write under capture")
	require.True(t, f.in(t, f.dynamo, 2).Live)

	f.advance(t, dal.Validate, true)
	_, err := f.users.Get(t.Context(), f.users.Key(1))
	require.NoError(t, err)
	require.Equal(t, dal.Validate, f.router.Snapshot().Phase)
}

// TestPhaseWaitIsBounded: an operation does not wait for ever for a phase that
// never comes, and says that nothing was applied.
func TestPhaseWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, dal.MySQLOnly, dal.RouterOptions{PhaseWait: 3 * time.Second,
			Reload: func(context.Context) (dal.Snapshot, error) { return dal.Snapshot{}, errors.New("no answer") }})
		f.advance(t, dal.DualWrite, true)
		start := time.Now()
		u := user(1)
		err := f.users.Create(t.Context(), &u)
		require.ErrorIs(t, err, dal.ErrWrongPhase)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.False(t, f.in(t, f.mysql, 1).Live)
		f.router.Close()
	})
}

// TestOneSnapshotPerOperation: a phase that changes between the commit and what
// follows it does not change what follows.
func TestOneSnapshotPerOperation(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	f.faults.On(func(c faultstore.Call) bool {
		if c.Store == "mysql" && c.Method == "Get" { // the refresh's read, after the commit
			f.router.Set(dal.Snapshot{Phase: dal.MySQLOnly, Capture: true, Epoch: 99})
		}
		return false
	}, faultstore.Before)
	u := user(1)
	require.NoError(t, f.users.Create(t.Context(), &u))
	require.Equal(t, dal.MySQLOnly, f.router.Snapshot().Phase)
	require.True(t, f.in(t, f.dynamo, 1).Live, "the write began in phase 2 and must end in it")
}

func TestSnapshotNeverGoesBack(t *testing.T) {
	f := newFixture(t, dal.MySQLOnly, dal.RouterOptions{})
	f.router.Set(dal.Snapshot{Phase: dal.DualWrite, Capture: true, Epoch: 9})
	f.router.Set(dal.Snapshot{Phase: dal.MySQLOnly, Epoch: 8})
	require.Equal(t, uint64(9), f.router.Snapshot().Epoch)
}

// TestUnfitRecordRefused: what could not become an item is refused before the
// commit under capture, and reported in phase 1 bare.
func TestUnfitRecordRefused(t *testing.T) {
	big := user(1)
	big.Profile = map[string]any{"bio": string(make([]byte, 500_000))}
	small := user(1)

	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	err := f.users.Create(t.Context(), &big)
	require.ErrorIs(t, err, dal.ErrTooLarge)
	require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
	require.False(t, f.in(t, f.mysql, 1).Live)

	require.NoError(t, f.users.Create(t.Context(), &small))
	err = f.users.Update(t.Context(), f.users.Key(1), func(u *User) error { u.Profile = big.Profile; return nil })
	require.ErrorIs(t, err, dal.ErrTooLarge)
	require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))

	seen := &unfitHook{}
	f = newFixture(t, dal.MySQLOnly, dal.RouterOptions{Hooks: []dal.Hook{seen}})
	require.NoError(t, f.users.Create(t.Context(), &big))
	require.Equal(t, int64(1), seen.n.Load())
	require.Equal(t, int64(1), f.router.Stats().Unfit)
}

type unfitHook struct{ n atomic.Int64 }

func (h *unfitHook) OnUnfit(dal.UnfitEvent) { h.n.Add(1) }

type operationHook struct{ events []dal.OperationEvent }

func (h *operationHook) OnOperation(e dal.OperationEvent) { h.events = append(h.events, e) }

func TestHooksHearOperations(t *testing.T) {
	h := &operationHook{}
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{Hooks: []dal.Hook{h}})
	u := user(1)
	require.NoError(t, f.users.Create(t.Context(), &u))
	_, err := f.users.Get(t.Context(), f.users.Key(2))
	require.ErrorIs(t, err, dal.ErrNotFound)
	require.Len(t, h.events, 2)
	require.Equal(t, "create", h.events[0].Op)
	require.Equal(t, dal.DualWrite, h.events[0].Phase)
	require.ErrorIs(t, h.events[1].Err, dal.ErrNotFound)
}

// TestStandalone: a service's unit test needs one store and no controller.
func TestStandalone(t *testing.T) {
	f := newFixture(t, dal.MySQLOnly, dal.RouterOptions{})
	users, err := dal.NewRepository[User](dal.Standalone(f.contract, f.mysql), "Users")
	require.NoError(t, err)
	u := user(1)
	require.NoError(t, users.Create(t.Context(), &u))
	require.ErrorIs(t, users.Create(t.Context(), &u), dal.ErrExists)
}

var _ dal.Group = (*dal.Router)(nil)
