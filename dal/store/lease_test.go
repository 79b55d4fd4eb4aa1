package store_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

const leaseLength = 10 * time.Second

// A fakeClock is a machine's two clocks.
type fakeClock struct{ now time.Time }

func (c *fakeClock) read() time.Time { return c.now }

// pass moves the clocks by different spans, as a suspended machine does, or one
// whose wall clock is set. Add moves both, so the difference is taken out of
// the monotonic reading, which no method of time.Time reaches.
func (c *fakeClock) pass(t *testing.T, monotonic, wall time.Duration) {
	before := c.now
	c.now = c.now.Add(wall)
	(*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&c.now)).ext += int64(monotonic - wall)
	require.Equal(t, monotonic, c.now.Sub(before), "the monotonic clock")
	require.Equal(t, wall, c.now.Round(0).Sub(before.Round(0)), "the wall clock")
}

// granted returns a lease of epoch 7 that begins now.
func granted() (*store.Lease, *fakeClock) {
	c := &fakeClock{now: time.Now()}
	l := store.NewLease(c.read)
	l.Extend(7, c.now, leaseLength)
	return l, c
}

// TestLeaseEnds holds that a lease is over as soon as one of the clocks says so.
func TestLeaseEnds(t *testing.T) {
	for _, c := range []struct {
		name            string
		monotonic, wall time.Duration
		valid           bool
	}{
		{"at once", 0, 0, true},
		{"just before its end", leaseLength - 1, leaseLength - 1, true},
		{"at its end", leaseLength, leaseLength, false},
		{"after a suspension, which the monotonic clock slept through", 0, leaseLength, false},
		{"after the wall clock was set back", leaseLength, -time.Hour, false},
		{"with the wall clock behind", leaseLength - 1, -time.Hour, true},
		{"with a wall clock that stands still", leaseLength, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, clock := granted()
			require.True(t, l.Enter(7))
			clock.pass(t, c.monotonic, c.wall)
			require.Equal(t, c.valid, l.Valid(7))
			require.Equal(t, c.valid, l.Leave(7), "the reply counts")
			entered := l.Enter(7)
			require.Equal(t, c.valid, entered)
			if entered {
				l.Leave(7)
			}
			l.Extend(7, clock.now, leaseLength)
			require.True(t, l.Valid(7), "it can be renewed")
		})
	}
}

// TestNoLease holds that what was never granted allows nothing.
func TestNoLease(t *testing.T) {
	for name, l := range map[string]*store.Lease{"nil": nil, "zero": {}, "new": store.NewLease(nil)} {
		t.Run(name, func(t *testing.T) {
			require.False(t, l.Valid(0))
			require.False(t, l.Enter(0))
			require.False(t, l.Valid(7))
		})
	}
	l := &store.Lease{}
	l.Drain(t.Context()) // waits for nobody
	l.Extend(7, time.Now(), leaseLength)
	require.True(t, l.Valid(7), "the zero Lease counts by time.Now")
	require.False(t, l.Valid(8))
	require.False(t, l.Enter(6))
}

// TestLeaseOfNextEpoch holds that a step that leaves the authority where it is
// ends no request, and the one after it does.
func TestLeaseOfNextEpoch(t *testing.T) {
	l, clock := granted()
	require.True(t, l.Enter(7))
	clock.pass(t, time.Second, time.Second)
	l.Extend(8, clock.now, leaseLength)
	require.True(t, l.Valid(7))
	require.True(t, l.Valid(8))
	l.Extend(8, clock.now, leaseLength)
	require.True(t, l.Valid(7), "a renewal keeps it")
	clock.pass(t, leaseLength-time.Second, leaseLength-time.Second)
	require.False(t, l.Leave(7), "it ends with its own grant")
	require.True(t, l.Valid(8))
	l.Extend(8, clock.now, leaseLength)
	l.Extend(9, clock.now, leaseLength)
	l.Extend(10, clock.now, leaseLength)
	require.False(t, l.Valid(8))
	require.True(t, l.Valid(9))
}

func TestLeaseEnd(t *testing.T) {
	l, clock := granted()
	l.Extend(8, clock.now, leaseLength)
	require.True(t, l.Enter(8))
	l.End()
	require.False(t, l.Valid(8))
	require.False(t, l.Valid(7), "of the epoch before too")
	require.False(t, l.Leave(8), "a reply on its way does not count")
	require.False(t, l.Enter(8))
	l.Extend(8, clock.now, leaseLength)
	require.True(t, l.Valid(8), "a new grant begins anew")
	require.False(t, l.Valid(7))
}

// TestRegain holds that a reply that came after the lease counts once the lease is
// granted for the same epoch again: nobody else was the authority meanwhile.
func TestRegain(t *testing.T) {
	for name, c := range map[string]struct {
		then func(*store.Lease)
		want bool
	}{
		"granted again":                      {func(l *store.Lease) { l.Extend(7, time.Now(), leaseLength) }, true},
		"granted from too long ago":          {func(l *store.Lease) { l.Extend(7, time.Now().Add(-leaseLength), leaseLength) }, false},
		"granted for another epoch":          {func(l *store.Lease) { l.Extend(8, time.Now(), leaseLength) }, false},
		"ended":                              {func(l *store.Lease) { l.End() }, false},
		"not heard of, for as long as it is": {func(*store.Lease) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &store.Lease{Wait: leaseLength}
				l.Extend(7, time.Now(), leaseLength)
				require.True(t, l.Enter(7))
				time.Sleep(leaseLength)
				require.False(t, l.Leave(7))
				regained := make(chan bool, 1)
				go func() { regained <- l.Regain(t.Context(), 7) }()
				synctest.Wait()
				require.Empty(t, regained, "it waits")
				c.then(l)
				require.Equal(t, c.want, <-regained)
			})
		})
	}
}

// TestRegainBesideADrain holds that nobody waits for a lease that is to be given back: what
// else is under way would be waited for in vain.
func TestRegainBesideADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &store.Lease{Wait: time.Hour}
		l.Extend(7, time.Now(), leaseLength)
		require.True(t, l.Enter(7))
		require.True(t, l.Enter(7))
		time.Sleep(leaseLength)
		require.False(t, l.Leave(7))
		regained := make(chan bool, 1)
		go func() { regained <- l.Regain(t.Context(), 7) }()
		synctest.Wait()
		require.Empty(t, regained)
		drained := make(chan struct{})
		go func() { l.Drain(t.Context()); close(drained) }()
		synctest.Wait()
		require.Len(t, regained, 1)
		require.False(t, <-regained)
		require.False(t, l.Leave(7))
		<-drained
	})
}

// TestRegainAtOnce holds that nobody waits for a lease for which nobody asks.
func TestRegainAtOnce(t *testing.T) {
	l, clock := granted()
	require.False(t, l.Regain(t.Context(), 7), "nothing is regained where nobody may wait")
	l.Wait = time.Hour
	require.True(t, l.Regain(t.Context(), 7), "it has not run out")
	clock.pass(t, leaseLength, leaseLength)
	require.False(t, l.Regain(t.Context(), 6))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, l.Regain(ctx, 7), "the caller waits no longer")
	l.End()
	require.False(t, l.Regain(t.Context(), 7))
	var none *store.Lease
	require.False(t, none.Regain(t.Context(), 7))
}

// TestDrainWaits holds that a Drain lets nothing in, and ends once all that was
// in is out, whose replies still count.
func TestDrainWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &store.Lease{}
		l.Extend(7, time.Now(), leaseLength)
		l.Extend(8, time.Now(), leaseLength)
		require.True(t, l.Enter(7))
		require.True(t, l.Enter(8))
		drained := make(chan struct{})
		go func() { l.Drain(t.Context()); close(drained) }()
		synctest.Wait()
		require.False(t, l.Enter(7))
		require.False(t, l.Enter(8))
		l.Extend(8, time.Now(), leaseLength)
		require.False(t, l.Enter(8), "a renewal lets nothing in")
		require.True(t, l.Valid(8), "what is in may go on")
		require.True(t, l.Leave(7))
		synctest.Wait()
		require.False(t, over(drained), "one is still in")
		require.True(t, l.Leave(8))
		<-drained
		require.False(t, l.Valid(8))
		l.Extend(9, time.Now(), leaseLength)
		require.True(t, l.Enter(9), "after the Drain a new grant begins anew")
		require.True(t, l.Leave(9))
	})
}

func over(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// TestDrainGivesUp holds that a request that never ends keeps no lease: its
// reply will not count.
func TestDrainGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &store.Lease{}
		l.Extend(7, time.Now(), leaseLength)
		require.True(t, l.Enter(7))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		l.Drain(ctx)
		require.Error(t, ctx.Err(), "it has waited")
		require.False(t, l.Leave(7))
		l.Extend(8, time.Now(), leaseLength)
		require.True(t, l.Enter(8))
		require.True(t, l.Leave(8))
		l.Drain(t.Context()) // nobody is left to be waited for
	})
}

// TestDrainMeetsTheLast holds that a Drain learns of the last one that leaves,
// also if he does so in the moment in which it begins to wait: he takes no lock
// that would keep them apart. A Drain that missed him would never end.
func TestDrainMeetsTheLast(t *testing.T) {
	for i := range 20_000 {
		l := &store.Lease{}
		l.Extend(7, time.Now(), time.Hour)
		require.True(t, l.Enter(7))
		drained := make(chan struct{})
		var ready atomic.Bool
		go func() {
			ready.Store(true)
			l.Drain(context.Background())
			close(drained)
		}()
		for !ready.Load() {
			runtime.Gosched()
		}
		for until := time.Now().Add(time.Duration(i%50) * 20 * time.Nanosecond); time.Now().Before(until); {
		}
		l.Leave(7)
		select {
		case <-drained:
		case <-time.After(10 * time.Second):
			t.Fatal("the Drain waits for somebody who has left")
		}
		require.False(t, l.Enter(7))
	}
}

// TestDrainAmongRequests holds that nobody is in when a Drain has returned,
// however they meet, and that several Drains end.
func TestDrainAmongRequests(t *testing.T) {
	for range 20 {
		l := &store.Lease{}
		l.Extend(7, time.Now(), time.Hour)
		var inside atomic.Int64
		var requests, drains sync.WaitGroup
		begun := make(chan struct{}, 4)
		for range 4 {
			requests.Go(func() {
				for first := true; l.Enter(7); first = false {
					inside.Add(1)
					if first {
						begun <- struct{}{}
					}
					inside.Add(-1)
					l.Leave(7)
				}
			})
		}
		<-begun
		for range 2 {
			drains.Go(func() {
				l.Drain(t.Context())
				assert.Zero(t, inside.Load())
			})
		}
		drains.Wait()
		requests.Wait()
	}
}
