package transform

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

const (
	reasonEndless = "more than 31 rows above the row, or the row is above itself"
	reasonCut     = "the server cut the list: its group_concat_max_len is too small for the session, or max_allowed_packet for the list"
	reasonLong    = "the server has no room for the text: max_allowed_packet is too small for it"
	reasonNotList = "not what was selected"
)

// read reads the text that SelectList selects of a column.
func (c *Column) read(text string) (Value, string) {
	if c.Join == nil {
		return c.parse(text)
	}
	switch c.Join.Kind {
	case JoinDepth, JoinPath:
		return c.readMarked(text)
	case JoinChildren:
		return c.Join.readChildren(text)
	case JoinObject:
		b, reason := c.Join.appendElement(nil, text)
		return Value{kind: JSON, text: string(b)}, reason
	}
	if c.Join.grows {
		return c.readMarked(text)
	}
	return c.parse(text)
}

// readMarked reads a text that may be a mark of what the server can't give.
func (c *Column) readMarked(text string) (Value, string) {
	switch text {
	case "!":
		return Value{}, reasonEndless
	case "-":
		return Value{}, reasonLong
	}
	return c.parse(strings.TrimPrefix(text, "="))
}

// readChildren reads a list: the number of rows, a colon, and the elements.
func (j *Join) readChildren(text string) (Value, string) {
	elements, reason := j.elements(text)
	if reason != "" {
		return Value{}, reason
	}
	b := append(make([]byte, 0, len(text)), '[')
	for i, element := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		if b, reason = j.appendElement(b, element); reason != "" {
			return Value{}, reason
		}
	}
	return Value{kind: JSON, text: string(append(b, ']'))}, ""
}

// elements returns the elements of a list, if it is whole.
func (j *Join) elements(text string) ([]string, string) {
	count, list, _ := strings.Cut(text, ":")
	rows, err := strconv.Atoi(count)
	if err != nil {
		return nil, reasonNotList
	}
	if j.Limit > 0 {
		rows = min(rows, j.Limit)
	}
	var elements []string
	if list != "" {
		elements = strings.Split(list, nextElement)
	}
	if len(elements) != rows {
		return nil, reasonCut
	}
	for i, element := range elements {
		whole := false
		if elements[i], whole = strings.CutSuffix(element, endOfElement); !whole {
			return nil, reasonCut
		}
	}
	return elements, ""
}

// appendElement appends a row as a JSON object in canonical form.
func (j *Join) appendElement(b []byte, element string) ([]byte, string) {
	b = append(b, '{')
	first := true
	reason := j.eachField(element, func(i int, v Value) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendJSONString(b, j.Fields[i].Name), ':')
		b = appendFieldJSON(b, j.field(j.Fields[i]), v)
	})
	if reason != "" {
		return nil, reason
	}
	return append(b, '}'), ""
}

// eachField calls do for each field of a row that is not NULL, in the order of
// their names.
func (j *Join) eachField(element string, do func(field int, v Value)) string {
	if element == "!" {
		return reasonCut
	}
	texts := strings.Split(element, ",")
	if len(texts) != len(j.Fields) {
		return reasonNotList
	}
	for _, i := range j.byName() {
		if texts[i] == "-" {
			continue
		}
		if texts[i] == "!" {
			return reasonCut
		}
		text, err := hex.DecodeString(texts[i])
		if err != nil {
			return reasonNotList
		}
		c := j.field(j.Fields[i])
		v, reason := c.parse(string(text))
		if reason != "" {
			return "column " + c.Name + " of " + j.Hops[0].Source.Name + ": " + reason
		}
		if !v.IsNull() {
			do(i, v)
		}
	}
	return ""
}

// byName returns the positions of the fields in the order of their names.
func (j *Join) byName() []int {
	order := make([]int, len(j.Fields))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(j.Fields[a].Name, j.Fields[b].Name) })
	return order
}

// appendFieldJSON appends a column's value, which is not NULL, as it stands in a
// map that a contract constructs, in canonical JSON: numbers and truth values as
// such, a document as it is, everything else as the text that an attribute of
// type S has. A DECIMAL that may have more than 38 digits is a text, as it is in
// an attribute. A NULL is absent from the map, as a NULL column is from an item.
func appendFieldJSON(b []byte, c *Column, v Value) []byte {
	switch v.kind {
	case Int, Bool, Float, JSON:
		return append(b, v.Text()...)
	case Decimal:
		if n, ok := parseNumber(v.text); ok && c.Precision <= maxNumberDigits {
			return n.appendJSON(b)
		}
	}
	return appendJSONString(b, v.Text())
}
