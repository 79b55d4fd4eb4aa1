package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// insertRows is how many rows one statement of Insert stores.
const insertRows = 100

// Insert stores each live row at version 0 if nothing is at its key, neither a
// row nor a version: a reverse backfill into a MySQL that was found empty. It
// leaves no change record, so the first refresh of a key takes its place. Rows
// that are not live it leaves alone.
//
// A hundred rows are one transaction and one statement. If one of them can't be
// stored they are taken one by one, and each error is that of its row. As Put,
// it passes only where MySQL was given away and is not sealed.
func (s *Store) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	errs := make([]error, len(rows))
	bySource := map[*source][]*inserting{}
	seen := map[transform.Key]bool{}
	for i, row := range rows {
		if !row.Live || seen[row.Key] {
			continue
		}
		p, err := s.newFollowing("insert", row)
		if errs[i] = err; err == nil {
			seen[row.Key] = true
			bySource[p.src] = append(bySource[p.src], &inserting{p, &errs[i]})
		}
	}
	for _, e := range s.contract.Entities {
		for some := range slices.Chunk(bySource[s.sources[e.Name]], insertRows) {
			if err := s.insertSome(ctx, some); err != nil {
				return errs, s.wrap("insert", e, store.NotApplied, err)
			}
		}
	}
	return errs, nil
}

// An inserting is a row of an Insert and where its error goes.
type inserting struct {
	*following
	err *error
}

// insertSome inserts rows of one entity, together if that is possible. Its error
// is one that belongs to no row.
func (s *Store) insertSome(ctx context.Context, some []*inserting) error {
	err := s.insertTogether(ctx, some)
	var faulty *rowError
	switch {
	case !errors.As(err, &faulty):
		return err
	case len(some) == 1:
		*some[0].err = s.wrap("insert", some[0].src.entity, store.NotApplied, faulty.err)
		return nil
	}
	for i := range some {
		if err := s.insertSome(ctx, some[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// A rowError is what the server said of a row, rather than of its own state.
type rowError struct{ err error }

func (e *rowError) Error() string { return e.err.Error() }
func (e *rowError) Unwrap() error { return e.err }

// insertTogether inserts rows by one statement, those where nothing is.
func (s *Store) insertTogether(ctx context.Context, some []*inserting) error {
	src := some[0].src
	_, err := s.follow(ctx, s.beginInsert, func(t *tx) (bool, error) {
		f, err := s.holdFence(ctx, t)
		if err != nil {
			return false, err
		}
		if err := s.followerOnly("insert", src.entity.Name, &f, f.epoch.V); err != nil {
			return false, err
		}
		free, err := s.unversioned(ctx, t, some)
		if src.sql != nil && err == nil && len(free) > 0 {
			did, err := s.insertOwn(ctx, t, src, free)
			return did, s.insertFault(ctx, t, free, err)
		}
		if err == nil && len(free) == 1 {
			// Of one alone, a duplicate says that it has come since. Of many, hardly any is there.
			there, asked := free[0].isThere(ctx, t)
			if err = asked; there {
				free = nil
			}
		}
		if err != nil || len(free) == 0 {
			return false, err
		}
		var args []any
		for _, p := range free {
			args = append(args, src.insertArgs(p.Record)...)
		}
		_, err = t.exec(ctx, src.insert+" VALUES "+repeat("("+repeat("?", len(src.writes))+")", len(free)), args...)
		if err == nil {
			err = s.insertChildren(ctx, t, src, free)
		}
		return err == nil, s.insertFault(ctx, t, free, err)
	})
	return err
}

// insertChildren inserts what of other tables is part of new rows.
func (s *Store) insertChildren(ctx context.Context, t *tx, src *source, free []*inserting) error {
	f := &fenced{s: s, t: t, passed: true}
	for _, p := range free {
		// As in placeRows: of a record that is gone.
		if err := f.deleteAll(ctx, src, p.Key); err != nil {
			return err
		}
	}
	for _, c := range src.children {
		var all []transform.Record
		for _, p := range free {
			rows, err := c.Of(p.Record)
			if err != nil {
				return err
			}
			all = append(all, rows...)
		}
		for some := range slices.Chunk(all, childChunk) {
			if err := f.insertRows(ctx, c, some); err != nil {
				return s.childError(src, c, err)
			}
		}
	}
	return nil
}

// insertFault tells an error of a row from one that has nothing to do with it.
func (s *Store) insertFault(ctx context.Context, t *tx, rows []*inserting, err error) error {
	if err == nil {
		return nil
	}
	var own *store.Error
	switch m := meaningOf(err); {
	case errors.As(err, &own):
		return &rowError{err}
	case len(rows) == 1 && number(err) == erDupEntry:
		return &rowError{s.unplaced(ctx, t, "insert", rows[0].following, err)}
	case m.kind == store.ErrInvalid, m.kind == store.ErrTooLarge, m.kind == store.ErrUnique:
		return &rowError{err}
	}
	return err
}

// unversioned returns the rows whose keys have no change record, and sees to it
// that they get none before the transaction ends: the lock of the gap where the
// record would be makes a refresh wait. Otherwise a delete could come between
// this look and the insert, which would bring the record back.
func (s *Store) unversioned(ctx context.Context, t *tx, some []*inserting) ([]*inserting, error) {
	known := map[string]bool{}
	args := []any{s.group, some[0].src.entity.Name}
	for _, p := range some {
		args = append(args, []byte(p.Key.ID))
	}
	err := t.query(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		known[id] = true
		return err
	}, "SELECT id FROM crossfade_change WHERE grp=? AND entity=? AND id IN ("+repeat("?", len(some))+") LOCK IN SHARE MODE", args...)
	var free []*inserting
	for _, p := range some {
		if !known[p.Key.ID] {
			free = append(free, p)
		}
	}
	return free, err
}
