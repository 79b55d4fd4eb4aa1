package dal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Parts are the values of the columns that an attribute of an index is made of, in
// the order in which its template names them. The library puts them together: who
// asks writes no delimiter and no escape.
//
//	// "sk": "ORDER#{placed}#{order_id:010d}"
//	dal.TableKey().Equal(7).Exactly(dal.Parts{placed, 101}) // the one order
//	dal.TableKey().Equal(7).AtLeast(placed)                 // it, and those placed later
//
// A condition on the sort key may give the first parts alone: it is then about all
// sort keys that have them. AtLeast begins with them, Above behind the last of them,
// AtMost ends with the last and Below before the first, Exactly and BeginsWith ask for
// them. Sort keys are compared by their bytes, whole numbers so in their order only if
// the template pads them. Equal takes all parts.
type Parts []any

// A Beginning is a value of which only the beginning is known, the last of the values
// that BeginsWith is given for a template.
//
//	// "sk": "NAME#{last_name}#{first_name}"
//	dal.Index("Names").Equal("all").BeginsWith(dal.Parts{"Miller", dal.Beginning("J")})
type Beginning string

// partsOf returns the parts that a value stands for.
func partsOf(value any) []any {
	if parts, several := value.(Parts); several {
		return parts
	}
	return []any{value}
}

// shownOf returns what a computed attribute shows of the records that have a value,
// or the values of Parts.
func shownOf(e *transform.Entity, column int, value any) (transform.Value, error) {
	parts := partsOf(value)
	if slices.ContainsFunc(parts, isBeginning) {
		return transform.Value{}, queryFault(e, attributeOf(e, column), "only BeginsWith takes a Beginning")
	}
	v, err := e.ShownOf(column, parts...)
	return v, shownFault(e, column, err)
}

func isBeginning(part any) bool {
	_, is := part.(Beginning)
	return is
}

// narrowComputed gives the stores' query the condition on a sort key that is made of
// other columns.
func (b bound) narrowComputed(e *transform.Entity, column int, to *store.Query) error {
	if e.FoldOf(column) >= 0 && (b.prefix || b.ordered) {
		return b.narrowFolded(e, column, to)
	}
	parts, partial := partsOf(b.value), ""
	columns := e.Parts(column)
	if b.prefix && len(columns) == 0 {
		// It is its own value, of which a beginning is text.
		v, err := prefixOf(&e.Columns[column], b.value)
		return narrowBy(b.narrow, to, v, shownFault(e, column, err))
	}
	if last := len(parts) - 1; b.prefix && last >= 0 && isBeginning(parts[last]) {
		partial, parts = string(parts[last].(Beginning)), parts[:last]
	}
	if slices.ContainsFunc(parts, isBeginning) {
		return queryFault(e, attributeOf(e, column), "only BeginsWith takes a Beginning, and only in the last place")
	}
	if partial == "" && len(parts) == max(1, len(columns)) {
		v, err := e.ShownOf(column, parts...)
		narrow := b.narrow
		if b.prefix {
			narrow = exactly // all that the text is made of
		}
		return narrowBy(narrow, to, v, shownFault(e, column, err))
	}
	v, err := e.ShownBeginning(column, partial, parts...)
	return narrowBy(b.leading, to, v, shownFault(e, column, err))
}

// narrowFolded gives the stores' query a beginning of a sort key that is a fold.
// The order of folds is refused: it is that of weights without the blanks that MySQL
// would compare, so "a\t" comes after "a" there, and before it in MySQL.
func (b bound) narrowFolded(e *transform.Entity, column int, to *store.Query) error {
	if b.ordered {
		return queryFault(e, attributeOf(e, column), "a sort key that is a fold is asked for by Exactly or BeginsWith: "+
			"the order of folds is not quite MySQL's. Bound a sort key that is the column itself")
	}
	parts := partsOf(b.value)
	if len(parts) != 1 {
		return queryFault(e, attributeOf(e, column), fmt.Sprintf("is made of one value, and %d are given", len(parts)))
	}
	v, err := prefixOf(&e.Columns[e.FoldOf(column)], parts[0])
	if err == nil {
		v, err = e.ShownBeginning(column, v.Text())
	}
	return narrowBy(b.narrow, to, v, shownFault(e, column, err))
}

// narrowBy narrows the query unless the value could not be made.
func narrowBy(narrow func(*store.Query, transform.Value), to *store.Query, v transform.Value, err error) error {
	if err == nil {
		narrow(to, v)
	}
	return err
}

func exactly(q *store.Query, v transform.Value) {
	atLeast(q, v)
	atMost(q, v)
}

// shownFault is the error of values that no attribute can be made of.
func shownFault(e *transform.Entity, column int, err error) error {
	if err == nil {
		return nil
	}
	field := attributeOf(e, column)
	if v := (*transform.ValueError)(nil); errors.As(err, &v) && v.Column != "" {
		field = v.Column
	}
	return &Error{Op: "query", Entity: e.Name, Kind: ErrInvalid, Field: field,
		Detail: fmt.Sprintf("attribute %s", attributeOf(e, column)), Cause: err}
}

// attributeOf returns the name of the attribute that shows a column.
func attributeOf(e *transform.Entity, column int) string {
	i := slices.IndexFunc(e.Attributes, func(a transform.Attribute) bool { return a.Column == column })
	if i < 0 {
		return e.Columns[column].Name
	}
	return e.Attributes[i].Name
}
