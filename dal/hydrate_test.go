package dal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// The records of storetest.CartContract, as far as the tests need them.
type (
	category struct {
		ID         int64   `db:"category_id"`
		Name       *string `db:"name"`
		Parent     *int64  `db:"parent_id"`
		ParentName string  `db:"parent_name"`
	}
	product struct { // shows nothing of its category
		Shop     string  `db:"shop"`
		Number   int64   `db:"number"`
		Name     string  `db:"name"`
		Price    *string `db:"price"`
		SoldOut  bool    `db:"sold_out"`
		Category *int64  `db:"category_id"`
	}
	cartLine struct {
		Cart     int64   `db:"cart_id"`
		Line     int64   `db:"line"`
		Shop     *string `db:"shop"`
		Number   *int64  `db:"number"`
		Quantity int64   `db:"quantity"`
		Paid     *string `db:"paid"`

		Product  *string `db:"product_name"`
		Price    *string `db:"product_price"`
		SoldOut  *bool   `db:"sold_out"`
		Category *string `db:"category_name"`
	}
)

// A cartFixture is a fixture of CartContract.
type cartFixture struct {
	*fixture
	categories *dal.Repository[category]
	products   *dal.Repository[product]
	carts      *dal.Repository[cartLine]
}

// inEveryCartPhase runs a test in each phase, on a cart whose line n is product n of
// the shop, in category 1, but for those that are named otherwise: line 8 refers to
// nothing, line 9 to a product that is not there, line 7 to one without a category.
func inEveryCartPhase(t *testing.T, opts dal.RouterOptions, test func(t *testing.T, f *cartFixture)) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) { test(t, newCartFixture(t, phase, opts)) })
	}
}

func newCartFixture(t *testing.T, phase dal.Phase, opts dal.RouterOptions) *cartFixture {
	t.Helper()
	f := &cartFixture{fixture: newFixtureOf(t, storetest.CartContract(t), phase, opts, faultstore.New())}
	var err error
	f.categories, err = dal.NewRepository[category](f.router, "Categories")
	require.NoError(t, err)
	f.products, err = dal.NewRepository[product](f.router, "Products")
	require.NoError(t, err)
	f.carts, err = dal.NewRepository[cartLine](f.router, "Carts")
	require.NoError(t, err)
	ctx := t.Context()
	require.NoError(t, f.categories.Create(ctx, &category{ID: 1, Name: ptr("tools")}))
	for n := range int64(8) {
		p := product{Shop: "s", Number: n, Name: fmt.Sprint("product ", n), Price: ptr(fmt.Sprint(n, ".50")), SoldOut: n == 1, Category: ptr(int64(1))}
		if n == 7 {
			p.Category = nil
		}
		require.NoError(t, f.products.Create(ctx, &p))
	}
	for n := range int64(10) {
		l := cartLine{Cart: 1, Line: n, Shop: ptr("s"), Number: &n}
		if n == 8 {
			l.Number = nil
		}
		require.NoError(t, f.carts.Create(ctx, &l))
	}
	return f
}

// line is what a read shows of a line whose product was not changed.
func line(n int64) cartLine {
	l := cartLine{Cart: 1, Line: n, Shop: ptr("s"), Number: &n}
	switch n {
	case 8:
		l.Number = nil
		return l
	case 9:
		return l
	}
	l.Product, l.Price, l.SoldOut, l.Category = ptr(fmt.Sprint("product ", n)), ptr(fmt.Sprint(n, ".50")), ptr(n == 1), ptr("tools")
	if n == 7 {
		l.Category = nil
	}
	return l
}

func lines(from, to int64) []cartLine {
	all := []cartLine{}
	for n := from; n < to; n++ {
		all = append(all, line(n))
	}
	return all
}

// shows requires what each way to read the lines answers.
func (f *cartFixture) shows(t *testing.T, want []cartLine) {
	t.Helper()
	ctx := t.Context()
	var keys []dal.Key
	many := map[dal.Key]cartLine{}
	for _, l := range want {
		key := f.carts.Key(l.Cart, l.Line)
		keys, many[key] = append(keys, key), l
		got, err := f.carts.Get(ctx, key)
		require.NoError(t, err)
		require.Equal(t, l, got)
	}
	found, err := f.carts.GetMany(ctx, keys)
	require.NoError(t, err)
	require.Equal(t, many, found)
	q, at := dal.TableKey().Equal(1), 0
	for l, err := range f.carts.Query(ctx, q) {
		require.NoError(t, err)
		require.Equal(t, want[at], l)
		at++
	}
	require.Len(t, want, at)
	page := dal.Page[cartLine]{}
	for at = 0; at == 0 || page.Next != ""; at += len(page.Items) {
		page, err = f.carts.Page(ctx, q.Where("line", dal.NotNull()), page.Next, 3)
		require.NoError(t, err)
		require.Equal(t, want[at:at+len(page.Items)], page.Items)
	}
	require.Len(t, want, at)
	require.NoError(t, f.router.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		for _, l := range want[:2] {
			got, err := f.carts.In(tx).Get(ctx, f.carts.Key(l.Cart, l.Line))
			require.NoError(t, err)
			require.Equal(t, l, got)
		}
		got, err := f.carts.In(tx).GetMany(ctx, keys)
		require.Equal(t, many, got)
		return err
	}))
}

// TestHydratedReads: every read shows what the joined records have now, in every
// phase; what refers to nothing, or to what is not there, shows nothing, or what
// null_value says.
func TestHydratedReads(t *testing.T) {
	inEveryCartPhase(t, dal.RouterOptions{}, func(t *testing.T, f *cartFixture) {
		ctx, all := t.Context(), lines(0, 10)
		f.shows(t, all)
		require.NoError(t, f.products.Update(ctx, f.products.Key("s", 3), func(p *product) error { p.Name, p.Price, p.SoldOut = "new", nil, true; return nil }))
		all[3].Product, all[3].Price, all[3].SoldOut = ptr("new"), nil, ptr(true)
		f.shows(t, all)
		require.NoError(t, f.products.Delete(ctx, f.products.Key("s", 4)))
		all[4].Product, all[4].Price, all[4].SoldOut, all[4].Category = nil, nil, nil, nil
		require.NoError(t, f.products.Create(ctx, &product{Shop: "s", Number: 9, Name: "late"}))
		all[9].Product, all[9].SoldOut = ptr("late"), ptr(false)
		f.shows(t, all)
		require.NoError(t, f.categories.Update(ctx, f.categories.Key(1), func(c *category) error { c.Name = nil; return nil }))
		for i := range all {
			all[i].Category = nil
		}
		f.shows(t, all)

		require.NoError(t, f.categories.Create(ctx, &category{ID: 2, Parent: ptr(int64(77))}))
		for _, id := range []int64{1, 2} {
			c, err := f.categories.Get(ctx, f.categories.Key(id))
			require.NoError(t, err)
			require.Equal(t, "all", c.ParentName)
		}
		require.NoError(t, f.categories.Create(ctx, &category{ID: 3, Parent: ptr(int64(1))}))
		_, err := f.categories.Get(ctx, f.categories.Key(3))
		require.ErrorIs(t, err, dal.ErrInvalid, "the parent has no name, and the field can't be NULL")
	})
}

// TestHydratedTrees: a record shows how far it is from its root, and the names of all
// above it, read level by level for all records of an answer at once. A circle and a
// tree without end are errors that name the record by its digest.
func TestHydratedTrees(t *testing.T) {
	type node struct {
		ID     int64   `db:"category_id"`
		Name   *string `db:"name"`
		Parent *int64  `db:"parent_id"`
		Depth  int     `db:"depth"`
		Path   *string `db:"path"`
	}
	inEveryCartPhase(t, dal.RouterOptions{}, func(t *testing.T, f *cartFixture) {
		ctx := t.Context()
		nodes, err := dal.NewRepository[node](f.router, "Categories")
		require.NoError(t, err)
		// 100 is a root, each of 101 to 132 is below the one before; 102 has no name.
		for id := int64(100); id <= 132; id++ {
			c := category{ID: id, Name: ptr(fmt.Sprint(id)), Parent: ptr(id - 1)}
			switch id {
			case 100:
				c.Parent = nil
			case 102:
				c.Name = nil
			}
			require.NoError(t, f.categories.Create(ctx, &c))
		}
		shows := func(id int64, depth int, path *string) {
			n, err := nodes.Get(ctx, nodes.Key(id))
			require.NoError(t, err)
			require.Equal(t, depth, n.Depth)
			require.Equal(t, path, n.Path)
		}
		shows(100, 0, ptr("100"))
		shows(103, 3, ptr("100 > 101 > 103"))
		n, err := nodes.Get(ctx, nodes.Key(131))
		require.NoError(t, err)
		require.Equal(t, 31, n.Depth)
		_, err = nodes.Get(ctx, nodes.Key(132))
		require.ErrorIs(t, err, dal.ErrInvalid)
		require.ErrorContains(t, err, "more than 31 rows above the row, or the row is above itself, whose key is "+nodes.Key(132).String())
		before := f.faults.Count()
		_, err = nodes.GetMany(ctx, []dal.Key{nodes.Key(103), nodes.Key(104), nodes.Key(105)})
		require.NoError(t, err)
		reads := 0
		for _, c := range f.faults.Calls()[before:] {
			if c.Role == faultstore.Shared && f.isAuthority(c.Store) && c.Method == "GetMany" {
				reads++
			}
		}
		require.LessOrEqual(t, reads, 1+5)
		require.NoError(t, f.categories.Update(ctx, f.categories.Key(101), func(c *category) error { c.Name, c.Parent = ptr("new"), ptr(int64(7777)); return nil }))
		shows(103, 2, ptr("new > 103"))
		require.NoError(t, f.categories.Update(ctx, f.categories.Key(101), func(c *category) error { c.Parent = ptr(int64(103)); return nil }))
		for _, id := range []int64{101, 102, 103, 104} {
			_, err = nodes.Get(ctx, nodes.Key(id))
			require.ErrorContains(t, err, "the row is above itself, whose key is "+nodes.Key(id).String())
		}
		require.NoError(t, f.router.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
			require.NoError(t, f.categories.In(tx).Update(ctx, f.categories.Key(101), func(c *category) error { c.Parent = nil; return nil }))
			n, err := nodes.In(tx).Get(ctx, nodes.Key(103))
			require.Equal(t, ptr("new > 103"), n.Path)
			return err
		}))
		require.NoError(t, f.categories.Create(ctx, &category{ID: 200, Parent: ptr(int64(7777))}))
		shows(200, 0, nil)
	})
}

// TestHydratedReadsOnce: an answer's joined records are read together, each once and
// none for records that the answer leaves out; a T without fields for them costs no
// read at all.
func TestHydratedReadsOnce(t *testing.T) {
	inEveryCartPhase(t, dal.RouterOptions{}, func(t *testing.T, f *cartFixture) {
		ctx := t.Context()
		require.NoError(t, f.carts.Update(ctx, f.carts.Key(1, 1), func(l *cartLine) error { l.Number = ptr(int64(2)); return nil }))
		calls := func(do func() error) (methods []string, keys int) {
			before := f.faults.Count()
			require.NoError(t, do())
			for _, c := range f.faults.Calls()[before:] {
				if c.Role == faultstore.Shared && f.isAuthority(c.Store) {
					methods, keys = append(methods, c.Method), keys+len(c.Keys)
				}
			}
			return methods, keys
		}
		page := func(q dal.Query, size int) func() error {
			return func() error { _, err := f.carts.Page(ctx, q, "", size); return err }
		}
		own := dal.TableKey().Equal(1)
		methods, keys := calls(page(own, 10))
		require.Equal(t, []string{"Query", "GetMany", "GetMany"}, methods)
		require.Equal(t, 8+1, keys, "products 0, 2 to 7 and 9, and a category")
		methods, keys = calls(page(own.Where("line", dal.AtLeast(1)), 2))
		require.Equal(t, []string{"Query", "GetMany", "GetMany"}, methods)
		require.Equal(t, 1+1, keys, "lines 1 and 2, of one product")
		methods, _ = calls(page(own.AtLeast(8), 10))
		require.Equal(t, []string{"Query", "GetMany"}, methods, "no product, no category")
		methods, _ = calls(func() error { _, err := f.carts.Get(ctx, f.carts.Key(1, 8)); return err })
		require.Equal(t, []string{"Get"}, methods, "refers to nothing")
		methods, _ = calls(func() error { _, err := f.products.Get(ctx, f.products.Key("s", 1)); return err })
		require.Equal(t, []string{"Get"}, methods, "has no field for it")
	})
}

func (f *cartFixture) isAuthority(name string) bool {
	lead, _ := f.leads(context.Background())
	return lead.Name() == name
}

// TestHydratedIsNotWritten: what is in the fields is no part of a write, and a change
// finds them empty; neither store has any of it, and phase 3 compares none of it.
func TestHydratedIsNotWritten(t *testing.T) {
	inEveryCartPhase(t, dal.RouterOptions{}, func(t *testing.T, f *cartFixture) {
		ctx := t.Context()
		l := line(2)
		l.Product, l.Category = ptr("made up"), ptr("made up")
		require.NoError(t, f.carts.Put(ctx, &l))
		require.NoError(t, f.carts.Update(ctx, f.carts.Key(1, 3), func(l *cartLine) error {
			require.Nil(t, l.Product)
			require.Nil(t, l.Category)
			l.Product, l.Quantity = ptr("made up"), 5
			return nil
		}))
		require.NoError(t, f.router.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
			l := line(4)
			l.Product = ptr("made up")
			return f.carts.In(tx).Put(ctx, &l)
		}))
		want := lines(0, 10)
		want[3].Quantity = 5
		f.shows(t, want)
		lead, other := f.leads(ctx)
		stores := []store.Reader{lead}
		if f.router.Snapshot().Phase.HasFollower() {
			f.drain(t)
			f.requireEqualStores(t)
			stores = append(stores, other)
		}
		for _, s := range stores {
			for key, rec := range f.records(t, s) {
				for _, h := range rec.Entity().Hydrated() {
					require.True(t, rec.At(h.Column).IsNull(), "%s of %s", rec.Entity().Columns[h.Column].Name, key.Entity)
				}
			}
		}
		f.router.Close() // and so waits for the comparisons
		require.Zero(t, f.router.Stats().Mismatches)
	})
}

// TestHydratedInUnits: a read within a unit shows what the unit has staged of the
// joined records, and nobody who changes them stands in the unit's way.
func TestHydratedInUnits(t *testing.T) {
	inEveryCartPhase(t, dal.RouterOptions{}, func(t *testing.T, f *cartFixture) {
		ctx := t.Context()
		product1, runs := f.products.Key("s", 1), 0
		named := func(name string) func(*product) error {
			return func(p *product) error { p.Name += name; return nil }
		}
		require.NoError(t, f.router.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
			runs++
			carts, products := f.carts.In(tx), f.products.In(tx)
			shows := func(n int64, want *string) {
				l, err := carts.Get(ctx, carts.Key(1, n))
				require.NoError(t, err)
				require.Equal(t, want, l.Product)
				many, err := carts.GetMany(ctx, []dal.Key{carts.Key(1, n)})
				require.NoError(t, err)
				require.Equal(t, want, many[carts.Key(1, n)].Product)
			}
			shows(1, ptr("product 1"))
			require.NoError(t, products.UpdateAtCommit(ctx, product1, named(", staged")))
			shows(1, ptr("product 1, staged"))
			shows(1, ptr("product 1, staged"))
			require.NoError(t, products.Update(ctx, products.Key("s", 2), named(", changed")))
			shows(2, ptr("product 2, changed"))
			require.NoError(t, products.Delete(ctx, products.Key("s", 3)))
			shows(3, nil)
			require.NoError(t, products.Create(ctx, &product{Shop: "s", Number: 9, Name: "made"}))
			shows(9, ptr("made"))
			require.NoError(t, carts.Put(ctx, &cartLine{Cart: 1, Line: 5, Shop: ptr("s"), Number: ptr(int64(9))}))
			shows(5, ptr("made"))
			// Read through a line and nothing else, and then changed by another.
			shows(6, ptr("product 6"))
			return f.products.Update(ctx, f.products.Key("s", 6), named(", elsewhere"))
		}))
		require.Equal(t, 1, runs)
		p, err := f.products.Get(ctx, product1)
		require.NoError(t, err)
		require.Equal(t, "product 1, staged", p.Name, "applied once")
	})
}

// TestHydratedIsNotAskedFor: no store can look for what none has.
func TestHydratedIsNotAskedFor(t *testing.T) {
	f := newCartFixture(t, dal.MySQLOnly, dal.RouterOptions{})
	_, err := f.carts.Page(t.Context(), dal.TableKey().Equal(1).Where("product_name", dal.NotNull()), "", 1)
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.ErrorContains(t, err, "is hydrated: it is read with the records")
	_, err = f.carts.Page(t.Context(), dal.By("product_name").Equal("x"), "", 1)
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.ErrorContains(t, err, "is hydrated: no item has it")
}

// TestHydratedAcrossAHandOff: a store that is given away between an answer and what it
// is joined with gives neither.
func TestHydratedAcrossAHandOff(t *testing.T) {
	f := newCartFixture(t, dal.Validate, dal.RouterOptions{})
	stall := f.faults.StallOn(func(c faultstore.Call) bool { return c.Store == "mysql" && c.Method == "GetMany" })
	got := make(chan cartLine, 1)
	go func() {
		l, _ := f.carts.Get(context.Background(), f.carts.Key(1, 3))
		got <- l
	}()
	select {
	case <-stall.Reached():
	case <-got:
		require.Fail(t, "answered without a read of the product")
	}
	f.handOver(t)
	key, err := f.contract.Entity("Products").KeyOf("s", 3)
	require.NoError(t, err)
	f.newer(t, key)
	stall.Release()
	l := <-got
	require.Equal(t, ptr("renamed"), l.Product)
}

// newer renames a product in DynamoDB alone.
func (f *cartFixture) newer(t *testing.T, key transform.Key) {
	t.Helper()
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	_, err = f.dynamo.Write(t.Context(), store.At{Epoch: now.Epoch, Captured: true, Lease: f.lease}, store.Write{Mutations: []store.Mutation{{
		Op: store.Update, Key: key, Modify: func(rec transform.Record) error { return rec.Set("name", transform.TextValue("renamed")) }}}})
	require.NoError(t, err)
}

// TestHydratedStale: where MySQL may answer for DynamoDB it answers with all that the
// answer is joined with, also if DynamoDB fails in between.
func TestHydratedStale(t *testing.T) {
	f := newCartFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{StaleAfter: time.Minute})
	require.NoError(t, f.products.Update(t.Context(), f.products.Key("s", 3), func(p *product) error { p.Name = "new"; return nil }, dal.Follow(dal.Async)))
	stale := false
	l, err := f.carts.Get(t.Context(), f.carts.Key(1, 3), dal.AllowStale(&stale))
	require.NoError(t, err)
	require.False(t, stale)
	require.Equal(t, ptr("new"), l.Product)
	f.faults.FailWith(func(c faultstore.Call) bool { return c.Store == "dynamodb" && c.Method == "GetMany" },
		&store.Error{Op: "x", Store: "dynamodb", Kind: dal.ErrUnavailable})
	_, err = f.carts.Get(t.Context(), f.carts.Key(1, 3))
	require.ErrorIs(t, err, dal.ErrUnavailable)
	l, err = f.carts.Get(t.Context(), f.carts.Key(1, 3), dal.AllowStale(&stale))
	require.NoError(t, err)
	require.True(t, stale)
	require.Equal(t, line(3), l)
}

// TestHydratedLongPages: each record of a page that takes several reads shows what was
// read with it.
func TestHydratedLongPages(t *testing.T) {
	f := newCartFixture(t, dal.MySQLOnly, dal.RouterOptions{})
	want := []string{}
	for n := range int64(150) {
		l := cartLine{Cart: 2, Line: n, Shop: ptr("s"), Number: ptr(n / 60)}
		if n%49 == 0 { // the last of which is in the second read
			l.Quantity, want = 1, append(want, fmt.Sprint("product ", n/60))
		}
		require.NoError(t, f.carts.Create(t.Context(), &l))
	}
	page, err := f.carts.Page(t.Context(), dal.TableKey().Equal(2).Where("quantity", dal.Equals(1)), "", 10)
	require.NoError(t, err)
	var got []string
	for _, l := range page.Items {
		require.NotNil(t, l.Product)
		got = append(got, *l.Product)
	}
	require.Equal(t, want, got)
}
