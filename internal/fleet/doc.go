// Package fleet plays a fleet of processes over stores in memory, under a
// scheduler whose seed decides everything: which call arrives next, whose
// reply, what is lost, late or stopped, and how time passes. The same seed gives
// the same run, step by step.
//
// A World lives in a bubble of package testing/synctest, which supplies the
// virtual time. Its Run waits until every goroutine is blocked, and then lets
// one waiting step go: a request arrives at its store (its effect happens on the
// scheduler's goroutine), a reply reaches its caller, or a sleeper wakes. So
// there is never more than one thing going on, and what can't be waited for in
// a bubble, such as a sync.Mutex held across a call, must not be in the code
// that is played.
//
// A Process is what a scenario hands to the code it plays: the stores as the
// process sees them, its clocks, which may drift and jump, and a way to wait.
// It can be stopped for a while and it can die. What it has sent by then is on
// its way and may arrive much later.
//
// What holds:
//
//   - A seed replays, though goroutines arrive in any order (TestReplay): steps
//     are told apart by their process, the functions that wait for them and
//     what they ask, never by who came first. Two that can't be told apart are
//     a fault of the scenario, which World.Ambiguous tells of.
//   - A request has its effect at most once, and also after its caller has
//     given up, was stopped or has died (TestLate, TestCrash).
//   - Histories that no register could give are found out (TestHistory).
package fleet
