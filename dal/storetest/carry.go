package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

func carryCases() []testCase {
	return ruled(ruleCarry,
		check{name: "with the write's changes", run: carriedWithWrite},
		check{name: "until it is cleaned", run: carriedUntilClean},
		check{name: "of a bare write, once capture begins", run: carriedFromBare},
		underLease("of a stray, which can be used again", disowned),
	)
}

// keepCases are a follower's.
func keepCases() []testCase {
	return ruled(ruleKeep,
		inTurn("once the store is the authority", keptRepeats),
		inTurn("with the ids that were assigned", keptIDs),
		inTurn("for another write", keptForAnother),
		inTurn("that is there stays", keptTwice),
		inTurn("over one that has expired", keptOverExpired),
	)
}

// token returns a token of a write as the other store would have kept it.
func (e *env) token(text string, m ...store.Mutation) store.Token {
	return store.Token{Token: text, Fingerprint: store.Write{Mutations: m}.Fingerprint(), Created: time.Now().Truncate(time.Millisecond).UTC()}
}

// carried returns the tokens of the changes, by their text.
func (e *env) carried(changes []store.Change) map[string]store.Token {
	e.Helper()
	all := map[string]store.Token{}
	for _, c := range changes {
		if c.Token != nil {
			require.NotContains(e, all, c.Token.Token, "a token comes twice")
			all[c.Token.Token] = *c.Token
		}
	}
	return all
}

// carriedWithWrite: without its token in the follower, a retry after a hand-off
// is applied a second time.
func carriedWithWrite(e *env) {
	e.start()
	e.capture()
	a, b := e.user(1), e.visit("v", 1)
	begin := time.Now()
	w := e.once("mine", e.create(a), e.replace(b))
	e.write(e.create(e.user(2)))
	for name, changes := range map[string][]store.Change{
		"the answer": w.Changes, "Dirty": e.changesOf(e.other().Authority, 1),
	} {
		got := e.carried(changes)
		require.Len(e, got, 1, name)
		token := got["mine"]
		require.WithinDuration(e, begin, token.Created, caseTime, name)
		want := e.token("mine", e.create(a), e.replace(b))
		want.Created = token.Created
		require.Equal(e, want, token, name)
	}
	e.counted() // a drain waits for tokens too
}

// carriedUntilClean: and no longer, or a drain never ends.
func carriedUntilClean(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	e.once("mine", e.increment(rec))
	e.once("second", e.increment(rec))
	for _, c := range e.changes(100) {
		if c.Token == nil {
			require.NoError(e, e.Authority.Clean(e.ctx, c))
		}
	}
	require.Len(e, e.carried(e.changes(100)), 2, "the keys' refresh alone carries no token")
	for _, c := range e.changes(100) {
		if c.Token != nil && c.Token.Token == "mine" {
			require.NoError(e, e.Authority.Clean(e.ctx, c))
		}
	}
	left := e.carried(e.changes(1))
	require.Contains(e, left, "second")
	require.NotContains(e, left, "mine")
	e.cleanAll()
	require.Empty(e, e.changes(100))
	e.requireRepeated("mine", e.increment(rec))
	require.Empty(e, e.changes(100), "a repetition leaves nothing")
}

// carriedFromBare: a client may retry for a day, and a day is enough for the
// whole migration.
func carriedFromBare(e *env) {
	e.start()
	w := e.once("bare", e.create(e.user(1)), e.replace(e.visit("v", 1)))
	require.Empty(e, w.Changes, "a bare write tells of no change records")
	e.write(e.create(e.user(2)))
	e.capture()
	got := e.carried(e.changesOf(e.other().Authority, 1))
	want := e.token("bare", e.create(e.user(1)), e.replace(e.visit("v", 1)))
	want.Created = got["bare"].Created
	require.Equal(e, map[string]store.Token{"bare": want}, got)
	require.Empty(e, e.dirty(), "the key itself is for the backfill")
	require.EqualValues(e, 1, e.counted().Dirty, "a drain waits for it")
	e.cleanAll()
	require.Empty(e, e.changes(100))
	require.Zero(e, e.counted().Dirty)
	e.requireRepeated("bare", e.create(e.user(1)), e.replace(e.visit("v", 1)))
	require.Empty(e, e.changes(100), "a repetition leaves nothing")
}

// disowned: the data of a stray is overwritten, so its client, who never had an
// answer, must be able to try again.
func disowned(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	e.once("kept", e.increment(rec))
	e.cleanAll()
	e.mark(store.Closed)
	e.mark(store.GivenAway)
	e.once("stray", e.increment(rec)) // the lease still holds
	e.write(e.create(e.user(1)))
	for _, c := range e.changes(100) {
		if c.Token != nil {
			require.NoError(e, e.other().Leases.Disown(e.ctx, c))
			require.NoError(e, e.Leases.Disown(e.ctx, c), "twice is no error")
		}
	}
	require.Len(e, e.changes(100), 1, "another change stays")
	e.lead()
	require.False(e, e.once("stray", e.increment(rec)).Repeated)
	e.requireRepeated("kept", e.increment(rec))
}

// keptRepeats: the retry of a write that was applied in the other store.
func keptRepeats(e *env) {
	rec := e.visit("v", 1, "rank", "0")
	e.put(e.live(rec, 1))
	require.NoError(e, e.Follower.Keep(e.ctx, nil))
	require.NoError(e, e.Follower.Keep(e.ctx, []store.Token{e.token("a", e.increment(rec)), e.token("b", e.increment(rec))}))
	e.requireLive(rec)
	e.Subject = e.other()
	e.lead()
	e.requireRepeated("a", e.increment(rec))
	e.requireRepeated("b", e.increment(rec))
	require.False(e, e.once("c", e.increment(rec)).Repeated)
	e.advance(true)
	e.requireRepeated("a", e.increment(rec))
}

// keptIDs: the client learns the id that its first try was given.
func keptIDs(e *env) {
	m := []store.Mutation{e.createTicket("x", "1"), e.create(e.user(1)), e.createTicket("x", "2")}
	token := e.token("mine", m...)
	token.Assigned = []int64{41, 17}
	require.NoError(e, e.Follower.Keep(e.ctx, []store.Token{token}))
	e.lead()
	w, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: m, Token: "mine"})
	require.NoError(e, err)
	require.True(e, w.Repeated)
	for i, rec := range []string{"41", "", "17"} {
		want := e.key(e.user(1))
		if rec != "" {
			want = e.key(e.ticket(rec, null, null))
		}
		require.Equal(e, want, w.Rows[i].Key)
	}
}

// keptForAnother: a token used twice by mistake must not swallow a write.
func keptForAnother(e *env) {
	rec := e.user(1)
	require.NoError(e, e.Follower.Keep(e.ctx, []store.Token{e.token("mine", e.create(rec))}))
	e.lead()
	e.unchanged(func() {
		for _, m := range []store.Mutation{e.replace(rec), e.create(e.user(2))} {
			_, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{m}, Token: "mine"})
			e.requireError(err, store.ErrInvalid)
		}
	}, e.key(rec), e.key(e.user(2)))
}

// keptTwice: a relay carries a token as often as it is interrupted, and the
// first one is the one that clients know.
func keptTwice(e *env) {
	first, second := e.token("mine", e.createTicket("x", "1")), e.token("other", e.create(e.user(1)))
	first.Assigned = []int64{41}
	changed := first
	changed.Assigned = []int64{99}
	require.NoError(e, e.Follower.Keep(e.ctx, []store.Token{first}))
	require.NoError(e, e.Follower.Keep(e.ctx, []store.Token{changed, second}), "that one is there is no error")
	e.lead()
	e.requireRepeated("other", e.create(e.user(1)))
	w, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{e.createTicket("x", "1")}, Token: "mine"})
	require.NoError(e, err)
	require.Equal(e, e.key(e.ticket("41", null, null)), w.Rows[0].Key)
}

// keptOverExpired: nobody clears away on time, and a token that was used a day
// ago may come with a new write. Of the old one nothing may be left: its write
// and ids would be taken for the new one's, and its age would have the new one
// forgotten at once.
func keptOverExpired(e *env) {
	m := e.createTicket("x", "1")
	old, young, other := e.token("mine", e.create(e.user(1))), e.token("mine", m), e.token("other", e.create(e.user(2)))
	old.Created = old.Created.Add(-2 * store.TokenLife)
	old.Assigned, young.Assigned = []int64{99}, []int64{41}
	for _, token := range []store.Token{old, young} {
		require.NoError(e, e.Follower.Keep(e.ctx, []store.Token{other, token}))
	}
	later := young
	later.Assigned = []int64{17}
	require.NoError(e, e.Follower.Keep(e.ctx, []store.Token{later}), "it has not expired any more")
	e.lead()
	_, err := e.Control.Register(e.ctx, store.Registration{Process: process}) // which may clear away
	require.NoError(e, err)
	e.requireRepeated("other", e.create(e.user(2)))
	w, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{m}, Token: "mine"})
	require.NoError(e, err)
	require.True(e, w.Repeated)
	require.Equal(e, e.key(e.ticket("41", null, null)), w.Rows[0].Key)
}
