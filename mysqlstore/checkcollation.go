package mysqlstore

import (
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// columnsOf tells columns by their tables.
type columnsOf map[string]bool

func tableColumn(table, column string) string { return strings.ToLower(table + "\x00" + column) }

func (c columnsOf) add(table, column string)      { c[tableColumn(table, column)] = true }
func (c columnsOf) has(table, column string) bool { return c[tableColumn(table, column)] }

// comparedColumns returns the columns that MySQL compares by their own collation
// where DynamoDB goes by the contract's: keys, what is unique, references, the columns
// by which rows are part of a record, and those of which an attribute is made, by
// which queries find rows. Everything else is compared by its bytes, whatever the
// column says.
func comparedColumns(c *transform.Contract) columnsOf {
	all := columnsOf{}
	for _, src := range c.Sources {
		for _, set := range append([][]int{src.Key}, src.Unique...) {
			for _, i := range set {
				all.add(src.Name, src.Columns[i].Name)
			}
		}
	}
	for _, e := range written(c) {
		all.addEach(e, e.KeyColumns)
		for _, u := range e.Unique {
			all.addEach(e, u.Columns)
		}
		for _, r := range e.References {
			all.addEach(e, r.Columns)
		}
		for i, a := range e.Attributes {
			if a.Column >= 0 && e.Columns[a.Column].IsComputed() {
				made, _ := e.MadeOf(i)
				all.addEach(e, made)
			}
		}
		for _, ch := range e.Children() {
			for i, column := range ch.Rows.Columns {
				if ch.IsParents(i) {
					all.add(ch.Rows.Source, column.Name)
				}
			}
		}
	}
	return all
}

func (c columnsOf) addEach(e *transform.Entity, columns []int) {
	for _, i := range columns {
		if e.Columns[i].IsOwn() {
			c.add(e.Source, e.Columns[i].Name)
		}
	}
}

// compareCollation compares two collations that have different names. One of another
// character set holds other texts. One that takes other texts for equal is an error
// where MySQL compares the column: it would find rows that DynamoDB does not, or hold
// them apart where DynamoDB can't. Labels are equal only if they are the same.
func compareCollation(name string, want, live transform.Column, compared bool, all *findings) {
	what := name + " has the collation " + live.Collation + ", the contract says " + want.Collation
	text := want.Kind == transform.Text && want.SQLType != "enum" && want.SQLType != "set" && live.Collation != ""
	const mend = "give the column the contract's collation; contract check --mysql DSN --write takes over what is there"
	switch {
	case text && charsetOf(live.Collation) != charsetOf(want.Collation):
		all.add(transform.Error, what+", whose character set holds other texts", mend)
	case text && compared && !transform.FoldsAlike(live.Collation, want.Collation):
		all.add(transform.Error, what+", which takes other texts for equal", mend)
	default:
		all.add(transform.Warning, what, "")
	}
}
