package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// ErrOver is what every call returns once the world has ended.
var ErrOver = errors.New("the world has ended")

// How time passes between two steps.
const (
	stepTime = 150 * time.Microsecond // at most, before each step
	lullTime = 3 * time.Millisecond   // at most, when the scheduler lets time pass instead
	lullOdds = 12                     // one time in so many
	idleTime = time.Second            // at most, when nothing waits
	nearTime = 4 * time.Millisecond   // on the way, most requests and replies
	farTime  = 60 * time.Millisecond  // on the way, some of them
)

// A World is a scheduler and what it schedules. It must be made and used inside
// a bubble of testing/synctest.
type World struct {
	// Fate, if not nil, says what becomes of a request. It is asked on the
	// scheduler's goroutine, and draws from the scheduler's source.
	Fate func(r *rand.Rand, c Call) Fate
	// Held, if not nil, says which requests don't arrive for now.
	Held func(c Call) bool
	// Landed, if not nil, is told of each request that has had its effect.
	Landed func(c Call, err error)

	rng   *rand.Rand
	seed  uint64
	start time.Time
	poke  chan struct{}
	trace Trace

	mu        sync.Mutex
	waiting   []*step
	notes     []string // of goroutines, since the last step
	processes []*Process
	events    []event
	over      bool
	ambiguous []string
	actors    sync.WaitGroup
}

// New returns a world without processes. The seed decides how it goes.
func New(seed uint64) *World {
	return &World{
		rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), seed: seed,
		start: time.Now(), poke: make(chan struct{}, 1),
	}
}

// Rand returns a source of its own for the part of a scenario with that name,
// so that parts don't depend on the order in which they draw.
func (w *World) Rand(name string) *rand.Rand { return rand.New(rand.NewPCG(w.seed, hash(name))) }

// Elapsed is the virtual time since the world began.
func (w *World) Elapsed() time.Duration { return time.Since(w.start) }

// Trace returns what has happened so far.
func (w *World) Trace() *Trace { return &w.trace }

// Ambiguous returns steps that waited at the same time and could not be told
// apart. A run that has any does not replay for certain.
func (w *World) Ambiguous() []string { return w.ambiguous }

// An event is something that the scenario does at a time.
type event struct {
	at   time.Duration
	name string
	do   func()
}

// At lets do happen on the scheduler's goroutine, at that time since the world
// began or as soon after as a step ends. It may be called from there only.
func (w *World) At(at time.Duration, name string, do func()) {
	w.events = append(w.events, event{at, name, do})
	slices.SortStableFunc(w.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
}

// After is At, from now on.
func (w *World) After(d time.Duration, name string, do func()) { w.At(w.Elapsed()+d, name, do) }

// A kind is what a step is.
type kind uint8

const (
	request kind = iota + 1 // a request on its way to its store
	reply                   // a reply on its way to its caller
	wake                    // a goroutine that goes on without the network
)

// A step is something that waits for the scheduler.
type step struct {
	Call
	kind   kind
	since  time.Duration
	due    time.Duration // when it has come its way; 0 until the scheduler has seen it
	early  time.Duration // it is held up until then
	effect func() (string, error)
	err    error      // a reply's
	done   chan error // holds one; nil once nobody waits for it
}

// text tells a step from others.
func (s *step) text() string {
	return fmt.Sprintf("%s %d %s %s %s", s.Process.name, s.kind, s.Who, s.Store, s.What)
}

// A Call is what a process asks a store for.
type Call struct {
	Process *Process
	Who     string // the actor, and the function it is in
	Store   string // "" where no store is asked
	Method  string
	What    string // the method with what it is given
	Writes  bool   // it changes something
	stack   string // what tells goroutines apart that ask the same
}

// post adds a step and wakes the scheduler.
func (w *World) post(s *step) *step {
	s.since = w.Elapsed()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		s.done <- ErrOver
		return s
	}
	w.waiting = append(w.waiting, s)
	select {
	case w.poke <- struct{}{}:
	default:
	}
	return s
}

// abandon notes that nobody waits for the step any more.
func (w *World) abandon(s *step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.done = nil
	if s.kind == reply {
		w.remove(s)
	}
}

// remove takes the step out. The caller holds the lock.
func (w *World) remove(s *step) {
	if i := slices.Index(w.waiting, s); i >= 0 {
		w.waiting = slices.Delete(w.waiting, i, i+1)
	}
}

// note adds a line to the trace from any goroutine, at the next step.
func (w *World) note(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = append(w.notes, line)
}

// Note adds a line of a process's actor to the trace.
func (w *World) Note(p *Process, who, line string) {
	w.note(fmt.Sprintf("%s %s: %s", p.name, who, line))
}

// Run lets one step after the other go until there is an answer. until is asked
// while nothing else goes on.
func (w *World) Run(until func() bool) {
	for {
		time.Sleep(1 + time.Duration(w.rng.Int64N(int64(stepTime))))
		synctest.Wait()
		w.writeNotes()
		if w.runEvents() {
			synctest.Wait() // until what they have begun waits for its turn
		}
		if until() {
			return
		}
		ready := w.ready()
		switch {
		case len(ready) == 0:
			w.idle()
		case w.rng.IntN(lullOdds) == 0:
			time.Sleep(time.Duration(w.rng.Int64N(int64(lullTime))))
		default:
			w.let(ready[w.rng.IntN(len(ready))])
		}
	}
}

// RunFor runs for a time.
func (w *World) RunFor(d time.Duration) {
	end := w.Elapsed() + d
	w.After(d, "", nil) // nothing else may be due
	w.Run(func() bool { return w.Elapsed() >= end })
}

func (w *World) writeNotes() {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.notes) // goroutines write them in any order
	for _, line := range w.notes {
		w.trace.add(w.Elapsed(), "  "+line)
	}
	w.notes = nil
}

// runEvents runs what is due, and reports whether anything was.
func (w *World) runEvents() (some bool) {
	for len(w.events) > 0 && w.events[0].at <= w.Elapsed() {
		e := w.events[0]
		w.events = w.events[1:]
		if e.do != nil {
			w.trace.add(w.Elapsed(), "! "+e.name)
			e.do()
			some = true
		}
	}
	return some
}

// ready returns the steps that may go, in an order that does not depend on who
// came first.
func (w *World) ready() []*step {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Elapsed()
	w.drawLatencies(now)
	var ready []*step
	for _, s := range w.waiting {
		if w.Held != nil && s.kind == request && w.Held(s.Call) {
			continue
		}
		if s.early <= now && s.due <= now && (s.kind == request || s.Process.runs(now)) {
			ready = append(ready, s)
		}
	}
	slices.SortFunc(ready, order)
	return ready
}

// UnderWay returns what the process has asked stores for and has no answer to
// yet, for use on the scheduler's goroutine.
func (w *World) UnderWay(p *Process) []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	var calls []Call
	for _, s := range w.waiting {
		if s.Process == p && s.kind == request && s.done != nil {
			calls = append(calls, s.Call)
		}
	}
	return calls
}

// drawLatencies gives what was posted since the last step the time that it is
// going to be on its way, at least.
func (w *World) drawLatencies(now time.Duration) {
	var fresh []*step
	for _, s := range w.waiting {
		if s.due == 0 {
			fresh = append(fresh, s)
		}
	}
	slices.SortFunc(fresh, order)
	for i, s := range fresh {
		if i > 0 && order(fresh[i-1], s) == 0 {
			w.ambiguous = append(w.ambiguous, fmt.Sprintf("%v %s", now, s.text()))
		}
		s.due = now
		switch n := w.rng.IntN(10); {
		case s.kind == wake || n < 5:
		case n < 9:
			s.due += time.Duration(w.rng.Int64N(int64(nearTime)))
		default:
			s.due += time.Duration(w.rng.Int64N(int64(farTime)))
		}
	}
}

// order sorts steps by what they are.
func order(a, b *step) int {
	return cmp.Or(cmp.Compare(a.Process.name, b.Process.name), cmp.Compare(a.kind, b.kind), cmp.Compare(a.Who, b.Who),
		cmp.Compare(a.Store, b.Store), cmp.Compare(a.What, b.What), cmp.Compare(a.since, b.since), cmp.Compare(a.stack, b.stack))
}

// idle waits until something is posted, or due.
func (w *World) idle() {
	d := idleTime
	w.mu.Lock()
	for _, s := range w.waiting {
		if s.kind == request && w.Held != nil && w.Held(s.Call) {
			continue
		}
		if late := max(s.early, s.due); late > w.Elapsed() {
			d = min(d, late-w.Elapsed())
		}
	}
	for _, p := range w.processes {
		if p.stopped > w.Elapsed() {
			d = min(d, p.stopped-w.Elapsed())
		}
	}
	w.mu.Unlock()
	if len(w.events) > 0 {
		d = min(d, max(0, w.events[0].at-w.Elapsed()))
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.poke:
	case <-timer.C:
	}
}

// let lets a step go.
func (w *World) let(s *step) {
	switch s.kind {
	case request:
		w.arrive(s)
	case reply:
		w.mu.Lock()
		w.remove(s)
		done := s.done
		w.mu.Unlock()
		if done != nil {
			w.trace.add(w.Elapsed(), fmt.Sprintf("%s %s < %s", s.Process.name, s.Who, s.replied()))
			done <- s.err
		}
	default:
		w.mu.Lock()
		w.remove(s)
		w.mu.Unlock()
		w.trace.add(w.Elapsed(), fmt.Sprintf("%s %s %s", s.Process.name, s.Who, s.What))
		s.done <- nil
	}
}

// replied says which reply has come. What it says was written when it was given.
func (s *step) replied() string {
	if s.err != nil && (errors.Is(s.err, ErrLost) || errors.Is(s.err, ErrAway)) {
		return s.What + ": " + s.err.Error()
	}
	return s.Store + " " + s.Method
}

// End lets every goroutine of every process go on, without a network, a clock or
// a scheduler, until the actors have returned. finish, if not nil, is called to
// end what the processes run themselves.
func (w *World) End(finish func()) {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, p := range w.processes {
			p.cancel()
		}
		if finish != nil {
			finish()
		}
		w.actors.Wait()
	}()
	for {
		w.mu.Lock()
		for _, s := range w.waiting {
			if s.done != nil {
				s.done <- ErrOver
			}
		}
		w.waiting = nil
		w.mu.Unlock()
		select {
		case <-done:
			return
		default:
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// actorKey is under which a context carries the name of the actor.
type actorKey struct{}

// Named returns a context that carries the actor's name.
func Named(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

func actorOf(ctx context.Context) string {
	name, _ := ctx.Value(actorKey{}).(string)
	return name
}
