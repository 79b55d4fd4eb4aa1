package transform

import (
	"slices"

	"github.com/crossfade-go/crossfade/transform/internal/collation"
)

// Text returns what the unique columns of a record hold, in a form that two
// records share exactly when MySQL takes their values for equal: texts are folded
// as their columns' collations fold (TestUniqueText). It is false where one of the
// columns is NULL: then nothing is guarded.
func (u Unique) Text(r Record) (text string, guarded bool) {
	return u.text(func(column int) (Value, bool) {
		v := r.At(column)
		return r.Entity().Columns[column].guarded(v), !v.IsNull()
	})
}

// TextOf returns the Text of all records of which columns show values: shown has what
// is asked for, by positions in Entity.Columns. It is false unless the values tell those
// of all unique columns, each or its fold, or where no record shows them. As no two
// records have one Text, one at most shows such values (TestUniqueTextOfWhatIsShown).
func (u Unique) TextOf(e *Entity, shown map[int]Value) (text string, told bool) {
	known := map[int]Value{}
	for column, v := range shown {
		e.equated(column, v, known)
	}
	return u.text(func(column int) (Value, bool) { v, ok := known[column]; return v, ok })
}

// text puts the columns' values together, unless one is not there.
func (u Unique) text(of func(column int) (Value, bool)) (string, bool) {
	var b []byte
	for i, c := range u.Columns {
		v, ok := of(c)
		if !ok {
			return "", false
		}
		if i > 0 {
			b = append(b, keySeparator)
		}
		b = appendKeyPart(b, v)
	}
	return string(b), true
}

// equated adds what a column that shows a value tells of the columns that it is made
// of, or of itself: their values as unique ones are compared.
func (e *Entity) equated(column int, shown Value, known map[int]Value) {
	c := &e.Columns[column]
	if f, ok := c.computation.(*foldedText); ok {
		if folded, ok := collation.Unhex(shown.text); ok && shown.kind == Text {
			known[f.column] = TextValue(folded)
		}
		return
	}
	if c.computation == nil {
		if v, reason := c.fromValue(shown); reason == "" && !v.IsNull() {
			known[column] = c.guarded(v)
		}
		return
	}
	if ok, _ := c.computation.reversible(); !ok {
		return
	}
	inputs, reason := c.computation.restore(e, shown)
	if reason != "" {
		return
	}
	for i, v := range inputs {
		e.equated(c.computation.inputs()[i], v, known)
	}
}

// equatedIn returns the columns of which equated tells the values.
func (e *Entity) equatedIn(column int) []int {
	if of := e.FoldOf(column); of >= 0 {
		return []int{of}
	}
	c := e.Columns[column].computation
	if c == nil {
		return []int{column}
	}
	var all []int
	if ok, _ := c.reversible(); ok {
		for _, i := range c.inputs() {
			all = append(all, e.equatedIn(i)...)
		}
	}
	return all
}

// isUnique reports whether one record at most shows one value in each of the columns,
// as TextOf tells: they have all columns of a unique.
func (e *Entity) isUnique(columns ...int) bool {
	var told []int
	for _, c := range columns {
		told = append(told, e.equatedIn(c)...)
	}
	lacking := func(c int) bool { return !slices.Contains(told, c) }
	return slices.ContainsFunc(e.Unique, func(u Unique) bool {
		return len(u.Columns) > 0 && !slices.ContainsFunc(u.Columns, lacking)
	})
}
