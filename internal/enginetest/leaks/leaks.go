// Package leaks fails the tests of a package that leave goroutines:
//
//	func TestMain(m *testing.M) { leaks.Main(m) }
//
// enginetest.Main does the same once it has stopped its engines.
//
// A goroutine that is left is one that the code does not end, or one that a test has
// not: a database that it did not close has one too.
package leaks

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take to end after the last test.
const patience = 10 * time.Second

// Main runs the tests of a package, and fails if they leave goroutines.
func Main(m *testing.M) { os.Exit(Check(m.Run())) }

// Check waits until no goroutine is left but the caller's and those of the runtime. If some
// do not end within ten seconds it prints their stacks. It returns 1 then, else the code that
// it was given: after a test has failed it does not look, for that one may well have left
// something.
func Check(code int) int { return check(code, patience, os.Stderr) }

func check(code int, patience time.Duration, to io.Writer) int {
	if code != 0 {
		return code
	}
	err := find()
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); {
		err = find()
	}
	if err == nil {
		return 0
	}
	fmt.Fprintf(to, "leaks: %v after the last test: %v\n", patience, err)
	return 1
}

// find looks for about half a second. The connections that a pool of net/http holds for its
// next request are nobody's to close: a client of DynamoDB has no method for it. A request
// that is under way, or an answer that nobody has read to its end or closed, is seen all the
// same: its goroutines are in other places.
func find() error {
	return goleak.Find(
		goleak.IgnoreAnyFunction("net/http.(*persistConn).Read"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
	)
}
