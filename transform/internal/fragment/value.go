package fragment

import (
	"errors"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// A Value is what a column holds or an expression gives: NULL, an exact number
// or a text. The zero Value is NULL. MySQL has no truth values of its own; TRUE
// is the number 1 and FALSE 0.
type Value struct {
	form form
	num  decimal.Decimal // its exponent is never positive
	text string
}

// A form is what a value is.
type form uint8

const (
	null form = iota
	numeric
	textual
)

// NullValue returns NULL.
func NullValue() Value { return Value{} }

// BoolValue returns 1 for true and 0 for false.
func BoolValue(b bool) Value {
	if b {
		return IntValue(1)
	}
	return IntValue(0)
}

// IntValue returns a whole number.
func IntValue(n int64) Value { return Value{form: numeric, num: decimal.New(n, 0)} }

// UintValue returns a whole number from 0.
func UintValue(n uint64) Value {
	return Value{form: numeric, num: decimal.NewFromBigInt(new(big.Int).SetUint64(n), 0)}
}

// TextValue returns a text, which must be valid UTF-8.
func TextValue(s string) Value { return Value{form: textual, text: s} }

// ParseNumber reads a number as MySQL writes a DECIMAL or an integer: a sign,
// digits and a point, as in -12.50. The digits after the point are kept. There
// are at most 65 digits without leading zeros, 38 of them after the point, which
// is MariaDB's limit.
func ParseNumber(s string) (Value, error) {
	unsigned := strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	whole, fraction, pointed := strings.Cut(unsigned, ".")
	switch {
	case len(unsigned) < len(s)-1, whole+fraction == "", digits(whole) < len(whole), digits(fraction) < len(fraction),
		pointed && fraction == "":
		return Value{}, errors.New("not a number with digits and at most one point")
	case len(strings.TrimLeft(whole, "0"))+len(fraction) > maxDigits, len(fraction) > maxColumnScale:
		return Value{}, errors.New("a number with more digits than a DECIMAL can have")
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return Value{}, errors.New("not a number") // its own text repeats the value
	}
	return Value{form: numeric, num: d}, nil
}

// maxColumnScale is how many digits after the point MariaDB's columns can have.
const maxColumnScale = 38

// IsNull reports whether the value is NULL.
func (v Value) IsNull() bool { return v.form == null }

// IsTrue reports whether the value is a number other than 0. It is false for
// NULL, as in a WHERE.
func (v Value) IsTrue() bool { return v.form == numeric && !v.num.IsZero() }

// Number returns the number, and whether the value is one.
func (v Value) Number() (decimal.Decimal, bool) { return v.num, v.form == numeric }

// Text returns the text, or the number as MySQL writes it, with the digits
// after the point that it has: 1.50. NULL is "". IsText tells a text apart.
func (v Value) Text() string {
	if v.form == numeric {
		return v.num.StringFixed(-v.num.Exponent())
	}
	return v.text
}

// IsText reports whether the value is a text.
func (v Value) IsText() bool { return v.form == textual }

// valid reports whether a text is one that a column can hold.
func (v Value) valid() bool { return v.form != textual || utf8.ValidString(v.text) }
