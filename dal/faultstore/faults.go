package faultstore

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// The causes of the errors a script makes, for errors.Is.
var (
	// ErrInjected is the cause of a single call that fails.
	ErrInjected = errors.New("injected fault")
	// ErrCrashed is the cause of every call of a dead process.
	ErrCrashed = errors.New("injected crash: the process is dead")
)

// An Effect is what becomes of a call that a script names. In all of them the
// caller gets a *store.Error of kind store.ErrUnavailable.
type Effect uint8

// The effects. The outcome is that of a write; an error of a read has none.
const (
	// Before fails the call before it takes effect: outcome NotApplied.
	Before Effect = iota + 1
	// Lost drops the call on its way to the store: no effect, outcome Unknown.
	Lost
	// After lets the call take effect and drops the reply: outcome Unknown.
	After
	// Crash fails the call before it takes effect and kills the process: every
	// call after it fails too, until Restart. Outcome Unknown.
	Crash
)

var effectNames = [...]string{"", "before", "lost", "after", "crash"}

// String returns the effect in one word, "" for none.
func (e Effect) String() string {
	if int(e) < len(effectNames) {
		return effectNames[e]
	}
	return fmt.Sprintf("effect(%d)", uint8(e))
}

// A Role says through which wrapper a call was made.
type Role string

// The roles.
const (
	Authority Role = "authority"
	Follower  Role = "follower"
	Control   Role = "control"
	Leases    Role = "leases"
	Beside    Role = "beside"
	Joined    Role = "joined" // a service's own transaction
	Shared    Role = "store"  // the reads of a store that was wrapped whole
)

// A Call is one call of a wrapped store.
type Call struct {
	N      int // counted from 0
	Role   Role
	Store  string // the store's name, "" for a control or leases wrapped alone
	Method string // "Write", "Put", "Advance", …
	// Keys are the keys it is about, where it is about keys.
	Keys []transform.Key
	// Effect is what the script did to it, 0 if it was let through.
	Effect Effect
}

// String returns the call in one line, with its keys hashed:
// "3 follower dynamodb Put USER:0a1b2c3d4e5f (lost)".
func (c Call) String() string {
	s := fmt.Sprintf("%d %s", c.N, c.Role)
	if c.Store != "" {
		s += " " + c.Store
	}
	s += " " + c.Method
	for _, key := range c.Keys {
		s += " " + key.String()
	}
	if c.Effect != 0 {
		s += " (" + c.Effect.String() + ")"
	}
	return s
}

// A Match chooses calls. It is asked once per call, in their order, and must
// not call the Faults.
type Match func(Call) bool

// Method chooses the calls of these methods, of whatever role.
func Method(names ...string) Match {
	return func(c Call) bool { return slices.Contains(names, c.Method) }
}

// Between chooses the calls from number from to number to, both included.
func Between(from, to int) Match {
	return func(c Call) bool { return c.N >= from && c.N <= to }
}

// Faults is a script of faults and the log of the calls it was followed
// through. It is safe for concurrent use.
type Faults struct {
	mu    sync.Mutex
	rules []*rule
	calls []Call
	dead  chan struct{} // closed when the process dies; a new one per life
}

// A rule is one line of the script.
type rule struct {
	match  Match
	effect Effect
	err    error  // FailWith
	stall  *Stall // instead of an effect
}

// New returns a Faults that lets every call through.
func New() *Faults { return &Faults{dead: make(chan struct{})} }

// FailBefore fails call n before it takes effect, and says that it did not.
func (f *Faults) FailBefore(n int) { f.On(Between(n, n), Before) }

// FailAfter lets call n take effect and drops its reply.
func (f *Faults) FailAfter(n int) { f.On(Between(n, n), After) }

// FailLost drops call n on its way: the caller can't tell it from FailAfter.
func (f *Faults) FailLost(n int) { f.On(Between(n, n), Lost) }

// FailBetween fails the calls from number from to number to before they take
// effect.
func (f *Faults) FailBetween(from, to int) { f.On(Between(from, to), Before) }

// Crash kills the process at call n, which has no effect.
func (f *Faults) Crash(n int) { f.On(Between(n, n), Crash) }

// On breaks every call that matches, until remove is called. Of several lines
// that match a call, the one added first counts.
func (f *Faults) On(match Match, effect Effect) (remove func()) {
	return f.add(&rule{match: match, effect: effect})
}

// FailWith makes every call that matches return err without any effect, until
// remove is called: a throttled store, a row that does not fit.
func (f *Faults) FailWith(match Match, err error) (remove func()) {
	return f.add(&rule{match: match, effect: Before, err: err})
}

func (f *Faults) add(r *rule) (remove func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, r)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.rules = slices.DeleteFunc(f.rules, func(o *rule) bool { return o == r })
	}
}

// Restart plays the process started anew, whether it died or ended well. Lines
// of the script that were to kill the old one are gone, the others stay, and
// the counting goes on. Calls that were under way when it died still fail.
func (f *Faults) Restart() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = slices.DeleteFunc(f.rules, func(r *rule) bool { return r.effect == Crash })
	if f.isDead() {
		f.dead = make(chan struct{})
	}
}

// Count returns how many calls were made so far.
func (f *Faults) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

// Calls returns the calls made so far, in their order.
func (f *Faults) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Matching returns the calls made so far that match.
func (f *Faults) Matching(match Match) []Call {
	return slices.DeleteFunc(f.Calls(), func(c Call) bool { return !match(c) })
}

// begin counts and logs a call and finds the line of the script for it.
func (f *Faults) begin(c Call) *running {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.N = len(f.calls)
	run := &running{dead: f.dead}
	for _, r := range f.rules {
		if r.match(c) {
			run.rule, c.Effect = r, r.effect
			break
		}
	}
	if c.Effect == Crash {
		f.die()
	}
	if f.isDead() {
		c.Effect = Crash
	}
	run.call = c
	f.calls = append(f.calls, c)
	return run
}

func (f *Faults) die() {
	if !f.isDead() {
		close(f.dead)
	}
}

func (f *Faults) isDead() bool { return closed(f.dead) }

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A running is a call that has begun.
type running struct {
	call Call
	rule *rule         // nil: let through
	dead chan struct{} // of the life it began in
}

// crashed reports whether the process died since the call began.
func (r *running) crashed() bool {
	return closed(r.dead)
}

// fail returns the error of a call that the script broke.
func (r *running) fail(outcome store.Outcome, cause error) error {
	e := &store.Error{Op: r.call.Method, Store: r.call.Store, Kind: store.ErrUnavailable, Cause: cause}
	if len(r.call.Keys) > 0 {
		e.Entity = r.call.Keys[0].Entity
	}
	switch {
	case r.call.Role == Joined && r.call.Method != "Commit":
		e.Outcome = store.NotApplied // what it is part of is not committed
	case writes(r.call.Method):
		e.Outcome = outcome
	}
	return e
}
