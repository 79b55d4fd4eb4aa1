package storetest

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

var expectFaults = []fault{
	{name: "nothing is expected", breaks: both(ruleExpect, "what was read has changed"),
		in: func(b *broken) {
			b.write = b.mutate(func(ctx context.Context, m store.Mutation) store.Mutation {
				if m.Expect != nil {
					row, _ := b.Store.Get(ctx, relay, m.Key)
					m.Expect = &row
				}
				return m
			})
		}},
	{name: "what was read is compared in its turn", in: comparedInTurn,
		breaks: append(both(ruleExpect, "what was read is compared first"), both(ruleRefer, "what was read of a dependent that the write changes")...)},
	{name: "checks are forgotten",
		breaks: slices.Concat(both(ruleExpect, "two that read each other's"), both(ruleExpect, "two that find each other's missing"),
			both(ruleExpect, "checks alone"), both(ruleExpect, "of another epoch")),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				w.Mutations = slices.DeleteFunc(slices.Clone(w.Mutations), func(m store.Mutation) bool { return m.Op == store.Check })
				if len(w.Mutations) == 0 {
					return store.Written{}, nil
				}
				return b.Store.Write(ctx, at, w)
			}
		}},
	{name: "a check writes what it has read", breaks: both(ruleExpect, "what was read is there"),
		in: func(b *broken) {
			b.write = b.mutate(func(_ context.Context, m store.Mutation) store.Mutation {
				if m.Op == store.Check && m.Expect != nil && m.Expect.Live {
					m.Op, m.Record = store.Put, m.Expect.Record
				}
				return m
			})
		}},
	{name: "a check needs no expectation", breaks: both(ruleExpect, "a check without an expectation"),
		in: func(b *broken) {
			b.write = b.mutate(func(ctx context.Context, m store.Mutation) store.Mutation {
				if m.Op == store.Check && m.Expect == nil {
					row, _ := b.Store.Get(ctx, relay, m.Key)
					m.Expect = &row
				}
				return m
			})
		}},
	{name: "the version is expected too", breaks: append(both(ruleExpect, "what was read came back"), cases(ruleExpect, "a bump is no change")...),
		in: touched},
	{name: "what was decided is compared", breaks: cases(ruleExpect, "repeated with a token"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				w.Decided = false
				return b.Store.Write(ctx, at, w)
			}
		}},
}

// comparedInTurn tells what is in the way of a write's first mutation before it compares
// what another one expects.
func comparedInTurn(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		done, err := b.Store.Write(ctx, at, w)
		if !errors.Is(err, store.ErrChanged) || w.Mutations[0].Expect != nil {
			return done, err
		}
		w.Mutations = slices.Clone(w.Mutations)
		for i, m := range w.Mutations {
			if w.Mutations[i].Expect = nil; m.Op == store.Check {
				row, _ := b.Store.Get(ctx, relay, m.Key)
				w.Mutations[i].Expect = &row
			}
		}
		return b.Store.Write(ctx, at, w)
	}
}

// touched takes every key that was written or bumped again for changed.
func touched(b *broken) {
	times := map[transform.Key]int{}
	b.bump = func(ctx context.Context, keys []transform.Key) error {
		b.locked(func() {
			for _, key := range keys {
				times[key]++
			}
		})
		return b.Store.Bump(ctx, keys)
	}
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		again := false
		b.locked(func() {
			for _, m := range w.Mutations {
				again = again || m.Expect != nil && times[m.Key] > 1
				times[m.Key]++
			}
		})
		if again {
			return store.Written{}, &store.Error{Op: "write", Kind: store.ErrChanged, Outcome: store.NotApplied}
		}
		return b.Store.Write(ctx, at, w)
	}
}
