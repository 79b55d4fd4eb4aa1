package transform_test

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// carts is a contract with every join that can be hydrated.
const carts = "../dal/storetest/testdata/carts.json"

// cartsWith returns it with one text in the place of another.
func cartsWith(t testing.TB, replace ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(carts)
	require.NoError(t, err)
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, string(data), replace[i])
		data = []byte(strings.Replace(string(data), replace[i], replace[i+1], 1))
	}
	return data
}

// recordOf returns a record with these texts.
func recordOf(t testing.TB, e *transform.Entity, texts map[string]string) transform.Record {
	t.Helper()
	r := e.NewRecord()
	for name, text := range texts {
		v, err := e.Columns[e.ColumnIndex(name)].Parse(text)
		require.NoError(t, err)
		require.NoError(t, r.Set(name, v))
	}
	return r
}

// TestHydratedIsStoredNowhere: no item, no statement and no view has what is hydrated,
// and no comparison asks for it. An item that has it all the same is a strange one.
func TestHydratedIsStoredNowhere(t *testing.T) {
	c, err := transform.LoadFile(carts)
	require.NoError(t, err)
	require.Empty(t, c.NotYet)
	e := c.Entity("Carts")
	require.Len(t, e.Hydrated(), 4)
	require.Empty(t, e.Lost())
	require.Empty(t, e.Unkept())
	require.Equal(t, 6, e.Selected())
	require.NotContains(t, e.SelectList("t").SQL, "products")

	r := recordOf(t, e, map[string]string{"cart_id": "1", "line": "2", "shop": "s", "number": "3", "quantity": "4"})
	filled := r.Clone()
	require.NoError(t, filled.Set("product_name", transform.TextValue("x")))
	require.True(t, r.Equal(filled))
	require.Empty(t, r.Diff(filled))
	require.NoError(t, r.Fit())
	for _, rec := range []transform.Record{r, filled} {
		item, err := e.Item(rec)
		require.NoError(t, err)
		require.Len(t, item, 5)
		back, err := e.Record(item)
		require.NoError(t, err)
		require.Equal(t, r, back)
		item["product_name"] = &types.AttributeValueMemberS{Value: "x"}
		_, err = e.Record(item)
		require.ErrorContains(t, err, "an attribute product_name that the contract does not name")
	}
	for _, v := range c.Views(transform.ViewPrefix) {
		require.Empty(t, v.Findings)
		for _, name := range []string{"product_name", "parent_name", "category_name"} {
			require.NotContains(t, v.SQL, name)
		}
	}
	require.Empty(t, c.Touched("categories", "name")[0].Joined)
	require.Len(t, c.Touched("categories", "name"), 1, "no item of products or carts")
	for _, f := range c.Graph().Feeds {
		if f.Attribute == "product_name" && f.Through != "" {
			require.Equal(t, [2]string{"hydrate", "hydrate"}, [2]string{f.MySQL, f.DynamoDB})
		}
	}
}

// TestHydratedValue: what is read for a column, one record after the other, and what
// is shown then.
func TestHydratedValue(t *testing.T) {
	c, err := transform.LoadFile(carts)
	require.NoError(t, err)
	carts, products, categories := c.Entity("Carts"), c.Entity("Products"), c.Entity("Categories")
	there := map[transform.Key]transform.Record{}
	add := func(r transform.Record) {
		key, err := r.Key()
		require.NoError(t, err)
		there[key] = r
	}
	product := map[string]string{"shop": "a/b", "number": "1", "name": "n", "price": "1.50", "sold_out": "1", "category_id": "7"}
	add(recordOf(t, products, product))
	product["number"], product["category_id"] = "2", "8"
	add(recordOf(t, products, product))
	delete(product, "category_id")
	product["number"], product["sold_out"] = "3", "0"
	add(recordOf(t, products, product))
	add(recordOf(t, categories, map[string]string{"category_id": "7", "name": "tools"}))
	add(recordOf(t, categories, map[string]string{"category_id": "9"}))

	// value reads as a caller does, and counts the records.
	value := func(r transform.Record, column string) (transform.Value, int) {
		read := map[transform.Key]transform.Record{}
		for _, h := range r.Entity().Hydrated() {
			for r.Entity().Columns[h.Column].Name == column {
				v, next, err := h.Value(r, func(k transform.Key) (transform.Record, bool) { rec, ok := read[k]; return rec, ok })
				require.NoError(t, err)
				if next.IsZero() {
					return v, len(read)
				}
				require.NotContains(t, read, next, "asked for twice")
				read[next] = there[next]
			}
		}
		require.Fail(t, "no such column")
		return transform.Value{}, 0
	}
	for _, of := range []struct {
		shop, number string
		column, want string // "" for NULL
		reads        int
	}{
		{"a/b", "1", "product_name", "n", 1}, {"a/b", "1", "product_price", "1.50", 1},
		{"a/b", "1", "sold_out", "1", 1}, {"a/b", "3", "sold_out", "0", 1},
		{"a/b", "1", "category_name", "tools", 2},
		{"a/b", "2", "category_name", "", 2}, // its category is not there
		{"a/b", "3", "category_name", "", 1}, // it has none
		{"a/b", "4", "category_name", "", 1}, {"a/b", "4", "product_name", "", 1},
		{"a/b", "", "category_name", "", 0}, {"", "1", "product_name", "", 0},
		{"b", "1", "product_name", "", 1},
	} {
		r := recordOf(t, carts, map[string]string{"cart_id": "1", "line": "1"})
		for column, text := range map[string]string{"shop": of.shop, "number": of.number} {
			if text != "" {
				r = withText(t, r, column, text)
			}
		}
		v, reads := value(r, of.column)
		require.Equal(t, of.want, v.Text(), of)
		require.Equal(t, of.want == "", v.IsNull(), of)
		require.Equal(t, of.reads, reads, of)
	}
	none := recordOf(t, carts, map[string]string{"cart_id": "1", "line": "1", "shop": "", "number": "1"})
	v, reads := value(none, "product_name")
	require.True(t, v.IsNull() && reads == 0, "an empty text is no item's key")
	for parent, want := range map[string]string{"": "all", "7": "tools", "8": "all", "9": ""} {
		r := recordOf(t, categories, map[string]string{"category_id": "1"})
		if parent != "" {
			r = withText(t, r, "parent_id", parent)
		}
		v, _ := value(r, "parent_name")
		require.Equal(t, want, v.Text(), parent)
	}
}

func withText(t testing.TB, r transform.Record, column, text string) transform.Record {
	t.Helper()
	v, err := r.Entity().Columns[r.Entity().ColumnIndex(column)].Parse(text)
	require.NoError(t, err)
	require.NoError(t, r.Set(column, v))
	return r
}

// TestHydratedBinding: a field for what is hydrated is no must. A record has nothing
// of it, and nothing of a record is in it.
func TestHydratedBinding(t *testing.T) {
	type plain struct {
		ID     int64   `db:"category_id"`
		Name   *string `db:"name"`
		Parent *int64  `db:"parent_id"`
	}
	type shows struct {
		plain
		ParentName string `db:"name_joined"`
	}
	// The attribute of the column name is called otherwise, and the joined one name.
	c, err := transform.Load(cartsWith(t, `{"name": "name", "type": "S"`, `{"name": "called", "type": "S"`, `"parent_name"`, `"name"`))
	require.NoError(t, err)
	require.Empty(t, c.NotYet)
	e := c.Entity("Categories")
	h := e.Hydrated()[0].Column
	without, err := transform.Bind[plain](e)
	require.NoError(t, err)
	require.False(t, without.Binds(h))
	require.ErrorContains(t, without.SetColumn(new(plain), h, transform.TextValue("x")), "has no field")
	b, err := transform.Bind[shows](e)
	require.NoError(t, err)
	require.True(t, b.Binds(h))
	v := shows{plain{ID: 1}, "kept"}
	r, err := b.Record(&v)
	require.NoError(t, err)
	require.True(t, r.At(h).IsNull())
	r.SetAt(h, transform.TextValue("not this"))
	require.NoError(t, b.Into(r, &v))
	require.Equal(t, "kept", v.ParentName)
	require.NoError(t, b.SetColumn(&v, h, transform.TextValue("new")))
	require.Equal(t, "new", v.ParentName)
	_, err = transform.Bind[struct {
		plain
		ParentName int `db:"name_joined"`
	}](e)
	require.ErrorContains(t, err, "column name_joined")
}

// TestHydratedNotYet: a joined column that can't be read by keys, or that an item would
// need, stays one that the stores can't do, with the reason and the mend.
func TestHydratedNotYet(t *testing.T) {
	const selects = `"select_column": "categories.name"}}
      ],`
	const keep = `"category_name", "type": "S", "source_column": "category_id", "keep": {"dynamodb": "hydrate"}`
	for name, of := range map[string]struct {
		replace []string
		want    string
	}{
		"an expression":     {[]string{selects, strings.Replace(selects, "categories.name", "UPPER(categories.name)", 1)}, "what is selected is not a single column of a joined row; select the columns"},
		"the own row":       {[]string{selects, strings.Replace(selects, "categories.name", "products.name", 1)}, "what is selected is not a single column of a joined row; select"},
		"a conditional":     {[]string{`{"type": "foreign-key", `, `{"type": "conditional", "condition": "products.sold_out = 1", `}, "not a single column of a joined row; select"},
		"a chain of both":   {[]string{`{"type": "chain", `, `{"type": "chain", "chain_separator": "/", `}, "not a single column of a joined row; select"},
		"a copy in MySQL":   {[]string{keep, strings.Replace(keep, `{`, `{"mysql": "copy", `, 1)}, `it is a copy while MySQL leads, which an item would have to hold; make it "mysql": "live"`},
		"what is made":      {[]string{selects, strings.Replace(selects, "}}", `}, "transformation": {"type": "string-format", "format": "C#{category_name}"}}`, 1)}, "category_name is made of it, which an item would have to hold; give the attribute"},
		"what is lost":      {[]string{`{"name": "name", "type": "S", "source_column": "name"},`, `{"name": "name", "type": "S", "source_column": ["name", "parent_id"], "calculation": {"type": "concat", "separator": "-"}},`}, "no attribute of Categories carries name, so its items don't tell it; add one"},
		"another type":      {[]string{`{"name": "category_id", "type": "int", "null": true}`, `{"name": "category_id", "type": "bigint", "null": true}`}, "column category_id is bigint, and category_id of Categories, whose key it is, int; give both"},
		"another collation": {[]string{`{"name": "shop", "type": "varchar", "length": 32, "null": true, "collation": "utf8mb4_bin"}`, `{"name": "shop", "type": "varchar", "length": 32, "null": true, "collation": "utf8mb4_general_ci"}`}, "shop of Products has utf8mb4_bin; give both one collation"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := transform.Load(cartsWith(t, of.replace...))
			require.NoError(t, err)
			var reasons []string
			for _, f := range c.NotYet {
				reasons = append(reasons, f.String())
			}
			require.Contains(t, strings.Join(reasons, "\n"), of.want)
		})
	}
}

// TestHydratedFindings: what would need a hydrated column in the item is an error of
// the contract.
func TestHydratedFindings(t *testing.T) {
	for name, of := range map[string]struct {
		replace []string
		want    string
	}{
		"unique":    {[]string{`"primary_key": ["category_id"]`, `"primary_key": ["category_id"], "unique": [{"name": "u", "columns": ["parent_name"]}]`}, "what is hydrated is not in the item, and the unique u is made of it"},
		"index":     {[]string{`"pk": "parentId", "sk": "categoryId"`, `"pk": "parent_name", "sk": "categoryId"`}, "what is hydrated is not in the item, and the key attribute parent_name is made of it"},
		"projected": {[]string{`"projection": "ALL"`, `"projection": "INCLUDE", "projected_attributes": ["parent_name"]`}, "what is hydrated is not in the item, and index ParentIndex projects parent_name; use \"edge\", or take it out"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := transform.Load(cartsWith(t, of.replace...))
			require.ErrorContains(t, err, of.want)
		})
	}
}

// TestHydratedOfWrongContracts: what is right of a contract that has an error elsewhere
// selects as many columns as it reads.
func TestHydratedOfWrongContracts(t *testing.T) {
	d, err := transform.Parse(cartsWith(t, `"group": "storetest",`, `"group": "storetest", "access_patterns": [{"name": "AP1", "entity": "Nothing"}],`))
	require.NoError(t, err)
	c, _ := d.Check()
	require.Nil(t, c)
	e := d.Salvage().Entity("Carts")
	require.NotContains(t, e.SelectList("t").SQL, "products")
	require.Equal(t, 6, e.Selected())
}
