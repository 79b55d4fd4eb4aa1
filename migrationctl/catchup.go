package migrationctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// catchUp brings over what waits for the follower until so little is left that
// requests can wait for it. It returns the store that leads then: the record may have
// changed, where somebody else's hand-off was finished or given up meanwhile. That it has
// come to the phase, or to any other one, is errSuperseded.
func (o *Operator) catchUp(ctx context.Context, step string, l lead, to store.Phase) (lead, error) {
	began := o.now()
	// A pass has no end of its own where more is written than the follower takes.
	limited, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	var failed error // of the last pass that had its time
	for {
		start := o.now()
		pass := &drain{o: o, lead: l, changesOnly: to == store.DynamoDBOnly}
		err := pass.pass(limited, nil)
		over := limited.Err() != nil && ctx.Err() == nil || o.now().Sub(began) > catchUpTime
		left := o.now().Sub(start)
		if err == nil {
			left, err = o.left(ctx, pass, left)
		}
		switch {
		case over && failed == nil:
			return l, notCaughtUp(step, fmt.Errorf("there is always more, after %v: less load, or a faster follower", catchUpTime))
		case over:
			return l, notCaughtUp(step, failed)
		case err == nil && left <= o.opts.HandoffWait/catchUpPart:
			return l, nil
		case err == nil && left <= o.opts.HandoffWait/2 && o.now().Sub(began) > catchUpFair:
			return l, nil // it gets no better
		case err == nil && ctx.Err() != nil:
			return l, notCaughtUp(step, ctx.Err())
		case errors.Is(err, store.ErrWrongPhase) && ctx.Err() == nil:
			now, lost := o.mendFollower(ctx, step, l, to)
			if lost != nil {
				return l, lost
			}
			l = now
		case err != nil && (ctx.Err() != nil || !away(err) || o.now().Sub(began) > awayTime):
			return l, notCaughtUp(step, err)
		case err != nil:
			_ = o.sleep(ctx, heartbeatEvery) // the context is looked at after the next pass
		}
		failed = err
	}
}

// mendFollower is for a follower that takes no refreshes although its phase has one: an
// operator that died has left a hand-off half done, which somebody may be finishing, or
// MySQL's copy of the record behind.
func (o *Operator) mendFollower(ctx context.Context, step string, l lead, to store.Phase) (lead, error) {
	now, err := o.settled(ctx, step, to)
	switch {
	case err != nil:
		return l, notCaughtUp(step, err)
	case now.record.Phase != l.record.Phase:
		return l, errSuperseded
	}
	if _, err := o.copyOnce(ctx, now); err != nil {
		o.opts.Logger.Debug("copy of the phase record not written", "store", now.other.Name(), "error", err)
	}
	_ = o.sleep(ctx, heartbeatEvery) // the context is looked at after the next pass
	return now, nil
}

// ErrBehind says that a step was not made because more waits for the follower
// than requests could wait for, and it did not become less within a minute.
// Nothing has changed: the step can be made when there is less load.
var ErrBehind = errors.New("what waits for the follower must be brought over first")

func notCaughtUp(step string, err error) error {
	return fmt.Errorf("%s: nothing has changed: %w: %w", step, ErrBehind, err)
}

// left returns how long the next pass will take at most, once nobody writes any
// more: a pass took so long for so many changes, while the writers kept the
// follower busy too. Of a fan-out mark that was left meanwhile nothing says how many items
// it is about: another pass is better, while there is time for one.
func (o *Operator) left(ctx context.Context, pass *drain, took time.Duration) (time.Duration, error) {
	refreshed, marks := pass.refreshed.Load(), !pass.changesOnly && o.marks()
	if !marks && (refreshed == 0 || took <= o.opts.HandoffWait/catchUpPart) {
		return took, nil
	}
	waiting, err := pass.lead.authority.Backlog(ctx)
	switch {
	case err != nil:
		return took, err
	case marks && waiting.FanOuts > 0:
		return max(took, o.opts.HandoffWait/2), nil
	case refreshed == 0:
		return took, nil
	}
	return min(took, time.Duration(waiting.Dirty)*(took/time.Duration(refreshed))), nil
}
