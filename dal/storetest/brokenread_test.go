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

// setAll sets a column of a record that is read where is says so.
func setAll(column string, is func(transform.Record, string) bool, to transform.Value) func(*broken) {
	return func(b *broken) {
		b.each(func(rec transform.Record) {
			if i := rec.Entity().ColumnIndex(column); i >= 0 && is(rec, rec.At(i).Text()) {
				rec.SetAt(i, to)
			}
		})
	}
}

func textIs(want string) func(transform.Record, string) bool {
	return func(_ transform.Record, text string) bool { return text == want }
}

var readFaults = []fault{
	{name: "what is deleted stays in sight", breaks: everywhere(ruleRead, "live or not"),
		in: func(b *broken) {
			b.read = func(row store.Row) store.Row {
				b.locked(func() {
					if row.Live {
						b.records[row.Key] = row.Record.Clone()
					} else if rec, ok := b.records[row.Key]; ok {
						row.Live, row.Record = true, rec
					}
				})
				return row
			}
		}},
	{name: "keys fold case", breaks: everywhere(ruleRead, "keys of several columns"),
		in: func(b *broken) {
			b.get = func(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
				folded := transform.Key{Entity: key.Entity, ID: strings.ToLower(key.ID)}
				row, err := b.Store.Get(ctx, at, folded)
				if err == nil && !row.Live {
					return b.Store.Get(ctx, at, key)
				}
				row.Key = key
				return row, err
			}
		}},
	{name: "a key that comes twice is answered once", breaks: everywhere(ruleRead, "many keys"),
		in: func(b *broken) {
			b.getMany = func(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
				once := map[transform.Key]bool{}
				keys = slices.DeleteFunc(slices.Clone(keys), func(k transform.Key) bool {
					again := once[k]
					once[k] = true
					return again
				})
				return b.Store.GetMany(ctx, at, keys)
			}
		}},
	{name: "the hundred and first key is not asked for", breaks: everywhere(ruleRead, "more keys than one call of an engine takes"),
		in: func(b *broken) {
			b.getMany = func(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
				rows, err := b.Store.GetMany(ctx, at, keys)
				for i := 100; i < len(rows); i++ {
					rows[i] = store.Row{Key: keys[i]}
				}
				return rows, err
			}
		}},
	{name: "records are handed out, not copied", breaks: everywhere(ruleRead, "a record that was read is the reader's own"),
		in: func(b *broken) {
			b.read = func(row store.Row) store.Row {
				b.locked(func() {
					if rec, ok := b.records[row.Key]; ok && row.Live {
						row.Record = rec
					} else if row.Live {
						b.records[row.Key] = row.Record
					}
				})
				return row
			}
		}},
	{name: "a read goes on without its caller", breaks: everywhere(ruleRead, "a context that is over"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				return b.Store.Query(context.WithoutCancel(ctx), at, q)
			}
		}},
	{name: `the text "null" is NULL`, breaks: everywhere(ruleValue, "text"), in: setAll("note", textIs("null"), transform.Value{})},
	{name: "text ends before its blanks", breaks: everywhere(ruleValue, "text"),
		in: setAll("note", textIs("x "), transform.TextValue("x"))},
	{name: "numbers lose their sign", breaks: everywhere(ruleValue, "whole numbers"),
		in: setAll("rank", textIs("-2147483648"), transform.UintValue(1<<31))},
	{name: "dates of long ago are none", breaks: everywhere(ruleValue, "dates"),
		in: setAll("registration_date", textIs("1000-01-01"), transform.Value{})},
	{name: "the repeated hour is one", breaks: everywhere(ruleValue, "moments"), in: repeatedHour},
	{name: "the JSON null is NULL", breaks: everywhere(ruleValue, "JSON"), in: setAll("profile_data", textIs("null"), transform.Value{})},
	{name: "NULL is empty", breaks: everywhere(ruleValue, "nothing but NULL"),
		in: setAll("title", func(rec transform.Record, text string) bool { return text == "" }, transform.TextValue(""))},
	{name: "one NULL takes another value with it", breaks: everywhere(ruleValue, "each on its own"),
		in: setAll("last_login", func(rec transform.Record, _ string) bool {
			v, _ := rec.Get("registration_date")
			return v.IsNull()
		}, transform.Value{})},
}

// repeatedHour reads the hour after the clocks were set back as the one before.
func repeatedHour(b *broken) {
	b.each(func(rec transform.Record) {
		i := rec.Entity().ColumnIndex("last_login")
		if i < 0 || rec.At(i).Text() != "2024-10-27T01:30:00Z" {
			return
		}
		v, err := rec.Entity().Columns[i].Parse("2024-10-27T00:30:00Z")
		if err == nil {
			rec.SetAt(i, v)
		}
	})
}

// column returns the text of a row's column.
func column(row store.Row, name string) string {
	v, _ := row.Record.Get(name)
	return v.Text()
}

func number(row store.Row, name string) int {
	n, _ := strconv.Atoi(column(row, name))
	return n
}

// sorting is a query whose answer comes in another order.
func sorting(is func(store.Query) bool, compare func(a, b store.Row) int) func(*broken) {
	return func(b *broken) {
		b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
			rows, err := b.Store.Query(ctx, at, q)
			if is(q) {
				slices.SortStableFunc(rows, func(x, y store.Row) int {
					if q.Descending {
						return compare(y, x)
					}
					return compare(x, y)
				})
			}
			return rows, err
		}
	}
}

func byIndex(name string) func(store.Query) bool {
	return func(q store.Query) bool { return q.Index == name }
}

var queryFaults = []fault{
	{name: "an index folds case", breaks: everywhere(ruleQuery, "equal values"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				rows, err := b.Store.Query(ctx, at, q)
				if lower := strings.ToLower(q.Equal.Text()); err == nil && lower != q.Equal.Text() {
					q.Equal = transform.TextValue(lower)
					more, err := b.Store.Query(ctx, at, q)
					return append(rows, more...), err
				}
				return rows, err
			}
		}},
	{name: "numbers are sorted as text", breaks: everywhere(ruleQuery, "numbers in order"),
		in: sorting(byIndex("PlaceIndex"), func(x, y store.Row) int { return strings.Compare(column(x, "rank"), column(y, "rank")) })},
	{name: "text is sorted without case", breaks: everywhere(ruleQuery, "text in byte order"),
		in: sorting(byIndex("TitleIndex"), func(x, y store.Row) int {
			return strings.Compare(strings.ToLower(column(x, "title")), strings.ToLower(column(y, "title")))
		})},
	{name: "every bound is inclusive", breaks: everywhere(ruleQuery, "bounds"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				if q.Lower != nil {
					q.Lower = &store.Bound{Value: q.Lower.Value}
				}
				return b.Store.Query(ctx, at, q)
			}
		}},
	{name: "ties come in any order", breaks: everywhere(ruleQuery, "ties"),
		in: sorting(byIndex("PlaceIndex"), func(x, y store.Row) int {
			return cmp.Or(cmp.Compare(number(x, "rank"), number(y, "rank")), strings.Compare(y.Key.ID, x.Key.ID))
		})},
	{name: "a page goes on after the sort key", breaks: everywhere(ruleQuery, "pages"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				if !q.After.IsZero() && q.Index == "PlaceIndex" {
					v, _ := q.After.Get("rank")
					beyond := &store.Bound{Value: v, Exclusive: true}
					if q.Descending {
						q.Upper = beyond
					} else {
						q.Lower = beyond
					}
					q.After = transform.Record{}
				}
				return b.Store.Query(ctx, at, q)
			}
		}},
	{name: "a page begins again when its record is gone", breaks: everywhere(ruleQuery, "a page after a record that is gone"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				if !q.After.IsZero() {
					key, _ := q.After.Key()
					if row, _ := b.Store.Get(ctx, relay, key); !row.Live {
						q.After = transform.Record{}
					}
				}
				return b.Store.Query(ctx, at, q)
			}
		}},
	{name: "an index keeps what was", breaks: everywhere(ruleQuery, "records that change"),
		in: func(b *broken) {
			old := map[string][]store.Row{}
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				if _, ok := old[q.Equal.Text()]; !ok {
					old[q.Equal.Text()], _ = b.Store.Query(ctx, at, q)
				}
				return slices.Clone(old[q.Equal.Text()]), nil
			}
		}},
	{name: "NULL sorts first", breaks: everywhere(ruleQuery, "NULL is in no index"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				rows, err := b.Store.Query(ctx, at, q)
				page, _ := b.Store.Scan(ctx, relay, store.Range{Entity: q.Entity, Limit: 100})
				for _, row := range page.Rows {
					if row.Live && q.Index == "PlaceIndex" && column(row, "place") == q.Equal.Text() && column(row, "rank") == "" {
						rows = append([]store.Row{row}, rows...)
					}
				}
				return rows, err
			}
		}},
	{name: "an unknown index holds nothing", breaks: everywhere(ruleQuery, "a query that can't be answered"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				if q.Entity.Index(q.Index) == nil {
					return nil, nil
				}
				return b.Store.Query(ctx, at, q)
			}
		}},
}

var scanFaults = []fault{
	{name: "a page leaves out its first record", breaks: everywhere(ruleScan, "in pages of any size"),
		in: func(b *broken) {
			b.scan = func(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
				page, err := b.Store.Scan(ctx, at, r)
				if r.After != "" && len(page.Rows) > 0 {
					page.Rows = page.Rows[1:]
				}
				return page, err
			}
		}},
	{name: "a scan gives other entities", breaks: everywhere(ruleScan, "nothing"),
		in: func(b *broken) {
			b.scan = func(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
				page, err := b.Store.Scan(ctx, at, r)
				if err == nil && len(page.Rows) == 0 {
					r.Entity = b.Contract().Entity("Visits")
					return b.Store.Scan(ctx, at, r)
				}
				return page, err
			}
		}},
	{name: "a page goes on after the first key column", breaks: everywhere(ruleScan, "keys of several columns"),
		in: func(b *broken) {
			last := ""
			b.scan = func(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
				page, err := b.Store.Scan(ctx, at, r)
				if r.After != "" {
					page.Rows = slices.DeleteFunc(page.Rows, func(row store.Row) bool { return column(row, "visitor") == last })
				}
				if len(page.Rows) > 0 {
					last = column(page.Rows[len(page.Rows)-1], "visitor")
				}
				return page, err
			}
		}},
	{name: "a scan counts off its pages", breaks: everywhere(ruleScan, "beside writes"),
		in: func(b *broken) {
			b.scan = func(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
				from, _ := strconv.Atoi(r.After)
				all, err := b.Store.Scan(ctx, at, store.Range{Entity: r.Entity, Limit: 1000})
				rows := slices.DeleteFunc(all.Rows, func(row store.Row) bool { return !row.Live })
				page := store.Page{Rows: rows[min(from, len(rows)):min(from+r.Limit, len(rows))]}
				if from+r.Limit < len(rows) {
					page.Next = strconv.Itoa(from + r.Limit)
				}
				return page, err
			}
		}},
}
