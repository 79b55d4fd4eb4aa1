package storetest

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

var versionFaults = []fault{
	{name: "a key keeps its first version", breaks: cases(ruleVersion, "from write to write"),
		in: func(b *broken) {
			b.read = func(row store.Row) store.Row {
				b.locked(func() {
					if b.versions[row.Key] == 0 {
						b.versions[row.Key] = row.Version
					}
					row.Version = b.versions[row.Key]
				})
				return row
			}
		}},
	{name: "versions begin again after a delete", breaks: cases(ruleVersion, "through a delete"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				before, _ := b.Store.Get(ctx, relay, w.Mutations[0].Key)
				done, err := b.Store.Write(ctx, at, w)
				b.locked(func() {
					if err == nil && before.Version > 0 && !before.Live {
						b.versions[before.Key] = done.Rows[0].Version - store.Floor(at.Epoch) - 1
					}
				})
				return done, err
			}
			b.read = func(row store.Row) store.Row {
				b.locked(func() { row.Version -= b.versions[row.Key] })
				return row
			}
		}},
	{name: "a version is one more than the last",
		breaks: append(cases(ruleVersion, "above the floor of every new epoch", "through a time without capture"),
			cases(ruleBump, "in a new epoch")...),
		in: func(b *broken) {
			b.read = func(row store.Row) store.Row {
				if row.Version > 0 {
					row.Version = store.Floor(store.FirstEpoch+1) + row.Version%store.Floor(1)
				}
				return row
			}
		}},
	{name: "bare reads look for versions", breaks: cases(ruleVersion, "a bare read has none"),
		in: func(b *broken) {
			b.get = func(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
				at.Captured = true
				return b.Store.Get(ctx, at, key)
			}
		}},
	{name: "every process counts for itself", breaks: cases(ruleVersion, "over two processes"),
		in: func(b *broken) {
			mine := store.Version(0)
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				b.locked(func() {
					mine++
					b.as[w.Mutations[0].Key] = store.Floor(at.Epoch) + mine
				})
				return done, err
			}
		}},
}

var changeFaults = []fault{
	{name: "a dirty key is not bumped", breaks: cases(ruleBump, "whatever is at the key"),
		in: func(b *broken) {
			b.bump = func(ctx context.Context, keys []transform.Key) error {
				keys = slices.DeleteFunc(slices.Clone(keys), func(key transform.Key) bool {
					row, _ := b.Store.Get(ctx, relay, key)
					return row.Dirty
				})
				return b.Store.Bump(ctx, keys)
			}
		}},
	{name: "a bump takes a hundred keys", breaks: cases(ruleBump, "many keys"),
		in: func(b *broken) {
			b.bump = func(ctx context.Context, keys []transform.Key) error {
				return b.Store.Bump(ctx, keys[:min(len(keys), 100)])
			}
		}},
	{name: "a bump puts back what an earlier one read", breaks: cases(ruleBump, "beside updates"),
		in: func(b *broken) {
			b.bump = func(ctx context.Context, keys []transform.Key) error {
				row, _ := b.Store.Get(ctx, relay, keys[0])
				rec := row.Record
				b.locked(func() {
					if old, ok := b.records[keys[0]]; ok {
						rec = old
					}
					b.records[keys[0]] = rec
				})
				_, err := b.Store.Write(ctx, b.now(ctx), store.Write{
					Mutations: []store.Mutation{{Op: store.Put, Key: keys[0], Record: rec}}})
				return err
			}
		}},
	{name: "a page leaves out its first key", breaks: cases(ruleDirty, "pages"),
		in: func(b *broken) {
			b.dirty = func(ctx context.Context, after transform.Key, limit int) ([]store.Change, error) {
				if after.IsZero() {
					return b.Store.Dirty(ctx, after, limit)
				}
				page, err := b.Store.Dirty(ctx, after, limit+1)
				return page[min(len(page), 1):], err
			}
		}},
	{name: "pages are counted off", breaks: cases(ruleDirty, "pages beside Clean"),
		in: func(b *broken) {
			from := 0
			b.dirty = func(ctx context.Context, after transform.Key, limit int) ([]store.Change, error) {
				if after.IsZero() {
					from = 0
				}
				all, err := b.Store.Dirty(ctx, transform.Key{}, 1000)
				page := all[min(from, len(all)):min(from+limit, len(all))]
				from += len(page)
				return page, err
			}
		}},
	{name: "clean keys are counted", breaks: cases(ruleDirty, "the count"),
		in: func(b *broken) {
			b.backlog = func(ctx context.Context) (store.Backlog, error) {
				got, err := b.Store.Backlog(ctx)
				got.Dirty++
				return got, err
			}
		}},
	{name: "Clean has no condition", breaks: cases(ruleClean, "at another version", "after a bump"),
		in: func(b *broken) {
			b.clean = func(ctx context.Context, key transform.Key, _ store.Version) error {
				b.forget(ctx, key)
				return nil
			}
		}},
	{name: "Clean is surprised by a clean key", breaks: cases(ruleClean, "where nothing is dirty"),
		in: func(b *broken) {
			b.clean = func(ctx context.Context, key transform.Key, v store.Version) error {
				row, _ := b.Store.Get(ctx, relay, key)
				if !row.Dirty {
					return &store.Error{Op: "clean", Kind: store.ErrNotFound, Outcome: store.NotApplied}
				}
				return b.Store.Clean(ctx, key, v)
			}
		}},
	{name: "Clean takes the next write with it", breaks: cases(ruleClean, "beside writes"),
		in: func(b *broken) {
			b.clean = func(ctx context.Context, key transform.Key, v store.Version) error {
				b.locked(func() { b.seen[key.ID] = true })
				return b.Store.Clean(ctx, key, v)
			}
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				b.locked(func() {
					if err == nil && b.seen[w.Mutations[0].Key.ID] {
						b.Store.Clean(ctx, done.Rows[0].Key, done.Rows[0].Version)
					}
				})
				return done, err
			}
		}},
}
