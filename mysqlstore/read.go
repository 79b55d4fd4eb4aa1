package mysqlstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Get returns what is at the key. Under capture one statement, and so one
// snapshot, reads fence, version and row; without, it is the SELECT that the
// service would send.
func (s *Store) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	src, args, err := s.find("get", key)
	if err != nil {
		return store.Row{}, err
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
	row.Version, row.Dirty = store.Version(snap.version.V), snap.dirty.Bool
	return row, nil
}

// find returns the source of a key and the arguments that find its row.
func (s *Store) find(op string, key transform.Key) (*source, []any, error) {
	src := s.sources[key.Entity]
	if src == nil {
		return nil, nil, s.invalid(op, key.Entity, "", "the contract has no such entity", store.NoWrite)
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
	if !at.Captured {
		return "SELECT " + src.list + " FROM " + src.table + " t WHERE " + src.byKey, keyArgs
	}
	args := append([]any{key.Entity, []byte(key.ID)}, keyArgs...)
	return "SELECT f.epoch, f.state, f.capture, c.version, c.dirty, " + src.list + " FROM crossfade_fence f" +
		" LEFT JOIN crossfade_change c ON c.grp = f.grp AND c.entity = ? AND c.id = ?" +
		" LEFT JOIN " + src.table + " t ON " + src.byKey + " WHERE f.grp = ?", append(args, s.group)
}

// A snapshot is what a captured read sees beside the row.
type snapshot struct {
	fence   fenceRow
	version sql.Null[uint64]
	dirty   sql.NullBool
}

// dest returns what a statement selects before the row's columns.
func (n *snapshot) dest(at store.At) []any {
	if !at.Captured {
		return nil
	}
	return append(n.fence.dest(), &n.version, &n.dirty)
}

// judge returns the error of a read: the statement's own, or that its snapshot
// was not one to answer from.
func (s *Store) judge(op string, e *transform.Entity, at store.At, n *snapshot, err error) error {
	switch {
	case err != nil:
		return s.wrap(op, e, store.NoWrite, err)
	case !at.Captured:
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
	src, query, args, err := s.selectMany(at, keys)
	if err != nil {
		return err
	}
	var fence snapshot
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
			src.keepVersion(found, id.String, part)
		default:
			fence = part
			src.keep(found, text)
		}
		return err
	}, query, args...)
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
	if !at.Captured {
		return src, "SELECT " + src.list + " FROM " + src.table + " t WHERE " + where, args, nil
	}
	query = "SELECT f.epoch, f.state, f.capture, NULL, NULL, NULL, " + src.list + " FROM crossfade_fence f" +
		" LEFT JOIN " + src.table + " t ON " + where + " WHERE f.grp = ?" +
		" UNION ALL SELECT NULL, NULL, NULL, c.version, c.dirty, c.id, " + repeat("NULL", len(src.entity.Columns)) +
		" FROM crossfade_change c WHERE c.grp = ? AND c.entity = ? AND c.id IN (" + repeat("?", len(ids)) + ")"
	return src, query, append(append(args, s.group, s.group, src.entity.Name), ids...), nil
}

// keep puts a row into found if its key is one of those asked for.
func (src *source) keep(found map[transform.Key]store.Row, text rowText) {
	if !src.isThere(text) {
		return
	}
	row, err := src.row(text)
	if there, wanted := found[row.Key]; wanted {
		row.Err, row.Version, row.Dirty = err, there.Version, there.Dirty
		found[row.Key] = row
	}
}

// keepVersion puts the version of a key into found.
func (src *source) keepVersion(found map[transform.Key]store.Row, id string, part snapshot) {
	key := transform.Key{Entity: src.entity.Name, ID: id}
	row := found[key]
	row.Key, row.Version, row.Dirty = key, store.Version(part.version.V), part.dirty.Bool
	found[key] = row
}
