package migrationctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// How a hand-off waits.
const (
	handoffPause = 10 * time.Millisecond // between two looks at what it waits for
	// Before the authority is closed, what is dirty is brought over until what is
	// left takes no more than this part of HandoffWait, or after a while half of it.
	catchUpPart = 8
	catchUpFair = 10 * time.Second
	catchUpTime = time.Minute
	awayTime    = 5 * time.Second // of it, while the follower does not answer
	// minHandoffWait lets a lease run out, and leaves something for the rest.
	minHandoffWait = LeaseLength + LeaseLength/leaseMargin + time.Second
	abortTimeout   = 5 * time.Second // for giving it up, whatever the caller's context says
	// leaseMargin is what is added to a lease's length, as a part of it: the
	// clock of the process that holds it may be slower than ours by that much.
	leaseMargin = 10
)

// A HandoffReport says how long each part of a hand-off took. Requests wait
// from the end of Closing to the end of Opening.
type HandoffReport struct {
	To        store.Phase
	Closing   time.Duration // until the old authority takes no more writes
	Leases    time.Duration // until every lease was given back or had run out
	Silent    int           // leases that had to run out
	Drain     time.Duration // until nothing was dirty
	Refreshed int64         // changes that the driver itself brought over meanwhile
	LastLook  time.Duration // sealing and looking through all shards once more
	Looks     int           // how often, 1 unless something landed in between
	IDs       time.Duration // raising sequences
	Opening   time.Duration // giving away and opening
	Total     time.Duration
}

// A handoff drives the authority from one store to the other, or lets DynamoDB
// go on alone, in phase 5. Where it stands is in the two records and nowhere else:
// every step is made from what they say and takes effect only if they still
// say it. So any process can go on where another one stopped, and a driver that
// slept through that finds that nothing it does takes effect.
type handoff struct {
	o      *Operator
	driver string
	change Change
	// overruled are the guards that the operator forced the step over.
	overruled []Unmet

	mysql, dynamo store.PhaseRecord // as they are, as far as this driver knows
	beat          time.Time         // of the last change of a record
	closed        time.Time         // when the old authority was known to be closed
	left          uint64            // the revision at which this driver left its record
	// sure says that MySQL's record does not say phase 5 and that no other driver
	// can make it: a step from 4 to 5 may be given up.
	sure   bool
	began  time.Time
	report HandoffReport
}

func (o *Operator) newHandoff(driver string, c Change) *handoff {
	return &handoff{o: o, driver: driver, change: c, began: o.now()}
}

// resume finishes a hand-off that somebody else has begun and does not drive
// any more, or mends what it left.
func (o *Operator) resume(ctx context.Context, driver string) error {
	h := o.newHandoff(driver, Change{Who: driver, Reason: "its driver has fallen silent"})
	return h.run(ctx)
}

// run takes one step after the other until no hand-off is under way.
func (h *handoff) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, h.o.opts.HandoffWait)
	defer cancel()
	for {
		done, err := h.step(ctx)
		if done || err != nil {
			h.report.Total = h.o.now().Sub(h.began)
			return err
		}
	}
}

// step looks at both records and does what comes next.
func (h *handoff) step(ctx context.Context) (done bool, err error) {
	m, d := lookAt(ctx, h.o.mysql), lookAt(ctx, h.o.dynamo)
	h.mysql, h.dynamo = m.record, d.record
	switch {
	case m.leads() && m.record.State == store.Open:
		return true, nil
	case m.leads():
		return false, h.under(ctx, h.o.mysql, &h.mysql, h.toDynamoDB)
	case m.seen() && m.record.State == store.Sealed && m.record.Next != 0:
		return false, h.openAbandoned(ctx)
	case !d.seen():
		return false, d.err
	case d.record.State == store.Closed && d.record.Next.DynamoDBLeads():
		return false, h.under(ctx, h.o.dynamo, &h.dynamo, h.goOnAlone)
	case d.record.State == store.Closed && (!m.seen() || d.record.Epoch >= m.record.Epoch):
		return false, h.under(ctx, h.o.dynamo, &h.dynamo, h.toMySQL)
	case !m.seen() && d.record.State == store.Open:
		return true, nil
	case !m.seen():
		return false, m.err
	case d.record.Epoch < m.record.Epoch:
		return false, h.openDynamoDB(ctx)
	case d.record.State == store.Open:
		// MySQL's record was read first: if it is sealed, then for a hand-off
		// that was given up since, and DynamoDB leads on.
		if err := h.unseal(ctx); err != nil || !d.record.Phase.HasFollower() {
			return true, err
		}
		return true, h.copyRecord(ctx)
	}
	return false, h.open(ctx, h.o.mysql, &h.mysql, h.dynamo)
}

// under drives a closed authority on. If that fails before the store is given
// away the hand-off is given up, and the store opened again as it was.
func (h *handoff) under(ctx context.Context, s store.Store, record *store.PhaseRecord, drive func(context.Context) error) error {
	if h.closed.IsZero() || record.Revision != h.left {
		h.closed = h.o.now() // by another driver, or once more
	}
	if record.Driver != h.driver {
		taken := *record
		taken.Driver = h.driver
		if err := h.advance(ctx, s, record, taken, h.entry("hand-off taken over", *record, taken)); err != nil {
			return err
		}
	}
	err := drive(ctx)
	if err == nil || errors.Is(err, errSuperseded) {
		return err
	}
	if !h.mayGiveUp(*record) && h.o.sleep(ctx, handoffPause) == nil {
		return nil // on from what the records say now
	}
	return errors.Join(err, h.giveUp(ctx, s, record))
}

// errSuperseded is why a driver stops: the record is not as it left it, so
// somebody else drives now, or has made another step.
var errSuperseded = errors.New("another process has changed the phase record meanwhile")

// mayGiveUp is false once MySQL's record may say phase 5.
func (h *handoff) mayGiveUp(record store.PhaseRecord) bool {
	return h.sure || record.Next != store.DynamoDBOnly || !record.Phase.HasFollower()
}

// giveUp opens the closed authority again, in the epoch it had. If it was given
// away after all, by this driver's last request or by another one's, that takes
// no effect, and the records say so.
func (h *handoff) giveUp(ctx context.Context, s store.Store, record *store.PhaseRecord) error {
	if !h.mayGiveUp(*record) {
		return &store.Error{Op: "phase set", Store: h.o.mysql.Name(), Kind: store.ErrUnavailable, Outcome: store.Unknown,
			Detail: "its record may say phase 5 already; the step can't be given up, and goes on once it answers"}
	}
	ctx, cancel := store.Detached(ctx, abortTimeout)
	defer cancel()
	back := *record
	back.State, back.Next, back.NextCapture, back.Driver = store.Open, 0, false, ""
	if err := h.advance(ctx, s, record, back, h.entry("hand-off given up", *record, back)); err != nil {
		return fmt.Errorf("the hand-off could not be given up, another process will finish it: %w", err)
	}
	if s.Name() == h.o.dynamo.Name() {
		// The record may be another one than this driver knows: its last
		// request may have been the one without an answer.
		if m := lookAt(ctx, h.o.mysql); m.seen() {
			h.mysql = m.record
			return h.unseal(ctx)
		}
	}
	return nil // a seal that is left is broken by the next process that sees it
}

// advance moves a record on and keeps what it is then.
func (h *handoff) advance(ctx context.Context, s store.Store, record *store.PhaseRecord, to store.PhaseRecord, entry store.AuditEntry) error {
	if err := s.Advance(ctx, *record, to, entry); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("%w: %w", errSuperseded, err)
		}
		return err
	}
	to.Revision = record.Revision + 1
	*record, h.beat = to, h.o.now()
	if to.State == store.Closed {
		h.left = to.Revision
	}
	return nil
}

// alive tells the others now and then that this driver is at work, and learns
// by it if it is not the driver any more.
func (h *handoff) alive(ctx context.Context, s store.Store, record *store.PhaseRecord) error {
	if h.o.now().Sub(h.beat) < heartbeatEvery {
		return ctx.Err()
	}
	return h.advance(ctx, s, record, *record, store.AuditEntry{})
}

// make closes the authority and does all that follows. A request to close whose
// answer is lost may have taken effect: then it is gone on with.
func (h *handoff) make(ctx context.Context, l lead, to store.Phase) error {
	closing := h.close(ctx, l, to, true)
	if closing != nil && store.OutcomeOf(closing) != store.Unknown {
		return closing
	}
	if err := h.run(ctx); err != nil || closing == nil {
		return err
	}
	if now, err := h.o.lead(ctx); err != nil || now.record.Phase != to {
		return errors.Join(closing, err)
	}
	return nil
}

// close stops the authority's writes.
func (h *handoff) close(ctx context.Context, l lead, to store.Phase, capture bool) error {
	start := time.Now()
	record := l.record
	closed := record
	closed.State, closed.Next, closed.NextCapture, closed.Driver = store.Closed, to, capture, h.driver
	err := h.advance(ctx, l.authority, &record, closed, h.entry("hand-off begun", l.record, closed))
	h.closed, h.sure = h.o.now(), true
	h.report.To, h.report.Closing = to, time.Since(start)
	return err
}

// open gives a store the authority in the epoch in which the other one gave it
// away.
func (h *handoff) open(ctx context.Context, s store.Store, record *store.PhaseRecord, from store.PhaseRecord) error {
	defer h.took(&h.report.Opening, time.Now())
	to := from
	to.State, to.Next, to.NextCapture, to.Driver = store.Open, 0, false, ""
	return h.advance(ctx, s, record, to, h.entry("authority taken", *record, to))
}

// giveAway is the point of no return: from here on only the other store can be
// opened.
func (h *handoff) giveAway(ctx context.Context, s store.Store, record *store.PhaseRecord) error {
	defer h.took(&h.report.Opening, time.Now())
	to := *record
	to.State, to.Epoch = store.GivenAway, record.Epoch+1
	to.Phase, to.Capture = record.Next, record.NextCapture
	to.Next, to.NextCapture, to.Driver = 0, false, ""
	to.FollowerEmpty = false
	return h.advance(ctx, s, record, to, h.entry("phase set", *record, to))
}

// took adds the time since start to a part of the report.
func (h *handoff) took(part *time.Duration, start time.Time) { *part += time.Since(start) }

func (h *handoff) entry(action string, from, to store.PhaseRecord) store.AuditEntry {
	return h.o.entry(action, from, to, h.change, h.overruled)
}

// drain brings every key that is dirty to the follower and carries out every fan-out
// mark, until none is left in one look. Where DynamoDB leads on, marks are left to it.
func (h *handoff) drain(ctx context.Context, l lead, record *store.PhaseRecord) error {
	defer h.took(&h.report.Drain, time.Now())
	d := &drain{o: h.o, lead: l, changesOnly: record.Next == store.DynamoDBOnly}
	defer func() { h.report.Refreshed += d.report().Refreshed }()
	for {
		if err := h.alive(ctx, l.authority, record); err != nil {
			return h.late(ctx, err, "changes still wait for the follower")
		}
		backlog, err := l.authority.Backlog(ctx)
		if err != nil {
			return h.late(ctx, err, "changes still wait for the follower")
		}
		if backlog.Dirty == 0 && (d.changesOnly || backlog.FanOuts == 0) {
			return nil
		}
		// In short passes: a driver that waits must show that it is alive.
		short, cancel := context.WithTimeout(ctx, heartbeatEvery)
		err = d.pass(short, nil)
		cancel()
		if err != nil && short.Err() == nil && !away(err) {
			return err
		}
		if err != nil && h.o.sleep(ctx, handoffPause) != nil {
			return h.late(ctx, err, "changes still wait for the follower")
		}
		if dead := d.report().Dead; dead > 0 {
			return &store.Error{Op: "drain", Kind: store.ErrInvalid, Outcome: store.NotApplied,
				Detail: fmt.Sprintf("%d records can't be converted; migrationctl dead-letters names them", dead)}
		}
	}
}

// late says what the hand-off was waiting for when its time was over.
func (h *handoff) late(ctx context.Context, err error, what string) error {
	if ctx.Err() == nil {
		return err
	}
	return &store.Error{Op: "phase set", Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: ctx.Err(),
		Detail: fmt.Sprintf("after %v %s; the hand-off was given up", h.o.now().Sub(h.began).Round(time.Millisecond), what)}
}

// raiseIDs lets the other store's sequences go on above every id that this one
// has given. The old authority is closed: it gives no more.
func (h *handoff) raiseIDs(ctx context.Context, from, to store.Store) error {
	defer h.took(&h.report.IDs, time.Now())
	for _, e := range h.o.contract.Sequences() {
		last, err := from.LastID(ctx, e)
		if err != nil {
			return err
		}
		if err := to.RaiseID(ctx, e, last); err != nil {
			return err
		}
	}
	return nil
}
