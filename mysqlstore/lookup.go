package mysqlstore

import (
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A lookup is a query as SQL.
type lookup struct {
	query *store.Lookup
	shown map[int]string // what computed columns show
	where string
	args  []any
	order string
}

// newLookup returns the lookup as SQL.
func newLookup(src *source, q *store.Lookup) *lookup {
	l := &lookup{query: q, shown: src.shown}
	l.equal(q.Partition, q.Equal)
	if q.Sort >= 0 {
		l.and(l.column(q.Sort) + " IS NOT NULL")
		l.compare(q.Sort, ">", q.Lower)
		l.compare(q.Sort, "<", q.Upper)
		l.one(q.Sort)
	}
	l.sorted()
	return l
}

func column(c *transform.Column) string { return "t." + quote(c.Name) }

// column is a column of the row, or what a computed one shows.
func (l *lookup) column(i int) string {
	if x, computed := l.shown[i]; computed {
		return x
	}
	return column(&l.query.Entity.Columns[i])
}

// sortable is the column as it sorts and compares in DynamoDB: text by its
// bytes, and all that is computed is text. Everything else has that order in MySQL.
func (l *lookup) sortable(i int) string {
	c := &l.query.Entity.Columns[i]
	if c.Kind == transform.Text || c.IsComputed() {
		return asBytes(l.column(i))
	}
	return column(c)
}

// value is the argument for a value that is compared with sortable.
func (l *lookup) value(i int, v transform.Value) any {
	c := &l.query.Entity.Columns[i]
	if c.IsComputed() {
		return v.Text()
	}
	return c.SQL(v)
}

// comparand is the placeholder for value.
func (l *lookup) comparand(i int, v transform.Value) string {
	if c := &l.query.Entity.Columns[i]; !c.IsComputed() {
		return comparand(c, v)
	}
	return "?"
}

func (l *lookup) and(condition string, args ...any) {
	if l.where != "" {
		l.where += " AND "
	}
	l.where, l.args = l.where+condition, append(l.args, args...)
}

// equal demands that the column holds, or shows, exactly the value.
func (l *lookup) equal(i int, v transform.Value) {
	c := &l.query.Entity.Columns[i]
	if c.IsComputed() {
		l.told(i, v)
		l.and(l.sortable(i)+" = ?", v.Text())
		return
	}
	l.and(column(c)+" = "+comparand(c, v), c.SQL(v))
	if c.Kind == transform.Text {
		l.and(asBytes(column(c))+" = ?", c.SQL(v))
	}
}

// told demands of the columns of which a computed one is made that they have the
// values which can be told from what it shows. It leaves out no row that shows it,
// and lets MySQL find them through its own index.
func (l *lookup) told(i int, v transform.Value) {
	columns, values := l.query.Entity.Told(i, v)
	for n, made := range columns {
		c := &l.query.Entity.Columns[made]
		if c.ZeroDates != "" {
			continue // MySQL 8 has errors for zero dates that it is asked for
		}
		switch c.Kind {
		case transform.Int, transform.Text, transform.Date, transform.DateTime, transform.Timestamp:
			l.and(column(c)+" = "+comparand(c, values[n]), c.SQL(values[n]))
		}
	}
}

// one demands of a query for one sort key what can be told from that.
func (l *lookup) one(sort int) {
	lower, upper := l.query.Lower, l.query.Upper
	if lower != nil && upper != nil && !lower.Exclusive && !upper.Exclusive && lower.Value == upper.Value {
		l.told(sort, lower.Value)
	}
}

// compare demands that the column is on one side of the bound; nil is open.
func (l *lookup) compare(i int, op string, b *store.Bound) {
	if b == nil {
		return
	}
	if !b.Exclusive {
		op += "="
	}
	l.and(l.sortable(i)+" "+op+" "+l.comparand(i, b.Value), l.value(i, b.Value))
}

// decimalDigits is how many digits a DECIMAL can have at most (MySQL manual,
// "DECIMAL data type characteristics").
const decimalDigits = 65

// comparand is the placeholder for a value that a query compares with a column,
// and that the column need not be able to hold. Cast to the column's own type, a
// decimal beyond it would become the greatest one that it holds.
func comparand(c *transform.Column, v transform.Value) string {
	if c.Kind != transform.Decimal {
		return place(c)
	}
	_, fraction, _ := strings.Cut(v.Text(), ".")
	return fmt.Sprintf("CAST(? AS DECIMAL(%d,%d))", decimalDigits, max(c.Scale, len(fraction)))
}

// sorted sets the order, and goes on after the record where the query says so.
// The order is of all columns that it takes to tell two rows apart, so that the
// condition (a > x) OR (a = x AND b > y) … leaves none out. The first column is
// compared alone as well, since MySQL finds the beginning of a range by that, and
// not by an OR.
func (l *lookup) sorted() {
	q := l.query
	direction, op := "", " > "
	if q.Descending {
		direction, op = " DESC", " < "
	}
	var order, after []string
	var same string
	var sameArgs, args []any
	for n, i := range q.Order {
		order = append(order, l.sortable(i)+direction)
		if q.After.IsZero() {
			continue
		}
		v := q.At(q.After, i)
		arg, here := l.value(i, v), l.placeOf(i)
		if n == 0 && len(q.Order) > 1 {
			l.and(l.sortable(i)+strings.TrimRight(op, " ")+"= "+here, arg)
		}
		after = append(after, "("+same+l.sortable(i)+op+here+")")
		args = append(append(args, sameArgs...), arg)
		same += l.sortable(i) + " = " + here + " AND "
		sameArgs = append(sameArgs, arg)
	}
	l.order = strings.Join(order, ", ")
	switch {
	case after != nil:
		l.and("("+strings.Join(after, " OR ")+")", args...)
	case len(order) == 0:
		l.single()
	}
}

// placeOf is the placeholder for a value that the column has in some row.
func (l *lookup) placeOf(i int) string {
	if c := &l.query.Entity.Columns[i]; !c.IsComputed() {
		return place(c)
	}
	return "?"
}

// single is for a partition that holds one row, so that nothing is sorted.
func (l *lookup) single() {
	l.order = l.column(l.query.Partition)
	if !l.query.After.IsZero() {
		l.and("FALSE")
	}
}
