package template

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		template string
		at       int
		reason   string
	}{
		{"", 0, "it is empty"},
		{"ORDER#{id", 6, "a placeholder without its }"},
		{"ORDER#id}", 8, "a } without its {"},
		{"ORDER#{}", 7, "a placeholder without a name"},
		{"ORDER#{:010d}", 7, "a placeholder without a name"},
		{"{a{b}", 1, "a { within a placeholder"},
		{"{ a}", 1, "a blank at the end of the name"},
		{"{a }", 1, "a blank at the end of the name"},
		{"A#{a:10d}", 5, `"10d" is no way to format: only zeros before integers are, as in 010d`},
		{"A#{a:010}", 5, `"010" is no way to format: only zeros before integers are, as in 010d`},
		{"A#{a:0d}", 5, `"0d" is no way to format: only zeros before integers are, as in 010d`},
		{"A#{a:0010d}", 5, `"0010d" is no way to format: only zeros before integers are, as in 010d`},
		{"A#{a:.2f}", 5, `".2f" is no way to format: only zeros before integers are, as in 010d`},
		{"A#{a:}", 5, `"" is no way to format: only zeros before integers are, as in 010d`},
		{"A#{a:066d}", 5, "a number has 65 digits at most"},
		{"A#{a:099999999999999999999d}", 5, "a number has 65 digits at most"},
		{"{a}{b}", 3, "nothing tells where {a} ends and {b} begins"},
		{"{a}{n:03d}{b}", 10, "nothing tells where {a} ends and {b} begins"},
		{"{a}{a}", 3, "nothing tells where {a} ends and {a} begins"},
		{"{a}00{b}", 3, "only digits tell where {a} ends"},
		{"ORDER#{{id}}", 6, "{{id}} would be the text {id} and not a value"},
		{"ORDER#{{id:010d}}", 6, "{{id:010d}} would be the text {id:010d} and not a value"},
		{"A\x00B", 1, "a control character"},
		{"A\nB", 1, "a control character"},
		{"A\xffB", 1, "a character that is not UTF-8, or stands for one that was not"},
		{"{a\xff}", 2, "a character that is not UTF-8, or stands for one that was not"},
		{strings.Repeat("x", 1025), 1024, "it is longer than 1024 bytes"},
		{strings.Repeat("{a}#", 17), 64, "it has more than 16 placeholders"},
		{"{" + strings.Repeat("n", 256) + "}", 1, "the name is longer than 255 bytes"},
	} {
		_, err := Parse(c.template)
		var s *SyntaxError
		require.ErrorAs(t, err, &s, c.template)
		require.Equal(t, c.reason, s.Reason, c.template)
		require.Equal(t, c.at, s.Offset, c.template)
	}
}

func TestParseTakes(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("x", 1024),
		strings.Repeat("{a}#", 16),
		"{" + strings.Repeat("n", 255) + "}",
		"{a:065d}",
		"{a:03d}00{b}",         // a's end needs no delimiter
		"{a:03d}{b}{c:03d}",    // one of those that touch has no width
		"{Größe}#{my column}",  // what attributes and columns may be called
		"{t.c}#{a-b}#{$x}",     //
		"{{}}{a}",              // literal braces
		"{{not a name }}#{id}", // not meant as a placeholder
	} {
		_, err := Parse(text)
		require.NoError(t, err, text)
	}
}

func TestSyntaxErrorText(t *testing.T) {
	_, err := Parse("A#{a}{b}")
	require.EqualError(t, err, `template "A#{a}{b}", at byte 5: nothing tells where {a} ends and {b} begins; `+
		`put a # between them, or give one a width, as in {b:010d}`)
	_, err = Parse(strings.Repeat("é", 1000))
	require.Error(t, err)
	require.Less(t, len(err.Error()), 400)
}

// FuzzParse: no text of a contract makes the parser panic, and what it takes is
// a codec.
func FuzzParse(f *testing.F) {
	for _, s := range hostileTemplates {
		f.Add(s)
	}
	for _, s := range []string{"", "{", "}", "{{", "}}", "{a", "{a:", "{a:0", "{a:01", "{a:01d", "{a}{b}", "{{a}}", "{{{a}}}", "\xff", "{a}\x00{b}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, err := Parse(text)
		if err != nil {
			var s *SyntaxError
			require.ErrorAs(t, err, &s)
			require.LessOrEqual(t, s.Offset, len(text))
			require.True(t, utf8.ValidString(err.Error()))
			return
		}
		require.LessOrEqual(t, len(tmpl.Names()), maxPlaceholders)
		values := make([]string, len(tmpl.names))
		for i := range values {
			values[i] = "1"
		}
		roundTrip(t, tmpl, values)
		require.True(t, Overlaps(tmpl, tmpl))
		require.True(t, tmpl.MayBegin(tmpl.Prefix()))
	})
}
