package migrationctl_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// slow is a follower that takes its time for every put.
type slow struct {
	migrationctl.DynamoDB
	put time.Duration
}

func (s slow) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	if err := wait(ctx, s.put); err != nil {
		return false, &store.Error{Op: "put", Store: "dynamodb", Kind: store.ErrUnavailable, Cause: err}
	}
	return s.DynamoDB.Put(ctx, at, row)
}

// TestHandoffUnderLoad: a hand-off begins under writes that the follower keeps up
// with, and is refused, with nothing changed, under writes with which it does not:
// once the authority is closed requests would wait for what is left.
func TestHandoffUnderLoad(t *testing.T) {
	for name, c := range map[string]struct {
		put, pause time.Duration // of the follower for one put, of the writer between two
		refused    bool
	}{
		"it keeps up": {100 * time.Millisecond, 50 * time.Millisecond, false},
		"it does not": {time.Second, 5 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				w.to(t, store.Validate)
				_, err := w.operator(t).Verify(t.Context(), migrationctl.VerifyOptions{})
				require.NoError(t, err)
				w.dynamo = slow{w.dynamo, c.put}
				ctx, cancel := context.WithCancel(context.Background())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					for id := int64(0); wait(ctx, c.pause) == nil; id++ {
						// Once the fence is closed it is refused.
						_, _ = w.mysql.Write(ctx, w.at(t), store.Write{Mutations: []store.Mutation{w.put(t, user(id))}})
					}
				}()
				time.Sleep(10 * time.Second)
				began := time.Now()
				err = w.operator(t).SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{Force: true})
				took := time.Since(began)
				cancel()
				<-ended
				if c.refused {
					require.ErrorIs(t, err, migrationctl.ErrBehind)
					require.ErrorContains(t, err, "there is always more")
					require.Equal(t, store.Validate, w.settled(t).Phase)
					require.Greater(t, took, 30*time.Second, "it tried")
					return
				}
				require.NoError(t, err)
				require.Equal(t, store.DynamoDBPrimary, w.settled(t).Phase)
				require.Less(t, took, 10*time.Second)
				w.requireEqualStores(t)
			})
		})
	}
}

// TestHandoffThatIsCancelled: an operator who gives up while changes are brought
// over is told so, wherever the step stands, and nothing has changed.
func TestHandoffThatIsCancelled(t *testing.T) {
	for after := 100 * time.Millisecond; after < 3*time.Second; after += 100 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			w := newMemoryWorld(t, faultstore.New())
			w.to(t, store.Validate)
			_, err := w.operator(t).Verify(t.Context(), migrationctl.VerifyOptions{})
			require.NoError(t, err)
			for id := range int64(100) {
				_, err := w.mysql.Write(t.Context(), w.at(t), store.Write{Mutations: []store.Mutation{w.put(t, user(id))}})
				require.NoError(t, err)
			}
			w.dynamo = slow{w.dynamo, time.Second}
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			err = w.operator(t).SetPhase(ctx, store.DynamoDBPrimary, migrationctl.Change{Force: true})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.NotContains(t, err.Error(), "%!")
			require.Equal(t, store.Validate, w.settled(t).Phase)
		})
	}
}

// TestLeft: what is left counts, not how long a pass took that brought much more.
func TestLeft(t *testing.T) {
	w := newMemoryWorld(t, faultstore.New())
	w.to(t, store.DualWrite)
	for id := range int64(10) {
		_, err := w.mysql.Write(t.Context(), w.at(t), store.Write{Mutations: []store.Mutation{w.put(t, user(id))}})
		require.NoError(t, err)
	}
	for _, c := range []struct {
		took      time.Duration
		refreshed int64
		want      time.Duration
	}{
		{4 * time.Second, 100, 400 * time.Millisecond}, // 40 ms each
		{4 * time.Second, 5, 4 * time.Second},          // it took no longer for those and more
		{4 * time.Second, 0, 4 * time.Second},          // of what, nobody knows
		{900 * time.Millisecond, 100, 900 * time.Millisecond},
	} {
		left, err := w.operator(t).Left(t.Context(), c.took, c.refreshed)
		require.NoError(t, err)
		require.Equal(t, c.want, left)
	}
}

// TestLeftOfMarks: a fan-out mark that a pass has not met may be about any number of
// items, so that the pass was not the last one, however short it was.
func TestLeftOfMarks(t *testing.T) {
	eachMall(t, 3, func(t *testing.T, w *world) {
		m := w.openMall(t, idle())
		m.arrive(t, store.Validate)
		_, err := m.Drain(t.Context(), nil)
		require.NoError(t, err)
		left, err := w.operator(t).Left(t.Context(), time.Millisecond, 0)
		require.NoError(t, err)
		require.Equal(t, time.Millisecond, left)
		m.rename(t)
		left, err = w.operator(t).Left(t.Context(), time.Millisecond, 0)
		require.NoError(t, err)
		require.Greater(t, left, time.Second)
	})
}
