package fragment

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// An Error says why a fragment is not in the language, can't be resolved or
// compiled, or has no value for a row. It quotes the fragment, which is text of
// the contract, and never a value.
type Error struct {
	Fragment string // as it was written
	Column   int    // 1-based, in characters; 0 where it concerns the whole
	Reason   string
}

// maxQuoted is how many characters of a fragment an error repeats. A contract
// is somebody's file: what it holds by the kilobyte must not fill a terminal.
const maxQuoted = 160

// Error returns one line: the fragment, the column and the reason.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("fragment ")
	b.WriteString(quote(e.Fragment))
	if e.Column > 0 {
		b.WriteString(", column ")
		b.WriteString(strconv.Itoa(e.Column))
	}
	b.WriteString(": ")
	b.WriteString(e.Reason)
	return b.String()
}

// quote returns text as a Go string literal, so that control characters and
// line ends can't disguise what the error is about.
func quote(text string) string {
	if utf8.RuneCountInString(text) <= maxQuoted {
		return strconv.Quote(text)
	}
	n := 0
	for i := range text {
		if n == maxQuoted {
			return strconv.Quote(text[:i]) + "…"
		}
		n++
	}
	return strconv.Quote(text)
}

// What an error about an unexpected word or sign says is possible.
const (
	allowedOperators = "= <> < > <= >= AND OR NOT IS [NOT] NULL [NOT] IN (…) + - * /"
	allowedFunctions = "CONCAT CONCAT_WS COALESCE LOWER UPPER TRIM SUBSTRING CAST IF"
	allowedOperands  = "a column (c, t.c, `c`), a 'text', a number, NULL, TRUE, FALSE, a function (" + allowedFunctions + ") or parentheses"
	allowedTypes     = "CHAR, SIGNED, UNSIGNED and DECIMAL(digits, scale)"
)
