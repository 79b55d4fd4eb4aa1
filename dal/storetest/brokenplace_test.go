package storetest

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// placesOf returns names of the cases of an authority about places.
func placesOf(names ...string) []string {
	var all []string
	for _, name := range names {
		all = append(all, both(rulePlace, name)...)
	}
	return all
}

var placeFaults = []fault{
	{name: "what a record leaves stays", in: littered,
		breaks: slices.Concat(placesOf("moved", "moved and back", "passed on in one write", "exchanged one after the other", "taken over from a deleted one", "expected",
			"moved by two processes"), cases(rulePlace, "bumped", "put in any order", "exchanged by puts", "inserted",
			"once the store is the authority"))},
	{name: "a delete is forgotten with its place", breaks: cases(rulePlace, "put late after a delete"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				if there, err := b.Store.Get(ctx, relay, row.Key); err == nil && there.Tombstone && row.Live {
					row.Version = there.Version + 1
				}
				return b.Store.Put(ctx, at, row)
			}
		}},
	{name: "a place has room for two", contract: notUnique,
		breaks: append(placesOf("held by another"), cases(rulePlace, "put over another", "inserted over another")...)},
	{name: "a record that has moved is not found", breaks: placesOf("moved", "moved by two processes"),
		in: func(b *broken) {
			b.get = func(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
				row, err := b.Store.Get(ctx, at, key)
				b.locked(func() {
					was, known := b.records[key]
					if row.Live && known && placeOf(was) != placeOf(row.Record) {
						row = store.Row{Key: key, Version: row.Version}
					} else if row.Live {
						b.records[key] = row.Record
					}
				})
				return row, err
			}
		}},
	{name: "a put that moves a record needs no newer version", breaks: cases(rulePlace, "put in any order", "put by two processes"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				there, err := b.Store.Get(ctx, relay, row.Key)
				if err == nil && there.Live && row.Live && placeOf(there.Record) != placeOf(row.Record) {
					row.Version = there.Version + 1
				}
				return b.Store.Put(ctx, at, row)
			}
		}},
	{name: "an insert moves what is there", breaks: cases(rulePlace, "inserted"),
		in: func(b *broken) {
			b.insert = func(ctx context.Context, rows []store.Row) ([]error, error) {
				for _, row := range rows {
					there, _ := b.Store.Get(ctx, relay, row.Key)
					if there.Live && placeOf(there.Record) != placeOf(row.Record) {
						b.force(ctx, store.Row{Key: row.Key, Version: there.Version, Live: true, Record: row.Record})
					}
				}
				return b.Store.Insert(ctx, rows)
			}
		}},
}

// placeOf returns where the item of a record is.
func placeOf(rec transform.Record) string {
	columns, _ := rec.Entity().ItemKeyColumns()
	place := rec.Entity().Name
	for _, c := range columns {
		place += "/" + rec.At(c).Text()
	}
	return place
}

// littered is a store whose queries of a table's own key show what was there once,
// unless something else is there by now.
func littered(b *broken) {
	keep := func(rows ...store.Row) {
		b.locked(func() {
			for _, row := range rows {
				if row.Live && row.Key.Entity != "" && !row.Record.IsZero() && row.Record.Entity().Moves() {
					b.litter = append(b.litter, row.Record.Clone())
				}
			}
		})
	}
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		done, err := b.Store.Write(ctx, at, w)
		for _, row := range done.Rows {
			now, _ := b.Store.Get(ctx, relay, row.Key)
			keep(now)
		}
		return done, err
	}
	b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
		took, err := b.Store.Put(ctx, at, row)
		if took {
			keep(row)
		}
		return took, err
	}
	b.together = func(ctx context.Context, at store.At, rows []store.Row) error {
		err := b.Store.PutTogether(ctx, at, rows)
		if err == nil {
			keep(rows...)
		}
		return err
	}
	b.insert = func(ctx context.Context, rows []store.Row) ([]error, error) {
		errs, err := b.Store.Insert(ctx, rows)
		keep(rows...)
		return errs, err
	}
	b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
		rows, err := b.Store.Query(ctx, at, q)
		l, wrong := store.NewLookup(q)
		if q.Index != "" || wrong != nil {
			return rows, err
		}
		b.locked(func() {
			for _, rec := range b.litter {
				key, _ := rec.Key()
				if rec.Entity() == q.Entity && l.Contains(rec) &&
					!slices.ContainsFunc(rows, func(r store.Row) bool { return r.Key == key || placeOf(r.Record) == placeOf(rec) }) {
					rows = append(rows, store.Row{Key: key, Live: true, Record: rec})
				}
			}
		})
		return rows, err
	}
}
