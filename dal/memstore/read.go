package memstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Get returns what is at the key.
func (s *Store) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	rows, err := s.get(ctx, "get", at, key)
	if err != nil {
		return store.Row{}, err
	}
	return rows[0], nil
}

// GetMany returns what is at each key, all of one moment.
func (s *Store) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	return s.get(ctx, "get many", at, keys...)
}

// get answers Get and GetMany in one snapshot.
func (s *Store) get(ctx context.Context, op string, at store.At, keys ...transform.Key) ([]store.Row, error) {
	entity := ""
	if len(keys) > 0 {
		entity = keys[0].Entity
	}
	return read(s, ctx, at, op, entity, func() ([]store.Row, error) {
		rows := make([]store.Row, len(keys))
		for i, key := range keys {
			rows[i] = s.row(at, key)
		}
		return rows, nil
	})
}

// Scan returns the next rows of an entity in the order of their keys' text.
func (s *Store) Scan(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
	if r.Limit < 1 {
		return store.Page{}, s.badRead("scan", r.Entity.Name, "the limit must be at least 1")
	}
	return read(s, ctx, at, "scan", r.Entity.Name, func() (page store.Page, err error) {
		for _, key := range s.sorted(r.Entity.Name, transform.Key{Entity: r.Entity.Name, ID: r.After}) {
			if e := s.entries[key]; !e.live && !s.remembers(at, e) {
				continue
			}
			if len(page.Rows) == r.Limit {
				page.Next = page.Rows[r.Limit-1].Key.ID
				break
			}
			page.Rows = append(page.Rows, s.row(at, key))
		}
		return page, nil
	})
}

// read answers a read of one moment, under the lock and, where one is needed,
// under the lease. Its result is zero when it failed.
func read[T any](s *Store, ctx context.Context, at store.At, op, entity string, do func() (T, error)) (T, error) {
	var result T
	err := s.reading(at, op, entity, func() error {
		return s.ask(ctx, op, entity, store.NoWrite, func() (err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err = s.readable(ctx, op, entity, at); err == nil {
				result, err = do()
			}
			return err
		})
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return result, nil
}

// row returns a copy of what is at the key. A bare read of a store with a fence
// knows no versions, as it would not look at the change records. In a leased store
// the version is part of what is there; it in turn can't tell what is dirty.
func (s *Store) row(at store.At, key transform.Key) store.Row {
	row := store.Row{Key: key}
	e := s.entries[key]
	if e == nil {
		return row
	}
	row.Live, row.Tombstone = e.live, s.remembers(at, e)
	if e.live {
		row.Record = e.record.Clone()
	}
	if at.Captured || s.leased && e.follows {
		row.Version, row.Dirty = e.version, e.dirty
	}
	return row
}

// remembers reports whether a tombstone is there. A leased store's is an item. A
// store with a fence has nothing but the version, which is a tombstone's while the
// store follows; who reads bare does not see it.
func (s *Store) remembers(at store.At, e *entry) bool {
	switch {
	case e.live:
		return false
	case s.leased:
		return e.follows
	}
	return at.Captured && (e.follows || e.version > 0) && s.givenAway()
}

// givenAway reports whether another store is the authority.
func (s *Store) givenAway() bool {
	state := s.control.record.State
	return state == store.GivenAway || state == store.Sealed
}

// readable returns an error if the read must not be answered. The caller holds
// the lock, so fence and rows are of one snapshot.
func (s *Store) readable(ctx context.Context, op, entity string, at store.At) error {
	if err := ctx.Err(); err != nil {
		return &store.Error{Op: op, Entity: entity, Store: s.name, Kind: store.ErrUnavailable, Cause: err}
	}
	if !s.leased && at.Epoch != 0 && (s.givenAway() || at.Epoch != s.control.record.Epoch) {
		return &store.Error{Op: op, Entity: entity, Store: s.name, Kind: store.ErrWrongPhase}
	}
	return nil
}

// badRead is the error of a read that no store could answer.
func (s *Store) badRead(op, entity, detail string) error {
	return &store.Error{Op: op, Entity: entity, Store: s.name, Kind: store.ErrInvalid, Detail: detail}
}
