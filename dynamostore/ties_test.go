package dynamostore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestTiesComeInTheOrderOfTheKey has what engines on one machine do not show: a
// service that gives rows of one sort key in an order of its own, another one
// each time, and far more of them than a page has.
func TestTiesComeInTheOrderOfTheKey(t *testing.T) {
	f := offline(t)
	const groups, of = 3, 160
	all := make([]store.Row, groups*of) // user i has score i/of
	for i := range all {
		all[i] = f.row(f.user(i, "city", "Rome", "score", fmt.Sprint(i/of)), 0)
	}
	for _, descending := range []bool{false, true} {
		for _, limit := range []int{1, 7, of, of + 1, groups*of + 1} {
			q := f.inCity("Rome", limit)
			q.Descending = descending
			got := []int64{}
			for limit > 1 || len(got) < 20 {
				rows := page(t, q, all, of)
				if len(rows) == 0 {
					break
				}
				require.LessOrEqual(t, len(rows), limit)
				got = append(got, ids(rows)...)
				q.After = rows[len(rows)-1].Record
			}
			for i, id := range got {
				want := int64(i)
				if descending {
					want = groups*of - 1 - int64(i)
				}
				require.Equal(t, want, id, "limit %d, descending %t", limit, descending)
			}
			require.True(t, limit == 1 || len(got) == groups*of)
		}
	}
}

// page feeds rows in the order of their scores, those of one score in any order,
// from the score of After on.
func page(t *testing.T, q store.Query, all []store.Row, of int) []store.Row {
	groups := slices.Collect(slices.Chunk(all, of))
	score := func(group []store.Row) transform.Value { return group[0].Record.At(3) }
	if q.Descending {
		slices.Reverse(groups)
	}
	if !q.After.IsZero() {
		groups = groups[slices.IndexFunc(groups, func(g []store.Row) bool { return score(g) == q.After.At(3) }):]
	}
	l, err := store.NewLookup(q)
	require.NoError(t, err)
	rows := newTies(&lookup{Lookup: l})
	for _, group := range groups {
		for _, i := range rand.Perm(len(group)) {
			rows.add(group[i], score(group).Text())
			require.LessOrEqual(t, len(rows.group), 2*q.Limit+101, "memory is bounded")
		}
	}
	return rows.take()
}
