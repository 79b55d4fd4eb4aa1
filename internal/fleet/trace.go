package fleet

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Trace is what happened in a world, a line per step:
//
//	3.204518 p2 renew > dynamodb Grant p2 in 5 = ok
//
// is a request that arrived (">"), by virtual time, process, actor and
// function, with what it was answered; "<" is a reply that reached its caller,
// "!" what the scenario did, and an indented line what an actor says.
type Trace struct{ lines []string }

func (t *Trace) add(at time.Duration, line string) {
	t.lines = append(t.lines, fmt.Sprintf("%11.6f %s", at.Seconds(), line))
}

// Lines returns all of it.
func (t *Trace) Lines() []string { return t.lines }

// About returns the lines that hold one of the words, and those about the whole
// fleet: what the scenario did, and changes of marks, leases and processes.
func (t *Trace) About(words ...string) []string {
	words = append(slices.Clone(words), " ! ", "Advance", "GiveBack", "Forget", "Grant ")
	var lines []string
	for _, line := range t.lines {
		if slices.ContainsFunc(words, func(word string) bool { return strings.Contains(line, word) }) {
			lines = append(lines, line)
		}
	}
	return lines
}

// Difference returns the first line in which two traces differ, with some before
// it, "" if they are equal.
func (t *Trace) Difference(other *Trace) string {
	for i := range max(len(t.lines), len(other.lines)) {
		if i < len(t.lines) && i < len(other.lines) && t.lines[i] == other.lines[i] {
			continue
		}
		var b strings.Builder
		for _, line := range t.lines[max(0, i-12):min(i, len(t.lines))] {
			fmt.Fprintln(&b, "  "+line)
		}
		for _, side := range []struct {
			sign  string
			lines []string
		}{{"- ", t.lines}, {"+ ", other.lines}} {
			for _, line := range side.lines[min(i, len(side.lines)):min(i+3, len(side.lines))] {
				fmt.Fprintln(&b, side.sign+line)
			}
		}
		return b.String()
	}
	return ""
}
