package memstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Put stores the row, or a tombstone, if the version at its key is absent or
// smaller.
func (s *Store) Put(ctx context.Context, row store.Row) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, "put", row.Key.Entity); err != nil {
		return false, err
	}
	if fault := s.unfit(row); fault != "" {
		return false, s.fail("put", row.Key.Entity, store.ErrInvalid, fault)
	}
	if !s.vacant(row) && s.entries[row.Key].version >= row.Version {
		return false, nil
	}
	s.place(row)
	return true, nil
}

// Insert stores each live row at version 0 where nothing is. Rows that are not
// live it leaves alone.
func (s *Store) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, "insert", ""); err != nil {
		return nil, err
	}
	errs := make([]error, len(rows))
	for i, row := range rows {
		row.Version = 0
		switch fault := s.unfit(row); {
		case fault != "":
			errs[i] = s.fail("insert", row.Key.Entity, store.ErrInvalid, fault)
		case row.Live && s.vacant(row):
			s.place(row)
		}
	}
	return errs, nil
}

// Check has nothing to look for: everything a follower needs is there.
func (s *Store) Check(ctx context.Context) error { return s.over(ctx, "check", "") }

// vacant reports whether nothing is at the row's key, live or tombstone.
func (s *Store) vacant(row store.Row) bool {
	e := s.entries[row.Key]
	return e == nil || !e.live && !e.follows && e.version == 0
}

// place puts the row over whatever is there. The key has no change record: what
// a follower holds came from where those are kept.
func (s *Store) place(row store.Row) {
	e := s.at(row.Key)
	e.live, e.follows, e.version = row.Live, true, row.Version
	e.record = transform.Record{}
	if row.Live {
		e.record = row.Record.Clone()
	}
}

// unfit says what is wrong with a row, "" if nothing is.
func (s *Store) unfit(row store.Row) string {
	switch {
	case s.contract.Entity(row.Key.Entity) == nil:
		return "the contract has no such entity"
	case !row.Live:
		return ""
	case row.Record.IsZero():
		return "a live row needs a record"
	}
	if key, err := row.Record.Key(); err != nil || key != row.Key {
		return "the record is not of the row's key"
	}
	return ""
}
