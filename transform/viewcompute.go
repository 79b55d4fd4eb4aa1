package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
	"github.com/crossfade-go/crossfade/transform/internal/template"
)

// computed is the value of a computed column. What has a type of MySQL's takes
// the form; the others are the canonical text.
func (v *viewer) computed(i int, form viewForm) Statement {
	c := &v.entity.Columns[i]
	switch of := c.computation.(type) {
	case *templated:
		return v.templated(of)
	case *concatenated:
		return v.concatenated(of)
	case *numberFormatted:
		return v.numberFormatted(of)
	case *dateFormatted:
		return v.dateFormatted(of)
	case *cased:
		return form(c, v.cased(of))
	case *shifted:
		return v.shifted(of, c)
	case *constructed:
		return v.constructed(of)
	case *foldedText:
		return v.folded(of)
	case *parsedJSON:
		return v.parsedJSON(of)
	case *constant:
		return literalForm(c, of.is, form)
	}
	return v.fail("no SQL is known for what makes " + c.Name)
}

// shownColumn is any column in a form.
func (v *viewer) shownColumn(i int, form viewForm) Statement {
	if v.entity.Columns[i].IsComputed() {
		return v.computed(i, form)
	}
	return v.column(i, form)
}

// input is a column in the form that it has within another text.
func (v *viewer) input(i int) Statement {
	switch c := &v.entity.Columns[i]; c.Kind {
	case Decimal:
		if c.isCalculated() && c.Scale > maxViewScale {
			return v.fail(reasonViewScale)
		}
	case Float:
		return v.fail(reasonViewFloat)
	case JSON:
		return v.fail(reasonViewJSON)
	case Bytes:
		return v.fail("bytes in a text are no text of MySQL's")
	}
	return v.shownColumn(i, withinForm)
}

func viewText(s string) Statement { return (&sqlWriter{inline: true}).text(s) }

// templated is CONCAT, which is NULL if one of its values is.
func (v *viewer) templated(t *templated) Statement {
	names := t.template.Names()
	parts := []Statement{{SQL: "''"}}
	for _, p := range t.template.Placeholders() {
		if p.Literal != "" {
			parts = append(parts, viewText(p.Literal))
		}
		if p.Name == "" {
			continue
		}
		column := t.columns[slices.Index(names, p.Name)]
		x := v.input(column)
		if t.sorts {
			x = sortForm(&v.entity.Columns[column], x)
		}
		if p.Width > 0 {
			parts = append(parts, padded(x, p.Width))
			continue
		}
		parts = append(parts, v.escaped(x, p.Escapes))
	}
	return sqlOf("CONCAT(", sqlList(parts, ", "), ")")
}

// escaped replaces one character after the other, byte by byte: a delimiter may
// be a letter.
func (v *viewer) escaped(x Statement, escapes []template.Escape) Statement {
	if len(escapes) == 0 {
		return x
	}
	x = sqlOf("(", sqlText(x), " COLLATE utf8mb4_bin)")
	for _, e := range escapes {
		x = sqlOf("REPLACE(", x, ", ", viewText(e.From), ", ", viewText(e.To), ")")
	}
	return x
}

// padded is NULL where LPAD would cut, and where the text is not an integer
// without sign and zeros in front.
func padded(x Statement, width int) Statement {
	n := strconv.Itoa(width)
	return sqlOf("CASE WHEN ", x, " <> '' AND ", x, " NOT REGEXP '[^0-9]' AND (", x, " = '0' OR ", x, " NOT LIKE '0%') AND CHAR_LENGTH(", x,
		") <= "+n+" THEN LPAD(", x, ", "+n+", '0') END")
}

// concatenated is NULL if all columns are; CONCAT_WS of NULLs is an empty text.
func (v *viewer) concatenated(c *concatenated) Statement {
	var texts []Statement
	for _, i := range c.columns {
		x := v.input(i)
		if c.sorts {
			x = sortForm(&v.entity.Columns[i], x)
		}
		texts = append(texts, x)
	}
	return sqlOf("CASE WHEN COALESCE(", sqlList(texts, ", "), ") IS NOT NULL THEN CONCAT_WS(", viewText(c.concat.Separator), ", ",
		sqlList(texts, ", "), ") END")
}

// numberFormatted is NULL for a number that does not fit the format.
func (v *viewer) numberFormatted(f *numberFormatted) Statement {
	c := &v.entity.Columns[f.column]
	whole, fraction, _ := strings.Cut(f.format.String(), ".")
	digits := len(fraction)
	if c.Kind != Int && c.Kind != Bool && c.Kind != Decimal {
		return v.fail("SQL does not tell whether a " + c.SQLType + " fits a number-format")
	}
	if digits > 30 {
		return v.fail("a number of MySQL has at most 30 digits after the point")
	}
	number := exactForm(c, v.shownColumn(f.column, rawForm))
	fixed := sqlOf("CAST(", number, " AS DECIMAL(65, "+strconv.Itoa(digits)+"))")
	text, fits := sqlText(fixed), sqlOf(fixed, " = ", number)
	if f.format.Padded() {
		width := len(whole)
		if digits > 0 {
			width += 1 + digits
		}
		n := strconv.Itoa(width)
		fits = sqlOf(fits, " AND ", number, " >= 0 AND CHAR_LENGTH(", text, ") <= "+n)
		text = sqlOf("LPAD(", text, ", "+n+", '0')")
	}
	return sqlOf("CASE WHEN ", fits, " THEN ", text, " END")
}

// dateFormatted takes digits from their places in the canonical text.
func (v *viewer) dateFormatted(f *dateFormatted) Statement {
	switch c := &v.entity.Columns[f.column]; {
	case c.Kind != Date && c.Kind != DateTime && c.Kind != Timestamp:
		return v.fail("SQL does not tell whether a text is a day of the calendar")
	case c.ZeroDates == ZeroDateText:
		return v.fail("a zero date has a text, and no form in a date-format")
	}
	text := v.input(f.column)
	parts := []Statement{{SQL: "''"}}
	for _, p := range f.format.Places() {
		switch {
		case p.Literal != "":
			parts = append(parts, viewText(p.Literal))
		case p.Digits > 0:
			parts = append(parts, sqlOf("SUBSTRING(", text, ", "+strconv.Itoa(p.From)+", "+strconv.Itoa(p.Digits)+")"))
		default:
			parts = append(parts, sqlOf("LEFT(", text, ", 0)")) // NULL where the date is
		}
		if p.Zeros > 0 {
			parts = append(parts, viewText(strings.Repeat("0", p.Zeros)))
		}
	}
	return sqlOf("CONCAT(", sqlList(parts, ", "), ")")
}

// cased is the fragment with its columns put in. They are told by names that
// nothing else of what is rendered can have: literals are hexadecimal there.
func (v *viewer) cased(c *cased) Statement {
	values := map[string]Statement{}
	f, err := c.fragment.Resolve(func(r fragment.Ref) (fragment.Ref, error) {
		i := v.entity.ColumnIndex(r.Name)
		if i < 0 {
			return r, fmt.Errorf("there is no column %q", r.Name)
		}
		mark := fragment.Ref{Name: "column " + strconv.Itoa(i)}
		if _, ok := values[mark.String()]; !ok {
			values[mark.String()] = v.shownColumn(i, rawForm)
		}
		return mark, nil
	})
	if err != nil {
		return v.fail(err.Error())
	}
	// In one pass, so that nothing is looked for within what was put in.
	var pairs []string
	for mark, x := range values {
		pairs = append(pairs, mark, x.SQL)
	}
	return Statement{SQL: strings.NewReplacer(pairs...).Replace(f.ViewSQL())}
}

// shifted is DATE_ADD. It is NULL beyond the calendar of items, which has no
// year 0.
func (v *viewer) shifted(s *shifted, to *Column) Statement {
	from := &v.entity.Columns[s.column]
	if from.IsComputed() || from.Join != nil && from.Join.hasElse {
		return v.fail("SQL does not calculate with a date that is made of texts")
	}
	x := v.column(s.column, func(c *Column, x Statement) Statement {
		if c.Kind == Timestamp {
			x = moment(c, x)
		}
		whole := sqlText(x)
		return sqlOf("CASE WHEN SUBSTRING(", whole, ", 1, 4) <> '0000' AND SUBSTRING(", whole, ", 6, 2) <> '00' AND SUBSTRING(", whole,
			", 9, 2) <> '00' THEN DATE_ADD(", x, ", INTERVAL "+strconv.Itoa(s.amount)+" "+strings.ToUpper(s.unit)+") END")
	})
	text := sqlOf("REPLACE(", sqlText(x), ", ' ', 'T')")
	if to.Kind == Timestamp {
		text = sqlOf("CONCAT(", text, ", 'Z')")
	}
	return sqlOf("CASE WHEN ", text, " NOT LIKE '0000%' THEN ", text, " END")
}

// constructed is a map of the row's own columns.
func (v *viewer) constructed(o *constructed) Statement {
	return v.object(&sqlWriter{inline: true}, o.fields, func(f Field) (*Column, Statement) {
		return &v.entity.Columns[f.Column], v.shownColumn(f.Column, rawForm)
	})
}

// parsedJSON is NULL for a text that is no JSON.
func (v *viewer) parsedJSON(p *parsedJSON) Statement {
	text := v.input(p.column)
	return sqlOf("CASE WHEN JSON_VALID(", text, ") THEN ", text, " END")
}
