package transform

import (
	"slices"
	"strconv"
)

// An Inverse finds the rows of an entity whose item changes when a row of
// another table does: through one table of the join of one column.
type Inverse struct {
	Entity *Entity
	Column int     // position in Entity.Columns of the joined column
	Source *Source // the table that changed
	// Needs are positions in Source.Columns: the values of the changed row that
	// Keys takes, in this order.
	Needs []int
	// Reads are the columns of Source that the joined column is made of, in
	// ascending order. An update that leaves all of them as they were touches
	// nothing; an insert and a delete always may.
	Reads []int

	hop int // in the column's Join, -1 for trees
}

// Touched returns how to find the rows of the entity whose items a change of a
// row of the source table touches, beside the row's own item where the table is
// the entity's own. Whoever changes a row asks each Inverse twice after the change,
// with the values it had and with those it has: the items that lose it, and those
// that get it (TestTouchedItems).
func (e *Entity) Touched(source string) []Inverse {
	var all []Inverse
	for i := range e.Columns {
		j := e.Columns[i].Join
		if j == nil {
			continue
		}
		for h := range j.Hops {
			if j.Hops[h].Source.Name == source {
				all = append(all, e.inverse(i, h))
			}
		}
		if (j.Kind == JoinDepth || j.Kind == JoinPath) && e.Source == source {
			all = append(all, e.descendants(i))
		}
	}
	return all
}

// inverse is that of one table of a join.
func (e *Entity) inverse(column, hop int) Inverse {
	j := e.Columns[column].Join
	v := Inverse{Entity: e, Column: column, Source: j.Hops[hop].Source, hop: hop}
	for _, on := range j.Hops[hop].On {
		v.Needs = append(v.Needs, on.Column)
	}
	v.Reads = j.reads(e, hop)
	return v
}

// descendants is the inverse of a tree: all rows below the one that changed.
func (e *Entity) descendants(column int) Inverse {
	j := e.Columns[column].Join
	return Inverse{Entity: e, Column: column, Source: &Source{Name: e.Source, Columns: e.Own(), Key: e.KeyColumns},
		Needs: e.KeyColumns[:1], Reads: j.reads(e, -1), hop: -1}
}

// Keys returns the statement that finds the keys of the rows, whose texts
// Entity.ReadKey reads. The values are those of Needs. It is false if no row can
// be touched, because one of them is NULL.
func (v Inverse) Keys(values []Value) (Statement, bool) {
	if len(values) != len(v.Needs) || slices.ContainsFunc(values, Value.IsNull) {
		return Statement{}, false
	}
	if v.hop < 0 {
		return v.below(values[0]), true
	}
	e := v.Entity
	j := e.Columns[v.Column].Join
	w := &sqlWriter{entity: e, row: ownAlias}
	var joins, where []Statement
	for i := range v.hop {
		// Rows that reach the table only: the first joins need a row.
		joins = append(joins, sqlOf(" JOIN ", w.table(j, i), " ON ", w.on(j, i)))
	}
	for i, on := range j.Hops[v.hop].On {
		where = append(where, sqlOf(w.origin(j, on), " = ", v.value(i, values[i])))
	}
	return sqlOf("SELECT ", e.SelectKey(ownAlias), " FROM ", sqlName(e.Source), " AS "+ownAlias,
		sqlList(joins, ""), " WHERE ", sqlList(where, " AND ")), true
}

func (v Inverse) value(need int, of Value) Statement {
	c := v.Source.Columns[v.Needs[need]]
	return Statement{c.Placeholder(), []any{c.SQL(of)}}
}

// below finds the rows of which the changed one is above. A row that has more
// than maxTreeDepth above it can't be read, so none is looked for that deep.
func (v Inverse) below(key Value) Statement {
	e := v.Entity
	w := &sqlWriter{entity: e, row: ownAlias}
	parent, id := w.own(e.Columns[v.Column].Join.Parent), w.own(e.KeyColumns[0])
	from := sqlOf(" FROM ", sqlName(e.Source), " AS "+ownAlias)
	return sqlOf("WITH RECURSIVE below (id, depth) AS (SELECT ", id, ", 1", from, " WHERE ", parent, " = ", v.value(0, key),
		" UNION ALL SELECT ", id, ", below.depth + 1", from, " JOIN below ON ", parent, " = below.id WHERE below.depth < "+strconv.Itoa(maxTreeDepth),
		") SELECT ", e.SelectKey(ownAlias), from, " WHERE ", id, " IN (SELECT below.id FROM below)")
}
