package storetest

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

type writeFunc = func(context.Context, store.At, store.Write) (store.Written, error)

var commitFaults = []fault{
	{name: "a delete leaves no change record", breaks: cases(ruleCommit, "under capture every operation leaves one"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				for _, m := range w.Mutations {
					if err == nil && m.Op == store.Delete {
						b.forget(ctx, m.Key)
					}
				}
				return done, err
			}
		}},
	{name: "a bare write leaves change records", breaks: cases(ruleCommit, "without capture none does"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				if err == nil && !at.Captured {
					b.Store.Bump(ctx, keysOf(w))
				}
				return done, err
			}
		}},
	{name: "one change record per write", breaks: cases(ruleCommit, "each mutation of a write leaves its own"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				if err == nil {
					b.forget(ctx, keysOf(w)[1:]...)
				}
				return done, err
			}
		}},
	{name: "the answer tells of no change record",
		breaks: cases(ruleCommit, "under capture every operation leaves one", "each mutation of a write leaves its own"),
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, _ store.Write, done store.Written, err error) (store.Written, error) {
				done.Changes = nil
				return done, err
			})
		}},
	{name: "a row without version gets no change record", breaks: cases(ruleCommit, "a row from before capture is written under it"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				before, _ := b.Store.GetMany(ctx, relay, keysOf(w))
				done, err := b.Store.Write(ctx, at, w)
				for _, row := range before {
					if err == nil && row.Live && row.Version == 0 {
						b.forget(ctx, row.Key)
					}
				}
				return done, err
			}
		}},
	{name: "mutations commit one by one", breaks: both(ruleCommit, "a mutation that fails takes the others with it"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				var all store.Written
				for _, m := range w.Mutations {
					done, err := b.Store.Write(ctx, at, store.Write{Mutations: []store.Mutation{m}})
					if err != nil {
						return all, err
					}
					all.Rows = append(all.Rows, done.Rows...)
				}
				return all, nil
			}
		}},
	{name: "what Modify did before it failed stays", breaks: cases(ruleCommit, "an error of Modify"), in: modifyErrorIsLate},
	{name: "an error of Modify is wrapped", breaks: cases(ruleCommit, "an error of Modify"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				var se *store.Error
				if err != nil && !errors.As(err, &se) {
					err = &store.Error{Op: "update", Kind: store.ErrInvalid, Outcome: store.NotApplied, Cause: err}
				}
				return done, err
			}
		}},
	{name: "writes go on without their caller", breaks: cases(ruleCommit, "a context that is over"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				return b.Store.Write(context.WithoutCancel(ctx), at, w)
			}
		}},
	{name: "a caller who is gone is told that nothing happened", breaks: cases(ruleCommit, "a context that ends in Modify"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(context.WithoutCancel(ctx), at, w)
				if err == nil && ctx.Err() != nil {
					err = &store.Error{Op: "write", Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: ctx.Err()}
				}
				return done, err
			}
		}},
}

// modifyErrorIsLate commits what Modify has made of the record, and then
// returns its error.
func modifyErrorIsLate(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		var failed error
		w.Mutations = slices.Clone(w.Mutations)
		for i, m := range w.Mutations {
			if m.Op == store.Update {
				w.Mutations[i].Modify = func(rec transform.Record) error {
					if err := m.Modify(rec); err != nil {
						failed = err
					}
					return nil
				}
			}
		}
		done, err := b.Store.Write(ctx, at, w)
		return done, firstError(err, failed)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// mutate changes every mutation before it is written.
func (b *broken) mutate(change func(ctx context.Context, m store.Mutation) store.Mutation) writeFunc {
	return func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		w.Mutations = slices.Clone(w.Mutations)
		for i := range w.Mutations {
			w.Mutations[i] = change(ctx, w.Mutations[i])
		}
		return b.Store.Write(ctx, at, w)
	}
}

// answer changes what a write answers.
func (b *broken) answer(change func(ctx context.Context, w store.Write, done store.Written, err error) (store.Written, error)) writeFunc {
	return func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		done, err := b.Store.Write(ctx, at, w)
		return change(ctx, w, done, err)
	}
}

var operationFaults = []fault{
	{name: "create overwrites", breaks: slices.Concat(both(ruleOperation, "create"), both(ruleRace, "creates")),
		in: func(b *broken) {
			b.write = b.mutate(func(_ context.Context, m store.Mutation) store.Mutation {
				if m.Op == store.Create {
					m.Op = store.Put
				}
				return m
			})
		}},
	{name: "put leaves out what is NULL", breaks: both(ruleOperation, "put"),
		in: func(b *broken) {
			b.write = b.mutate(func(ctx context.Context, m store.Mutation) store.Mutation {
				row, _ := b.Store.Get(ctx, relay, m.Key)
				if m.Op == store.Put && row.Live {
					m.Record = merged(row.Record, m.Record)
				}
				return m
			})
		}},
	{name: "update sets what it was not told to", breaks: both(ruleOperation, "update"),
		in: func(b *broken) {
			b.write = b.mutate(func(_ context.Context, m store.Mutation) store.Mutation {
				if m.Op == store.Update {
					m.Modify = forgetful(m.Modify)
				}
				return m
			})
		}},
	{name: "update creates", breaks: both(ruleOperation, "update of nothing"), in: updateCreates},
	{name: "delete of nothing succeeds", breaks: slices.Concat(both(ruleOperation, "delete"), both(ruleRace, "deletes")),
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
				if errors.Is(err, store.ErrNotFound) && w.Mutations[0].Op == store.Delete {
					return store.Written{Rows: []store.Row{{Key: w.Mutations[0].Key}}}, nil
				}
				return done, err
			})
		}},
	{name: "the answer is in another order", breaks: both(ruleOperation, "the answer"),
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, _ store.Write, done store.Written, err error) (store.Written, error) {
				slices.Reverse(done.Rows)
				return done, err
			})
		}},
	{name: "no value is unique", breaks: slices.Concat(both(ruleOperation, "unique values"), both(ruleRace, "a unique value")),
		contract: notUnique},
	{name: "the column of a unique value is not named", breaks: both(ruleOperation, "unique values"),
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, _ store.Write, done store.Written, err error) (store.Written, error) {
				var se *store.Error
				if errors.As(err, &se) {
					se.Field = ""
				}
				return done, err
			})
		}},
	{name: "a unique value is taken for ever", breaks: both(ruleOperation, "unique values move on"),
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
				for _, row := range done.Rows {
					if row.Live && row.Key.Entity == "Users" && b.takenBefore(row) {
						err = &store.Error{Op: "write", Kind: store.ErrUnique, Outcome: store.NotApplied}
					}
				}
				return done, err
			})
		}},
	{name: "a record is kept, not copied", breaks: both(ruleOperation, "a record given stays the caller's"),
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
				b.locked(func() {
					for _, m := range w.Mutations {
						if err == nil && m.Op == store.Create {
							b.records[m.Key] = m.Record
						}
					}
				})
				return done, err
			})
			b.read = b.kept
		}},
	{name: "a process updates what it has in mind", breaks: both(ruleRace, "updates"), in: cachedUpdates},
	{name: "keys out of order stand still", breaks: both(ruleRace, "updates of two keys in either order"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				if !slices.IsSortedFunc(keysOf(w), byID) {
					return store.Written{}, &store.Error{Op: "write", Kind: store.ErrUnavailable, Outcome: store.NotApplied}
				}
				return b.Store.Write(ctx, at, w)
			}
		}},
}

// kept returns the row with the very record that was given for its key.
func (b *broken) kept(row store.Row) store.Row {
	b.locked(func() {
		if rec, ok := b.records[row.Key]; ok && row.Live {
			row.Record = rec
		}
	})
	return row
}

// merged returns rec with what is NULL in it taken from old.
func merged(old, rec transform.Record) transform.Record {
	rec = rec.Clone()
	for i := range rec.Entity().Columns {
		if rec.At(i).IsNull() {
			rec.SetAt(i, old.At(i))
		}
	}
	return rec
}

// forgetful is a Modify that sets everything to NULL but what it was meant for.
func forgetful(modify func(transform.Record) error) func(transform.Record) error {
	return func(rec transform.Record) error {
		before := rec.Clone()
		err := modify(rec)
		for i := range rec.Entity().Columns {
			if i > 0 && rec.At(i) == before.At(i) {
				rec.SetAt(i, transform.Value{})
			}
		}
		return err
	}
}

func updateCreates(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		done, err := b.Store.Write(ctx, at, w)
		if m := w.Mutations[0]; errors.Is(err, store.ErrNotFound) && m.Op == store.Update {
			entity := b.Contract().Entity(m.Key.Entity)
			rec := entity.NewRecord()
			values, _ := entity.KeyValues(m.Key)
			for i, column := range entity.KeyColumns {
				rec.SetAt(column, values[i])
			}
			b.Store.Write(ctx, at, store.Write{Mutations: []store.Mutation{{Op: store.Put, Key: m.Key, Record: rec}}})
		}
		return done, err
	}
}

// takenBefore reports whether another key ever had the row's username.
func (b *broken) takenBefore(row store.Row) (taken bool) {
	name, _ := row.Record.Get("username")
	b.locked(func() {
		taken = !name.IsNull() && b.seen[name.Text()] && !b.seen[name.Text()+row.Key.ID]
		b.seen[name.Text()], b.seen[name.Text()+row.Key.ID] = true, true
	})
	return taken
}

// cachedUpdates applies updates to the record as this handle wrote it last.
func cachedUpdates(b *broken) {
	mine := map[transform.Key]transform.Record{}
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		w.Mutations = slices.Clone(w.Mutations)
		for i, m := range w.Mutations {
			if m.Op != store.Update {
				continue
			}
			rec, ok := mine[m.Key]
			if !ok {
				row, _ := b.Store.Get(ctx, relay, m.Key)
				rec = row.Record
			}
			rec = rec.Clone()
			if err := m.Modify(rec); err != nil {
				return store.Written{}, err
			}
			mine[m.Key] = rec
			w.Mutations[i] = store.Mutation{Op: store.Put, Key: m.Key, Record: rec}
		}
		return b.Store.Write(ctx, at, w)
	}
}
