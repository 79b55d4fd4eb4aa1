package transform

import (
	"fmt"
	"slices"
)

// hydrates reports whether a column is read with the record: it is in no item, or items
// have a copy of it.
func (k Keep) hydrates() bool { return k.DynamoDB != "" }

// copying finds the reference by which the records that have a copy are found when what
// it shows has changed.
func (c *Contract) copying(h *Hydration, j *Join) *obstacle {
	if j.Kind != JoinLookup || len(j.Hops) != 1 {
		return &obstacle{"only a column of one row that the record refers to itself is copied into items", `use "hydrate"`}
	}
	if why := c.follows(h, j); why != nil {
		return why
	}
	target := h.hops[0].target
	for _, f := range h.entity.References {
		if f.to == target && slices.EqualFunc(f.Columns, h.hops[0].from, func(column int, o origin) bool { return o.column == column }) {
			h.by = f
		}
	}
	switch {
	case h.by == nil:
		return &obstacle{fmt.Sprintf("no reference of %s says that it refers to %s by the columns of the join, so nothing tells which items have the copy", h.entity.Name, target.Name),
			`add one to "references", or use "hydrate"`}
	case target.expires() && !h.frozen:
		return &obstacle{fmt.Sprintf("items of %s expire, of which nobody is told, and the copies would stay", target.Name), `use "hydrate"`}
	}
	return h.entity.uncopied(h.Column)
}

// uncopied says what needs a column's value at the moment the item is written.
func (e *Entity) uncopied(column int) *obstacle {
	for i, a := range e.Attributes {
		if a.Column == column && e.isKeyAttribute(i) {
			return &obstacle{fmt.Sprintf("the key attribute %s is made of it, and no item moves when another record changes", a.Name), "make the key of the record's own columns"}
		}
	}
	for _, u := range e.Unique {
		if slices.Contains(u.Columns, column) {
			return &obstacle{fmt.Sprintf("the unique %s is made of it", u.Name), "make it of the record's own columns"}
		}
	}
	if e.expires() && e.Attributes[e.AttributeIndex(e.Table.TTL)].Column == column {
		return &obstacle{"items expire by it", "let them expire by a column of their own"}
	}
	return nil
}

// isKeyAttribute reports whether attribute i is part of a key of the table or an index.
func (e *Entity) isKeyAttribute(i int) bool {
	keys := []KeyAttribute{e.Table.PK, e.Table.SK}
	for _, index := range e.Table.Indexes {
		keys = append(keys, index.PK, index.SK)
	}
	return slices.ContainsFunc(keys, func(k KeyAttribute) bool { return k.Name == e.Attributes[i].Name })
}
