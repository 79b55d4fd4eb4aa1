package transform_test

import (
	"database/sql"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// readOne reads the row of a key, which must be there, and returns what is wrong
// with it.
func readOne(t testing.TB, q sqlx.QueryerContext, e *transform.Entity, key transform.Key) error {
	t.Helper()
	s, err := e.SelectKeys(key)
	require.NoError(t, err)
	all, err := read(t, q, s, e.Selected())
	require.NoError(t, err)
	require.Len(t, all, 1)
	rec, fault := e.ReadRow(all[0])
	got, err := rec.Key()
	require.NoError(t, err)
	require.Equal(t, key, got)
	return fault
}

// read runs a statement that selects n texts.
func read(t testing.TB, q sqlx.QueryerContext, s transform.Statement, n int) ([][]sql.NullString, error) {
	t.Helper()
	rows, err := q.QueryContext(t.Context(), s.SQL, s.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all [][]sql.NullString
	for rows.Next() {
		texts, dest := make([]sql.NullString, n), make([]any, n)
		for i := range texts {
			dest[i] = &texts[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		all = append(all, texts)
	}
	return all, rows.Err()
}
