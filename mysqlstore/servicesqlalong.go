package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// How what a delete takes along by references is written with a service's own SQL.

// takesHanded reports whether a delete of one of the entity's records takes along, or
// leaves without a target, records that a service writes: foreign keys would do it
// without the service. Nor do they see that a record is gone whose row is not.
func (s *Store) takesHanded(e *transform.Entity, seen ...*transform.Entity) bool {
	if s.sources[e.Name].sql != nil && len(e.ReferredBy()) > 0 {
		return true
	}
	for _, r := range e.ReferredBy() {
		of := r.Of()
		if r.OnDelete == transform.OnDeleteRestrict || slices.Contains(seen, of) {
			continue
		}
		if s.sources[of.Name].sql != nil || s.takesHanded(of, append(seen, of)...) {
			return true
		}
	}
	return false
}

// handAlong has the service write what a delete takes along, the last one first, as
// each may refer to the one before.
func (f *fenced) handAlong(ctx context.Context, along []store.Along) error {
	for _, a := range slices.Backward(along) {
		src := f.s.sources[a.Key.Entity]
		if src.sql == nil {
			continue
		}
		h := &handed{src: src, op: "delete", Change: &Change{Key: a.Key, Before: a.Before, After: a.After}}
		if !a.After.IsZero() {
			// What else is there may be newer than what was read.
			h.columns = src.changes(a.Before, a.After)
		}
		if err := f.handOver(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// ownDependents is dependents for records that the service writes. The locks are on what is
// there now, and Read sees the transaction's snapshot, which may be older: what has come
// since would go without the service and without a change record, and what has come to refer
// elsewhere would be counted there still. So then the write is begun again.
func (f *fenced) ownDependents(ctx context.Context, src *source, where []string, args []any, order []string) ([]transform.Record, error) {
	query := "WHERE " + strings.Join(where, " AND ") + " ORDER BY " + strings.Join(order, ", ")
	now, err := f.referring(ctx, src, query+forUpdate, args)
	if err != nil {
		return nil, err
	}
	seen, err := f.referring(ctx, src, query, args)
	if err != nil {
		return nil, err
	}
	if !slices.EqualFunc(now, seen, slices.Equal[rowText]) {
		return nil, errAgain
	}
	var keys []foundKey
	for _, text := range now {
		var k foundKey
		k.key, k.err = src.entity.ReadKey(text[:len(src.entity.KeyColumns)])
		keys = append(keys, k)
	}
	rows, err := f.s.recordsOf(ctx, f.t, src, keys)
	var all []transform.Record
	for _, row := range rows {
		if row.Err != nil && err == nil {
			err = f.s.unfit("delete", src.entity, row.Err, store.NotApplied)
		}
		all = append(all, row.Record)
	}
	return all, err
}

// referring returns the key columns of rows and those of their references; more is what
// follows the table's name in the statement.
func (f *fenced) referring(ctx context.Context, src *source, more string, args []any) ([]rowText, error) {
	list, columns := src.entity.SelectKey("t").SQL, len(src.entity.KeyColumns)
	for _, r := range src.entity.References {
		list, columns = list+", "+r.Select("t").SQL, columns+len(r.Columns)
	}
	var all []rowText
	err := f.t.query(ctx, func(rows *sql.Rows) error {
		text, err := scanTexts(rows, columns)
		all = append(all, text)
		return err
	}, "SELECT "+list+" FROM "+src.table+" t "+more, args...)
	return all, err
}
