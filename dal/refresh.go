package dal

import (
	"context"
	"errors"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Refresher brings keys from an authority to a follower. It is the only way
// data reaches a follower, save backfill's insert at version 0: the inline
// path, the relay, repair and a repeated backfill all call Refresh. Retries,
// duplicates, reordering and crashes are harmless.
type Refresher struct {
	authority store.Authority
	follower  store.Follower
	breaker   *breaker
	counts    refreshCounts
}

// NewRefresher returns a Refresher from authority to follower.
func NewRefresher(authority store.Authority, follower store.Follower) *Refresher {
	return &Refresher{authority: authority, follower: follower, breaker: newBreaker(time.Now)}
}

// errFollowerResting is the cause of an error while the breaker is open.
var errFollowerResting = errors.New("follower not asked: it failed repeatedly, the next probe is due shortly")

// errLaterHistory is the cause of an error that trying again will not mend.
var errLaterHistory = errors.New("the follower is of a later history")

// Refresh reads version and state of the key in one snapshot of the authority,
// puts them into the follower unless something as new is there, and cleans the
// change record if its version is still the one it read. It returns nil once
// the follower holds the key at that version or a higher one.
//
// While the follower is resting after repeated failures Refresh asks nobody and
// returns an ErrUnavailable of the follower.
func (r *Refresher) Refresh(ctx context.Context, key transform.Key) error {
	if !r.breaker.ready() {
		return r.resting(key) // without a look at the authority: it has enough to do
	}
	// No epoch: what the authority says is right in each of its epochs.
	row, err := r.authority.Get(ctx, store.At{Captured: true}, key)
	if err != nil {
		return err
	}
	if !row.Dirty {
		// Clean means that the follower has this version. A key without change
		// record was never written under capture; backfill brings it.
		return nil
	}
	applied, err := r.put(ctx, row)
	if err == nil && !applied {
		err = r.notAhead(ctx, row)
	}
	if err != nil {
		r.counts.failed.Add(1)
		return err
	}
	r.counts.done.Add(1)
	// A write since the read keeps the key dirty: Clean looks at the version.
	return r.authority.Clean(ctx, key, row.Version)
}

// put sends the row unless the breaker keeps the follower at rest.
func (r *Refresher) put(ctx context.Context, row store.Row) (bool, error) {
	pass, ok := r.breaker.allow()
	if !ok {
		return false, r.resting(row.Key)
	}
	applied, err := r.follower.Put(ctx, row)
	// A follower that refuses a row is well.
	r.breaker.report(pass, err == nil || !sick(err))
	return applied, err
}

// sick reports whether an error says something of the follower's health, and
// not of the row it was given.
func sick(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrThrottled)
}

func (r *Refresher) resting(key transform.Key) error {
	return &store.Error{Op: "refresh", Entity: key.Entity, Store: r.follower.Name(),
		Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: errFollowerResting}
}

// notAhead is asked when the follower refused a put as not newer. That another
// refresh was faster is well. But a follower that is ahead of the authority
// itself holds a later history, of which the authority knows nothing any more:
// MySQL was restored from a backup, or its own tables were made anew. To clean
// the key then would hide the difference for ever.
func (r *Refresher) notAhead(ctx context.Context, row store.Row) error {
	there, err := r.follower.Get(ctx, store.At{Captured: true}, row.Key)
	if err != nil || there.Version <= row.Version {
		return err
	}
	now, err := r.authority.Get(ctx, store.At{Captured: true}, row.Key)
	if err != nil || there.Version <= now.Version {
		return err
	}
	return &store.Error{Op: "refresh", Entity: row.Key.Entity, Store: r.follower.Name(), Kind: store.ErrConflict, Outcome: store.NotApplied,
		Detail: row.Key.String() + " has a higher version than the authority ever gave; empty the follower's tables, " +
			"then capture off and on, and backfill", Cause: errLaterHistory}
}

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
