package mysqlstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// newRacks is newDeliveries of the contract of numbers in items, with triggers or without.
func newRacks(t testing.TB, triggers bool, statements ...string) *deliveries {
	t.Helper()
	enginetest.NeedsRealMySQL(t, hasTriggers)
	d := &deliveries{TB: t, ctx: context.Background(), dsn: enginetest.MySQL(t), c: storetest.CounterContract(t)}
	d.db = openDB(t, d.dsn)
	for _, statement := range append(storetest.Schema(d.c), statements...) {
		d.db.MustExec(statement)
	}
	var err error
	d.Store, err = mysqlstore.New(openDB(t, d.dsn), d.c, nil)
	require.NoError(t, err)
	require.NoError(t, d.Init(d.ctx))
	d.mark(store.Open)
	if triggers {
		// One that cascades into its own table no trigger can follow.
		d.db.MustExec("ALTER TABLE racks DROP FOREIGN KEY racks_above, ADD CONSTRAINT racks_above_too FOREIGN KEY (above_id) REFERENCES racks (rack_id)")
		_, _, err = d.InstallTriggers(d.ctx)
		require.NoError(t, err)
	}
	return d
}

// racks are three racks, the second and third below the first, and some articles.
var racks = []string{
	"INSERT INTO racks (rack_id, name, above_id) VALUES (1, 'one', NULL), (2, 'two', 1), (3, 'three', 1)",
	"INSERT INTO articles (shop, number, rack_id, extra_id) VALUES ('a', 1, 2, 3), ('a', 2, 3, NULL), ('a', 3, NULL, 1)",
}

func (d *deliveries) article(number int) transform.Key {
	d.Helper()
	key, err := d.c.Entity("Articles").KeyOf("a", number)
	require.NoError(d, err)
	return key
}

// TestTriggersRecordWhatCounts: whatever another program does with a row is a change of
// the records that count it, if they count others then.
func TestTriggersRecordWhatCounts(t *testing.T) {
	d := newRacks(t, true, racks[0])
	for _, c := range []struct {
		statement string
		want      []string
	}{
		{"INSERT INTO articles (shop, number, rack_id, extra_id) VALUES ('a', 1, 2, 3), ('a', 2, NULL, NULL)", []string{"Articles a/1", "Articles a/2", "Racks 2", "Racks 3"}},
		{"UPDATE articles SET note = 'x'", []string{"Articles a/1", "Articles a/2"}},
		{"UPDATE articles SET rack_id = 1 WHERE number = 1", []string{"Articles a/1", "Racks 1", "Racks 2"}},
		{"UPDATE articles SET extra_id = NULL WHERE number = 1", []string{"Articles a/1", "Racks 3"}},
		{"UPDATE articles SET rack_id = 3, extra_id = 1 WHERE number = 2", []string{"Articles a/2", "Racks 1", "Racks 3"}},
		{"REPLACE INTO articles (shop, number, rack_id) VALUES ('a', 1, 2)", []string{"Articles a/1", "Racks 1", "Racks 2"}},
		{"INSERT INTO notices (notice_id, grade, shop, number) VALUES ('n', 1, 'a ', 1), ('o', 1, 'a', NULL)", []string{"Articles a/1", "Notices n", "Notices o"}},
		{"UPDATE notices SET grade = 2", []string{"Notices n", "Notices o"}},
		{"UPDATE notices SET number = 2", []string{"Articles a/1", "Articles a/2", "Notices n", "Notices o"}},
		{"UPDATE racks SET above_id = 2 WHERE rack_id = 3", []string{"Racks 1", "Racks 2", "Racks 3"}},
		// What goes by foreign keys: rack 3 with article 2 and its notices.
		{"DELETE FROM racks WHERE rack_id = 3", []string{"Articles a/2", "Notices n", "Notices o", "Racks 1", "Racks 2", "Racks 3"}},
		{"DELETE FROM articles", []string{"Articles a/1", "Racks 2"}},
	} {
		d.db.MustExec(c.statement)
		require.Equal(t, c.want, d.dirty(), c.statement)
	}
	require.NoError(t, d.CheckTriggers(d.ctx))
}

// TestWritesBesideTriggersRecordWhatCounts: the library's own writes do it by themselves, and
// what the triggers do beside is no harm.
func TestWritesBesideTriggersRecordWhatCounts(t *testing.T) {
	for _, triggers := range []bool{false, true} {
		d := newRacks(t, triggers, racks...)
		_, err := d.Write(d.ctx, d.at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: d.article(1)}}})
		require.NoError(t, err)
		require.Equal(t, []string{"Articles a/1", "Racks 2", "Racks 3"}, d.dirty())
		d.remove("Racks", 3)
		require.Equal(t, []string{"Articles a/2", "Racks 1", "Racks 3"}, d.dirty())
	}
}

// TestUnreadableRowsAreCounted: a row that can't be read refers all the same.
func TestUnreadableRowsAreCounted(t *testing.T) {
	d := newRacks(t, false, append(racks, "ALTER TABLE articles MODIFY note VARBINARY(64)", "UPDATE articles SET note = X'FF00FF' WHERE number < 3")...)
	_, err := d.Get(d.ctx, store.At{Captured: true}, d.article(1))
	require.ErrorContains(t, err, "can't be represented")
	rec := d.c.Entity("Articles").NewRecord()
	require.NoError(t, rec.Set("shop", transform.TextValue("a")))
	require.NoError(t, rec.Set("number", transform.IntValue(2)))
	require.NoError(t, rec.Set("rack_id", transform.IntValue(1)))
	_, err = d.Write(d.ctx, d.at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: d.article(1)}, {Op: store.Put, Key: d.article(2), Record: rec}}})
	require.NoError(t, err)
	require.Equal(t, []string{"Articles a/1", "Articles a/2", "Racks 1", "Racks 2", "Racks 3"}, d.dirty())
}

// TestJoinedRecordsWhatCounts: what a transaction of the service's own makes of the rows
// that it names, at its commit.
func TestJoinedRecordsWhatCounts(t *testing.T) {
	for name, c := range map[string]struct {
		statements []string
		want       []string
	}{
		"nothing":     {nil, nil},
		"a column":    {[]string{"UPDATE articles SET note = 'x'"}, nil},
		"a move":      {[]string{"UPDATE articles SET rack_id = 1 WHERE number = 1"}, []string{"Racks 1", "Racks 2"}},
		"crosswise":   {[]string{"UPDATE articles SET rack_id = 3, extra_id = 2 WHERE number = 1"}, []string{"Racks 2", "Racks 3"}},
		"a delete":    {[]string{"DELETE FROM articles WHERE number = 1"}, []string{"Racks 2", "Racks 3"}},
		"an insert":   {[]string{"INSERT INTO articles (shop, number, rack_id) VALUES ('a', 4, 1)"}, []string{"Racks 1"}},
		"an exchange": {[]string{"UPDATE articles SET rack_id = 3 WHERE number = 1", "UPDATE articles SET rack_id = 2 WHERE number = 2"}, nil},
		"all of it": {[]string{"INSERT INTO articles (shop, number, extra_id) VALUES ('a', 4, 2)", "DELETE FROM articles WHERE number < 4"},
			[]string{"Racks 1", "Racks 2", "Racks 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newRacks(t, false, racks...)
			tx, err := d.db.BeginTxx(d.ctx, nil)
			require.NoError(t, err)
			j := d.Joining(tx)
			_, err = j.Record(d.ctx, d.at, []transform.Key{d.article(1), d.article(2)})
			require.NoError(t, err)
			_, err = j.Record(d.ctx, d.at, []transform.Key{d.article(3), d.article(4)})
			require.NoError(t, err)
			for _, statement := range c.statements {
				_, err = tx.Exec(statement)
				require.NoError(t, err)
			}
			require.NoError(t, j.Commit(d.ctx))
			require.Equal(t, append([]string{"Articles a/1", "Articles a/2", "Articles a/3", "Articles a/4"}, c.want...), d.dirty())
		})
	}
}

// TestJoinedTakenBackRecordsWhatCounts: what committed by itself is counted too.
func TestJoinedTakenBackRecordsWhatCounts(t *testing.T) {
	d := newRacks(t, false, racks...)
	tx, err := d.db.BeginTxx(d.ctx, nil)
	require.NoError(t, err)
	j := d.Joining(tx)
	_, err = j.Record(d.ctx, d.at, []transform.Key{d.article(1)})
	require.NoError(t, err)
	for _, statement := range []string{"ROLLBACK", "UPDATE articles SET rack_id = 1 WHERE number = 1"} {
		_, err = tx.Exec(statement)
		require.NoError(t, err)
	}
	require.ErrorContains(t, j.Commit(d.ctx), "rolled the transaction back")
	require.Equal(t, []string{"Articles a/1", "Racks 1", "Racks 2", "Racks 3"}, d.dirty())
}

// TestPreviewShowsNumbers: the items have them, and the views show the same.
func TestPreviewShowsNumbers(t *testing.T) {
	d := newRacks(t, false, racks...)
	p, err := mysqlstore.NewPreview(d.db, d.c)
	require.NoError(t, err)
	var got []string
	require.NoError(t, p.Rows(t.Context(), "Racks", 0, func(r store.Row) error {
		line := []string{r.Key.ID}
		for _, name := range []string{"racks_below", "articles", "extras"} {
			v, has := r.Record.Get(name)
			require.True(t, has)
			line = append(line, v.Text())
		}
		got = append(got, strings.Join(line, " "))
		return nil
	}))
	require.Equal(t, []string{"1 2 0 1", "2 0 1 0", "3 0 1 1"}, got)
	for _, v := range d.c.Views("item_") {
		require.Empty(t, v.Findings)
		d.db.MustExec(v.SQL)
	}
	var shown []string
	require.NoError(t, d.db.Select(&shown, "SELECT CONCAT_WS(' ', rackId, racks_below, articles, extras) FROM item_Racks ORDER BY rackId"))
	require.Equal(t, got, shown, fmt.Sprint(shown))
}
