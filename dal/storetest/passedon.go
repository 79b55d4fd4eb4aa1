package storetest

import (
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// passedOnCases are of writes whose records pass unique values among themselves.
func passedOnCases() []testCase {
	return bothWays(ruled(ruleUnique,
		check{name: "passed on in one write", run: passedOn},
		check{name: "taken before it is given up", run: takenTooEarly},
		check{name: "taken too early, and the first is told", run: firstToldOf},
		ofNames("passed on in one write, folded", passedOnFolded),
		ofFamilies("passed on by what is taken along", passedOnAlong),
	))
}

// takesTooEarly requires that a write is refused for a value of the columns that holder has
// when the write takes it, and changes nothing.
func (e *env) takesTooEarly(field string, holder transform.Record, m ...store.Mutation) {
	e.Helper()
	var others []transform.Key
	for _, m := range m {
		if !m.Key.IsZero() {
			others = append(others, m.Key)
		}
	}
	e.unchanged(func() {
		_, err := e.try(m...)
		se := e.requireTaken(err, field)
		require.Equal(e, holder.Entity().Name, se.Entity, "the error names the entity")
		require.True(e, se.Holder.IsZero() || se.Holder == e.key(holder), "the error names who holds the value, or nobody")
	}, others...)
}

// passedOn: what one mutation gives up is free for the next one, in whichever way both do
// it, over any number of records.
func passedOn(e *env) {
	one, two, three := e.ticket("1", "x", "1"), e.ticket("2", "x", "2"), e.ticket("3", "x", "3")
	e.write(e.create(one), e.create(two), e.create(three))
	e.write(e.update(one, "code", "4"), e.update(two, "code", "1"), e.update(three, "code", "2"))
	e.requireLive(e.with(one, "code", "4"))
	e.requireLive(e.with(two, "code", "1"))
	e.requireLive(e.with(three, "code", "2"))
	e.write(e.remove(one), e.create(e.ticket("5", "x", "4")), e.replace(e.ticket("2", "x", "5")), e.createTicket("x", "1"))
	e.requireGone(one)
	e.write(e.update(three, "code", null), e.replace(e.ticket("1", "x", "2")), e.replace(e.ticket("2", "x", "6")), e.replace(e.ticket("5", "x", "5")))
	e.requireLive(e.ticket("1", "x", "2"))
	e.requireLive(e.ticket("2", "x", "6"))
	e.write(e.create(e.user(1)), e.create(e.user(2)))
	e.write(e.update(e.user(1), "username", "user-3", "email", null), e.update(e.user(2), "username", "user-1", "email", "user-1@example.com"),
		e.update(e.ticket("1", null, null), "area", "y"), e.create(e.ticket("90", "x", "2")))
	e.requireLive(e.user(2, "username", "user-1", "email", "user-1@example.com"))
	e.requireLive(e.ticket("90", "x", "2"))
}

// takenTooEarly: a value that is still held when a mutation takes it is taken, though a
// later one gives it up: MySQL looks at each statement as it runs. So one write exchanges
// nothing.
func takenTooEarly(e *env) {
	one, two, three := e.ticket("1", "x", "1"), e.ticket("2", "x", "2"), e.ticket("3", "x", null)
	e.write(e.create(one), e.create(two), e.create(three))
	for _, m := range [][]store.Mutation{
		{e.update(two, "code", "1"), e.update(one, "code", "4")},
		{e.update(two, "code", "1"), e.update(one, "code", "2")},
		{e.replace(e.with(two, "code", "1")), e.replace(e.with(one, "code", "2"))},
		{e.create(e.ticket("5", "x", "1")), e.remove(one)},
		{e.createTicket("x", "1"), e.replace(e.with(one, "code", null))},
		{e.update(three, "code", "1"), e.update(one, "area", "y")},
		{e.update(two, "code", "4"), e.update(three, "code", "1"), e.update(one, "code", "2")},
		{e.update(three, "code", "1"), e.remove(two), e.remove(one)},
		{e.replace(one), e.update(three, "code", "1")},
	} {
		e.takesTooEarly("area,code", one, m...)
	}
	e.write(e.update(one, "code", null), e.update(three, "code", null, "area", "x"), e.update(two, "code", "1"))
	e.write(e.replace(e.ticket("1", "x", "2")), e.replace(e.ticket("3", null, "2")))
	e.requireLive(e.ticket("2", "x", "1"))
}

// firstToldOf: of several uniques each is looked at by itself, and of several mutations
// that take too early the first is told.
func firstToldOf(e *env) {
	one, two := e.user(1), e.user(2)
	e.write(e.create(one), e.create(two), e.create(e.ticket("1", "x", "1")), e.create(e.ticket("2", "x", "2")))
	e.takesTooEarly("username", two, e.update(one, "username", "user-2", "email", null), e.update(two, "username", "user-1", "email", "user-1@example.com"))
	e.takesTooEarly("email", one, e.update(two, "username", "user-3", "email", "user-1@example.com"),
		e.update(one, "username", "user-2", "email", "user-2@example.com"))
	e.takesTooEarly("email", one, e.update(two, "email", "user-1@example.com"), e.update(e.ticket("1", null, null), "code", "2"),
		e.update(e.ticket("2", null, null), "code", "1"), e.update(one, "email", "user-2@example.com"))
	e.takesTooEarly("area,code", e.ticket("2", "x", "2"), e.update(e.ticket("1", null, null), "code", "2"), e.update(two, "email", "user-1@example.com"),
		e.remove(e.ticket("2", null, null)), e.update(one, "email", "user-2@example.com"))
	e.takesTooEarly("username", two, e.create(e.user(3, "username", "user-2")), e.create(e.user(4)), e.create(e.user(5, "email", "user-4@example.com")))
	e.takesTooEarly("email", e.user(4), e.create(e.user(4)), e.create(e.user(5, "email", "user-4@example.com")), e.create(e.user(3, "username", "user-2")))
}

// passedOnFolded: another form of a value is the same value, also for who gives it up.
func passedOnFolded(e *env) {
	one, two := e.account(1, "login", "José"), e.account(2, "login", "bob")
	e.write(e.create(one), e.create(two))
	for _, m := range [][]store.Mutation{
		{e.update(two, "login", "JOSE"), e.update(one, "login", "carl")},
		{e.update(one, "login", "jose "), e.update(two, "login", "JOSE")},
		{e.update(one, "login", "BOB"), e.update(two, "login", "JOSE")},
	} {
		e.sameAccounts(func() {
			_, err := e.try(m...)
			e.requireTaken(err, "login")
		})
	}
	e.write(e.update(one, "login", "carl"), e.update(two, "login", "JOSE"), e.create(e.account(3, "login", "Bob ")))
	e.requireLive(e.account(2, "login", "JOSE"))
	e.requireLive(e.account(3, "login", "Bob "))
}

// passedOnAlong: what a delete takes along gives its values up with it.
func passedOnAlong(e *env) {
	rex, bo := e.pet(2, "rex", "chip", "c"), e.pet(3, "bo", "chip", "d")
	e.fill(e.person(1), e.person(2, "parent_id", "1"), e.person(3), e.person(4), rex, bo)
	late := e.pet(3, "late", "chip", "c")
	e.takesTooEarly("chip", rex, e.create(late), e.remove(e.person(1)))
	e.takesTooEarly("chip", rex, e.remove(e.person(4)), e.create(late), e.remove(e.person(1)))
	e.write(e.update(bo, "chip", "e"), e.remove(e.person(1)), e.create(late), e.create(e.pet(3, "last", "chip", "d")))
	e.requireLive(late)
	e.requireGone(rex)
}
