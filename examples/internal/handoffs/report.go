package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/crossfade-go/crossfade/dal"
)

// goal is what 99 % of the writes that meet a hand-off wait at most.
const goal = 500 * time.Millisecond

func printSetting(out io.Writer, s *site, set settings) {
	fmt.Fprintf(out, "MySQL:      %s\n", s.Engines.MySQL.Describe())
	fmt.Fprintf(out, "DynamoDB:   %s\n", s.Engines.DynamoDB.Describe())
	fmt.Fprintf(out, "data:       database %s, tables %s...\n", s.Name, s.Prefix)
	fmt.Fprintf(out, "load:       %d processes of %d workers; half of the operations read\n", set.processes, set.workers)
	fmt.Fprintf(out, "GOMAXPROCS: %d, in each process\n\n", runtime.GOMAXPROCS(0))
}

// print prints what was measured. The error is that operations failed.
func (r *result) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "saturated\tworkers\toperations/s\tms to bring the rest over\toperations/s with that\t")
	for _, p := range []dal.Phase{dal.Validate, dal.DynamoDBPrimary} {
		for _, s := range r.saturated[p] {
			fmt.Fprintf(w, "phase %d\t%d a process\t%.0f\t%s\t%.0f\t\n", p, s.workers, s.perSecond, ms(s.rested), s.sustained)
		}
	}
	w.Flush()
	fmt.Fprintf(out, "\nhalf load: %.0f operations/s wanted, %.0f reached; %.1f %% of %d began late\n\n", r.half,
		float64(r.paced.Operations)/r.took.Seconds(), 100*float64(r.paced.Late)/float64(max(r.paced.Operations, 1)), r.paced.Operations)
	fmt.Fprintln(w, "hand-off\ttimes\tmet by\tnumber\tqueued\tp50 ms\tp99 ms\tmax ms\t")
	for _, to := range directions {
		r.printWaits(w, to, "writes", true)
		r.printWaits(w, to, "reads", false)
	}
	w.Flush()
	fmt.Fprintln(out)
	r.printParts(w)
	w.Flush()
	r.printChecks(out)
	if failed := r.paced.Failed + r.before.Failed; failed > 0 {
		return fmt.Errorf("%d operations failed: %q", failed, append(r.paced.Errors, r.before.Errors...))
	}
	return nil
}

// directions are the phases that a hand-off leads to.
var directions = [...]dal.Phase{dal.DynamoDBPrimary, dal.Validate}

func direction(to dal.Phase) string {
	if to == dal.DynamoDBPrimary {
		return "3 to 4"
	}
	return "4 to 3"
}

// during returns the last hand-off that had begun when an operation ended, nil
// if none had.
func (r *result) during(o operation) *handoff {
	for i := len(r.handoffs) - 1; i >= 0; i-- {
		if r.handoffs[i].begun.Before(o.To) {
			return &r.handoffs[i]
		}
	}
	return nil
}

// waits returns how long the operations waited that met a hand-off.
func (r *result) waits(to dal.Phase, write bool) (all []time.Duration, queued int) {
	for _, o := range r.paced.Notable {
		h := r.during(o)
		if o.Write != write || !o.Met && !o.Queued || h == nil || h.to != to {
			continue
		}
		all = append(all, o.To.Sub(o.From))
		if !o.Met {
			queued++
		}
	}
	return all, queued
}

func (r *result) printWaits(w io.Writer, to dal.Phase, what string, write bool) {
	all, queued := r.waits(to, write)
	fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%s\t%s\t%s\t\n", direction(to), len(r.partsOf(to)), what, len(all), queued,
		ms(percentile(all, 50)), ms(percentile(all, 99)), ms(percentile(all, 100)))
}

func (r *result) partsOf(to dal.Phase) []handoff {
	return slices.DeleteFunc(slices.Clone(r.handoffs), func(h handoff) bool { return h.to != to })
}

// printParts prints median and longest of each part of the hand-offs.
func (r *result) printParts(w io.Writer) {
	parts := []struct {
		name string
		of   func(handoff) time.Duration
	}{
		{"closing", func(h handoff) time.Duration { return h.Closing }},
		{"leases", func(h handoff) time.Duration { return h.Leases }},
		{"drain", func(h handoff) time.Duration { return h.Drain }},
		{"last look", func(h handoff) time.Duration { return h.LastLook }},
		{"ids", func(h handoff) time.Duration { return h.IDs }},
		{"opening", func(h handoff) time.Duration { return h.Opening }},
		{"total", func(h handoff) time.Duration { return h.Total }},
		{"fleet obeys", func(h handoff) time.Duration { return h.ended.Sub(h.begun) }},
	}
	fmt.Fprint(w, "p50 / max ms\t")
	for _, p := range parts {
		fmt.Fprint(w, p.name, "\t")
	}
	fmt.Fprintln(w, "keys drained\tlooks\tsilent\tagain\t")
	for _, to := range directions {
		var all handoff
		fmt.Fprint(w, direction(to), "\t")
		for _, p := range parts {
			var took []time.Duration
			for _, h := range r.partsOf(to) {
				took = append(took, p.of(h))
			}
			fmt.Fprintf(w, "%s / %s\t", ms(percentile(took, 50)), ms(percentile(took, 100)))
		}
		for _, h := range r.partsOf(to) {
			all.Refreshed += h.Refreshed
			all.Looks += h.Looks
			all.Silent += h.Silent
			all.again += h.again
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t\n", all.Refreshed, all.Looks, all.Silent, all.again)
	}
}

// printChecks prints what shows that the waits hide nothing, and the verdict.
func (r *result) printChecks(out io.Writer) {
	var inside, outside []time.Duration
	met := 0
	for _, o := range r.paced.Notable {
		h, took := r.during(o), o.To.Sub(o.From)
		switch {
		case o.Met:
			met++
		case o.Queued || !o.Write || took <= slow:
		case h != nil && o.From.Before(h.ended):
			inside = append(inside, took)
		default:
			outside = append(outside, took)
		}
	}
	fmt.Fprintf(out, "\nwrites of more than %s ms that met no hand-off: %d beside one (longest %s ms), %d at other times (longest %s ms)\n",
		ms(slow), len(inside), ms(percentile(inside, 100)), len(outside), ms(percentile(outside, 100)))
	fmt.Fprintf(out, "operations turned away: %d seen here, %d counted by the library\n", met, r.paced.Waited)
	fmt.Fprintf(out, "operations that failed: %d of %d, and %d of %d when saturated\n", r.paced.Failed, r.paced.Operations, r.before.Failed, r.before.Operations)
	for _, to := range directions {
		all, _ := r.waits(to, true)
		verdict := "reached"
		switch {
		case len(all) == 0:
			verdict = "not measured: no write met it"
		case percentile(all, 99) > goal:
			verdict = "MISSED"
		}
		fmt.Fprintf(out, "goal, 99 %% of the writes that meet %s wait %s ms at most: %s\n", direction(to), ms(goal), verdict)
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/float64(time.Millisecond)) }

// percentile returns the smallest of the durations that at least p percent of
// them do not exceed (nearest rank), 0 of none.
func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(all))))
	return slices.Sorted(slices.Values(all))[max(rank, 1)-1]
}
