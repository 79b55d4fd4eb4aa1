package dal_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

type ware struct {
	Shop    string  `db:"shop"`
	Number  int64   `db:"number"`
	Name    string  `db:"name"`
	Price   *string `db:"price"`
	SoldOut bool    `db:"sold_out"`
	Stock   int64   `db:"stock"`
	Section *int64  `db:"section_id"`
}

// TestRenamedInManyBaskets: a rename asks the stores for the same, and writes as little,
// whether 10 or 100,000 records have a copy of the name. They are renewed afterwards, a
// hundred at once, and none is left out.
func TestRenamedInManyBaskets(t *testing.T) {
	few := renameWare(t, 10)
	require.Equal(t, few, renameWare(t, 100_000), "the rename's own calls")
	require.Equal(t, 1, countOf(few, "authority dynamodb Write 1"), few)
}

func countOf(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// renameWare has n baskets with a copy of a ware's name, renames the ware, carries the mark
// out, and returns what the rename asked the stores for.
func renameWare(t *testing.T, n int) (calls []string) {
	f := newCopyFixture(t, dal.DynamoDBOnly)
	f.save(f.ware(1))
	some := make([]store.Mutation, 0, 1000)
	for i := range n {
		rec := f.basket(i, "shop=s", "number=1")
		if some = append(some, store.Mutation{Op: store.Create, Key: keyOf(t, rec), Record: rec}); len(some) == cap(some) || i == n-1 {
			f.write(some...)
			some = some[:0]
		}
	}
	for _, m := range f.marks() { // it would take as long as what is to be tested
		require.NoError(t, f.dynamo.CleanFanOut(t.Context(), m))
	}
	before := f.versions(t, n)

	wares, err := dal.NewRepository[ware](f.router, "Wares")
	require.NoError(t, err)
	from := f.faults.Count()
	require.NoError(t, wares.Update(t.Context(), wares.Key("s", 1), func(w *ware) error { w.Name = "pencil"; return nil }))
	for _, c := range f.faults.Calls()[from:] {
		calls = append(calls, fmt.Sprintf("%s %s %s %d", c.Role, c.Store, c.Method, len(c.Keys)))
	}

	require.Equal(t, before, f.versions(t, n), "it has written a basket")
	marks := f.marks()
	require.Len(t, marks, 1)
	require.Equal(t, []transform.Key{keyOf(t, f.ware(1))}, marks[0].Sources)
	require.Empty(t, marks[0].Own)
	pages := &pagesOf{Authority: f.dynamo, test: t}
	require.NoError(t, dal.CarryOut(t.Context(), pages, marks...))
	require.Empty(t, f.marks())
	require.Equal(t, n, pages.renewed)
	require.LessOrEqual(t, pages.most, 100)
	f.showEach(t, n, "pencil")
	return calls
}

// baskets calls do with the keys of n baskets, a thousand at once.
func (f *copyFixture) baskets(t *testing.T, n int, do func([]transform.Key)) {
	t.Helper()
	e := f.contract.Entity("Baskets")
	keys := make([]transform.Key, n)
	for i := range keys {
		var err error
		keys[i], err = e.KeyOf(1, i)
		require.NoError(t, err)
	}
	for some := range slices.Chunk(keys, 1000) {
		do(some)
	}
}

func (f *copyFixture) versions(t *testing.T, n int) (all []store.Version) {
	t.Helper()
	f.baskets(t, n, func(keys []transform.Key) {
		rows, err := f.dynamo.GetMany(t.Context(), store.At{Captured: true, Lease: f.lease, Epoch: f.epoch(t)}, keys)
		require.NoError(t, err)
		for _, row := range rows {
			all = append(all, row.Version)
		}
	})
	return all
}

func (f *copyFixture) epoch(t *testing.T) uint64 {
	t.Helper()
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	return now.Epoch
}

// showEach requires a ware's name in each of n baskets.
func (f *copyFixture) showEach(t *testing.T, n int, name string) {
	t.Helper()
	at := f.contract.Entity("Baskets").ColumnIndex("ware_name")
	shown := 0
	f.baskets(t, n, func(keys []transform.Key) {
		all, err := f.dynamo.Copies(t.Context(), keys)
		require.NoError(t, err)
		for i, rec := range all {
			if rec.At(at).Text() != name {
				t.Fatalf("%s shows %q", keys[i], rec.At(at).Text())
			}
			shown++
		}
	})
	require.Equal(t, n, shown)
}

// A pagesOf holds how much carrying out asks for at once. The memstore sorts all keys for
// each page of dependents, so it is asked for them once, and the pages are made here.
type pagesOf struct {
	store.Authority
	test          *testing.T
	once          sync.Once
	all           []transform.Key
	most, renewed int
}

func (p *pagesOf) Dependents(ctx context.Context, r store.DependentsRange) (page store.DependentsPage, err error) {
	p.most = max(p.most, r.Limit)
	p.once.Do(func() {
		all, err := p.Authority.Dependents(ctx, store.DependentsRange{By: r.By, To: r.To, Limit: 1 << 20})
		require.NoError(p.test, err)
		require.Empty(p.test, all.Next)
		p.all = all.Keys
	})
	from, found := slices.BinarySearchFunc(p.all, r.After, func(key transform.Key, after string) int {
		switch {
		case key.ID < after:
			return -1
		case key.ID > after:
			return 1
		}
		return 0
	})
	if found {
		from++
	}
	page.Keys = p.all[from:min(from+r.Limit, len(p.all))]
	if from+r.Limit < len(p.all) {
		page.Next = page.Keys[len(page.Keys)-1].ID
	}
	return page, nil
}

func (p *pagesOf) Renew(ctx context.Context, keys []transform.Key) error {
	p.most = max(p.most, len(keys))
	p.renewed += len(keys)
	return p.Authority.Renew(ctx, keys)
}
