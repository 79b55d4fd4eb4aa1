package storetest

import (
	"fmt"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func totalCases() []testCase {
	return ruled(ruleTotal,
		ofTotals("of each key", totalEach),
		ofTotals("of every type", totalTypes),
		ofTotals("to the last digit", totalExact),
		ofTotals("of what changes", totalChanges),
		ofTotals("but for some", totalExcept),
		ofTotals("of more than one call of an engine takes", totalVeryMany),
	)
}

// writtenTotalCases are an authority's.
func writtenTotalCases() []testCase {
	return append(bothWays(ruled(ruleTotal, ofTotals("of what a delete takes along", totalAlong))), ruled(ruleTotal,
		check{name: "in another epoch", run: totalEpoch, only: aFence | byLease, on: TotalContract},
		check{name: "without a lease", run: totalLease, only: byLease, on: TotalContract},
	)...)
}

// followedTotalCases are a follower's.
func followedTotalCases() []testCase {
	return ruled(ruleTotal, ofTotals("of what came in any order", totalFollowed))
}

func (e *env) jar(id int) transform.Record {
	e.Helper()
	return e.listed("jars", "jar_id", strconv.Itoa(id))
}

func (e *env) coin(id string, changes ...string) transform.Record {
	e.Helper()
	return e.listed("coins", append([]string{"coin_id", id, "tray", "1"}, changes...)...)
}

// totalsOf asks for what one column of the jars shows, "" where it is NULL.
func (e *env) totalsOf(column string, jars []transform.Record, except ...transform.Record) []string {
	e.Helper()
	for _, h := range e.entities["jars"].Hydrated() {
		if h.Column != e.entities["jars"].ColumnIndex(column) {
			continue
		}
		q := store.Totals{}
		q.By, q.Column = h.Totals()
		for _, rec := range jars {
			q.Keys = append(q.Keys, e.key(rec))
		}
		for _, rec := range except {
			q.Except = append(q.Except, e.key(rec))
		}
		all, err := e.reader().Totals(e.ctx, e.at, q)
		require.NoError(e, err)
		require.Len(e, all, len(jars))
		texts := []string{}
		for _, t := range all {
			v, err := h.Shown(t)
			require.NoError(e, err)
			texts = append(texts, v.Text())
		}
		return texts
	}
	require.Fail(e, "no such column", column)
	return nil
}

// showsOf requires what columns show of the coins of jar 1: names and texts.
func (e *env) showsOf(columns ...string) {
	e.Helper()
	for i := 0; i < len(columns); i += 2 {
		require.Equal(e, []string{columns[i+1]}, e.totalsOf(columns[i], []transform.Record{e.jar(1)}), columns[i])
	}
}

// totalEach: each reference by itself, what refers to nothing not at all, and of none
// nothing; keys may repeat.
func totalEach(e *env) {
	one, two, three := e.jar(1), e.jar(2), e.jar(3)
	require.Equal(e, []string{""}, e.totalsOf("worth", []transform.Record{one}))
	e.fill(one, two, three, e.coin("a", "jar_id", "1", "spare_id", "2", "worth", "1.10"), e.coin("b", "jar_id", "1", "spare_id", "1", "worth", "-3.35"),
		e.coin("c", "jar_id", "2", "worth", "7"), e.coin("d", "worth", "100"), e.coin("e", "jar_id", "3"))
	all := []transform.Record{two, three, e.jar(99), one, two}
	require.Equal(e, []string{"7.00", "", "", "-2.25", "7.00"}, e.totalsOf("worth", all), "in the order of the keys, which may repeat")
	require.Equal(e, []string{"1.10", "", "", "-3.35", "1.10"}, e.totalsOf("spare_worth", all))
	require.Equal(e, []string{"7.000000", "", "", "-1.125000", "7.000000"}, e.totalsOf("worth_mean", all))
	require.Equal(e, []string{"7.00", "", "", "-3.35", "7.00"}, e.totalsOf("worth_least", all))
	require.Equal(e, []string{"7.00", "", "", "1.10", "7.00"}, e.totalsOf("worth_most", all))
	require.Empty(e, e.totalsOf("worth", nil))
}

// totalTypes: NULL is no value of any type, and no zero.
func totalTypes(e *env) {
	e.fill(e.jar(1), e.coin("a", "jar_id", "1"),
		e.coin("b", "jar_id", "1", "worth", "0.30", "fine", "0.30000", "grains", "3", "serial", "4", "chipped", "1",
			"minted", "2001-12-31", "seen", "2024-03-10T09:30:00.001", "spun", "-100:00:00"),
		e.coin("c", "jar_id", "1", "worth", "10.10", "grains", "-5", "serial", "40", "chipped", "0",
			"minted", "1999-01-31", "seen", "2024-03-10T09:30:00.010", "spun", "99:00:00"),
		e.coin("d", "jar_id", "1", "worth", "9.90", "chipped", "1", "spun", "-09:00:00"))
	e.showsOf("worth", "20.30", "worth_mean", "6.766667", "worth_least", "0.30", "worth_most", "10.10", "spare_worth", "",
		"fine_mean", "0.300000000", "grains", "-2", "grains_mean", "-1.0000", "grains_least", "-5", "serials", "44", "serial_last", "40",
		"chipped", "2", "minted_first", "1999-01-31", "seen_last", "2024-03-10T09:30:00.010", "spun_least", "-100:00:00", "spun_most", "099:00:00")
}

// totalExact: no number passes through a floating point, sums may be beyond 64 bits, and a
// mean has the digits that the server gives it.
func totalExact(e *env) {
	const most, least, unsigned = "9223372036854775807", "-9223372036854775808", "18446744073709551615"
	e.fill(e.jar(1), e.coin("a", "jar_id", "1", "worth", "9999999999.99", "fine", "0.00001", "grains", most, "serial", unsigned),
		e.coin("b", "jar_id", "1", "worth", "9999999999.99", "fine", "0.00001", "grains", most, "serial", unsigned),
		e.coin("c", "jar_id", "1", "worth", "0.01", "fine", "0.00003", "grains", "9007199254740993", "serial", "9007199254740993"))
	e.showsOf("worth", "19999999999.99", "worth_mean", "6666666666.663333", "grains", "18455751272964292607", "grains_mean", "6151917090988097535.6667",
		"serials", "36902495346673844223", "serial_last", unsigned, "fine_mean", "0.000016666")
	e.fill(e.coin("a", "jar_id", "1", "worth", "-0.01", "grains", least), e.coin("b", "jar_id", "1", "worth", "0", "grains", least))
	e.showsOf("worth", "0.00", "worth_mean", "0.000000", "grains", "-18437736874454810623", "grains_mean", "-6145912291484936874.3333", "grains_least", least)
	e.fill(e.coin("b", "jar_id", "1", "worth", "-0.01", "grains", "-1"), e.coin("a", "jar_id", "1", "worth", "-0.02", "grains", "0"), e.coin("c", "jar_id", "1", "worth", "-0.02", "grains", "-1"))
	e.showsOf("worth_mean", "-0.016667", "grains_mean", "-0.6667")
}

// totalChanges: what refers elsewhere now, or to nothing, or is gone, is in it no more; a
// record is in it once, wherever its item is.
func totalChanges(e *env) {
	jars := []transform.Record{e.jar(1), e.jar(2)}
	e.fill(jars...)
	shows := func(first, second string) {
		e.Helper()
		require.Equal(e, []string{first, second}, e.totalsOf("worth", jars))
	}
	e.set(e.coin("a", "jar_id", "1", "worth", "1"))
	shows("1.00", "")
	e.set(e.coin("b", "jar_id", "1", "worth", "2"))
	shows("3.00", "")
	e.set(e.coin("a", "jar_id", "1", "worth", "4"))
	shows("6.00", "")
	e.set(e.coin("a", "jar_id", "1", "worth", "4", "tray", "7"))
	shows("6.00", "")
	e.set(e.coin("a", "jar_id", "2", "worth", "4", "tray", "8"))
	shows("2.00", "4.00")
	e.set(e.coin("b", "jar_id", "1"))
	shows("", "4.00")
	e.set(e.coin("b", "worth", "2"))
	shows("", "4.00")
	e.set(e.coin("b", "jar_id", "2", "worth", "2"))
	shows("", "6.00")
	e.unset(e.coin("a", "tray", "8"))
	shows("", "2.00")
}

// totalExcept: whoever knows what becomes of a record adds it himself.
func totalExcept(e *env) {
	jars := []transform.Record{e.jar(1), e.jar(2)}
	e.fill(append(jars, e.coin("a", "jar_id", "1", "worth", "1"), e.coin("b", "jar_id", "1", "worth", "2"), e.coin("c", "jar_id", "2", "worth", "4"), e.coin("d", "worth", "8"))...)
	require.Equal(e, []string{"3.00", "4.00"}, e.totalsOf("worth", jars))
	require.Equal(e, []string{"2.00", "4.00"}, e.totalsOf("worth", jars, e.coin("a")))
	require.Equal(e, []string{"1.00", ""}, e.totalsOf("worth", jars, e.coin("b"), e.coin("c"), e.coin("d"), e.coin("none")))
}

// totalVeryMany asks for more keys than there are, and of more records, in one call.
func totalVeryMany(e *env) {
	const last, coins = 520, 230
	e.fill(e.jar(0), e.jar(last), e.coin("x", "jar_id", "0", "worth", "5"))
	for n := range coins {
		e.set(e.coin(fmt.Sprint("coin ", n), "jar_id", strconv.Itoa(last), "worth", strconv.Itoa(n)))
	}
	want := make([]string, last+1)
	var jars []transform.Record
	for id := range want {
		jars = append(jars, e.jar(id))
	}
	want[0], want[last] = "5.00", fmt.Sprint(coins*(coins-1)/2, ".00")
	require.Equal(e, want, e.totalsOf("worth", jars))
}

// totalAlong: what a delete takes along, or sets to NULL, is in no total any more.
func totalAlong(e *env) {
	one, two := e.jar(1), e.jar(2)
	e.fill(one, two, e.coin("a", "jar_id", "1", "spare_id", "2", "worth", "1"), e.coin("b", "jar_id", "2", "spare_id", "1", "worth", "2"))
	require.Equal(e, []string{"1.00"}, e.totalsOf("spare_worth", []transform.Record{two}))
	e.write(e.remove(one))
	require.Equal(e, []string{"", ""}, e.totalsOf("spare_worth", []transform.Record{one, two}))
	require.Equal(e, []string{"", "2.00"}, e.totalsOf("worth", []transform.Record{one, two}))
	e.write(e.create(e.coin("c", "jar_id", "2", "worth", "4")), e.update(e.coin("b"), "worth", "8"))
	require.Equal(e, []string{"12.00"}, e.totalsOf("worth", []transform.Record{two}))
}

func (e *env) totalAt(at store.At) error {
	by := e.reference("coins", "jar_id")
	_, err := e.Authority.Totals(e.ctx, at, store.Totals{Count: store.Count{By: by, Keys: []transform.Key{e.key(e.jar(1))}}, Column: by.Of().ColumnIndex("worth")})
	return err
}

// totalEpoch: as with every read, what carries no epoch is right in each.
func totalEpoch(e *env) {
	e.start()
	e.capture()
	old := e.at
	require.NoError(e, e.totalAt(old))
	e.advance(true)
	require.ErrorIs(e, e.totalAt(old), store.ErrWrongPhase)
	require.NoError(e, e.totalAt(e.at))
	require.NoError(e, e.totalAt(relay))
	require.NoError(e, e.totalAt(store.At{}))
}

// totalLease: an answer counts if the lease held before it was asked for and does still.
func totalLease(e *env) {
	e.start()
	none := e.at
	none.Lease = nil
	require.ErrorIs(e, e.totalAt(none), store.ErrWrongPhase)
	refused := 0
	for n := 0; ; n++ {
		require.Less(e, n, maxLooks)
		err := e.totalAt(e.lasting(n))
		if err == nil {
			break
		}
		require.ErrorIs(e, err, store.ErrWrongPhase)
		refused++
	}
	require.GreaterOrEqual(e, refused, 2, "it is looked at before and after")
}

// totalFollowed: inserts and puts in any order, those that are old already, and of what is
// not there yet.
func totalFollowed(e *env) {
	jars := []transform.Record{e.jar(1), e.jar(2)}
	errs, err := e.Follower.Insert(e.ctx, []store.Row{e.live(e.coin("a", "jar_id", "1", "worth", "1"), 0), e.live(e.coin("b", "jar_id", "1", "worth", "2"), 0)})
	require.NoError(e, err)
	for _, err := range errs {
		require.NoError(e, err)
	}
	shows := func(first, second string) {
		e.Helper()
		require.Equal(e, []string{first, second}, e.totalsOf("worth", jars))
	}
	shows("3.00", "")
	e.put(e.live(e.coin("a", "jar_id", "2", "worth", "4", "tray", "2"), 7))
	shows("2.00", "4.00")
	took, err := e.Follower.Put(e.ctx, e.to, e.live(e.coin("a", "jar_id", "1", "worth", "1"), 5))
	require.NoError(e, err)
	require.False(e, took)
	shows("2.00", "4.00")
	e.put(e.dead(e.coin("b"), 5))
	shows("", "4.00")
	require.NoError(e, e.together(e.live(e.coin("b", "jar_id", "2", "worth", "8"), 6), e.live(e.coin("a", "jar_id", "1"), 8)))
	shows("", "8.00")
}
