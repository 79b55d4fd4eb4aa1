package migrationctl

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// A Status is what an operator sees of a group. It holds no content of rows.
type Status struct {
	Group string
	// Leader is the name of the store that leads, "mysql" or "dynamodb". It is
	// "" while a hand-off stands between the two, and where the store that would
	// say can't be read: then what only a leader knows is not filled in, which is
	// Processes, Dirty, OldestDirty, FanOuts and DeadLetters, and the record is the one
	// with the higher epoch that could be read.
	Leader      string
	Phase       store.Phase
	Flags       store.Flags
	Capture     bool
	Epoch       uint64
	ChangedAt   time.Time
	Next        store.Phase  // where a hand-off under way leads, 0 if none is
	Marks       []MarkStatus // MySQL's and DynamoDB's
	Note        string       // what is unusual and what to do about it, "" if nothing is
	Processes   []ProcessStatus
	Dirty       int64         // changes, of keys or tokens, that the follower does not have yet; 0 without capture
	OldestDirty time.Duration // how long the oldest of them has waited
	// FanOuts are changed records of which other items have copies that may be old: fan-out
	// marks. In phase 5 they are there without capture too.
	FanOuts     int64
	DeadLetters int64
	Backfill    []RunStatus // of both stores, the leader's first
	Verify      []RunStatus
}

// A MarkStatus is what one store's own record says of it.
type MarkStatus struct {
	Store  string      // "mysql" or "dynamodb"
	State  store.State // 0 if it can't be read
	Epoch  uint64
	Next   store.Phase // of a hand-off that is under way
	Driver string      // of it, "" if it has none
	Err    error       // why the store, or its runs, can't be read
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
	Store     string // that led when it ran, and keeps its record
	Entity    string
	Done      bool
	Void      bool // it ran under another capture and counts for nothing
	Rows      int64
	UpdatedAt time.Time
	// Differences and Unsettled are of a verify.
	Differences, Unsettled int64
}

// Status gathers what can be seen of the group. It fails only if that is not
// even which phase it is in: if neither store can be read, or if MySQL can't and
// DynamoDB does not lead. What else can't be read is said in Marks and Note.
func (o *Operator) Status(ctx context.Context) (Status, error) {
	seen := o.lookAtBoth(ctx)
	if err := ctx.Err(); err != nil {
		return Status{}, err
	}
	if seen.leader == nobody && !seen.mysql.seen() {
		_, err := o.leadOf(seen)
		return Status{}, err
	}
	record := seen.latest()
	s := Status{Group: record.Group, Phase: record.Phase, Flags: record.Phase.Flags(), Capture: record.Capture,
		Epoch: record.Epoch, ChangedAt: record.ChangedAt, Next: seen.next(), Note: seen.note(),
		Marks: []MarkStatus{markOf(o.mysql, seen.mysql), markOf(o.dynamo, seen.dynamo)}}
	stores := []store.Store{o.mysql, o.dynamo}
	if seen.leader == dynamoSide {
		stores[0], stores[1] = stores[1], stores[0]
	}
	if seen.leader != nobody {
		s.Leader = stores[0].Name()
		if err := s.askLeader(ctx, stores[0]); err != nil {
			return s, err
		}
	}
	for _, from := range stores {
		if err := s.addRuns(ctx, from, record.CaptureEpoch); err != nil {
			return s, err
		}
	}
	return s, nil
}

// lookAtBoth reads both records, whatever the first one says. A look writes
// nothing, so DynamoDB's word is enough where MySQL can't be asked.
func (o *Operator) lookAtBoth(ctx context.Context) standing {
	mysql := lookAt(ctx, o.mysql)
	return judge(mysql, lookAt(ctx, o.dynamo), true)
}

// latest returns the leader's record. Where none leads that is the record of the
// store that gave the authority away last, as far as it could be read.
func (s *standing) latest() store.PhaseRecord {
	if s.leader == nobody && s.dynamo.seen() && s.dynamo.record.Epoch > s.mysql.record.Epoch {
		return s.dynamo.record
	}
	return s.record()
}

// next is the phase that a hand-off under way leads to, 0 if none is.
func (s *standing) next() store.Phase {
	switch {
	case s.abandoning():
		return s.mysql.record.Next
	case s.between:
		return s.latest().Phase // the store that gave away has written it down
	case s.leader != nobody && s.record().State == store.Closed:
		return s.record().Next
	}
	return 0
}

// note says what is unusual in a standing, and what to do about it.
func (s *standing) note() string {
	finish := fmt.Sprintf("a process of the service finishes it, or `migrationctl phase set %d`", uint8(s.next()))
	switch {
	case s.abandoning():
		return "DynamoDB is being abandoned; " + finish
	case s.between:
		return fmt.Sprintf("a hand-off to phase %d stands between; %s", uint8(s.next()), finish)
	case s.next() != 0:
		return fmt.Sprintf("a hand-off to phase %d is under way; if its driver has fallen silent %s or gives it up",
			uint8(s.next()), finish)
	case s.leader == nobody:
		return s.why
	case !s.mysql.seen() && s.record().Phase.HasFollower():
		return "MySQL can't be read: it may lead already, if DynamoDB was abandoned"
	}
	return ""
}

func markOf(s store.Store, l look) MarkStatus {
	return MarkStatus{Store: s.Name(), State: l.record.State, Epoch: l.record.Epoch, Next: l.record.Next,
		Driver: l.record.Driver, Err: l.err}
}

// askLeader adds what only the store that leads knows.
func (s *Status) askLeader(ctx context.Context, leader store.Store) error {
	if s.Capture || s.Phase.DynamoDBLeads() {
		backlog, err := leader.Backlog(ctx)
		if err != nil {
			return err
		}
		s.FanOuts = backlog.FanOuts
		if s.Capture {
			// Without it a store may tell of tokens that would be carried if it began.
			s.Dirty, s.OldestDirty = backlog.Dirty, backlog.Oldest
		}
	}
	fleet, err := leader.Registrations(ctx)
	if err != nil {
		return err
	}
	for _, p := range fleet {
		s.Processes = append(s.Processes, ProcessStatus{Process: p.Process, Host: p.Host, Epoch: p.Epoch,
			Age: p.Age, Live: p.Age < RegistrationTTL})
	}
	_, s.DeadLetters, err = leader.DeadLetters(ctx, 0)
	return err
}

// addRuns adds the runs that a store keeps. One that does not lead may fall
// silent meanwhile, which its mark then says.
func (s *Status) addRuns(ctx context.Context, from store.Store, captureEpoch uint64) error {
	mark := &s.Marks[slices.IndexFunc(s.Marks, func(m MarkStatus) bool { return m.Store == from.Name() })]
	if mark.Err != nil {
		return nil
	}
	if from.Name() != s.Leader {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lookTimeout)
		defer cancel()
	}
	backfill, err := runsOf(ctx, from, backfillName, captureEpoch)
	if err == nil {
		var verify []RunStatus
		verify, err = runsOf(ctx, from, verifyName, captureEpoch)
		s.Backfill, s.Verify = append(s.Backfill, backfill...), append(s.Verify, verify...)
	}
	if err != nil && from.Name() != s.Leader {
		mark.Err, err = err, nil
	}
	return err
}

// runsOf reads the runs of a kind. Those of another capture are void.
func runsOf(ctx context.Context, from store.Store, name string, captureEpoch uint64) ([]RunStatus, error) {
	all, err := from.Progress(ctx, name)
	if err != nil {
		return nil, err
	}
	var list []RunStatus
	for _, p := range all {
		run := RunStatus{Store: from.Name(), Entity: p.Entity, Done: p.Done, Rows: p.Rows, UpdatedAt: p.UpdatedAt,
			Void: p.CaptureEpoch != captureEpoch}
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
