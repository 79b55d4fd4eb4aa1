package transform_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

func decimal(t testing.TB, s string) transform.Value {
	t.Helper()
	v, err := transform.DecimalValue(s)
	require.NoError(t, err)
	return v
}

// TestCompare: numbers by size, everything else by its bytes.
func TestCompare(t *testing.T) {
	of := func(kind, text string) transform.Value {
		c := transform.Column{Kind: map[string]transform.Kind{"time": transform.Time, "float": transform.Float,
			"timestamp": transform.Timestamp, "double": transform.Float, "date": transform.Date}[kind], SQLType: kind, Precision: 3}
		if c.Kind == transform.Float {
			c.Precision = 0
		}
		v, err := c.Parse(text)
		require.NoError(t, err)
		return v
	}
	for _, c := range [][2]transform.Value{
		{transform.IntValue(-10), transform.IntValue(-9)},
		{transform.IntValue(9), transform.IntValue(10)},
		{transform.IntValue(-1), transform.UintValue(1 << 63)},
		{transform.IntValue(-1), transform.IntValue(0)},
		{transform.UintValue(1 << 63), transform.UintValue(1<<63 + 1)},
		{transform.BoolValue(false), transform.BoolValue(true)},
		{decimal(t, "9.50"), decimal(t, "10.00")},
		{decimal(t, "-10.00"), decimal(t, "9.00")},
		{decimal(t, "-10.00"), decimal(t, "-9.99")},
		{decimal(t, "-0.001"), decimal(t, "0.00")},
		{decimal(t, "0"), decimal(t, "0.0001")},
		{decimal(t, "99999999999999999999999999999999999998"), decimal(t, "99999999999999999999999999999999999999")},
		{of("double", "-1e300"), of("double", "-1e299")},
		{of("double", "9"), of("double", "1e30")},
		{of("float", "1.1"), of("float", "1.2")},
		{of("time", "-10:00:00"), of("time", "-09:00:00")},
		{of("time", "-00:00:01"), of("time", "00:00:00")},
		{of("time", "99:00:00"), of("time", "100:00:00")},
		{of("timestamp", "2024-03-10 09:30:00"), of("timestamp", "2024-03-10 09:30:00.5")},
		{of("date", "1999-12-31"), of("date", "2000-01-01")},
		{transform.TextValue("10"), transform.TextValue("9")},
		{transform.TextValue("Z"), transform.TextValue("a")},
		{transform.TextValue("\uffff"), transform.TextValue("\U0001F600")},
		{transform.BytesValue([]byte{1}), transform.BytesValue([]byte{0xff})},
		{transform.BytesValue([]byte{1}), transform.BytesValue([]byte{1, 0})},
		{transform.Value{}, transform.IntValue(-1 << 63)},
	} {
		require.Equal(t, -1, c[0].Compare(c[1]), "%v %v", c[0].Text(), c[1].Text())
		require.Equal(t, 1, c[1].Compare(c[0]), "%v %v", c[1].Text(), c[0].Text())
		require.Zero(t, c[0].Compare(c[0]))
	}
	require.Zero(t, decimal(t, "1.50").Compare(decimal(t, "1.5")), "the same number")
	require.Zero(t, decimal(t, "0.00").Compare(decimal(t, "0")))
}

// TestCompareIsExact compares random decimals with what big.Rat says.
func TestCompareIsExact(t *testing.T) {
	random := func() string {
		s := fmt.Sprint(rand.IntN(2000) - 1000)
		for range rand.IntN(3) {
			s += fmt.Sprint(rand.IntN(10))
		}
		if rand.IntN(2) == 0 {
			s += fmt.Sprintf(".%d", rand.IntN(100))
		}
		return s
	}
	for range 5000 {
		a, b := random(), random()
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		require.Equal(t, x.Cmp(y), decimal(t, a).Compare(decimal(t, b)), "%s %s", a, b)
	}
}
