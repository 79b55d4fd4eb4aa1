package transform

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// boundContract has own, joined and computed columns. The joined ones are named
// after their attributes.
const boundContract = `{
	"source_tables": [
		{"table": "makers", "columns": [{"name": "id", "type": "int", "null": false}, {"name": "name", "type": "varchar", "length": 20, "collation": "utf8mb4_bin", "null": true},
			{"name": "budget", "type": "decimal", "precision": 20, "scale": 4, "null": true}], "primary_key": ["id"]},
		{"table": "parts", "columns": [{"name": "id", "type": "int", "null": false}, {"name": "thing_id", "type": "int", "null": false},
			{"name": "cost", "type": "decimal", "precision": 10, "scale": 2, "null": false}], "primary_key": ["id"]}],
	"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "PK",
		"columns": [{"name": "id", "type": "int", "null": false}, {"name": "maker_id", "type": "int", "null": true}, {"name": "price", "type": "decimal", "precision": 10, "scale": 2, "null": true}],
		"primary_key": ["id"],
		"attributes": [
			{"name": "PK", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "THING#{id}"}},
			{"name": "makerId", "type": "N", "source_column": "maker_id"},
			{"name": "price", "type": "N", "source_column": "price"},
			{"name": "maker", "type": "S", "source_column": "name", "keep": {"mysql": "live", "dynamodb": "copy"},
				"join": {"type": "foreign-key", "target_table": "makers", "join_condition": "makers.id = things.maker_id", "select_column": "name"}},
			{"name": "budget", "type": "N", "source_column": "budget", "keep": {"mysql": "live", "dynamodb": "copy"},
				"join": {"type": "foreign-key", "target_table": "makers", "join_condition": "makers.id = things.maker_id", "select_column": "budget"}},
			{"name": "parts", "type": "L", "source_column": null, "keep": {"mysql": "live", "dynamodb": "copy"},
				"join": {"type": "json-construction", "target_table": "parts", "join_condition": "parts.thing_id = things.id",
					"construction": {"type": "array", "select_columns": {"id": "id", "cost": "cost"}}}},
			{"name": "label", "type": "S", "source_column": null, "calculation": {"type": "case", "cases": [{"when": "maker IS NULL", "then": "'none'"}], "else": "CONCAT(maker, '!')"}}
		]}]}`

type boundThing struct {
	ID      int                 `db:"id"`
	MakerID sql.NullInt64       `db:"maker_id"`
	Price   decimal.NullDecimal `db:"price"`
	Maker   *string             `db:"maker"`
	Budget  *decimal.Decimal    `db:"budget"`
	Parts   []struct {
		ID   int             `json:"id"`
		Cost decimal.Decimal `json:"cost"`
	} `db:"parts"`
	Label string // computed, without a tag: no value of the record
}

// Own and joined columns are bound, computed ones are not; money is exact.
func TestBindingOfJoinedAndComputed(t *testing.T) {
	e := thing(t, boundContract)
	b, err := Bind[boundThing](e)
	require.NoError(t, err)
	r := rowOf(t, e, map[string]string{"id": "7", "maker_id": "3", "price": "12345678.90", "maker": "Acme", "budget": "1234567890123456.7891", "parts": `[{"cost":0.10,"id":1}]`})
	v := boundThing{Label: "kept"}
	require.NoError(t, b.Into(r, &v))
	require.Equal(t, "12345678.90", v.Price.Decimal.StringFixed(2))
	require.Equal(t, "1234567890123456.7891", v.Budget.String())
	require.Equal(t, "Acme", *v.Maker)
	require.Equal(t, "0.1", v.Parts[0].Cost.String())
	require.Equal(t, "kept", v.Label)
	v.Parts[0].Cost = decimal.RequireFromString("99999999.99")
	*v.Budget = v.Budget.Add(decimal.New(1, -4))
	back, err := b.Record(&v)
	require.NoError(t, err)
	for name, want := range map[string]string{"id": "7", "maker_id": "3", "price": "12345678.90", "maker": "Acme", "budget": "1234567890123456.7892"} {
		got, _ := back.Get(name)
		require.Equal(t, want, got.Text(), name)
	}
	item, err := e.Item(back)
	require.NoError(t, err)
	require.Equal(t, avS("THING#7"), item["PK"])
	require.Equal(t, avS("Acme!"), item["label"])
	require.Equal(t, avN("1234567890123456.7892"), item["budget"])

	// NULL all over.
	null := rowOf(t, e, map[string]string{"id": "7", "parts": "[]"})
	require.NoError(t, b.Into(null, &v))
	require.False(t, v.Price.Valid)
	v.Price.Decimal = decimal.Decimal{} // which a NullDecimal keeps, as it was
	require.Equal(t, boundThing{ID: 7, Parts: v.Parts, Label: "kept"}, v)
	back, err = b.Record(&v)
	require.NoError(t, err)
	require.True(t, back.Equal(null), "%v", back.Diff(null))
	require.Error(t, b.SetColumn(&v, e.ColumnIndex("label"), TextValue("x")))
}

// A NULL that a decimal can't be is an error that says so.
func TestBindingOfDecimalThatIsNull(t *testing.T) {
	type money struct {
		boundThing
		Price decimal.Decimal `db:"price"`
	}
	e := thing(t, boundContract)
	b, err := Bind[money](e)
	require.NoError(t, err)
	var v money
	err = b.Into(rowOf(t, e, map[string]string{"id": "7"}), &v)
	require.ErrorContains(t, err, "the column is NULL, which a decimal.Decimal can't be; use a pointer or a sql.Null type")
	r, err := b.Record(&money{Price: decimal.RequireFromString("1e3")})
	require.NoError(t, err)
	price, _ := r.Get("price")
	require.Equal(t, "1000.00", price.Text())
}

// Everything that is wrong with a type is told at once.
func TestBindReportsJoinedAndComputed(t *testing.T) {
	type wrong struct {
		ID     int               `db:"id"`
		Price  sql.NullFloat64   `db:"price"`
		Budget sql.Null[float32] `db:"budget"`
		Label  string            `db:"label"`
		Parts  int               `db:"parts"`
		Other  string            `db:"makr"`
	}
	_, err := Bind[wrong](thing(t, boundContract))
	var faults *BindError
	require.ErrorAs(t, err, &faults)
	require.Equal(t, []string{
		"field Price: column price is a decimal, which a sql.NullFloat64 can't hold exactly; use a decimal type or a sql.NullString, or say ,float in the tag",
		"field Budget: column budget is a decimal, which a sql.Null[float32] can't hold exactly; use a decimal type or a sql.NullString, or say ,float in the tag",
		"field Label: label is computed as the item is made, and no value of a record; take the tag off",
		"field Parts: column parts takes a JSON document, not int",
		`field Other: table things has no column "makr"; did you mean "maker"?`,
		"column maker_id has no field; add one with the tag `db:\"maker_id\"`",
		"column maker, which is joined, has no field; add one with the tag `db:\"maker\"`",
	}, faults.Faults, strings.Join(faults.Faults, "\n"))
	type rounded struct {
		boundThing
		Price sql.NullFloat64 `db:"price,float"`
	}
	_, err = Bind[rounded](thing(t, boundContract))
	require.NoError(t, err, fmt.Sprint(err))
}
