package dal_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
)

// reads are the three reads of a repository, each of user 1, as one's e-mail.
var reads = map[string]func(context.Context, *dal.Repository[User], ...dal.ReadOption) (string, error){
	"Get": func(ctx context.Context, users *dal.Repository[User], o ...dal.ReadOption) (string, error) {
		u, err := users.Get(ctx, users.Key(1), o...)
		return u.Email, err
	},
	"GetMany": func(ctx context.Context, users *dal.Repository[User], o ...dal.ReadOption) (string, error) {
		many, err := users.GetMany(ctx, []dal.Key{users.Key(1)}, o...)
		return many[users.Key(1)].Email, err
	},
	"Query": func(ctx context.Context, users *dal.Repository[User], o ...dal.ReadOption) (email string, err error) {
		for u, e := range users.Query(ctx, dal.Index("UsernameIndex").Equal("user1"), o...) {
			email, err = u.Email, e
		}
		return email, err
	},
	"Page": func(ctx context.Context, users *dal.Repository[User], o ...dal.ReadOption) (string, error) {
		page, err := users.Page(ctx, dal.Index("UsernameIndex").Equal("user1"), "", 1, o...)
		if err != nil {
			return "", err
		}
		return page.Items[0].Email, nil
	},
}

// ofDynamoDB chooses DynamoDB's reads.
func ofDynamoDB(c faultstore.Call) bool { return c.Store == "dynamodb" && c.Role == faultstore.Shared }

type fallbackHook struct{ events []dal.FallbackEvent }

func (h *fallbackHook) OnFallback(e dal.FallbackEvent) { h.events = append(h.events, e) }

// TestScenario36Fallback: in phase 4 DynamoDB fails, and MySQL answers a caller
// who allows it. The answer may be stale and says so, and it is counted.
func TestScenario36Fallback(t *testing.T) {
	for name, read := range reads {
		for _, kind := range []error{dal.ErrUnavailable, dal.ErrThrottled} {
			t.Run(name, func(t *testing.T) {
				seen := &fallbackHook{}
				f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{Hooks: []dal.Hook{seen}})
				f.seed(t, user(1))
				// Acknowledged and not yet in MySQL.
				require.NoError(t, f.users.Update(t.Context(), f.users.Key(1), func(u *User) error { u.Email = "new@example.com"; return nil },
					dal.Follow(dal.Async)))

				stale := true
				email, err := read(t.Context(), f.users, dal.AllowStale(&stale))
				require.NoError(t, err)
				require.Equal(t, "new@example.com", email)
				require.False(t, stale, "DynamoDB answered")

				remove := f.faults.FailWith(ofDynamoDB, &store.Error{Op: "x", Store: "dynamodb", Kind: kind})
				_, err = read(t.Context(), f.users)
				require.ErrorIs(t, err, kind, "not without the option")
				email, err = read(t.Context(), f.users, dal.AllowStale(&stale))
				require.NoError(t, err)
				require.Equal(t, user(1).Email, email)
				require.True(t, stale)
				require.Equal(t, int64(1), f.router.Stats().Fallbacks)
				require.Len(t, seen.events, 1)
				require.ErrorIs(t, seen.events[0].Cause, kind)
				require.Equal(t, "Users", seen.events[0].Entity)

				remove()
				_, err = read(t.Context(), f.users, dal.AllowStale(&stale))
				require.NoError(t, err)
				require.False(t, stale)
				_, err = read(t.Context(), f.users, dal.AllowStale(nil))
				require.NoError(t, err)
			})
		}
	}
}

// TestScenario36MySQLStopped: in phase 5 MySQL is gone, and everything works.
func TestScenario36MySQLStopped(t *testing.T) {
	f := newFixture(t, dal.DynamoDBOnly, dal.RouterOptions{})
	f.faults.On(func(c faultstore.Call) bool { return c.Store == "mysql" }, faultstore.Before)
	before := len(f.faults.Calls())
	u := user(1)
	require.NoError(t, f.users.Create(t.Context(), &u, dal.Follow(dal.Required)))
	for name, read := range reads {
		email, err := read(t.Context(), f.users)
		require.NoError(t, err, name)
		require.Equal(t, u.Email, email)
	}
	for _, path := range writePaths()[1:5] { // 1 is there, as they want
		require.NoError(t, path.write(t.Context(), f.router), path.name)
	}
	for _, c := range f.faults.Calls()[before:] {
		require.Equal(t, "dynamodb", c.Store)
	}
}

// TestNoFallbackInOtherPhases: where MySQL is the authority it is the answer
// that fails, and in phase 5 it is no follower any more.
func TestNoFallbackInOtherPhases(t *testing.T) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		if phase == dal.DynamoDBPrimary {
			continue
		}
		f := newFixture(t, phase, dal.RouterOptions{})
		f.seed(t, user(1))
		lead, other := f.leads(t.Context())
		remove := f.faults.On(func(c faultstore.Call) bool { return c.Store == lead.Name() && c.Method == "Get" }, faultstore.Before)
		before := len(f.faults.Calls())
		stale := true
		_, err := f.users.Get(t.Context(), f.users.Key(1), dal.AllowStale(&stale))
		require.ErrorIs(t, err, dal.ErrUnavailable)
		require.False(t, stale)
		for _, c := range f.faults.Calls()[before:] {
			require.NotEqual(t, other.Name(), c.Store, "asked in %s", phase)
		}
		remove()
		_, err = f.users.Get(t.Context(), f.users.Key(1), dal.AllowStale(&stale))
		require.NoError(t, err)
	}
}

// TestNoFallbackForAnAnswer: that nothing is there, or that a query makes no
// sense, is an answer.
func TestNoFallbackForAnAnswer(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	require.NoError(t, f.users.Delete(t.Context(), f.users.Key(1), dal.Follow(dal.Async)))
	var stale bool
	_, err := f.users.Get(t.Context(), f.users.Key(1), dal.AllowStale(&stale))
	require.ErrorIs(t, err, dal.ErrNotFound)
	f.faults.FailWith(ofDynamoDB, &store.Error{Kind: store.ErrInvalid})
	_, err = f.users.Get(t.Context(), f.users.Key(1), dal.AllowStale(&stale))
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.Zero(t, f.router.Stats().Fallbacks)
}

// TestFallbackFails: where neither answers, the error is the authority's.
func TestFallbackFails(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.faults.On(faultstore.Method("Get"), faultstore.Before)
	stale := true
	_, err := f.users.Get(t.Context(), f.users.Key(1), dal.AllowStale(&stale))
	var e *dal.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "dynamodb", e.Store)
	require.False(t, stale)
	require.Zero(t, f.router.Stats().Fallbacks)
}

// TestFallbackDoesNotWaitLong: a DynamoDB that hangs, or gives no lease, holds
// up a read that allows a stale answer for a second, not for the caller's whole
// deadline.
func TestFallbackDoesNotWaitLong(t *testing.T) {
	for _, hangs := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{
				Reload: func(ctx context.Context) (dal.Snapshot, error) {
					<-ctx.Done()
					return dal.Snapshot{}, ctx.Err()
				}})
			f.seed(t, user(1))
			if hangs {
				stall := f.faults.StallOn(ofDynamoDB)
				defer stall.Release()
			} else {
				f.lease.End()
			}
			start := time.Now()
			var stale bool
			_, err := f.users.Get(t.Context(), f.users.Key(1), dal.AllowStale(&stale))
			require.NoError(t, err)
			require.True(t, stale)
			require.Equal(t, time.Second, time.Since(start))

			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			_, err = f.users.Get(ctx, f.users.Key(1), dal.AllowStale(&stale))
			require.ErrorIs(t, err, context.DeadlineExceeded, "the caller has gone")
			f.router.Close()
		})
	}
}

// TestFallbackMeetsAHandOff: a phase that is no longer 4 is answered by its
// authority, and that answer is not stale.
func TestFallbackMeetsAHandOff(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	f.handBack(t)
	stale := true
	u, err := f.users.Get(t.Context(), f.users.Key(1), dal.AllowStale(&stale))
	require.NoError(t, err)
	require.Equal(t, user(1), u)
	require.False(t, stale)
	require.Equal(t, dal.Validate, f.router.Snapshot().Phase)
}
