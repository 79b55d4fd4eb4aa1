package shop

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// fillOrder is the entities in an order in which every row finds those that it
// refers to.
var fillOrder = []string{"USER", "Categories", "Products", "CART", "ORDER", "ORDER_LINE"}

// newShop returns a database with the schema and the rows of testdata/rows.json.
func newShop(t testing.TB, c *transform.Contract) *sqlx.DB {
	t.Helper()
	db, err := mysqlstore.OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	schema, err := os.ReadFile("schema.sql")
	require.NoError(t, err)
	for _, statement := range strings.SplitAfter(string(schema), ";\n") {
		if strings.Contains(statement, "CREATE") {
			_, err := db.ExecContext(t.Context(), statement)
			require.NoError(t, err)
		}
	}
	rows := readRows(t)
	require.Len(t, fillOrder, len(rows))
	for _, name := range fillOrder {
		for _, r := range rows[name] {
			r.insert(t, db, c.Entity(name))
		}
	}
	return db
}

// insert puts the row into its own table.
func (r row) insert(t testing.TB, db *sqlx.DB, e *transform.Entity) {
	t.Helper()
	var names []string
	var values []any
	for _, c := range e.Own() {
		names, values = append(names, c.Name), append(values, r[c.Name])
	}
	marks := strings.Join(slices.Repeat([]string{"?"}, len(names)), ", ")
	_, err := db.ExecContext(t.Context(),
		"INSERT INTO "+e.Source+" ("+strings.Join(names, ", ")+") VALUES ("+marks+")", values...)
	require.NoError(t, err)
}

// TestPreviewOfTheShop: what MySQL says of the rows and of those that are joined
// to them makes the items of testdata/items.json.
func TestPreviewOfTheShop(t *testing.T) {
	c, rows, items := load(t), readRows(t), readItems(t)
	preview, err := mysqlstore.NewPreview(newShop(t, c), c)
	require.NoError(t, err)
	for _, e := range c.Entities {
		n := 0
		require.NoError(t, preview.Rows(t.Context(), e.Name, 0, func(r store.Row) error {
			require.NoError(t, r.Err)
			require.Empty(t, r.Record.Diff(rows[e.Name][n].record(t, e)), "%s, row %d", e.Name, n)
			item, err := e.Item(r.Record)
			require.NoError(t, err)
			require.Equal(t, items[e.Name][n], item, "%s, row %d", e.Name, n)
			n++
			return nil
		}))
		require.Equal(t, len(items[e.Name]), n, e.Name)
	}
}

// TestLiveCheck: the schema is the one that the contract tells, with an index
// behind every join and pattern. What the check does warn of is what the foreign
// keys do on their own, which doc.go tells.
func TestLiveCheck(t *testing.T) {
	c := load(t)
	findings, err := mysqlstore.CheckLive(t.Context(), newShop(t, c), c)
	require.NoError(t, err)
	var keys []string
	for _, f := range findings {
		require.Equal(t, transform.Warning, f.Severity, f)
		_, after, found := strings.Cut(f.Reason, "by its foreign key ")
		require.True(t, found, f)
		key, _, _ := strings.Cut(after, " ")
		keys = append(keys, key)
	}
	require.ElementsMatch(t, []string{"cart_user", "cart_product", "order_user", "line_order", "product_seller", "category_parent"}, keys)
}

// TestDataCheck: every row becomes an item of its own.
func TestDataCheck(t *testing.T) {
	c, read := load(t), map[string]int64{}
	found, err := mysqlstore.CheckData(t.Context(), newShop(t, c), c, &mysqlstore.DataOptions{
		Dir: t.TempDir(), Report: func(entity string, rows int64) { read[entity] = rows }})
	require.NoError(t, err)
	require.Empty(t, found)
	for name, rows := range readRows(t) {
		require.EqualValues(t, len(rows), read[name], name)
	}
}
