package transform

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A joined column of which the item keeps a part is nothing that the record loses:
// the row that it is joined from has it. The record that comes back equals the one
// that went.
func TestJoinedColumnsAreNotLost(t *testing.T) {
	contract := func(transformation string) *Entity {
		c, err := Load([]byte(`{"source_tables": [{"table": "makers", "primary_key": ["id"], "columns": [{"name": "id", "type": "int"},
				{"name": "since", "type": "datetime", "precision": 0, "null": true}, {"name": "about", "type": "text", "collation": "utf8mb4_bin", "null": true}]}],
			"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "id", "primary_key": ["id"],
			"columns": [{"name": "id", "type": "int"}, {"name": "maker", "type": "int", "null": true}],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "maker", "type": "N", "source_column": "maker"},
				` + transformation + `]}]}`))
		require.NoError(t, err)
		return c.Entities[0]
	}
	const join = `"join": {"type": "foreign-key", "target_table": "makers", "join_condition": "makers.id = things.maker", "select_column": `
	for name, c := range map[string]struct{ attribute, value string }{
		"date-format": {`{"name": "x", "type": "S", "source_column": "maker", ` + join + `"since"}, "transformation": {"type": "date-format", "format": "YYYY"}}`, "2024-03-10 09:30:00"},
		"json-parse":  {`{"name": "x", "type": "M", "source_column": "maker", ` + join + `"about"}, "transformation": {"type": "json-parse"}}`, `{ "n": 1.0 }`},
	} {
		e := contract(c.attribute)
		r := rowOf(t, e, map[string]string{"id": "7", "maker": "3", "x": c.value})
		item, err := e.Item(r)
		require.NoError(t, err, name)
		require.Contains(t, item, "x")
		back, err := e.Record(item)
		require.NoError(t, err, name)
		require.Empty(t, e.Lost(), name)
		require.Empty(t, back.Diff(r), name)
		require.True(t, back.Equal(r) && r.Equal(back), name)

		other := rowOf(t, e, map[string]string{"id": "7", "maker": "4", "x": c.value})
		require.Equal(t, []string{"maker"}, back.Diff(other), name)
		require.False(t, back.Equal(other), name)
	}
	// One that the item tells is compared.
	e := contract(`{"name": "x", "type": "S", "source_column": "maker", ` + join + `"about"}}`)
	one, two := rowOf(t, e, map[string]string{"id": "7", "x": "a"}), rowOf(t, e, map[string]string{"id": "7", "x": "b"})
	require.Equal(t, []string{"x"}, one.Diff(two))
	require.False(t, one.Equal(two))
}
