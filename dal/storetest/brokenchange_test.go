package storetest

import (
	"context"
	"slices"
	"strconv"

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
	{name: "a page leaves out its first change", breaks: cases(ruleDirty, "pages"),
		in: func(b *broken) {
			b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
				page, err := b.Store.Dirty(ctx, r)
				if r.After != "" {
					page.Changes = page.Changes[min(len(page.Changes), 1):]
				}
				return page, err
			}
		}},
	{name: "pages are counted off", breaks: cases(ruleDirty, "pages beside Clean"),
		in: func(b *broken) {
			b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
				from, _ := strconv.Atoi(r.After)
				all, err := b.Store.Dirty(ctx, store.DirtyRange{Shard: r.Shard, Limit: 1000})
				page := store.DirtyPage{Changes: all.Changes[min(from, len(all.Changes)):min(from+r.Limit, len(all.Changes))]}
				if from+r.Limit < len(all.Changes) {
					page.Next = strconv.Itoa(from + r.Limit)
				}
				return page, err
			}
		}},
	{name: "a process sees its own changes", breaks: cases(ruleDirty, "from every process"),
		in: func(b *broken) {
			b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
				page, err := b.Store.Dirty(ctx, r)
				page.Changes = slices.DeleteFunc(page.Changes, func(c store.Change) bool {
					n, _ := strconv.Atoi(c.Keys[0].Key.ID)
					return c.Keys[0].Key.Entity == "Users" && n%2 != b.handle
				})
				return page, err
			}
		}},
	{name: "every shard has everything", breaks: cases(ruleDirty, "from every process", "pages"), leased: true,
		in: func(b *broken) {
			b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
				var all store.DirtyPage
				for shard := range b.Shards() {
					page, err := b.Store.Dirty(ctx, store.DirtyRange{Shard: shard, Limit: 1000})
					if err != nil {
						return page, err
					}
					all.Changes = append(all.Changes, page.Changes...)
				}
				return all, nil
			}
		}},
	{name: "a change tells of one key", breaks: cases(ruleDirty, "a change of several keys"), leased: true,
		in: func(b *broken) {
			b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
				page, err := b.Store.Dirty(ctx, r)
				for i := range page.Changes {
					page.Changes[i].Keys = page.Changes[i].Keys[:1]
				}
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
			b.clean = func(ctx context.Context, c store.Change) error {
				for _, k := range c.Keys {
					b.forget(ctx, k.Key)
				}
				return nil
			}
		}},
	{name: "Clean is surprised by a clean key", breaks: cases(ruleClean, "where nothing is dirty"),
		in: func(b *broken) {
			b.clean = func(ctx context.Context, c store.Change) error {
				row, _ := b.Store.Get(ctx, relay, c.Keys[0].Key)
				if !row.Dirty {
					return &store.Error{Op: "clean", Kind: store.ErrNotFound, Outcome: store.NotApplied}
				}
				return b.Store.Clean(ctx, c)
			}
		}},
	{name: "Clean cleans all changes of its keys", breaks: cases(ruleClean, "one change of a key"), leased: true,
		in: func(b *broken) {
			b.clean = func(ctx context.Context, c store.Change) error {
				for shard := range b.Shards() {
					page, _ := b.Store.Dirty(ctx, store.DirtyRange{Shard: shard, Limit: 1000})
					for _, other := range page.Changes {
						if other.Keys[0].Key == c.Keys[0].Key {
							b.Store.Clean(ctx, other)
						}
					}
				}
				return nil
			}
		}},
	{name: "Clean is surprised by a change that is gone", breaks: cases(ruleClean, "twice"), leased: true,
		in: func(b *broken) {
			b.clean = func(ctx context.Context, c store.Change) error {
				before, _ := b.Store.Backlog(ctx)
				err := b.Store.Clean(ctx, c)
				if after, _ := b.Store.Backlog(ctx); err == nil && after.Dirty == before.Dirty {
					return &store.Error{Op: "clean", Kind: store.ErrNotFound, Outcome: store.NotApplied}
				}
				return err
			}
		}},
	{name: "Clean takes the next transaction with it", breaks: cases(ruleClean, "beside transactions"), leased: true,
		in: func(b *broken) {
			b.clean = func(ctx context.Context, c store.Change) error {
				b.locked(func() { b.seen["cleaned"] = true })
				return b.Store.Clean(ctx, c)
			}
			b.write = b.answer(func(ctx context.Context, _ store.Write, done store.Written, err error) (store.Written, error) {
				b.locked(func() {
					if b.seen["cleaned"] && err == nil {
						b.Store.Clean(ctx, done.Changes[0])
					}
				})
				return done, err
			})
		}},
	{name: "Clean takes the next write with it", breaks: cases(ruleClean, "beside writes"),
		in: func(b *broken) {
			b.clean = func(ctx context.Context, c store.Change) error {
				b.locked(func() { b.seen[c.Keys[0].Key.ID] = true })
				return b.Store.Clean(ctx, c)
			}
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				b.locked(func() {
					if err == nil && b.seen[w.Mutations[0].Key.ID] {
						b.Store.Clean(ctx, done.Changes[0])
					}
				})
				return done, err
			}
		}},
}
