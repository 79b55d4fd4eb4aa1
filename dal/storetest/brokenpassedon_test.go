package storetest

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

var passedOnFaults = []fault{
	{name: "unique values are looked at once for the whole write", in: atOnce,
		breaks: slices.Concat(both(ruleUnique, "taken before it is given up"), both(ruleUnique, "taken too early, and the first is told"),
			both(ruleUnique, "passed on in one write, folded"), both(ruleUnique, "passed on by what is taken along"), placesOf("exchanged in one write"))},
	{name: "mutations are made from the last to the first",
		breaks: slices.Concat(both(ruleUnique, "passed on in one write"), both(ruleUnique, "taken too early, and the first is told"),
			both(ruleUnique, "passed on in one write, folded"), both(ruleUnique, "passed on by what is taken along"), placesOf("passed on in one write")),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				w.Mutations = slices.Clone(w.Mutations)
				slices.Reverse(w.Mutations)
				done, err := b.Store.Write(ctx, at, w)
				slices.Reverse(done.Rows)
				return done, err
			}
		}},
	{name: "the value that is taken last is told", breaks: both(ruleUnique, "taken too early, and the first is told"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, at, w)
				for n := len(w.Mutations) - 1; n > 0 && errors.Is(err, store.ErrUnique); n-- {
					_, other := b.Store.Write(ctx, at, store.Write{Mutations: w.Mutations[n:]})
					if errors.Is(other, store.ErrUnique) {
						return done, other
					}
				}
				return done, err
			}
		}},
}

// atOnce is a store that looks at its unique values when all of a write's mutations are
// made: before it makes them it has all records of the write let their values go.
func atOnce(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		done, err := b.Store.Write(ctx, at, w)
		if !errors.Is(err, store.ErrUnique) || len(w.Mutations) < 2 {
			return done, err
		}
		var first, then []store.Mutation
		for i, m := range w.Mutations {
			if m.Op == store.Delete {
				first = append(first, m)
				continue
			}
			then = append(then, m)
			if row, _ := b.Store.Get(ctx, relay, m.Key); row.Live {
				first = append(first, store.Mutation{Op: store.Update, Key: m.Key, Modify: func(rec transform.Record) error { park(rec, i); return nil }})
			}
		}
		if _, err := b.Store.Write(ctx, at, store.Write{Mutations: first}); err != nil {
			return done, err
		}
		return b.Store.Write(ctx, at, store.Write{Mutations: then})
	}
}

// park gives a record unique values that no case uses.
func park(rec transform.Record, n int) {
	for _, u := range rec.Entity().Unique {
		for _, i := range u.Columns {
			v := transform.IntValue(int64(9000 + n))
			if rec.Entity().Columns[i].Length > 0 {
				v = transform.TextValue(v.Text())
			}
			rec.SetAt(i, v)
		}
	}
}
