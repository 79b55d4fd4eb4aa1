package storetest

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// silent has a store tell nobody of what counts the records of its writes.
func silent(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		done, err := b.Store.Write(ctx, at, w)
		b.locked(func() {
			clear(b.seen)
			for _, c := range done.Changes {
				for _, k := range c.Keys {
					b.seen[k.Key.Entity+k.Key.ID] = true
				}
			}
			for _, key := range keysOf(w) {
				b.seen[key.Entity+key.ID] = true
			}
		})
		return done, err
	}
	b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
		page, err := b.Store.Dirty(ctx, r)
		page.Changes = slices.DeleteFunc(page.Changes, func(c store.Change) bool {
			unseen := false
			b.locked(func() { unseen = c.Ref == "" && c.Token == nil && !b.seen[c.Keys[0].Key.Entity+c.Keys[0].Key.ID] })
			return unseen
		})
		return page, err
	}
	filtered(func(f *store.FanOut) {
		b.locked(func() {
			f.Own = slices.DeleteFunc(slices.Clone(f.Own), func(key transform.Key) bool { return !b.seen[key.Entity+key.ID] })
		})
	})(b)
}

// nobody is a fault whose store counts other records than there are.
func nobody(change func(b *broken, key transform.Key, copies transform.Record) transform.Record) func(*broken) {
	return showing(func(b *broken, key transform.Key, copies transform.Record) transform.Record {
		if copies.IsZero() {
			return copies
		}
		return change(b, key, copies.Clone())
	})
}

var tallyFaults = slices.Concat(
	underBoth("nobody is told of what is counted", ruleTally, []string{"of what comes and goes", "of what is put", "of what moves", "by several columns, of items that move", "of what a delete takes along", "of several", "of a write that is refused or repeated"}, silent),
	underBoth("what refers is told of with every write", ruleTally, []string{"of what moves", "of what is put"}, func(b *broken) {
		b.write = b.answer(func(ctx context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
			for _, m := range w.Mutations {
				if row, _ := b.Store.Get(ctx, relay, m.Key); err == nil && m.Op != store.Create && row.Live {
					for _, by := range row.Record.Entity().References {
						if to, refers := by.Key(row.Record); refers {
							b.locked(func() { b.versions[to] = 1 })
							if !b.KeepsCopies() {
								_ = b.Store.Bump(ctx, []transform.Key{to})
							}
						}
					}
				}
			}
			return done, err
		})
		if b.KeepsCopies() {
			tells(func(b *broken, marks []store.FanOut) []store.FanOut {
				b.locked(func() {
					for key := range b.versions {
						marks = append(marks, store.FanOut{Ref: "7", Own: []transform.Key{key}})
					}
				})
				return marks
			})(b)
		}
	}),
	[]fault{
		{name: "relays have nothing to count", breaks: cases(ruleTally, "at once, captured"), in: silent},
		{name: "numbers are not renewed", leased: true, breaks: both(ruleTally, "at once"), in: func(b *broken) {
			b.renew = func(context.Context, []transform.Key) error { return nil }
		}},
		{name: "none is no number", leased: true, breaks: both(ruleTally, "of none"), in: nobody(func(b *broken, _ transform.Key, copies transform.Record) transform.Record {
			for _, h := range copies.Entity().Copies() {
				if h.Counts() != nil && copies.At(h.Column).Text() == "0" {
					copies.SetAt(h.Column, transform.Value{})
				}
			}
			return copies
		})},
		{name: "an update puts back the number that it has read", leased: true, breaks: both(ruleTally, "beside an update that has read before"), in: copiesPutBack},
		{name: "puts take no numbers", leased: true, breaks: cases(ruleGiven, "numbers"), in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				return b.Store.Put(ctx, at, barely(row)[0])
			}
		}},
		{name: "what is frozen follows", leased: true, breaks: both(ruleFrozen, "whatever its source becomes"), in: nobody(func(b *broken, key transform.Key, copies transform.Record) transform.Record {
			row, _ := b.Store.Get(context.Background(), relay, key)
			for _, h := range copies.Entity().Copies() {
				v, _, err := h.Value(row.Record, func(key transform.Key) (transform.Record, bool) {
					row, _ := b.Store.Get(context.Background(), relay, key)
					return row.Record, true
				})
				if h.Frozen() && err == nil {
					copies.SetAt(h.Column, v)
				}
			}
			return copies
		})},
		{name: "what is frozen stays when its record is written", leased: true, breaks: both(ruleFrozen, "by each write of the record"), in: nobody(func(b *broken, key transform.Key, copies transform.Record) transform.Record {
			for _, h := range copies.Entity().Copies() {
				if !h.Frozen() {
					continue
				}
				b.locked(func() {
					if first, known := b.records[key]; known {
						copies.SetAt(h.Column, first.At(h.Column))
					} else if !copies.At(h.Column).IsNull() {
						b.records[key] = copies.Clone()
					}
				})
			}
			return copies
		})},
	},
)
