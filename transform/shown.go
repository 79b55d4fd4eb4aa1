package transform

import (
	"fmt"
	"strings"
)

// What a column shows is the record's own value, or, of a column that is computed,
// what its others make: the text of a template, say. Indexes and queries know an
// attribute by what its column shows.

// Shown returns what column i of Entity.Columns shows: the record's value, or what
// is computed of its others. It is NULL where the attribute is absent. The error is
// a *ValueError: nothing can be made of the record's values.
func (r Record) Shown(i int) (Value, error) {
	v, reason := r.computed(i)
	if reason != "" {
		return Value{}, r.entity.fault(i, reason)
	}
	return v, nil
}

// ofParts is a computation that makes a value of others which are given one by one,
// so that who asks for a record by them writes no delimiter and no escape.
type ofParts interface {
	computation
	// of makes the value of the inputs', in their order.
	of(e *Entity, inputs []Value) (Value, string)
}

// Parts returns the columns whose values ShownOf takes for a column, positions in
// Columns in the order of a template's names. There are none of a column of the row
// and of a computed one that is the same in every item, or of which a case or a
// calculation with dates decides: its value is given itself.
func (e *Entity) Parts(column int) []int {
	if made, ok := e.Columns[column].computation.(ofParts); ok {
		return made.inputs()
	}
	return nil
}

// ShownOf returns what the column shows of records in which the columns of Parts
// have these values, or the value itself where there are none. They are Go values
// that Column.Value takes. The error is a *ValueError.
func (e *Entity) ShownOf(column int, parts ...any) (Value, error) {
	values, err := e.partValues(column, parts)
	if err != nil {
		return Value{}, err
	}
	want := max(1, len(e.Parts(column)))
	if len(parts) != want {
		return Value{}, e.fault(column, fmt.Sprintf("is made of %d values, %s, and %d are given", want, e.partNames(column), len(parts)))
	}
	made, ok := e.Columns[column].computation.(ofParts)
	if !ok || len(made.inputs()) == 0 {
		return values[0], nil
	}
	v, reason := made.of(e, values)
	if reason != "" {
		return Value{}, e.fault(column, reason)
	}
	return v, nil
}

// ShownBeginning returns the text with which begins what the column shows of the
// records in which the first columns of Parts have these values, and the next one a
// value that begins with partial. No other record's begins so: of a template the
// text has what stands before the next value, so that user 1 is not the beginning of
// user 12. All of the values make the whole text, if nothing is partial. The column
// shows a template, or a fold: of that it takes partial alone, which folds as the
// column's texts do. The error is a *ValueError.
func (e *Entity) ShownBeginning(column int, partial string, parts ...any) (Value, error) {
	if f, ok := e.Columns[column].computation.(*foldedText); ok && len(parts) == 0 {
		v, reason := f.beginning(e, partial)
		if reason != "" {
			return Value{}, e.fault(column, reason)
		}
		return v, nil
	}
	t, ok := e.Columns[column].computation.(*templated)
	if !ok || len(t.columns) == 0 {
		return Value{}, e.fault(column, "is no template, of which some values could be given")
	}
	if len(parts) == len(t.columns) && partial == "" {
		return e.ShownOf(column, parts...)
	}
	values, err := e.partValues(column, parts)
	if err != nil {
		return Value{}, err
	}
	if len(parts) >= len(t.columns) {
		return Value{}, e.fault(column, fmt.Sprintf("is made of %d values, %s, and more are given", len(t.columns), e.partNames(column)))
	}
	text, beginErr := t.template.Begin(t.texts(e, values), partial)
	if beginErr != nil {
		return Value{}, e.fault(column, beginErr.Error())
	}
	return TextValue(text), nil
}

// partValues converts values for the first of the columns of Parts, or for the
// column itself.
func (e *Entity) partValues(column int, parts []any) ([]Value, error) {
	columns := e.Parts(column)
	if len(columns) == 0 {
		columns = []int{column}
	}
	values := make([]Value, len(parts))
	for i, part := range parts {
		if i >= len(columns) {
			break // which is found by their number
		}
		v, reason := e.Columns[columns[i]].fromGo(part)
		if reason == "" && v.kind == Null {
			reason = "NULL is compared with nothing, and no index holds it"
		}
		if reason != "" {
			return nil, e.fault(columns[i], reason)
		}
		values[i] = v
	}
	return values, nil
}

// partNames names the columns of Parts.
func (e *Entity) partNames(column int) string {
	var names []string
	for _, i := range e.Parts(column) {
		names = append(names, e.Columns[i].Name)
	}
	if len(names) == 0 {
		return "its own"
	}
	return strings.Join(names, ", ")
}

// Told returns the columns of the own row whose values can be told from what a
// computed column shows, and these, as MySQL compares them: of a fold it is one of the
// texts that MySQL takes for equal. There are none if no record shows the value.
func (e *Entity) Told(column int, shown Value) (columns []int, values []Value) {
	c := e.Columns[column].computation
	if f, ok := c.(*foldedText); ok {
		text, known := f.alike(e, shown.text)
		if known && e.Columns[f.column].IsOwn() {
			return []int{f.column}, []Value{text}
		}
		return nil, nil
	}
	if c == nil {
		return nil, nil
	}
	if ok, _ := c.reversible(); !ok {
		return nil, nil
	}
	restored, reason := c.restore(e, shown)
	if reason != "" {
		return nil, nil
	}
	for i, input := range c.inputs() {
		if e.Columns[input].IsOwn() {
			columns, values = append(columns, input), append(values, restored[i])
		}
	}
	return columns, values
}

// ShownPrefix returns the text with which begins whatever the column shows: what
// stands before the first value of a template, "" of everything else.
func (e *Entity) ShownPrefix(column int) string {
	if t, ok := e.Columns[column].computation.(*templated); ok {
		return t.template.Prefix()
	}
	return ""
}

// SelectShown returns the expression of SQL for what a computed column shows, over
// the source table under the alias: the one that the entity's view has, without
// arguments. It is NULL where the attribute is absent, or where no item could hold
// the value. Compared byte by byte it has the order of the item's attribute. The
// error is a *ValueError: SQL has no such expression, and Contract.NotYet says so
// of the attributes of keys.
func (e *Entity) SelectShown(column int, alias string) (Statement, error) {
	v := &viewer{entity: e, row: alias, canonical: true}
	switch c := &e.Columns[column]; c.Kind {
	case Text, Date, DateTime, Timestamp:
	default:
		return Statement{}, e.fault(column, "is computed and of kind "+c.Kind.String()+", which has no order as a text")
	}
	x := v.shownColumn(column, itemForm)
	if v.fault != "" {
		return Statement{}, e.fault(column, v.fault)
	}
	return x, nil
}

// unsought finds computed attributes of keys for which SQL has no expression: MySQL
// could not answer a query by them.
func (c *checker) unsought(e *Entity) {
	for i, a := range e.Attributes {
		if e.keyLimits[i].max == 0 || a.Column < 0 || !e.Columns[a.Column].IsComputed() {
			continue
		}
		if _, err := e.SelectShown(a.Column, ownAlias); err != nil {
			c.later("", fmt.Sprintf("queries by attribute %s of entity %s, which MySQL has to answer: %s", a.Name, e.Name, err))
		}
	}
}
