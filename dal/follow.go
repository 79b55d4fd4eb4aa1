package dal

import (
	"context"
	"errors"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// follow does what comes after a commit, on a deadline of its own: the caller
// may be gone, and the follower must get the write all the same.
func (r *Router) follow(ctx context.Context, w *write, policy Policy) error {
	if policy == Async {
		r.dirty(w.done.Changes)
		return nil
	}
	budget := r.opts.PromptBudget
	if policy == Required {
		budget = r.opts.RequiredBudget
	}
	after, cancel := store.Detached(ctx, budget)
	defer cancel()
	if w.done.Repeated && w.Decided {
		if policy != Required {
			return nil
		}
		return r.awaitToken(after, w)
	}
	changes := leftBy(w.done)
	for i, change := range changes {
		if err := r.refresh(after, w, change, policy); err != nil {
			if !w.done.Repeated {
				r.dirty(changes[i:])
			}
			return r.pending(w, policy, err)
		}
	}
	if w.done.Unlisted {
		return r.pending(w, policy, errUnlisted)
	}
	return nil
}

// errUnlisted is why a delete that took along more than its answer tells of is pending.
var errUnlisted = errors.New("it took along more than one answer tells of, which the relays bring")

// awaitToken waits until the follower holds the token of a unit of work that was
// applied before, nobody knows to which keys: its token comes after its rows.
func (r *Router) awaitToken(ctx context.Context, w *write) error {
	other := r.forward.authority // each is the authority of one side
	if !w.snapshot.Phase.DynamoDBLeads() {
		other = r.backward.authority
	}
	for {
		known, err := other.Token(ctx, relayed, w.Token)
		if known != nil {
			return nil
		}
		if sleep(ctx, 20*time.Millisecond) != nil {
			return r.pending(w, Required, err)
		}
	}
}

// leftBy returns the changes of a write. Those of one that was applied before
// are not known any more, if there still are any; its keys are.
func leftBy(done store.Written) []store.Change {
	if !done.Repeated {
		return done.Changes
	}
	changes := make([]store.Change, len(done.Rows))
	for i, row := range done.Rows {
		changes[i].Keys = []store.KeyVersion{{Key: row.Key}}
	}
	return changes
}

// pending is what a caller is told of a write that the follower has not got.
func (r *Router) pending(w *write, policy Policy, cause error) error {
	if policy != Required {
		return nil
	}
	e := &Error{Op: "write", Store: r.side(w.snapshot).follower.Name(), Kind: ErrPending, Outcome: Applied, Cause: cause}
	if len(w.done.Rows) > 0 {
		e.Entity = w.done.Rows[0].Key.Entity
	}
	return e
}

// refresh tries the inline refresh of a change: once, or under Required until
// it works or the budget is over.
func (r *Router) refresh(ctx context.Context, w *write, change store.Change, policy Policy) error {
	start := time.Now()
	pause := 5 * time.Millisecond
	err := r.bring(ctx, w, change)
	for err != nil && policy == Required && !hopeless(err) && !r.carried(ctx, w, change, err) {
		if sleep(ctx, pause) != nil {
			break
		}
		pause = min(2*pause, 200*time.Millisecond)
		err = r.bring(ctx, w, change)
	}
	if err != nil && policy == Required && r.carried(ctx, w, change, err) {
		err = nil
	}
	for _, h := range r.hooks.refresh {
		h.OnRefresh(RefreshEvent{Change: change, Duration: time.Since(start), Err: err})
	}
	return err
}

func (r *Router) bring(ctx context.Context, w *write, change store.Change) error {
	refresher := r.side(w.snapshot).refresher
	if w.done.Repeated {
		return refresher.RefreshKey(ctx, change.Keys[0].Key)
	}
	return refresher.Refresh(ctx, change)
}

// hopeless reports whether a refresh would fail again however often it is tried.
func hopeless(err error) bool { return Unfit(err) || errors.Is(err, errLaterHistory) }

// carried is asked when the follower takes nothing any more because it has
// become the authority: whether the hand-off has brought the write there. It
// has if each key is at the write's version or at a later one.
func (r *Router) carried(ctx context.Context, w *write, change store.Change, err error) bool {
	if !errors.Is(err, ErrWrongPhase) {
		return false
	}
	for _, k := range change.Keys {
		row, err := r.side(w.snapshot).follower.Get(ctx, relayed, k.Key)
		if err != nil || !holds(w.snapshot, row.Version, k.Version) {
			return false
		}
	}
	return true
}

// holds reports whether a key at version there has the write that gave it
// version v, 0 where that is not known. A version of a later epoch proves
// nothing in MySQL, which may have been opened without what was still to come.
// In DynamoDB it proves all: MySQL is never given away before it is drained.
func holds(s *Snapshot, there, v store.Version) bool {
	if there >= store.Floor(s.Epoch+1) {
		return !s.Phase.DynamoDBLeads()
	}
	return v > 0 && there >= v
}

// dirty tells the relay of this process what is left to do.
func (r *Router) dirty(changes []store.Change) {
	if r.opts.Dirty != nil && len(changes) > 0 {
		r.opts.Dirty(changes)
	}
}
