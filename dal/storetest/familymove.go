package storetest

import (
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// movingReferenceCases are about records whose items move: what refers to one finds it
// wherever it is, and it takes what it refers to with it.
func movingReferenceCases() []testCase {
	return bothWays(ruled(ruleRefer,
		ofFamilies("a target that moves", targetMoves),
		ofFamilies("a dependent that moves", dependentMoves),
		ofFamilies("moved while it is deleted", movedMeanwhile),
	))
}

func (e *env) home(id int, address string, changes ...string) transform.Record {
	e.Helper()
	return e.listed("homes", append([]string{"home_id", strconv.Itoa(id), "address", address}, changes...)...)
}

func (e *env) room(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("rooms", append([]string{"room_id", strconv.Itoa(id)}, changes...)...)
}

// targetMoves: a key is referred to, and not the place of its item.
func targetMoves(e *env) {
	e.fill(e.home(1, "a"), e.room(1, "home_id", "1"), e.room(2, "last_id", "1"))
	e.write(e.update(e.home(1, "a"), "address", "b"))
	e.unchanged(func() {
		_, err := e.try(e.remove(e.home(1, "b")))
		e.requireReferred(err, store.ErrReferenced, "Homes", "Rooms.home_id")
		_, err = e.try(e.create(e.room(3, "home_id", "2")))
		e.requireReferred(err, store.ErrNoTarget, "Rooms", "home_id")
	}, e.key(e.room(3)))
	e.write(e.create(e.home(2, "a")))
	e.write(e.create(e.room(3, "home_id", "2")))
	e.write(e.update(e.room(1), "home_id", "2"))
	e.write(e.remove(e.home(1, "b")))
	e.requireGone(e.home(1, "b"))
	e.requireLive(e.home(2, "a"))
	e.requireLive(e.room(1, "home_id", "2"))
	e.requireLive(e.room(2))
	_, err := e.try(e.update(e.room(2), "last_id", "1"))
	e.requireReferred(err, store.ErrNoTarget, "Rooms", "last_id")
	e.write(e.update(e.home(2, "a"), "address", "c"), e.create(e.room(4, "home_id", "2")))
	e.requireLive(e.room(4, "home_id", "2"))
	read := e.row(e.key(e.home(2, "c")))
	e.write(store.Mutation{Op: store.Check, Key: read.Key, Expect: &read}, e.create(e.room(5, "home_id", "2")))
	e.requireLive(e.room(5, "home_id", "2"))
}

// dependentMoves: what goes along leaves its place, wherever that is, and what stays
// stays where it is.
func dependentMoves(e *env) {
	e.fill(e.person(1), e.person(2), e.home(1, "a", "owner_id", "1"), e.home(2, "b", "owner_id", "2", "guest_id", "1"), e.home(3, "c", "main_id", "1"))
	for id, address := range []string{"", "d", "e", "f"} {
		if id > 0 {
			e.write(e.update(e.home(id, "x"), "address", address))
		}
	}
	e.write(e.create(e.home(4, "a", "main_id", "3")))
	e.write(e.create(e.home(5, "b")))
	e.write(e.remove(e.person(1)))
	for _, rec := range []transform.Record{e.person(1), e.home(1, "d"), e.home(3, "f"), e.home(4, "a")} {
		e.requireGone(rec)
	}
	e.requireLive(e.home(2, "e", "owner_id", "2"))
	e.requireLive(e.home(5, "b"))
	again := []transform.Record{e.home(1, "a"), e.home(6, "d"), e.home(7, "f"), e.home(8, "c")}
	for _, rec := range again {
		e.write(e.create(rec))
	}
	e.write(e.remove(e.person(2)))
	e.requireGone(e.home(2, "e"))
	for _, rec := range append(again, e.home(5, "b")) {
		e.requireLive(rec)
	}
}

// movedMeanwhile: a move comes before the delete, or finds nothing any more, and so
// does what begins to refer to the record.
func movedMeanwhile(e *env) {
	second := e.other()
	for round := range meetings {
		home, room := e.home(round, "a"), e.room(round, "last_id", strconv.Itoa(round))
		e.write(e.create(home))
		errs := together(3, func(i int) error {
			return persist(func() error {
				m, a := e.remove(home), e.Authority
				if i > 0 {
					a = second.Authority
					m = []store.Mutation{e.update(home, "address", "b"), e.create(room)}[i-1]
				}
				_, err := a.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{m}})
				return err
			})
		})
		require.NoError(e, errs[0], "round %d", round)
		for i, kind := range []error{store.ErrNotFound, store.ErrNoTarget} {
			if err := errs[i+1]; err != nil {
				e.requireError(err, kind)
			}
		}
		e.requireGone(home)
		if errs[2] == nil {
			e.requireLive(e.room(round))
		}
	}
}

// movedByFollower: what a follower was given in any order is known to refer, and to be
// referred to, wherever it is.
func movedByFollower(e *env) {
	if e.Control == nil {
		return // it never is the authority
	}
	errs, err := e.Follower.Insert(e.ctx, []store.Row{e.live(e.person(1), 0), e.live(e.home(1, "a"), 0), e.live(e.home(2, "b", "main_id", "1"), 0),
		e.live(e.home(3, "c", "guest_id", "1"), 0), e.live(e.room(1, "home_id", "1"), 0)})
	require.NoError(e, err)
	for _, err := range errs {
		require.NoError(e, err)
	}
	e.put(e.live(e.home(1, "d"), 5))
	e.put(e.live(e.home(2, "a", "main_id", "1"), 5))
	e.put(e.live(e.home(4, "b", "main_id", "1"), 5))
	e.put(e.live(e.home(4, "e"), 6))
	e.lead()
	e.unchanged(func() {
		_, err := e.try(e.remove(e.home(1, "d")))
		e.requireReferred(err, store.ErrReferenced, "Homes", "Rooms.home_id")
	})
	e.write(e.remove(e.room(1)))
	e.write(e.remove(e.home(1, "d")))
	e.requireGone(e.home(2, "a"))
	e.requireLive(e.home(4, "e"))
	e.write(e.remove(e.person(1)))
	e.requireLive(e.home(3, "c"))
}
