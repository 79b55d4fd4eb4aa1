package transform_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// TestViewNames: every attribute that is not left out for its name is a column
// that MySQL takes, by that name. One that it refuses would cost the whole view.
func TestViewNames(t *testing.T) {
	names := []string{"a b", "a", "b ", "c\t", "d\n", "e\v", "f\f", "g\r", "h\u00a0", "i\u3000", "j\u2028", "k\x01", "l\x00",
		" m", "\tn", "\no", "\x7fp", "\u00a0q", "`", "``", "'", `"`, `\`, "%s", "?", "0", "1e5", "select", "n.o", "n/o", "\uffff", "\U00010000", "😀",
		"id", "Id", "жаба", "ЖАБА", "日本",
		strings.Repeat("p", 64), strings.Repeat("p", 65), strings.Repeat("ж", 64), strings.Repeat("ж", 65), strings.Repeat("€", 64), strings.Repeat("€", 65)}
	var attributes []any
	for _, name := range names {
		attributes = append(attributes, map[string]any{"name": name, "type": "N", "source_column": "id"})
	}
	contract, err := json.Marshal([]any{map[string]any{"table": "Names", "type": "single-entity", "source_table": "names", "pk": "a",
		"primary_key": []string{"id"}, "columns": []any{map[string]any{"name": "id", "type": "int"}}, "attributes": attributes}})
	require.NoError(t, err)
	j := newTables(t, "CREATE TABLE names (id INT PRIMARY KEY)", string(contract))
	j.apply()
	view := j.c.Views(transform.ViewPrefix)[0]
	rows, err := j.db.QueryContext(t.Context(), "SELECT * FROM `"+view.Name+"`")
	require.NoError(t, err)
	defer rows.Close()
	shown, err := rows.Columns()
	require.NoError(t, err)
	require.Equal(t, slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(view.Findings, func(f transform.Finding) bool {
			return strings.HasPrefix(f.Reason, "attribute "+name+" of entity Names is not in the view: ")
		})
	}), shown)
}
