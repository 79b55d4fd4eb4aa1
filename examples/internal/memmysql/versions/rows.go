package versions

import (
	"bytes"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/google/btree"
)

// degree of the trees.
const degree = 32

// A table is one version of a table.
type table struct {
	owner     *owner
	name      string
	comment   string
	collation sql.CollationID
	columns   sql.PrimaryKeySchema
	checks    []sql.CheckDefinition
	auto      uint64 // the next AUTO_INCREMENT value
	last      uint64 // the last id of a row
	primary   *tree
	indexes   []*tree
}

// A tree holds the rows of a table in the order of some columns. The primary one
// of a table without primary key has none, and is in the order of insertion.
type tree struct {
	*order
	name    string
	unique  bool
	comment string
	rows    *btree.BTreeG[entry]
}

// An order is what a tree is sorted by. It never changes.
type order struct {
	columns []int
	lengths []uint16 // prefix lengths, 0 for all of it; nil if there are none
	types   []sql.Type
	pads    []bool // the collation takes blanks at the end for nothing
	exact   bool   // no two rows are equal in the columns
}

// An entry is a row in a tree, or a place between rows to begin at: then only
// the first n columns count, and it sorts before (edge -1) or after (edge 1)
// all rows that are equal in them.
type entry struct {
	row  sql.Row
	id   uint64
	n    int
	edge int
}

// newTree returns an empty tree over some columns of a schema.
func newTree(name string, unique bool, columns []int, lengths []uint16, s sql.Schema) *tree {
	o := &order{columns: columns, lengths: lengths, types: make([]sql.Type, len(columns)), pads: make([]bool, len(columns))}
	o.exact = name == primary && len(columns) > 0
	for i, c := range columns {
		o.types[i], o.pads[i] = s[c].Type, padded(s[c].Type)
	}
	return &tree{order: o, name: name, unique: unique, rows: btree.NewG(degree, o.less)}
}

// padded reports whether two texts of a type that differ by blanks at their end
// are equal. The engine takes every collation for NO PAD.
func padded(t sql.Type) bool {
	text, ok := t.(sql.StringType)
	return ok && types.IsTextOnly(text) && text.Collation() != sql.Collation_binary && !strings.Contains(text.Collation().Name(), "_0900_")
}

// clone returns a copy that can be changed alone.
func (t *tree) clone() *tree {
	c := *t
	c.rows = t.rows.Clone()
	return &c
}

// empty returns the tree without rows.
func (t *tree) empty() *tree {
	c := *t
	c.rows = btree.NewG(degree, c.order.less)
	return &c
}

// less orders by the columns, then by the row's id, which no two rows share.
func (o *order) less(a, b entry) bool {
	n := len(o.columns)
	if a.edge != 0 {
		n = min(n, a.n)
	}
	if b.edge != 0 {
		n = min(n, b.n)
	}
	for i := range n {
		if c := o.compare(i, a.row[o.columns[i]], b.row[o.columns[i]]); c != 0 {
			return c < 0
		}
	}
	switch {
	case a.edge != 0 || b.edge != 0:
		return a.edge-b.edge < 0
	case o.exact:
		return false
	}
	return a.id < b.id
}

// compare compares two values of the i-th column. NULL comes first.
func (o *order) compare(i int, a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	if len(o.lengths) > i && o.lengths[i] > 0 {
		a, b = prefix(a, o.lengths[i]), prefix(b, o.lengths[i])
	}
	if o.pads[i] {
		a, b = trimmed(a), trimmed(b)
	}
	if x, ok := a.([]byte); ok {
		if y, ok := b.([]byte); ok {
			return bytes.Compare(x, y)
		}
	}
	c, err := o.types[i].Compare(background, a, b)
	if err != nil {
		panic(err) // the engine has given a value that is not of the column's type
	}
	return c
}

// prefix returns the first n bytes or characters of a value.
func prefix(v any, n uint16) any {
	switch v := v.(type) {
	case string:
		r := []rune(v)
		return string(r[:min(len(r), int(n))])
	case []byte:
		return v[:min(len(v), int(n))]
	}
	return v
}

// trimmed returns a text without the blanks at its end.
func trimmed(v any) any {
	if s, ok := v.(string); ok {
		return strings.TrimRight(s, " ")
	}
	return v
}

// hasNull reports whether one of the columns is NULL in the row.
func (o *order) hasNull(row sql.Row) bool {
	return slices.ContainsFunc(o.columns, func(c int) bool { return row[c] == nil })
}

// find returns the row that has the same values in the tree's columns.
func (t *tree) find(row sql.Row) (entry, bool) {
	var found entry
	ok := false
	from := entry{row: row, n: len(t.columns), edge: -1}
	t.rows.AscendGreaterOrEqual(from, func(e entry) bool {
		for i, c := range t.columns {
			if t.compare(i, e.row[c], row[c]) != 0 {
				return false
			}
		}
		found, ok = e, true
		return false
	})
	return found, ok
}

// all returns every row in the tree's order.
func (t *tree) all() []sql.Row {
	rows := make([]sql.Row, 0, t.rows.Len())
	t.rows.Ascend(func(e entry) bool { rows = append(rows, e.row); return true })
	return rows
}

const primary = "PRIMARY"

// newTable returns an empty table.
func newTable(name string, columns sql.PrimaryKeySchema, collation sql.CollationID, comment string) *table {
	t := &table{name: name, comment: comment, collation: collation, auto: 1}
	t.columns = sql.NewPrimaryKeySchema(unresolved(columns.Schema, name), columns.PkOrdinals...)
	t.primary = newTree(primary, true, t.columns.PkOrdinals, nil, t.columns.Schema)
	return t
}

// clone returns a copy that can be changed alone.
func (t *table) clone() *table {
	c := *t
	c.checks, c.primary, c.indexes = slices.Clone(t.checks), t.primary.clone(), make([]*tree, len(t.indexes))
	for i, index := range t.indexes {
		c.indexes[i] = index.clone()
	}
	return &c
}

// truncate removes every row.
func (t *table) truncate() int {
	n := t.primary.rows.Len()
	t.auto, t.primary = 1, t.primary.empty()
	for i, index := range t.indexes {
		t.indexes[i] = index.empty()
	}
	return n
}

func (t *table) index(name string) *tree {
	i := slices.IndexFunc(t.indexes, func(x *tree) bool { return strings.EqualFold(x.name, name) })
	if i < 0 {
		return nil
	}
	return t.indexes[i]
}

// insert adds a row unless a unique key is taken.
func (t *table) insert(row sql.Row) error {
	if len(t.primary.columns) > 0 {
		if there, ok := t.primary.find(row); ok {
			return t.duplicate(t.primary, row, there.row)
		}
	}
	for _, index := range t.indexes {
		if !index.unique || index.hasNull(row) {
			continue
		}
		if there, ok := index.find(row); ok {
			return t.duplicate(index, row, there.row)
		}
	}
	t.last++
	t.add(entry{row: row.Copy(), id: t.last})
	return nil
}

// add puts an entry into every tree.
func (t *table) add(e entry) {
	t.primary.rows.ReplaceOrInsert(e)
	for _, index := range t.indexes {
		index.rows.ReplaceOrInsert(e)
	}
}

// remove takes a row out of every tree. It returns what was there.
func (t *table) remove(row sql.Row) (entry, bool) {
	e, ok := t.locate(row)
	if !ok {
		return e, false
	}
	t.primary.rows.Delete(e)
	for _, index := range t.indexes {
		index.rows.Delete(e)
	}
	return e, true
}

// locate finds a row by its primary key, or by all its values.
func (t *table) locate(row sql.Row) (found entry, ok bool) {
	if len(t.primary.columns) > 0 {
		return t.primary.find(row)
	}
	t.primary.rows.Ascend(func(e entry) bool {
		same, err := e.row.Equals(sql.NewEmptyContext(), row, t.columns.Schema)
		if err == nil && same {
			found, ok = e, true
		}
		return !ok
	})
	return found, ok
}
