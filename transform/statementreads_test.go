package transform

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A list changes with the column that orders it, whether or not an element has it.
func TestOrderOfAListIsRead(t *testing.T) {
	c, err := Load([]byte(`{"source_tables": [{"table": "lines", "primary_key": ["id"], "columns": [{"name": "id", "type": "int"}, {"name": "order_id", "type": "int"},
			{"name": "place", "type": "int"}, {"name": "text", "type": "varchar", "length": 20, "collation": "utf8mb4_bin"}, {"name": "note", "type": "int", "null": true}]}],
		"tables": [{"table": "Orders", "type": "single-entity", "source_table": "orders", "pk": "id", "primary_key": ["id"], "columns": [{"name": "id", "type": "int"}],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "texts", "type": "L", "source_column": "id", "join": {"type": "json-construction",
			"target_table": "lines", "join_condition": "lines.order_id = orders.id", "construction": {"type": "array", "order_by": "place DESC", "select_columns": {"text": "text"}}}}]}]}`))
	require.NoError(t, err)
	e := c.Entity("Orders")
	touched := e.Touched("lines")
	require.Len(t, touched, 1)
	require.Equal(t, []int{0, 1, 2, 3}, touched[0].Reads)

	require.Equal(t, []Touch{{Entity: "Orders", Attributes: []string{"texts"}, Joined: []int{e.ColumnIndex("texts")}}}, c.Touched("lines", "place"))
	require.Empty(t, c.Touched("lines", "note"))
	require.Contains(t, c.Graph().String(), "  place\n    Orders.texts: ")
}

// A number beyond 64 bits with a sign is a number in a statement too: beside a text
// MySQL makes floating point numbers of both.
func TestStatementsOfLargeNumbers(t *testing.T) {
	c, err := Load([]byte(`[{"table": "Codes", "type": "single-entity", "source_table": "codes", "pk": "id", "primary_key": ["id"],
		"columns": [{"name": "id", "type": "bigint", "unsigned": true}], "attributes": [{"name": "id", "type": "N", "source_column": "id"}]}]`))
	require.NoError(t, err)
	e := c.Entities[0]
	const large = uint64(18446744073709551615)
	key, err := e.KeyOf(large)
	require.NoError(t, err)
	s, err := e.SelectAfter(key, 7)
	require.NoError(t, err)
	require.Equal(t, []any{large, 7}, s.Args)
	s, err = e.SelectKeys(key)
	require.NoError(t, err)
	require.Equal(t, []any{large}, s.Args)
}
