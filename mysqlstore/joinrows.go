package mysqlstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Rows returns what the transaction leaves at the keys. Up to 500 keys of one entity are
// read by one statement, without a lock: the keys' change records are locked, and a row
// that the service has changed is read as it is. Under capture a record with rows of
// other tables is read by a statement of its own, which locks them: some may have come
// after the transaction's snapshot.
func (j *joining) Rows(ctx context.Context, keys []transform.Key) ([]store.Row, error) {
	err := j.complete(ctx)
	found := make(map[transform.Key]store.Row, len(keys))
	if err == nil {
		err = j.readRows(ctx, keys, found)
	}
	if err != nil {
		return nil, j.uncommitted(ctx, err)
	}
	j.whole = true
	rows := make([]store.Row, len(keys))
	for i, key := range keys {
		rows[i] = found[key]
	}
	return rows, nil
}

// readRows reads what is at the keys into found.
func (j *joining) readRows(ctx context.Context, keys []transform.Key, found map[transform.Key]store.Row) error {
	bySource := map[*source][]transform.Key{}
	for _, key := range slices.SortedFunc(slices.Values(keys), compareKeys) {
		found[key] = store.Row{Key: key}
		src := j.s.sources[key.Entity]
		_, fault := src.keyArgs(key)
		if fault == "" && j.s.keepsAway("commit", src, store.NotApplied) == nil {
			bySource[src] = append(bySource[src], key)
		}
	}
	for _, e := range j.s.contract.Entities {
		src := j.s.sources[e.Name]
		most, lock := manyKeys, ""
		if j.at.Captured && len(src.children) > 0 {
			most, lock = 1, inShare
		}
		for some := range slices.Chunk(bySource[src], most) {
			if err := j.readSome(ctx, src, some, lock, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// readSome reads different keys of one entity, each of which has an entry in found.
func (j *joining) readSome(ctx context.Context, src *source, keys []transform.Key, lock string, found map[transform.Key]store.Row) error {
	if src.sql != nil {
		rows, err := j.s.ownRows(ctx, &lent{on: j.own, t: j.t}, src, keys)
		for key, row := range rows {
			found[key] = row
		}
		return err
	}
	var args []any
	for _, key := range keys {
		some, _ := src.keyArgs(key)
		args = append(args, some...)
	}
	list := src.list
	if lock != "" {
		list = src.locked[lock]
	}
	return j.t.query(ctx, func(rows *sql.Rows) error {
		text, err := src.scan(rows)
		if err == nil {
			src.keep(found, text)
		}
		return err
	}, "SELECT "+list+" FROM "+src.table+" t WHERE "+src.byKeys(len(keys))+lock, args...)
}
