package dynamostore

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Totals returns what a column has in the records that refer to each key: those of its
// edges, by a consistent query for each key, and then the records by consistent reads, a
// hundred at once. A record that is gone since, or refers elsewhere, is left out. It reads,
// and pays for, all that refer to the key, in calls that are not of one moment.
func (s *Store) Totals(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
	return leased(s, at, "totals", t.By.Of().Name, func() ([]transform.Total, error) {
		return ofEachKey(s, "totals", t.Count, func(to transform.Key) (transform.Total, error) { return s.total(ctx, t, to) })
	})
}

// total reads the records that refer to a key.
func (s *Store) total(ctx context.Context, t store.Totals, to transform.Key) (total transform.Total, err error) {
	var keys []transform.Key
	add := func() error {
		rows, err := s.getMany(ctx, keys)
		keys = keys[:0]
		for _, row := range rows {
			switch {
			case row.Err != nil:
				return row.Err
			case row.Live && t.By.Refers(row.Record, to):
				total = total.With(row.Record.At(t.Column))
			}
		}
		return err
	}
	q := libraryQuery{partition: s.edgePartition(t.By, to), only: []string{attrEntity, attrKey}}
	for it, err := range s.libraryAll(ctx, "totals", q) {
		if err != nil {
			return transform.Total{}, err
		}
		key := owner(it)
		if key.Entity != t.By.Of().Name || slices.Contains(t.Except, key) {
			continue
		}
		if keys = append(keys, key); len(keys) == maxGet {
			if err := add(); err != nil {
				return transform.Total{}, err
			}
		}
	}
	if len(keys) == 0 {
		return total, nil
	}
	return total, add()
}
