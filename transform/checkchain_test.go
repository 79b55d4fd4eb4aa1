package transform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A chain of more tables than a statement can join would fail on every row.
func TestChainsOfManyTables(t *testing.T) {
	chain := func(hops int, selected string) string {
		var list []string
		above := "orders"
		for i := range hops {
			alias := fmt.Sprintf("o%d", i)
			list = append(list, fmt.Sprintf(`{"target_table": "orders", "join_alias": %q, "join_condition": "%s.id = %s.parent_id", "select_column": "%s"}`,
				alias, alias, above, fmt.Sprintf(selected, alias)))
			above = alias
		}
		return `{"name": "x", "type": "S", "source_column": "parent_id", "keep": {"dynamodb": "copy"}, "join": {"type": "chain", "joins": [` + strings.Join(list, ",") + `]}}`
	}
	require.Empty(t, checkedTexts(withAttribute(t, chain(61, "%s.title"))))
	require.Empty(t, checkedTexts(withAttribute(t, chain(60, "LOWER(%s.title)"))))
	for hops, selected := range map[int]string{62: "%s.title", 61: "LOWER(%s.title)"} {
		texts := checkedTexts(withAttribute(t, chain(hops, selected)))
		require.Len(t, texts, 1)
		require.Contains(t, texts[0], "error /tables/0/attributes/0/join: joins 62 tables in one statement, and MySQL at most 61; ")
	}
}
