package transform

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Copies returns the joined columns of which the entity's items have a copy: "keep":
// {"dynamodb": "edge"}. They are among Hydrated, for whoever reads records joins them as
// he reads, and so shows what is true now; the copy is for projections of indexes and for
// other readers of the table. It is no part of the record. A store writes it from a record
// in which the column is set, and the relay renews it after the record that it shows has
// changed, or the record has come to refer to another one.
func (e *Entity) Copies() []*Hydration {
	var all []*Hydration
	for _, h := range e.hydrations {
		if h.by != nil {
			all = append(all, h)
		}
	}
	return all
}

// CopiedIn returns the copies, in items of whichever entity, that show what the entity's
// records have.
func (e *Entity) CopiedIn() []*Hydration { return e.copiedIn }

// CopiedBy returns the references by which records have copies of what the entity's
// records have, each once.
func (e *Entity) CopiedBy() []*Reference {
	var all []*Reference
	for _, h := range e.copiedIn {
		if !slices.Contains(all, h.by) {
			all = append(all, h.by)
		}
	}
	return all
}

// ChangesCopies reports whether a record that was one thing and is another leaves copies
// of it that are old: a column differs that they show.
func (e *Entity) ChangesCopies(before, after Record) bool {
	return slices.ContainsFunc(e.copiedIn, func(h *Hydration) bool { return before.values[h.value] != after.values[h.value] })
}

// MovesCopies reports whether a record that was one thing and is another has copies of
// other records now: it refers to another one.
func (e *Entity) MovesCopies(before, after Record) bool {
	return slices.ContainsFunc(e.hydrations, func(h *Hydration) bool {
		return h.by != nil && slices.ContainsFunc(h.by.Columns, func(c int) bool { return before.values[c] != after.values[c] })
	})
}

// By returns the reference by which a column is joined of which items have a copy, nil
// of another one.
func (h *Hydration) By() *Reference { return h.by }

// Of returns the entity whose records show the column.
func (h *Hydration) Of() *Entity { return h.entity }

// Shows returns the column, a position in the Columns of By's target, whose value a copy
// shows.
func (h *Hydration) Shows() int { return h.value }

// CopyAttribute returns the attribute, a position in Entity.Attributes, that has the copy.
func (h *Hydration) CopyAttribute() int {
	return slices.IndexFunc(h.entity.Attributes, func(a Attribute) bool { return a.Column == h.Column })
}

// CopiesOf returns the copies that an item has: a record in which nothing else is set. One
// that is of another type than the contract says is none.
func (e *Entity) CopiesOf(item map[string]types.AttributeValue) Record {
	r := e.NewRecord()
	for _, h := range e.Copies() {
		i := h.CopyAttribute()
		if av, has := item[e.Attributes[i].Name]; has {
			e.take(r, i, av) // sets nothing if it can't
		}
	}
	return r
}

// Copied returns what CopiesOf reads of an item whose copy was made of a value: NULL also
// where an absent attribute stands for something else, as for a set without members.
func (h *Hydration) Copied(v Value) Value {
	r := h.entity.NewRecord()
	i := h.CopyAttribute()
	if av, err := h.entity.Attribute(i, v); err == nil && av != nil {
		h.entity.take(r, i, av)
	}
	return r.values[h.Column]
}
