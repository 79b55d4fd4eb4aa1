package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Harness makes the stores under test.
type Harness struct {
	// New returns a fresh and empty store for the contract: its own tables are
	// there, and Init was not called. t cleans up.
	New func(t testing.TB, c *transform.Contract) Subject
	// Lag is how long an index may take to show what was written. A query is
	// repeated that long until its answer is right. 0: it shows it at once.
	Lag time.Duration
	// Seed gives other random histories than the default ones: the seed that a
	// failure names gives that history again, as the first.
	Seed uint64
	// Histories is how many a case plays, at least 3. If it is negative, there are
	// no histories: for a harness that plays them apart, by RunHistories.
	Histories int
	// Unsteady says that requests of reads, writes and puts fail now and then, and
	// replies are lost. Histories repeat them then, as callers do, and their writes
	// have tokens.
	Unsteady bool
}

// A Subject is one store under test, as the parts it plays.
type Subject struct {
	// Authority and Control are of one store, and both or neither there.
	Authority store.Authority
	Control   store.Control
	Follower  store.Follower
	// Leases is there where the authority checks no fence in its transactions.
	// A case takes a lease then before it uses the authority.
	Leases store.Leases
	// Other returns another handle on the same data, as a second process would
	// have. nil: cases with two processes use the first handle twice.
	Other func(t testing.TB) Subject
	// Seed stores records behind the library's back, as a service did before
	// it had the library. nil: bare writes take its place.
	Seed func(t testing.TB, records ...transform.Record)
}

// Run runs the cases for every part the harness's subject has.
func Run(t *testing.T, h Harness) {
	s := h.New(t, Contract(t))
	if s.Authority != nil {
		t.Run("Authority", func(t *testing.T) { RunAuthority(t, h) })
		t.Run("Control", func(t *testing.T) { RunControl(t, h) })
	}
	if s.Follower != nil {
		t.Run("Follower", func(t *testing.T) { RunFollower(t, h) })
	}
}

// RunAuthority runs the cases of an authority. They need its Control too.
func RunAuthority(t *testing.T, h Harness) { runAll(t, h, authorityCases()) }

// RunFollower runs the cases of a follower.
func RunFollower(t *testing.T, h Harness) { runAll(t, h, followerCases()) }

// RunControl runs the cases of what an authority keeps for its group.
func RunControl(t *testing.T, h Harness) { runAll(t, h, controlCases()) }

// RunHistories runs the cases with random histories alone, for a harness with
// another Seed, more Histories or requests that fail.
func RunHistories(t *testing.T, h Harness) {
	s := h.New(t, Contract(t))
	if s.Authority != nil {
		t.Run("Authority", func(t *testing.T) { runAll(t, h, slices.Concat(historyCases(), kindHistoryCases())) })
	}
	if s.Follower != nil {
		t.Run("Follower", func(t *testing.T) { runAll(t, h, followedCases(followedHistoryCases())) })
	}
}

// A part is what the subject plays in a case.
type part uint8

const (
	asAuthority part = iota
	asFollower
)

// A kind is how a store keeps what is not allowed any more from it. As a set of
// bits it says which stores a case is for.
type kind uint8

const (
	alone   kind = 1 << iota // a follower that is nothing else, with neither
	aFence                   // checked in its own transactions
	byLease                  // a process needs one
)

// kind is that of the subject.
func (s Subject) kind() kind {
	switch {
	case s.Leases != nil:
		return byLease
	case s.Control != nil:
		return aFence
	}
	return alone
}

// A testCase is one way to try a rule.
type testCase struct {
	rule string // as package store's documentation words it, without the dot
	name string
	part part
	only kind // of stores that the case is for; 0 is all
	run  func(*env)
	on   func(testing.TB) *transform.Contract // nil is Contract
}

// contract returns the contract that the case is written for.
func (c testCase) contract(t testing.TB) *transform.Contract {
	t.Helper()
	if c.on != nil {
		return c.on(t)
	}
	return Contract(t)
}

func (c testCase) isFor(k kind) bool { return c.only == 0 || c.only&k != 0 }

// A check is a case before it has a rule.
type check struct {
	name string
	run  func(*env)
	only kind
	on   func(testing.TB) *transform.Contract
}

// inTurn is a check of stores that become the authority in turn; withFence and
// underLease are checks of one kind of them.

func inTurn(name string, run func(*env)) check {
	return check{name: name, run: run, only: aFence | byLease}
}

func withFence(name string, run func(*env)) check { return check{name: name, run: run, only: aFence} }

func underLease(name string, run func(*env)) check { return check{name: name, run: run, only: byLease} }

// ofFamilies is a check on the tables of FamilyContract.
func ofFamilies(name string, run func(*env)) check {
	return check{name: name, run: run, on: FamilyContract}
}

// ofCounts is a check on the tables of CountContract.
func ofCounts(name string, run func(*env)) check {
	return check{name: name, run: run, on: CountContract}
}

// ofTotals is a check on the tables of TotalContract.
func ofTotals(name string, run func(*env)) check {
	return check{name: name, run: run, on: TotalContract}
}

// ofLists is a check on the tables of ListContract.
func ofLists(name string, run func(*env)) check { return check{name: name, run: run, on: ListContract} }

// ofOrders is a check on the tables of OrderContract.
func ofOrders(name string, run func(*env)) check {
	return check{name: name, run: run, on: OrderContract}
}

// ruled returns the checks as cases of a rule.
func ruled(rule string, checks ...check) []testCase {
	cases := make([]testCase, len(checks))
	for i, c := range checks {
		cases[i] = testCase{rule: rule, name: c.name, run: c.run, only: c.only, on: c.on}
	}
	return cases
}

// ofPlaces is a check on the tables of PlaceContract.
func ofPlaces(name string, run func(*env)) check {
	return check{name: name, run: run, on: PlaceContract}
}

// bothWays returns each case twice: without capture and under it.
func bothWays(cases []testCase) []testCase {
	var both []testCase
	for _, c := range cases {
		bare, captured := c, c
		bare.name, captured.name = c.name+", bare", c.name+", captured"
		bare.run = func(e *env) { e.start(); c.run(e) }
		captured.run = func(e *env) { e.start(); e.capture(); c.run(e) }
		both = append(both, bare, captured)
	}
	return both
}

func authorityCases() []testCase {
	return slices.Concat(commitCases(), operationCases(), epochCases(), versionCases(), bumpCases(),
		dirtyCases(), cleanCases(), tokenCases(), carryCases(), uniqueCases(), passedOnCases(), foldedCases(), referenceCases(), movingReferenceCases(), stagedCases(), deliveryCases(), idCases(), expectCases(),
		raceCases(), markCases(), leaseCases(), grantCases(), fitCases(), historyCases(), kindHistoryCases(), bothWays(placeCases()), bumpedPlaceCases(), childCases(),
		bothWays(countCases()), writtenCountCases(), bothWays(totalCases()), writtenTotalCases(), fanOutCases(), dependentsCases(), renewCases(), tallyCases(), frozenCases(), keptCopyCases(), bothWays(readerCases()))
}

func followerCases() []testCase {
	return followedCases(slices.Concat(putCases(), tombstoneCases(), insertCases(), followCases(), holderCases(), foldedHolderCases(), referredCases(), followedDeliveryCases(),
		followedIDCases(), keepCases(), followedHistoryCases(), followedPlaceCases(), followedChildCases(), countCases(), followedCountCases(), totalCases(), followedTotalCases(),
		followedCopyCases(), followedTallyCases(), followedDependentsCases(), readerCases()))
}

// followedCases are played with a follower.
func followedCases(cases []testCase) []testCase {
	for i := range cases {
		cases[i].part = asFollower
	}
	return cases
}

// runAll runs the cases that are for the harness's kind of store, those of one
// rule below one test.
func runAll(t *testing.T, h Harness, cases []testCase) {
	kind := h.New(t, Contract(t)).kind()
	cases = slices.DeleteFunc(cases, func(c testCase) bool {
		return !c.isFor(kind) || c.rule == ruleHistory && h.Histories < 0
	})
	for len(cases) > 0 {
		rule := cases[0].rule
		n := slices.IndexFunc(cases, func(c testCase) bool { return c.rule != rule })
		if n < 0 {
			n = len(cases)
		}
		t.Run(rule, func(t *testing.T) {
			for _, c := range cases[:n] {
				t.Run(c.name, func(t *testing.T) { runCase(t, h, c) })
			}
		})
		cases = cases[n:]
	}
}

// runCase runs one case on a fresh store. It takes a testing.TB so that the
// suite's own tests can watch it fail.
func runCase(t testing.TB, h Harness, c testCase) {
	e := newEnv(t, h, c)
	if c.part == asFollower {
		require.NotNil(t, e.Follower, "the harness made no follower")
		e.follow()
	} else {
		require.NotNil(t, e.Authority, "the harness made no authority")
		require.NotNil(t, e.Control, "the harness made no control")
	}
	c.run(e)
}
