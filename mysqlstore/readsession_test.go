package mysqlstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// oddSessions are parameters of a DSN that make a session read, compare or reckon
// in another way.
func oddSessions(db *sqlx.DB) map[string]string {
	odd := map[string]string{
		"utf8mb3":  "charset=utf8mb3",
		"latin1":   "charset=latin1",
		"padded":   "sql_mode=%27PAD_CHAR_TO_FULL_LENGTH%27",
		"digits":   "div_precision_increment=9",
		"few rows": "sql_select_limit=1",
	}
	var version string
	if db.Get(&version, "SELECT VERSION()") == nil && strings.Contains(version, "MariaDB") {
		odd["empty is NULL"] = "sql_mode=%27STRICT_ALL_TABLES,EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH%27"
	}
	return odd
}

// sessionOf returns what a session has that a reading session has in its own way.
func sessionOf(t *testing.T, db *sqlx.DB) []string {
	t.Helper()
	values := make([]string, 8)
	var dest []any
	for i := range values {
		dest = append(dest, &values[i])
	}
	require.NoError(t, db.QueryRow("SELECT @@SESSION.character_set_client, @@SESSION.character_set_results, @@SESSION.collation_connection,"+
		" @@SESSION.sql_mode, @@SESSION.div_precision_increment, @@SESSION.sql_select_limit, @@SESSION.time_zone,"+
		" @@SESSION.group_concat_max_len LIMIT 1").Scan(dest...))
	return values
}

// What a preview and the checks read does not depend on the DSN, and the session
// goes back as it came.
func TestReadSessions(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has sessions of other character sets, modes and precisions")
	dsn := enginetest.MySQL(t)
	good := openDB(t, dsn)
	good.MustExec("CREATE TABLE things (id VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY, code CHAR(4) NOT NULL," +
		" kind ENUM('ж','b') COLLATE utf8mb4_bin NOT NULL DEFAULT 'ж') CHARACTER SET utf8mb4")
	good.MustExec("CREATE TABLE marks (id INT PRIMARY KEY, thing VARCHAR(20) COLLATE utf8mb4_bin, mark INT, KEY (thing)) CHARACTER SET utf8mb4")
	var rows []string
	for i := range 600 {
		rows = append(rows, fmt.Sprintf("('😀%04d', 'c')", i))
	}
	good.MustExec("INSERT INTO things (id, code) VALUES " + strings.Join(rows, ", "))
	good.MustExec("INSERT INTO marks VALUES (1, '😀0001', 1), (2, '😀0001', 2), (3, '😀0001', 2)")
	of := `"source_column": null, %q: {"type": %q, "target_table": "marks", "join_condition": "marks.thing = things.id"`
	c := described(t, good, `[{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "id", "attributes": [
		{"name": "id", "type": "S", "source_column": "id"}, {"name": "code", "type": "S", "source_column": "code"},
		{"name": "kind", "type": "S", "source_column": "kind"},
		{"name": "mean", "type": "N", `+fmt.Sprintf(of, "calculation", "aggregate")+`, "operation": "AVG", "select_column": "mark"}},
		{"name": "marks", "type": "L", `+fmt.Sprintf(of, "join", "json-construction")+`,
			"construction": {"type": "array", "select_columns": {"mark": "mark"}}}}]}]`)
	type result struct {
		items, columns []string
		key            []string
		uniques        []mysqlstore.UniqueIndex
		live           []transform.Finding
		data           []mysqlstore.DataFinding
		read           int64
	}
	read := func(t *testing.T, db *sqlx.DB) (r result) {
		t.Helper()
		p, err := mysqlstore.NewPreview(db, c)
		require.NoError(t, err)
		require.NoError(t, p.Rows(t.Context(), "Things", 0, func(row store.Row) error {
			if row.Err != nil {
				return row.Err
			}
			text := row.Key.ID
			for _, name := range []string{"code", "kind", "mean", "marks"} {
				v, _ := row.Record.Get(name)
				text += fmt.Sprintf(" %s:%s", v.Kind(), v.Text())
			}
			r.items = append(r.items, text)
			return nil
		}))
		columns, key, err := mysqlstore.Introspect(t.Context(), db, "things")
		require.NoError(t, err)
		for _, column := range columns {
			r.columns = append(r.columns, fmt.Sprintf("%+v", column))
		}
		r.key = key
		r.uniques, err = mysqlstore.IntrospectUnique(t.Context(), db, "things")
		require.NoError(t, err)
		r.live, err = mysqlstore.CheckLive(t.Context(), db, c)
		require.NoError(t, err)
		r.data, err = mysqlstore.CheckData(t.Context(), db, c, &mysqlstore.DataOptions{Report: func(_ string, n int64) { r.read = n }})
		require.NoError(t, err)
		return r
	}
	want := read(t, good)
	require.EqualValues(t, 600, want.read)
	require.Len(t, want.items, 600)
	require.Contains(t, want.items[1], "😀0001 text:c text:ж")
	for name, params := range oddSessions(good) {
		t.Run(name, func(t *testing.T) {
			db := openDB(t, withParams(dsn, params))
			db.SetMaxOpenConns(1)
			before := sessionOf(t, db)
			require.Equal(t, want, read(t, db))
			require.Equal(t, before, sessionOf(t, db))
		})
	}
}
