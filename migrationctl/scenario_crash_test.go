package migrationctl_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// TestScenario03AddWhileFollowerFails: a line holds 5, add 1 while the follower
// fails: 6 in MySQL at once, and in DynamoDB once it is back.
func TestScenario03AddWhileFollowerFails(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.DualWrite)
		p := w.open(t, nil)
		u := user(1)
		u.Profile.Count = 5
		require.NoError(t, p.users.Create(t.Context(), &u))
		require.Equal(t, 5, w.count(t, w.dynamo, 1))

		back := w.faults.On(faultstore.Method("Put"), faultstore.Before)
		require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
		require.Equal(t, 6, w.count(t, w.mysql, 1))
		require.Equal(t, 5, w.count(t, w.dynamo, 1))

		back()
		p.drained(t)
		require.Equal(t, 6, w.count(t, w.dynamo, 1))
		w.requireEqualStores(t)
	})
}

// TestScenario04FollowerDownForLong: with the follower down under load every
// call succeeds within its budget, memory stays bounded, the breaker probes
// gently, and the stores are equal after it returns.
func TestScenario04FollowerDownForLong(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.DualWrite)
		p := w.open(t, nil)
		back := w.faults.On(func(c faultstore.Call) bool { return c.Store == "dynamodb" }, faultstore.Lost)

		const writers, each = 8, 100
		before := heap()
		var work sync.WaitGroup
		errs := make(chan error, writers*each)
		for writer := range writers {
			work.Add(1)
			go func() {
				defer work.Done()
				for i := range each {
					u := user(int64(writer*each + i))
					if err := p.users.Create(context.Background(), &u); err != nil {
						errs <- err
					}
				}
			}()
		}
		work.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		puts := len(w.faults.Matching(faultstore.Method("Put")))
		require.Less(t, puts, writers*each/4, "the breaker let too many calls through to a follower that is down")
		require.Less(t, heap()-before, int64(32<<20))

		back()
		p.drained(t)
		w.requireEqualStores(t)
		require.Len(t, w.texts(t, w.dynamo), writers*each)
		next := int64(writers * each)
		require.Eventually(t, func() bool {
			next++
			u := user(next)
			return p.users.Create(context.Background(), &u) == nil && !p.Stats().Resting
		}, 20*time.Second, 10*time.Millisecond, "the follower is back and still left alone")
	})
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestScenario05AuthorityFailsOnCommit: the caller learns not applied or
// unknown, nothing is half done, and a retry with the same token applies once.
func TestScenario05AuthorityFailsOnCommit(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.DualWrite)
		p := w.open(t, nil)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		for i, effect := range []faultstore.Effect{faultstore.Before, faultstore.Lost, faultstore.After} {
			token := dal.Token(fmt.Sprintf("add-%d", i))
			remove := w.faults.On(faultstore.Method("Write"), effect)
			err := p.users.Update(t.Context(), p.users.Key(1), addOne, token)
			remove()
			require.ErrorIs(t, err, dal.ErrUnavailable)
			want := dal.Unknown
			if effect == faultstore.Before {
				want = dal.NotApplied
			}
			require.Equal(t, want, dal.OutcomeOf(err))
			require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne, token))
			require.Equal(t, i+1, w.count(t, w.mysql, 1), effect.String())
		}
		w.requireEqualStores(t)
	})
}

// TestScenario07CancelledCaller cancels the caller's context at every call of
// every write. There is never a commit without change record. Once the commit
// is done, the follower gets the write although the caller is gone: there is no
// relay here to help.
func TestScenario07CancelledCaller(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.DualWrite)
		p := w.open(t, quiet())
		writes := map[string]func(context.Context, int64) error{
			"create": func(ctx context.Context, id int64) error {
				u := user(id)
				u.Profile.Count = 1
				return p.users.Create(ctx, &u)
			},
			"update": func(ctx context.Context, id int64) error { return p.users.Update(ctx, p.users.Key(id), addOne) },
			"put": func(ctx context.Context, id int64) error {
				u := user(id)
				u.Profile.Count = 1
				return p.users.Put(ctx, &u)
			},
			"delete": func(ctx context.Context, id int64) error { return p.users.Delete(ctx, p.users.Key(id)) },
		}
		id := int64(0)
		for name, write := range writes {
			for n := 0; ; n++ {
				id++
				if name != "create" {
					u := user(id)
					require.NoError(t, p.users.Create(t.Context(), &u))
				}
				before := w.row(t, w.mysql, id)
				calls := cancelAt(t, w, n, func(ctx context.Context) error { return write(ctx, id) })

				after := w.row(t, w.mysql, id)
				if after.Live != before.Live || (after.Live && !after.Record.Equal(before.Record)) {
					require.Greater(t, after.Version, before.Version, "%s, call %d: a commit without change record", name, n)
					require.False(t, after.Dirty, "%s, call %d: the follower was lost with the caller", name, n)
				}
				if calls <= n {
					break
				}
			}
		}
		w.requireEqualStores(t)
	})
}

// cancelAt runs write with a context that is cancelled just before store call n
// of the write is made, and returns how many calls there were.
func cancelAt(t *testing.T, w *world, n int, write func(context.Context) error) int {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	calls := 0
	remove := w.faults.On(func(c faultstore.Call) bool {
		if c.Store == "mysql" && c.Role == faultstore.Control {
			return false // the process's heartbeat
		}
		mu.Lock()
		defer mu.Unlock()
		if calls == n {
			cancel()
		}
		calls++
		return false
	}, faultstore.Before)
	defer remove()
	_ = write(ctx)
	mu.Lock()
	defer mu.Unlock()
	return calls
}

// TestScenario44FollowerHangs: DynamoDB hangs: latency stays within the
// budget in phases 1 to 3, and once it is seen to hang costs next to nothing.
func TestScenario44FollowerHangs(t *testing.T) {
	for _, phase := range []store.Phase{store.DualWrite, store.Validate} {
		t.Run(phase.String(), func(t *testing.T) {
			eachWorld(t, func(t *testing.T, w *world) { hang(t, w, phase) })
		})
	}
}

func hang(t *testing.T, w *world, phase store.Phase) {
	w.to(t, phase)
	p := w.open(t, &migrationctl.Options{PromptBudget: 50 * time.Millisecond})
	held := w.faults.StallOn(func(c faultstore.Call) bool { return c.Store == "dynamodb" })
	const slack = 3 * time.Second // of a loaded machine; the hang itself has no end
	for id := range int64(12) {
		start := time.Now()
		u := user(id)
		require.NoError(t, p.users.Create(t.Context(), &u))
		_, err := p.users.Get(t.Context(), p.users.Key(id))
		require.NoError(t, err)
		require.Less(t, time.Since(start), slack)
	}
	require.Eventually(t, func() bool {
		_ = p.users.Update(t.Context(), p.users.Key(1), addOne)
		return p.Stats().Resting
	}, time.Minute, time.Millisecond, "the breaker never opened")
	held.Release()
	p.drained(t)
	w.requireEqualStores(t)
}
