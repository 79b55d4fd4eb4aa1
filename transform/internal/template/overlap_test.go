package template

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOverlaps(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		// The three entities of the published contract's Users table.
		{"#META", "ORDER#{created_at}#{order_id}", false},
		{"#META", "CART#{product_id}", false},
		{"CART#{product_id}", "ORDER#{created_at}#{order_id}", false},

		{"#META", "#META", true},
		{"#META", "#METADATA", false},
		{"#META", "{a}", true},
		{"#META", "#{a}", true},
		{"CART#{a}", "CART#{b}", true},
		{"ORDER#{a}", "ORDER#{a}#LINE#{b}", false}, // no value has a #
		{"ORDER#{a}", "ORDER#{a}#{b}", false},
		{"ORDER|{a}", "ORDER|{a}|LINE|{b}", true}, // the last value may have a |
		{"A#{n:05d}", "A#{n:06d}", false},
		{"A#{n:05d}", "A#{a}", true},
		{"A#{n:05d}", "A#x{a}", false},
		{"A#{n:05d}#{a}", "A#{a}#{n:05d}", true},
		{"{a}#X", "{a}#Y", false},
		{"{a}#X", "Y#{b}", true},
		{"{a}.json", "{a}.xml", false},
		{"{a}-1", "2-{b}", true},
		{"{a}{n:02d}", "{b}x", false},
		{"T→{a}", "T⇒{a}", false},
	} {
		a, b := mustParse(t, c.a), mustParse(t, c.b)
		require.Equal(t, c.want, Overlaps(a, b), "%s and %s", a, b)
		require.Equal(t, c.want, Overlaps(b, a), "%s and %s", b, a)
	}
}

// TestOverlapsAgainstTexts: where a text of one template is one of the other
// too, Overlaps says so. The values are few and short, so that it happens.
func TestOverlapsAgainstTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	bits := []string{"{a}", "{b}", "{n:02d}", "#", "|", "0", "1", "x", "$", "}}"}
	short := []string{"", "0", "1", "00", "#", "$0", "x", "x#", "|", "1x", "0|0"}
	pairs, meets, nos := 0, 0, 0
	for pairs < 20000 {
		a, errA := Parse(pick(r, bits))
		b, errB := Parse(pick(r, bits))
		if errA != nil || errB != nil {
			continue
		}
		pairs++
		overlaps := Overlaps(a, b)
		if !overlaps {
			nos++
		}
		for range 5 {
			text, err := a.Format(someValues(r, a, short))
			if err != nil || !b.Matches(text) {
				continue
			}
			meets++
			require.True(t, overlaps, "%s and %s have %q in common", a, b, text)
			require.True(t, b.MayBegin(text[:len(text)/2]), "%s %q", b, text)
		}
	}
	require.Greater(t, meets, 500)
	require.Greater(t, nos, 500)
}

func pick(r *rand.Rand, bits []string) string {
	var s strings.Builder
	for range 1 + r.IntN(5) {
		s.WriteString(bits[r.IntN(len(bits))])
	}
	return s.String()
}

// TestOverlapsBounded: the worst templates that the limits allow. The time is a
// guard against unbounded work, a hundred times what it takes.
func TestOverlapsBounded(t *testing.T) {
	filling := strings.Repeat("{n:065d}", 14) + strings.Repeat("-7", 440)
	a, b := mustParse(t, "{a}"+filling+"{b}x"), mustParse(t, "{a}"+filling+"{b}y")
	started := time.Now()
	require.False(t, Overlaps(a, b))
	require.Less(t, time.Since(started), 20*time.Second)
}

func TestPrefix(t *testing.T) {
	for template, want := range map[string]string{
		"ORDER#{a}": "ORDER#", "#META": "#META", "{a}#X": "", "{n:05d}": "", "{{{a}": "{",
	} {
		require.Equal(t, want, mustParse(t, template).Prefix(), template)
	}
}

func TestMayBegin(t *testing.T) {
	for _, c := range []struct {
		template, prefix string
		want             bool
	}{
		{"ORDER#{a}", "ORDER#", true},
		{"ORDER#{a}", "ORDER#x", true},
		{"ORDER#{a}", "ORD", true},
		{"ORDER#{a}", "", true},
		{"ORDER#{a}", "ORDER#x#", false},
		{"ORDER#{a}#{b}", "ORDER#x#", true},
		{"ORDER#{a}", "CART#", false},
		{"#META", "ORDER#", false},
		{"{a}", "ORDER#", true},
		{"{n:05d}", "ORDER#", false},
		{"{n:05d}", "00001", true},
		{"{n:05d}", "000001", false},
	} {
		require.Equal(t, c.want, mustParse(t, c.template).MayBegin(c.prefix), "%s %q", c.template, c.prefix)
	}
}

func TestBegin(t *testing.T) {
	for _, c := range []struct {
		template string
		values   []string
		partial  string
		want     string
	}{
		{"ORDER#{at}#{id}", nil, "", "ORDER#"},
		{"ORDER#{at}#{id}", nil, "2025-08", "ORDER#2025-08"},
		{"ORDER#{at}#{id}", []string{"2025-08-14"}, "", "ORDER#2025-08-14#"},
		{"ORDER#{at}#{id}", []string{"a#b"}, "1#", "ORDER#a$0b#1$0"},
		{"N#{n:05d}#{id}", []string{"7"}, "x", "N#00007#x"},
		{"N#{n:05d}#{id}", nil, "", "N#"},
		{"{a}to#{b}", []string{"x"}, "", "xto#"},
	} {
		got, err := mustParse(t, c.template).Begin(c.values, c.partial)
		require.NoError(t, err)
		require.Equal(t, c.want, got, c.template)
	}
	for _, c := range []struct {
		template string
		values   []string
		partial  string
		reason   string
	}{
		{"ORDER#{at}#{id}", []string{"a", "b"}, "", "a beginning takes fewer values than the template; Format takes all"},
		{"#META", nil, "", "a beginning takes fewer values than the template; Format takes all"},
		{"N#{n:05d}#{id}", nil, "0", "{n}: a padded number is given whole or not at all"},
		{"N#{n:05d}#{id}", []string{"x"}, "", "{n}: the value is not an integer"},
		{"{a}.json", nil, "a.", "{a}: where the value ends is told only by what follows"},
		{"{a}to#{b}", nil, "xt", "{a}: where the value ends is told only by what follows"},
		{"{a}{n:02d}#{b}", []string{"x"}, "", "{n}: where the value before it ends is told only by what follows"},
		{"{a}#{b}", nil, "\xff", "{a}: the value is not text in UTF-8"},
	} {
		_, err := mustParse(t, c.template).Begin(c.values, c.partial)
		require.EqualError(t, err, c.reason)
	}
}

// TestBeginExact: a text begins so exactly if its values do.
func TestBeginExact(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	short := []string{"", "a", "ab", "a#", "a#b", "$", "$0", "a$", "a|", "|", "5", "t", "to"}
	agreed := 0
	for range 60000 {
		tmpl := mustParse(t, hostileTemplates[r.IntN(len(hostileTemplates))])
		if tmpl.Constant() {
			continue
		}
		n := r.IntN(len(tmpl.names))
		given, partial := someValues(r, tmpl, short)[:n], short[r.IntN(len(short))]
		prefix, err := tmpl.Begin(given, partial)
		if err != nil {
			continue
		}
		values := someValues(r, tmpl, short)
		if r.IntN(2) == 0 {
			copy(values, given)
		}
		text, err := tmpl.Format(values)
		require.NoError(t, err)
		want := strings.HasPrefix(values[n], partial)
		for i := range n {
			want = want && values[i] == given[i]
		}
		require.Equal(t, want, strings.HasPrefix(text, prefix), "%s: %q of %q, for %q and %q", tmpl, prefix, text, given, partial)
		if want {
			agreed++
		}
	}
	require.Greater(t, agreed, 1000)
}
