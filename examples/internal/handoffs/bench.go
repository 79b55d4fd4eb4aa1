package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// Times of a run that no flag sets.
const (
	warmUp   = time.Second // of each pace, before anything is counted
	maxAgain = 5           // tries of a hand-off that does not come about
	restTime = time.Minute // for the relays to bring over what saturation left
)

// A handoff is one change of the authority, as seen from outside.
type handoff struct {
	migrationctl.HandoffReport
	to           dal.Phase
	begun, ended time.Time
	again        int // tries before the one that worked
}

// A rate is what the crew can do with so many workers a process.
type rate struct {
	workers   int
	perSecond float64       // acknowledged operations
	rested    time.Duration // until the follower had what that left
	sustained float64       // operations per second, that time included
}

func best(rates []rate) float64 {
	most := 0.0
	for _, r := range rates {
		most = max(most, r.sustained)
	}
	return most
}

// A result is everything that a run measured.
type result struct {
	saturated map[dal.Phase][]rate
	half      float64       // of the smaller one of the two best rates, operations per second
	before    sample        // of all that came before half load
	paced     sample        // at half load
	took      time.Duration // of that
	handoffs  []handoff
}

// A bencher drives the group while the crew works.
type bencher struct {
	set      settings
	operator *migrationctl.Operator
	crew     *crew
	parts    migrationctl.HandoffReport // of the last hand-off
	result
}

// bench does the whole run.
func bench(ctx context.Context, set settings, out io.Writer) (err error) {
	e, err := local.Start(ctx, set.mysql, set.dynamodb)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	s, err := local.NewSite(ctx, e, "handoffs", contractJSON)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Clear()) }()
	b := &bencher{set: set, result: result{saturated: map[dal.Phase][]rate{}}}
	b.operator, err = migrationctl.NewOperator(s.MySQL, s.Dynamo, &migrationctl.Options{Who: "handoffs",
		Handoff: func(r migrationctl.HandoffReport) { b.parts = r }})
	if err != nil {
		return err
	}
	if err := prepare(ctx, s, set.rows, b.operator); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "crossfade-handoffs-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if b.crew, err = startCrew(ctx, dir, job{Place: s.Place, Rows: set.rows, Workers: set.workers}, set.processes); err != nil {
		return err
	}
	printSetting(out, s, set)
	err = errors.Join(b.run(ctx), b.crew.stop())
	b.paced.add(b.crew.take())
	if err != nil {
		return err
	}
	return b.print(out)
}

func (b *bencher) run(ctx context.Context) error {
	if err := b.saturate(ctx, dal.Validate); err != nil {
		return err
	}
	if err := b.handOver(ctx, dal.DynamoDBPrimary); err != nil {
		return err
	}
	if err := b.saturate(ctx, dal.DynamoDBPrimary); err != nil {
		return err
	}
	b.handoffs = nil // the first one met no load
	b.half = min(best(b.saturated[dal.Validate]), best(b.saturated[dal.DynamoDBPrimary])) / 2
	if err := b.crew.set(pace{PerSecond: b.half}); err != nil {
		return err
	}
	if err := wait(ctx, warmUp); err != nil {
		return err
	}
	b.before.add(b.crew.take())
	start := time.Now()
	for range b.set.turns {
		for _, to := range []dal.Phase{dal.Validate, dal.DynamoDBPrimary} {
			if err := errors.Join(b.handOver(ctx, to), wait(ctx, b.set.pause)); err != nil {
				return err
			}
		}
	}
	b.took = time.Since(start)
	b.paced = b.crew.take()
	return nil
}

// saturate counts what the crew can do with one worker a process, two, four and
// so on: with too many under way an engine does less than with a few, and half
// of that would be no load. Nor does a rate count that the follower can't keep up
// with.
func (b *bencher) saturate(ctx context.Context, p dal.Phase) error {
	for n := 1; ; n = min(2*n, b.set.workers) {
		r, err := b.saturateWith(ctx, n)
		if err != nil {
			return err
		}
		b.saturated[p] = append(b.saturated[p], r)
		if n == b.set.workers {
			return nil
		}
	}
}

func (b *bencher) saturateWith(ctx context.Context, workers int) (rate, error) {
	r := rate{workers: workers}
	err := errors.Join(b.crew.set(pace{Saturate: workers}), wait(ctx, warmUp))
	b.before.add(b.crew.take())
	start := time.Now()
	err = errors.Join(err, wait(ctx, b.set.saturate))
	s := b.crew.take()
	took := time.Since(start)
	err = errors.Join(err, b.crew.set(pace{}), b.rest(ctx))
	b.before.add(s)
	r.rested = time.Since(start) - took
	r.perSecond = float64(s.Operations) / took.Seconds()
	r.sustained = float64(s.Operations) / (took + r.rested).Seconds()
	return r, err
}

// rest waits until no key is dirty.
func (b *bencher) rest(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restTime)
	defer cancel()
	for {
		status, err := b.operator.Status(ctx)
		if err != nil {
			return err
		}
		if status.Dirty == 0 {
			return nil
		}
		if err := wait(ctx, tellEvery); err != nil {
			return fmt.Errorf("%d keys are still to be brought over: %w", status.Dirty, err)
		}
	}
}

// handOver gives the authority to the other store. A step that finds one of them
// away changes nothing or is given up, and is asked for again, as an operator
// would.
func (b *bencher) handOver(ctx context.Context, to dal.Phase) error {
	h := handoff{to: to, begun: time.Now()}
	for {
		err := b.operator.SetPhase(ctx, to, migrationctl.Change{Reason: "benchmark"})
		if err != nil && errors.Is(err, dal.ErrUnavailable) && h.again < maxAgain {
			h.again++
			if err := wait(ctx, b.set.pause); err != nil {
				return err
			}
			continue
		}
		h.HandoffReport, h.ended = b.parts, time.Now()
		b.handoffs = append(b.handoffs, h)
		return err
	}
}

// wait lasts d, unless the run is interrupted.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
