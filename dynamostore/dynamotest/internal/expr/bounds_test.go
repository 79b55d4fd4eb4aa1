package expr

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// parseFilter parses a filter with the value :a, which is 5.
func parseFilter(t testing.TB, text string) (*Condition, error) {
	t.Helper()
	env, err := NewEnv(nil, attr.NewInput(attr.Item{":a": attr.Int(5)}))
	require.NoError(t, err)
	return ParseCondition(KindFilter, text, env)
}

func repeat(n int, text, between string) string {
	return strings.TrimSuffix(strings.Repeat(text+between, n), between)
}

// TestBounds holds where DynamoDB Local draws its lines, and that what lies far
// beyond them costs no more than reading it.
func TestBounds(t *testing.T) {
	const tooMany = "Invalid FilterExpression: The expression contains too many operators; operator count: 301"
	nested := func(n int) string { return strings.Repeat("(a=:a AND ", n) + "a=:a" + strings.Repeat(")", n) }
	for _, c := range []struct{ text, want string }{
		{"a = :a" + strings.Repeat(" ", 4090), ""},
		{"a = :a" + strings.Repeat(" ", 4091), "Invalid FilterExpression: Expression size has exceeded the maximum allowed size; expression size: 4097"},
		{repeat(150, "a=:a", " AND "), ""},
		{repeat(151, "a=:a", " AND "), tooMany},
		{strings.Repeat("NOT ", 299) + "a=:a", ""},
		{strings.Repeat("NOT ", 300) + "a=:a", tooMany},
		{repeat(150, "attribute_exists(a)", " OR "), ""},
		{repeat(151, "attribute_exists(a)", " OR "), tooMany},
		{repeat(100, "size(a)=:a", " OR "), ""},
		{repeat(101, "size(a)=:a", " OR "), tooMany},
		{repeat(150, "a BETWEEN :a AND :a", " OR "), ""},
		{repeat(151, "a BETWEEN :a AND :a", " OR "), tooMany},
		{nested(149), ""},
		{nested(150), tooMany},
		{"a IN (" + repeat(100, ":a", ",") + ")", ""},
		{"a IN (" + repeat(101, ":a", ",") + ")", "Invalid FilterExpression: The IN operator is provided with too many operands; number of operands: 101"},
		{repeat(32, "a", ".") + "=:a", ""},
		{repeat(33, "a", ".") + "=:a", "Invalid FilterExpression: The document path has too many nesting levels; nesting levels: 33"},
		{"a" + strings.Repeat("[0]", 32) + "=:a", "Invalid FilterExpression: The document path has too many nesting levels; nesting levels: 33"},
		{strings.Repeat("a", 4000) + "=:a", ""},
		// Where several faults are there, the first to be looked for is told.
		{strings.Repeat("NOT ", 310) + "a=", `Invalid FilterExpression: Syntax error; token: "<EOF>", near: "="`},
		{strings.Repeat("NOT ", 310) + "((a=:a))", "Invalid FilterExpression: The expression has redundant parentheses;"},
		{strings.Repeat("NOT ", 310) + "missing = :a", "Invalid FilterExpression: Attribute name is a reserved keyword; reserved keyword: missing"},
		{strings.Repeat("(", 4000), `Invalid FilterExpression: Syntax error; token: "<EOF>", near: "("`},
		{strings.Repeat("NOT ", 1000), `Invalid FilterExpression: Syntax error; token: "<EOF>", near: "NOT "`},
	} {
		condition, err := parseFilter(t, c.text)
		if c.want != "" {
			require.EqualError(t, err, c.want, "%.60s", c.text)
			continue
		}
		require.NoError(t, err, "%.60s", c.text)
		condition.Eval(attr.Item{"a": attr.Int(5)})
	}
}

func TestReserved(t *testing.T) {
	require.Len(t, reserved, 573)
	for _, word := range reserved {
		for _, name := range []string{word, strings.ToLower(word)} {
			require.True(t, isReserved(name))
			_, err := parseFilter(t, name+" = :a")
			if strings.Contains(keywords, " "+word+" ") {
				require.ErrorContains(t, err, "Syntax error")
			} else {
				require.EqualError(t, err, "Invalid FilterExpression: Attribute name is a reserved keyword; reserved keyword: "+name)
			}
		}
	}
	for _, name := range []string{"pk", "id", "statuses", "names2", "contains", "size2", "_"} {
		require.False(t, isReserved(name))
	}
}

// FuzzExpressions parses text as every kind of expression: none may panic, and
// what parses can be used on any item.
func FuzzExpressions(f *testing.F) {
	for _, text := range []string{
		"a.b[1] = :a AND NOT (size(#n) IN (:a, :s) OR begins_with(c, :s))", "a BETWEEN :a AND :a",
		"SET a = if_not_exists(#n, :a) + :a, l[5] = list_append(:l, l) REMOVE b[0], c.d ADD n :a DELETE s :ss",
		"a, b.c[0], #n", "pk = :s AND begins_with(sk, :s)", "((", "a = \xff :", "SET a.b = :l REMOVE a[1]",
	} {
		f.Add(text, `{"a":{"M":{"b":{"L":[{"N":"1"},{"SS":["x"]}]}}},"l":{"L":[{"L":[]}]},"n":{"N":"5"}}`)
	}
	f.Fuzz(func(t *testing.T, text, wire string) {
		var in attr.Input
		if json.Unmarshal([]byte(wire), &in) != nil {
			return
		}
		item, err := in.Item()
		if err != nil || item == nil {
			return
		}
		before, _ := json.Marshal(item)
		use(t, text, item)
		after, _ := json.Marshal(item)
		require.JSONEq(t, string(before), string(after))
	})
}

func use(t *testing.T, text string, item attr.Item) {
	env, err := NewEnv(map[string]string{"#n": "n"}, attr.NewInput(attr.Item{
		":a": attr.Int(1), ":s": attr.String("x"), ":l": attr.List{attr.Null{}}, ":ss": attr.NewStringSet("x"),
	}))
	require.NoError(t, err)
	if c, err := ParseCondition(KindCondition, text, env); err == nil {
		c.Eval(item)
		c.Paths()
	}
	if p, err := ParseProjection(text, env); err == nil {
		require.LessOrEqual(t, attr.ItemSize(p.Project(item)), attr.ItemSize(item))
	}
	if k, err := ParseKeyCondition(text, env); err == nil {
		k.Bind(KeyAttribute{"pk", attr.KindString}, KeyAttribute{"sk", attr.KindString})
	}
	if u, err := ParseUpdate(text, env); err == nil {
		if change, err := u.Apply(item); err == nil {
			change.Old()
			change.New()
		}
	}
}
