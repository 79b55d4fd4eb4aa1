package storetest

import (
	"context"
	"errors"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func commitCases() []testCase {
	return ruled(ruleCommit,
		check{name: "under capture every operation leaves one", run: everyOperationLeavesOne},
		check{name: "without capture none does", run: bareLeavesNone},
		check{name: "each mutation of a write leaves its own", run: eachMutationLeavesOne},
		check{name: "a row from before capture is written under it", run: seededRowIsWritten},
		check{name: "a mutation that fails takes the others with it, bare", run: func(e *env) { e.start(); failingMutation(e) }},
		check{name: "a mutation that fails takes the others with it, captured", run: func(e *env) { e.start(); e.capture(); failingMutation(e) }},
		check{name: "an error of Modify", run: modifyError},
		check{name: "a context that is over", run: contextIsOver},
		check{name: "a context that ends in Modify", run: contextEndsInModify},
	)
}

// everyOperationLeavesOne: without its change record a write never reaches the
// follower.
func everyOperationLeavesOne(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	for _, m := range []store.Mutation{
		e.create(rec), e.update(rec, "username", "renamed"), e.replace(rec), e.remove(rec), e.replace(rec),
	} {
		w := e.write(m)
		require.Equal(e, m.Key, w.Rows[0].Key)
		require.NotZero(e, w.Rows[0].Version, "%s: a captured write has a version", m.Op)
		row := e.row(m.Key)
		require.Equal(e, w.Rows[0].Version, row.Version, "%s: the version in the answer is the stored one", m.Op)
		require.Equal(e, map[transform.Key]store.Version{m.Key: row.Version}, e.dirty(), "after %s", m.Op)
		require.Equal(e, e.dirty(), e.inChanges(w.Changes), "the answer tells of the change record")
		e.clean(m.Key)
		require.Empty(e, e.dirty())
	}
}

// bareLeavesNone: without capture a write costs what it costs without the library.
func bareLeavesNone(e *env) {
	e.start()
	rec := e.user(1)
	for _, m := range []store.Mutation{
		e.create(rec), e.update(rec, "username", "renamed"), e.replace(rec), e.remove(rec), e.replace(rec),
	} {
		w := e.write(m)
		require.Empty(e, e.dirty(), "after %s", m.Op)
		require.Empty(e, w.Changes, "after %s", m.Op)
		require.Zero(e, w.Rows[0].Version, "%s: a bare write answers with no version", m.Op)
		if !e.leased() { // where the version is part of the item there always is one
			require.Zero(e, e.row(m.Key).Version, "after %s", m.Op)
		}
	}
	e.requireLive(rec)
}

// eachMutationLeavesOne: a transaction that notes only some of its keys leaves the
// others behind in the follower for ever.
func eachMutationLeavesOne(e *env) {
	e.start()
	e.capture()
	a, b, c, d := e.user(1), e.user(2), e.visit("v", 1, "rank", "1"), e.visit("v", 2)
	e.fill(b, c, d)
	e.cleanAll()
	w := e.write(e.remove(d), e.increment(c), e.create(a), e.update(b, "username", "renamed"))
	want := map[transform.Key]store.Version{}
	for i, rec := range []transform.Record{d, c, a, b} {
		require.Equal(e, e.key(rec), w.Rows[i].Key, "rows come in the order of the mutations")
		want[e.key(rec)] = w.Rows[i].Version
	}
	require.Equal(e, want, e.dirty())
	require.Equal(e, want, e.inChanges(w.Changes))
	e.requireLive(a)
	e.requireLive(e.with(b, "username", "renamed"))
	e.requireLive(e.with(c, "rank", "2"))
	e.requireGone(d)
}

// seededRowIsWritten: most rows are older than the library. They have no change
// record until a write gives them one, and no version that a follower could have.
func seededRowIsWritten(e *env) {
	e.start()
	kept, changed, gone := e.user(1), e.user(2), e.user(3)
	if e.Seed != nil {
		e.Seed(e, kept, changed, gone)
	} else {
		e.fill(kept, changed, gone)
	}
	e.capture()
	require.Empty(e, e.dirty())
	for _, rec := range []transform.Record{kept, changed, gone} {
		row := e.requireLive(rec)
		require.True(e, e.leased() || row.Version == 0, "never written under capture")
		require.False(e, row.Dirty)
	}
	e.write(e.update(changed, "username", "renamed"), e.remove(gone))
	e.requireLive(kept)
	e.requireLive(e.with(changed, "username", "renamed"))
	e.requireGone(gone)
	require.Len(e, e.dirty(), 2)
	require.Greater(e, e.row(e.key(changed)).Version, store.Floor(e.at.Epoch))
}

// failingMutation tries writes of two mutations of which one cannot be done,
// in both orders.
func failingMutation(e *env) {
	there, taken := e.user(1), e.user(2)
	e.fill(there, taken)
	fresh, missing := e.user(10), e.user(11)
	errModify := errors.New("modify says no")
	for _, c := range []struct {
		name string
		good store.Mutation
		bad  store.Mutation
		kind error
	}{
		{"create beside create of what is there", e.create(fresh), e.create(there), store.ErrExists},
		{"create beside update of nothing", e.create(fresh), e.update(missing, "username", "x"), store.ErrNotFound},
		{"update beside delete of nothing", e.update(there, "username", "renamed"), e.remove(missing), store.ErrNotFound},
		{"delete beside create with a taken value", e.remove(there), e.create(e.user(12, "email", "user-2@example.com")), store.ErrUnique},
		{"create beside update to a taken value", e.create(fresh), e.update(there, "username", "user-2"), store.ErrUnique},
		{"put beside put with a taken value", e.replace(e.with(there, "username", "renamed")), e.replace(e.user(12, "username", "user-2")), store.ErrUnique},
		{"delete beside a Modify that fails", e.remove(there), e.modify(taken, func(transform.Record) error { return errModify }), errModify},
	} {
		for _, mutations := range [][]store.Mutation{{c.good, c.bad}, {c.bad, c.good}} {
			e.unchanged(func() {
				_, err := e.try(mutations...)
				require.ErrorIs(e, err, c.kind, c.name)
				if c.kind != errModify {
					e.requireError(err, c.kind)
				}
			}, e.key(fresh), e.key(missing), e.key(there), c.bad.Key)
		}
	}
}

// modifyError: the service tells its own errors from the store's by identity.
func modifyError(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	e.clean(e.key(rec))
	e.unchanged(func() {
		errModify := errors.New("modify says no")
		_, err := e.try(e.modify(rec, func(now transform.Record) error {
			now.SetAt(e.users.ColumnIndex("username"), transform.TextValue("half-done"))
			return errModify
		}))
		require.True(e, err == errModify, "the error comes back unchanged, not as %v", err)
	})
}

// contextIsOver: a caller that has gone before the commit gets nothing done.
func contextIsOver(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	e.clean(e.key(rec))
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	e.unchanged(func() {
		for _, m := range []store.Mutation{
			e.create(e.user(2)), e.replace(e.with(rec, "username", "x")), e.update(rec, "username", "x"), e.remove(rec),
		} {
			_, err := e.Authority.Write(ctx, e.at, store.Write{Mutations: []store.Mutation{m}})
			require.ErrorIs(e, err, context.Canceled, "%s", m.Op)
			require.NotEqual(e, store.Applied, store.OutcomeOf(err), "%s", m.Op)
		}
		require.ErrorIs(e, e.Authority.Bump(ctx, []transform.Key{e.key(rec)}), context.Canceled)
	}, e.key(e.user(2)))
}

// contextEndsInModify leaves open whether the store goes on, but not that it
// may stop half way or say something that is not so.
func contextEndsInModify(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	e.clean(e.key(rec))
	before := e.row(e.key(rec))
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	m := e.modify(rec, func(now transform.Record) error {
		cancel()
		return now.Set("username", transform.TextValue("late"))
	})
	_, err := e.Authority.Write(ctx, e.at, store.Write{Mutations: []store.Mutation{m, e.create(e.user(2))}})
	row, created := e.row(e.key(rec)), e.row(e.key(e.user(2)))
	applied := row.Version != before.Version
	require.Equal(e, applied, created.Live, "all mutations or none")
	require.Equal(e, applied, e.isDirty(row.Key), "the change record belongs to the write")
	require.Equal(e, applied, text(row.Record) != text(before.Record), "the version belongs to the data")
	if err == nil {
		require.True(e, applied)
	} else if store.OutcomeOf(err) == store.NotApplied {
		require.False(e, applied, "%v", err)
	}
}
