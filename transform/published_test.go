package transform

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// published returns the contract that the format was published with, if the
// environment says where it is. It is not ours to keep here.
func published(t *testing.T) []byte {
	t.Helper()
	path := os.Getenv("CROSSFADE_PUBLISHED_CONTRACT")
	if path == "" {
		t.Skip("CROSSFADE_PUBLISHED_CONTRACT does not name the file of the published contract")
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

// Faults of the published contract that its text shows, without its tables.
var publishedFaults = []string{
	// An order's lines, as text.
	`warning /tables/0/entities/2/attributes/5/type: attribute order_items holds what is constructed as text; use L`,
	// Key templates of a name that nothing has.
	`error /tables/0/entities/1/pk_template: {user_email} is no attribute before its transformation, and no column of shopping_carts`,
	`error /tables/0/entities/2/pk_template: {user_email} is no attribute`,
	// Item keys that change: e-mail, a joined e-mail, the parent's name, the name.
	`warning /tables/0/pk: the item's key of entity USER depends on column email, which is not of the primary key`,
	`warning /tables/0/pk: the item's key of entity CART depends on the joined PK, of rows of users`,
	`warning /tables/0/pk: the item's key of entity ORDER depends on the joined PK, of rows of users`,
	`warning /tables/2/pk: the item's key depends on the joined PK, of rows of categories`,
	`warning /tables/2/sk: the item's key depends on column name`,
	// Index keys that change.
	`warning /tables/0/gsis/1: the key of index GSI2 depends on column username`,
	`warning /tables/1/gsis/0: the key of index GSI1 depends on column category_id and on column name`,
	`warning /tables/1/gsis/1: the key of index GSI2 depends on column seller_id and on column name`,
	`warning /tables/2/gsis/0: the key of index GSI1 depends on the joined GSI1PK, of rows of categories`,
	// A path that is the name of one row, and a self-join of another table.
	`warning /tables/1/attributes/4: attribute category_path holds a value of one row of categories, which is a tree, and not the path`,
	`warning /tables/1/attributes/4/join: a self-join through which another table is joined: cat_hierarchy is taken to be categories`,
	`warning /tables/2/attributes/6: attribute category_path holds a value of one row of categories`,
	// A parent's name that others read from the row itself, and the magic alias.
	`warning /tables/2/attributes/4/join/join_condition: "categories.id = categories.parent_id" joins categories with itself`,
	`warning /tables/2/attributes/0/join/else_value: "parent.name" is taken for a column of the joined row`,
	`warning /tables/2/attributes/11/join/else_value: "parent.id" is taken for a column of the joined row`,
	// A level that counts, and counts of the wrong side.
	`warning /tables/2/attributes/7/calculation: attribute level counts rows of categories`,
	`error /tables/2/attributes/7/calculation/join_condition: joins the one row above, and not the rows below`,
	`error /tables/2/attributes/8/calculation/join_condition: joins the one row above, and not the rows below`,
	// Patterns that nobody defined.
	`warning /tables/2/satisfies/5: nothing says what AP24 asks for`,
	// What nothing keeps in phase 4.
	`warning /tables/0/entities/1/attributes/4: DynamoDB joins nothing, and nothing says how the attribute is kept`,
	`warning /tables/2/attributes/9: DynamoDB joins nothing`,
	// And its tables.
	`error /tables/1: does not say the columns of its source table products`,
}

// publishedSound are parts that are as they should be: nothing is said of them.
var publishedSound = []string{
	"/tables/0/entities/0/attributes/", "/tables/0/entities/2/attributes/1:", "/tables/0/gsis/0", "/tables/0/gsis/2",
	"/tables/1/pk", "/tables/1/sk", "/tables/1/attributes/0", "/tables/2/attributes/1:", "/tables/2/attributes/12", "unknown property",
}

func TestPublishedContract(t *testing.T) {
	got := checkedTexts(published(t))
	for _, want := range publishedFaults {
		require.True(t, slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }),
			"%s\n\nis not in\n\n%s", want, strings.Join(got, "\n"))
	}
	for _, s := range got {
		for _, sound := range publishedSound {
			require.NotContains(t, s, sound)
		}
	}
	undefined := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !strings.Contains(s, "nothing says what AP") })
	require.Len(t, undefined, 46, "one for each entry of satisfies")
}

// With a pattern defined, it is said that no index finds a category by its id.
func TestPublishedContractHasNoCategoryByID(t *testing.T) {
	var v map[string]any
	require.NoError(t, json.Unmarshal(published(t), &v))
	v["access_patterns"] = []any{
		map[string]any{"name": "AP24", "entity": "Categories", "index": "GSI1", "equal": []any{"category_id"}},
		map[string]any{"name": "AP10", "entity": "Products", "index": "GSI1", "equal": []any{"category_id"}, "order": "product_name"},
	}
	data, err := json.Marshal(v)
	require.NoError(t, err)
	got := slices.DeleteFunc(checkedTexts(data), func(s string) bool { return !strings.Contains(s, " /access_patterns") })
	require.Len(t, got, 1, "%s", strings.Join(got, "\n"))
	require.Contains(t, got[0], `error /access_patterns/0: index GSI1 can't serve it: the partition key GSI1PK is made of GSI1PK, and "equal" does not give that`)
	require.Contains(t, got[0], "add an index whose partition key is what the pattern asks by")
}

// The published contract with the columns of its six tables: what only types show.
func TestPublishedContractWithColumns(t *testing.T) {
	d, err := Parse(published(t))
	require.NoError(t, err)
	for _, s := range append(d.SourceTables(), d.JoinedTables()...) {
		columns := publishedColumns(s.Table)
		require.NotEmpty(t, columns, s.Table)
		if s.Entity != "" {
			require.NoError(t, d.SetColumns(s.Entity, columns, []string{"id"}))
		} else {
			d.SetTable(s.Table, columns, []string{"id"})
		}
	}
	got := checkedTexts(d.JSON())
	for _, want := range []string{
		`error /tables/0/entities/0/columns/7: no attribute carries column super_admin`,
		`error /tables/0/entities/1/columns/0: no attribute carries column id`,
		`error /tables/0/entities/1/columns/1: no attribute carries column user_id`,
		`error /tables/2/pk: the item's key leaves out [id]`,
		`warning /tables/0/entities/2/attributes/5/join/construction/select_columns: no field carries id of order_items`,
		`error /tables/0/entities/0: the item's key leaves out [id]`,
		`error /tables/2/gsis/0/sk: attribute GSI1SK sorts the numbers of id as text`,
	} {
		require.True(t, slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }),
			"%s\n\nis not in\n\n%s", want, strings.Join(got, "\n"))
	}
	unmapped := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !strings.Contains(s, "no attribute carries") })
	require.Len(t, unmapped, 3, "the other columns are all there: %s", strings.Join(unmapped, "\n"))
	for _, s := range got {
		require.NotContains(t, s, "does not say the columns")
		require.NotContains(t, s, "/tables/0/gsis/0/sk", "GSI1 of Users has one item per partition, in no order")
	}
}

// publishedColumns returns the columns of a table of the shop that the contract is
// of: "name" is an int, "name:type" another.
func publishedColumns(table string) []Column {
	var columns []Column
	for _, field := range strings.Fields(map[string]string{
		"users":          "id username:varchar email:varchar password_hash:varchar first_name:varchar last_name:varchar is_seller:tinyint super_admin:tinyint created_at:timestamp updated_at:timestamp",
		"categories":     "id name:varchar parent_id created_at:timestamp",
		"products":       "id seller_id category_id name:varchar description:text price:decimal inventory_quantity image_url:varchar created_at:timestamp updated_at:timestamp",
		"shopping_carts": "id user_id product_id quantity created_at:timestamp updated_at:timestamp",
		"orders":         "id user_id total_amount:decimal status:enum created_at:timestamp updated_at:timestamp",
		"order_items":    "id order_id product_id quantity price_at_time:decimal",
	}[table]) {
		name, typ, _ := strings.Cut(field, ":")
		c := Column{Name: name, SQLType: typ}
		switch typ {
		case "":
			c.SQLType, c.Nullable = "int", name == "parent_id"
		case "varchar":
			c.Length, c.Collation = 100, "utf8mb4_general_ci"
		case "text":
			c.Collation, c.Nullable = "utf8mb4_general_ci", true
		case "decimal":
			c.Precision, c.Scale = 10, 2
		case "enum":
			c.Labels = []string{"pending", "completed", "cancelled"}
		}
		columns = append(columns, c)
	}
	return columns
}
