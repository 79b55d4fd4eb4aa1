package collation_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform/internal/collation"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// The collations that a server has, by their character sets. MySQL 8 has the last one
// and MariaDB has not.
var onServer = map[string]string{
	"utf8mb4_general_ci": "utf8mb4", "utf8mb4_unicode_ci": "utf8mb4", "utf8mb4_bin": "utf8mb4", "latin1_swedish_ci": "latin1",
	"utf8_general_ci": "utf8", "utf8_unicode_ci": "utf8", "ascii_general_ci": "ascii", "utf8mb4_0900_ai_ci": "utf8mb4",
}

// eachCollation runs a subtest for every collation that the server has.
func eachCollation(t *testing.T, test func(t *testing.T, db *sqlx.DB, charset, name string)) {
	enginetest.NeedsRealMySQL(t, "the weights of its collations")
	db := sqlx.MustConnect("mysql", enginetest.MySQL(t))
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	db.MustExec("SET NAMES utf8mb4")
	for name, charset := range onServer {
		t.Run(name, func(t *testing.T) {
			var there int
			require.NoError(t, db.Get(&there, "SELECT COUNT(*) FROM information_schema.collation_character_set_applicability"+
				" WHERE collation_name = ? OR collation_name = REPLACE(?, 'utf8_', 'utf8mb3_')", name, name))
			if there == 0 {
				t.Skip("the server has no such collation")
			}
			test(t, db, charset, name)
		})
	}
}

// holds reports whether a character set has the character.
func holds(charset string, r rune) bool {
	switch charset {
	case "ascii":
		return r < 0x80
	case "latin1":
		return r < 0x80 || r > 0x9F && r < 0x100 || strings.ContainsRune("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ", r)
	case "utf8":
		return r < 0x10000
	}
	return true
}

// TestEveryCharacter: every character up to U+FFFF, and some of each plane above, has
// the weights that the server says.
func TestEveryCharacter(t *testing.T) {
	eachCollation(t, func(t *testing.T, db *sqlx.DB, charset, name string) {
		of := named(t, name)
		if !of.Folds() {
			t.Skip("its weights are the characters themselves")
		}
		var all []rune
		for r := range rune(0x110000) {
			if (r < 0xD800 || r > 0xDFFF) && (r < 0x10000 || r%251 == 0) && holds(charset, r) {
				all = append(all, r)
			}
		}
		const atOnce = 1000
		for ; len(all) > 0; all = all[min(atOnce, len(all)):] {
			some := all[:min(atOnce, len(all))]
			var list []string
			var args []any
			for _, r := range some {
				list = append(list, "HEX(WEIGHT_STRING(CONVERT(? USING "+charset+") COLLATE "+name+"))")
				args = append(args, string(r))
			}
			got, err := db.QueryRowx("SELECT "+strings.Join(list, ", "), args...).SliceScan()
			require.NoError(t, err)
			for i, r := range some {
				want := collation.Hex(of.FoldPart(string(r)))
				if charset == "latin1" || charset == "ascii" { // whose weights are bytes
					want = want[2:]
				}
				require.Equal(t, want, string(got[i].([]byte)), "%U", r)
			}
		}
	})
}

// interesting are the pieces of texts that collations treat in a way of their own.
var interesting = []string{"a", "A", "á", "a\u0301", "b", "s", "ß", "ss", "SS", "ẞ", "æ", "ae", "œ", "ø", "o", "i", "I", "ı", "İ", "ﬁ", "fi", "ĳ",
	" ", " ", "  ", "\u00a0", "\u3000", "\t", "\x00", "\u00ad", "\u200b", "\u0301", "e", "é", "ё", "е", "Σ", "σ", "ς", "ω", "Ώ", "一", "丁", "\u5800",
	"한", "\u1112\u1161\u11ab", "😀", "😁", "\ufffd", "\uffff", "ｋ", "k", "K", "%", "_", "~", "\x7f", "\x1f", "ü", "y", "Y", "ÿ", "€", "\ufdfa", "ǆ", "dž",
	"\u0e40\u0e01", "\u0e01\u0e40", "\u0438\u0306", "\u0439", "ch", "c", "h", "ll", "l"}

// randomText is made of few pieces, so that equal ones meet.
func randomText(r *rand.Rand, charset string) string {
	var b strings.Builder
	for range r.IntN(5) {
		piece := interesting[r.IntN(len(interesting))]
		if r.IntN(12) == 0 {
			piece = string(rune(r.IntN(0xD800)))
		}
		if !strings.ContainsFunc(piece, func(r rune) bool { return !holds(charset, r) }) {
			b.WriteString(piece)
		}
	}
	return b.String()
}

// variant is a text that may be equal.
func variant(r *rand.Rand, charset, text string) string {
	switch r.IntN(6) {
	case 0:
		text = strings.ToUpper(text)
	case 1:
		text = strings.ToLower(text)
	case 2:
		text += " "
	case 3:
		text += []string{"\u00a0", "\x00", "\u3000 ", " \x00", "\t"}[r.IntN(5)]
	case 4:
		return randomText(r, charset)
	case 5:
		text = strings.NewReplacer("ß", "ss", "ss", "ß", "é", "e", "á", "A", "😀", "😁", "σ", "ς", "ﬁ", "fi", "æ", "ae").Replace(text)
	}
	return strings.Map(func(c rune) rune {
		if !holds(charset, c) {
			return -1
		}
		return c
	}, text)
}

// TestEqual: texts are equal if the server's "=" says so, and their weights without
// those of blanks at the end are the server's.
func TestEqual(t *testing.T) {
	eachCollation(t, func(t *testing.T, db *sqlx.DB, charset, name string) {
		of := named(t, name)
		blank := hex.EncodeToString([]byte(" "))
		if of.Folds() && charset != "latin1" && charset != "ascii" {
			blank = collation.Hex(of.FoldPart(" "))
		}
		r := rand.New(rand.NewPCG(1, 2))
		equal := 0
		for range 40 {
			var list, texts []string
			var args []any
			x := "CONVERT(? USING " + charset + ") COLLATE " + name
			for range 200 {
				a := randomText(r, charset)
				b := variant(r, charset, a)
				texts = append(texts, a, b)
				list = append(list, x+" = CONVERT(? USING "+charset+")", "TRIM(TRAILING '"+blank+"' FROM HEX(WEIGHT_STRING("+x+")))")
				args = append(args, a, b, a)
			}
			got, err := db.QueryRowx("SELECT "+strings.Join(list, ", "), args...).SliceScan()
			require.NoError(t, err)
			for i := 0; i < len(texts); i += 2 {
				a, b := texts[i], texts[i+1]
				same := of.Fold(a) == of.Fold(b)
				require.Equal(t, got[i] == int64(1), same, "%q and %q", a, b)
				if same && a != b {
					equal++
				}
				if of.Folds() && len(blank) == 4 {
					require.Equal(t, collation.Hex(of.Fold(a)), string(got[i+1].([]byte)), "%q", a)
				}
			}
		}
		require.Greater(t, equal, 500, "texts that differ and are equal")
	})
}
