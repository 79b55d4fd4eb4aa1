package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func queryCases() []testCase {
	return ruled(ruleQuery,
		check{name: "equal values", run: queryEqual},
		check{name: "numbers in order", run: queryNumbers},
		check{name: "text in byte order", run: queryText},
		check{name: "bounds", run: queryBounds},
		check{name: "ties", run: queryTies},
		check{name: "pages", run: queryPages},
		check{name: "a page after a record that is gone", run: queryAfterGone},
		check{name: "records that change", run: queryChanges},
		check{name: "NULL is in no index", run: queryNull},
		check{name: "a query that can't be answered", run: queryInvalid},
	)
}

func (e *env) byName(name string) store.Query {
	return store.Query{Entity: e.users, Index: "UsernameIndex", Equal: transform.TextValue(name), Limit: 100}
}

func (e *env) byPlace(place string) store.Query {
	return store.Query{Entity: e.visits, Index: "PlaceIndex", Equal: transform.TextValue(place), Limit: 100}
}

func (e *env) byTitle(place string) store.Query {
	q := e.byPlace(place)
	q.Index = "TitleIndex"
	return q
}

// wantQuery requires that the query gives these records in this order, as soon
// as the index shows what was written.
func (e *env) wantQuery(q store.Query, want ...transform.Record) []store.Row {
	e.Helper()
	ask := func() ([]store.Row, error) { return e.reader().Query(e.ctx, e.at, q) }
	if e.lag > 0 {
		require.Eventually(e, func() bool {
			rows, err := ask()
			return err != nil || slices.Equal(texts(want), textsOf(rows))
		}, e.lag, 20*time.Millisecond, "the index shows %q", texts(want))
	}
	rows, err := ask()
	require.NoError(e, err)
	require.Equal(e, texts(want), textsOf(rows))
	for i, row := range rows {
		require.True(e, row.Live)
		require.Equal(e, e.key(want[i]), row.Key)
	}
	return rows
}

func texts(records []transform.Record) []string {
	all := []string{}
	for _, rec := range records {
		all = append(all, text(rec))
	}
	return all
}

func textsOf(rows []store.Row) []string {
	all := []string{}
	for _, row := range rows {
		all = append(all, text(row.Record))
	}
	return all
}

// queryEqual: an index compares byte by byte, so that both stores find the same.
func queryEqual(e *env) {
	a, b, upper := e.user(1, "username", "alice"), e.user(2, "username", "bob"), e.user(3, "username", "Alice")
	e.fill(a, b, upper)
	e.wantQuery(e.byName("alice"), a)
	e.wantQuery(e.byName("Alice"), upper)
	e.wantQuery(e.byName("ali"))
	e.wantQuery(e.byName("al%"))
	e.wantQuery(store.Query{Entity: e.users, Index: "EmailIndex", Equal: transform.TextValue("user-2@example.com"), Limit: 1}, b)
	alone := store.Query{Entity: e.users, Equal: transform.IntValue(2), Limit: 2} // the table's key has no sort key
	e.wantQuery(alone, b)
	alone.After = b
	e.wantQuery(alone)
}

// ranked fills visits of one place with these ranks, and returns them.
func (e *env) ranked(place string, ranks ...int) []transform.Record {
	var all []transform.Record
	for i, rank := range ranks {
		all = append(all, e.visit("v", i, "place", place, "rank", fmt.Sprint(rank)))
	}
	// Not in the order in which they are asked for.
	e.fill(backwards(all)...)
	return all
}

func backwards(records []transform.Record) []transform.Record {
	var all []transform.Record
	for i := range records {
		all = append(all, records[len(records)-1-i])
	}
	return all
}

// queryNumbers: 10 comes after 2, and -20 before -3.
func queryNumbers(e *env) {
	all := e.ranked("here", -20, -3, 0, 2, 10, 100, 2147483647)
	e.fill(e.visit("w", 1, "place", "there", "rank", "1"))
	q := e.byPlace("here")
	e.wantQuery(q, all...)
	q.Descending = true
	e.wantQuery(q, backwards(all)...)
}

// queryText: every collation has an order of its own; that of bytes is the one both
// stores can keep.
func queryText(e *env) {
	var all []transform.Record
	for i, title := range []string{"10", "2", "A", "B", "a", "aa", "b", "ä", "日", "😀"} {
		all = append(all, e.visit("v", i, "place", "here", "title", title))
	}
	e.fill(backwards(all)...)
	q := e.byTitle("here")
	e.wantQuery(q, all...)
	q.Lower, q.Upper = &store.Bound{Value: transform.TextValue("A")}, &store.Bound{Value: transform.TextValue("b")}
	e.wantQuery(q, all[2:7]...)
	q.Descending = true
	e.wantQuery(q, backwards(all[2:7])...)
}

// queryBounds tries both ends, each of them inclusive, exclusive and open.
func queryBounds(e *env) {
	all := e.ranked("here", 1, 2, 3, 4, 5)
	at := func(rank int64, exclusive bool) *store.Bound {
		return &store.Bound{Value: transform.IntValue(rank), Exclusive: exclusive}
	}
	for _, c := range []struct {
		name         string
		lower, upper *store.Bound
		want         []transform.Record
	}{
		{"lower", at(2, false), nil, all[1:]},
		{"lower, exclusive", at(2, true), nil, all[2:]},
		{"upper", nil, at(4, false), all[:4]},
		{"upper, exclusive", nil, at(4, true), all[:3]},
		{"both", at(2, false), at(4, false), all[1:4]},
		{"both, exclusive", at(2, true), at(4, true), all[2:3]},
		{"one inclusive", at(2, true), at(4, false), all[2:4]},
		{"one value", at(3, false), at(3, false), all[2:3]},
		{"beyond", at(6, false), nil, nil},
		{"below", nil, at(0, false), nil},
	} {
		q := e.byPlace("here")
		q.Lower, q.Upper = c.lower, c.upper
		e.wantQuery(q, c.want...)
		q.Descending = true
		e.wantQuery(q, backwards(c.want)...)
	}
}

// tied fills visits of which several share a rank, and returns them in order:
// by rank, then by key.
func (e *env) tied() []transform.Record {
	var all []transform.Record
	for _, v := range []struct {
		visitor string
		number  int
		rank    string
	}{{"b", 5, "1"}, {"a", 2, "7"}, {"a", 10, "7"}, {"b", 1, "7"}, {"c", 1, "7"}, {"a", 1, "8"}, {"a", 9, "9"}, {"b", 2, "9"}} {
		all = append(all, e.visit(v.visitor, v.number, "place", "here", "rank", v.rank))
	}
	e.fill(all[4], all[0], all[2], all[7], all[1], all[5], all[3], all[6])
	return all
}

// queryTies: records with equal sort keys come in the order of their keys, or pages
// would differ from store to store.
func queryTies(e *env) {
	all := e.tied()
	q := e.byPlace("here")
	e.wantQuery(q, all...)
	q.Descending = true
	e.wantQuery(q, backwards(all)...)
	q.Lower, q.Upper = &store.Bound{Value: transform.IntValue(7)}, &store.Bound{Value: transform.IntValue(7)}
	e.wantQuery(q, backwards(all[1:5])...)
}

// queryPages ends pages among records of one rank, where a continuation by the
// sort key alone leaves some out or gives them twice.
func queryPages(e *env) {
	all := e.tied()
	for _, descending := range []bool{false, true} {
		want := all
		if descending {
			want = backwards(all)
		}
		for _, limit := range []int{1, 2, 3, len(all), len(all) + 1} {
			q := e.byPlace("here")
			q.Descending, q.Limit = descending, limit
			for i := 0; ; i += limit {
				page := want[min(i, len(want)):min(i+limit, len(want))]
				e.wantQuery(q, page...)
				if len(page) == 0 {
					break
				}
				q.After = page[len(page)-1]
			}
		}
	}
	q := e.byPlace("here")
	q.Lower, q.After, q.Limit = &store.Bound{Value: transform.IntValue(7)}, all[2], 3
	e.wantQuery(q, all[3:6]...)
}

// queryAfterGone: the record at which a page ended may be deleted before the next.
func queryAfterGone(e *env) {
	all := e.tied()
	q := e.byPlace("here")
	q.Limit, q.After = 2, all[2]
	e.unset(all[2])
	e.unset(all[4])
	e.wantQuery(q, all[3], all[5])
}

// queryChanges: a record that moved is at its new place only.
func queryChanges(e *env) {
	all := e.ranked("here", 1, 2, 3)
	q := e.byPlace("here")
	e.set(e.with(all[0], "place", "there"))
	e.set(e.with(all[1], "rank", "9"))
	e.wantQuery(q, all[2], e.with(all[1], "rank", "9"))
	e.wantQuery(e.byPlace("there"), e.with(all[0], "place", "there"))
	e.unset(all[2])
	e.wantQuery(q, e.with(all[1], "rank", "9"))
	e.set(e.with(all[1], "note", "other"))
	e.wantQuery(q, e.with(all[1], "note", "other"))
}

// queryNull: an item without the attribute is not in a DynamoDB index, so a row with
// NULL is in none either.
func queryNull(e *env) {
	whole := e.visit("v", 1, "place", "here", "rank", "1", "title", "t")
	unranked := e.visit("v", 2, "place", "here", "title", "u")
	untitled := e.visit("v", 3, "place", "here", "rank", "2")
	nowhere := e.visit("v", 4, "rank", "3", "title", "w")
	e.fill(whole, unranked, untitled, nowhere, e.user(1, "username", null))
	e.wantQuery(e.byPlace("here"), whole, untitled)
	e.wantQuery(e.byTitle("here"), whole, unranked)
	e.set(e.with(unranked, "rank", "0"))
	e.set(e.with(whole, "place", null))
	e.wantQuery(e.byPlace("here"), e.with(unranked, "rank", "0"), untitled)
	e.wantQuery(e.byName("user-1"))
}

// queryInvalid: an empty answer would hide the mistake. The error says which
// indexes there are, and where a sort key lacks.
func queryInvalid(e *env) {
	e.ranked("here", 1)
	unknown, mistyped, unbounded := e.byPlace("here"), e.byPlace("here"), e.byName("user-1")
	unknown.Index = "NoSuchIndex"
	mistyped.Equal = transform.IntValue(1)
	unbounded.Lower = &store.Bound{Value: transform.TextValue("a")}
	for says, q := range map[string]store.Query{
		"TitleIndex (place, title)": unknown, "of kind int": mistyped, "UsernameIndex has no sort key to bound": unbounded,
		"no place in the table's own key": {Entity: e.visits, Equal: transform.TextValue("v"), Limit: 1, After: e.visits.NewRecord()},
	} {
		_, err := e.reader().Query(e.ctx, e.at, q)
		require.ErrorIs(e, err, store.ErrInvalid, says)
		require.ErrorContains(e, err, says)
	}
}
