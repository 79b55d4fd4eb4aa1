package transform

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/crossfade-go/crossfade/transform/internal/collation"
)

const (
	reasonNotDecimal = "not a decimal number"
	reasonNotInteger = "not an integer of up to 64 bits"
	reasonNotUTF8    = "not valid UTF-8, which DynamoDB's strings are"
	reasonNull       = "NULL, and the column is NOT NULL"
)

// fault is a *ValueError about the column.
func (c Column) fault(reason string) *ValueError {
	return &ValueError{Column: c.Name, Reason: reason}
}

// Parse returns the value that MySQL's text for the column says. All columns
// are selected so that the driver returns text, with the session's time zone
// UTC: 42, 12.50, 2024-03-10 09:30:00.000000, {"a": 1}. The canonical form
// that Value.Text gives is read too, except that a Bool is 0 or 1 either way.
// The error is a *ValueError.
func (c Column) Parse(text string) (Value, error) {
	v, reason := c.parse(text)
	if reason != "" {
		return Value{}, c.fault(reason)
	}
	return v, nil
}

func (c Column) parse(text string) (Value, string) {
	switch c.Kind {
	case Int:
		return c.parseInt(text)
	case Bool:
		return parseBool(text)
	case Text:
		return c.canonText(text)
	case Bytes:
		return c.canonBytes(text), ""
	case Decimal:
		return c.parseDecimal(text)
	case Date, DateTime, Timestamp:
		return c.parseTemporal(text)
	case Time:
		s, reason := canonTime(c.Precision, text)
		return Value{kind: Time, text: s}, reason
	case Float:
		return c.parseFloat(text)
	case JSON:
		s, reason := canonicalJSON(text)
		return Value{kind: JSON, text: s}, reason
	}
	return Value{}, "the column has no kind"
}

// parseInt reads the column's integer. A YEAR is held to its range here: YEAR(2)
// has the text 24 for 2024 and for 1924.
func (c *Column) parseInt(text string) (Value, string) {
	v, reason := parseInt(text)
	if reason == "" && c.SQLType == "year" {
		reason = c.fitYear(v)
	}
	return v, reason
}

// parseInt reads an integer as MySQL writes it, the zeros of ZEROFILL included.
func parseInt(text string) (Value, string) {
	if strings.HasPrefix(text, "-") {
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil || i == 0 {
			return Value{}, reasonNotInteger
		}
		return IntValue(i), ""
	}
	u, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return Value{}, reasonNotInteger
	}
	return UintValue(u), ""
}

func parseBool(text string) (Value, string) {
	switch text {
	case "0", "false":
		return BoolValue(false), ""
	case "1", "true":
		return BoolValue(true), ""
	}
	return Value{}, "neither 0 nor 1, and the contract says BOOL"
}

// canonText takes off what MySQL doesn't keep: the trailing blanks of a CHAR,
// and of a VARCHAR those beyond its length. Labels it puts in order.
func (c Column) canonText(s string) (Value, string) {
	if !utf8.ValidString(s) {
		return Value{}, reasonNotUTF8
	}
	switch c.SQLType {
	case "enum":
		return c.canonLabel(s)
	case "set":
		return c.canonSet(s)
	case "char":
		s = strings.TrimRight(s, " ")
	case "varchar":
		if n := utf8.RuneCountInString(s) - c.Length; c.Length > 0 && n > 0 && n <= trailing(s, ' ') {
			s = s[:len(s)-n]
		}
	}
	return Value{kind: Text, text: s}, ""
}

func trailing(s string, b byte) int {
	n := 0
	for n < len(s) && s[len(s)-1-n] == b {
		n++
	}
	return n
}

// canonBytes fills a BINARY up to its length, as MySQL does.
func (c Column) canonBytes(s string) Value {
	if c.SQLType == "binary" && len(s) < c.Length {
		s += strings.Repeat("\x00", c.Length-len(s))
	}
	return Value{kind: Bytes, text: s}
}

// parseDecimal gives a decimal the column's scale. MySQL never sends more
// digits than that; if the text has some, the contract is out of date.
func (c Column) parseDecimal(text string) (Value, string) {
	n, ok := parseNumber(text)
	if !ok {
		return Value{}, reasonNotDecimal
	}
	if _, exact := n.round(c.Scale); !exact {
		return Value{}, "more digits after the point than the contract says the column has"
	}
	if n.first() > maxDecimalDigits {
		return Value{}, reasonNotDecimal
	}
	return Value{kind: Decimal, text: n.fixed(c.Scale)}, ""
}

// SQL returns the value as an argument for the MySQL driver: nil, int64,
// uint64 beyond that, float64 for Float, []byte for Bytes, and a string for the
// rest. A Bool is 0 or 1; dates and times are 'YYYY-MM-DD HH:MM:SS[.ffffff]',
// which needs a session in UTC. NULL that stands for zero dates of a NOT NULL
// column is the zero date; it and zero dates that are kept as text need a
// session whose sql_mode lacks NO_ZERO_DATE.
func (c Column) SQL(v Value) any {
	switch v.kind {
	case Null:
		return c.nullSQL()
	case Float:
		return c.floatSQL(v)
	case Time:
		return mysqlTime(v.text)
	case Int:
		if !v.neg && v.num > 1<<63-1 {
			return v.num
		}
		return int64(v.num)
	case Bool:
		return int64(v.num)
	case Bytes:
		return []byte(v.text)
	case Date, DateTime, Timestamp:
		return mysqlTemporal(v.text)
	}
	return v.text
}

func (c *Column) nullSQL() any {
	if c.Nullable || c.ZeroDates != ZeroDateNull {
		return nil
	}
	if c.Kind == Date {
		return "0000-00-00"
	}
	return "0000-00-00 00:00:00"
}

// collationPads reports whether the collation compares strings as if they had
// no trailing blanks.
func collationPads(name string) bool { return collation.Pads(name) }

// collationIsBinary reports whether strings are equal only if their bytes are,
// trailing blanks aside.
func collationIsBinary(name string) bool { return collation.IsBinary(name) }
