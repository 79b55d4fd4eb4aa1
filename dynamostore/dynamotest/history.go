package dynamotest

import "time"

// maxChanges bounds a history. What is older can't be read as of any more;
// reads then answer as of the oldest change that is kept.
const maxChanges = 10_000

// A history is what was written to a table, oldest first, for reads that
// answer as of earlier.
type history struct{ changes []change }

// A change is one write: what was at a place, and what is. nil is nothing.
type change struct {
	at            time.Time
	place         string
	before, after *row
}

func (h *history) add(c change) {
	if len(h.changes) >= maxChanges {
		h.changes = append([]change(nil), h.changes[maxChanges/2:]...)
	}
	h.changes = append(h.changes, c)
}

// undo gives every change since t, the last first. A change at t itself was
// there by then.
func (h *history) undo(t time.Time, each func(change)) {
	if h == nil {
		return
	}
	for i := len(h.changes) - 1; i >= 0 && h.changes[i].at.After(t); i-- {
		each(h.changes[i])
	}
}

// rowsAsOf returns the rows of the table, or of one of its indexes, as they
// were at t; the zero time is now. The caller holds mu.
func (t *table) rowsAsOf(x *index, at time.Time) *ordered {
	rows := t.rows
	if x != nil {
		rows = x.rows
	}
	if at.IsZero() || t.history == nil {
		return rows
	}
	old := rows.clone()
	if x != nil {
		past := &index{keys: x.keys, projection: x.projection, rows: old}
		t.history.undo(at, func(c change) { past.move(c.after, c.before) })
		return old
	}
	t.history.undo(at, func(c change) {
		if c.before == nil {
			old.remove(c.place)
		} else {
			old.set(c.place, c.before)
		}
	})
	return old
}

// getAsOf returns the item that was at a place at a time. The caller holds mu.
func (t *table) getAsOf(place string, at time.Time) attrItem {
	item := t.get(place)
	if at.IsZero() {
		return item
	}
	t.history.undo(at, func(c change) {
		if c.place == place {
			item = nil
			if c.before != nil {
				item = c.before.item
			}
		}
	})
	return item
}
