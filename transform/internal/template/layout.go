package template

import (
	"slices"
	"strconv"
	"strings"
)

// maxLayout is the limit of a date format in bytes, far above any in use.
const maxLayout = 128

// A field is a part of a date and time, in falling order of weight.
type field uint8

const (
	year field = iota
	month
	day
	hour
	minute
	second
	fraction
	fields // their number
)

var fieldNames = [fields]string{"year", "month", "day", "hour", "minute", "second", "fraction of a second"}

var tokens = [...]string{year: "YYYY", month: "MM", day: "DD", hour: "HH", minute: "mm", second: "ss"}

// A layout is a date format that was read: literals and fields of fixed width,
// so that it has one reading for a text and one text for a reading.
type layout struct {
	text   string
	pieces []layoutPiece
	digits [fields]int // of each field, 0 where it is missing
}

type layoutPiece struct {
	literal string // else a field:
	field   field
	digits  int
}

// A moment is the fields of a date and time; the fraction is in microseconds.
type moment [fields]int

func parseLayout(text string) (*layout, error) {
	l := &layout{text: text}
	if at, reason, mend := badText(text, maxLayout); reason != "" {
		return nil, l.fault(at, reason, mend)
	}
	for at := 0; at < len(text); {
		n, err := l.step(at)
		if err != nil {
			return nil, err
		}
		at += n
	}
	if l.digits == ([fields]int{}) {
		return nil, l.fault(0, "it has no token", tokenMend)
	}
	return l, nil
}

const tokenMend = "the tokens are YYYY MM DD HH mm ss and S to SSSSSS; other letters stand in [ ]"

func (l *layout) fault(at int, reason, mend string) error {
	return &SyntaxError{What: "date-format", Text: l.text, Offset: at, Reason: reason, Mend: mend}
}

// step reads a token or a piece of literal text, and returns its length.
func (l *layout) step(at int) (int, error) {
	rest := l.text[at:]
	c := rest[0]
	if c == '[' || c == '\'' {
		closing := c
		if c == '[' {
			closing = ']'
		}
		end := strings.IndexByte(rest[1:], closing)
		if end < 0 {
			return 0, l.fault(at, "literal text without its end", "close it")
		}
		l.literal(rest[1 : end+1])
		return end + 2, nil
	}
	if !asciiLetter(rune(c)) {
		l.literal(rest[:1])
		return 1, nil
	}
	run := rest[:len(rest)-len(strings.TrimLeft(rest, string(c)))]
	return len(run), l.letters(at, run)
}

// letters reads a run of one letter.
func (l *layout) letters(at int, run string) error {
	switch {
	case run == "T" || run == "Z":
		l.literal(run) // of the library's own forms
	case run[0] == 'S' && len(run) <= 6 && l.digits[fraction] > 0:
		return l.fault(at, "the fraction of a second twice", "leave one out")
	case run[0] == 'S' && len(run) <= 6:
		l.field(fraction, len(run))
	default:
		i := slices.Index(tokens[:], run)
		if i < 0 {
			return l.fault(at, strconv.Quote(run)+" is no token", tokenMend)
		}
		l.field(field(i), len(run))
	}
	return nil
}

func (l *layout) field(f field, digits int) {
	l.pieces = append(l.pieces, layoutPiece{field: f, digits: digits})
	l.digits[f] = digits
}

func (l *layout) literal(s string) {
	if n := len(l.pieces); n > 0 && l.pieces[n-1].digits == 0 {
		l.pieces[n-1].literal += s
		return
	}
	l.pieces = append(l.pieces, layoutPiece{literal: s})
}

var powers = [...]int{1, 10, 100, 1000, 10000, 100000, 1000000}

// append writes a moment. Digits of the fraction beyond the layout's are cut.
func (l *layout) append(b []byte, m *moment) []byte {
	for _, p := range l.pieces {
		if p.digits == 0 {
			b = append(b, p.literal...)
			continue
		}
		v := m[p.field]
		if p.field == fraction {
			v /= powers[6-p.digits]
		}
		for i := p.digits - 1; i >= 0; i-- {
			b = append(b, byte('0'+v/powers[i]%10))
		}
	}
	return b
}

// parse reads a text, and returns the reason if the layout never writes it.
func (l *layout) parse(text string) (m moment, reason string) {
	var seen [fields]bool
	for _, p := range l.pieces {
		if p.digits == 0 {
			rest, found := strings.CutPrefix(text, p.literal)
			if !found {
				return m, l.foreign()
			}
			text = rest
			continue
		}
		if len(text) < p.digits || !allDigits(text[:p.digits]) {
			return m, l.foreign()
		}
		v, _ := strconv.Atoi(text[:p.digits])
		if p.field == fraction {
			v *= powers[6-p.digits]
		}
		if seen[p.field] && m[p.field] != v {
			return m, l.foreign()
		}
		m[p.field], seen[p.field] = v, true
		text = text[p.digits:]
	}
	if text != "" {
		return m, l.foreign()
	}
	return m, l.check(&m)
}

func (l *layout) foreign() string { return "the text is not a date of the form " + quote(l.text) }

// check returns what is wrong with the fields that the layout has.
func (l *layout) check(m *moment) string {
	switch {
	case l.digits[month] > 0 && m[month] == 0 || l.digits[day] > 0 && m[day] == 0:
		return "a zero or partial date has no form"
	case m[month] > 12 || m[day] > l.daysIn(m):
		return "no day of the calendar"
	case m[hour] > 23 || m[minute] > 59 || m[second] > 59:
		return "no time of a day"
	}
	return ""
}

// daysIn returns the days of the month, the most it may have where the layout
// lacks the month or the year.
func (l *layout) daysIn(m *moment) int {
	switch m[month] {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y := m[year]; l.digits[year] > 0 && (y%4 != 0 || y%100 == 0 && y%400 != 0) {
			return 28
		}
		return 29
	}
	return 31
}
