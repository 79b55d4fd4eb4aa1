package dynamostore

import (
	"fmt"
	"math/rand/v2"
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
	const groups, of = 4, 300
	for _, descending := range []bool{false, true} {
		for _, limit := range []int{1, 7, of, of + 1, groups*of + 1} {
			q := f.inCity("Rome", limit)
			q.Descending = descending
			got := []int64{}
			for {
				rows := f.page(q, groups, of)
				if len(rows) == 0 {
					break
				}
				require.LessOrEqual(t, len(rows), limit)
				got = append(got, ids(rows)...)
				q.After = rows[len(rows)-1].Record
				if limit == 1 && len(got) == 20 {
					break
				}
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

// page feeds rows in sort order, those of one sort key in any order, from the
// sort key of After on, until the page is full. User i has score i/of.
func (f *fixture) page(q store.Query, groups, of int) []store.Row {
	rows := newTies(&lookup{Query: q})
	for g := range groups {
		if q.Descending {
			g = groups - 1 - g
		}
		if !q.After.IsZero() {
			last, _ := q.After.At(3).Int()
			if (int64(g) < last) != q.Descending && int64(g) != last {
				continue
			}
		}
		for _, i := range rand.Perm(of) {
			rows.add(f.row(f.user(g*of+i, "city", "Rome", "score", fmt.Sprint(g)), 0), fmt.Sprint(g))
			require.LessOrEqual(f, len(rows.group), 2*q.Limit+101, "memory is bounded")
		}
	}
	return rows.take()
}

func TestCompareValuesAsMySQLDoes(t *testing.T) {
	decimal := func(s string) transform.Value {
		v, err := transform.DecimalValue(s)
		require.NoError(t, err)
		return v
	}
	for _, c := range [][2]transform.Value{
		{transform.IntValue(-10), transform.IntValue(-9)},
		{transform.IntValue(9), transform.IntValue(10)},
		{transform.IntValue(-1), transform.UintValue(1 << 63)},
		{transform.UintValue(1 << 63), transform.UintValue(1<<63 + 1)},
		{decimal("9.50"), decimal("10.00")},
		{decimal("-10.00"), decimal("9.00")},
		{transform.TextValue("10"), transform.TextValue("9")},
		{transform.TextValue("Z"), transform.TextValue("a")},
		{transform.TextValue("\uffff"), transform.TextValue("\U0001F600")},
		{transform.BytesValue([]byte{1}), transform.BytesValue([]byte{0xff})},
	} {
		require.Equal(t, -1, compareValues(c[0], c[1]), "%v %v", c[0].Text(), c[1].Text())
		require.Equal(t, 1, compareValues(c[1], c[0]))
		require.Zero(t, compareValues(c[0], c[0]))
	}
}
