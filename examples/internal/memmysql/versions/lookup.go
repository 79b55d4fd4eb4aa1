package versions

import (
	"fmt"
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
)

// lookup returns the rows that an index holds in some ranges.
func (t *table) lookup(l sql.IndexLookup) ([]sql.Row, error) {
	x := t.primary
	if name := l.Index.ID(); name != primary {
		if x = t.index(name); x == nil {
			return nil, sql.ErrIndexNotFound.New(name)
		}
	}
	ranges, ok := l.Ranges.(sql.MySQLRangeCollection)
	if !ok {
		return nil, fmt.Errorf("a lookup by ranges of type %T", l.Ranges)
	}
	var rows []sql.Row
	for _, r := range ranges {
		before := len(rows)
		rows = x.scan(r, len(t.columns.Schema), rows)
		if l.IsReverse { // an ORDER BY … DESC that is left to the index; the ranges are so already
			slices.Reverse(rows[before:])
		}
	}
	return rows, nil
}

// scan appends the rows of one range: an interval for each of the first columns.
// It begins at the first row that can be in it and ends where no other can.
func (t *tree) scan(r sql.MySQLRange, width int, rows []sql.Row) []sql.Row {
	from, bounded := t.from(r, width)
	t.rows.AscendGreaterOrEqual(from, func(e entry) bool {
		inside := true
		for i := range r {
			below, above := t.beside(i, r[i], e.row[t.columns[i]])
			if above && i < bounded {
				return false
			}
			inside = inside && !below && !above
		}
		if inside {
			rows = append(rows, e.row)
		}
		return true
	})
	return rows
}

// from returns where a range begins, and by how many columns it can be told that
// it is over: those that have one value only, and the one after them.
func (t *tree) from(r sql.MySQLRange, width int) (entry, int) {
	e := entry{row: make(sql.Row, width), edge: -1}
	for i, interval := range r {
		switch low := interval.LowerBound.(type) {
		case sql.Below:
			e.row[t.columns[i]] = low.Key
		case sql.Above:
			e.row[t.columns[i]], e.edge = low.Key, 1
		case sql.AboveNull:
			e.edge = 1
		}
		if !t.isPoint(i, interval) {
			e.n = i + 1
			return e, i + 1
		}
	}
	e.n = len(r)
	return e, len(r)
}

// isPoint reports whether the interval holds one value.
func (t *tree) isPoint(i int, interval sql.MySQLRangeColumnExpr) bool {
	switch low := interval.LowerBound.(type) {
	case sql.Below:
		high, ok := interval.UpperBound.(sql.Above)
		return ok && t.compare(i, low.Key, high.Key) == 0
	case sql.BelowNull:
		_, ok := interval.UpperBound.(sql.AboveNull)
		return ok
	}
	return false
}

// beside reports on which side of the interval a value lies.
func (t *tree) beside(i int, interval sql.MySQLRangeColumnExpr, v any) (below, above bool) {
	return t.cut(i, v, interval.LowerBound) < 0, t.cut(i, v, interval.UpperBound) > 0
}

// cut returns -1 if the value lies before the cut, and 1 if behind it.
func (t *tree) cut(i int, v any, cut sql.MySQLRangeCut) int {
	before := true
	switch c := cut.(type) {
	case sql.BelowNull:
		before = false
	case sql.AboveNull:
		before = v == nil
	case sql.Below:
		before = t.compare(i, v, c.Key) < 0
	case sql.Above:
		before = t.compare(i, v, c.Key) <= 0
	}
	if before {
		return -1
	}
	return 1
}
