package transform

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// uniqueName is what a set of unique columns may be called: the name is part of
// the key under which a store keeps the guards of its values.
var uniqueName = regexp.MustCompile(`^[a-zA-Z0-9_.,$-]{1,200}$`)

// uniques reads the sets of columns that hold no combination of values twice.
func (k *entityChecker) uniques() {
	for i, n := range k.node.list("unique") {
		if n.form != formObject || k.entity.Columns == nil {
			continue
		}
		at := k.at + "/unique/" + strconv.Itoa(i)
		u := Unique{Name: n.str("name"), Columns: k.uniqueColumns(n, at)}
		if u.Name == "" {
			u.Name = strings.Join(n.texts("columns"), ",")
		}
		k.sameUnique(u, at)
		k.entity.Unique = append(k.entity.Unique, u)
	}
}

// uniqueColumns finds the columns of one set.
func (k *entityChecker) uniqueColumns(n *node, at string) []int {
	var columns []int
	names := n.texts("columns")
	for i, name := range names {
		at := at + "/columns/" + strconv.Itoa(i)
		column := k.columnNamed(name)
		switch {
		case column < 0:
			k.err(at, fmt.Sprintf("there is no column %q", name), suggest(name, k.columnNames()))
			continue
		case slices.Contains(columns, column):
			k.err(at, fmt.Sprintf("column %q is in the set already", name), "take one out")
			continue
		}
		k.uniqueColumn(&k.entity.Columns[column], at)
		columns = append(columns, column)
	}
	if list := n.get("columns"); list != nil && list.form == formArray && len(list.items) == 0 {
		k.err(at+"/columns", "there is no column", "name the columns of the unique index")
	}
	return columns
}

// uniqueColumn refuses columns of which the library can't tell whether MySQL
// takes two of their values for equal.
func (k *entityChecker) uniqueColumn(c *Column, at string) {
	switch {
	case c.Kind == JSON:
		k.err(at, "column "+c.Name+" is JSON, of which MySQL has no unique index", "")
	case c.Kind != Text, c.isLabelled():
	case c.Collation == "":
		k.err(at, "the collation of "+c.Name+" is not known, and it says which values are equal", mendColumns)
	default:
		k.foldable(c, "is unique", at)
	}
}

// foldable looks at a text column whose values are to be equal here when they are to
// MySQL, and reports whether they can be.
func (k *entityChecker) foldable(c *Column, what, at string) bool {
	_, known := c.Fold("")
	switch {
	case !known:
		k.err(at, "column "+c.Name+" "+what+" in the collation "+c.Collation+", of which it is not known here which texts it takes for equal",
			"give the column utf8mb4_bin, utf8mb4_general_ci or utf8mb4_unicode_ci, or leave the table out of the contract for now")
	case c.Collation == foldUnverified:
		k.warn(at, "column "+c.Name+" "+what+" in the collation "+c.Collation+
			": which texts that takes for equal is known from its published weights, and was not verified against a server", "")
	}
	return known
}

// sameUnique checks the name of a set, and compares it with those before it and
// with the primary key.
func (k *entityChecker) sameUnique(u Unique, at string) {
	named := at + "/name"
	if u.Name != "" && !uniqueName.MatchString(u.Name) {
		k.err(named, fmt.Sprintf("%q can't be the name of a unique index here", u.Name), "use 1 to 200 letters, digits, and . _ , $ -")
	}
	for _, other := range k.entity.Unique {
		if strings.EqualFold(other.Name, u.Name) && u.Name != "" {
			k.err(named, fmt.Sprintf("another unique index is called %q too", u.Name), "")
		} else if len(u.Columns) > 0 && sameColumns(other.Columns, u.Columns) {
			k.warn(at, "unique index "+u.Name+" has the columns of "+other.Name, "one of them is enough")
		}
	}
	keyMissing := func(c int) bool { return !slices.Contains(u.Columns, c) }
	if len(k.entity.KeyColumns) > 0 && !slices.ContainsFunc(k.entity.KeyColumns, keyMissing) {
		k.warn(at, "unique index "+u.Name+" holds the primary key, which is unique already", "take it out")
	}
}

func sameColumns(a, b []int) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// sequence finds the column whose values a store assigns.
func (k *entityChecker) sequence() {
	n := k.node.get("sequence")
	if n == nil {
		k.unassigned()
		return
	}
	if n.form != formObject || n.str("column") == "" || k.entity.Columns == nil {
		return
	}
	at := k.at + "/sequence/column"
	column := k.columnNamed(n.str("column"))
	if column < 0 {
		k.err(at, fmt.Sprintf("there is no column %q", n.str("column")), suggest(n.str("column"), k.columnNames()))
		return
	}
	c := &k.entity.Columns[column]
	switch {
	case sqlTypes[c.SQLType].bits == 0 || c.Kind != Int:
		k.err(at, "column "+c.Name+" is "+c.typeName()+", and a sequence gives integers", "")
	case !slices.Equal(k.entity.KeyColumns, []int{column}):
		k.err(at, "column "+c.Name+" is not the primary key alone, and a sequence gives keys", "")
	case c.Generated != "auto_increment":
		k.warn(at, "column "+c.Name+" is not auto_increment, so MySQL assigns no ids while it is the authority",
			`add "generated": "auto_increment" if the column is, or take the sequence out`)
	}
	k.entity.Sequence = column
}

// unassigned looks for a column that MySQL assigns while no store is to. The zero of
// a Go value is refused there, since MySQL would take it for a request.
func (k *entityChecker) unassigned() {
	for i, c := range k.entity.Columns {
		if c.Generated != "auto_increment" || !c.IsOwn() {
			continue
		}
		mend := fmt.Sprintf(`add "sequence": {"column": %q}, or give every record its value`, c.Name)
		if !slices.Equal(k.entity.KeyColumns, []int{i}) {
			mend = "give every record its value; a sequence gives only a column that is the whole primary key"
		}
		k.warn(k.at, "column "+c.Name+" is auto_increment, and the entity has no sequence, so no store assigns its values", mend)
	}
}
