package storetest

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// leavesStalls is a store whose deletes of fairs leave stalls behind, all but so many.
func leavesStalls(taken int) func(*broken) {
	return func(b *broken) {
		b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
			page, _ := b.Store.Scan(ctx, relay, store.Range{Entity: b.Contract().Entity("Stalls"), Limit: 1000})
			done, err := b.Store.Write(ctx, at, w)
			if err == nil && slices.ContainsFunc(w.Mutations, func(m store.Mutation) bool { return m.Op == store.Delete && m.Key.Entity == "Fairs" }) {
				b.locked(func() {
					for _, row := range page.Rows[min(len(page.Rows), taken):] {
						b.records[row.Key] = row.Record
					}
				})
			}
			return done, err
		}
		b.read = func(row store.Row) store.Row {
			b.locked(func() {
				if rec := b.records[row.Key]; !rec.IsZero() {
					row.Live, row.Tombstone, row.Record = true, false, rec
				}
			})
			return row
		}
	}
}

var stagedFaults = []fault{
	{name: "what is left after a hundred records stays", leased: true,
		breaks: slices.Concat(both(ruleStaged, "of two levels"), both(ruleStaged, "in a unit"), both(ruleStaged, "and the record is made anew")),
		in:     leavesStalls(100)},
	{name: "what restricts is not looked at before all the rest", leased: true, breaks: both(ruleStaged, "restricted"),
		contract: otherwise(transform.OnDeleteRestrict, transform.OnDeleteSetNull)},
	{name: "what is to be set to NULL is deleted", leased: true, breaks: both(ruleStaged, "of two levels"),
		contract: otherwise(transform.OnDeleteSetNull, transform.OnDeleteCascade)},
}
