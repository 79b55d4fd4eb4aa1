package transform

import (
	"strings"
	"time"
)

// Reasons that several readers of temporal text share.
const (
	reasonZeroDate = "a zero or partial date, for which the contract names no form"
	reasonNoDay    = "no day of the calendar"
	reasonBadTime  = "not a date and time as MySQL writes them"
	reasonBadDate  = "not a date as MySQL writes it"
)

// parseTemporal reads a date or time, zero ones as the contract says.
func (c *Column) parseTemporal(text string) (Value, string) {
	s, reason := canonTemporal(c.Kind, c.Precision, c.ZeroDates == ZeroDateText, text)
	if reason == reasonZeroDate && c.ZeroDates == ZeroDateNull {
		return Value{}, ""
	}
	return Value{kind: c.Kind, text: s}, reason
}

// canonTemporal returns the canonical form of a date or time in MySQL's form,
// 'YYYY-MM-DD HH:MM:SS[.ffffff]', or already in canonical form, and the reason
// if it has none. Zeros are added or dropped to give precision fractional
// digits; a digit that is not zero is never dropped. zero says that zero and
// partial dates are dates like others.
func canonTemporal(kind Kind, precision int, zero bool, text string) (canonical, reason string) {
	if len(text) < 10 {
		return "", reasonBadDate
	}
	if reason := checkDate(text[:10]); reason != "" && !(zero && reason == reasonZeroDate) {
		return "", reason
	}
	if kind == Date {
		if len(text) != 10 {
			return "", reasonBadDate
		}
		return text, ""
	}
	rest := text[10:]
	if kind == Timestamp {
		rest = strings.TrimSuffix(rest, "Z")
	}
	if len(rest) < 9 || (rest[0] != ' ' && rest[0] != 'T') || !clockTime(rest[1:9]) {
		return "", reasonBadTime
	}
	if isCanonicalTemporal(kind, precision, text) {
		return text, ""
	}
	fraction, reason := canonFraction(rest[9:], precision)
	if reason != "" {
		return "", reason
	}
	suffix := ""
	if kind == Timestamp {
		suffix = "Z"
	}
	canonical = text[:10] + "T" + rest[1:9] + fraction + suffix
	return canonical, ""
}

// isCanonicalTemporal reports whether text, its date and time of day known to
// be right, needs no change. It is so for everything read from an item.
func isCanonicalTemporal(kind Kind, precision int, text string) bool {
	if kind == Timestamp {
		if text[len(text)-1] != 'Z' {
			return false
		}
		text = text[:len(text)-1]
	}
	if text[10] != 'T' {
		return false
	}
	if precision == 0 {
		return len(text) == 19
	}
	return len(text) == 20+precision && text[19] == '.' && allDigits(text[20:])
}

// canonFraction returns the fraction of a second with its point and exactly
// precision digits, "" for none.
func canonFraction(s string, precision int) (fraction, reason string) {
	if s != "" && (s[0] != '.' || len(s) == 1 || len(s) > 10 || !allDigits(s[1:])) {
		return "", reasonBadTime
	}
	digits := strings.TrimRight(strings.TrimPrefix(s, "."), "0")
	if len(digits) > precision {
		return "", "more fractional digits than the contract says the column has"
	}
	if precision == 0 {
		return "", ""
	}
	return "." + digits + "000000"[:precision-len(digits)], ""
}

// checkDate returns what is wrong with a date of the form YYYY-MM-DD.
func checkDate(s string) string {
	if s[4] != '-' || s[7] != '-' || !allDigits(s[:4]) || !allDigits(s[5:7]) || !allDigits(s[8:]) {
		return reasonBadDate
	}
	year, month, day := number4(s[:4]), number4(s[5:7]), number4(s[8:])
	if month == 0 || day == 0 {
		if month > 12 || day > 31 {
			return reasonNoDay
		}
		return reasonZeroDate
	}
	if month > 12 || day > daysIn(year, month) {
		return reasonNoDay
	}
	return ""
}

// number4 reads a few digits that were checked to be digits.
func number4(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// clockTime reports whether s is HH:MM:SS within a day. MySQL stores no leap
// seconds.
func clockTime(s string) bool {
	return s[2] == ':' && s[5] == ':' && allDigits(s[:2]) && allDigits(s[3:5]) && allDigits(s[6:]) &&
		number4(s[:2]) < 24 && number4(s[3:5]) < 60 && number4(s[6:]) < 60
}

// temporalText returns the canonical form of a Go time, and the reason if
// there is none. A timestamp is the moment in UTC; date and datetime are the
// wall clock of t, whatever its zone. Fractions are rounded half up, as MySQL
// rounds what it is sent (manual, "Fractional seconds in time values").
func temporalText(kind Kind, precision int, t time.Time) (text, reason string) {
	if t.IsZero() {
		return "", "the zero time.Time is no date; a pointer that is nil says NULL"
	}
	layout := "2006-01-02"
	if kind != Date {
		if kind == Timestamp {
			t = t.UTC()
		}
		t = t.Round(time.Second / pow10[precision])
		layout = timeLayouts[precision]
	}
	if y := t.Year(); y < 0 || y > 9999 {
		return "", "the year has more than four digits"
	}
	if kind == Timestamp {
		return t.Format(layout + "Z"), ""
	}
	return t.Format(layout), ""
}

var pow10 = [...]time.Duration{1, 10, 100, 1e3, 1e4, 1e5, 1e6}

var timeLayouts = [...]string{
	"2006-01-02T15:04:05",
	"2006-01-02T15:04:05.0",
	"2006-01-02T15:04:05.00",
	"2006-01-02T15:04:05.000",
	"2006-01-02T15:04:05.0000",
	"2006-01-02T15:04:05.00000",
	"2006-01-02T15:04:05.000000",
}

// mysqlTemporal returns a canonical date or time the way MySQL reads and
// writes it: a blank in place of the T, and no zone.
func mysqlTemporal(text string) string {
	if len(text) == 10 {
		return text
	}
	return text[:10] + " " + strings.TrimSuffix(text[11:], "Z")
}
