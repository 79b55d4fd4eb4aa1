package collation_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform/internal/collation"
)

// TestUnfold: what is made of weights has these, the characters that old character
// sets have too where some do.
func TestUnfold(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"utf8mb4_general_ci", "José ", "JOSE"},
		{"utf8mb4_unicode_ci", "Straße", "strasse"},
		{"utf8mb4_unicode_ci", "ﬁn\u3000", "fin"},
		{"utf8mb4_0900_ai_ci", "Ab ", "ab "},
		{"utf8mb4_unicode_ci", "一\u5800", "\u2f00\u5800"},
		{"utf8mb4_unicode_ci", "😀", "\U00010000"},
		{"utf8mb4_general_ci", "😀", "\ufffd"},
		{"utf8mb4_0900_ai_ci", "한", "\u1112\u1161\u11ab"},
		{"utf8mb4_0900_ai_ci", "\U00017000\U00020001", "\U00017000\U00020001"},
		{"latin1_swedish_ci", "Müller", "MULLER"},
		{"utf8mb4_bin", "a B  ", "a B"},
		{"utf8mb4_0900_bin", "a B  ", "a B  "},
		{"utf8mb4_unicode_ci", " ", ""},
	} {
		of := named(t, c.name)
		got, ok := of.Unfold(of.Fold(c.text))
		require.True(t, ok, c.text)
		require.Equal(t, of.Fold(c.text), of.Fold(got), "%s of %q is %q", c.name, c.text, got)
		if c.name != "latin1_swedish_ci" {
			require.Equal(t, strings.ToLower(c.want), strings.ToLower(got), c.name)
		}
	}
	_, ok := named(t, "utf8mb4_unicode_ci").Unfold("\x01")
	require.False(t, ok, "a weight that no character has")
}

// TestUnfoldEveryCharacter: the weights of every character are those of some text.
func TestUnfoldEveryCharacter(t *testing.T) {
	for _, name := range names {
		of := named(t, name)
		for r := rune(0); r <= utf8.MaxRune; r++ {
			if !utf8.ValidRune(r) || r > 0x3FFFF && r%997 != 0 {
				continue
			}
			folded := of.Fold("a" + string(r) + "b")
			text, ok := of.Unfold(folded)
			if !ok || of.Fold(text) != folded {
				t.Fatalf("%s of %U is made of %q, which is %q", name, r, folded, text)
			}
		}
	}
}

// TestUnfoldTexts: of texts too, whatever weights of one character begin as another's.
func TestUnfoldTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, name := range names[:4] {
		of := named(t, name)
		for range 2000 {
			var b strings.Builder
			for range r.IntN(12) {
				b.WriteRune(rune(r.IntN([]int{0x80, 0x250, 0xD800, 0x2FFFF}[r.IntN(4)])))
			}
			folded := of.Fold(b.String())
			text, ok := of.Unfold(folded)
			require.True(t, ok, "%s of %q", name, b.String())
			require.Equal(t, folded, of.Fold(text), "%s of %q", name, b.String())
		}
	}
}

// TestUnhex: the digits of a folded text, and no others.
func TestUnhex(t *testing.T) {
	for _, text := range []string{"", "a", "ß😀\u5800", "\ufffd"} {
		folded := named(t, "utf8mb4_unicode_ci").Fold(text)
		got, ok := collation.Unhex(collation.Hex(folded))
		require.True(t, ok)
		require.Equal(t, folded, got)
	}
	for _, hex := range []string{"0", "00410", "004g", "004a", "MEMBER#1"} {
		_, ok := collation.Unhex(hex)
		require.False(t, ok, hex)
	}
}
