package template

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumberGolden(t *testing.T) {
	for _, c := range []struct{ format, number, text, back string }{
		{"0000000000", "42", "0000000042", "42"},
		{"0000000000", "0", "0000000000", "0"},
		{"0000000000", "9999999999", "9999999999", "9999999999"},
		{"00000", "42.00", "00042", "42"},
		{"0.00", "12.5", "12.50", "12.50"},
		{"0.00", "12.500", "12.50", "12.50"},
		{"0.00", "-12.5", "-12.50", "-12.50"},
		{"0.00", "0", "0.00", "0.00"},
		{"0.00", "-0.00", "0.00", "0.00"},
		{"0.00", "0.05", "0.05", "0.05"},
		{"0.00", ".05", "0.05", "0.05"},
		{"0.00", "123456789012345678901234567890.12", "123456789012345678901234567890.12", "123456789012345678901234567890.12"},
		{"0", "-7", "-7", "-7"},
		{"0", "1e3", "1000", "1000"},
		{"0.000", "1.5e-2", "0.015", "0.015"},
		{"0.0", "12.5E+1", "125.0", "125.0"},
		{"00000.00", "3.1", "00003.10", "3.10"},
		{"00000.00", "0", "00000.00", "0.00"},
	} {
		n, err := ParseNumber(c.format)
		require.NoError(t, err)
		text, err := n.Format(c.number)
		require.NoError(t, err, c.number)
		require.Equal(t, c.text, text)
		back, err := n.Value(text)
		require.NoError(t, err)
		require.Equal(t, c.back, back)
		ok, reason := n.Reversible()
		require.True(t, ok)
		require.Empty(t, reason)
		require.Equal(t, c.format, n.String())
		require.Equal(t, strings.HasPrefix(c.format, "00"), n.Padded())
	}
}

func TestNumberRefuses(t *testing.T) {
	for _, c := range []struct{ format, number, reason string }{
		{"00000", "100000", reasonTooLong},
		{"00000", "-1", reasonNegative},
		{"00000", "1.5", "the number has more digits after the point than the format"},
		{"0.00", "1.005", "the number has more digits after the point than the format"},
		{"0.00", "1e-3", "the number has more digits after the point than the format"},
		{"0.00", "1e401", reasonNotNumber},
		{"0.00", "1e999999999999999999999", reasonNotNumber},
		{"0.00", "", reasonNotNumber}, {"0.00", ".", reasonNotNumber}, {"0.00", "-", reasonNotNumber},
		{"0.00", "1,5", reasonNotNumber}, {"0.00", "NaN", reasonNotNumber}, {"0.00", " 1", reasonNotNumber}, {"0.00", "0x10", reasonNotNumber},
	} {
		n, err := ParseNumber(c.format)
		require.NoError(t, err)
		_, err = n.Format(c.number)
		require.EqualError(t, err, c.reason, "%s %s", c.format, c.number)
	}
	for _, c := range []struct{ format, text string }{
		{"00000", "42"}, {"00000", "000042"}, {"00000", "-0042"}, {"00000", "00042.0"},
		{"0.00", "12.5"}, {"0.00", "012.50"}, {"0.00", "-0.00"}, {"0.00", "+1.00"}, {"0.00", ".05"}, {"0.00", "1e0"}, {"0.00", ""}, {"0", "07"},
	} {
		n, err := ParseNumber(c.format)
		require.NoError(t, err)
		_, err = n.Value(c.text)
		require.Error(t, err, "%s %s", c.format, c.text)
	}
}

func TestParseNumberRefuses(t *testing.T) {
	for _, c := range []struct {
		format string
		at     int
	}{
		{"", 0}, {"#,##0.00", 0}, {"%010d", 0}, {"%.2f", 0}, {".00", 0}, {"0.", 1}, {"0.0.0", 3}, {"0,0", 1}, {"00d", 2}, {"0.0#", 3}, {"-0", 0},
		{strings.Repeat("0", 66), 0}, {"0." + strings.Repeat("0", 66), 0}, {strings.Repeat("0", 1000), maxNumberFormat}, {"0\n", 1},
	} {
		_, err := ParseNumber(c.format)
		var s *SyntaxError
		require.ErrorAs(t, err, &s, c.format)
		require.Equal(t, c.at, s.Offset, c.format)
	}
	_, err := ParseNumber("%.2f")
	require.EqualError(t, err, `number-format "%.2f", at byte 0: only zeros and one point make a number-format; write 0.00 for %.2f, and 00000 for %05d`)
}

func TestNumberColumn(t *testing.T) {
	for _, c := range []struct {
		format           string
		precision, scale int
		signed           bool
		refuses          bool
	}{
		{"0.00", 10, 2, true, false},
		{"0.00", 10, 3, true, true},
		{"0000000000", 10, 0, false, false},
		{"0000000000", 10, 0, true, true},
		{"0000000000", 11, 0, false, true},
		{"0000000000", 11, 1, false, true},
		{"00000000.00", 10, 2, false, false},
	} {
		n, err := ParseNumber(c.format)
		require.NoError(t, err)
		require.Equal(t, c.refuses, n.Refuses(c.precision, c.scale, c.signed) != "", "%+v", c)
	}
}

// FuzzNumber: a number comes back equal, and its text is its own.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-0", "1.50", "-12.5e3", "1e400", "1e-400", "007", ".5", "5.", "99999999999999999999", "-"} {
		for _, format := range []string{"0000000000", "0.00", "0", "00000.00", "", "#.##", "%d"} {
			f.Add(format, s)
		}
	}
	f.Fuzz(func(t *testing.T, format, number string) {
		n, err := ParseNumber(format)
		if err != nil {
			return
		}
		text, err := n.Format(number)
		if err == nil {
			back, err := n.Value(text)
			require.NoError(t, err)
			want, _ := new(big.Rat).SetString(strings.TrimSuffix(number, "."))
			got, ok := new(big.Rat).SetString(back)
			require.True(t, ok)
			if want != nil {
				require.Zero(t, want.Cmp(got))
			}
		}
		if value, err := n.Value(number); err == nil {
			again, err := n.Format(value)
			require.NoError(t, err)
			require.Equal(t, number, again)
		}
	})
}
