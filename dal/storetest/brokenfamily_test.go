package storetest

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// otherwise is a contract in which a rule of references is another one.
func otherwise(was, is string) func(*transform.Contract) {
	return func(c *transform.Contract) {
		for _, e := range c.Entities {
			for _, r := range e.References {
				if r.OnDelete == was {
					r.OnDelete = is
				}
			}
		}
	}
}

// unreferring takes the references of source table out of a contract, as far
// as they are looked at when a record is written.
func unreferring(sources ...string) func(*transform.Contract) {
	return func(c *transform.Contract) {
		for _, e := range c.Entities {
			if slices.Contains(sources, e.Source) {
				e.References = nil
			}
		}
	}
}

var familyFaults = []fault{
	{name: "what is referred to need not be there", contract: unreferring("people", "pets", "toys", "deeds", "homes", "rooms"),
		breaks: slices.Concat(both(ruleRefer, "a target that is not there"), both(ruleRefer, "NULL"), both(ruleRefer, "in one write"),
			both(ruleRefer, "deleted while others begin to refer to it"), both(ruleRefer, "a target that moves"), both(ruleRefer, "moved while it is deleted"))},
	{name: "what restricts is set to NULL", contract: otherwise(transform.OnDeleteRestrict, transform.OnDeleteSetNull),
		breaks: slices.Concat(both(ruleRefer, "restricted"), both(ruleRefer, "restricted further down"))},
	{name: "nothing cascades", contract: otherwise(transform.OnDeleteCascade, transform.OnDeleteRestrict),
		breaks: slices.Concat(both(ruleRefer, "taken along"), both(ruleRefer, "to itself"), both(ruleRefer, "a dependent that moves"), both(ruleRefer, "changed by the same write"), cases(ruleRefer, "too deep"))},
	{name: "nothing is set to NULL", contract: otherwise(transform.OnDeleteSetNull, transform.OnDeleteCascade),
		breaks: slices.Concat(both(ruleRefer, "set to NULL"), both(ruleRefer, "what was read of a dependent"),
			both(ruleRefer, "a target that moves"), both(ruleRefer, "a dependent that moves"))},
	{name: "a put upon a record is a delete before", breaks: both(ruleRefer, "replaced"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				m := w.Mutations[0]
				if now, _ := b.Store.Get(ctx, relay, m.Key); len(w.Mutations) == 1 && m.Op == store.Put && now.Live {
					if _, err := b.Store.Write(ctx, at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: m.Key}}}); err != nil {
						return store.Written{}, err
					}
				}
				return b.Store.Write(ctx, at, w)
			}
		}},
	{name: "what was read is compared with what a delete before it has left", breaks: both(ruleRefer, "what was read of a dependent"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				w.Along = func(all []store.Along) error {
					for i, m := range w.Mutations {
						goes := slices.ContainsFunc(all, func(a store.Along) bool { return a.Key == m.Key })
						if i > 0 && m.Op == store.Check && goes {
							return &store.Error{Op: "check", Kind: store.ErrChanged, Outcome: store.NotApplied}
						}
					}
					return nil
				}
				return b.Store.Write(ctx, at, w)
			}
		}},
	{name: "a cascade takes what the write has changed", breaks: slices.Concat(both(ruleRefer, "changed by the same write"), both(ruleRefer, "what was read of a dependent that the write changes")),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				if len(w.Mutations) == 1 || !errors.Is(err, store.ErrInvalid) {
					return done, err
				}
				for _, m := range w.Mutations {
					if _, err := b.Store.Write(ctx, at, store.Write{Mutations: []store.Mutation{m}}); err != nil {
						return store.Written{}, err
					}
				}
				return store.Written{}, nil
			}
		}},
	{name: "cascades leave no change records", breaks: cases(ruleRefer, "change records"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				var along []transform.Key
				w.Along = func(all []store.Along) error {
					along = nil
					for _, a := range all {
						along = append(along, a.Key)
					}
					return nil
				}
				done, err := b.Store.Write(ctx, at, w)
				b.forget(ctx, along...)
				return done, err
			}
		}},
	{name: "the caller is not told", breaks: cases(ruleRefer, "the caller is told"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				w.Along = nil
				return b.Store.Write(ctx, at, w)
			}
		}},
	{name: "a follower refuses what has no target", leased: true, breaks: cases(ruleRefers, "by put"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				if row.Live && row.Key.Entity == "Toys" {
					return false, &store.Error{Op: "put", Kind: store.ErrNoTarget, Outcome: store.NotApplied}
				}
				return b.Store.Put(ctx, at, row)
			}
		}},
	{name: "what a follower was given is not known to refer", leased: true, breaks: cases(ruleRefers, "once the store is the authority", "once the store is the authority, where items move"),
		contract: otherwise(transform.OnDeleteRestrict, transform.OnDeleteSetNull)},
}
