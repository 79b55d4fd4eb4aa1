package fleet

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"
)

// A state is how a process is.
type state uint8

const (
	up state = iota
	dead
)

// A Process is one start of a process.
type Process struct {
	world   *World
	name    string
	ctx     context.Context
	cancel  context.CancelFunc
	state   state
	stopped time.Duration // until then it does nothing
	named   atomic.Int64  // names given

	drift  float64      // how much faster its clock is: 0.05 is 5 %
	set    atomic.Int64 // nanoseconds by which its wall clock was set forward
	origin time.Time
}

// Process starts a process. Its clock is drift faster than the world's.
func (w *World) Process(name string, drift float64) *Process {
	p := &Process{world: w, name: name, drift: drift, origin: time.Now()}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	w.processes = append(w.processes, p)
	return p
}

// Name is the process's name in the trace.
func (p *Process) Name() string { return p.name }

// Alive reports whether the process has not died. It may be stopped.
func (p *Process) Alive() bool { return p.state != dead }

// runs reports whether the process does anything.
func (p *Process) runs(now time.Duration) bool { return p.state == up && p.stopped <= now }

// Runs is false while the process is stopped, and for ever once it has died.
func (p *Process) Runs() bool { return p.runs(p.world.Elapsed()) }

// Go starts an actor of the process. Its context ends with the world.
func (p *Process) Go(actor string, do func(context.Context)) {
	p.world.actors.Add(1)
	go func() {
		defer p.world.actors.Done()
		do(Named(p.ctx, actor))
	}()
}

// Crash ends the process where it stands: no reply reaches it any more, and it
// does nothing. fate says what becomes of each request that it has sent.
func (p *Process) Crash(fate func(*rand.Rand) Fate) {
	w := p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	p.state = dead
	for _, s := range w.sent(p) {
		switch f := fate(w.rng); {
		case f.Dropped:
			s.kind = wake // which nobody lets go; its caller is there when the world ends
		case f.Late > 0:
			s.early = w.Elapsed() + f.Late
		}
	}
}

// sent returns the requests of a process that are on their way and not held up,
// in an order that does not depend on who came first.
func (w *World) sent(p *Process) []*step {
	var all []*step
	for _, s := range w.waiting {
		if s.Process == p && s.kind == request && s.early == 0 {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, order)
	return all
}

// Pause stops the process for a while. What it has sent is on its way: late
// says for how long more, 0 for requests that nothing holds up.
func (p *Process) Pause(d time.Duration, late func(*rand.Rand) time.Duration) {
	w := p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	p.stopped = max(p.stopped, w.Elapsed()+d)
	for _, s := range w.sent(p) {
		if d := late(w.rng); d > 0 {
			s.early = w.Elapsed() + d
		}
	}
}

// Resume lets a stopped process go on.
func (p *Process) Resume() { p.stopped = 0 }

// SetWallClock sets the process's wall clock forward, or back.
func (p *Process) SetWallClock(d time.Duration) { p.set.Add(int64(d)) }

// Now is the time by the process's clocks. They tell the time of the world, but
// for their drift and what the wall clock was set by.
func (p *Process) Now() time.Time {
	gone := time.Since(p.origin)
	gone += time.Duration(float64(gone) * p.drift)
	return withMonotonic(p.origin.Add(gone+time.Duration(p.set.Load())), p.origin.Sub(p.world.start)+gone, 1)
}

// withMonotonic returns a time that reads so by the wall clock, and so by the
// monotonic one. Package time makes no such value inside a bubble, and none at
// all whose two readings move apart.
func withMonotonic(wall time.Time, monotonic time.Duration, offset int64) time.Time {
	const (
		hasMonotonic = 1 << 63
		nanoseconds  = 30         // bits
		year1885     = 2682288000 // seconds from 1885 to 1970
	)
	t := wall.Round(0)
	raw := (*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&t))
	raw.wall = hasMonotonic | uint64(wall.Unix()+year1885)<<nanoseconds | uint64(wall.Nanosecond())
	raw.ext = int64(monotonic) + offset
	return t
}

// Sleep waits for d by the process's clock, or until ctx ends. No two sleepers
// wake at the same time, as they would not in the world outside.
func (p *Process) Sleep(ctx context.Context, d time.Duration) error {
	who, stack := whoIs(ctx)
	real := time.Duration(float64(d) / (1 + p.drift))
	jitter := hash(fmt.Sprint(p.world.seed, p.name, who, stack, d, p.world.Elapsed())) % uint64(time.Millisecond)
	timer := time.NewTimer(real + time.Duration(jitter))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	if err := p.wait("wakes", who, stack); err != nil {
		return err
	}
	return ctx.Err()
}

// NewName returns a name that no other process has, and that a replay gives
// again.
func (p *Process) NewName() string {
	n := p.named.Add(1)
	if n == 1 {
		return p.name
	}
	return fmt.Sprintf("%s/%d", p.name, n)
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}
