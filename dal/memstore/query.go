package memstore

import (
	"bytes"
	"cmp"
	"context"
	"math/big"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Query returns the rows an index holds under one value, in the order of its
// sort key and then of the key columns. Rows whose index columns are NULL are
// in no index.
func (s *Store) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	l, fault := newLookup(q)
	if fault != "" {
		return nil, s.badRead("query", q.Entity.Name, fault)
	}
	return read(s, ctx, at, "query", q.Entity.Name, func() ([]store.Row, error) { return s.lookUp(l) })
}

func (s *Store) lookUp(l lookup) ([]store.Row, error) {
	var found []transform.Record
	for key, e := range s.entries {
		if key.Entity == l.Entity.Name && e.live && l.matches(e.record) {
			found = append(found, e.record)
		}
	}
	slices.SortFunc(found, l.compare)
	found = found[:min(len(found), l.Limit)]
	rows := make([]store.Row, len(found))
	for i, rec := range found {
		key, err := rec.Key()
		if err != nil {
			return nil, s.badRead("query", l.Entity.Name, "a stored record has no key")
		}
		rows[i] = store.Row{Key: key, Live: true, Record: rec.Clone()}
	}
	return rows, nil
}

// A lookup is a query with its attributes resolved to columns.
type lookup struct {
	store.Query
	equal int   // the column of the index's partition key
	order []int // the columns that give the order: sort key, then key columns
	sort  int   // the column of the sort key, -1 without
}

// newLookup returns the lookup, or what is wrong with the query.
func newLookup(q store.Query) (lookup, string) {
	index := q.Entity.Index(q.Index)
	if index == nil {
		return lookup{}, "unknown index " + q.Index
	}
	l := lookup{Query: q, equal: column(q.Entity, index.PK), sort: column(q.Entity, index.SK)}
	switch {
	case l.equal < 0:
		return l, "the entity has no attribute " + index.PK.Name
	case q.Limit < 1:
		return l, "the limit must be at least 1"
	case q.Equal.Kind() != q.Entity.Columns[l.equal].Kind:
		return l, "column " + q.Entity.Columns[l.equal].Name + " is compared with a value of another type"
	case l.sort < 0 && (q.Lower != nil || q.Upper != nil):
		return l, "index " + q.Index + " has no sort key to bound"
	}
	if l.sort >= 0 {
		l.order = append(l.order, l.sort)
	}
	l.order = append(l.order, q.Entity.KeyColumns...)
	return l, ""
}

// column returns the column that an index's key attribute carries, -1 without.
func column(e *transform.Entity, k transform.KeyAttribute) int {
	i := e.AttributeIndex(k.Name)
	if k.IsZero() || i < 0 {
		return -1
	}
	return e.Attributes[i].Column
}

// matches reports whether the record is in the answer, the limit aside.
func (l *lookup) matches(rec transform.Record) bool {
	if rec.At(l.equal) != l.Equal {
		return false
	}
	if l.sort >= 0 && !l.within(rec.At(l.sort)) {
		return false
	}
	return l.After.IsZero() || l.compare(rec, l.After) > 0
}

// within reports whether a sort key value exists and lies between the bounds.
func (l *lookup) within(v transform.Value) bool {
	return !v.IsNull() && l.inside(v, l.Lower, 1) && l.inside(v, l.Upper, -1)
}

// inside reports whether v is on the open side of the bound: above it for
// side 1, below it for side -1.
func (l *lookup) inside(v transform.Value, b *store.Bound, side int) bool {
	if b == nil {
		return true
	}
	c := compareValues(v, b.Value) * side
	return c > 0 || c == 0 && !b.Exclusive
}

// compare orders two records as the query asks.
func (l *lookup) compare(a, b transform.Record) int {
	for _, i := range l.order {
		if c := compareValues(a.At(i), b.At(i)); c != 0 {
			if l.Descending {
				return -c
			}
			return c
		}
	}
	return 0
}

// compareValues orders two values of one column: numbers by size, everything
// else by the bytes of its text, which for dates is their order in time.
func compareValues(a, b transform.Value) int {
	switch a.Kind() {
	case transform.Int, transform.Decimal, transform.Float:
		return number(a).Cmp(number(b))
	case transform.Bool:
		x, _ := a.Bool()
		y, _ := b.Bool()
		return cmp.Compare(truth(x), truth(y))
	default:
		return bytes.Compare([]byte(a.Text()), []byte(b.Text()))
	}
}

// number is exact: a float64 would take neighbouring BIGINTs for equal.
func number(v transform.Value) *big.Rat {
	r, ok := new(big.Rat).SetString(v.Text())
	if !ok {
		return new(big.Rat)
	}
	return r
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
