package transform

import (
	"github.com/crossfade-go/crossfade/transform/internal/template"
)

// A computation makes the value of a computed column of other columns of the
// record: what the contract calls a calculation or a transformation. It knows
// values, not attributes: the column that it belongs to says what it gives.
type computation interface {
	// inputs are the positions in Entity.Columns of what it is made of.
	inputs() []int
	// value makes the value. The reason says why there is none.
	value(r Record) (v Value, reason string)
	// restore returns the inputs' values, in their order, from a value that is
	// not NULL. It is asked only if reversible says so.
	restore(e *Entity, v Value) (inputs []Value, reason string)
	// reversible reports whether restore can be asked, and why not.
	reversible() (ok bool, reason string)
}

// A templated value is text around other columns' values.
type templated struct {
	template *template.Template
	columns  []int // in the order of the template's names
}

func (t *templated) inputs() []int { return t.columns }

func (t *templated) value(r Record) (Value, string) {
	texts := make([]string, len(t.columns))
	for i, c := range t.columns {
		v := r.values[c]
		if v.kind == Null {
			return Value{}, "" // as a column that is NULL: absent, and an error in the item's key
		}
		texts[i] = v.Text()
	}
	text, err := t.template.Format(texts)
	if err != nil {
		return Value{}, err.Error()
	}
	return TextValue(text), ""
}

func (t *templated) reversible() (bool, string) { return t.template.Reversible() }

func (t *templated) restore(e *Entity, v Value) ([]Value, string) {
	texts, err := t.template.Values(v.text)
	if err != nil {
		return nil, err.Error()
	}
	values := make([]Value, len(texts))
	for i, text := range texts {
		c := &e.Columns[t.columns[i]]
		var reason string
		if values[i], reason = c.decodePart(text); reason != "" {
			return nil, reason
		}
	}
	return values, ""
}

// decodePart reads a value that stands in another text.
func (c *Column) decodePart(text string) (Value, string) {
	if c.Kind == Bytes {
		return BytesValue([]byte(text)), ""
	}
	return c.decodeText(text)
}

// computed returns the value of column i: the record's, or what is computed.
func (r Record) computed(i int) (Value, string) {
	if c := r.entity.Columns[i].computation; c != nil {
		return c.value(r)
	}
	return r.values[i], ""
}
