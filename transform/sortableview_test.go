package transform_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A view shows a time in a sort key with the digits that the item has there.
func TestViewsOfTimesInSortKeys(t *testing.T) {
	enginetest.NeedsRealMySQL(t, itemsNeed)
	for _, sqlType := range []string{"DATETIME", "DATETIME(2)", "DATETIME(6)", "TIMESTAMP", "TIMESTAMP(1)", "TIMESTAMP(3)"} {
		t.Run(sqlType, func(t *testing.T) {
			db, err := mysqlstore.OpenDB(enginetest.MySQL(t))
			require.NoError(t, err)
			defer db.Close()
			db.MustExec("CREATE TABLE things (id INT PRIMARY KEY, at " + sqlType + " NULL)")
			db.MustExec("INSERT INTO things VALUES (1, '2025-08-14 21:16:07.123456'), (2, '2025-08-14 21:16:08'), (3, NULL)")
			columns, key, err := mysqlstore.Introspect(t.Context(), db, "things")
			require.NoError(t, err)
			d, err := transform.Parse([]byte(`{"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "id",
				"gsis": [{"index_name": "ByA", "pk": "id", "sk": "at"}, {"index_name": "ByB", "pk": "id", "sk": "label"}],
				"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "at", "type": "S", "source_column": "at"},
					{"name": "own", "type": "S", "source_column": "at"},
					{"name": "label", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "{at}#{id}"}}]}]}`))
			require.NoError(t, err)
			require.NoError(t, d.SetColumns("Things", columns, key))
			c, err := transform.Load(d.JSON())
			require.NoError(t, err)
			view := c.Views("")[0]
			db.MustExec(view.SQL)
			p, err := mysqlstore.NewPreview(db, c)
			require.NoError(t, err)
			compared := 0
			require.NoError(t, p.Rows(t.Context(), "Things", 0, func(r store.Row) error {
				item, err := r.Record.Entity().Item(r.Record)
				require.NoError(t, err)
				var shown struct {
					At, Own, Label *string
				}
				require.NoError(t, db.Get(&shown, fmt.Sprintf("SELECT `at`, own, label FROM %s WHERE id = ?", "`"+view.Name+"`"), r.Key.ID))
				for name, text := range map[string]*string{"at": shown.At, "own": shown.Own, "label": shown.Label} {
					if text == nil {
						require.NotContains(t, item, name)
						continue
					}
					require.Equal(t, &types.AttributeValueMemberS{Value: *text}, item[name])
					compared++
				}
				return nil
			}))
			require.Equal(t, 6, compared)
		})
	}
}
