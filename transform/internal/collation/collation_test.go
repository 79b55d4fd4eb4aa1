package collation_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform/internal/collation"
)

var names = []string{"utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_0900_ai_ci", "latin1_swedish_ci", "utf8mb4_bin", "utf8mb4_0900_bin"}

func named(t testing.TB, name string) collation.Collation {
	t.Helper()
	c, known := collation.Named(name)
	require.True(t, known, name)
	return c
}

// TestFold: which texts are equal, by collations in which they differ. What is said
// of utf8mb4_0900_ai_ci is of its published weights and of MySQL's manual.
func TestFold(t *testing.T) {
	const general, unicode, uca9, swedish, bin, nopad = 1, 2, 4, 8, 16, 32
	for _, c := range []struct {
		a, b  string
		equal int
	}{
		{"alice", "alice", general | unicode | uca9 | swedish | bin | nopad},
		{"alice", "ALICE", general | unicode | uca9 | swedish},
		{"élan", "ELAN", general | unicode | uca9 | swedish},
		{"e\u0301lan", "elan", unicode | uca9},
		{"straße", "STRASSE", unicode | uca9},
		{"straße", "strase", general},
		{"Æ", "ae", uca9},
		{"alice", "alice  ", general | unicode | swedish | bin},
		{"", "  ", general | unicode | swedish | bin},
		{"a", "a\u00a0", unicode},
		{"a b", "a\u00a0b", unicode | uca9},
		{"a", "a\x00", unicode | uca9},
		{"a", "a \x00 ", unicode},
		{"a", "a\t", 0},
		{" a", "a", 0},
		{"😀", "😁", general | unicode},
		{"😀", "\ufffd", general},
		{"한", "\u1112\u1161\u11ab", uca9},
		{"一", "丁", 0},
		{"ü", "y", swedish},
		{"ё", "е", general | unicode | uca9},
		{"ｋ", "k", unicode | uca9},
	} {
		for i, name := range names {
			if name == "latin1_swedish_ci" && strings.ContainsFunc(c.a+c.b, func(r rune) bool { return r > 0xFF }) {
				continue
			}
			of := named(t, name)
			require.Equal(t, c.equal&(1<<i) != 0, of.Fold(c.a) == of.Fold(c.b), "%q and %q in %s", c.a, c.b, name)
		}
	}
}

// TestNamed: what is not known is said to be so.
func TestNamed(t *testing.T) {
	for _, name := range []string{"utf8mb4_general_ci", "utf8_unicode_ci", "utf8mb3_general_ci", "ascii_general_ci", "latin1_bin", "binary"} {
		_, known := collation.Named(name)
		require.True(t, known, name)
	}
	for _, name := range []string{"", "utf8mb4_unicode_520_ci", "utf8mb4_german2_ci", "utf8mb4_0900_as_cs", "utf8mb4_uca1400_ai_ci", "UTF8MB4_GENERAL_CI",
		"utf8mb4_general_nopad_ci", "utf8mb3_general_mysql500_ci", "latin1_general_ci"} {
		_, known := collation.Named(name)
		require.False(t, known, name)
	}
	require.True(t, named(t, "utf8_unicode_ci").Folds())
	require.False(t, named(t, "utf8mb4_bin").Folds())
}

// TestFoldPart: blanks at the end of what is looked for count.
func TestFoldPart(t *testing.T) {
	contains := func(name, text, part string) bool {
		c := named(t, name)
		return strings.Contains(c.FoldPart(text), c.FoldPart(part))
	}
	for _, name := range names[:3] {
		require.True(t, contains(name, "A man, a plán", "PLAN"), name)
		require.True(t, contains(name, "A man ", "MAN "), name)
		require.False(t, contains(name, "A man", "man "), name)
		require.True(t, contains(name, "100%", "0%"), name)
		require.False(t, contains(name, "100", "%"), name)
		require.False(t, contains(name, "abc", "a_c"), name)
		require.True(t, contains(name, "abc", ""), name)
	}
	require.True(t, contains("utf8mb4_unicode_ci", "Straße", "SS"))
	require.False(t, contains("utf8mb4_bin", "abc", "B"))
	// The weights of 一 are FB40 and CE00. No character has the second one first.
	require.False(t, contains("utf8mb4_unicode_ci", "一", "\u4e01"))
}

// TestHex: four digits for each weight, in the order of the weights.
func TestHex(t *testing.T) {
	for name, want := range map[string]string{"utf8mb4_general_ci": "00410042", "utf8mb4_unicode_ci": "0E330E4A", "utf8mb4_0900_ai_ci": "1C471C60"} {
		require.Equal(t, want, collation.Hex(named(t, name).Fold("aB")), name)
	}
	require.Equal(t, "FFFD", collation.Hex(named(t, "utf8mb4_unicode_ci").Fold("😀")))
	require.Equal(t, "FB40D800", collation.Hex(named(t, "utf8mb4_unicode_ci").Fold("\u5800")), "a weight that is no character")
	require.Equal(t, "", collation.Hex(""))
}

// TestTables: the files are whole, in order, and small.
func TestTables(t *testing.T) {
	for name, want := range collation.Files() {
		entries := collation.Decode(want)
		require.NotEmpty(t, entries, name)
		require.Equal(t, want, collation.Encode(entries), name)
		require.True(t, slices.IsSortedFunc(entries, func(a, b collation.Entry) int { return int(a.Rune) - int(b.Rune) }), name)
		require.Less(t, len(want), 32<<10, name)
	}
	require.Len(t, collation.Decode(collation.Files()["uca9"]), 29809, "characters that allkeys.txt of UCA 9.0.0 lists")
}

// TestFoldAllocates: nothing beside the result.
func TestFoldAllocates(t *testing.T) {
	for _, name := range names[:4] {
		c := named(t, name)
		c.Fold("")
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { c.Fold("Alice Example  ") }), 1.0, name)
	}
}

// FuzzFold: folding never fails, also not of what is no text; the form is a text that
// sorts as its digits do; and it depends on the weights of characters alone.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "a", "a ", "ß", "\xff", "\xed\xa0\x80", "😀", "\u4e00\u5800", "\ufdfa", "a\x00", "한글", "\xf4\x8f\xbf\xbf"} {
		f.Add(s, s+" ")
		f.Add(s, "A")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, name := range names[:4] {
			c := named(t, name)
			x, y := c.Fold(a), c.Fold(b)
			require.True(t, utf8.ValidString(x))
			require.Equal(t, strings.Compare(x, y), strings.Compare(collation.Hex(x), collation.Hex(y)), "%s of %q and %q", name, a, b)
			if utf8.ValidString(a) && utf8.ValidString(b) {
				require.Equal(t, c.FoldPart(a)+c.FoldPart(b), c.FoldPart(a+b), name)
			}
			var model strings.Builder
			for _, r := range a {
				model.WriteString(c.FoldPart(string(r)))
			}
			require.Equal(t, model.String(), c.FoldPart(a), name)
			require.True(t, strings.HasPrefix(c.FoldPart(a), x), name)
		}
	})
}

func BenchmarkFold(b *testing.B) {
	for _, name := range names {
		for what, text := range map[string]string{"ascii": "Alice.Example@example.com", "mixed": "Größe Ελλάδα 日本語"} {
			b.Run(name+"/"+what, func(b *testing.B) {
				c := named(b, name)
				b.ReportAllocs()
				for b.Loop() {
					c.Fold(text)
				}
			})
		}
	}
}
