package fragment

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSQL(t *testing.T) {
	for _, c := range []struct {
		fragment, sql string
		args          []any
		view          string
	}{
		{"a", "`a`", nil, "`a`"},
		{"'ROOT'", "?", []any{"ROOT"}, "_utf8mb4 X'524f4f54'"},
		{"''", "?", []any{""}, "_utf8mb4 X''"},
		{"NULL", "NULL", nil, "NULL"},
		{"TRUE", "CAST(? AS SIGNED)", []any{int64(1)}, "1"},
		{"9223372036854775808", "CAST(? AS UNSIGNED)", []any{uint64(1) << 63}, "9223372036854775808"},
		{"18446744073709551616", "CAST(? AS DECIMAL(20, 0))", []any{"18446744073709551616"}, "18446744073709551616"},
		{"1.50", "CAST(? AS DECIMAL(3, 2))", []any{"1.50"}, "1.50"},
		{"quantity * price", "((`quantity` + CAST(0 AS DECIMAL(1, 0))) * `price`)", nil, "((`quantity` + CAST(0 AS DECIMAL(1, 0))) * `price`)"},
		{"a + b - c", "(((`a` + CAST(0 AS DECIMAL(1, 0))) + `b`) - `c`)", nil, "(((`a` + CAST(0 AS DECIMAL(1, 0))) + `b`) - `c`)"},
		{"a * 1.5", "(`a` * CAST(? AS DECIMAL(2, 1)))", []any{"1.5"}, "(`a` * 1.5)"},
		{"CAST(a AS DECIMAL(9, 2)) - b", "((CAST(`a` AS DECIMAL(9, 2))) - `b`)", nil, "((CAST(`a` AS DECIMAL(9, 2))) - `b`)"},
		{"-a", "(-(`a` + CAST(0 AS DECIMAL(1, 0))))", nil, "(-(`a` + CAST(0 AS DECIMAL(1, 0))))"},
		{"a / b", "(`a` / `b`)", nil, "(`a` / `b`)"},
		{"- -1", "(-((-CAST(? AS SIGNED)) + CAST(0 AS DECIMAL(1, 0))))", []any{int64(1)}, "(-((-1) + CAST(0 AS DECIMAL(1, 0))))"},
		{"NOT a = 'x' OR b", "((NOT (`a` = ?)) OR `b`)", []any{"x"}, "((NOT (`a` = _utf8mb4 X'78')) OR `b`)"},
		{"CONCAT(a + 1, 'b') IS NOT NULL", "(CONCAT((`a` + CAST(0 AS DECIMAL(1, 0))) + CAST(? AS SIGNED), ?) IS NOT NULL)", []any{int64(1), "b"},
			"(CONCAT((`a` + CAST(0 AS DECIMAL(1, 0))) + 1, _utf8mb4 X'62') IS NOT NULL)"},
		{"CAST(a AS CHAR) = b", "((CAST(`a` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin) = `b`)", nil,
			"((CAST(`a` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin) = `b`)"},
		{"CAST(a AS DECIMAL(10,2))", "(CAST(`a` AS DECIMAL(10, 2)))", nil, "(CAST(`a` AS DECIMAL(10, 2)))"},
		{"a NOT IN ('x', NULL)", "(`a` NOT IN (?, NULL))", []any{"x"}, "(`a` NOT IN (_utf8mb4 X'78', NULL))"},
	} {
		f := parse(t, c.fragment)
		sql, args := f.SQL()
		require.Equal(t, c.sql, sql)
		require.Equal(t, c.args, args)
		require.Equal(t, c.view, f.ViewSQL())
	}
}

// harmless is all that a statement may be made of, besides names in backticks.
// It is written without the package's own lexer, which might be wrong in the
// same way as the renderer.
var harmless = regexp.MustCompile(`^(?:AND|OR|NOT|IS|IN|NULL|CONCAT_WS|CONCAT|COALESCE|LOWER|UPPER|TRIM|SUBSTRING|IF|CAST|AS|` +
	`CHAR|CHARACTER|SET|utf8mb4|COLLATE|utf8mb4_bin|SIGNED|UNSIGNED|DECIMAL|[0-9]+(?:\.[0-9]+)?|` +
	`<=|>=|<>|[-+*/=<>(),. ?])`)

var viewText = regexp.MustCompile(`^_utf8mb4 X'(?:[0-9a-f]{2})*'`)

// requireHarmless takes a statement apart as a server would. names are the
// names that it may contain.
func requireHarmless(t testing.TB, sql string, view bool, names []string) {
	t.Helper()
	rest, holders := sql, 0
	require.NotContains(t, strings.Join(regexp.MustCompile("`(?:[^`]|``)*`").Split(sql, -1), "x"), "--", "a comment")
	for rest != "" {
		if rest[0] == '`' {
			name, n, ok := unquote(rest[1:], '`')
			require.True(t, ok, sql)
			require.True(t, slices.Contains(names, name), "%q in %q", name, sql)
			rest = rest[1+n:]
			continue
		}
		m := harmless.FindString(rest)
		if found := viewText.FindString(rest); view && found != "" {
			m = found
		}
		require.NotEmpty(t, m, "%q in %q", rest, sql)
		if m == "?" {
			holders++
		}
		rest = rest[len(m):]
	}
	if view {
		require.Zero(t, holders, sql)
	}
}

func names(f Fragment) []string {
	var all []string
	for _, r := range f.Refs() {
		all = append(all, r.Table, r.Name)
	}
	return all
}

// hostile are pieces that break out of careless SQL.
var hostile = []string{"'", "`", `"`, `\`, `\'`, "''", "``", ";", "--", "-- ", "/*", "*/", "#", "?", "@x", "\n", "\r", "\t", "\x1a", "\x01",
	"DROP TABLE users", " OR 1=1 ", "') OR ('1'='1", "x` FROM mysql.user -- ", "é", "\u00a0", "¿", "縗", "\ufeff", "a", "%", "_", "{", "}", "$(", "\u2028"}

func hostileText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(6) {
		b.WriteString(hostile[r.IntN(len(hostile))])
	}
	return b.String()
}

func TestOnlyNamesReachTheServer(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		table, name, value := hostileText(r)+"t", hostileText(r)+"c", hostileText(r)
		text := appendRef(nil, Ref{table, name})
		literal := "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(value) + "'"
		f, err := Parse(string(text) + " = CONCAT(" + literal + ", `" + strings.ReplaceAll(name, "`", "``") + "`, 1.5) AND -x IN (" + literal + ")")
		if !fitsServer(table) || !fitsServer(name) {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err, "%q", text)
		sql, args := f.SQL()
		require.Equal(t, []any{value, "1.5", value}, args)
		require.Equal(t, len(args), strings.Count(stripNames(sql), "?"))
		requireHarmless(t, sql, false, []string{table, name, "x"})
		requireHarmless(t, f.ViewSQL(), true, []string{table, name, "x"})
		again := parse(t, f.String())
		require.Equal(t, f.String(), again.String())
	}
}

// Text that is pasted in as it comes either is a fragment or is refused; it
// never gets through.
func TestHostileFragments(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	fragments := 0
	for range 20000 {
		f, err := Parse("a" + hostileText(r) + " = 'x" + hostileText(r) + "'")
		if err != nil {
			continue
		}
		fragments++
		sql, _ := f.SQL()
		requireHarmless(t, sql, false, names(f))
		requireHarmless(t, f.ViewSQL(), true, names(f))
	}
	require.Greater(t, fragments, 500)
}

// stripNames takes the names out of a statement.
func stripNames(sql string) string {
	return regexp.MustCompile("`(?:[^`]|``)*`").ReplaceAllString(sql, "")
}
