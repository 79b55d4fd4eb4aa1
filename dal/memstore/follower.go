package memstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Put stores the row, or a tombstone, if the version at its key is absent or
// smaller.
func (s *Store) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	placed, err := s.put(ctx, at, "put", row)
	return placed > 0, err
}

// PutTogether puts rows of different keys at once. A row that is not newer than
// what is there is left out.
func (s *Store) PutTogether(ctx context.Context, at store.At, rows []store.Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[transform.Key]bool{}
	for _, row := range rows {
		if seen[row.Key] {
			return s.fail("put together", row.Key.Entity, store.ErrInvalid, "the rows are of different keys")
		}
		seen[row.Key] = true
	}
	_, err := s.put(ctx, at, "put together", rows...)
	return err
}

// put puts what is newer of the rows, all or nothing, and returns how many that
// were.
func (s *Store) put(ctx context.Context, at store.At, op string, rows ...store.Row) (int, error) {
	if err := s.follows(ctx, &at, op); err != nil {
		return 0, err
	}
	var fresh []store.Row
	for _, row := range rows {
		if fault := s.unfit(row); fault != "" {
			return 0, s.fail(op, row.Key.Entity, store.ErrInvalid, fault)
		}
		if s.vacant(row) || s.entries[row.Key].version < row.Version {
			fresh = append(fresh, row)
		}
	}
	if err := s.place(op, fresh...); err != nil {
		return 0, err
	}
	return len(fresh), nil
}

// Insert stores each live row at version 0 where nothing is. Rows that are not
// live it leaves alone.
func (s *Store) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.follows(ctx, nil, "insert"); err != nil {
		return nil, err
	}
	errs := make([]error, len(rows))
	for i, row := range rows {
		row.Version = 0
		switch fault := s.unfit(row); {
		case fault != "":
			errs[i] = s.fail("insert", row.Key.Entity, store.ErrInvalid, fault)
		case row.Live && s.vacant(row):
			errs[i] = s.place("insert", row)
		}
	}
	return errs, nil
}

// follows returns an error if the store is nobody's follower: its fence says
// something else than given away, or another epoch than at does, where there is
// one.
func (s *Store) follows(ctx context.Context, at *store.At, op string) error {
	if err := s.over(ctx, op, ""); err != nil {
		return err
	}
	r := s.control.record
	if !s.leased && (r.State != store.GivenAway || at != nil && at.Epoch != r.Epoch) {
		return s.fail(op, "", store.ErrWrongPhase, "the store is "+r.State.String()+" or at another epoch")
	}
	return nil
}

// Check has nothing to look for: everything a follower needs is there.
func (s *Store) Check(ctx context.Context) error { return s.over(ctx, "check", "") }

// vacant reports whether nothing is at the row's key, live or tombstone.
func (s *Store) vacant(row store.Row) bool {
	e := s.entries[row.Key]
	return e == nil || !e.live && !e.follows && e.version == 0
}

// place puts the rows over whatever is there, unless another key holds one of
// their unique values. The keys have no change record: what a follower holds
// came from where those are kept.
func (s *Store) place(op string, rows ...store.Row) error {
	placings := make([]placing, len(rows))
	copies := make([]transform.Record, len(rows))
	for i, row := range rows {
		placings[i] = placing{op: op, key: row.Key}
		if row.Live {
			placings[i].record = row.Record.Clone()
			copies[i] = split(placings[i].record)
		}
	}
	if err := s.checkUnique(placings); err != nil {
		return err
	}
	for i, p := range placings {
		e := s.at(p.key)
		s.set(p.key, e, p.record)
		if s.leased {
			e.copies = copies[i]
		}
		e.follows, e.version = true, rows[i].Version
		s.seen(p.record)
	}
	return nil
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
