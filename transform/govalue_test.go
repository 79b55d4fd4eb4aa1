package transform

import (
	"database/sql/driver"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestColumnValue(t *testing.T) {
	name := "x"
	for _, c := range []struct {
		column Column
		arg    any
		want   Value
	}{
		{keyInt, uint8(5), IntValue(5)}, {keyInt, status1(3), IntValue(3)}, {keyInt, true, IntValue(1)}, {keyInt, IntValue(-4), IntValue(-4)},
		{keyInt, nil, Value{}}, {keyInt, json.Number("7"), Value{}},
		{keyUnsigned, uint64(1 << 63), UintValue(1 << 63)},
		{Column{Kind: Bool}, 1, BoolValue(true)}, {Column{Kind: Bool}, false, BoolValue(false)}, {Column{Kind: Bool}, IntValue(0), BoolValue(false)},
		{keyText, &name, TextValue("x")}, {keyText, status("y"), TextValue("y")}, {keyText, TextValue("z"), TextValue("z")}, {keyText, (*celsius)(nil), Value{}},
		{keyDecimal, 3, Value{kind: Decimal, text: "3.00"}}, {keyDecimal, "0.125", Value{kind: Decimal, text: "0.13"}},
		{keyDecimal, uint64(1 << 63), Value{kind: Decimal, text: "9223372036854775808.00"}},
		{keyDate, time.Date(2024, 1, 2, 23, 0, 0, 0, time.UTC), Value{kind: Date, text: "2024-01-02"}},
		{keyTimestamp, "2024-01-02 03:04:05.6", Value{kind: Timestamp, text: "2024-01-02T03:04:05.600Z"}},
		{Column{Kind: JSON}, map[string]int{"b": 1, "a": 2}, Value{kind: JSON, text: `{"a":2,"b":1}`}},
		{Column{Kind: JSON}, `[1.0]`, Value{kind: JSON, text: `[1]`}},
		{keyInt, driverValue{int64(9)}, IntValue(9)}, {keyInt, driverValue{"9"}, IntValue(9)}, {keyInt, driverValue{[]byte("9")}, IntValue(9)},
	} {
		v, err := c.column.Value(c.arg)
		if c.arg == json.Number("7") {
			require.EqualError(t, err, "id: takes an integer, not string")
			continue
		}
		require.NoError(t, err, "%T", c.arg)
		require.Equal(t, c.want, v)
	}
	for _, c := range []struct {
		column Column
		arg    any
	}{
		{Column{Kind: Bool}, 2}, {Column{Kind: Bool}, "1"}, {Column{Kind: Bool}, uint64(1 << 63)}, {keyText, 1.5}, {keyText, struct{}{}}, {keyText, true},
		{keyDecimal, 1.5}, {keyDecimal, "1e100"}, {keyInt, driverValue{1.5}}, {keyInt, driverValue{driverValue{}}}, {keyText, BytesValue(nil)},
		{Column{Kind: JSON}, map[string]any{"f": func() {}}}, {keyInt, []byte("1")}, {keyText, celsius{-300}},
	} {
		_, err := c.column.Value(c.arg)
		var v *ValueError
		require.ErrorAs(t, err, &v, "%T", c.arg)
	}
}

type status1 int16

// driverValue gives database/sql whatever it holds.
type driverValue struct{ v any }

func (d driverValue) Value() (driver.Value, error) { return d.v, nil }
