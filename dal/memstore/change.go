package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// leasedShards is in how many parts a leased store keeps its change records:
// enough that a caller who reads the first one only is found out.
const leasedShards = 4

// changes are the change records of a leased store, one per transaction. Their
// names are given in order, so that each shard is in the order of time.
type changes struct {
	given uint64
	open  map[uint64]transaction
}

// A transaction is what one change record says.
type transaction struct {
	keys  []store.KeyVersion
	token *store.Token
	since time.Time
}

// mark gives the key the next version above the floor, and a change record
// where each key has its own.
func (s *Store) mark(e *entry, floor store.Version) {
	e.version = max(e.version, floor) + 1
	if !s.leased && !e.dirty {
		e.dirty, e.since = true, s.now()
	}
}

// note leaves a change record of a transaction.
func (s *Store) note(keys []store.KeyVersion, t *store.Token) store.Change {
	c := &s.changes
	if c.open == nil {
		c.open = map[uint64]transaction{}
	}
	c.given++
	c.open[c.given] = transaction{keys: slices.Clone(keys), token: t, since: s.now()}
	return store.Change{Ref: ref(c.given), Keys: keys, Token: t}
}

// forgotten reports whether a change record holds nothing but a token that does
// not count any more.
func (s *Store) forgotten(t transaction) bool {
	return len(t.keys) == 0 && t.token != nil && s.now().Sub(t.token.Created) >= store.TokenLife
}

// ref is the name of a change record. Its text is in the order of the numbers.
func ref(n uint64) string { return fmt.Sprintf("%020d", n) }

func shardOf(n uint64) int { return int(n % leasedShards) }

// Bump gives each key a new version and a change record. A mark that is neither
// open nor closed refuses it.
func (s *Store) Bump(ctx context.Context, keys []transform.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, "bump", ""); err != nil {
		return err
	}
	if err := s.touchable("bump", keys...); err != nil {
		return err
	}
	bumped := make([]store.KeyVersion, len(keys))
	for i, key := range keys {
		e := s.at(key)
		e.follows = e.follows || s.leased
		s.mark(e, s.floor)
		bumped[i] = store.KeyVersion{Key: key, Version: e.version}
	}
	if s.leased && len(keys) > 0 {
		s.note(bumped, nil)
	}
	return nil
}

// touchable returns an error unless what belongs to keys may be changed without a write.
func (s *Store) touchable(op string, keys ...transform.Key) error {
	if r := s.control.record; r.State != store.Open && r.State != store.Closed {
		return s.fail(op, "", store.ErrWrongPhase, "the store is "+r.State.String())
	}
	for _, key := range keys {
		if s.contract.Entity(key.Entity) == nil {
			return s.fail(op, key.Entity, store.ErrInvalid, "the contract has no such entity")
		}
	}
	return nil
}

// Shards returns in how many parts the change records are kept.
func (s *Store) Shards() int {
	if s.leased {
		return leasedShards
	}
	return 1
}

// A waiting is a change record and its place in the order of a shard.
type waiting struct {
	place string
	store.Change
}

// Dirty returns the next change records of a shard: of a store with a fence in
// the order of entities and of their keys' text, then the tokens; of a leased
// one in the order in which they came.
func (s *Store) Dirty(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx, "dirty", "", store.At{}); err != nil {
		return store.DirtyPage{}, err
	}
	if r.Limit < 1 || r.Shard < 0 || r.Shard >= s.Shards() {
		return store.DirtyPage{}, s.badRead("dirty", "", "the limit must be at least 1, and the shard below Shards")
	}
	var page store.DirtyPage
	last := ""
	for _, w := range s.waiting(r.Shard) {
		if w.place <= r.After {
			continue
		}
		if len(page.Changes) == r.Limit {
			page.Next = last
			break
		}
		page.Changes, last = append(page.Changes, w.Change), w.place
	}
	return page, nil
}

// waiting returns the change records of a shard in order.
func (s *Store) waiting(shard int) []waiting {
	var all []waiting
	age := func(since time.Time) int64 { return int64(s.now().Sub(since)) }
	for n, t := range s.changes.open {
		if shardOf(n) == shard && !s.forgotten(t) {
			all = append(all, waiting{ref(n), store.Change{Ref: ref(n), Keys: slices.Clone(t.keys), Token: t.token, Age: age(t.since)}})
		}
	}
	for key, e := range s.entries {
		if e.dirty {
			keys := []store.KeyVersion{{Key: key, Version: e.version}}
			all = append(all, waiting{"k" + key.Entity + "\x00" + key.ID, store.Change{Keys: keys, Age: age(e.since)}})
		}
	}
	for text, t := range s.tokens {
		if s.uncarried(t) {
			copied := t.Token
			all = append(all, waiting{"t" + text, store.Change{Token: &copied, Age: age(t.Created)}})
		}
	}
	slices.SortFunc(all, func(a, b waiting) int { return cmp.Compare(a.place, b.place) })
	return all
}

// Clean marks a change as refreshed: each key if its version is still the one
// given, the token, and the record of a transaction.
func (s *Store) Clean(ctx context.Context, c store.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, "clean", ""); err != nil {
		return err
	}
	if s.leased {
		return s.drop("clean", c)
	}
	for _, k := range c.Keys {
		if e := s.entries[k.Key]; e != nil && e.version == k.Version {
			// Not through at: what a write read of the key is still true.
			e.dirty = false
		}
	}
	if c.Token != nil {
		if t := s.tokens[c.Token.Token]; t != nil {
			t.carried = true
		}
	}
	return nil
}

// Disown removes a change record together with its token.
func (s *Store) Disown(ctx context.Context, c store.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, "disown", ""); err != nil {
		return err
	}
	if err := s.drop("disown", c); err != nil || c.Token == nil {
		return err
	}
	// A token of that name that came with another write stays.
	if t := s.tokens[c.Token.Token]; t != nil && t.Fingerprint == c.Token.Fingerprint && t.Created.Equal(c.Token.Created) {
		delete(s.tokens, c.Token.Token)
	}
	return nil
}

// drop removes the change record of a transaction, if it is there.
func (s *Store) drop(op string, c store.Change) error {
	n, err := strconv.ParseUint(c.Ref, 10, 64)
	if err != nil {
		return s.fail(op, "", store.ErrInvalid, "the change names no record")
	}
	delete(s.changes.open, n)
	return nil
}

// Backlog counts the change records and the marks that wait, one shard after the other: a
// leased store has no snapshot of all of them.
func (s *Store) Backlog(ctx context.Context) (store.Backlog, error) {
	var b store.Backlog
	for shard := range s.Shards() {
		var marks int
		all, err := read(s, ctx, store.At{}, "backlog", "", func() ([]waiting, error) {
			marks = len(s.fanOutsOf(shard))
			return s.waiting(shard), nil
		})
		if err != nil {
			return store.Backlog{}, err
		}
		b.FanOuts += int64(marks)
		for _, w := range all {
			b.Dirty++
			b.Oldest = max(b.Oldest, time.Duration(w.Age))
		}
	}
	return b, nil
}
