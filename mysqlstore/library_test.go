package mysqlstore_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

//go:embed testdata/library.json
var libraryJSON string

//go:embed testdata/library.sql
var librarySQL string

// A library is a database with joins and two entities in one table, and its
// contract: no store can migrate it yet.
type library struct {
	t   *testing.T
	ctx context.Context
	db  *sqlx.DB
	c   *transform.Contract
}

// newLibrary makes the database; edits are pairs of what is replaced in schema
// and contract before.
func newLibrary(t *testing.T, edits ...string) *library {
	t.Helper()
	replace := strings.NewReplacer(edits...)
	l := &library{t: t, ctx: t.Context(), db: openDB(t, enginetest.MySQL(t))}
	for _, statement := range strings.Split(replace.Replace(librarySQL), ";\n") {
		l.db.MustExec(statement)
	}
	l.c = described(t, l.db, replace.Replace(libraryJSON))
	return l
}

// described returns a contract whose tables are described as the database has
// them, read again from its text.
func described(t *testing.T, db *sqlx.DB, text string) *transform.Contract {
	t.Helper()
	d, err := transform.Parse([]byte(text))
	require.NoError(t, err)
	for _, s := range append(d.SourceTables(), d.JoinedTables()...) {
		columns, key, err := mysqlstore.Introspect(t.Context(), db, s.Table)
		require.NoError(t, err)
		if s.Entity == "" {
			d.SetTable(s.Table, columns, key)
		} else {
			require.NoError(t, d.SetColumns(s.Entity, columns, key))
		}
	}
	c, err := transform.Load(d.JSON())
	require.NoError(t, err)
	return c
}

// live returns what CheckLive finds, sorted as it is found.
func (l *library) live() []string {
	l.t.Helper()
	findings, err := mysqlstore.CheckLive(l.ctx, l.db, l.c)
	require.NoError(l.t, err)
	list := []string{}
	for _, f := range findings {
		list = append(list, f.Severity.String()+" "+f.Pointer+" "+f.Reason)
	}
	return list
}

// quoteJSON is a text as JSON.
func quoteJSON(s string) string {
	b, _ := json.Marshal(s) // a string can't fail
	return string(b)
}
