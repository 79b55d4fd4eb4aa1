package attr

import "strings"

// A Number is an exact decimal as DynamoDB's N holds it: up to 38 significant
// digits, and zero or a magnitude from 1E-130 to under 1E+126 (Developer
// Guide, "Data types: number"). Equal numbers are == to each other.
type Number struct {
	digits string // no leading and no trailing zero; "" is zero
	first  int16  // the exponent of the first digit: 2 for 123, -1 for 0.5
	neg    bool
}

const (
	maxDigits = 38
	maxFirst  = 125
	minFirst  = -130
)

// The service's messages for numbers it can't take or store.
var (
	errPrecision = &ValidationError{"Attempting to store more than 38 significant digits in a Number"}
	errOverflow  = &ValidationError{"Number overflow. Attempting to store a number with magnitude larger than supported range"}
	errUnderflow = &ValidationError{"Number underflow. Attempting to store a number with magnitude smaller than supported range"}
)

// ParseNumber reads the text of a number: digits with an optional sign, point
// and exponent, and nothing around them. The error is a *ValidationError.
func ParseNumber(text string) (Number, error) {
	s := text
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	exp := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var ok bool
		if exp, ok = parseExponent(s[i+1:]); !ok {
			return Number{}, notNumeric(text)
		}
		s = s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole)+len(fraction) == 0 || !allDigits(whole) || !allDigits(fraction) {
		return Number{}, notNumeric(text)
	}
	return newNumber(neg, whole+fraction, exp-len(fraction))
}

func notNumeric(text string) error {
	const message = "The parameter cannot be converted to a numeric value"
	if text == "" {
		return Invalid(message)
	}
	return Invalid("%s: %s", message, text)
}

// exponentLimit is where exponents stop being counted: far outside the range
// of numbers, far inside that of int, however many digits come with it.
const exponentLimit = 1 << 30

// parseExponent reads an exponent with an optional sign. One that is too large
// to count is as good as the limit: its number overflows, or is zero.
func parseExponent(s string) (int, bool) {
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if s == "" || !allDigits(s) {
		return 0, false
	}
	exp := 0
	for i := range len(s) {
		exp = min(exp*10+int(s[i]-'0'), exponentLimit)
	}
	if neg {
		exp = -exp
	}
	return exp, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// newNumber returns digits × 10^exp, or the reason why it can't be stored.
func newNumber(neg bool, digits string, exp int) (Number, error) {
	digits = strings.TrimLeft(digits, "0")
	first := len(digits) + exp - 1
	digits = strings.TrimRight(digits, "0")
	switch {
	case digits == "":
		return Number{}, nil
	case len(digits) > maxDigits:
		return Number{}, errPrecision
	case first > maxFirst:
		return Number{}, errOverflow
	case first < minFirst:
		return Number{}, errUnderflow
	}
	return Number{digits: digits, first: int16(first), neg: neg}, nil
}

// Int returns a whole number. Every int64 fits.
func Int(i int64) Number {
	n, _ := ParseNumber(formatInt(i))
	return n
}

// Int64 returns the number as an int64, and whether it is one.
func (n Number) Int64() (int64, bool) {
	const most = 19 // digits of the largest int64
	if n.first >= most || int(n.first) < len(n.digits)-1 {
		return 0, n.digits == ""
	}
	return parseInt(n.String())
}

// Sign returns -1, 0 or 1.
func (n Number) Sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.neg:
		return -1
	}
	return 1
}

// Negate returns the number with its sign changed.
func (n Number) Negate() Number {
	n.neg = !n.neg && n.digits != ""
	return n
}

// Compare returns -1, 0 or 1 as n is below, equal to or above other.
func (n Number) Compare(other Number) int {
	if a, b := n.Sign(), other.Sign(); a != b {
		return sign(a - b)
	}
	order := sign(int(n.first) - int(other.first))
	if order == 0 {
		// Neither ends in zeros, so 12 is a prefix of 123 and below it.
		order = strings.Compare(n.digits, other.digits)
	}
	if n.neg {
		return -order
	}
	return order
}

func sign(i int) int { return min(max(i, -1), 1) }

// String returns the number without an exponent, however long that is: 100,
// -0.005. This is how the service gives every number back.
func (n Number) String() string {
	return string(n.appendText(make([]byte, 0, len(n.digits)+4)))
}

func (n Number) appendText(b []byte) []byte {
	if n.digits == "" {
		return append(b, '0')
	}
	if n.neg {
		b = append(b, '-')
	}
	whole := int(n.first) + 1 // digits before the point
	switch {
	case whole <= 0:
		b = appendZeros(append(b, "0."...), -whole)
		return append(b, n.digits...)
	case whole >= len(n.digits):
		b = append(b, n.digits...)
		return appendZeros(b, whole-len(n.digits))
	}
	b = append(append(b, n.digits[:whole]...), '.')
	return append(b, n.digits[whole:]...)
}

func appendZeros(b []byte, n int) []byte {
	for range n {
		b = append(b, '0')
	}
	return b
}
