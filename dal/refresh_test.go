package dal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// changes returns the change records that wait in the authority.
func (f *fixture) changes(t *testing.T) []store.Change {
	t.Helper()
	lead, _ := f.leads(t.Context())
	var all []store.Change
	for shard := range lead.Shards() {
		page, err := lead.Dirty(t.Context(), store.DirtyRange{Shard: shard, Limit: 1000})
		require.NoError(t, err)
		all = append(all, page.Changes...)
	}
	return all
}

// rename lets users exchange their names in the authority, one after another,
// by way of a name that nobody has; the follower hears of nothing meanwhile.
func (f *fixture) rename(t *testing.T, names map[int64]string) {
	t.Helper()
	set := func(id int64, name string) {
		err := f.users.Update(t.Context(), f.users.Key(id), func(u *User) error { u.Username = name; return nil }, dal.Follow(dal.Async))
		require.NoError(t, err)
	}
	for id := range names {
		set(id, fmt.Sprintf("free%d", id))
	}
	for id, name := range names {
		set(id, name)
	}
}

// TestKeysExchangeUniqueValues: keys that hold each other's unique values are
// put together, whichever of them is refreshed first, and however many there
// are in the ring.
func TestKeysExchangeUniqueValues(t *testing.T) {
	for _, phase := range []dal.Phase{dal.DualWrite, dal.DynamoDBPrimary} {
		for _, ring := range []int64{2, 3, 7, 16} {
			t.Run(fmt.Sprintf("%s/%d", phase, ring), func(t *testing.T) {
				f := newFixture(t, phase, dal.RouterOptions{})
				names := map[int64]string{}
				for id := int64(1); id <= ring; id++ {
					f.seed(t, user(id))
					names[id] = user(id%ring + 1).Username
				}
				f.rename(t, names)
				lead, other := f.leads(t.Context())
				// Each of them first, in a follower that is as it was.
				require.NoError(t, f.refresher(t.Context()).RefreshKey(t.Context(), f.key(ring)))
				require.Equal(t, f.in(t, lead, ring).Version, f.in(t, other, ring).Version)
				require.Equal(t, f.in(t, lead, 1).Version, f.in(t, other, 1).Version, "the ring was not put together")
				f.drain(t)
				f.requireEqualStores(t)
			})
		}
	}
}

// TestExchangeIsBounded: a ring too large for one transaction is untangled when
// some key of it has given its value up for good.
func TestExchangeIsBounded(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	names := map[int64]string{}
	for id := int64(1); id <= 17; id++ {
		f.seed(t, user(id))
		names[id] = user(id%17 + 1).Username
	}
	f.rename(t, names)
	err := f.refresher(t.Context()).RefreshKey(t.Context(), f.key(1))
	require.ErrorIs(t, err, dal.ErrUnique)
	require.ErrorContains(t, err, "more than 16 keys")
	require.NotContains(t, err.Error(), "user")
	require.Equal(t, user(1).Username, f.username(t, f.dynamo, 1), "nothing of it was put")

	require.NoError(t, f.users.Update(t.Context(), f.users.Key(9), func(u *User) error { u.Username = "out"; return nil }, dal.Follow(dal.Async)))
	require.NoError(t, f.refresher(t.Context()).RefreshKey(t.Context(), f.key(9)))
	f.drain(t)
	f.requireEqualStores(t)
}

func (f *fixture) username(t *testing.T, s store.Reader, id int64) string {
	t.Helper()
	v, _ := f.in(t, s, id).Record.Get("username")
	return v.Text()
}

// TestValueTakenOverFromADeletedKey: the holder in the follower is one that the
// authority has deleted.
func TestValueTakenOverFromADeletedKey(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	require.NoError(t, f.users.Delete(t.Context(), f.users.Key(1), dal.Follow(dal.Async)))
	u := user(2)
	u.Username, u.Email = user(1).Username, user(1).Email
	require.NoError(t, f.users.Create(t.Context(), &u, dal.Follow(dal.Required)))
	require.Equal(t, u.Email, f.email(t, f.mysql, 2))
	require.True(t, !f.in(t, f.mysql, 1).Live)
	f.drain(t)
	f.requireEqualStores(t)
}

// TestExchangeReadAgain: the rows of an exchange were read while the authority
// went on. One of them is out of date in the follower's eyes, and holds what
// the other one wants: they are read once more.
func TestExchangeReadAgain(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1), user(2))
	f.rename(t, map[int64]string{1: "user2", 2: "user1"})
	puts := 0
	f.faults.On(func(c faultstore.Call) bool {
		if c.Method == "PutTogether" {
			if puts++; puts == 1 {
				f.change(t, 1, "new")
				f.change(t, 2, "user2")
				require.NoError(t, f.refresher(context.Background()).RefreshKey(context.Background(), f.key(2)))
			}
		}
		return false
	}, faultstore.Before)
	require.NoError(t, f.router.Refresher().RefreshKey(t.Context(), f.key(1)))
	require.Equal(t, 2, puts)
	require.Equal(t, "new", f.username(t, f.mysql, 1))
	f.drain(t)
	f.requireEqualStores(t)
}

// change stores a user with that name in the authority alone, by a process of
// its own.
func (f *fixture) change(t *testing.T, id int64, name string) {
	t.Helper()
	u := user(id)
	u.Username = name
	require.NoError(t, f.elsewhere(t).Put(context.Background(), &u, dal.Follow(dal.Async)))
}

// TestTokenFollows: a token reaches the follower after the rows it stands for,
// and the change stays until it has.
func TestTokenFollows(t *testing.T) {
	for _, phase := range []dal.Phase{dal.DualWrite, dal.DynamoDBPrimary} {
		t.Run(phase.String(), func(t *testing.T) {
			f := newFixture(t, phase, dal.RouterOptions{RequiredBudget: 20 * time.Millisecond})
			remove := f.faults.On(faultstore.Method("Keep"), faultstore.Before)
			u := user(1)
			require.ErrorIs(t, f.users.Create(t.Context(), &u, dal.Token("t"), dal.Follow(dal.Required)), dal.ErrPending)
			_, other := f.leads(t.Context())
			require.True(t, f.in(t, other, 1).Live, "the row did not come first")
			left := f.changes(t)
			require.Len(t, left, 1)
			require.Equal(t, "t", left[0].Token.Token)
			remove()
			f.drain(t)
			f.requireTokenCarried(t, writePath{write: func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
				return usersOf(g).Create(ctx, &u, o...)
			}})
		})
	}
}

// TestTransactionIsCleanedWhole: a change record of several keys stays until
// the last of them is in the follower.
func TestTransactionIsCleanedWhole(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1), user(2))
	require.NoError(t, f.dynamo.Bump(t.Context(), []transform.Key{f.key(1), f.key(2)}))
	left := f.changes(t)
	require.Len(t, left, 1)
	remove := f.faults.On(func(c faultstore.Call) bool { return c.Method == "Put" && slices.Contains(c.Keys, f.key(2)) }, faultstore.Before)
	err := f.router.Refresher().Refresh(t.Context(), left[0])
	require.ErrorIs(t, err, dal.ErrUnavailable)
	keys := dal.KeyErrors(err)
	require.Len(t, keys, 1)
	require.Equal(t, f.key(2), keys[0].Key)
	require.Equal(t, left[0].Keys[1].Version, keys[0].Version)
	require.Equal(t, left[0].Keys[0].Version, f.in(t, f.mysql, 1).Version)
	require.Len(t, f.changes(t), 1, "cleaned, and one key is missing")
	remove()
	require.NoError(t, f.router.Refresher().Refresh(t.Context(), left[0]))
	require.Empty(t, f.changes(t))
}

// TestKeyErrors: an error of several keys is taken apart, and one of none is
// none.
func TestKeyErrors(t *testing.T) {
	a, b := &dal.KeyError{Key: transform.Key{ID: "a"}, Err: dal.ErrTooLarge}, &dal.KeyError{Key: transform.Key{ID: "b"}, Err: dal.ErrUnique}
	require.Equal(t, []*dal.KeyError{a, b}, dal.KeyErrors(errors.Join(a, b)))
	require.Equal(t, []*dal.KeyError{b}, dal.KeyErrors(fmt.Errorf("drain: %w", b)))
	require.Equal(t, []*dal.KeyError{a, b}, dal.KeyErrors(fmt.Errorf("drain: %w", errors.Join(a, b))))
	require.Empty(t, dal.KeyErrors(dal.ErrUnavailable))
	require.Empty(t, dal.KeyErrors(nil))
}

// TestRefreshOfAnotherEpoch: a follower with a fence takes nothing that was
// read in an earlier epoch.
func TestRefreshOfAnotherEpoch(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	u := user(1)
	u.Email = "late@example.com"
	require.NoError(t, f.users.Put(t.Context(), &u, dal.Follow(dal.Async)))
	change := f.changes(t)[0]
	epoch := f.router.Snapshot().Epoch
	late := dal.NewRefresher(f.dynamo, f.mysql, func() uint64 { return epoch - 1 })
	require.ErrorIs(t, late.Refresh(t.Context(), change), dal.ErrWrongPhase)
	require.Equal(t, user(1).Email, f.email(t, f.mysql, 1))
	require.False(t, late.Resting(), "a follower of another phase is not sick")
	require.True(t, f.isDirty(t, f.dynamo, 1))
	require.NoError(t, f.router.Refresher().Refresh(t.Context(), change))
}

// TestEpochIsOfBeforeTheRead: the epoch that the follower is told was taken
// before the authority was read.
func TestEpochIsOfBeforeTheRead(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	u := user(1)
	u.Email = "late@example.com"
	require.NoError(t, f.users.Put(t.Context(), &u, dal.Follow(dal.Async)))
	change := f.changes(t)[0]
	f.faults.On(func(c faultstore.Call) bool {
		if c.Method == "Get" && c.Store == "dynamodb" {
			f.advance(t, dal.DynamoDBPrimary, true)
			now, err := f.snapshot(context.Background())
			require.NoError(t, err)
			f.router.Set(now)
		}
		return false
	}, faultstore.Before)
	require.ErrorIs(t, f.router.Refresher().Refresh(t.Context(), change), dal.ErrWrongPhase)
	require.Equal(t, user(1).Email, f.email(t, f.mysql, 1))
}

// TestRequiredAcrossAHandBack: a required write whose hand-off brought it over
// is acknowledged; one that MySQL was opened without is not.
func TestRequiredAcrossAHandBack(t *testing.T) {
	for _, drained := range []bool{true, false} {
		f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{RequiredBudget: 50 * time.Millisecond})
		f.seed(t, user(1))
		moved := false
		f.faults.On(func(c faultstore.Call) bool {
			if c.Method == "Put" && c.Store == "mysql" && !moved {
				moved = true
				if drained {
					f.handBack(t)
				} else {
					f.abandon(t)
				}
			}
			return false
		}, faultstore.Before)
		u := user(1)
		u.Email = "new@example.com"
		err := f.users.Put(t.Context(), &u, dal.Follow(dal.Required))
		require.True(t, moved)
		if drained {
			require.NoError(t, err)
			require.Equal(t, u.Email, f.email(t, f.mysql, 1))
		} else {
			require.ErrorIs(t, err, dal.ErrPending)
			require.Equal(t, dal.Applied, dal.OutcomeOf(err))
		}
	}
}

// abandon opens MySQL without what is still to come, and the key is written
// there.
func (f *fixture) abandon(t *testing.T) {
	t.Helper()
	f.turn(t, f.mysql, func(r *store.PhaseRecord) { r.State, r.Phase, r.Epoch = store.Open, dal.Validate, r.Epoch+1 })
	r, err := f.mysql.Phase(context.Background())
	require.NoError(t, err)
	router := dal.NewRouter(f.contract, f.mysql, f.dynamo, dal.Snapshot{Phase: r.Phase, Capture: r.Capture, Epoch: r.Epoch}, nil)
	defer router.Close()
	users, err := dal.NewRepository[User](router, "Users")
	require.NoError(t, err)
	require.NoError(t, users.Update(context.Background(), users.Key(1), func(u *User) error { u.Email = "mysql@example.com"; return nil }, dal.Follow(dal.Async)))
}

// handOverAt hands the group over when a refresh is about to put into DynamoDB,
// which then writes the key anew; MySQL has yet to follow.
func (f *fixture) handOverAt(t *testing.T) {
	moved := false
	f.faults.On(func(c faultstore.Call) bool {
		if c.Method == "Put" && c.Store == "dynamodb" && !moved {
			moved = true
			f.handOver(t)
			f.change(t, 1, "new")
		}
		return false
	}, faultstore.Before)
	t.Cleanup(func() {
		require.True(t, moved)
		require.Equal(t, "new", f.username(t, f.dynamo, 1))
		require.NotEqual(t, "new", f.username(t, f.mysql, 1))
	})
}

// TestLateRefreshMeetsTheLeader: a refresh of before a hand-off that ends after
// it does not advise to empty the store that leads by now.
func TestLateRefreshMeetsTheLeader(t *testing.T) {
	f := newFixture(t, dal.Validate, dal.RouterOptions{})
	f.seed(t, user(1))
	require.NoError(t, f.mysql.Bump(t.Context(), []transform.Key{f.key(1)}))
	change := f.changes(t)[0]
	f.handOverAt(t)
	err := f.router.Refresher().Refresh(t.Context(), change)
	require.ErrorIs(t, err, dal.ErrWrongPhase)
	require.NotErrorIs(t, err, dal.ErrConflict)
	require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
	require.NotContains(t, err.Error(), "empty")
}

// TestRequiredAcrossAHandOver: a required write whose refresh comes late is
// acknowledged: the hand-off brought it over.
func TestRequiredAcrossAHandOver(t *testing.T) {
	f := newFixture(t, dal.Validate, dal.RouterOptions{RequiredBudget: 50 * time.Millisecond})
	f.seed(t, user(1))
	f.handOverAt(t)
	u := user(1)
	u.Email = "late@example.com"
	require.NoError(t, f.users.Put(t.Context(), &u, dal.Follow(dal.Required)))
}

// TestRepeatedAcrossAHandOver: the same for a write that was applied before, of
// whose version nobody knows any more.
func TestRepeatedAcrossAHandOver(t *testing.T) {
	f := newFixture(t, dal.Validate, dal.RouterOptions{RequiredBudget: 50 * time.Millisecond})
	u := user(1)
	require.NoError(t, f.users.Create(t.Context(), &u, dal.Token("t"), dal.Follow(dal.Async)))
	f.handOverAt(t)
	require.NoError(t, f.users.Create(t.Context(), &u, dal.Token("t"), dal.Follow(dal.Required)))
}

// TestLateRefreshMeetsAnOpenedMySQL: a refresh from DynamoDB that ends when MySQL was
// opened without it, and has written on, does not advise to empty MySQL, though
// DynamoDB has not heard of it and its mark is still open.
func TestLateRefreshMeetsAnOpenedMySQL(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	require.NoError(t, f.dynamo.Bump(t.Context(), []transform.Key{f.key(1)}))
	change := f.changes(t)[0]
	row := f.in(t, f.dynamo, 1)
	applied, err := f.mysql.Put(t.Context(), store.At{Epoch: f.router.Snapshot().Epoch}, row)
	require.NoError(t, err)
	require.True(t, applied, "another refresh was faster")
	moved := false
	f.faults.On(func(c faultstore.Call) bool {
		if c.Method == "Get" && c.Store == "mysql" && !moved {
			moved = true
			f.abandon(t)
		}
		return false
	}, faultstore.Before)
	require.ErrorIs(t, f.router.Refresher().Refresh(t.Context(), change), dal.ErrWrongPhase)
	require.True(t, moved)
}

// TestRepeatedWriteIsFollowed: a required write that had been applied before is
// acknowledged only when the follower has it.
func TestRepeatedWriteIsFollowed(t *testing.T) {
	for _, phase := range []dal.Phase{dal.DualWrite, dal.DynamoDBPrimary} {
		f := newFixture(t, phase, dal.RouterOptions{RequiredBudget: 20 * time.Millisecond})
		u := user(1)
		require.NoError(t, f.users.Create(t.Context(), &u, dal.Token("t"), dal.Follow(dal.Async)))
		remove := f.faults.On(faultstore.Method("Put"), faultstore.Before)
		require.ErrorIs(t, f.users.Create(t.Context(), &u, dal.Token("t"), dal.Follow(dal.Required)), dal.ErrPending)
		remove()
		f.reroute(t, f.mysql, f.dynamo, dal.RouterOptions{}) // whose breaker knows nothing
		require.NoError(t, f.users.Create(t.Context(), &u, dal.Token("t"), dal.Follow(dal.Required)))
		_, other := f.leads(t.Context())
		require.True(t, f.in(t, other, 1).Live)
	}
}

// TestFollowerAhead: a follower of a later history is never taken for one that
// is up to date.
func TestFollowerAhead(t *testing.T) {
	for _, phase := range []dal.Phase{dal.DualWrite, dal.DynamoDBPrimary} {
		f := newFixture(t, phase, dal.RouterOptions{})
		f.seed(t, user(1))
		lead, other := f.leads(t.Context())
		row := f.in(t, other, 1)
		row.Version = store.Floor(99)
		_, err := other.Put(t.Context(), store.At{Epoch: f.router.Snapshot().Epoch}, row)
		require.NoError(t, err)
		require.NoError(t, lead.Bump(t.Context(), []transform.Key{f.key(1)}))
		err = f.router.Refresher().Refresh(t.Context(), f.changes(t)[0])
		require.ErrorIs(t, err, dal.ErrConflict)
		require.Len(t, f.changes(t), 1)
	}
}
