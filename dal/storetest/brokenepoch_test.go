package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

var epochFaults = []fault{
	{name: "the epoch is ignored",
		breaks: cases(ruleEpoch, "bare", "captured", "bare after capture began", "captured after capture ended"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, b.now(ctx), w)
				if err == nil && !at.Captured {
					b.forget(ctx, keysOf(w)...)
				}
				return done, err
			}
		}},
	{name: "the epoch is looked at after the data", breaks: cases(ruleEpoch, "bare", "captured"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				for _, m := range w.Mutations {
					row, _ := b.Store.Get(ctx, relay, m.Key)
					if m.Op == store.Create && row.Live {
						return store.Written{}, &store.Error{Op: "create", Kind: store.ErrExists, Outcome: store.NotApplied}
					}
				}
				return b.Store.Write(ctx, at, w)
			}
		}},
	{name: "the token comes before the epoch", breaks: cases(ruleEpoch, "a refused write leaves its token unused"), in: tokenFirst},
	{name: "reads ignore the epoch", breaks: both(ruleEpoch, "reads are refused too"),
		in: func(b *broken) {
			b.scan = func(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
				at.Epoch = 0
				return b.Store.Scan(ctx, at, r)
			}
		}},
	{name: "a write lands after the epoch it was let in for",
		breaks: cases(ruleEpoch, "writers beside the start of capture", "writers beside an epoch under capture"), in: lateWrites},
	{name: "the epoch is looked at before Modify only",
		breaks: cases(ruleEpoch, "a writer held up in Modify, bare", "a writer held up in Modify, captured"), in: epochBeforeModify},
}

// tokenFirst keeps tokens in a place of its own, before anything else is done.
func tokenFirst(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		known := false
		b.locked(func() {
			known = w.Token != "" && b.seen[w.Token]
			b.seen[w.Token] = true
		})
		if known {
			return store.Written{Rows: make([]store.Row, len(w.Mutations)), Repeated: true}, nil
		}
		return b.Store.Write(ctx, at, w)
	}
}

// lateWrites keeps one write of every writer back until everything was read
// once after the epoch has changed. Its caller is told that it was refused.
func lateWrites(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		done, err := b.Store.Write(ctx, at, w)
		if !errors.Is(err, store.ErrWrongPhase) {
			return done, err
		}
		select {
		case <-b.meet:
		case <-time.After(time.Second):
		}
		if _, late := b.Store.Write(ctx, b.now(ctx), w); late == nil && !at.Captured {
			b.forget(ctx, keysOf(w)...)
		}
		return done, err
	}
	b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
		page, err := b.Store.Dirty(ctx, r)
		if page.Next == "" { // the case has a list of all keys now
			b.locked(func() {
				if !b.seen["met"] {
					close(b.meet)
				}
				b.seen["met"] = true
			})
		}
		return page, err
	}
}

func epochBeforeModify(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		if at != b.now(ctx) {
			return store.Written{}, &store.Error{Op: "write", Kind: store.ErrWrongPhase, Outcome: store.NotApplied}
		}
		w.Mutations = slices.Clone(w.Mutations)
		for i, m := range w.Mutations {
			if m.Op != store.Update {
				continue
			}
			row, _ := b.Store.Get(ctx, relay, m.Key)
			if err := m.Modify(row.Record); err != nil {
				return store.Written{}, err
			}
			w.Mutations[i] = store.Mutation{Op: store.Put, Key: m.Key, Record: row.Record}
		}
		return b.Store.Write(ctx, b.now(ctx), w)
	}
}

var tokenFaults = []fault{
	{name: "tokens are ignored", breaks: cases(ruleToken, "repeated, bare", "repeated, captured", "repeated after others have written"),
		in: retoken(func(*broken, store.At, store.Write) string { return "" })},
	{name: "a token is of its epoch", breaks: cases(ruleToken, "repeated in another epoch"),
		in: retoken(func(_ *broken, at store.At, w store.Write) string { return fmt.Sprint(w.Token, at.Epoch) })},
	{name: "a token is of its process", breaks: cases(ruleToken, "repeated by another process"),
		in: retoken(func(b *broken, _ store.At, w store.Write) string { return fmt.Sprint(w.Token, b.handle) })},
	{name: "no token is a token", breaks: cases(ruleToken, "none"),
		in: retoken(func(_ *broken, _ store.At, w store.Write) string { return "t" + w.Token })},
	{name: "a token is of its order", breaks: cases(ruleToken, "repeated in another order"),
		in: retoken(func(_ *broken, _ store.At, w store.Write) string { return fmt.Sprint(w.Token, keysOf(w)) })},
	{name: "a token fits any write", breaks: cases(ruleToken, "for another write"), in: tokenFirst},
	{name: "a write that fails leaves its token", breaks: cases(ruleToken, "of a write that failed"), in: tokenFirst},
	{name: "references are looked at before the token", breaks: cases(ruleToken, "repeated while references are in its way"), in: tokenLast},
	{name: "a token is looked for, and written later", breaks: cases(ruleToken, "at the same time"), in: tokenLate},
}

func retoken(as func(*broken, store.At, store.Write) string) func(*broken) {
	return func(b *broken) {
		b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
			w.Token = as(b, at, w)
			return b.Store.Write(ctx, at, w)
		}
	}
}

// tokenLast refuses by what is there now, also a write that was made before.
func tokenLast(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		done, err := b.Store.Write(ctx, at, w)
		if err != nil || !done.Repeated {
			return done, err
		}
		again := w
		again.Token, again.Mutations = "", slices.Clone(w.Mutations)
		for i := range again.Mutations {
			again.Mutations[i].Expect = nil
		}
		_, refused := b.Store.Write(ctx, at, again)
		if errors.Is(refused, store.ErrReferenced) || errors.Is(refused, store.ErrNoTarget) {
			return store.Written{}, refused
		}
		return done, nil
	}
}

// tokenLate lets two writers look before either has written.
func tokenLate(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		known := false
		b.locked(func() { known = b.seen[w.Token] })
		if w.Token == "" || known {
			w.Token = ""
			if known {
				return store.Written{Rows: make([]store.Row, len(w.Mutations)), Repeated: true}, nil
			}
			return b.Store.Write(ctx, at, w)
		}
		select {
		case b.meet <- struct{}{}:
		case <-b.meet:
		case <-time.After(time.Second):
		}
		b.locked(func() { b.seen[w.Token] = true })
		w.Token = ""
		return b.Store.Write(ctx, at, w)
	}
}
