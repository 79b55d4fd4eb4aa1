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
)

// The records of storetest.TotalContract, as far as the tests need them.
type (
	jar struct {
		ID   int64   `db:"jar_id"`
		Name *string `db:"name"`

		Worth  *string `db:"worth"`
		Mean   *string `db:"worth_mean"`
		Least  *string `db:"worth_least"`
		Grains *string `db:"grains"`
		Minted *string `db:"minted_first"`
	}
	plainJar struct { // shows nothing of its coins
		ID   int64   `db:"jar_id"`
		Name *string `db:"name"`
	}
	coin struct {
		ID      string     `db:"coin_id"`
		Tray    int64      `db:"tray"`
		Jar     *int64     `db:"jar_id"`
		Spare   *int64     `db:"spare_id"`
		Worth   *string    `db:"worth"`
		Fine    *string    `db:"fine"`
		Grains  *int64     `db:"grains"`
		Serial  *uint64    `db:"serial"`
		Chipped *bool      `db:"chipped"`
		Minted  *time.Time `db:"minted"`
		Seen    *time.Time `db:"seen"`
		Spun    *string    `db:"spun"`
	}
)

// A jarFixture is a fixture of TotalContract.
type jarFixture struct {
	*fixture
	jars  *dal.Repository[jar]
	plain *dal.Repository[plainJar]
	coins *dal.Repository[coin]
}

// inEveryJarPhase runs a test in each phase, on the jars 1 to 3; jar n has n coins that are
// worth n.25 each, named "n-0" and on, and jar 3 one more of which nothing is known.
func inEveryJarPhase(t *testing.T, test func(t *testing.T, f *jarFixture)) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) { test(t, newJarFixture(t, phase)) })
	}
}

func newJarFixture(t *testing.T, phase dal.Phase) *jarFixture {
	t.Helper()
	f := &jarFixture{fixture: newFixtureOf(t, storetest.TotalContract(t), phase, dal.RouterOptions{}, faultstore.New())}
	var err error
	f.jars, err = dal.NewRepository[jar](f.router, "Jars")
	require.NoError(t, err)
	f.plain, err = dal.NewRepository[plainJar](f.router, "Jars")
	require.NoError(t, err)
	f.coins, err = dal.NewRepository[coin](f.router, "Coins")
	require.NoError(t, err)
	for id := int64(1); id <= 3; id++ {
		require.NoError(t, f.jars.Create(t.Context(), &jar{ID: id, Worth: ptr("77")}))
		for n := range id {
			require.NoError(t, f.coins.Create(t.Context(), coinOf(fmt.Sprint(id, "-", n), id, fmt.Sprint(id, ".25"))))
		}
	}
	require.NoError(t, f.coins.Create(t.Context(), &coin{ID: "3-x", Jar: ptr(int64(3))}))
	return f
}

func coinOf(id string, jar int64, worth string) *coin {
	return &coin{ID: id, Tray: 1, Jar: &jar, Worth: &worth, Grains: ptr(jar), Minted: ptr(time.Date(2000+int(jar), 1, 2, 0, 0, 0, 0, time.UTC))}
}

// inJar is what a read shows of a jar with such coins.
func inJar(id int64, worth, mean, least, grains string) jar {
	return jar{ID: id, Worth: &worth, Mean: &mean, Least: &least, Grains: &grains, Minted: ptr(fmt.Sprint(2000+id, "-01-02"))}
}

// shows requires what each way to read the jars answers.
func (f *jarFixture) shows(t *testing.T, want ...jar) {
	t.Helper()
	ctx := t.Context()
	var keys []dal.Key
	many := map[dal.Key]jar{}
	for _, j := range want {
		key := f.jars.Key(j.ID)
		keys, many[key] = append(keys, key), j
		got, err := f.jars.Get(ctx, key)
		require.NoError(t, err)
		require.Equal(t, j, got)
		page, err := f.jars.Page(ctx, dal.TableKey().Equal(j.ID), "", 1)
		require.NoError(t, err)
		require.Equal(t, []jar{j}, page.Items)
	}
	found, err := f.jars.GetMany(ctx, append(keys, f.jars.Key(99)))
	require.NoError(t, err)
	require.Equal(t, many, found)
	require.NoError(t, f.router.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		got, err := f.jars.In(tx).GetMany(ctx, keys)
		require.Equal(t, many, got)
		return err
	}))
}

// TestTotals: every read shows what the coins of a jar are together, in every phase.
func TestTotals(t *testing.T) {
	inEveryJarPhase(t, func(t *testing.T, f *jarFixture) {
		ctx := t.Context()
		one := inJar(1, "1.25", "1.250000", "1.25", "1")
		f.shows(t, one, inJar(2, "4.50", "2.250000", "2.25", "4"), inJar(3, "9.75", "3.250000", "3.25", "9"))
		require.NoError(t, f.coins.Update(ctx, f.coins.Key("2-0"), func(c *coin) error { c.Jar, c.Tray = ptr(int64(3)), 9; return nil }))
		require.NoError(t, f.coins.Update(ctx, f.coins.Key("3-0"), func(c *coin) error { c.Worth, c.Grains = ptr("-0.01"), nil; return nil }))
		require.NoError(t, f.coins.Delete(ctx, f.coins.Key("3-1")))
		require.NoError(t, f.coins.Delete(ctx, f.coins.Key("1-0")))
		three := inJar(3, "5.49", "1.830000", "-0.01", "5")
		three.Minted = ptr("2002-01-02")
		f.shows(t, jar{ID: 1}, inJar(2, "2.25", "2.250000", "2.25", "2"), three)
		require.NoError(t, f.jars.Delete(ctx, f.jars.Key(3)), "with its coins")
		require.NoError(t, f.jars.Create(ctx, &jar{ID: 3}))
		f.shows(t, jar{ID: 3})
		if f.router.Snapshot().Phase.HasFollower() {
			f.drain(t)
			f.requireEqualStores(t)
		}
		f.router.Close() // and so waits for the comparisons
		require.Zero(t, f.router.Stats().Mismatches)
	})
}

// TestTotalsCost: an answer costs one read for each column that is totalled, however many
// attributes are made of it; a T without fields for them costs none.
func TestTotalsCost(t *testing.T) {
	inEveryJarPhase(t, func(t *testing.T, f *jarFixture) {
		ctx := t.Context()
		calls := func(do func() error) (methods []string) {
			before := f.faults.Count()
			require.NoError(t, do())
			lead, _ := f.leads(ctx)
			for _, c := range f.faults.Calls()[before:] {
				if c.Role == faultstore.Shared && c.Store == lead.Name() {
					methods = append(methods, c.Method)
				}
			}
			return methods
		}
		keys := []dal.Key{f.jars.Key(1), f.jars.Key(2), f.jars.Key(1)}
		require.Equal(t, []string{"GetMany", "Totals", "Totals", "Totals"}, calls(func() error { _, err := f.jars.GetMany(ctx, keys); return err }), "of worth, grains and minted")
		require.Equal(t, []string{"GetMany"}, calls(func() error { _, err := f.plain.GetMany(ctx, keys); return err }))
	})
}

// TestTotalsInUnits: a unit sees the totals as its own writes will leave them, each record
// once, whatever others make of it meanwhile.
func TestTotalsInUnits(t *testing.T) {
	inEveryJarPhase(t, func(t *testing.T, f *jarFixture) {
		ctx, runs := t.Context(), 0
		last := map[int64]*string{}
		require.NoError(t, f.router.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
			runs++
			jars, coins := f.jars.In(tx), f.coins.In(tx)
			shows := func(id int64, worth, mean string) {
				t.Helper()
				j, err := jars.Get(ctx, jars.Key(id))
				require.NoError(t, err)
				many, err := jars.GetMany(ctx, []dal.Key{jars.Key(id)})
				require.NoError(t, err)
				require.Equal(t, j, many[jars.Key(id)])
				if last[id] = j.Worth; worth == "" {
					require.Nil(t, j.Worth)
					require.Nil(t, j.Mean)
					return
				}
				require.Equal(t, worth, *j.Worth, "jar %d", id)
				require.Equal(t, mean, *j.Mean, "jar %d", id)
			}
			shows(2, "4.50", "2.250000")
			require.NoError(t, coins.Create(ctx, coinOf("new", 2, "1")))
			shows(2, "5.50", "1.833333")
			move := func(to *int64, worth string) func(*coin) error {
				return func(c *coin) error { c.Jar, c.Worth = to, &worth; return nil }
			}
			require.NoError(t, coins.Update(ctx, coins.Key("3-0"), move(ptr(int64(2)), "0.1")))
			shows(2, "5.60", "1.400000")
			shows(3, "6.50", "3.250000")
			require.NoError(t, coins.Update(ctx, coins.Key("3-1"), move(nil, "5")))
			shows(3, "3.25", "3.250000")
			require.NoError(t, coins.Delete(ctx, coins.Key("2-0")))
			shows(2, "3.35", "1.116667")
			// Not read by the unit: put upon what is there, and changed at the commit.
			require.NoError(t, coins.Put(ctx, coinOf("1-0", 2, "10")))
			shows(2, "13.35", "3.337500")
			shows(1, "", "")
			require.NoError(t, coins.UpdateAtCommit(ctx, coins.Key("3-2"), move(ptr(int64(2)), "-1")))
			shows(2, "12.35", "2.470000")
			shows(3, "", "")
			// Somebody else changes what the unit has put, and something beside it.
			require.NoError(t, f.coins.Update(ctx, f.coins.Key("1-0"), move(ptr(int64(3)), "100")))
			shows(2, "12.35", "2.470000")
			require.NoError(t, f.coins.Update(ctx, f.coins.Key("3-x"), move(ptr(int64(2)), "0.65")))
			shows(2, "13.00", "2.166667")
			require.NoError(t, jars.Create(ctx, &jar{ID: 9}))
			shows(9, "", "")
			return nil
		}))
		require.Equal(t, 1, runs, "nothing of it is in the unit's way")
		for id, worth := range last {
			j, err := f.jars.Get(ctx, f.jars.Key(id))
			require.NoError(t, err)
			require.Equal(t, worth, j.Worth, "jar %d", id)
		}
	})
}

// TestTotalsOfAReadThatFails: a total that can't be read fails the answer, and no answer
// without it.
func TestTotalsOfAReadThatFails(t *testing.T) {
	f := newJarFixture(t, dal.DualWrite)
	f.faults.FailWith(func(c faultstore.Call) bool { return c.Method == "Totals" }, &store.Error{Op: "totals", Store: "mysql", Kind: dal.ErrUnavailable})
	_, err := f.jars.Get(t.Context(), f.jars.Key(2))
	require.ErrorIs(t, err, dal.ErrUnavailable)
	_, err = f.plain.Get(t.Context(), f.plain.Key(2))
	require.NoError(t, err)
}

// TestTotalsAcrossAHandOff: a store that is given away between an answer and its totals
// gives neither.
func TestTotalsAcrossAHandOff(t *testing.T) {
	f := newJarFixture(t, dal.Validate)
	stall := f.faults.StallOn(func(c faultstore.Call) bool { return c.Store == "mysql" && c.Method == "Totals" })
	got := make(chan jar, 1)
	go func() {
		j, _ := f.jars.Get(context.Background(), f.jars.Key(2))
		got <- j
	}()
	select {
	case <-stall.Reached():
	case <-got:
		require.Fail(t, "answered without totals")
	}
	f.handOver(t)
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	key, err := f.contract.Entity("Coins").KeyOf("2-0")
	require.NoError(t, err)
	_, err = f.dynamo.Write(t.Context(), store.At{Epoch: now.Epoch, Captured: true, Lease: f.lease}, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: key}}})
	require.NoError(t, err)
	stall.Release()
	j := <-got
	require.Equal(t, ptr("2.25"), j.Worth, "of DynamoDB, which leads")
}
