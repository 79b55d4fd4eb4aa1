package transform

import (
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/template"
)

// isTemplate reports whether a transformation is a template, which brings its
// columns itself.
func isTemplate(n *node) bool {
	if n == nil {
		return false
	}
	switch n.str("type") {
	case "string-format", "static", "template":
		return true
	}
	return false
}

// transform reads the transformation of attribute i, of what it is before that.
// It reports whether nothing is wrong.
func (k *entityChecker) transform(n *node, i int) bool {
	a, at := &k.entity.Attributes[i], k.attributeAt[i]
	t := n.get("transformation")
	switch {
	case isTemplate(t):
		text, at := templateText(t, at+"/transformation")
		a.Column = k.templated(a.Name, text, at)
		return a.Column >= 0
	case a.Column < 0:
		if n.get("source_column") != nil { // which the walk has found else
			k.err(at, "nothing says what attribute "+a.Name+" holds", `name a source_column, or add a "literal", or a string-format`)
		}
		return false
	case t == nil || readsRows(t):
		return true
	}
	at += "/transformation"
	switch c := &k.entity.Columns[a.Column]; t.str("type") {
	case "date-format":
		a.Column = k.dateFormat(t, at, a, c)
	case "number-format":
		a.Column = k.numberFormat(t, at, a, c)
	case "json-parse":
		a.Column = k.jsonParse(t, at, a, c)
	case "fold":
		a.Column = k.fold(at, a, c)
	default:
		return false // which the walk has found
	}
	return a.Column >= 0
}

// templateText returns the template of a transformation and its place.
func templateText(t *node, at string) (text, place string) {
	for _, property := range []string{"format", "value", "template"} {
		if v := t.get(property); v != nil && v.form == formString {
			return v.text, at + "/" + property
		}
	}
	return "", at + "/format"
}

// templated adds a column that is made by a template, and returns its position,
// -1 if it is wrong. A template that is one name alone is that column.
func (k *entityChecker) templated(name, text, at string) int {
	t, err := template.Parse(text)
	if err != nil {
		k.err(at, err.Error(), "")
		return -1
	}
	c := &templated{template: t}
	for _, placeholder := range t.Names() {
		column := k.named(placeholder)
		if column < 0 {
			if i := k.attributeNamed(placeholder); i >= 0 && placeholder != name {
				k.err(at, fmt.Sprintf("{%s} is an attribute that is wrong itself, or is nothing before its transformation", placeholder), "mend that attribute first")
				return -1
			}
			k.err(at, fmt.Sprintf("{%s} is no attribute before its transformation, and no column of %s", placeholder, k.entity.Source),
				suggest(placeholder, append(k.attributeNames(), k.from.names()...)))
			return -1
		}
		c.columns = append(c.columns, column)
	}
	if p := t.Placeholders(); len(p) == 1 && p[0].Literal == "" && p[0].Name != "" && p[0].Width == 0 {
		return c.columns[0]
	}
	if !k.padded(c, at) {
		return -1
	}
	return k.addComputed(name, c, Column{SQLType: "longtext", Kind: Text, Collation: binaryCollation, longest: k.longestTemplate(c)})
}

// padded checks the placeholders that pad numbers.
func (k *entityChecker) padded(t *templated, at string) bool {
	ok := true
	for _, p := range t.parts() {
		if p.width == 0 {
			continue
		}
		c := &k.entity.Columns[p.column]
		digits := longestText(c)
		if c.Kind == Int && !c.Unsigned {
			digits-- // the minus
		}
		switch {
		case c.Kind == Int && digits > p.width:
			k.warn(at, fmt.Sprintf("column %s has numbers of %d digits, and the template room for %d: rows with longer ones are refused", c.Name, digits, p.width),
				fmt.Sprintf("write {%s:0%dd}", c.Name, digits))
		case c.Kind == Text && !c.isLabelled():
			k.warn(at, "column "+c.Name+" is a text: rows in which it is no integer, or has zeros in front, are refused", "")
		case c.Kind != 0 && c.Kind != Int && !(c.Kind == Decimal && c.Scale == 0):
			k.err(at, "column "+c.Name+" is "+c.typeName()+", and only integers are padded", "take the width out")
			ok = false
		}
	}
	return ok
}

// longestText returns how many bytes the text of a value may have within another
// text.
func longestText(c *Column) int {
	const sign, point, zone = 1, 1, 1
	fraction := 0
	if c.Precision > 0 {
		fraction = point + c.Precision
	}
	switch c.Kind {
	case Int:
		if c.SQLType == "year" {
			return 4
		}
		n := map[int]int{8: 3, 16: 5, 24: 8, 32: 10}[sqlTypes[c.SQLType].bits]
		if n == 0 {
			n = 20 // those of 64 bits without a sign
		}
		if !c.Unsigned && n < 20 {
			n += sign
		}
		return n
	case Bool:
		return 1
	case Decimal:
		return c.Precision + sign + point + 1
	case Float:
		return 24
	case Date:
		return len("2006-01-02")
	case DateTime, Timestamp:
		return len("2006-01-02T15:04:05") + fraction + zone
	case Time:
		return len("-838:59:59") + fraction
	}
	if c.longest > 0 {
		return c.longest
	}
	if n := longestKey(c); n > 0 {
		return n
	}
	return maxItemSize // no key could hold it
}

// dateFormat reads the other form of a date.
func (k *entityChecker) dateFormat(t *node, at string, a *Attribute, c *Column) int {
	source, at := t.str("source_format"), at+"/format"
	switch c.Kind {
	case 0, Timestamp:
		source = template.TimestampForm(c.Precision)
	case DateTime:
		source = template.DateTimeForm(c.Precision)
	case Date:
		source = template.DateForm()
	case Text:
		if source == "" {
			k.err(strings.TrimSuffix(at, "/format"), "column "+c.Name+" is "+c.typeName()+", and nothing says in what form it has dates",
				`add "source_format": "YYYY-MM-DD", or what the form is`)
			return -1
		}
	default:
		k.err(at, "column "+c.Name+" is "+c.typeName()+", which has no dates", "take the date-format out")
		return -1
	}
	d, err := template.ParseDate(t.str("format"), source)
	if err != nil {
		k.err(at, err.Error(), "")
		return -1
	}
	return k.addComputed(a.Name, &dateFormatted{format: d, source: source, column: a.Column},
		Column{SQLType: "longtext", Kind: Text, Collation: binaryCollation, longest: len(d.String())})
}

// numberFormat reads the fixed digits of a number.
func (k *entityChecker) numberFormat(t *node, at string, a *Attribute, c *Column) int {
	at += "/format"
	f, err := template.ParseNumber(t.str("format"))
	switch {
	case err != nil:
		k.err(at, err.Error(), "")
		return -1
	case c.Kind != 0 && c.Kind != Int && c.Kind != Decimal && c.Kind != Float && c.Kind != Bool:
		k.err(at, "column "+c.Name+" is "+c.typeName()+", which is no number", "take the number-format out")
		return -1
	}
	longest := max(longestText(c), len(f.String())) + len(f.String())
	if c.Kind == Int || c.Kind == Decimal {
		digits := longestText(c)
		if c.Kind == Decimal {
			digits = c.Precision
		} else if !c.Unsigned && digits < 20 {
			digits-- // the minus
		}
		// Ids that MySQL hands out are never below zero, whatever their type.
		signed := !c.Unsigned && c.Generated != "auto_increment"
		if reason := f.Refuses(digits, c.Scale, signed); reason != "" {
			k.warn(at, "rows of numbers that do not fit are refused: "+reason, "")
		}
	}
	return k.addComputed(a.Name, &numberFormatted{format: f, column: a.Column},
		Column{SQLType: "longtext", Kind: Text, Collation: binaryCollation, longest: longest})
}

// canonicalSource is the source_format of a json-parse whose texts are in
// canonical form, so that they can come back.
const canonicalSource = "canonical"

// jsonParse reads a text that holds a document. A JSON column is parsed already.
func (k *entityChecker) jsonParse(t *node, at string, a *Attribute, c *Column) int {
	source := t.str("source_format")
	switch {
	case c.Kind == JSON:
		return a.Column
	case c.Kind != 0 && c.Kind != Text || c.isLabelled():
		k.err(at, "column "+c.Name+" is "+c.typeName()+", and JSON is parsed from a text", "take the json-parse out")
		return -1
	case t.get("format") != nil:
		k.err(at+"/format", "a json-parse has no format", "take it out")
		return -1
	case source != "" && source != canonicalSource:
		k.err(at+"/source_format", fmt.Sprintf("%q is no form of JSON", source), `use "canonical" where every text is in canonical form, or take it out`)
		return -1
	}
	return k.addComputed(a.Name, &parsedJSON{column: a.Column, canonical: source == canonicalSource}, Column{SQLType: "json", Kind: JSON})
}
