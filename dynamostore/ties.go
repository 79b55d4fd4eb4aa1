package dynamostore

import (
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
)

// ties brings the rows of a query into their order. They come in by sort key;
// those of one sort key are kept back until the next one begins, and then go
// out in the order of the key columns. It holds no more than some multiple of
// the query's limit, however many rows share a sort key.
type ties struct {
	query *store.Lookup
	rows  []store.Row // in order, complete
	group []store.Row // of one sort key, as they came
	sort  string      // that sort key
}

func newTies(l *lookup) *ties { return &ties{query: l.Lookup, rows: []store.Row{}} }

// add takes the next row. sort is its sort key, "" in an index without one. Rows
// that the query does not contain are left out: those at a bound that excludes
// them, and those of the page before.
func (t *ties) add(row store.Row, sort string) {
	if sort != t.sort {
		t.close()
		t.sort = sort
	}
	if t.full() || !t.query.Contains(row.Record) {
		return
	}
	t.group = append(t.group, row)
	if wanted := t.query.Limit - len(t.rows); len(t.group) > 2*wanted+100 {
		t.order()
		t.group = slices.Delete(t.group, wanted, len(t.group))
	}
}

// close ends the ties of one sort key.
func (t *ties) close() {
	t.order()
	t.rows = append(t.rows, t.group...)
	t.group = t.group[:0]
}

// full reports whether there are as many rows as were asked for, in order.
func (t *ties) full() bool { return len(t.rows) >= t.query.Limit }

// take returns the rows.
func (t *ties) take() []store.Row {
	t.close()
	return t.rows[:min(len(t.rows), t.query.Limit)]
}

func (t *ties) order() {
	slices.SortFunc(t.group, func(a, b store.Row) int { return t.query.Compare(a.Record, b.Record) })
}
