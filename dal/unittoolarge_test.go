package dal_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
)

// TestUnitTooLarge: what a transaction of DynamoDB can't take is refused in every
// phase with the same count, before anything is written; in phase 1 without
// capture it is reported.
func TestUnitTooLarge(t *testing.T) {
	many := func(n int) func(t *testing.T, users dal.InUnit[User]) error {
		return func(t *testing.T, users dal.InUnit[User]) error {
			for id := range int64(n) {
				u := user(id + 1)
				require.NoError(t, users.Create(t.Context(), &u))
			}
			return nil
		}
	}
	tooLarge := func(t *testing.T, f *fixture) {
		each := 1 + len(f.contract.Entity("Users").Unique)
		most := 99 / each
		reported := f.router.Stats().Unfit
		err := f.atomically(t, func(users dal.InUnit[User]) error { return many(most+1)(t, users) })
		lead, _ := f.leads(t.Context())
		if now := f.router.Snapshot(); now.Phase == dal.MySQLOnly && !now.Capture {
			require.NoError(t, err)
			require.Equal(t, reported+1, f.router.Stats().Unfit)
			return
		}
		require.ErrorIs(t, err, dal.ErrTooLarge)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
		require.ErrorContains(t, err, fmt.Sprintf("takes %d actions of the 100", (most+1)*each+1))
		require.False(t, f.in(t, lead, 1).Live)
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error { return many(most)(t, users) }))
		require.True(t, f.in(t, lead, int64(most)).Live)
		require.ErrorContains(t, f.atomically(t, func(users dal.InUnit[User]) error {
			for id := range int64(most) { // of which nobody knows what they replace
				u := user(id + 1)
				require.NoError(t, users.Put(t.Context(), &u))
			}
			return nil
		}), fmt.Sprintf("takes %d actions of the 100", most*(2*each-1)+1))
		large := func(users dal.InUnit[User]) error {
			for id := range int64(14) {
				err := users.UpdateAtCommit(t.Context(), users.Key(id+1), func(u *User) error {
					u.Profile = map[string]any{"text": string(make([]byte, 0)) + fmt.Sprintf("%0300000d", id)}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		}
		before := f.in(t, lead, 1).Version
		err = f.atomically(t, large)
		require.ErrorIs(t, err, dal.ErrTooLarge)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
		require.ErrorContains(t, err, "bytes of the 4194304")
		require.Equal(t, before, f.in(t, lead, 1).Version)
	}
	inEveryPhase(t, tooLarge)
	t.Run("captured", func(t *testing.T) {
		f := newFixture(t, dal.MySQLOnly, dal.RouterOptions{})
		f.captures(t)
		tooLarge(t, f)
	})
}
