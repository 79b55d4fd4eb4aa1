package transform

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Fit returns nil if the column can hold the value, and a *ValueError that
// says which rule it breaks otherwise: kind, NULL, range, length in
// characters or bytes, characters outside the column's character set, digits.
// MySQL in strict mode refuses the same values, or rounds them. A store that
// is not MySQL would take them, and MySQL could never follow.
func (c Column) Fit(v Value) error {
	if reason := c.fit(v); reason != "" {
		return c.fault(reason)
	}
	return nil
}

// Fit returns nil if every column can hold its value, else the first fault,
// a *ValueError. A record has none of a computed column's.
func (r Record) Fit() error {
	for i := range r.entity.Columns {
		if r.entity.Columns[i].IsComputed() {
			continue
		}
		if reason := r.entity.Columns[i].fit(r.values[i]); reason != "" {
			return r.entity.fault(i, reason)
		}
	}
	return r.entity.FitChildren(r)
}

// FitChildren is Fit for the rows of other tables that are part of the record: each
// column can hold its value, and no two rows have one key or one unique value. The
// ids that a store assigns may be missing.
func (e *Entity) FitChildren(r Record) error {
	for _, ch := range e.children {
		if reason := ch.fitRows(r); reason != "" {
			return e.fault(ch.List, reason)
		}
	}
	return nil
}

func (c *Column) fit(v Value) string {
	if v.kind == Null {
		if c.mayBeNull() {
			return ""
		}
		return reasonNull
	}
	if v.kind != c.Kind {
		return fmt.Sprintf("is of kind %s, and the column of kind %s", v.kind, c.Kind)
	}
	switch c.Kind {
	case Int:
		return c.fitInt(v)
	case Decimal:
		return c.fitDecimal(v.text)
	case Text:
		return c.fitText(v.text)
	case Bytes:
		return c.fitBytes(v.text)
	case Timestamp:
		return c.fitTimestamp(v.text)
	case Date, DateTime:
		return c.fitTemporal(v.text)
	case Time:
		return c.fitTime(v.text)
	case Float:
		return c.fitFloat(v.text)
	}
	return ""
}

// mayBeNull reports whether a record may have NULL there: where the column may,
// and where NULL stands for zero dates.
func (c *Column) mayBeNull() bool { return c.Nullable || c.ZeroDates == ZeroDateNull }

func (c *Column) fitInt(v Value) string {
	switch c.SQLType {
	case "bit":
		return c.fitBit(v)
	case "year":
		return c.fitYear(v)
	}
	bits := sqlTypes[c.SQLType].bits
	if bits == 0 {
		bits = 64
	}
	fits := false
	if c.Unsigned {
		fits = !v.neg && v.num <= math.MaxUint64>>(64-bits)
	} else {
		i, ok := v.Int()
		highest := int64(math.MaxInt64) >> (64 - bits)
		fits = ok && i <= highest && i >= -highest-1
	}
	if fits {
		return ""
	}
	return "out of the range of " + c.typeName()
}

func (c *Column) fitDecimal(text string) string {
	n, ok := parseNumber(text)
	if !ok {
		return reasonNotDecimal
	}
	if _, exact := n.round(c.Scale); !exact {
		return fmt.Sprintf("more than %d digits after the point", c.Scale)
	}
	if n.digits != "" && n.first() >= c.Precision-c.Scale {
		return "out of the range of " + c.typeName()
	}
	if c.Unsigned && n.neg {
		return "out of the range of " + c.typeName()
	}
	return ""
}

func (c *Column) fitText(s string) string {
	if !utf8.ValidString(s) {
		return reasonNotUTF8
	}
	if c.isLabelled() {
		return c.fitLabels(s)
	}
	if c.Length > 0 && len(s) > c.Length && utf8.RuneCountInString(s) > c.Length {
		return fmt.Sprintf("longer than %d characters", c.Length)
	}
	if limit := sqlTypes[c.SQLType].bytes; limit > 0 && len(s) > limit {
		return fmt.Sprintf("longer than the %d bytes of %s", limit, c.SQLType)
	}
	return fitCharset(c.Collation, s)
}

func (c *Column) fitBytes(s string) string {
	limit := c.Length
	if limit == 0 {
		limit = sqlTypes[c.SQLType].bytes
	}
	if limit > 0 && len(s) > limit {
		return fmt.Sprintf("longer than %d bytes", limit)
	}
	return ""
}

// The range of TIMESTAMP in MySQL and in MariaDB before 11.5.
const (
	zeroTimestamp = "0000-00-00T00:00:00"

	minTimestamp = "1970-01-01T00:00:01"
	maxTimestamp = "2038-01-19T03:14:07"
)

func (c *Column) fitTimestamp(text string) string {
	if reason := c.fitTemporal(text); reason != "" {
		return reason
	}
	// To the second: "07Z" would sort after "07.999999Z". The zero timestamp is
	// there whatever the range, and no partial one.
	s := text[:19]
	if s != zeroTimestamp && (s < minTimestamp || s > maxTimestamp || checkDate(s[:10]) != "") {
		return "out of the range of timestamp, 1970-01-01 00:00:01 to 2038-01-19 03:14:07 UTC"
	}
	return ""
}

func (c *Column) fitTemporal(text string) string {
	_, reason := canonTemporal(c.Kind, c.Precision, c.ZeroDates == ZeroDateText, text)
	return reason
}

// typeName returns the type as a declaration has it: "decimal(10,2) unsigned".
func (c *Column) typeName() string {
	s := c.SQLType
	switch sqlTypes[c.SQLType].want {
	case labels:
		s += "('" + strings.Join(c.Labels, "','") + "')"
	case optDigits:
		if c.Precision > 0 {
			s = fmt.Sprintf("%s(%d,%d)", s, c.Precision, c.Scale)
		}
	case digits:
		s = fmt.Sprintf("%s(%d,%d)", s, c.Precision, c.Scale)
	case fraction:
		if c.Precision > 0 {
			s = fmt.Sprintf("%s(%d)", s, c.Precision)
		}
	case optLength, mustLength:
		if c.Length > 0 {
			s = fmt.Sprintf("%s(%d)", s, c.Length)
		}
	}
	if c.Unsigned {
		s += " unsigned"
	}
	return s
}

// fitCharset checks the characters against the character set that the
// collation's name begins with. Sets it does not know pass: the check of the
// contract warns of them.
func fitCharset(collation, s string) string {
	charset, _, _ := strings.Cut(collation, "_")
	holds := charsets[charset]
	if holds == nil {
		return ""
	}
	for _, r := range s {
		if !holds(r) {
			return "has a character outside the character set " + charset
		}
	}
	return ""
}

// charsets tells for a character set which characters it has; nil is all of
// Unicode.
var charsets = map[string]func(rune) bool{
	"utf8mb4": nil, "utf16": nil, "utf16le": nil, "utf32": nil, "binary": nil,
	"utf8": inBMP, "utf8mb3": inBMP, "ucs2": inBMP,
	"ascii":  func(r rune) bool { return r < 0x80 },
	"latin1": inLatin1,
}

func inBMP(r rune) bool { return r <= 0xFFFF }

// inLatin1 knows MySQL's latin1, which is Windows-1252 with its five holes
// filled by control characters.
func inLatin1(r rune) bool {
	return r < 0x80 || (r >= 0xA0 && r <= 0xFF) ||
		strings.ContainsRune("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ\u0081\u008d\u008f\u0090\u009d", r)
}
