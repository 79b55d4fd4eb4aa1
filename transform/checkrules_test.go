package transform

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// market returns testdata/check/market.json with edits, each "old => new".
func market(t testing.TB, edits ...string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/check/market.json")
	require.NoError(t, err)
	s := string(data)
	for _, edit := range edits {
		old, new, found := strings.Cut(edit, " =>")
		require.True(t, found, edit)
		require.Contains(t, s, old)
		s = strings.Replace(s, old, strings.TrimPrefix(new, " "), 1)
	}
	return []byte(s)
}

func checkedTexts(data []byte) []string {
	_, findings := Check(data)
	var texts []string
	for _, f := range findings {
		texts = append(texts, f.String())
	}
	return texts
}

// What is found of parts that are right each for itself: the cases of
// testdata/check/rules.txt.
func TestRules(t *testing.T) {
	data, err := os.ReadFile("testdata/check/rules.txt")
	require.NoError(t, err)
	base := checkedTexts(market(t))
	require.Len(t, base, 4, "%s", strings.Join(base, "\n")) // of item keys that move, and that are not the primary key
	for _, block := range strings.Split(string(data), "\n== ")[1:] {
		lines := strings.Split(strings.TrimRight(block, "\n"), "\n")
		t.Run(lines[0], func(t *testing.T) {
			var edits, want []string
			for _, line := range lines[1:] {
				if strings.HasPrefix(line, "error /") || strings.HasPrefix(line, "warning /") {
					want = append(want, line)
				} else {
					edits = append(edits, line)
				}
			}
			got := slices.DeleteFunc(checkedTexts(market(t, edits...)), func(s string) bool { return slices.Contains(base, s) })
			require.Len(t, got, len(want), "%s", strings.Join(got, "\n"))
			for _, want := range want {
				require.True(t, slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }),
					"%s\n\nis not in\n\n%s", want, strings.Join(got, "\n"))
			}
		})
	}
}

// A joined value tells the row that it was joined for only where each has another:
// all rows without one above them have the null_value.
func TestKeyOfNullValue(t *testing.T) {
	links := func(nullValue string) []string {
		return checkedTexts([]byte(`[{"table": "Links", "type": "single-entity", "source_table": "links", "pk": "PK",
			"columns": [{"name": "id", "type": "int"}, {"name": "prev", "type": "int", "null": true}, {"name": "label", "type": "varchar", "length": 20, "collation": "utf8mb4_bin"}],
			"primary_key": ["id"], "unique": [{"name": "prev", "columns": ["prev"]}, {"name": "label", "columns": ["label"]}],
			"attributes": [{"name": "PK", "type": "S", "keep": {"dynamodb": "copy"}, "join": {"type": "self-join", "join_alias": "p", "join_condition": "p.id = links.prev", "select_column": "p.label"` + nullValue + `}},
				{"name": "id", "type": "N", "source_column": "id"}, {"name": "prev", "type": "N", "source_column": "prev"}, {"name": "label", "type": "S", "source_column": "label"}]}]`))
	}
	identity := func(texts []string) (severity string) {
		for _, s := range texts {
			if before, _, found := strings.Cut(s, " /0/pk: the item's key leaves out [id]"); found {
				return before
			}
			if before, _, found := strings.Cut(s, " /0/pk: the item's key has [id] not in it"); found {
				return before
			}
		}
		return strings.Join(texts, "\n")
	}
	require.Equal(t, "warning", identity(links("")))
	require.Equal(t, "error", identity(links(`, "null_value": "none"`)))
}
