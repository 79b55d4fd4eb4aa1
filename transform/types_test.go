package transform

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

func avS(s string) types.AttributeValue     { return &types.AttributeValueMemberS{Value: s} }
func avN(s string) types.AttributeValue     { return &types.AttributeValueMemberN{Value: s} }
func avB(b ...byte) types.AttributeValue    { return &types.AttributeValueMemberB{Value: b} }
func avBool(b bool) types.AttributeValue    { return &types.AttributeValueMemberBOOL{Value: b} }
func avSS(s ...string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: s} }
func avNull() types.AttributeValue          { return &types.AttributeValueMemberNULL{Value: true} }

// kindsRecord is a record of the contract types.json with one column set.
func kindsRecord(t testing.TB, e *Entity, column, text string) Record {
	t.Helper()
	r := e.NewRecord()
	require.NoError(t, r.Set("id", IntValue(1)))
	require.NoError(t, r.Set("needs", TextValue("a")))
	v, err := e.Columns[e.ColumnIndex(column)].Parse(text)
	require.NoError(t, err, "%s %q", column, text)
	require.NoError(t, r.Set(column, v))
	return r
}

// MySQL's text, the attribute that the contract's rules make of it (nil is
// none), and the text that the driver takes to put it back.
var goldenTypes = []struct {
	column, text string
	want         types.AttributeValue
	back         any
}{
	// FLOAT: N, the same however it was read.
	{"weight", "16777216", avN("16777216"), 16777216.0},
	{"weight", "1.6777216e+07", avN("16777216"), 16777216.0},
	{"weight", "1.1", avN("1.1"), float64(float32(1.1))},
	{"weight", "1.100000023841858", avN("1.1"), float64(float32(1.1))},
	{"weight", "-0", avN("0"), 0.0},
	{"weight", "3.4028234663852886e38", avN("340282350000000000000000000000000000000"), math.MaxFloat32},
	{"weight", "1e-45", avN("0.000000000000000000000000000000000000000000001"), math.SmallestNonzeroFloat32},
	{"ratio", "0.1", avN("0.1"), 0.1},
	{"ratio", "0.30000000000000004", avN("0.30000000000000004"), 0.30000000000000004},
	{"ratio", "9.99e125", avN("999" + strings.Repeat("0", 123)), 9.99e125},
	{"ratio", "-1e-130", avN("-0." + strings.Repeat("0", 129) + "1"), -1e-130},
	{"ratio", "9007199254740993", avN("9007199254740992"), 9007199254740992.0},
	{"length", "0.5", avN("0.5"), 0.5},
	{"fee", "1.50", avN("1.5"), 1.5},
	{"far", "1.7976931348623157e308", avS("1.7976931348623157e308"), math.MaxFloat64},
	{"far", "5e-324", avS("5e-324"), 5e-324},
	{"far", "12.5", avS("12.5"), 12.5},
	{"far", "-0", avS("0"), 0.0},
	// TINYINT(1) and BIT(1) as BOOL.
	{"active", "0", avBool(false), int64(0)},
	{"active", "1", avBool(true), int64(1)},
	{"lit", "1", avBool(true), int64(1)},
	// BIT: N up to 64 bits, or B.
	{"mask", "511", avN("511"), int64(511)},
	{"mask", "0", avN("0"), int64(0)},
	{"wide", "18446744073709551615", avN("18446744073709551615"), uint64(math.MaxUint64)},
	{"raw", "2748", avB(0x0a, 0xbc), int64(2748)},
	{"raw", "0", avB(0, 0), int64(0)},
	// TIME: S, a duration of up to 838 hours.
	{"opens", "08:30:00", avS("008:30:00"), "08:30:00"},
	{"opens", "00:00:00", avS("000:00:00"), "00:00:00"},
	{"took", "-838:59:59.000", avS("-838:59:59.000"), "-838:59:59.000"},
	{"took", "100:00:00.120000", avS("100:00:00.120"), "100:00:00.120"},
	{"took", "-00:00:00.001", avS("-000:00:00.001"), "-00:00:00.001"},
	{"took", "-00:00:00", avS("000:00:00.000"), "00:00:00.000"},
	// YEAR: N.
	{"year", "2024", avN("2024"), int64(2024)},
	{"year", "1901", avN("1901"), int64(1901)},
	{"year", "2155", avN("2155"), int64(2155)},
	{"year", "0000", avN("0"), int64(0)},
	// ENUM: S, the label.
	{"state", "it's", avS("it's"), "it's"},
	{"state", `b\c`, avS(`b\c`), `b\c`},
	{"mode", "", avS(""), ""},
	// SET: SS, or absent when empty; NULL apart from it where the contract says how.
	{"perks", "wifi,Pool", avSS("wifi", "Pool"), "wifi,Pool"},
	{"perks", "Pool,wifi", avSS("wifi", "Pool"), "wifi,Pool"},
	{"perks", "", nil, ""},
	{"needs", "", nil, ""},
	{"needs", "a,b,c", avSS("a", "b", "c"), "a,b,c"},
	{"marks", "c", avSS("c"), "c"},
	{"marks", "", nil, nil}, // NULL, as the check says
	{"tags", "", avS(""), ""},
	{"tags", "y,x", avS("x,y"), "x,y"},
	// Zero and partial dates: NULL or text, as the contract says.
	{"born", "0000-00-00", nil, nil},
	{"born", "2024-02-00", nil, nil},
	{"born", "2024-02-29", avS("2024-02-29"), "2024-02-29"},
	{"seen", "0000-00-00 00:00:00.000", nil, "0000-00-00 00:00:00"},
	{"seen", "2024-03-10 09:30:00.5", avS("2024-03-10T09:30:00.500"), "2024-03-10 09:30:00.500"},
	{"made", "0000-00-00", avS("0000-00-00"), "0000-00-00"},
	{"made", "2024-00-31", avS("2024-00-31"), "2024-00-31"},
	{"changed", "0000-00-00 00:00:00.000", avS("0000-00-00T00:00:00.000Z"), "0000-00-00 00:00:00.000"},
	{"changed", "2024-03-10 09:30:00.000", avS("2024-03-10T09:30:00.000Z"), "2024-03-10 09:30:00.000"},
	// DECIMAL: N and exact; S beyond 38 digits.
	{"exact", strings.Repeat("9", 35) + "." + strings.Repeat("9", 30), avS(strings.Repeat("9", 35) + "." + strings.Repeat("9", 30)),
		strings.Repeat("9", 35) + "." + strings.Repeat("9", 30)},
	{"exact", "1.5", avS("1.5" + strings.Repeat("0", 29)), "1.5" + strings.Repeat("0", 29)},
	{"price", strings.Repeat("9", 36) + ".90", avN(strings.Repeat("9", 36) + ".9"), strings.Repeat("9", 36) + ".90"},
	// BINARY and VARBINARY: B, nothing trimmed.
	{"hash", "a \x00\x00", avB('a', ' ', 0, 0), []byte("a \x00\x00")},
	{"token", " \x00", avB(' ', 0), []byte(" \x00")},
	{"token", "", avB(), []byte{}},
	// A NULL type is told from the text.
	{"note", "NULL", avS("NULL"), "NULL"},
	{"note", "", avS(""), ""},
}

func TestGoldenTypes(t *testing.T) {
	e := load(t, "types.json")
	for _, c := range goldenTypes {
		t.Run(c.column+" "+c.text, func(t *testing.T) {
			r := kindsRecord(t, e, c.column, c.text)
			item, err := e.Item(r)
			require.NoError(t, err)
			got, there := item[c.column]
			require.Equal(t, c.want != nil, there)
			if there && len(c.text) > 0 {
				require.Equal(t, c.want, got)
			} else if there {
				require.Empty(t, plain(got))
			}
			v, _ := r.Get(c.column)
			column := e.Columns[e.ColumnIndex(c.column)]
			require.Equal(t, c.back, column.SQL(v))
			back, err := e.Record(throughDynamoDB(item).(*types.AttributeValueMemberM).Value)
			require.NoError(t, err)
			require.True(t, back.Equal(r), "differs in %v", back.Diff(r))
			require.NoError(t, column.Fit(v))
			if s, ok := column.SQL(v).(string); ok {
				again, err := column.Parse(s)
				require.NoError(t, err)
				require.Equal(t, v, again)
			}
		})
	}
}

// plain returns what is in an S, B or SS.
func plain(av types.AttributeValue) any {
	switch x := av.(type) {
	case *types.AttributeValueMemberS:
		return x.Value
	case *types.AttributeValueMemberB:
		return x.Value
	case *types.AttributeValueMemberSS:
		return x.Value
	}
	return av
}

// NULL is absent, or of type NULL where the contract says so, and never what an
// empty set is.
func TestNullOfTypes(t *testing.T) {
	e := load(t, "types.json")
	r := kindsRecord(t, e, "needs", "")
	item, err := e.Item(r)
	require.NoError(t, err)
	require.Equal(t, map[string]types.AttributeValue{"id": avN("1"), "perks": avNull(), "note": avNull()}, item)
	back, err := e.Record(item)
	require.NoError(t, err)
	require.True(t, back.Equal(r))
	require.Equal(t, len("id")+2+len("perks")+1+len("note")+1, ItemSize(item))

	delete(item, "perks")
	back, err = e.Record(item)
	require.NoError(t, err)
	require.Equal(t, []string{"perks"}, back.Diff(r), "absent is the empty set")
	v, _ := back.Get("perks")
	require.Equal(t, TextValue(""), v)
}

// What a row can't be, with its reason.
func TestTypesRefuse(t *testing.T) {
	e := load(t, "types.json")
	for _, c := range []struct{ column, text, want string }{
		{"weight", "3.5e38", reasonFloatRange}, {"ratio", "1e309", reasonFloatRange}, {"ratio", "inf", reasonNotFloat},
		{"ratio", "NaN", reasonNotFloat}, {"ratio", "0x1p3", reasonNotFloat}, {"ratio", "1_0", reasonNotFloat}, {"ratio", "", reasonNotFloat},
		{"active", "2", "neither 0 nor 1, and the contract says BOOL"}, {"active", "-1", "neither 0 nor 1, and the contract says BOOL"},
		{"opens", "08:30", reasonNotTime}, {"opens", "8:30:00", reasonNotTime}, {"opens", "839:00:00", reasonTimeRange},
		{"opens", "08:60:00", reasonNotTime}, {"opens", "08:00:60", reasonNotTime}, {"opens", "+08:00:00", reasonNotTime},
		{"opens", "--08:00:00", reasonNotTime}, {"opens", "1000:00:00", reasonNotTime}, {"opens", "08:00:00.", reasonNotTime},
		{"opens", "08:00:00.5", "more fractional digits than the contract says the column has"}, {"opens", "", reasonNotTime},
		{"year", "24", "out of the range of year, 1901 to 2155 and 0"}, {"year", "2156", "out of the range of year, 1901 to 2155 and 0"},
		{"year", "-2024", "out of the range of year, 1901 to 2155 and 0"},
		{"state", "New", reasonNotLabel}, {"state", "", reasonNotLabel}, {"state", "1", reasonNotLabel},
		{"perks", "wifi,bath", reasonNotLabels}, {"perks", "wifi,", reasonNotLabels}, {"perks", "pool", reasonNotLabels},
		{"born", "2024-13-00", reasonNoDay}, {"made", "2024-02-30", reasonNoDay}, {"made", "2024-00-32", reasonNoDay}, {"made", "0000-00-0", reasonBadDate},
	} {
		_, err := e.Columns[e.ColumnIndex(c.column)].Parse(c.text)
		require.EqualError(t, err, c.column+": "+c.want, "%q", c.text)
	}
}

// What a column can't hold that another column of the kind can.
func TestTypesFit(t *testing.T) {
	e := load(t, "types.json")
	for _, c := range []struct {
		column string
		value  Value
		want   string
	}{
		{"mask", IntValue(512), "out of the range of bit(9)"}, {"mask", IntValue(-1), "out of the range of bit(9)"},
		{"wide", IntValue(-1), "out of the range of bit(64)"},
		{"year", IntValue(99), "out of the range of year, 1901 to 2155 and 0"},
		{"length", Value{kind: Float, text: "-0.5"}, "out of the range of float unsigned"},
		{"weight", Value{kind: Float, text: "0.1234567891"}, "not in the form that the column gives it"},
		{"weight", Value{kind: Float, text: "1e39"}, reasonFloatRange},
		{"fee", Value{kind: Float, text: "1.005"}, "more than 2 digits after the point"},
		{"fee", Value{kind: Float, text: "100000000"}, "out of the range of double(10,2)"},
		{"took", Value{kind: Time, text: "838:59:59.001"}, reasonTimeRange},
		{"took", Value{kind: Time, text: "08:00:00.000"}, "not in the form that the column gives it"},
		{"state", TextValue("none"), reasonNotLabel},
		{"perks", TextValue("Pool,wifi"), "not in the form that the column gives it"},
		{"born", Value{kind: Date, text: "0000-00-00"}, reasonZeroDate},
		{"changed", Value{kind: Timestamp, text: "2024-00-00T00:00:00.000Z"}, "out of the range of timestamp, 1970-01-01 00:00:01 to 2038-01-19 03:14:07 UTC"},
		{"needs", Value{}, reasonNull},
	} {
		err := e.Columns[e.ColumnIndex(c.column)].Fit(c.value)
		require.EqualError(t, err, c.column+": "+c.want)
	}
	require.NoError(t, e.Columns[e.ColumnIndex("seen")].Fit(Value{}), "NULL stands for a zero date")
}

// What no item can hold: no number of MySQL is beyond N but a DOUBLE's.
func TestTypesThatNoItemHolds(t *testing.T) {
	e := load(t, "types.json")
	for _, c := range []struct{ column, text, want string }{
		{"ratio", "1e126", "a number is 1E+126 or beyond"},
		{"ratio", "-9.99e-131", "a number is closer to zero than 1E-130"},
		{"opens", "-00:00:01", reasonNegativeKey},
	} {
		_, err := e.Item(kindsRecord(t, e, c.column, c.text))
		require.EqualError(t, err, "Kinds."+c.column+": "+c.want)
	}
}

// One value has one item: what Item would not have written is refused.
func TestStrangeItemOfTypes(t *testing.T) {
	e := load(t, "types.json")
	for _, c := range []struct {
		attribute string
		value     types.AttributeValue
		want      string
	}{
		{"weight", avN("1.100000023841858"), "has more digits than tell one float from another"},
		{"weight", avN("1e39"), reasonFloatRange},
		{"far", avS("1e1"), "is not in the form"},
		{"raw", avB(1), "does not have the bytes of bit(12)"},
		{"raw", avB(0xff, 0xff), "out of the range of bit(12)"},
		{"mask", avN("1.5"), "not an integer"},
		{"year", avN("24"), "out of the range of year"},
		{"opens", avS("08:30:00"), "is not in the form"},
		{"took", avS("-000:00:00.000"), "is not in the form"},
		{"state", avS("NEW"), reasonNotLabel},
		{"perks", avSS("wifi", "bath"), reasonNotLabels},
		{"perks", avSS("wifi", "wifi"), "has a member twice"},
		{"perks", avSS(), "is an empty set"},
		{"perks", avS("wifi"), "is of type S, and the contract says SS"},
		{"tags", avSS("x"), "is of type SS, and the contract says S"},
		{"tags", avS("y,x"), "is not in the form"},
		{"needs", avNull(), "is of type NULL"},
		{"weight", avNull(), "is of type NULL"},
		{"note", nil, "attribute note is absent, and the contract says that NULL is a type"},
	} {
		item, err := e.Item(kindsRecord(t, e, "note", "x"))
		require.NoError(t, err)
		if item[c.attribute] = c.value; c.value == nil {
			delete(item, c.attribute)
		}
		_, err = e.Record(item)
		require.ErrorContains(t, err, c.want, c.attribute)
	}
}

// DynamoDB gives the members of a set in any order.
func TestOrderOfSet(t *testing.T) {
	e := load(t, "types.json")
	want := kindsRecord(t, e, "perks", "wifi,bar,Pool")
	item, err := e.Item(want)
	require.NoError(t, err)
	item["perks"] = avSS("Pool", "bar", "wifi")
	got, err := e.Record(item)
	require.NoError(t, err)
	require.True(t, got.Equal(want))
}

// Several attributes of one set agree on what is absent, NULL and empty.
func TestSetInSeveralAttributes(t *testing.T) {
	columns := `{"name": "user_id", "type": "int", "null": false}`
	c, findings := Check(edited(t, columns, columns+`, {"name": "perks", "type": "set", "null": true, "values": ["a", "b"]}`,
		`"attributes": [`, `"attributes": [{"name": "typed", "type": "SS", "source_column": "perks", "null": "type"},`+
			`{"name": "set", "type": "SS", "source_column": "perks"}, {"name": "text", "type": "S", "source_column": "perks"},`))
	require.Empty(t, findings)
	e := c.Entities[0]
	record := func(v Value) Record {
		r := e.NewRecord()
		require.NoError(t, r.Set("user_id", IntValue(1)))
		require.NoError(t, r.Set("perks", v))
		return r
	}
	for _, v := range []Value{{}, TextValue(""), TextValue("a"), TextValue("a,b")} {
		r := record(v)
		item, err := e.Item(r)
		require.NoError(t, err)
		back, err := e.Record(item)
		require.NoError(t, err)
		require.True(t, back.Equal(r), "%q", v.Text())
	}
	for _, spoil := range []func(item map[string]types.AttributeValue){
		func(item map[string]types.AttributeValue) { delete(item, "set") },
		func(item map[string]types.AttributeValue) { delete(item, "text") },
		func(item map[string]types.AttributeValue) { delete(item, "typed") },
		func(item map[string]types.AttributeValue) { item["typed"] = avNull() },
		func(item map[string]types.AttributeValue) { item["typed"] = avSS("b") },
	} {
		item, err := e.Item(record(TextValue("a")))
		require.NoError(t, err)
		spoil(item)
		_, err = e.Record(item)
		require.Error(t, err)
	}
}

func TestDurationOfTime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"008:30:00": 8*time.Hour + 30*time.Minute, "-838:59:59.000": -maxTime, "000:00:00.001": time.Millisecond,
		"-000:00:00.000001": -time.Microsecond, "000:00:00": 0,
	} {
		d, ok := Value{kind: Time, text: text}.Duration()
		require.True(t, ok)
		require.Equal(t, want, d)
	}
	for _, c := range []struct {
		precision int
		d         time.Duration
		want      string
	}{
		{0, 1500 * time.Millisecond, "000:00:02"}, {0, -1500 * time.Millisecond, "-000:00:02"}, {0, -400 * time.Millisecond, "000:00:00"},
		{3, 1234567 * time.Microsecond, "000:00:01.235"}, {6, maxTime, "838:59:59.000000"}, {6, -time.Microsecond, "-000:00:00.000001"},
	} {
		got, reason := timeText(c.precision, c.d)
		require.Empty(t, reason)
		require.Equal(t, c.want, got)
	}
	for _, d := range []time.Duration{maxTime + time.Second, -maxTime - time.Second, math.MinInt64, math.MaxInt64} {
		_, reason := timeText(0, d)
		require.Equal(t, reasonTimeRange, reason)
	}
	_, ok := TextValue("008:30:00").Duration()
	require.False(t, ok)
}

// TIMEs of a key sort as durations do.
func TestTimesSort(t *testing.T) {
	before := ""
	for _, d := range []time.Duration{0, time.Second, time.Minute, 9 * time.Hour, 10 * time.Hour, 99 * time.Hour, 100 * time.Hour, maxTime} {
		text, reason := timeText(0, d)
		require.Empty(t, reason)
		require.Less(t, before, text)
		before = text
	}
}
