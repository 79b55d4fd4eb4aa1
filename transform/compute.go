package transform

import "slices"

// A computation makes the value of a computed column of other columns of the
// record: what the contract calls a calculation over the own row, a literal, or
// a transformation. It knows values, not attributes: the column that it belongs
// to says what it gives. Of its inputs some may be computed themselves, as those
// of a transformation after a calculation are; they come before it in
// Entity.Columns.
type computation interface {
	// inputs are the positions in Entity.Columns of what it is made of.
	inputs() []int
	// value makes the value. The reason says why there is none.
	value(r Record) (v Value, reason string)
	// absent says when the value is NULL.
	absent() absence
	// reversible reports whether restore can be asked, and why not.
	reversible() (ok bool, reason string)
	// restore returns the inputs' values, in their order, from a value that is
	// not NULL. It is asked only if reversible says so. It may be generous: the
	// value is made again of what it returns, and must be the same.
	restore(e *Entity, v Value) (inputs []Value, reason string)
}

// An absence says when a computed value is NULL.
type absence uint8

const (
	absentWithAny absence = iota // if an input is NULL
	absentWithAll                // if all inputs are NULL
	absentNever
	absentSometimes // by the values
)

// computed returns the value of column i: the record's, or what is computed.
func (r Record) computed(i int) (Value, string) {
	if c := r.entity.Columns[i].computation; c != nil {
		return c.value(r)
	}
	return r.values[i], ""
}

// texts returns the texts of the columns as they stand within other texts; ok is
// false if one of them is NULL.
func (r Record) texts(columns []int, texts []string) (all []string, ok bool, reason string) {
	for _, c := range columns {
		v, reason := r.computed(c)
		if v.kind == Null || reason != "" {
			return nil, false, reason
		}
		texts = append(texts, v.within())
	}
	return texts, true, ""
}

// within returns the text of a value as it stands in another text. A truth value
// is the 0 or 1 that MySQL has, so that nothing changes when a contract makes a
// BOOL of a column.
func (v Value) within() string {
	if v.kind == Bool {
		return string(rune('0' + v.num))
	}
	return v.Text()
}

// decodePart reads a value that stands in another text.
func (c *Column) decodePart(text string) (Value, string) {
	switch c.Kind {
	case Bytes:
		return BytesValue([]byte(text)), ""
	case Bool:
		if text != "0" && text != "1" {
			return Value{}, reasonNotInteger
		}
		return BoolValue(text == "1"), ""
	}
	return c.decodeText(text)
}

// basis returns the columns that are not computed of which a column is made: of
// one that is not computed, itself.
func (e *Entity) basis(column int) []int {
	c := e.Columns[column].computation
	if c == nil {
		return []int{column}
	}
	var all []int
	for _, i := range c.inputs() {
		for _, b := range e.basis(i) {
			if !slices.Contains(all, b) {
				all = append(all, b)
			}
		}
	}
	return all
}

// told returns the columns that are not computed and whose values can be read
// from a value of the column that is not NULL.
func (e *Entity) told(column int) []int {
	c := e.Columns[column].computation
	if c == nil {
		return []int{column}
	}
	if ok, _ := c.reversible(); !ok {
		return nil
	}
	var all []int
	for _, i := range c.inputs() {
		all = append(all, e.told(i)...)
	}
	return all
}

// computedNull reports whether what is computed may be NULL.
func (e *Entity) computedNull(c computation) bool {
	mayBe := func(i int) bool { return e.Columns[i].mayBeNull() }
	switch c.absent() {
	case absentWithAny:
		return slices.ContainsFunc(c.inputs(), mayBe)
	case absentWithAll:
		return !slices.ContainsFunc(c.inputs(), func(i int) bool { return !mayBe(i) })
	}
	return c.absent() == absentSometimes
}

// settle computes again which computed columns may be NULL, after all is known
// of those they are made of.
func (e *Entity) settle() {
	for i := range e.Columns {
		if c := e.Columns[i].computation; c != nil {
			e.Columns[i].Nullable = e.computedNull(c)
		}
	}
}
