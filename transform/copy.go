package transform

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Copies returns the joined columns of which the entity's items have a copy: "keep":
// {"dynamodb": …} with "edge", "counter" or "copy". They are among Hydrated, for whoever
// reads records joins them as he reads, and so shows what is true now; the copy is for
// projections of indexes and for other readers of the table. It is no part of the record. A
// store writes it from a record in which the column is set, and the relay renews it after
// the record that it shows has changed, or the record has come to refer to another one; a
// number after a record has come to be counted, or is counted no more; and a Frozen one
// after its own record was written.
func (e *Entity) Copies() []*Hydration {
	var all []*Hydration
	for _, h := range e.hydrations {
		if h.isCopied() {
			all = append(all, h)
		}
	}
	return all
}

// isCopied reports whether items have a copy of the column.
func (h *Hydration) isCopied() bool { return h.by != nil || h.counter }

// Frozen reports whether items have a copy that does not follow: it is what it was when
// their own record was last written.
func (h *Hydration) Frozen() bool { return h.frozen }

// Freezes reports whether items of the entity have copies that are Frozen.
func (e *Entity) Freezes() bool {
	return slices.ContainsFunc(e.hydrations, func(h *Hydration) bool { return h.frozen })
}

// CountedIn returns the numbers, in items of whichever entity, that count the entity's
// records.
func (e *Entity) CountedIn() []*Hydration { return e.countedIn }

// CountedBy returns the entity's references by which items have numbers of its records,
// each once.
func (e *Entity) CountedBy() []*Reference {
	var all []*Reference
	for _, h := range e.countedIn {
		if !slices.Contains(all, h.counts) {
			all = append(all, h.counts)
		}
	}
	return all
}

// Recounts returns the keys of the records whose items have another number once a record
// that was one thing is another, each once; the zero Record is none. No record is at a key
// that none can have.
func (e *Entity) Recounts(before, after Record) []Key {
	var all []Key
	for _, by := range e.CountedBy() {
		was, is := by.target(before), by.target(after)
		if was == is {
			continue
		}
		for _, key := range [...]Key{was, is} {
			if !key.IsZero() && !slices.Contains(all, key) {
				all = append(all, key)
			}
		}
	}
	return all
}

// target is the key that a record refers to, zero for none, of the zero Record too.
func (f *Reference) target(r Record) Key {
	if r.IsZero() {
		return Key{}
	}
	key, _ := f.Key(r)
	return key
}

// CopiedIn returns the copies, in items of whichever entity, that follow what the entity's
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
// of another one, and of a number.
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
