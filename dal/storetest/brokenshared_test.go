package storetest

import (
	"context"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// answering is a store that gives another answer to the queries of an entity.
func answering(table, index string, change func(b *broken, q store.Query, rows []store.Row) []store.Row) func(*broken) {
	return func(b *broken) {
		b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
			rows, err := b.Store.Query(ctx, at, q)
			if err == nil && q.Entity.Source == table && q.Index == index {
				rows = change(b, q, rows)
			}
			return rows, err
		}
	}
}

// everyRow returns the live rows of the entity with that table.
func everyRow(b *broken, table string) []store.Row {
	for _, e := range b.Contract().Entities {
		if e.Source == table {
			page, _ := b.Store.Scan(context.Background(), relay, store.Range{Entity: e, Limit: 1000})
			return slices.DeleteFunc(page.Rows, func(r store.Row) bool { return !r.Live })
		}
	}
	return nil
}

// runTogether returns the texts of a key with nothing to tell where one ends.
func runTogether(e *transform.Entity, key transform.Key) string {
	values, err := e.KeyValues(key)
	if err != nil {
		return key.ID
	}
	var texts []string
	for _, v := range values {
		texts = append(texts, v.Text())
	}
	return strings.Join(texts, "#")
}

// resortedAs is an answer in the order of a column's texts.
func resortedAs(column string) func(*broken, store.Query, []store.Row) []store.Row {
	return func(_ *broken, q store.Query, rows []store.Row) []store.Row {
		slices.SortStableFunc(rows, func(x, y store.Row) int {
			a, _ := x.Record.Get(column)
			b, _ := y.Record.Get(column)
			if q.Descending {
				a, b = b, a
			}
			return strings.Compare(a.Text(), b.Text())
		})
		return rows
	}
}

var sharedFaults = []fault{
	{name: "a scan tells of the table's other entities", breaks: everywhere(ruleScan, "entities of one table"),
		in: func(b *broken) {
			b.scan = func(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
				page, err := b.Store.Scan(ctx, at, r)
				if r.Entity.Source == "club_members" && page.Next == "" {
					page.Rows = append(page.Rows, everyRow(b, "club_orders")[:1]...)
				}
				return page, err
			}
		}},
	{name: "the texts of a key run together", breaks: everywhere(ruleRead, "keys of several texts"),
		in: func(b *broken) {
			b.get = func(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
				row, err := b.Store.Get(ctx, at, key)
				for _, other := range everyRow(b, "club_labels") {
					e := other.Record.Entity()
					if key.Entity == e.Name && row.Live && other.Key.ID < key.ID && runTogether(e, other.Key) == runTogether(e, key) {
						row.Record = other.Record
					}
				}
				return row, err
			}
		}},
	{name: "a partition is one entity's", breaks: everywhere(ruleQuery, "entities of one partition"),
		in: answering("club_members", "", func(b *broken, _ store.Query, rows []store.Row) []store.Row {
			return append(rows, everyRow(b, "club_orders")...)
		})},
	{name: "the limit is one of all items", breaks: everywhere(ruleQuery, "a partition of many others"),
		in: answering("club_members", "", func(b *broken, q store.Query, rows []store.Row) []store.Row {
			if len(everyRow(b, "club_orders")) > q.Limit {
				return nil
			}
			return rows
		})},
	{name: "a template is sorted by its values", breaks: everywhere(ruleQuery, "partitions of several texts"),
		in: answering("club_labels", "", resortedAs("tag"))},
	{name: "padded numbers are sorted without", breaks: everywhere(ruleQuery, "padded numbers"),
		in: answering("club_orders", "", resortedAs("number"))},
	{name: "an index has what lacks its sort key", breaks: everywhere(ruleQuery, "a literal and a template"),
		in: answering("club_members", "GSI1", func(b *broken, _ store.Query, rows []store.Row) []store.Row {
			for _, row := range everyRow(b, "club_members") {
				if name, _ := row.Record.Get("name"); name.IsNull() {
					rows = append(rows, row)
				}
			}
			return rows
		})},
	{name: "a template has the digits of the column", breaks: everywhere(ruleQuery, "moments in a template"),
		in: asking(func(q *store.Query) {
			for _, b := range []**store.Bound{&q.Lower, &q.Upper} {
				if *b != nil && (*b).Value.Kind() == transform.Text {
					*b = &store.Bound{Value: transform.TextValue(strings.Replace((*b).Value.Text(), ".000", "", 1)), Exclusive: (*b).Exclusive}
				}
			}
		})},
	{name: "a date is read from whatever looks like one", breaks: everywhere(ruleQuery, "a format of a date"),
		in: asking(func(q *store.Query) {
			if q.Equal == transform.TextValue("2024-2") {
				q.Equal = transform.TextValue("2024-02")
			}
		})},
	{name: "an index keeps what a record was", breaks: everywhere(ruleQuery, "computed attributes that change"),
		in: answering("club_orders", "GSI1", func(b *broken, q store.Query, rows []store.Row) []store.Row {
			for _, row := range everyRow(b, "club_orders") {
				if status, _ := row.Record.Get("status"); q.Equal == transform.TextValue("STATUS#new") && status == transform.TextValue("paid") {
					rows = append(rows, row)
				}
			}
			return rows
		})},
	{name: "a page goes on after whole records only", breaks: everywhere(ruleQuery, "a page after a key"),
		in: asking(func(q *store.Query) {
			if placed, has := q.After, !q.After.IsZero() && q.Entity.Source == "club_orders"; has && placed.At(q.Entity.ColumnIndex("status")).IsNull() {
				q.After = transform.Record{}
			}
		})},
}
