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
	Refreshed int64 // changes, of keys or tokens, that waited and are in the follower now
	Dead      int64 // changes of a record that can't be converted; they wait on
	FannedOut int64 // changed records whose copies in other items are renewed now
}

// Drain brings every change that waits when it begins to the follower, tokens
// too, and returns once all are there or dead letters. Before that it renews the copies
// that items have of records which have changed. It waits for a follower
// that is away. What is written meanwhile is the business of its writer and of
// the relays: under load some always wait. report, if not nil, is told after each
// page.
//
// In phase 5, which has no follower, it renews the copies, and takes along what refers to
// records whose delete is staged; where the contract has neither it is refused.
func (o *Operator) Drain(ctx context.Context, report func(DrainReport)) (DrainReport, error) {
	l, err := o.lead(ctx)
	if err != nil {
		return DrainReport{}, err
	}
	if err := o.checkContract(l.record); err != nil {
		return DrainReport{}, err
	}
	alone := !l.record.Phase.HasFollower()
	if alone && !(l.record.Phase == store.DynamoDBOnly && o.marks()) {
		return DrainReport{}, &RefusedError{Step: "drain", Unmet: []Unmet{{Guard: "follower", Data: true,
			Reason: fmt.Sprintf("phase %d has none", uint8(l.record.Phase)), Mend: "migrationctl phase set 2, or 4"}}}
	}
	d := &drain{o: o, lead: l, patient: true, marksOnly: alone}
	err = d.pass(ctx, report)
	return d.report(), err
}

// A drain counts what its workers do.
type drain struct {
	o               *Operator
	lead            lead
	patient         bool // waits for a store that is away
	marksOnly       bool // there is no follower
	changesOnly     bool // fan-out marks are left to the relays
	refreshed, dead atomic.Int64
	fannedOut       atomic.Int64
}

func (d *drain) report() DrainReport {
	return DrainReport{Refreshed: d.refreshed.Load(), Dead: d.dead.Load(), FannedOut: d.fannedOut.Load()}
}

// pass passes once over every shard, in the order of the store, and so meets
// every change record that was there before it. Fan-out marks come first: to carry
// one out may leave change records.
func (d *drain) pass(ctx context.Context, report func(DrainReport)) error {
	if !d.changesOnly && d.o.marks() {
		if err := d.marks(ctx, report); err != nil || d.marksOnly {
			return err
		}
	}
	shards := make([]int, d.lead.authority.Shards())
	for i := range shards {
		shards[i] = i
	}
	return inChunks(ctx, d.o.opts.machine.atOnce(len(shards)), shards, func(ctx context.Context, some []int) error {
		for _, shard := range some {
			if err := d.shard(ctx, shard, report); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *drain) shard(ctx context.Context, shard int, report func(DrainReport)) error {
	r := store.DirtyRange{Shard: shard, Limit: relayPage}
	for {
		page, err := d.lead.authority.Dirty(ctx, r)
		if err != nil {
			return err
		}
		if err := inChunks(ctx, d.o.opts.machine.atOnce(d.o.opts.RelayWorkers), together(page.Changes), d.refresh); err != nil {
			return err
		}
		if report != nil && len(page.Changes) > 0 {
			report(d.report())
		}
		if r.After = page.Next; r.After == "" {
			return nil
		}
	}
}

// together puts the changes of one key together, which are brought over at once:
// where a record per transaction says what has changed, a key that is written
// often has many. A change of several keys stays alone.
func together(changes []store.Change) [][]store.Change {
	var all [][]store.Change
	place := make(map[transform.Key]int)
	for _, c := range changes {
		if len(c.Keys) == 1 {
			if i, ok := place[c.Keys[0].Key]; ok {
				all[i] = append(all[i], c)
				continue
			}
			place[c.Keys[0].Key] = len(all)
		}
		all = append(all, []store.Change{c})
	}
	return all
}

func (d *drain) refresh(ctx context.Context, groups [][]store.Change) error {
	for _, changes := range groups {
		err := d.bring(ctx, changes)
		switch {
		case err == nil:
			d.refreshed.Add(int64(len(changes)))
		case dal.Unfit(err):
			d.dead.Add(int64(len(changes)))
			if err := d.o.deadLetter(ctx, d.lead, changes[0], err); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// bring refreshes changes, again and again if the drain is patient.
func (d *drain) bring(ctx context.Context, changes []store.Change) error {
	refresher := d.o.refresher(d.lead)
	if !d.patient {
		return refresher.Refresh(ctx, changes...)
	}
	return d.o.patiently(ctx, func() error { return refresher.Refresh(ctx, changes...) })
}

// refreshPatiently refreshes a key and waits for a follower that is away or
// throttles, as long as ctx lasts.
func (o *Operator) refreshPatiently(ctx context.Context, l lead, key transform.Key) error {
	return o.patiently(ctx, func() error { return o.refresher(l).RefreshKey(ctx, key) })
}

func (o *Operator) patiently(ctx context.Context, refresh func() error) error {
	for {
		err := refresh()
		if !away(err) || o.sleep(ctx, drainPause) != nil {
			return err
		}
	}
}

// away reports whether err says that a store may take the same request later.
func away(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrThrottled)
}
