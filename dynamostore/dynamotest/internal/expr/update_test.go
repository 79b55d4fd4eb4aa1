package expr

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

func parseUpdate(t testing.TB, text string) *Update {
	t.Helper()
	env, err := NewEnv(nil, attr.NewInput(attr.Item{":a": attr.Int(9), ":s": attr.NewStringSet("x")}))
	require.NoError(t, err)
	u, err := ParseUpdate(text, env)
	require.NoError(t, err, text)
	return u
}

const nestedItem = `{"a":{"M":{"b":{"S":"dog"},"c":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]}}},"d":{"S":"cat"},"s":{"SS":["x"]}}`

// TestChange holds what UPDATED_OLD and UPDATED_NEW return: what stands at the
// update's paths in the old and in the new item, no more. DynamoDB Local
// returns whole top-level attributes instead; the service does not.
func TestChange(t *testing.T) {
	for _, c := range []struct{ update, old, new string }{
		{"SET d = :a", `{"d":{"S":"cat"}}`, `{"d":{"N":"9"}}`},
		{"SET d = d", `{"d":{"S":"cat"}}`, `{"d":{"S":"cat"}}`},
		{"SET z = :a", `{}`, `{"z":{"N":"9"}}`},
		{"REMOVE d", `{"d":{"S":"cat"}}`, `{}`},
		{"REMOVE z", `{}`, `{}`},
		{"DELETE s :s", `{"s":{"SS":["x"]}}`, `{}`},
		{"SET a.b = :a", `{"a":{"M":{"b":{"S":"dog"}}}}`, `{"a":{"M":{"b":{"N":"9"}}}}`},
		{"SET a.z = :a", `{}`, `{"a":{"M":{"z":{"N":"9"}}}}`},
		{"SET a.c[1] = :a", `{"a":{"M":{"c":{"L":[{"N":"2"}]}}}}`, `{"a":{"M":{"c":{"L":[{"N":"9"}]}}}}`},
		{"SET a.c[2] = :a, a.c[0] = :a", `{"a":{"M":{"c":{"L":[{"N":"1"},{"N":"3"}]}}}}`, `{"a":{"M":{"c":{"L":[{"N":"9"},{"N":"9"}]}}}}`},
		// An element beyond the end is not where its path says.
		{"SET a.c[100] = :a", `{}`, `{}`},
		{"REMOVE a.c[1], a.c[7]", `{"a":{"M":{"c":{"L":[{"N":"2"}]}}}}`, `{"a":{"M":{"c":{"L":[{"N":"3"}]}}}}`},
		{"ADD a.c[0] :a", `{"a":{"M":{"c":{"L":[{"N":"1"}]}}}}`, `{"a":{"M":{"c":{"L":[{"N":"10"}]}}}}`},
	} {
		change, err := parseUpdate(t, c.update).Apply(decodeItem(t, nestedItem))
		require.NoError(t, err, c.update)
		require.Equal(t, c.old, written(change.Old()), c.update)
		require.Equal(t, c.new, written(change.New()), c.update)
	}
}

// An update shares what it leaves alone and copies what it changes.
func TestApplyLeavesTheOldItem(t *testing.T) {
	for _, text := range []string{
		"SET a.b = :a", "SET a.c[0] = :a", "REMOVE a.c[0], d", "SET a.c[9] = :a REMOVE a.b", "ADD s :s", "DELETE s :s",
		"SET a.c = list_append(a.c, a.c)", "SET d = a, a.c[1] = a.c",
	} {
		item := decodeItem(t, nestedItem)
		change, err := parseUpdate(t, text).Apply(item)
		require.NoError(t, err, text)
		require.Equal(t, nestedItem, written(item), text)
		again, err := parseUpdate(t, text).Apply(item)
		require.NoError(t, err)
		require.Equal(t, written(change.Item), written(again.Item), text)
	}
}

func TestApplyDepth(t *testing.T) {
	deep := attr.Value(attr.String("x"))
	for range 31 {
		deep = attr.List{deep}
	}
	_, err := parseUpdate(t, "SET m.k = v").Apply(attr.Item{"v": deep, "m": attr.Map{}})
	require.EqualError(t, err, attr.TooDeepMessage)
}

func TestUpdatePaths(t *testing.T) {
	u := parseUpdate(t, "REMOVE b[0] SET a.b = :a ADD c :a")
	require.Equal(t, "[[b, [0]] [a, b] [c]]", sprint(u.Paths()))
}

func TestProjectNothing(t *testing.T) {
	p, err := ParseProjection("z.y, q[0]", &Env{})
	require.NoError(t, err)
	part := p.Project(decodeItem(t, nestedItem))
	require.NotNil(t, part)
	require.Empty(t, part)
}
