package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestOrders goes from a contract without columns to one that is checked against
// schema and rows, previewed and shown as views, with joins and no DynamoDB.
func TestOrders(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "weighs texts, and has views")
	dsn := enginetest.MySQL(t)
	runScript(t, "orders.script", map[string]string{"MYSQL": dsn}, open(t, dsn))
}

// emptyDatabase returns a fresh database.
func emptyDatabase(t *testing.T) (dsn string, db *sqlx.DB) {
	t.Helper()
	isolateAWS(t)
	dsn = enginetest.MySQL(t)
	return dsn, open(t, dsn)
}

// usersDatabase returns one with the table of testdata/users_full.json and that
// many rows, of which nothing but the key is said.
func usersDatabase(t *testing.T, rows int) (dsn string, db *sqlx.DB) {
	t.Helper()
	dsn, db = emptyDatabase(t)
	db.MustExec(usersTable)
	var values []string
	for i := range rows {
		values = append(values, fmt.Sprintf("(%d)", i))
	}
	if rows > 0 {
		db.MustExec("INSERT INTO users (user_id) VALUES " + strings.Join(values, ","))
	}
	return dsn, db
}

// contractFile writes a contract and returns where it is.
func contractFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "contract.json")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// TestInterruptedDataCheck holds that a check of rows that is stopped says so, and
// prints what it found until then.
func TestInterruptedDataCheck(t *testing.T) {
	dsn, db := usersDatabase(t, 3000)
	db.MustExec("ALTER TABLE users ADD COLUMN stray INT")
	_, err := db.Exec("UPDATE users SET username = '' WHERE user_id = 7")
	require.NoError(t, err)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	env := environment{Terminal: true, Getenv: func(string) string { return "" }, Stdin: strings.NewReader("")}
	var stdout strings.Builder
	// The bar of the second page comes before the last one is read.
	stderr := &interrupter{after: "check of Users", interrupt: interrupt}
	code := run(ctx, []string{"contract", "check", "--contract", "testdata/users_full.json", "--mysql", dsn, "--data", "--json"}, env, &stdout, stderr)
	require.Equal(t, exitFound, code, stderr.text.String())
	require.Contains(t, stderr.text.String(), "interrupted")
	var doc map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout.String()), &doc))
	require.Contains(t, doc["error"], "interrupted")
	require.Contains(t, doc["stopped"], "stopped in Users after 500 rows")
	require.Contains(t, stdout.String(), "stray", "what the schema says")
	require.Contains(t, stdout.String(), "column username: empty", "what the rows say")
	code, text, _ := call(t.Context(), environment{}, "contract", "check", "--contract", "testdata/users_full.json", "--mysql", dsn, "--data")
	require.Equal(t, exitFound, code)
	require.NotContains(t, text, "stopped")
}

// An interrupter stops a command once it has printed a text.
type interrupter struct {
	text      strings.Builder
	after     string
	interrupt func()
}

func (w *interrupter) Write(p []byte) (int, error) {
	n, err := w.text.Write(p)
	if strings.Contains(w.text.String(), w.after) {
		w.interrupt()
	}
	return n, err
}

// TestPreviewDocument holds that preview --json is one document, also when rows
// or nothing at all is in it.
func TestPreviewDocument(t *testing.T) {
	dsn, db := usersDatabase(t, 0)
	for rows := range 3 {
		code, stdout, stderr := call(t.Context(), environment{}, "preview", "--contract", "testdata/users_full.json", "--mysql", dsn, "--entity", "Users", "--json")
		require.Zero(t, code, stderr)
		var doc struct {
			Entity string
			Items  []map[string]map[string]any
			Unfit  int
		}
		require.NoError(t, json.Unmarshal([]byte(stdout), &doc), stdout)
		require.Equal(t, "Users", doc.Entity)
		require.Len(t, doc.Items, rows)
		db.MustExec("INSERT INTO users (user_id, username) VALUES (?, ?)", rows, fmt.Sprintf("a\"%d\n", rows))
	}
}

// TestInterruptedPreview holds that the document of a preview which is stopped is
// whole as JSON and says that it is not all.
func TestInterruptedPreview(t *testing.T) {
	dsn, _ := usersDatabase(t, 3000)
	type document struct {
		Items    []any
		Complete *bool
		Error    string
	}
	preview := func(after string) (code int, doc document) {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		env := environment{Getenv: func(string) string { return "" }, Stdin: strings.NewReader("")}
		stdout := &interrupter{after: after, interrupt: interrupt}
		var stderr strings.Builder
		code = run(ctx, []string{"preview", "--contract", "testdata/users_full.json", "--mysql", dsn, "--entity", "Users", "--limit", "0", "--json"}, env, stdout, &stderr)
		require.NoError(t, json.Unmarshal([]byte(stdout.text.String()), &doc), stderr.String())
		return code, doc
	}
	code, doc := preview(`"499"`)
	require.Equal(t, exitFound, code)
	require.NotNil(t, doc.Complete)
	require.False(t, *doc.Complete)
	require.Contains(t, doc.Error, "interrupted")
	require.Less(t, len(doc.Items), 3000)

	code, doc = preview("never")
	require.Zero(t, code)
	require.True(t, *doc.Complete)
	require.Empty(t, doc.Error)
	require.Len(t, doc.Items, 3000)
}

// TestWrittenContractsLoad holds that whatever --write says of a table is read
// again, and is then the same as the table: every type, default and index.
func TestWrittenContractsLoad(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "tells of all types, defaults and expressions")
	dsn, db := emptyDatabase(t)
	db.MustExec(`CREATE TABLE kinds (
		id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
		a TINYINT NOT NULL DEFAULT 1, b SMALLINT UNSIGNED, c MEDIUMINT, d INT ZEROFILL, e BIT(5), f YEAR, g BOOLEAN,
		h DECIMAL(65,30), i DECIMAL(5,0) UNSIGNED, j FLOAT, k FLOAT(7,2), l DOUBLE, m DOUBLE(10,3),
		n DATE DEFAULT '2020-01-01', o DATETIME(3), p TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6), q TIME(2),
		r CHAR(5) CHARACTER SET ascii COLLATE ascii_bin, s VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'it''s "x"',
		t TINYTEXT CHARACTER SET latin1 COLLATE latin1_bin, u LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
		ci VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
		v ENUM('a', 'b''c', '"', '\\'), w SET('x', 'y'), x BINARY(4), y VARBINARY(7), z LONGBLOB, doc JSON,
		UNIQUE KEY pair (c, s), UNIQUE KEY state (v), UNIQUE KEY folded (u(5)), UNIQUE KEY part (s(3)), UNIQUE KEY with_id (id, a), UNIQUE KEY by_case (ci),
		UNIQUE KEY ` + "`odd name; --`" + ` (b)
	) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`)
	var attributes []string
	var names []string
	require.NoError(t, db.Select(&names, "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'kinds' ORDER BY ordinal_position"))
	types := map[string]string{"g": "BOOL", "x": "B", "y": "B", "z": "B", "doc": "JSON", "w": "SS"}
	for _, name := range names {
		kind := types[name]
		if kind == "" {
			kind = "S"
		}
		attributes = append(attributes, fmt.Sprintf(`{"name": %q, "type": %q, "source_column": %q}`, name, kind, name))
	}
	text := `[{"table": "Kinds", "type": "single-entity", "source_table": "kinds", "pk": "id", "attributes": [` + strings.Join(attributes, ", ") + `]}]`
	file := contractFile(t, text)
	check := func(args ...string) string {
		code, stdout, stderr := call(t.Context(), environment{}, append([]string{"contract", "check", "--contract", file}, args...)...)
		require.Zero(t, code, stdout+stderr)
		return stdout
	}
	require.Contains(t, check("--mysql", dsn, "--write"), "were written")
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(written), "\n", "one line stays one line")
	require.Contains(t, string(written), `"unique": [{"name": "by_case", "columns": ["ci"]}, {"name": "pair", "columns": ["c", "s"]}, {"name": "state", "columns": ["v"]}]`)
	require.Contains(t, check("--mysql", dsn, "--write"), "nothing was written")
	check()
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(written), string(again))
}

// TestWriteAddsSequence holds that --write says of an AUTO_INCREMENT column that is
// the whole key that the stores assign it, of no other column, and never twice.
func TestWriteAddsSequence(t *testing.T) {
	dsn, db := emptyDatabase(t)
	db.MustExec("CREATE TABLE notes (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL)")
	db.MustExec("CREATE TABLE pairs (id BIGINT NOT NULL AUTO_INCREMENT, n INT NOT NULL, PRIMARY KEY (id, n))")
	table := `{"table": "%s", "type": "single-entity", "source_table": "%[1]s", "pk": "id", "sk": %s,
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "n", "type": "N", "source_column": "n"}]}`
	file := contractFile(t, `{"tables": [`+fmt.Sprintf(table, "notes", "null")+", "+fmt.Sprintf(table, "pairs", `"n"`)+`]}`)
	for range 2 {
		code, stdout, stderr := call(t.Context(), environment{}, "contract", "check", "--contract", file, "--mysql", dsn, "--write")
		require.Zero(t, code, stdout+stderr)
		require.NotContains(t, stdout, "/tables/0: column id is auto_increment")
		require.Contains(t, stdout, "/tables/1: column id is auto_increment, and the entity has no sequence")
		written, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, 2, strings.Count(string(written), `"generated": "auto_increment"`))
		require.Equal(t, 1, strings.Count(string(written), `"sequence": {"column": "id"}`))
		require.Less(t, strings.Index(string(written), "sequence"), strings.Index(string(written), "pairs"))
	}
}

// TestWriteOncePerTable holds that a table of several entities is described with
// the first of them, and that a table which joins read too is described there.
func TestWriteOncePerTable(t *testing.T) {
	dsn, db := emptyDatabase(t)
	db.MustExec("CREATE TABLE people (id INT PRIMARY KEY, boss INT NOT NULL)")
	entity := `{"entity_type": "%s", "source_table": "people", "pk_template": "%[1]s#{id}", "sk_template": "%[1]s", "attributes": [
		{"name": "id", "type": "N", "source_column": "id"}, {"name": "boss", "type": "N", "source_column": "boss"},
		{"name": "boss_of_boss", "type": "N", "source_column": null, "keep": {"dynamodb": "copy"}, "join": {"type": "self-join", "target_table": "people", "join_alias": "b",
			"join_condition": "b.id = people.boss", "select_column": "b.boss"}}]}`
	text := `{"tables": [{"table": "People", "type": "multi-entity", "source_table": "people", "pk": "PK", "sk": "SK", "entities": [` +
		fmt.Sprintf(entity, "ONE") + ", " + fmt.Sprintf(entity, "TWO") + `]}]}`
	file := contractFile(t, text)
	_, stdout, stderr := call(t.Context(), environment{}, "contract", "check", "--contract", file, "--mysql", dsn, "--write")
	require.Contains(t, stdout, "were written", stderr)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(written), `"columns"`))
	require.NotContains(t, string(written), "source_tables")
	require.Less(t, strings.Index(string(written), `"columns"`), strings.Index(string(written), "TWO"))
}
