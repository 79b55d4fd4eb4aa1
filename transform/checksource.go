package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A description is where the document describes a source table.
type description struct {
	source   *Source
	node     *node
	at       string
	columnAt []string // of Source.Columns
}

// sources reads the source tables that the document describes: with an entity,
// or in source_tables if no entity takes its rows from it.
func (c *checker) sources(d *Document) {
	c.described = make(map[string]*description)
	c.tableNames = d.root.tableNames(nil)
	for _, p := range d.places() {
		c.describe(p.node.str("source_table"), p.node, p.at)
	}
	for i, n := range d.sourceTables() {
		if n.form == formObject {
			c.describe(n.str("table"), n, "/source_tables/"+strconv.Itoa(i))
			if table := n.str("table"); table != "" && !slices.Contains(c.tableNames, table) {
				c.tableNames = append(c.tableNames, table)
			}
		}
	}
	for _, p := range d.places() {
		c.sourceNamed(p.node.str("source_table"), p.at)
	}
}

// tableNames appends the tables of MySQL that the node names and the list lacks.
func (n *node) tableNames(list []string) []string {
	for _, name := range []string{"source_table", "target_table"} {
		if table := n.str(name); table != "" && !slices.Contains(list, table) {
			list = append(list, table)
		}
	}
	for _, m := range n.members {
		list = m.value.tableNames(list)
	}
	for _, e := range n.items {
		list = e.tableNames(list)
	}
	return list
}

func (c *checker) describe(table string, n *node, at string) {
	if table == "" || n.get("columns") == nil {
		return
	}
	if other, ok := c.described[table]; ok {
		same := &checker{}
		if !sameColumnsOf(same.columns(n, at).source.Columns, other.source.Columns) {
			c.err(at+"/columns", fmt.Sprintf("the columns of %s are told in another way at %s", table, other.at), mendColumns)
		}
		return
	}
	desc := c.columns(n, at)
	desc.source.Name, desc.source.Pointer = table, at
	for i, name := range n.texts("primary_key") {
		at := at + "/primary_key/" + strconv.Itoa(i)
		column := desc.source.ColumnIndex(name)
		switch {
		case column < 0:
			c.err(at, fmt.Sprintf("there is no column %q", name), suggest(name, desc.source.names()))
		case slices.Contains(desc.source.Key, column):
			c.err(at, fmt.Sprintf("column %q is in the key already", name), "")
		default:
			desc.source.Key = append(desc.source.Key, column)
		}
	}
	for _, u := range n.list("unique") {
		var set []int
		for _, name := range u.texts("columns") {
			set = append(set, desc.source.ColumnIndex(name))
		}
		if !slices.Contains(set, -1) { // which the entity's own check finds
			desc.source.Unique = append(desc.source.Unique, set)
		}
	}
	c.described[table] = desc
	c.sourceList = append(c.sourceList, desc.source)
}

// sameColumnsOf reports whether two descriptions of a table are the same.
func sameColumnsOf(a, b []Column) bool {
	return slices.EqualFunc(a, b, func(x, y Column) bool {
		return x.Name == y.Name && x.SQLType == y.SQLType && x.Unsigned == y.Unsigned && x.Nullable == y.Nullable &&
			x.Length == y.Length && x.Precision == y.Precision && x.Scale == y.Scale && x.Collation == y.Collation &&
			slices.Equal(x.Labels, y.Labels)
	})
}

// columns reads the columns of a source table.
func (c *checker) columns(n *node, at string) *description {
	desc := &description{source: &Source{}, node: n, at: at}
	seen := make(map[string]bool) // by their names in small letters, as MySQL has them
	for i, n := range n.list("columns") {
		at := at + "/columns/" + strconv.Itoa(i)
		name := n.str("name")
		if seen[strings.ToLower(name)] {
			c.err(at+"/name", fmt.Sprintf("another column is called %q too", name), "")
			continue
		}
		seen[strings.ToLower(name)] = true
		desc.source.Columns = append(desc.source.Columns, c.column(n, at))
		desc.columnAt = append(desc.columnAt, at)
	}
	if len(desc.source.Columns) == 0 {
		c.err(at+"/columns", "there is no column", mendColumns)
	}
	return desc
}

// sourceNamed returns the table of that name. If the contract does not describe it
// that is an error, and what it says of the table is taken for true.
func (c *checker) sourceNamed(table, at string) *Source {
	if desc, ok := c.described[table]; ok {
		return desc.source
	}
	if table == "" {
		return &Source{guessed: true}
	}
	c.err(at, "does not say the columns of its source table "+table, mendColumns)
	c.undescribed++
	desc := &description{source: &Source{Name: table, guessed: true}, at: at}
	c.described[table] = desc
	c.sourceList = append(c.sourceList, desc.source)
	return desc.source
}

// maxJoinedTables is how many tables MySQL joins in one statement (manual, "Limits
// on joins"). The statement of a joined column is one within another, and has only
// its own.
const maxJoinedTables = 61

// joinable refuses joins of more tables than that.
func (c *checker) joinable(j *Join, at string) {
	tables := len(j.Hops)
	if r, alone := j.value.Column(); j.Kind == JoinLookup && (!alone || r.Table == ownAlias || j.hasElse) {
		tables++ // for a row where there is none: see lookup
	}
	if tables > maxJoinedTables {
		c.err(at+"/join", fmt.Sprintf("joins %d tables in one statement, and MySQL at most %d", tables, maxJoinedTables),
			"keep what is selected in a table that is nearer")
	}
}
