package mysqlstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
)

// primary is the name every primary key has as an index.
const primary = "PRIMARY"

// duplicate returns the error of a write that met an entry of a unique index:
// ErrExists for the primary key, ErrUnique with the index's columns as its
// field for another one.
func (s *Store) duplicate(ctx context.Context, st *step, outcome store.Outcome, err error) error {
	index := duplicateIndex(err)
	out := &store.Error{Op: st.Op.String(), Entity: st.Key.Entity, Store: s.Name(), Outcome: outcome,
		Kind: store.ErrUnique, Cause: cause(err, meaning{})}
	if strings.EqualFold(index, primary) {
		out.Kind = store.ErrExists
		return out
	}
	out.Field = s.indexColumns(ctx, st.src, index)
	return out
}

// indexColumns returns the columns of an index, with commas between, or the
// index's own name if the database does not say.
func (s *Store) indexColumns(ctx context.Context, src *source, index string) string {
	known, ok := s.uniques.Load(src.entity.Source)
	if !ok {
		columns, err := s.readIndexes(ctx, src.entity.Source)
		if err != nil {
			return index
		}
		known, _ = s.uniques.LoadOrStore(src.entity.Source, columns)
	}
	if columns := known.(map[string]string)[strings.ToLower(index)]; columns != "" {
		return columns
	}
	return index
}

// readIndexes returns the columns of every unique index of a table, by the
// index's name in lower case.
func (s *Store) readIndexes(ctx context.Context, table string) (map[string]string, error) {
	columns := map[string]string{}
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var index, column string
		err := rows.Scan(&index, &column)
		if index = strings.ToLower(index); columns[index] != "" {
			column = columns[index] + "," + column
		}
		columns[index] = column
		return err
	}, "SELECT index_name, column_name FROM information_schema.statistics"+
		" WHERE table_schema = DATABASE() AND table_name = ? AND non_unique = 0 AND column_name IS NOT NULL"+
		" ORDER BY index_name, seq_in_index", table)
	return columns, err
}
