package transform

import (
	"strconv"
	"strings"
	"time"
)

// Kind says which of a Value's forms is in use.
type Kind uint8

// The kinds of a Value. Every kind except Null has exactly one text form for
// one value, so two values are equal exactly when they are == to each other.
const (
	Null      Kind = iota // SQL NULL; an absent attribute
	Int                   // integer, signed or unsigned, of up to 64 bits
	Bool                  // true or false
	Decimal               // exact decimal in canonical text, "-12.50": scale kept
	Text                  // character string, UTF-8
	Bytes                 // byte string
	Date                  // "2006-01-02"
	DateTime              // "2006-01-02T15:04:05[.ffffff]", a wall clock without zone
	Timestamp             // "2006-01-02T15:04:05[.ffffff]Z", a moment in UTC
	JSON                  // canonical JSON text: sorted keys, no blanks, plain numbers
	Float                 // FLOAT, DOUBLE: the shortest decimal that gives the same float, 16777216, 1.5e-30
	Time                  // TIME, a duration: "[-]HHH:MM:SS[.ffffff]"
)

var kindNames = [...]string{"null", "int", "bool", "decimal", "text", "bytes", "date", "datetime", "timestamp", "json",
	"float", "time"}

// String returns the kind's name in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// A Value is one column's content in canonical form, the same whichever store
// it was read from. Values are immutable and comparable with ==. The zero
// Value is Null.
type Value struct {
	kind Kind
	neg  bool   // Int: num holds the two's complement of a negative number
	num  uint64 // Int, Bool
	text string // every other kind
}

// IntValue returns an integer value.
func IntValue(i int64) Value { return Value{kind: Int, neg: i < 0, num: uint64(i)} }

// UintValue returns an integer value from an unsigned number.
func UintValue(u uint64) Value { return Value{kind: Int, num: u} }

// BoolValue returns a truth value.
func BoolValue(b bool) Value {
	if b {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// TextValue returns a character string.
func TextValue(s string) Value { return Value{kind: Text, text: s} }

// BytesValue returns a byte string; b is copied.
func BytesValue(b []byte) Value { return Value{kind: Bytes, text: string(b)} }

// Kind returns the value's kind.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether the value is SQL NULL.
func (v Value) IsNull() bool { return v.kind == Null }

// Int returns the integer and whether it is one that fits an int64.
func (v Value) Int() (int64, bool) {
	if v.kind != Int || (!v.neg && v.num > 1<<63-1) {
		return 0, false
	}
	return int64(v.num), true
}

// Uint returns the integer and whether it is one that fits a uint64.
func (v Value) Uint() (uint64, bool) {
	if v.kind != Int || v.neg {
		return 0, false
	}
	return v.num, true
}

// Bool returns the truth value and whether the value is one.
func (v Value) Bool() (b, ok bool) { return v.num == 1 && v.kind == Bool, v.kind == Bool }

// Text returns the canonical text of any value; NULL gives "". It is what the
// value looks like in a CSV file, and in an item where the attribute is S or N.
func (v Value) Text() string {
	switch v.kind {
	case Int:
		if v.neg {
			return strconv.FormatInt(int64(v.num), 10)
		}
		return strconv.FormatUint(v.num, 10)
	case Bool:
		if v.num == 1 {
			return "true"
		}
		return "false"
	default:
		return v.text
	}
}

// DecimalValue returns an exact decimal number from text such as "-12.50". Its
// digits after the point are kept.
func DecimalValue(text string) (Value, error) {
	n, ok := parseNumber(text)
	if !ok {
		return Value{}, &ValueError{Reason: reasonNotDecimal}
	}
	scale := 0
	if _, fraction, found := strings.Cut(text, "."); found && !strings.ContainsAny(text, "eE") {
		scale = len(fraction)
	}
	scale = max(scale, -n.exp)
	if scale > maxDecimalScale || n.first() >= maxDecimalDigits {
		return Value{}, &ValueError{Reason: "more digits than a DECIMAL can have", TooLarge: true}
	}
	return Value{kind: Decimal, text: n.fixed(scale)}, nil
}

// JSONValue returns a JSON document in canonical form; see CanonicalJSON.
func JSONValue(text []byte) (Value, error) {
	s, err := CanonicalJSON(text)
	if err != nil {
		return Value{}, err
	}
	return Value{kind: JSON, text: s}, nil
}

// Time returns the moment of a timestamp, the wall clock of a datetime as if
// it were UTC, or the midnight that begins a date, and whether the value is
// one of these. The location is UTC. A zero or partial date is none.
func (v Value) Time() (time.Time, bool) {
	layout := "2006-01-02"
	switch v.kind {
	case Date:
	case DateTime:
		layout = "2006-01-02T15:04:05"
	case Timestamp:
		layout = "2006-01-02T15:04:05Z"
	default:
		return time.Time{}, false
	}
	t, err := time.Parse(layout, v.text)
	return t, err == nil
}

// Float returns the number of a FLOAT or DOUBLE, as the float64 nearest to its
// text, and whether the value is one. Of a FLOAT that is what MySQL prints,
// 1.1 and not 1.100000023841858.
func (v Value) Float() (float64, bool) {
	if v.kind != Float {
		return 0, false
	}
	f, err := strconv.ParseFloat(v.text, 64)
	return f, err == nil
}

// Duration returns the duration of a TIME, and whether the value is one.
func (v Value) Duration() (time.Duration, bool) {
	if v.kind != Time {
		return 0, false
	}
	return durationOf(v.text), true
}

// isText reports whether the text of such values is kept as it is.
func (k Kind) isText() bool { return k != Null && k != Int && k != Bool }
