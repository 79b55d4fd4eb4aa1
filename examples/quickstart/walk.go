package main

import (
	"context"
	"errors"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A step is how a stage begins.
type step struct {
	name string
	do   func(context.Context) error
	// switches says that phase or capture change, which requests may meet.
	switches bool
	// compares says that reads are compared, in phase 3.
	compares bool
}

// walk is the way from 1 to 5, back to 3 and forth to 4. A second walk begins
// where the first one ended, and so goes back to 1 before.
func (d *drive) walk(again bool) []step {
	var steps []step
	if again {
		steps = append(steps, d.to("3 back", dal.Validate), d.to("2 back", dal.DualWrite), d.to("1 back", dal.MySQLOnly),
			d.capture("1 bare", d.operator.CaptureOff))
	} else {
		steps = append(steps, step{name: "1 bare"})
	}
	steps = append(steps,
		d.capture("1 captured", d.operator.CaptureOn),
		d.to("2", dal.DualWrite),
		step{name: "2 backfill", do: d.backfill(false)},
		d.to("3", dal.Validate),
		step{name: "3 verify", do: d.verify, compares: true},
		d.to("4", dal.DynamoDBPrimary),
		d.to("5", dal.DynamoDBOnly))
	if d.bare {
		steps = append(steps,
			d.capture("5 bare", d.operator.CaptureOff),
			d.capture("5 captured", d.operator.CaptureOn),
			step{name: "5 backfill", do: d.backfill(true)})
	}
	steps = append(steps,
		step{name: "5 verify", do: d.verify},
		d.to("4 again", dal.DynamoDBPrimary),
		d.to("3 again", dal.Validate))
	if d.bare { // the verify in phase 3 was of another capture
		steps = append(steps, step{name: "3 verify", do: d.verify, compares: true})
	}
	return append(steps, d.to("4 forth", dal.DynamoDBPrimary))
}

func (d *drive) to(name string, p dal.Phase) step {
	return step{name: name, switches: true, compares: p == dal.Validate, do: func(ctx context.Context) error {
		if d.doomed != nil {
			if err := d.doomed(ctx, p); err != nil {
				return err
			}
			d.dead++
		}
		return d.setPhase(ctx, p)
	}}
}

// setPhase makes a step. A killed operator may have left one that a process of
// the load finishes or gives up meanwhile.
func (d *drive) setPhase(ctx context.Context, to dal.Phase) error {
	for start := time.Now(); ; {
		err := turn(ctx, d.operator, to)
		if d.doomed == nil || !underWay(err) || time.Since(start) > patience {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// underWay reports whether a step was refused because another one is not over,
// or began at the same time.
func underWay(err error) bool {
	var refused *migrationctl.RefusedError
	if errors.As(err, &refused) {
		return len(refused.Unmet) == 1 && refused.Unmet[0].Guard == "hand-off"
	}
	return errors.Is(err, dal.ErrConflict)
}

func (d *drive) capture(name string, do func(context.Context, migrationctl.Change) error) step {
	return step{name: name, switches: true, do: func(ctx context.Context) error {
		return do(ctx, migrationctl.Change{Reason: "walk"})
	}}
}

// backfill fills the store that follows, or is to follow.
func (d *drive) backfill(reverse bool) func(context.Context) error {
	return func(ctx context.Context) error {
		var last migrationctl.BackfillReport
		err := d.operator.Backfill(ctx, migrationctl.BackfillOptions{
			Reverse: reverse,
			Report:  func(r migrationctl.BackfillReport) { last = r },
		})
		if err != nil {
			return err
		}
		d.say("  backfill: %d rows by %s, %d dead letters", last.Rows, last.Mode, last.DeadLetters)
		return nil
	}
}

// verifyTries is how often all keys are compared until one comparison finds
// each of them standing still, which the next phase needs.
const verifyTries = 20

// verify compares all keys under load. What differs must be the same difference
// at a version that stands still; keys that kept changing are only counted.
func (d *drive) verify(ctx context.Context) error {
	for try := 1; ; try++ {
		reports, err := d.operator.Verify(ctx, migrationctl.VerifyOptions{Settle: 2 * time.Second})
		if err != nil {
			return err
		}
		d.verified = append(d.verified, reports...)
		clean := true
		for _, r := range reports {
			d.say("  verify under load: %d keys, %d differences, %d still changing", r.Compared, r.Differences, r.Unsettled)
			clean = clean && r.Clean()
		}
		if clean || try == verifyTries {
			return nil
		}
	}
}

// byContract reports whether a step was refused for what the contract does not
// say: another one can go on from here, and this one has to stay.
func byContract(err error) bool {
	var refused *migrationctl.RefusedError
	if !errors.As(err, &refused) {
		return false
	}
	for _, u := range refused.Unmet {
		if u.Guard != "constraints" && u.Guard != "reversible" {
			return false
		}
	}
	return true
}
