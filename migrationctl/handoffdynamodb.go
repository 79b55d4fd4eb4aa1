package migrationctl

import (
	"context"
	"fmt"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// toDynamoDB goes on from a closed MySQL: nothing more is written there. Once
// no key is dirty and no fan-out mark left, and nothing of an earlier time is left in DynamoDB, MySQL is
// given away. The next step opens DynamoDB.
func (h *handoff) toDynamoDB(ctx context.Context) error {
	l := lead{mysqlSide, h.mysql, h.o.mysql, h.o.dynamo}
	for {
		if err := h.drain(ctx, l, &h.mysql); err != nil {
			return err
		}
		// A write that landed in DynamoDB when it was not the authority would
		// become the truth: it is undone first, which makes its keys dirty.
		strays := &strays{o: h.o}
		if err := strays.pass(ctx, h.mysql); err != nil {
			return err
		}
		if strays.found == 0 {
			break
		}
	}
	if err := h.raiseIDs(ctx, h.o.mysql, h.o.dynamo); err != nil {
		return err
	}
	return h.giveAway(ctx, h.o.mysql, &h.mysql)
}

// openDynamoDB opens DynamoDB after MySQL was given away. Where items have copies it
// first brings over what was given a new version between the last look and that, as by a
// relay that carries out a fan-out mark which another one has cleaned. It changes no
// record; but a refresh that came with it later would put copies over those that DynamoDB
// has renewed by then.
func (h *handoff) openDynamoDB(ctx context.Context) error {
	if h.o.copies() {
		d := &drain{o: h.o, lead: lead{mysqlSide, h.mysql, h.o.mysql, h.o.dynamo}, changesOnly: true}
		if err := d.pass(ctx, nil); err != nil {
			return err
		}
	}
	return h.open(ctx, h.o.dynamo, &h.dynamo, h.mysql)
}

// toMySQL goes on from a closed DynamoDB: no lease is granted or renewed there.
// Once every lease is over and every change brought over, MySQL is sealed and
// all shards are looked through once more. What one look after the other can't
// see is a write of several keys that lands between two shards: with MySQL
// sealed nothing of it can be carried over, so it comes over whole or not at all.
func (h *handoff) toMySQL(ctx context.Context) error {
	if err := h.mysqlReady(ctx); err != nil {
		return err
	}
	if err := h.waitForLeases(ctx); err != nil {
		return err
	}
	l := lead{dynamoSide, h.dynamo, h.o.dynamo, h.o.mysql}
	for {
		if err := h.unseal(ctx); err != nil {
			return err
		}
		if err := h.drain(ctx, l, &h.dynamo); err != nil {
			return err
		}
		empty, err := h.lastLook(ctx)
		if err != nil {
			return err
		}
		if empty {
			break
		}
	}
	if err := h.raiseIDs(ctx, h.o.dynamo, h.o.mysql); err != nil {
		return err
	}
	if err := h.markFilled(ctx, h.o.mysql, "DynamoDB was complete when MySQL took over"); err != nil {
		return err
	}
	return h.giveAway(ctx, h.o.dynamo, &h.dynamo)
}

// mysqlReady takes care that refreshes into MySQL pass.
func (h *handoff) mysqlReady(ctx context.Context) error {
	if h.mysql.Epoch == 0 {
		return &store.Error{Op: "phase set", Store: h.o.mysql.Name(), Kind: store.ErrUnavailable, Outcome: store.NotApplied,
			Detail: "its record can't be read"}
	}
	if err := h.copyRecord(ctx); err != nil {
		return err
	}
	return h.unseal(ctx)
}

// copyRecord brings MySQL's copy of the record into DynamoDB's epoch, which
// refreshes into MySQL carry.
func (h *handoff) copyRecord(ctx context.Context) error {
	if h.mysql.Epoch >= h.dynamo.Epoch {
		return nil
	}
	copied := h.dynamo
	copied.State, copied.Next, copied.NextCapture, copied.Driver = store.GivenAway, 0, false, ""
	return h.advance(ctx, h.o.mysql, &h.mysql, copied, store.AuditEntry{})
}

// openAbandoned opens MySQL without DynamoDB, once every lease must be over that is
// not renewed any more. What was not refreshed before is lost, and the operator has
// accepted that. Where this driver, or within its next renewal a process, reaches
// DynamoDB after all, it is told first; see Abandon for where nobody does.
func (h *handoff) openAbandoned(ctx context.Context) error {
	h.o.withdraw(ctx, h.dynamo)
	sealed := h.o.now()
	for h.o.now().Sub(sealed) < RenewEvery+LeaseLength+LeaseLength/leaseMargin {
		if err := h.alive(ctx, h.o.mysql, &h.mysql); err != nil {
			return err
		}
		if err := h.o.sleep(ctx, handoffPause); err != nil {
			return err
		}
	}
	to := h.mysql
	to.State, to.Epoch, to.Phase, to.Capture = store.Open, max(h.mysql.Epoch, h.dynamo.Epoch)+1, h.mysql.Next, true
	to.Next, to.NextCapture, to.Driver = 0, false, ""
	// The DynamoDB that comes back may be another one, empty or restored: nothing
	// that was filled or verified before counts.
	to.CaptureEpoch, to.FollowerEmpty = to.Epoch, false
	return h.advance(ctx, h.o.mysql, &h.mysql, to, h.entry("phase set, DynamoDB abandoned", h.mysql, to))
}

// lastLook seals MySQL and reports whether every shard is empty.
func (h *handoff) lastLook(ctx context.Context) (bool, error) {
	defer h.took(&h.report.LastLook, time.Now())
	h.report.Looks++
	sealed := h.mysql
	sealed.State = store.Sealed
	if err := h.advance(ctx, h.o.mysql, &h.mysql, sealed, store.AuditEntry{}); err != nil {
		return false, err
	}
	backlog, err := h.o.dynamo.Backlog(ctx)
	return backlog.Dirty == 0 && backlog.FanOuts == 0, err
}

// unseal lets refreshes into MySQL again, if a look or a driver before this one
// has sealed it. The seal of an abandonment is not its to break.
func (h *handoff) unseal(ctx context.Context) error {
	if h.mysql.State != store.Sealed {
		return nil
	}
	if h.mysql.Next != 0 {
		return fmt.Errorf("%w: DynamoDB is being abandoned", errSuperseded)
	}
	open := h.mysql
	open.State = store.GivenAway
	return h.advance(ctx, h.o.mysql, &h.mysql, open, store.AuditEntry{})
}

// waitForLeases waits until each lease that was granted before DynamoDB was
// closed, whatever phase it was for, is given back or must have run out. This
// driver counts a lease's full length from when it knew that no more are
// granted, on its own clock.
func (h *handoff) waitForLeases(ctx context.Context) error {
	start := time.Now()
	defer h.took(&h.report.Leases, start)
	for {
		granted, err := h.o.dynamo.Granted(ctx)
		if err != nil {
			return err
		}
		running, err := h.forget(ctx, granted)
		if err != nil {
			return err
		}
		if running == 0 {
			return nil
		}
		if err := h.alive(ctx, h.o.dynamo, &h.dynamo); err != nil {
			return h.late(ctx, err, "leases are still out")
		}
		if err := h.o.sleep(ctx, handoffPause); err != nil {
			return h.late(ctx, err, "leases are still out")
		}
	}
}

// forget takes away the leases that were waited out, and returns how many may still
// run. A driver that slept may have waited for earlier ones: its hand-off was given up
// meanwhile, and the processes' leases go on in the same epoch. So the record must
// still be as this driver left it after the leases were read; then none of them is
// younger than the closing, and one that is granted anew before the request to forget
// it lands is not forgotten (TestDriverThatSleptForgetsNoLease).
func (h *handoff) forget(ctx context.Context, granted []store.GrantedLease) (running int, err error) {
	var over []store.GrantedLease
	for _, l := range granted {
		if h.o.now().Sub(h.closed) >= l.Length+l.Length/leaseMargin {
			over = append(over, l)
		}
	}
	if len(over) == 0 {
		return len(granted), nil
	}
	now, err := h.o.dynamo.Phase(ctx)
	switch {
	case err != nil:
		return 0, err
	case now.Revision != h.dynamo.Revision:
		return 0, errSuperseded
	}
	for _, l := range over {
		if err := h.o.dynamo.Forget(ctx, l); err != nil {
			return 0, err
		}
		h.report.Silent++
	}
	return len(granted) - len(over), nil
}

// goOnAlone goes on from a DynamoDB that was closed to lead on without a
// follower: no write is under way, so what MySQL has from now on is whole, and
// every write from now on leaves a change record.
func (h *handoff) goOnAlone(ctx context.Context) error {
	if err := h.waitForLeases(ctx); err != nil {
		return err
	}
	to := h.dynamo
	to.State, to.Epoch = store.Open, h.dynamo.Epoch+1
	to.Phase, to.Capture = to.Next, true
	to.Next, to.NextCapture, to.Driver = 0, false, ""
	action := "phase set"
	if h.dynamo.Phase.HasFollower() {
		if err := h.leaveMySQL(ctx, to); err != nil {
			return err
		}
	} else {
		action = "capture on"
		to.CaptureEpoch, to.Contract = to.Epoch, h.o.digest
	}
	return h.advance(ctx, h.o.dynamo, &h.dynamo, to, h.entry(action, h.dynamo, to))
}

// leaveMySQL brings the last changes to MySQL and notes that it holds
// everything: as long as this capture lasts, the change records say what it
// lacks, and the way back needs no backfill. Then it tells MySQL's own record
// that phase 5 begins, before it does: whoever can't reach DynamoDB must not take
// it for lost in phase 4, and open a MySQL that lacks all of phase 5. From there
// on the step can't be given up.
func (h *handoff) leaveMySQL(ctx context.Context, alone store.PhaseRecord) error {
	if h.mysql.Epoch > h.dynamo.Epoch {
		return nil // a driver before this one has come so far
	}
	if err := h.mysqlReady(ctx); err != nil {
		return err
	}
	// A driver before this one may have sent its last step. From now on it fails.
	if err := h.advance(ctx, h.o.mysql, &h.mysql, h.mysql, store.AuditEntry{}); err != nil {
		return err
	}
	h.sure = true
	if err := h.drain(ctx, lead{dynamoSide, h.dynamo, h.o.dynamo, h.o.mysql}, &h.dynamo); err != nil {
		return err
	}
	if err := h.markFilled(ctx, h.o.dynamo, "MySQL was complete when phase 5 began"); err != nil {
		return err
	}
	h.sure = false
	alone.State = store.GivenAway
	return h.advance(ctx, h.o.mysql, &h.mysql, alone, store.AuditEntry{})
}

// markFilled notes in a store that the other one holds everything under this
// capture, so that no step asks for a backfill.
func (h *handoff) markFilled(ctx context.Context, s store.Store, why string) error {
	filled, err := h.o.progress(ctx, backfillName, lead{record: h.dynamo, authority: s})
	if err != nil {
		return err
	}
	for _, e := range h.o.contract.Entities {
		if filled[e.Name].Done {
			continue // by a run of its own
		}
		p := store.Progress{Name: backfillName, Entity: e.Name, CaptureEpoch: h.dynamo.CaptureEpoch, Done: true, Detail: why}
		if err := s.SaveProgress(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
