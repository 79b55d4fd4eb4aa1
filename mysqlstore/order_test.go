package mysqlstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// MySQL sorts ENUM and SET by their numbers and compares them with a text as
// texts: a pass in pages sees every row all the same.
func TestPassesOverLabels(t *testing.T) {
	for _, kind := range []string{"ENUM", "SET"} {
		t.Run(kind, func(t *testing.T) {
			db := openDB(t, enginetest.MySQL(t))
			db.MustExec("CREATE TABLE orders (s " + kind + "('shipped','new','paid') COLLATE utf8mb4_bin, id INT, PRIMARY KEY (s, id))")
			var rows []string
			for i := range 1800 {
				rows = append(rows, fmt.Sprintf("('%s', %d)", []string{"new", "paid", "shipped"}[i%3], i))
			}
			db.MustExec("INSERT INTO orders VALUES " + strings.Join(rows, ", "))
			c := described(t, db, `{"tables": [{"table": "Orders", "type": "single-entity", "source_table": "orders", "pk": "s", "sk": "id",
				"attributes": [{"name": "s", "type": "S", "source_column": "s"}, {"name": "id", "type": "N", "source_column": "id"}]}]}`)

			var checked int64
			_, err := mysqlstore.CheckData(t.Context(), db, c, &mysqlstore.DataOptions{Report: func(_ string, n int64) { checked = n }})
			require.NoError(t, err)
			require.EqualValues(t, 1800, checked)

			p, err := mysqlstore.NewPreview(db, c)
			require.NoError(t, err)
			seen := map[string]bool{}
			require.NoError(t, p.Rows(t.Context(), "Orders", 0, func(r store.Row) error { seen[r.Key.ID] = true; return r.Err }))
			require.Len(t, seen, 1800)

			s, err := mysqlstore.New(db, c, nil)
			require.NoError(t, err)
			require.NoError(t, s.Init(t.Context()))
			clear(seen)
			for after := ""; ; {
				page, err := s.Scan(t.Context(), store.At{}, store.Range{Entity: c.Entities[0], After: after, Limit: 100})
				require.NoError(t, err)
				for _, r := range page.Rows {
					seen[r.Key.ID] = true
				}
				if after = page.Next; after == "" {
					break
				}
			}
			require.Len(t, seen, 1800)
		})
	}
}

// What the server has no room for in a packet is NULL, and no value that is absent.
func TestPreviewBeyondThePacket(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "max_allowed_packet")
	db := openDB(t, enginetest.MySQL(t))
	db.MustExec("CREATE TABLE p (id INT PRIMARY KEY)")
	db.MustExec("CREATE TABLE c (id INT PRIMARY KEY, p INT, t LONGTEXT COLLATE utf8mb4_bin, KEY (p))")
	db.MustExec("INSERT INTO p VALUES (1), (2), (3)")
	db.MustExec("INSERT INTO c VALUES (1, 1, REPEAT('x', @@max_allowed_packet / 2 + 9)), (2, 2, 'a')," +
		" (3, 3, REPEAT('y', @@max_allowed_packet / 4)), (4, 3, REPEAT('y', @@max_allowed_packet / 4))")
	c := described(t, db, `{"tables": [{"table": "Parents", "type": "single-entity", "source_table": "p", "pk": "id", "sk": null, "attributes": [
		{"name": "id", "type": "N", "source_column": "id"},
		{"name": "kids", "type": "L", "source_column": "id", "join": {"type": "json-construction", "target_table": "c",
			"join_condition": "c.p = p.id", "construction": {"type": "array", "select_columns": {"id": "id", "p": "p", "t": "t"}}}}]}]}`)
	p, err := mysqlstore.NewPreview(db, c)
	require.NoError(t, err)
	cut := map[string]bool{}
	require.NoError(t, p.Rows(t.Context(), "Parents", 0, func(r store.Row) error { cut[r.Key.ID] = r.Err != nil; return nil }))
	require.Equal(t, map[string]bool{"1": true, "2": false, "3": true}, cut)
}
