package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

// TestCheckAdvance tries every pair of marks at every step of the epoch against
// the table.
func TestCheckAdvance(t *testing.T) {
	const same, next, further = "same", "+1", "+2"
	allowed := map[[2]store.State]string{
		{store.Open, store.Open}:           next,
		{store.Open, store.Closed}:         same,
		{store.Open, store.GivenAway}:      next + further,
		{store.Closed, store.Closed}:       same,
		{store.Closed, store.Open}:         same + next,
		{store.Closed, store.GivenAway}:    next + further,
		{store.GivenAway, store.GivenAway}: same + next + further,
		{store.GivenAway, store.Sealed}:    same,
		{store.GivenAway, store.Open}:      next + further,
		{store.Sealed, store.Sealed}:       same,
		{store.Sealed, store.GivenAway}:    same + next + further,
		{store.Sealed, store.Open}:         next + further,
	}
	states := []store.State{store.Open, store.Closed, store.GivenAway, store.Sealed}
	for _, from := range states {
		for _, to := range states {
			for step, epoch := range map[string]uint64{"-1": 6, same: 7, next: 8, further: 9} {
				err := store.CheckAdvance(
					store.PhaseRecord{Phase: store.Validate, State: from, Epoch: 7},
					store.PhaseRecord{Phase: store.DualWrite, State: to, Epoch: epoch})
				if strings.Contains(allowed[[2]store.State{from, to}], step) {
					require.NoError(t, err, "%v to %v, epoch %s", from, to, step)
				} else {
					require.Error(t, err, "%v to %v, epoch %s", from, to, step)
				}
			}
		}
	}
}

// TestCheckAdvanceRefuses holds that nothing becomes a record that is none.
func TestCheckAdvanceRefuses(t *testing.T) {
	from := store.PhaseRecord{Phase: store.Validate, State: store.GivenAway, Epoch: 7}
	good := store.PhaseRecord{Phase: store.Validate, State: store.Open, Epoch: 8}
	require.NoError(t, store.CheckAdvance(from, good))
	for name, change := range map[string]func(*store.PhaseRecord){
		"no phase":         func(r *store.PhaseRecord) { r.Phase = 0 },
		"an unknown phase": func(r *store.PhaseRecord) { r.Phase = 6 },
		"no state":         func(r *store.PhaseRecord) { r.State = 0 },
		"an unknown state": func(r *store.PhaseRecord) { r.State = 5 },
		"too many epochs":  func(r *store.PhaseRecord) { r.Epoch = 1 << (64 - store.FloorBits) },
	} {
		to := good
		change(&to)
		require.Error(t, store.CheckAdvance(from, to), name)
	}
	last := good
	last.Epoch = 1<<(64-store.FloorBits) - 1
	require.NoError(t, store.CheckAdvance(from, last))
	require.Greater(t, store.Floor(last.Epoch), store.Floor(last.Epoch-1))
	require.Error(t, store.CheckAdvance(store.PhaseRecord{Phase: store.Validate}, good), "a record without a mark")
}

// TestStateNames holds that the names that stores keep can be read back.
func TestStateNames(t *testing.T) {
	for s, name := range map[store.State]string{
		store.Open: "open", store.Closed: "closed", store.GivenAway: "given-away", store.Sealed: "sealed",
	} {
		require.Equal(t, name, s.String())
		require.Equal(t, s, store.ParseState(name))
	}
	require.Equal(t, "state(9)", store.State(9).String())
	for _, unknown := range []string{"", "none", "opened"} {
		require.Zero(t, store.ParseState(unknown))
	}
}
