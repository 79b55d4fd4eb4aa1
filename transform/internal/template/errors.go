package template

import "strconv"

// A SyntaxError says what is wrong with a template or format of a contract. The
// text is the contract's, so it may be shown.
type SyntaxError struct {
	What   string // "template", "number-format" or "date-format"
	Text   string // the whole of it
	Offset int    // the byte at which the fault begins, from 0
	Reason string // what is wrong
	Mend   string // what to do about it, "" where the reason says it
}

// Error returns one line: the text, the offset, the reason and the mend.
func (e *SyntaxError) Error() string {
	s := e.What + " " + quote(e.Text) + ", at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
	if e.Mend != "" {
		s += "; " + e.Mend
	}
	return s
}

// quote quotes a text of a contract, and of a very long one the beginning.
func quote(s string) string {
	const most = 100
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return strconv.Quote(s[:most]) + "…"
}

// A ValueError says why a value of a row can't be written in a template or
// format, or a text of an item can't be read by it. It never has the value.
type ValueError struct {
	Name     string // the placeholder, "" where it is the text as a whole
	Reason   string
	TooLarge bool // the value is longer than its place
}

// Error returns one line: the placeholder and the reason.
func (e *ValueError) Error() string {
	if e.Name == "" {
		return e.Reason
	}
	return "{" + e.Name + "}: " + e.Reason
}

// Reasons that several codecs share.
const (
	reasonNotUTF8   = "the value is not text in UTF-8"
	reasonNegative  = "the number is negative; padded numbers are not, for -1 would sort before -2"
	reasonTooLong   = "the number has more digits than its width"
	reasonNotNumber = "the value is not a number in plain digits"
)
