package dal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// turnedAway reports whether a store refused an operation because of the
// phase, so that nothing was applied and it may be done again. A write that may
// have been applied is not ours to repeat, whatever its kind.
func turnedAway(err error) bool {
	if !errors.Is(err, ErrWrongPhase) {
		return false
	}
	var e *Error
	return !errors.As(err, &e) || e.Outcome == NotApplied || e.Outcome == store.NoWrite
}

// again is the slow path of an operation that a store refused: nothing was
// applied. It waits for news of the phase and calls do again until it is
// accepted or PhaseWait is over. Requests wait for a phase change; they do not
// fail.
func (r *Router) again(ctx context.Context, s *Snapshot, cause error, do func(*Snapshot) error) error {
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, r.opts.PhaseWait)
	defer cancel()
	r.watch.join()
	defer r.watch.leave()
	err, looked := cause, false
	for turnedAway(err) {
		// Taken before the look at the snapshot, so that nothing is missed.
		news := r.watch.news()
		now := r.snapshot.Load()
		if now.Epoch == s.Epoch {
			now = r.await(limited, s, news)
			if now == nil && !looked && time.Since(start) > r.opts.PhaseWait+lateBy {
				now, looked = r.lastLook(ctx, s), true
			}
			if now == nil {
				err = r.waitedOut(ctx, err)
				break
			}
		}
		s = now
		err = do(s)
	}
	r.waited(start, err)
	return err
}

// await returns the snapshot with which it is worth to try again, nil if ctx is
// over before there is one.
func (r *Router) await(ctx context.Context, s *Snapshot, news <-chan struct{}) *Snapshot {
	for {
		select {
		case <-news:
		case <-ctx.Done():
			return nil
		}
		news = r.watch.news()
		if now := r.snapshot.Load(); now.Epoch != s.Epoch || r.promising(now) {
			return now
		}
	}
}

// lateBy is how much later than PhaseWait an operation gives up that had the
// processor all the time.
const lateBy = 100 * time.Millisecond

// lastLook is for a process that has slept through its wait, because it was
// stopped or starved: what it saw last is as old as that. It waits for a look at
// the phase that begins now.
func (r *Router) lastLook(ctx context.Context, s *Snapshot) *Snapshot {
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	for range 2 { // the look under way may have begun before
		select {
		case <-r.watch.news():
		case <-ctx.Done():
			return nil
		}
	}
	if now := r.snapshot.Load(); now.Epoch != s.Epoch || r.promising(now) {
		return now
	}
	return nil
}

// promising reports whether a store may accept under the very snapshot under
// which it refused: the lease has come, or a hand-off was given up. Where the
// phase record can't be read the store is asked, since it decides anyway.
func (r *Router) promising(now *Snapshot) bool {
	switch r.watch.state() {
	case blind:
		return true
	case between:
		return false
	}
	if now.Phase.DynamoDBLeads() && now.Lease != nil {
		return now.Lease.Valid(now.Epoch)
	}
	return now.Next == 0
}

// waitedOut is the error of an operation that was refused to the end.
func (r *Router) waitedOut(ctx context.Context, last error) error {
	e := &Error{Op: "route", Kind: ErrWrongPhase, Outcome: NotApplied}
	var told *Error
	if errors.As(last, &told) {
		*e = *told
	}
	s := r.snapshot.Load()
	e.Detail = "a hand-off is under way, or the phase record can't be read"
	switch {
	case s.Next != 0:
		e.Detail = "the hand-off to " + s.Next.String() + " is under way"
	case s.Phase.DynamoDBLeads() && !s.Lease.Valid(s.Epoch):
		e.Detail = "a hand-off is under way, or DynamoDB gives this process no lease"
	}
	if e.Cause = ctx.Err(); e.Cause != nil {
		e.Detail += ", and the caller waited no longer"
		return e
	}
	e.Detail += fmt.Sprintf(" and did not end within %v", r.opts.PhaseWait)
	if failed := r.watch.failure(); failed != nil {
		e.Cause = failed
	}
	return e
}

// waited counts an operation that had to wait.
func (r *Router) waited(start time.Time, err error) {
	r.counts.waited.Add(1)
	if len(r.hooks.wait) == 0 {
		return
	}
	e := WaitEvent{Duration: time.Since(start), Err: err}
	for _, h := range r.hooks.wait {
		h.OnWait(e)
	}
}
