package storetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// lagging answers a query of an index as it would have been answered the time before.
func lagging(index string) func(*broken) {
	return func(b *broken) {
		shown := map[string][]store.Row{}
		b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
			rows, err := b.Store.Query(ctx, at, q)
			if q.Index != index || err != nil {
				return rows, err
			}
			b.locked(func() {
				asked := fmt.Sprint(q.Equal)
				shown[asked], rows = rows, shown[asked]
			})
			return rows, nil
		}
	}
}

// among answers with those rows of a table that are meant, where an index has none.
func among(table, index string, is func(q store.Query, rec transform.Record) bool) func(*broken) {
	return answering(table, index, func(b *broken, q store.Query, rows []store.Row) []store.Row {
		if len(rows) > 0 {
			return rows
		}
		return slices.DeleteFunc(everyRow(b, table), func(row store.Row) bool { return !is(q, row.Record) })
	})
}

var loginFaults = []fault{
	{name: "an index of unique values lags", breaks: everywhere(ruleLogin, "at once"), in: lagging("EmailIndex")},
	{name: "an index of folded unique values lags", breaks: everywhere(ruleLogin, "in any form"), in: lagging("NameIndex")},
	{name: "an index by the form finds every form", breaks: everywhere(ruleLogin, "in any form"),
		in: among("logins", "FormIndex", func(q store.Query, rec transform.Record) bool {
			name := &q.Entity.Columns[1]
			have, _ := name.Fold(rec.At(1).Text())
			want, _ := name.Fold(q.Equal.Text())
			return have == want
		})},
	{name: "an index of several unique columns lags", breaks: everywhere(ruleLogin, "of several columns"), in: lagging("SpotIndex")},
	{name: "a unique value is found outside its index", breaks: everywhere(ruleLogin, "in the index's terms"),
		in: among("logins", "FormIndex", func(q store.Query, rec transform.Record) bool { return rec.At(1) == q.Equal })},
	{name: "an index of moving items lags", breaks: everywhere(ruleLogin, "of an item that moves"), in: lagging("TagIndex")},
	{name: "a value that is handed over is nobody's", breaks: everywhere(ruleLogin, "handed over"),
		in: func(b *broken) {
			n := 0
			answering("logins", "NameIndex", func(b *broken, _ store.Query, rows []store.Row) []store.Row {
				b.locked(func() {
					if n++; n%2 == 0 {
						rows = nil
					}
				})
				return rows
			})(b)
		}},
}
