package dynamostore

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// ties brings the rows of a query into their order. They come in by sort key;
// those of one sort key are kept back until the next one begins, and then go
// out in the order of the key columns. It holds no more than some multiple of
// the query's limit, however many rows share a sort key.
type ties struct {
	query store.Query
	rows  []store.Row // in order, complete
	group []store.Row // of one sort key, as they came
	sort  string      // that sort key
}

func newTies(l *lookup) *ties { return &ties{query: l.Query, rows: []store.Row{}} }

// add takes the next row. sort is its sort key, "" in an index without one.
func (t *ties) add(row store.Row, sort string) {
	if sort != t.sort {
		t.close()
		t.sort = sort
	}
	if t.full() || t.before(row) {
		return
	}
	t.group = append(t.group, row)
	if wanted := t.query.Limit - len(t.rows); len(t.group) > 2*wanted+100 {
		t.order()
		t.group = slices.Delete(t.group, wanted, len(t.group))
	}
}

// before reports whether the row was on a page before this one.
func (t *ties) before(row store.Row) bool {
	if t.query.After.IsZero() {
		return false
	}
	// The sort key of After is where the query begins, so its ties are the
	// only rows that may come again.
	if i := t.sortColumn(); i >= 0 && row.Record.At(i) != t.query.After.At(i) {
		return false
	}
	return t.compare(row.Record, t.query.After) <= 0
}

// sortColumn returns the column of the index's sort key, -1 without one.
func (t *ties) sortColumn() int {
	e := t.query.Entity
	i := e.AttributeIndex(e.Index(t.query.Index).SK.Name)
	if i < 0 {
		return -1
	}
	return e.Attributes[i].Column
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
	slices.SortFunc(t.group, func(a, b store.Row) int { return t.compare(a.Record, b.Record) })
}

// compare orders two records of one sort key.
func (t *ties) compare(a, b transform.Record) int {
	for _, i := range t.query.Entity.KeyColumns {
		if c := compareValues(a.At(i), b.At(i)); c != 0 {
			if t.query.Descending {
				return -c
			}
			return c
		}
	}
	return 0
}

// compareValues orders two values of one column as MySQL does under a binary
// collation: numbers by size, everything else by the bytes of its text, which
// for dates and times is their order.
func compareValues(a, b transform.Value) int {
	x, ok := a.Int()
	y, both := b.Int()
	if ok && both {
		return cmp.Compare(x, y)
	}
	switch a.Kind() {
	case transform.Int, transform.Decimal, transform.Float:
		r, ok := new(big.Rat).SetString(a.Text())
		q, both := new(big.Rat).SetString(b.Text())
		if ok && both {
			return r.Cmp(q)
		}
	}
	return strings.Compare(a.Text(), b.Text())
}
