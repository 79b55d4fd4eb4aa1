package dal

import (
	"fmt"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Query asks for the records that an index of the contract, or the table's own
// key, holds under one value. It means the same in both stores: an index of
// DynamoDB, or the WHERE and ORDER BY in MySQL that give the same records in the
// same order. Numbers are compared by size, everything else byte by byte, whatever
// the collation of a column says; of records with equal sort keys the primary key
// decides. A record whose index column is NULL is in no index.
//
// TableKey, Index and By make one; its methods return changed copies. Conditions
// on the sort key add up: all of them hold, and where no value can meet them all
// the answer is empty.
type Query struct {
	from       IndexQuery
	equal      any
	bounds     []bound
	filters    []filter
	descending bool
	limit      int
}

// A bound is a condition on the sort key.
type bound struct {
	value  any
	narrow func(q *store.Query, v transform.Value)
	// leading narrows by the text with which all sort keys begin that have the
	// first parts of a template.
	leading func(q *store.Query, beginning transform.Value)
	prefix  bool
	ordered bool // it asks for more than one value, by their order
}

// An IndexQuery is a Query that still lacks the value it looks for.
type IndexQuery struct {
	name    string
	own     bool     // the table's own key
	columns []string // of By
}

// Index begins a query over the named index of the repository's table. With
// DynamoDB as the authority an index follows its table with a delay, as a rule of
// milliseconds: what was written a moment ago may be missing or be as it was,
// and TellLag tells that the answer is such a one.
//
// Not so where a query gives all columns of a "unique" of the contract, in whatever
// form the index has them: by Equal, or by Equal and Exactly where one of them is the
// sort key. No two records have such a value, and the store asks who has it, by two
// consistent reads: in every phase the answer shows what was written before, and a value
// that some record has all the while is found (TestScenario33UniqueValueSeesItsOwnWrites).
//
// An index whose key is a fold ("transformation": {"type": "fold"}) finds the value
// in every form that MySQL takes for equal in the column, and each record as it was
// given. Of a text that is blank in its collation there is no fold: the record is not
// in the index, as if it were NULL, and Equal of it finds nothing
// (TestFoldedIndex, TestScenario15OneNameInAnyForm).
func Index(name string) IndexQuery { return IndexQuery{name: name} }

// TableKey begins a query over the table's own key: the partition key finds, the
// sort key orders. It is strongly consistent in every phase: a list that is asked
// for after a write has returned shows what was written
// (TestScenario33TableKeySeesItsOwnWrites).
func TableKey() IndexQuery { return IndexQuery{own: true} }

// By begins a query by column: over the table's own key if its partition key is
// the first column and its sort key the second, where one is named, or else over
// the first index of the contract that is so. An attribute that is made of a column
// alone, as USER#{id} is, counts as that column. So does its fold, after all that are
// not folded: if only a fold is there, the column is compared as MySQL compares it. If
// there is none, the query fails with ErrInvalid and the index to add to the contract.
func By(partition string, sort ...string) IndexQuery {
	return IndexQuery{columns: append([]string{partition}, sort...)}
}

// Equal asks for the records whose partition key column has the value, a Go
// value of the column's type. It is taken as the column would store it: a time
// rounded to its precision, a decimal to its digits. So are the values of the
// conditions on the sort key.
//
// Of an attribute that is made of columns, by a template or a format, it is their
// value that is given: one as it is, several as Parts. One that is the same in every
// item, a literal, is asked for by its text.
func (i IndexQuery) Equal(value any) Query { return Query{from: i, equal: value} }

// AtLeast bounds the sort key from below, the value included. A sort key that is a
// fold has no such bounds: they are ErrInvalid, and so are those of the other three.
func (q Query) AtLeast(value any) Query { return q.bound(value, atLeast, atLeast) }

// Above bounds the sort key from below, the value excluded.
func (q Query) Above(value any) Query { return q.bound(value, above, behind) }

// AtMost bounds the sort key from above, the value included.
func (q Query) AtMost(value any) Query { return q.bound(value, atMost, upTo) }

// Below bounds the sort key from above, the value excluded.
func (q Query) Below(value any) Query { return q.bound(value, below, below) }

// Between bounds the sort key from both sides, the values included. Nothing is
// between a value and a smaller one.
func (q Query) Between(low, high any) Query { return q.AtLeast(low).AtMost(high) }

// Exactly asks for one value of the sort key.
func (q Query) Exactly(value any) Query {
	return q.with(bound{value: value, narrow: exactly, leading: prefixed})
}

// BeginsWith asks for the sort keys that begin with the prefix, byte by byte: a
// string or []byte, of a column that holds text or bytes. Every sort key begins
// with the empty prefix.
//
// Of a template it takes the first of the values that it is made of, one as it is,
// several as Parts, and finds the sort keys that have them: user 1 is no beginning of
// user 12. A Beginning in the last place is a part of a value. Of a fold it finds the
// texts that begin so as MySQL compares them, their own blanks at the end aside.
func (q Query) BeginsWith(prefix any) Query {
	return q.with(bound{value: prefix, narrow: prefixed, leading: prefixed, prefix: true})
}

// Descending turns the order around.
func (q Query) Descending() Query { q.descending = true; return q }

// Limit ends the answer after n records that meet the query's conditions, those of
// Where too. 0, the default, is no limit.
func (q Query) Limit(n int) Query { q.limit = n; return q }

// bound returns the query with one more condition on the order.
func (q Query) bound(value any, narrow, leading func(*store.Query, transform.Value)) Query {
	return q.with(bound{value: value, narrow: narrow, leading: leading, ordered: true})
}

// with returns the query with one more condition. What q's bounds have room for may
// be another query's.
func (q Query) with(b bound) Query {
	q.bounds = append(slices.Clip(q.bounds), b)
	return q
}

func atLeast(q *store.Query, v transform.Value) { raise(q, &store.Bound{Value: v}) }
func above(q *store.Query, v transform.Value)   { raise(q, &store.Bound{Value: v, Exclusive: true}) }
func atMost(q *store.Query, v transform.Value)  { lower(q, &store.Bound{Value: v}) }
func below(q *store.Query, v transform.Value)   { lower(q, &store.Bound{Value: v, Exclusive: true}) }

// behind leaves what comes after all that begin with v.
func behind(q *store.Query, v transform.Value) {
	if _, after := store.PrefixBounds(v); after != nil {
		raise(q, &store.Bound{Value: after.Value})
	}
}

// upTo leaves all that begin with v, and what comes before.
func upTo(q *store.Query, v transform.Value) {
	_, to := store.PrefixBounds(v)
	lower(q, to)
}

func prefixed(q *store.Query, v transform.Value) {
	from, to := store.PrefixBounds(v)
	raise(q, from)
	lower(q, to)
}

// raise makes b the lower bound if it leaves less.
func raise(q *store.Query, b *store.Bound) {
	if tighter(b, q.Lower, 1) {
		q.Lower = b
	}
}

// lower makes b the upper bound if it leaves less.
func lower(q *store.Query, b *store.Bound) {
	if tighter(b, q.Upper, -1) {
		q.Upper = b
	}
}

// tighter reports whether b leaves less than old: for side 1 because it is above.
func tighter(b, old *store.Bound, side int) bool {
	if b == nil || old == nil {
		return b != nil
	}
	c := b.Value.Compare(old.Value) * side
	return c > 0 || c == 0 && b.Exclusive
}

// A resolved query is one that was checked against the entity.
type resolved struct {
	*store.Lookup
	filters []store.Filter
}

// resolve checks the query against the entity.
func (q Query) resolve(e *transform.Entity) (*resolved, error) {
	key, err := q.from.find(e)
	if err != nil {
		return nil, queryFault(e, "", err.Error())
	}
	sq := store.Query{Entity: e, Index: key.Name, Descending: q.descending, Limit: 1}
	if q.limit < 0 {
		return nil, queryFault(e, "", "the limit is negative")
	}
	if sq.Equal, err = keyValue(e, key.PK, q.equal); err != nil {
		return nil, err
	}
	if err := q.narrow(e, key, &sq); err != nil {
		return nil, err
	}
	l, err := store.NewLookup(sq)
	if err != nil {
		return nil, queryFault(e, "", err.Error())
	}
	r := &resolved{Lookup: l}
	for _, f := range q.filters {
		checked, err := f.resolve(e)
		if err != nil {
			return nil, err
		}
		r.filters = append(r.filters, checked)
	}
	return r, nil
}

// find returns the index that is asked.
func (i IndexQuery) find(e *transform.Entity) (transform.Index, error) {
	switch {
	case i.columns != nil:
		return byColumns(e, i.columns)
	case i.own:
		return store.KeyNamed(e, "")
	case i.name == "":
		return transform.Index{}, fmt.Errorf("the index has no name; TableKey asks for the key of table %s", e.Table.Name)
	}
	return store.KeyNamed(e, i.name)
}

// narrow gives the stores' query the conditions on the sort key.
func (q Query) narrow(e *transform.Entity, key transform.Index, to *store.Query) error {
	for _, b := range q.bounds {
		column := store.ColumnOf(e, key.SK)
		if column < 0 {
			fault := store.NoSortKey(e, key, func(c *transform.Column) bool { v, err := b.of(c); return err == nil && !v.IsNull() })
			return queryFault(e, "", fault.Error())
		}
		if e.Columns[column].IsComputed() {
			if err := b.narrowComputed(e, column, to); err != nil {
				return err
			}
			continue
		}
		c := &e.Columns[column]
		v, err := b.of(c)
		if v, err = notNull(e, c, v, err); err != nil {
			return err
		}
		b.narrow(to, v)
	}
	return nil
}

// of returns the bound's value for the column of the sort key.
func (b bound) of(c *transform.Column) (transform.Value, error) {
	if b.prefix {
		return prefixOf(c, b.value)
	}
	return c.Value(b.value)
}

// keyValue converts a Go value for the column behind a key attribute.
func keyValue(e *transform.Entity, k transform.KeyAttribute, value any) (transform.Value, error) {
	column := store.ColumnOf(e, k)
	if column < 0 {
		return transform.Value{}, queryFault(e, "", "the entity has no attribute "+k.Name+", and so is not in the index")
	}
	if e.Columns[column].IsComputed() {
		return shownOf(e, column, value)
	}
	c := &e.Columns[column]
	v, err := c.Value(value)
	return notNull(e, c, v, err)
}

// notNull refuses a value that could not be made, or is none.
func notNull(e *transform.Entity, c *transform.Column, v transform.Value, err error) (transform.Value, error) {
	if err == nil && v.IsNull() {
		err = &transform.ValueError{Entity: e.Name, Column: c.Name, Reason: "NULL is compared with nothing, and no index holds it"}
	}
	if err != nil {
		return v, &Error{Op: "query", Entity: e.Name, Kind: ErrInvalid, Field: c.Name, Cause: err}
	}
	return v, nil
}

func queryFault(e *transform.Entity, field, detail string) *Error {
	return &Error{Op: "query", Entity: e.Name, Kind: ErrInvalid, Field: field, Detail: detail}
}
