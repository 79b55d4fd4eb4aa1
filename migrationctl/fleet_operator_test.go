package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/fleet"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// An operatorActor walks through the phases.
type operatorActor struct {
	*play
	*migrationctl.Operator
	process *fleet.Process
	rng     *rand.Rand
}

func (p *play) newOperator(process *fleet.Process) *operatorActor {
	op, err := migrationctl.NewOperator(process.Store(p.mysql), process.Store(p.dynamo), p.options(process))
	if err != nil {
		panic(err)
	}
	return &operatorActor{play: p, Operator: op, process: process, rng: p.world.Rand(process.Name())}
}

// startOperator starts the operator for the n-th time.
func (p *play) startOperator(n int) {
	p.operator = p.world.Process(fmt.Sprintf("op.%d", n), 0)
	o := p.newOperator(p.operator)
	p.working.Add(1)
	p.operator.Go("walk", func(ctx context.Context) {
		if o.walk(ctx); o.process.Alive() {
			p.working.Add(-1)
		}
	})
}

// walk makes one step after the other, each one that the phase allows.
func (o *operatorActor) walk(ctx context.Context) {
	for o.pause(ctx) == nil && !o.idle.Load() {
		limited, cancel := context.WithTimeout(ctx, 30*time.Second)
		err := o.step(limited)
		cancel()
		if err == nil {
			continue
		}
		if errors.Is(err, fleet.ErrOver) {
			return
		}
		o.world.Note(o.process, "walk", "failed: "+err.Error())
		var refused *migrationctl.RefusedError
		if o.calm() && !errors.As(err, &refused) {
			o.fault("a step failed, and nothing is wrong: %v", err)
		}
	}
}

// pause waits until it is time for the next step.
func (o *operatorActor) pause(ctx context.Context) error {
	if !o.profile.ambush {
		return o.process.Sleep(ctx, between(o.rng, 100*time.Millisecond, 1500*time.Millisecond))
	}
	for range o.rng.IntN(100) {
		if err := o.process.Sleep(ctx, 50*time.Millisecond); err != nil || o.hurry.Load() || o.idle.Load() {
			return err
		}
	}
	return nil
}

// step makes a step that the phase allows, with what it needs.
func (o *operatorActor) step(ctx context.Context) error {
	why := migrationctl.Change{Reason: "walk"}
	if o.lost.Load() && o.abandoned.Load() == 0 {
		if r, err := o.play.mysql.Phase(context.Background()); err == nil && r.Phase == store.DynamoDBPrimary && r.State == store.GivenAway {
			return o.Abandon(ctx, migrationctl.Change{Reason: "walk", Force: true})
		}
	}
	r, err := o.Phase(ctx)
	if err != nil {
		return err
	}
	often := o.rng.IntN(4) > 0 || o.hurry.Swap(false)
	to := store.Phase(0)
	switch r.Phase {
	case store.MySQLOnly:
		switch {
		case !r.Capture:
			err = o.CaptureOn(ctx, why)
		case often:
			to = store.DualWrite
		default:
			err = o.CaptureOff(ctx, why)
		}
	case store.DualWrite:
		if to = store.MySQLOnly; often {
			to = store.Validate
			err = o.Backfill(ctx, migrationctl.BackfillOptions{Workers: 1})
		}
	case store.Validate:
		if to = store.DualWrite; often {
			to = store.DynamoDBPrimary
			_, err = o.Verify(ctx, migrationctl.VerifyOptions{})
		}
	case store.DynamoDBPrimary:
		if to = store.DynamoDBOnly; often {
			to = store.Validate
		} else if _, err = o.Drain(ctx, nil); o.profile.abandon {
			to = store.Validate
		}
	default:
		switch {
		case r.Capture && !often:
			err = o.CaptureOff(ctx, why)
		default:
			to, err = store.DynamoDBPrimary, o.backfillReverse(ctx, r)
		}
	}
	if err != nil || to == 0 {
		return err
	}
	return o.SetPhase(ctx, to, why)
}

// backfillReverse prepares the step from phase 5 to 4.
func (o *operatorActor) backfillReverse(ctx context.Context, r store.PhaseRecord) error {
	if !r.Capture {
		if err := o.CaptureOn(ctx, migrationctl.Change{Reason: "walk"}); err != nil {
			return err
		}
	}
	if err := o.Backfill(ctx, migrationctl.BackfillOptions{Workers: 1, Reverse: true}); err != nil {
		return err
	}
	_, err := o.Verify(ctx, migrationctl.VerifyOptions{})
	return err
}
