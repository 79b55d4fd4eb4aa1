package dal_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
)

// A slowStore takes its time for a put, which lands whether or not anybody still
// waits for it.
type slowStore struct {
	*memstore.Store
	takes *time.Duration
}

func (s slowStore) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	took, err := s.Store.Put(ctx, at, row)
	select {
	case <-time.After(*s.takes):
		return took, err
	case <-ctx.Done():
		return false, &store.Error{Op: "put", Store: s.Name(), Kind: store.ErrUnavailable, Outcome: store.Unknown, Cause: ctx.Err()}
	}
}

// TestSlowFollower: a follower that takes longer than writes wait is not down.
// Each write waits as long as it may, which also keeps writers from running away
// from it, and a relay, which has the time, is not held up.
func TestSlowFollower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes := 300 * time.Millisecond
		f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
		f.reroute(t, f.mysql, slowStore{f.dynamo, &takes}, dal.RouterOptions{PromptBudget: 100 * time.Millisecond})
		refresher := f.router.Refresher()
		start := time.Now()
		for id := range int64(100) {
			u := user(id + 1)
			require.NoError(t, f.users.Create(t.Context(), &u))
			require.False(t, refresher.Resting(), "write %d", id)
			if id%5 == 0 { // a relay is at work beside them
				require.NoError(t, refresher.Refresh(t.Context(), f.changes(t)[0]))
			}
		}
		require.Equal(t, 100*100*time.Millisecond+20*takes, time.Since(start))
		for _, c := range f.changes(t) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			require.NoError(t, refresher.Refresh(ctx, c))
			cancel()
		}
		f.requireEqualStores(t)

		takes = 0
		time.Sleep(time.Minute)
		u := user(1000)
		require.NoError(t, f.users.Create(t.Context(), &u))
		require.False(t, f.isDirty(t, f.mysql, 1000), "it is fast again")
		require.False(t, f.router.Stats().Resting)
	})
}

// TestHangingFollower: one that answers nobody, however long he waits, is left
// alone by everybody.
func TestHangingFollower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes := time.Hour
		f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
		f.reroute(t, f.mysql, slowStore{f.dynamo, &takes}, dal.RouterOptions{})
		for id := range int64(20) {
			u := user(id + 1)
			require.NoError(t, f.users.Create(t.Context(), &u))
		}
		tried := 0
		for _, c := range f.changes(t) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			require.ErrorIs(t, f.router.Refresher().Refresh(ctx, c), dal.ErrUnavailable)
			if ctx.Err() != nil {
				tried++
			}
			cancel()
		}
		require.True(t, f.router.Refresher().Resting())
		require.Less(t, tried, 10)
	})
}
