// Package storetest is the conformance suite for stores: whoever writes a
// backend hands it a harness, and every rule of package store is tried on it.
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			New: func(t testing.TB, c *transform.Contract) storetest.Subject {
//				s := open(t, c) // fresh and empty; cleaned up by t
//				return storetest.Subject{Authority: s, Control: s, Follower: s}
//			},
//		})
//	}
//
// The tests are named after the rules listed in package store's documentation
// (TestRulesAreDocumented), one test per rule, one below it per case. Each case
// gets a store of its own from the harness.
//
// A store that checks no fence in its transactions says so by Subject.Leases. It
// is tried under leases then, and by other cases where the rule is another one.
//
// What it promises: a store that breaks a rule in one of the ways tried here
// fails the case that says so (TestBrokenStores, one broken store per fault),
// and there is no case that only looks as if it could fail
// (TestEveryCaseCanFail). Races are tried with a few goroutines and a few
// hundred calls: a store that loses one write in a million passes.
//
// RunLogins plays the cases of queries by a unique value alone, on a store whose indexes
// lag for ever.
//
// Contract and the other functions named …Contract return the contracts the cases are
// written for, Schema their tables for MySQL. BenchmarkAuthority and BenchmarkFollower time the
// calls that a service and a relay make.
package storetest
