package storetest

import (
	"errors"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func tokenCases() []testCase {
	return ruled(ruleToken,
		check{name: "repeated, bare", run: func(e *env) { e.start(); tokenRepeated(e) }},
		check{name: "repeated, captured", run: func(e *env) { e.start(); e.capture(); tokenRepeated(e) }},
		check{name: "repeated after others have written", run: tokenAfterOthers},
		check{name: "repeated in another epoch", run: tokenInAnotherEpoch},
		check{name: "repeated by another process", run: tokenInAnotherProcess},
		check{name: "repeated in another order", run: tokenInAnotherOrder},
		check{name: "for another write", run: tokenForAnotherWrite},
		check{name: "of a write that failed", run: tokenOfFailedWrite},
		check{name: "at the same time", run: tokenAtOnce},
		check{name: "none", run: noToken},
		ofFamilies("repeated while references are in its way", tokenOfReferences),
	)
}

// once writes the mutations with a token.
func (e *env) once(token string, m ...store.Mutation) store.Written {
	e.Helper()
	w, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: m, Token: token})
	require.NoError(e, err)
	require.Len(e, w.Rows, len(m))
	return w
}

// requireRepeated writes a second time and requires that nothing happens.
func (e *env) requireRepeated(token string, m ...store.Mutation) {
	e.Helper()
	e.unchanged(func() {
		w := e.once(token, m...)
		require.True(e, w.Repeated, "the answer says that the write was there")
		for i := range m {
			require.Equal(e, m[i].Key, w.Rows[i].Key)
		}
	})
}

// tokenRepeated: a caller whose first reply was lost can't know, and asks again.
func tokenRepeated(e *env) {
	a, b, c := e.visit("v", 1, "rank", "1"), e.visit("v", 2), e.user(1)
	e.fill(a, b)
	all := []store.Mutation{e.increment(a), e.remove(b), e.create(c)}
	w := e.once("once", all...)
	require.False(e, w.Repeated)
	require.EqualValues(e, 2, e.rank(a))
	for range 2 {
		e.requireRepeated("once", all...)
	}
	require.False(e, e.once("twice", e.increment(a)).Repeated, "another token is another write")
	require.EqualValues(e, 3, e.rank(a))
}

// tokenOfReferences: what refers to a record by then, or is not there to be referred to any
// more, does not refuse a write that was made long before.
func tokenOfReferences(e *env) {
	e.start()
	e.capture()
	person, deed := e.person(1), e.deed(1, "holder_id", "1")
	e.fill(person)
	read := e.row(e.key(person))
	remove := store.Mutation{Op: store.Delete, Key: read.Key, Expect: &read}
	e.once("removed", remove)
	e.fill(person)
	e.once("referred", e.create(deed))
	e.requireRepeated("removed", remove)
	e.requireLive(person)
	e.write(e.remove(deed))
	e.write(e.remove(person))
	e.requireRepeated("referred", e.create(deed))
	e.requireGone(deed)
}

// tokenAfterOthers: a retry that comes late must not undo what was written in
// between.
func tokenAfterOthers(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.once("mine", e.replace(rec))
	e.write(e.update(rec, "username", "theirs"))
	e.requireRepeated("mine", e.replace(rec))
	e.write(e.remove(rec))
	e.requireRepeated("mine", e.replace(rec))
	e.requireGone(rec)
}

// tokenInAnotherEpoch: the first reply may be lost because the phase changed.
func tokenInAnotherEpoch(e *env) {
	e.start()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	e.once("bare", e.increment(rec))
	e.capture()
	e.requireRepeated("bare", e.increment(rec))
	e.once("captured", e.increment(rec))
	e.advance(true)
	e.requireRepeated("captured", e.increment(rec))
	require.EqualValues(e, 2, e.rank(rec))
}

// tokenInAnotherProcess: a load balancer sends the retry somewhere else.
func tokenInAnotherProcess(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	e.once("once", e.increment(rec))
	e.Subject = e.other()
	e.requireRepeated("once", e.increment(rec))
}

// tokenInAnotherOrder: a token belongs to a set of operations and keys. Which
// of them comes first, and what a record says, may differ the second time.
func tokenInAnotherOrder(e *env) {
	e.start()
	e.capture()
	a, b := e.user(1), e.visit("v", 1)
	e.once("once", e.replace(a), e.create(b))
	e.requireRepeated("once", e.create(b), e.replace(e.with(a, "username", "second")))
}

// tokenForAnotherWrite: a token used twice by mistake must not swallow a write.
func tokenForAnotherWrite(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	e.once("used", e.update(rec, "username", "renamed"))
	e.unchanged(func() {
		for _, m := range [][]store.Mutation{
			{e.remove(rec)},
			{e.create(e.user(2))},
			{e.update(e.user(2), "username", "renamed")},
			{e.update(rec, "username", "renamed"), e.create(e.user(2))},
		} {
			_, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: m, Token: "used"})
			e.requireError(err, store.ErrInvalid)
		}
	}, e.key(e.user(2)))
}

// tokenOfFailedWrite: a token that outlives its write turns the next try into a
// success that never was.
func tokenOfFailedWrite(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	errModify := errors.New("modify says no")
	for _, m := range [][]store.Mutation{
		{e.create(rec)},
		{e.increment(rec), e.create(e.visit("v", 2)), e.remove(e.visit("v", 3))},
		{e.modify(rec, func(transform.Record) error { return errModify })},
	} {
		_, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: m, Token: "failed"})
		require.Error(e, err)
	}
	require.False(e, e.once("failed", e.increment(rec)).Repeated, "a write that failed leaves no token")
	require.EqualValues(e, 1, e.rank(rec))
}

// tokenAtOnce plays a caller that retries while its first try is still on the
// way.
func tokenAtOnce(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	handles := []Subject{e.Subject, e.other()}
	var applied atomic.Int64
	for _, err := range together(8, func(i int) error {
		return persist(func() error {
			w, err := handles[i%2].Authority.Write(e.ctx, e.at, store.Write{
				Mutations: []store.Mutation{e.increment(rec)}, Token: "once"})
			if err == nil && !w.Repeated {
				applied.Add(1)
			}
			return err
		})
	}) {
		require.NoError(e, err)
	}
	require.EqualValues(e, 1, e.rank(rec))
	require.EqualValues(e, 1, applied.Load(), "one of them says that it was the one")
}

// noToken: most writes have none, and are all different.
func noToken(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	for range 2 {
		require.False(e, e.write(e.increment(rec)).Repeated)
	}
	require.EqualValues(e, 2, e.rank(rec))
}
