package fragment

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The columns of these tests.
var columnTypes = map[string]Type{
	"i": {Kind: Integer}, "j": {Kind: Integer}, "ni": {Kind: Integer}, "u": {Kind: Integer, Unsigned: true},
	"d": {Kind: Decimal, Scale: 2}, "nd": {Kind: Decimal, Scale: 4}, "e": {Kind: Decimal, Scale: 5}, "fine": {Kind: Decimal, Scale: 20},
	"s": {Kind: Text, Collation: "utf8mb4_bin"}, "ns": {Kind: Text, Collation: "utf8mb4_bin"}, "w": {Kind: Text, Collation: "utf8mb4_0900_bin"},
	"ci": {Kind: Text, Collation: "utf8mb4_general_ci"}, "latin": {Kind: Text, Collation: "latin1_swedish_ci"},
	"o": {Kind: Opaque}, "no": {Kind: Opaque},
}

var columnValues = map[string]Value{
	"i": IntValue(7), "j": IntValue(-2), "u": UintValue(5), "d": must(ParseNumber("12.50")), "e": must(ParseNumber("2")),
	"fine": must(ParseNumber("0.5")), "s": TextValue("  Größe "), "w": TextValue("a"), "ci": TextValue("x"), "latin": TextValue("y"),
	"o": TextValue("2025-08-14"),
}

func types(r Ref) (Type, error) {
	t, ok := columnTypes[r.Name]
	if !ok {
		return Type{}, errors.New("no such column")
	}
	return t, nil
}

func eval(t testing.TB, text string) (Value, error) {
	t.Helper()
	p, err := parse(t, text).Compile(types, nil)
	if err != nil {
		return Value{}, err // a constant
	}
	var row []Value
	for _, r := range p.Columns() {
		row = append(row, columnValues[r.Name])
	}
	return p.Eval(row)
}

// The expectations are those of MySQL's manual.
func TestEval(t *testing.T) {
	const null = "NULL"
	for _, c := range []struct{ fragment, want string }{
		// "Logical operators"
		{"TRUE AND NULL", null}, {"FALSE AND NULL", "0"}, {"NULL AND FALSE", "0"}, {"NULL AND NULL", null}, {"2 AND 3", "1"},
		{"TRUE OR NULL", "1"}, {"NULL OR TRUE", "1"}, {"FALSE OR NULL", null}, {"NULL OR FALSE", null}, {"0 OR 0.00", "0"}, {"0 OR 0.01", "1"},
		{"NOT NULL", null}, {"NOT 0", "1"}, {"NOT 7", "0"}, {"TRUE", "1"}, {"FALSE", "0"},
		// "Comparison functions and operators"
		{"i = 7", "1"}, {"i = 7.00", "1"}, {"d = 12.5", "1"}, {"i <> 7", "0"}, {"ni = 7", null}, {"NULL = NULL", null}, {"ni <> ni", null},
		{"i < 7.01", "1"}, {"j <= -2", "1"}, {"j > -2", "0"}, {"i >= d", "0"}, {"(i = 7) = TRUE", "1"},
		{"ni IS NULL", "1"}, {"i IS NULL", "0"}, {"ni IS NOT NULL", "0"}, {"(ni = 1) IS NULL", "1"}, {"o IS NULL", "0"}, {"no IS NULL", "1"},
		{"i IN (1, 7)", "1"}, {"i IN (1, 2)", "0"}, {"i IN (1, NULL)", null}, {"i IN (NULL, 7)", "1"}, {"ni IN (1)", null},
		{"i NOT IN (1, 7)", "0"}, {"i NOT IN (1, 2)", "1"}, {"i NOT IN (1, NULL)", null}, {"i NOT IN (NULL, 7)", "0"},
		{"s = '  Größe '", "1"}, {"s = '  Größe'", "1"}, {"s = '  größe'", "0"}, {"w = 'a '", "0"}, {"s < '  Größe  !'", "1"},
		{"s > '  Größe\t'", "1"}, {"CAST(i AS CHAR) = '7'", "1"}, {"ci = CAST('X' AS CHAR)", "0"}, {"s IN ('a', s)", "1"},
		// "Arithmetic operators", "Precision math"
		{"i + 1", "8"}, {"i + 1.5", "8.5"}, {"i - d", "-5.50"}, {"d * i", "87.50"}, {"d * d", "156.2500"}, {"ni * 0", null},
		{"-i", "-7"}, {"- -d", "12.50"}, {"-u", "-5"}, {"u - 5", "0"}, {"i * 0.1 = 0.7", "1"}, {"0.1 + 0.2 = 0.3", "1"},
		{"i / j", "-3.5000"}, {"d / 3", "4.166667"}, {"1 / 3", "0.3333"}, {"2 / 3", "0.6667"}, {"-2 / 3", "-0.6667"}, {"1 / 16", "0.0625"},
		{"1 / 32", "0.0313"}, {"i / 0", null}, {"i / (j + 2)", null}, {"0 / 0", null}, {"i / ni", null}, {"e / 3", "0.666666666"}, {"e / 9000000000", "0.000000000"}, {"i / -90000000000", "0.0000"},
		{"0.6 / 3", "0.20000"}, {"i / 1 IS NULL", "0"}, {"COALESCE(ni, i / 2)", "3.5000"},
		{"CAST(i / 3 AS DECIMAL(10, 2)) * 2", "4.66"}, {"CAST(5 / 2 AS SIGNED)", "3"}, {"COALESCE(ni, 1 / 3, 2)", "0.3333"},
		// strings
		{"CONCAT('a', 1, 1.50, TRUE)", "a11.501"}, {"CONCAT('a', NULL)", null}, {"CONCAT('a', ni)", null}, {"CONCAT(i)", "7"},
		{"CONCAT(d * 2, '')", "25.00"}, {"CONCAT(10 / 4)", "2.5000"}, {"CONCAT(2 / 3)", "0.6667"}, {"CONCAT(COALESCE(ni, 5, d))", "5.00"},
		{"CONCAT_WS('/', 'a', NULL, 'b', '')", "a/b/"}, {"CONCAT_WS('/', NULL, NULL)", ""}, {"CONCAT_WS(NULL, 'a', 'b')", null},
		{"CONCAT_WS('/', NULL, 'b')", "b"}, {"CONCAT_WS('', i, j)", "7-2"},
		{"LOWER('AÄÉΣẞ'  )", "error"}, {"LOWER('AÄÉΩŸЖ')", "aäéωÿж"}, {"UPPER('aäéωÿжß')", "AÄÉΩŸЖß"}, {"UPPER(ns)", null},
		{"LOWER(i)", "7"}, {"TRIM('  a b  ')", "a b"}, {"TRIM('\ta\n ')", "\ta\n"}, {"TRIM(s)", "Größe"}, {"TRIM(NULL)", null},
		{"SUBSTRING('Größe', 3)", "öße"}, {"SUBSTRING('Größe', 3, 2)", "öß"}, {"SUBSTRING('Größe', -2)", "ße"}, {"SUBSTRING('Größe', -2, 1)", "ß"},
		{"SUBSTRING('abc', 0)", ""}, {"SUBSTRING('abc', 0, 2)", ""}, {"SUBSTRING('abc', -9)", ""}, {"SUBSTRING('abc', 4)", ""}, {"SUBSTRING('abc', 2, 0)", ""},
		{"SUBSTRING('abc', 2, -1)", ""}, {"SUBSTRING('abc', 2, 99)", "bc"}, {"SUBSTRING('abc', ni)", null}, {"SUBSTRING('abc', 1, ni)", null},
		{"SUBSTRING('abc', 18446744073709551615)", ""}, {"SUBSTRING('abc', 1, 18446744073709551615)", "abc"}, {"SUBSTRING(NULL, 1)", null},
		// "Flow control functions"
		{"COALESCE(ni, NULL, i)", "7"}, {"COALESCE(ni, ns)", null}, {"COALESCE(ni, 'x')", "x"}, {"COALESCE(i, 'x')", "7"}, {"COALESCE(i, d)", "7.00"},
		{"COALESCE(i, d) / 3", "2.333333"}, {"COALESCE(no, o)", "2025-08-14"},
		{"IF(i = 7, 'y', 'n')", "y"}, {"IF(ni = 7, 'y', 'n')", "n"}, {"IF(NULL, 1, 2.50)", "2.50"}, {"IF(TRUE, 1, 2.50)", "1.00"}, {"IF(0, 1, NULL)", null},
		{"IF(TRUE, i, u - i)", "7"}, {"COALESCE(i, u - i)", "7"}, {"FALSE AND u - i", "0"}, {"TRUE OR u - i", "1"}, {"ni + (u - i)", null},
		// "Cast functions"
		{"CAST(d AS CHAR)", "12.50"}, {"CAST(2.5 AS SIGNED)", "3"}, {"CAST(-2.5 AS SIGNED)", "-3"}, {"CAST(' 12' AS SIGNED)", "12"},
		{"CAST('-12' AS SIGNED)", "-12"}, {"CAST(2.5 AS UNSIGNED)", "3"}, {"CAST(1.005 AS DECIMAL(5,2))", "1.01"}, {"CAST('1.5' AS DECIMAL(5,3))", "1.500"},
		{"CAST(i AS DECIMAL(5,2))", "7.00"}, {"CAST(-0.005 AS DECIMAL(5,2))", "-0.01"}, {"CAST(0.4 AS DECIMAL(1,0))", "0"}, {"CAST(NULL AS SIGNED)", null},
		{"i", "7"}, {"e", "2.00000"}, {"ns", null}, {"NULL", null},
	} {
		v, err := eval(t, c.fragment)
		if c.want == "error" {
			require.Error(t, err, c.fragment)
			continue
		}
		require.NoError(t, err, c.fragment)
		if v.IsNull() {
			require.Equal(t, c.want, null, c.fragment)
			continue
		}
		require.Equal(t, c.want, v.Text(), c.fragment)
	}
}

// What MySQL would answer by guessing is refused before there is a row.
func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct{ fragment, says string }{
		{"s = 1", "floating point"}, {"i = '7'", "floating point"}, {"i IN (1, '2')", "floating point"},
		{"s + 1", "CAST it AS DECIMAL"}, {"-s", "CAST it"}, {"o + 1", "CAST it"}, {"'1' * 2", "CAST it"},
		{"s AND i", "compare it"}, {"NOT s", "compare it"}, {"IF(s, 1, 2)", "compare it"}, {"i OR o", "compare it"},
		{"o = 'x'", "only pass on"}, {"i IN (1, o)", "only pass on"}, {"CONCAT(o, 'x')", "only pass on"}, {"CAST(o AS CHAR)", "only pass on"},
		{"COALESCE(o, 'x')", "beside others"}, {"IF(i = 1, i, o)", "beside others"}, {"LOWER(o)", "only pass on"}, {"SUBSTRING(o, 1)", "only pass on"},
		{"i / 2 = 3.5", "CAST"}, {"i / 2 * 2", "CAST"}, {"i / j / 2", "CAST"}, {"-(i / 2) + 1", "CAST"}, {"COALESCE(i / 2, 1) > 1", "CAST"},
		{"NOT i / 2", "CAST"}, {"IF(i / 2, 1, 2)", "CAST"}, {"i / 2 IN (1)", "CAST"}, {"IF(i = 1, i / 2, 1) - 1", "CAST"},
		{"CAST(i / 2 AS DECIMAL(20, 5))", "4 it has"},
		{"fine * fine", "40 digits"}, {"fine * fine / 2", "40 digits"}, {"CAST(i AS DECIMAL(40, 27)) / 3", "31 digits"},
		{"'a' = 'a'", "no collation"}, {"CONCAT(i, '') = '7'", "no collation"}, {"ci = 'x'", "only the server"},
		{"s = w", "different collations"}, {"CONCAT(s, w) = 'x'", "different collations"}, {"s = latin", "different collations"},
		{"CONCAT(s, w)", "different collations"}, {"COALESCE(s, 'x', latin)", "different collations"}, {"IF(i = 1, s, w)", "different collations"},
		{"CONCAT_WS(w, s)", "different collations"}, {"s IN ('a', w)", "different collations"},
		{"SUBSTRING(s, d)", "whole numbers"}, {"SUBSTRING(s, '1')", "whole numbers"},
		{"NULL + 1", "calculates with NULL"}, {"i * NULL", "calculates with NULL"}, {"-NULL", "calculates with NULL"}, {"i / COALESCE(NULL, NULL)", "calculates with NULL"},
		{"IF(i = 1, i, 9223372036854775807 + 1)", reasonRange}, {"i = 1 OR CAST('x' AS SIGNED) = 1", "MySQL would take"},
		{"nowhere = 1", "no such column"},
	} {
		_, err := parse(t, c.fragment).Compile(types, nil)
		var fault *Error
		require.ErrorAs(t, err, &fault, c.fragment)
		require.Contains(t, err.Error(), c.says, c.fragment)
	}
	_, err := parse(t, "s").CompileCondition(types, nil)
	require.ErrorContains(t, err, "compare it")
	_, err = parse(t, "d").Compile(func(Ref) (Type, error) { return Type{Kind: Decimal, Scale: 39}, nil }, nil)
	require.ErrorContains(t, err, "does not exist")
}

// What only a row shows is an error of the row, without its values.
func TestEvalRefuses(t *testing.T) {
	columnValuesSecret := "sécrèt"
	for _, c := range []struct{ fragment, says string }{
		{"9223372036854775807 + i", reasonRange}, {"u - i", reasonRange}, {"j - 9223372036854775807", reasonRange}, {"-18446744073709551615", reasonRange},
		{"i * 9223372036854775807", reasonRange}, {"CAST(s AS SIGNED)", "MySQL would take"}, {"CAST('1e3' AS DECIMAL(9,2))", "MySQL would take"},
		{"CAST('1.5' AS SIGNED)", "MySQL would take"}, {"CAST('7 ' AS SIGNED)", "MySQL would take"}, {"CAST('' AS SIGNED)", "MySQL would take"},
		{"CAST(j AS UNSIGNED)", "nearest"}, {"CAST(1000 AS DECIMAL(5,2))", "nearest"}, {"CAST(9.995 AS DECIMAL(3,2))", "nearest"},
		{"CAST(9223372036854775808 AS SIGNED)", "nearest"},
		{strings.Repeat("9", 60) + " * 1000000", reasonDigits},
		{"e / (0 - 9000000000)", "-0"}, {"e / -9000000000", "-0"},
		{"UPPER('ა')", "other case"}, {"LOWER('Ⴀ')", "other case"}, {"UPPER('ǝ')", "other case"},
	} {
		_, err := eval(t, c.fragment)
		require.ErrorContains(t, err, c.says, c.fragment)
		require.NotContains(t, err.Error(), columnValuesSecret)
	}
}

// A value that its column can't have is a caller's mistake.
func TestEvalHoldsValuesAgainstTypes(t *testing.T) {
	for _, c := range []struct {
		column string
		value  Value
	}{
		{"i", TextValue("7")}, {"i", must(ParseNumber("7.5"))}, {"i", UintValue(1 << 63)}, {"u", IntValue(-1)}, {"d", must(ParseNumber("1.125"))},
		{"s", IntValue(1)}, {"s", TextValue("\xff")}, {"o", IntValue(1)},
	} {
		p, err := parse(t, c.column).Compile(types, nil)
		require.NoError(t, err)
		_, err = p.Eval([]Value{c.value})
		require.ErrorContains(t, err, "the value is not "+columnTypes[c.column].describe())
		require.NotContains(t, err.Error(), "7.5")
		_, err = p.Eval([]Value{{}})
		require.NoError(t, err, "NULL is in every type")
		_, err = p.Eval(nil)
		require.ErrorContains(t, err, "0 values for 1 columns")
	}
}

func TestCondition(t *testing.T) {
	p, err := parse(t, "d").CompileCondition(types, nil)
	require.NoError(t, err)
	for text, want := range map[string]bool{"0.00": false, "0.01": true, "-1": true} {
		v, err := p.Eval([]Value{must(ParseNumber(text))})
		require.NoError(t, err)
		require.Equal(t, BoolValue(want), v)
		require.Equal(t, want, v.IsTrue())
	}
	v, err := p.Eval([]Value{{}})
	require.NoError(t, err)
	require.True(t, v.IsNull())
	require.False(t, v.IsTrue())
}

// A text made larger and larger by CONCAT ends before memory does.
func TestTextLimit(t *testing.T) {
	p, err := parse(t, "CONCAT("+strings.TrimSuffix(strings.Repeat("s,", 5), ",")+")").Compile(types, nil)
	require.NoError(t, err)
	_, err = p.Eval([]Value{TextValue(strings.Repeat("x", 1<<20))})
	require.ErrorContains(t, err, "4 MB")
	p, err = parse(t, "CONCAT_WS(s, s, s, s)").Compile(types, nil)
	require.NoError(t, err)
	_, err = p.Eval([]Value{TextValue(strings.Repeat("x", 1<<20))})
	require.ErrorContains(t, err, "4 MB")
}

// A caller's collation is asked once, when the fragment is compiled.
func TestCollate(t *testing.T) {
	asked := 0
	fold := func(collation string) (func(a, b string) int, error) {
		asked++
		require.Equal(t, "utf8mb4_general_ci", collation)
		return func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }, nil
	}
	p, err := parse(t, "LOWER(ci) = CONCAT('X', '')").Compile(types, fold)
	require.NoError(t, err)
	for range 3 {
		v, err := p.Eval([]Value{TextValue("x")})
		require.NoError(t, err)
		require.True(t, v.IsTrue())
	}
	require.Equal(t, 1, asked)
}

func TestMix(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"", "", ""}, {"utf8mb4_bin", "", "utf8mb4_bin"}, {"utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_bin"}, {"utf8mb4_bin", "utf8mb4_bin", "utf8mb4_bin"},
		{"utf8mb4_unicode_ci", "utf8mb4_general_ci", mixed}, {"latin1_bin", "utf8mb4_general_ci", mixed}, {"utf8mb4_bin", "utf8mb4_0900_bin", mixed},
		{mixed, "utf8mb4_bin", mixed}, {mixed, "", mixed},
	} {
		require.Equal(t, c.want, mix(c.a, c.b))
		require.Equal(t, c.want, mix(c.b, c.a))
	}
}

func TestComparePadded(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"a", "a", 0}, {"a", "a  ", 0}, {"", " ", 0}, {"a", "b", -1}, {"a\t", "a", -1}, {"a!", "a", 1}, {"a !", "a", 1}, {"a", "a \x01", 1}, {"ab", "a b", 1},
	} {
		require.Equal(t, c.want, comparePadded(c.a, c.b), "%q %q", c.a, c.b)
		require.Equal(t, -c.want, comparePadded(c.b, c.a), "%q %q", c.b, c.a)
	}
}

func BenchmarkEval(b *testing.B) {
	p, err := parse(b, "IF(i > 5 AND s <> 'x', CONCAT(s, '#', i), ns)").Compile(types, nil)
	require.NoError(b, err)
	row := []Value{columnValues["i"], columnValues["s"], {}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Eval(row); err != nil {
			b.Fatal(err)
		}
	}
}
