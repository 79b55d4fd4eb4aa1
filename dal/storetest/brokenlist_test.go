package storetest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// asking is a store that asks another query.
func asking(change func(q *store.Query)) func(*broken) {
	return func(b *broken) {
		b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
			change(&q)
			return b.Store.Query(ctx, at, q)
		}
	}
}

// sortColumn returns the name of the column that a query sorts by.
func sortColumn(q store.Query) string {
	l, err := store.NewLookup(q)
	if err != nil || l.Sort < 0 {
		return ""
	}
	return q.Entity.Columns[l.Sort].Name
}

// resorted is a store that sorts a column in another order.
func resorted(column string, compare func(x, y transform.Value) int) func(*broken) {
	return func(b *broken) {
		b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
			rows, err := b.Store.Query(ctx, at, q)
			if sortColumn(q) == column && !q.Descending {
				slices.SortStableFunc(rows, func(x, y store.Row) int {
					v, _ := x.Record.Get(column)
					w, _ := y.Record.Get(column)
					return compare(v, w)
				})
			}
			return rows, err
		}
	}
}

func byText(x, y transform.Value) int { return strings.Compare(x.Text(), y.Text()) }

func byFloat(x, y transform.Value) int {
	a, _ := strconv.ParseFloat(x.Text(), 64)
	b, _ := strconv.ParseFloat(y.Text(), 64)
	return cmp.Compare(b, a) // of equal ones the order shows
}

var listFaults = []fault{
	{name: "the table's own key is no index", breaks: everywhere(ruleQuery, "the table's own key"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				if q.Index == "" {
					return nil, &store.Error{Op: "query", Kind: store.ErrInvalid}
				}
				return b.Store.Query(ctx, at, q)
			}
		}},
	{name: "tombstones take a place on a page", breaks: everywhere(ruleQuery, "what is deleted is in no list"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				limit := q.Limit
				page, _ := b.Store.Scan(ctx, relay, store.Range{Entity: q.Entity, Limit: 100})
				gone := 9 - len(slices.DeleteFunc(page.Rows, func(r store.Row) bool { return !r.Live }))
				rows, err := b.Store.Query(ctx, at, q)
				if q.Entity.Source == "notes" && gone > 0 && limit < 100 {
					rows = rows[:min(len(rows), max(0, limit-gone))]
				}
				return rows, err
			}
		}},
	{name: "% is no character", breaks: everywhere(ruleQuery, "beginnings of text"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				if q.Lower != nil && q.Lower.Value == transform.TextValue("%") {
					q.Lower, q.Upper = nil, nil
				}
				return b.Store.Query(ctx, at, q)
			}
		}},
	{name: "nothing comes after the byte 0xFF", breaks: everywhere(ruleQuery, "beginnings of bytes"),
		in: asking(func(q *store.Query) {
			if q.Lower != nil && q.Upper != nil && strings.HasSuffix(q.Lower.Value.Text(), "\xff") {
				q.Upper = &store.Bound{Value: q.Lower.Value, Exclusive: true}
			}
		})},
	{name: "a lower bound above the upper one is an error", breaks: everywhere(ruleQuery, "bounds that nothing meets"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				if l, err := store.NewLookup(q); err == nil && l.IsEmpty() {
					return nil, &store.Error{Op: "query", Kind: store.ErrInvalid}
				}
				return b.Store.Query(ctx, at, q)
			}
		}},
	{name: "decimals pass through floats", breaks: everywhere(ruleQuery, "exact numbers"), in: resorted("score", byFloat)},
	{name: "floats are sorted as text", breaks: everywhere(ruleQuery, "floats by size"), in: resorted("weight", byText)},
	{name: "bytes are sorted as signed", breaks: everywhere(ruleQuery, "bytes in order"),
		in: resorted("digest", func(x, y transform.Value) int { return cmp.Compare(int8(x.Text()[0]), int8(y.Text()[0])) })},
	{name: "moments lose the fraction of a second", breaks: everywhere(ruleQuery, "moments in order"),
		in: asking(func(q *store.Query) {
			for _, b := range []**store.Bound{&q.Lower, &q.Upper} {
				if *b != nil && (*b).Value.Kind() == transform.DateTime {
					v, _ := q.Entity.Columns[1].Parse((*b).Value.Text()[:19])
					*b = &store.Bound{Value: v, Exclusive: (*b).Exclusive}
				}
			}
		})},
	{name: "a bound is cut to what the column holds", breaks: everywhere(ruleQuery, "bounds beyond the column"),
		in: asking(func(q *store.Query) {
			if b := q.Upper; b != nil && b.Value.Kind() == transform.Decimal && sortColumn(*q) == "score" {
				c := q.Entity.Columns[q.Entity.ColumnIndex("score")]
				if c.Fit(b.Value) != nil {
					v, _ := c.Parse(strings.Repeat("9", 34) + ".9999")
					q.Upper = &store.Bound{Value: v, Exclusive: b.Exclusive}
				}
			}
		})},
	{name: "an answer ends after a megabyte", breaks: everywhere(ruleQuery, "beyond a megabyte"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				rows, err := b.Store.Query(ctx, at, q)
				return rows[:min(len(rows), 600)], err
			}
		}},
	{name: "the table's own key lags", breaks: everywhere(ruleList, "at once"),
		in: func(b *broken) {
			var last, now []store.Row
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				rows, err := b.Store.Query(ctx, at, q)
				last, now = now, rows
				return last, err
			}
		}},
}
