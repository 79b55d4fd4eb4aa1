package transform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// TestNotYet: what the stores can't do is said of a contract that is right.
func TestNotYet(t *testing.T) {
	contract := func(indexed, attributes string) *transform.Contract {
		c, err := transform.Load([]byte(`{"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "id",
			"gsis": [{"index_name": "ByIt", "pk": "` + indexed + `", "projection": "ALL"}], "primary_key": ["id"],
			"columns": [{"name": "id", "type": "int"}, {"name": "size", "type": "double", "null": true},
			  {"name": "up", "type": "int", "null": true}, {"name": "name", "type": "varchar", "length": 20, "null": true, "collation": "utf8mb4_bin"}],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "name", "type": "S", "source_column": "name"},
			  {"name": "up", "type": "N", "source_column": "up"}, {"name": "size", "type": "N", "source_column": "size"}, ` + attributes + `]}]}`))
		require.NoError(t, err)
		return c
	}
	const parent = `"keep": {"dynamodb": "copy"}, "source_column": "up", "join": {"type": "self-join", "join_alias": "p", "join_condition": "p.id = things.up", "select_column": "p.name"}`
	for name, of := range map[string]struct {
		indexed, attributes, want string
	}{
		"a template":             {"x", `{"name": "x", "type": "S", "source_column": "name", "transformation": {"type": "string-format", "format": "N#{name}"}}`, ""},
		"a literal":              {"x", `{"name": "x", "type": "S", "source_column": null, "literal": "all"}`, ""},
		"a concat":               {"x", `{"name": "x", "type": "S", "source_column": ["name", "up"], "calculation": {"type": "concat", "separator": "-"}}`, ""},
		"a case, in no key":      {"name", `{"name": "x", "type": "N", "source_column": "up", "calculation": {"type": "case", "cases": [{"when": "up > 1", "then": "2"}], "else": "1"}}`, ""},
		"a number that is made":  {"x", `{"name": "x", "type": "N", "source_column": null, "literal": 1}`, "queries by attribute x of entity Things, which MySQL has to answer"},
		"digits of SQL's own":    {"x", `{"name": "x", "type": "S", "source_column": "size", "transformation": {"type": "string-format", "format": "S#{size}"}}`, "other digits than items have"},
		"what is joined":         {"name", `{"name": "x", "type": "S", ` + parent + `}`, "can't be kept by a copy: no reference of Things says"},
		"kept in no way":         {"name", `{"name": "x", "type": "S", ` + strings.Replace(parent, `"keep": {"dynamodb": "copy"}, `, "", 1) + `}`, "entity Things with x, which are joined"},
		"made of what is joined": {"name", `{"name": "x", "type": "S", ` + parent + `, "transformation": {"type": "string-format", "format": "P#{x}"}}`, "can't be kept by a copy: x is made of it"},
	} {
		t.Run(name, func(t *testing.T) {
			c := contract(of.indexed, of.attributes)
			if of.want == "" {
				require.Empty(t, c.NotYet)
				return
			}
			require.Len(t, c.NotYet, 1)
			require.Contains(t, c.NotYet[0].Reason, of.want)
		})
	}
}
