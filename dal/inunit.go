package dal

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// An InUnit is a repository within a unit of work: its reads see what the unit
// has staged, and its writes are staged until the unit commits. Its methods are
// those of Repository, with the errors that can be told by then.
type InUnit[T any] struct {
	r  *Repository[T]
	tx *Tx
}

// In returns the repository within a unit of work of the same group.
func (r *Repository[T]) In(tx *Tx) InUnit[T] { return InUnit[T]{r, tx} }

// Key returns the key with these values; see Repository.Key.
func (u InUnit[T]) Key(values ...any) Key { return u.r.Key(values...) }

// begin returns why an operation can't be part of the unit of work.
func (u InUnit[T]) begin(op string) error {
	detail := ""
	switch {
	case u.tx.router != u.r.router:
		detail = "the unit of work is of another group"
	case u.tx.over:
		detail = "the unit of work is over"
	case u.tx.refused != nil:
		return u.tx.refused
	default:
		return nil
	}
	return &Error{Op: op, Entity: u.r.entity.Name, Kind: ErrInvalid, Outcome: NotApplied, Detail: detail}
}

// at returns what the unit knows of the key.
func (u InUnit[T]) at(op string, key Key) (*held, error) {
	if err := u.begin(op); err != nil {
		return nil, err
	}
	if err := key.check(op, u.r.entity.Name); err != nil {
		return nil, notApplied(err)
	}
	return u.tx.at(u.r.entity, key.key), nil
}

// Get returns the record at the key, or ErrNotFound.
func (u InUnit[T]) Get(ctx context.Context, key Key) (v T, err error) {
	h, err := u.at("get", key)
	if err == nil {
		err = u.tx.look(ctx, h)
	}
	switch {
	case err != nil:
		return v, err
	case h.record.IsZero():
		return v, &Error{Op: "get", Entity: u.r.entity.Name, Store: u.tx.authority().Name(), Kind: ErrNotFound}
	}
	t, err := u.tx.targets(ctx, u.r.shown, h.record)
	if err != nil {
		return v, err
	}
	return v, u.r.fill("get", h.record, t, &v)
}

// GetMany returns the records at the keys. A key where nothing is does not
// appear in the answer.
func (u InUnit[T]) GetMany(ctx context.Context, keys []Key) (map[Key]T, error) {
	all := make([]*held, len(keys))
	for i, key := range keys {
		h, err := u.at("get many", key)
		if err != nil {
			return nil, err
		}
		all[i] = h
	}
	if err := u.tx.look(ctx, all...); err != nil {
		return nil, err
	}
	var records []transform.Record
	for _, h := range all {
		if !h.record.IsZero() {
			records = append(records, h.record)
		}
	}
	t, err := u.tx.targets(ctx, u.r.shown, records...)
	if err != nil {
		return nil, err
	}
	found := make(map[Key]T, len(keys))
	for i, h := range all {
		if h.record.IsZero() {
			continue
		}
		var v T
		if err := u.r.fill("get many", h.record, t, &v); err != nil {
			return nil, err
		}
		found[keys[i]] = v
	}
	return found, nil
}

// Create stages a record that must not be there yet: ErrExists comes now where
// the unit has read that one is there, else from the commit. An id that the store
// assigns is in v once Atomically has returned; until then the record can't be
// asked for.
func (u InUnit[T]) Create(ctx context.Context, v *T) error {
	rec, err := u.record("create", v)
	if err != nil {
		return err
	}
	if u.r.lacksID(rec) {
		rec.SetAt(u.r.entity.Sequence, transform.Value{})
		h := u.tx.add(&held{entity: u.r.entity, record: rec,
			give: func(key transform.Key) error { return u.r.setID(v, key) }})
		u.awaits(h, rec, v)
		h.stage(store.Create)
		return nil
	}
	h, err := u.of("create", rec)
	if err == nil && len(h.later) > 0 {
		err = u.tx.look(ctx, h)
	}
	if err != nil {
		return err
	}
	u.awaits(h, rec, v)
	return h.create(rec)
}

// awaits notes that v is to be given the ids of the record's rows.
func (u InUnit[T]) awaits(h *held, rec transform.Record, v *T) {
	if h.giveRows = nil; u.r.entity.LacksIDs(rec) {
		h.giveRows = func(stored transform.Record) error { return u.r.setRows(v, stored) }
	}
}

// Put stages a record, whether or not one is there.
func (u InUnit[T]) Put(ctx context.Context, v *T) error {
	rec, err := u.record("put", v)
	if err != nil {
		return err
	}
	if u.r.lacksID(rec) {
		return u.r.noID("put")
	}
	h, err := u.of("put", rec)
	if err == nil && len(h.later) > 0 {
		err = u.tx.look(ctx, h)
	}
	if err != nil {
		return err
	}
	u.awaits(h, rec, v)
	h.put(rec)
	return nil
}

// record gives v's content to a record.
func (u InUnit[T]) record(op string, v *T) (transform.Record, error) {
	if err := u.begin(op); err != nil {
		return transform.Record{}, err
	}
	return u.r.record(op, v)
}

// of returns what the unit knows of a record's key.
func (u InUnit[T]) of(op string, rec transform.Record) (*held, error) {
	key, err := rec.Key()
	if err != nil {
		return nil, refused(op, u.r.entity.Name, err)
	}
	return u.tx.at(u.r.entity, key), nil
}

// Update reads the record, lets change change it, and stages what it changed.
// ErrNotFound says that there is no record. An error of change is returned as it
// is, and stages nothing.
func (u InUnit[T]) Update(ctx context.Context, key Key, change func(*T) error) error {
	h, err := u.at("update", key)
	if err == nil {
		err = u.tx.look(ctx, h)
	}
	if err == nil {
		err = h.change(u.changes(change))
	}
	return callers(err)
}

// UpdateAtCommit stages a change of the record as it is when the unit commits,
// and nobody needs to have read it: writers of one counter follow one another and
// need not begin their units again. It is for conditions and steps such as "at
// least n in stock, then n less".
//
// ErrNotFound, and the error of change, come from the commit, which then applies
// nothing of the unit; what Repository.Update says of change holds here too. Of a
// record that the unit knows already, it is Update.
func (u InUnit[T]) UpdateAtCommit(ctx context.Context, key Key, change func(*T) error) error {
	h, err := u.at("update", key)
	switch {
	case err != nil:
		return err
	case h.known():
		return callers(h.change(u.changes(change)))
	}
	h.stage(store.Update)
	h.later = append(h.later, u.changes(change))
	return nil
}

// changes returns a change of T as one of its record.
func (u InUnit[T]) changes(change func(*T) error) func(transform.Record) error {
	return func(rec transform.Record) error { return u.r.modify(rec, change) }
}

// Delete stages that the record at the key goes, or returns ErrNotFound.
func (u InUnit[T]) Delete(ctx context.Context, key Key) error {
	h, err := u.at("delete", key)
	if err == nil {
		err = u.tx.look(ctx, h)
	}
	if err != nil {
		return err
	}
	return u.tx.remove(ctx, h)
}
