package mysqlstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Get returns what is at the key. One statement, and so one snapshot, reads the
// fence, under capture the version, and the row. Without capture and without an
// epoch it is the SELECT that the service would send.
func (s *Store) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	src, args, err := s.find("get", key)
	if err != nil {
		return store.Row{}, err
	}
	if src.sql != nil {
		found := map[transform.Key]store.Row{key: {Key: key}}
		err := s.getOwn(ctx, at, src, []transform.Key{key}, found)
		if fault := found[key].Err; err == nil && fault != nil {
			err = s.unfit("get", src.entity, fault, store.NoWrite)
		}
		if err != nil {
			return store.Row{}, err
		}
		return found[key], nil
	}
	var snap snapshot
	query, args := s.get(src, at, key, args)
	row, fault := store.Row{Key: key}, error(nil)
	err = each(ctx, s.db, func(rows *sql.Rows) error {
		text, err := src.scan(rows, snap.dest(at)...)
		if err == nil && src.isThere(text) {
			row, fault = src.own(key, text)
		}
		return err
	}, query, args...)
	if err := s.judge("get", src.entity, at, &snap, err); err != nil {
		return store.Row{}, err
	}
	if fault != nil {
		return store.Row{}, s.unfit("get", src.entity, fault, store.NoWrite)
	}
	snap.mark(&row)
	return row, nil
}

// find returns the source of a key and the arguments that find its row.
func (s *Store) find(op string, key transform.Key) (*source, []any, error) {
	src := s.sources[key.Entity]
	if src == nil {
		return nil, nil, s.invalid(op, key.Entity, "", "the contract has no such entity", store.NoWrite)
	}
	if err := s.keepsAway(op, src, store.NoWrite); err != nil {
		return nil, nil, err
	}
	args, fault := src.keyArgs(key)
	if fault != "" {
		return nil, nil, s.invalid(op, key.Entity, "", fault, store.NoWrite)
	}
	return src, args, nil
}

// own returns the row if its key is the one that was asked for, byte by byte.
// Another key that the column's collation takes for the same is not there.
func (src *source) own(key transform.Key, text rowText) (store.Row, error) {
	row, err := src.row(text)
	if row.Key != key {
		return store.Row{Key: key}, nil
	}
	return row, err
}

// get returns the statement of Get.
func (s *Store) get(src *source, at store.At, key transform.Key, keyArgs []any) (string, []any) {
	switch {
	case !looks(at):
		return "SELECT " + src.list + " FROM " + src.table + " t WHERE " + src.byKey, keyArgs
	case !at.Captured:
		return "SELECT f.epoch, f.state, f.capture, " + src.list + " FROM crossfade_fence f LEFT JOIN " + src.table +
			" t ON " + src.byKey + " WHERE f.grp = ?", append(keyArgs[:len(keyArgs):len(keyArgs)], s.group)
	}
	args := append([]any{key.Entity, []byte(key.ID)}, keyArgs...)
	return "SELECT f.epoch, f.state, f.capture, c.version, c.dirty, " + src.list + " FROM crossfade_fence f" +
		" LEFT JOIN crossfade_change c ON c.grp = f.grp AND c.entity = ? AND c.id = ?" +
		" LEFT JOIN " + src.table + " t ON " + src.byKey + " WHERE f.grp = ?", append(args, s.group)
}

// looks reports whether a read looks at the fence.
func looks(at store.At) bool { return at.Captured || at.Epoch != 0 }

// A snapshot is what a read sees beside the row: the fence, and the version
// under capture.
type snapshot struct {
	fence   fenceRow
	version sql.Null[uint64]
	dirty   sql.NullBool
}

// dest returns what a statement selects before the row's columns.
func (n *snapshot) dest(at store.At) []any {
	switch {
	case !looks(at):
		return nil
	case !at.Captured:
		return n.fence.dest()
	}
	return append(n.fence.dest(), &n.version, &n.dirty)
}

// mark sets what a row has beside its record. A version without a row is a
// tombstone while MySQL follows.
func (n *snapshot) mark(row *store.Row) {
	row.Version, row.Dirty = store.Version(n.version.V), n.dirty.Bool
	row.Tombstone = n.fence.givenAway() && n.version.Valid && !row.Live
}

// judge returns the error of a read: the statement's own, or that its snapshot
// was not one to answer from.
func (s *Store) judge(op string, e *transform.Entity, at store.At, n *snapshot, err error) error {
	switch {
	case err != nil:
		return s.wrap(op, e, store.NoWrite, err)
	case !looks(at):
		return nil
	case !n.fence.state.Valid:
		return s.notInitialised(op, store.NoWrite)
	case !n.fence.shows(at):
		return s.wrongPhase(op, e.Name, store.NoWrite)
	}
	return nil
}

// manyKeys is how many keys one statement of GetMany asks for.
const manyKeys = 500

// GetMany returns what is at each key, in the order of the keys, which may
// repeat. Up to 500 keys of one entity are read by one statement and in one
// snapshot. A row that can't be represented has its Err.
func (s *Store) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	found := make(map[transform.Key]store.Row, len(keys))
	byEntity := map[string][]transform.Key{}
	for _, key := range keys {
		if _, twice := found[key]; !twice {
			found[key] = store.Row{Key: key}
			byEntity[key.Entity] = append(byEntity[key.Entity], key)
		}
	}
	for _, all := range byEntity {
		for some := range slices.Chunk(all, manyKeys) {
			if err := s.getMany(ctx, at, some, found); err != nil {
				return nil, err
			}
		}
	}
	rows := make([]store.Row, len(keys))
	for i, key := range keys {
		rows[i] = found[key]
		if !rows[i].Record.IsZero() {
			rows[i].Record = rows[i].Record.Clone() // a key may be there twice
		}
	}
	return rows, nil
}

// getMany reads some different keys of one entity into found, where each of
// them has an entry.
func (s *Store) getMany(ctx context.Context, at store.At, keys []transform.Key, found map[transform.Key]store.Row) error {
	if src := s.sources[keys[0].Entity]; src != nil && src.sql != nil {
		return s.getOwn(ctx, at, src, keys, found)
	}
	src, query, args, err := s.selectMany(at, keys)
	if err != nil {
		return err
	}
	var fence snapshot
	versions := map[transform.Key]snapshot{}
	err = each(ctx, s.db, func(rows *sql.Rows) error {
		var part snapshot
		var id sql.NullString
		lead := part.dest(at)
		if at.Captured {
			lead = append(lead, &id)
		}
		text, err := src.scan(rows, lead...)
		switch {
		case err != nil:
		case id.Valid:
			versions[transform.Key{Entity: src.entity.Name, ID: id.String}] = part
		default:
			fence = part
			src.keep(found, text)
		}
		return err
	}, query, args...)
	for key, part := range versions {
		row := found[key]
		row.Key, part.fence = key, fence.fence
		part.mark(&row)
		found[key] = row
	}
	return s.judge("get", src.entity, at, &fence, err)
}

// selectMany returns the statement of getMany. Under capture, rows and versions
// are two parts of one statement, and so of one snapshot, because a key that
// has no row may have a version.
func (s *Store) selectMany(at store.At, keys []transform.Key) (src *source, query string, args []any, err error) {
	var ids []any
	for _, key := range keys {
		of, keyArgs, err := s.find("get", key)
		if err != nil {
			return nil, "", nil, err
		}
		src, args, ids = of, append(args, keyArgs...), append(ids, []byte(key.ID))
	}
	where := src.byKeys(len(keys))
	switch {
	case !looks(at):
		return src, "SELECT " + src.list + " FROM " + src.table + " t WHERE " + where, args, nil
	case !at.Captured:
		return src, "SELECT f.epoch, f.state, f.capture, " + src.list + " FROM crossfade_fence f LEFT JOIN " + src.table +
			" t ON " + where + " WHERE f.grp = ?", append(args, s.group), nil
	}
	query = "SELECT f.epoch, f.state, f.capture, NULL, NULL, NULL, " + src.list + " FROM crossfade_fence f" +
		" LEFT JOIN " + src.table + " t ON " + where + " WHERE f.grp = ?" +
		" UNION ALL SELECT NULL, NULL, NULL, c.version, c.dirty, c.id, " + repeat("NULL", src.entity.Selected()) +
		" FROM crossfade_change c WHERE c.grp = ? AND c.entity = ? AND c.id IN (" + repeat("?", len(ids)) + ")"
	return src, query, append(append(args, s.group, s.group, src.entity.Name), ids...), nil
}

// keep puts a row into found if its key is one of those asked for.
func (src *source) keep(found map[transform.Key]store.Row, text rowText) {
	if !src.isThere(text) {
		return
	}
	row, err := src.row(text)
	if _, wanted := found[row.Key]; wanted {
		row.Err = err
		found[row.Key] = row
	}
}
