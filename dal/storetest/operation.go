package storetest

import (
	"errors"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func operationCases() []testCase {
	return bothWays(ruled(ruleOperation,
		check{name: "create", run: createFails},
		check{name: "put", run: putReplaces},
		check{name: "update", run: updateChanges},
		check{name: "update of nothing", run: updateOfNothing},
		check{name: "delete", run: deleteRemoves},
		check{name: "the answer", run: theAnswer},
		check{name: "unique values", run: uniqueValues},
		check{name: "unique values move on", run: uniqueValuesMoveOn},
		check{name: "a record given stays the caller's", run: recordStaysTheCallers},
	))
}

// createFails: a create that overwrites takes away what somebody else has stored.
func createFails(e *env) {
	rec := e.user(1)
	e.write(e.create(rec))
	e.requireLive(rec)
	e.unchanged(func() {
		_, err := e.try(e.create(e.with(rec, "username", "second", "email", "second@example.com")))
		e.requireError(err, store.ErrExists)
	})
	e.write(e.remove(rec))
	e.write(e.create(e.with(rec, "username", "again")))
	e.requireLive(e.with(rec, "username", "again"))
}

// putReplaces: what is NULL in the new record is NULL afterwards, not what it was.
func putReplaces(e *env) {
	rec := e.user(1)
	e.write(e.replace(rec))
	e.requireLive(rec)
	bare := e.with(rec, "username", null, "profile_data", null, "last_login", null)
	e.write(e.replace(bare))
	e.requireLive(bare)
}

// updateChanges: an update of one column must not carry the others along from
// some older read.
func updateChanges(e *env) {
	rec, beside := e.user(1), e.user(2)
	e.fill(rec, beside)
	var seen transform.Record
	e.write(e.modify(rec, func(now transform.Record) error {
		seen = now.Clone()
		return now.Set("username", transform.TextValue("renamed"))
	}))
	require.Equal(e, text(rec), text(seen), "Modify is given what is there")
	e.requireLive(e.with(rec, "username", "renamed"))
	e.write(e.update(rec, "profile_data", `{"bio":"other"}`))
	e.requireLive(e.with(rec, "username", "renamed", "profile_data", `{"bio":"other"}`))
	e.write(e.update(rec, "email", null))
	e.requireLive(e.with(rec, "username", "renamed", "profile_data", `{"bio":"other"}`, "email", null))
	e.requireLive(beside)
}

// updateOfNothing: an update that creates leaves a record without its columns.
func updateOfNothing(e *env) {
	rec := e.user(1)
	e.unchanged(func() {
		_, err := e.try(e.modify(rec, func(transform.Record) error { return errors.New("modify was called") }))
		e.requireError(err, store.ErrNotFound)
	}, e.key(rec))
}

// deleteRemoves: the caller learns whether there was something to delete, and what
// lies beside it stays.
func deleteRemoves(e *env) {
	rec, beside := e.user(1), e.user(2)
	e.unchanged(func() {
		_, err := e.try(e.remove(rec))
		e.requireError(err, store.ErrNotFound)
	}, e.key(rec))
	e.fill(rec, beside)
	e.write(e.remove(rec))
	e.requireGone(rec)
	e.requireLive(beside)
	e.unchanged(func() {
		_, err := e.try(e.remove(rec))
		e.requireError(err, store.ErrNotFound)
	}, e.key(rec))
}

// theAnswer: who has written knows the versions without a read.
func theAnswer(e *env) {
	a, b := e.visit("v", 1, "rank", "1"), e.visit("v", 2)
	e.fill(a, b)
	w := e.write(e.remove(b), e.create(e.visit("v", 3)), e.increment(a))
	for i, rec := range []transform.Record{b, e.visit("v", 3), a} {
		require.Equal(e, e.key(rec), w.Rows[i].Key, "rows come in the order of the mutations")
		if e.at.Captured {
			require.Equal(e, e.row(e.key(rec)).Version, w.Rows[i].Version)
		}
	}
	require.False(e, w.Repeated)
}

// uniqueValues tries every operation that could give a value away twice.
func uniqueValues(e *env) {
	e.fill(e.user(1), e.user(2), e.user(3, "username", null, "email", null))
	for _, c := range []struct {
		m      store.Mutation
		column string
	}{
		{e.create(e.user(4, "username", "user-1")), "username"},
		{e.create(e.user(4, "email", "user-1@example.com")), "email"},
		{e.replace(e.user(4, "username", "user-2")), "username"},
		{e.update(e.user(1), "email", "user-2@example.com"), "email"},
		{e.update(e.user(3), "username", "user-1"), "username"},
	} {
		e.unchanged(func() {
			_, err := e.try(c.m)
			e.requireError(err, store.ErrUnique)
			var se *store.Error
			require.ErrorAs(e, err, &se)
			require.Equal(e, c.column, se.Field, "the error names the column")
		}, e.key(e.user(4)))
	}
}

// uniqueValuesMoveOn: NULL is nobody's, one's own value is no obstacle, and a
// value that was given up is free.
func uniqueValuesMoveOn(e *env) {
	e.fill(e.user(1), e.user(2), e.user(3, "username", null, "email", null))
	e.write(e.create(e.user(4, "username", null, "email", null)))
	e.write(e.update(e.user(1), "registration_date", "2020-01-01"))
	e.write(e.replace(e.user(1)))
	e.write(e.update(e.user(1), "username", "renamed"))
	e.write(e.update(e.user(2), "username", "user-1"))
	e.write(e.remove(e.user(2)))
	e.write(e.create(e.user(5, "username", "user-1")))
	e.write(e.remove(e.user(5)), e.create(e.user(6, "username", "user-1")))
}

// recordStaysTheCallers: a caller goes on with the record it gave to a write.
func recordStaysTheCallers(e *env) {
	rec := e.user(1)
	given := rec.Clone()
	w := e.write(e.create(given))
	require.NoError(e, given.Set("username", transform.TextValue("mine")))
	if r := w.Rows[0].Record; !r.IsZero() {
		require.NoError(e, r.Set("username", transform.TextValue("mine")))
	}
	e.requireLive(rec)
	var kept transform.Record
	e.write(e.modify(rec, func(now transform.Record) error { kept = now; return nil }))
	require.NoError(e, kept.Set("username", transform.TextValue("mine")))
	e.requireLive(rec)
}
