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
	// harms returns what was done to its processes so far.
	harms() harm
	// meet says that a switch begins now.
	meet()
	// failed is closed, or gives an error, when the load ended by itself.
	failed() <-chan error
	// stop ends the load once every operation has its answer.
	stop() error
}

// A stage is one part of the run and what was counted in it.
type stage struct {
	sample
	Name   string
	Took   time.Duration
	Harms  harm
	Switch bool                        // it began with a change of phase or capture
	Parts  *migrationctl.HandoffReport // of the hand-off, if the authority was closed for it
}

// A drive takes the group through its stages while the load goes on.
type drive struct {
	operator *migrationctl.Operator
	traffic  traffic
	hold     time.Duration // how long each stage lasts at least
	walks    int           // how often it goes all the way
	bare     bool          // phase 5 is also bare, and a reverse backfill leads back
	harmed   bool          // processes are killed or stopped, and each stage waits until one was
	// doomed begins a step in a process that is killed inside it, nil if none is.
	doomed   func(context.Context, dal.Phase) error
	dead     int           // operators that were killed
	patience time.Duration // how long a stage waits for the first operations
	say      func(string, ...any)
	stages   []*stage
	verified []migrationctl.VerifyReport // under load
	parts    *migrationctl.HandoffReport // of the last hand-off
}

// run goes through all stages. An operation that spans a step counts in the
// stage it ends in.
func (d *drive) run(ctx context.Context) error {
	for n := range d.walks {
		for _, s := range d.walk(n > 0) {
			err := d.stage(ctx, s)
			if byContract(err) {
				d.say("  the walk ends in phase 3: %v", err)
				return nil
			}
			if err != nil {
				return fmt.Errorf("stage %s: %w", s.name, err)
			}
		}
	}
	return nil
}

func (d *drive) stage(ctx context.Context, s step) error {
	now := &stage{Name: s.name, Switch: s.switches}
	start, before := time.Now(), d.traffic.harms()
	if s.switches {
		d.traffic.meet()
	}
	d.parts = nil
	if s.do != nil {
		if err := s.do(ctx); err != nil {
			return err
		}
	}
	now.Parts = d.parts
	d.stages = append(d.stages, now)
	err := d.wait(ctx, now, s.compares, start, before)
	now.Took, now.Harms = time.Since(start), d.traffic.harms().minus(before)
	d.say("  %-10s %6s, %5d operations%s", s.name, short(now.Took), len(now.Reads)+len(now.Writes), now.Harms)
	return err
}

// wait lets the stage last as long as it should, and gathers what is counted.
func (d *drive) wait(ctx context.Context, now *stage, compares bool, start time.Time, before harm) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		d.book(now, compares)
		busy := len(now.Reads) > 0 && len(now.Writes) > 0 || time.Since(start) > d.patience
		if busy && time.Since(start) >= d.hold && (!d.harmed || d.traffic.harms() != before) {
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

// all returns what the whole run counted.
func (d *drive) all() sample {
	var s sample
	for _, st := range d.stages {
		s.add(st.sample)
	}
	return s
}
