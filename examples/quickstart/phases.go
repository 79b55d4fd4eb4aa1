package main

import (
	"context"
	"fmt"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A traffic is the load under way, wherever it runs.
type traffic interface {
	// sample returns what the load counted since the last call.
	sample() sample
	// kills returns how often its process was killed so far.
	kills() int
	// failed is closed, or gives an error, when the load ended by itself.
	failed() <-chan error
	// stop ends the load once every operation has its answer.
	stop() error
}

// A stage is one part of the run and what was counted in it.
type stage struct {
	sample
	Name  string
	Took  time.Duration
	Kills int
}

// A drive takes the group through its stages while the load goes on.
type drive struct {
	operator *migrationctl.Operator
	traffic  traffic
	hold     time.Duration // how long each stage lasts at least
	deadly   bool          // each stage also waits for a kill
	patience time.Duration // how long a stage waits for the first operations
	say      func(string, ...any)
	stages   []*stage
	verified []migrationctl.VerifyReport // under load
}

// A step is how a stage begins.
type step struct {
	name string
	do   func(context.Context) error
	// compares says that reads are compared, in phase 3.
	compares bool
}

func (d *drive) steps() []step {
	because := func(reason string) migrationctl.Change { return migrationctl.Change{Who: "quickstart", Reason: reason} }
	to := func(p dal.Phase, reason string) func(context.Context) error {
		return func(ctx context.Context) error { return d.operator.SetPhase(ctx, p, because(reason)) }
	}
	return []step{
		{name: "1 bare"},
		{name: "1 captured", do: func(ctx context.Context) error { return d.operator.CaptureOn(ctx, because("begin")) }},
		{name: "2", do: to(dal.DualWrite, "begin")},
		{name: "2 backfill", do: d.backfill},
		{name: "3", do: to(dal.Validate, "compare"), compares: true},
		{name: "3 verify", do: d.verify, compares: true},
		{name: "2 again", do: to(dal.DualWrite, "there is a way back")},
		{name: "3 again", do: to(dal.Validate, "compare again"), compares: true},
	}
}

// run goes through all stages. An operation that spans a step counts in the
// stage it ends in.
func (d *drive) run(ctx context.Context) error {
	for _, s := range d.steps() {
		if err := d.stage(ctx, s); err != nil {
			return fmt.Errorf("stage %s: %w", s.name, err)
		}
	}
	return nil
}

func (d *drive) stage(ctx context.Context, s step) error {
	now := &stage{Name: s.name}
	d.stages = append(d.stages, now)
	start, killed := time.Now(), d.traffic.kills()
	if s.do != nil {
		if err := s.do(ctx); err != nil {
			return err
		}
	}
	err := d.wait(ctx, now, s.compares, start, killed)
	now.Took, now.Kills = time.Since(start), d.traffic.kills()-killed
	d.say("  %-10s %6s, %5d operations%s", s.name, short(now.Took), len(now.Reads)+len(now.Writes), killedText(now.Kills))
	return err
}

func killedText(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", killed once"
	}
	return fmt.Sprintf(", killed %d times", n)
}

// wait lets the stage last as long as it should, and gathers what is counted.
func (d *drive) wait(ctx context.Context, now *stage, compares bool, start time.Time, killed int) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		d.book(now, compares)
		busy := len(now.Reads) > 0 && len(now.Writes) > 0 || time.Since(start) > d.patience
		if busy && time.Since(start) >= d.hold && (!d.deadly || d.traffic.kills() > killed) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-d.traffic.failed():
			return fmt.Errorf("the load ended: %w", err)
		case <-tick.C:
		}
	}
}

// book gives the stage what was counted. Comparisons are made beside the
// reads, so that some end after the stage: those go to the last that compared.
func (d *drive) book(now *stage, compares bool) {
	s := d.traffic.sample()
	if compares {
		now.add(s)
		return
	}
	late := sample{Compared: s.Compared, Mismatches: s.Mismatches, Unsettled: s.Unsettled, Dropped: s.Dropped}
	s.Compared, s.Mismatches, s.Unsettled, s.Dropped = 0, 0, 0, 0
	now.add(s)
	d.late(late)
}

// late gives comparisons to the last stage that made any.
func (d *drive) late(s sample) {
	for i := len(d.stages) - 1; i >= 0; i-- {
		if d.stages[i].Compared > 0 {
			d.stages[i].add(s)
			return
		}
	}
}

func (d *drive) backfill(ctx context.Context) error {
	var last migrationctl.BackfillReport
	err := d.operator.Backfill(ctx, migrationctl.BackfillOptions{
		Report: func(r migrationctl.BackfillReport) { last = r },
	})
	if err != nil {
		return err
	}
	d.say("  backfill: %d rows by %s, %d dead letters", last.Rows, last.Mode, last.DeadLetters)
	return nil
}

// verify compares all keys under load. What differs must be the same difference
// at a version that stands still; keys that kept changing are only counted.
func (d *drive) verify(ctx context.Context) error {
	reports, err := d.operator.Verify(ctx, migrationctl.VerifyOptions{})
	if err != nil {
		return err
	}
	d.verified = reports
	for _, r := range reports {
		d.say("  verify under load: %d keys, %d differences, %d still changing", r.Compared, r.Differences, r.Unsettled)
	}
	return nil
}

// all returns what the whole run counted.
func (d *drive) all() sample {
	var s sample
	for _, st := range d.stages {
		s.add(st.sample)
	}
	return s
}
