package dal

import (
	"encoding/base64"
	"encoding/json"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Query asks for the records that an index of the contract holds under one
// value. It means the same in both stores: an index of DynamoDB, or the WHERE
// and ORDER BY in MySQL that give the same records in the same order, compared
// byte for byte. Index makes one; the methods return changed copies.
type Query struct {
	index        string
	equal        any
	lower, upper *bound
	descending   bool
	limit        int
}

type bound struct {
	value     any
	exclusive bool
}

// An IndexQuery is a Query that still lacks the value it looks for.
type IndexQuery struct{ name string }

// Index begins a query over the named index of the repository's table.
func Index(name string) IndexQuery { return IndexQuery{name} }

// Equal asks for the records whose partition key column has the value, a Go
// value of the column's type.
func (i IndexQuery) Equal(value any) Query { return Query{index: i.name, equal: value} }

// AtLeast bounds the sort key from below, the value included.
func (q Query) AtLeast(value any) Query { q.lower = &bound{value: value}; return q }

// Above bounds the sort key from below, the value excluded.
func (q Query) Above(value any) Query { q.lower = &bound{value, true}; return q }

// AtMost bounds the sort key from above, the value included.
func (q Query) AtMost(value any) Query { q.upper = &bound{value: value}; return q }

// Below bounds the sort key from above, the value excluded.
func (q Query) Below(value any) Query { q.upper = &bound{value, true}; return q }

// Descending turns the order around.
func (q Query) Descending() Query { q.descending = true; return q }

// Limit ends the answer after n records. 0, the default, is no limit.
func (q Query) Limit(n int) Query { q.limit = n; return q }

// resolve checks the query against the entity and gives it to the stores.
func (q Query) resolve(e *transform.Entity) (store.Query, error) {
	out := store.Query{Entity: e, Index: q.index, Descending: q.descending}
	index := e.Index(q.index)
	if index == nil {
		return out, queryFault(e, "", "the contract declares no index "+q.index+" on table "+e.Table.Name)
	}
	var err error
	if out.Equal, err = keyValue(e, index.PK, q.equal); err != nil {
		return out, err
	}
	if out.Lower, err = q.bound(e, index, q.lower); err != nil {
		return out, err
	}
	if out.Upper, err = q.bound(e, index, q.upper); err != nil {
		return out, err
	}
	if q.limit < 0 {
		return out, queryFault(e, "", "the limit is negative")
	}
	return out, nil
}

func (q Query) bound(e *transform.Entity, index *transform.Index, b *bound) (*store.Bound, error) {
	if b == nil {
		return nil, nil
	}
	if index.SK.IsZero() {
		return nil, queryFault(e, "", "index "+q.index+" has no sort key to bound")
	}
	v, err := keyValue(e, index.SK, b.value)
	return &store.Bound{Value: v, Exclusive: b.exclusive}, err
}

// keyValue converts a Go value for the column behind a key attribute.
func keyValue(e *transform.Entity, k transform.KeyAttribute, value any) (transform.Value, error) {
	c := e.Columns[e.Attributes[e.AttributeIndex(k.Name)].Column]
	v, err := c.Value(value)
	if err == nil && v.IsNull() {
		err = &transform.ValueError{Entity: e.Name, Column: c.Name, Reason: "an index holds no NULL"}
	}
	if err != nil {
		return v, &Error{Op: "query", Entity: e.Name, Kind: ErrInvalid, Field: c.Name, Cause: err}
	}
	return v, nil
}

func queryFault(e *transform.Entity, field, detail string) *Error {
	return &Error{Op: "query", Entity: e.Name, Kind: ErrInvalid, Field: field, Detail: detail}
}

// A cursor is where a page ended: the key of its last record and the value of
// the index's sort key. Neither store appears in it, so that a cursor taken in
// one phase goes on in the next.
type cursor struct {
	Index string `json:"i"`
	ID    string `json:"k"`
	Sort  string `json:"s,omitempty"`
}

// encodeCursor returns the cursor after the last record of a page.
func encodeCursor(q store.Query, last store.Row) string {
	c := cursor{Index: q.Index, ID: base64.RawURLEncoding.EncodeToString([]byte(last.Key.ID))}
	if sk := q.Entity.Index(q.Index).SK; !sk.IsZero() {
		sort := last.Record.At(columnOf(q.Entity, sk)).Text()
		c.Sort = base64.RawURLEncoding.EncodeToString([]byte(sort)) // it may be bytes
	}
	text, _ := json.Marshal(c) // strings only: it can't fail
	return base64.RawURLEncoding.EncodeToString(text)
}

// decodeCursor returns the record after which the query goes on.
func decodeCursor(q store.Query, text string) (transform.Record, error) {
	fault := queryFault(q.Entity, "", "the cursor is not one of this query")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	var c cursor
	if err != nil || json.Unmarshal(raw, &c) != nil || c.Index != q.Index {
		return transform.Record{}, fault
	}
	id, err := base64.RawURLEncoding.DecodeString(c.ID)
	if err != nil {
		return transform.Record{}, fault
	}
	values, err := q.Entity.KeyValues(transform.Key{Entity: q.Entity.Name, ID: string(id)})
	if err != nil {
		return transform.Record{}, fault
	}
	rec := q.Entity.NewRecord()
	for i, column := range q.Entity.KeyColumns {
		rec.SetAt(column, values[i])
	}
	index := q.Entity.Index(q.Index)
	rec.SetAt(columnOf(q.Entity, index.PK), q.Equal)
	if !index.SK.IsZero() {
		i := columnOf(q.Entity, index.SK)
		sort, err := base64.RawURLEncoding.DecodeString(c.Sort)
		if err != nil {
			return transform.Record{}, fault
		}
		v, err := q.Entity.Columns[i].Parse(string(sort))
		if err != nil {
			return transform.Record{}, fault
		}
		rec.SetAt(i, v)
	}
	return rec, nil
}

// columnOf returns the position of the column behind a key attribute.
func columnOf(e *transform.Entity, k transform.KeyAttribute) int {
	return e.Attributes[e.AttributeIndex(k.Name)].Column
}
