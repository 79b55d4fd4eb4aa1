package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// primary is the name every primary key has as an index.
const primary = "PRIMARY"

// A UniqueIndex is a UNIQUE index of a table, or its primary key.
type UniqueIndex struct {
	Name    string // "PRIMARY" for the primary key
	Columns []string
	// Collations are those of the columns, "" for one that has none.
	Collations []string
	// Partial says that the index looks at a part of a column's value only, or
	// at an expression, which then has no name in Columns.
	Partial bool
}

// Uniques returns every UNIQUE index of an entity's table but the primary key,
// in the order of their names, as the server has them now. It is what a contract
// must declare before DynamoDB can be the authority: DynamoDB keeps unique only
// what the contract says.
func (s *Store) Uniques(ctx context.Context, e *transform.Entity) ([]UniqueIndex, error) {
	all, err := readIndexes(ctx, s.db, e.Source)
	if err != nil {
		return nil, s.wrap("uniques", e, store.NoWrite, err)
	}
	return slices.DeleteFunc(all, func(i UniqueIndex) bool { return strings.EqualFold(i.Name, primary) }), nil
}

// readIndexes returns every unique index of a table, the primary key too.
func readIndexes(ctx context.Context, q querier, table string) ([]UniqueIndex, error) {
	var all []UniqueIndex
	err := each(ctx, q, func(rows *sql.Rows) error {
		var name string
		var column, collation sql.NullString
		var part sql.Null[int64]
		if err := rows.Scan(&name, &column, &part, &collation); err != nil {
			return err
		}
		if len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, UniqueIndex{Name: name})
		}
		i := &all[len(all)-1]
		i.Columns, i.Collations = append(i.Columns, column.String), append(i.Collations, collation.String)
		i.Partial = i.Partial || part.Valid || !column.Valid
		return nil
	}, "SELECT s.index_name, s.column_name, s.sub_part, c.collation_name FROM information_schema.statistics s"+
		" LEFT JOIN information_schema.columns c ON c.table_schema = s.table_schema AND c.table_name = s.table_name"+
		" AND c.column_name = s.column_name"+
		" WHERE s.table_schema = DATABASE() AND s.table_name = ? AND s.non_unique = 0"+
		" ORDER BY s.index_name, s.seq_in_index", table)
	return all, err
}

// uniqueIndex returns the unique index of a table with that name. One that the
// database does not tell of has its name and no columns.
func (s *Store) uniqueIndex(ctx context.Context, q querier, table, name string) UniqueIndex {
	known, ok := s.uniques.Load(table)
	if !ok {
		all, err := readIndexes(ctx, q, table)
		if err != nil {
			return UniqueIndex{Name: name}
		}
		known, _ = s.uniques.LoadOrStore(table, all)
	}
	for _, i := range known.([]UniqueIndex) {
		if strings.EqualFold(i.Name, name) {
			return i
		}
	}
	return UniqueIndex{Name: name}
}

// field returns the columns of the index as the field of an error.
func (i UniqueIndex) field() string {
	if columns := strings.Join(slices.DeleteFunc(slices.Clone(i.Columns), func(c string) bool { return c == "" }), ","); columns != "" {
		return columns
	}
	return i.Name
}

// duplicate returns the error of a write that met an entry of a unique index:
// ErrExists for the primary key, ErrUnique with the index's columns as its
// field for another one.
func (s *Store) duplicate(ctx context.Context, st *step, outcome store.Outcome, err error) *store.Error {
	index := duplicateIndex(err)
	out := &store.Error{Op: st.Op.String(), Entity: st.entity(), Store: s.Name(), Outcome: outcome,
		Kind: store.ErrUnique, Cause: cause(err, meaning{})}
	if strings.EqualFold(index, primary) {
		out.Kind = store.ErrExists
		return out
	}
	out.Field = s.uniqueIndex(ctx, s.db, st.src.entity.Source, index).field()
	return out
}
