// Package faultstore wraps any store, so that a test decides which call fails,
// when, and what the caller is told about it.
//
//	f := faultstore.New()
//	authority, follower := f.Authority(mysql), f.Follower(dynamo)
//	f.FailAfter(3) // the fourth call takes effect and its reply is lost
//	f.Crash(5)     // from the sixth call on the process is dead, until Restart
//
// All wrappers of one Faults share one counter of calls and one script: together
// they are what one process does. Calls are counted from 0 in the order in which
// they begin; Name is no call. Store wraps a store with all of its parts, and its
// leases where it has any; Joining one of the service's own transactions.
//
// Sweep is how a write path is tested: it runs a workload with its call 0
// failing, then with call 1, and so on until the workload is over before the
// call that should fail.
//
// What it promises: a call that fails Before, Lost or by a Crash has not reached
// the store (TestEffects), one that fails After has (TestEffects), a transaction
// of which a call failed is rolled back, but for a Commit that failed After
// (TestJoining), every call of a dead process fails, also one whose reply was on its
// way when it died (TestCrash), and a script that names call n breaks that call and
// no other (TestFailOneCall).
//
// A wrapper shows the methods of package store only. What else a store can do
// is hidden by it.
package faultstore
