package mysqlstore

import (
	"context"
	"slices"

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

// lockHanded locks what deletes may take along, or leave without a target, where a service
// writes some of it, level by level, before anything is read without a lock: the service's
// Read sees the transaction's snapshot, which is then of after the locks. What came to refer
// in between would go without the service and without a change record, and what it writes of
// the others would be of before.
func (f *fenced) lockHanded(ctx context.Context, steps []*step) error {
	var deletes []*step
	for _, st := range steps {
		if st.Op == store.Delete && f.takes(st) && f.s.takesHanded(st.src.entity) {
			deletes = append(deletes, st)
		}
	}
	slices.SortFunc(deletes, func(a, b *step) int { return compareKeys(a.Key, b.Key) })
	for _, st := range deletes {
		_, err := f.holdRow(ctx, st)
		if err == nil {
			err = f.lockReferring(ctx, st.Key)
		}
		if err != nil {
			return &stepError{st, err}
		}
	}
	return nil
}

// lockReferring locks what refers to a record, and what refers to what goes with it.
func (f *fenced) lockReferring(ctx context.Context, to transform.Key) error {
	seen := map[transform.Key]bool{to: true}
	for queue := []transform.Key{to}; len(queue) > 0; queue = queue[1:] {
		for _, r := range f.s.contract.Entity(queue[0].Entity).ReferredBy() {
			more, args, err := f.s.refersBy(r, queue[0])
			if err != nil {
				return err
			}
			keys, err := keysOf(ctx, f.t.query, f.s.sources[r.Of().Name], more+forUpdate, args...)
			if err != nil {
				return err
			}
			for _, k := range keys {
				if r.OnDelete == transform.OnDeleteCascade && k.err == nil && !seen[k.key] {
					seen[k.key] = true
					queue = append(queue, k.key)
				}
			}
		}
	}
	return nil
}

// ownDependents is dependents for records that the service writes. lockHanded has locked
// them.
func (f *fenced) ownDependents(ctx context.Context, src *source, more string, args []any) ([]transform.Record, error) {
	keys, err := keysOf(ctx, f.t.query, src, more+forUpdate, args...)
	if err != nil {
		return nil, err
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
