package dal

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A counted is what a hydrated number is of: the records that refer to a key.
type counted struct {
	by *transform.Reference
	to transform.Key
}

// count asks for the numbers that the records show, each reference once.
func (s shown) count(records []transform.Record, t targets, from beside) error {
	for _, h := range s {
		by := h.Counts()
		if by == nil {
			continue
		}
		keys, err := missingOf(records, func(key transform.Key) bool {
			_, known := t.counts[counted{by, key}]
			return known
		})
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			continue // another column shows the same, or there is no record
		}
		n, err := from.count(by, keys)
		if err != nil {
			return err
		}
		for i, key := range keys {
			t.counts[counted{by, key}] = n[i]
		}
	}
	return nil
}

// missingOf returns the keys of the records of which something is not known, each once.
func missingOf(records []transform.Record, known func(transform.Key) bool) ([]transform.Key, error) {
	var keys []transform.Key
	asked := map[transform.Key]bool{}
	for _, rec := range records {
		key, err := rec.Key()
		if err != nil {
			return nil, unshown(rec, err)
		}
		if !known(key) && !asked[key] {
			asked[key] = true
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// count returns how many records refer to each key, as the unit of work sees them. The
// store counts those that the unit changes nothing of, and the others are counted as the
// unit wants them: so each is counted once, whatever others do to it meanwhile. What the
// unit's deletes take along at the commit is there until then, as it is for the unit's
// reads.
func (tx *Tx) count(ctx context.Context, by *transform.Reference, keys []transform.Key) ([]int64, error) {
	c, records, err := tx.referring(ctx, by, keys)
	if err != nil {
		return nil, err
	}
	all, err := tx.authority().Count(ctx, tx.snapshot.at(), c)
	if err != nil {
		return nil, err
	}
	for _, rec := range records {
		to, refers := by.Key(rec)
		if i := slices.Index(keys, to); refers && i >= 0 {
			all[i]++
		}
	}
	return all, nil
}

// referring returns what the store is to be asked for, and the records that the unit of
// work knows better.
func (tx *Tx) referring(ctx context.Context, by *transform.Reference, keys []transform.Key) (c store.Count, records []transform.Record, err error) {
	c = store.Count{By: by, Keys: keys}
	for _, h := range tx.staged {
		switch {
		case h.op == 0 || h.entity != by.Of():
		case h.key.IsZero():
			records = append(records, h.record) // the store assigns its id
		default:
			c.Except = append(c.Except, h.key)
		}
	}
	rows, err := tx.show(ctx, c.Except)
	if err != nil {
		return c, nil, err
	}
	for _, row := range rows {
		if row.Err != nil {
			return c, nil, row.Err
		}
		if row.Live {
			records = append(records, row.Record)
		}
	}
	return c, records, nil
}
