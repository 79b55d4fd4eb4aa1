package transform

import (
	"fmt"
	"slices"
)

// Children are the rows of another table that are part of an entity's records: an
// order's lines. A record has them as one value, a JSON array in the column List,
// in canonical form: a map per row, in the order of the join, its fields in the
// order of their names; numbers, truth values and documents as such, everything
// else as the text that an attribute of type S has; a field that is NULL left out.
// A record without rows has an empty array. It is the same array whichever way it
// was made: read from MySQL, bound from a struct, or taken from an item
// (TestChildrenHaveOneForm).
//
// Rows are sorted by their values, as both stores sort (Value.Compare), and not by
// a collation.
type Children struct {
	// List is the position in the entity's Columns.
	List int
	// Rows has the rows as records of their own, of the table's columns. No items
	// are made of them. Its Sequence is the column whose ids a store assigns, -1 if
	// the callers bring the rows' keys.
	Rows *Entity

	entity *Entity
	join   *Join
	parent []int // of each of Rows.Columns: the entity's column that it equals, -1
	byName []int // positions in join.Fields, in the order of the names
}

// Children returns what of the entity's records is rows of other tables, in the
// order of Columns.
func (e *Entity) Children() []*Children { return e.children }

// ChildrenIn returns those whose list is in a column, nil for any other column.
func (e *Entity) ChildrenIn(column int) *Children {
	for _, ch := range e.children {
		if ch.List == column {
			return ch
		}
	}
	return nil
}

// Sequences returns everything whose ids a store assigns: the entities that have a
// sequence, and the Rows of children that have one.
func (c *Contract) Sequences() []*Entity {
	var all []*Entity
	for _, e := range c.Entities {
		if e.Sequence >= 0 {
			all = append(all, e)
		}
		for _, ch := range e.children {
			if ch.Rows.Sequence >= 0 {
				all = append(all, ch.Rows)
			}
		}
	}
	return all
}

// prepareChildren finds the owned joins of all entities, once it is known which
// they are.
func (c *Contract) prepareChildren() {
	for _, e := range c.Entities {
		e.children = nil
		for i := range e.Columns {
			if j := e.Columns[i].Join; j != nil && j.Owned && !j.Hops[0].Source.guessed {
				e.children = append(e.children, e.newChildren(i, j))
			}
		}
	}
}

func (e *Entity) newChildren(list int, j *Join) *Children {
	source := j.Hops[0].Source
	rows := &Entity{Name: e.Name + "." + e.Columns[list].Name, Table: e.Table, Source: source.Name, Pointer: source.Pointer,
		Columns: slices.Clone(source.Columns), KeyColumns: source.Key}
	ch := &Children{List: list, Rows: rows, entity: e, join: j, byName: j.byName(), parent: make([]int, len(rows.Columns))}
	for i := range rows.Columns {
		ch.parent[i] = -1
		if c := &rows.Columns[i]; c.isDate() && j.ZeroDates != "" {
			c.ZeroDates = j.ZeroDates
		}
	}
	for _, on := range j.Hops[0].On {
		ch.parent[on.Column] = on.FromColumn
	}
	for _, u := range source.Unique {
		rows.Unique = append(rows.Unique, Unique{Columns: u})
	}
	rows.prepare()
	if len(source.Key) == 1 {
		if c := &rows.Columns[source.Key[0]]; c.Generated == "auto_increment" && c.Kind == Int {
			rows.Sequence = source.Key[0]
		}
	}
	return ch
}

// IsParents reports whether a column of Rows has the value of a column of the
// record's key.
func (ch *Children) IsParents(column int) bool { return ch.parent[column] >= 0 }

// Parent returns the position in the entity's Columns of what a column of Rows is
// equal to, a part of the record's key; -1 for every other column.
func (ch *Children) Parent(column int) int { return ch.parent[column] }

// Of returns the rows of a record, in their order. Columns that have the value of
// the record's key have it, as far as the record has its key. The error is a
// *ValueError.
func (ch *Children) Of(r Record) ([]Record, error) {
	rows, reason := ch.parse(r.values[ch.List])
	if reason != "" {
		return nil, ch.entity.fault(ch.List, reason)
	}
	for _, row := range rows {
		if reason := ch.adopt(r, row); reason != "" {
			return nil, ch.entity.fault(ch.List, reason)
		}
	}
	return rows, nil
}

// adopt gives a row the key of its record.
func (ch *Children) adopt(r, row Record) string {
	for i, from := range ch.parent {
		if from < 0 || r.values[from].IsNull() {
			continue
		}
		if has := row.values[i]; !has.IsNull() && has != r.values[from] {
			return "a row has the " + ch.Rows.Columns[i].Name + " of another record"
		}
		row.values[i] = r.values[from]
	}
	return ""
}

// Set gives a record its rows. They are put in order, and rows without an id keep
// the one they come in among themselves.
func (ch *Children) Set(r Record, rows []Record) {
	slices.SortStableFunc(rows, ch.compare)
	r.values[ch.List] = Value{kind: JSON, text: ch.format(rows)}
}

// compare orders rows as the join says.
func (ch *Children) compare(a, b Record) int {
	for _, o := range ch.join.Order {
		c := a.values[o.Column].Compare(b.values[o.Column])
		if o.Descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// Settle gives the lists of a record their one form, with the record's key in the
// rows. Whoever takes a record from outside settles it. The error is a *ValueError.
func (e *Entity) Settle(r Record) error {
	for _, ch := range e.children {
		rows, err := ch.Of(r)
		if err != nil {
			return err
		}
		ch.Set(r, rows)
	}
	return nil
}

// isSettled reports whether the lists of a record are in their one form.
func (e *Entity) isSettled(r Record) error {
	if len(e.children) == 0 {
		return nil
	}
	settled := r.Clone()
	if err := e.Settle(settled); err != nil {
		return err
	}
	for _, ch := range e.children {
		if settled.values[ch.List] != r.values[ch.List] {
			return e.fault(ch.List, "is not in the form that the contract gives the list")
		}
	}
	return nil
}

// LacksIDs reports whether a row of the record waits for its id: it has none, or
// zero, and a store assigns it.
func (e *Entity) LacksIDs(r Record) bool {
	lacks := false
	_ = e.eachLacking(r, func(*Children, Record) error { lacks = true; return nil })
	return lacks
}

// eachLacking calls do for each row without an id, and takes over what do makes of
// it if there is one.
func (e *Entity) eachLacking(r Record, do func(*Children, Record) error) error {
	for _, ch := range e.children {
		if ch.Rows.Sequence < 0 || r.values[ch.List].text == emptyList {
			continue
		}
		rows, err := ch.Of(r)
		if err != nil {
			return err
		}
		found := false
		for _, row := range rows {
			if !row.values[ch.Rows.Sequence].IsNull() {
				continue
			}
			found = true
			if err := do(ch, row); err != nil {
				return err
			}
		}
		if found {
			ch.Set(r, rows)
		}
	}
	return nil
}

// AssignIDs gives each row without an id the next one that take returns, in the
// order of the rows. The record is changed in place, also if take fails. The error
// is take's, or a *ValueError.
func (e *Entity) AssignIDs(r Record, take func(*Children) (int64, error)) error {
	return e.eachLacking(r, func(ch *Children, row Record) error {
		id, err := take(ch)
		if err == nil {
			row.values[ch.Rows.Sequence] = IntValue(id)
		}
		return err
	})
}

// Assume returns the record with ids in place of those that a store will assign:
// none that it gives makes a longer item. The record stays as it is.
func (e *Entity) Assume(r Record) Record {
	if !e.LacksIDs(r) {
		return r
	}
	r = r.Clone()
	given := int64(0)
	_ = e.AssignIDs(r, func(ch *Children) (int64, error) {
		given++
		return highestID(&ch.Rows.Columns[ch.Rows.Sequence]) - given, nil
	})
	return r
}

// highestID is the highest id of a column.
func highestID(c *Column) int64 {
	bits := min(sqlTypes[c.SQLType].bits, 63)
	if !c.Unsigned && bits < 63 {
		bits--
	}
	return 1<<(bits-1) - 1 + 1<<(bits-1)
}

// Brought returns a *ValueError if a row of the record has an id that none of the
// record before has, the zero Record for none: ids are assigned, so that no two
// records have rows with one id. DynamoDB would not know.
func (e *Entity) Brought(before, now Record) error {
	for _, ch := range e.children {
		id := ch.Rows.Sequence
		if id < 0 || !before.IsZero() && before.values[ch.List] == now.values[ch.List] {
			continue
		}
		var had []Record
		if !before.IsZero() {
			had, _ = ch.Of(before)
		}
		rows, err := ch.Of(now)
		if err != nil {
			return err
		}
		for _, row := range rows {
			v := row.values[id]
			if v.IsNull() || slices.ContainsFunc(had, func(r Record) bool { return r.values[id] == v }) {
				continue
			}
			return e.fault(ch.List, fmt.Sprintf("a new row has a value in %s, which the store assigns: leave it zero", ch.Rows.Columns[id].Name))
		}
	}
	return nil
}
