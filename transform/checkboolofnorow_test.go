package transform

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a BOOL is where no row is found is 0 or 1, as in every row that is.
func TestNullValueOfABool(t *testing.T) {
	for value, want := range map[string]string{"0": "", "1": "", "2": `error /0/attributes/3/join/null_value: "2" is neither 0 nor 1, and the attribute is a BOOL; use "0" or "1", or make the attribute N`} {
		got := checkedTexts([]byte(strings.Replace(`[{"table": "Nodes", "type": "single-entity", "source_table": "nodes", "pk": "id", "primary_key": ["id"],
			"columns": [{"name": "id", "type": "int"}, {"name": "parent", "type": "int", "null": true}, {"name": "open", "type": "tinyint", "length": 1}],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "parent", "type": "N", "source_column": "parent"}, {"name": "open", "type": "BOOL", "source_column": "open"},
				{"name": "above", "type": "BOOL", "source_column": "parent", "keep": {"dynamodb": "copy"},
				 "join": {"type": "self-join", "join_alias": "up", "join_condition": "up.id = nodes.parent", "select_column": "up.open", "null_value": "VALUE"}}]}]`, "VALUE", value, 1)))
		if want == "" {
			require.Empty(t, got, value)
		} else {
			require.Equal(t, []string{want}, got)
		}
	}
}
