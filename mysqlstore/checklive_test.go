package mysqlstore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// liveLibrary is the library with a key that is unique without the word of the
// contract: no index of MySQL takes an isbn of such length.
func liveLibrary(t *testing.T, edits ...string) *library {
	return newLibrary(t, append(edits, `"unique": [{"name": "isbn", "columns": ["isbn"]}],`, "", "SHELF#{shelf}", "SHELF#{id}")...)
}

// A schema that is as the contract says gives no finding.
func TestCheckLiveClean(t *testing.T) { require.Empty(t, liveLibrary(t).live()) }

// Whatever in the schema does not fit the contract, or will cost time, is found,
// and nothing beside it.
func TestCheckLive(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "tells of engines, triggers and foreign keys in information_schema")
	const books, authors, countries, chapters = "/tables/0/entities/0", "/tables/0/entities/1", "/source_tables/0", "/source_tables/1"
	for name, c := range map[string]struct {
		do   string
		want []string
	}{
		"table":                    {"DROP TABLE countries", []string{"error " + countries + " table countries is missing, or the account may not see it"}},
		"column":                   {"ALTER TABLE books DROP COLUMN scan", []string{"error " + books + " table books has no column scan"}},
		"column of a joined table": {"ALTER TABLE chapters DROP COLUMN title", []string{"error " + chapters + " table chapters has no column title"}},
		"type": {"ALTER TABLE authors MODIFY name VARCHAR(90) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
			[]string{"error " + authors + " column authors.name is varchar(90), the contract says varchar(80)"}},
		"type of a joined table": {"ALTER TABLE chapters MODIFY title VARCHAR(90) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL",
			[]string{"error " + chapters + " column chapters.title is varchar(90), the contract says varchar(80)"}},
		"primary key": {"ALTER TABLE authors DROP PRIMARY KEY, ADD PRIMARY KEY (id, country)",
			[]string{"error " + authors + " the primary key of authors is (id, country), the contract's (id)"}},
		"unmapped": {"ALTER TABLE books ADD COLUMN extra INT NULL",
			[]string{"warning " + books + " column books.extra is not in the contract and stays in MySQL only"}},
		"unmapped in a joined table": {"ALTER TABLE chapters ADD COLUMN extra INT NULL",
			[]string{"warning " + chapters + " column chapters.extra is not in the contract and stays in MySQL only"}},
		"NULL in a key": {"ALTER TABLE books MODIFY isbn VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL", []string{
			"warning " + books + " column books.isbn: NULL is allowed: true; the contract says false",
			"error " + books + " column books.isbn may be NULL and is part of the item's key, and no item has a key without it"}},
		"collation": {"ALTER TABLE authors MODIFY name VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL",
			[]string{"warning " + authors + " column authors.name has the collation utf8mb4_general_ci, the contract says utf8mb4_bin"}},
		"collation of a key": {"ALTER TABLE countries MODIFY code CHAR(2) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL", []string{
			"error " + countries + " column countries.code has the collation ascii_general_ci, the contract says ascii_bin, which takes other texts for equal",
			"warning " + books + "/attributes/10 attribute land compares countries.code (ascii_general_ci) with authors.country (ascii_bin): MySQL converts one of them for each row, and may not use its index"}},
		"engine": {"ALTER TABLE chapters ENGINE=MyISAM", []string{
			"error " + chapters + " table chapters is kept by MyISAM, which has no row locks or no transactions; ALTER TABLE it to ENGINE=InnoDB"}},
		"index of a lookup": {"ALTER TABLE books DROP KEY author", []string{
			"warning " + books + " index ByAuthor looks records up by author_id of books, and no index of MySQL begins with that: each query reads the whole table",
			"warning " + books + "/attributes/9 attribute author_name follows the rows of authors, and no index of books begins with author_id: each change there reads the whole table",
			"warning " + books + "/attributes/10 attribute land follows the rows of authors, and no index of books begins with author_id: each change there reads the whole table",
			"warning /access_patterns/0 access pattern AP1 looks records up by author_id of books, and no index of MySQL begins with that: each query reads the whole table"}},
		"index within a chain": {"ALTER TABLE authors DROP KEY country", []string{
			"warning " + books + "/attributes/10 attribute land follows the rows of countries, and no index of authors begins with country: each change there reads the whole table"}},
		"index of a tree": {"ALTER TABLE books DROP KEY part_of", []string{
			"warning " + books + "/attributes/12 attribute depth follows the rows of books, and no index of books begins with part_of: each change there reads the whole table"}},
		"index in another order": {"ALTER TABLE chapters DROP PRIMARY KEY, ADD PRIMARY KEY (n, book_id)", []string{
			"error " + chapters + " the primary key of chapters is (n, book_id), the contract's (book_id, n)",
			"warning " + books + "/attributes/11 attribute chapters joins chapters by book_id, and no index begins with that: each row that is read reads the whole table"}},
		"index of texts only": {"ALTER TABLE books DROP KEY shelf, ADD FULLTEXT KEY shelf (shelf)", []string{
			"warning " + books + " index ByShelf looks records up by shelf of books, and no index of MySQL begins with that: each query reads the whole table"}},
		"delete cascades": {"ALTER TABLE books ADD CONSTRAINT by_author FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE CASCADE ON UPDATE RESTRICT", []string{
			"warning " + books + " deleting from authors changes rows of books by its foreign key by_author (ON DELETE CASCADE), and leaves no change record"}},
		"what is part of a record cascades": {"ALTER TABLE chapters ADD CONSTRAINT of_book FOREIGN KEY (book_id) REFERENCES books (id) ON DELETE CASCADE ON UPDATE CASCADE", nil},
		"delete sets NULL": {"ALTER TABLE books ADD CONSTRAINT whole FOREIGN KEY (part_of) REFERENCES books (id) ON DELETE SET NULL ON UPDATE RESTRICT", []string{
			"warning " + books + " deleting from books changes rows of books by its foreign key whole (ON DELETE SET NULL), and leaves no change record"}},
		"update cascades": {"ALTER TABLE books ADD CONSTRAINT written FOREIGN KEY (author_id) REFERENCES authors (id) ON UPDATE CASCADE", []string{
			"warning " + books + " changing id of authors changes rows of books by its foreign key written (ON UPDATE CASCADE), and leaves no change record"}},
		"foreign key": {"ALTER TABLE books ADD CONSTRAINT written FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE RESTRICT ON UPDATE RESTRICT", nil},
		"trigger": {"CREATE TRIGGER loud BEFORE INSERT ON chapters FOR EACH ROW SET NEW.title = UPPER(NEW.title)",
			[]string{"warning " + chapters + " table chapters has the trigger loud"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := liveLibrary(t)
			l.db.MustExec(c.do)
			require.ElementsMatch(t, c.want, l.live())
		})
	}
}

// A view may stand where a join reads, and then nothing tells when it changes.
func TestCheckLiveView(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "tells a view from a table in information_schema")
	l := liveLibrary(t)
	l.db.MustExec("RENAME TABLE countries TO lands")
	l.db.MustExec("CREATE VIEW countries AS SELECT * FROM lands")
	require.ElementsMatch(t, []string{
		"warning /source_tables/0 countries is a view: nothing tells which items change when a table behind it does",
		"error /source_tables/0 table countries has no primary key",
		"warning /tables/0/entities/0/attributes/10 attribute land joins countries by code, and no index begins with that: each row that is read reads the whole table",
	}, l.live())
}

// Two collations of one character set can't be compared at all, which MySQL says
// only once the statement runs.
func TestCheckLiveIllegalMix(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "refuses to compare texts of two collations")
	l := liveLibrary(t)
	l.db.MustExec("ALTER TABLE authors MODIFY country CHAR(2) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL")
	l.db.MustExec("ALTER TABLE countries MODIFY code CHAR(2) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL")
	_, err := l.db.Exec("SELECT * FROM authors JOIN countries ON countries.code = authors.country")
	require.ErrorContains(t, err, "Illegal mix")
	require.Contains(t, l.live(), "error /tables/0/entities/0/attributes/10 attribute land compares countries.code (utf8mb4_unicode_ci)"+
		" with authors.country (utf8mb4_general_ci), which MySQL refuses: an illegal mix of collations")
}

// Of a contract that can be migrated, a cascade is an error, as for Ready.
func TestCheckLiveCascadeOfMigratable(t *testing.T) {
	f := newFixture(t, setting{})
	failures := func() []string {
		findings, err := mysqlstore.CheckLive(f.ctx, f.db, f.c)
		require.NoError(t, err)
		var list []string
		for _, finding := range findings {
			if finding.Severity == transform.Error {
				list = append(list, finding.Reason)
			}
		}
		return list
	}
	require.Empty(t, failures())
	f.db.MustExec("CREATE TABLE owners (owner_id INT PRIMARY KEY)")
	f.db.MustExec("ALTER TABLE users ADD CONSTRAINT owned FOREIGN KEY (user_id) REFERENCES owners (owner_id) ON DELETE CASCADE")
	require.Len(t, failures(), 1)
	require.ErrorContains(t, f.store.Ready(f.ctx), "owned")
}

// What the contract calls unique is so in MySQL, and the other way round. A join
// that trusts a contract which is wrong ends every statement with it.
func TestCheckLiveUnique(t *testing.T) {
	const gone = "error /tables/0/entities/1 the contract says that no two rows of authors have the same country, name, and no unique index of MySQL keeps it so"
	for name, c := range map[string]struct {
		do   string
		want []string
	}{
		"there":           {"ALTER TABLE authors ADD UNIQUE KEY person (name, country)", nil},
		"of one of them":  {"ALTER TABLE authors ADD UNIQUE KEY person (name)", []string{"warning /tables/0/entities/1 the unique index person (name) of authors is not in the contract: DynamoDB would take what MySQL can't hold, so phase 4 is refused"}},
		"gone":            {"SELECT 0", []string{gone}},
		"not unique":      {"ALTER TABLE authors ADD KEY person (country, name)", []string{gone}},
		"of more columns": {"ALTER TABLE authors ADD UNIQUE KEY person (name, country, id)", []string{gone, "warning /tables/0/entities/1 the unique index person (name, country, id) of authors is not in the contract: DynamoDB would take what MySQL can't hold, so phase 4 is refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := liveLibrary(t, `"entity_type": "AUTHOR",`, `"entity_type": "AUTHOR", "unique": [{"name": "person", "columns": ["country", "name"]}],`)
			l.db.MustExec(c.do)
			require.ElementsMatch(t, c.want, l.live())
		})
	}
}

// Names are quoted wherever they go, whatever is in them.
func TestCheckLiveHostileNames(t *testing.T) {
	const table, column = "bo`ok'\"s; DROP TABLE authors; -- x", "au`th'or\\\"_id` OR 1=1 -- x"
	enginetest.NeedsRealMySQL(t, "tells of indexes of any name in information_schema")
	db := openDB(t, enginetest.MySQL(t))
	name := func(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
	db.MustExec("CREATE TABLE authors (id INT PRIMARY KEY)")
	db.MustExec("CREATE TABLE " + name(table) + " (id INT PRIMARY KEY, " + name(column) + " VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL)")
	db.MustExec("INSERT INTO " + name(table) + " VALUES (1, 'A'), (2, 'a'), (3, '')")
	c := described(t, db, `[{"table": "Books", "type": "single-entity", "source_table": `+quoteJSON(table)+`, "pk": "id",
		"gsis": [{"index_name": "ByName", "pk": "name"}], "attributes": [
		{"name": "id", "type": "N", "source_column": "id"},
		{"name": "name", "type": "S", "source_column": `+quoteJSON(column)+`}]}]`)
	findings, err := mysqlstore.CheckLive(t.Context(), db, c)
	require.NoError(t, err)
	require.Len(t, findings, 1)
	require.Equal(t, "ALTER TABLE "+name(table)+" ADD INDEX ("+name(column)+")", findings[0].Mend)
	db.MustExec(findings[0].Mend)
	findings, err = mysqlstore.CheckLive(t.Context(), db, c)
	require.NoError(t, err)
	require.Empty(t, findings)

	rows, err := mysqlstore.CheckData(t.Context(), db, c, nil)
	require.NoError(t, err)
	require.Len(t, rows, 1, "the empty text in the index's key")
	require.Equal(t, []string{"3"}, rows[0].Keys)
	var n int
	require.NoError(t, db.Get(&n, "SELECT COUNT(*) FROM authors"))
}
