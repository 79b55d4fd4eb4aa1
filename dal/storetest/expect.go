package storetest

import (
	"errors"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func expectCases() []testCase {
	return append(bothWays(ruled(ruleExpect,
		check{name: "what was read is there", run: expectedIsThere},
		check{name: "what was read has changed", run: expectedHasChanged},
		check{name: "what was read came back", run: expectedCameBack},
		check{name: "what was read is compared first", run: expectedFirst},
		check{name: "checks alone", run: checksAlone},
		check{name: "a check without an expectation", run: checkOfNothing},
		check{name: "two that read each other's", run: readEachOthers},
		check{name: "two that find each other's missing", run: findEachOthersMissing},
		check{name: "of another epoch", run: expectedInAnotherEpoch},
	)), ruled(ruleExpect,
		check{name: "a bump is no change", run: bumpIsNoChange},
		check{name: "repeated with a token", run: decidedWithToken},
	)...)
}

// read returns what a caller of this epoch finds at the record's key.
func (e *env) read(rec transform.Record) *store.Row {
	e.Helper()
	row, err := e.Authority.Get(e.ctx, e.at, e.key(rec))
	require.NoError(e, err)
	return &row
}

// upon returns the mutation with an expectation.
func upon(read *store.Row, m store.Mutation) store.Mutation {
	m.Expect = read
	return m
}

// holds is a Check of what was read.
func holds(read *store.Row) store.Mutation {
	return store.Mutation{Op: store.Check, Key: read.Key, Expect: read}
}

func expectedIsThere(e *env) {
	a, b, c, d, seen, missing := e.visit("v", 1, "rank", "1"), e.user(1), e.user(2), e.user(3), e.visit("v", 2), e.user(4)
	e.fill(a, b, d, seen)
	if e.at.Captured {
		e.cleanAll()
	}
	before := e.row(e.key(seen))
	w := e.write(
		holds(e.read(seen)), upon(e.read(a), e.increment(a)), upon(e.read(b), e.replace(e.with(b, "username", "put"))),
		upon(e.read(c), e.create(c)), upon(e.read(d), e.remove(d)), holds(e.read(missing)),
	)
	require.EqualValues(e, 2, e.rank(a))
	e.requireLive(e.with(b, "username", "put"))
	e.requireLive(c)
	e.requireGone(d)
	e.requireGone(missing)
	require.Equal(e, describe(before), describe(e.row(before.Key)), "a check changes nothing")
	require.Equal(e, store.Row{Key: before.Key}, w.Rows[0], "and its row has the key only")
	if e.at.Captured {
		require.Len(e, e.dirty(), 4, "nor does it leave a change record")
	}
}

// expectedHasChanged tries every operation upon what another one made different.
func expectedHasChanged(e *env) {
	beside := e.user(50)
	n := 0
	for _, meanwhile := range []struct {
		name  string
		there bool // before it
		do    func(transform.Record) store.Mutation
	}{
		{name: "created", do: e.create},
		{name: "changed", there: true, do: func(r transform.Record) store.Mutation { return e.update(r, "username", "other") }},
		{name: "deleted", there: true, do: e.remove},
	} {
		for _, op := range []func(transform.Record) store.Mutation{
			e.create, e.replace, e.remove, func(r transform.Record) store.Mutation { return e.update(r, "username", "mine") },
			func(r transform.Record) store.Mutation { return store.Mutation{Op: store.Check, Key: e.key(r)} },
		} {
			n++
			rec := e.user(n)
			if meanwhile.there {
				e.fill(rec)
			}
			read := e.read(rec)
			m := upon(read, op(rec))
			if m.Op == store.Create && read.Live || (m.Op == store.Update || m.Op == store.Delete) && !read.Live {
				continue // nobody decides so
			}
			e.write(meanwhile.do(rec))
			e.unchanged(func() {
				for _, mutations := range [][]store.Mutation{{m, e.create(beside)}, {e.create(beside), m}, {m}} {
					_, err := e.try(mutations...)
					require.ErrorIs(e, err, store.ErrChanged, "%s upon what was %s", m.Op, meanwhile.name)
					e.requireError(err, store.ErrConflict)
				}
			}, m.Key, e.key(beside))
			if e.row(m.Key).Live {
				e.write(e.update(rec, "username", string(rune('a'+n)))) // so that no two have "other"
			}
		}
	}
}

// expectedFirst: before anything else of the write, which may be in its way or may change
// what is there, whichever of them comes first.
func expectedFirst(e *env) {
	e.fill(e.user(90))
	other := e.create(e.user(91, "username", "user-90"))
	for n, op := range []func(transform.Record) store.Mutation{
		func(r transform.Record) store.Mutation { return e.update(r, "username", "mine") }, e.replace, e.remove,
		func(r transform.Record) store.Mutation { return store.Mutation{Op: store.Check, Key: e.key(r)} },
	} {
		rec := e.user(n)
		e.fill(rec)
		m := upon(e.read(rec), op(rec))
		writes := [][]store.Mutation{{other, m}, {m, other}}
		e.unchanged(func() {
			for _, w := range writes {
				_, err := e.try(w...)
				e.requireError(err, store.ErrUnique)
			}
		}, other.Key)
		e.write(e.update(rec, "email", "other"))
		e.unchanged(func() {
			for _, w := range writes {
				_, err := e.try(w...)
				require.ErrorIs(e, err, store.ErrChanged, "%s upon what was changed", m.Op)
				e.requireError(err, store.ErrConflict)
			}
		}, other.Key)
		e.write(e.remove(rec))
	}
}

// expectedCameBack: what was decided upon a record is right for the same record,
// whatever was there meanwhile.
func expectedCameBack(e *env) {
	rec, gone := e.visit("v", 1, "rank", "1"), e.visit("v", 2)
	e.fill(rec)
	read, missing := e.read(rec), e.read(gone)
	e.write(e.increment(rec), e.create(gone))
	e.write(e.replace(rec), e.remove(gone))
	e.write(upon(read, e.increment(rec)), holds(missing))
	require.EqualValues(e, 2, e.rank(rec))
}

func checksAlone(e *env) {
	rec, missing := e.user(1), e.user(2)
	e.fill(rec)
	if e.at.Captured {
		e.cleanAll()
	}
	all := []store.Mutation{holds(e.read(rec)), holds(e.read(missing))}
	e.unchanged(func() { require.Empty(e, e.write(all...).Changes) }, e.key(missing))
	e.write(e.create(missing))
	_, err := e.try(all...)
	e.requireError(err, store.ErrChanged)
}

func checkOfNothing(e *env) {
	rec := e.user(1)
	_, err := e.try(store.Mutation{Op: store.Check, Key: e.key(rec)})
	e.requireError(err, store.ErrInvalid)
	_, err = e.try(upon(&store.Row{}, e.createTicket("a", "1")))
	e.requireError(err, store.ErrInvalid)
}

// decide repeats what one caller decides upon what it reads, until it commits.
// Before its first write it waits until the others have read too.
func (e *env) decide(handle Subject, others *sync.WaitGroup, decide func(read func(transform.Record) *store.Row) []store.Mutation) error {
	for first := true; ; first = false {
		var fault error
		mutations := decide(func(rec transform.Record) *store.Row {
			row, err := handle.Authority.Get(e.ctx, e.at, e.key(rec))
			fault = errors.Join(fault, err)
			return &row
		})
		if first {
			others.Done()
			others.Wait()
		}
		if fault != nil {
			return fault
		}
		_, err := handle.Authority.Write(e.ctx, e.at, store.Write{Mutations: mutations})
		if !errors.Is(err, store.ErrConflict) || store.OutcomeOf(err) != store.NotApplied {
			return err
		}
	}
}

// bothDecide lets two callers decide at once, each for one of the records as its
// own, upon what is at both.
func (e *env) bothDecide(a, b transform.Record, decide func(mine transform.Record, m, o *store.Row) []store.Mutation) {
	e.Helper()
	handles := []Subject{e.Subject, e.other()}
	var reading sync.WaitGroup
	reading.Add(2)
	for _, err := range together(2, func(i int) error {
		mine, others := a, b
		if i == 1 {
			mine, others = b, a
		}
		return e.decide(handles[i], &reading, func(read func(transform.Record) *store.Row) []store.Mutation {
			return decide(mine, read(mine), read(others))
		})
	}) {
		require.NoError(e, err)
	}
}

// readEachOthers: each takes from one record, as long as both together have
// enough. Where only what is written is looked at again, both take.
func readEachOthers(e *env) {
	a, b := e.visit("v", 1, "rank", "0"), e.visit("v", 2, "rank", "0")
	for range 5 {
		e.set(a)
		e.set(b)
		e.bothDecide(a, b, func(mine transform.Record, m, o *store.Row) []store.Mutation {
			if !m.Live || !o.Live || rankOf(m.Record)+rankOf(o.Record) > 0 {
				return []store.Mutation{holds(m), holds(o)}
			}
			return []store.Mutation{holds(o), upon(m, e.increment(mine))}
		})
		require.EqualValues(e, 1, e.rank(a)+e.rank(b), "one of the two has taken")
	}
}

// findEachOthersMissing is the same with records that are not there.
func findEachOthersMissing(e *env) {
	a, b := e.visit("v", 1), e.visit("v", 2)
	for range 5 {
		e.bothDecide(a, b, func(mine transform.Record, m, o *store.Row) []store.Mutation {
			if m.Live || o.Live {
				return []store.Mutation{holds(m), holds(o)}
			}
			return []store.Mutation{holds(o), upon(m, e.create(mine))}
		})
		first, second := e.row(e.key(a)).Live, e.row(e.key(b)).Live
		require.NotEqual(e, first, second, "one of the two is there")
		if first {
			e.unset(a)
		} else {
			e.unset(b)
		}
	}
}

func rankOf(rec transform.Record) int64 {
	v, _ := rec.Get("rank")
	n, _ := v.Int()
	return n
}

// expectedInAnotherEpoch: a check is as much a write as any other.
func expectedInAnotherEpoch(e *env) {
	rec := e.user(1)
	e.fill(rec)
	read, old := e.read(rec), e.at
	e.advance(true)
	e.unchanged(func() {
		_, err := e.Authority.Write(e.ctx, old, store.Write{Mutations: []store.Mutation{holds(read)}})
		e.requireError(err, store.ErrWrongPhase)
		_, err = e.Authority.Token(e.ctx, old, "any")
		require.ErrorIs(e, err, store.ErrWrongPhase)
	})
}

// bumpIsNoChange: a relay that bumps a key keeps nobody from writing it.
func bumpIsNoChange(e *env) {
	e.start()
	e.capture()
	rec, seen := e.visit("v", 1, "rank", "1"), e.user(1)
	e.fill(rec, seen)
	a, b := e.read(rec), e.read(seen)
	require.NoError(e, e.Authority.Bump(e.ctx, []transform.Key{e.key(rec), e.key(seen)}))
	e.write(upon(a, e.increment(rec)), holds(b))
	require.EqualValues(e, 2, e.rank(rec))
}

// decidedWithToken: what is decided a second time, upon what the first left, may
// be something else.
func decidedWithToken(e *env) {
	e.start()
	e.capture()
	rec, other := e.visit("v", 1, "rank", "0"), e.user(1)
	e.fill(rec)
	known, err := e.Authority.Token(e.ctx, e.at, "once")
	require.NoError(e, err)
	require.Nil(e, known)
	w := store.Write{Token: "once", Decided: true, Mutations: []store.Mutation{upon(e.read(rec), e.increment(rec)), e.createTicket("a", "1")}}
	done, err := e.Authority.Write(e.ctx, e.at, w)
	require.NoError(e, err)
	known, err = e.Authority.Token(e.ctx, e.at, "once")
	require.NoError(e, err)
	require.NotNil(e, known)
	require.Equal(e, w.Fingerprint(), known.Fingerprint)
	require.Len(e, known.Assigned, 1)
	require.Equal(e, e.idOf(done.Rows[1]), known.Assigned[0])
	e.unchanged(func() {
		again := store.Write{Token: "once", Decided: true, Mutations: []store.Mutation{
			e.createTicket("b", "1"), e.createTicket("b", "2"), e.create(other), holds(w.Mutations[0].Expect),
		}}
		require.Equal(e, w.Fingerprint(), again.Fingerprint())
		done, err := e.Authority.Write(e.ctx, e.at, again)
		require.NoError(e, err)
		require.True(e, done.Repeated)
	}, e.key(other))
	_, err = e.Authority.Write(e.ctx, e.at, store.Write{Token: "once", Mutations: []store.Mutation{e.increment(rec)}})
	e.requireError(err, store.ErrInvalid)
}
