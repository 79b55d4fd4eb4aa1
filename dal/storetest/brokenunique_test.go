package storetest

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

var uniqueFaults = []fault{
	{name: "no combination is unique", contract: notUnique,
		breaks: slices.Concat(both(ruleUnique, "of several columns"), both(ruleUnique, "twice in one write"), both(ruleUnique, "given up"),
			both(ruleUnique, "taken by another process"), cases(ruleHolder, "once the store is the authority"))},
	{name: "the first column is unique", breaks: slices.Concat(both(ruleUnique, "of several columns"), both(ruleUnique, "NULL is free")),
		contract: eachUnique(func(all []transform.Unique) []transform.Unique {
			for i := range all {
				all[i].Columns = all[i].Columns[:1]
			}
			return all
		})},
	{name: "the error names no holder", breaks: cases(ruleHolder, "by put", "given up by put", "exchanged together"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				took, err := b.Store.Put(ctx, at, row)
				var se *store.Error
				if errors.As(err, &se) {
					se.Holder = transform.Key{}
				}
				return took, err
			}
		}},
	{name: "values are looked at before versions", breaks: cases(ruleHolder, "by a put that is too old"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				newest := row
				newest.Version = store.Floor(99)
				if took, err := b.Store.Put(ctx, at, newest); errors.Is(err, store.ErrUnique) {
					return took, err
				}
				return b.Store.Put(ctx, at, row)
			}
		}},
	{name: "a follower gives no value up", breaks: cases(ruleHolder, "given up by put"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				if row.Live && row.Key.Entity == "Tickets" && b.hadBefore(row) {
					return false, &store.Error{Op: "put", Kind: store.ErrUnique, Outcome: store.NotApplied}
				}
				return b.Store.Put(ctx, at, row)
			}
		}},
	{name: "together is one after the other", breaks: cases(ruleHolder, "exchanged together", "together or not at all"),
		in: func(b *broken) {
			b.together = func(ctx context.Context, at store.At, rows []store.Row) error {
				for _, row := range rows {
					if _, err := b.Store.Put(ctx, at, row); err != nil {
						return err
					}
				}
				return nil
			}
		}},
	{name: "one old row stops the others", breaks: cases(ruleHolder, "together with what is too old"),
		in: func(b *broken) {
			b.together = func(ctx context.Context, at store.At, rows []store.Row) error {
				for _, row := range rows {
					if now, _ := b.Store.Get(ctx, relay, row.Key); now.Version >= row.Version {
						return &store.Error{Op: "put together", Kind: store.ErrConflict, Outcome: store.NotApplied}
					}
				}
				return b.Store.PutTogether(ctx, at, rows)
			}
		}},
	{name: "Insert passes over what is taken", breaks: cases(ruleHolder, "by insert"),
		in: func(b *broken) {
			b.insert = func(ctx context.Context, rows []store.Row) ([]error, error) {
				errs, err := b.Store.Insert(ctx, rows)
				for i := range errs {
					if errors.Is(errs[i], store.ErrUnique) {
						errs[i] = nil
					}
				}
				return errs, err
			}
		}},
}

// hadBefore reports whether another ticket was ever given the row's values.
func (b *broken) hadBefore(row store.Row) (had bool) {
	value, _ := b.Contract().Entity("Tickets").Unique[0].Text(row.Record)
	b.locked(func() {
		had = b.seen[value] && !b.seen[value+row.Key.ID]
		b.seen[value], b.seen[value+row.Key.ID] = true, true
	})
	return had
}

var idFaults = []fault{
	{name: "the answer has no ids",
		breaks: slices.Concat(both(ruleID, "one"), both(ruleID, "several in one write"), both(ruleID, "with a token")),
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
				for i := range done.Rows {
					done.Rows[i].Key = w.Mutations[i].Key
				}
				return done, err
			})
		}},
	{name: "an assigned id replaces what came with it", breaks: both(ruleID, "beside one of the caller's own"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				if err == nil && len(w.Mutations) == 2 && w.Mutations[1].Key.IsZero() {
					replaced := store.Mutation{Op: store.Put, Key: w.Mutations[0].Key, Record: done.Rows[1].Record.Clone()}
					replaced.Record.SetAt(0, w.Mutations[0].Record.At(0))
					_, err = b.Store.Write(ctx, at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: done.Rows[1].Key}, replaced}})
					done.Rows[1] = store.Row{Key: replaced.Key, Live: true, Record: replaced.Record}
				}
				return done, err
			}
		}},
	{name: "a repetition tells no ids", breaks: both(ruleID, "with a token"),
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
				for i := range done.Rows {
					if done.Repeated {
						done.Rows[i].Key = w.Mutations[i].Key
					}
				}
				return done, err
			})
		}},
	{name: "the last id is not known", breaks: both(ruleID, "one"),
		in: func(b *broken) {
			b.lastID = func(ctx context.Context, e *transform.Entity) (int64, error) { return 0, nil }
		}},
	{name: "a sequence is not raised",
		breaks: append(both(ruleID, "above what it was raised to"), cases(ruleID, "after the store has followed")...),
		in:     func(b *broken) { b.raiseID = func(context.Context, *transform.Entity, int64) error { return nil } }},
	{name: "a sequence is raised above its column, and says nothing", breaks: cases(ruleID, "never above what the column holds"),
		in: func(b *broken) {
			b.raiseID = func(ctx context.Context, e *transform.Entity, id int64) error {
				if err := b.Store.RaiseID(ctx, e, id); !errors.Is(err, store.ErrInvalid) {
					return err
				}
				return nil
			}
		}},
	{name: "every process counts its own ids", breaks: both(ruleID, "over processes"), in: ownIDs},
	{name: "a key that nobody gives is none", breaks: cases(ruleID, "of an entity without a sequence"), in: pretend(store.ErrInvalid)},
	{name: "a sequence never ends", breaks: cases(ruleID, "at the end of its column"), leased: true, in: pretend(store.ErrInvalid)},
}

// ownIDs assigns ids from a count of this handle.
func ownIDs(b *broken) {
	last := int64(0)
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		w.Mutations = slices.Clone(w.Mutations)
		for i, m := range w.Mutations {
			if m.Key.IsZero() {
				rec := m.Record.Clone()
				b.locked(func() { last++; rec.SetAt(0, transform.IntValue(last)) })
				key, _ := rec.Key()
				w.Mutations[i] = store.Mutation{Op: store.Create, Key: key, Record: rec}
			}
		}
		return b.Store.Write(ctx, at, w)
	}
}
