package transform

import (
	"fmt"
	"slices"
	"strings"
)

// sourceTables returns what the document describes in source_tables.
func (d *Document) sourceTables() []*node {
	return append(slices.Clip(d.root.list("source_tables")), d.apart...)
}

// JoinedTables returns the tables of source_tables, and those that joins read
// and no entity takes its rows from. They have no Entity.
func (d *Document) JoinedTables() []SourceTable {
	var out []SourceTable
	seen := map[string]bool{}
	add := func(table string, columns bool) {
		if table != "" && !seen[table] {
			seen[table] = true
			out = append(out, SourceTable{Table: table, Columns: columns})
		}
	}
	for _, n := range d.sourceTables() {
		add(n.str("table"), n.get("columns") != nil)
	}
	places := d.places()
	for _, p := range places {
		seen[p.node.str("source_table")] = true
	}
	for _, p := range places {
		for _, a := range p.node.list("attributes") {
			a.targets(func(table string) { add(table, false) })
		}
	}
	return out
}

// targets calls found for each table that a join or a calculation names.
func (n *node) targets(found func(table string)) {
	for _, item := range n.items {
		item.targets(found)
	}
	for _, m := range n.members {
		if m.name == "target_table" && m.value.form == formString {
			found(m.value.text)
		}
		m.value.targets(found)
	}
}

// SetTable is SetColumns of a table of JoinedTables.
func (d *Document) SetTable(table string, columns []Column, primaryKey []string) {
	n := d.joined(table)
	if n == nil {
		n = &node{form: formObject}
		n.set("table", stringNode(table), "")
		d.addSource(n)
	}
	n.describe("table", columns, primaryKey)
}

// joined returns where source_tables describes a table, nil if it does not.
func (d *Document) joined(table string) *node {
	for _, n := range d.sourceTables() {
		if n.form == formObject && n.str("table") == table {
			return n
		}
	}
	return nil
}

// addSource adds a table to source_tables.
func (d *Document) addSource(n *node) {
	if d.root.form != formObject {
		d.apart = append(d.apart, n)
		return
	}
	if list := d.root.get("source_tables"); list != nil && list.form == formArray && !list.fresh {
		list.items = append(list.items, n)
		return
	}
	items := append(slices.Clip(d.root.list("source_tables")), n)
	d.root.set("source_tables", &node{form: formArray, items: items}, "tables")
}

// AddUnique says of a table of SourceTables or JoinedTables that it holds no
// combination of values in the columns twice, under the name of its index. It
// reports whether that was new: a set that the document has, under whatever
// name, stays as it is. It is an error if the document does not have the table.
func (d *Document) AddUnique(t SourceTable, name string, columns []string) (added bool, err error) {
	n := d.joined(t.Table)
	if t.Entity != "" {
		if n, err = d.entity(t.Entity); err != nil {
			return false, err
		}
	}
	if n == nil {
		return false, fmt.Errorf("the contract's source_tables have no table %s", t.Table)
	}
	for _, u := range n.list("unique") {
		if sameNames(u.texts("columns"), columns) {
			return false, nil
		}
	}
	set := &node{form: formObject}
	set.set("name", stringNode(name), "")
	set.set("columns", textsNode(columns), "")
	if list := n.get("unique"); list != nil && list.form == formArray {
		list.items = append(list.items, set)
		return true, nil
	}
	n.set("unique", &node{form: formArray, items: []*node{set}}, "primary_key")
	return true, nil
}

// sameNames reports whether two lists have the same names, in any order. As in
// MySQL, the case of a column's letters makes no difference.
func sameNames(a, b []string) bool {
	fold := func(names []string) []string {
		var out []string
		for _, name := range names {
			out = append(out, strings.ToLower(name))
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(fold(a), fold(b))
}
