package dal

import (
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Condition is what Where demands of a column: Equals, Differs, Less, AtMost,
// Greater, AtLeast, OneOf, BeginsWith, Contains, IsNull, NotNull. Values are Go
// values of the column's type. Numbers are compared by size, text and everything
// else by its bytes, as indexes do. As in SQL no comparison is true of NULL, that it
// differs neither: IsNull finds it. Folded makes one compare text as MySQL does.
type Condition struct {
	op     store.FilterOp
	values []any
	folded bool
}

// Folded makes Equals, Differs, OneOf, BeginsWith and Contains compare text as the
// column's collation in MySQL does, by the weights of characters, and not by bytes:
// under utf8mb4_unicode_ci Contains("STRASSE").Folded() is true of "Königstraße 1".
// "%" and "_" stand for themselves, and blanks at the end of what is looked for
// count, though not those at the end of what is to be equal where the collation pads.
//
// It means the same in every phase (TestScenario34Search). The column's collation has
// to be one that transform.Fold knows; under a binary one only blanks at the end are
// folded.
func (c Condition) Folded() Condition { c.folded = true; return c }

// Equals is true of the value.
func Equals(value any) Condition { return Condition{op: store.Equals, values: []any{value}} }

// Differs is true of every other value, and not of NULL.
func Differs(value any) Condition { return Condition{op: store.Differs, values: []any{value}} }

// Less is true of smaller values.
func Less(value any) Condition { return Condition{op: store.Less, values: []any{value}} }

// AtMost is true of the value and smaller ones.
func AtMost(value any) Condition { return Condition{op: store.AtMost, values: []any{value}} }

// Greater is true of greater values.
func Greater(value any) Condition { return Condition{op: store.Greater, values: []any{value}} }

// AtLeast is true of the value and greater ones.
func AtLeast(value any) Condition { return Condition{op: store.AtLeast, values: []any{value}} }

// OneOf is true of each of the values; of none where there are none.
func OneOf(values ...any) Condition { return Condition{op: store.OneOf, values: slices.Clone(values)} }

// BeginsWith is true of text or bytes that begin with the value, byte by byte: a
// string or []byte.
func BeginsWith(prefix any) Condition { return Condition{op: store.Begins, values: []any{prefix}} }

// Contains is true of text or bytes that have the value in them, byte by byte: a
// string or []byte. "%" and "_" stand for themselves.
func Contains(part any) Condition { return Condition{op: store.Contains, values: []any{part}} }

// IsNull is true of NULL only.
func IsNull() Condition { return Condition{op: store.IsNull} }

// NotNull is true of everything but NULL.
func NotNull() Condition { return Condition{op: store.NotNull} }

// A filter is a condition on a column.
type filter struct {
	column string
	Condition
}

// Where leaves out the records of which the condition is not true; of several
// conditions all must be. The column is one of the entity's own row, by its name
// in MySQL, whether or not it is in an index.
//
// Filters are applied by the library to what the stores answer, so they mean the
// same in both, and what they leave out is read and paid for all the same: a page
// reads on until it is full, through 10,000 records at most. For what finds few
// among many, declare an index.
func (q Query) Where(column string, c Condition) Query {
	q.filters = append(slices.Clip(q.filters), filter{column, c})
	return q
}

// resolve checks the filter against the entity.
func (f filter) resolve(e *transform.Entity) (store.Filter, error) {
	out := store.Filter{Column: e.ColumnIndex(f.column), Op: f.op, Folded: f.folded}
	if out.Column < 0 {
		return out, queryFault(e, f.column, fmt.Sprintf("the entity has no column %q", f.column))
	}
	c := &e.Columns[out.Column]
	for _, value := range f.values {
		v, err := f.value(c, value)
		if v, err = notNull(e, c, v, err); err != nil {
			return out, err
		}
		out.Values = append(out.Values, v)
	}
	if err := out.Check(e); err != nil {
		return out, queryFault(e, f.column, err.Error())
	}
	return out, nil
}

// value returns a value to compare the column with.
func (f filter) value(c *transform.Column, value any) (transform.Value, error) {
	if f.op == store.Begins || f.op == store.Contains {
		return prefixOf(c, value)
	}
	return c.Value(value)
}

// prefixOf returns a part of a value of the column. It is no value of the column
// itself, which may be of a fixed length, or one of a few labels.
func prefixOf(c *transform.Column, part any) (transform.Value, error) {
	rv := reflect.ValueOf(part)
	isBytes := rv.IsValid() && rv.Kind() == reflect.Slice && rv.Type().Elem().Kind() == reflect.Uint8 && !rv.IsNil()
	isText := rv.IsValid() && rv.Kind() == reflect.String
	if c.Kind != transform.Text && c.Kind != transform.Bytes || !isBytes && !isText {
		return transform.Value{}, &transform.ValueError{Column: c.Name,
			Reason: fmt.Sprintf("only text and bytes begin with or contain a string or []byte: the column is of kind %s, the value a %T", c.Kind, part)}
	}
	var content []byte
	if isBytes {
		content = rv.Bytes()
	} else {
		content = []byte(rv.String())
	}
	if c.Kind == transform.Bytes {
		return transform.BytesValue(content), nil
	}
	if !utf8.Valid(content) {
		return transform.Value{}, &transform.ValueError{Column: c.Name, Reason: "not valid UTF-8, which all text is"}
	}
	return transform.TextValue(string(content)), nil
}
