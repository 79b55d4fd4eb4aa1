package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// tombstones begins the positions of a pass in its second part. No key's ID
// begins so.
const tombstones = "~t"

// Scan returns the next rows in the order of the primary key, as its index has
// them. Where the page ends is a key, so rows that come and go meanwhile shift
// nothing. A row that can't be represented has its Err. Under capture rows and
// versions are of one snapshot, and so is the fence.
//
// Where MySQL was given away, a captured pass goes on after the rows with the
// keys that have a version and no row: the tombstones.
func (s *Store) Scan(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
	src := s.sources[r.Entity.Name]
	if src == nil {
		return store.Page{}, s.invalid("scan", r.Entity.Name, "", "the contract has no such entity", store.NoWrite)
	}
	if err := s.keepsAway("scan", src, store.NoWrite); err != nil {
		return store.Page{}, err
	}
	if r.Limit < 1 {
		return store.Page{}, s.invalid("scan", r.Entity.Name, "", "the limit must be at least 1", store.NoWrite)
	}
	if id, ok := strings.CutPrefix(r.After, tombstones); ok && at.Captured {
		return s.scanTombstones(ctx, at, src, id, r.Limit)
	}
	l, fault := src.pass(r.After)
	if fault != "" {
		return store.Page{}, s.invalid("scan", r.Entity.Name, "", fault, store.NoWrite)
	}
	if src.sql != nil {
		return s.scanOwn(ctx, at, src, l, r.Limit)
	}
	var rows []store.Row
	var fence fenceRow
	var err error
	if at.Captured {
		rows, fence, err = s.scanCaptured(ctx, at, src, l, r.Limit)
	} else {
		rows, err = s.list(ctx, s.db, "scan", at, src, l, r.Limit)
	}
	if err != nil {
		return store.Page{}, err
	}
	page := store.Page{Rows: rows}
	switch {
	case len(rows) == r.Limit:
		last := rows[len(rows)-1]
		if last.Key.IsZero() {
			return store.Page{}, s.unfit("scan", src.entity, last.Err, store.NoWrite)
		}
		page.Next = last.Key.ID
	case fence.givenAway():
		page.Next = tombstones
	}
	return page, nil
}

// scanTombstones returns the keys after the given one that have a version and
// no row. It reads a page of change records, and then what is at their keys; of
// those that have a row, which the pass has shown, it shows none.
func (s *Store) scanTombstones(ctx context.Context, at store.At, src *source, after string, limit int) (store.Page, error) {
	var keys []transform.Key
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		key := transform.Key{Entity: src.entity.Name}
		err := rows.Scan(&key.ID)
		keys = append(keys, key)
		return err
	}, "SELECT id FROM crossfade_change WHERE grp=? AND entity=? AND id > ? ORDER BY id LIMIT ?",
		s.group, src.entity.Name, []byte(after), limit)
	if err != nil {
		return store.Page{}, s.wrap("scan", src.entity, store.NoWrite, err)
	}
	rows, err := s.GetMany(ctx, at, keys)
	if err != nil {
		return store.Page{}, err
	}
	page := store.Page{Rows: slices.DeleteFunc(rows, func(row store.Row) bool { return !row.Tombstone })}
	if len(keys) == limit {
		page.Next = tombstones + keys[limit-1].ID
	}
	return page, nil
}

// pass returns the lookup of the rows after a key's, or what is wrong with the
// position. It compares as the columns compare, not by bytes, because that is
// the order of the index; for a primary key that is an order of all its rows.
func (src *source) pass(after string) (*lookup, string) {
	var order []string
	for _, i := range src.entity.KeyColumns {
		order = append(order, column(&src.entity.Columns[i]))
	}
	l := &lookup{order: strings.Join(order, ", "), where: "TRUE"}
	if after == "" {
		return l, ""
	}
	key := transform.Key{Entity: src.entity.Name, ID: after}
	args, fault := src.keyArgs(key)
	if fault != "" {
		return nil, "the position is not one of this store: " + fault
	}
	values, _ := src.entity.KeyValues(key) // keyArgs has asked
	for i, c := range src.entity.KeyColumns {
		args[i] = src.entity.Columns[c].Sorted(values[i])
	}
	var parts []string
	var all []any
	same := ""
	for i, c := range src.entity.KeyColumns {
		c := &src.entity.Columns[c]
		parts = append(parts, "("+same+column(c)+" > "+place(c)+")")
		all = append(append(all, args[:i]...), args[i])
		same += column(c) + " = " + place(c) + " AND "
	}
	l.where, l.args = "("+strings.Join(parts, " OR ")+")", all
	return l, ""
}

// scanCaptured reads fence, page and versions in one snapshot, a transaction of
// its own. The versions are found by the keys of the rows. The fence has a
// statement to itself because a join with it would make the server sort all
// that is left of the table for every page.
func (s *Store) scanCaptured(ctx context.Context, at store.At, src *source, l *lookup, limit int) ([]store.Row, fenceRow, error) {
	t, err := s.beginSnapshot(ctx)
	if err != nil {
		return nil, fenceRow{}, s.wrap("scan", src.entity, store.NoWrite, err)
	}
	defer t.end(ctx)
	var snap snapshot
	err = t.query(ctx, func(r *sql.Rows) error { return r.Scan(snap.fence.dest()...) },
		selectFence, s.group)
	if err := s.judge("scan", src.entity, at, &snap, err); err != nil {
		return nil, fenceRow{}, err
	}
	rows, err := s.list(ctx, t.conn, "scan", store.At{}, src, l, limit)
	if err != nil {
		t.poisoned = err
		return nil, fenceRow{}, err
	}
	place := make(map[string]int, len(rows))
	ids := make([]any, 0, len(rows)+2)
	ids = append(ids, s.group, src.entity.Name)
	for i, row := range rows {
		if !row.Key.IsZero() {
			place[row.Key.ID] = i
			ids = append(ids, []byte(row.Key.ID))
		}
	}
	if len(place) == 0 {
		return rows, snap.fence, nil
	}
	err = t.query(ctx, func(r *sql.Rows) error {
		var id string
		var version uint64
		var dirty bool
		if err := r.Scan(&id, &version, &dirty); err != nil {
			return err
		}
		i := place[id]
		rows[i].Version, rows[i].Dirty = store.Version(version), dirty
		return nil
	}, "SELECT id, version, dirty FROM crossfade_change WHERE grp=? AND entity=? AND id IN ("+repeat("?", len(place))+")", ids...)
	return rows, snap.fence, s.wrap("scan", src.entity, store.NoWrite, err)
}
