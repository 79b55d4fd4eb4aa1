package storetest

import (
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func renewCases() []testCase {
	return ruled(ruleRenew, slices.Concat(
		copying("of everything that refers", 0, renewEach),
		copying("whatever is at the key", 0, renewAnything),
		copying("many", 0, renewMany),
		copying("beside an update that has read before", byLease, renewBesideUpdate),
		copying("by several at once", 0, renewAtOnce),
		[]check{
			{name: "whether dirty or not", run: renewDirty, only: aFence, on: CopyContract},
			{name: "closed and given away", run: renewClosed, on: CopyContract},
		})...)
}

// renewEach: every column that is shown, of a table itself too.
func renewEach(e *env) {
	section, ware, basket := e.shop()
	above, second := e.section(2, "above_id", "1"), e.ware(2, "section_id", "1")
	e.write(e.create(above), e.create(second), e.create(e.of(2, 1)), e.create(e.of(3, 1)))
	e.settle()
	e.shows(above, "above_name", "desk")
	e.followed(func() { e.write(e.update(section, "name", "table")) }, above, ware, second)
	e.followed(func() { e.write(e.update(section, "name", null)) }, above, ware, second)
	for _, to := range [][]string{{"name", "ink"}, {"price", "2.50"}, {"sold_out", "1"}, {"price", null, "sold_out", "0"}} {
		e.followed(func() { e.write(e.update(ware, to...)) }, basket, e.of(2, 1), e.of(3, 1))
	}
	e.followed(func() { e.write(e.replace(e.ware(1, "name", "chalk", "price", "10.00"))) }, basket, e.of(2, 1), e.of(3, 1))
	e.shows(basket, "ware_name", "chalk", "ware_price", "10.00", "sold_out", "0")
	e.requireLive(basket)
}

// renewAnything: what refers to nothing shows what the contract says of that, what is not
// there stays so, and no data changes.
func renewAnything(e *env) {
	_, ware, basket := e.shop()
	none, gone, never := e.basket(7), e.of(8, 1), e.of(9, 1)
	e.write(e.create(none), e.create(gone))
	e.write(e.remove(gone))
	e.settle()
	require.NoError(e, e.Authority.Renew(e.ctx, nil))
	require.NoError(e, e.Authority.Renew(e.ctx, []transform.Key{e.key(none), e.key(gone), e.key(never), e.key(ware), e.key(basket), e.key(e.section(1))}))
	for _, rec := range these(none, basket, ware) {
		e.requireLive(rec)
	}
	e.shows(none)
	e.shows(e.section(1), "above_name", "none")
	for _, rec := range these(gone, never) {
		e.requireGone(rec)
		require.Nil(e, e.copiesOf(rec)[0])
	}
	e.dependents("basket_lines", "shop,number", ware, basket)
	require.Empty(e, e.fanOuts(100), "a renewal leaves no marks")
	e.write(e.create(gone))
	e.requireLive(gone)
}

// renewDirty: a refresh may be on its way with what it read before, whether or not the key
// is clean; a new version makes it come too late.
func renewDirty(e *env) {
	e.start()
	e.capture()
	_, ware, basket := e.shop()
	e.write(e.create(e.of(2, 1)))
	e.cleanAll()
	e.write(e.update(basket, "quantity", "2"))
	versions := map[transform.Key]store.Version{}
	for _, rec := range these(basket, e.of(2, 1), ware) {
		versions[e.key(rec)] = e.row(e.key(rec)).Version
	}
	for range 2 {
		require.NoError(e, e.Authority.Renew(e.ctx, []transform.Key{e.key(basket), e.key(e.of(2, 1)), e.key(ware)}))
		e.requireRenewed(versions, basket, e.of(2, 1), ware)
		for key := range versions {
			versions[key] = e.row(key).Version
		}
	}
}

// renewMany: more than one call of an engine takes.
func renewMany(e *env) {
	_, ware, _ := e.shop()
	var all []transform.Record
	var keys []transform.Key
	for line := range 130 {
		all = append(all, e.of(10+line, 1))
		keys = append(keys, e.key(all[line]))
	}
	for some := range slices.Chunk(all, 25) {
		var m []store.Mutation
		for _, rec := range some {
			m = append(m, e.create(rec))
		}
		e.write(m...)
	}
	e.settle()
	e.write(e.update(ware, "name", "ink"))
	e.cleanAll()
	versions := map[transform.Key]store.Version{}
	for _, key := range keys {
		versions[key] = e.row(key).Version
	}
	require.NoError(e, e.Authority.Renew(e.ctx, keys))
	e.requireRenewed(versions, all...)
}

// renewBesideUpdate: an update writes the item that it read, or not; the copies in it are
// those that are there when it commits.
func renewBesideUpdate(e *env) {
	_, ware, basket := e.shop()
	tries := 0
	e.write(e.modify(basket, func(now transform.Record) error {
		if tries++; tries == 1 {
			e.write(e.update(ware, "name", "ink"))
			e.settle()
			e.shows(basket, "ware_name", "ink", "sold_out", "0")
		}
		return now.Set("quantity", transform.IntValue(9))
	}))
	require.Empty(e, e.fanOuts(100), "nobody is going to renew it once more")
	e.requireLive(e.with(basket, "quantity", "9"))
	e.shows(basket, "ware_name", "ink", "sold_out", "0")
}

// renewAtOnce: relays carry out the same marks while their source changes, and one that has
// read an old value does not put it over a newer one.
func renewAtOnce(e *env) {
	_, ware, basket := e.shop()
	baskets := these(basket)
	for line := 2; line < 5; line++ {
		e.write(e.create(e.of(line, 1)))
		baskets = append(baskets, e.of(line, 1))
	}
	e.settle()
	handles := []Subject{e.Subject, e.other()}
	var done atomic.Bool
	for _, err := range together(3, func(i int) error {
		if i == 2 {
			defer done.Store(true)
			for n := range 20 {
				if err := persist(func() error { _, err := e.try(e.update(ware, "name", strconv.Itoa(n))); return err }); err != nil {
					return err
				}
			}
			return nil
		}
		return e.carryOutUntil(handles[i].Authority, &done)
	}) {
		require.NoError(e, err)
	}
	// What is not marked any more is right already.
	if marked := e.marks().sources[e.key(ware)]; !marked && e.Authority.KeepsCopies() {
		e.requireRenewed(nil, baskets...)
	}
	e.followed(func() { e.write(e.update(ware, "price", "1.25")) }, baskets...)
}

// carryOutUntil carries out marks until others are done.
func (e *env) carryOutUntil(a store.Authority, done *atomic.Bool) error {
	for last := false; ; {
		for shard := range a.Shards() {
			page, err := a.FanOuts(e.ctx, store.DirtyRange{Shard: shard, Limit: 10})
			if err != nil {
				return err
			}
			for _, f := range page.Marks {
				if err := persist(func() error { return e.carryOut(a, f) }); err != nil {
					return err
				}
			}
		}
		if last {
			return nil
		}
		last = done.Load()
	}
}

// renewClosed: a drain waits for the marks, so they are carried out while no write passes;
// but where the store was given away, its copies are the other one's to give.
func renewClosed(e *env) {
	e.start()
	e.capture()
	_, ware, basket := e.shop()
	e.write(e.update(ware, "name", "ink"))
	e.cleanAll()
	e.mark(store.Closed)
	require.NoError(e, e.Authority.Reach(e.ctx, e.theMark(), "here"))
	e.followed(func() {}, basket)
	e.cleanAll()
	for _, state := range []store.State{store.GivenAway, store.Sealed} {
		e.mark(state)
		before := e.copiesOf(basket)
		e.unchanged(func() { e.requireError(e.Authority.Renew(e.ctx, []transform.Key{e.key(basket)}), store.ErrWrongPhase) })
		require.Equal(e, before, e.copiesOf(basket))
	}
}
