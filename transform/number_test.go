package transform

import (
	"math/big"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseNumberRefuses(t *testing.T) {
	for _, s := range []string{"", "-", ".", "1.2.3", "1e", "e5", "1e+", "1_0", " 1", "1 ", "0x1", "1e99999999999", "NaN", "١", "--1", "1e1_0"} {
		_, ok := parseNumber(s)
		require.False(t, ok, "%q", s)
	}
}

// A number is exact, however it is written, and plain text is how MySQL and
// DynamoDB write it.
func TestNumberIsExact(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for range 5000 {
		text := randomNumber(rnd)
		n, ok := parseNumber(text)
		require.True(t, ok, text)
		want, _ := new(big.Rat).SetString(text)
		plain := string(n.appendPlain(nil))
		got, ok := new(big.Rat).SetString(plain)
		require.True(t, ok, plain)
		require.Zero(t, want.Cmp(got), "%s became %s", text, plain)
		got, ok = new(big.Rat).SetString(string(n.appendJSON(nil)))
		require.True(t, ok)
		require.Zero(t, want.Cmp(got), text)
	}
}

// Rounding is half away from zero, as big.Rat's FloatString does it.
func TestNumberRound(t *testing.T) {
	rnd := rand.New(rand.NewSource(2))
	for range 5000 {
		text := randomNumber(rnd)
		scale := rnd.Intn(12)
		n, _ := parseNumber(text)
		rounded, exact := n.round(scale)
		want, _ := new(big.Rat).SetString(text)
		text2 := want.FloatString(scale)
		if n, _ := parseNumber(text2); n.digits == "" && text2[0] == '-' {
			text2 = text2[1:] // MySQL and MariaDB have no -0.00
		}
		require.Equal(t, text2, rounded.fixed(scale), "%s to %d", text, scale)
		got, _ := new(big.Rat).SetString(text2)
		require.Equal(t, want.Cmp(got) == 0, exact, "%s to %d", text, scale)
	}
}

func TestNumberLimits(t *testing.T) {
	for text, want := range map[string]string{
		"0": "", "-0.00": "", "0e500": "", "1e125": "", "1e-130": "", "00012345678901234567890123456789012345678000.000": "",
		"9.9999999999999999999999999999999999999e125": "",
		"123456789012345678901234567890123456789":     "a number has more than 38 significant digits",
		"0.9e127": "a number is 1E+126 or beyond",
		"10e-132": "a number is closer to zero than 1E-130",
	} {
		n, ok := parseNumber(text)
		require.True(t, ok)
		require.Equal(t, want, n.limit(), text)
	}
}
