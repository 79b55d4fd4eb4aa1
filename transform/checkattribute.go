package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// attributes reads the attributes and finds the column of each: one of the source
// table, a joined one, or one that is computed. A computed one may be made of any
// that is not, so those come last.
func (k *entityChecker) attributes() {
	var nodes []*node
	var wrong []bool
	k.objects = make(map[string][]Field)
	for i, n := range k.node.list("attributes") {
		if n.form != formObject {
			continue
		}
		at := k.at + "/attributes/" + strconv.Itoa(i)
		a := Attribute{Name: n.str("name"), Type: n.str("type"), Column: -1, TypedNull: n.str("null") == "type", made: n.made()}
		k.attributeName(n, a.Name, at)
		before := len(k.findings)
		k.source(n, at, &a)
		noJoin := n.get("join") != nil && joinShapes[n.get("join").str("type")] == nil // which the walk has found
		wrong = append(wrong, a.Column < 0 && (noJoin || hasErrors(k.findings[before:])))
		k.keep(n, at, a.Column)
		k.entity.Attributes = append(k.entity.Attributes, a)
		k.attributeAt = append(k.attributeAt, at)
		nodes = append(nodes, n)
	}
	k.compute(nodes, wrong)
	k.failed = make(map[string]bool)
	for i, n := range nodes {
		if k.entity.Attributes[i].Column < 0 {
			for _, name := range append(n.texts("source_column"), n.str("source_column")) {
				k.failed[name] = true
			}
		}
	}
	if len(k.entity.Attributes) == 0 {
		k.err(k.at+"/attributes", "there is no attribute", "")
	}
	// A column is a Bool before its other attributes are looked at.
	for i, a := range k.entity.Attributes {
		if a.Column >= 0 && a.Type == "BOOL" && takesBool(&k.entity.Columns[a.Column]) {
			c := &k.entity.Columns[a.Column]
			c.Kind = Bool
			k.boolOfNoRow(c, k.attributeAt[i])
		}
	}
	for i, a := range k.entity.Attributes {
		k.attributeType(a, k.attributeAt[i])
	}
	k.zeroDates()
	k.entity.settle()
	k.nulls()
}

// boolOfNoRow checks what a BOOL is where its join finds no row: it was read as
// what the column is.
func (k *entityChecker) boolOfNoRow(c *Column, at string) {
	if c.Join == nil || !c.Join.hasElse {
		return
	}
	if _, reason := c.parse(c.Join.orElse); reason != "" {
		k.err(at+"/join/null_value", fmt.Sprintf("%q is neither 0 nor 1, and the attribute is a BOOL", c.Join.orElse), `use "0" or "1", or make the attribute N`)
	}
}

func (k *entityChecker) attributeName(n *node, name, at string) {
	switch {
	case name == "":
		if v := n.get("name"); v != nil && v.form == formString {
			k.err(at+"/name", "an attribute's name can't be empty", "")
		}
	case strings.HasPrefix(name, LibraryPrefix):
		k.err(at+"/name", fmt.Sprintf("%q begins with %s, as the library's own attributes do", name, LibraryPrefix), "choose another name")
	case len(name) > maxAttributeName:
		k.err(at+"/name", "the name is longer than 65535 bytes", "")
	case k.attributeNamed(name) >= 0:
		k.err(at+"/name", fmt.Sprintf("another attribute is called %q too", name), "choose another name")
	}
}

// attributeNamed returns the position of the first attribute of that name, -1 if
// there is none.
func (k *entityChecker) attributeNamed(name string) int {
	for ; k.indexed < len(k.entity.Attributes); k.indexed++ {
		other := k.entity.Attributes[k.indexed].Name
		if _, again := k.byName[other]; !again {
			k.byName[other] = k.indexed
		}
	}
	if i, ok := k.byName[name]; ok {
		return i
	}
	return -1
}

// made returns what an attribute says of how it is made of columns.
func (n *node) made() string {
	said := &node{form: formObject}
	for _, name := range []string{"join", "calculation", "transformation", "literal"} {
		if v := n.get(name); v != nil {
			said.members = append(said.members, property{name: name, value: v})
		}
	}
	if v := n.get("source_column"); len(said.members) > 0 && v != nil {
		said.members = append(said.members, property{name: "source_column", value: v})
	}
	if len(said.members) == 0 {
		return ""
	}
	text, _ := canonicalJSON(string(said.appendLine(nil)))
	return text
}

// readsRows reports whether a calculation or transformation reads other rows, as
// joins do.
func readsRows(n *node) bool {
	switch n.str("type") {
	case "aggregate", "depth", "hierarchy-path":
		return true
	}
	return false
}

// source finds the column that an attribute takes its value from, before it is
// calculated with or transformed.
func (k *entityChecker) source(n *node, at string, a *Attribute) {
	join, calculation, transformation := n.get("join"), n.get("calculation"), n.get("transformation")
	if join != nil && calculation != nil {
		k.err(at, "has a join and a calculation, and can have one of them", "take one out")
		return
	}
	if transformation != nil && readsRows(transformation) {
		if join != nil || calculation != nil {
			k.err(at+"/transformation", "a "+transformation.str("type")+" is a calculation: there is another, or a join", "take one out")
			return
		}
		a.Column = k.joined(transformation, at+"/transformation", a)
		return
	}
	switch {
	case join != nil:
		a.Column = k.joined(join, at+"/join", a)
		return
	case calculation != nil && readsRows(calculation):
		a.Column = k.joined(calculation, at+"/calculation", a)
		return
	}
	if table := n.str("source_table"); table != "" && table != k.entity.Source && k.entity.Source != "" {
		k.err(at+"/source_table", fmt.Sprintf("%q is not the table's source_table %q", table, k.entity.Source),
			`add a "join" that says which of its rows is meant`)
		return
	}
	if column := n.get("source_column"); column != nil && column.form == formString {
		if a.Column = k.ownColumn(column.text); a.Column < 0 {
			k.err(at+"/source_column", fmt.Sprintf("table %s has no column %q", k.entity.Source, column.text),
				suggest(column.text, k.columnNames()))
		}
	}
}

// attributeType checks that the attribute's type can hold the column.
func (k *entityChecker) attributeType(a Attribute, at string) {
	at += "/type"
	switch a.Type {
	case "NS", "BS":
		k.err(at, "no column of MySQL is a set of numbers or bytes, so none could come back from an "+a.Type,
			"use SS for a SET, and L for the array of a JSON column")
		return
	case "NULL":
		k.err(at, "an attribute of type NULL holds nothing of its column",
			`give the attribute the type of its values; "null": "type" beside it writes NULLs as that type`)
		return
	case "":
		return
	}
	if a.Column < 0 || k.entity.Columns[a.Column].Kind == 0 {
		return // which was found wrong before, or is of a table that is not described
	}
	c := &k.entity.Columns[a.Column]
	possible := attributeTypes(c)
	switch {
	case possible == nil:
	case !slices.Contains(possible, a.Type):
		k.err(at, fmt.Sprintf("%s can't hold column %s, which is %s", a.Type, c.Name, c.typeName()),
			"use "+strings.Join(possible, " or "))
	case c.Kind == JSON && a.Type == "S" && c.Join == nil: // of joins see construction
		k.warn(at, "attribute "+a.Name+" holds the JSON of "+c.Name+" as text", "use M, L or JSON to have it as a map or list")
	}
}

// attributeTypes returns the attribute types that can hold a column, the usual
// one first.
func attributeTypes(c *Column) []string {
	switch c.Kind {
	case Int:
		switch {
		case takesBool(c) && c.SQLType == "bit":
			return []string{"N", "B", "S", "BOOL"}
		case takesBool(c):
			return []string{"N", "S", "BOOL"}
		case c.SQLType == "bit":
			return []string{"N", "B", "S"}
		}
		return []string{"N", "S"}
	case Float:
		return []string{"N", "S"}
	case Bool:
		return []string{"BOOL"}
	case Decimal:
		if c.Precision > maxNumberDigits {
			return []string{"S"}
		}
		return []string{"N", "S"}
	case Text, Date, DateTime, Timestamp, Time:
		if c.SQLType == "set" {
			return []string{"S", "SS"}
		}
		return []string{"S"}
	case Bytes:
		return []string{"B"}
	case JSON:
		return []string{"M", "L", "JSON", "S"}
	}
	return nil
}

// takesBool reports whether a contract may say that the column's numbers are
// truth values. The data has to hold 0 and 1 only.
func takesBool(c *Column) bool {
	return c.SQLType == "tinyint" || c.SQLType == "bit" && c.Length == 1
}
