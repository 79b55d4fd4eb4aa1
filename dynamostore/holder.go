package dynamostore

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A query that gives all columns of a unique is of one record at most, and the value's
// guard says whose. Guard and record are written together, so that two consistent reads
// answer it, where an index would lag.

// A value is one that a query asks for and no two records have.
type value struct {
	unique int    // which one, a position in Entity.Unique
	slot   string // of its guard
}

// uniqueValue returns the unique value that a query of an index asks for, nil if it
// asks for none.
func (s *Store) uniqueValue(l *lookup) *value {
	if l.Index == "" || l.empty() {
		return nil // which is consistent by itself, or asks for nothing
	}
	if i, text := l.UniqueValue(); i >= 0 {
		return &value{i, s.guardName(l.Entity.Name, &l.Entity.Unique[i], text)}
	}
	return nil
}

// isOf reports whether a row has the value.
func (v *value) isOf(s *Store, l *lookup, row store.Row) bool {
	return s.values(l.Entity, row)[v.unique] == v.slot
}

// byUnique answers a query by a unique value. Where the guard names nobody who has it,
// the index is asked all the same, for a record whose guard is missing: it has come by a
// newer contract, say, and verify has yet to find it. What the index shows must be so.
func (s *Store) byUnique(ctx context.Context, l *lookup, v *value) ([]store.Row, error) {
	row, found, err := s.holder(ctx, l, v)
	if err != nil {
		return nil, err
	}
	if found {
		rows := newTies(l)
		row.Version = 0
		rows.add(row, "")
		return rows.take(), nil
	}
	rows, err := s.byIndex(ctx, l)
	if err != nil || len(rows) == 0 {
		return rows, err
	}
	keys := make([]transform.Key, len(rows))
	for i := range rows {
		keys[i] = rows[i].Key
	}
	if rows, err = s.getMany(ctx, keys); err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Err != nil {
			return nil, rows[i].Err
		}
		rows[i].Version = 0
	}
	return slices.DeleteFunc(rows, func(row store.Row) bool { return !v.isOf(s, l, row) || !l.Contains(row.Record) }), nil
}

// maxSame is how often one guard is seen that names a record which does not have the
// value, until it is taken for one that was left behind.
const maxSame = 3

// holder returns the record that has a unique value. A guard that names another one has
// changed hands between the two reads, unless it is still the same: then no record has
// the value that has a guard.
func (s *Store) holder(ctx context.Context, l *lookup, v *value) (row store.Row, found bool, err error) {
	b := budget{total: s.opts.RetryBudget}
	before, same := "", 0
	for range maxLooks {
		guard, err := s.libraryGet(ctx, "query", libraryKey(v.slot, alone))
		if err != nil || guard == nil {
			return store.Row{}, false, err
		}
		key := owner(guard)
		if _, err := l.Entity.KeyValues(key); err != nil {
			return store.Row{}, false, nil // nobody's
		}
		err = s.patiently(ctx, func() error { row, err = s.get(ctx, key); return err })
		if err != nil || v.isOf(s, l, row) {
			return row, err == nil, err
		}
		// The write's id tells it from one that was given up and taken again.
		if now := scalarText(guard[attrWrite]) + "\x00" + key.ID; now != before {
			before, same = now, 0
		}
		if same++; same == maxSame || same > 1 && !b.wait(ctx) {
			return store.Row{}, false, ctx.Err()
		}
	}
	return store.Row{}, false, &store.Error{Op: "query", Entity: l.Entity.Name, Store: storeName, Kind: store.ErrConflict,
		Detail: "the unique value changed hands during every look"}
}
