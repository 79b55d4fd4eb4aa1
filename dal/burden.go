package dal

import (
	"fmt"

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
type burden struct{ actions, bytes int }

// weigh notes what is known of the write's burden before its records are. One
// record alone is never too much.
func (w *write) weigh() {
	if len(w.Mutations) < 2 {
		return
	}
	w.burdens = make([]burden, len(w.Mutations))
	for i, m := range w.Mutations {
		w.burdens[i] = burden{1, libraryBytes + 2*len(m.Key.ID)}
		if m.Op == store.Delete && m.Expect != nil {
			w.burdens[i].actions += guards(m.Expect.Record, transform.Record{})
		}
	}
}

// weighs notes what mutation i makes of a record, and how large its item is. A
// replaced record that nobody has read is taken to hold every unique value.
func (w *write) weighs(i int, before, rec transform.Record, size int) {
	m := w.Mutations[i]
	if before.IsZero() && m.Expect != nil {
		before = m.Expect.Record
	}
	actions := 1 + guards(before, rec)
	if m.Op == store.Put && m.Expect == nil {
		actions += len(rec.Entity().Unique)
	}
	w.burdens[i] = burden{actions, libraryBytes + 2*len(m.Key.ID) + size}
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

func unique(u transform.Unique, rec transform.Record) (string, bool) {
	if rec.IsZero() {
		return "", false
	}
	return u.Text(rec)
}

// bears returns an error if DynamoDB could not take the write in one transaction,
// as far as is known yet. In phase 1 without capture it only reports.
func (r *Router) bears(w *write) error {
	if w.burdens == nil {
		return nil
	}
	total := burden{actions: 1} // the change item
	if w.Token != "" {
		total.actions++
	}
	for _, b := range w.burdens {
		total.actions += b.actions
		total.bytes += b.bytes
	}
	detail := ""
	switch {
	case total.actions > maxActions:
		detail = fmt.Sprintf("the write takes %d actions of the %d that a DynamoDB transaction may have: "+
			"one for each record, each unique value that is taken or given up, the token and the change", total.actions, maxActions)
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
