package storetest

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
)

// miscount changes the numbers of a count.
func miscount(change func(b *broken, c store.Count, n []int64)) func(*broken) {
	return func(b *broken) {
		b.count = func(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
			n, err := b.Store.Count(ctx, at, c)
			if err == nil {
				change(b, c, n)
			}
			return n, err
		}
	}
}

var countFaults = []fault{
	{name: "all references of an entity count as one", breaks: slices.Concat(everywhere(ruleCount, "of each key"), both(ruleCount, "of what a delete takes along")),
		in: func(b *broken) {
			b.count = func(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
				c.By = c.By.Of().References[0]
				return b.Store.Count(ctx, at, c)
			}
		}},
	{name: "NULL counts", breaks: everywhere(ruleCount, "by several columns"),
		in: miscount(func(b *broken, c store.Count, n []int64) {
			page, _ := b.Store.Scan(context.Background(), relay, store.Range{Entity: b.Contract().Entity(c.By.Of().Name), Limit: 1000})
			for _, row := range page.Rows {
				if _, refers := c.By.Key(row.Record); row.Live && !refers {
					n[0]++
				}
			}
		})},
	{name: "a number never goes down", breaks: slices.Concat(everywhere(ruleCount, "of what changes"), everywhere(ruleCount, "where items move"),
		both(ruleCount, "of what a delete takes along"), cases("follower: "+ruleCount, "of what came in any order")),
		in: miscount(func(b *broken, c store.Count, n []int64) {
			b.locked(func() {
				for i, key := range c.Keys {
					key.ID = c.By.Field() + key.ID
					b.versions[key] = max(b.versions[key], store.Version(n[i]))
					n[i] = int64(b.versions[key])
				}
			})
		})},
	{name: "nothing is excepted", breaks: everywhere(ruleCount, "but for some"),
		in: func(b *broken) {
			b.count = func(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
				c.Except = nil
				return b.Store.Count(ctx, at, c)
			}
		}},
	{name: "the first keys are counted", breaks: everywhere(ruleCount, "of more keys than one call of an engine takes"),
		in: miscount(func(_ *broken, _ store.Count, n []int64) { clear(n[min(len(n), 500):]) })},
	{name: "what was counted is told again", breaks: both(ruleCount, "beside writes"),
		in: miscount(func(b *broken, c store.Count, n []int64) {
			b.locked(func() {
				for i, key := range c.Keys {
					if was, known := b.versions[key]; known {
						n[i] = int64(was)
						delete(b.versions, key)
						continue
					}
					b.versions[key] = store.Version(n[i])
				}
			})
		})},
	{name: "a count looks at no fence", breaks: cases(ruleCount, "in another epoch"),
		in: func(b *broken) {
			b.count = func(ctx context.Context, _ store.At, c store.Count) ([]int64, error) {
				return b.Store.Count(ctx, relay, c)
			}
		}},
	{name: "a count needs no lease", leased: true, breaks: cases(ruleCount, "without a lease", "in another epoch"),
		in: func(b *broken) {
			b.count = func(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
				return b.Store.Count(ctx, everLeased(at), c)
			}
		}},
	{name: "an old row is counted", leased: true, breaks: cases("follower: "+ruleCount, "of what came in any order"),
		in: func(b *broken) {
			b.put = func(ctx context.Context, at store.At, row store.Row) (bool, error) {
				took, err := b.Store.Put(ctx, at, row)
				if !took && err == nil {
					b.locked(func() { b.records[row.Key] = row.Record })
				}
				return took, err
			}
			b.count = func(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
				n, err := b.Store.Count(ctx, at, c)
				b.locked(func() {
					for _, rec := range b.records {
						if to, refers := c.By.Key(rec); refers {
							if i := slices.Index(c.Keys, to); i >= 0 {
								n[i]++
							}
						}
					}
				})
				return n, err
			}
		}},
}
