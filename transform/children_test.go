package transform

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// ownedContract has orders with lines; %s are the properties of the lines'
// construction, more columns of theirs, and what follows their primary key.
const ownedContract = `{
	"source_tables": [{"table": "order_lines", "columns": [
		{"name": "id", "type": "int", "generated": "auto_increment"}, {"name": "order_id", "type": "int"},
		{"name": "product", "type": "varchar", "length": 20, "null": true, "collation": "utf8mb4_general_ci"},
		{"name": "price", "type": "decimal", "precision": 20, "scale": 4, "null": true},
		{"name": "wide", "type": "decimal", "precision": 65, "scale": 2, "null": true},
		{"name": "weight", "type": "double", "null": true}, {"name": "at", "type": "timestamp", "precision": 3, "null": true},
		{"name": "took", "type": "time", "null": true}, {"name": "state", "type": "enum", "values": ["b", "a"], "null": true, "collation": "utf8mb4_bin"},
		{"name": "doc", "type": "json", "null": true}%s], "primary_key": ["id"]%s}],
	"tables": [{"table": "Orders", "type": "single-entity", "source_table": "orders", "pk": "id",
		"columns": [{"name": "id", "type": "int", "generated": "auto_increment"}, {"name": "address", "type": "varchar", "length": 20, "null": true, "collation": "utf8mb4_bin"}],
		"primary_key": ["id"], "sequence": {"column": "id"},
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "address", "type": "S", "source_column": "address"},
			{"name": "lines", "type": "L", "source_column": null, "join": {"type": "json-construction", "target_table": "order_lines",
				"join_condition": "order_lines.order_id = orders.id", "construction": {"type": "array", "select_columns": {"id": "id", "orderId": "order_id",
					"product": "product", "price": "price", "wide": "wide", "weight": "weight", "at": "at", "took": "took", "state": "state", "doc": "doc"}%s}}}]}]}`

func ownedOrder(t testing.TB, more ...string) *Entity {
	t.Helper()
	return ownedBy(t, more...).Entity("Orders")
}

func ownedBy(t testing.TB, more ...string) *Contract {
	t.Helper()
	more = append(more, "", "", "")
	c, err := Load([]byte(fmt.Sprintf(ownedContract, more[0], more[1], more[2])))
	require.NoError(t, err)
	return c
}

type ownedRecord struct {
	ID      int64          `db:"id"`
	Address sql.NullString `db:"address"`
	Lines   []*ownedLine   `db:"lines"`
}

type ownedLine struct {
	ID      int64               `db:"id"`
	OrderID int64               `db:"orderId"`
	Product *string             `db:"product"`
	Price   decimal.NullDecimal `db:"price"`
	Wide    sql.NullString      `db:"wide"`
	Weight  *float64            `db:"weight"`
	At      *time.Time          `db:"at"`
	Took    *time.Duration      `db:"took"`
	State   *string             `db:"state"`
	Doc     any                 `db:"doc"`
}

// selectedList is what a server selects of rows: texts in the order of the fields'
// declaration, "\x00" for NULL.
func selectedList(rows ...[]string) string {
	var all []string
	for _, row := range rows {
		var fields []string
		for _, text := range row {
			if text == "\x00" {
				fields = append(fields, "-")
			} else {
				fields = append(fields, strings.ToUpper(hex.EncodeToString([]byte(text))))
			}
		}
		all = append(all, strings.Join(fields, ",")+".")
	}
	return fmt.Sprintf("%d:%s", len(rows), strings.Join(all, ";"))
}

// TestChildrenHaveOneForm: the list is the same read from MySQL, bound from a
// struct, and taken from an item, and nothing in it is lost on any of the ways.
func TestChildrenHaveOneForm(t *testing.T) {
	e := ownedOrder(t)
	n := "\x00"
	row, err := e.ReadRow([]sql.NullString{{String: "7", Valid: true}, {}, {Valid: true, String: selectedList(
		[]string{"12", "7", "null", "0.1000", "12345678901234567890123456789012345678901.10", "1e-7", "2024-03-31 01:30:00.000", "-838:59:59", "a", "null"},
		[]string{"3", "7", "", "1234567890123456.7891", n, "0", n, "08:30:00", "b", `{"b": 1.0, "a": [1e2]}`},
		[]string{"9", "7", n, n, n, n, n, n, n, n})}})
	require.NoError(t, err)
	list := row.At(2)
	require.Equal(t, `[{"doc":{"a":[100],"b":1},"id":3,"orderId":7,"price":1234567890123456.7891,"product":"","state":"b","took":"008:30:00","weight":0},`+
		`{"id":9,"orderId":7},`+
		`{"at":"2024-03-31T01:30:00.000Z","doc":null,"id":12,"orderId":7,"price":0.1,"product":"null","state":"a","took":"-838:59:59","weight":0.0000001,"wide":"12345678901234567890123456789012345678901.10"}]`,
		list.Text())
	require.NoError(t, row.Fit())

	b, err := Bind[ownedRecord](e)
	require.NoError(t, err)
	var v ownedRecord
	require.NoError(t, b.Into(row, &v))
	require.Equal(t, "0.1000", v.Lines[2].Price.Decimal.StringFixed(4))
	for _, line := range v.Lines {
		require.EqualValues(t, 7, line.OrderID)
		line.OrderID = 99 // does not count
	}
	v.Lines[0], v.Lines[2] = v.Lines[2], v.Lines[0] // nor does the order
	again, err := b.Record(&v)
	require.NoError(t, err)
	require.Equal(t, list.Text(), strings.Replace(again.At(2).Text(), `{"at":"2024-03-31T01:30:00.000Z","id":12`, `{"at":"2024-03-31T01:30:00.000Z","doc":null,"id":12`, 1),
		"JSON's null is a nil that no any can tell from NULL")

	item, err := e.Item(row)
	require.NoError(t, err)
	back, err := e.Record(item)
	require.NoError(t, err)
	require.True(t, back.Equal(row), back.Diff(row))
	rows, err := e.Children()[0].Of(back)
	require.NoError(t, err)
	price, _ := rows[2].Get("price")
	require.Equal(t, "0.1000", price.Text(), "with its scale")
}

// TestChildrenOfItemsInOtherForms: what Item would not have written is an error.
func TestChildrenOfItemsInOtherForms(t *testing.T) {
	e := ownedOrder(t)
	item := func(lines ...map[string]types.AttributeValue) map[string]types.AttributeValue {
		list := &types.AttributeValueMemberL{}
		for _, line := range lines {
			list.Value = append(list.Value, &types.AttributeValueMemberM{Value: line})
		}
		return map[string]types.AttributeValue{"id": avN("7"), "lines": list}
	}
	line := func(id string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"id": avN(id), "orderId": avN("7")}
	}
	_, err := e.Record(item(line("1"), line("2")))
	require.NoError(t, err)
	other, zero := line("1"), line("0")
	other["orderId"] = avN("8")
	text, more, null := line("1"), line("1"), line("1")
	text["price"], more["else"], null["product"] = avS("1.5"), avS("x"), &types.AttributeValueMemberNULL{Value: true}
	for name, it := range map[string]map[string]types.AttributeValue{
		"in another order": item(line("2"), line("1")), "of another record": item(other), "a decimal as a text": item(text),
		"an unknown field": item(more), "NULL as a type": item(null), "an id of zero": item(zero), "without the key": item(map[string]types.AttributeValue{"id": avN("1")}),
		"no list": {"id": avN("7")},
	} {
		_, err := e.Record(it)
		require.Error(t, err, name)
	}
}

// TestNoChildren: nil, an empty slice and NULL are an empty list, in the item too,
// and an empty slice comes back.
func TestNoChildren(t *testing.T) {
	e := ownedOrder(t)
	b, err := Bind[ownedRecord](e)
	require.NoError(t, err)
	for _, lines := range [][]*ownedLine{nil, {}} {
		rec, err := b.Record(&ownedRecord{ID: 1, Lines: lines})
		require.NoError(t, err)
		require.Equal(t, "[]", rec.At(2).Text())
		var v ownedRecord
		require.NoError(t, b.Into(rec, &v))
		require.Equal(t, []*ownedLine{}, v.Lines)
	}
	rec := e.NewRecord()
	rec.SetAt(0, IntValue(1))
	item, err := e.Item(rec)
	require.NoError(t, err)
	require.Equal(t, &types.AttributeValueMemberL{Value: []types.AttributeValue{}}, item["lines"])
	require.NoError(t, e.Settle(rec))
	require.Equal(t, "[]", rec.At(2).Text())
	_, err = b.Record(&ownedRecord{ID: 1, Lines: []*ownedLine{nil}})
	require.ErrorContains(t, err, "an element is nil")
}

// TestChildrenInOrder: by the values, whatever the collation says, NULL first or
// last, and rows without an id as they came.
func TestChildrenInOrder(t *testing.T) {
	e := ownedOrder(t, "", "", `, "order_by": "product DESC, price"`)
	rec := e.NewRecord()
	list, err := JSONValue([]byte(`[{"product":"a","price":10},{"id":5},{"product":"B","price":1},{"product":"a","price":9.5},{"product":"a"},{"product":"a","price":9.5,"state":"a"}]`))
	require.NoError(t, err)
	rec.SetAt(0, IntValue(1))
	rec.SetAt(2, list)
	require.NoError(t, e.Settle(rec))
	require.Equal(t, `[{"orderId":1,"product":"a"},{"orderId":1,"price":9.5,"product":"a"},{"orderId":1,"price":9.5,"product":"a","state":"a"},`+
		`{"orderId":1,"price":10,"product":"a"},{"orderId":1,"price":1,"product":"B"},{"id":5,"orderId":1}]`, rec.At(2).Text())
	require.Contains(t, e.SelectList("t").SQL, "ORDER BY j1.`product` IS NOT NULL DESC, CAST(CONVERT(j1.`product` USING utf8mb4) AS BINARY) DESC, j1.`price` IS NOT NULL, j1.`price`, j1.`id`")
	require.Contains(t, e.SelectListLocked("t", " FOR UPDATE").SQL, "WHERE j1.`order_id` = t.`id` FOR UPDATE)")
}

// TestAssignedIDs: rows without an id get one, in their order; an id that the
// record did not have is refused.
func TestAssignedIDs(t *testing.T) {
	e := ownedOrder(t)
	rec := e.NewRecord()
	list, err := JSONValue([]byte(`[{"product":"a"},{"id":0,"product":"b"},{"id":3,"product":"c"}]`))
	require.NoError(t, err)
	rec.SetAt(2, list)
	require.True(t, e.LacksIDs(rec))
	assumed := e.Assume(rec)
	require.False(t, e.LacksIDs(assumed))
	require.Contains(t, assumed.At(2).Text(), `{"id":2147483646,"product":"a"}`)
	next := int64(10)
	require.NoError(t, e.AssignIDs(rec, func(*Children) (int64, error) { next++; return next, nil }))
	require.Equal(t, `[{"id":3,"product":"c"},{"id":11,"product":"a"},{"id":12,"product":"b"}]`, rec.At(2).Text())
	require.False(t, e.LacksIDs(rec))
	require.ErrorContains(t, e.Brought(Record{}, rec), "which the store assigns")
	require.NoError(t, e.Brought(rec, rec))
	less := rec.Clone()
	ch := e.Children()[0]
	rows, err := ch.Of(less)
	require.NoError(t, err)
	ch.Set(less, rows[1:])
	require.NoError(t, e.Brought(rec, less))
	require.ErrorContains(t, e.Brought(less, rec), "a new row has a value in id")

	c := ownedBy(t)
	var names []string
	for _, s := range c.Sequences() {
		names = append(names, s.Name+" "+s.Source)
	}
	require.Equal(t, []string{"Orders orders", "Orders.lines order_lines"}, names)
}

// TestBindingOfChildrenFaults: everything that is wrong with the rows' struct is
// told at once.
func TestBindingOfChildrenFaults(t *testing.T) {
	type line struct {
		ID      string  `db:"id"`
		OrderID int64   `db:"orderId"`
		Product *string `db:"produkt"`
		Price   float64 `db:"price"`
		Wide    string  `db:"wide"`
		Weight  float64 `db:"weight"`
		At      string  `db:"at"`
		Took    string  `db:"took"`
		State   string  `db:"state"`
	}
	type wrong struct {
		ownedRecord
		Lines []line `db:"lines"`
	}
	_, err := Bind[wrong](ownedOrder(t))
	var faults *BindError
	require.ErrorAs(t, err, &faults)
	require.Equal(t, []string{
		"field Lines: type transform.line, field ID: id takes an integer, not string",
		`field Lines: type transform.line, field Product: the list selects no "produkt"; did you mean "product"?`,
		"field Lines: type transform.line, field Price: price is a decimal, which a float64 can't hold exactly; use a string, or say ,float in the tag",
		"field Lines: type transform.line, product has no field; add one with the tag `db:\"product\"`",
		"field Lines: type transform.line, doc has no field; add one with the tag `db:\"doc\"`",
	}, faults.Faults)
}

// TestOwnedContracts: which rows of other tables can be part of a record, and why
// not.
func TestOwnedContracts(t *testing.T) {
	require.Empty(t, ownedBy(t).NotYet)
	for name, c := range map[string]struct{ columns, table, construction, want string }{
		"a column is lost":    {columns: `, {"name": "note", "type": "int", "null": true}`, want: "no field carries note"},
		"unique over records": {table: `, "unique": [{"columns": ["price", "weight"]}]`, want: "told apart by price, weight"},
		"unique within one":   {table: `, "unique": [{"columns": ["order_id", "price"]}]`},
		"unique by collation": {table: `, "unique": [{"columns": ["order_id", "product"]}]`, want: "whose collation utf8mb4_general_ci takes different texts for one"},
		"cut":                 {construction: `, "limit": 5`, want: "joined, or made of"},
	} {
		var told []string
		for _, f := range ownedBy(t, c.columns, c.table, c.construction).NotYet {
			told = append(told, f.String())
		}
		if c.want == "" {
			require.Empty(t, told, name)
			continue
		}
		require.Contains(t, strings.Join(told, "\n"), c.want, name)
	}
	own := strings.ReplaceAll(fmt.Sprintf(ownedContract, "", "", ""), `{"name": "id", "type": "int", "generated": "auto_increment"}, {"name": "order_id"`, `{"name": "id", "type": "int"}, {"name": "order_id"`)
	c, err := Load([]byte(own))
	require.NoError(t, err)
	require.Contains(t, c.NotYet[0].Reason, "neither assigned by MySQL nor holds the key of orders")

	// A key of another scale would be another text: 1.50 and not 1.5.
	finer := strings.ReplaceAll(fmt.Sprintf(ownedContract, "", "", ""), `{"name": "order_id", "type": "int"}`, `{"name": "order_id", "type": "decimal", "precision": 9, "scale": 3}`)
	finer = strings.ReplaceAll(finer, `"columns": [{"name": "id", "type": "int", "generated": "auto_increment"}`, `"columns": [{"name": "id", "type": "decimal", "precision": 9, "scale": 2}`)
	c, err = Load([]byte(strings.ReplaceAll(finer, `"sequence": {"column": "id"},`, "")))
	require.NoError(t, err)
	require.Contains(t, fmt.Sprint(c.NotYet), "order_id is of another kind than id of orders")
}
