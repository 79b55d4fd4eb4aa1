package faultstore

import (
	"fmt"
	"testing"
)

// maxSweep ends a sweep over a workload that makes more calls the more of them
// fail, and so would never be over before the failing one.
const maxSweep = 2000

// Sweep runs the workload again and again, each time in a test of its own and
// with a fresh Faults: with call 0 failing, then call 1, until a run makes
// fewer calls than the number of the one that should fail. It does so for each
// of the effects; without any, for Before, Lost and After.
//
// The workload wraps its stores with f, does what is to be tested, and checks
// what must be true whatever fails. With Crash it calls f.Restart before the
// part that plays the process started anew. A failing test shows the calls.
//
//	faultstore.Sweep(t, func(t *testing.T, f *faultstore.Faults) { … })
func Sweep(t *testing.T, run func(t *testing.T, f *Faults), effects ...Effect) {
	t.Helper()
	if len(effects) == 0 {
		effects = []Effect{Before, Lost, After}
	}
	for _, effect := range effects {
		sweep(t, run, effect, maxSweep)
	}
}

// A runner is the part of a *testing.T that runs tests.
type runner interface {
	Run(name string, run func(*testing.T)) bool
	Errorf(format string, args ...any)
}

// sweep stops at the first call that breaks the workload: those after it tell
// nothing new.
func sweep(t runner, run func(*testing.T, *Faults), effect Effect, limit int) {
	for n := range limit {
		f := New()
		f.On(Between(n, n), effect)
		ok := t.Run(fmt.Sprintf("call %d %s", n, effect), func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(log(f))
				}
			})
			run(t, f)
		})
		if !ok || !f.fired() {
			return
		}
	}
	t.Errorf("the workload makes more than %d calls: does it retry without end?", limit)
}

// fired reports whether the script has broken a call.
func (f *Faults) fired() bool {
	return len(f.Matching(func(c Call) bool { return c.Effect != 0 })) > 0
}

// log returns the calls, one a line.
func log(f *Faults) string {
	text := "calls:"
	for _, c := range f.Calls() {
		text += "\n" + c.String()
	}
	return text
}
