package transform

import (
	"strconv"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// A viewer writes the expressions of one attribute in a view.
type viewer struct {
	entity *Entity
	row    string // the row's alias
	// canonical says that JSON is shown as text, in its one form.
	canonical bool
	// fault is why the attribute can't be shown.
	fault string
}

func (v *viewer) fail(reason string) Statement {
	if v.fault == "" {
		v.fault = reason
	}
	return Statement{SQL: "NULL"}
}

// column is a column that is not computed, in a form.
func (v *viewer) column(i int, form viewForm) Statement {
	w := &sqlWriter{entity: v.entity, row: v.row, inline: true, form: form, endless: "NULL"}
	w.otherwise = func(c *Column) Statement {
		is, _ := c.parse(c.Join.orElse)
		return literalForm(c, is, form)
	}
	w.element = func(j *Join) Statement {
		return v.object(w, j.Fields, func(f Field) (*Column, Statement) {
			c := j.field(f)
			return c, sqlColumn(hopAlias(0), c.Name)
		})
	}
	w.list = w.jsonList
	return w.column(i)
}

// literalForm is a value of the contract in a form. A number is written as one,
// and a date where the form takes one; a text has no form.
func literalForm(c *Column, v Value, form viewForm) Statement {
	w := &sqlWriter{inline: true}
	switch v.kind {
	case Null:
		return Statement{SQL: "NULL"}
	case Int, Decimal, Bool:
		if n, err := fragment.ParseNumber(v.within()); err == nil {
			if f, err := fragment.Of(fragment.Literal{Value: n}); err == nil {
				return form(c, w.fragment(f))
			}
		}
	}
	return w.text(v.Text())
}

// object is a map of fields, those that are NULL left out, in the order of the
// names.
func (v *viewer) object(w *sqlWriter, fields []Field, column func(Field) (*Column, Statement)) Statement {
	parts := []Statement{{SQL: "','"}}
	quote := quoted
	if v.canonical {
		quote = canonicalQuoted
	}
	for _, i := range (&Join{Fields: fields}).byName() {
		f := fields[i]
		c, x := column(f)
		if c.Kind == Float && c.floatBits() == 32 {
			return v.fail(reasonViewFloat)
		}
		if v.canonical && (c.Kind == Float || c.Kind == JSON) {
			return v.fail(reasonViewJSON)
		}
		name := string(append(appendJSONString(nil, f.Name), ':'))
		parts = append(parts, sqlOf("CONCAT(", w.text(name), ", ", jsonForm(c, x, quote), ")"))
	}
	return sqlOf("CONCAT('{', CONCAT_WS(", sqlList(parts, ", "), "), '}')")
}

// endOfObject is a character that no JSON has.
const endOfObject = "_utf8mb4 X'1d'"

// jsonList is a list of maps. An end that is missing tells that the server cut
// it: the list is NULL then.
func (w *sqlWriter) jsonList(j *Join) Statement {
	all := sqlOf("COALESCE(GROUP_CONCAT(CONCAT(", w.element(j), ", "+endOfObject+")", w.order(j), " SEPARATOR ''), '')")
	some, wanted := all, "COUNT(*)"
	if j.Limit > 0 {
		limit := strconv.Itoa(j.Limit)
		some = sqlOf("SUBSTRING_INDEX(", all, ", "+endOfObject+", "+limit+")")
		wanted = "LEAST(COUNT(*), " + limit + ")"
	}
	return sqlOf("CASE WHEN CHAR_LENGTH(", all, ") - CHAR_LENGTH(REPLACE(", all, ", "+endOfObject+", '')) >= "+wanted+
		" THEN CONCAT('[', REPLACE(TRIM(TRAILING "+endOfObject+" FROM ", some, "), "+endOfObject+", ','), ']') END")
}
