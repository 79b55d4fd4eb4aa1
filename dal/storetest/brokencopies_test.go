package storetest

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// showing is a store whose items show what a fault says, beside what is there.
func showing(change func(b *broken, key transform.Key, copies transform.Record) transform.Record) func(*broken) {
	return func(b *broken) {
		b.copies = func(ctx context.Context, keys []transform.Key) ([]transform.Record, error) {
			all, err := b.Store.Copies(ctx, keys)
			for i := range all {
				all[i] = change(b, keys[i], all[i])
			}
			return all, err
		}
	}
}

var renewFaults = slices.Concat(
	underBoth("nothing is renewed", ruleRenew, []string{"of everything that refers", "many", "by several at once"},
		func(b *broken) { b.renew = func(context.Context, []transform.Key) error { return nil } }),
	underBoth("the first hundred are renewed", ruleRenew, []string{"many"}, func(b *broken) {
		b.renew = func(ctx context.Context, keys []transform.Key) error {
			return b.Store.Renew(ctx, keys[:min(len(keys), 100)])
		}
	}),
	underBoth("a renewal writes records", ruleRenew, []string{"whatever is at the key"}, func(b *broken) {
		b.renew = func(ctx context.Context, keys []transform.Key) error {
			for _, key := range keys {
				if row, _ := b.Store.Get(ctx, relay, key); !row.Live {
					b.locked(func() { b.records[key] = transform.Record{} })
				}
			}
			return b.Store.Renew(ctx, keys)
		}
		b.get = func(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
			row, err := b.Store.Get(ctx, at, key)
			b.locked(func() {
				if _, made := b.records[key]; made {
					row.Live, row.Record = true, b.Contract().Entity(key.Entity).NewRecord()
				}
			})
			return row, err
		}
	}),
	[]fault{
		{name: "what is dirty is not renewed", breaks: cases(ruleRenew, "whether dirty or not"), in: func(b *broken) {
			b.renew = func(ctx context.Context, keys []transform.Key) error {
				return b.Store.Renew(ctx, slices.DeleteFunc(slices.Clone(keys), func(key transform.Key) bool {
					row, _ := b.Store.Get(ctx, relay, key)
					return row.Dirty
				}))
			}
		}},
		{name: "what is renewed has the version that it had", breaks: slices.Concat(cases(ruleRenew, "whether dirty or not", "of everything that refers, captured")), in: func(b *broken) {
			b.renew = func(ctx context.Context, keys []transform.Key) error {
				for _, key := range keys {
					row, _ := b.Store.Get(ctx, relay, key)
					b.locked(func() { b.as[key] = row.Version })
				}
				return b.Store.Renew(ctx, keys)
			}
		}},
		{name: "a closed mark lets no renewal pass", breaks: cases(ruleRenew, "closed and given away"), in: closedRenewal},
		{name: "a closed mark lets no renewal pass, under leases", leased: true, breaks: cases(ruleRenew, "closed and given away"), in: closedRenewal},
		{name: "a renewal begun before overtakes one", leased: true, in: overtakenRenewal,
			breaks: slices.Concat(both(ruleRenew, "by several at once"), both(ruleRenew, "of everything that refers"))},
		{name: "an update puts back what it has read", leased: true, in: copiesPutBack, breaks: both(ruleRenew, "beside an update that has read before")},
	},
)

func closedRenewal(b *broken) {
	b.renew = func(ctx context.Context, keys []transform.Key) error {
		if b.state(ctx) != store.Open {
			return &store.Error{Op: "renew", Kind: store.ErrWrongPhase, Outcome: store.NotApplied}
		}
		return b.Store.Renew(ctx, keys)
	}
}

// overtakenRenewal leaves what the renewal before has read.
func overtakenRenewal(b *broken) {
	b.renew = func(ctx context.Context, keys []transform.Key) error {
		before, _ := b.Store.Copies(ctx, keys)
		err := b.Store.Renew(ctx, keys)
		b.locked(func() {
			for i, key := range keys {
				b.records[key] = before[i]
			}
		})
		return err
	}
	showing(func(b *broken, key transform.Key, copies transform.Record) transform.Record {
		b.locked(func() {
			if old, known := b.records[key]; known && !copies.IsZero() && !old.IsZero() {
				copies = old
			}
		})
		return copies
	})(b)
}

// copiesPutBack has an update write the copies that were there when it began.
func copiesPutBack(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		read, _ := b.Store.Copies(ctx, keysOf(w))
		done, err := b.Store.Write(ctx, at, w)
		b.locked(func() {
			for i, m := range w.Mutations {
				if err == nil && m.Op == store.Update {
					b.records[m.Key] = read[i]
				}
			}
		})
		return done, err
	}
	b.renew = func(ctx context.Context, keys []transform.Key) error {
		b.locked(func() {
			for _, key := range keys {
				delete(b.records, key)
			}
		})
		return b.Store.Renew(ctx, keys)
	}
	showing(func(b *broken, key transform.Key, copies transform.Record) transform.Record {
		b.locked(func() {
			if old, known := b.records[key]; known {
				copies = old
			}
		})
		return copies
	})(b)
}

// barely is a follower that takes rows without what they have of others.
func barely(rows ...store.Row) []store.Row {
	rows = slices.Clone(rows)
	for i, row := range rows {
		if !row.Live {
			continue
		}
		rows[i].Record = row.Record.Clone()
		for _, h := range row.Record.Entity().Copies() {
			rows[i].Record.SetAt(h.Column, transform.Value{})
		}
	}
	return rows
}

var copyFaults = []fault{
	{name: "an update takes the copies", leased: true, breaks: slices.Concat(both(ruleKept, "by an update"), cases(ruleKept, "by an update, once the store is the authority")), in: func(b *broken) {
		b.write = b.answer(func(_ context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
			b.locked(func() {
				for _, m := range w.Mutations {
					b.seen[m.Key.ID] = b.seen[m.Key.ID] || err == nil && m.Op == store.Update
				}
			})
			return done, err
		})
		losing(b)
	}},
	{name: "a bump takes the copies", leased: true, breaks: both(ruleKept, "by a bump"), in: func(b *broken) {
		b.bump = func(ctx context.Context, keys []transform.Key) error {
			b.locked(func() {
				for _, key := range keys {
					b.seen[key.ID] = true
				}
			})
			return b.Store.Bump(ctx, keys)
		}
		losing(b)
	}},
	{name: "puts take no copies", leased: true, breaks: cases(ruleGiven, "put", "put late"), in: func(b *broken) {
		b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
			return b.Store.Put(ctx, at, barely(row)[0])
		}
	}},
	{name: "puts together take no copies", leased: true, breaks: cases(ruleGiven, "put together"), in: func(b *broken) {
		b.together = func(ctx context.Context, at store.At, rows []store.Row) error {
			return b.Store.PutTogether(ctx, at, barely(rows...))
		}
	}},
	{name: "inserts take no copies", leased: true, breaks: cases(ruleGiven, "inserted", "many"), in: func(b *broken) {
		b.insert = func(ctx context.Context, rows []store.Row) ([]error, error) {
			return b.Store.Insert(ctx, barely(rows...))
		}
	}},
	{name: "late puts take their copies there", leased: true, breaks: cases(ruleGiven, "put late"), in: func(b *broken) {
		b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
			b.locked(func() { b.records[row.Key] = row.Record })
			return b.Store.Put(ctx, at, row)
		}
		showing(func(b *broken, key transform.Key, copies transform.Record) transform.Record {
			b.locked(func() {
				for _, h := range b.records[key].Entity().Copies() {
					copies.SetAt(h.Column, b.records[key].At(h.Column))
				}
			})
			return copies
		})(b)
	}},
	{name: "tombstones keep the copies", leased: true, breaks: cases(ruleGiven, "deleted", "put together"), in: showing(func(b *broken, key transform.Key, copies transform.Record) transform.Record {
		if row, _ := b.Store.Get(context.Background(), relay, key); row.Tombstone {
			return b.Contract().Entity(key.Entity).NewRecord()
		}
		return copies
	})},
	{name: "a store that joins tells of copies", breaks: cases(ruleGiven, "put", "deleted"), in: func(b *broken) {
		b.copies = func(_ context.Context, keys []transform.Key) ([]transform.Record, error) {
			return make([]transform.Record, len(keys)), nil
		}
	}},
}

// losing has the items of keys that were seen show nothing.
func losing(b *broken) {
	showing(func(b *broken, key transform.Key, copies transform.Record) transform.Record {
		lost := false
		b.locked(func() { lost = b.seen[key.ID] })
		if !lost || copies.IsZero() {
			return copies
		}
		return copies.Entity().NewRecord()
	})(b)
}
