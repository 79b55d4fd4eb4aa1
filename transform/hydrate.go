package transform

import "slices"

// A Hydration is a joined column whose values are in no item and in no record, in no
// phase: "keep": {"dynamodb": "hydrate"}. Whoever shows a record reads the records
// that the column is joined from, by their keys, or counts or adds up those that refer to
// it, and fills it. So what it shows is what these have now, and means the same in every store.
type Hydration struct {
	Column int // position in Entity.Columns

	entity *Entity
	hops   []hydratedHop
	// The value is that of a column of the record that a hop finds.
	hop, value int
	// tree says that the value is of the records above, and there are no hops.
	tree bool
	// counts is the reference of the records that are counted, and there are no hops.
	counts *Reference
	// totals is the reference of the records whose values are added up, averaged or
	// compared, which value is the column of, and there are no hops.
	totals *Reference
	// by is the reference by which the record has a copy, of which there is one hop.
	by *Reference
	// counter says that the item has the number, and frozen that its copy does not follow.
	counter, frozen bool
}

// A hydratedHop is a hop of a join whose rows are records of an entity, found by
// their key.
type hydratedHop struct {
	target *Entity
	// from are the columns that the target's primary key equals, in its order.
	from []origin
}

// An origin is a column of the record itself, with hop -1, or of the one that an
// earlier hop finds.
type origin struct{ hop, column int }

// Hydrated returns the columns that are read with a record and not stored, in the
// order of Columns.
func (e *Entity) Hydrated() []*Hydration { return e.hydrations }

// Counts returns the reference by which the column counts: it shows how many records
// refer to the record by it, 0 if none does. It is nil for a column that shows what other
// records have, which Value tells, or what they have together, which Totals does.
func (h *Hydration) Counts() *Reference { return h.counts }

// Value returns what the column shows for a record, NULL where it counts or has totals. find returns
// the record at a key, the zero Record if there is none, and whether it has been read;
// the first one that it needs and that has not is next, and there is no value until it
// has. A chain needs one after the other, so that whoever has many records reads what all
// of them need next at once.
//
// Where the record refers to nothing, or to what is not there, the value is what
// null_value says, else NULL. The error is a *ValueError: the attribute can't show
// what it is joined with, or a tree has more than 31 records above one, or a circle.
func (h *Hydration) Value(r Record, find func(Key) (rec Record, read bool)) (v Value, next Key, err error) {
	switch {
	case h.counts != nil, h.totals != nil:
		return Value{}, Key{}, nil
	case h.tree:
		return h.climb(r, find)
	}
	found := make([]Record, len(h.hops))
	for i := range h.hops {
		key, refers := h.hops[i].key(r, found)
		if !refers {
			continue
		}
		rec, read := find(key)
		if !read {
			return Value{}, key, nil
		}
		found[i] = rec
	}
	v, reason := h.shown(found[h.hop])
	if reason != "" {
		return Value{}, Key{}, h.entity.fault(h.Column, reason)
	}
	return v, Key{}, nil
}

// key returns the key of the record that the hop finds; ok is false if it finds
// none: a column is NULL, or has what no key of the target can be.
func (s *hydratedHop) key(r Record, found []Record) (key Key, ok bool) {
	var array [4]Value
	values := array[:0]
	for _, o := range s.from {
		of := r
		if o.hop >= 0 {
			of = found[o.hop]
		}
		if of.IsZero() || of.values[o.column].kind == Null {
			return Key{}, false
		}
		values = append(values, of.values[o.column])
	}
	key, err := s.target.Key(values...)
	return key, err == nil && s.target.canHave(key)
}

// canHave reports whether a record of the entity can be at a key: none is at one that
// no item can have, such as an empty text, in whichever store.
func (e *Entity) canHave(key Key) bool {
	if e.moves {
		return true // the item is not at the record's key
	}
	_, err := e.ItemKey(key)
	return err == nil
}

// shown is what the column shows of the record that was found, or of none.
func (h *Hydration) shown(rec Record) (Value, string) {
	c := &h.entity.Columns[h.Column]
	if rec.IsZero() {
		if c.Join.hasElse {
			return c.parse(c.Join.orElse)
		}
		return Value{}, ""
	}
	v := rec.values[h.value]
	if v.kind == Null || v.kind == c.Kind {
		return v, ""
	}
	return c.parse(v.within()) // one of the two attributes is a BOOL, and the other a number
}

// hydrate notes that a column is read with the records and not stored.
func (e *Entity) hydrate(h *Hydration) {
	c := &e.Columns[h.Column]
	c.Hydrated, c.Nullable, c.Copied = true, true, h.isCopied()
	e.hydrations = append(e.hydrations, h)
	switch {
	case h.counter:
		h.counts.of.countedIn = append(h.counts.of.countedIn, h)
	case h.by != nil && !h.frozen:
		h.by.to.copiedIn = append(h.by.to.copiedIn, h)
	}
	e.unread = e.unreadJoins()
}

// isHydrated reports whether an attribute is in no item because its column is read.
func (e *Entity) isHydrated(attribute int) bool {
	column := e.Attributes[attribute].Column
	return column >= 0 && e.Columns[column].Hydrated && !e.Columns[column].Copied
}

// basisOf returns the attributes that are made of a column, and are not it.
func (e *Entity) basisOf(column int) []string {
	var names []string
	for _, a := range e.Attributes {
		if a.Column >= 0 && a.Column != column && slices.Contains(e.basis(a.Column), column) {
			names = append(names, a.Name)
		}
	}
	return names
}
