package memstore

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

var errNoFanOut = errors.New("not built")

// FanOuts returns the next fan-out marks.
func (s *Store) FanOuts(ctx context.Context, r store.DirtyRange) (store.FanOutPage, error) {
	return store.FanOutPage{}, nil
}

// Dependents returns the keys of the next records that refer to a key.
func (s *Store) Dependents(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
	return store.DependentsPage{}, errNoFanOut
}

// Renew has copies made anew.
func (s *Store) Renew(ctx context.Context, keys []transform.Key) error { return errNoFanOut }

// Reach notes how far a mark has been carried out.
func (s *Store) Reach(ctx context.Context, f store.FanOut, reached string) error { return errNoFanOut }

// CleanFanOut removes a mark that was carried out.
func (s *Store) CleanFanOut(ctx context.Context, f store.FanOut) error { return errNoFanOut }

// Copies returns the copies that items have.
func (s *Store) Copies(ctx context.Context, keys []transform.Key) ([]transform.Record, error) {
	return nil, errNoFanOut
}

// KeepsCopies reports whether the store's items have copies.
func (s *Store) KeepsCopies() bool { return true }
