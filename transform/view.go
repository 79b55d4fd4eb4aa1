package transform

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ViewPrefix begins the names of views, unless another prefix is chosen.
const ViewPrefix = "item_"

// maxIdentifier is how many characters a name may have in MySQL.
const maxIdentifier = 64

// A View shows the rows of one entity as items: a column per attribute, named
// like it and in the order of the contract.
//
// Attributes of type S, N and BOOL have the text that the item's attribute has:
// a DECIMAL as N without zeros at its end, BOOL as true or false, dates and times
// in their canonical form, TIMESTAMP in UTC whatever the session's time zone. A
// DOUBLE as N is the same number in the server's digits. A B has the bytes, an SS
// its members with commas between. M, L and JSON have JSON, the same document as
// the item's, in the server's spelling. An attribute that is absent, or NULL, is
// NULL.
//
// A view has no errors. A value that no item can hold as the contract wants it is
// NULL where SQL can tell: a zero date that has no form, a number that is too
// long for its padding, a row too deep in its tree, a list beyond the session's
// group_concat_max_len. Preview names such rows.
type View struct {
	Entity string
	Name   string
	// SQL is the CREATE OR REPLACE VIEW, "" if no attribute can be shown. Whoever
	// reads the view needs the right to read the tables.
	SQL string
	// Findings are warnings for the attributes that are left out, because SQL has
	// no way to show what the item has: FLOAT, and DOUBLE within a text; JSON of a
	// column as text; the text of a calculated number with more than 30 digits after
	// the point; date-format of a text; names that no column of a view has.
	Findings []Finding
}

// Views returns a view of each entity. The names are those of the entities after
// the prefix.
func (c *Contract) Views(prefix string) []View {
	var views []View
	names := map[string]string{}
	for _, e := range c.Entities {
		v := e.view(prefix + e.Name)
		if other, taken := names[strings.ToLower(v.Name)]; taken {
			v.SQL = ""
			v.leaveOut("entity "+e.Name+" has no view", "the view of entity "+other+" has the name, but for the case of letters")
		}
		names[strings.ToLower(v.Name)] = e.Name
		views = append(views, v)
	}
	return views
}

func (v *View) leaveOut(what, reason string) {
	v.Findings = append(v.Findings, Finding{Severity: Warning, Reason: what + ": " + reason})
}

// view makes the view of an entity.
func (e *Entity) view(name string) View {
	v := View{Entity: e.Name, Name: name}
	if reason := identifierFault(name); reason != "" {
		v.leaveOut("entity "+e.Name+" has no view", fmt.Sprintf("its name, %q, %s", name, reason))
		return v
	}
	var columns []Statement
	taken := map[string]bool{}
	for i := range e.Attributes {
		a := &e.Attributes[i]
		if e.isHydrated(i) {
			continue // the view shows what an item holds
		}
		x, reason := e.shown(a)
		if reason == "" {
			reason = identifierFault(a.Name)
		}
		if reason == "" && taken[strings.ToLower(a.Name)] {
			reason = "another column of the view has the name, but for the case of letters"
		}
		if reason != "" {
			v.leaveOut(fmt.Sprintf("attribute %s of entity %s is not in the view", a.Name, e.Name), reason)
			continue
		}
		taken[strings.ToLower(a.Name)] = true
		columns = append(columns, sqlOf("\n  ", x, " AS ", sqlName(a.Name)))
	}
	if len(columns) > 0 {
		v.SQL = sqlOf("CREATE OR REPLACE SQL SECURITY INVOKER VIEW ", sqlName(name), " AS SELECT", sqlList(columns, ","),
			"\nFROM ", sqlName(e.Source), " AS "+ownAlias).SQL
	}
	return v
}

// blanks are what no name in MySQL ends in: of all that Unicode calls a blank only
// these.
const blanks = " \t\n\v\f\r"

// isUnprinted reports whether MySQL leaves a character out where the name of a
// view's column begins with it.
func isUnprinted(r rune) bool { return r <= ' ' || r == 0x7F }

// identifierFault returns why MySQL takes no such name (manual, "Schema Object
// Names").
func identifierFault(name string) string {
	switch {
	case utf8.RuneCountInString(name) > maxIdentifier:
		return "is longer than the 64 characters of a name in MySQL"
	case name == "" || strings.TrimRight(name, blanks) != name:
		return "ends in a blank, as no name in MySQL does"
	case strings.IndexFunc(name, func(r rune) bool { return r == 0 || r > 0xFFFF }) >= 0 || !utf8.ValidString(name):
		return "has a character that no name in MySQL has"
	case strings.TrimLeftFunc(name, isUnprinted) != name:
		return "begins with a blank or a control character, which MySQL would leave out"
	}
	return ""
}

// shown is the expression that shows an attribute, or why there is none.
func (e *Entity) shown(a *Attribute) (Statement, string) {
	if a.Column < 0 {
		return Statement{}, "it has no column"
	}
	c := &e.Columns[a.Column]
	if reason := unshown(a.Type, c); reason != "" {
		return Statement{}, reason
	}
	v := &viewer{entity: e, row: ownAlias, canonical: a.Type == "S"}
	x := v.shownColumn(a.Column, shownAs(a.Type))
	if e.keyLimits[e.AttributeIndex(a.Name)].sorts {
		x = sortForm(c, x)
	}
	return x, v.fault
}

const (
	reasonViewFloat = "SQL writes floating point numbers with other digits than items have"
	reasonViewJSON  = "SQL writes JSON in another form than the canonical one"
	reasonViewScale = "a number that SQL calculates has at most 30 digits after the point on some servers"
)

// unshown returns why an attribute of the type can't show a column.
func unshown(attrType string, c *Column) string {
	switch {
	case c.Kind == Float && (c.floatBits() == 32 || attrType != "N"):
		return reasonViewFloat
	case c.Kind == JSON && attrType == "S" && !c.isConstructed():
		return reasonViewJSON
	case attrType == "S" && c.isCalculated() && c.Scale > maxViewScale:
		return reasonViewScale
	}
	return ""
}

// isConstructed reports whether the column's JSON is made by the library's own SQL,
// and so in canonical form.
func (c *Column) isConstructed() bool {
	if _, ok := c.computation.(*constructed); ok {
		return true
	}
	return c.Join != nil && (c.Join.Kind == JoinChildren || c.Join.Kind == JoinObject)
}
