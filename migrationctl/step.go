package migrationctl

import (
	"context"
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
// is not waited for: it carries an old epoch, which writes nothing.
func (o *Operator) SetPhase(ctx context.Context, to store.Phase, c Change) error {
	from, err := o.mysql.Phase(ctx)
	if err != nil {
		return err
	}
	if from.Phase == to {
		return o.confirm(ctx, "phase set", from.Epoch)
	}
	if to > from.Phase { // back is always possible
		if err := o.checkContract(from); err != nil {
			return err
		}
	}
	step := fmt.Sprintf("phase %d to %d", uint8(from.Phase), uint8(to))
	facts, err := o.facts(ctx, from, to)
	if err != nil {
		return err
	}
	unmet := Guards(from, to, facts)
	if err := refusal(step, unmet, c.Force); err != nil {
		return err
	}
	next := from
	next.Phase = to
	return o.advance(ctx, from, next, "phase set", step, c, unmet)
}

// CaptureOn makes every write leave a change record from now on. No write
// without one commits after the first that has one: the fence is held
// exclusively while its epoch grows, so a process that does not know yet
// carries an old epoch and writes nothing.
func (o *Operator) CaptureOn(ctx context.Context, c Change) error {
	from, err := o.mysql.Phase(ctx)
	if err != nil {
		return err
	}
	if from.Capture {
		return o.confirm(ctx, "capture on", from.Epoch)
	}
	next := from
	next.Capture = true
	next.CaptureEpoch = from.Epoch + 1
	next.Contract = o.digest
	if err := o.sameContracts(ctx); err != nil {
		return err
	}
	// Only the first capture ever may find the follower empty: later ones
	// follow a gap whose writes left no record, and items from before it.
	next.FollowerEmpty = from.Epoch == store.FirstEpoch && o.followerEmpty(ctx)
	return o.advance(ctx, from, next, "capture on", "capture on", c, nil)
}

// CaptureOff makes writes bare again. It voids every backfill: what is written
// from now on leaves no record.
func (o *Operator) CaptureOff(ctx context.Context, c Change) error {
	from, err := o.mysql.Phase(ctx)
	if err != nil {
		return err
	}
	if !from.Capture {
		return o.confirm(ctx, "capture off", from.Epoch)
	}
	if from.Phase.HasFollower() {
		return &RefusedError{Step: "capture off", Unmet: []Unmet{{Guard: "no follower", Data: true,
			Reason: fmt.Sprintf("phase %d needs change records", uint8(from.Phase)), Mend: "go back to phase 1 first"}}}
	}
	next := from
	next.Capture, next.CaptureEpoch, next.FollowerEmpty, next.Contract = false, 0, false, ""
	return o.advance(ctx, from, next, "capture off", "capture off", c, nil)
}

// checkContract returns an error if the group captures under another contract
// than this one. Two contracts in one group would refresh each other's items
// without what only the other one knows, and clean the keys.
func (o *Operator) checkContract(record store.PhaseRecord) error {
	if record.Contract == "" || record.Contract == o.digest {
		return nil
	}
	return &store.Error{Op: "open", Kind: store.ErrInvalid, Detail: "the group's writes are captured under another contract; " +
		"to change it go back to phase 1, capture off, roll out the new one, capture on, backfill"}
}

// sameContracts refuses to begin a capture while a live process has another
// contract.
func (o *Operator) sameContracts(ctx context.Context) error {
	fleet, err := o.mysql.Registrations(ctx)
	if err != nil {
		return err
	}
	var others []string
	for _, p := range fleet {
		if p.Age < RegistrationTTL && p.Contract != o.digest {
			others = append(others, p.Process+" on "+p.Host)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return &RefusedError{Step: "capture on", Unmet: []Unmet{{Guard: "contract", Data: true,
		Reason: "these processes have another one: " + strings.Join(others, ", "), Mend: "roll the same contract out to all"}}}
}

// advance replaces the phase record and waits until the fleet obeys.
func (o *Operator) advance(ctx context.Context, from, next store.PhaseRecord, action, step string, c Change, overruled []Unmet) error {
	if err := o.waitForFleet(ctx, step, from.Epoch); err != nil {
		return err
	}
	next.Epoch = from.Epoch + 1
	if err := o.mysql.Advance(ctx, from.Epoch, next, o.entry(action, from, next, c, overruled)); err != nil {
		return err
	}
	o.opts.Logger.Info("phase record changed", "action", action, "phase", next.Phase.String(),
		"capture", next.Capture, "epoch", next.Epoch)
	return o.confirm(ctx, step, next.Epoch)
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

// confirm waits until the fleet obeys a step that is made.
func (o *Operator) confirm(ctx context.Context, step string, epoch uint64) error {
	if err := o.waitForFleet(ctx, step, epoch); err != nil {
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

// describe names phase and capture: "2 dual-write captured".
func describe(r store.PhaseRecord) string {
	capture := "bare"
	if r.Capture {
		capture = "captured"
	}
	return fmt.Sprintf("%d %s %s", uint8(r.Phase), r.Phase, capture)
}

// facts gathers what the guards of the step look at, and no more: a step that
// has no guards must work with the follower down.
func (o *Operator) facts(ctx context.Context, from store.PhaseRecord, to store.Phase) (Facts, error) {
	f := Facts{MaxDirty: o.opts.MaxDirty}
	switch {
	case from.Phase == store.MySQLOnly && to == store.DualWrite:
		f.Ready = reason(o.mysql.Ready(ctx))
		f.Tables = reason(o.dynamo.Check(ctx))
	case from.Phase == store.DualWrite && to == store.Validate:
		var err error
		if f.Unfilled, err = o.unfilled(ctx, from); err != nil {
			return f, err
		}
		if _, f.DeadLetters, err = o.mysql.DeadLetters(ctx, 0); err != nil {
			return f, err
		}
		backlog, err := o.mysql.Backlog(ctx)
		if err != nil {
			return f, err
		}
		f.Dirty = backlog.Dirty
	}
	return f, nil
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// followerEmpty reports whether the follower was seen to hold nothing at all,
// live or tombstone. In doubt it is not empty: a backfill then bumps, which is
// slower and always right.
func (o *Operator) followerEmpty(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, followerTimeout)
	defer cancel()
	for _, e := range o.contract.Entities {
		after := ""
		for {
			page, err := o.dynamo.Scan(ctx, store.At{}, store.Range{Entity: e, After: after, Limit: 1})
			if err != nil || len(page.Rows) > 0 {
				return false
			}
			if after = page.Next; after == "" {
				break
			}
		}
	}
	return true
}

// Registrations of the fleet.
const (
	// RenewEvery is how often a process renews its registration and reads the
	// phase record.
	RenewEvery = 400 * time.Millisecond
	// RegistrationTTL is after how long without renewal a process no longer
	// counts as part of the fleet.
	RegistrationTTL = 3 * time.Second
)

// waitForFleet waits until every registered process obeys the epoch. A process
// that renews learns it; one that does not lapses: so it ends within the TTL.
func (o *Operator) waitForFleet(ctx context.Context, step string, epoch uint64) error {
	deadline := time.Now().Add(2 * RegistrationTTL)
	for {
		fleet, err := o.mysql.Registrations(ctx)
		if err != nil {
			return err
		}
		behind := behindOf(fleet, epoch)
		if len(behind) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return &RefusedError{Step: step, Unmet: []Unmet{{Guard: "fleet", Data: true,
				Reason: "still in an older epoch: " + strings.Join(behind, ", "), Mend: "look at these processes"}}}
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
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
