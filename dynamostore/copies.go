package dynamostore

import (
	"context"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Items have copies of other records (see transform.Entity.Copies), which are no part of
// their records and which two write: whoever writes the record, and Renew. So an item with
// copies has a stamp, a random text that each write of it makes anew, whoever leads and
// whatever it changes. A write that carries the copies over from the item that it has read
// does so on condition of that item's stamp, and so does Renew, which leaves the version
// alone. Without the stamp a write that had read before a Renew would put the old copy
// back, and no mark would be left of it.

// stamped is a condition and that an item has the stamp of the one that was seen, or none
// if that had none.
func (c condition) stamped(seen item) condition {
	if c.values == nil {
		c.values = item{}
	}
	if c.names == nil {
		c.names = map[string]string{}
	}
	return c.and(c.stamp(seen, ":s"))
}

// stamp is the text of stamped, with the name of its value. It adds to the condition's
// names and values.
func (c condition) stamp(seen item, value string) string {
	c.names["#s"] = attrStamp
	if seen[attrStamp] == nil {
		return "attribute_not_exists(#s)"
	}
	c.values[value] = seen[attrStamp]
	return "#s = " + value
}

// keepCopies gives the edit's item a stamp and the copies of the item that it replaces, if
// that was read. A follower's item has those that it was given. What the record itself
// says of them where this store leads is nobody's word on what another record is.
func (e *edit) keepCopies(it item, stamp string, follows bool) {
	e.carries = false
	if len(e.place.copies) == 0 || !e.row.Live {
		return
	}
	if e.place.entity.Freezes() && !follows {
		stamp += thawing
	}
	it[attrStamp] = text(stamp + scalarText(it[attrStamp]))
	if follows {
		return
	}
	for _, name := range e.place.copies {
		delete(it, name)
	}
	if !e.old.Live || !e.place.whole(e.seen) {
		return
	}
	kept := item{}
	for _, name := range e.place.copies {
		if v, has := e.seen[name]; has {
			kept[name] = v
		}
	}
	if e.carries = roomFor(it, kept); e.carries {
		for name, v := range kept {
			it[name] = v
		}
	}
}

// markRoom is what an item that is about to be deleted takes for who does it (attrMark).
const markRoom = 40

// roomFor reports whether an item may have these copies too.
func roomFor(it, copies item) bool {
	return transform.ItemSize(it)+transform.ItemSize(copies) <= maxItem-markRoom
}

// crowded ends the stamp of an item that has no copies because it has no room for them:
// whoever writes it may make some.
const crowded = "-"

// thawing is in the stamp of an item whose record was written since its frozen copies were
// made: the next Renew makes them, and no later one.
const thawing = "+"

// thaws reports whether Renew is to make an item's frozen copies.
func thaws(it item) bool { return strings.Contains(scalarText(it[attrStamp]), thawing) }

// restamped returns the edit whose item an action has met as the edit has read it, but for
// its stamp: a Renew was there meanwhile. It is nil if there is none.
func (b *bundle) restamped(i int, met item) *edit {
	is := func(e *edit) bool {
		return e.carries && owner(met) == e.row.Key && scalarText(met[attrStamp]) != scalarText(e.seen[attrStamp])
	}
	switch e := b.edits[i]; {
	case e != nil && is(e) && scalarText(met[attrVersion]) == scalarText(e.seen[attrVersion]):
		return e
	case b.landings[i] == nil && b.departures[i] == nil:
		return nil
	}
	for _, e := range b.edits {
		if is(e) {
			return e
		}
	}
	return nil
}

// fanOut returns what the write, whose transaction is made, makes of copies: of which
// records others may have old ones, and which are to have their own made: they are new,
// have come to refer to another one, or are written and have frozen ones, or they count
// what came, went, or refers elsewhere.
func (wr *writing) fanOut() (sources, own []transform.Key) {
	if !wr.s.fansOut {
		return nil, nil
	}
	add := func(e *edit, put bool) {
		entity := e.place.entity
		read := e.old.Live && e.unread == nil
		own = append(own, e.recounts(read)...)
		if !e.row.Live {
			return
		}
		if len(entity.CopiedIn()) > 0 && e.old.Live && (!read || entity.ChangesCopies(e.old.Record, e.row.Record)) {
			sources = append(sources, e.row.Key)
		}
		if len(e.place.copies) > 0 && (put || !e.carries || !read || entity.Freezes() ||
			strings.HasSuffix(scalarText(e.seen[attrStamp]), crowded) || entity.MovesCopies(e.old.Record, e.row.Record)) {
			own = append(own, e.row.Key)
		}
	}
	for _, st := range wr.steps {
		if st.Op != store.Check {
			add(&st.edit, st.Op == store.Put)
		}
	}
	for _, e := range wr.along {
		add(e, false)
	}
	seen := map[transform.Key]bool{}
	own = slices.DeleteFunc(own, func(key transform.Key) bool {
		twice := seen[key]
		seen[key] = true
		return twice || wr.deletes(key)
	})
	return sources, own
}

// recounts returns the keys of the records that count the edit's, and are to be counted for
// anew. What a record refers to that can't be read nobody knows; its edges stay, and count.
func (e *edit) recounts(read bool) []transform.Key {
	var before, after transform.Record
	if read {
		before = e.old.Record
	}
	if e.row.Live {
		after = e.row.Record
	}
	return e.place.entity.Recounts(before, after)
}

// KeepsCopies is true: items have copies, and are given them with records.
func (s *Store) KeepsCopies() bool { return true }

// Copies returns the copies that the items at the keys have, by consistent reads. One of
// another type than the contract's is none; to renew the key mends it.
func (s *Store) Copies(ctx context.Context, keys []transform.Key) ([]transform.Record, error) {
	all := make([]transform.Record, len(keys))
	return all, s.eachItem(ctx, "copies", keys, func(i int, e *transform.Entity, it item) { all[i] = e.CopiesOf(it) })
}

// Stamps returns the stamps of the items at the keys, by consistent reads.
func (s *Store) Stamps(ctx context.Context, keys []transform.Key) ([]string, error) {
	all := make([]string, len(keys))
	return all, s.eachItem(ctx, "stamps", keys, func(i int, _ *transform.Entity, it item) { all[i] = scalarText(it[attrStamp]) })
}

// eachItem calls do with the items of live records at the keys, by their positions.
func (s *Store) eachItem(ctx context.Context, op string, keys []transform.Key, do func(i int, e *transform.Entity, it item)) error {
	list := make([]*edit, len(keys))
	for i, key := range keys {
		p, err := s.place(op, key.Entity, store.NoWrite)
		if err != nil {
			return err
		}
		e, err := s.newEdit(op, p, key)
		if err != nil {
			return err
		}
		list[i] = &e
	}
	items, _, err := s.lookUp(ctx, op, list, false, "")
	if err != nil {
		return err
	}
	for i, it := range items {
		if o := owner(it); len(it) > 0 && !tombstoned(it) && (o.IsZero() || o == keys[i]) {
			do(i, list[i].place.entity, it)
		}
	}
	return nil
}
