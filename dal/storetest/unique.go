package storetest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func uniqueCases() []testCase {
	return bothWays(ruled(ruleUnique,
		check{name: "of several columns", run: uniqueTogether},
		check{name: "NULL is free", run: uniqueNull},
		check{name: "twice in one write", run: uniqueTwice},
		check{name: "given up", run: uniqueGivenUp},
		check{name: "taken by another process", run: uniqueOverProcesses},
	))
}

// holderCases are a follower's.
func holderCases() []testCase {
	return ruled(ruleHolder,
		check{name: "by put", run: putTaken},
		check{name: "by a put that is too old", run: putTakenTooOld},
		check{name: "given up by put", run: putGivenUp},
		check{name: "exchanged together", run: putExchanged},
		check{name: "together or not at all", run: putTogetherFails},
		check{name: "together with what is too old", run: putTogetherOld},
		check{name: "by insert", run: insertTaken},
		inTurn("once the store is the authority", heldByFollower),
	)
}

// requireTaken requires the error for a unique value of those columns.
func (e *env) requireTaken(err error, field string) *store.Error {
	e.Helper()
	e.requireError(err, store.ErrUnique)
	var se *store.Error
	require.ErrorAs(e, err, &se)
	require.Equal(e, field, se.Field, "the error names the columns")
	return se
}

// uniqueTogether: the columns count together, and none of their texts runs into
// the next. As in MySQL, blanks at the end tell no two values apart.
func uniqueTogether(e *env) {
	for i, pair := range [][2]string{{"x", "1"}, {"x", "2"}, {"y", "1"}, {"a/b", "c"}, {"a", "b/c"}, {"ab", "c"}, {"a", "bc"},
		{"", ""}, {"~", "e"}, {"~e", ""}, {"X", "1"}, {"x", " 1"}, {"é", "1"}, {"e\u0301", "1"}} {
		e.write(e.create(e.ticket(fmt.Sprint(i+1), pair[0], pair[1])))
	}
	e.unchanged(func() {
		for _, m := range []store.Mutation{
			e.create(e.ticket("90", "x", "1")), e.replace(e.ticket("90", "a/b", "c")), e.create(e.ticket("90", "", "")),
			e.update(e.ticket("1", null, null), "code", "2"), e.update(e.ticket("1", null, null), "area", "y"), e.createTicket("x", "2"),
			e.create(e.ticket("90", "x", "1 ")), e.replace(e.ticket("90", " ", "")),
		} {
			_, err := e.try(m)
			e.requireTaken(err, "area,code")
		}
	}, e.key(e.ticket("90", null, null)))
}

// uniqueNull: as in MySQL, NULL in one of the columns exempts a record.
func uniqueNull(e *env) {
	e.write(e.create(e.ticket("1", "x", null)), e.create(e.ticket("2", "x", null)))
	e.write(e.create(e.ticket("3", null, "1")), e.create(e.ticket("4", null, "1")))
	e.write(e.create(e.ticket("5", null, null)))
	e.write(e.update(e.ticket("1", "x", null), "code", "1"))
	_, err := e.try(e.update(e.ticket("2", "x", null), "code", "1"))
	e.requireTaken(err, "area,code")
	e.write(e.update(e.ticket("1", "x", "1"), "code", null))
	e.write(e.update(e.ticket("2", "x", null), "code", "1"))
}

// uniqueTwice: two records of one transaction, neither of which is there yet.
func uniqueTwice(e *env) {
	e.unchanged(func() {
		_, err := e.try(e.create(e.ticket("1", "x", "1")), e.create(e.ticket("2", "x", "1")))
		e.requireTaken(err, "area,code")
		_, err = e.try(e.createTicket("x", "1"), e.createTicket("x", "1"))
		e.requireTaken(err, "area,code")
	}, e.key(e.ticket("1", null, null)), e.key(e.ticket("2", null, null)))
}

// uniqueGivenUp: a value that nobody holds any more can be taken, also again by
// whoever had it, and a key takes its own along.
func uniqueGivenUp(e *env) {
	one, two := e.ticket("1", "x", "1"), e.ticket("2", "x", "2")
	e.write(e.create(one), e.create(two))
	e.write(e.replace(one))
	e.write(e.update(one, "code", "3"))
	e.write(e.update(two, "code", "1"))
	e.write(e.update(one, "code", "2"))
	e.write(e.remove(one))
	e.write(e.create(e.ticket("3", "x", "2")))
	e.write(e.create(e.ticket("1", "x", "3")))
	_, err := e.try(e.update(e.ticket("1", null, null), "code", "1"))
	e.requireTaken(err, "area,code")
	e.write(e.replace(e.ticket("2", "y", "1")))
	e.write(e.update(e.ticket("1", null, null), "code", "1"))
}

// uniqueOverProcesses: what one process has stored binds the next one.
func uniqueOverProcesses(e *env) {
	e.write(e.create(e.ticket("1", "x", "1")))
	second := e.other()
	try := func(m store.Mutation) error {
		_, err := second.Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{m}})
		return err
	}
	e.unchanged(func() { e.requireTaken(try(e.create(e.ticket("2", "x", "1"))), "area,code") }, e.key(e.ticket("2", null, null)))
	e.write(e.remove(e.ticket("1", "x", "1")))
	require.NoError(e, try(e.create(e.ticket("2", "x", "1"))))
}

// collides puts a row whose value another key holds, and requires that nothing
// changes but that the holder is named.
func (e *env) collides(row store.Row, field string, holder transform.Key) {
	e.Helper()
	e.unchanged(func() {
		took, err := e.Follower.Put(e.ctx, e.to, row)
		require.False(e, took)
		require.Equal(e, holder, e.requireTaken(err, field).Holder, "the error says who holds the value")
	}, row.Key)
}

// putTaken: a key has given a value up and another one has taken it; the refresh
// of the second comes first. It is told whom to bring along.
func putTaken(e *env) {
	one, two := e.ticket("1", "x", "1"), e.ticket("2", "x", "2")
	e.put(e.live(one, 5))
	e.put(e.live(two, 5))
	e.collides(e.live(e.ticket("3", "x", "2"), 9), "area,code", e.key(two))
	e.collides(e.live(e.with(one, "code", "2"), 9), "area,code", e.key(two))
	e.put(e.live(e.with(one, "area", "y"), 6))
	e.put(e.live(e.user(1), 1))
	e.collides(e.live(e.user(2, "email", "user-1@example.com"), 9), "email", e.key(e.user(1)))
	e.collides(e.live(e.user(2, "username", "user-1"), 9), "username", e.key(e.user(1)))
	e.put(e.live(e.user(2, "username", null, "email", null), 1))
	e.put(e.live(e.user(3, "username", null, "email", null), 1))
}

// putTakenTooOld: something newer is there, so it does not matter what the row
// holds.
func putTakenTooOld(e *env) {
	e.put(e.live(e.ticket("1", "x", "1"), 5))
	e.put(e.live(e.ticket("2", "x", "2"), 5))
	e.refuses(e.live(e.ticket("2", "x", "1"), 5))
	e.refuses(e.live(e.ticket("2", "x", "1"), 4))
}

// putGivenUp: by a newer record, and by a tombstone; an older put that comes
// after it takes nothing back.
func putGivenUp(e *env) {
	one, two := e.ticket("1", "x", "1"), e.ticket("2", "x", "2")
	e.put(e.live(one, 5))
	e.put(e.live(two, 5))
	e.put(e.live(e.with(one, "code", "3"), 6))
	e.put(e.live(e.with(two, "code", "1"), 6))
	e.refuses(e.live(one, 5))
	e.collides(e.live(e.ticket("3", "x", "1"), 1), "area,code", e.key(two))
	e.put(e.dead(two, 7))
	e.refuses(e.live(e.with(two, "code", "1"), 6))
	e.put(e.live(e.ticket("3", "x", "1"), 1))
}

// together puts rows in one transaction.
func (e *env) together(rows ...store.Row) error {
	return e.Follower.PutTogether(e.ctx, e.to, rows)
}

// putExchanged: keys that hold each other's values can't be put one after the
// other.
func putExchanged(e *env) {
	one, two, three := e.ticket("1", "x", "1"), e.ticket("2", "x", "2"), e.ticket("3", "x", "3")
	for _, rec := range []transform.Record{one, two, three} {
		e.put(e.live(rec, 5))
	}
	e.collides(e.live(e.with(one, "code", "2"), 6), "area,code", e.key(two))
	require.NoError(e, e.together())
	require.NoError(e, e.together(e.live(e.with(one, "code", "2"), 6), e.live(e.with(two, "code", "1"), 6)))
	e.requireLive(e.with(one, "code", "2"))
	require.EqualValues(e, 6, e.requireLive(e.with(two, "code", "1")).Version)
	require.NoError(e, e.together(
		e.live(e.with(one, "code", "3"), 7), e.live(e.with(two, "code", "2"), 7), e.live(e.with(three, "code", "1"), 7)))
	e.requireLive(e.with(one, "code", "3"))
	e.requireLive(e.with(two, "code", "2"))
	e.requireLive(e.with(three, "code", "1"))
	require.NoError(e, e.together(e.dead(one, 8), e.live(e.with(two, "code", "3"), 8)))
	e.requireTombstone(one, 8)
	e.requireLive(e.with(two, "code", "3"))
	e.collides(e.live(e.ticket("4", "x", "3"), 1), "area,code", e.key(two))
	e.put(e.live(e.ticket("4", "x", "2"), 1))
}

// putTogetherFails: half of it would be a state that never was, with values
// that nobody holds.
func putTogetherFails(e *env) {
	one, two, three := e.ticket("1", "x", "1"), e.ticket("2", "x", "2"), e.ticket("3", "x", "3")
	for _, rec := range []transform.Record{one, two, three} {
		e.put(e.live(rec, 5))
	}
	e.unchanged(func() {
		err := e.together(e.live(e.with(one, "code", "2"), 6), e.live(e.with(two, "code", "3"), 6))
		require.Equal(e, e.key(three), e.requireTaken(err, "area,code").Holder)
	})
	e.put(e.live(e.with(one, "code", "4"), 6))
}

// putTogetherOld: of keys that exchange values one may have been refreshed
// since.
func putTogetherOld(e *env) {
	one, two := e.ticket("1", "x", "1"), e.ticket("2", "x", "2")
	e.put(e.live(one, 5))
	e.put(e.live(two, 9))
	require.NoError(e, e.together(e.live(e.with(one, "code", "7"), 6), e.live(e.with(two, "code", "8"), 8)))
	e.requireLive(e.with(one, "code", "7"))
	require.EqualValues(e, 9, e.requireLive(two).Version, "what is not newer is left out")
	e.unchanged(func() {
		require.NoError(e, e.together(e.live(e.with(one, "code", "1"), 6), e.live(e.with(two, "code", "8"), 9)))
	})
	e.put(e.live(e.ticket("3", "x", "8"), 1))
}

// insertTaken: a backfill that read a row before its value went to another key.
// Its neighbours do not suffer for it.
func insertTaken(e *env) {
	two := e.ticket("2", "x", "2")
	e.put(e.live(two, 5))
	errs, err := e.Follower.Insert(e.ctx, []store.Row{
		e.live(e.ticket("1", "x", "1"), 0), e.live(e.ticket("3", "x", "2"), 0), e.live(e.ticket("4", "x", "4"), 0)})
	require.NoError(e, err)
	require.Len(e, errs, 3)
	require.NoError(e, errs[0])
	require.NoError(e, errs[2])
	require.Equal(e, e.key(two), e.requireTaken(errs[1], "area,code").Holder)
	e.requireLive(e.ticket("1", "x", "1"))
	e.requireLive(two)
	e.requireGone(e.ticket("3", "x", "2"))
	e.collides(e.live(e.ticket("5", "x", "4"), 9), "area,code", e.key(e.ticket("4", null, null)))
}

// heldByFollower: what a follower was given is held when the authority comes.
func heldByFollower(e *env) {
	e.put(e.live(e.ticket("1", "x", "1"), 5))
	e.put(e.live(e.ticket("2", "x", "2"), 5))
	e.put(e.dead(e.ticket("2", null, null), 6))
	e.lead()
	_, err := e.try(e.create(e.ticket("3", "x", "1")))
	e.requireTaken(err, "area,code")
	e.write(e.create(e.ticket("3", "x", "2")))
	e.write(e.remove(e.ticket("1", "x", "1")))
	e.write(e.create(e.ticket("4", "x", "1")))
}
