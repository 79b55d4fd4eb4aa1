package storetest

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// alongWith is a store that does something more for each record that a write has taken
// along.
func alongWith(do func(b *broken, a store.Along)) func(*broken) {
	return func(b *broken) {
		b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
			var along []store.Along
			tell := w.Along
			w.Along = func(all []store.Along) error {
				if along = all; tell != nil {
					return tell(all)
				}
				return nil
			}
			done, err := b.Store.Write(ctx, at, w)
			if err == nil {
				for _, a := range along {
					do(b, a)
				}
			}
			return done, err
		}
	}
}

// stripped returns a record without its rows.
func stripped(rec transform.Record) transform.Record {
	rec = rec.Clone()
	lists(rec, func(ch *transform.Children, _ []transform.Record) { ch.Set(rec, nil) })
	return rec
}

var deliveryFaults = []fault{
	{name: "a record with rows need not have its target", contract: unreferring("shipments"),
		breaks: both(ruleRefer, "no target for a record with rows")},
	{name: "what restricts a record with rows is set to NULL", contract: otherwise(transform.OnDeleteRestrict, transform.OnDeleteSetNull),
		breaks: both(ruleRefer, "restricted, with rows")},
	{name: "rows that went along come back", breaks: both(ruleRefer, "taken along with rows"),
		in: func(b *broken) {
			alongWith(func(b *broken, a store.Along) {
				if a.After.IsZero() {
					b.locked(func() { b.records[a.Key] = a.Before })
				}
			})(b)
			write := b.write
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				w.Mutations = slices.Clone(w.Mutations)
				for i := range w.Mutations {
					m := &w.Mutations[i]
					b.locked(func() {
						had := b.records[m.Key]
						if m.Op != store.Create || had.IsZero() {
							return
						}
						m.Record = m.Record.Clone()
						lists(had, func(ch *transform.Children, rows []transform.Record) {
							if ch.Rows.Sequence < 0 {
								ch.Set(m.Record, rows)
							}
						})
					})
				}
				return write(ctx, at, w)
			}
		}},
	{name: "what loses its target loses its rows", breaks: both(ruleRefer, "set to NULL beside rows"),
		in: func(b *broken) {
			alongWith(func(b *broken, a store.Along) { b.locked(func() { b.records[a.Key] = a.After }) })(b)
			b.read = func(row store.Row) store.Row {
				b.locked(func() {
					if had := b.records[row.Key]; row.Live && !had.IsZero() {
						row.Record = stripped(row.Record)
					}
				})
				return row
			}
		}},
	{name: "the caller is told of no rows", breaks: cases(ruleRefer, "the caller is told of rows"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				if tell := w.Along; tell != nil {
					w.Along = func(all []store.Along) error {
						all = slices.Clone(all)
						for i := range all {
							all[i].Before = stripped(all[i].Before)
						}
						return tell(all)
					}
				}
				return b.Store.Write(ctx, at, w)
			}
		}},
	{name: "a record with rows that a follower was given is not known to refer", leased: true, contract: unreferring("shipments"),
		breaks: cases(ruleRefers, "once the store is the authority, with rows")},
}
