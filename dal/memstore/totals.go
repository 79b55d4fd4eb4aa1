package memstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Totals returns what a column has in the live records that refer to each key, all of one
// moment.
func (s *Store) Totals(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
	return read(s, ctx, at, "totals", t.By.Of().Name, func() ([]transform.Total, error) {
		found := map[transform.Key]transform.Total{}
		s.eachReferring(t.Count, func(to transform.Key, rec transform.Record) {
			found[to] = found[to].With(rec.At(t.Column))
		})
		all := make([]transform.Total, len(t.Keys))
		for i, key := range t.Keys {
			all[i] = found[key]
		}
		return all, nil
	})
}
