package template

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func mustParse(t testing.TB, text string) *Template {
	t.Helper()
	tmpl, err := Parse(text)
	require.NoError(t, err)
	return tmpl
}

// TestFormatGolden has the rules of the contract's format: key templates,
// string-format, padding, and what a value with the delimiter becomes.
func TestFormatGolden(t *testing.T) {
	for _, c := range []struct {
		name, template string
		values         []string
		want           string
	}{
		// Key templates and formats of the published contract.
		{"partition key", "{user_email}", []string{"ann@example.org"}, "ann@example.org"},
		{"constant", "#META", nil, "#META"},
		{"order", "ORDER#{created_at}#{order_id}", []string{"2025-08-14T21:16:07.000Z", "1"}, "ORDER#2025-08-14T21:16:07.000Z#1"},
		{"cart", "CART#{product_id}", []string{"17"}, "CART#17"},
		{"static", "v1", nil, "v1"},

		{"padding", "{id:010d}", []string{"42"}, "0000000042"},
		{"padding of zero", "{id:010d}", []string{"0"}, "0000000000"},
		{"padding that is full", "N#{id:03d}", []string{"999"}, "N#999"},
		{"one name twice", "{id}#{id:04d}", []string{"7"}, "7#0007"},
		{"widths touch", "{y:04d}{m:02d}{name}", []string{"2025", "8", "x"}, "202508x"},
		{"braces", "{{{id}}}", []string{"7"}, "{7}"},

		{"delimiter in a value", "A#{x}#{y}", []string{"a#b", "c"}, "A#a$0b#c"},
		{"escape in a value", "A#{x}#{y}", []string{"a$b", "c"}, "A#a$1b#c"},
		{"what looks escaped", "A#{x}#{y}", []string{"$0", "$1"}, "A#$10#$11"},
		{"delimiter in the last value", "CART#{x}", []string{"a#b"}, "CART#a$0b"},
		{"no delimiter, nothing to escape", "{x}", []string{"a#b$c"}, "a#b$c"},
		{"empty values", "A#{x}#{y}", []string{"", ""}, "A##"},
		{"leading zeros", "A#{x}#{y}", []string{"007", "0"}, "A#007#0"},
		{"four bytes", "A#{x}#{y}", []string{"𐍈#", "🛒"}, "A#𐍈$0#🛒"},
		{"blanks and quotes stand", "A#{x}#{y}", []string{`a "b" c!`, " "}, `A#a "b" c!# `},

		{"other delimiter", "{x}|{y}", []string{"a|b}", "c|d"}, "a}0b}1|c|d"},
		{"above is a letter", "{x}@{y}", []string{"a@b?", "c"}, "a?1b?0@c"},
		{"above is a digit", "{x}/{y}", []string{"a/b.c", "c"}, "a.1b.0c/c"},
		{"the mark of a longer literal", "{x}to|{y}", []string{"to|", "c"}, "to}0to|c"},
		{"a # of a longer literal", "{x}-#{y}", []string{"a-b", "c"}, "a-b-#c"},
		{"a letter", "{w}x{h}", []string{"12", "34"}, "12x34"},
		{"a letter in a value", "{w}x{h}", []string{"xy", "x"}, "y0y1xx"},
		{"# elsewhere", "T#{x}|{y}", []string{"a#|", "b#|"}, "T#a$0}0|b$0|"},
		{"neighbours", "T#{x}${y}", []string{"#$%", "#$%"}, "T#%0%1%2$$0$1%"},
		{"no ASCII", "{x}→{y}", []string{"a→b⇒", "→"}, "a↓0b⇒→→"},
		{"at the end of Unicode", "{x}\U0010ffff{y}", []string{"\U0010ffff\U0010fffe", ""}, "\U0010fffe1\U0010fffe0\U0010ffff"},
		{"at the surrogates", "{x}\ud7ff{y}", []string{"\ud7ff\ue000", ""}, "\ue0000\ue0001\ud7ff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tmpl := mustParse(t, c.template)
			got, err := tmpl.Format(c.values)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			back, err := tmpl.Values(got)
			require.NoError(t, err)
			require.Equal(t, append([]string{}, c.values...), back)
			require.Equal(t, c.template, tmpl.String())
			appended, err := tmpl.Append([]byte("before "), c.values)
			require.NoError(t, err)
			require.Equal(t, "before "+c.want, string(appended))
		})
	}
}

func TestFormatRefuses(t *testing.T) {
	for _, c := range []struct {
		name, template string
		values         []string
		reason         string
		tooLarge       bool
	}{
		{"too long for its width", "{id:03d}", []string{"1000"}, "{id}: the number has more digits than its width", true},
		{"negative", "{id:03d}", []string{"-1"}, "{id}: the number is negative; padded numbers are not, for -1 would sort before -2", false},
		{"leading zero", "{id:03d}", []string{"01"}, "{id}: the integer has leading zeros, which would not come back", false},
		{"zero twice", "{id:03d}", []string{"00"}, "{id}: the integer has leading zeros, which would not come back", false},
		{"decimal", "{id:03d}", []string{"1.5"}, "{id}: the value is not an integer", false},
		{"empty", "{id:03d}", []string{""}, "{id}: the value is not an integer", false},
		{"plus", "{id:03d}", []string{"+1"}, "{id}: the value is not an integer", false},
		{"other digits", "{id:03d}", []string{"१"}, "{id}: the value is not an integer", false},
		{"minus alone", "{id:03d}", []string{"-"}, "{id}: the value is not an integer", false},
		{"not UTF-8", "A#{x}", []string{"a\xff"}, "{x}: the value is not text in UTF-8", false},
		{"surrogate", "{x}", []string{"\xed\xa0\x80"}, "{x}: the value is not text in UTF-8", false},
		{"a value too few", "{x}#{y}", []string{"a"}, "the template takes 2 values, and was given another number of them", false},
		{"a value too many", "#META", []string{"a"}, "the template takes 0 values, and was given another number of them", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tmpl := mustParse(t, c.template)
			_, err := tmpl.Format(c.values)
			require.EqualError(t, err, c.reason)
			var v *ValueError
			require.ErrorAs(t, err, &v)
			require.Equal(t, c.tooLarge, v.TooLarge)
			b, err := tmpl.Append([]byte("as it was"), c.values)
			require.Error(t, err)
			require.Equal(t, "as it was", string(b))
		})
	}
}

func TestNames(t *testing.T) {
	tmpl := mustParse(t, "X#{b}#{a:05d}#{b}#{c}")
	require.Equal(t, []string{"b", "a", "c"}, tmpl.Names())
	require.True(t, tmpl.Has("a"))
	require.False(t, tmpl.Has("X"))
	require.False(t, tmpl.Constant())
	require.True(t, mustParse(t, "#META").Constant())
	tmpl.Names()[0] = "changed"
	require.Equal(t, []string{"b", "a", "c"}, tmpl.Names())
	ok, reason := tmpl.Reversible()
	require.True(t, ok)
	require.Empty(t, reason)
}

func TestUnpaddedNumbers(t *testing.T) {
	tmpl := mustParse(t, "{id}#{n:05d}#{name}#{id:04d}#{id}")
	number := func(name string) bool { return name != "name" }
	require.Equal(t, []string{"id"}, tmpl.UnpaddedNumbers(number))
	require.Empty(t, mustParse(t, "{n:05d}#{name}").UnpaddedNumbers(number))
}

// replaced is what SQL does with a place: one REPLACE after the other, LPAD.
func replaced(p Placeholder, value string) string {
	for _, e := range p.Escapes {
		value = strings.ReplaceAll(value, e.From, e.To)
	}
	return p.Literal + strings.Repeat("0", max(0, p.Width-len(value))) + value
}

func TestPlaceholdersAsSQL(t *testing.T) {
	dollar := []Escape{{"$", "$1"}, {"#", "$0"}}
	require.Equal(t, []Placeholder{
		{Literal: "A#", Name: "x", Escapes: dollar},
		{Literal: "#", Name: "n", Width: 5},
		{Literal: ".", Name: "y", Escapes: dollar},
		{Literal: "#Z"},
	}, mustParse(t, "A#{x}#{n:05d}.{y}#Z").Placeholders())
	require.Equal(t, []Placeholder{{Literal: "#META"}}, mustParse(t, "#META").Placeholders())
	require.Equal(t, []Placeholder{{Name: "x"}}, mustParse(t, "{x}").Placeholders())

	for _, text := range hostileTemplates {
		tmpl := mustParse(t, text)
		for _, v := range hostile {
			values := make([]string, len(tmpl.names))
			var want strings.Builder
			for i := range values {
				values[i] = v
			}
			for _, p := range tmpl.Placeholders() {
				value := v
				if p.Width > 0 {
					value = "7"
					values[tmpl.index(p.Name)] = "7"
				}
				if p.Name == "" {
					value = ""
				}
				want.WriteString(replaced(p, value))
			}
			got, err := tmpl.Format(values)
			require.NoError(t, err)
			require.Equal(t, want.String(), got, text)
		}
	}
}

func (t *Template) index(name string) int {
	for i, n := range t.names {
		if n == name {
			return i
		}
	}
	return -1
}

func TestErrorsCarryNoValue(t *testing.T) {
	const secret = "hunter2"
	check := func(err error) {
		t.Helper()
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret)
	}
	tmpl := mustParse(t, "A#{x}#{n:03d}")
	_, err := tmpl.Format([]string{secret + "\xff", "1"})
	check(err)
	_, err = tmpl.Format([]string{"a", secret})
	check(err)
	_, err = tmpl.Values(secret)
	check(err)
	number, err := ParseNumber("000")
	require.NoError(t, err)
	_, err = number.Format(secret)
	check(err)
	_, err = number.Value(secret)
	check(err)
	date, err := ParseDate("DD.MM.YYYY", DateForm())
	require.NoError(t, err)
	_, err = date.Format(secret)
	check(err)
	_, err = date.Value(secret)
	check(err)
}

// TestFormatAllocations: the text, and nothing else.
func TestFormatAllocations(t *testing.T) {
	tmpl := mustParse(t, "ORDER#{id:010d}#{created_at}#{email}")
	require.Equal(t, 1.0, testing.AllocsPerRun(100, func() { sinkText, _ = tmpl.Format(benchValues) }))
}
