package migrationctl

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// drainPause is how long a drain waits before it asks a follower again that did
// not take a key.
const drainPause = 100 * time.Millisecond

// A DrainReport is what a drain did, or is at.
type DrainReport struct {
	Refreshed int64 // keys that were dirty and are in the follower now
	Dead      int64 // keys whose record can't be converted; they stay dirty
}

// Drain brings every key that is dirty when it begins to the follower, and
// returns once all are there or dead letters. It waits for a follower that is
// away. What is written meanwhile is the business of its writer and of the
// relays: under load some keys are always dirty. report, if not nil, is told
// after each page.
func (o *Operator) Drain(ctx context.Context, report func(DrainReport)) (DrainReport, error) {
	d := &drain{o: o}
	record, err := o.mysql.Phase(ctx)
	if err != nil {
		return d.report(), err
	}
	if err := o.checkContract(record); err != nil {
		return d.report(), err
	}
	if !record.Phase.HasFollower() {
		return d.report(), &RefusedError{Step: "drain", Unmet: []Unmet{{Guard: "follower", Data: true,
			Reason: fmt.Sprintf("phase %d has none", uint8(record.Phase)), Mend: "migrationctl phase set 2"}}}
	}
	// One pass in the order of the keys meets every key that was dirty before it.
	var after transform.Key
	for {
		page, err := o.mysql.Dirty(ctx, after, relayPage)
		if err != nil || len(page) == 0 {
			return d.report(), err
		}
		if err := inChunks(ctx, o.opts.RelayWorkers, page, d.refresh); err != nil {
			return d.report(), err
		}
		if report != nil {
			report(d.report())
		}
		after = page[len(page)-1].Key
	}
}

// A drain counts what its workers do.
type drain struct {
	o               *Operator
	refreshed, dead atomic.Int64
}

func (d *drain) report() DrainReport {
	return DrainReport{Refreshed: d.refreshed.Load(), Dead: d.dead.Load()}
}

// refreshPatiently refreshes a key and waits for a follower that is away or
// throttles, as long as ctx lasts.
func (o *Operator) refreshPatiently(ctx context.Context, key transform.Key) error {
	for {
		err := o.refresher.Refresh(ctx, key)
		if !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrThrottled) {
			return err
		}
		if sleep(ctx, drainPause) != nil {
			return err
		}
	}
}

func (d *drain) refresh(ctx context.Context, changes []store.Change) error {
	for _, c := range changes {
		err := d.o.refreshPatiently(ctx, c.Key)
		switch {
		case err == nil:
			d.refreshed.Add(1)
		case dal.Unfit(err):
			d.dead.Add(1)
			if err := d.o.deadLetter(ctx, c.Key, c.Version, err); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}
