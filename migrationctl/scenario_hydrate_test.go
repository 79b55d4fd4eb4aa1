package migrationctl_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// The records of storetest.CartContract. Fields of the second block are joined.
type (
	Category struct {
		ID     int64   `db:"category_id"`
		Name   *string `db:"name"`
		Parent *int64  `db:"parent_id"`

		ParentName *string `db:"parent_name"`
		Depth      int64   `db:"depth"`
		Path       *string `db:"path"`
	}
	Product struct {
		Shop     string  `db:"shop"`
		Number   int64   `db:"number"`
		Name     string  `db:"name"`
		Price    *string `db:"price"`
		SoldOut  bool    `db:"sold_out"`
		Category *int64  `db:"category_id"`

		CategoryName *string `db:"category_name"`
	}
	CartLine struct {
		Cart     int64   `db:"cart_id"`
		Line     int64   `db:"line"`
		Shop     *string `db:"shop"`
		Number   *int64  `db:"number"`
		Quantity int64   `db:"quantity"`
		Paid     *string `db:"paid"`

		ProductName  *string `db:"product_name"`
		ProductPrice *string `db:"product_price"`
		SoldOut      *int64  `db:"sold_out"`
		CategoryName *string `db:"category_name"`
	}
)

// A market is a process over a world of CartContract.
type market struct {
	*process
	categories *dal.Repository[Category]
	products   *dal.Repository[Product]
	carts      *dal.Repository[CartLine]
}

func newMarket(t *testing.T, p *process, over dal.Group) *market {
	t.Helper()
	categories, err := dal.NewRepository[Category](over, "Categories")
	require.NoError(t, err)
	products, err := dal.NewRepository[Product](over, "Products")
	require.NoError(t, err)
	carts, err := dal.NewRepository[CartLine](over, "Carts")
	require.NoError(t, err)
	return &market{p, categories, products, carts}
}

// eachMarket plays the scenario in each world. Categories have an index by name, too. before
// fills MySQL as a service had it.
func eachMarket(t *testing.T, before func(t *testing.T, m *market), play func(t *testing.T, w *world, m *market)) {
	start := func(t *testing.T, w *world) {
		bare := dal.Standalone(w.contract, w.mysql)
		before(t, newMarket(t, nil, bare))
		bare.Close()
		ctl, err := migrationctl.Open(t.Context(), w.faulty(), w.faultyDynamo(), leading())
		require.NoError(t, err)
		t.Cleanup(func() { _ = ctl.Close(context.Background()) })
		play(t, w, newMarket(t, &process{Controller: ctl}, ctl))
	}
	const parents = `"gsis": [{"index_name": "ParentIndex"`
	c := amended(t, "carts", parents, strings.Replace(parents, "[", `[{"index_name": "NameIndex", "pk": "name", "sk": "categoryId", "projection": "ALL"}, `, 1))
	eachWorldOf(t, c, start)
}

func text(format string, args ...any) *string {
	s := fmt.Sprintf(format, args...)
	return &s
}

func number(n int64) *int64 { return &n }

// sees requires of a cart's line what each way to read it answers.
func (m *market) sees(t *testing.T, want CartLine, about string) {
	t.Helper()
	ctx, key := t.Context(), m.carts.Key(want.Cart, want.Line)
	got, err := m.carts.Get(ctx, key)
	require.NoError(t, err, about)
	require.Equal(t, want, got, about)
	many, err := m.carts.GetMany(ctx, []dal.Key{key})
	require.NoError(t, err, about)
	require.Equal(t, want, many[key], about)
	page, err := m.carts.Page(ctx, dal.TableKey().Equal(want.Cart).AtLeast(want.Line), "", 1)
	require.NoError(t, err, about)
	require.Equal(t, []CartLine{want}, page.Items, about)
	for got, err := range m.carts.Query(ctx, dal.TableKey().Equal(want.Cart).Exactly(want.Line)) {
		require.NoError(t, err, about)
		require.Equal(t, want, got, about)
	}
	require.NoError(t, m.Router().Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		got, err = m.carts.In(tx).Get(ctx, key)
		return err
	}), about)
	require.Equal(t, want, got, about)
}

// TestScenario31CartsShowTheProduct: a product is renamed and repriced while it is in
// carts. Carts show at once what phase 1 would, in every phase and across every step;
// the price that a line was paid at stays; and no item has what is joined.
func TestScenario31CartsShowTheProduct(t *testing.T) {
	var last int64
	eachMarket(t, func(t *testing.T, m *market) {
		last = 0
		require.NoError(t, m.categories.Create(t.Context(), &Category{ID: 3, Name: text("tools")}))
		require.NoError(t, m.products.Create(t.Context(), &Product{Shop: "a/b", Number: 7, Name: "name 0", Price: text("10.50"), Category: number(3)}))
		require.NoError(t, m.carts.Create(t.Context(), &CartLine{Cart: 1, Line: 1, Shop: text("a/b"), Number: number(7), Quantity: 2, Paid: text("9.99"), ProductName: text("ignored")}))
		require.NoError(t, m.carts.Create(t.Context(), &CartLine{Cart: 1, Line: 2, Shop: text("a/b"), Quantity: 1}))
		require.NoError(t, m.carts.Create(t.Context(), &CartLine{Cart: 1, Line: 3, Shop: text("a/b"), Number: number(8), Quantity: 1}))
	}, func(t *testing.T, w *world, m *market) {
		ctx := t.Context()
		rename := func() error {
			last++
			return m.products.Update(ctx, m.products.Key("a/b", 7), func(p *Product) error {
				p.Name, p.Price, p.SoldOut = fmt.Sprint("name ", last), text("%d.50", last), last%2 == 1
				return nil
			})
		}
		line := func() CartLine {
			return CartLine{Cart: 1, Line: 1, Shop: text("a/b"), Number: number(7), Quantity: 2, Paid: text("9.99"),
				ProductName: text("name %d", last), ProductPrice: text("%d.50", last), SoldOut: number(last % 2), CategoryName: text("tools")}
		}
		m.walk(t, func(phase store.Phase) {
			require.NoError(t, rename())
			about := fmt.Sprint("phase ", phase)
			m.sees(t, line(), about)
			m.sees(t, CartLine{Cart: 1, Line: 2, Shop: text("a/b"), Quantity: 1}, about)
			m.sees(t, CartLine{Cart: 1, Line: 3, Shop: text("a/b"), Number: number(8), Quantity: 1}, about)
		}, func() error {
			if err := rename(); err != nil {
				return err
			}
			got, err := m.carts.Get(ctx, m.carts.Key(1, 1))
			if err == nil && *got.ProductName != *line().ProductName {
				err = fmt.Errorf("shows %q after %q was acknowledged", *got.ProductName, *line().ProductName)
			}
			return err
		})
		status, err := m.Status(ctx)
		require.NoError(t, err)
		require.Zero(t, status.Dirty)
		require.Zero(t, m.Router().Stats().Mismatches)
		w.requireEqualStores(t)
	})
}

// named returns the categories that have a name.
func (m *market) named(t assert.TestingT, ctx context.Context, name string) []Category {
	var all []Category
	for c, err := range m.categories.Query(ctx, dal.By("name").Equal(name)) {
		if !assert.NoError(t, err) {
			break
		}
		all = append(all, c)
	}
	return all
}

// TestScenario23ChildrenShowTheParent: a category is renamed, and those below it show
// its new name, found by their parent, which is found by its id and by its new name alone,
// or by their own key or name; so do its products and the carts with them. One without a
// parent shows what the contract says.
func TestScenario23ChildrenShowTheParent(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		require.NoError(t, m.categories.Create(t.Context(), &Category{ID: 1, Name: text("name 0")}))
		for id := range int64(4) {
			require.NoError(t, m.categories.Create(t.Context(), &Category{ID: 10 + id, Name: text("child"), Parent: number(1)}))
		}
		require.NoError(t, m.products.Create(t.Context(), &Product{Shop: "s", Number: 1, Name: "p", Category: number(1)}))
		require.NoError(t, m.carts.Create(t.Context(), &CartLine{Cart: 1, Line: 1, Shop: text("s"), Number: number(1)}))
	}, func(t *testing.T, w *world, m *market) {
		ctx, last := t.Context(), 0
		rename := func() error {
			last++
			return m.categories.Update(ctx, m.categories.Key(1), func(c *Category) error { c.Name = text("name %d", last); return nil })
		}
		m.walk(t, func(phase store.Phase) {
			require.NoError(t, rename())
			want := text("name %d", last)
			var children []Category
			for id := range int64(4) {
				children = append(children, Category{ID: 10 + id, Name: text("child"), Parent: number(1), ParentName: want, Depth: 1, Path: text("%s > child", *want)})
			}
			// An index of DynamoDB may still be on its way.
			var parents []Category
			require.EventuallyWithT(t, func(t *assert.CollectT) {
				parents = m.named(t, ctx, *want)
				assert.Equal(t, []Category{{ID: 1, Name: want, ParentName: text("all"), Path: want}}, parents, "phase %d", phase)
				assert.Empty(t, m.named(t, ctx, fmt.Sprint("name ", last-1)), "phase %d", phase)
			}, 20*time.Second, 10*time.Millisecond)
			for how, query := range map[string]dal.Query{
				"by the parent's id":   dal.Index("ParentIndex").Equal(1),
				"by the parent's name": dal.Index("ParentIndex").Equal(parents[0].ID),
				"by their own name":    dal.By("name").Equal("child"),
			} {
				var got []Category
				for c, err := range m.categories.Query(ctx, query) {
					require.NoError(t, err)
					got = append(got, c)
				}
				require.Equal(t, children, got, "%s in phase %d", how, phase)
			}
			product, err := m.products.Get(ctx, m.products.Key("s", 1))
			require.NoError(t, err)
			require.Equal(t, want, product.CategoryName, "phase %d", phase)
			root, err := m.categories.Get(ctx, m.categories.Key(1))
			require.NoError(t, err)
			require.Equal(t, Category{ID: 1, Name: want, ParentName: text("all"), Path: want}, root, "phase %d", phase)
			line, err := m.carts.Get(ctx, m.carts.Key(1, 1))
			require.NoError(t, err)
			require.Equal(t, want, line.CategoryName, "phase %d", phase)
		}, rename)
		w.requireEqualStores(t)
	})
}
