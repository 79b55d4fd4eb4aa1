package mysqlstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Query returns the rows that the index holds under one value: those whose
// column is equal to it byte by byte, in byte order of the sort key's column,
// then of the primary key. A row whose index column is NULL is in no index, as
// in DynamoDB.
//
// The column is compared twice. Its own comparison finds the rows through
// MySQL's index; the one of bytes leaves out what only the collation takes for
// equal.
func (s *Store) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	src := s.sources[q.Entity.Name]
	if src == nil {
		return nil, s.invalid("query", q.Entity.Name, "", "the contract has no such entity", store.NoWrite)
	}
	l, fault := newLookup(q)
	if fault != "" {
		return nil, s.invalid("query", q.Entity.Name, "", fault, store.NoWrite)
	}
	rows, err := s.list(ctx, s.db, "query", at, src, l, q.Limit)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Err != nil {
			return nil, s.unfit("query", src.entity, row.Err, store.NoWrite)
		}
	}
	return rows, nil
}

// list runs a lookup. The fence is part of the same statement, unless the reader
// wants none; it makes a row of NULLs where the lookup finds none.
func (s *Store) list(ctx context.Context, q querier, op string, at store.At, src *source, l *lookup, limit int) ([]store.Row, error) {
	from := " FROM " + src.table + " t WHERE " + l.where + " ORDER BY " + l.order + " LIMIT ?"
	query, args := "SELECT "+src.list+from, append(l.args[:len(l.args):len(l.args)], limit)
	var snap snapshot
	var lead []any
	if looks(at) {
		// The page is a table of its own, so that the server sorts no more of the
		// partition for the fence's sake than it would without.
		query = "SELECT f.epoch, f.state, f.capture, " + src.list + " FROM crossfade_fence f LEFT JOIN (SELECT t.*" + from +
			") t ON TRUE WHERE f.grp = ? ORDER BY " + l.order
		args, lead = append(args, s.group), snap.fence.dest()
	}
	var found []store.Row
	err := each(ctx, q, func(rows *sql.Rows) error {
		text, err := src.scan(rows, lead...)
		if err == nil && src.isThere(text) {
			row, fault := src.row(text)
			row.Err = fault
			found = append(found, row)
		}
		return err
	}, query, args...)
	return found, s.judge(op, src.entity, at, &snap, err)
}

// A lookup is a query as SQL.
type lookup struct {
	where string
	args  []any
	order string
}

// newLookup returns the lookup, or what is wrong with the query.
func newLookup(q store.Query) (*lookup, string) {
	e := q.Entity
	index := e.Index(q.Index)
	if index == nil {
		return nil, "the contract has no index " + q.Index + "; it has " + indexNames(e)
	}
	equal, sort := indexColumn(e, index.PK), indexColumn(e, index.SK)
	switch {
	case equal == nil || (sort == nil && !index.SK.IsZero()):
		return nil, "the entity has no column for a key of index " + q.Index
	case q.Equal.Kind() != equal.Kind:
		return nil, "index " + q.Index + " is asked for a value of kind " + q.Equal.Kind().String() +
			"; its column " + equal.Name + " is of kind " + equal.Kind.String()
	case q.Limit < 1:
		return nil, "the limit must be at least 1"
	case sort == nil && (q.Lower != nil || q.Upper != nil):
		return nil, "index " + q.Index + " has no sort key to bound"
	}
	l := &lookup{}
	l.equal(equal, q.Equal)
	if sort != nil {
		l.and(column(sort) + " IS NOT NULL")
		for _, b := range []struct {
			bound *store.Bound
			op    string
		}{{q.Lower, ">"}, {q.Upper, "<"}} {
			if b.bound == nil {
				continue
			}
			if b.bound.Value.Kind() != sort.Kind {
				return nil, "a bound of index " + q.Index + " is not of kind " + sort.Kind.String()
			}
			l.compare(sort, b.op, b.bound)
		}
	}
	l.sorted(q, sort)
	return l, ""
}

// indexColumn returns the column that an index key is read from, or nil.
func indexColumn(e *transform.Entity, k transform.KeyAttribute) *transform.Column {
	i := e.AttributeIndex(k.Name)
	if k.IsZero() || i < 0 {
		return nil
	}
	return &e.Columns[e.Attributes[i].Column]
}

func indexNames(e *transform.Entity) string {
	var names []string
	for _, i := range e.Table.Indexes {
		names = append(names, i.Name)
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

func column(c *transform.Column) string { return "t." + quote(c.Name) }

// sortable is the column as it sorts and compares in DynamoDB: text by its
// bytes. Everything else has that order in MySQL.
func sortable(c *transform.Column) string {
	if c.Kind == transform.Text {
		return asBytes(column(c))
	}
	return column(c)
}

func (l *lookup) and(condition string, args ...any) {
	if l.where != "" {
		l.where += " AND "
	}
	l.where, l.args = l.where+condition, append(l.args, args...)
}

// equal demands that the column holds exactly the value.
func (l *lookup) equal(c *transform.Column, v transform.Value) {
	l.and(column(c)+" = "+place(c), c.SQL(v))
	if c.Kind == transform.Text {
		l.and(asBytes(column(c))+" = ?", c.SQL(v))
	}
}

// compare demands that the column is on one side of the bound.
func (l *lookup) compare(c *transform.Column, op string, b *store.Bound) {
	if !b.Exclusive {
		op += "="
	}
	l.and(sortable(c)+" "+op+" "+place(c), c.SQL(b.Value))
}

// sorted sets the order, and goes on after the record where the query says so.
// The order is of all columns that it takes to tell two rows apart, so that the
// condition (a > x) OR (a = x AND b > y) … leaves none out.
func (l *lookup) sorted(q store.Query, sort *transform.Column) {
	e := q.Entity
	var columns []*transform.Column
	if sort != nil {
		columns = append(columns, sort)
	}
	for _, i := range e.KeyColumns {
		columns = append(columns, &e.Columns[i])
	}
	direction, op := "", " > "
	if q.Descending {
		direction, op = " DESC", " < "
	}
	var order, after []string
	var same string
	var sameArgs, args []any
	for _, c := range columns {
		order = append(order, sortable(c)+direction)
		if q.After.IsZero() {
			continue
		}
		v := c.SQL(q.After.At(e.ColumnIndex(c.Name)))
		after = append(after, "("+same+sortable(c)+op+place(c)+")")
		args = append(append(args, sameArgs...), v)
		same += sortable(c) + " = " + place(c) + " AND "
		sameArgs = append(sameArgs, v)
	}
	l.order = strings.Join(order, ", ")
	if after != nil {
		l.and("("+strings.Join(after, " OR ")+")", args...)
	}
}
