package transform

import (
	"fmt"
	"strconv"
)

// A Document is a contract's text, parsed and not yet checked. It is how the
// columns get into a contract that does not say them: SetColumns for each of
// SourceTables, SetTable for each of JoinedTables, then JSON.
type Document struct {
	root *node
	text []byte
	// apart are source tables of a document that is an array of tables and so
	// has no place for them.
	apart []*node
}

// A SourceTable is a MySQL table that an entity takes its rows from, or that is
// described in source_tables.
type SourceTable struct {
	Entity  string // for SetColumns; "" in source_tables
	Table   string
	Columns bool // whether the contract says its columns there
}

// Parse reads a contract's JSON. The error says where it is not JSON; anything
// else that is wrong with the contract is for Document.Check to find.
func Parse(data []byte) (*Document, error) {
	root, err := parseTree(data)
	if err != nil {
		return nil, fmt.Errorf("the contract is not JSON: %w", err)
	}
	return &Document{root: root, text: data}, nil
}

// tables returns the tables, and the JSON pointer of the array they are in.
func (d *Document) tables() (tables []*node, pointer string) {
	if d.root.form == formArray {
		return d.root.items, ""
	}
	return d.root.list("tables"), "/tables"
}

// A place is where a document describes an entity: a single-entity table or
// an element of a table's entities.
type place struct {
	entity string
	node   *node
	at     string // its JSON pointer
}

// isMulti reports whether a table is one of several entities: if it says neither
// that nor the opposite, whether it has some.
func (n *node) isMulti() bool {
	switch n.str("type") {
	case multiEntity:
		return true
	case singleEntity:
		return false
	}
	return n.get("entities") != nil
}

func (d *Document) places() []place {
	var out []place
	tables, pointer := d.tables()
	for i, t := range tables {
		at := pointer + "/" + strconv.Itoa(i)
		if !t.isMulti() {
			out = append(out, place{t.str("table"), t, at})
			continue
		}
		for i, e := range t.list("entities") {
			out = append(out, place{e.str("entity_type"), e, at + "/entities/" + strconv.Itoa(i)})
		}
	}
	return out
}

// SourceTables returns the source table of each entity, in the order of the
// document. Entities without name or table are left out.
func (d *Document) SourceTables() []SourceTable {
	var out []SourceTable
	for _, p := range d.places() {
		if table := p.node.str("source_table"); p.entity != "" && table != "" {
			out = append(out, SourceTable{p.entity, table, p.node.get("columns") != nil})
		}
	}
	return out
}

// SetColumns says the columns and the primary key of an entity's source table,
// in place of what the document said. Columns need no Kind. It is an error if
// the document has no such entity.
func (d *Document) SetColumns(entity string, columns []Column, primaryKey []string) error {
	n, err := d.entity(entity)
	if err == nil {
		n.describe("source_table", columns, primaryKey)
	}
	return err
}

// AddSequence says that a store assigns the values of an entity's column, unless
// the document says already of which it does. It reports whether it was added.
func (d *Document) AddSequence(entity, column string) (bool, error) {
	n, err := d.entity(entity)
	if err != nil || n.get("sequence") != nil {
		return false, err
	}
	of := property{name: "column", value: stringNode(column)}
	n.set("sequence", &node{form: formObject, members: []property{of}}, "primary_key")
	return true, nil
}

// entity returns where the document describes an entity.
func (d *Document) entity(name string) (*node, error) {
	for _, p := range d.places() {
		if p.entity == name {
			return p.node, nil
		}
	}
	return nil, fmt.Errorf("the contract has no entity %s", name)
}

// describe sets the columns and the primary key behind the property that names
// the table.
func (n *node) describe(table string, columns []Column, primaryKey []string) {
	list := &node{form: formArray}
	for _, c := range columns {
		list.items = append(list.items, columnNode(c))
	}
	n.set("columns", list, table)
	n.set("primary_key", textsNode(primaryKey), "columns")
}

func textsNode(texts []string) *node {
	n := &node{form: formArray}
	for _, s := range texts {
		n.items = append(n.items, stringNode(s))
	}
	return n
}

func stringNode(s string) *node { return &node{form: formString, text: s} }

// columnNode describes a column with the properties that its type has.
func columnNode(c Column) *node {
	n := &node{form: formObject}
	add := func(name string, v *node) { n.members = append(n.members, property{name: name, value: v}) }
	number := func(i int) *node { return &node{form: formNumber, text: strconv.Itoa(i)} }
	add("name", stringNode(c.Name))
	add("type", stringNode(c.SQLType))
	if c.Unsigned {
		add("unsigned", &node{form: formBool, text: "true"})
	}
	add("null", &node{form: formBool, text: strconv.FormatBool(c.Nullable)})
	switch sqlTypes[sqlTypeName(c.SQLType)].want {
	case optLength, mustLength:
		if c.Length > 0 {
			add("length", number(c.Length))
		}
	case labels:
		list := &node{form: formArray}
		for _, label := range c.Labels {
			list.items = append(list.items, stringNode(label))
		}
		add("values", list)
	case optDigits:
		if c.Precision > 0 {
			add("precision", number(c.Precision))
			add("scale", number(c.Scale))
		}
	case fraction:
		add("precision", number(c.Precision))
	case digits:
		add("precision", number(c.Precision))
		add("scale", number(c.Scale))
	}
	for _, p := range []struct{ name, value string }{
		{"collation", c.Collation}, {"default", c.Default}, {"on_update", c.OnUpdate}, {"generated", c.Generated},
	} {
		if p.value != "" {
			add(p.name, stringNode(p.value))
		}
	}
	return n
}
