package template

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// hostileTemplates have every kind of place: each delimiter with a neighbour of
// its own sort, several, longer ones, padding on both sides of a value.
var hostileTemplates = []string{
	"{a}", "#META", "ORDER#{a}#{b}", "CART#{a}", "{a}#{b}#{c}", "{a}|{b}", "{a}-{b}", "{a}:{b}", "{a}/{b}", "{a}@{b}",
	"{a}##{b}", "{a}#-#{b}", "{a}-#-{b}", "{a} - {b}", "{a}to{b}", "{a}x{b}", "{a}z{b}", "{a}Z{b}", "{a}T{b}", "{a}0x{b}",
	"X#{a}|{b}-{c}", "X#{a}${b}%{c}", `X#{a}"{b}`, "{a}~{b}", "{a} {b}", "{a}→{b}", "{a}\U0010ffff{b}", "{a}\ud7ff{b}#{c}",
	"{n:05d}{a}{m:03d}#{b}", "{n:05d}{a}", "{a}{n:05d}", "{a}{n:05d}.json", "{n:05d}{m:02d}", "{n:05d}#{a}", "{a}.json",
	"{a}#{b}#{a}", "{{{a}}}|{{{b}}}", "{a}$0{b}", "{a}$1#{b}", "#{a}", "{a}#", "{a}#{b}#",
}

// hostile are values that look like what stands around them.
var hostile = []string{
	"", "#", "##", "$", "$$", "$0", "$1", "$#", "#$0", "a", "a#b", "a##b", "#a", "a#", "0", "00", "007", "7", "-", "--", "-1",
	"2025-08-14T21:16:07.000Z", "|", "}", "}0", "|}", ":", ";", ";0", "/", ".", ".0", "..json", ".json", "@", "?", "x", "y", "y0",
	"xyxy", "z", "{", "{a}", "Z", "[", "T", "U", "to", "t", "u0o", "~", "→", "↓", "→0", "\x00", "\x01#", " ", "  ", "!", "!0", `"`, "%", "%0", "&",
	"𐍈", "𐍈#𐍈", "🛒", "é", "é", "\ufffd", "\uffff", "\ue000", "\ud7ff", "\U0010ffff", "\U0010fffe", "ORDER#", "null",
	strings.Repeat("#", 2048), strings.Repeat("𐍈", 512), strings.Repeat("a", 2047) + "$",
}

// roundTrip checks one list of values: it comes back, and its text is its own.
func roundTrip(t *testing.T, tmpl *Template, values []string) string {
	t.Helper()
	text, err := tmpl.Format(values)
	require.NoError(t, err)
	require.True(t, utf8.ValidString(text))
	back, err := tmpl.Values(text)
	require.NoError(t, err, "%s: %q", tmpl, text)
	require.Equal(t, values, back, "%s: %q", tmpl, text)
	require.True(t, tmpl.Matches(text))
	require.True(t, strings.HasPrefix(text, tmpl.Prefix()))
	return text
}

// someValues returns hostile values, and numbers where there must be numbers.
func someValues(r *rand.Rand, tmpl *Template, of []string) []string {
	values := make([]string, len(tmpl.names))
	for i := range values {
		values[i] = of[r.IntN(len(of))]
	}
	for _, p := range tmpl.pieces {
		if p.width > 0 {
			values[p.name] = []string{"0", "7", "10", "99"}[r.IntN(4)]
		}
	}
	return values
}

func TestRoundTripHostile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, text := range hostileTemplates {
		tmpl := mustParse(t, text)
		from := map[string]string{} // text of a key: the values it came from
		for range 3000 {
			values := someValues(r, tmpl, hostile)
			text := roundTrip(t, tmpl, values)
			id := strings.Join(values, "\xff") // no value has that byte
			if other, seen := from[text]; seen {
				require.Equal(t, other, id, "%s: two lists of values have one text", tmpl)
			}
			from[text] = id
		}
	}
}

// TestValuesRefuses: what Format never gives has no values.
func TestValuesRefuses(t *testing.T) {
	for _, c := range []struct{ template, text string }{
		{"#META", "#META2"}, {"#META", "#MET"}, {"#META", ""},
		{"ORDER#{a}#{b}", "ORDER#1"}, {"ORDER#{a}#{b}", "CART#1#2"}, {"ORDER#{a}#{b}", "ORDER#1#2#3"},
		{"ORDER#{a}#{b}", "ORDER#$#2"}, {"ORDER#{a}#{b}", "ORDER#$2#2"}, {"ORDER#{a}#{b}", "ORDER#1#a$"},
		{"ORDER#{a}#{b}", "ORDER#\xff#2"}, {"{a}", "\xff"}, {"{a}#", "a"}, {"{a}#", "a##"},
		{"{n:05d}", "0007"}, {"{n:05d}", "000007"}, {"{n:05d}", "0000x"}, {"{n:05d}", "-0007"}, {"{n:05d}", ""},
		{"{a}{n:03d}#{b}", "12#x"}, {"{a}.json", "json"}, {"{a}#{a}", "1#2"}, {"{a}#{b}#{a}", "1#2#3"},
		{"T#{x}|{y}", "T#a#|b"}, {"{x}|{y}", "a}2|b"},
	} {
		_, err := mustParse(t, c.template).Values(c.text)
		var v *ValueError
		require.ErrorAs(t, err, &v, "%s %q", c.template, c.text)
		require.False(t, mustParse(t, c.template).Matches(c.text))
	}
	_, err := mustParse(t, "#META").Values("x")
	require.EqualError(t, err, `the text is not one that the template "#META" gives`)
}

// TestOrder: texts compare as the values do. The only exception is a value
// that begins with the other, where something stands after the placeholder;
// before a # it is exactly the case of what sorts before # in the longer one.
func TestOrder(t *testing.T) {
	for _, text := range hostileTemplates {
		tmpl := mustParse(t, text)
		for i := range tmpl.names {
			if !tmpl.padded(i) {
				checkOrder(t, tmpl, i)
			}
		}
	}
}

func (t *Template) padded(name int) bool {
	for _, p := range t.pieces {
		if p.name == name && p.width > 0 {
			return true
		}
	}
	return false
}

func checkOrder(t *testing.T, tmpl *Template, i int) {
	values := make([]string, len(tmpl.names))
	for j := range values {
		values[j] = "5"
	}
	format := func(v string) string {
		values[i] = v
		text, err := tmpl.Format(values)
		require.NoError(t, err)
		return text
	}
	last := len(tmpl.pieces) == 0 || tmpl.pieces[len(tmpl.pieces)-1].name == i && strings.Count(tmpl.text, "{"+tmpl.names[i]+"}") == 1
	hash := strings.Contains(tmpl.text, "{"+tmpl.names[i]+"}#")
	for _, v := range hostile {
		for _, w := range hostile {
			if v >= w {
				continue
			}
			kept := format(v) < format(w)
			rest, begins := strings.CutPrefix(w, v)
			switch {
			case !begins || last:
				require.True(t, kept, "%s {%s}: %q before %q", tmpl, tmpl.names[i], v, w)
			case hash:
				require.Equal(t, rest[0] >= '#', kept, "%s {%s}: %q before %q", tmpl, tmpl.names[i], v, w)
			}
		}
	}
}

func TestPaddedOrder(t *testing.T) {
	tmpl := mustParse(t, "N#{n:020d}#{a}")
	before := ""
	for _, n := range []string{"0", "1", "2", "9", "10", "99", "100", "18446744073709551615", "99999999999999999999"} {
		text, err := tmpl.Format([]string{n, ""})
		require.NoError(t, err)
		require.Less(t, before, text)
		before = text
	}
}

// FuzzValues: whatever the values hold, they come back.
func FuzzValues(f *testing.F) {
	for i := range hostileTemplates {
		f.Add(uint(i), hostile[i], hostile[(i*7+3)%len(hostile)], uint32(i))
	}
	f.Fuzz(func(t *testing.T, which uint, a, b string, n uint32) {
		tmpl := mustParse(t, hostileTemplates[which%uint(len(hostileTemplates))])
		values := make([]string, len(tmpl.names))
		for i := range values {
			values[i] = []string{a, b}[i%2]
			if tmpl.padded(i) {
				values[i] = []string{"0", "1", "42", "99"}[n%4]
			}
		}
		if _, err := tmpl.Format(values); err != nil {
			require.False(t, utf8.ValidString(a) && utf8.ValidString(b))
			return
		}
		roundTrip(t, tmpl, values)
	})
}

// FuzzText: a text that is read is the text of what was read.
func FuzzText(f *testing.F) {
	for i := range hostileTemplates {
		f.Add(uint(i), "ORDER#a$0b#00007")
	}
	f.Add(uint(2), "ORDER#$$#1")
	f.Add(uint(28), "00007a$0003#b")
	f.Fuzz(func(t *testing.T, which uint, text string) {
		tmpl := mustParse(t, hostileTemplates[which%uint(len(hostileTemplates))])
		values, err := tmpl.Values(text)
		if err != nil {
			return
		}
		again, err := tmpl.Format(values)
		require.NoError(t, err)
		require.Equal(t, text, again)
	})
}
