package dal

import (
	"cmp"
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
	// the error is ErrPending with outcome Applied. Of a delete that is staged it waits for
	// what its own call takes along, if that is 500 records at most; more is ErrPending.
	// What somebody else takes along meanwhile, a relay or who makes the record anew, and
	// what a call before took along under the same token, is gone in the authority, and
	// the relays bring it to the follower.
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
// of an update's change the token knows nothing; units of work go by their token
// alone. Tokens are
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
	burdens  []burden      // of each mutation, where there are several
	along    burden        // of what references take along
	unstaged string        // why that can't be staged
	done     store.Written // once it is committed
	pending  error         // what it takes along is not all gone yet
}

// write commits w in the authority and then follows the policy. w.done says
// what was written, unless the error says that nothing may have been.
func (r *Router) write(ctx context.Context, w *write, options []WriteOption) error {
	o, err := r.chosen(options)
	if err != nil {
		return err
	}
	w.Token = o.token
	err = r.commit(ctx, r.snapshot.Load(), w)
	if err != nil && turnedAway(err) {
		err = r.again(ctx, w.snapshot, err, func(now *Snapshot) error { return r.commit(ctx, now, w) })
	}
	if err != nil {
		return callers(err)
	}
	if !w.snapshot.Phase.HasFollower() || r.side(w.snapshot).refresher == nil {
		return w.pending
	}
	return cmp.Or(r.follow(ctx, w, o.policy), w.pending)
}

// chosen returns what the options of a write choose.
func (r *Router) chosen(options []WriteOption) (writeOptions, error) {
	o := writeOptions{policy: r.opts.Policy}
	for _, option := range options {
		o = option(o)
	}
	if o.faulty {
		return o, &Error{Op: "write", Kind: ErrInvalid, Outcome: NotApplied, Detail: "the token is empty"}
	}
	return o, nil
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
// of the stores can't hold, or more than DynamoDB takes at once: that is refused
// before anything commits.
func (r *Router) commit(ctx context.Context, s *Snapshot, w *write) (err error) {
	w.snapshot = s
	w.weigh(r.contract)
	for i := range w.Mutations {
		m := &w.Mutations[i]
		if m.Op == store.Delete && r.referred(m.Key.Entity) {
			w.Along = func(all []store.Along) error { return r.takesAlong(w, all) }
		}
		if m.Op == store.Create || m.Op == store.Put {
			if err := r.fit(w, i, transform.Record{}, m.Record); err != nil {
				return err
			}
		}
	}
	if err := r.bears(w); err != nil {
		return err
	}
	w.done, err = r.side(s).authority.Write(ctx, s.at(), w.Write)
	if w.pending = nil; errors.Is(err, ErrPending) && len(w.done.Rows) > 0 {
		w.pending, err = err, nil // it is committed, and followed like any other write
	}
	return err
}

// fit returns an error if the record that mutation i leaves can't become an item,
// and with DynamoDB as authority if MySQL's columns can't hold it: DynamoDB would
// take it, and MySQL could never follow. In phase 1 without capture it only
// reports. before is what was there, zero where that is not known.
func (r *Router) fit(w *write, i int, before, rec transform.Record) error {
	s, op, key := w.snapshot, w.Mutations[i].Op, w.Mutations[i].Key
	if key.IsZero() {
		// The store is to assign the id. Each one that it gives fits its column.
		rec = rec.Clone()
		rec.SetAt(rec.Entity().Sequence, transform.IntValue(1))
	}
	rec = rec.Entity().Assume(rec)
	if s.Phase.DynamoDBLeads() {
		if err := rec.Fit(); err != nil {
			return refused(op.String(), rec.Entity().Name, err)
		}
	}
	item, err := rec.Entity().Item(rec)
	if err != nil {
		return r.unfit(s, key, refused(op.String(), rec.Entity().Name, err), err)
	}
	if w.burdens != nil {
		w.weighs(i, before, rec, transform.ItemSize(item))
	}
	return nil
}

// unfit refuses what DynamoDB could not take. In phase 1 without capture, which
// behaves as the service did, it only reports it.
func (r *Router) unfit(s *Snapshot, key transform.Key, refusal, cause error) error {
	if s.Capture || s.Phase.DynamoDBLeads() {
		return refusal
	}
	r.counts.unfit.Add(1)
	for _, h := range r.hooks.unfit {
		h.OnUnfit(UnfitEvent{Key: key, Err: cause})
	}
	return nil
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
