package dal

import (
	"fmt"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// What DynamoDB takes in one transaction (Developer Guide, "Quotas").
const (
	maxActions = 100
	maxBytes   = 4 << 20
)

// libraryBytes is more than the library adds to an item and notes of its change,
// beside the key, which is in both.
const libraryBytes = 400

// A burden is what DynamoDB has to take for a mutation, at most. It is counted
// the same in every phase, so that a write which passes in one passes in all.
type burden struct {
	actions, bytes int
	// fansOut says that it leaves a fan-out mark, of which a write has one.
	fansOut bool
}

// weigh notes what is known of the write's burden before its records are. One
// record alone is never too much.
func (w *write) weigh(c *transform.Contract) {
	if len(w.Mutations) < 2 {
		return
	}
	w.weighEach(c)
}

func (w *write) weighEach(c *transform.Contract) {
	w.burdens = make([]burden, len(w.Mutations))
	for i, m := range w.Mutations {
		w.burdens[i] = burden{actions: 1, bytes: libraryBytes + 2*len(m.Key.ID)}
		if e := c.Entity(m.Key.Entity); e != nil && e.Moves() && m.Op != store.Check {
			w.burdens[i].actions++ // the stand, which says where the item is
		}
		if e := c.Entity(m.Key.Entity); m.Op == store.Delete && e != nil {
			w.burdens[i].names(len(e.CountedBy()), maxKey)
		}
		if m.Op == store.Delete && m.Expect != nil {
			w.burdens[i].actions += guards(m.Expect.Record, transform.Record{}) + edges(m.Expect.Record, transform.Record{})
		}
	}
}

// weighs notes what mutation i makes of a record, and how large its item is. A
// replaced record that nobody has read is taken to hold every unique value, and to
// be at another place.
func (w *write) weighs(i int, before, rec transform.Record, size int) {
	m := w.Mutations[i]
	if before.IsZero() && m.Expect != nil {
		before = m.Expect.Record
	}
	actions := 1 + guards(before, rec) + edges(before, rec)
	blind := m.Op == store.Put && m.Expect == nil
	if blind {
		actions += len(rec.Entity().Unique) + len(rec.Entity().References)
	}
	if rec.Entity().Moves() {
		actions++
		if blind || moved(before, rec) {
			actions++ // the item that is left
		}
	}
	w.burdens[i] = burden{actions, libraryBytes + 2*len(m.Key.ID) + size, fansOut(before, rec, blind)}
	if counted := len(rec.Entity().CountedBy()); blind && counted > 0 {
		w.burdens[i].names(2*counted, maxKey)
	}
	w.burdens[i].namesAll(rec.Entity().Recounts(before, rec))
}

// maxKey is more than the key of a record that others refer to may have.
const maxKey = 2 << 10

// names notes that a fan-out mark names up to n records whose items count others then.
func (b *burden) names(n, bytes int) {
	b.fansOut = b.fansOut || n > 0
	b.bytes += n * bytes
}

func (b *burden) namesAll(keys []transform.Key) {
	for _, key := range keys {
		b.names(1, len(key.ID))
	}
}

// fansOut reports whether a record that was one thing and is another may leave a fan-out
// mark: copies of it are old then, or its item has its own to get. What was there is zero
// for nothing, and for what nobody has read where that is so.
func fansOut(before, after transform.Record, unread bool) bool {
	e := after.Entity()
	return len(e.Copies()) > 0 || len(e.CopiedIn()) > 0 && (unread || !before.IsZero() && e.ChangesCopies(before, after))
}

// guards counts the unique values that are given up and taken between two states
// of a record, zero for none.
func guards(before, after transform.Record) int {
	n := 0
	e := after.Entity()
	if after.IsZero() {
		if e = before.Entity(); e == nil {
			return 0
		}
	}
	for _, u := range e.Unique {
		old, had := unique(u, before)
		now, has := unique(u, after)
		if had && has && old == now {
			continue
		}
		if had {
			n++
		}
		if has {
			n++
		}
	}
	return n
}

// moved reports whether the item of a record has another key afterwards.
func moved(before, after transform.Record) bool {
	if before.IsZero() || after.IsZero() {
		return false
	}
	columns, _ := after.Entity().ItemKeyColumns()
	return slices.ContainsFunc(columns, func(c int) bool { return before.At(c) != after.At(c) })
}

// edges counts the references that are given up between two states of a record,
// and, each twice for the look at its target, those that are begun.
func edges(before, after transform.Record) int {
	n := 0
	e := after.Entity()
	if after.IsZero() {
		if e = before.Entity(); e == nil {
			return 0
		}
	}
	for _, f := range e.References {
		old, had := target(f, before)
		now, has := target(f, after)
		if had && has && old == now {
			continue
		}
		if had {
			n++
		}
		if has {
			n += 2
		}
	}
	return n
}

func target(f *transform.Reference, rec transform.Record) (transform.Key, bool) {
	if rec.IsZero() {
		return transform.Key{}, false
	}
	return f.Key(rec)
}

// referred reports whether records may refer to those of the entity.
func (r *Router) referred(entity string) bool {
	if r.contract == nil {
		return false
	}
	e := r.contract.Entity(entity)
	return e != nil && len(e.ReferredBy()) > 0
}

// takesAlong counts what the store takes along by references, and refuses what
// DynamoDB could not take. One record that is deleted alone is counted too then.
func (r *Router) takesAlong(w *write, all []store.Along) error {
	if w.burdens == nil {
		w.weighEach(r.contract)
		for i, m := range w.Mutations {
			if e := r.contract.Entity(m.Key.Entity); m.Op == store.Delete && m.Expect == nil && e != nil {
				w.burdens[i].actions += len(e.Unique) + len(e.References)
			}
		}
	}
	w.along = burden{}
	for _, a := range all {
		w.along.actions += 1 + guards(a.Before, a.After) + edges(a.Before, a.After)
		if e := r.contract.Entity(a.Key.Entity); e.Moves() {
			w.along.actions++ // the stand
			if moved(a.Before, a.After) {
				w.along.actions++ // the item that is left
			}
		}
		w.along.bytes += libraryBytes + 2*len(a.Key.ID)
		w.along.namesAll(r.contract.Entity(a.Key.Entity).Recounts(a.Before, a.After))
		if a.After.IsZero() {
			continue
		}
		w.along.fansOut = w.along.fansOut || fansOut(a.Before, a.After, false)
		item, err := a.After.Entity().Item(a.After)
		if err != nil {
			return refused("delete", a.Key.Entity, err)
		}
		w.along.bytes += transform.ItemSize(item)
	}
	if t := w.total(); t.actions > maxActions || t.bytes > maxBytes {
		r.staged(w)
	}
	return r.bears(w)
}

func unique(u transform.Unique, rec transform.Record) (string, bool) {
	if rec.IsZero() {
		return "", false
	}
	return u.Text(rec)
}

// total is what is known of the whole write.
func (w *write) total() burden {
	total := w.along
	total.actions++ // the change item
	if w.Token != "" {
		total.actions++
	}
	for _, b := range w.burdens {
		total.actions += b.actions
		total.bytes += b.bytes
		total.fansOut = total.fansOut || b.fansOut
	}
	if total.fansOut {
		total.actions++
		// It names each record at most once, as the change item does.
		for _, m := range w.Mutations {
			total.bytes += len(m.Key.ID)
		}
	}
	return total
}

// bears returns an error if DynamoDB could not take the write in one transaction,
// as far as is known yet. In phase 1 without capture it only reports.
func (r *Router) bears(w *write) error {
	if w.burdens == nil {
		return nil
	}
	total := w.total()
	detail := ""
	switch {
	case total.actions > maxActions:
		detail = fmt.Sprintf("the write takes %d actions of the %d that a DynamoDB transaction may have: "+
			"one for each record, those that references take along too, two or three for one whose item can move, "+
			"each unique value and reference that is taken or given up, the target of each that is taken, "+
			"the token, the change and the mark of copies that it makes old", total.actions, maxActions)
		if w.unstaged != "" {
			detail += "; it can't be staged, since " + w.unstaged
		}
	case total.bytes > maxBytes:
		detail = fmt.Sprintf("the write takes %d bytes of the %d that a DynamoDB transaction may have", total.bytes, maxBytes)
	default:
		return nil
	}
	e := &Error{Op: "write", Kind: ErrTooLarge, Outcome: NotApplied, Detail: detail}
	if err := r.unfit(w.snapshot, transform.Key{}, e, e); err != nil {
		return err
	}
	w.burdens = nil // once is enough
	return nil
}
