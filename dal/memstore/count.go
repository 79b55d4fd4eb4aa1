package memstore

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Count returns how many live records refer to each key, all of one moment.
func (s *Store) Count(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
	return read(s, ctx, at, "count", c.By.Of().Name, func() ([]int64, error) {
		found := map[transform.Key]int64{}
		s.eachReferring(c, func(to transform.Key, _ transform.Record) { found[to]++ })
		all := make([]int64, len(c.Keys))
		for i, key := range c.Keys {
			all[i] = found[key]
		}
		return all, nil
	})
}

// eachReferring gives each live record that refers by the reference and is not excepted,
// with the key that it refers to. The caller holds the lock.
func (s *Store) eachReferring(c store.Count, do func(to transform.Key, rec transform.Record)) {
	for key, e := range s.entries {
		if key.Entity != c.By.Of().Name || !e.live || slices.Contains(c.Except, key) {
			continue
		}
		if to, refers := c.By.Key(e.record); refers {
			do(to, e.record)
		}
	}
}
