package migrationctl_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// The records of storetest.CountContract. Fields of the second block count.
type (
	Shelf struct {
		ID    int64   `db:"shelf_id"`
		Name  *string `db:"name"`
		Above *int64  `db:"above_id"`

		Below  int64 `db:"shelves_below"`
		Goods  int64 `db:"goods"`
		Extras int64 `db:"extras"`
	}
	Good struct {
		Shop   string `db:"shop"`
		Number int64  `db:"number"`
		Shelf  *int64 `db:"shelf_id"`
		Extra  *int64 `db:"extra_id"`

		Reviews int64 `db:"reviews"`
	}
	Review struct {
		ID     string  `db:"review_id"`
		Grade  int64   `db:"grade"`
		Shop   *string `db:"shop"`
		Number *int64  `db:"number"`
	}
)

// A stockroom plays a random history, by a process and by hand, and compares. Nothing
// else writes, so what is acknowledged is all there is.
type stockroom struct {
	group   dal.Group
	shelves *dal.Repository[Shelf]
	goods   *dal.Repository[Good]
	reviews *dal.Repository[Review]

	random  *rand.Rand
	serial  int64
	shelf   map[int64]Shelf
	good    map[int64]Good // of shop "s", by number
	review  map[string]Review
	played  map[string]int // operations by name
	maximum int64          // number that was seen
}

func newStockroom(seed uint64) *stockroom {
	return &stockroom{random: rand.New(rand.NewPCG(seed, 32)), shelf: map[int64]Shelf{}, good: map[int64]Good{}, review: map[string]Review{}, played: map[string]int{}}
}

func (s *stockroom) use(t *testing.T, over dal.Group) {
	t.Helper()
	var err error
	s.group = over
	s.shelves, err = dal.NewRepository[Shelf](over, "Shelves")
	require.NoError(t, err)
	s.goods, err = dal.NewRepository[Good](over, "Goods")
	require.NoError(t, err)
	s.reviews, err = dal.NewRepository[Review](over, "Reviews")
	require.NoError(t, err)
}

// TestScenario32CountersEqualCount: after any history of creates, moves to other parents
// and to none, deletes and cascades, in each phase and across every step, what reads show
// is what COUNT(*) says, also of rows that were backfilled and never touched again.
func TestScenario32CountersEqualCount(t *testing.T) {
	playStockrooms(t, storetest.CountContract, func(*world, store.Phase) {})
}

// TestScenario32NumbersInItems: the same where items have the numbers. Reads show what they
// show without, and after a drain each item's number, which nobody asks the library for, is
// what COUNT(*) says, in every phase in which there are items.
func TestScenario32NumbersInItems(t *testing.T) {
	looked := map[store.Phase]int{}
	playStockrooms(t, numbered, func(w *world, phase store.Phase) {
		if phase == store.MySQLOnly {
			return
		}
		w.drain(t)
		w.requireCopies(t, fmt.Sprint("phase ", phase))
		looked[phase]++
	})
	require.Len(t, looked, 4)
}

// numbered is storetest.CountContract with the numbers in the items.
func numbered(t testing.TB) *transform.Contract { return rekept(t, "counts", "hydrate", "counter") }

// frozenShop is storetest.CopyContract with copies that do not follow.
func frozenShop(t testing.TB) *transform.Contract { return rekept(t, "copies", "edge", "copy") }

// rekept is a contract of storetest in which what is kept in one way is kept in another.
func rekept(t testing.TB, name, from, to string) *transform.Contract {
	t.Helper()
	keep := func(how string) string { return `"dynamodb": "` + how + `"` }
	return amended(t, name, keep(from), keep(to))
}

// amended is a contract of storetest that says one thing instead of another.
func amended(t testing.TB, name, from, to string) *transform.Contract {
	t.Helper()
	data, err := os.ReadFile("../dal/storetest/testdata/" + name + ".json")
	require.NoError(t, err)
	require.Contains(t, string(data), from)
	c, err := transform.Load([]byte(strings.ReplaceAll(string(data), from, to)))
	require.NoError(t, err)
	require.Empty(t, c.NotYet)
	return c
}

// playStockrooms plays histories across all phases and back; look is called in each of them.
func playStockrooms(t *testing.T, contract func(testing.TB) *transform.Contract, look func(*world, store.Phase)) {
	play := func(t *testing.T, w *world, seed uint64) {
		t.Logf("seed %d", seed)
		ctx, s := t.Context(), newStockroom(seed)
		bare := dal.Standalone(w.contract, w.mysql)
		s.use(t, bare)
		require.NoError(t, s.store(ctx))
		for range 60 {
			require.NoError(t, s.step(ctx))
		}
		bare.Close()
		ctl, err := migrationctl.Open(ctx, w.faulty(), w.faultyDynamo(), leading())
		require.NoError(t, err)
		t.Cleanup(func() { _ = ctl.Close(context.Background()) })
		s.use(t, ctl)
		p := &process{Controller: ctl}
		p.walk(t, func(phase store.Phase) {
			about := fmt.Sprint("phase ", phase)
			require.NoError(t, s.compareStored(ctx), about)
			require.NoError(t, s.compare(ctx), about) // of what was there before
			for range 40 {
				require.NoError(t, s.step(ctx), about)
				require.NoError(t, s.glance(ctx), about)
			}
			require.NoError(t, s.unit(ctx), about)
			require.NoError(t, s.compare(ctx), about)
			look(w, phase)
			if phase != store.DynamoDBOnly && w.db != nil {
				w.drain(t)
				require.NoError(t, s.compareRows(ctx, w.db), about)
			}
		}, func() error {
			if err := s.step(ctx); err != nil {
				return err
			}
			return s.glance(ctx)
		})
		require.Zero(t, p.Router().Stats().Mismatches)
		w.requireEqualStores(t)
		for _, op := range operations {
			require.NotZero(t, s.played[op.name], "%s was never played", op.name)
		}
		require.Greater(t, s.maximum, int64(2), "the history was dull")
	}
	t.Run("memory", func(t *testing.T) {
		for seed := range uint64(3) {
			play(t, newMemoryWorldOf(t, contract(t), faultstore.New()), seed)
		}
	})
	t.Run("engines", func(t *testing.T) {
		for i, e := range enginetest.DynamoDBEngines(t) {
			t.Run(e.Kind(), func(t *testing.T) {
				play(t, newEngineWorldOf(t, e, contract(t), faultstore.New()), 10+uint64(i))
			})
		}
	})
}

// What is stored away before the library comes, and touched by nothing but the backfill:
// two shelves, the goods 1 to 3 of shop "old" on the first, which is above the second, and
// two reviews of the first good.
const oldShelf, olderShelf = 1_000_001, 1_000_002

func (s *stockroom) store(ctx context.Context) error {
	for _, shelf := range []Shelf{{ID: oldShelf}, {ID: olderShelf, Above: number(oldShelf)}} {
		if err := s.shelves.Create(ctx, &shelf); err != nil {
			return err
		}
	}
	for n := int64(1); n <= 3; n++ {
		if err := s.goods.Create(ctx, &Good{Shop: "old", Number: n, Shelf: number(oldShelf), Extra: number(olderShelf)}); err != nil {
			return err
		}
	}
	for n := range int64(2) {
		if err := s.reviews.Create(ctx, &Review{ID: fmt.Sprint("old ", n), Grade: n, Shop: text("old"), Number: number(1)}); err != nil {
			return err
		}
	}
	return nil
}

// compareStored compares what was stored away.
func (s *stockroom) compareStored(ctx context.Context) error {
	for _, want := range []Shelf{{ID: oldShelf, Below: 1, Goods: 3}, {ID: olderShelf, Above: number(oldShelf), Extras: 3}} {
		got, err := s.shelves.Get(ctx, s.shelves.Key(want.ID))
		if err == nil {
			err = differ("Get", want, got)
		}
		if err != nil {
			return err
		}
	}
	page, err := s.goods.Page(ctx, dal.TableKey().Equal("old"), "", 2)
	if err != nil {
		return err
	}
	for i, got := range page.Items {
		want := Good{Shop: "old", Number: int64(i) + 1, Shelf: number(oldShelf), Extra: number(olderShelf), Reviews: int64(2 * (1 - i))}
		if err := differ("a page", want, got); err != nil {
			return err
		}
	}
	return nil
}

// wantShelf and wantGood are what a read has to show, counted by hand.

func (s *stockroom) wantShelf(id int64) Shelf {
	want, is := s.shelf[id], func(p *int64) bool { return p != nil && *p == id }
	for _, v := range s.shelf {
		if is(v.Above) {
			want.Below++
		}
	}
	for _, g := range s.good {
		if is(g.Shelf) {
			want.Goods++
		}
		if is(g.Extra) {
			want.Extras++
		}
	}
	s.maximum = max(s.maximum, want.Goods, want.Extras)
	return want
}

func (s *stockroom) wantGood(number int64) Good {
	want := s.good[number]
	for _, r := range s.review {
		if r.Number != nil && *r.Number == number {
			want.Reviews++
		}
	}
	return want
}

func differ(what string, want, got any) error {
	if shown(want) == shown(got) {
		return nil
	}
	return fmt.Errorf("%s shows %s and not %s", what, shown(got), shown(want))
}

// shown is a record as text, whatever its pointers are.
func shown(v any) string {
	of := func(p *int64) string {
		if p == nil {
			return "none"
		}
		return fmt.Sprint(*p)
	}
	switch v := v.(type) {
	case Shelf:
		return fmt.Sprintf("shelf %d below %s: %d shelves, %d goods, %d extras", v.ID, of(v.Above), v.Below, v.Goods, v.Extras)
	case Good:
		return fmt.Sprintf("good %s/%d on %s and %s: %d reviews", v.Shop, v.Number, of(v.Shelf), of(v.Extra), v.Reviews)
	}
	return fmt.Sprint(v)
}

// glance compares one shelf and one good, if there are any.
func (s *stockroom) glance(ctx context.Context) error {
	if id, any := oneOf(s, s.shelf); any {
		got, err := s.shelves.Get(ctx, s.shelves.Key(id))
		if err == nil {
			err = differ("Get", s.wantShelf(id), got)
		}
		if err != nil {
			return err
		}
	}
	number, any := oneOf(s, s.good)
	if !any {
		return nil
	}
	got, err := s.goods.Get(ctx, s.goods.Key("s", number))
	if err == nil {
		err = differ("Get", s.wantGood(number), got)
	}
	return err
}

// compare compares all that there is, by every way to read it.
func (s *stockroom) compare(ctx context.Context) error {
	var keys []dal.Key
	for id := range s.shelf {
		keys = append(keys, s.shelves.Key(id))
	}
	many, err := s.shelves.GetMany(ctx, keys)
	if err != nil {
		return err
	}
	for id := range s.shelf {
		if err := differ("GetMany", s.wantShelf(id), many[s.shelves.Key(id)]); err != nil {
			return err
		}
		for got, err := range s.shelves.Query(ctx, dal.TableKey().Equal(id)) {
			if err == nil {
				err = differ("a query", s.wantShelf(id), got)
			}
			if err != nil {
				return err
			}
		}
		for below, err := range s.shelves.Query(ctx, dal.Index("AboveIndex").Equal(id)) {
			if err == nil {
				err = differ("the index", s.wantShelf(below.ID), below)
			}
			if err != nil {
				return err
			}
		}
	}
	return s.comparePages(ctx)
}

// comparePages compares the list of all goods, two on a page.
func (s *stockroom) comparePages(ctx context.Context) error {
	var numbers []int64
	for number := range s.good {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	page, at := dal.Page[Good]{}, 0
	for pages := 0; pages == 0 || page.Next != ""; pages++ {
		var err error
		if page, err = s.goods.Page(ctx, dal.TableKey().Equal("s"), page.Next, 2); err != nil {
			return err
		}
		for _, got := range page.Items {
			if at >= len(numbers) {
				return fmt.Errorf("a page has one good more: %s", shown(got))
			}
			if err := differ("a page", s.wantGood(numbers[at]), got); err != nil {
				return err
			}
			at++
		}
	}
	if at < len(numbers) {
		return fmt.Errorf("the pages have %d goods of %d", at, len(numbers))
	}
	return nil
}

// unit changes and counts in one unit of work, which sees what it has staged.
func (s *stockroom) unit(ctx context.Context) error {
	id, any := oneOf(s, s.shelf)
	number, some := oneOf(s, s.good)
	if !any || !some {
		return nil
	}
	before, made := s.good[number], Review{ID: fmt.Sprint("unit ", s.serial), Shop: text("s"), Number: &number}
	s.serial++
	moved := Good{Shop: "s", Number: number, Shelf: &id}
	return s.group.Router().Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		s.good[number] = before
		delete(s.review, made.ID)
		look := func(when string) error {
			shelf, err := s.shelves.In(tx).Get(ctx, s.shelves.Key(id))
			if err == nil {
				err = differ(when, s.wantShelf(id), shelf)
			}
			if err != nil {
				return err
			}
			good, err := s.goods.In(tx).Get(ctx, s.goods.Key("s", number))
			if err != nil {
				return err
			}
			return differ(when, s.wantGood(number), good)
		}
		if err := look("a unit that has staged nothing"); err != nil {
			return err
		}
		if err := s.goods.In(tx).Put(ctx, &Good{Shop: "s", Number: number, Shelf: &id}); err != nil {
			return err
		}
		if err := s.reviews.In(tx).Create(ctx, &made); err != nil {
			return err
		}
		s.good[number], s.review[made.ID] = moved, made
		return look("a unit")
	})
}

// compareRows compares what was counted by hand with COUNT(*).
func (s *stockroom) compareRows(ctx context.Context, db *sqlx.DB) error {
	for id := range s.shelf {
		got := s.shelf[id]
		err := db.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM shelves WHERE above_id = ?), (SELECT COUNT(*) FROM goods WHERE shelf_id = ?),
			(SELECT COUNT(*) FROM goods WHERE extra_id = ?)`, id, id, id).Scan(&got.Below, &got.Goods, &got.Extras)
		if err == nil {
			err = differ("COUNT(*)", s.wantShelf(id), got)
		}
		if err != nil {
			return err
		}
	}
	for number := range s.good {
		got := s.good[number]
		err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM reviews WHERE shop = 's' AND number = ?", number).Scan(&got.Reviews)
		if err == nil {
			err = differ("COUNT(*)", s.wantGood(number), got)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
