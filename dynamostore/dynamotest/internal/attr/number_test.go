package attr

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func number(t testing.TB, text string) Number {
	t.Helper()
	n, err := ParseNumber(text)
	require.NoError(t, err, text)
	return n
}

func TestNumberText(t *testing.T) {
	zeros := strings.Repeat("0", 125)
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0E500": "0", "0.000": "0", "00": "0", "-0.0e-9": "0",
		"1": "1", "1.0": "1", "+5": "5", "007": "7", "5.": "5", ".5": "0.5", "-.5": "-0.5",
		"1E2": "100", "1e+2": "100", "1e-5": "0.00001", "0.5e1": "5", "123E-2": "1.23",
		"-5.50": "-5.5", "100": "100", "1E22": "10000000000000000000000",
		"1E125": "1" + zeros, "1E-130": "0." + strings.Repeat("0", 129) + "1",
		"9.9999999999999999999999999999999999999E+125":  strings.Repeat("9", 38) + strings.Repeat("0", 88),
		"1234567890123456789012345678901234567800":      "1234567890123456789012345678901234567800",
		"1.00000000000000000000000000000000000000000":   "1",
		"0.00000000000000000000000000000000000000001":   "0.00000000000000000000000000000000000000001",
		"-0.12345678901234567890123456789012345678E-92": "-0." + strings.Repeat("0", 92) + "12345678901234567890123456789012345678",
	} {
		require.Equal(t, want, number(t, text).String(), text)
	}
}

func TestNumberRefused(t *testing.T) {
	const numeric = "The parameter cannot be converted to a numeric value"
	for text, want := range map[string]string{
		"": numeric, " 5": numeric + ":  5", "5 ": numeric + ": 5 ", "x": numeric + ": x",
		"1_000": numeric + ": 1_000", "0x10": numeric + ": 0x10", "NaN": numeric + ": NaN",
		"Infinity": numeric + ": Infinity", "--1": numeric + ": --1", "1.2.3": numeric + ": 1.2.3",
		"1e": numeric + ": 1e", "e1": numeric + ": e1", "-": numeric + ": -", ".": numeric + ": .",
		"1e1.5": numeric + ": 1e1.5", "1d": numeric + ": 1d", "１": numeric + ": １", "1e--2": numeric + ": 1e--2",
		"1E126": errOverflow.Message, "-1E126": errOverflow.Message, "11E125": errOverflow.Message,
		"1E-131": errUnderflow.Message, "0.9E-130": errUnderflow.Message,
		"1e999999999999999999999":                  errOverflow.Message,
		"1e-999999999999999999999":                 errUnderflow.Message,
		"123456789012345678901234567890123456789":  errPrecision.Message,
		"3.14159265358979323846264338327950288419": errPrecision.Message,
	} {
		_, err := ParseNumber(text)
		require.EqualError(t, err, want, text)
		require.ErrorAs(t, err, new(*ValidationError))
	}
}

// Results and messages are those of DynamoDB Local and dynoxide, which agree
// on all but the words for too many digits.
func TestNumberArithmetic(t *testing.T) {
	for _, c := range []struct{ a, b, sum, difference string }{
		{"0.1", "0.2", "0.3", "-0.1"},
		{"5", "5", "10", "0"},
		{"-5", "5", "0", "-10"},
		{"0", "7", "7", "-7"},
		{"7", "0", "7", "7"},
		{"1E37", "1", "10000000000000000000000000000000000001", strings.Repeat("9", 37)},
		{"99999999999999999999999999999999999999", "1", "1" + strings.Repeat("0", 38), strings.Repeat("9", 37) + "8"},
		{"99999999999999999999999999999999999999", "2", errPrecision.Message, strings.Repeat("9", 37) + "7"},
		{"1E38", "1", errPrecision.Message, strings.Repeat("9", 38)},
		{"1E38", "0.1", errPrecision.Message, errPrecision.Message},
		{"1E37", "0.1", errPrecision.Message, strings.Repeat("9", 37) + ".9"},
		{"9E125", "9E125", errOverflow.Message, "0"},
		{"1E125", "1E-130", errPrecision.Message, errPrecision.Message},
		{"1.1E-130", "1E-130", "0." + strings.Repeat("0", 129) + "21", errUnderflow.Message},
	} {
		a, b := number(t, c.a), number(t, c.b)
		require.Equal(t, c.sum, result(a.Add(b)), "%s + %s", c.a, c.b)
		require.Equal(t, c.difference, result(a.Add(b.Negate())), "%s - %s", c.a, c.b)
	}
}

func result(n Number, err error) string {
	if err != nil {
		return err.Error()
	}
	return n.String()
}

// randomNumber returns the text of a number, most of them close to others.
func randomNumber(r *rand.Rand) string {
	digits := make([]byte, 1+r.IntN(38))
	for i := range digits {
		digits[i] = '0' + byte(r.IntN(10))
	}
	exponent := r.IntN(20) - 10
	if r.IntN(4) == 0 {
		exponent = r.IntN(200) - 120
	}
	return fmt.Sprintf("%s%se%d", []string{"", "-"}[r.IntN(2)], digits, exponent)
}

// TestNumberAgainstBig compares numbers with exact fractions of any size.
func TestNumberAgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rat := func(text string) *big.Rat {
		q, ok := new(big.Rat).SetString(text)
		require.True(t, ok, text)
		return q
	}
	sums := 0
	for range 6000 {
		textA, textB := randomNumber(r), randomNumber(r)
		a, errA := ParseNumber(textA)
		b, errB := ParseNumber(textB)
		if errA != nil || errB != nil {
			continue
		}
		qa, qb := rat(textA), rat(textB)
		require.Zero(t, rat(a.String()).Cmp(qa), textA)
		require.Equal(t, qa.Cmp(qb), a.Compare(b), "%s ? %s", textA, textB)
		require.Equal(t, qa.Cmp(qb) == 0, a == b, "%s == %s", textA, textB)
		require.Equal(t, qa.Cmp(qb), strings.Compare(a.key(), b.key()), "%s ? %s", textA, textB)
		require.Equal(t, qa.Sign(), a.Sign(), textA)
		sum, err := a.Add(b)
		exact := new(big.Rat).Add(qa, qb)
		require.Equal(t, holds(exact), err == nil, "%s + %s", textA, textB)
		if err == nil {
			sums++
			require.Zero(t, rat(sum.String()).Cmp(exact), "%s + %s", textA, textB)
		}
	}
	require.Greater(t, sums, 1000)
}

// holds reports whether a Number can hold an exact fraction of a power of ten.
func holds(q *big.Rat) bool {
	text := strings.TrimLeft(strings.Replace(q.FloatString(400), ".", "", 1), "-0")
	digits := strings.TrimRight(text, "0")
	first := len(text) - 400 - 1
	return digits == "" || len(digits) <= 38 && first <= 125 && first >= -130
}

func TestNumberInt64(t *testing.T) {
	for _, i := range []int64{0, 1, -1, 10, 1000, 1<<63 - 1, -1 << 63} {
		got, ok := Int(i).Int64()
		require.True(t, ok)
		require.Equal(t, i, got)
	}
	for _, text := range []string{"0.5", "1E19", "9223372036854775808", "1E125", "-1.1"} {
		_, ok := number(t, text).Int64()
		require.False(t, ok, text)
	}
}

func BenchmarkAdd(b *testing.B) {
	x, y := number(b, "12345.67"), number(b, "1")
	b.ReportAllocs()
	for b.Loop() {
		x.Add(y)
	}
}
