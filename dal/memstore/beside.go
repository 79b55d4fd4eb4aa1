package memstore

import (
	"context"

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
