package storetest

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func countCases() []testCase {
	return ruled(ruleCount,
		ofCounts("of each key", countEach),
		ofCounts("by several columns", countByColumns),
		ofCounts("of what changes", countChanges),
		ofCounts("where items move", countMoving),
		ofCounts("but for some", countExcept),
		ofCounts("of more keys than one call of an engine takes", countVeryMany),
	)
}

// writtenCountCases are an authority's.
func writtenCountCases() []testCase {
	return append(bothWays(ruled(ruleCount,
		ofCounts("of what a delete takes along", countAlong),
		ofCounts("beside writes", countBeside),
	)), ruled(ruleCount,
		check{name: "in another epoch", run: countEpoch, only: aFence | byLease, on: CountContract},
		check{name: "without a lease", run: countLease, only: byLease, on: CountContract},
	)...)
}

// followedCountCases are a follower's.
func followedCountCases() []testCase {
	return ruled(ruleCount, ofCounts("of what came in any order", countFollowed))
}

func (e *env) shelf(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("shelves", append([]string{"shelf_id", strconv.Itoa(id)}, changes...)...)
}

func (e *env) good(shop string, number int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("goods", append([]string{"shop", shop, "number", strconv.Itoa(number)}, changes...)...)
}

func (e *env) review(id string, grade int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("reviews", append([]string{"review_id", id, "grade", strconv.Itoa(grade)}, changes...)...)
}

// reference returns the reference of a table by the columns.
func (e *env) reference(table, field string) *transform.Reference {
	e.Helper()
	for _, f := range e.entities[table].References {
		if f.Field() == field {
			return f
		}
	}
	require.Fail(e, "no such reference", "%s.%s", table, field)
	return nil
}

// counts requires how many refer to each target.
func (e *env) counts(table, field string, want map[string]int64, targets ...transform.Record) {
	e.Helper()
	var keys []transform.Key
	for _, rec := range targets {
		keys = append(keys, e.key(rec))
	}
	n, err := e.reader().Count(e.ctx, e.at, store.Count{By: e.reference(table, field), Keys: keys})
	require.NoError(e, err)
	got := map[string]int64{}
	for i, rec := range targets {
		got[rec.At(rec.Entity().KeyColumns[len(rec.Entity().KeyColumns)-1]).Text()] = n[i]
	}
	require.Equal(e, want, got, "%s by %s", table, field)
}

// countEach: each reference by itself, NULL not at all, and of none 0; keys may repeat.
func countEach(e *env) {
	one, two, three := e.shelf(1), e.shelf(2, "above_id", "1"), e.shelf(3, "above_id", "1")
	e.counts("goods", "shelf_id", map[string]int64{"1": 0}, one)
	e.fill(one, two, three, e.good("a", 1, "shelf_id", "1", "extra_id", "2"), e.good("a", 2, "shelf_id", "1", "extra_id", "1"),
		e.good("b", 1, "shelf_id", "2"), e.good("b", 2))
	e.counts("goods", "shelf_id", map[string]int64{"1": 2, "2": 1, "3": 0, "99": 0}, one, two, three, e.shelf(99))
	e.counts("goods", "extra_id", map[string]int64{"1": 1, "2": 1, "3": 0}, one, two, three)
	e.counts("shelves", "above_id", map[string]int64{"1": 2, "2": 0}, one, two)
	n, err := e.reader().Count(e.ctx, e.at, store.Count{By: e.reference("goods", "shelf_id"), Keys: []transform.Key{e.key(two), e.key(three), e.key(one), e.key(two)}})
	require.NoError(e, err)
	require.Equal(e, []int64{1, 0, 2, 1}, n, "in the order of the keys, which may repeat")
	n, err = e.reader().Count(e.ctx, e.at, store.Count{By: e.reference("goods", "shelf_id")})
	require.NoError(e, err)
	require.Empty(e, n)
}

// countByColumns: all of the key counts, and NULL in one of its columns is no key.
func countByColumns(e *env) {
	a1, a2, b1 := e.good("a", 1), e.good("a", 2), e.good("a#1", 1)
	e.fill(a1, a2, b1)
	e.fill(e.review("1", 5, "shop", "a", "number", "1"), e.review("2", 5, "shop", "a", "number", "1"), e.review("3", 5, "shop", "a#1", "number", "1"),
		e.review("4", 5, "shop", "a"), e.review("5", 5, "number", "1"), e.review("6", 5))
	by := e.reference("reviews", "shop,number")
	n, err := e.reader().Count(e.ctx, e.at, store.Count{By: by, Keys: []transform.Key{e.key(a1), e.key(a2), e.key(b1)}})
	require.NoError(e, err)
	require.Equal(e, []int64{2, 0, 1}, n)
}

// countChanges: what refers elsewhere now, or to nothing, or is gone, counts no more.
func countChanges(e *env) {
	one, two := e.shelf(1), e.shelf(2)
	e.fill(one, two)
	shows := func(first, second int64) {
		e.Helper()
		e.counts("goods", "shelf_id", map[string]int64{"1": first, "2": second}, one, two)
	}
	for n := range 4 {
		e.set(e.good("a", n, "shelf_id", "1"))
		shows(int64(n)+1, 0)
	}
	e.set(e.good("a", 0, "shelf_id", "2"))
	shows(3, 1)
	e.set(e.good("a", 1))
	shows(2, 1)
	e.unset(e.good("a", 2))
	shows(1, 1)
	e.set(e.good("a", 3, "shelf_id", "1", "extra_id", "2"))
	shows(1, 1)
	e.set(e.good("a", 2, "shelf_id", "2"))
	e.set(e.good("a", 1, "shelf_id", "2"))
	shows(1, 3)
}

// countMoving: a record is counted once, wherever its item is.
func countMoving(e *env) {
	good := e.good("a", 1)
	e.fill(good, e.good("a", 2))
	for grade := range 5 {
		e.set(e.review("x", grade, "shop", "a", "number", "1"))
		e.counts("reviews", "shop,number", map[string]int64{"1": 1}, good)
	}
	e.set(e.review("x", 7, "shop", "a", "number", "2"))
	e.counts("reviews", "shop,number", map[string]int64{"1": 0, "2": 1}, good, e.good("a", 2))
	e.unset(e.review("x", 7))
	e.counts("reviews", "shop,number", map[string]int64{"2": 0}, e.good("a", 2))
}

// countExcept: whoever knows what becomes of a record counts it himself. Those that
// refer elsewhere, or are not there, are no harm.
func countExcept(e *env) {
	one, two := e.shelf(1), e.shelf(2)
	e.fill(one, two, e.good("a", 1, "shelf_id", "1"), e.good("a", 2, "shelf_id", "1"), e.good("b", 1, "shelf_id", "1"), e.good("b", 2, "shelf_id", "2"), e.good("b", 3))
	keys := []transform.Key{e.key(one), e.key(two)}
	for _, of := range []struct {
		except []transform.Record
		want   []int64
	}{
		{nil, []int64{3, 1}},
		{[]transform.Record{e.good("a", 2)}, []int64{2, 1}},
		{[]transform.Record{e.good("b", 1), e.good("b", 2), e.good("b", 3), e.good("c", 9)}, []int64{2, 0}},
	} {
		var except []transform.Key
		for _, rec := range of.except {
			except = append(except, e.key(rec))
		}
		n, err := e.reader().Count(e.ctx, e.at, store.Count{By: e.reference("goods", "shelf_id"), Keys: keys, Except: except})
		require.NoError(e, err)
		require.Equal(e, of.want, n, "except %d", len(except))
	}
	n, err := e.reader().Count(e.ctx, e.at, store.Count{By: e.reference("shelves", "above_id"), Keys: keys[:1], Except: []transform.Key{keys[1]}})
	require.NoError(e, err)
	require.Equal(e, []int64{0}, n)
}

// countVeryMany asks for more keys than there are, in one call.
func countVeryMany(e *env) {
	const last = 520
	e.fill(e.shelf(0), e.shelf(last), e.good("a", 1, "shelf_id", "0"), e.good("a", 2, "shelf_id", strconv.Itoa(last)), e.good("a", 3, "shelf_id", strconv.Itoa(last)))
	want := make([]int64, last+1)
	var keys []transform.Key
	for id := range want {
		keys = append(keys, e.key(e.shelf(id)))
	}
	want[0], want[last] = 1, 2
	n, err := e.reader().Count(e.ctx, e.at, store.Count{By: e.reference("goods", "shelf_id"), Keys: keys})
	require.NoError(e, err)
	require.Equal(e, want, n)
}

// countAlong: a delete takes what refers to the record along, or sets it to NULL, and a
// delete that is refused takes nothing.
func countAlong(e *env) {
	one, two := e.shelf(1), e.shelf(2)
	e.fill(one, two, e.shelf(3, "above_id", "1"), e.shelf(4, "above_id", "2"),
		e.good("a", 1, "shelf_id", "2", "extra_id", "1"), e.good("a", 2, "shelf_id", "1", "extra_id", "2"), e.good("a", 3, "shelf_id", "2", "extra_id", "2"),
		e.review("x", 1, "shop", "a", "number", "2"), e.review("y", 1, "shop", "a", "number", "1"))
	e.counts("goods", "extra_id", map[string]int64{"1": 1, "2": 2}, one, two)
	e.write(e.remove(one))
	e.counts("shelves", "above_id", map[string]int64{"1": 0, "2": 1}, one, two)
	e.counts("goods", "shelf_id", map[string]int64{"1": 0, "2": 2}, one, two)
	e.counts("goods", "extra_id", map[string]int64{"1": 0, "2": 1}, one, two)
	e.counts("reviews", "shop,number", map[string]int64{"1": 1, "2": 0}, e.good("a", 1), e.good("a", 2))
	e.unchanged(func() {
		_, err := e.try(e.remove(two), e.create(e.good("b", 1, "shelf_id", "77")))
		e.requireError(err, store.ErrNoTarget)
	})
	e.counts("goods", "shelf_id", map[string]int64{"2": 2}, two)
	e.write(e.create(e.good("b", 1, "shelf_id", "2")), e.update(e.good("a", 1), "shelf_id", "4"), e.remove(e.good("a", 3)))
	e.counts("goods", "shelf_id", map[string]int64{"2": 1, "4": 1}, two, e.shelf(4))
}

// countBeside: each write is counted as soon as it is acknowledged, and whole.
func countBeside(e *env) {
	target := e.shelf(1)
	e.write(e.create(target))
	const each = 10
	own := make([]transform.Record, 3) // of which each writer alone makes something refer to
	for i := range own {
		own[i] = e.shelf(2 + i)
		e.write(e.create(own[i]))
	}
	count := func(field string, of transform.Record) (int64, error) {
		n, err := e.Authority.Count(e.ctx, e.at, store.Count{By: e.reference("goods", field), Keys: []transform.Key{e.key(of)}})
		if err != nil {
			return 0, err
		}
		return n[0], nil
	}
	errs := together(len(own), func(i int) error {
		for n := range int64(each) {
			good := e.good(fmt.Sprint("shop ", i), int(n), "shelf_id", "1", "extra_id", strconv.Itoa(2+i))
			if err := persist(func() error {
				_, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{e.create(good)}})
				return err
			}); err != nil {
				return err
			}
			all, errAll := count("shelf_id", target)
			mine, err := count("extra_id", own[i])
			if err := errors.Join(errAll, err); err != nil {
				return err
			}
			if mine != n+1 || all < mine || all > 3*each {
				return fmt.Errorf("%d of %d after %d were acknowledged", mine, all, n+1)
			}
		}
		return nil
	})
	for _, err := range errs {
		require.NoError(e, err)
	}
	e.counts("goods", "shelf_id", map[string]int64{"1": 3 * each}, target)
}

func (e *env) countAt(at store.At) error {
	_, err := e.Authority.Count(e.ctx, at, store.Count{By: e.reference("goods", "shelf_id"), Keys: []transform.Key{e.key(e.shelf(1))}})
	return err
}

// countEpoch: as with every read, what carries no epoch is right in each.
func countEpoch(e *env) {
	e.start()
	e.capture()
	old := e.at
	require.NoError(e, e.countAt(old))
	e.advance(true)
	require.ErrorIs(e, e.countAt(old), store.ErrWrongPhase)
	require.NoError(e, e.countAt(e.at))
	require.NoError(e, e.countAt(relay))
	bare := e.at
	bare.Captured = false
	require.NoError(e, e.countAt(store.At{}))
}

// countLease: an answer counts if the lease held before it was asked for and does still.
func countLease(e *env) {
	e.start()
	none := e.at
	none.Lease = nil
	require.ErrorIs(e, e.countAt(none), store.ErrWrongPhase)
	refused := 0
	for n := 0; ; n++ {
		require.Less(e, n, maxLooks)
		err := e.countAt(e.lasting(n))
		if err == nil {
			break
		}
		require.ErrorIs(e, err, store.ErrWrongPhase)
		refused++
	}
	require.GreaterOrEqual(e, refused, 2, "it is looked at before and after")
}

// countFollowed: inserts and puts in any order, those that are old already, and of what
// is not there yet.
func countFollowed(e *env) {
	one, two := e.shelf(1), e.shelf(2)
	errs, err := e.Follower.Insert(e.ctx, []store.Row{e.live(e.good("a", 1, "shelf_id", "1"), 0), e.live(e.good("a", 2, "shelf_id", "1"), 0),
		e.live(e.review("x", 1, "shop", "a", "number", "1"), 0), e.live(one, 0)})
	require.NoError(e, err)
	for _, err := range errs {
		require.NoError(e, err)
	}
	shows := func(first, second int64) {
		e.Helper()
		e.counts("goods", "shelf_id", map[string]int64{"1": first, "2": second}, one, two)
	}
	shows(2, 0)
	e.counts("reviews", "shop,number", map[string]int64{"1": 1}, e.good("a", 1))
	e.put(e.live(e.good("a", 1, "shelf_id", "2"), 7))
	shows(1, 1)
	took, err := e.Follower.Put(e.ctx, e.to, e.live(e.good("a", 1, "shelf_id", "1"), 5))
	require.NoError(e, err)
	require.False(e, took)
	shows(1, 1)
	e.put(e.dead(e.good("a", 2), 5))
	shows(0, 1)
	errs, err = e.Follower.Insert(e.ctx, []store.Row{e.live(e.good("a", 2, "shelf_id", "1"), 0), e.live(e.good("a", 1, "shelf_id", "1"), 0), e.live(e.good("a", 3, "shelf_id", "2"), 0)})
	require.NoError(e, err)
	for _, err := range errs {
		require.NoError(e, err)
	}
	shows(0, 2)
	require.NoError(e, e.together(e.live(e.good("a", 2, "shelf_id", "2"), 6), e.live(e.good("a", 1), 8), e.live(e.good("a", 3, "shelf_id", "1"), 4)))
	shows(1, 1)
	e.put(e.dead(e.review("x", 1), 3))
	e.counts("reviews", "shop,number", map[string]int64{"1": 0}, e.good("a", 1))
}
