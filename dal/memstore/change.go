package memstore

import (
	"context"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Bump gives each key a new version and a change record.
func (s *Store) Bump(ctx context.Context, keys []transform.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, "bump", ""); err != nil {
		return err
	}
	for _, key := range keys {
		if s.contract.Entity(key.Entity) == nil {
			return s.fail("bump", key.Entity, store.ErrInvalid, "the contract has no such entity")
		}
	}
	for _, key := range keys {
		s.mark(s.at(key))
	}
	return nil
}

// Dirty returns up to limit dirty keys after the given one, in the order of
// entities and of their keys' text.
func (s *Store) Dirty(ctx context.Context, after transform.Key, limit int) ([]store.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx, "dirty", "", store.At{}); err != nil {
		return nil, err
	}
	var changes []store.Change
	now := s.now()
	for _, key := range s.sorted("", after) {
		if len(changes) >= limit {
			break
		}
		if e := s.entries[key]; e.dirty {
			changes = append(changes, store.Change{Key: key, Version: e.version, Age: int64(now.Sub(e.since))})
		}
	}
	return changes, nil
}

// Clean marks the key as refreshed if its version is still v.
func (s *Store) Clean(ctx context.Context, key transform.Key, v store.Version) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, "clean", key.Entity); err != nil {
		return err
	}
	if e := s.entries[key]; e != nil && e.version == v {
		// Not through at: what a write read of the key is still true.
		e.dirty = false
	}
	return nil
}

// Backlog counts the dirty keys.
func (s *Store) Backlog(ctx context.Context) (store.Backlog, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b store.Backlog
	if err := s.readable(ctx, "backlog", "", store.At{}); err != nil {
		return b, err
	}
	oldest := time.Duration(0)
	for _, e := range s.entries {
		if e.dirty {
			b.Dirty++
			oldest = max(oldest, s.now().Sub(e.since))
		}
	}
	b.Oldest = oldest
	return b, nil
}
