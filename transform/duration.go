package transform

import (
	"fmt"
	"strings"
	"time"
)

const (
	reasonNotTime   = "not a TIME as MySQL writes them"
	reasonTimeRange = "out of the range of time, -838:59:59 to 838:59:59"
)

// maxTime is the longest TIME of MySQL (manual, "The TIME type").
const maxTime = 838*time.Hour + 59*time.Minute + 59*time.Second

// canonTime returns the canonical form of a TIME, [-]HHH:MM:SS[.ffffff], from
// MySQL's form, which has two digits for hours below 100, or from itself. It is
// a duration, so hours go to 838 and there is a sign; three digits make texts
// sort as durations do, those below zero aside.
func canonTime(precision int, text string) (canonical, reason string) {
	rest := strings.TrimPrefix(text, "-")
	hours, clock, found := strings.Cut(rest, ":")
	if !found || len(hours) < 2 || len(hours) > 3 || !allDigits(hours) || len(clock) < 5 ||
		!clockTime("00:"+clock[:5]) {
		return "", reasonNotTime
	}
	fraction, reason := canonFraction(clock[5:], precision)
	if reason == reasonBadTime {
		reason = reasonNotTime
	}
	if reason != "" {
		return "", reason
	}
	canonical = "000"[:3-len(hours)] + hours + ":" + clock[:5] + fraction
	if canonical[:9] > "838:59:59" {
		return "", reasonTimeRange
	}
	if len(rest) < len(text) && strings.Trim(canonical, "0:.") != "" {
		canonical = "-" + canonical // there is one zero
	}
	return canonical, ""
}

// mysqlTime returns a canonical TIME as MySQL writes it, hours below 100 with
// two digits.
func mysqlTime(text string) string {
	rest := strings.TrimPrefix(text, "-")
	if rest[0] != '0' {
		return text
	}
	return text[:len(text)-len(rest)] + rest[1:]
}

// timeText returns the canonical form of a duration, rounded half away from
// zero as MySQL rounds.
func timeText(precision int, d time.Duration) (text, reason string) {
	d = d.Round(time.Second / pow10[precision])
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	if d > maxTime || d < 0 {
		return "", reasonTimeRange
	}
	s := d / time.Second
	text = fmt.Sprintf("%s%03d:%02d:%02d", sign, s/3600, s/60%60, s%60)
	if precision > 0 {
		text += fmt.Sprintf(".%09d", d%time.Second)[:precision+1]
	}
	return text, ""
}

// durationOf returns the duration of a canonical TIME.
func durationOf(text string) time.Duration {
	rest := strings.TrimPrefix(text, "-")
	d := time.Duration(number4(rest[:3]))*time.Hour + time.Duration(number4(rest[4:6]))*time.Minute +
		time.Duration(number4(rest[7:9]))*time.Second
	if len(rest) > 10 {
		digits := rest[10:]
		d += time.Duration(number4(digits)) * time.Second / pow10[len(digits)]
	}
	if len(rest) < len(text) {
		return -d
	}
	return d
}

// fitTime holds a TIME to the range that both servers have: MariaDB's goes a
// fraction of a second beyond 838:59:59.
func (c *Column) fitTime(text string) string {
	canonical, reason := canonTime(c.Precision, text)
	switch {
	case reason != "":
		return reason
	case canonical != text:
		return "not in the form that the column gives it"
	}
	if d := durationOf(text); d > maxTime || d < -maxTime {
		return reasonTimeRange
	}
	return ""
}
