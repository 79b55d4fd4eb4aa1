package migrationctl

import (
	"context"
	"encoding/json"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// A Status is what an operator sees of a group. It holds no content of rows.
type Status struct {
	Group       string
	Phase       store.Phase
	Flags       store.Flags
	Capture     bool
	Epoch       uint64
	ChangedAt   time.Time
	Processes   []ProcessStatus
	Dirty       int64         // changes, of keys or tokens, that the follower does not have yet; 0 without capture
	OldestDirty time.Duration // how long the oldest of them has waited
	DeadLetters int64
	Backfill    []RunStatus
	Verify      []RunStatus
}

// A ProcessStatus is one process of the fleet.
type ProcessStatus struct {
	Process string
	Host    string
	Epoch   uint64        // what it has confirmed
	Age     time.Duration // since it last renewed
	Live    bool          // it renewed lately enough to count
}

// A RunStatus is how far a backfill or verify is with one entity.
type RunStatus struct {
	Entity    string
	Done      bool
	Void      bool // it ran under another capture and counts for nothing
	Rows      int64
	UpdatedAt time.Time
	// Differences and Unsettled are of a verify.
	Differences, Unsettled int64
}

// Status gathers what there is to know about the group.
func (o *Operator) Status(ctx context.Context) (Status, error) {
	l, err := o.lead(ctx)
	if err != nil {
		return Status{}, err
	}
	record := l.record
	s := Status{Group: record.Group, Phase: record.Phase, Flags: record.Phase.Flags(), Capture: record.Capture,
		Epoch: record.Epoch, ChangedAt: record.ChangedAt}
	if record.Capture {
		// Without it a store may tell of tokens that would be carried if it began.
		backlog, err := l.authority.Backlog(ctx)
		if err != nil {
			return s, err
		}
		s.Dirty, s.OldestDirty = backlog.Dirty, backlog.Oldest
	}
	fleet, err := l.authority.Registrations(ctx)
	if err != nil {
		return s, err
	}
	for _, p := range fleet {
		s.Processes = append(s.Processes, ProcessStatus{Process: p.Process, Host: p.Host, Epoch: p.Epoch,
			Age: p.Age, Live: p.Age < RegistrationTTL})
	}
	if _, s.DeadLetters, err = l.authority.DeadLetters(ctx, 0); err != nil {
		return s, err
	}
	if s.Backfill, err = o.runs(ctx, backfillName, l); err != nil {
		return s, err
	}
	s.Verify, err = o.runs(ctx, verifyName, l)
	return s, err
}

func (o *Operator) runs(ctx context.Context, name string, l lead) ([]RunStatus, error) {
	all, err := l.authority.Progress(ctx, name)
	if err != nil {
		return nil, err
	}
	var list []RunStatus
	for _, p := range all {
		run := RunStatus{Entity: p.Entity, Done: p.Done, Rows: p.Rows, UpdatedAt: p.UpdatedAt,
			Void: p.CaptureEpoch != l.record.CaptureEpoch}
		if name == verifyName {
			var found VerifyReport
			if json.Unmarshal([]byte(p.Detail), &found) == nil {
				run.Differences, run.Unsettled = found.Differences-found.Repaired, found.Unsettled
			}
		}
		list = append(list, run)
	}
	return list, nil
}

// Audit returns the newest entries of the audit first.
func (o *Operator) Audit(ctx context.Context, limit int) ([]store.AuditEntry, error) {
	l, err := o.lead(ctx)
	if err != nil {
		return nil, err
	}
	return l.authority.Audit(ctx, limit)
}
