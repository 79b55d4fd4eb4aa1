package transform

import "github.com/crossfade-go/crossfade/transform/internal/template"

// A templated value is text around other columns' values: string-format,
// static, template, and the key templates.
type templated struct {
	template *template.Template
	columns  []int // in the order of the template's names
	sorts    bool  // it is a sort key
}

func (t *templated) inputs() []int   { return t.columns }
func (t *templated) absent() absence { return absentWithAny }

func (t *templated) value(r Record) (Value, string) {
	var array [4]string
	texts, ok, reason := r.texts(t.columns, array[:0])
	if !ok {
		return Value{}, reason // absent without a reason, which is an error in the item's key
	}
	if t.sorts {
		r.entity.sortTexts(t.columns, texts)
	}
	text, err := t.template.Format(texts)
	if err != nil {
		return Value{}, err.Error()
	}
	return TextValue(text), ""
}

func (t *templated) of(e *Entity, inputs []Value) (Value, string) {
	text, err := t.template.Format(t.texts(e, inputs))
	if err != nil {
		return Value{}, err.Error()
	}
	return TextValue(text), ""
}

// texts returns the texts of the first inputs as they stand in the template.
func (t *templated) texts(e *Entity, inputs []Value) []string {
	texts := make([]string, len(inputs))
	for i, v := range inputs {
		texts[i] = v.within()
	}
	if t.sorts {
		e.sortTexts(t.columns[:len(inputs)], texts)
	}
	return texts
}

func (t *templated) reversible() (bool, string) { return t.template.Reversible() }

func (t *templated) restore(e *Entity, v Value) ([]Value, string) {
	texts, err := t.template.Values(v.text)
	if err != nil {
		return nil, err.Error()
	}
	values := make([]Value, len(texts))
	for i, text := range texts {
		var reason string
		if t.sorts {
			var ok bool
			if text, ok = e.Columns[t.columns[i]].unsortable(text); !ok {
				return nil, reasonSortDigits
			}
		}
		if values[i], reason = e.Columns[t.columns[i]].decodePart(text); reason != "" {
			return nil, reason
		}
	}
	return values, ""
}

// A part is a piece of a template with the column it means.
type part struct {
	literal string
	column  int
	width   int
}

func (t *templated) parts() []part {
	var all []part
	position := make(map[string]int)
	for i, name := range t.template.Names() {
		position[name] = t.columns[i]
	}
	for _, p := range t.template.Placeholders() {
		column := -1
		if p.Name != "" {
			column = position[p.Name]
		}
		all = append(all, part{p.Literal, column, p.Width})
	}
	return all
}

// A concatenated value is columns with a separator between, absent ones left
// out.
type concatenated struct {
	concat  template.Concat
	columns []int
	sorts   bool // it is a sort key
}

func (c *concatenated) inputs() []int              { return c.columns }
func (c *concatenated) absent() absence            { return absentWithAll }
func (c *concatenated) reversible() (bool, string) { return c.concat.Reversible() }

func (c *concatenated) value(r Record) (Value, string) {
	inputs := make([]Value, len(c.columns))
	for i, column := range c.columns {
		var reason string
		if inputs[i], reason = r.computed(column); reason != "" {
			return Value{}, reason
		}
	}
	return c.of(r.entity, inputs)
}

func (c *concatenated) of(e *Entity, inputs []Value) (Value, string) {
	texts, present := make([]string, len(inputs)), make([]bool, len(inputs))
	for i, v := range inputs {
		texts[i], present[i] = v.within(), v.kind != Null
	}
	if c.sorts {
		e.sortTexts(c.columns, texts)
	}
	text, ok := c.concat.Format(texts, present)
	if !ok {
		return Value{}, ""
	}
	return TextValue(text), ""
}

func (c *concatenated) restore(e *Entity, v Value) ([]Value, string) {
	column, text := &e.Columns[c.columns[0]], v.text
	if c.sorts {
		var ok bool
		if text, ok = column.unsortable(text); !ok {
			return nil, reasonSortDigits
		}
	}
	one, reason := column.decodePart(text)
	return []Value{one}, reason
}

// A numberFormatted value is a number with a fixed number of digits.
type numberFormatted struct {
	format *template.Number
	column int
}

func (f *numberFormatted) inputs() []int              { return []int{f.column} }
func (f *numberFormatted) absent() absence            { return absentWithAny }
func (f *numberFormatted) reversible() (bool, string) { return f.format.Reversible() }

func (f *numberFormatted) value(r Record) (Value, string) {
	v, reason := r.computed(f.column)
	if v.kind == Null || reason != "" {
		return Value{}, reason
	}
	return f.of(r.entity, []Value{v})
}

func (f *numberFormatted) of(_ *Entity, inputs []Value) (Value, string) {
	text, err := f.format.Format(inputs[0].within())
	if err != nil {
		return Value{}, err.Error()
	}
	return TextValue(text), ""
}

func (f *numberFormatted) restore(e *Entity, v Value) ([]Value, string) {
	text, err := f.format.Value(v.text)
	if err != nil {
		return nil, err.Error()
	}
	c := &e.Columns[f.column]
	if c.Kind == Int || c.Kind == Bool {
		// The format may have written digits after the point.
		n, ok := parseNumber(text)
		if !ok || n.first() > maxDecimalDigits {
			return nil, reasonNotInteger
		}
		text = string(n.appendPlain(nil))
	}
	one, reason := c.parse(text)
	return []Value{one}, reason
}

// A dateFormatted value is a date or time in another form.
type dateFormatted struct {
	format *template.Date
	source string // the form that the column's texts have
	column int
}

func (f *dateFormatted) inputs() []int              { return []int{f.column} }
func (f *dateFormatted) absent() absence            { return absentWithAny }
func (f *dateFormatted) reversible() (bool, string) { return f.format.Reversible() }

func (f *dateFormatted) value(r Record) (Value, string) {
	v, reason := r.computed(f.column)
	if v.kind == Null || reason != "" {
		return Value{}, reason
	}
	return f.of(r.entity, []Value{v})
}

func (f *dateFormatted) of(_ *Entity, inputs []Value) (Value, string) {
	text, err := f.format.Format(inputs[0].text)
	if err != nil {
		return Value{}, err.Error()
	}
	return TextValue(text), ""
}

func (f *dateFormatted) restore(e *Entity, v Value) ([]Value, string) {
	text, err := f.format.Value(v.text)
	if err != nil {
		return nil, err.Error()
	}
	one, reason := e.Columns[f.column].decodePart(text)
	return []Value{one}, reason
}

// A constant is the same for every record: a literal.
type constant struct{ is Value }

func (c *constant) inputs() []int                            { return nil }
func (c *constant) absent() absence                          { return absentNever }
func (c *constant) reversible() (bool, string)               { return true, "" }
func (c *constant) value(Record) (Value, string)             { return c.is, "" }
func (c *constant) restore(*Entity, Value) ([]Value, string) { return nil, "" }
