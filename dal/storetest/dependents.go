package storetest

import (
	"slices"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func dependentsCases() []testCase {
	return ruled(ruleDependents, slices.Concat(
		copying("by each reference", 0, dependentsEach),
		copying("of what changes", 0, dependentsChange),
		copying("beside others that come and go", 0, dependentsBeside),
		copying("many", 0, dependentsMany),
		[]check{
			{name: "where items move", run: dependentsMove, on: CountContract},
		})...)
}

// followedDependentsCases are a follower's.
func followedDependentsCases() []testCase {
	return ruled(ruleDependents, check{name: "once the store is the authority", run: dependentsFollowed, only: aFence | byLease, on: CopyContract})
}

// dependents requires the records that refer to a target by a reference, in pages of a few
// sizes.
func (e *env) dependents(table, field string, target transform.Record, want ...transform.Record) {
	e.Helper()
	var keys []transform.Key
	for _, rec := range want {
		keys = append(keys, e.key(rec))
	}
	for _, limit := range []int{1, 2, 3, 100} {
		require.ElementsMatch(e, keys, e.dependentKeys(table, field, target, limit, nil), "%s by %s, in pages of %d", table, field, limit)
	}
}

// dependentKeys returns the keys of all pages. between, if not nil, is called after each
// page that is not the last.
func (e *env) dependentKeys(table, field string, target transform.Record, limit int, between func(page []transform.Key)) []transform.Key {
	e.Helper()
	var all []transform.Key
	r := store.DependentsRange{By: e.reference(table, field), To: e.key(target), Limit: limit}
	for n := 0; ; n++ {
		page, err := e.Authority.Dependents(e.ctx, r)
		require.NoError(e, err)
		require.LessOrEqual(e, len(page.Keys), limit, "a page holds no more than its limit")
		all = append(all, page.Keys...)
		if r.After = page.Next; r.After == "" {
			return all
		}
		require.Less(e, n, 1000, "the pages of Dependents do not end")
		if between != nil {
			between(page.Keys)
		}
	}
}

// dependentsEach: by one reference and no other, by all its columns, to itself, and to what
// is not there.
func dependentsEach(e *env) {
	one, two := e.section(1), e.section(2, "above_id", "1")
	e.write(e.create(one))
	e.write(e.create(two))
	e.write(e.create(e.section(3, "above_id", "3")), e.create(e.section(4, "above_id", "1")))
	a, b, c := e.ware(1, "section_id", "1"), e.ware(2, "section_id", "1"), e.ware(1, "shop", "t", "section_id", "2")
	e.write(e.create(a), e.create(b), e.create(c), e.create(e.ware(3)))
	e.write(e.create(e.of(1, 1)), e.create(e.of(2, 1)), e.create(e.of(3, 2)), e.create(e.basket(4, "shop", "t", "number", "1")),
		e.create(e.basket(5, "shop", "s")), e.create(e.basket(6, "number", "1")))
	e.dependents("sections", "above_id", one, two, e.section(4))
	e.dependents("sections", "above_id", e.section(3), e.section(3))
	e.dependents("sections", "above_id", two)
	e.dependents("wares", "section_id", one, a, b)
	e.dependents("wares", "section_id", two, c)
	e.dependents("wares", "section_id", e.section(99))
	e.dependents("basket_lines", "shop,number", a, e.of(1, 1), e.of(2, 1))
	e.dependents("basket_lines", "shop,number", b, e.of(3, 2))
	e.dependents("basket_lines", "shop,number", c, e.basket(4))
	e.dependents("basket_lines", "shop,number", e.ware(9))
	_, err := e.Authority.Dependents(e.ctx, store.DependentsRange{By: e.reference("wares", "section_id"), To: e.key(one)})
	require.ErrorIs(e, err, store.ErrInvalid, "without a limit")
}

// dependentsChange: what refers elsewhere, to nothing, or is gone, refers no more; and what
// was written is there at once.
func dependentsChange(e *env) {
	one, two := e.section(1), e.section(2)
	e.write(e.create(one), e.create(two))
	var wares []transform.Record
	for n := range 6 {
		wares = append(wares, e.ware(n, "section_id", "1"))
		e.write(e.create(wares[n]))
		e.dependents("wares", "section_id", one, wares...)
	}
	e.write(e.update(wares[0], "section_id", "2"))
	e.write(e.update(wares[1], "section_id", null), e.remove(wares[2]))
	e.write(e.update(wares[3], "stock", "9"), e.replace(e.with(wares[4], "section_id", "2")), e.replace(e.with(wares[5], "stock", "2")))
	e.dependents("wares", "section_id", one, wares[3], wares[5])
	e.dependents("wares", "section_id", two, wares[0], wares[4])
	e.write(e.remove(one))
	e.dependents("wares", "section_id", one)
	e.write(e.create(e.ware(2)), e.update(wares[0], "section_id", null))
	e.dependents("wares", "section_id", two, wares[4])
}

// dependentsBeside: those that refer all the while are in one of the pages, whatever others
// do between them.
func dependentsBeside(e *env) {
	one := e.section(1)
	e.write(e.create(one), e.create(e.section(2)))
	stay := map[transform.Key]bool{}
	for n := range 10 {
		rec := e.ware(10*n+5, "section_id", "1")
		e.write(e.create(rec))
		stay[e.key(rec)] = true
	}
	n := 0
	found := e.dependentKeys("wares", "section_id", one, 2, func(page []transform.Key) {
		for _, key := range page {
			delete(stay, key)
		}
		switch n++; n % 3 {
		case 0: // one of the page goes, by which the place in the order is told
			key := page[len(page)-1]
			e.write(store.Mutation{Op: store.Delete, Key: key})
		case 1:
			e.write(e.create(e.ware(1+10*n, "section_id", "1")), e.create(e.ware(100+n, "section_id", "1")), e.create(e.ware(-n, "section_id", "1")))
		default:
			e.write(store.Mutation{Op: store.Update, Key: page[0], Modify: func(now transform.Record) error { return now.Set("section_id", transform.IntValue(2)) }})
		}
	})
	for key := range stay {
		require.Contains(e, found, key)
	}
	require.Len(e, slices.Compact(slices.Sorted(slices.Values(ids(found)))), len(found), "each once")
}

func ids(keys []transform.Key) []string {
	var all []string
	for _, key := range keys {
		all = append(all, key.ID)
	}
	return all
}

// dependentsMany: more than one call of an engine gives.
func dependentsMany(e *env) {
	e.write(e.create(e.section(1)), e.create(e.section(2)))
	var want []transform.Key
	var all []transform.Record
	for n := range 250 {
		all = append(all, e.ware(n, "section_id", strconv.Itoa(1+n%2)))
		if n%2 == 0 {
			want = append(want, e.key(all[n]))
		}
	}
	for some := range slices.Chunk(all, 25) {
		var m []store.Mutation
		for _, rec := range some {
			m = append(m, e.create(rec))
		}
		e.write(m...)
	}
	require.ElementsMatch(e, want, e.dependentKeys("wares", "section_id", e.section(1), 20, nil))
	require.ElementsMatch(e, want, e.dependentKeys("wares", "section_id", e.section(1), 1000, nil))
}

// dependentsMove: the key is the record's, wherever its item is.
func dependentsMove(e *env) {
	e.start()
	e.capture()
	good, review := e.good("a", 1), e.review("x", 1, "shop", "a", "number", "1")
	e.write(e.create(good), e.create(e.good("a", 2)))
	e.write(e.create(review), e.create(e.review("y", 1, "shop", "a", "number", "1")))
	for grade := range 3 {
		e.write(e.update(review, "grade", strconv.Itoa(7+grade)))
		e.dependents("reviews", "shop,number", good, review, e.review("y", 1))
	}
	e.write(e.update(review, "grade", "1", "number", "2"))
	e.dependents("reviews", "shop,number", good, e.review("y", 1))
	e.dependents("reviews", "shop,number", e.good("a", 2), review)
}

// dependentsFollowed: what came by Put and Insert, in any order, refers too.
func dependentsFollowed(e *env) {
	one, two := e.section(1), e.section(2)
	a, b, c := e.ware(1, "section_id", "1"), e.ware(2, "section_id", "1"), e.ware(3, "section_id", "1")
	errs, err := e.Follower.Insert(e.ctx, []store.Row{e.live(a, 0), e.live(b, 0), e.live(c, 0), e.live(one, 0)})
	require.NoError(e, err)
	for _, err := range errs {
		require.NoError(e, err)
	}
	e.put(e.live(two, 1))
	e.put(e.live(e.with(b, "section_id", "2"), 1))
	e.put(e.dead(c, 1))
	e.put(e.live(e.ware(4, "section_id", "1"), 3))
	if !e.leased() {
		e.mark(store.Sealed)
	}
	e.lead()
	e.dependents("wares", "section_id", one, a, e.ware(4))
	e.dependents("wares", "section_id", two, b)
}
