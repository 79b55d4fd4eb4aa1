package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// state is the store's mark.
func (b *broken) state(ctx context.Context) store.State {
	p, _ := b.Store.Phase(ctx)
	return p.State
}

// pretend answers a write that was refused as if it had been done.
func pretend(refused error) func(*broken) {
	return func(b *broken) {
		b.write = b.answer(func(_ context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
			if errors.Is(err, refused) {
				return store.Written{Rows: make([]store.Row, len(w.Mutations))}, nil
			}
			return done, err
		})
	}
}

var markFaults = []fault{
	{name: "what the mark refuses is said to be done",
		breaks: cases(ruleMark, "closed, bare", "closed, captured", "given away", "sealed"), in: pretend(store.ErrWrongPhase)},
	{name: "no mark closes reads", breaks: cases(ruleMark, "given away, reads are refused, bare", "given away, reads are refused, captured"),
		in: func(b *broken) {
			b.get = func(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
				at.Epoch = 0
				return b.Store.Get(ctx, at, key)
			}
		}},
	{name: "a closed mark lets no read pass", breaks: cases(ruleMark, "closed, bare", "closed, captured"),
		in: func(b *broken) {
			b.get = func(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
				if at.Epoch != 0 && b.state(ctx) == store.Closed {
					return store.Row{}, &store.Error{Op: "get", Kind: store.ErrWrongPhase}
				}
				return b.Store.Get(ctx, at, key)
			}
		}},
	{name: "a closed mark lets no bump pass", breaks: cases(ruleMark, "closed, bumps and Cleans pass"),
		in: func(b *broken) {
			b.bump = func(ctx context.Context, keys []transform.Key) error {
				if b.state(ctx) == store.Closed {
					return &store.Error{Op: "bump", Kind: store.ErrWrongPhase, Outcome: store.NotApplied}
				}
				return b.Store.Bump(ctx, keys)
			}
		}},
	{name: "a closed mark lets no Clean pass", breaks: cases(ruleMark, "closed, bumps and Cleans pass"), leased: true,
		in: func(b *broken) {
			b.clean = func(ctx context.Context, c store.Change) error {
				if b.state(ctx) == store.Closed {
					return &store.Error{Op: "clean", Kind: store.ErrWrongPhase, Outcome: store.NotApplied}
				}
				return b.Store.Clean(ctx, c)
			}
		}},
	{name: "a bump that the mark refuses is no error", breaks: cases(ruleMark, "given away, no bump passes"), in: bumpsAnyway},
	{name: "a bump that the mark refuses is no error, under leases", breaks: cases(ruleMark, "given away, no bump passes"),
		leased: true, in: bumpsAnyway},
	{name: "changes are told of by the authority only", breaks: cases(ruleMark, "given away, what landed late is told of and cleaned"),
		leased: true,
		in: func(b *broken) {
			b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
				if b.state(ctx) == store.GivenAway {
					return store.DirtyPage{}, nil
				}
				return b.Store.Dirty(ctx, r)
			}
		}},
	{name: "a write lands after the mark has closed", breaks: cases(ruleMark, "writers beside a mark that closes"), in: lateBump},
}

func bumpsAnyway(b *broken) {
	b.bump = func(ctx context.Context, keys []transform.Key) error {
		if err := b.Store.Bump(ctx, keys); !errors.Is(err, store.ErrWrongPhase) {
			return err
		}
		return nil
	}
}

// afterLook waits until everything was read once after the mark has changed.
func (b *broken) afterLook() {
	select {
	case <-b.meet:
	case <-time.After(10 * time.Second): // the case looks at nothing
	}
}

// looked notes that everything was read.
func (b *broken) looked() {
	b.locked(func() {
		if !b.seen["met"] {
			close(b.meet)
		}
		b.seen["met"] = true
	})
}

// lateBump changes the key of a write that was refused, once the case has a
// list of all keys. A bump is all that a closed memstore lets through.
func lateBump(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		done, err := b.Store.Write(ctx, at, w)
		if errors.Is(err, store.ErrWrongPhase) {
			b.afterLook()
			b.Store.Bump(ctx, keysOf(w))
		}
		return done, err
	}
	b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
		page, err := b.Store.Dirty(ctx, r)
		if page.Next == "" {
			b.looked()
		}
		return page, err
	}
}

var followFaults = []fault{
	{name: "a follower says that it took what it refused",
		breaks: cases(ruleFollow, "open", "closed", "sealed, and given away again", "at another epoch"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				took, err := b.Store.Put(ctx, at, row)
				if errors.Is(err, store.ErrWrongPhase) {
					return true, nil
				}
				return took, err
			}
		}},
	{name: "rows are put together at any epoch", breaks: cases(ruleFollow, "at another epoch"),
		in: func(b *broken) {
			b.together = func(ctx context.Context, _ store.At, rows []store.Row) error {
				return b.Store.PutTogether(ctx, b.now(ctx), rows)
			}
		}},
	{name: "tokens are kept whatever the mark", breaks: cases(ruleFollow, "open", "closed", "sealed, and given away again"),
		in: func(b *broken) {
			b.keep = func(ctx context.Context, tokens []store.Token) error {
				if err := b.Store.Keep(ctx, tokens); !errors.Is(err, store.ErrWrongPhase) {
					return err
				}
				return nil
			}
		}},
	{name: "a seal is for ever", breaks: cases(ruleFollow, "sealed, and given away again"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				sealed := false
				b.locked(func() {
					b.seen["sealed"] = b.seen["sealed"] || b.state(ctx) == store.Sealed
					sealed = b.seen["sealed"]
				})
				if sealed {
					return false, &store.Error{Op: "put", Kind: store.ErrWrongPhase, Outcome: store.NotApplied}
				}
				return b.Store.Put(ctx, at, row)
			}
		}},
	{name: "a put lands after the seal", breaks: cases(ruleFollow, "puts beside a seal"), in: latePut},
	{name: "a mark without a fence is looked at", breaks: cases(ruleFollow, "without a fence, whatever the mark"), leased: true,
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				if b.state(ctx) != store.GivenAway {
					return false, &store.Error{Op: "put", Kind: store.ErrWrongPhase, Outcome: store.NotApplied}
				}
				return b.Store.Put(ctx, at, row)
			}
		}},
}

// latePut stores the row of a later put beside every put, hidden from readers.
// It shows once that put was refused and the case has a list of all keys.
func latePut(b *broken) {
	b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
		late := row
		late.Record = row.Record.Clone()
		late.Record.Set("visitor", transform.TextValue("late"))
		late.Key, _ = late.Record.Key()
		b.locked(func() { b.gone[late.Key] = true })
		took, err := b.Store.Put(ctx, at, row)
		if err == nil {
			b.Store.Put(ctx, at, late)
			return took, nil
		}
		b.afterLook()
		b.locked(func() { clear(b.gone) })
		return took, err
	}
	b.scan = func(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
		page, err := b.Store.Scan(ctx, at, r)
		page.Rows = slices.DeleteFunc(page.Rows, func(row store.Row) (hidden bool) {
			b.locked(func() { hidden = b.gone[row.Key] })
			return hidden
		})
		if r.Entity.Name == "Tickets" { // the last one that is looked through
			b.looked()
		}
		return page, err
	}
}
