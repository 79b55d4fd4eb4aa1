// Package leaks finds goroutines of this repository's code that outlive the tests of a
// package:
//
//	func TestMain(m *testing.M) { leaks.Main(m) }
//
// enginetest.Main does the same once it has stopped its engines.
package leaks

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// module is what the names of all of our functions begin with, those of the nested
// modules too.
const module = "github.com/crossfade-go/crossfade"

// patience is how long goroutines may take to end after the last test.
const patience = 10 * time.Second

// Main runs the tests of a package, and fails if they leave goroutines.
func Main(m *testing.M) { os.Exit(Check(m.Run())) }

// Check waits until no goroutine but the caller's is in our code, or was started by it. If
// some do not end within ten seconds it prints their stacks. It returns 1 then, else the
// code that it was given: after a test has failed it does not look, for that one may well
// have left something.
func Check(code int) int { return check(code, patience, os.Stderr) }

func check(code int, patience time.Duration, to io.Writer) int {
	if code != 0 {
		return code
	}
	left := ours(stacks())
	for end := time.Now().Add(patience); len(left) > 0 && time.Now().Before(end); left = ours(stacks()) {
		time.Sleep(10 * time.Millisecond)
	}
	if len(left) == 0 {
		return 0
	}
	fmt.Fprintf(to, "leaks: %d goroutines have outlived the tests by %v:\n\n%s\n", len(left), patience, strings.Join(left, "\n\n"))
	return 1
}

// stacks returns those of all goroutines, the caller's first, with a blank line between
// two.
func stacks() string {
	buffer := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			return strings.TrimSpace(string(buffer[:n]))
		}
		buffer = make([]byte, 2*len(buffer))
	}
}

// ours returns the stacks that name our code, but the first one.
func ours(all string) (left []string) {
	for _, stack := range strings.Split(all, "\n\n")[1:] {
		if strings.Contains(stack, module) {
			left = append(left, stack)
		}
	}
	return left
}
