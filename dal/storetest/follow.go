package storetest

import (
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

func followCases() []testCase {
	return ruled(ruleFollow,
		withFence("open", func(e *env) { e.mark(store.Open); takesNothing(e) }),
		withFence("closed", func(e *env) { e.mark(store.Open); e.mark(store.Closed); takesNothing(e) }),
		withFence("sealed, and given away again", sealedFollower),
		withFence("at another epoch", followsItsEpoch),
		withFence("puts beside a seal", putsBesideSeal),
		underLease("without a fence, whatever the mark", takesAlways),
	)
}

// refreshes tries everything that a follower can be given, at the mark's epoch.
func (e *env) refreshes(at store.At) map[string]error {
	rec, errs := e.visit("v", 1, "note", "refreshed"), map[string]error{}
	_, errs["put"] = e.Follower.Put(e.ctx, at, e.live(rec, store.Floor(60)))
	_, errs["tombstone"] = e.Follower.Put(e.ctx, at, e.dead(e.visit("v", 2), store.Floor(60)))
	errs["put together"] = e.Follower.PutTogether(e.ctx, at, []store.Row{
		e.live(e.visit("v", 3), store.Floor(60)), e.live(e.visit("v", 4), store.Floor(60))})
	return errs
}

// takesNothing: what a relay of an epoch that is over brings would be stored
// over what the authority has here by now, and no change record would tell.
func takesNothing(e *env) {
	e.Helper()
	e.part = asFollower
	e.unchanged(func() {
		for name, err := range e.refreshes(store.At{Epoch: e.phase().Epoch}) {
			require.Error(e, err, name)
			e.requireError(err, store.ErrWrongPhase)
		}
		errs, err := e.Follower.Insert(e.ctx, []store.Row{e.live(e.visit("v", 1), 0)})
		if err == nil {
			require.Len(e, errs, 1)
			err = errs[0]
		}
		e.requireError(err, store.ErrWrongPhase)
		e.requireError(e.Follower.Keep(e.ctx, []store.Token{e.token("late", e.create(e.user(1)))}), store.ErrWrongPhase)
	}, e.key(e.visit("v", 1)), e.key(e.visit("v", 2)), e.key(e.visit("v", 3)), e.key(e.visit("v", 4)))
}

// sealedFollower: while the other store is looked through for the last time
// nothing may land here, or that look would have been in vain.
func sealedFollower(e *env) {
	e.mark(store.Sealed)
	takesNothing(e)
	e.mark(store.GivenAway)
	for name, err := range e.refreshes(e.to) {
		require.NoError(e, err, name)
	}
}

// followsItsEpoch: a relay that has slept through a hand-off and back brings
// what is long out of date.
func followsItsEpoch(e *env) {
	old := e.to
	e.turn(quiet, func(r *store.PhaseRecord) { r.Epoch += 2 })
	now := e.phase().Epoch
	for _, epoch := range []uint64{0, old.Epoch, now - 1, now + 1} {
		e.unchanged(func() {
			for name, err := range e.refreshes(store.At{Epoch: epoch}) {
				require.Error(e, err, name)
				e.requireError(err, store.ErrWrongPhase)
			}
		}, e.key(e.visit("v", 1)))
	}
	for name, err := range e.refreshes(store.At{Epoch: now}) {
		require.NoError(e, err, name)
	}
}

// putsBesideSeal: when Advance returns, every put under the old mark has
// committed or never will.
func putsBesideSeal(e *env) {
	b := e.beside(func(handle Subject, i, n int) error {
		_, err := handle.Follower.Put(e.ctx, e.to, e.live(e.visit("v", (i+1)*100_000+n), 1))
		return err
	})
	e.mark(store.Sealed)
	b.requireOver(e)
}

// takesAlways: a store without a fence can't look at its mark with every put.
// The version alone decides there, so a late put does no harm.
func takesAlways(e *env) {
	for _, state := range []store.State{store.GivenAway, store.Sealed, store.Open, store.Closed} {
		e.mark(state)
		rec := e.visit(state.String(), 1)
		for _, epoch := range []uint64{0, 1, 99} {
			took, err := e.Follower.Put(e.ctx, store.At{Epoch: epoch}, e.live(rec, store.Version(epoch+1)))
			require.NoError(e, err)
			require.True(e, took)
		}
	}
}
