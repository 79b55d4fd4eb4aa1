package migrationctl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// Change is who asks for a change of phase or capture, and why.
type Change struct {
	Who    string // default: Options.Who
	Reason string
	// Force overrules the comfort guards, never those that protect data. It
	// is audited.
	Force bool
}

// SetPhase makes one step. It returns a *RefusedError that lists every unmet
// condition, and then nothing has changed; or it returns when every process of
// the fleet obeys the new phase. A process that does not renew its registration
// is not waited for: it carries an old epoch, which writes nothing, or a lease
// that has run out. For the phase that the group is in already there is no step
// and no guard: SetPhase then only waits until every process obeys it.
//
// The steps 3 to 4 and 4 to 3 bring the authority to the other store, and 4 to 5
// brings the last changes to the store that is left behind. If that
// can't be done within Options.HandoffWait it is given up, and the error says
// what was waited for: then the group is in the phase it was in.
func (o *Operator) SetPhase(ctx context.Context, to store.Phase, c Change) error {
	l, err := o.settled(ctx, "phase set", to)
	if err != nil {
		return err
	}
	from := l.record
	if from.Phase == to {
		return o.confirm(ctx, "phase set", l, nil)
	}
	if to > from.Phase { // back is always possible
		if err := o.checkContract(from); err != nil {
			return err
		}
	}
	step := fmt.Sprintf("phase %d to %d", uint8(from.Phase), uint8(to))
	facts, err := o.facts(ctx, l, to)
	if err != nil {
		return err
	}
	unmet := Guards(from, to, facts)
	if err := refusal(step, unmet, c.Force); err != nil {
		return err
	}
	if from.Phase.DynamoDBLeads() != to.DynamoDBLeads() || to == store.DynamoDBOnly {
		return o.handOff(ctx, l, to, step, c, unmet)
	}
	next := from
	next.Phase = to
	return o.advance(ctx, l, next, "phase set", step, c, unmet)
}

// CaptureOn makes every write leave a change record from now on. No write
// without one commits after the first that has one. In MySQL the fence is held
// exclusively while its epoch grows, so a process that does not know yet
// carries an old epoch and writes nothing; in DynamoDB every lease is waited
// for.
func (o *Operator) CaptureOn(ctx context.Context, c Change) error {
	l, err := o.settled(ctx, "capture on", 0)
	if err != nil {
		return err
	}
	from := l.record
	if from.Capture {
		return o.confirm(ctx, "capture on", l, nil)
	}
	if err := o.checkContract(from); err != nil {
		return err
	}
	if err := o.sameContracts(ctx, l); err != nil {
		return err
	}
	if l.side == dynamoSide {
		return o.captureDynamoDB(ctx, l, c)
	}
	if err := refusal("capture on", guardTriggers(Facts{Triggers: o.triggersFact(ctx)}), false); err != nil {
		return err
	}
	next := from
	next.Capture = true
	next.CaptureEpoch = from.Epoch + 1
	next.Contract = o.digest
	// Only the first capture ever may find the follower empty: later ones
	// follow a gap whose writes left no record, and items from before it.
	next.FollowerEmpty = from.Epoch == store.FirstEpoch && o.followerEmpty(ctx)
	return o.advance(ctx, l, next, "capture on", "capture on", c, nil)
}

// CaptureOff makes writes bare again. It voids every backfill: what is written
// from now on leaves no record.
func (o *Operator) CaptureOff(ctx context.Context, c Change) error {
	l, err := o.settled(ctx, "capture off", 0)
	if err != nil {
		return err
	}
	from := l.record
	if !from.Capture {
		return o.confirm(ctx, "capture off", l, nil)
	}
	if from.Phase.HasFollower() {
		return &RefusedError{Step: "capture off", Unmet: []Unmet{{Guard: "no follower", Data: true,
			Reason: fmt.Sprintf("phase %d needs change records", uint8(from.Phase)), Mend: "go to phase 1 or 5 first"}}}
	}
	next := from
	next.Capture, next.CaptureEpoch, next.FollowerEmpty, next.Contract = false, 0, false, ""
	if l.side == dynamoSide {
		// It is remembered as that of the guards and edges that are there.
		if err := o.checkContract(from); err != nil {
			return err
		}
		next.Contract = o.beside() // in phase 1 the next backfill makes everything anew
	}
	return o.advance(ctx, l, next, "capture off", "capture off", c, nil)
}

// advance makes a step that leaves the authority where it is, and waits until
// the fleet obeys.
func (o *Operator) advance(ctx context.Context, l lead, next store.PhaseRecord, action, step string, c Change, overruled []Unmet) error {
	if err := o.waitForFleet(ctx, step, l); err != nil {
		return err
	}
	from := l.record
	next.Epoch = from.Epoch + 1
	if err := l.authority.Advance(ctx, from, next, o.entry(action, from, next, c, overruled)); err != nil {
		return err
	}
	next.Revision = from.Revision + 1
	l.record = next
	o.opts.Logger.Info("phase record changed", "action", action, "phase", next.Phase.String(),
		"capture", next.Capture, "epoch", next.Epoch)
	copied := o.copyRecord(ctx, l)
	return o.confirm(ctx, step, l, copied)
}

// copyRecord brings the other store's copy of the record up to date. In phase 4
// refreshes into MySQL need it; otherwise it informs, and its store may be away.
func (o *Operator) copyRecord(ctx context.Context, l lead) error {
	ctx, cancel := context.WithTimeout(ctx, followerTimeout)
	defer cancel()
	copied, err := o.copyOnce(ctx, l)
	if err != nil {
		o.opts.Logger.Debug("copy of the phase record not written", "store", l.other.Name(), "error", err)
	}
	if l.record.Phase == store.DynamoDBPrimary && !copied {
		return err
	}
	return nil
}

func (o *Operator) copyOnce(ctx context.Context, l lead) (bool, error) {
	there := lookAt(ctx, l.other)
	if !there.seen() || there.record.State != store.GivenAway || there.record.Epoch >= l.record.Epoch {
		return there.seen() && there.record.Epoch >= l.record.Epoch, there.err
	}
	to := l.record
	to.State, to.Next, to.NextCapture, to.Driver = store.GivenAway, 0, false, ""
	err := l.other.Advance(ctx, there.record, to, store.AuditEntry{})
	return err == nil, err
}

// handOff makes a step for which the authority has to be closed.
func (o *Operator) handOff(ctx context.Context, l lead, to store.Phase, step string, c Change, overruled []Unmet) error {
	if err := o.waitForFleet(ctx, step, l); err != nil {
		return err
	}
	fleet, err := l.authority.Registrations(ctx)
	if err != nil {
		return err
	}
	h := o.newHandoff(o.opts.machine.name(), c)
	h.overruled = overruled
	l, err = o.catchUp(ctx, step, l, to)
	if err == nil {
		err = h.make(ctx, l, to)
	}
	if err == nil {
		o.report(h.report)
	} else if err := o.ended(ctx, err, isAt(to)); err != nil {
		return o.afterHandoff(ctx, to, err)
	}
	now, err := o.lead(ctx)
	if err != nil {
		return &UnconfirmedError{Step: step, Cause: err}
	}
	return o.confirm(ctx, step, now, o.waitForMovers(ctx, now, fleet))
}

// afterHandoff says what a hand-off that ended with an error has come to: past
// the point of no return any process finishes it.
func (o *Operator) afterHandoff(ctx context.Context, to store.Phase, cause error) error {
	now, err := o.lead(ctx)
	switch {
	case errors.Is(err, store.ErrWrongPhase), err == nil && now.record.Phase == to:
		return &UnconfirmedError{Step: fmt.Sprintf("phase set %d", uint8(to)), Cause: cause}
	}
	return cause
}

func (o *Operator) report(r HandoffReport) {
	o.opts.Logger.Info("hand-off done", "phase", r.To.String(), "closing", r.Closing, "leases", r.Leases, "silent", r.Silent,
		"drain", r.Drain, "refreshed", r.Refreshed, "last look", r.LastLook, "ids", r.IDs, "opening", r.Opening, "total", r.Total)
	if o.opts.Handoff != nil {
		o.opts.Handoff(r)
	}
}

// captureDynamoDB begins a capture in phase 5.
func (o *Operator) captureDynamoDB(ctx context.Context, l lead, c Change) error {
	if err := o.waitForFleet(ctx, "capture on", l); err != nil {
		return err
	}
	h := o.newHandoff(o.opts.machine.name(), c)
	err := h.close(ctx, l, l.record.Phase, true)
	if err == nil {
		err = h.run(ctx)
	}
	captures := func(r store.PhaseRecord) bool { return r.Capture }
	if err := o.ended(ctx, err, captures); err != nil {
		return err
	}
	now, err := o.lead(ctx)
	if err != nil {
		return &UnconfirmedError{Step: "capture on", Cause: err}
	}
	return o.confirm(ctx, "capture on", now, o.copyRecord(ctx, now))
}

// Abandon opens MySQL, in phase 3, without DynamoDB: it is lost in phase 4 and
// does not come back. Every write that was not refreshed before is lost, and
// may be lost in part where it changed several keys; under the policy Required
// none of those was acknowledged. It waits until the longest lease must be over.
//
// A process that reaches MySQL gives its lease back. One that can't, and still
// reaches DynamoDB, renews its lease and goes on: phase 4 serves without MySQL. If
// the caller, or any process, reaches both stores, DynamoDB is told before MySQL is
// opened and grants no more leases (TestAbandonTellsDynamoDB). If nobody does, that
// process goes on acknowledging writes that no reader of MySQL sees, until somebody
// does (TestAbandonUnderAProcessWithoutMySQL): before Abandon every such process,
// also one that was opened with WithoutMySQL, must be stopped, or cut off from
// DynamoDB.
//
// When DynamoDB returns, what it holds beyond MySQL is written to the audit, as
// stray writes, and undone.
func (o *Operator) Abandon(ctx context.Context, c Change) error {
	mysql, dynamo := lookAt(ctx, o.mysql), lookAt(ctx, o.dynamo)
	if mysql.err != nil {
		return mysql.err
	}
	if mysql.record.State == store.Open && mysql.record.Phase == store.Validate {
		return o.confirm(ctx, "phase set 3 --abandon", lead{mysqlSide, mysql.record, o.mysql, o.dynamo}, nil)
	}
	h := o.newHandoff(o.opts.machine.name(), c)
	if begun := judge(mysql, dynamo, false); !begun.abandoning() {
		if err := o.beginAbandon(ctx, h, mysql.record, dynamo, c); err != nil {
			return err
		}
	}
	if err := o.ended(ctx, h.run(ctx), isAt(store.Validate)); err != nil {
		return err
	}
	// The fleet is registered in DynamoDB, which can't be asked: live processes
	// need a renewal or two to come over.
	if err := o.sleep(ctx, 2*RenewEvery+lookTimeout); err != nil {
		return &UnconfirmedError{Step: "phase set 3 --abandon", Cause: err}
	}
	now, err := o.lead(ctx)
	if err != nil {
		return &UnconfirmedError{Step: "phase set 3 --abandon", Cause: err}
	}
	return o.confirm(ctx, "phase set 3 --abandon", now, nil)
}

// beginAbandon seals MySQL, which says that it is to be opened alone.
func (o *Operator) beginAbandon(ctx context.Context, h *handoff, from store.PhaseRecord, dynamo look, c Change) error {
	if err := refusal("phase set 3 --abandon", guardAbandon(from, dynamo), c.Force); err != nil {
		return err
	}
	h.mysql = from
	sealed := from
	sealed.State, sealed.Next, sealed.NextCapture = store.Sealed, store.Validate, true
	sealed.Driver = h.driver
	return h.advance(ctx, o.mysql, &h.mysql, sealed, h.entry("DynamoDB abandoned", from, sealed))
}

// An UnconfirmedError says that a step is made, and that not every process of
// the fleet has confirmed it. Calling again waits for them again.
type UnconfirmedError struct {
	Step  string
	Cause error
}

// Error says what is made and what is missing.
func (e *UnconfirmedError) Error() string {
	return e.Step + " is made, but not every process has confirmed it: " + e.Cause.Error()
}

// Unwrap returns the cause if it says more than the names of processes, such as
// the context's end.
func (e *UnconfirmedError) Unwrap() error {
	if _, refused := e.Cause.(*RefusedError); refused {
		return nil
	}
	return e.Cause
}

// confirm waits until the fleet obeys a step that is made. before is what went
// wrong after the step, nil if nothing did.
func (o *Operator) confirm(ctx context.Context, step string, l lead, before error) error {
	err := before
	if err == nil {
		err = o.waitForFleet(ctx, step, l)
	}
	if err != nil {
		return &UnconfirmedError{Step: step, Cause: err}
	}
	return nil
}

func (o *Operator) entry(action string, from, next store.PhaseRecord, c Change, overruled []Unmet) store.AuditEntry {
	e := store.AuditEntry{Who: c.Who, Action: action, From: describe(from), To: describe(next), Reason: c.Reason}
	if e.Who == "" {
		e.Who = o.opts.Who
	}
	e.Detail = "all guards met"
	if len(overruled) > 0 {
		lines := make([]string, len(overruled))
		for i, u := range overruled {
			lines[i] = u.String()
		}
		e.Detail = "forced over: " + strings.Join(lines, " | ")
	}
	return e
}

// describe names phase and capture, and the mark unless it is open: "2
// dual-write captured", "4 dynamodb-primary captured, closed".
func describe(r store.PhaseRecord) string {
	capture := "bare"
	if r.Capture {
		capture = "captured"
	}
	text := fmt.Sprintf("%d %s %s", uint8(r.Phase), r.Phase, capture)
	if r.State != store.Open {
		text += ", " + r.State.String()
	}
	return text
}

// waitForFleet waits until every process registered with the authority obeys
// its epoch. A process that renews learns it; one that does not lapses: so it
// ends within the TTL.
func (o *Operator) waitForFleet(ctx context.Context, step string, l lead) error {
	deadline := o.now().Add(2 * RegistrationTTL)
	o.obey(ctx)
	for {
		fleet, err := l.authority.Registrations(ctx)
		if err != nil {
			return err
		}
		behind := behindOf(fleet, l.record.Epoch)
		if len(behind) == 0 {
			return nil
		}
		if o.now().After(deadline) {
			return &RefusedError{Step: step, Unmet: []Unmet{{Guard: "fleet", Data: true,
				Reason: "still in an older epoch: " + strings.Join(behind, ", "), Mend: "look at these processes"}}}
		}
		if err := o.sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// waitForMovers waits until every process that was live in the old authority's
// fleet has come over to the new one's, or must have lapsed.
func (o *Operator) waitForMovers(ctx context.Context, l lead, before []store.Registration) error {
	deadline := o.now().Add(RegistrationTTL)
	o.obey(ctx)
	for o.now().Before(deadline) {
		fleet, err := l.authority.Registrations(ctx)
		if err != nil {
			return err
		}
		here := make(map[string]bool)
		for _, p := range fleet {
			here[p.Process] = p.Epoch >= l.record.Epoch
		}
		missing := 0
		for _, p := range before {
			if p.Age < RegistrationTTL && !here[p.Process] {
				missing++
			}
		}
		if missing == 0 {
			return nil
		}
		if err := o.sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// behindOf names the live processes that do not obey the epoch yet.
func behindOf(fleet []store.Registration, epoch uint64) []string {
	var behind []string
	for _, p := range fleet {
		if p.Age < RegistrationTTL && p.Epoch < epoch {
			behind = append(behind, fmt.Sprintf("%s on %s (epoch %d)", p.Process, p.Host, p.Epoch))
		}
	}
	return behind
}
