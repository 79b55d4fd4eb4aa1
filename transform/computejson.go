package transform

import "encoding/json"

// A constructed value is a map of columns of the record's own row.
type constructed struct {
	fields  []Field // in the order of their names; Column is of Entity.Columns
	columns []int   // of fields
}

func (o *constructed) inputs() []int              { return o.columns }
func (o *constructed) absent() absence            { return absentNever }
func (o *constructed) reversible() (bool, string) { return true, "" }

func (o *constructed) value(r Record) (Value, string) {
	b := append(make([]byte, 0, 32*len(o.fields)), '{')
	for _, f := range o.fields {
		v := r.values[f.Column]
		if v.kind == Null {
			continue // absent from the map, as it would be from the item
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, f.Name), ':')
		b = appendFieldJSON(b, &r.entity.Columns[f.Column], v)
	}
	return Value{kind: JSON, text: string(append(b, '}'))}, ""
}

func (o *constructed) restore(e *Entity, v Value) ([]Value, string) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(v.text), &members); err != nil {
		return nil, "not the map that the contract constructs"
	}
	values := make([]Value, len(o.fields))
	for i, f := range o.fields {
		raw, ok := members[f.Name]
		if !ok {
			continue
		}
		var reason string
		if values[i], reason = e.Columns[f.Column].decodeField(string(raw)); reason != "" {
			return nil, "field " + f.Name + ": " + reason
		}
	}
	return values, ""
}

// decodeField reads what appendFieldJSON wrote.
func (c *Column) decodeField(raw string) (Value, string) {
	switch {
	case c.Kind == JSON:
		return Value{kind: JSON, text: raw}, "" // canonical, as a part of what is
	case c.Kind == Bool:
		return parseBool(raw)
	case c.Kind == Int, c.Kind == Float, c.Kind == Decimal && c.Precision <= maxNumberDigits:
		if raw[0] == '"' {
			return Value{}, "a text where a number belongs"
		}
		return c.decodeNumber(raw)
	}
	var text string
	if raw[0] != '"' || json.Unmarshal([]byte(raw), &text) != nil {
		return Value{}, "not the text that belongs there"
	}
	return c.decodeText(text)
}

// A parsedJSON value is the document that a text holds.
type parsedJSON struct {
	column int
	// canonical says that the text must be the document's canonical text, so that
	// it can be read back.
	canonical bool
}

func (p *parsedJSON) inputs() []int   { return []int{p.column} }
func (p *parsedJSON) absent() absence { return absentWithAny }

func (p *parsedJSON) reversible() (bool, string) {
	if p.canonical {
		return true, ""
	}
	return false, "of a text that is parsed as JSON the blanks, the order of names and the form of numbers are lost"
}

func (p *parsedJSON) value(r Record) (Value, string) {
	v, reason := r.computed(p.column)
	if v.kind == Null || reason != "" {
		return Value{}, reason
	}
	text, reason := canonicalJSON(v.text)
	switch {
	case reason != "":
		return Value{}, reason
	case p.canonical && text != v.text:
		return Value{}, "JSON that is not in canonical form, as the contract says it is: names in order, no blanks, plain numbers"
	}
	return Value{kind: JSON, text: text}, ""
}

func (p *parsedJSON) restore(e *Entity, v Value) ([]Value, string) {
	one, reason := e.Columns[p.column].decodePart(v.text)
	return []Value{one}, reason
}
