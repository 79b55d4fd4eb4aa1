package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

const partsSchema = `CREATE TABLE parts (id INT PRIMARY KEY, above INT NULL, content LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL);
	CREATE TABLE docs (id INT PRIMARY KEY, part INT NULL, kind INT NOT NULL)`

// partsContract has those of the attributes of Docs that are named, or all.
func partsContract(only ...string) string {
	attributes := func(all ...string) string {
		text := ""
		for _, a := range all {
			if len(only) == 0 || slices.ContainsFunc(only, func(name string) bool { return strings.Contains(a, `"name": "`+name) }) {
				text += ", " + a
			}
		}
		return text
	}
	selected := func(name, column string) string {
		return fmt.Sprintf(`{"name": %q, "type": "S", "source_column": "part", "join": {"type": "lookup-table", "target_table": "parts", "join_condition": "parts.id = docs.part", "select_column": %q}}`, name, column)
	}
	return `[{"table": "Parts", "type": "single-entity", "source_table": "parts", "pk": "id", "primary_key": ["id"],
		"columns": [{"name": "id", "type": "int"}, {"name": "above", "type": "int", "null": true}, {"name": "content", "type": "longtext", "null": true, "collation": "utf8mb4_bin"}],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "above", "type": "N", "source_column": "above"}, {"name": "content", "type": "S", "source_column": "content"},
			{"name": "path", "type": "S", "source_column": "content", "calculation": {"type": "hierarchy-path", "parent_column": "above", "select_column": "content", "separator": "/"}}]},
		{"table": "Docs", "type": "single-entity", "source_table": "docs", "pk": "id", "primary_key": ["id"],
		"columns": [{"name": "id", "type": "int"}, {"name": "part", "type": "int", "null": true}, {"name": "kind", "type": "int"}],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "part", "type": "N", "source_column": "part"}, {"name": "kind", "type": "N", "source_column": "kind"}` +
		attributes(
			selected("twice", "CONCAT(content, '=', content)"),
			selected("either", "COALESCE(CONCAT_WS(', ', content, content), 'none')"),
			selected("sometimes", "IF(docs.kind = 1, CONCAT(content, content), LOWER(content))"),
			selected("first", "COALESCE('none', CONCAT(content, content))"),
			`{"name": "pair", "type": "S", "source_column": "part", "join": {"type": "chain", "chain_separator": "/", "joins": [
				{"target_table": "parts", "join_alias": "one", "join_condition": "one.id = docs.part", "select_column": "one.content"},
				{"target_table": "parts", "join_alias": "two", "join_condition": "two.id = one.above", "select_column": "two.content"}]}}`,
			`{"name": "map", "type": "M", "source_column": "part", "join": {"type": "json-construction", "target_table": "parts", "join_condition": "parts.id = docs.part",
				"construction": {"type": "object", "select_columns": {"a": "content", "b": "content", "c": "content"}}}}`,
			`{"name": "most", "type": "S", "source_column": "part", "calculation": {"type": "aggregate", "target_table": "parts", "join_condition": "parts.id = docs.part", "operation": "MAX", "select_column": "CONCAT(content, content)"}}`,
			`{"name": "same", "type": "N", "source_column": "part", "calculation": {"type": "aggregate", "target_table": "parts", "join_condition": "parts.id = docs.part", "operation": "COUNT", "select_column": "CONCAT(content, content)"}}`) +
		`]}]`
}

// What is too long for the server is NULL there, with a warning that nobody reads.
// Here it is an error of the row, and what is NULL for another reason is not.
func TestTextsAreNeverCut(t *testing.T) {
	j := newTables(t, partsSchema, partsContract())
	j.apply()
	j.insert("parts", 1, nil, "=a!")
	j.insert("parts", 2, 1, nil)
	j.insert("parts", 3, 1, "-")
	for id, part := range []any{nil, 1, 2, 3, 99} {
		j.insert("docs", id, part, 1)
	}
	j.requireItem("Docs", 1, map[string]string{"twice": `"=a!==a!"`, "either": `"=a!, =a!"`, "sometimes": `"=a!=a!"`, "pair": `"=a!"`, "most": `"=a!=a!"`, "same": "1"})
	j.requireItem("Docs", 2, map[string]string{"twice": "", "either": `""`, "sometimes": "", "pair": `"=a!"`, "most": "", "same": "0"})
	j.requireItem("Docs", 3, map[string]string{"pair": `"-/=a!"`})
	j.requireItem("Docs", 4, map[string]string{"twice": "", "pair": "", "most": "", "same": "0"})
	j.requireItem("Parts", 3, map[string]string{"path": `"=a!/-"`})
	j.requireViews()

	var limit int
	require.NoError(t, j.db.Get(&limit, "SELECT @@max_allowed_packet"))
	long := func(id, bytes int) {
		j.exec("UPDATE parts SET content = REPEAT('x', ?) WHERE id = ?", bytes, id)
	}
	long(1, limit/2+1)
	long(3, limit/2+1)
	for _, bytes := range []int{limit/2 + 1, limit / 5} { // in hexadecimal digits two of them have room, and all three have not
		c, err := transform.Load([]byte(partsContract("map")))
		require.NoError(t, err)
		long(3, bytes)
		require.ErrorContains(t, (&joins{t, j.db, c}).rows("Docs")[3].Err, "max_allowed_packet")
	}
	long(3, limit/2+1)
	for _, id := range []int{1, 3} {
		_, err := j.item("Docs", id)
		require.ErrorContains(t, err, "max_allowed_packet", "row %d", id)
		require.NotContains(t, err.Error(), "xxx")
	}
	_, err := j.item("Parts", 3)
	require.ErrorContains(t, err, "Parts.path")
	require.ErrorContains(t, err, "max_allowed_packet")
	shown := j.shown("Docs", "1")
	for _, name := range []string{"twice", "either", "sometimes", "most", "same"} {
		require.False(t, shown[name].Valid, name)
	}
	for _, name := range []string{"twice", "either", "sometimes", "pair", "most", "same"} {
		c, err := transform.Load([]byte(partsContract(name)))
		require.NoError(t, err)
		row := (&joins{t, j.db, c}).rows("Docs")[3]
		require.ErrorContains(t, row.Err, "Docs."+name)
		require.ErrorContains(t, row.Err, "max_allowed_packet")
	}

	// A CONCAT that is not taken is not missing.
	long(3, limit/2-10)
	j.exec("UPDATE docs SET kind = 2")
	j.c, err = transform.Load([]byte(partsContract("sometimes")))
	require.NoError(t, err)
	require.NoError(t, j.rows("Docs")[3].Err)
	v, ok := j.rows("Docs")[3].Record.Get("sometimes")
	require.True(t, ok)
	require.Len(t, v.Text(), limit/2-10)
	long(3, limit/2+1)
	j.c, err = transform.Load([]byte(partsContract("first")))
	require.NoError(t, err)
	require.NoError(t, j.rows("Docs")[3].Err)
	v, ok = j.rows("Docs")[3].Record.Get("first")
	require.True(t, ok)
	require.Equal(t, "none", v.Text())
}
