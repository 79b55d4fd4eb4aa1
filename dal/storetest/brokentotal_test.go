package storetest

import (
	"context"
	"slices"
	"strconv"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// mistotal makes totals of the values that change makes of those that count.
func mistotal(change func(t store.Totals, rec transform.Record, v transform.Value) transform.Value) func(*broken) {
	return func(b *broken) {
		b.totals = func(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
			all, err := b.Store.Totals(ctx, at, t)
			if err != nil {
				return nil, err
			}
			page, err := b.Store.Scan(ctx, relay, store.Range{Entity: b.Contract().Entity(t.By.Of().Name), Limit: 1000})
			for i, to := range t.Keys {
				all[i] = transform.Total{}
				for _, row := range page.Rows {
					if row.Live && t.By.Refers(row.Record, to) && !slices.Contains(t.Except, row.Key) {
						all[i] = all[i].With(change(t, row.Record, row.Record.At(t.Column)))
					}
				}
			}
			return all, err
		}
	}
}

// told adds what records were before they were written or taken along, where still lets
// that through.
func told(still func(t store.Totals, now store.Row, was transform.Record) bool) func(*broken) {
	return func(b *broken) {
		note := func(key transform.Key, rec transform.Record) {
			b.locked(func() {
				if !rec.IsZero() {
					b.records[key] = rec
				}
			})
		}
		b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
			for _, m := range w.Mutations {
				row, _ := b.Store.Get(ctx, relay, m.Key)
				note(m.Key, row.Record)
				if m.Op == store.Delete {
					for _, f := range b.Contract().Entity(m.Key.Entity).ReferredBy() {
						page, _ := b.Store.Scan(ctx, relay, store.Range{Entity: f.Of(), Limit: 1000})
						for _, row := range page.Rows {
							note(row.Key, row.Record)
						}
					}
				}
			}
			return b.Store.Write(ctx, at, w)
		}
		b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
			before, _ := b.Store.Get(ctx, relay, row.Key)
			note(row.Key, before.Record)
			return b.Store.Put(ctx, at, row)
		}
		b.totals = alsoOf(b, still)
	}
}

// alsoOf adds those of the noted records that still lets through.
func alsoOf(b *broken, still func(t store.Totals, now store.Row, was transform.Record) bool) func(context.Context, store.At, store.Totals) ([]transform.Total, error) {
	return func(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
		all, err := b.Store.Totals(ctx, at, t)
		if err != nil {
			return nil, err
		}
		b.locked(func() {
			for key, was := range b.records {
				now, _ := b.Store.Get(ctx, relay, key)
				for i, to := range t.Keys {
					if key.Entity == t.By.Of().Name && t.By.Refers(was, to) && still(t, now, was) {
						all[i] = all[i].With(was.At(t.Column))
					}
				}
			}
		})
		return all, nil
	}
}

var totalFaults = []fault{
	{name: "totals are of another reference", breaks: everywhere(ruleTotal, "of each key"),
		in: func(b *broken) {
			b.totals = func(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
				t.By = t.By.Of().References[0]
				return b.Store.Totals(ctx, at, t)
			}
		}},
	{name: "NULL is a zero in totals", breaks: everywhere(ruleTotal, "of every type"),
		in: mistotal(func(t store.Totals, _ transform.Record, v transform.Value) transform.Value {
			if c := t.By.Of().Columns[t.Column]; v.IsNull() && (c.Kind == transform.Int || c.Kind == transform.Decimal) {
				v, _ = c.Parse("0")
			}
			return v
		})},
	{name: "totals pass through a float64", breaks: everywhere(ruleTotal, "to the last digit"),
		in: mistotal(func(t store.Totals, _ transform.Record, v transform.Value) transform.Value {
			f, err := strconv.ParseFloat(v.Text(), 64)
			if err != nil {
				return v
			}
			c := t.By.Of().Columns[t.Column]
			rounded, err := c.Parse(strconv.FormatFloat(f, 'f', c.Scale, 64))
			if err != nil {
				return v
			}
			return rounded
		})},
	{name: "a record that moved is in both totals", breaks: everywhere(ruleTotal, "of what changes"),
		in: told(func(t store.Totals, now store.Row, was transform.Record) bool {
			to, _ := t.By.Key(was)
			return now.Live && !t.By.Refers(now.Record, to)
		})},
	{name: "what is deleted is in totals", breaks: append(everywhere(ruleTotal, "of what changes"), both(ruleTotal, "of what a delete takes along")...),
		in: told(func(_ store.Totals, now store.Row, _ transform.Record) bool { return !now.Live })},
	{name: "nothing is excepted from totals", breaks: everywhere(ruleTotal, "but for some"),
		in: func(b *broken) {
			b.totals = func(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
				t.Except = nil
				return b.Store.Totals(ctx, at, t)
			}
		}},
	{name: "totals are of the first keys", breaks: everywhere(ruleTotal, "of more than one call of an engine takes"),
		in: func(b *broken) {
			b.totals = func(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
				all, err := b.Store.Totals(ctx, at, t)
				clear(all[min(len(all), 500):])
				return all, err
			}
		}},
	{name: "totals look at no fence", breaks: cases(ruleTotal, "in another epoch"),
		in: func(b *broken) {
			b.totals = func(ctx context.Context, _ store.At, t store.Totals) ([]transform.Total, error) {
				return b.Store.Totals(ctx, relay, t)
			}
		}},
	{name: "totals need no lease", leased: true, breaks: cases(ruleTotal, "without a lease", "in another epoch"),
		in: func(b *broken) {
			b.totals = func(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
				return b.Store.Totals(ctx, everLeased(at), t)
			}
		}},
	{name: "an old row is in totals", leased: true, breaks: cases("follower: "+ruleTotal, "of what came in any order"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				took, err := b.Store.Put(ctx, at, row)
				if !took && err == nil {
					b.locked(func() { b.records[row.Key] = row.Record })
				}
				return took, err
			}
			b.totals = alsoOf(b, func(store.Totals, store.Row, transform.Record) bool { return true })
		}},
}
