package shop

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/dynamojson"
	"github.com/crossfade-go/crossfade/transform"
)

// load returns the shop's contract.
func load(t testing.TB) *transform.Contract {
	t.Helper()
	c, err := transform.LoadFile("contract.json")
	require.NoError(t, err)
	return c
}

// TestContract: the check has nothing to say, three tables have the six indexes,
// and every column of the six tables comes back from an item.
func TestContract(t *testing.T) {
	c := load(t)
	require.Empty(t, c.Warnings)
	indexes := map[string]int{}
	for _, table := range c.Tables {
		indexes[table.Name] = len(table.Indexes)
	}
	require.Equal(t, map[string]int{"Users": 3, "Products": 2, "Categories": 1}, indexes)
	sources := map[string]string{}
	for _, e := range c.Entities {
		sources[e.Source] = e.Name
		require.Empty(t, e.Lost(), e.Name)
		require.Equal(t, "id", e.Columns[e.Sequence].Name)
	}
	require.Equal(t, map[string]string{"users": "USER", "shopping_carts": "CART", "orders": "ORDER",
		"order_items": "ORDER_LINE", "products": "Products", "categories": "Categories"}, sources)
}

// TestPatterns: each of the 48 has an index, and none is served by reading
// everything.
func TestPatterns(t *testing.T) {
	served := map[string]bool{}
	for _, p := range load(t).Patterns {
		served[p.Name] = true
		require.False(t, p.Scan, p.Name)
	}
	for i := range 48 {
		require.True(t, served[fmt.Sprintf("AP%d", i+1)], "AP%d", i+1)
	}
	require.Len(t, served, 48)
}

// TestKept: of every joined attribute the contract says how it is kept once
// DynamoDB is the authority.
func TestKept(t *testing.T) {
	for _, e := range load(t).Entities {
		require.Empty(t, e.Unkept(), e.Name)
	}
}

// TestGraph: what a column feeds is known, also through joins.
func TestGraph(t *testing.T) {
	fed := map[string][]string{}
	for _, f := range load(t).Graph().Feeds {
		column, attribute := f.Table+"."+f.Column, f.Entity+"."+f.Attribute
		if !slices.Contains(fed[column], attribute) { // a path is fed by the row and by those above
			fed[column] = append(fed[column], attribute)
		}
	}
	require.ElementsMatch(t, []string{"USER.email", "USER.GSI2PK", "Products.seller_email"}, fed["users.email"])
	require.ElementsMatch(t, []string{"Products.price", "CART.product_price"}, fed["products.price"])
	require.ElementsMatch(t, []string{"ORDER.status", "ORDER_LINE.order_status"}, fed["orders.status"])
	require.ElementsMatch(t, []string{"ORDER_LINE.price_at_time", "ORDER.items"}, fed["order_items.price_at_time"])
	require.ElementsMatch(t, []string{"Categories.name", "Categories.path", "Products.category_name", "CART.category_name"}, fed["categories.name"])
}

// TestItems: rows become the items of testdata/items.json, which are written
// from the format's rules, and come back.
func TestItems(t *testing.T) {
	c, rows, items := load(t), readRows(t), readItems(t)
	require.Len(t, items, len(c.Entities))
	for _, e := range c.Entities {
		require.Len(t, items[e.Name], len(rows[e.Name]))
		for i, row := range rows[e.Name] {
			record := row.record(t, e)
			item, err := e.Item(record)
			require.NoError(t, err)
			require.Equal(t, items[e.Name][i], item, "%s %s", e.Name, *row["id"])
			back, err := e.Record(item)
			require.NoError(t, err)
			require.Empty(t, back.Diff(record), "%s %s", e.Name, *row["id"])
		}
	}
}

// TestListsOfItems: items with the same key of an index are in the order in
// which the shop shows them, read backwards where that is newest first.
func TestListsOfItems(t *testing.T) {
	items := readItems(t)
	for _, c := range []struct{ entity, pk, of, sk, wants string }{
		{"CART", "GSI1PK", "CART_OF#3", "GSI1SK", "1 2"},
		{"ORDER", "GSI1PK", "ORDERS_OF#3", "GSI1SK", "1 2"},
		{"ORDER_LINE", "GSI1PK", "LINES_OF#1", "GSI1SK", "1 3"},
		{"ORDER_LINE", "GSI3PK", "SOLD_BY#1", "GSI3SK", "1 3"},
		{"Products", "category_id", "3", "listed", "1 2"},
		{"Products", "seller_id", "2", "listed", "3 4"},
		{"Categories", "GSI1PK", "ROOT", "name", "6 2 1"},
		{"Categories", "GSI1PK", "1", "name", "4 3"},
	} {
		ids := map[string]string{} // by sort key
		for _, item := range items[c.entity] {
			if keyText(item[c.pk]) == c.of {
				ids[keyText(item[c.sk])] = keyText(item["id"])
			}
		}
		var list string
		for _, sk := range slices.Sorted(maps.Keys(ids)) {
			list += " " + ids[sk]
		}
		require.Equal(t, " "+c.wants, list, "%s of %s", c.pk, c.of)
	}
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

// A row is what MySQL says of one row and of the rows that are joined to it:
// texts by column, nil for NULL.
type row map[string]*string

// readRows returns the rows of each entity.
func readRows(t testing.TB) map[string][]row {
	t.Helper()
	data, err := os.ReadFile("testdata/rows.json")
	require.NoError(t, err)
	var rows map[string][]row
	require.NoError(t, json.Unmarshal(data, &rows))
	return rows
}

// record returns the row as a record. A row that says nothing of a column, or
// something of no column, is a mistake.
func (r row) record(t testing.TB, e *transform.Entity) transform.Record {
	t.Helper()
	record := e.NewRecord()
	said := 0
	for i, c := range e.Columns {
		text, ok := r[c.Name]
		require.Equal(t, !c.IsComputed(), ok, "%s.%s", e.Name, c.Name)
		if ok {
			said++
		}
		if text != nil {
			v, err := c.Parse(*text)
			require.NoError(t, err)
			record.SetAt(i, v)
		}
	}
	require.Len(t, r, said)
	return record
}

// readItems returns the items of each entity, which the file has in the JSON of
// DynamoDB.
func readItems(t testing.TB) map[string][]map[string]types.AttributeValue {
	t.Helper()
	data, err := os.ReadFile("testdata/items.json")
	require.NoError(t, err)
	items, err := dynamojson.Items(data)
	require.NoError(t, err)
	return items
}
