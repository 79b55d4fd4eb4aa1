package transform

import (
	"fmt"
	"math"
	"strconv"
)

const (
	reasonNotFloat   = "not a number as MySQL writes floating point numbers"
	reasonFloatRange = "not a finite number within the range of the column's type"
)

// floatBits returns how wide the column's numbers are, 32 or 64.
func (c *Column) floatBits() int {
	if c.SQLType == "float" {
		return 32
	}
	return 64
}

// parseFloat reads a number and gives it the column's width. Whatever digits a
// read path gives, the 1.1 of MySQL's own text for a FLOAT, the 1.100000023841858
// of the same value as a DOUBLE, the canonical form is the same; only text with
// too few digits is another value, and so a FLOAT is never read as it is.
func (c *Column) parseFloat(text string) (Value, string) {
	// The grammar of strconv has more in it: infinities, hexadecimal.
	if _, ok := parseNumber(text); !ok {
		return Value{}, reasonNotFloat
	}
	bits := c.floatBits()
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return Value{}, reasonFloatRange
	}
	return Value{kind: Float, text: floatText(f, bits)}, ""
}

// floatText returns the canonical text of a float: the fewest digits that give
// it back, written as canonical JSON writes numbers. -0 is 0: the two are equal
// in MySQL, and DynamoDB has one zero.
func floatText(f float64, bits int) string {
	var array [32]byte
	b := strconv.AppendFloat(array[:0], f, 'e', -1, bits)
	n, ok := parseNumber(string(b))
	if !ok {
		return "0" // not reached: f is finite
	}
	return string(n.appendJSON(nil))
}

// roundFloat makes a value of a Go float: of a column's width, and rounded where
// the declaration is FLOAT(7,2).
func (c *Column) roundFloat(f float64) (Value, string) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}, reasonFloatRange
	}
	if c.Precision > 0 {
		whole := math.Floor(f)
		scale := math.Pow10(c.Scale)
		f = math.RoundToEven((f-whole)*scale)/scale + whole
	}
	if c.floatBits() == 32 && math.IsInf(float64(float32(f)), 0) {
		return Value{}, reasonFloatRange
	}
	return Value{kind: Float, text: floatText(f, c.floatBits())}, ""
}

// floatSQL returns the number for the driver, exactly: a FLOAT's 1.1 is
// 1.100000023841858, or a comparison with the column would fail.
func (c *Column) floatSQL(v Value) any {
	f, err := strconv.ParseFloat(v.text, c.floatBits())
	if err != nil {
		return v.text // not reached: the text is canonical
	}
	return f
}

// fitFloat checks range, sign and the digits of FLOAT(7,2).
func (c *Column) fitFloat(text string) string {
	again, reason := c.parseFloat(text)
	if reason != "" {
		return reason
	}
	n, _ := parseNumber(text)
	if again.text != text {
		return "not in the form that the column gives it"
	}
	if c.Unsigned && n.neg {
		return "out of the range of " + c.typeName()
	}
	if c.Precision == 0 || n.digits == "" {
		return ""
	}
	if n.first() >= c.Precision-c.Scale {
		return "out of the range of " + c.typeName()
	}
	// Above 2^24 or 2^53 a float has no digits to round.
	if _, exact := n.round(c.Scale); !exact {
		return fmt.Sprintf("more than %d digits after the point", c.Scale)
	}
	return ""
}

// decodeFloat reads an N that Item wrote, or that DynamoDB made of it.
func (c *Column) decodeFloat(s string) (Value, string) {
	v, reason := c.parseFloat(s)
	if reason != "" {
		return Value{}, reason
	}
	was, _ := parseNumber(s)
	if is, _ := parseNumber(v.text); is != was {
		return Value{}, "has more digits than tell one " + c.SQLType + " from another"
	}
	return v, ""
}
