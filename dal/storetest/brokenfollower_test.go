package storetest

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// putting is a Put with a condition of its own: what is there, and what comes.
func putting(takes func(now, row store.Row) bool) func(*broken) {
	return func(b *broken) {
		b.put = func(ctx context.Context, _ store.At, row store.Row) (bool, error) {
			now, err := b.Get(ctx, relay, row.Key)
			if err != nil || !takes(now, row) {
				return false, err
			}
			b.force(ctx, row)
			return true, nil
		}
	}
}

func absent(row store.Row) bool { return !row.Live && !row.Tombstone }

func newer(now, row store.Row) bool { return absent(now) || now.Version < row.Version }

var followerFaults = []fault{
	{name: "Put has no condition", breaks: cases(rulePut, "older, equal and newer versions", "beside each other"),
		in: putting(func(_, _ store.Row) bool { return true })},
	{name: "Put takes an equal version", breaks: cases(rulePut, "older, equal and newer versions"),
		in: putting(func(now, row store.Row) bool { return absent(now) || now.Version <= row.Version })},
	{name: "versions are floating point", breaks: cases(rulePut, "high versions"),
		in: putting(func(now, row store.Row) bool { return absent(now) || float64(now.Version) < float64(row.Version) })},
	{name: "Put leaves out what is NULL", breaks: cases(rulePut, "the whole record is replaced"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				if now, _ := b.Store.Get(ctx, relay, row.Key); now.Live && row.Live {
					row.Record = merged(now.Record, row.Record)
				}
				return b.Store.Put(ctx, at, row)
			}
		}},
	{name: "a refusal is an error", breaks: cases(ruleTombstone, "over another"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				took, err := b.Store.Put(ctx, at, row)
				if err == nil && !took {
					err = &store.Error{Op: "put", Kind: store.ErrConflict, Outcome: store.NotApplied}
				}
				return took, err
			}
		}},
	{name: "a put goes on without its caller", breaks: cases(rulePut, "a context that is over"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				return b.Store.Put(context.WithoutCancel(ctx), at, row)
			}
		}},
	{name: "a row is kept, not copied", breaks: cases(rulePut, "a record given stays the caller's"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				b.locked(func() { b.records[row.Key] = row.Record })
				return b.Store.Put(ctx, at, row)
			}
			b.read = b.kept
		}},
	{name: "what is needed is not found", breaks: cases(rulePut, "what it needs is there"),
		in: func(b *broken) { b.check = func(context.Context) error { return errors.New("no table") } }},

	{name: "a delete removes the item", breaks: cases(ruleTombstone, "over a record"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				if now, err := b.Get(ctx, relay, row.Key); err != nil || !newer(now, row) {
					return false, err
				}
				b.force(ctx, row)
				if !row.Live {
					b.locked(func() { b.gone[row.Key] = true })
				}
				return true, nil
			}
		}},
	{name: "a tombstone only where an item is", breaks: cases(ruleTombstone, "where nothing was"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				if now, _ := b.Store.Get(ctx, relay, row.Key); absent(now) && !row.Live {
					return true, nil
				}
				return b.Store.Put(ctx, at, row)
			}
		}},
	{name: "a tombstone needs no version", breaks: cases(ruleTombstone, "that is old"),
		in: putting(func(now, row store.Row) bool { return !row.Live || newer(now, row) })},
	{name: "a tombstone keeps its first version", breaks: cases(ruleTombstone, "over another"),
		in: putting(func(now, row store.Row) bool { return newer(now, row) && (row.Live || !now.Tombstone) })},
	{name: "a tombstone is for ever", breaks: cases(ruleTombstone, "and a newer record over it"),
		in: putting(func(now, row store.Row) bool { return newer(now, row) && !now.Tombstone })},
	{name: "a scan leaves out tombstones", breaks: cases(ruleTombstone, "a scan shows it, a query does not"),
		in: func(b *broken) {
			b.scan = func(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
				page, err := b.Store.Scan(ctx, at, r)
				page.Rows = slices.DeleteFunc(page.Rows, func(row store.Row) bool { return row.Tombstone })
				return page, err
			}
		}},
	{name: "tombstones outlast the follower", breaks: cases(ruleTombstone, "none are shown while the store leads"),
		in: func(b *broken) {
			var dead []store.Row
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				if !row.Live {
					dead = append(dead, store.Row{Key: row.Key, Version: row.Version, Tombstone: true})
				}
				return b.Store.Put(ctx, at, row)
			}
			b.scan = func(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
				page, err := b.Store.Scan(ctx, at, r)
				if record, _ := b.Phase(ctx); record.State == store.Open {
					page.Rows = append(page.Rows, dead...)
				}
				return page, err
			}
		}},
	{name: "tombstones of an authority are none", breaks: cases(ruleTombstone, "none are shown while the store leads"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				for _, m := range w.Mutations {
					if m.Op == store.Delete {
						b.locked(func() { b.gone[m.Key] = true })
					}
				}
				return b.Store.Write(ctx, at, w)
			}
		}},

	{name: "Insert keeps the row's version", breaks: cases(ruleInsert, "where nothing is"),
		in: inserting(func(now, _ store.Row) bool { return absent(now) }, func(row store.Row) store.Version { return row.Version })},
	{name: "Insert overwrites", breaks: cases(ruleInsert, "where a record is", "beside refreshes"),
		in: inserting(func(_, _ store.Row) bool { return true }, zero)},
	{name: "Insert overwrites tombstones", breaks: cases(ruleInsert, "where a tombstone is"),
		in: inserting(func(now, _ store.Row) bool { return !now.Live }, zero)},
	{name: "Insert overwrites what was inserted", breaks: cases(ruleInsert, "twice"),
		in: inserting(func(now, _ store.Row) bool { return absent(now) || now.Version == 0 }, zero)},
	{name: "Insert gives version 1", breaks: cases(ruleInsert, "a refresh over it"),
		in: inserting(func(now, _ store.Row) bool { return absent(now) }, func(store.Row) store.Version { return 1 })},
	{name: "one row that is there stops its batch", breaks: cases(ruleInsert, "many rows, some of them there"),
		in: func(b *broken) {
			b.insert = func(ctx context.Context, rows []store.Row) ([]error, error) {
				for batch := range slices.Chunk(rows, 25) {
					there := slices.ContainsFunc(batch, func(row store.Row) bool {
						now, _ := b.Store.Get(ctx, relay, row.Key)
						return !absent(now)
					})
					if !there {
						b.Store.Insert(ctx, batch)
					}
				}
				return make([]error, len(rows)), nil
			}
		}},
	{name: "Insert calls what is there an error", breaks: cases(ruleInsert, "where a record is", "twice"),
		in: func(b *broken) {
			b.insert = func(ctx context.Context, rows []store.Row) ([]error, error) {
				before, _ := b.Store.GetMany(ctx, relay, rowKeys(rows))
				errs, err := b.Store.Insert(ctx, rows)
				for i, row := range before {
					if !absent(row) && errs != nil {
						errs[i] = &store.Error{Op: "insert", Kind: store.ErrExists, Outcome: store.NotApplied}
					}
				}
				return errs, err
			}
		}},
}

func zero(store.Row) store.Version { return 0 }

// inserting is an Insert with a condition and a version of its own.
func inserting(takes func(now, row store.Row) bool, version func(store.Row) store.Version) func(*broken) {
	return func(b *broken) {
		b.insert = func(ctx context.Context, rows []store.Row) ([]error, error) {
			for _, row := range rows {
				now, err := b.Get(ctx, relay, row.Key)
				if err != nil {
					return nil, err
				}
				if row.Live && takes(now, row) {
					row.Version = version(row)
					b.force(ctx, row)
				}
			}
			return make([]error, len(rows)), nil
		}
	}
}

func rowKeys(rows []store.Row) []transform.Key {
	keys := make([]transform.Key, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	return keys
}
