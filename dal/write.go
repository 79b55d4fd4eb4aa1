package dal

import (
	"context"
	"errors"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Policy says when a write is acknowledged once the authority has committed
// it.
type Policy uint8

// The follower policies.
const (
	// Prompt tries the refresh now, within a budget, and acknowledges either
	// way. The relay finishes what the try did not.
	Prompt Policy = iota + 1
	// Async acknowledges at once and leaves the refresh to the relay.
	Async
	// Required acknowledges only when the follower has the write. Otherwise
	// the error is ErrPending with outcome Applied.
	Required
)

// A WriteOption is a choice for a single write.
type WriteOption func(writeOptions) writeOptions

type writeOptions struct {
	token  string
	faulty bool // an empty token was given: the caller takes the write for safe
	policy Policy
}

// Token makes the write idempotent: it is stored in the write's own
// transaction, and the same write with the same token changes nothing the
// second time and succeeds. It is what makes a retry safe after an error whose
// outcome is Unknown. A token used for another operation or key is ErrInvalid;
// of an update's change the token knows nothing. Tokens are
// 1 to 128 bytes and kept for a day: until then a token does not apply a
// second time, also if others have undone the write, so take a new one for a
// new write.
func Token(token string) WriteOption {
	return func(o writeOptions) writeOptions { o.token, o.faulty = token, token == ""; return o }
}

// Follow overrides the group's follower policy for the write.
func Follow(p Policy) WriteOption {
	return func(o writeOptions) writeOptions { o.policy = p; return o }
}

// A write is a store.Write on its way. snapshot is that of the attempt under
// way: the check of an updated record looks at it.
type write struct {
	store.Write
	snapshot *Snapshot
}

// write commits w in the authority and then follows the policy.
func (r *Router) write(ctx context.Context, w *write, options []WriteOption) error {
	o := writeOptions{policy: r.opts.Policy}
	for _, option := range options {
		o = option(o)
	}
	if o.faulty {
		return &Error{Op: "write", Kind: ErrInvalid, Outcome: NotApplied, Detail: "the token is empty"}
	}
	w.Token = o.token
	err := r.commit(ctx, r.snapshot.Load(), w)
	if err != nil && errors.Is(err, ErrWrongPhase) {
		err = r.again(ctx, w.snapshot, err, func(now *Snapshot) error { return r.commit(ctx, now, w) })
	}
	var own *changeError
	if errors.As(err, &own) {
		return own.err
	}
	if err != nil || !w.snapshot.Phase.HasFollower() || r.refresher == nil {
		return err
	}
	return r.follow(ctx, w.Mutations, o.policy)
}

// commit gives the write to the authority, unless it holds a record that could
// not become an item: under capture that is refused before anything commits.
func (r *Router) commit(ctx context.Context, s *Snapshot, w *write) error {
	w.snapshot = s
	for i := range w.Mutations {
		m := &w.Mutations[i]
		if m.Op == store.Create || m.Op == store.Put {
			if err := r.fit(s, m.Op, m.Key, m.Record); err != nil {
				return err
			}
		}
	}
	_, err := r.authority.Write(ctx, s.at(), w.Write)
	return err
}

// fit returns an error if the record can't become an item. Without capture it
// only reports it.
func (r *Router) fit(s *Snapshot, op store.Op, key transform.Key, rec transform.Record) error {
	_, err := rec.Entity().Item(rec)
	if err == nil {
		return nil
	}
	if !s.Capture {
		r.counts.unfit.Add(1)
		for _, h := range r.hooks.unfit {
			h.OnUnfit(UnfitEvent{Key: key, Err: err})
		}
		return nil
	}
	return refused(op.String(), key.Entity, err)
}

// refused is the error of a write whose record the contract can't represent.
func refused(op, entity string, err error) *Error {
	e := &Error{Op: op, Entity: entity, Kind: ErrInvalid, Outcome: NotApplied, Cause: err}
	var v *transform.ValueError
	if errors.As(err, &v) {
		e.Field = v.Column
		if v.TooLarge {
			e.Kind = ErrTooLarge
		}
	}
	return e
}

// follow does what comes after a commit, on a deadline of its own: the caller
// may be gone, and the follower must get the write all the same.
func (r *Router) follow(ctx context.Context, written []store.Mutation, policy Policy) error {
	if policy == Async {
		r.dirty(written)
		return nil
	}
	budget := r.opts.PromptBudget
	if policy == Required {
		budget = r.opts.RequiredBudget
	}
	after, cancel := store.Detached(ctx, budget)
	defer cancel()
	for i := range written {
		if err := r.refresh(after, written[i].Key, policy); err != nil {
			r.dirty(written[i:])
			if policy == Required {
				return &Error{Op: "write", Entity: written[i].Key.Entity, Store: r.follower.Name(),
					Kind: ErrPending, Outcome: Applied, Cause: err}
			}
			return nil
		}
	}
	return nil
}

// refresh tries the inline refresh of a key: once, or under Required until it
// works or the budget is over.
func (r *Router) refresh(ctx context.Context, key transform.Key, policy Policy) error {
	start := time.Now()
	pause := 5 * time.Millisecond
	err := r.refresher.Refresh(ctx, key)
	for err != nil && policy == Required && !hopeless(err) && sleep(ctx, pause) == nil {
		pause = min(2*pause, 200*time.Millisecond)
		err = r.refresher.Refresh(ctx, key)
	}
	for _, h := range r.hooks.refresh {
		h.OnRefresh(RefreshEvent{Key: key, Duration: time.Since(start), Err: err})
	}
	return err
}

// hopeless reports whether a refresh would fail again however often it is tried.
func hopeless(err error) bool { return Unfit(err) || errors.Is(err, errLaterHistory) }

// dirty tells the relay of this process what is left to do.
func (r *Router) dirty(written []store.Mutation) {
	if r.opts.Dirty == nil {
		return
	}
	keys := make([]transform.Key, len(written))
	for i := range written {
		keys[i] = written[i].Key
	}
	r.opts.Dirty(keys)
}
