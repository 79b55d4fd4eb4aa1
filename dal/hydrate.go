package dal

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Joined columns that the contract hydrates are in no item and in no record: what a
// read answers is filled with them. The records that they are joined with are read, or
// counted or added up, after the answer, from the same store, under the same snapshot of the phase,
// so that fence and lease hold for them as for the answer itself; a store that turns one
// of the reads away has both repeated. They are the records of that moment: at least
// as new as the answer, and not of one moment with it.

// shown are the columns of an entity that a T shows and no record has.
type shown []*transform.Hydration

// shownBy returns those that T has a field for. A T without one costs no read.
func shownBy[T any](e *transform.Entity, b *transform.Binding[T]) shown {
	var s shown
	for _, h := range e.Hydrated() {
		if b.Binds(h.Column) {
			s = append(s, h)
		}
	}
	return s
}

// targets are what records are joined with: other records, the zero Record where there
// is none, how many there are, and what they have together.
type targets struct {
	records map[transform.Key]transform.Record
	counts  map[counted]int64
	totals  map[totalled]transform.Total
}

func (t targets) find(key transform.Key) (rec transform.Record, read bool) {
	rec, read = t.records[key]
	return rec, read
}

// value is what a column shows for a record.
func (t targets) value(h *transform.Hydration, rec transform.Record) (transform.Value, error) {
	if by := h.Counts(); by != nil {
		key, err := rec.Key()
		return transform.IntValue(t.counts[counted{by, key}]), err
	}
	if by, column := h.Totals(); by != nil {
		key, err := rec.Key()
		if err != nil {
			return transform.Value{}, err
		}
		return h.Shown(t.totals[totalled{counted{by, key}, column}])
	}
	v, _, err := h.Value(rec, t.find)
	return v, err
}

// A beside reads what records are joined with, in the order of the keys: rows, how many
// records refer to them, and what these have in a column.
type beside struct {
	rows   func([]transform.Key) ([]store.Row, error)
	count  func(*transform.Reference, []transform.Key) ([]int64, error)
	totals func(by *transform.Reference, column int, keys []transform.Key) ([]transform.Total, error)
}

// targets reads what the records are joined with, each record once; in several rounds
// where one record leads to the next.
func (s shown) targets(records []transform.Record, from beside) (targets, error) {
	t := targets{map[transform.Key]transform.Record{}, map[counted]int64{}, map[totalled]transform.Total{}}
	if len(s) == 0 {
		return t, nil
	}
	for {
		keys, err := s.missing(records, t)
		if err != nil {
			return t, err
		}
		if len(keys) == 0 {
			if err := s.count(records, t, from); err != nil {
				return t, err
			}
			return t, s.total(records, t, from)
		}
		rows, err := from.rows(keys)
		if err != nil {
			return t, err
		}
		for i, row := range rows {
			if row.Err != nil {
				return t, row.Err
			}
			t.records[keys[i]] = transform.Record{}
			if row.Live {
				t.records[keys[i]] = row.Record
			}
		}
	}
}

// missing returns the keys of what is to be read next.
func (s shown) missing(records []transform.Record, t targets) ([]transform.Key, error) {
	var keys []transform.Key
	asked := map[transform.Key]bool{}
	for _, rec := range records {
		for _, h := range s {
			_, next, err := h.Value(rec, t.find)
			if err != nil {
				return nil, unshown(rec, err)
			}
			if !next.IsZero() && !asked[next] {
				asked[next] = true
				keys = append(keys, next)
			}
		}
	}
	return keys, nil
}

func unshown(rec transform.Record, err error) error {
	return &Error{Op: "hydrate", Entity: rec.Entity().Name, Kind: ErrInvalid, Cause: err}
}

// A lookup reads what an operation's answer is joined with. A nil one reads nothing.
type lookup struct {
	shown shown
	// wanted are those of the rows that a query found which its page will show; nil
	// is all.
	wanted func([]store.Row) []store.Row
	// found is what the last answer is joined with.
	found targets
}

// lookup returns that of one operation.
func (r *Repository[T]) lookup() *lookup {
	if len(r.shown) == 0 {
		return nil
	}
	return &lookup{shown: r.shown}
}

// read reads what the rows are joined with.
func (l *lookup) read(ctx context.Context, from store.Reader, at store.At, rows ...store.Row) (err error) {
	if l.wanted != nil {
		rows = l.wanted(rows)
	}
	var records []transform.Record
	for _, row := range rows {
		if row.Live && row.Err == nil {
			records = append(records, row.Record)
		}
	}
	l.found, err = l.shown.targets(records, beside{
		rows: func(keys []transform.Key) ([]store.Row, error) { return from.GetMany(ctx, at, keys) },
		count: func(by *transform.Reference, keys []transform.Key) ([]int64, error) {
			return from.Count(ctx, at, store.Count{By: by, Keys: keys})
		},
		totals: func(by *transform.Reference, column int, keys []transform.Key) ([]transform.Total, error) {
			return from.Totals(ctx, at, store.Totals{Count: store.Count{By: by, Keys: keys}, Column: column})
		},
	})
	return err
}

// get reads a row from a store, and what it is joined with.
func (l *lookup) get(ctx context.Context, from store.Reader, at store.At, key transform.Key) (store.Row, error) {
	row, err := from.Get(ctx, at, key)
	if err == nil && l != nil {
		err = l.read(ctx, from, at, row)
	}
	return row, err
}

func (l *lookup) getMany(ctx context.Context, from store.Reader, at store.At, keys []transform.Key) ([]store.Row, error) {
	rows, err := from.GetMany(ctx, at, keys)
	if err == nil && l != nil {
		err = l.read(ctx, from, at, rows...)
	}
	return rows, err
}

func (l *lookup) query(ctx context.Context, from store.Reader, at store.At, q store.Query) ([]store.Row, error) {
	rows, err := from.Query(ctx, at, q)
	if err == nil && l != nil {
		err = l.read(ctx, from, at, rows...)
	}
	return rows, err
}

// targets are what was found.
func (l *lookup) targets() targets {
	if l == nil {
		return targets{}
	}
	return l.found
}

// fill gives a record's content to a T, and what it is joined with.
func (r *Repository[T]) fill(op string, rec transform.Record, t targets, v *T) error {
	if err := r.into(op, rec, v); err != nil {
		return err
	}
	for _, h := range r.shown {
		value, err := t.value(h, rec)
		if err == nil {
			err = r.binding.SetColumn(v, h.Column, value)
		}
		if err != nil {
			return &Error{Op: op, Entity: r.entity.Name, Kind: ErrInvalid, Cause: err}
		}
	}
	return nil
}

// targets reads what records are joined with, as the unit of work sees it. It is
// no part of the unit: whoever changes it meanwhile does not stand in the unit's way.
func (tx *Tx) targets(ctx context.Context, s shown, records ...transform.Record) (targets, error) {
	t, err := s.targets(records, beside{
		rows:  func(keys []transform.Key) ([]store.Row, error) { return tx.show(ctx, keys) },
		count: func(by *transform.Reference, keys []transform.Key) ([]int64, error) { return tx.count(ctx, by, keys) },
		totals: func(by *transform.Reference, column int, keys []transform.Key) ([]transform.Total, error) {
			return tx.totals(ctx, by, column, keys)
		},
	})
	if err != nil && turnedAway(err) {
		tx.refused = err
	}
	return t, err
}

// show returns what the unit sees at keys, without making them part of it.
func (tx *Tx) show(ctx context.Context, keys []transform.Key) ([]store.Row, error) {
	rows := make([]store.Row, len(keys))
	var unknown []transform.Key
	var places []int
	for i, key := range keys {
		if h := tx.byKey[key]; h != nil && h.known() {
			rows[i] = store.Row{Key: key, Live: !h.record.IsZero(), Record: h.record}
			continue
		}
		unknown, places = append(unknown, key), append(places, i)
	}
	if len(unknown) == 0 {
		return rows, nil
	}
	read, err := tx.rows(ctx, unknown)
	if err != nil {
		return nil, err
	}
	for n, row := range read {
		if rows[places[n]], err = tx.byKey[unknown[n]].shows(row); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// shows returns a row with the changes that are staged for it, of which the unit
// need not have read it.
func (h *held) shows(row store.Row) (store.Row, error) {
	if h == nil || len(h.later) == 0 || row.Err != nil || !row.Live {
		return row, nil
	}
	row.Record = row.Record.Clone()
	return row, callers(h.modify(row.Record))
}
