package transform_test

import (
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// counts is a contract with every count that can be read.
const counts = "../dal/storetest/testdata/counts.json"

// countsWith returns it with one text in the place of another.
func countsWith(t testing.TB, replace ...string) []byte {
	t.Helper()
	return fileWith(t, counts, replace...)
}

func fileWith(t testing.TB, path string, replace ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, string(data), replace[i])
		data = []byte(strings.Replace(string(data), replace[i], replace[i+1], 1))
	}
	return data
}

// TestCounted: a count is by one reference, and stored nowhere.
func TestCounted(t *testing.T) {
	c, err := transform.LoadFile(counts)
	require.NoError(t, err)
	require.Empty(t, c.NotYet)
	for _, f := range c.Warnings {
		require.NotContains(t, f.Pointer, "/attributes/4", f.String())
	}
	for _, name := range []string{"Shelves", "Goods"} {
		e := c.Entity(name)
		require.Empty(t, e.Lost())
		require.Empty(t, e.Unkept())
		require.Equal(t, len(e.Own()), e.Selected())
		require.NotContains(t, e.SelectList("t").SQL, "COUNT")
		for _, h := range e.Hydrated() {
			v, next, err := h.Value(e.NewRecord(), nil)
			require.True(t, err == nil && next.IsZero() && v.IsNull())
		}
	}
	by := map[string]string{}
	for _, e := range c.Entities {
		for _, h := range e.Hydrated() {
			require.Same(t, e, h.Counts().To())
			by[e.Columns[h.Column].Name] = h.Counts().Of().Name + " " + h.Counts().Field()
		}
	}
	require.Equal(t, map[string]string{"shelves_below": "Shelves above_id", "goods": "Goods shelf_id", "extras": "Goods extra_id", "reviews": "Reviews shop,number"}, by)
	r := recordOf(t, c.Entity("Shelves"), map[string]string{"shelf_id": "1"})
	item, err := r.Entity().Item(r)
	require.NoError(t, err)
	require.Len(t, item, 1)
	for _, v := range c.Views(transform.ViewPrefix) {
		require.NotContains(t, v.SQL, "COUNT")
	}
	require.Nil(t, mustLoad(t, carts).Entity("Carts").Hydrated()[0].Counts())
}

func mustLoad(t testing.TB, path string) *transform.Contract {
	t.Helper()
	c, err := transform.LoadFile(path)
	require.NoError(t, err)
	return c
}

// TestCountedBinding: any integer type shows a count, a type without a field does too,
// and no other type does.
func TestCountedBinding(t *testing.T) {
	e := mustLoad(t, counts).Entity("Goods")
	column := e.Hydrated()[0].Column
	type good struct {
		Shop   string `db:"shop"`
		Number int64  `db:"number"`
		Shelf  *int64 `db:"shelf_id"`
		Extra  *int64 `db:"extra_id"`
	}
	without, err := transform.Bind[good](e)
	require.NoError(t, err)
	require.False(t, without.Binds(column))
	type small struct {
		good
		Reviews uint8 `db:"reviews"`
	}
	b, err := transform.Bind[small](e)
	require.NoError(t, err)
	require.True(t, b.Binds(column))
	v := small{Reviews: 9}
	r, err := b.Record(&v)
	require.NoError(t, err)
	require.True(t, r.At(column).IsNull(), "it is never written")
	require.NoError(t, b.SetColumn(&v, column, transform.IntValue(200)))
	require.EqualValues(t, 200, v.Reviews)
	require.Error(t, b.SetColumn(&v, column, transform.IntValue(256)))
	_, err = transform.Bind[struct {
		good
		Reviews string `db:"reviews"`
	}](e)
	require.ErrorContains(t, err, "column reviews")
}

// TestCountNotYet: what can't be counted as it is read stays one that the stores can't
// do, with the place, the reason and the mend; so does every aggregate that is stored.
func TestCountNotYet(t *testing.T) {
	const (
		goods   = `"join_condition": "goods.shelf_id = shelves.shelf_id",`
		extrasN = `{"name": "extras", "type": "N"`
		extrasS = `{"name": "extras", "type": "S"`
		keeps   = `{"name": "extras", "type": "N", "source_column": "shelf_id", "keep": {"dynamodb": "hydrate"}`
		shelved = `{"columns": ["shelf_id"], "entity": "Shelves", "on_delete": "cascade"},`
		reviews = `"references": [{"columns": ["shop", "number"], "entity": "Goods", "on_delete": "cascade"}]`
		counted = `"operation": "COUNT", "select_column": "goods.extra_id"`
		number  = `"select_column": "goods.number"`
		pointer = "error /tables/0/attributes/"
		other   = ` can't be hydrated: `
	)
	for name, of := range map[string]struct {
		replace []string
		want    string
	}{
		"no reference": {[]string{shelved, ""}, pointer + `4: attribute goods of entity Shelves` + other + `no reference of Goods says that "shelf_id" is the shelf_id of a record of Shelves; ` +
			`add {"columns": ["shelf_id"], "entity": "Shelves", "on_delete": …} to the "references" of Goods`},
		"no reference by all columns": {[]string{reviews, `"references": []`}, `error /tables/1/attributes/4: attribute reviews of entity Goods` + other +
			`no reference of Reviews says that "shop", "number" is the shop, number of a record of Goods; add {"columns": ["shop", "number"]`},
		"part of the key": {[]string{`reviews.number = goods.number AND reviews.shop = goods.shop`, `reviews.number = goods.number`},
			"the join does not compare its whole primary key, and nothing else; join by that"},
		"more than the key": {[]string{goods, `"join_condition": "goods.shelf_id = shelves.shelf_id AND goods.extra_id = shelves.above_id",`},
			"the join does not compare its whole primary key, and nothing else; join by that"},
		"another column than the key": {[]string{goods, `"join_condition": "goods.shelf_id = shelves.above_id",`},
			"the join does not compare its whole primary key, and nothing else; join by that"},
		"what may be NULL":  {[]string{number, `"select_column": "goods.extra_id"`}, `rows whose extra_id is NULL are not counted, and all records that refer are; use "select_column": "*"`},
		"an expression":     {[]string{number, `"select_column": "goods.number + 1"`}, `what is counted is not a single column of the rows; use "select_column": "*"`},
		"of the own row":    {[]string{number, `"select_column": "shelves.name"`}, `what is counted is not a single column of the rows; use "select_column": "*"`},
		"a copy in MySQL":   {[]string{keeps, strings.Replace(keeps, `"keep": {`, `"keep": {"mysql": "copy", `, 1)}, `it is a copy while MySQL leads, which an item would have to hold; make it "mysql": "live"`},
		"what is made":      {[]string{counted + "}", counted + `}, "transformation": {"type": "number-format", "format": "000"}`, extrasN, extrasS}, "extras is made of it, which an item would have to hold; give the attribute"},
		"items that expire": {[]string{`"source_table": "reviews", "pk"`, `"source_table": "reviews", "ttl": "number", "pk"`}, `items of Reviews expire, and what the service deletes is counted still; take "ttl" out`},
		"nothing said":      {[]string{keeps, strings.Replace(keeps, `, "keep": {"dynamodb": "hydrate"}`, "", 1)}, pointer + `5: attribute extras of entity Shelves is a COUNT, and nothing says how it is kept; use "keep": {"dynamodb": "counter"}`},
		"a copy":            {[]string{keeps, strings.Replace(keeps, "hydrate", "copy", 1)}, `can't be kept by a copy: a number that stays when records come and go is that of no moment which the item tells; use "counter", or "hydrate"`},
		"what is made of a counter": {[]string{keeps, strings.Replace(keeps, "hydrate", "copy", 1), counted + "}", counted + `}, "transformation": {"type": "number-format", "format": "000"}`, extrasN, extrasS},
			`attribute extras of entity Shelves can't be kept by a copy: extras is made of it`},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := transform.Load(countsWith(t, of.replace...))
			require.NoError(t, err)
			var reasons []string
			for _, f := range c.NotYet {
				reasons = append(reasons, f.String())
			}
			require.Len(t, reasons, 1, "%s", strings.Join(reasons, "\n"))
			require.Contains(t, reasons[0], of.want)
		})
	}
	for _, selected := range []string{`"*"`, `" * "`, `"1"`, `"shop"`, `"goods.shelf_id"`} {
		c, err := transform.Load(countsWith(t, number, `"select_column": `+selected))
		require.NoError(t, err)
		require.Empty(t, c.NotYet, selected)
	}
}

// TestCountFindings: what would need a count in the item, and aggregates of no column, are
// errors of the contract.
func TestCountFindings(t *testing.T) {
	const (
		goods    = `"operation": "COUNT", "select_column": "goods.number"`
		all      = `"projection": "ALL"}`
		projects = `"projection": "INCLUDE", "projected_attributes": ["goods"]}`
	)
	for name, of := range map[string]struct {
		replace []string
		want    string
	}{
		"index":        {[]string{`"pk": "aboveId", "sk": "shelfId"`, `"pk": "aboveId", "sk": "goods"`}, "what is hydrated is not in the item, and the key attribute goods is made of it"},
		"projected":    {[]string{all, projects}, `and index AboveIndex projects goods; use "counter", or take it out of the index`},
		"of a sum":     {[]string{all, projects, goods, `"operation": "SUM", "select_column": "goods.number"`}, `and index AboveIndex projects goods; take it out of the index`},
		"all of a sum": {[]string{goods, `"operation": "SUM", "select_column": "*"`}, "*"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := transform.Load(countsWith(t, of.replace...))
			require.ErrorContains(t, err, of.want)
		})
	}
}

// TestReferenceKeyOfRow: the key that a row refers to is told by its texts alone.
func TestReferenceKeyOfRow(t *testing.T) {
	c := mustLoad(t, counts)
	f := c.Entity("Reviews").References[0]
	require.Equal(t, "t.`shop`, t.`number`", f.Select("t").SQL)
	text := func(s string) sql.NullString { return sql.NullString{String: s, Valid: true} }
	key, refers, err := f.ReadKey([]sql.NullString{text("a/b  "), text("7")})
	require.NoError(t, err)
	require.True(t, refers)
	want, err := c.Entity("Goods").KeyOf("a/b", 7)
	require.NoError(t, err)
	require.Equal(t, want, key, "utf8mb4_bin takes both for one")
	_, refers, err = f.ReadKey([]sql.NullString{text("a/b"), {}})
	require.NoError(t, err)
	require.False(t, refers)
	_, _, err = f.ReadKey([]sql.NullString{text("a/b"), text("x")})
	require.ErrorContains(t, err, "number")
}
