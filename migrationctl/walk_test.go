package migrationctl_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// leading returns options under which phase 4 may be short.
func leading() *migrationctl.Options {
	return &migrationctl.Options{Who: "test", MinPrimary: time.Nanosecond}
}

// step makes one step with a process's own controller.
func (p *process) step(t testing.TB, to store.Phase) {
	t.Helper()
	if to == store.DynamoDBPrimary {
		p.verified(t)
	}
	require.NoError(t, p.SetPhase(t.Context(), to, migrationctl.Change{Reason: "walk"}))
}

// verified makes a verify that counts for the guards.
func (p *process) verified(t testing.TB) {
	t.Helper()
	require.Eventually(t, func() bool {
		reports, err := p.Verify(t.Context(), migrationctl.VerifyOptions{})
		require.NoError(t, err)
		for _, r := range reports {
			if !r.Clean() {
				return false
			}
		}
		return true
	}, time.Minute, 10*time.Millisecond)
}

// walk goes through all phases and back, with a backfill in either direction. It calls
// do in each phase, and meanwhile while each step is made.
func (p *process) walk(t *testing.T, do func(phase store.Phase), meanwhile func() error) {
	t.Helper()
	do(store.MySQLOnly)
	require.NoError(t, p.CaptureOn(t.Context(), migrationctl.Change{Reason: "test"}))
	for i, to := range []store.Phase{2, 3, 4, 5, 4, 3, 2} {
		p.stepUnder(t, to, meanwhile)
		switch i {
		case 0:
			require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		case 3:
			require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{Reverse: true}))
		}
		do(to)
		if to != store.DynamoDBOnly {
			p.drained(t)
			p.verified(t)
		}
	}
}

// stepUnder makes a step while meanwhile is called again and again.
func (p *process) stepUnder(t *testing.T, to store.Phase, meanwhile func() error) {
	t.Helper()
	if to == store.DynamoDBPrimary {
		p.verified(t)
	}
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
			if err := meanwhile(); err != nil {
				ended <- err
				return
			}
		}
	}()
	err := p.SetPhase(t.Context(), to, migrationctl.Change{Reason: "walk"})
	close(stop)
	require.NoError(t, <-ended, "while phase %d was set", to)
	require.NoError(t, err)
}

// TestWalk goes from phase 1 to 5 and back to 1, with three processes that
// write all the time. No request fails, and at rest the stores are equal.
func TestWalk(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.Validate)
		fleet := []*process{w.open(t, leading()), w.open(t, nil), w.open(t, nil)}
		load := startLoad(t, fleet)
		for _, to := range []store.Phase{4, 5, 4, 3, 4, 3, 2, 1} {
			fleet[0].step(t, to)
			for _, p := range fleet {
				require.Equal(t, to, p.Router().Snapshot().Phase)
			}
			load.goOn(t)
		}
		load.stop()
		require.Zero(t, load.failed.Load())
		require.NoError(t, fleet[0].SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}))
		w.requireEqualStores(t)
		for id, want := range load.counts() {
			require.Equal(t, want, w.count(t, w.mysql, id), "user %d", id)
		}
	})
}

// pause is what a writer waits between two operations, or as long as the last ones
// took: the machine is to be at work, not at its end, where the follower falls
// behind, no verify ends and no hand-off begins.
const pause = 20 * time.Millisecond

// A load is many writers of a fleet, each with a user of its own that it counts
// up and reads back.
type load struct {
	failed atomic.Int64
	done   atomic.Int64
	quit   context.Context
	end    context.CancelFunc
	work   sync.WaitGroup
	final  sync.Map
}

// startLoad starts writers that go on until stop, or until the test ends.
func startLoad(t *testing.T, fleet []*process) *load {
	l := &load{}
	l.quit, l.end = context.WithCancel(context.Background())
	t.Cleanup(l.stop)
	for i := range 4 * len(fleet) {
		p := fleet[i%len(fleet)]
		u := user(int64(1000 + i))
		require.NoError(t, p.users.Create(t.Context(), &u))
		l.work.Add(1)
		go func() {
			defer l.work.Done()
			l.write(t, p, u.ID)
		}()
	}
	return l
}

func (l *load) write(t *testing.T, p *process, id int64) {
	for n := 1; ; n++ {
		select {
		case <-l.quit.Done():
			l.final.Store(id, n-1)
			return
		default:
		}
		began := time.Now()
		err := p.users.Update(context.Background(), p.users.Key(id), addOne)
		if err != nil {
			l.failed.Add(1)
			t.Error(err)
			l.final.Store(id, n-1)
			return
		}
		u, err := p.users.Get(context.Background(), p.users.Key(id))
		if err != nil || u.Profile.Count != n {
			l.failed.Add(1)
			t.Errorf("user %d: counted %d, read %d: %v", id, n, u.Profile.Count, err)
		}
		l.done.Add(1)
		time.Sleep(max(pause, time.Since(began)))
	}
}

// goOn waits until the load has got something done in the new phase.
func (l *load) goOn(t *testing.T) {
	before := l.done.Load()
	require.Eventually(t, func() bool { return l.done.Load() > before+40 }, time.Minute, time.Millisecond)
}

func (l *load) stop() {
	l.end()
	l.work.Wait()
}

func (l *load) counts() map[int64]int {
	counts := make(map[int64]int)
	l.final.Range(func(id, n any) bool { counts[id.(int64)] = n.(int); return true })
	return counts
}
