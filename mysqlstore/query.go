package mysqlstore

import (
	"context"
	"database/sql"

	"github.com/crossfade-go/crossfade/dal/store"
)

// Query returns the rows that the index, or the table's own key, holds under one
// value: those whose column is equal to it byte by byte, in byte order of the sort
// key's column, then of the primary key. A row whose index column is NULL is in no
// index, as in DynamoDB.
//
// The column is compared twice. Its own comparison finds the rows through
// MySQL's index; the one of bytes leaves out what only the collation takes for
// equal. An attribute that is computed is compared as the entity's view shows it, and
// the columns that can be told from it are, for MySQL's index.
func (s *Store) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	checked, err := store.NewLookup(q)
	if err != nil {
		return nil, s.invalid("query", entityName(q), "", err.Error(), store.NoWrite)
	}
	src := s.sources[q.Entity.Name]
	if src == nil {
		return nil, s.invalid("query", q.Entity.Name, "", "the contract has no such entity", store.NoWrite)
	}
	if err := s.keepsAway("query", src, store.NoWrite); err != nil {
		return nil, err
	}
	if src.sql != nil {
		return s.queryOwn(ctx, at, src, newLookup(src, checked), q.Limit)
	}
	rows, err := s.list(ctx, s.db, "query", at, src, newLookup(src, checked), q.Limit)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Err != nil {
			return nil, s.unfit("query", src.entity, row.Err, store.NoWrite)
		}
	}
	return rows, nil
}

func entityName(q store.Query) string {
	if q.Entity == nil {
		return ""
	}
	return q.Entity.Name
}

// list runs a lookup. The fence is part of the same statement, unless the reader
// wants none; it makes a row of NULLs where the lookup finds none.
func (s *Store) list(ctx context.Context, q querier, op string, at store.At, src *source, l *lookup, limit int) ([]store.Row, error) {
	from := " FROM " + src.table + " t WHERE " + l.where + " ORDER BY " + l.order + " LIMIT ?"
	query, args := "SELECT "+src.list+from, append(l.args[:len(l.args):len(l.args)], limit)
	var snap snapshot
	var lead []any
	if looks(at) {
		// The page is a table of its own, so that the server sorts no more of the
		// partition for the fence's sake than it would without.
		query = "SELECT f.epoch, f.state, f.capture, " + src.list + " FROM crossfade_fence f LEFT JOIN (SELECT t.*" + from +
			") t ON TRUE WHERE f.grp = ? ORDER BY " + l.order
		args, lead = append(args, s.group), snap.fence.dest()
	}
	var found []store.Row
	err := each(ctx, q, func(rows *sql.Rows) error {
		text, err := src.scan(rows, lead...)
		if err == nil && src.isThere(text) {
			row, fault := src.row(text)
			row.Err = fault
			found = append(found, row)
		}
		return err
	}, query, args...)
	return found, s.judge(op, src.entity, at, &snap, err)
}
