package dal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
)

// The records of storetest.CountContract.
type (
	shelf struct {
		ID    int64   `db:"shelf_id"`
		Name  *string `db:"name"`
		Above *int64  `db:"above_id"`

		Below  int    `db:"shelves_below"`
		Goods  int64  `db:"goods"`
		Extras *int32 `db:"extras"`
	}
	plainShelf struct { // shows no number
		ID    int64   `db:"shelf_id"`
		Name  *string `db:"name"`
		Above *int64  `db:"above_id"`
	}
	good struct {
		Shop   string `db:"shop"`
		Number int64  `db:"number"`
		Shelf  *int64 `db:"shelf_id"`
		Extra  *int64 `db:"extra_id"`

		Reviews uint16 `db:"reviews"`
	}
)

// A shelfFixture is a fixture of CountContract.
type shelfFixture struct {
	*fixture
	shelves *dal.Repository[shelf]
	plain   *dal.Repository[plainShelf]
	goods   *dal.Repository[good]
}

// inEveryShelfPhase runs a test in each phase, on shelf 1 with the shelves 2 to 5 above
// which it is; shelf n has the goods n*10 to n*10+n-1 of shop "s", all of them extras of
// shelf 1.
func inEveryShelfPhase(t *testing.T, test func(t *testing.T, f *shelfFixture)) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) { test(t, newShelfFixture(t, phase, dal.RouterOptions{})) })
	}
}

func newShelfFixture(t *testing.T, phase dal.Phase, opts dal.RouterOptions) *shelfFixture {
	t.Helper()
	f := &shelfFixture{fixture: newFixtureOf(t, storetest.CountContract(t), phase, opts, faultstore.New())}
	var err error
	f.shelves, err = dal.NewRepository[shelf](f.router, "Shelves")
	require.NoError(t, err)
	f.plain, err = dal.NewRepository[plainShelf](f.router, "Shelves")
	require.NoError(t, err)
	f.goods, err = dal.NewRepository[good](f.router, "Goods")
	require.NoError(t, err)
	for id := int64(1); id <= 5; id++ {
		s := shelf{ID: id, Above: ptr(int64(1)), Goods: 77}
		if id == 1 {
			s.Above = nil
		}
		require.NoError(t, f.shelves.Create(t.Context(), &s))
		for n := range id {
			f.create(t, id*10+n, id)
		}
	}
	return f
}

func (f *shelfFixture) create(t *testing.T, number, shelf int64) {
	t.Helper()
	require.NoError(t, f.goods.Create(t.Context(), &good{Shop: "s", Number: number, Shelf: &shelf, Extra: ptr(int64(1))}))
}

// onShelf is what a read shows of a shelf that has this many goods.
func onShelf(id, goods int64) shelf {
	s := shelf{ID: id, Above: ptr(int64(1)), Goods: goods, Extras: ptr(int32(0))}
	if id == 1 {
		s.Above, s.Below, s.Extras = nil, 4, ptr(int32(15))
	}
	return s
}

// shows requires what each way to read the shelves below shelf 1 answers.
func (f *shelfFixture) shows(t *testing.T, want ...shelf) {
	t.Helper()
	ctx := t.Context()
	var keys []dal.Key
	many := map[dal.Key]shelf{}
	for _, s := range want {
		key := f.shelves.Key(s.ID)
		keys, many[key] = append(keys, key), s
		got, err := f.shelves.Get(ctx, key)
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	found, err := f.shelves.GetMany(ctx, append(keys, f.shelves.Key(99)))
	require.NoError(t, err)
	require.Equal(t, many, found)
	var listed []shelf
	for s, err := range f.shelves.Query(ctx, dal.Index("AboveIndex").Equal(1)) {
		require.NoError(t, err)
		listed = append(listed, s)
	}
	require.Equal(t, want, listed)
	listed = nil
	page := dal.Page[shelf]{}
	for pages := 0; pages == 0 || page.Next != ""; pages++ {
		page, err = f.shelves.Page(ctx, dal.Index("AboveIndex").Equal(1).Where("shelf_id", dal.NotNull()), page.Next, 3)
		require.NoError(t, err)
		listed = append(listed, page.Items...)
	}
	require.Equal(t, want, listed)
	require.NoError(t, f.router.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		got, err := f.shelves.In(tx).GetMany(ctx, keys)
		require.Equal(t, many, got)
		return err
	}))
}

// TestCounts: every read shows how many records refer to what it answers, in every phase.
func TestCounts(t *testing.T) {
	inEveryShelfPhase(t, func(t *testing.T, f *shelfFixture) {
		ctx := t.Context()
		all := []shelf{onShelf(2, 2), onShelf(3, 3), onShelf(4, 4), onShelf(5, 5)}
		f.shows(t, all...)
		one, err := f.shelves.Get(ctx, f.shelves.Key(1))
		require.NoError(t, err)
		require.Equal(t, onShelf(1, 1), one)
		require.NoError(t, f.goods.Update(ctx, f.goods.Key("s", 20), func(g *good) error { g.Shelf, g.Extra = ptr(int64(5)), ptr(int64(4)); return nil }))
		require.NoError(t, f.goods.Update(ctx, f.goods.Key("s", 30), func(g *good) error { g.Shelf = nil; return nil }))
		require.NoError(t, f.goods.Delete(ctx, f.goods.Key("s", 31)))
		f.create(t, 99, 4)
		all[0].Goods, all[1].Goods, all[2].Goods, all[2].Extras, all[3].Goods = 1, 1, 5, ptr(int32(1)), 6
		f.shows(t, all...)
		require.NoError(t, f.shelves.Delete(ctx, f.shelves.Key(4)), "with its goods; 20 is on shelf 5")
		f.shows(t, all[0], all[1], all[3])
		one, err = f.shelves.Get(ctx, f.shelves.Key(1))
		require.NoError(t, err)
		require.Equal(t, shelf{ID: 1, Below: 3, Goods: 1, Extras: ptr(int32(15 - 1 - 1 - 4))}, one)
		g, err := f.goods.Get(ctx, f.goods.Key("s", 20))
		require.NoError(t, err)
		require.Nil(t, g.Extra)
		if f.router.Snapshot().Phase.HasFollower() {
			f.drain(t)
			f.requireEqualStores(t)
		}
	})
}

// TestCountsCost: an answer costs one count for each number it shows, for the records
// that it shows; a T without fields for them costs none.
func TestCountsCost(t *testing.T) {
	inEveryShelfPhase(t, func(t *testing.T, f *shelfFixture) {
		ctx := t.Context()
		calls := func(do func() error) (methods []string, keys int) {
			before := f.faults.Count()
			require.NoError(t, do())
			lead, _ := f.leads(ctx)
			for _, c := range f.faults.Calls()[before:] {
				if c.Role == faultstore.Shared && c.Store == lead.Name() {
					methods = append(methods, c.Method)
					if c.Method == "Count" {
						keys += len(c.Keys)
					}
				}
			}
			return methods, keys
		}
		q := dal.Index("AboveIndex").Equal(1)
		methods, keys := calls(func() error { _, err := f.shelves.Page(ctx, q, "", 3); return err })
		require.Equal(t, []string{"Query", "Count", "Count", "Count"}, methods)
		require.Equal(t, 9, keys)
		methods, _ = calls(func() error { _, err := f.plain.Page(ctx, q, "", 3); return err })
		require.Equal(t, []string{"Query"}, methods)
		methods, _ = calls(func() error { _, err := f.shelves.Page(ctx, dal.Index("AboveIndex").Equal(8), "", 3); return err })
		require.Equal(t, []string{"Query"}, methods, "nothing to show")
		key := f.shelves.Key(2)
		methods, keys = calls(func() error { _, err := f.shelves.GetMany(ctx, []dal.Key{key, key, key}); return err })
		require.Equal(t, []string{"GetMany", "Count", "Count", "Count"}, methods)
		require.Equal(t, 3, keys)
	})
}

// TestCountsAreNotWritten: what is in the fields is no part of a write, a change finds
// them empty, and no query asks for them.
func TestCountsAreNotWritten(t *testing.T) {
	inEveryShelfPhase(t, func(t *testing.T, f *shelfFixture) {
		ctx := t.Context()
		require.NoError(t, f.shelves.Put(ctx, &shelf{ID: 2, Above: ptr(int64(1)), Goods: 50, Below: 50, Extras: ptr(int32(50))}))
		require.NoError(t, f.shelves.Update(ctx, f.shelves.Key(3), func(s *shelf) error {
			require.Equal(t, shelf{ID: 3, Above: ptr(int64(1))}, *s)
			s.Goods, s.Name = 50, ptr("x")
			return nil
		}))
		three := onShelf(3, 3)
		three.Name = ptr("x")
		f.shows(t, onShelf(2, 2), three, onShelf(4, 4), onShelf(5, 5))
		_, err := f.shelves.Page(ctx, dal.TableKey().Equal(1).Where("goods", dal.AtLeast(1)), "", 1)
		require.ErrorIs(t, err, dal.ErrInvalid)
		require.ErrorContains(t, err, "is hydrated: it is read with the records")
		f.router.Close() // and so waits for the comparisons
		require.Zero(t, f.router.Stats().Mismatches)
	})
}

// TestCountsInUnits: a unit sees the number as its own writes will leave it, each record
// counted once, whatever others make of it meanwhile.
func TestCountsInUnits(t *testing.T) {
	inEveryShelfPhase(t, func(t *testing.T, f *shelfFixture) {
		ctx, runs := t.Context(), 0
		on := func(shelf *int64) func(*good) error { return func(g *good) error { g.Shelf = shelf; return nil } }
		require.NoError(t, f.router.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
			runs++
			shelves, goods := f.shelves.In(tx), f.goods.In(tx)
			shows := func(id, want int64) {
				t.Helper()
				s, err := shelves.Get(ctx, shelves.Key(id))
				require.NoError(t, err)
				require.Equal(t, want, s.Goods, "shelf %d", id)
				many, err := shelves.GetMany(ctx, []dal.Key{shelves.Key(id)})
				require.NoError(t, err)
				require.Equal(t, want, many[shelves.Key(id)].Goods, "shelf %d", id)
			}
			shows(2, 2)
			require.NoError(t, goods.Create(ctx, &good{Shop: "t", Number: 1, Shelf: ptr(int64(2))}))
			shows(2, 3)
			require.NoError(t, goods.Update(ctx, goods.Key("s", 30), on(ptr(int64(2)))))
			shows(2, 4)
			shows(3, 2)
			require.NoError(t, goods.Update(ctx, goods.Key("s", 31), on(nil)))
			shows(3, 1)
			require.NoError(t, goods.Delete(ctx, goods.Key("s", 20)))
			shows(2, 3)
			// Not read by the unit: put upon what is there, and changed at the commit.
			require.NoError(t, goods.Put(ctx, &good{Shop: "s", Number: 40, Shelf: ptr(int64(2))}))
			shows(2, 4)
			shows(4, 3)
			require.NoError(t, goods.UpdateAtCommit(ctx, goods.Key("s", 41), on(ptr(int64(2)))))
			shows(2, 5)
			shows(4, 2)
			// Somebody else moves what the unit has put, and something beside it.
			require.NoError(t, f.goods.Update(ctx, f.goods.Key("s", 40), on(ptr(int64(5)))))
			shows(2, 5)
			shows(5, 5)
			require.NoError(t, f.goods.Update(ctx, f.goods.Key("s", 50), on(ptr(int64(2)))))
			shows(2, 6)
			// Made and taken away again.
			require.NoError(t, goods.Create(ctx, &good{Shop: "t", Number: 2, Shelf: ptr(int64(2))}))
			shows(2, 7)
			require.NoError(t, goods.Delete(ctx, goods.Key("t", 2)))
			shows(2, 6)
			require.NoError(t, shelves.Create(ctx, &shelf{ID: 9, Above: ptr(int64(2))}))
			shows(9, 0)
			s, err := shelves.Get(ctx, shelves.Key(2))
			require.Equal(t, 1, s.Below)
			return err
		}))
		require.Equal(t, 1, runs, "nothing of it is in the unit's way")
		for id, want := range map[int64]int64{2: 6, 3: 1, 4: 2, 5: 4, 9: 0} {
			s, err := f.shelves.Get(ctx, f.shelves.Key(id))
			require.NoError(t, err)
			require.Equal(t, want, s.Goods, "shelf %d", id)
		}
	})
}

// TestCountsOfAUnitThatFails: what can't be read to be counted fails the read, and what a
// staged change says of a record is the caller's own error.
func TestCountsOfAUnitThatFails(t *testing.T) {
	f := newShelfFixture(t, dal.DualWrite, dal.RouterOptions{})
	errOwn := errors.New("not this one")
	err := f.router.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
		require.NoError(t, f.goods.In(tx).UpdateAtCommit(ctx, f.goods.Key("s", 20), func(*good) error { return errOwn }))
		_, err := f.shelves.In(tx).Get(ctx, f.shelves.Key(2))
		return err
	})
	require.Equal(t, errOwn, err)
	f.faults.FailWith(func(c faultstore.Call) bool { return c.Method == "Count" }, &store.Error{Op: "count", Store: "mysql", Kind: dal.ErrUnavailable})
	_, err = f.shelves.Get(t.Context(), f.shelves.Key(2))
	require.ErrorIs(t, err, dal.ErrUnavailable)
	s, err := f.plain.Get(t.Context(), f.plain.Key(2))
	require.NoError(t, err)
	require.EqualValues(t, 2, s.ID)
}

// TestCountsAcrossAHandOff: a store that is given away between an answer and its number
// gives neither.
func TestCountsAcrossAHandOff(t *testing.T) {
	f := newShelfFixture(t, dal.Validate, dal.RouterOptions{})
	stall := f.faults.StallOn(func(c faultstore.Call) bool { return c.Store == "mysql" && c.Method == "Count" })
	got := make(chan shelf, 1)
	go func() {
		s, _ := f.shelves.Get(context.Background(), f.shelves.Key(3))
		got <- s
	}()
	select {
	case <-stall.Reached():
	case <-got:
		require.Fail(t, "answered without a count")
	}
	f.handOver(t)
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	key, err := f.contract.Entity("Goods").KeyOf("s", 30)
	require.NoError(t, err)
	_, err = f.dynamo.Write(t.Context(), store.At{Epoch: now.Epoch, Captured: true, Lease: f.lease}, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: key}}})
	require.NoError(t, err)
	stall.Release()
	s := <-got
	require.EqualValues(t, 2, s.Goods, "of DynamoDB, which leads")
}

// TestCountsStale: where MySQL may answer for DynamoDB it counts too, also if DynamoDB
// fails in between.
func TestCountsStale(t *testing.T) {
	f := newShelfFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{StaleAfter: time.Minute})
	require.NoError(t, f.goods.Delete(t.Context(), f.goods.Key("s", 30), dal.Follow(dal.Async)))
	f.faults.FailWith(func(c faultstore.Call) bool { return c.Store == "dynamodb" && c.Method == "Count" },
		&store.Error{Op: "x", Store: "dynamodb", Kind: dal.ErrUnavailable})
	_, err := f.shelves.Get(t.Context(), f.shelves.Key(3))
	require.ErrorIs(t, err, dal.ErrUnavailable)
	stale := false
	s, err := f.shelves.Get(t.Context(), f.shelves.Key(3), dal.AllowStale(&stale))
	require.NoError(t, err)
	require.True(t, stale)
	require.Equal(t, onShelf(3, 3), s)
}

// TestCountsOfLongPages: each record of a page that takes several reads shows its number.
func TestCountsOfLongPages(t *testing.T) {
	f := newShelfFixture(t, dal.DynamoDBOnly, dal.RouterOptions{})
	var want []string
	for id := int64(100); id < 250; id++ {
		s := plainShelf{ID: id, Above: ptr(int64(2))}
		if id%49 == 0 { // the last of which is in the second read
			s.Name, want = ptr("x"), append(want, fmt.Sprint(id, " ", id%3))
		}
		require.NoError(t, f.plain.Create(t.Context(), &s))
		for n := range id % 3 {
			require.NoError(t, f.goods.Create(t.Context(), &good{Shop: "t", Number: id*10 + n, Shelf: &id}))
		}
	}
	page, err := f.shelves.Page(t.Context(), dal.Index("AboveIndex").Equal(2).Where("name", dal.NotNull()), "", 10)
	require.NoError(t, err)
	var got []string
	for _, s := range page.Items {
		got = append(got, fmt.Sprint(s.ID, " ", s.Goods))
	}
	require.Equal(t, want, got)
}
