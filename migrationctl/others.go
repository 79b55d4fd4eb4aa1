package migrationctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

const (
	// othersPause is between two looks at a hand-off that another process drives.
	othersPause = 50 * time.Millisecond
	// operatorSilence is after how long an operator takes a driver for dead. It is
	// less than the processes of the service take: these may die any moment as
	// well, while somebody stands behind an operator.
	operatorSilence = 3 * heartbeatEvery
)

// settled returns the store that leads, once no hand-off is under way. One that
// is driven to the phase that is asked for anyway is waited for; to another one
// it is refused: one step at a time. One whose driver is silent is finished or
// given up first, for there may be no process of the service that could do it.
func (o *Operator) settled(ctx context.Context, step string, to store.Phase) (lead, error) {
	end := o.now().Add(2 * o.opts.HandoffWait)
	return o.rest(ctx, func(s *standing) error {
		if (s.leader == nobody || s.record().Next == to) && o.now().Before(end) {
			return nil
		}
		return &RefusedError{Step: step, Unmet: []Unmet{{Guard: "hand-off", Data: true,
			Reason: "one is under way, driven by " + driverOf(s),
			Mend:   "wait until it is done or given up"}}}
	})
}

func driverOf(s *standing) string {
	if s.leader == nobody {
		return "another process"
	}
	return fmt.Sprintf("%s, to phase %d", s.record().Driver, uint8(s.record().Next))
}

// ended is how a hand-off ended, of which close or run returned cause. Where another
// process came between, it is waited for until no hand-off is under way: if the record is
// then as it was to be, all is well.
func (o *Operator) ended(ctx context.Context, cause error, wanted func(store.PhaseRecord) bool) error {
	if !errors.Is(cause, errSuperseded) {
		return cause
	}
	ctx, cancel := context.WithTimeout(ctx, o.opts.HandoffWait)
	defer cancel()
	l, err := o.rest(ctx, func(*standing) error { return nil })
	switch {
	case err != nil:
		return cause
	case !wanted(l.record):
		return fmt.Errorf("the phase is %s now: %w", l.record.Phase, cause)
	}
	return nil
}

// isAt asks whether a record is at a phase.
func isAt(p store.Phase) func(store.PhaseRecord) bool {
	return func(r store.PhaseRecord) bool { return r.Phase == p }
}

// rest waits until no hand-off is under way and returns the store that leads
// then. It calls driven whenever it sees a sign of life of a driver, and ends
// with the error that gives. A hand-off without any it takes over.
func (o *Operator) rest(ctx context.Context, driven func(*standing) error) (lead, error) {
	var seen deadline
	for {
		s := o.look(ctx, mysqlSide, false)
		before := seen
		seen.watch(&s, o.now())
		switch {
		case !unfinished(&s):
			return o.leadOf(s)
		case before.under && before.since != seen.since:
			if err := driven(&s); err != nil {
				return lead{}, err
			}
		case o.now().Sub(seen.since) >= operatorSilence:
			return o.takeOver(ctx)
		}
		if err := o.sleep(ctx, othersPause); err != nil {
			return lead{}, err
		}
	}
}

// takeOver finishes a hand-off, or gives it up.
func (o *Operator) takeOver(ctx context.Context) (lead, error) {
	err := o.resume(ctx, o.opts.machine.name())
	s := o.look(ctx, mysqlSide, false)
	if unfinished(&s) {
		return lead{}, errors.Join(&store.Error{Op: "phase set", Kind: store.ErrUnavailable, Outcome: store.NotApplied,
			Detail: "a hand-off is under way, and can't be finished or given up"}, err)
	}
	return o.leadOf(s)
}

// unfinished reports whether a store is closed, or given away by one store and
// not taken by the other.
func unfinished(s *standing) bool {
	return s.between || s.abandoning() || s.leader != nobody && s.record().State == store.Closed
}
