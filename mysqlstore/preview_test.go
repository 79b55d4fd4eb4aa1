package mysqlstore_test

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// previewContract is one that no store can migrate: it joins.
const previewContract = `[{"table": "Parts", "type": "single-entity", "source_table": "parts", "pk": "id",
  "columns": [{"name": "id", "type": "int"}, {"name": "made", "type": "timestamp", "null": true, "precision": 0}, {"name": "day", "type": "date", "null": true}],
  "primary_key": ["id"],
  "attributes": [
    {"name": "id", "type": "N", "source_column": "id"}, {"name": "made", "type": "S", "source_column": "made"}, {"name": "day", "type": "S", "source_column": "day"},
    {"name": "notes", "type": "L", "source_column": null, "join": {"type": "json-construction", "target_table": "notes",
      "join_condition": "notes.part = parts.id", "construction": {"type": "array", "select_columns": {"text": "text"}}}}]}]`

const notesTable = `{"table": "notes", "columns": [{"name": "id", "type": "int"}, {"name": "part", "type": "int"},
  {"name": "text", "type": "varchar", "length": 2000, "collation": "utf8mb4_bin"}], "primary_key": ["id"]}`

// newPreview returns a preview whose pool has one connection, in a session of its
// own kind.
func newPreview(t *testing.T) (*mysqlstore.Preview, *sqlx.DB) {
	t.Helper()
	enginetest.NeedsRealMySQL(t, "has time zones and GROUP_CONCAT as MySQL does")
	db := openDB(t, withParams(enginetest.MySQL(t), "time_zone=%27%2B03:00%27&group_concat_max_len=1024"))
	db.SetMaxOpenConns(1)
	db.MustExec("CREATE TABLE parts (id INT PRIMARY KEY, made TIMESTAMP NULL, day DATE NULL)")
	db.MustExec("CREATE TABLE notes (id INT PRIMARY KEY, part INT, text VARCHAR(2000) COLLATE utf8mb4_bin)")
	c, err := transform.Load([]byte(`{"source_tables": [` + notesTable + `], "tables": ` + previewContract + `}`))
	require.NoError(t, err)
	_, err = mysqlstore.New(db, c, nil)
	require.Error(t, err, "no store takes the contract")
	p, err := mysqlstore.NewPreview(db, c)
	require.NoError(t, err)
	return p, db
}

func fillParts(db *sqlx.DB, n int) {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("(%d)", i)
	}
	db.MustExec("INSERT INTO parts (id) VALUES " + strings.Join(rows, ", "))
}

// Rows come page after page in the order of the key, each once, as many as asked
// for.
func TestPreviewRows(t *testing.T) {
	p, db := newPreview(t)
	fillParts(db, 1500)
	for _, limit := range []int{0, 1, 499, 500, 501, 1000, 1500, 2000} {
		want := 1500
		if limit > 0 {
			want = min(limit, want)
		}
		n := 0
		require.NoError(t, p.Rows(t.Context(), "Parts", limit, func(r store.Row) error {
			require.Equal(t, fmt.Sprint(n), r.Key.ID)
			n++
			return nil
		}))
		require.Equal(t, want, n, "limit %d", limit)
	}
}

// The session gets back what it had, also where the caller stops early; the lists
// do not depend on it, nor the times.
func TestPreviewSession(t *testing.T) {
	p, db := newPreview(t)
	db.MustExec("INSERT INTO parts VALUES (1, '2024-03-31 01:30:00', NULL)") // in +03:00
	for i := range 20 {
		db.MustExec("INSERT INTO notes VALUES (?, 1, ?)", i, strings.Repeat("😀", 500))
	}
	stop := errors.New("enough")
	for _, end := range []error{nil, stop} {
		require.ErrorIs(t, p.Rows(t.Context(), "Parts", 0, func(r store.Row) error {
			require.NoError(t, r.Err)
			made, _ := r.Record.Get("made")
			require.Equal(t, "2024-03-30T22:30:00Z", made.Text())
			notes, _ := r.Record.Get("notes")
			require.Equal(t, 20*500, strings.Count(notes.Text(), "😀"))
			return end
		}), end)
		var zone, length string
		require.NoError(t, db.QueryRow("SELECT @@SESSION.time_zone, @@SESSION.group_concat_max_len").Scan(&zone, &length))
		require.Equal(t, []string{"+03:00", "1024"}, []string{zone, length})
	}
}

// The pool is the caller's: who reads a row may use it meanwhile.
func TestPreviewLeavesThePool(t *testing.T) {
	p, db := newPreview(t)
	fillParts(db, 3)
	db.SetMaxOpenConns(2)
	require.NoError(t, p.Rows(t.Context(), "Parts", 0, func(store.Row) error {
		var n int
		return db.Get(&n, "SELECT 1")
	}))
}

// A row that can't be represented is among the others, with its key and why.
func TestPreviewUnfit(t *testing.T) {
	p, db := newPreview(t)
	fillParts(db, 3)
	db.MustExec("SET sql_mode = ''") // on the one connection
	db.MustExec("UPDATE parts SET day = '2024-00-00' WHERE id = 1")
	var keys []string
	require.NoError(t, p.Rows(t.Context(), "Parts", 0, func(r store.Row) error {
		keys = append(keys, r.Key.ID)
		require.Equal(t, r.Key.ID == "1", r.Err != nil)
		require.Equal(t, r.Err != nil, r.Record.IsZero())
		return nil
	}))
	require.Equal(t, []string{"0", "1", "2"}, keys)
	require.ErrorContains(t, p.Rows(t.Context(), "None", 0, nil), "no entity None")
	_, err := mysqlstore.NewPreview(nil, nil)
	require.Error(t, err)
}

// Large rows are not all in memory at once, and each is seen in its place.
func TestPreviewMemory(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "sends rows as they are read")
	const size, n, bound = 2 << 20, 40, 40 << 20
	db := openDB(t, enginetest.MySQL(t))
	db.MustExec("CREATE TABLE scans (id INT PRIMARY KEY, scan LONGBLOB)")
	for i := range n {
		db.MustExec("INSERT INTO scans VALUES (?, REPEAT('x', ?))", i, size)
	}
	c := described(t, db, `[{"table": "Scans", "type": "single-entity", "source_table": "scans", "pk": "id", "attributes": [
		{"name": "id", "type": "N", "source_column": "id"}, {"name": "scan", "type": "B", "source_column": "scan"}]}]`)
	p, err := mysqlstore.NewPreview(db, c)
	require.NoError(t, err)
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, seen := stats.HeapAlloc, 0
	require.NoError(t, p.Rows(t.Context(), "Scans", 0, func(r store.Row) error {
		require.Equal(t, fmt.Sprint(seen), r.Key.ID)
		seen++
		runtime.GC()
		runtime.ReadMemStats(&stats)
		require.Less(t, stats.HeapAlloc, before+bound)
		return nil
	}))
	require.Equal(t, n, seen)
}
