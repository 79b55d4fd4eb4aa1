package fragment

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	for _, s := range append([]string{
		"a", "t.c = 'x'", "NOT a AND -b * (c - 1.5) / 2 IS NOT NULL", "a IN (1, NULL, TRUE)", "'it''s \\\\ '", "`a``b`.c <> ''",
		"CAST(CONCAT_WS('/', a, b) AS DECIMAL(10, 2)) >= SUBSTRING(x, -1, 2)", "IF(COALESCE(a, b), LOWER(c), TRIM(UPPER(d)))",
		wide(), "CONCAT" + strings.Repeat("(CONCAT", 60) + "('x'" + strings.Repeat(")", 61), "1" + strings.Repeat("*99999999999", 60), strings.Repeat("9", 65) + "/0.000000001",
		strings.Repeat("(", 250), strings.Repeat("-", 250), strings.Repeat("NOT ", 250), strings.Repeat("a+", 200) + "a", "1.5.5", "a.1b", ".5", "\xff",
	}, hostile...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fragment, err := Parse(s)
		if err != nil {
			require.True(t, utf8.ValidString(err.Error()))
			require.Less(t, len(err.Error()), 8*maxQuoted+1000)
			return
		}
		require.LessOrEqual(t, depth(fragment.root), maxDepth)
		sql, args := fragment.SQL()
		requireHarmless(t, sql, false, names(fragment))
		require.Equal(t, len(args), strings.Count(stripNames(sql), "?"))
		requireHarmless(t, fragment.ViewSQL(), true, names(fragment))
		canonical := fragment.String()
		if len(canonical) > maxLength { // it has more parentheses
			return
		}
		again, err := Parse(canonical)
		require.NoError(t, err, canonical)
		require.Equal(t, canonical, again.String())
		evaluate(t, fragment)
	})
}

// wide is a fragment with as many different columns as fit.
func wide() string {
	s := "a IN (a"
	for n := 0; len(s) < maxLength-8; n++ {
		s += ",c" + strconv.FormatInt(int64(n), 36)
	}
	return s + ")"
}

// evaluate runs a fragment, if it compiles with columns of any one type, on a
// row of ordinary values. Nothing must panic.
func evaluate(t *testing.T, f Fragment) {
	for _, c := range []struct {
		typ   Type
		value Value
	}{
		{Type{Kind: Integer}, IntValue(-7)}, {Type{Kind: Decimal, Scale: 2}, must(ParseNumber("3.25"))},
		{Type{Kind: Text, Collation: castCollation}, TextValue("Größe 12")}, {Type{Kind: Opaque}, TextValue("x")}, {Type{Kind: Text}, Value{}},
	} {
		p, err := f.Compile(func(Ref) (Type, error) { return c.typ, nil }, nil)
		if err != nil {
			continue
		}
		row := make([]Value, len(p.Columns()))
		for i := range row {
			row[i] = c.value
		}
		v, err := p.Eval(row)
		if err == nil {
			require.True(t, v.valid())
		}
	}
}

// The largest fragments take milliseconds at most, so that no contract makes
// work without bound.
func BenchmarkLargest(b *testing.B) {
	for name, s := range map[string]string{
		"wide": wide(), "deep": "a" + strings.Repeat(" + a", 63), "list": "a IN (1" + strings.Repeat(",1", 2040) + ")",
		"parentheses": strings.Repeat("(", 190) + "a" + strings.Repeat(")", 190), "constant": "1" + strings.Repeat("+1", 62),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f, err := Parse(s)
				require.NoError(b, err)
				f.SQL()
				_, err = f.Compile(func(Ref) (Type, error) { return Type{Kind: Integer}, nil }, nil)
				require.NoError(b, err)
			}
		})
	}
}

func must(v Value, err error) Value {
	if err != nil {
		panic(err)
	}
	return v
}
