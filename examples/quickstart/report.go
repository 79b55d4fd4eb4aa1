package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/crossfade-go/crossfade/migrationctl"
)

// shown is how many wrong keys of one verdict are named.
const shown = 5

// short prints a duration with two or three digits.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// printStages prints a line for each stage.
func printStages(w io.Writer, stages []*stage) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "phase\tseconds\treads\tp50\tp99\twrites\tp50\tp99\tcompared\tmismatches\t")
	for _, s := range stages {
		compared, mismatches := "-", "-"
		if s.Compared > 0 || strings.HasPrefix(s.Name, "3") {
			compared, mismatches = fmt.Sprint(s.Compared), fmt.Sprint(s.Mismatches)
		}
		fmt.Fprintf(t, "%s\t%.1f\t%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t\n", s.Name, s.Took.Seconds(),
			len(s.Reads), short(percentile(s.Reads, 50)), short(percentile(s.Reads, 99)),
			len(s.Writes), short(percentile(s.Writes, 50)), short(percentile(s.Writes, 99)),
			compared, mismatches)
	}
	t.Flush()
}

// printVerdicts prints the reckoning and returns how many lines of it failed.
func printVerdicts(w io.Writer, verdicts []verdict) (failed int) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range verdicts {
		mark := "ok"
		if v.count() > 0 {
			mark = "FAILED"
			failed++
		}
		fmt.Fprintf(t, "  %s\t%d of %d\t%s\n", v.What, v.count(), v.Of, mark)
	}
	t.Flush()
	for _, v := range verdicts {
		for i, line := range v.Wrong {
			if i == shown {
				fmt.Fprintf(w, "  %s: and %d more\n", v.What, v.count()-shown)
				break
			}
			fmt.Fprintf(w, "  %s: %s\n", v.What, line)
		}
	}
	return failed
}

// printSwitches prints a line for each change of phase or capture: how many
// requests met it, how long it held them up, how many failed until the next
// stage began, and the parts of the hand-off where the authority was closed.
func printSwitches(w io.Writer, stages []*stage) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "switch to\twaited\tp50\tp99\tmax\tfailed\tclosing\tleases\tdrain\tlast look\tids\topening\tclosed for\t")
	for _, s := range stages {
		if !s.Switch {
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%d\t%s\t\n", s.Name, len(s.Waits), short(percentile(s.Waits, 50)),
			short(percentile(s.Waits, 99)), short(percentile(s.Waits, 100)), len(s.Failed), strings.Join(handoffParts(s.Parts), "\t"))
	}
	t.Flush()
}

// handoffParts returns what a hand-off took. Requests wait from the end of
// closing to the end of opening.
func handoffParts(r *migrationctl.HandoffReport) []string {
	if r == nil {
		return []string{"-", "-", "-", "-", "-", "-", "-"}
	}
	var texts []string
	for _, d := range []time.Duration{r.Closing, r.Leases, r.Drain, r.LastLook, r.IDs, r.Opening, r.Total - r.Closing} {
		texts = append(texts, short(d))
	}
	return texts
}
