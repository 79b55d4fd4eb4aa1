package dynamostore

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A referring is what the references of a write's records make of it.
type referring struct {
	along []*edit
	found map[transform.Key]*edit // records that refer to what the write deletes
	needs []store.Need
	kept  map[transform.Key]map[string]bool // of what an attempt before found
}

// refers reports whether references have anything to do with the write.
func (wr *writing) refers() bool {
	for _, st := range wr.steps {
		if e := st.place.entity; len(e.References) > 0 || st.Op == store.Delete && len(e.ReferredBy()) > 0 {
			return true
		}
	}
	return false
}

// follow finds out what the references of the computed steps take along, and what
// has to be there. Before it looks for what refers to a record that is to be
// deleted, it marks the record's item, or its stand.
func (wr *writing) follow(ctx context.Context) error {
	kept := map[transform.Key]map[string]bool{}
	for key, e := range wr.found {
		kept[key] = e.kept
	}
	wr.referring, wr.staged = referring{kept: kept}, false
	if !wr.refers() {
		return nil
	}
	err := wr.trace(ctx)
	if errors.Is(err, errMany) {
		return wr.stage(ctx)
	}
	return err
}

// trace is follow for a write that references have to do with.
func (wr *writing) trace(ctx context.Context) error {
	wr.found, wr.deleter = map[transform.Key]*edit{}, newID(wr.s.opts.Now())
	if wr.marks == nil {
		wr.marks = map[transform.Key]mark{}
	}
	changes := make([]store.Changed, len(wr.steps))
	for i, st := range wr.steps {
		st.marked = ""
		c := store.Changed{Op: st.Op, Key: st.row.Key, Before: st.old.Record, After: st.row.Record}
		switch {
		case st.Op == store.Check:
			c.Before, c.After = st.Expect.Record, st.Expect.Record
		case st.Op == store.Delete && c.Before.IsZero():
			// It is there, and can't be read: what refers to it is told by its key.
			var err error
			if c.Before, err = keyRecord(st.place.entity, st.row.Key); err != nil {
				return st.place.unfit(wr.op, st.row, err)
			}
		}
		changes[i] = c
	}
	references := store.References{Store: storeName, Dependents: func(f *transform.Reference, to transform.Key) ([]transform.Record, error) {
		return wr.dependents(ctx, f, to)
	}}
	along, needs, err := references.Follow(changes)
	if err != nil {
		return err
	}
	wr.needs = needs
	if len(along) > 0 && wr.write.Along != nil {
		if err := wr.write.Along(along); err != nil {
			return &callerError{err}
		}
	}
	for _, a := range along {
		if err := wr.checked(a.Key); err != nil {
			return err
		}
		e := wr.editOf(a.Key)
		e.row = store.Row{Key: a.Key, Version: max(e.old.Version, store.Floor(wr.at.Epoch)) + 1, Live: !a.After.IsZero(), Record: a.After}
		e.turn = a.By
		wr.along = append(wr.along, e)
	}
	return nil
}

// keyRecord returns a record that has nothing but its key.
func keyRecord(e *transform.Entity, key transform.Key) (transform.Record, error) {
	values, err := e.KeyValues(key)
	rec := e.NewRecord()
	for i, v := range values {
		rec.SetAt(e.KeyColumns[i], v)
	}
	return rec, err
}

// takes reports whether the write takes the record of a key along.
func (wr *writing) takes(key transform.Key) bool {
	return slices.ContainsFunc(wr.along, func(e *edit) bool { return e.row.Key == key })
}

// deletes reports whether the write, once it has taken effect, has deleted the
// record of a key.
func (wr *writing) deletes(key transform.Key) bool {
	return slices.ContainsFunc(wr.along, func(e *edit) bool { return e.row.Key == key && !e.row.Live }) ||
		slices.ContainsFunc(wr.steps, func(st *step) bool { return st.row.Key == key && st.Op == store.Delete })
}

// checked returns an error if a record that is taken along is not what the caller
// has read there, where the write says so: the action that changes its item takes
// the place of the one that would look at it.
func (wr *writing) checked(key transform.Key) error {
	for _, st := range wr.steps {
		if st.Op != store.Check || st.row.Key != key {
			continue
		}
		if now := wr.found[key].old; now.Live != st.Expect.Live || now.Live && !now.Record.Equal(st.Expect.Record) {
			return st.changed()
		}
	}
	return nil
}

// editOf returns the edit of a key that a delete has to do with: of the step that
// names it, or of what was found.
func (wr *writing) editOf(key transform.Key) *edit {
	for _, st := range wr.steps {
		if st.row.Key == key && st.Op != store.Check {
			return &st.edit
		}
	}
	return wr.found[key]
}

// dependents marks a record and returns the records that refer to it. Those that a staged
// write takes along are left to Empty.
func (wr *writing) dependents(ctx context.Context, f *transform.Reference, to transform.Key) ([]transform.Record, error) {
	if wr.staged && f.OnDelete != transform.OnDeleteRestrict {
		return nil, nil
	}
	target := wr.editOf(to)
	if target.marked == "" {
		if err := wr.mark(ctx, target); err != nil {
			return nil, err
		}
		target.marked = wr.deleter
	}
	keys, err := wr.s.referring(ctx, wr.op, f, to)
	switch {
	case err != nil:
		return nil, err
	case f.OnDelete != transform.OnDeleteRestrict && wr.many(len(keys)):
		return nil, errMany
	}
	list := make([]*edit, 0, len(keys))
	for _, key := range keys {
		if wr.found[key] != nil {
			continue
		}
		e, err := wr.s.newEdit(wr.op, wr.s.places[key.Entity], key)
		if err != nil {
			return nil, withOutcome(err, store.NotApplied)
		}
		e.kept = wr.kept[key]
		list = append(list, &e)
	}
	items, _, err := wr.s.lookUp(ctx, wr.op, list, false, "")
	if err != nil {
		return nil, withOutcome(err, store.NotApplied)
	}
	for i, e := range list {
		if err := e.see(wr.op, e.row.Key, items[i]); err != nil {
			return nil, err
		}
		wr.found[e.row.Key] = e
	}
	var all []transform.Record
	for _, key := range keys {
		// A record that can't be read, or an edge that was left behind, refers to
		// nothing that could be told.
		if e := wr.found[key]; e.old.Live && e.unread == nil {
			all = append(all, e.old.Record)
		}
	}
	return all, nil
}

// require adds the look at each target that has to be there to a transaction: at its
// item, or at its stand where items move, which is where its version and its mark are,
// wherever the item will be by then.
func (wr *writing) require(b *bundle) error {
	asked := map[transform.Key]bool{}
	for _, n := range wr.needs {
		if n.Target.IsZero() {
			return store.NoTarget(n.Op, storeName, n.Of)
		}
		if asked[n.Target] || wr.takes(n.Target) {
			continue
		}
		asked[n.Target] = true
		target, err := wr.s.newEdit(wr.op, wr.s.places[n.Target.Entity], n.Target)
		if err != nil {
			return store.NoTarget(n.Op, storeName, n.Of) // no item can have the key
		}
		b.needs[b.check(target.home, target.key, target.home.isLive().unmarked())] = n
	}
	return nil
}

// lacking finds out what a refusal says of the targets: an error if one is not
// there, or is somebody's to delete.
func (wr *writing) lacking(ctx context.Context, b *bundle, r *refusal) error {
	var blocked error
	for i, it := range r.unmet {
		if e := b.edits[i]; e != nil && e.unmarked && markOf(it) != "" {
			blocked = wr.blocked(ctx, e, markOf(it))
		}
		n, is := b.needs[i]
		if !is {
			continue
		}
		other := markOf(it)
		if len(it) == 0 || tombstoned(it) || other == "" {
			e := store.NoTarget(n.Op, storeName, n.Of)
			e.Outcome = b.outcomeOf(r)
			return e
		}
		target, err := wr.s.newEdit(wr.op, wr.s.places[n.Target.Entity], n.Target)
		if err != nil {
			return withOutcome(err, b.outcomeOf(r))
		}
		blocked = wr.blocked(ctx, &target, other)
	}
	return blocked
}
