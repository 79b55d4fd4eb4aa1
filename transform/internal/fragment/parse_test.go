package fragment

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The canonical form shows how a fragment was grouped.
func TestParse(t *testing.T) {
	for _, c := range []struct{ fragment, want string }{
		{"name", "`name`"},
		{"users.email", "`users`.`email`"},
		{"`order`.`a``b`", "`order`.`a``b`"},
		{"order_items . id", "`order_items`.`id`"},
		{"`select`", "`select`"},
		{"t.select", "`t`.`select`"},
		{"größe", "`größe`"},
		{"'ROOT'", "'ROOT'"},
		{"''", "''"},
		{"'it''s'", "'it''s'"},
		{`'a\\b\'c'`, `'a\\b''c'`},
		{`'a\nb'`, "'a\nb'"},
		{"'-- /* ; ? @x'", "'-- /* ; ? @x'"},
		{"007", "7"},
		{"1.50", "1.50"},
		{".5", "0.5"},
		{"18446744073709551616", "18446744073709551616"},
		{"null", "NULL"},
		{"True", "1"},
		{"FALSE", "0"},

		// the manual's "Operator precedence", lowest last
		{"quantity * price_at_time", "`quantity` * `price_at_time`"},
		{"a + b * c", "`a` + (`b` * `c`)"},
		{"(a + b) * c", "(`a` + `b`) * `c`"},
		{"a - b - c", "(`a` - `b`) - `c`"},
		{"a / b * c", "(`a` / `b`) * `c`"},
		{"-a * b", "(-`a`) * `b`"},
		{"a - -b", "`a` - (-`b`)"},
		{"- -a", "-(-`a`)"},
		{"a = b + 1", "`a` = (`b` + 1)"},
		{"NOT a = b", "NOT (`a` = `b`)"},
		{"NOT a AND b", "(NOT `a`) AND `b`"},
		{"NOT NOT a", "NOT (NOT `a`)"},
		{"a OR b AND c", "`a` OR (`b` AND `c`)"},
		{"a AND b OR c", "(`a` AND `b`) OR `c`"},
		{"a <> 1 and b <= 2", "(`a` <> 1) AND (`b` <= 2)"},
		{"a < 1 or a > 2 or a >= 3", "((`a` < 1) OR (`a` > 2)) OR (`a` >= 3)"},
		{"parent_id IS NULL", "`parent_id` IS NULL"},
		{"a + 1 is not null", "(`a` + 1) IS NOT NULL"},
		{"NOT a IS NULL", "NOT (`a` IS NULL)"},
		{"status IN ('a', 'b')", "`status` IN ('a', 'b')"},
		{"a NOT IN (1, b + 1)", "`a` NOT IN (1, `b` + 1)"},
		{"(a = b) = c", "(`a` = `b`) = `c`"},

		{"concat(a, ' ', b)", "CONCAT(`a`, ' ', `b`)"},
		{"CONCAT_WS('/', a, b)", "CONCAT_WS('/', `a`, `b`)"},
		{"COALESCE (a, 'x')", "COALESCE(`a`, 'x')"},
		{"lower(upper(trim(a)))", "LOWER(UPPER(TRIM(`a`)))"},
		{"SUBSTRING(a, -2, 1)", "SUBSTRING(`a`, -2, 1)"},
		{"if(a = 1, 'y', 'n')", "IF(`a` = 1, 'y', 'n')"},
		{"cast(a as char)", "CAST(`a` AS CHAR)"},
		{"CAST(a AS SIGNED) + CAST(a AS UNSIGNED)", "CAST(`a` AS SIGNED) + CAST(`a` AS UNSIGNED)"},
		{"CAST(a / b AS DECIMAL(10,2))", "CAST(`a` / `b` AS DECIMAL(10, 2))"},
		{"lower = upper", "`lower` = `upper`"}, // not called, they are columns
		{"a\n=\tb", "`a` = `b`"},
	} {
		f, err := Parse(c.fragment)
		require.NoError(t, err, c.fragment)
		require.Equal(t, c.want, f.String(), c.fragment)
		require.Equal(t, c.fragment, f.Text())
		again, err := Parse(f.String())
		require.NoError(t, err, f.String())
		require.Equal(t, c.want, again.String(), c.fragment)
	}
}

// Every error quotes the fragment, and has the column and a hint of what is
// allowed.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		fragment string
		column   int
		says     string
	}{
		{"", 0, "empty"},
		{"  ", 0, "empty"},
		{"a b", 3, "between its parts are allowed ="},
		{"a; DROP TABLE users", 2, "one expression"},
		{"a -- x", 3, "comment"},
		{"a --b", 3, "comment"},
		{"a # x", 3, "comment"},
		{"a /* x */", 3, "comment"},
		{"a = @b", 5, "variables"},
		{"@@version", 1, "variables"},
		{"a = ?", 5, "placeholders"},
		{"a := 1", 3, "assignments"},
		{`a = "x"`, 5, "write 'text'"},
		{"a != b", 3, "write <>"},
		{"a <=> b", 3, "IS NULL"},
		{"a && b", 3, "write AND"},
		{"a || b", 3, "CONCAT"},
		{"a % 2", 3, "not in the language"},
		{"!a", 1, "not in the language"},
		{"a & 1", 3, "not in the language"},
		{"a ^ 1", 3, "not in the language"},
		{"a << 1", 3, "not in the language"},
		{"a->'$.x'", 2, "JSON"},
		{"a[0]", 2, "not in the language"},
		{"{fn now()}", 1, "not in the language"},
		{"(SELECT 1)", 2, "SELECT"},
		{"a IN (SELECT id FROM t)", 7, "SELECT"},
		{"a = (SELECT 1)", 6, "SELECT"},
		{"EXISTS(SELECT 1)", 1, "EXISTS"},
		{"a LIKE 'x'", 3, "allowed"},
		{"a BETWEEN 1 AND 2", 3, "allowed"},
		{"a DIV 2", 3, "allowed"},
		{"a XOR b", 3, "allowed"},
		{"a COLLATE utf8mb4_bin = b", 3, "allowed"},
		{"CASE WHEN a THEN b END", 1, "CASE"},
		{"a UNION b", 3, "allowed"},
		{"DISTINCT a", 1, "DISTINCT"},
		{"BINARY a", 1, "BINARY"},
		{"_utf8mb4 'a'", 10, "allowed"},
		{"N'a'", 2, "allowed"},
		{"X'41'", 2, "allowed"},
		{"0x41", 1, "number"},
		{"1e5", 1, "exponent"},
		{"1.e", 2, "digits after"},
		{"1.2.3", 1, "number"},
		{"5th", 1, "backticks"},
		{strings.Repeat("9", 66), 1, "65 digits"},
		{"0." + strings.Repeat("1", 31), 1, "30 after the point"},
		{"'abc", 1, "closing quote"},
		{`'abc\'`, 1, "closing quote"},
		{`'\%'`, 2, "escape"},
		{`'\0'`, 2, "escape"},
		{"`abc", 1, "backtick"},
		{"``", 1, "MySQL"},
		{"`a `", 1, "MySQL"},
		{"`" + strings.Repeat("x", 65) + "`", 1, "64 characters"},
		{"`😀`", 1, "multilingual"},
		{"a.b.c", 4, "one part or two"},
		{"a.", 3, "column's name"},
		{"t.*", 3, "column's name"},
		{"*", 1, "allowed"},
		{"a = ", 5, "ends too early"},
		{"(a", 3, "ends too early"},
		{"a)", 2, "allowed"},
		{"()", 2, "allowed"},
		{"a, b", 2, "allowed"},
		{"(a, b)", 3, "allowed"},
		{"a = b = c", 7, "parentheses"},
		{"a = b IS NULL", 7, "parentheses"},
		{"a IS NULL IS NULL", 11, "parentheses"},
		{"a IN (1) IN (2)", 10, "parentheses"},
		{"a IS TRUE", 6, "NULL"},
		{"a NOT 1", 7, "IN"},
		{"a IN ()", 7, "allowed"},
		{"a IN 1", 6, "("},
		{"a = NOT b", 5, "NOT"},
		{"SLEEP(5)", 1, allowedFunctions},
		{"`concat`(a)", 1, "not a function"},
		{"mysql.user(a)", 1, "not a function"},
		{"NOW()", 1, "not a function"},
		{"LOAD_FILE('/etc/passwd')", 1, "not a function"},
		{"IFNULL(a, b)", 1, "not a function"},
		{"COUNT(*)", 1, "not a function"},
		{"LOWER()", 7, "allowed"},
		{"LOWER(a, b)", 1, "takes 1"},
		{"CONCAT_WS(a)", 1, "2 or more"},
		{"SUBSTRING(a)", 1, "2 or 3"},
		{"SUBSTRING(a FROM 2)", 13, "allowed"},
		{"TRIM(BOTH 'x' FROM a)", 11, "allowed"},
		{"IF(a, b)", 1, "takes 3"},
		{"CAST(a)", 7, "AS"},
		{"CAST(a AS DATE)", 11, allowedTypes},
		{"CAST(a AS CHAR(3))", 15, ")"},
		{"CAST(a AS DECIMAL)", 18, "("},
		{"CAST(a AS DECIMAL(66, 2))", 11, "65 digits"},
		{"CAST(a AS DECIMAL(10, 31))", 11, "30 of them"},
		{"CAST(a AS DECIMAL(2, 3))", 11, "after the point"},
		{"CONVERT(a, CHAR)", 1, "not a function"},
		{"é = 'x' € 1", 9, "not in the language"},
		{"a\x00b", 2, "NUL"},
		{"a\xff", 0, "UTF-8"},
		{strings.Repeat("a", 4097), 0, "4096 bytes"},
		{strings.Repeat("(", 200) + "a" + strings.Repeat(")", 200), 194, "192 parentheses"},
		{"a" + strings.Repeat(" + a", 64), 0, "64 levels"},
	} {
		_, err := Parse(c.fragment)
		var fault *Error
		require.ErrorAs(t, err, &fault, c.fragment)
		require.Equal(t, c.column, fault.Column, "%s: %v", c.fragment, err)
		require.Equal(t, c.fragment, fault.Fragment)
		require.Contains(t, err.Error(), c.says, c.fragment)
		require.Contains(t, err.Error(), "fragment "+quote(c.fragment))
		require.Less(t, len(err.Error()), 1200)
	}
}

// What is just within the limits is a fragment.
func TestParseLimits(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("(", 190) + "a" + strings.Repeat(")", 190),
		"a" + strings.Repeat(" + a", 63),
		"a IN (1" + strings.Repeat(",1", 2000) + ")",
		strings.Repeat("9", 65),
		"`" + strings.Repeat("ü", 64) + "`",
	} {
		_, err := Parse(s)
		require.NoError(t, err, s)
	}
}
