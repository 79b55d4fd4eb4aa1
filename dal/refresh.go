package dal

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Refresher brings keys from an authority to a follower, from MySQL to
// DynamoDB or the other way. It is the only way data reaches a follower, save
// backfill's insert at version 0: the inline path, the relay, repair and a
// repeated backfill all use one. Retries, duplicates, reordering and crashes
// are harmless.
type Refresher struct {
	authority store.Authority
	follower  store.Follower
	epoch     func() uint64
	breaker   *breaker
	counts    refreshCounts
}

// NewRefresher returns a Refresher from authority to follower. epoch tells the
// epoch that the follower is to be in: one with a fence takes nothing in
// another. It may be nil where the follower has none.
func NewRefresher(authority store.Authority, follower store.Follower, epoch func() uint64) *Refresher {
	if epoch == nil {
		epoch = func() uint64 { return 0 }
	}
	return &Refresher{authority: authority, follower: follower, epoch: epoch, breaker: newBreaker(time.Now)}
}

// errFollowerResting is the cause of an error while the breaker is open.
var errFollowerResting = errors.New("follower not asked: it failed repeatedly, the next probe is due shortly")

// errLaterHistory is the cause of an error that trying again will not mend.
var errLaterHistory = errors.New("the follower is of a later history")

// relayed is how the authority and the follower are read here: without an
// epoch. What the authority says is right in each of its epochs.
var relayed = store.At{Captured: true}

// A KeyError is why a key could not be brought to the follower.
type KeyError struct {
	Key     transform.Key
	Version store.Version // that was to be brought
	Err     error
}

// Error names the key by its hash.
func (e *KeyError) Error() string { return e.Key.String() + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *KeyError) Unwrap() error { return e.Err }

// KeyErrors returns the keys that an error of Refresh is about. There are none
// if it failed before it came to any.
func KeyErrors(err error) []*KeyError {
	switch e := err.(type) {
	case *KeyError:
		return []*KeyError{e}
	case interface{ Unwrap() error }:
		return KeyErrors(e.Unwrap())
	case interface{ Unwrap() []error }:
		var found []*KeyError
		for _, err := range e.Unwrap() {
			found = append(found, KeyErrors(err)...)
		}
		return found
	}
	return nil
}

// Refresh brings changes over. It reads version and state of each of their keys
// in one snapshot of the authority, which is after the changes were given, puts
// them into the follower unless something as new is there, keeps the changes'
// tokens there, and cleans the changes: a change record per key if its version is
// still the one it read, one per transaction when all of it has been brought.
// It returns nil once the follower holds each key at that version or a higher
// one. KeyErrors takes an error apart. Several changes of one key cost one read
// and one put; each of them waits for the others.
//
// While the follower is resting after repeated failures Refresh asks nobody and
// returns an ErrUnavailable of the follower. ErrWrongPhase says that the
// follower's fence is that of another phase, or that the follower leads by now.
func (r *Refresher) Refresh(ctx context.Context, changes ...store.Change) error {
	keys, perTransaction := changedKeys(changes)
	if !r.breaker.ready(fair(ctx)) {
		return r.resting(keys) // without a look at the authority: it has enough to do
	}
	// Before the read: a put of what was read in one epoch may not land in a
	// later one.
	at := store.At{Epoch: r.epoch(), Captured: true}
	rows, err := r.read(ctx, keys)
	if err != nil {
		return err
	}
	brought, err := r.bringAll(ctx, at, rows, perTransaction)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if err := r.clean(ctx, c, brought); err != nil {
			return err
		}
	}
	return nil
}

// changedKeys returns the keys of changes, each once, and whether one of the changes
// has a record per transaction.
func changedKeys(changes []store.Change) (keys []store.KeyVersion, perTransaction bool) {
	seen := make(map[transform.Key]bool)
	for _, c := range changes {
		perTransaction = perTransaction || c.Ref != ""
		for _, k := range c.Keys {
			if !seen[k.Key] {
				seen[k.Key] = true
				keys = append(keys, k)
			}
		}
	}
	return keys, perTransaction
}

// clean keeps a change's token in the follower, which has its keys by now, and
// removes the change.
func (r *Refresher) clean(ctx context.Context, c store.Change, brought []store.KeyVersion) error {
	if c.Token != nil {
		// After the rows: a token that is there says that they are.
		if _, err := r.ask(ctx, func() (bool, error) { return true, r.follower.Keep(ctx, []store.Token{*c.Token}) }); err != nil {
			return err
		}
	}
	if c.Ref == "" && c.Token == nil && len(brought) == 0 {
		return nil
	}
	// A write since the read keeps its key dirty: Clean looks at the version.
	return r.authority.Clean(ctx, store.Change{Ref: c.Ref, Token: c.Token, Keys: brought})
}

// RefreshKey is Refresh of a key alone: for repair and backfill, and where a
// change record is not at hand. A key that was never written under capture it
// leaves to the backfill. A change record per key it cleans; one per
// transaction stays, for other keys may be in it.
func (r *Refresher) RefreshKey(ctx context.Context, key transform.Key) error {
	if !r.breaker.ready(fair(ctx)) {
		return r.resting([]store.KeyVersion{{Key: key}})
	}
	at := store.At{Epoch: r.epoch(), Captured: true}
	row, err := r.authority.Get(ctx, relayed, key)
	if err != nil || row.Version == 0 && !row.Dirty {
		return err
	}
	rows, err := r.withCopies(ctx, row)
	if err != nil {
		return err
	}
	if row, err = r.bring(ctx, at, rows[0]); err != nil || !row.Dirty {
		return err
	}
	return r.authority.Clean(ctx, store.Change{Keys: []store.KeyVersion{{Key: row.Key, Version: row.Version}}})
}

// read asks the authority for the keys of a change.
func (r *Refresher) read(ctx context.Context, keys []store.KeyVersion) ([]store.Row, error) {
	switch len(keys) {
	case 0:
		return nil, nil
	case 1:
		row, err := r.authority.Get(ctx, relayed, keys[0].Key)
		if Unfit(err) {
			err = &KeyError{keys[0].Key, keys[0].Version, err}
		}
		return []store.Row{row}, err
	}
	plain := make([]transform.Key, len(keys))
	for i, k := range keys {
		plain[i] = k.Key
	}
	return r.authority.GetMany(ctx, relayed, plain)
}

// bringAll brings the rows over and returns which, at which versions. clean
// says that a row without change record of its own is brought too.
func (r *Refresher) bringAll(ctx context.Context, at store.At, rows []store.Row, clean bool) ([]store.KeyVersion, error) {
	var brought []store.KeyVersion
	var errs []error
	if !clean {
		// Not dirty means that the follower has this version. A key without
		// change record was never written under capture; backfill brings it.
		rows = slices.DeleteFunc(rows, func(row store.Row) bool { return !row.Dirty })
	}
	rows, err := r.withCopies(ctx, rows...)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		now, err := r.bring(ctx, at, row)
		if err != nil {
			errs = append(errs, &KeyError{row.Key, row.Version, err})
			if sick(err) {
				break
			}
			continue
		}
		brought = append(brought, store.KeyVersion{Key: now.Key, Version: now.Version})
	}
	if len(errs) == 1 {
		return nil, errs[0]
	}
	return brought, errors.Join(errs...)
}

// withCopies returns the rows as the follower is to be given them.
func (r *Refresher) withCopies(ctx context.Context, rows ...store.Row) ([]store.Row, error) {
	if !r.follower.KeepsCopies() {
		return rows, nil
	}
	return WithCopies(ctx, r.authority, rows...)
}

// bring puts a row into the follower and returns it as it was put: a swap may
// have read it once more.
func (r *Refresher) bring(ctx context.Context, at store.At, row store.Row) (store.Row, error) {
	err := row.Err
	if err == nil {
		row, err = r.put(ctx, at, row)
	}
	if err != nil {
		r.counts.failed.Add(1)
		return row, err
	}
	r.counts.done.Add(1)
	return row, nil
}

func (r *Refresher) put(ctx context.Context, at store.At, row store.Row) (store.Row, error) {
	applied, err := r.ask(ctx, func() (bool, error) { return r.follower.Put(ctx, at, row) })
	if holder := holderOf(err); !holder.IsZero() {
		row, err = r.swap(ctx, at, row, holder)
		applied = false // it does not say
	}
	if err == nil && !applied {
		err = r.notAhead(ctx, row)
	}
	return row, err
}

// ask calls the follower unless the breaker keeps it at rest.
func (r *Refresher) ask(ctx context.Context, call func() (bool, error)) (bool, error) {
	pass, ok := r.breaker.allow(fair(ctx))
	if !ok {
		return false, r.resting(nil)
	}
	start := time.Now()
	applied, err := call()
	if sick(err) && ctx.Err() != nil && time.Since(start) < breakerFairTime {
		// A write's budget is short, and what it sent may well have landed. If
		// that counted, a follower that is slow would be left alone as if it were
		// down, also by the relay, which has the time, and fall behind for ever.
		r.breaker.withdraw(pass)
		return applied, err
	}
	// A follower that refuses a row is well.
	r.breaker.report(pass, !sick(err))
	return applied, err
}

// fair reports whether a call has the time that a slow follower needs.
func fair(ctx context.Context) bool {
	until, bound := ctx.Deadline()
	return !bound || time.Until(until) >= breakerFairTime
}

// sick reports whether an error says something of the follower's health, and
// not of the row it was given.
func sick(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrThrottled)
}

func (r *Refresher) resting(keys []store.KeyVersion) error {
	e := &store.Error{Op: "refresh", Store: r.follower.Name(),
		Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: errFollowerResting}
	if len(keys) > 0 {
		e.Entity = keys[0].Key.Entity
	}
	return e
}

// notAhead is asked when the follower refused a put as not newer. That another
// refresh was faster is well, and so is that the follower leads by now, but then
// it is none any more. A follower that is ahead of an authority which still
// leads holds a later history, of which the authority knows nothing any more: it
// was restored from a backup, or its own tables were made anew. To clean the key
// then would hide the difference for ever.
func (r *Refresher) notAhead(ctx context.Context, row store.Row) error {
	there, err := r.follower.Get(ctx, relayed, row.Key)
	if err != nil || there.Version <= row.Version {
		return err
	}
	// Between the two reads: whatever the follower was given as the authority
	// has been brought back before this one leads.
	if err := r.stillLeads(ctx, row.Key.Entity); err != nil {
		return err
	}
	now, err := r.authority.Get(ctx, relayed, row.Key)
	if err != nil || there.Version <= now.Version {
		return err
	}
	return &store.Error{Op: "refresh", Entity: row.Key.Entity, Store: r.follower.Name(), Kind: store.ErrConflict, Outcome: store.NotApplied,
		Detail: row.Key.String() + " has a higher version than the authority ever gave; empty the follower's tables, " +
			"then capture off and on, and backfill", Cause: errLaterHistory}
}

// stillLeads returns ErrWrongPhase if the authority has given the group away,
// or the follower was opened without it. Their marks say so, and not what this
// process has heard of the phase, nor the epoch in a version: an authority that
// was restored from a backup is of an earlier epoch too.
func (r *Refresher) stillLeads(ctx context.Context, entity string) error {
	mine, err := markOf(ctx, r.authority)
	if err != nil {
		return err
	}
	theirs, err := markOf(ctx, r.follower)
	if err != nil {
		return err
	}
	if mine.State == 0 || leads(mine) && !(leads(theirs) && theirs.Epoch > mine.Epoch) {
		return nil
	}
	return &store.Error{Op: "refresh", Entity: entity, Store: r.authority.Name(), Kind: store.ErrWrongPhase,
		Outcome: store.NotApplied, Detail: "it is not the authority any more"}
}

// markOf returns the record of a store that keeps one, zero for another.
func markOf(ctx context.Context, s any) (store.PhaseRecord, error) {
	if c, ok := s.(store.Control); ok {
		return c.Phase(ctx)
	}
	return store.PhaseRecord{}, nil
}

func leads(r store.PhaseRecord) bool { return r.State == store.Open || r.State == store.Closed }

// Due reports whether the follower may be asked now: it is well, or rests and
// the next probe is due.
func (r *Refresher) Due() bool { return r.breaker.ready(true) }

// Resting reports whether the follower failed repeatedly and is being left
// alone until the next probe.
func (r *Refresher) Resting() bool { return r.breaker.open() }

// Unfit reports whether err says that a record can't be converted between the
// stores, which trying again will not mend. The relay and the backfill write
// down such a key as a dead letter.
func Unfit(err error) bool {
	var v *transform.ValueError
	return errors.As(err, &v)
}
