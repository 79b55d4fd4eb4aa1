package dal_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestUnitSeesItself: what a unit has staged is what it reads, and what both
// stores have afterwards.
func TestUnitSeesItself(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2), user(3))
		assigned := user(9)
		assigned.ID = 0
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			ctx := t.Context()
			fourth, second := user(4), user(2)
			assigned.ID = 0
			require.NoError(t, users.Create(ctx, &fourth))
			require.ErrorIs(t, users.Create(ctx, &fourth), dal.ErrExists)
			require.NoError(t, users.Update(ctx, users.Key(4), setEmail("four@example.com")))
			require.NoError(t, users.Update(ctx, users.Key(1), setEmail("one@example.com")))
			require.NoError(t, users.UpdateAtCommit(ctx, users.Key(1), func(u *User) error { u.Email += ".org"; return nil }))
			require.NoError(t, users.UpdateAtCommit(ctx, users.Key(3), func(u *User) error { u.Username += "!"; return nil }))
			require.NoError(t, users.UpdateAtCommit(ctx, users.Key(3), func(u *User) error { u.Username += "?"; return nil }))
			require.NoError(t, users.Delete(ctx, users.Key(2)))
			require.ErrorIs(t, users.Delete(ctx, users.Key(2)), dal.ErrNotFound)
			require.ErrorIs(t, users.Update(ctx, users.Key(2), setEmail("x")), dal.ErrNotFound)
			require.NoError(t, users.Create(ctx, &second))
			require.NoError(t, users.Delete(ctx, users.Key(2)))
			require.NoError(t, users.Create(ctx, &assigned))
			require.Zero(t, assigned.ID)
			all, err := users.GetMany(ctx, []dal.Key{users.Key(1), users.Key(2), users.Key(3), users.Key(4), users.Key(5)})
			require.NoError(t, err)
			require.Len(t, all, 3)
			require.Equal(t, "one@example.com.org", all[users.Key(1)].Email)
			require.Equal(t, "user3!?", all[users.Key(3)].Username)
			require.Equal(t, "four@example.com", all[users.Key(4)].Email)
			_, err = users.Get(ctx, users.Key(2))
			require.ErrorIs(t, err, dal.ErrNotFound)
			lead, _ := f.leads(ctx)
			require.False(t, f.in(t, lead, 4).Live, "nothing is written before the end")
			return nil
		}))
		lead, _ := f.leads(t.Context())
		require.Equal(t, "one@example.com.org", f.email(t, lead, 1))
		require.Equal(t, "four@example.com", f.email(t, lead, 4))
		require.False(t, f.in(t, lead, 2).Live)
		require.NotZero(t, assigned.ID)
		require.Equal(t, "user9@example.com", f.email(t, lead, assigned.ID))
		if phase := f.router.Snapshot().Phase; phase.HasFollower() {
			f.requireEqualStores(t)
		}
	})
}

// TestUnitOverItsOwnSteps: what a unit stages for one key follows upon what it
// has staged there before, whatever it knows of the store.
func TestUnitOverItsOwnSteps(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2), user(3))
		again, put, fresh := user(1), user(3), user(4)
		again.Username, put.Username, fresh.Username = "again", "put", "fresh"
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			ctx := t.Context()
			require.NoError(t, users.Delete(ctx, users.Key(1)))
			require.NoError(t, users.Create(ctx, &again))
			require.NoError(t, users.UpdateAtCommit(ctx, users.Key(3), func(u *User) error { u.Username = "lost"; return nil }))
			require.NoError(t, users.Put(ctx, &put))
			require.NoError(t, users.Create(ctx, &fresh))
			require.NoError(t, users.Put(ctx, &fresh))
			return users.UpdateAtCommit(ctx, users.Key(4), func(u *User) error { u.Username += "!"; return nil })
		}))
		for id, want := range map[int64]string{1: "again", 3: "put", 4: "fresh!"} {
			u, err := f.users.Get(t.Context(), f.users.Key(id))
			require.NoError(t, err)
			require.Equal(t, want, u.Username)
		}
		require.ErrorIs(t, f.atomically(t, func(users dal.InUnit[User]) error {
			second := user(2)
			require.NoError(t, users.Create(t.Context(), &second))
			return users.Delete(t.Context(), users.Key(2))
		}), dal.ErrExists, "it was never there to be created")
		require.ErrorIs(t, f.atomically(t, func(users dal.InUnit[User]) error {
			require.NoError(t, users.UpdateAtCommit(t.Context(), users.Key(77), setEmail("x")))
			missing := user(77)
			return users.Put(t.Context(), &missing)
		}), dal.ErrNotFound)
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			fifth := user(5)
			require.NoError(t, users.Put(t.Context(), &fifth))
			return users.Delete(t.Context(), users.Key(5))
		}))
		lead, _ := f.leads(t.Context())
		require.False(t, f.in(t, lead, 5).Live)
	})
}

// TestUnitForgetsNoChange: a change that was staged without a read, and then meets a
// read that shows it can't be made, fails the unit, whatever becomes of the read's
// own error.
func TestUnitForgetsNoChange(t *testing.T) {
	errOwn := errors.New("the caller's own")
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1))
		for id, want := range map[int]error{77: dal.ErrNotFound, 1: errOwn} {
			err := f.atomically(t, func(users dal.InUnit[User]) error {
				fresh := user(5)
				require.NoError(t, users.Create(t.Context(), &fresh))
				require.NoError(t, users.UpdateAtCommit(t.Context(), users.Key(id), func(*User) error { return errOwn }))
				_, err := users.Get(t.Context(), users.Key(id))
				require.ErrorIs(t, err, want)
				return nil
			})
			require.ErrorIs(t, err, want)
			lead, _ := f.leads(t.Context())
			require.False(t, f.in(t, lead, 5).Live)
		}
	})
}

// TestUnitKeepsItsOrder: statements come in the order in which they were staged,
// whatever was read before: in MySQL a unique value has to be given up first.
func TestUnitKeepsItsOrder(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2), user(3))
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			_, err := users.GetMany(t.Context(), []dal.Key{users.Key(1), users.Key(2), users.Key(3)})
			require.NoError(t, err)
			fresh := user(9)
			fresh.ID = 0
			require.NoError(t, users.Create(t.Context(), &fresh))
			require.NoError(t, users.Delete(t.Context(), users.Key(2)))
			require.NoError(t, users.Update(t.Context(), users.Key(3), setEmail("user2@example.com")))
			return users.Update(t.Context(), users.Key(1), setEmail("user3@example.com"))
		}))
		writes := f.faults.Matching(faultstore.Method("Write"))
		require.Equal(t, []transform.Key{{}, f.key(2), f.key(3), f.key(1)}, writes[len(writes)-1].Keys)
	})
}

// TestUnitPassesOn: in every phase a unique value is free once what was staged before has
// let it go, and taken until then. A record has its place by what was staged of it first.
func TestUnitPassesOn(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2))
		set := func(users dal.InUnit[User], id int, email string) {
			require.NoError(t, users.Update(t.Context(), users.Key(id), setEmail(email)))
		}
		for name, do := range map[string]func(users dal.InUnit[User]){
			"exchanged": func(users dal.InUnit[User]) {
				set(users, 1, "user2@example.com")
				set(users, 2, "user1@example.com")
			},
			"exchanged by way of another value": func(users dal.InUnit[User]) {
				set(users, 1, "spare@example.com")
				set(users, 2, "user1@example.com")
				set(users, 1, "user2@example.com")
			},
			"taken first": func(users dal.InUnit[User]) {
				set(users, 1, "user2@example.com")
				require.NoError(t, users.Delete(t.Context(), users.Key(2)))
			},
			"read first": func(users dal.InUnit[User]) {
				_, err := users.Get(t.Context(), users.Key(2))
				require.NoError(t, err)
				require.NoError(t, users.UpdateAtCommit(t.Context(), users.Key(1), setEmail("user2@example.com")))
				set(users, 2, "spare@example.com")
			},
		} {
			before := f.records(t, f.mysql)
			err := f.atomically(t, func(users dal.InUnit[User]) error { do(users); return nil })
			require.ErrorIs(t, err, dal.ErrUnique, name)
			var e *dal.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "email", e.Field, name)
			require.Equal(t, before, f.records(t, f.mysql), name)
		}
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			set(users, 1, "spare@example.com")
			set(users, 2, "user1@example.com")
			third := user(3)
			third.Email = "user2@example.com"
			return users.Create(t.Context(), &third)
		}))
		lead, _ := f.leads(t.Context())
		require.True(t, f.in(t, lead, 3).Live)
	})
}

// TestUnitMisused: what can't be part of a unit of work is refused.
func TestUnitMisused(t *testing.T) {
	f, g := newFixture(t, dal.DualWrite, dal.RouterOptions{}), newFixture(t, dal.DualWrite, dal.RouterOptions{})
	var after dal.InUnit[User]
	require.NoError(t, f.router.Atomically(t.Context(), func(_ context.Context, tx *dal.Tx) error {
		after = f.users.In(tx)
		_, err := g.users.In(tx).Get(t.Context(), g.users.Key(1))
		require.ErrorIs(t, err, dal.ErrInvalid)
		require.ErrorContains(t, err, "another group")
		none := User{}
		require.ErrorIs(t, after.Put(t.Context(), &none), dal.ErrInvalid)
		_, err = after.Get(t.Context(), f.users.Key("no number"))
		require.ErrorIs(t, err, dal.ErrInvalid)
		return nil
	}))
	_, err := after.Get(t.Context(), f.users.Key(1))
	require.ErrorContains(t, err, "over")
	require.ErrorIs(t, f.atomically(t, func(dal.InUnit[User]) error { return nil }, dal.Token("")), dal.ErrInvalid)
}
