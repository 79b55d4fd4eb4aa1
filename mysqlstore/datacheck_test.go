package mysqlstore_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// fill puts rows into a library that all become items.
func (l *library) fill() {
	l.db.MustExec("INSERT INTO countries VALUES ('DK', 'Danmark'), ('UK', 'United Kingdom')")
	l.db.MustExec("INSERT INTO authors VALUES (1, 'DK', 'Karen'), (2, 'UK', 'Virginia')")
	l.db.MustExec("INSERT INTO books VALUES (1, 1, 'A', 'north', NULL, 0, '1937-01-01', '{\"n\": 1}', X'00FF')," +
		" (2, 2, 'B', 'north', 1, 1, NULL, NULL, NULL), (3, 2, 'C', 'South', 2, 1, NULL, NULL, '')")
	l.db.MustExec("INSERT INTO chapters VALUES (1, 1, 'One'), (1, 2, NULL)")
}

// data returns what CheckData finds.
func (l *library) data(opts *mysqlstore.DataOptions) []string {
	l.t.Helper()
	found, err := mysqlstore.CheckData(l.ctx, l.db, l.c, opts)
	require.NoError(l.t, err)
	list := []string{}
	for _, f := range found {
		require.Equal(l.t, transform.Error, f.Severity)
		reason := f.Reason
		if f.Collisions > 0 {
			reason += fmt.Sprintf(" %d", f.Collisions)
		}
		list = append(list, fmt.Sprintf("%s %s %s %d %v", f.Pointer, f.Entity, reason, f.Count, f.Keys))
	}
	return list
}

// What keeps a row from becoming its item is found with the number of rows and
// their keys, and nothing is found in rows that do.
func TestCheckData(t *testing.T) {
	const book, pk = "/tables/0/entities/0", "/tables/0/entities/0/pk_template"
	const add = "INSERT INTO books (id, author_id, isbn, shelf, lent, part_of, bought, notes, scan) VALUES "
	const collide, folded = book + " BOOK several rows have one item key in table Library, and only one of them would stay ",
		book + " BOOK the items of several rows have keys that are one and the same to MySQL, by the collation of isbn, shelf, and not to DynamoDB "
	for name, c := range map[string]struct {
		do   string
		want []string
	}{
		"nothing":           {"", nil},
		"one key":           {add + "(10, 1, 'X', 's', 0, NULL, NULL, NULL, NULL), (11, 1, 'X', 's', 0, NULL, NULL, NULL, NULL), (12, 1, 'X', 't', 0, NULL, NULL, NULL, NULL)", []string{collide + "1 2 [10 = 11]"}},
		"one key of many":   {add + strings.Join(books(10, 17), ", "), []string{collide + "1 7 [10 = 11 = 12 = 13 = 14 = 2 more]"}},
		"case":              {add + "(10, 1, 'X', 's', 0, NULL, NULL, NULL, NULL), (11, 1, 'X', 'S', 0, NULL, NULL, NULL, NULL)", []string{folded + "1 2 [10 = 11]"}},
		"case is no matter": {add + "(10, 1, 'X', 's', 0, NULL, NULL, NULL, NULL), (11, 1, 'x', 's', 0, NULL, NULL, NULL, NULL)", nil},
		"accent":            {add + "(10, 1, 'X', 'été', 0, NULL, NULL, NULL, NULL), (11, 1, 'X', 'ete', 0, NULL, NULL, NULL, NULL)", []string{folded + "1 2 [10 = 11]"}},
		"blanks":            {add + "(10, 1, 'X', 's', 0, NULL, NULL, NULL, NULL), (11, 1, 'X  ', 's ', 0, NULL, NULL, NULL, NULL)", []string{folded + "1 2 [10 = 11]"}},
		"both": {add + "(10, 1, 'X', 's', 0, NULL, NULL, NULL, NULL), (11, 1, 'X', 's', 0, NULL, NULL, NULL, NULL), (12, 1, 'X', 'S', 0, NULL, NULL, NULL, NULL)",
			[]string{collide + "1 2 [10 = 11]", folded + "1 3 [10 = 12 = 1 more]"}},
		"runs into each other": {add + "(10, 1, 'Xs', 't', 0, NULL, NULL, NULL, NULL), (11, 1, 'X', 'st', 0, NULL, NULL, NULL, NULL)", nil},
		// The index ByAuthor has PK as its sort key, and that is 1024 bytes.
		"long key": {add + "(10, 1, CONCAT(REPEAT('ж', 509), 'a'), 's', 0, NULL, NULL, NULL, NULL), (11, 1, REPEAT('ж', 510), 's', 0, NULL, NULL, NULL, NULL)",
			[]string{pk + " BOOK column PK: longer than the 1024 bytes that key attribute PK may have 1 [11]"}},
		"empty in an index": {add + "(10, 1, 'X', '', 0, NULL, NULL, NULL, NULL)",
			[]string{book + "/attributes/3 BOOK column shelf: empty, and part of a key of the table or an index, where DynamoDB allows no empty value 1 [10]"}},
		"2 in a BOOL": {"UPDATE books SET lent = id", []string{book + "/attributes/5 BOOK column lent: neither 0 nor 1, and the contract says BOOL 2 [2 3]"}},
		"zero dates": {"UPDATE books SET bought = IF(id = 1, '0000-00-00', '2024-00-10')",
			[]string{book + "/attributes/6 BOOK column bought: a zero or partial date, for which the contract names no form 3 [1 2 3]"}},
		"long number": {`UPDATE books SET notes = '{"n": 1234567890123456789012345678901234567890}' WHERE id = 2`, []string{book + "/attributes/7 BOOK column notes: a number has more than 38 significant digits 1 [2]"}},
		"large items": {"UPDATE books SET scan = REPEAT('x', 420000 + id) WHERE id > 1",
			[]string{book + " BOOK the item is over DynamoDB's 400 KB 2 [2 3]"}},
		"circle": {"UPDATE books SET part_of = 3 WHERE id = 1",
			[]string{book + "/attributes/12 BOOK column depth: more than 31 rows above the row, or the row is above itself 3 [1 2 3]"}},
		"several of several": {"UPDATE books SET lent = 2, bought = '2024-00-10' WHERE id = 1; UPDATE books SET bought = '0000-00-00' WHERE id = 3",
			[]string{book + "/attributes/5 BOOK column lent: neither 0 nor 1, and the contract says BOOL 1 [1]",
				book + "/attributes/6 BOOK column bought: a zero or partial date, for which the contract names no form 2 [1 3]"}},
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.NeedsRealMySQL(t, "weighs texts, and takes zero dates")
			l := newLibrary(t)
			l.fill()
			conn, err := l.db.Connx(l.ctx)
			require.NoError(t, err)
			_, err = conn.ExecContext(l.ctx, "SET sql_mode = ''")
			require.NoError(t, err)
			for _, statement := range strings.Split(c.do, "; ") {
				if statement != "" {
					_, err := conn.ExecContext(l.ctx, statement)
					require.NoError(t, err)
				}
			}
			require.NoError(t, conn.Close())
			require.Equal(t, append([]string{}, c.want...), l.data(nil))
		})
	}
}

// books are rows that have one item key.
func books(from, to int) (rows []string) {
	for id := from; id < to; id++ {
		rows = append(rows, fmt.Sprintf("(%d, 1, 'X', 's', 0, NULL, NULL, NULL, NULL)", id))
	}
	return rows
}

// A finding shows as many keys as were asked for, and no key is longer than fits
// a line.
func TestCheckDataKeys(t *testing.T) {
	db := openDB(t, enginetest.MySQL(t))
	db.MustExec("CREATE TABLE notes (id VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, done TINYINT(1) NOT NULL) ENGINE=InnoDB")
	db.MustExec("INSERT INTO notes VALUES ('a', 2), ('b/c', 3), ('d', 4), (?, 0), (?, 5)", "e", strings.Repeat("ж", 300))
	c := described(t, db, `[{"table": "Notes", "type": "single-entity", "source_table": "notes", "pk": "id", "attributes": [
		{"name": "id", "type": "S", "source_column": "id"}, {"name": "done", "type": "BOOL", "source_column": "done"}]}]`)
	for keys, want := range map[int][]string{1: {"a"}, 2: {"a", "b~sc"}, 0: {"a", "b~sc", "d", strings.Repeat("ж", 100) + "…"}} {
		found, err := mysqlstore.CheckData(t.Context(), db, c, &mysqlstore.DataOptions{Keys: keys})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.EqualValues(t, 4, found[0].Count)
		require.Equal(t, want, found[0].Keys)
	}
}

// However many things are wrong with an entity's rows, a bounded number is told one
// by one, and the rest together: no row is left out, and what is known stays so.
func TestCheckDataOfManyFaults(t *testing.T) {
	const columns, told = 205, 200
	l := &library{t: t, ctx: t.Context(), db: openDB(t, enginetest.MySQL(t))}
	attributes := `{"name": "id", "type": "N", "source_column": "id"}`
	var definitions, rows []string
	for i := range columns {
		definitions = append(definitions, fmt.Sprintf("c%d TINYINT(1) NOT NULL", i))
		attributes += fmt.Sprintf(`, {"name": "c%d", "type": "BOOL", "source_column": "c%[1]d"}`, i)
	}
	for row := range columns + 1 { // in each another column is wrong, in the last the first's again
		values := slices.Repeat([]string{"0"}, columns)
		values[row%columns] = "2"
		rows = append(rows, fmt.Sprintf("(%d, %s)", row, strings.Join(values, ", ")))
	}
	l.db.MustExec("CREATE TABLE wide (id INT NOT NULL PRIMARY KEY, " + strings.Join(definitions, ", ") + ") ENGINE=InnoDB")
	l.db.MustExec("INSERT INTO wide VALUES " + strings.Join(rows, ", "))
	l.c = described(t, l.db, `[{"table": "Wide", "type": "single-entity", "source_table": "wide", "pk": "id", "attributes": [`+attributes+`]}]`)
	found := l.data(nil)
	require.Equal(t, told+1, len(found))
	require.Equal(t, "/0/attributes/1 Wide column c0: neither 0 nor 1, and the contract says BOOL 2 [0 205]", found[0])
	require.Equal(t, "/0/attributes/200 Wide column c199: neither 0 nor 1, and the contract says BOOL 1 [199]", found[told-1])
	require.Equal(t, "/0 Wide can't become an item, for other reasons 5 [200 201 202 203 204]", found[told])
}

// Rows that have no key the library knows are counted, and end no page: of two
// columns, the rows go on after the last one's, also where that is a number beyond
// 64 bits with a sign.
func TestCheckDataWithoutKeys(t *testing.T) {
	db := openDB(t, enginetest.MySQL(t))
	db.MustExec("CREATE TABLE notes (place VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, n BIGINT UNSIGNED NOT NULL, PRIMARY KEY (place, n)) ENGINE=InnoDB")
	var values []string
	for i := range 1203 {
		values = append(values, fmt.Sprintf("('p%d ', %d)", i/401, uint64(1)<<63+uint64(i)))
	}
	db.MustExec("INSERT INTO notes VALUES " + strings.Join(values, ", "))
	c := described(t, db, `[{"table": "Notes", "type": "single-entity", "source_table": "notes", "pk": "place", "sk": "n", "attributes": [
		{"name": "place", "type": "S", "source_column": "place"}, {"name": "n", "type": "N", "source_column": "n"}]}]`)
	var pages []int64
	found, err := mysqlstore.CheckData(t.Context(), db, c, &mysqlstore.DataOptions{Keys: 1,
		Report: func(entity string, rows int64) {
			require.Equal(t, "Notes", entity)
			require.LessOrEqual(t, rows, int64(1203), "a row was read twice")
			pages = append(pages, rows)
		}})
	require.NoError(t, err)
	require.Equal(t, []int64{500, 1000, 1203}, pages)
	require.Len(t, found, 1)
	require.EqualValues(t, 1203, found[0].Count)
	require.Equal(t, []string{"p0 /9223372036854775808"}, found[0].Keys)
}

// keyed is a contract whose items are found by a text that is not the primary
// key, so that every key has to be compared with every other.
const keyed = `[{"table": "Codes", "type": "single-entity", "source_table": "codes", "pk": "code", "unique": [{"columns": ["code"]}], "attributes": [
	{"name": "id", "type": "N", "source_column": "id"}, {"name": "code", "type": "S", "source_column": "code"}]}]`

// codes makes a table of n rows with codes that differ.
func codes(t *testing.T, n int) *library {
	enginetest.NeedsRealMySQL(t, "weighs texts, and makes rows by the hundred thousand")
	l := &library{t: t, ctx: t.Context(), db: openDB(t, enginetest.MySQL(t))}
	l.db.MustExec("CREATE TABLE codes (id INT NOT NULL PRIMARY KEY, code VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL) ENGINE=InnoDB")
	l.db.MustExec("INSERT INTO codes WITH RECURSIVE d (x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM d WHERE x < 999)"+
		" SELECT a.x * 1000 + b.x + 1, CONCAT('code ', a.x * 1000 + b.x + 1) FROM d AS a JOIN d AS b WHERE a.x < ?", n/1000)
	l.c = described(t, l.db, keyed)
	return l
}

// However many rows there are, the same memory does, and nothing is left behind.
func TestCheckDataMemory(t *testing.T) {
	const rows, bound = 200_000, 12 << 20
	l := codes(t, rows)
	l.db.MustExec("UPDATE codes SET code = 'code 7' WHERE id IN (199000, 199999)")
	l.db.MustExec("UPDATE codes SET code = 'code 8 ' WHERE id = 150000")
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var highest atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				highest.Store(max(highest.Load(), now.HeapAlloc))
			}
		}
	}()
	dir := t.TempDir()
	found := l.data(&mysqlstore.DataOptions{Dir: dir, Report: func(string, int64) {
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		if runtime.GOOS != "windows" {
			require.Empty(t, files, "a process that is killed leaves no keys behind")
		}
	}})
	close(stop)
	<-stopped
	require.Equal(t, []string{
		"/0 Codes several rows have one item key in table Codes, and only one of them would stay 1 3 [7 = 199000 = 199999]",
		"/0 Codes the items of several rows have keys that are one and the same to MySQL, by the collation of code, and not to DynamoDB 1 2 [8 = 150000]",
	}, found)
	require.Less(t, highest.Load(), before.HeapAlloc+bound)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files)
}

// A check that is interrupted says so at once, with what it found until then, and
// leaves neither files nor a connection.
func TestCheckDataInterrupted(t *testing.T) {
	l := codes(t, 30_000)
	l.db.MustExec("UPDATE codes SET code = '' WHERE id = 3")
	l.db.MustExec("UPDATE codes SET code = 'code 7' WHERE id = 9000")
	ctx, interrupt := context.WithCancel(t.Context())
	dir, calls := t.TempDir(), 0
	found, err := mysqlstore.CheckData(ctx, l.db, l.c, &mysqlstore.DataOptions{Dir: dir, Report: func(_ string, rows int64) {
		if rows >= 25_000 {
			calls++
			interrupt()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, calls)
	require.Len(t, found, 2)
	require.Equal(t, []string{"3"}, found[0].Keys)
	require.Equal(t, []string{"7 = 9000"}, found[1].Keys)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files)
	require.Zero(t, l.db.Stats().InUse)
}

// What can't be read or written is an error, and no finding.
func TestCheckDataFails(t *testing.T) {
	l := codes(t, 30_000)
	_, err := mysqlstore.CheckData(t.Context(), l.db, l.c, &mysqlstore.DataOptions{Dir: t.TempDir() + "/absent"})
	require.ErrorContains(t, err, "absent")
	l.db.MustExec("DROP TABLE codes")
	_, err = mysqlstore.CheckData(t.Context(), l.db, l.c, nil)
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = mysqlstore.CheckData(t.Context(), nil, l.c, nil)
	require.Error(t, err)
}

// An item's key that is made in two steps of the whole primary key: no two rows
// have the same.
func TestCheckDataOfKeyInTwoSteps(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "weighs texts")
	db, err := mysqlstore.OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	defer db.Close()
	db.MustExec("CREATE TABLE shelves (name VARCHAR(40) COLLATE utf8mb4_bin PRIMARY KEY)")
	db.MustExec("INSERT INTO shelves VALUES ('east'), ('north'), ('west')")
	c, err := transform.Load([]byte(`[{"table": "Shelves", "type": "single-entity", "source_table": "shelves", "pk": "PK",
		"columns": [{"name": "name", "type": "varchar", "length": 40, "collation": "utf8mb4_bin"}], "primary_key": ["name"],
		"attributes": [{"name": "label", "type": "S", "source_column": ["name"], "calculation": {"type": "concat", "separator": "-"}},
			{"name": "PK", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "SHELF#{label}"}}]}]`))
	require.NoError(t, err)
	found, err := mysqlstore.CheckData(t.Context(), db, c, nil)
	require.NoError(t, err)
	require.Empty(t, found)
}
