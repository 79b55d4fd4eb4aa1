package storetest

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

var historyFaults = []fault{
	{name: "delete of nothing succeeds, in a history", in: faultNamed("delete of nothing succeeds").in,
		breaks: cases(ruleHistory, "of users, visits and tickets", "of lists", "of families", "of places", "of shelves", "of names", "of orders", "of wares")},
	{name: "Put takes an equal version, in a history", in: faultNamed("Put takes an equal version").in,
		breaks: cases(ruleHistory, "of users, visits and tickets that follow", "of lists that follow", "of orders that follow")},
	{name: "what goes along has other versions than the write tells, in a history", breaks: cases(ruleHistory, "of families", "of wares"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				for _, c := range done.Changes {
					for _, k := range c.Keys {
						if !slices.ContainsFunc(done.Rows, func(row store.Row) bool { return row.Key == k.Key }) {
							err = errors.Join(err, b.Store.Bump(ctx, []transform.Key{k.Key}))
						}
					}
				}
				return done, err
			}
		}},
}

// faultNamed returns one of the faults of other rules.
func faultNamed(name string) fault {
	all := slices.Concat(commitFaults, operationFaults, versionFaults, changeFaults, tokenFaults, readFaults, queryFaults, listFaults,
		scanFaults, followerFaults, uniqueFaults, passedOnFaults, idFaults, expectFaults, epochFaults,
		familyFaults, placeFaults, countFaults, namesFaults, childFaults, copyFaults, fanOutFaults, renewFaults, totalFaults)
	i := slices.IndexFunc(all, func(f fault) bool { return f.name == name })
	if i < 0 {
		panic("there is no fault " + name)
	}
	return all[i]
}

// TestHistoriesFindFaults holds that the default histories find faults of every
// sort, whatever case was written for them, and make what they found short.
func TestHistoriesFindFaults(t *testing.T) {
	users, lists := ruleHistory+"/of users, visits and tickets", ruleHistory+"/of lists"
	for by, names := range map[string][]string{
		users: {
			"a delete leaves no change record", "mutations commit one by one", "create overwrites", "put leaves out what is NULL",
			"update sets what it was not told to", "update creates", "delete of nothing succeeds", "the answer is in another order",
			"nothing is expected", "checks are forgotten", "a repetition tells no ids",
			"the last id is not known", "a sequence is not raised", "what was decided is compared",
			"unique values are looked at once for the whole write",
			"NULL sorts first", "every bound is inclusive", "a page leaves out its first record",
		},
		lists: {
			"a key that comes twice is answered once",
			"moments lose the fraction of a second", "a lower bound above the upper one is an error",
		},
		ruleHistory + "/of families": {
			"a put upon a record is a delete before", "cascades leave no change records",
		},
		ruleHistory + "/of places": {"a record that has moved is not found"},
		ruleHistory + "/of shelves": {
			"all references of an entity count as one", "NULL counts", "a number never goes down", "nothing is excepted",
			"totals are of another reference", "NULL is a zero in totals", "a record that moved is in both totals",
			"what is deleted is in totals", "nothing is excepted from totals",
		},
		ruleHistory + "/of names": {"the folded form is stored"},
		ruleHistory + "/of orders": {
			"rows are forgotten", "no rows are no list", "rows that are taken out stay", "an update takes the rows", "rows come back with their record",
			"ids are given again", "ids are brought", "sequences of rows are not raised", "rows are not looked at", "rows are not expected",
		},
		ruleHistory + "/of wares": {
			"an update takes the copies", "a bump takes the copies", "a change leaves no mark", "a change leaves no mark, under leases",
			"nobody is told of what has come to refer to others", "nothing is renewed, under leases", "what is dirty is not renewed",
		},
		ruleHistory + "/of orders that follow": {"rows are forgotten", "no rows are no list", "sequences of rows are not raised"},
		users + " that follow": {
			"Put has no condition", "Put takes an equal version", "a tombstone only where an item is", "a tombstone is for ever",
			"Insert overwrites", "Insert overwrites tombstones", "Insert gives version 1",
			"a scan leaves out tombstones",
		},
	} {
		for _, name := range names {
			t.Run(name, func(t *testing.T) {
				failures := watch(t, faultNamed(name).harness(), caseNames()[by])
				require.NotEmpty(t, failures, "random histories do not find it")
				found := regexp.MustCompile(`(?s)seed \d+ .*: (\d+) of \d+ steps are enough`).FindStringSubmatch(failures[0])
				require.NotEmpty(t, found, "the failure says how it is played again: %s", failures[0])
				require.Less(t, len(found[1]), 3, "what is left is short: %s", failures[0])
			})
		}
	}
}

// TestHistoriesAreTheSame holds that a seed gives the same history in every run,
// and another one another.
func TestHistoriesAreTheSame(t *testing.T) {
	of := func(seed uint64) string {
		e := newEnv(t, fault{}.harness(), caseNames()[ruleHistory+"/of lists"])
		return listing(newGenerator(e, seed).history(50))
	}
	require.Equal(t, of(7), of(7))
	require.NotEqual(t, of(7), of(8))
	require.Equal(t, 50, strings.Count(of(7), "\n")+1)
}

// TestShortHistory holds that a failure is told by the seed and the steps that
// are needed, and by no others.
func TestShortHistory(t *testing.T) {
	failures := watch(t, faultNamed("delete of nothing succeeds").harness(), caseNames()[ruleHistory+"/of users, visits and tickets"])
	require.NotEmpty(t, failures)
	require.Regexp(t, `seed 0 \(Harness.Seed gives it again\): 1 of 250 steps are enough\n\s+1  write (.*; )?delete `, failures[0])
}
