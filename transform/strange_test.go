package transform_test

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/dynamojson"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// strange are three contracts over schemas that have nothing in common but that
// all of the format is in one of them: every type with a form of its own, every
// join, calculation and transformation. What the check has to say of each is listed.
var strange = map[string][]string{
	// Keys of two columns that refer to themselves twice, SET, YEAR, BIT, TIME
	// below zero, DECIMAL(65,30).
	"clinic": nil,
	// Chains of three tables, conditions, aggregates over arithmetic.
	"logistics": nil,
	// A tree, calculations and transformations, two entities in a table of which
	// one lives under the other's key.
	"forum": {
		"warning /tables/0/pk: the item's key of entity POST depends on column topic_id, which is not of the primary key",
		"warning /tables/0/gsis/0/pk: MySQL compares author by utf8mb4_unicode_ci, the index byte for byte",
		"warning /tables/0/gsis/0: the key of index ByAuthor depends on column author and on column posted",
	},
}

// TestStrangeContracts: what a server says of the rows becomes the items that
// the rules of the format make of them, and what a record has comes back.
func TestStrangeContracts(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has BIT, SET, YEAR and TIME as MySQL does")
	for name, findings := range strange {
		t.Run(name, func(t *testing.T) {
			c, err := transform.LoadFile("testdata/strange/" + name + ".json")
			require.NoError(t, err)
			requireFindings(t, findings, c.Warnings)
			want := strangeItems(t, name)
			require.Len(t, want, len(c.Entities))
			db := strangeDB(t, name)
			for _, e := range c.Entities {
				require.Empty(t, e.Lost())
				items := previewed(t, db, c, e)
				require.Len(t, items, len(want[e.Name]))
				for i := range items {
					require.Equal(t, want[e.Name][i], items[i], "%s, row %d", e.Name, i)
				}
				requireView(t, db, c, e, items)
			}
		})
	}
}

// requireFindings compares findings with the beginnings of their texts.
func requireFindings(t testing.TB, want []string, findings []transform.Finding) {
	t.Helper()
	require.Len(t, findings, len(want), "%v", findings)
	for i, f := range findings {
		require.True(t, strings.HasPrefix(f.String(), want[i]), f.String())
	}
}

// previewed returns the items of an entity's rows, each of which gives back the
// record it was made of.
func previewed(t testing.TB, db *sqlx.DB, c *transform.Contract, e *transform.Entity) []map[string]types.AttributeValue {
	t.Helper()
	preview, err := mysqlstore.NewPreview(db, c)
	require.NoError(t, err)
	var items []map[string]types.AttributeValue
	require.NoError(t, preview.Rows(t.Context(), e.Name, 0, func(r store.Row) error {
		require.NoError(t, r.Err)
		item, err := e.Item(r.Record)
		require.NoError(t, err)
		back, err := e.Record(item)
		require.NoError(t, err)
		require.Empty(t, back.Diff(r.Record))
		items = append(items, item)
		return nil
	}))
	return items
}

// unshown are the attributes that a view leaves out, by entity.
var unshown = map[string]string{
	"POST": "joined", // date-format of a text, which SQL would take for another date where it is none
}

// requireView requires that the entity's view has the rows that the items are,
// attribute by attribute.
func requireView(t testing.TB, db *sqlx.DB, c *transform.Contract, e *transform.Entity, items []map[string]types.AttributeValue) {
	t.Helper()
	var view transform.View
	for _, v := range c.Views(transform.ViewPrefix) {
		if v.Entity == e.Name {
			view = v
		}
	}
	_, err := db.ExecContext(t.Context(), view.SQL)
	require.NoError(t, err)
	keys := []string{"`" + e.Table.PK.Name + "`"}
	if !e.Table.SK.IsZero() {
		keys = append(keys, "`"+e.Table.SK.Name+"`")
	}
	for i, item := range items {
		where, args := []string{}, []any{}
		for _, name := range keys {
			where, args = append(where, name+" = ?"), append(args, keyText(item[strings.Trim(name, "`")]))
		}
		shown := map[string]any{}
		require.NoError(t, db.QueryRowxContext(t.Context(),
			"SELECT * FROM `"+view.Name+"` WHERE "+strings.Join(where, " AND "), args...).MapScan(shown))
		for _, a := range e.Attributes {
			text, ok := shown[a.Name]
			require.Equal(t, a.Name != unshown[e.Name] && !e.Columns[a.Column].Hydrated, ok, a.Name)
			if ok {
				requireShown(t, e, a, item[a.Name], nullText(text), fmt.Sprintf("%s, row %d", e.Name, i))
			}
		}
	}
}

// nullText is what a driver gives for a column of a view, as text.
func nullText(v any) sql.NullString {
	switch x := v.(type) {
	case nil:
		return sql.NullString{}
	case []byte:
		return sql.NullString{String: string(x), Valid: true}
	}
	return sql.NullString{String: fmt.Sprint(v), Valid: true}
}

func keyText(av types.AttributeValue) string {
	switch x := av.(type) {
	case *types.AttributeValueMemberS:
		return x.Value
	case *types.AttributeValueMemberN:
		return x.Value
	}
	return ""
}

// strangeDB returns a database with the schema and rows of a strange contract.
func strangeDB(t testing.TB, name string) *sqlx.DB {
	t.Helper()
	db, err := mysqlstore.OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	script, err := os.ReadFile("testdata/strange/" + name + ".sql")
	require.NoError(t, err)
	for _, statement := range strings.SplitAfter(strings.TrimSpace(string(script)), ";\n") {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	return db
}

// strangeItems reads the items that a strange contract's rows become.
func strangeItems(t testing.TB, name string) map[string][]map[string]types.AttributeValue {
	t.Helper()
	data, err := os.ReadFile("testdata/strange/" + name + ".items.json")
	require.NoError(t, err)
	items, err := dynamojson.Items(data)
	require.NoError(t, err)
	return items
}
