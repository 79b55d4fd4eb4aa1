package memstore

import (
	"context"
	"strconv"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// LookBeside finds nothing: the store asks its records for unique values and
// references, and keeps nothing beside them.
func (s *Store) LookBeside(context.Context, []store.Row) ([]store.Fault, []transform.Key, error) {
	return nil, nil, nil
}

// LeftBeside finds nothing.
func (s *Store) LeftBeside(context.Context, string, int) (store.FaultPage, error) {
	return store.FaultPage{}, nil
}

// MendBeside has nothing to mend.
func (s *Store) MendBeside(context.Context, store.Fault) (bool, error) { return true, nil }

// Stamps returns how often the entries at the keys have changed.
func (s *Store) Stamps(ctx context.Context, keys []transform.Key) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx, "stamps", "", store.At{}); err != nil {
		return nil, err
	}
	all := make([]string, len(keys))
	for i, key := range keys {
		if e := s.entries[key]; e != nil && e.live {
			all[i] = strconv.FormatUint(e.revision, 10)
		}
	}
	return all, nil
}
