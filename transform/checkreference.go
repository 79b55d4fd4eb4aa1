package transform

import (
	"fmt"
	"slices"
	"strconv"
)

// references reads what refers to what. Each entity has to be known before.
func (c *checker) references(contract *Contract) {
	for _, k := range c.entities {
		for i, n := range k.node.list("references") {
			if n.form == formObject && k.entity.Columns != nil {
				k.reference(n, k.at+"/references/"+strconv.Itoa(i), contract)
			}
		}
	}
	for _, k := range c.entities {
		k.undecided()
		k.stages()
	}
}

// reference reads one reference.
func (k *entityChecker) reference(n *node, at string, contract *Contract) {
	f := &Reference{Target: n.str("entity"), OnDelete: n.str("on_delete"), of: k.entity, to: contract.Entity(n.str("entity"))}
	columns, ok := k.referenceColumns(n, at)
	f.Columns = columns
	switch {
	case f.Target == "":
		return
	case f.to == nil:
		var names []string
		for _, e := range contract.Entities {
			names = append(names, e.Name)
		}
		k.err(at+"/entity", fmt.Sprintf("there is no entity %q", f.Target), suggest(f.Target, names))
		return
	case !ok || len(f.to.KeyColumns) == 0:
		return // something else is wrong, and said there
	case len(columns) != len(f.to.KeyColumns):
		k.err(at+"/columns", fmt.Sprintf("names %d columns, and the primary key of %s has %d", len(columns), f.to.Name, len(f.to.KeyColumns)),
			"name one for each column of the key, in their order")
		return
	}
	for i, column := range columns {
		k.referenceColumn(f, i, column, at)
	}
	for _, other := range k.entity.References {
		shared := func(c int) bool { return slices.Contains(other.Columns, c) }
		switch {
		case sameColumns(other.Columns, columns):
			k.err(at+"/columns", "another reference has the columns "+f.Field()+" too", "one of them is enough")
			return
		case slices.ContainsFunc(columns, shared) && (f.OnDelete == OnDeleteSetNull || other.OnDelete == OnDeleteSetNull):
			k.err(at+"/columns", fmt.Sprintf("shares a column with the reference %s, and one of the two is set to NULL: what becomes of the other depends on the order", other.Field()),
				"use restrict or cascade for both")
			return
		}
	}
	k.entity.References = append(k.entity.References, f)
	f.to.referredBy = append(f.to.referredBy, f)
}

// referenceColumns finds the columns of a reference.
func (k *entityChecker) referenceColumns(n *node, at string) ([]int, bool) {
	var columns []int
	ok := true
	for i, name := range n.texts("columns") {
		at := at + "/columns/" + strconv.Itoa(i)
		column := k.columnNamed(name)
		switch {
		case column < 0 || !k.entity.Columns[column].IsOwn():
			k.err(at, fmt.Sprintf("there is no column %q", name), suggest(name, columnNamesOf(k.entity.Own())))
			ok = false
		case slices.Contains(columns, column):
			k.err(at, fmt.Sprintf("column %q is in the reference already", name), "take one out")
			ok = false
		default:
			columns = append(columns, column)
		}
	}
	return columns, ok
}

// referenceColumn compares a column with that of the target's key. What MySQL
// would take for equal and the library would not, or the other way round, would
// let a record live without its target.
func (k *entityChecker) referenceColumn(f *Reference, i, column int, at string) {
	named := at + "/columns/" + strconv.Itoa(i)
	c, key := &k.entity.Columns[column], &f.to.Columns[f.to.KeyColumns[i]]
	switch {
	case c.SQLType == "" || key.SQLType == "":
		return // nothing tells what the columns are, which is said elsewhere
	case !sameForm(c, key):
		k.err(named, fmt.Sprintf("column %s is %s, and %s of %s, whose key it is, %s", c.Name, c.typeName(), key.Name, f.to.Name, key.typeName()),
			"give both one type, as MySQL demands of a foreign key")
	case c.Kind == Float:
		k.err(named, "column "+c.Name+" is "+c.typeName()+", of which two that look alike may differ", "refer by a column of another type")
	case c.Kind == Text && !c.isLabelled() && c.Collation != key.Collation:
		k.err(named, fmt.Sprintf("column %s has the collation %s, and %s of %s has %s", c.Name, orNone(c.Collation), key.Name, f.to.Name, orNone(key.Collation)),
			"give both one collation, as MySQL demands of a foreign key")
	}
	if f.OnDelete != OnDeleteSetNull {
		return
	}
	switch {
	case slices.Contains(k.entity.KeyColumns, column):
		k.err(at+"/on_delete", "column "+c.Name+" is part of the primary key, which is never NULL", "use restrict or cascade")
	case !c.Nullable && c.SQLType != "":
		k.err(at+"/on_delete", "column "+c.Name+" is NOT NULL", "use restrict or cascade, or let the column be NULL")
	case k.entity.keyNeeds(column):
		k.err(at+"/on_delete", "column "+c.Name+" is part of the item's key, and no item has a key without it", "use restrict or cascade")
	}
}

// keyNeeds reports whether a record whose column is NULL has no item, because the
// item's key is made of the column.
func (e *Entity) keyNeeds(column int) bool {
	return slices.ContainsFunc(e.itemKey, func(i int) bool {
		columns, told := e.MadeOf(i)
		return told && slices.Contains(columns, column)
	})
}

func orNone(collation string) string {
	if collation == "" {
		return "none that is known"
	}
	return collation
}

// sameForm reports whether every value of the one column is one of the other, in
// the same form. Texts may differ in how long they can be.
func sameForm(a, b *Column) bool {
	return a.Kind == b.Kind && a.SQLType == b.SQLType && a.Unsigned == b.Unsigned && a.Precision == b.Precision && a.Scale == b.Scale &&
		(a.Kind == Text || a.Kind == Bytes && a.SQLType != "binary" || a.Length == b.Length) && slices.Equal(a.Labels, b.Labels)
}

// undecided refuses deletes whose outcome only the names of MySQL's foreign keys
// decide. Where a delete takes records of two entities along, and one of these is
// restricted by the other, InnoDB refuses it or not depending on which foreign key
// it comes to first.
func (k *entityChecker) undecided() {
	taken := k.entity.takenAlong()
	for _, e := range taken {
		for _, f := range e.References {
			if f.OnDelete == OnDeleteRestrict && (f.to == k.entity || slices.Contains(taken, f.to)) {
				k.err(k.at, fmt.Sprintf("deleting from %s takes records of %s along, which by %s keep those of %s from being deleted: in MySQL the names of the foreign keys decide what wins",
					k.entity.Name, e.Name, f.Field(), f.to.Name), "make it cascade, or make one of the references between them restrict")
				return
			}
		}
	}
}

// takenAlong returns the entities whose records a delete of one of the entity's
// deletes, without the entity unless it is among them.
func (e *Entity) takenAlong() []*Entity {
	var all []*Entity
	for todo := []*Entity{e}; len(todo) > 0; todo = todo[1:] {
		for _, f := range todo[0].referredBy {
			if f.OnDelete == OnDeleteCascade && !slices.Contains(all, f.of) {
				all, todo = append(all, f.of), append(todo, f.of)
			}
		}
	}
	return all
}
