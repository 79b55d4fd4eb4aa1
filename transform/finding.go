package transform

import (
	"fmt"
	"strings"
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
