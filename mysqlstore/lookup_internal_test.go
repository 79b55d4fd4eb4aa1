package mysqlstore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// TestTemplatesUseIndexes: a query by a template finds its rows through MySQL's own
// index of the columns, and by the whole of a key through the primary key.
func TestTemplatesUseIndexes(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "chooses indexes as MySQL does, and EXPLAINs them")
	c := storetest.SharedContract(t)
	db, err := OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	for _, statement := range storetest.Schema(c) {
		db.MustExec(statement)
	}
	values := make([]string, 2000)
	for i := range values {
		values[i] = fmt.Sprintf("(%d, %d, 's%d', '2024-03-10 09:30:00')", i%50, i, i%100)
	}
	db.MustExec("INSERT INTO club_orders (member_id, number, status, placed) VALUES " + strings.Join(values, ","))
	db.MustExec("ANALYZE TABLE club_orders")
	e := c.Entity("ORDER")
	src, err := newSource(e)
	require.NoError(t, err)
	one := &store.Bound{Value: transform.TextValue("ORDER#0000000107")}
	for name, of := range map[string]struct {
		q     store.Query
		key   string
		where string
		rows  int
	}{
		"the table's key": {store.Query{Equal: transform.TextValue("MEMBER#7")}, "PRIMARY", "t.`member_id` = ?", 40},
		"one of it":       {store.Query{Equal: transform.TextValue("MEMBER#7"), Lower: one, Upper: one}, "PRIMARY", "t.`number` = ?", 1},
		"an index":        {store.Query{Index: "GSI1", Equal: transform.TextValue("STATUS#s3")}, "status", "t.`status` = ?", 20},
	} {
		t.Run(name, func(t *testing.T) {
			of.q.Entity, of.q.Limit = e, 100
			checked, err := store.NewLookup(of.q)
			require.NoError(t, err)
			l := newLookup(src, checked)
			require.Contains(t, l.where, of.where)
			from := " FROM " + src.table + " t WHERE " + l.where + " ORDER BY " + l.order
			plan := map[string]any{}
			require.NoError(t, db.QueryRowx("EXPLAIN SELECT *"+from, l.args...).MapScan(plan))
			require.Equal(t, of.key, fmt.Sprintf("%s", plan["key"]))
			var found []struct {
				Member, Number int64
			}
			require.NoError(t, db.Select(&found, "SELECT t.member_id AS member, t.number"+from, l.args...))
			require.Len(t, found, of.rows)
		})
	}
	// A value that no record shows asks for no columns, and finds nothing.
	checked, err := store.NewLookup(store.Query{Entity: e, Equal: transform.TextValue("MEMBER#007"), Limit: 1})
	require.NoError(t, err)
	require.NotContains(t, newLookup(src, checked).where, "t.`member_id` =")
}

// TestFoldsUseIndexes: a query by a fold finds its rows through MySQL's own index of
// the column, in every form of the text, and a text that has no fold finds none.
func TestFoldsUseIndexes(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "chooses indexes as MySQL does, and EXPLAINs them")
	c := storetest.NamesContract(t)
	db, err := OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	for _, statement := range storetest.Schema(c) {
		db.MustExec(statement)
	}
	values := make([]string, 2000)
	for i := range values {
		values[i] = fmt.Sprintf("(%d, 'Müller%d ', 'Straße %d', 'Süd%d', 'c%d')", i, i, i, i%100, i)
	}
	db.MustExec("INSERT INTO accounts (account_id, login, title, region, code) VALUES " + strings.Join(values, ","))
	db.MustExec("ANALYZE TABLE accounts")
	e := c.Entity("Accounts")
	src, err := newSource(e)
	require.NoError(t, err)
	fold := func(index, text string) transform.Value {
		key, err := store.KeyNamed(e, index)
		require.NoError(t, err)
		v, err := e.ShownOf(store.ColumnOf(e, key.PK), text)
		require.NoError(t, err)
		return v
	}
	for name, of := range map[string]struct {
		index, text, key, where string
		rows                    int
	}{
		"a login":  {"LoginIndex", "MULLER700", "login", "t.`login` = ?", 1},
		"a title":  {"TitleIndex", "STRASSE 9  ", "title", "t.`title` = ?", 1},
		"a region": {"RegionIndex", "su\u0308d7", "region_code", "t.`region` = ?", 20},
		"nobody":   {"LoginIndex", "Mueller700", "", "t.`login` = ?", 0},
	} {
		t.Run(name, func(t *testing.T) {
			checked, err := store.NewLookup(store.Query{Entity: e, Index: of.index, Equal: fold(of.index, of.text), Limit: 100})
			require.NoError(t, err)
			l := newLookup(src, checked)
			require.Contains(t, l.where, of.where)
			from := " FROM " + src.table + " t WHERE " + l.where + " ORDER BY " + l.order
			plan := map[string]any{}
			require.NoError(t, db.QueryRowx("EXPLAIN SELECT *"+from, l.args...).MapScan(plan))
			if of.rows > 0 { // of none the server may know without any
				require.Equal(t, of.key, fmt.Sprintf("%s", plan["key"]))
			}
			var found []int
			require.NoError(t, db.Select(&found, "SELECT t.account_id"+from, l.args...))
			require.Len(t, found, of.rows)
		})
	}
}

// TestFoldsOfSmallCharacterSets: a text that the column's character set lacks is asked
// for, and found nowhere or by what it folds to; MySQL is not asked to compare it.
func TestFoldsOfSmallCharacterSets(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "tells the weights of its collations, and has other character sets")
	c, err := transform.Load([]byte(`[{"table": "Smalls", "type": "single-entity", "source_table": "smalls", "pk": "id", "primary_key": ["id"],
		"gsis": [{"index_name": "ByA", "pk": "aKey", "projection": "ALL"}, {"index_name": "ByB", "pk": "bKey", "projection": "ALL"}],
		"columns": [{"name": "id", "type": "int"}, {"name": "a", "type": "varchar", "length": 20, "collation": "ascii_general_ci"},
			{"name": "b", "type": "varchar", "length": 20, "collation": "utf8mb3_unicode_ci"}],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "a", "type": "S", "source_column": "a"}, {"name": "b", "type": "S", "source_column": "b"},
			{"name": "aKey", "type": "S", "source_column": "a", "transformation": {"type": "fold"}},
			{"name": "bKey", "type": "S", "source_column": "b", "transformation": {"type": "fold"}}]}]`))
	require.NoError(t, err)
	db, err := OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	db.MustExec("CREATE TABLE smalls (id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET ascii NOT NULL, b VARCHAR(20) CHARACTER SET utf8 COLLATE utf8_unicode_ci NOT NULL)")
	db.MustExec("INSERT INTO smalls VALUES (1, 'Elan ', 'Straße')")
	e := c.Entities[0]
	src, err := newSource(e)
	require.NoError(t, err)
	for _, of := range []struct {
		index, text string
		rows        int
	}{{"ByA", "ELAN", 1}, {"ByA", "日", 0}, {"ByA", "😀", 0}, {"ByB", "STRASSE", 1}, {"ByB", "😀", 0}, {"ByB", "日本", 0}} {
		key, err := store.KeyNamed(e, of.index)
		require.NoError(t, err)
		v, err := e.ShownOf(store.ColumnOf(e, key.PK), of.text)
		require.NoError(t, err)
		checked, err := store.NewLookup(store.Query{Entity: e, Index: of.index, Equal: v, Limit: 100})
		require.NoError(t, err)
		l := newLookup(src, checked)
		var found []int
		require.NoError(t, db.Select(&found, "SELECT t.id FROM smalls t WHERE "+l.where+" ORDER BY "+l.order, l.args...), "%s of %s", of.text, of.index)
		require.Len(t, found, of.rows, "%s of %s", of.text, of.index)
	}
}
