package transform_test

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// copies is a contract with every join of which items can have a copy.
const copies = "../dal/storetest/testdata/copies.json"

// TestCopies: items have what is set of a copy, records never; the reference tells which
// records have copies of what.
func TestCopies(t *testing.T) {
	c, err := transform.LoadFile(copies)
	require.NoError(t, err)
	require.Empty(t, c.NotYet)
	baskets, wares, sections := c.Entity("Baskets"), c.Entity("Wares"), c.Entity("Sections")
	require.Len(t, baskets.Copies(), 3)
	require.Len(t, baskets.Hydrated(), 4)
	require.Len(t, wares.CopiedIn(), 3)
	require.Equal(t, []*transform.Reference{baskets.References[0]}, wares.CopiedBy())
	require.Len(t, sections.CopiedBy(), 2)
	name := baskets.Copies()[0]
	require.Equal(t, baskets, name.Of())
	require.Equal(t, "name", wares.Columns[name.Shows()].Name)
	require.Equal(t, "ware_name", baskets.Attributes[name.CopyAttribute()].Name)

	r := recordOf(t, baskets, map[string]string{"basket_id": "1", "line": "2", "shop": "s", "number": "3", "quantity": "4"})
	item, err := baskets.Item(r)
	require.NoError(t, err)
	require.NotContains(t, item, "ware_name")
	filled := r.Clone()
	require.NoError(t, filled.Set("ware_name", transform.TextValue("pen")))
	require.True(t, r.Equal(filled), "a copy is no part of the record")
	item, err = baskets.Item(filled)
	require.NoError(t, err)
	require.Equal(t, &types.AttributeValueMemberS{Value: "pen"}, item["ware_name"])
	require.NotContains(t, item, "section_name")
	back, err := baskets.Record(item)
	require.NoError(t, err)
	require.True(t, back.At(name.Column).IsNull())
	require.True(t, r.Equal(back))
	item["section_name"] = item["ware_name"]
	_, err = baskets.Record(item)
	require.ErrorContains(t, err, "section_name", "what is hydrated and not copied is a stranger")
}

// TestChangesCopies: which changes of a record leave copies that are old.
func TestChangesCopies(t *testing.T) {
	c, err := transform.LoadFile(copies)
	require.NoError(t, err)
	wares := c.Entity("Wares")
	was := recordOf(t, wares, map[string]string{"shop": "s", "number": "1", "name": "pen", "sold_out": "0", "stock": "5", "section_id": "7"})
	for column, want := range map[string]struct {
		to             string
		changes, moves bool
	}{"name": {"ink", true, false}, "price": {"1.50", true, false}, "stock": {"4", false, false}, "section_id": {"8", false, true}} {
		is := was.Clone()
		v, err := wares.Columns[wares.ColumnIndex(column)].Parse(want.to)
		require.NoError(t, err)
		require.NoError(t, is.Set(column, v))
		require.Equal(t, want.changes, wares.ChangesCopies(was, is), column)
		require.Equal(t, want.moves, wares.MovesCopies(was, is), column)
	}
}

// TestCopiesNotYet: what can't follow into an item stays what the stores can't do, with
// the reason and the mend.
func TestCopiesNotYet(t *testing.T) {
	for name, of := range map[string]struct {
		replace []string
		want    string
	}{
		"a chain":      {[]string{`"keep": {"dynamodb": "hydrate"}`, `"keep": {"dynamodb": "edge"}`}, `can't be kept by an edge: only a column of one row that the record refers to itself is copied into items; use "hydrate"`},
		"no reference": {[]string{`"references": [{"columns": ["section_id"], "entity": "Sections", "on_delete": "set-null"}]`, `"references": []`}, `no reference of Wares says that it refers to Sections by the columns of the join`},
		"a key":        {[]string{`{"index_name": "WareIndex", "pk": "shop", "sk": "basketId"`, `{"index_name": "WareIndex", "pk": "ware_name", "sk": "basketId"`}, "the key attribute ware_name is made of it"},
		"unique":       {[]string{`"primary_key": ["basket_id", "line"]`, `"primary_key": ["basket_id", "line"], "unique": [{"name": "u", "columns": ["ware_name"]}]`}, "the unique u is made of it"},
		"what is made": {[]string{`"select_column": "sections.name"}}
      ],
      "columns": [
        {"name": "shop"`, `"select_column": "sections.name"}, "transformation": {"type": "string-format", "format": "S#{section_name}"}}
      ],
      "columns": [
        {"name": "shop"`}, "section_name is made of it"},
		"a frozen chain": {[]string{`"keep": {"dynamodb": "hydrate"}`, `"keep": {"dynamodb": "copy"}`}, `can't be kept by a copy: only a column of one row`},
		"frozen in MySQL": {[]string{`"keep": {"mysql": "live", "dynamodb": "edge"}`, `"keep": {"mysql": "copy", "dynamodb": "edge"}`},
			`can't be kept by an edge: it is a copy while MySQL leads, which an item would have to hold; make it "mysql": "live"`},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(copies)
			require.NoError(t, err)
			require.Contains(t, string(data), of.replace[0])
			c, err := transform.Load([]byte(strings.Replace(string(data), of.replace[0], of.replace[1], 1)))
			require.NoError(t, err)
			var reasons []string
			for _, f := range c.NotYet {
				reasons = append(reasons, f.String())
			}
			require.Contains(t, strings.Join(reasons, "\n"), of.want)
		})
	}
}

// TestCopiesOf: the copies of an item alone, of the types that the contract gives them.
func TestCopiesOf(t *testing.T) {
	c, err := transform.LoadFile(copies)
	require.NoError(t, err)
	e := c.Entity("Baskets")
	r := recordOf(t, e, map[string]string{"basket_id": "1", "line": "2", "quantity": "4", "ware_name": "pen", "sold_out": "1"})
	item, err := e.Item(r)
	require.NoError(t, err)
	got := e.CopiesOf(item)
	shown := map[string]string{}
	for i, column := range e.Columns {
		if !got.At(i).IsNull() {
			shown[column.Name] = got.At(i).Text()
		}
	}
	require.Equal(t, map[string]string{"ware_name": "pen", "sold_out": "1"}, shown)
	item["ware_name"] = item["sold_out"]
	require.True(t, e.CopiesOf(item).At(e.ColumnIndex("ware_name")).IsNull(), "of another type")
	require.Equal(t, "1", e.CopiesOf(item).At(e.ColumnIndex("sold_out")).Text())
}

// TestCopied: a copy is compared as what an item tells of it. An empty set is an absent
// attribute there, which tells nothing.
func TestCopied(t *testing.T) {
	data, err := os.ReadFile(copies)
	require.NoError(t, err)
	text := string(data)
	for _, replace := range [][2]string{
		{`{"name": "price", "type": "decimal", "precision": 12, "scale": 2, "null": true}`, `{"name": "price", "type": "set", "values": ["a", "b"], "collation": "utf8mb4_bin"}`},
		{`{"name": "price", "type": "N", "source_column": "price"}`, `{"name": "price", "type": "SS", "source_column": "price"}`},
		{`{"name": "ware_price", "type": "N"`, `{"name": "ware_price", "type": "SS"`},
	} {
		require.Contains(t, text, replace[0])
		text = strings.Replace(text, replace[0], replace[1], 1)
	}
	c, err := transform.Load([]byte(text))
	require.NoError(t, err)
	require.Empty(t, c.NotYet)
	e := c.Entity("Baskets")
	price := e.Copies()[1]
	for _, labels := range []string{"", "a,b"} {
		r := recordOf(t, e, map[string]string{"basket_id": "1", "line": "2", "quantity": "4"})
		v, err := e.Columns[price.Column].Parse(labels)
		require.NoError(t, err)
		r.SetAt(price.Column, v)
		item, err := e.Item(r)
		require.NoError(t, err)
		require.Equal(t, e.CopiesOf(item).At(price.Column), price.Copied(v), labels)
	}
	require.True(t, price.Copied(transform.Value{}).IsNull())
}
