package transform

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An item whose key is made of columns of its own row can move; one whose key is made
// of other tables' rows would move without a write of its own, and no store can do
// that yet.
func TestMoves(t *testing.T) {
	const contract = `{"tables": [
		{"table": "Members", "type": "single-entity", "source_table": "members", "pk": %q, "sk": "memberId",
		"columns": [{"name": "id", "type": "int"}, {"name": "email", "type": "varchar", "length": 50, "collation": "utf8mb4_bin"},
			{"name": "team_id", "type": "int"}], "primary_key": ["id"],
		"attributes": [{"name": "memberId", "type": "N", "source_column": "id"}, {"name": "email", "type": "S", "source_column": "email"},
			{"name": "teamId", "type": "N", "source_column": "team_id"},
			{"name": "team", "type": "S", "source_column": "name", "keep": {"dynamodb": "copy"},
			"join": {"type": "foreign-key", "target_table": "teams", "join_condition": "members.team_id = teams.id", "select_column": "name"}}]},
		{"table": "Teams", "type": "single-entity", "source_table": "teams", "pk": "teamId",
		"columns": [{"name": "id", "type": "int"}, {"name": "name", "type": "varchar", "length": 50, "collation": "utf8mb4_bin"}], "primary_key": ["id"],
		"attributes": [{"name": "teamId", "type": "N", "source_column": "id"}, {"name": "name", "type": "S", "source_column": "name"}]}]}`
	const joined = "entity Members, whose items move when rows of other tables change"
	for pk, want := range map[string]struct{ moves, joined bool }{"email": {moves: true}, "teamId": {moves: true}, "team": {true, true}, "memberId": {}} {
		text := fmt.Sprintf(contract, pk)
		if pk == "memberId" {
			text = strings.Replace(text, `"sk": "memberId",`, "", 1)
		}
		c, err := Load([]byte(text))
		require.NoError(t, err, pk)
		require.Equal(t, want.moves, c.Entity("Members").Moves(), pk)
		require.False(t, c.Entity("Teams").Moves())
		found := slices.ContainsFunc(c.NotYet, func(f Finding) bool { return strings.HasSuffix(f.Reason, joined) })
		require.Equal(t, want.joined, found, "%s: %v", pk, c.NotYet)
	}
}
