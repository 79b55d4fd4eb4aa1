package transform

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Severity says whether a finding forbids the contract's use.
type Severity uint8

// The severities of a Finding.
const (
	Warning Severity = iota + 1 // the contract can be used; someone should know
	Error                       // the contract is not used
)

// String returns "warning" or "error".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// A Finding is one thing the check of a contract has to say.
type Finding struct {
	Severity Severity
	Pointer  string // JSON pointer (RFC 6901) into the contract: "/tables/0/pk"; "" is the whole document
	Reason   string // what is wrong
	Mend     string // what to do about it, "" where the reason says it
}

// String returns the finding in one line.
func (f Finding) String() string {
	at := f.Pointer
	if at == "" {
		at = "/"
	}
	if f.Mend == "" {
		return fmt.Sprintf("%s %s: %s", f.Severity, at, f.Reason)
	}
	return fmt.Sprintf("%s %s: %s; %s", f.Severity, at, f.Reason, f.Mend)
}

// A CheckError says that a contract cannot be used. Findings holds everything
// the check found, warnings too.
type CheckError struct {
	Findings []Finding
}

// Error returns the number of errors, then each of them in a line of its own.
func (e *CheckError) Error() string {
	var b strings.Builder
	n := 0
	for _, f := range e.Findings {
		if f.Severity == Error {
			n++
			b.WriteString("\n  ")
			b.WriteString(f.String())
		}
	}
	if n == 1 {
		return "the contract has an error:" + b.String()
	}
	return fmt.Sprintf("the contract has %d errors:%s", n, b.String())
}

// hasErrors reports whether any of the findings forbids the contract's use.
func hasErrors(fs []Finding) bool { return errorsIn(fs) > 0 }

func errorsIn(fs []Finding) int {
	n := 0
	for _, f := range fs {
		if f.Severity == Error {
			n++
		}
	}
	return n
}

// What a finding says of a contract is for reading: a name or a text is cut to
// maxQuoted bytes, and all of it to maxFinding.
const (
	maxQuoted  = 200
	maxFinding = 4000
)

// brief cuts the long words and quotations of a text.
func brief(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	var b strings.Builder
	for text != "" && b.Len() <= maxFinding {
		n := pieceEnd(text)
		piece := text[:n]
		text = text[n:]
		switch {
		case len(piece) <= maxQuoted:
			b.WriteString(piece)
		case len(piece) > 1 && piece[0] == '"' && piece[n-1] == '"':
			b.WriteString(beginning(piece, maxQuoted) + `…"`)
		default:
			b.WriteString(beginning(piece, maxQuoted) + "…")
		}
	}
	if text != "" {
		b.WriteString("…")
	}
	return b.String()
}

// pieceEnd returns where the first quotation, blank or word of a text ends.
func pieceEnd(text string) int {
	if text[0] == ' ' {
		return 1
	}
	if text[0] != '"' {
		if n := strings.IndexAny(text, ` "`); n > 0 {
			return n
		}
		return len(text)
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// beginning returns at most n bytes of a text, in whole letters.
func beginning(text string, n int) string {
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
