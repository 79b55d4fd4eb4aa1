package storetest

import (
	"errors"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// tallying is copying on the tables of CounterContract.
func tallying(name string, only kind, run func(*env)) []check {
	all := copying(name, only, run)
	for i := range all {
		all[i].on = CounterContract
	}
	return all
}

func tallyCases() []testCase {
	return ruled(ruleTally, slices.Concat(
		tallying("of what comes and goes", 0, talliesOfDeletes),
		tallying("of what is put", 0, talliesOfPuts),
		tallying("of what moves", 0, talliesOfMoves),
		tallying("by several columns, of items that move", 0, talliesByColumns),
		tallying("of what a delete takes along", 0, talliesAlong),
		tallying("of several", 0, talliesTogether),
		tallying("of a write that is refused or repeated", 0, talliesRefused),
		tallying("of none", byLease, talliesOfNone),
		tallying("beside an update that has read before", byLease, talliesBesideUpdate),
		tallying("at once", 0, talliesAtOnce),
	)...)
}

func frozenCases() []testCase {
	return ruled(ruleFrozen, slices.Concat(
		tallying("whatever its source becomes", byLease, frozenStays),
		tallying("by each write of the record", byLease, frozenThaws),
	)...)
}

// followedTallyCases are a follower's.
func followedTallyCases() []testCase {
	return ruled(ruleGiven, check{name: "numbers", run: numbersGiven, on: CounterContract})
}

func (e *env) rack(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("racks", append([]string{"rack_id", strconv.Itoa(id)}, changes...)...)
}

func (e *env) article(number int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("articles", append([]string{"shop", "s", "number", strconv.Itoa(number)}, changes...)...)
}

func (e *env) notice(id string, grade int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("notices", append([]string{"notice_id", id, "grade", strconv.Itoa(grade)}, changes...)...)
}

// racks stores some racks, and articles.
func (e *env) racks(records ...transform.Record) {
	e.Helper()
	for _, rec := range append(these(e.rack(1, "name", "one"), e.rack(2, "name", "two"), e.rack(3)), records...) {
		e.write(e.create(rec))
	}
	e.settle()
	e.cleanAll()
}

// tallies requires that do has the numbers of these of the three racks counted anew, and
// no other's: a store that keeps copies tells of them in marks, any other one gives them
// new versions and change records. The numbers are right once the marks are carried out.
func (e *env) tallies(do func(), want ...int) {
	e.Helper()
	require.Empty(e, e.fanOuts(100))
	versions := map[int]store.Version{}
	for id := 1; id <= 3; id++ {
		versions[id] = e.row(e.key(e.rack(id))).Version
	}
	do()
	own, dirty := e.marks().own, e.dirty()
	for id := 1; id <= 3; id++ {
		key := e.key(e.rack(id))
		row := e.row(key)
		if !row.Live {
			continue
		}
		touched := own[key]
		if !e.Authority.KeepsCopies() {
			touched = row.Version > versions[id] && dirty[key] == row.Version
			require.True(e, touched || row.Version == versions[id], "rack %d has a version without a change record", id)
		}
		require.Equal(e, slices.Contains(want, id), touched, "whether rack %d is counted for anew", id)
	}
	e.settle()
	e.numbered()
	e.cleanAll()
}

// numbered requires that the items of all records have the numbers, and the other copies
// that follow, of what is there now.
func (e *env) numbered() {
	e.Helper()
	if !e.reader().KeepsCopies() {
		return
	}
	for _, name := range []string{"racks", "articles"} {
		for _, row := range e.scan(e.entities[name], 100) {
			if !row.Live {
				continue
			}
			got, want := e.copiesOf(row.Record)[0], e.copiesIn(e.joined(row.Record))
			delete(got, "rack_name")
			delete(want, "rack_name")
			require.Equal(e, want, got, "the numbers of %s %s", name, row.Key.ID)
		}
	}
}

func talliesOfDeletes(e *env) {
	e.racks()
	e.tallies(func() { e.write(e.create(e.article(1, "rack_id", "1", "extra_id", "2"))) }, 1, 2)
	e.tallies(func() { e.write(e.create(e.article(2))) })
	e.tallies(func() { e.write(e.create(e.article(3, "rack_id", "1", "extra_id", "1"))) }, 1)
	e.tallies(func() { e.write(e.remove(e.article(1))) }, 1, 2)
	e.tallies(func() { e.write(e.remove(e.article(2))) })
	e.tallies(func() { e.write(e.create(e.article(1, "extra_id", "3"))) }, 3)
	e.tallies(func() { e.write(e.create(e.rack(4, "above_id", "3"))) }, 3)
	e.tallies(func() { e.write(e.remove(e.rack(4))) }, 3)
}

// talliesOfPuts: whoever puts a record knows nothing of what the one there refers to.
func talliesOfPuts(e *env) {
	e.racks()
	e.tallies(func() { e.write(e.replace(e.article(1, "rack_id", "1"))) }, 1)
	e.tallies(func() { e.write(e.replace(e.article(1, "rack_id", "1", "note", "x"))) })
	e.tallies(func() { e.write(e.replace(e.article(1, "rack_id", "2", "extra_id", "3"))) }, 1, 2, 3)
	e.tallies(func() { e.write(e.replace(e.article(1, "extra_id", "3"))) }, 2)
}

// talliesOfMoves: the one that it referred to and the one that it refers to now.
func talliesOfMoves(e *env) {
	e.racks(e.article(1, "rack_id", "1"), e.article(2, "rack_id", "1", "extra_id", "2"))
	article := e.article(1)
	e.tallies(func() { e.write(e.update(article, "note", "x")) })
	e.tallies(func() { e.write(e.update(article, "rack_id", "2")) }, 1, 2)
	e.tallies(func() { e.write(e.update(article, "rack_id", null, "note", "y")) }, 2)
	e.tallies(func() { e.write(e.update(article, "rack_id", "3", "extra_id", "3")) }, 3)
	e.tallies(func() { e.write(e.update(e.article(2), "rack_id", "2", "extra_id", "1")) }, 1, 2)
	e.tallies(func() { e.write(e.update(e.rack(2), "above_id", "1")) }, e.alsoWritten(2, 1)...)
	e.tallies(func() { e.write(e.update(e.rack(2), "above_id", "3")) }, e.alsoWritten(2, 1, 3)...)
}

// alsoWritten is what a write touches of racks that it writes itself, and others: where
// each key has its own change record the write gives it one.
func (e *env) alsoWritten(written int, others ...int) []int {
	if e.Authority.KeepsCopies() {
		return others
	}
	return append(others, written)
}

// talliesByColumns: NULL in one of the columns is no record that is counted for, and where
// an item is makes no difference.
func talliesByColumns(e *env) {
	e.racks(e.article(1), e.article(2))
	notice := e.notice("x", 1, "shop", "s", "number", "1")
	shows := func(first, second string) {
		e.Helper()
		e.settle()
		e.shows(e.article(1), "notices", first)
		e.shows(e.article(2), "notices", second)
	}
	touches := func(do func(), want ...int) {
		e.Helper()
		e.settle()
		e.cleanAll()
		do()
		own, dirty := e.marks().own, e.dirty()
		for number := 1; number <= 2; number++ {
			key := e.key(e.article(number))
			_, touched := dirty[key]
			require.Equal(e, slices.Contains(want, number), touched && !e.Authority.KeepsCopies() || own[key], "whether article %d is counted for anew", number)
		}
	}
	touches(func() { e.write(e.create(notice)) }, 1)
	shows("1", "0")
	touches(func() { e.write(e.update(notice, "grade", "2")) })
	touches(func() { e.write(e.update(notice, "grade", "3", "number", "2")) }, 1, 2)
	shows("0", "1")
	touches(func() { e.write(e.update(notice, "shop", null)) }, 2)
	shows("0", "0")
	touches(func() { e.write(e.create(e.notice("y", 1, "shop", "s"))) })
	touches(func() { e.write(e.update(notice, "shop", "s")) }, 2)
	touches(func() { e.write(e.remove(notice)) }, 2)
	shows("0", "0")
}

// talliesAlong: what goes with a record is counted no more by what stays.
func talliesAlong(e *env) {
	e.racks(e.rack(4, "above_id", "1"), e.rack(5, "above_id", "4"), e.article(1, "rack_id", "5", "extra_id", "2"), e.article(2, "rack_id", "4"),
		e.article(3, "rack_id", "3", "extra_id", "4"), e.article(4, "rack_id", "3"), e.article(5, "rack_id", "2", "extra_id", "3"))
	e.write(e.create(e.notice("x", 1, "shop", "s", "number", "2")))
	e.settle()
	e.cleanAll()
	e.tallies(func() { e.write(e.remove(e.rack(4))) }, 1, 2)
	e.requireGone(e.article(1))
	e.shows(e.rack(1), "racks_below", "0", "articles", "0", "extras", "0")
	e.tallies(func() { e.write(e.remove(e.rack(3))) })
	e.shows(e.article(5), "notices", "0", "rack_name", "two")
	e.shows(e.rack(2), "racks_below", "0", "articles", "1", "extras", "0")
}

// talliesTogether: of all mutations of one write, also where it writes what counts.
func talliesTogether(e *env) {
	e.racks(e.article(1, "rack_id", "1"), e.article(2, "rack_id", "1"))
	e.tallies(func() {
		e.write(e.update(e.article(1), "rack_id", "2"), e.create(e.article(3, "extra_id", "2")), e.remove(e.article(2)),
			e.create(e.rack(4, "above_id", "1")), e.create(e.article(4, "rack_id", "4")))
	}, 1, 2)
	e.shows(e.rack(4), "racks_below", "0", "articles", "1", "extras", "0")
	e.tallies(func() { e.write(e.update(e.article(1), "rack_id", "1"), e.update(e.article(4), "rack_id", "2")) }, 1, 2)
	e.tallies(func() { e.write(e.update(e.rack(3), "name", "three"), e.update(e.article(4), "rack_id", "3")) }, 2, 3)
}

func talliesRefused(e *env) {
	e.racks(e.article(1, "rack_id", "1"))
	e.tallies(func() {
		_, err := e.try(e.create(e.article(2, "rack_id", "2")), e.create(e.article(1)))
		e.requireError(err, store.ErrExists)
		_, err = e.try(e.update(e.article(1), "rack_id", "2"), e.create(e.article(3, "rack_id", "99")))
		e.requireError(err, store.ErrNoTarget)
		enough := errors.New("enough")
		_, err = e.try(e.remove(e.article(1)), e.modify(e.rack(2), func(transform.Record) error { return enough }))
		require.ErrorIs(e, err, enough)
	})
	e.tallies(func() { e.once("a token", e.create(e.article(2, "rack_id", "2"))) }, 2)
	e.tallies(func() { require.True(e, e.once("a token", e.create(e.article(2, "rack_id", "2"))).Repeated) })
}

// talliesOfNone: a new record shows that it counts none.
func talliesOfNone(e *env) {
	e.racks()
	e.shows(e.rack(3), "racks_below", "0", "articles", "0", "extras", "0")
	e.write(e.create(e.article(1)))
	e.settle()
	e.shows(e.article(1), "notices", "0")
}

// talliesBesideUpdate: an update of what counts writes the item that it read, or not; the
// numbers in it are those that are there when it commits.
func talliesBesideUpdate(e *env) {
	e.racks()
	tries := 0
	e.write(e.modify(e.rack(1), func(now transform.Record) error {
		if tries++; tries == 1 {
			e.write(e.create(e.article(1, "rack_id", "1")))
			e.settle()
			e.shows(e.rack(1), "racks_below", "0", "articles", "1", "extras", "0")
		}
		return now.Set("name", transform.TextValue("uno"))
	}))
	require.False(e, e.marks().own[e.key(e.rack(1))], "nobody is going to renew it once more")
	e.shows(e.rack(1), "racks_below", "0", "articles", "1", "extras", "0")
	e.settle()
	e.numbered()
}

// talliesAtOnce: those who refer to one record do not keep each other out for ever, and
// what relays counted meanwhile does not stay.
func talliesAtOnce(e *env) {
	const each = 5
	e.racks()
	handles := []Subject{e.Subject, e.other()}
	var done atomic.Int32
	var finished [2]atomic.Bool
	for _, err := range together(4, func(i int) error {
		if i >= 2 {
			return e.carryOutUntil(handles[i-2].Authority, &finished[i-2])
		}
		defer func() {
			if done.Add(1) == 2 {
				finished[0].Store(true)
				finished[1].Store(true)
			}
		}()
		for n := range each {
			rec := e.article(10*i+n, "rack_id", "1")
			writes := []store.Mutation{e.create(rec), e.update(rec, "extra_id", "1")}
			if n%2 == 0 {
				writes = append(writes, e.update(rec, "rack_id", "2"), e.remove(rec))
			}
			for _, m := range writes {
				if err := persist(func() error { _, err := e.try(m); return err }); err != nil {
					return err
				}
			}
		}
		return nil
	}) {
		require.NoError(e, err)
	}
	e.settle()
	e.numbered()
	e.shows(e.rack(1), "racks_below", "0", "articles", "4", "extras", "4")
	if !e.Authority.KeepsCopies() {
		require.True(e, e.isDirty(e.key(e.rack(1))))
	}
}

// numbersGiven: a follower's item has the number that comes with the record.
func numbersGiven(e *env) {
	rec := e.rack(1)
	e.put(e.given(rec, 1, "articles", "3", "extras", "0"))
	e.requireLive(rec)
	e.shows(rec, "articles", "3", "extras", "0")
	e.put(e.given(rec, 2, "articles", "4"))
	e.shows(rec, "articles", "4")
}

// frozenStays: no mark tells of its source, and what has the item's other copies made anew
// leaves it.
func frozenStays(e *env) {
	article := e.article(1, "rack_id", "1", "extra_id", "1")
	e.racks(article)
	e.write(e.create(e.notice("x", 1, "shop", "s", "number", "1")))
	e.settle()
	e.shows(article, "notices", "1", "rack_name", "one", "extra_name", "one")
	e.write(e.update(e.rack(1), "name", "uno"))
	e.settle()
	e.shows(article, "notices", "1", "rack_name", "one", "extra_name", "uno")
	e.write(e.remove(e.notice("x", 1)))
	e.settle()
	e.shows(article, "notices", "0", "rack_name", "one", "extra_name", "uno")
	require.NoError(e, e.Authority.Renew(e.ctx, []transform.Key{e.key(article)}))
	e.shows(article, "notices", "0", "rack_name", "one", "extra_name", "uno")
	notice := e.notice("y", 2, "shop", "s", "number", "1")
	e.write(e.create(notice))
	e.settle()
	e.shows(notice)
	e.leaves(func() { e.write(e.update(article, "note", "n")) }, nil, these(article))
	e.shows(notice)
}

// frozenThaws: of each write, also of one that a reference causes.
func frozenThaws(e *env) {
	article := e.article(1, "rack_id", "1", "extra_id", "2")
	e.racks(article)
	rename := func(name string) {
		e.Helper()
		e.write(e.update(e.rack(1), "name", name))
		e.settle()
	}
	for i, m := range []store.Mutation{e.update(article, "note", "a"), e.replace(e.with(article, "note", "b")), e.update(article, "note", "c"), e.remove(e.rack(2))} {
		rename("before " + strconv.Itoa(i))
		e.leaves(func() { e.write(m) }, nil, these(article))
		got := e.copiesOf(article)[0]
		require.Equal(e, "before "+strconv.Itoa(i), got["rack_name"])
		rename("after " + strconv.Itoa(i))
		require.Equal(e, got["rack_name"], e.copiesOf(article)[0]["rack_name"])
	}
	e.write(e.update(article, "rack_id", "3"))
	e.settle()
	require.NotContains(e, e.copiesOf(article)[0], "rack_name")
}
