package transform

import (
	"strconv"
	"strings"
)

// A number is digits × 10^exp, exact, however it was written. digits has no
// leading and no trailing zero; zero has no digits and no sign.
type number struct {
	neg    bool
	digits string
	exp    int
}

// What DynamoDB's N can hold (Developer Guide, "Data types: number").
const (
	maxNumberDigits   = 38
	maxNumberExponent = 125  // of the first digit
	minNumberExponent = -130 // of the first digit
)

// maxExponent bounds the exponents that are read at all. MariaDB keeps a JSON
// number like 1e999999999 as it was sent; nothing here writes out its zeros.
const maxExponent = 1 << 30

// parseNumber reads -12.50e+3, with digits on at least one side of the point.
// It takes what MySQL, JSON and DynamoDB write, leading zeros and all.
func parseNumber(s string) (number, bool) {
	var n number
	if s != "" && (s[0] == '-' || s[0] == '+') {
		n.neg = s[0] == '-'
		s = s[1:]
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, ok := parseExponent(s[i+1:])
		if !ok {
			return number{}, false
		}
		n.exp, s = e, s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if whole == "" && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return number{}, false
	}
	n.exp -= len(fraction)
	if fraction != "" {
		whole += fraction
	}
	n.digits = whole
	return n.normal(), true
}

// parseExponent reads an exponent with an optional sign.
func parseExponent(s string) (int, bool) {
	e, err := strconv.Atoi(s)
	if err != nil || e > maxExponent || e < -maxExponent {
		return 0, false
	}
	return e, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// normal takes zeros off both ends of the digits.
func (n number) normal() number {
	n.digits = strings.TrimLeft(n.digits, "0")
	trimmed := strings.TrimRight(n.digits, "0")
	n.exp += len(n.digits) - len(trimmed)
	n.digits = trimmed
	if n.digits == "" {
		return number{}
	}
	return n
}

// first returns the exponent of the first digit: 2 for 123, -1 for 0.5.
func (n number) first() int { return len(n.digits) + n.exp - 1 }

// limit returns why DynamoDB's N can't hold the number, "" if it can.
func (n number) limit() string {
	switch {
	case len(n.digits) > maxNumberDigits:
		return "a number has more than 38 significant digits"
	case n.digits != "" && n.first() > maxNumberExponent:
		return "a number is 1E+126 or beyond"
	case n.digits != "" && n.first() < minNumberExponent:
		return "a number is closer to zero than 1E-130"
	}
	return ""
}

// appendPlain appends the number without an exponent: 100, -0.005. This is
// how DynamoDB gives every number back.
func (n number) appendPlain(b []byte) []byte {
	if n.digits == "" {
		return append(b, '0')
	}
	if n.neg {
		b = append(b, '-')
	}
	switch point := len(n.digits) + n.exp; {
	case n.exp >= 0:
		b = append(b, n.digits...)
		return appendZeros(b, n.exp)
	case point > 0:
		b = append(b, n.digits[:point]...)
		b = append(b, '.')
		return append(b, n.digits[point:]...)
	default:
		b = append(b, "0."...)
		b = appendZeros(b, -point)
		return append(b, n.digits...)
	}
}

func appendZeros(b []byte, n int) []byte {
	for range n {
		b = append(b, '0')
	}
	return b
}

// Canonical JSON writes a number plainly while its first digit is within these
// exponents. Beyond them it would be a page of zeros, or as many as memory has.
const (
	maxPlainExponent = 39
	minPlainExponent = -20
)

// appendJSON appends the canonical JSON form: plain where that is short, else
// one digit before the point and an exponent, 1.5e-130.
func (n number) appendJSON(b []byte) []byte {
	if f := n.first(); n.digits == "" || (f <= maxPlainExponent && f >= minPlainExponent) {
		return n.appendPlain(b)
	}
	if n.neg {
		b = append(b, '-')
	}
	b = append(b, n.digits[0])
	if len(n.digits) > 1 {
		b = append(b, '.')
		b = append(b, n.digits[1:]...)
	}
	b = append(b, 'e')
	return strconv.AppendInt(b, int64(n.first()), 10)
}

// round rounds half away from zero to scale digits after the point, as MySQL
// does when it stores an exact number (MySQL manual, "Rounding behavior"). It
// reports whether the number was already that short.
func (n number) round(scale int) (number, bool) {
	drop := -n.exp - scale
	if drop <= 0 {
		return n, true
	}
	if drop > len(n.digits) {
		return number{}, false
	}
	up := n.digits[len(n.digits)-drop] >= '5'
	n.digits, n.exp = n.digits[:len(n.digits)-drop], n.exp+drop
	if up {
		n.digits = increment(n.digits)
	}
	return n.normal(), false
}

// increment adds one to a run of decimal digits: "" gives "1", "99" "100".
func increment(digits string) string {
	b := []byte(digits)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return "1" + string(b)
}

// fixed returns the number with exactly scale digits after the point. It must
// have been rounded to that.
func (n number) fixed(scale int) string {
	b := n.appendPlain(make([]byte, 0, len(n.digits)+scale+3))
	if scale == 0 {
		return string(b)
	}
	after := max(0, -n.exp)
	if after == 0 {
		b = append(b, '.')
	}
	return string(appendZeros(b, scale-after))
}
