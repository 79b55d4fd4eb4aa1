package transform

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// emptyList is the list of a record without rows.
const emptyList = "[]"

// format writes rows as they stand in the list.
func (ch *Children) format(rows []Record) string {
	if len(rows) == 0 {
		return emptyList
	}
	b := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = ch.appendRow(b, row)
	}
	return string(append(b, ']'))
}

func (ch *Children) appendRow(b []byte, row Record) []byte {
	b = append(b, '{')
	first := true
	for _, i := range ch.byName {
		f := ch.join.Fields[i]
		v := row.values[f.Column]
		if v.IsNull() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendJSONString(b, f.Name), ':')
		b = appendFieldJSON(b, &ch.Rows.Columns[f.Column], v)
	}
	return append(b, '}')
}

const (
	reasonNoRows = "is no list of rows: JSON, an array of objects"
	reasonField  = "has a field that the contract does not select: %q"
)

// parse reads a list. NULL is one without rows; a field that is JSON's null is
// NULL, but of a JSON column, where it is a document.
func (ch *Children) parse(list Value) ([]Record, string) {
	if list.kind == Null || list.text == emptyList {
		return nil, ""
	}
	r := canonicalizer{jsonReader: jsonReader{s: list.text}}
	if list.kind != JSON || !r.take('[') {
		return nil, reasonNoRows
	}
	var rows []Record
	for {
		row, reason := ch.parseRow(&r)
		if reason != "" {
			return nil, reason
		}
		rows = append(rows, row)
		switch {
		case r.take(','):
		case r.take(']'):
			return rows, ""
		default:
			return nil, reasonNoRows
		}
	}
}

func (ch *Children) parseRow(r *canonicalizer) (Record, string) {
	row := ch.Rows.NewRecord()
	if !r.take('{') {
		return row, reasonNoRows
	}
	for !r.take('}') {
		r.peek()
		name, reason := r.str()
		if reason != "" || !r.take(':') {
			return row, reasonNoRows
		}
		r.out = r.out[:0]
		if reason := r.value(2); reason != "" {
			return row, reason
		}
		i := slices.IndexFunc(ch.join.Fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return row, fmt.Sprintf(reasonField, name)
		}
		column := ch.join.Fields[i].Column
		v, reason := ch.Rows.Columns[column].parseField(r.out)
		if reason != "" {
			return row, "field " + name + ": " + reason
		}
		row.values[column] = ch.lacking(column, v)
		r.take(',')
	}
	return row, ""
}

// lacking makes NULL of an id that a store is to assign.
func (ch *Children) lacking(column int, v Value) Value {
	if column == ch.Rows.Sequence && v == IntValue(0) {
		return Value{}
	}
	return v
}

// parseField reads what appendFieldJSON writes, in canonical JSON. It takes a
// decimal as a text too, as types that are exact marshal themselves.
func (c *Column) parseField(token []byte) (Value, string) {
	switch {
	case c.Kind == JSON:
		return Value{kind: JSON, text: string(token)}, ""
	case bytes.Equal(token, []byte("null")):
		return Value{}, ""
	case token[0] == '"':
		return c.parseFieldText(token)
	case token[0] == '{' || token[0] == '[':
		return Value{}, c.mismatch("a JSON document")
	case token[0] == 't' || token[0] == 'f':
		if c.Kind != Bool {
			return Value{}, c.mismatch("a truth value")
		}
		return parseBool(string(token))
	}
	switch c.Kind {
	case Int, Decimal, Float:
		return c.parse(string(token))
	}
	return Value{}, c.mismatch("a number")
}

func (c *Column) parseFieldText(token []byte) (Value, string) {
	r := jsonReader{s: string(token)}
	text, reason := r.str()
	if reason != "" {
		return Value{}, reason
	}
	switch c.Kind {
	case Int, Bool, Float:
		return Value{}, c.mismatch("a text")
	}
	return c.parse(text)
}

// readRows reads a list as SelectList selects it. The server has put it in order
// by its collations; here it gets the order of its values.
func (ch *Children) readRows(text string) (Value, string) {
	elements, reason := ch.join.elements(text)
	if reason != "" {
		return Value{}, reason
	}
	rows := make([]Record, len(elements))
	for i, element := range elements {
		rows[i] = ch.Rows.NewRecord()
		reason := ch.join.eachField(element, func(field int, v Value) { rows[i].values[ch.join.Fields[field].Column] = v })
		if reason != "" {
			return Value{}, reason
		}
	}
	slices.SortStableFunc(rows, ch.compare)
	return Value{kind: JSON, text: ch.format(rows)}, ""
}

// fitRows says why the rows of a record are not what their table can hold, or are
// no rows of it beside each other. Ids that a store is to assign may be missing.
func (ch *Children) fitRows(r Record) string {
	rows, err := ch.Of(r)
	if err != nil {
		return err.(*ValueError).Reason
	}
	for _, row := range rows {
		for i := range ch.Rows.Columns {
			c, v := &ch.Rows.Columns[i], row.values[i]
			switch {
			case v.IsNull() && (i == ch.Rows.Sequence || ch.IsParents(i) || c.isComputedByMySQL()):
			default:
				if reason := c.fit(v); reason != "" {
					return "column " + c.Name + " of " + ch.Rows.Source + ": " + reason
				}
			}
		}
	}
	for _, u := range append([]Unique{{Columns: ch.Rows.KeyColumns}}, ch.Rows.Unique...) {
		seen := make(map[string]bool, len(rows))
		for _, row := range rows {
			text, whole := u.Text(row)
			if whole && seen[text] {
				return "two rows of " + ch.Rows.Source + " have the same " + strings.Join(columnNamesAt(ch.Rows, u.Columns), ", ")
			}
			seen[text] = true
		}
	}
	return ""
}

// isComputedByMySQL reports whether nobody writes the column.
func (c *Column) isComputedByMySQL() bool { return c.Generated == "virtual" || c.Generated == "stored" }

func columnNamesAt(e *Entity, columns []int) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = e.Columns[c].Name
	}
	return names
}
