package mysqlstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// laxly runs statements in a session whose sql_mode takes what does not fit.
func laxly(l *library, statements ...string) {
	l.t.Helper()
	conn, err := l.db.Connx(l.ctx)
	require.NoError(l.t, err)
	defer conn.Close()
	for _, s := range append([]string{"SET sql_mode = ''"}, statements...) {
		_, err := conn.ExecContext(l.ctx, s)
		require.NoError(l.t, err)
	}
	_, err = conn.ExecContext(l.ctx, "SET sql_mode = DEFAULT")
	require.NoError(l.t, err)
}

// A row counts for everything that is wrong with it, and what follows from a
// column without a form is not told as well.
func TestCheckDataEveryFaultOfARow(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "weighs texts, and takes zero dates")
	const book = "/tables/0/entities/0"
	lent := book + "/attributes/5 BOOK column lent: neither 0 nor 1, and the contract says BOOL "
	bought := book + "/attributes/6 BOOK column bought: a zero or partial date, for which the contract names no form "
	shelf := book + "/attributes/3 BOOK column shelf: empty, and part of a key of the table or an index, where DynamoDB allows no empty value "
	large := book + " BOOK the item is over DynamoDB's 400 KB "
	for name, c := range map[string]struct {
		do   []string
		want []string
	}{
		"two columns": {[]string{"UPDATE books SET lent = 2, bought = '2024-00-10' WHERE id = 1", "UPDATE books SET bought = '0000-00-00' WHERE id = 3"},
			[]string{lent + "1 [1]", bought + "2 [1 3]"}},
		"a column and an attribute": {[]string{"UPDATE books SET lent = 2, shelf = '' WHERE id = 2"}, []string{lent + "1 [2]", shelf + "1 [2]"}},
		"a column and what is joined": {[]string{"UPDATE books SET lent = 2, part_of = 3 WHERE id = 1"},
			[]string{lent + "1 [1]", book + "/attributes/12 BOOK column depth: more than 31 rows above the row, or the row is above itself 3 [1 2 3]"}},
		"a column and the item": {[]string{"UPDATE books SET lent = 2, scan = REPEAT('x', 420000) WHERE id = 2"}, []string{lent + "1 [2]", large + "1 [2]"}},
		"a column and another's key": {[]string{"UPDATE books SET lent = 2, isbn = 'A', shelf = 'north' WHERE id = 2"},
			[]string{lent + "1 [2]", book + " BOOK several rows have one item key in table Library, and only one of them would stay 1 2 [1 = 2]"}},
		"all of them": {[]string{"UPDATE books SET lent = 3, bought = '0000-00-00', shelf = '', scan = REPEAT('x', 420000), part_of = 2 WHERE id = 2"},
			[]string{lent + "1 [2]", bought + "1 [2]", book + "/attributes/12 BOOK column depth: more than 31 rows above the row, or the row is above itself 2 [2 3]",
				shelf + "1 [2]", large + "1 [2]"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			l.fill()
			laxly(l, c.do...)
			require.Equal(t, c.want, l.data(nil))
		})
	}
}

// labelled is a contract whose item key and primary key are made of an ENUM, one of
// whose labels is the empty text.
const labelled = `[{"table": "Jobs", "type": "multi-entity", "source_table": "jobs", "pk": "PK", "entities": [
	{"entity_type": "JOB", "source_table": "jobs", "pk_template": "JOB#{state}#{at}", "unique": [{"columns": ["state", "at"]}], "attributes": [
		{"name": "state", "type": "S", "source_column": "state"}, {"name": "at", "type": "N", "source_column": "at"}, {"name": "note", "type": "N", "source_column": "note"}]}]}]`

// What is no label is the number 0 and an empty text: beside a label that is empty
// too, rows differ in MySQL and their items do not. No row is passed over.
func TestCheckDataOfNoLabelBesideAnEmptyOne(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "takes what is no label of an ENUM")
	for name, key := range map[string]string{"primary key": "PRIMARY KEY (state, at)", "another key": "PRIMARY KEY (note), UNIQUE (state, at)"} {
		t.Run(name, func(t *testing.T) {
			l := &library{t: t, ctx: t.Context(), db: openDB(t, enginetest.MySQL(t))}
			l.db.MustExec("CREATE TABLE jobs (state ENUM('new', '') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, at INT NOT NULL, note INT NOT NULL, " + key + ") ENGINE=InnoDB")
			l.c = described(t, l.db, labelled)
			var none []string
			for i := range 600 { // more than a page
				none = append(none, fmt.Sprintf("('none', %d, %d)", i, i))
			}
			laxly(l, "INSERT INTO jobs VALUES "+strings.Join(none, ", "), "INSERT INTO jobs VALUES ('new', 7, 600), ('', 7, 601), ('', 601, 602)")
			var numbers []int
			require.NoError(t, l.db.Select(&numbers, "SELECT DISTINCT state + 0 FROM jobs ORDER BY 1"))
			require.Equal(t, []int{0, 1, 2}, numbers)
			var rows int64
			found := l.data(&mysqlstore.DataOptions{Report: func(_ string, n int64) { rows = n }})
			require.Len(t, found, 1)
			require.Contains(t, found[0], "several rows have one item key in table Jobs, and only one of them would stay 1 2 [")
			require.EqualValues(t, 603, rows)
		})
	}
}

// Where a list has dates, it is said what can be done about zero ones.
func TestCheckDataOfZeroDatesInLists(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "takes zero dates, and makes lists")
	l := newLibrary(t, "title VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,\n  PRIMARY", "title DATE NULL,\n  PRIMARY")
	l.db.MustExec("INSERT INTO books VALUES (1, 1, 'A', 'north', NULL, 0, NULL, NULL, NULL)")
	laxly(l, "INSERT INTO chapters VALUES (1, 1, '0000-00-00')")
	found, err := mysqlstore.CheckData(l.ctx, l.db, l.c, nil)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "/tables/0/entities/0/attributes/11", found[0].Pointer)
	require.Equal(t, "column chapters: column title of chapters: a zero or partial date, for which the contract names no form", found[0].Reason)
	require.Equal(t, `mend the rows, or if it is about zero dates, say in the attribute what becomes of them, as in "zero_dates": "text"`, found[0].Mend)
}
