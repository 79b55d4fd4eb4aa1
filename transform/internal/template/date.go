package template

import "strings"

// A Date is a date-format: it reads dates and times in one form and writes them
// in another. The tokens of both are YYYY MM DD HH mm ss and S to SSSSSS for a
// fraction of a second. T and Z stand for themselves, as does all that is no
// letter; other literal text stands in [ ] or ' '.
type Date struct {
	from, to *layout
}

// DateForm is the form of a DATE column in an item, as a source of a Date.
func DateForm() string { return "YYYY-MM-DD" }

// DateTimeForm is the form of a DATETIME column with 0 to 6 digits of a
// fraction of a second. It has no zone.
func DateTimeForm(digits int) string { return "YYYY-MM-DDTHH:mm:ss" + fractionForm(digits) }

// TimestampForm is the form of a TIMESTAMP column: DateTimeForm with the Z of
// UTC.
func TimestampForm(digits int) string { return DateTimeForm(digits) + "Z" }

func fractionForm(digits int) string {
	if digits <= 0 {
		return ""
	}
	return "." + strings.Repeat("S", min(digits, 6))
}

// ParseDate reads a date-format and the form of its source: the contract's
// source_format for a column of text, else one of the forms above. A time of
// day that the source lacks is midnight; a date that it lacks is an error. The
// error is a *SyntaxError.
func ParseDate(format, source string) (*Date, error) {
	to, err := parseLayout(format)
	if err != nil {
		return nil, err
	}
	from, err := parseLayout(source)
	if err != nil {
		return nil, err
	}
	for f := year; f <= day; f++ {
		if to.digits[f] > 0 && from.digits[f] == 0 {
			return nil, to.fault(strings.Index(format, tokens[f]), "the source, "+quote(source)+", has no "+fieldNames[f], "leave "+tokens[f]+" out")
		}
	}
	return &Date{from: from, to: to}, nil
}

// String returns the format that ParseDate was given.
func (d *Date) String() string { return d.to.text }

// Format writes a date that is in the source's form. What the format has no
// token for is left out, and digits of a fraction are cut, not rounded. The
// error is a *ValueError, and the row's.
func (d *Date) Format(text string) (string, error) {
	m, reason := d.from.parse(text)
	if reason != "" {
		return "", &ValueError{Reason: reason}
	}
	var array [48]byte
	return string(d.to.append(array[:0], &m)), nil
}

// Value returns the date in the source's form. The error is a *ValueError: the
// format is not Reversible, or never gives that text.
func (d *Date) Value(text string) (string, error) {
	if ok, reason := d.Reversible(); !ok {
		return "", &ValueError{Reason: reason}
	}
	m, reason := d.to.parse(text)
	if reason != "" {
		return "", &ValueError{Reason: reason}
	}
	var array [48]byte
	b := d.from.append(array[:0], &m)
	// A time that the source has no token for is never other than midnight.
	if again, reason := d.from.parse(string(b)); reason != "" || again != m {
		return "", &ValueError{Reason: d.to.foreign()}
	}
	return string(b), nil
}

// Reversible reports whether the format keeps every digit that the source has,
// and which it loses.
func (d *Date) Reversible() (ok bool, reason string) {
	for f := range fields {
		switch want, have := d.from.digits[f], d.to.digits[f]; {
		case have == 0 && want > 0:
			return false, "the format has no " + fieldNames[f] + ", which the source, " + quote(d.from.text) + ", has"
		case have < want:
			return false, "the format has fewer digits of the " + fieldNames[f] + " than the source, " + quote(d.from.text)
		}
	}
	return true, ""
}

// Sorts reports whether the texts sort as the times do: the tokens go from the
// year down and leave none out between.
func (d *Date) Sorts() bool {
	next := year
	for _, p := range d.to.pieces {
		switch {
		case p.digits == 0 || p.field < next:
			// What is written again is the same already.
		case p.field == next:
			next++
		default:
			return false
		}
	}
	return next > year
}
