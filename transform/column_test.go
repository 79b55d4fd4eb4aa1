package transform

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestColumnParseAndSQL(t *testing.T) {
	for name, c := range map[string]struct {
		column Column
		text   string
		value  string // Text of the value
		sql    any
	}{
		"int":             {Column{Kind: Int, SQLType: "int"}, "-42", "-42", int64(-42)},
		"least bigint":    {Column{Kind: Int, SQLType: "bigint"}, "-9223372036854775808", "-9223372036854775808", int64(-1 << 63)},
		"bigint unsigned": {Column{Kind: Int, SQLType: "bigint", Unsigned: true}, "18446744073709551615", "18446744073709551615", uint64(1<<64 - 1)},
		"zerofill":        {Column{Kind: Int, SQLType: "int", Unsigned: true}, "00042", "42", int64(42)},
		"true":            {Column{Kind: Bool, SQLType: "tinyint"}, "1", "true", int64(1)},
		"false":           {Column{Kind: Bool, SQLType: "tinyint"}, "0", "false", int64(0)},
		"decimal":         {Column{Kind: Decimal, SQLType: "decimal", Precision: 10, Scale: 2}, "-12.50", "-12.50", "-12.50"},
		"decimal padded":  {Column{Kind: Decimal, SQLType: "decimal", Precision: 10, Scale: 2}, "012.5", "12.50", "12.50"},
		"no minus zero":   {Column{Kind: Decimal, SQLType: "decimal", Precision: 10, Scale: 2}, "-0.00", "0.00", "0.00"},
		"below one":       {Column{Kind: Decimal, SQLType: "decimal", Precision: 10, Scale: 3}, ".05", "0.050", "0.050"},
		"scale 0":         {Column{Kind: Decimal, SQLType: "decimal", Precision: 40}, strings.Repeat("9", 40), strings.Repeat("9", 40), strings.Repeat("9", 40)},
		"varchar":         {Column{Kind: Text, SQLType: "varchar", Length: 4}, "é  ", "é  ", "é  "},
		"varchar cut":     {Column{Kind: Text, SQLType: "varchar", Length: 2}, "é   ", "é ", "é "},
		"varchar too long": {Column{Kind: Text, SQLType: "varchar", Length: 2}, "abc ", "abc ",
			"abc "},
		"char":      {Column{Kind: Text, SQLType: "char", Length: 4}, " a  ", " a", " a"},
		"binary":    {Column{Kind: Bytes, SQLType: "binary", Length: 3}, "\xff", "\xff\x00\x00", []byte("\xff\x00\x00")},
		"varbinary": {Column{Kind: Bytes, SQLType: "varbinary", Length: 3}, "\xff ", "\xff ", []byte("\xff ")},
		"date":      {Column{Kind: Date, SQLType: "date"}, "2023-01-15", "2023-01-15", "2023-01-15"},
		"datetime":  {Column{Kind: DateTime, SQLType: "datetime", Precision: 1}, "2023-01-15 01:02:03.4", "2023-01-15T01:02:03.4", "2023-01-15 01:02:03.4"},
		"timestamp": {Column{Kind: Timestamp, SQLType: "timestamp"}, "2023-01-15 01:02:03", "2023-01-15T01:02:03Z", "2023-01-15 01:02:03"},
		"json":      {Column{Kind: JSON, SQLType: "json"}, `{"b": 1, "a": 1.0}`, `{"a":1,"b":1}`, `{"a":1,"b":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := c.column.Parse(c.text)
			require.NoError(t, err)
			require.Equal(t, c.value, v.Text())
			require.Equal(t, c.column.Kind, v.Kind())
			require.Equal(t, c.sql, c.column.SQL(v))
			again, err := c.column.Parse(v.Text())
			require.NoError(t, err)
			require.Equal(t, v, again, "the canonical form is read as well")
		})
	}
	require.Nil(t, Column{Kind: Int}.SQL(Value{}))
}

func TestColumnParseRefuses(t *testing.T) {
	for _, c := range []struct {
		column Column
		text   string
		want   string
	}{
		{Column{Kind: Int}, "1.0", reasonNotInteger}, {Column{Kind: Int}, "", reasonNotInteger}, {Column{Kind: Int}, "-0", reasonNotInteger},
		{Column{Kind: Int}, "18446744073709551616", reasonNotInteger}, {Column{Kind: Int}, "-9223372036854775809", reasonNotInteger},
		{Column{Kind: Bool}, "2", "neither 0 nor 1, and the contract says BOOL"},
		{Column{Kind: Decimal, Scale: 2}, "1.005", "more digits after the point than the contract says the column has"},
		{Column{Kind: Decimal, Scale: 2}, "x", reasonNotDecimal}, {Column{Kind: Decimal}, "1e999999", reasonNotDecimal},
		{Column{Kind: Text}, "\xff", reasonNotUTF8},
		{Column{Kind: Date}, "0000-00-00", reasonZeroDate},
		{Column{Kind: JSON}, "{", reasonNotJSON},
		{Column{}, "", "the column has no kind"},
	} {
		c.column.Name = "col"
		_, err := c.column.Parse(c.text)
		require.EqualError(t, err, "col: "+c.want)
	}
}

func TestColumnFit(t *testing.T) {
	for name, c := range map[string]struct {
		column Column
		fits   []string
		not    map[string]string
	}{
		"tinyint": {Column{Kind: Int, SQLType: "tinyint"}, []string{"-128", "127"},
			map[string]string{"-129": "out of the range of tinyint", "128": "out of the range of tinyint"}},
		"mediumint unsigned": {Column{Kind: Int, SQLType: "mediumint", Unsigned: true}, []string{"0", "16777215"},
			map[string]string{"-1": "out of the range of mediumint unsigned", "16777216": "out of the range of mediumint unsigned"}},
		"int": {Column{Kind: Int, SQLType: "int"}, []string{"-2147483648", "2147483647"},
			map[string]string{"2147483648": "out of the range of int", "-2147483649": "out of the range of int"}},
		"bigint": {Column{Kind: Int, SQLType: "bigint"}, []string{"-9223372036854775808", "9223372036854775807"},
			map[string]string{"9223372036854775808": "out of the range of bigint"}},
		"bigint unsigned": {Column{Kind: Int, SQLType: "bigint", Unsigned: true}, []string{"18446744073709551615"}, map[string]string{"-1": "out of the range of bigint unsigned"}},
		"decimal": {Column{Kind: Decimal, SQLType: "decimal", Precision: 4, Scale: 2}, []string{"99.99", "-99.99", "0.00"},
			map[string]string{"100.00": "out of the range of decimal(4,2)"}},
		"decimal unsigned": {Column{Kind: Decimal, SQLType: "decimal", Precision: 4, Scale: 4, Unsigned: true}, []string{"0.9999"},
			map[string]string{"-0.0001": "out of the range of decimal(4,4) unsigned", "1.0000": "out of the range of decimal(4,4) unsigned"}},
		"varchar":   {Column{Kind: Text, SQLType: "varchar", Length: 3}, []string{"äöü", "", "abc"}, map[string]string{"äöüß": "longer than 3 characters"}},
		"tinytext":  {Column{Kind: Text, SQLType: "tinytext"}, []string{strings.Repeat("a", 255)}, map[string]string{strings.Repeat("ä", 128): "longer than the 255 bytes of tinytext"}},
		"utf8":      {Column{Kind: Text, SQLType: "varchar", Length: 3, Collation: "utf8mb3_bin"}, []string{"€"}, map[string]string{"😀": "has a character outside the character set utf8mb3"}},
		"latin1":    {Column{Kind: Text, SQLType: "varchar", Length: 3, Collation: "latin1_bin"}, []string{"é€™"}, map[string]string{"ł": "has a character outside the character set latin1", "\u0080": "has a character outside the character set latin1"}},
		"ascii":     {Column{Kind: Text, SQLType: "varchar", Length: 3, Collation: "ascii_bin"}, []string{"~"}, map[string]string{"é": "has a character outside the character set ascii"}},
		"utf8mb4":   {Column{Kind: Text, SQLType: "varchar", Length: 3, Collation: "utf8mb4_bin"}, []string{"😀"}, nil},
		"varbinary": {Column{Kind: Bytes, SQLType: "varbinary", Length: 2}, []string{"\xff\xff"}, map[string]string{"abc": "longer than 2 bytes"}},
		"tinyblob":  {Column{Kind: Bytes, SQLType: "tinyblob"}, []string{strings.Repeat("\xff", 255)}, map[string]string{strings.Repeat("a", 256): "longer than 255 bytes"}},
		"timestamp": {Column{Kind: Timestamp, SQLType: "timestamp", Precision: 6}, []string{"1970-01-01 00:00:01", "2038-01-19 03:14:07.999999"},
			map[string]string{
				"1970-01-01 00:00:00": "out of the range of timestamp, 1970-01-01 00:00:01 to 2038-01-19 03:14:07 UTC",
				"2038-01-19 03:14:08": "out of the range of timestamp, 1970-01-01 00:00:01 to 2038-01-19 03:14:07 UTC",
			}},
		"timestamp(0)": {Column{Kind: Timestamp, SQLType: "timestamp"}, []string{"2038-01-19 03:14:07"}, nil},
		"datetime":     {Column{Kind: DateTime, SQLType: "datetime"}, []string{"0000-01-01 00:00:00", "9999-12-31 23:59:59"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range c.fits {
				v, err := c.column.Parse(s)
				require.NoError(t, err)
				require.NoError(t, c.column.Fit(v), s)
			}
			for s, want := range c.not {
				v, err := c.column.Parse(s)
				require.NoError(t, err)
				require.EqualError(t, c.column.Fit(v), want)
			}
		})
	}
	require.EqualError(t, Column{Kind: Int, Name: "n"}.Fit(Value{}), "n: NULL, and the column is NOT NULL")
	require.NoError(t, Column{Kind: Int, Nullable: true}.Fit(Value{}))
	require.EqualError(t, Column{Kind: Int, Name: "n"}.Fit(TextValue("1")), "n: is of kind text, and the column of kind int")
	require.EqualError(t, Column{Kind: Text}.Fit(TextValue("\xff")), reasonNotUTF8)
	require.EqualError(t, Column{Kind: Decimal, Precision: 4, Scale: 1}.Fit(Value{kind: Decimal, text: "1.25"}), "more than 1 digits after the point")
}

func TestRecordFit(t *testing.T) {
	e := load(t, "everything.json")
	r := e.NewRecord()
	require.EqualError(t, r.Fit(), "Everything.region: NULL, and the column is NOT NULL")
	require.NoError(t, r.Set("region", TextValue("eu")))
	require.NoError(t, r.Set("number", IntValue(1)))
	require.NoError(t, r.Fit())
	require.NoError(t, r.Set("small", IntValue(128)))
	require.EqualError(t, r.Fit(), "Everything.small: out of the range of tinyint")
}

// FuzzColumnParse: what Parse takes has one canonical text, which it takes too.
func FuzzColumnParse(f *testing.F) {
	columns := []Column{
		{Kind: Int, SQLType: "bigint", Unsigned: true}, {Kind: Bool, SQLType: "tinyint"},
		{Kind: Decimal, SQLType: "decimal", Precision: 20, Scale: 4}, {Kind: Text, SQLType: "varchar", Length: 4},
		{Kind: Text, SQLType: "char", Length: 4}, {Kind: Bytes, SQLType: "binary", Length: 4}, {Kind: Date, SQLType: "date"},
		{Kind: DateTime, SQLType: "datetime", Precision: 3}, {Kind: Timestamp, SQLType: "timestamp"}, {Kind: JSON, SQLType: "json"},
		{Kind: Float, SQLType: "float"}, {Kind: Float, SQLType: "double"}, {Kind: Time, SQLType: "time", Precision: 2},
		{Kind: Int, SQLType: "year"}, {Kind: Text, SQLType: "enum", Labels: []string{"", "a b"}},
		{Kind: Text, SQLType: "set", Labels: []string{"b", "a"}}, {Kind: DateTime, SQLType: "datetime", ZeroDates: ZeroDateText},
		{Kind: Date, SQLType: "date", ZeroDates: ZeroDateNull}, {Kind: Text, SQLType: "set", Labels: []string{"b", "a"}, emptyIsNull: true},
	}
	for i, s := range []string{"42", "1", "-1.50", "ab  ", "ab  ", "\x00", "2024-02-29", "2024-02-29 01:02:03.5", "2024-02-29T01:02:03Z", `{"b":[1.0],"a":null}`,
		"16777217", "-1.5e-300", "-100:00:00.5", "2024", "a b", "a,b", "2024-00-31 00:00:00", "0000-00-00", ""} {
		f.Add(i, s)
	}
	f.Fuzz(func(t *testing.T, i int, text string) {
		c := columns[uint(i)%uint(len(columns))]
		v, err := c.Parse(text)
		var fault *ValueError
		if err != nil {
			if !errors.As(err, &fault) {
				t.Fatalf("%T", err)
			}
			return
		}
		if v.IsNull() {
			require.True(t, c.ZeroDates == ZeroDateNull || c.emptyIsNull)
			return
		}
		again, err := c.Parse(v.Text())
		require.NoError(t, err)
		require.Equal(t, v, again)
		if s, ok := c.SQL(v).(string); ok {
			again, err = c.Parse(s)
			require.NoError(t, err)
			require.Equal(t, v, again)
		}
	})
}
