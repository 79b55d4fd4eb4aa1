package partiql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

func Example() {
	parameters := []attr.Value{attr.Int(1), attr.String("a")}
	statement, err := Parse(`UPDATE "Counters" SET n = n + ? WHERE id = ? AND n < 10 RETURNING MODIFIED NEW *`, parameters)
	if err != nil {
		panic(err)
	}
	s := statement.(*Update)
	key, condition, err := s.Where.Key(expr.KeyAttribute{Name: "id", Kind: attr.KindString}, expr.KeyAttribute{})
	if err != nil {
		panic(err)
	}
	item := attr.Item{"id": attr.String("a"), "n": attr.Int(9)}
	if condition.Eval(item) {
		change, err := s.Update.Apply(item)
		if err != nil {
			panic(err)
		}
		item = change.Item
	}
	fmt.Println(s.Table, key["id"], "now", item["n"], condition.Eval(item))
	// Output: Counters a now 10 false
}

func TestExists(t *testing.T) {
	const plain = "EXISTS() must contain a single item read with additional condition"
	for text, want := range map[string]string{
		`EXISTS(SELECT * FROM Tab WHERE pk='a' AND sk=1 AND n=5)`:            "",
		`exists (select * from Tab where pk='a' and sk=1 and n is missing);`: "",
		`EXISTS(SELECT * FROM Tab WHERE pk='a' AND sk=1)`:                    plain,
		`EXISTS(SELECT * FROM Tab WHERE pk='a' AND n=5)`:                     plain,
		`EXISTS(SELECT * FROM Tab)`:                                          plain,
	} {
		s, err := Parse(text, nil)
		require.NoError(t, err, text)
		table, index := s.Target()
		require.Equal(t, "Tab", table)
		require.Empty(t, index)
		key, condition, err := s.(*Exists).CheckedKey(hashKey, sortKey)
		if want != "" {
			require.EqualError(t, err, want, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, attr.Item{"pk": attr.String("a"), "sk": attr.Int(1)}, key)
		require.Equal(t, strings.Contains(text, "missing"), condition.Eval(attr.Item{}))
	}
	_, err := Parse(`NOT EXISTS(SELECT * FROM Tab)`, nil)
	require.EqualError(t, err, "Statement wasn't well formed, can't be processed: NOT EXISTS(SELECT * FROM Tab)")
}

// TestRanges holds which keys a SELECT reads, before it filters.
func TestRanges(t *testing.T) {
	for _, c := range []struct {
		where  string
		ranges int
		filter bool
		scan   bool
	}{
		{"", 0, false, true},
		{"WHERE n=1", 0, true, true},
		{"WHERE pk='a'", 1, false, false},
		{"WHERE 'a'=pk AND n=1", 1, true, false},
		{"WHERE pk='a' AND sk=1", 1, false, false},
		{"WHERE pk='a' AND sk>1 AND sk<3", 1, true, false},
		{"WHERE pk='a' AND sk IN [3,1,3]", 2, false, false},
		{"WHERE pk IN ['b','a','b']", 2, false, false},
		{"WHERE pk IN ['b','a'] AND sk IN [1,2,3]", 6, false, false},
		{"WHERE pk='a' OR pk='b'", 0, true, true},
		{"WHERE pk<'a'", 0, true, true},
		{"WHERE NOT pk='a'", 0, true, true},
		{"WHERE pk='a' AND pk='b'", 1, true, false},
		{"WHERE pk='a' AND (sk=1 OR sk=2)", 1, true, false},
	} {
		s, err := Parse("SELECT * FROM Tab "+c.where, nil)
		require.NoError(t, err, c.where)
		ranges, filter, scan, err := s.(*Select).Where.Ranges(hashKey, sortKey)
		require.NoError(t, err, c.where)
		require.Len(t, ranges, c.ranges, c.where)
		require.Equal(t, c.filter, filter != nil, c.where)
		require.Equal(t, c.scan, scan, c.where)
	}
}

func TestRangesWithoutSortKey(t *testing.T) {
	s, err := Parse("SELECT * FROM Tab WHERE pk='a' AND sk=1", nil)
	require.NoError(t, err)
	ranges, filter, scan, err := s.(*Select).Where.Ranges(hashKey, expr.KeyAttribute{})
	require.NoError(t, err)
	require.Equal(t, []expr.KeyRange{{Hash: attr.String("a")}}, ranges)
	require.NotNil(t, filter)
	require.False(t, scan)
	key, rest, err := s.(*Select).Where.Key(hashKey, expr.KeyAttribute{})
	require.NoError(t, err)
	require.Equal(t, attr.Item{"pk": attr.String("a")}, key)
	require.NotNil(t, rest)
}

func TestBackward(t *testing.T) {
	for text, want := range map[string]any{
		"SELECT * FROM Tab WHERE pk='a'":                       false,
		"SELECT * FROM Tab WHERE pk='a' ORDER BY sk":           false,
		"SELECT * FROM Tab WHERE pk='a' ORDER BY sk DESC":      true,
		"SELECT * FROM Tab WHERE pk='a' ORDER BY pk, sk DESC":  true,
		"SELECT * FROM Tab WHERE pk='a' ORDER BY n":            "Variable reference n in ORDER BY clause must be part of the primary key",
		"SELECT * FROM Tab WHERE pk<'a' ORDER BY sk":           "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
		"SELECT * FROM Tab WHERE pk IN ['a','b'] ORDER BY pk ": false,
	} {
		s, err := Parse(text, nil)
		require.NoError(t, err, text)
		backward, err := s.(*Select).Backward(hashKey, sortKey)
		if message, ok := want.(string); ok {
			require.EqualError(t, err, message, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, backward, text)
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"SELECT * FROM Tab WHERE n = '" + strings.Repeat("x", maxStatement-30) + "'", ""},
		{"SELECT * FROM Tab WHERE n = '" + strings.Repeat("x", maxStatement-29) + "'", "Member must have length less than or equal to 8192"},
		{"SELECT * FROM Tab WHERE " + strings.Repeat("n=1 OR ", 149) + "n=1", ""},
		{"SELECT * FROM Tab WHERE " + strings.Repeat("n=1 OR ", 300) + "n=1", "The expression contains too many operators; operator count: 301"},
		{"SELECT * FROM Tab WHERE " + strings.Repeat("(", 4000) + "n=1" + strings.Repeat(")", 4000), ""},
		{"SELECT * FROM Tab WHERE " + strings.Repeat("NOT ", 2000), "Statement wasn't well formed"},
		{"SELECT * FROM Tab WHERE n=" + strings.Repeat("[", 40) + strings.Repeat("]", 40), attr.TooDeepMessage},
		{"INSERT INTO Tab VALUE {'pk':" + strings.Repeat("[", 4000) + strings.Repeat("]", 4000) + "}", attr.TooDeepMessage},
		{"SELECT * FROM Tab WHERE " + strings.Repeat("a.", 33) + "a=1", "The document path has too many nesting levels; nesting levels: 34"},
		{"SELECT " + strings.Repeat("a.", 33) + "a FROM Tab", "The document path has too many nesting levels; nesting levels: 34"},
	} {
		_, err := Parse(c.text, nil)
		if c.want == "" {
			require.NoError(t, err, "%.60s", c.text)
		} else {
			require.ErrorContains(t, err, c.want, "%.60s", c.text)
			require.ErrorAs(t, err, new(*attr.ValidationError))
		}
	}
}

// FuzzParse must not panic, and what parses can be used.
func FuzzParse(f *testing.F) {
	_, _, cases := readScript(f)
	for _, c := range cases {
		f.Add(c.text)
	}
	item := attr.Item{"pk": attr.String("a"), "sk": attr.Int(1), "l": attr.List{attr.Null{}}, "m": attr.Map{"k": attr.Bool(true)}}
	f.Fuzz(func(t *testing.T, text string) {
		m := memory{items: []attr.Item{item}}
		s, err := Parse(text, []attr.Value{attr.String("x"), attr.NewStringSet("a"), attr.Int(2)})
		if err != nil {
			require.ErrorAs(t, err, new(*attr.ValidationError))
			return
		}
		s.Target()
		m.execute(s)
	})
}
