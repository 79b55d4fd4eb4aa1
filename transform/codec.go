package transform

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// A codec goes between a field and a column's value. Both functions return a
// reason, "" for none.
type codec struct {
	get func(c *Column, field reflect.Value) (Value, string)
	set func(c *Column, field reflect.Value, v Value) string
}

var (
	timeType        = reflect.TypeFor[time.Time]()
	durationType    = reflect.TypeFor[time.Duration]()
	marshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	nullString      = reflect.TypeFor[sql.NullString]()
	nullStringT     = reflect.TypeFor[sql.Null[string]]()
	nullFloat       = reflect.TypeFor[sql.NullFloat64]()
	nullFloat64T    = reflect.TypeFor[sql.Null[float64]]()
	nullFloat32T    = reflect.TypeFor[sql.Null[float32]]()
	scannerType     = reflect.TypeFor[sql.Scanner]()
	valuerType      = reflect.TypeFor[driver.Valuer]()
)

// holdsFloat reports whether a type of database/sql holds a float or NULL.
func holdsFloat(t reflect.Type) bool {
	return t == nullFloat || t == nullFloat64T || t == nullFloat32T
}

// scans reports whether a type talks to database/sql itself, both ways.
func scans(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(scannerType) && p.Implements(valuerType)
}

// writesText reports whether a type has a text form, both ways, as exact decimal
// types do that know nothing of database/sql.
func writesText(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(marshalerType) && p.Implements(unmarshalerType)
}

// codecFor returns the codec of a field of type t, or why there is none.
func codecFor(c *Column, t reflect.Type, float bool) (codec, string) {
	kind := t.Kind()
	temporal := c.Kind == Date || c.Kind == DateTime || c.Kind == Timestamp
	number := c.Kind == Int || c.Kind == Bool
	switch {
	case holdsFloat(t) && c.Kind == Decimal && !float:
		return codec{}, fmt.Sprintf("is a decimal, which a %s can't hold exactly; use a decimal type or a sql.NullString, or say ,float in the tag", t)
	case t == nullFloat32T && c.Kind == Float && c.floatBits() > 32:
		return codec{}, fmt.Sprintf("is a double, which a %s can't hold exactly; use a sql.NullFloat64", t)
	case scans(t):
		return codec{func(c *Column, f reflect.Value) (Value, string) { return getValuer(c, f, float) }, setScanner}, ""
	case kind == reflect.Pointer:
		return pointerCodec(c, t.Elem(), float)
	case t == timeType && temporal:
		return codec{getTime, setTime}, ""
	case t == durationType && c.Kind == Time:
		return codec{getDuration, setDuration}, ""
	case isBytes(t) && (!number || c.SQLType == "bit"):
		return codec{getBytes, setBytes}, ""
	case kind == reflect.String && !number:
		return codec{getString, setString}, ""
	case kind == reflect.Bool && (c.Kind == Int || c.Kind == Bool):
		return codec{getBool, setBool}, ""
	case isInt(kind) && takesInt(c):
		return codec{getInt, setInt}, ""
	case isUint(kind) && takesInt(c):
		return codec{getUint, setUint}, ""
	case isFloat(kind) && c.Kind == Float:
		if t.Bits() < c.floatBits() {
			return codec{}, fmt.Sprintf("is a double, which a %s can't hold exactly; use a float64", t)
		}
		return codec{getFloat, setFloat}, ""
	case isFloat(kind) && c.Kind == Decimal:
		if !float {
			return codec{}, fmt.Sprintf("is a decimal, which a %s can't hold exactly; use a string, or say ,float in the tag", t)
		}
		return codec{getFloat, setFloat}, ""
	case c.Kind == Decimal && writesText(t):
		return codec{getText, setText}, ""
	case c.Kind == JSON && isDocument(kind):
		return codec{getDocument, setDocument}, ""
	}
	return codec{}, c.mismatch(t.String())
}

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}
func isInt(k reflect.Kind) bool   { return k >= reflect.Int && k <= reflect.Int64 }
func isUint(k reflect.Kind) bool  { return k >= reflect.Uint && k <= reflect.Uint64 }
func isFloat(k reflect.Kind) bool { return k == reflect.Float32 || k == reflect.Float64 }

// takesInt reports whether every value of the column is an integer.
func takesInt(c *Column) bool {
	return c.Kind == Int || c.Kind == Bool || (c.Kind == Decimal && c.Scale == 0)
}

// isDocument reports whether encoding/json is asked about a type.
func isDocument(k reflect.Kind) bool {
	return k == reflect.Map || k == reflect.Slice || k == reflect.Array || k == reflect.Struct || k == reflect.Interface
}

// cantNull is the reason for a NULL that the field has no way to say.
func cantNull(f reflect.Value) string {
	return fmt.Sprintf("the column is NULL, which a %s can't be; use a pointer or a sql.Null type", f.Type())
}

// pointerCodec makes nil NULL. Setting makes a new value each time, so that
// two structs never share one.
func pointerCodec(c *Column, elem reflect.Type, float bool) (codec, string) {
	inner, fault := codecFor(c, elem, float)
	get := func(c *Column, f reflect.Value) (Value, string) {
		if f.IsNil() {
			return Value{}, ""
		}
		return inner.get(c, f.Elem())
	}
	set := func(c *Column, f reflect.Value, v Value) string {
		if v.IsNull() {
			f.SetZero()
			return ""
		}
		p := reflect.New(elem)
		reason := inner.set(c, p.Elem(), v)
		f.Set(p)
		return reason
	}
	return codec{get, set}, fault
}

func getInt(c *Column, f reflect.Value) (Value, string)    { return c.fromInt(f.Int()) }
func getUint(c *Column, f reflect.Value) (Value, string)   { return c.fromUint(f.Uint()) }
func getBool(c *Column, f reflect.Value) (Value, string)   { return c.fromBool(f.Bool()) }
func getString(c *Column, f reflect.Value) (Value, string) { return c.fromString(f.String()) }
func getBytes(c *Column, f reflect.Value) (Value, string)  { return c.fromBytes(f.Bytes()) }
func getFloat(c *Column, f reflect.Value) (Value, string) {
	return c.fromFloat(f.Float(), f.Type().Bits())
}
func getDuration(c *Column, f reflect.Value) (Value, string) {
	return c.fromDuration(time.Duration(f.Int()))
}

func getText(c *Column, f reflect.Value) (Value, string) {
	text, err := f.Addr().Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return Value{}, fmt.Sprintf("%s can't give its text", f.Type())
	}
	return c.fromString(string(text))
}

func setText(_ *Column, f reflect.Value, v Value) string {
	if v.IsNull() {
		return cantNull(f)
	}
	if err := f.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(v.text)); err != nil {
		return fmt.Sprintf("%s does not take the column's value", f.Type())
	}
	return ""
}

func setDuration(_ *Column, f reflect.Value, v Value) string {
	d, ok := v.Duration()
	if !ok {
		return cantNull(f)
	}
	f.SetInt(int64(d))
	return ""
}

func getTime(c *Column, f reflect.Value) (Value, string) {
	if t, ok := reflect.TypeAssert[time.Time](f); ok {
		return c.fromTime(t)
	}
	return Value{}, c.mismatch(f.Type().String())
}

// whole returns the text of an integral value.
func whole(v Value) (string, bool) {
	switch v.kind {
	case Int, Decimal:
		return v.Text(), true
	case Bool:
		return strconv.FormatUint(v.num, 10), true
	}
	return "", false
}

func setInt(_ *Column, f reflect.Value, v Value) string {
	text, ok := whole(v)
	if !ok {
		return cantNull(f)
	}
	i, err := strconv.ParseInt(text, 10, f.Type().Bits())
	if err != nil {
		return "the value does not fit " + f.Type().String()
	}
	f.SetInt(i)
	return ""
}

func setUint(_ *Column, f reflect.Value, v Value) string {
	text, ok := whole(v)
	if !ok {
		return cantNull(f)
	}
	u, err := strconv.ParseUint(text, 10, f.Type().Bits())
	if err != nil {
		return "the value does not fit " + f.Type().String()
	}
	f.SetUint(u)
	return ""
}

func setBool(_ *Column, f reflect.Value, v Value) string {
	if v.IsNull() {
		return cantNull(f)
	}
	if v.num > 1 {
		return "the value is neither 0 nor 1"
	}
	f.SetBool(v.num == 1)
	return ""
}

// driverText returns the text that the driver gives for a value.
func driverText(v Value) string {
	switch v.kind {
	case Date, DateTime, Timestamp:
		return mysqlTemporal(v.text)
	case Time:
		return mysqlTime(v.text)
	}
	return v.text
}

func setString(_ *Column, f reflect.Value, v Value) string {
	if v.IsNull() {
		return cantNull(f)
	}
	f.SetString(driverText(v))
	return ""
}

func setBytes(c *Column, f reflect.Value, v Value) string {
	if v.IsNull() {
		f.SetZero()
		return ""
	}
	if c.SQLType == "bit" {
		f.SetBytes(c.bitBytes(v))
		return ""
	}
	f.SetBytes([]byte(driverText(v)))
	return ""
}

func setTime(_ *Column, f reflect.Value, v Value) string {
	t, ok := v.Time()
	switch {
	case v.IsNull():
		return cantNull(f)
	case !ok:
		return "a zero or partial date, which a time.Time can't be"
	}
	f.Set(reflect.ValueOf(t))
	return ""
}

func setFloat(_ *Column, f reflect.Value, v Value) string {
	if v.IsNull() {
		return cantNull(f)
	}
	x, err := strconv.ParseFloat(v.text, f.Type().Bits())
	if err != nil {
		return "the value does not fit " + f.Type().String()
	}
	f.SetFloat(x)
	return ""
}

// getDocument makes JSON of the field. nil is NULL, or JSON's null where the
// column can't be NULL.
func getDocument(c *Column, f reflect.Value) (Value, string) {
	switch f.Kind() {
	case reflect.Map, reflect.Slice, reflect.Interface:
		if f.IsNil() && c.Nullable {
			return Value{}, ""
		}
	}
	return c.fromDocument(f.Interface())
}

// setDocument gives the field a document of its own: encoding/json would else
// add to what is there.
func setDocument(_ *Column, f reflect.Value, v Value) string {
	if v.IsNull() {
		switch f.Kind() {
		case reflect.Map, reflect.Slice, reflect.Interface:
			f.SetZero()
			return ""
		}
		return cantNull(f)
	}
	f.SetZero()
	d := json.NewDecoder(bytes.NewReader([]byte(v.text)))
	d.UseNumber()
	if err := d.Decode(f.Addr().Interface()); err != nil {
		// The error's text may hold values.
		return fmt.Sprintf("encoding/json can't decode the document into %s", f.Type())
	}
	return ""
}

func getValuer(c *Column, f reflect.Value, float bool) (Value, string) {
	x, err := f.Addr().Interface().(driver.Valuer).Value()
	if err != nil {
		return Value{}, fmt.Sprintf("%s can't give its value to database/sql", f.Type())
	}
	if n, ok := x.(float64); ok && float && c.Kind == Decimal {
		return c.fromFloat(n, 64)
	}
	return c.fromDriver(x)
}

// setScanner gives a scanner what the driver would: text as []byte, and times
// as time.Time, or as text where the scanner does not take that.
func setScanner(c *Column, f reflect.Value, v Value) string {
	s := f.Addr().Interface().(sql.Scanner)
	var err error
	switch v.kind {
	case Null:
		err = s.Scan(nil)
	case Int, Bool:
		if err = s.Scan(c.SQL(v)); err != nil && c.SQLType == "bit" {
			err = s.Scan(c.bitBytes(v)) // as the driver gives it
		}
	case Float:
		if f.Type() == nullString || f.Type() == nullStringT {
			err = s.Scan([]byte(v.text)) // else it would write a float its own way
			break
		}
		x, _ := v.Float()
		err = s.Scan(x)
	case Date, DateTime, Timestamp:
		err = scanTime(s, f, v)
	default:
		err = s.Scan([]byte(driverText(v)))
	}
	switch {
	case err != nil && v.kind == Null:
		return cantNull(f)
	case err != nil:
		return fmt.Sprintf("%s does not take the column's value", f.Type())
	}
	return ""
}

func scanTime(s sql.Scanner, f reflect.Value, v Value) error {
	t, ok := v.Time()
	// These would take the time, and make another text of it.
	asText := f.Type() == nullString || f.Type() == nullStringT
	if ok && !asText && s.Scan(t) == nil {
		return nil
	}
	return s.Scan([]byte(driverText(v)))
}
