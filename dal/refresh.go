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

// Refresh reads version and state of the key in one snapshot of the authority,
// puts them into the follower unless something as new is there, and cleans the
// change record if its version is still the one it read. It returns nil once
// the follower holds the key at that version or a higher one.
//
// While the follower is resting after repeated failures Refresh asks nobody and
// returns an ErrUnavailable of the follower.
func (r *Refresher) Refresh(ctx context.Context, key transform.Key) error {
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
	if err := r.put(ctx, row); err != nil {
		r.counts.failed.Add(1)
		return err
	}
	r.counts.done.Add(1)
	// A write since the read keeps the key dirty: Clean looks at the version.
	return r.authority.Clean(ctx, key, row.Version)
}

// put sends the row unless the breaker keeps the follower at rest.
func (r *Refresher) put(ctx context.Context, row store.Row) error {
	pass, ok := r.breaker.allow()
	if !ok {
		return &store.Error{Op: "refresh", Entity: row.Key.Entity, Store: r.follower.Name(),
			Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: errFollowerResting}
	}
	_, err := r.follower.Put(ctx, row)
	// A row the follower can't hold says nothing about its health.
	r.breaker.report(pass, err == nil || Unfit(err))
	return err
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
