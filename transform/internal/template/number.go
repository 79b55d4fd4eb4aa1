package template

import (
	"strconv"
	"strings"
)

// Limits of numbers, in the format and in the row. A DECIMAL has 65 digits; a
// DOUBLE, which comes with an exponent, has zeros beyond that.
const (
	maxNumberFormat = 2*maxWidth + 1 // bytes
	maxDigits       = 400
)

// A Number is a number-format: zeros for digits, and a point. 0.00 writes two
// digits after the point; 0000000000 pads integers with zeros to ten digits;
// 00000.00 does both. A single zero before the point pads nothing. Numbers are
// decimal text throughout, and are never rounded: one that does not fit is an
// error of its row.
type Number struct {
	text     string
	whole    int // zeros before the point
	fraction int // zeros after it
}

// ParseNumber reads a number-format. The error is a *SyntaxError.
func ParseNumber(format string) (*Number, error) {
	fault := func(at int, reason, mend string) error {
		return &SyntaxError{What: "number-format", Text: format, Offset: at, Reason: reason, Mend: mend}
	}
	if at, reason, mend := badText(format, maxNumberFormat); reason != "" {
		return nil, fault(at, reason, mend)
	}
	n := &Number{text: format}
	whole, fraction, point := strings.Cut(format, ".")
	n.whole, n.fraction = zeros(whole), zeros(fraction)
	switch {
	case n.whole < len(whole):
		return nil, fault(n.whole, "only zeros and one point make a number-format", numberMend(format))
	case n.whole == 0:
		return nil, fault(0, "no digit before the point", "write 0"+format)
	case n.fraction < len(fraction):
		return nil, fault(len(whole)+1+n.fraction, "only zeros and one point make a number-format", numberMend(format))
	case point && n.fraction == 0:
		return nil, fault(len(whole), "no digit after the point", "leave the point out")
	case n.whole > maxWidth || n.fraction > maxWidth:
		return nil, fault(0, "a number has "+strconv.Itoa(maxWidth)+" digits at most", "")
	}
	return n, nil
}

// zeros returns the number of zeros that s begins with.
func zeros(s string) int { return len(s) - len(strings.TrimLeft(s, "0")) }

// numberMend says how a format of another language is written here.
func numberMend(format string) string {
	if strings.HasPrefix(format, "%") {
		return "write 0.00 for %.2f, and 00000 for %05d"
	}
	return "write 0.00 for two decimals, 00000 for zeros before an integer"
}

// String returns the format that ParseNumber was given.
func (n *Number) String() string { return n.text }

// Padded reports whether the texts have zeros in front, and so all the same
// length, and sort as the numbers do.
func (n *Number) Padded() bool { return n.whole > 1 }

// Reversible is true: what would not come back is not written.
func (n *Number) Reversible() (ok bool, reason string) { return true, "" }

// Refuses returns why some number of a column may not fit, "" if all do. The
// column has precision digits, scale of them after the point.
func (n *Number) Refuses(precision, scale int, signed bool) string {
	switch {
	case n.Padded() && precision-scale > n.whole:
		return "the column has numbers of " + strconv.Itoa(precision-scale) + " digits before the point, the format " + strconv.Itoa(n.whole)
	case scale > n.fraction:
		return "the column has " + strconv.Itoa(scale) + " digits after the point, the format " + strconv.Itoa(n.fraction)
	case n.Padded() && signed:
		return "the column may be negative, which a padded number is not"
	}
	return ""
}

// Format writes a decimal number, such as -12.50 or 1.5e3. The error is a
// *ValueError, and the row's.
func (n *Number) Format(text string) (string, error) {
	neg, whole, fraction, ok := decimal(text)
	switch {
	case !ok:
		return "", &ValueError{Reason: reasonNotNumber}
	case neg && n.Padded():
		return "", &ValueError{Reason: reasonNegative}
	case n.Padded() && len(whole) > n.whole:
		return "", &ValueError{Reason: reasonTooLong, TooLarge: true}
	case len(fraction) > n.fraction:
		return "", &ValueError{Reason: "the number has more digits after the point than the format", TooLarge: true}
	}
	b := make([]byte, 0, len(whole)+n.whole+n.fraction+2)
	if neg {
		b = append(b, '-')
	}
	b = appendZeros(b, n.whole-len(whole))
	b = append(b, whole...)
	if n.fraction > 0 {
		b = append(b, '.')
		b = append(b, fraction...)
		b = appendZeros(b, n.fraction-len(fraction))
	}
	return string(b), nil
}

func appendZeros(b []byte, n int) []byte {
	for range n {
		b = append(b, '0')
	}
	return b
}

// Value returns the number that is written as text, with the digits after the
// point that the format has; the column gives it back its own scale. The error
// is a *ValueError: Format never gives that text.
func (n *Number) Value(text string) (string, error) {
	neg, whole, fraction, ok := decimal(text)
	if ok {
		again, err := n.Format(text)
		ok = err == nil && again == text
	}
	if !ok {
		return "", &ValueError{Reason: "the text is not one that the number-format " + quote(n.text) + " gives"}
	}
	if whole == "" {
		whole = "0"
	}
	if n.fraction > 0 {
		whole += "." + fraction + strings.Repeat("0", n.fraction-len(fraction))
	}
	if neg {
		whole = "-" + whole
	}
	return whole, nil
}

// decimal reads a number: its digits before the point without zeros in front,
// and those after it without zeros at the end. Zero has none and no sign.
func decimal(s string) (neg bool, whole, fraction string, ok bool) {
	s, exponent, has := cutExponent(s)
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', s[1:]
	}
	whole, fraction, _ = strings.Cut(s, ".")
	if whole == "" && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return false, "", "", false
	}
	if has {
		shift, err := strconv.Atoi(exponent)
		if err != nil || shift > maxDigits || shift < -maxDigits {
			return false, "", "", false
		}
		whole, fraction = shiftPoint(whole, fraction, shift)
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" && fraction == "" {
		neg = false
	}
	return neg, whole, fraction, true
}

// cutExponent cuts 1.5e3 at the e.
func cutExponent(s string) (digits, exponent string, has bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// shiftPoint moves the point n digits to the right.
func shiftPoint(whole, fraction string, n int) (string, string) {
	if n >= 0 {
		fraction += strings.Repeat("0", max(0, n-len(fraction)))
		return whole + fraction[:n], fraction[n:]
	}
	whole = strings.Repeat("0", max(0, -n-len(whole))) + whole
	return whole[:len(whole)+n], whole[len(whole)+n:] + fraction
}
