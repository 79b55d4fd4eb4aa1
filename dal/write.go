package dal

import (
	"context"
	"errors"

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
	done     store.Written // once it is committed
}

// write commits w in the authority and then follows the policy. w.done says
// what was written, unless the error says that nothing may have been.
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
	if err != nil && turnedAway(err) {
		err = r.again(ctx, w.snapshot, err, func(now *Snapshot) error { return r.commit(ctx, now, w) })
	}
	if err != nil {
		return callers(err)
	}
	if !w.snapshot.Phase.HasFollower() || r.side(w.snapshot).refresher == nil {
		return nil
	}
	return r.follow(ctx, w, o.policy)
}

// callers returns the error of the caller's own function as it was, and every
// other one too.
func callers(err error) error {
	var own *changeError
	if errors.As(err, &own) {
		return own.err
	}
	return err
}

// commit gives the write to the authority, unless it holds a record that one
// of the stores can't hold: that is refused before anything commits.
func (r *Router) commit(ctx context.Context, s *Snapshot, w *write) (err error) {
	w.snapshot = s
	for i := range w.Mutations {
		m := &w.Mutations[i]
		if m.Op == store.Create || m.Op == store.Put {
			if err := r.fit(s, m.Op, m.Key, m.Record); err != nil {
				return err
			}
		}
	}
	w.done, err = r.side(s).authority.Write(ctx, s.at(), w.Write)
	return err
}

// fit returns an error if the record can't become an item, and with DynamoDB as
// authority if MySQL's columns can't hold it: DynamoDB would take it, and MySQL
// could never follow. In phase 1 without capture it only reports.
func (r *Router) fit(s *Snapshot, op store.Op, key transform.Key, rec transform.Record) error {
	if key.IsZero() {
		// The store is to assign the id. Each one that it gives fits its column.
		rec = rec.Clone()
		rec.SetAt(rec.Entity().Sequence, transform.IntValue(1))
	}
	leads := s.Phase.DynamoDBLeads()
	if leads {
		if err := rec.Fit(); err != nil {
			return refused(op.String(), rec.Entity().Name, err)
		}
	}
	_, err := rec.Entity().Item(rec)
	if err == nil {
		return nil
	}
	if !s.Capture && !leads {
		r.counts.unfit.Add(1)
		for _, h := range r.hooks.unfit {
			h.OnUnfit(UnfitEvent{Key: key, Err: err})
		}
		return nil
	}
	return refused(op.String(), rec.Entity().Name, err)
}

// refused is the error of a write whose record one of the stores can't hold.
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
