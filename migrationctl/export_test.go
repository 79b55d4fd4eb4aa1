package migrationctl

import (
	"context"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// OnMachine returns a copy of the options for a process that runs on a machine
// with that clock, way to wait and giver of names, and does one thing at a time.
func (o Options) OnMachine(now func() time.Time, sleep func(context.Context, time.Duration) error, name func() string) *Options {
	o.machine = &machine{now: now, sleep: sleep, name: name, oneByOne: true}
	return &o
}

// WithClock returns a copy of the options for a process of this machine with another clock.
func (o Options) WithClock(now func() time.Time) *Options {
	o.machine = thisMachine()
	o.machine.now = now
	return &o
}

// Left is how long the operator thinks the next pass will take at most, after one
// that took so long for so many changes.
func (o *Operator) Left(ctx context.Context, took time.Duration, refreshed int64) (time.Duration, error) {
	l, err := o.lead(ctx)
	if err != nil {
		return 0, err
	}
	pass := &drain{o: o, lead: l}
	pass.refreshed.Store(refreshed)
	return o.left(ctx, pass, took)
}

// OldCopies are what compareCopies finds wrong.
func OldCopies(row store.Row, stored transform.Record, shown map[transform.Key]store.Row) []string {
	return compareCopies(row, stored, "", copied{rows: shown}).faults
}

// Working are the processes among which the relay's work is divided.
func Working(fleet []store.Registration, self string) []string {
	return working(fleet, self)
}

// Withdraw is what whoever has seen an abandonment does to DynamoDB.
func (o *Operator) Withdraw(ctx context.Context, dynamo store.PhaseRecord) { o.withdraw(ctx, dynamo) }
