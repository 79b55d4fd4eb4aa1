package transform

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// Value converts a Go value for the column: integers, strings, []byte, bool,
// floats for FLOAT and DOUBLE, time.Time, time.Duration for TIME, types of these
// kinds, pointers to them, and driver.Valuer; nil
// and a nil pointer are NULL. Of JSON columns a string or []byte is the
// document's text, any other type is what encoding/json makes of it. Of BIT
// columns a []byte is the bits, as it is for MySQL.
//
// The value becomes what MySQL would store: a time is rounded to the column's
// precision, a decimal to its scale, a CHAR loses its trailing blanks. Whether
// the column can hold the result is for Fit to say. The error is a
// *ValueError, which names the column, and the type it was given.
func (c Column) Value(arg any) (Value, error) {
	v, reason := c.fromGo(arg)
	if reason != "" {
		return Value{}, c.fault(reason)
	}
	return v, nil
}

func (c *Column) fromGo(arg any) (Value, string) {
	switch x := arg.(type) {
	case nil:
		return Value{}, ""
	case int:
		return c.fromInt(int64(x))
	case int64:
		return c.fromInt(x)
	case string:
		return c.fromString(x)
	case []byte:
		return c.fromBytes(x)
	case time.Time:
		return c.fromTime(x)
	case time.Duration:
		if c.Kind == Time {
			return c.fromDuration(x)
		}
	case Value:
		return c.fromValue(x)
	case driver.Valuer:
		if rv := reflect.ValueOf(x); rv.Kind() == reflect.Pointer && rv.IsNil() {
			return Value{}, ""
		}
		return c.fromValuer(x)
	}
	return c.fromReflect(reflect.ValueOf(arg))
}

// fromReflect converts by the kind of the type.
func (c *Column) fromReflect(rv reflect.Value) (Value, string) {
	switch kind := rv.Kind(); {
	case rv.CanInt():
		return c.fromInt(rv.Int())
	case rv.CanUint():
		return c.fromUint(rv.Uint())
	case rv.CanFloat() && c.Kind == Float:
		return c.fromFloat(rv.Float(), rv.Type().Bits())
	case kind == reflect.Pointer:
		if rv.IsNil() {
			return Value{}, ""
		}
		return c.fromGo(rv.Elem().Interface())
	case kind == reflect.Bool:
		return c.fromBool(rv.Bool())
	case kind == reflect.String:
		return c.fromString(rv.String())
	case kind == reflect.Slice && rv.Type().Elem().Kind() == reflect.Uint8:
		return c.fromBytes(rv.Bytes())
	case c.Kind == JSON:
		return c.fromDocument(rv.Interface())
	}
	return Value{}, c.mismatch(rv.Type().String())
}

func (c *Column) fromInt(i int64) (Value, string) {
	switch c.Kind {
	case Int:
		return IntValue(i), ""
	case Bool:
		if i == 0 || i == 1 {
			return BoolValue(i == 1), ""
		}
		return Value{}, "neither 0 nor 1, and the contract says BOOL"
	case Decimal:
		return c.roundDecimal(strconv.FormatInt(i, 10))
	case Float:
		return c.roundFloat(float64(i))
	}
	return Value{}, c.mismatch("integer")
}

func (c *Column) fromUint(u uint64) (Value, string) {
	if u <= 1<<63-1 {
		return c.fromInt(int64(u))
	}
	switch c.Kind {
	case Int:
		return UintValue(u), ""
	case Decimal:
		return c.roundDecimal(strconv.FormatUint(u, 10))
	case Float:
		return c.roundFloat(float64(u))
	}
	return Value{}, c.mismatch("unsigned integer")
}

func (c *Column) fromBool(b bool) (Value, string) {
	switch {
	case c.Kind == Bool:
		return BoolValue(b), ""
	case c.Kind == Int && b:
		return IntValue(1), ""
	case c.Kind == Int:
		return IntValue(0), ""
	}
	return Value{}, c.mismatch("bool")
}

func (c *Column) fromString(s string) (Value, string) {
	switch c.Kind {
	case Int, Bool:
		return Value{}, c.mismatch("string")
	case Decimal:
		return c.roundDecimal(s)
	case Float:
		v, reason := c.parseFloat(s)
		if f, ok := v.Float(); ok && c.Precision > 0 {
			return c.roundFloat(f)
		}
		return v, reason
	}
	return c.parse(s)
}

func (c *Column) fromBytes(b []byte) (Value, string) {
	if b == nil {
		return Value{}, ""
	}
	if c.SQLType == "bit" {
		return c.fromBits(b)
	}
	if c.Kind == Int || c.Kind == Bool {
		return Value{}, c.mismatch("[]byte")
	}
	return c.fromString(string(b))
}

func (c *Column) fromTime(t time.Time) (Value, string) {
	if c.Kind != Date && c.Kind != DateTime && c.Kind != Timestamp {
		return Value{}, c.mismatch("time.Time")
	}
	s, reason := temporalText(c.Kind, c.Precision, t)
	return Value{kind: c.Kind, text: s}, reason
}

// fromDuration makes a TIME of a duration.
func (c *Column) fromDuration(d time.Duration) (Value, string) {
	s, reason := timeText(c.Precision, d)
	return Value{kind: Time, text: s}, reason
}

// fromFloat is reached for a decimal only where a float was declared: the
// shortest decimal that gives the same float is what MySQL is sent for one.
func (c *Column) fromFloat(f float64, bits int) (Value, string) {
	if c.Kind == Float {
		return c.roundFloat(f)
	}
	return c.roundDecimal(strconv.FormatFloat(f, 'f', -1, bits))
}

// fromValue takes a value that was made for another column of the kind.
func (c *Column) fromValue(v Value) (Value, string) {
	switch v.kind {
	case Null:
		return v, ""
	case Int:
		if v.neg {
			return c.fromInt(int64(v.num))
		}
		return c.fromUint(v.num)
	case Bool:
		return c.fromBool(v.num == 1)
	case c.Kind:
		return c.fromString(v.text)
	}
	return Value{}, c.mismatch(v.kind.String())
}

// fromValuer takes what a type gives database/sql.
func (c *Column) fromValuer(x driver.Valuer) (Value, string) {
	dv, err := x.Value()
	if err != nil {
		return Value{}, fmt.Sprintf("%T can't give its value to database/sql", x)
	}
	return c.fromDriver(dv)
}

// fromDriver takes a driver.Value. Text for an integer is read, as MySQL would.
func (c *Column) fromDriver(dv any) (Value, string) {
	switch x := dv.(type) {
	case string:
		if c.Kind == Int || c.Kind == Bool {
			return c.parse(x)
		}
	case []byte:
		if x != nil && (c.Kind == Int || c.Kind == Bool) && c.SQLType != "bit" {
			return c.parse(string(x))
		}
	case driver.Valuer: // a sql.Null holds any type
		return Value{}, c.mismatch(fmt.Sprintf("%T", dv))
	}
	return c.fromGo(dv)
}

// fromDocument makes a JSON document of a Go value.
func (c *Column) fromDocument(x any) (Value, string) {
	text, err := json.Marshal(x)
	if err != nil {
		return Value{}, fmt.Sprintf("encoding/json can't encode %T", x)
	}
	return c.parse(string(text))
}

// roundDecimal gives a decimal the column's scale the way MySQL does.
func (c *Column) roundDecimal(text string) (Value, string) {
	n, ok := parseNumber(text)
	if !ok {
		return Value{}, reasonNotDecimal
	}
	n, _ = n.round(c.Scale)
	if n.first() > maxDecimalDigits {
		return Value{}, "out of the range of any DECIMAL"
	}
	return Value{kind: Decimal, text: n.fixed(c.Scale)}, ""
}

// mismatch says that a Go type is none the column is bound to.
func (c *Column) mismatch(got string) string {
	return fmt.Sprintf("takes %s, not %s", goTypes[c.Kind], got)
}

// goTypes names what a column of a kind takes, for errors.
var goTypes = [...]string{
	Null: "nothing", Int: "an integer", Bool: "a bool", Decimal: "a decimal as a string",
	Text: "a string", Bytes: "a []byte", Date: "a time.Time", DateTime: "a time.Time",
	Timestamp: "a time.Time", JSON: "a JSON document", Float: "a float64", Time: "a time.Duration",
}
