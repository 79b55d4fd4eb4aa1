package dal

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A totalled is what a hydrated total is of: a column of the records that refer to a key.
// A sum and a mean of one column are made of the same total.
type totalled struct {
	counted
	column int
}

// total asks for the totals that the records show, each column of a reference once.
func (s shown) total(records []transform.Record, t targets, from beside) error {
	for _, h := range s {
		by, column := h.Totals()
		if by == nil {
			continue
		}
		keys, err := missingOf(records, func(key transform.Key) bool {
			_, known := t.totals[totalled{counted{by, key}, column}]
			return known
		})
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			continue // another column shows the same, or there is no record
		}
		all, err := from.totals(by, column, keys)
		if err != nil {
			return err
		}
		for i, key := range keys {
			t.totals[totalled{counted{by, key}, column}] = all[i]
		}
	}
	return nil
}

// totals returns what a column has in the records that refer to each key, as the unit of
// work sees them: each record once, as Tx.count does.
func (tx *Tx) totals(ctx context.Context, by *transform.Reference, column int, keys []transform.Key) ([]transform.Total, error) {
	c, records, err := tx.referring(ctx, by, keys)
	if err != nil {
		return nil, err
	}
	all, err := tx.authority().Totals(ctx, tx.snapshot.at(), store.Totals{Count: c, Column: column})
	if err != nil {
		return nil, err
	}
	for _, rec := range records {
		to, refers := by.Key(rec)
		if i := slices.Index(keys, to); refers && i >= 0 {
			all[i] = all[i].With(rec.At(column))
		}
	}
	return all, nil
}
