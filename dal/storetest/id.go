package storetest

import (
	"fmt"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func idCases() []testCase {
	return append(bothWays(ruled(ruleID,
		check{name: "one", run: idAssigned},
		check{name: "several in one write", run: idsTogether},
		check{name: "beside one of the caller's own", run: idBesideOwn},
		check{name: "above what it was raised to", run: idsAbove},
		check{name: "over processes", run: idsOverProcesses},
		check{name: "with a token", run: idsWithToken},
	)), ruled(ruleID,
		check{name: "of an entity without a sequence", run: idUnknown},
		check{name: "never above what the column holds", run: idsBeyond},
		underLease("at the end of its column", idsEnd),
	)...)
}

// followedIDCases are a follower's.
func followedIDCases() []testCase {
	return ruled(ruleID, inTurn("after the store has followed", followedIDs))
}

// ticket returns a ticket's record; null leaves a column out.
func (e *env) ticket(id, area, code string) transform.Record {
	e.Helper()
	return e.with(e.tickets.NewRecord(), "ticket_id", id, "area", area, "code", code)
}

// createTicket creates a ticket whose id the store assigns.
func (e *env) createTicket(area, code string) store.Mutation {
	e.Helper()
	return store.Mutation{Op: store.Create, Record: e.ticket(null, area, code)}
}

// idOf returns the id that a row's key stands for.
func (e *env) idOf(row store.Row) int64 {
	e.Helper()
	values, err := e.tickets.KeyValues(row.Key)
	require.NoError(e, err)
	id, ok := values[0].Int()
	require.True(e, ok)
	return id
}

func (e *env) lastID() int64 {
	e.Helper()
	id, err := e.other().Control.LastID(e.ctx, e.tickets)
	require.NoError(e, err)
	return id
}

// requireTicket requires that the row names the ticket that is there, with its
// id, and returns that.
func (e *env) requireTicket(row store.Row, area, code string) int64 {
	e.Helper()
	id := e.idOf(row)
	require.Positive(e, id)
	rec := e.ticket(fmt.Sprint(id), area, code)
	require.Equal(e, e.key(rec), row.Key)
	e.requireLive(rec)
	if !row.Record.IsZero() {
		require.Equal(e, text(rec), text(row.Record), "the record in the answer has the id")
	}
	return id
}

// idAssigned: the caller learns the id from the answer, and a hand-off where the
// next one lies.
func idAssigned(e *env) {
	require.Zero(e, e.lastID(), "none was given")
	seen := map[int64]bool{}
	for _, code := range []string{"1", "2", "3"} {
		m := e.createTicket("x", code)
		w := e.write(m)
		id := e.requireTicket(w.Rows[0], "x", code)
		require.False(e, seen[id], "an id is given once")
		seen[id] = true
		require.GreaterOrEqual(e, e.lastID(), id, "no id above the last one was assigned")
		v, _ := m.Record.Get("ticket_id")
		require.True(e, v.IsNull(), "the caller's record stays as it is")
	}
	w := e.write(e.create(e.ticket(fmt.Sprint(e.lastID()+1000), "x", "own")))
	require.Equal(e, e.key(e.ticket(fmt.Sprint(e.idOf(w.Rows[0])), null, null)), w.Rows[0].Key, "an id of the caller's own is kept")
}

// idsTogether: with their change records, beside mutations that have keys.
func idsTogether(e *env) {
	w := e.write(e.createTicket("x", "1"), e.create(e.user(1)), e.createTicket("x", "2"))
	first, second := e.requireTicket(w.Rows[0], "x", "1"), e.requireTicket(w.Rows[2], "x", "2")
	require.NotEqual(e, first, second)
	require.Equal(e, e.key(e.user(1)), w.Rows[1].Key)
	if e.at.Captured {
		require.Len(e, e.dirty(), 3)
	}
	e.unchanged(func() {
		_, err := e.try(e.createTicket("x", "3"), e.create(e.user(1)))
		e.requireError(err, store.ErrExists)
	})
	e.write(e.createTicket("x", "3"))
}

// idBesideOwn: the id that would be next is one that the same write brings.
func idBesideOwn(e *env) {
	next := e.idOf(e.write(e.createTicket("x", "1")).Rows[0]) + 1
	own := e.ticket(fmt.Sprint(next), "x", "own")
	w := e.write(e.create(own), e.createTicket("x", "2"))
	e.requireLive(own)
	require.NotEqual(e, next, e.requireTicket(w.Rows[1], "x", "2"))
}

// idsAbove: what the other store has given is not given again here.
func idsAbove(e *env) {
	require.NoError(e, e.Control.RaiseID(e.ctx, e.tickets, 1000))
	first := e.idOf(e.write(e.createTicket("x", "1")).Rows[0])
	require.Greater(e, first, int64(1000))
	require.NoError(e, e.Control.RaiseID(e.ctx, e.tickets, 10), "it does not go back")
	second := e.idOf(e.write(e.createTicket("x", "2")).Rows[0])
	require.Greater(e, second, int64(1000))
	require.NotEqual(e, first, second)
	require.NoError(e, e.Control.RaiseID(e.ctx, e.tickets, 5000))
	w, err := e.other().Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{e.createTicket("x", "3")}})
	require.NoError(e, err)
	require.Greater(e, e.idOf(w.Rows[0]), int64(5000))
	require.GreaterOrEqual(e, e.lastID(), e.idOf(w.Rows[0]))
}

// idsOverProcesses: two creates that are given one id are one record.
func idsOverProcesses(e *env) {
	handles := []Subject{e.Subject, e.other()}
	const writers, each = 4, 10
	var mu sync.Mutex
	seen := map[int64]int{}
	mutations := make([]store.Mutation, writers*each)
	for i := range mutations {
		mutations[i] = e.createTicket("x", fmt.Sprint(i))
	}
	for _, err := range together(writers, func(g int) error {
		for n := range each {
			w := store.Write{Mutations: mutations[g*each+n:][:1]}
			err := persist(func() error {
				done, err := handles[g%2].Authority.Write(e.ctx, e.at, w)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					seen[e.idOf(done.Rows[0])]++
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(e, err)
	}
	require.Len(e, seen, writers*each, "every create has an id of its own")
	require.Len(e, e.liveText(e.scan(e.tickets, 100)), writers*each)
}

// idsWithToken: whose reply was lost asks for the id again, and gets the same.
func idsWithToken(e *env) {
	m := []store.Mutation{e.createTicket("x", "1"), e.replace(e.user(1)), e.createTicket("x", "2")}
	first := e.once("mine", m...)
	e.requireTicket(first.Rows[0], "x", "1")
	e.requireTicket(first.Rows[2], "x", "2")
	if e.at.Captured {
		token := e.carried(first.Changes)["mine"]
		require.Equal(e, []int64{e.idOf(first.Rows[0]), e.idOf(first.Rows[2])}, token.Assigned, "the token carries the ids")
	}
	e.unchanged(func() {
		again := e.once("mine", m...)
		require.True(e, again.Repeated)
		for i := range m {
			require.Equal(e, first.Rows[i].Key, again.Rows[i].Key)
		}
	})
}

// idUnknown: what nobody gives a key to would be found by nobody.
func idUnknown(e *env) {
	e.start()
	e.unchanged(func() {
		rec := e.visit("v", 1)
		_, err := e.try(store.Mutation{Op: store.Create, Record: rec})
		e.requireError(err, store.ErrInvalid)
		for _, op := range []store.Op{store.Put, store.Delete} {
			_, err := e.try(store.Mutation{Op: op, Record: e.ticket(null, "x", "1")})
			e.requireError(err, store.ErrInvalid)
		}
	})
}

// idsEnd: an id that MySQL's column can't hold would keep it from ever following.
func idsEnd(e *env) {
	e.start()
	e.capture()
	require.NoError(e, e.Control.RaiseID(e.ctx, e.tickets, 1<<31-3))
	for _, id := range []int64{1<<31 - 2, 1<<31 - 1} {
		require.Equal(e, id, e.idOf(e.write(e.createTicket("x", fmt.Sprint(id))).Rows[0]), "ids are used to the last one")
	}
	e.unchanged(func() {
		_, err := e.try(e.createTicket("x", "one too many"))
		e.requireError(err, store.ErrInvalid)
	})
}

// idsBeyond: a sequence that is raised above its column gives no id any more, and
// a hand-off that raises it must be given up while it can. The column's last id
// is one that the other store may have given.
func idsBeyond(e *env) {
	e.start()
	e.write(e.createTicket("x", "1"))
	last := e.lastID()
	for _, id := range []int64{1 << 31, 1<<63 - 1} {
		e.requireError(e.Control.RaiseID(e.ctx, e.tickets, id), store.ErrInvalid)
	}
	require.Equal(e, last, e.lastID(), "nothing has changed")
	e.write(e.createTicket("x", "2"))
	require.NoError(e, e.Control.RaiseID(e.ctx, e.tickets, 1<<31-1))
	require.EqualValues(e, 1<<31-1, e.lastID())
	_, err := e.try(e.createTicket("x", "one too many"))
	require.Error(e, err)
}

// followedIDs: the ids that a store has met while it followed are not its own,
// and are not given again.
func followedIDs(e *env) {
	e.put(e.live(e.ticket("7", "x", "7"), 1))
	e.put(e.live(e.ticket("900", "x", "900"), 1))
	e.put(e.dead(e.ticket("950", null, null), 1))
	require.NoError(e, e.Control.RaiseID(e.ctx, e.tickets, 950))
	if !e.leased() {
		e.mark(store.Sealed)
	}
	require.NoError(e, e.Control.RaiseID(e.ctx, e.tickets, 1200), "whatever the mark")
	e.lead()
	w := e.write(e.createTicket("x", "new"))
	require.Greater(e, e.requireTicket(w.Rows[0], "x", "new"), int64(1200))
}
