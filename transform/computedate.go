package transform

import "time"

// A shifted value is a date or time with an interval added: date-math. It is
// what MySQL's DATE_ADD gives: months and years keep the day of the month, or
// take the last one of a month that has fewer; an hour added to a date makes a
// date and time of it.
type shifted struct {
	column int
	amount int // below zero where the contract subtracts
	unit   string
	kind   Kind // of the result
}

// maxInterval is what an INT can hold, and far more than the calendar.
const maxInterval = 1<<31 - 1

// intervalSeconds are the units of a fixed length. Months and years have none.
var intervalSeconds = map[string]int64{
	"second": 1, "minute": 60, "hour": 60 * 60, "day": 24 * 60 * 60, "week": 7 * 24 * 60 * 60,
}

// intervalMonths are the others.
var intervalMonths = map[string]int{"month": 1, "year": 12}

const (
	reasonNoCalculation = "a zero or partial date, with which nothing can be calculated"
	reasonOutOfCalendar = "a date before the year 1 or after the year 9999 comes of it"
)

func (s *shifted) inputs() []int   { return []int{s.column} }
func (s *shifted) absent() absence { return absentWithAny }

func (s *shifted) reversible() (bool, string) {
	if intervalMonths[s.unit] > 0 {
		return false, "the last days of a long month become one day of a shorter month"
	}
	return true, ""
}

func (s *shifted) value(r Record) (Value, string) {
	v, reason := r.computed(s.column)
	if v.kind == Null || reason != "" {
		return Value{}, reason
	}
	return s.shift(v, s.amount, s.kind)
}

func (s *shifted) restore(e *Entity, v Value) ([]Value, string) {
	one, reason := s.shift(v, -s.amount, e.Columns[s.column].Kind)
	return []Value{one}, reason
}

// shift adds an amount of the unit and gives the result a kind.
func (s *shifted) shift(v Value, amount int, kind Kind) (Value, string) {
	t, ok := v.Time()
	if !ok {
		return Value{}, reasonNoCalculation
	}
	if t.Year() < 1 {
		return Value{}, reasonOutOfCalendar
	}
	if months := intervalMonths[s.unit]; months > 0 {
		t = addMonths(t, int64(amount)*int64(months))
	} else {
		t = time.Unix(t.Unix()+int64(amount)*intervalSeconds[s.unit], int64(t.Nanosecond())).UTC()
	}
	if t.Year() < 1 || t.Year() > 9999 {
		return Value{}, reasonOutOfCalendar
	}
	if kind == Date {
		return Value{kind: Date, text: t.Format(time.DateOnly)}, ""
	}
	text := t.Format(timeLayouts[fractionDigits(v.text)])
	if kind == Timestamp {
		text += "Z"
	}
	return Value{kind: kind, text: text}, ""
}

// addMonths adds months and keeps the day within the month. What comes of it
// has a year beyond the calendar where it can't be.
func addMonths(t time.Time, months int64) time.Time {
	total := int64(t.Year())*12 + int64(t.Month()) - 1 + months
	if total < 12 || total >= 10000*12 {
		return time.Time{}.AddDate(-1, 0, 0)
	}
	year, month := int(total/12), int(total%12)+1
	day := min(t.Day(), daysIn(year, month))
	return time.Date(year, time.Month(month), day, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// fractionDigits returns how many digits of a second's fraction a canonical
// date or time has.
func fractionDigits(text string) int {
	const upToPoint = len("2006-01-02T15:04:05.")
	if len(text) <= upToPoint {
		return 0
	}
	n := len(text) - upToPoint
	if text[len(text)-1] == 'Z' {
		n--
	}
	return n
}
