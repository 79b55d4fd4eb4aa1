package storetest

import (
	"errors"
	"math/rand/v2"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// isTaken reports whether a store said that a value is another key's.
func isTaken(err error) bool { return errors.Is(err, store.ErrUnique) }

// placePutInAnyOrder: an older put that lands after a newer one lands nowhere,
// neither where the record was nor where it is.
func placePutInAnyOrder(e *env) {
	versions := []store.Row{
		e.live(e.mailed(1, "a"), 1), e.live(e.mailed(1, "b"), 2), e.live(e.mailed(1, "a", "team", "red"), 3),
		e.dead(e.mailed(1, ""), 4), e.live(e.mailed(1, "c"), 5),
	}
	for n, last := range versions {
		for range 4 {
			for _, i := range rand.Perm(n + 1) {
				_, err := e.Follower.Put(e.ctx, e.to, versions[i])
				require.NoError(e, err)
			}
			if !last.Live {
				e.inPlace()
				e.requireTombstone(e.mailed(1, ""), last.Version)
				continue
			}
			e.inPlace(last.Record)
			require.Equal(e, last.Version, e.row(last.Key).Version)
		}
	}
	e.refuses(e.live(e.mailed(1, "d"), 5))
}

// placePutLate: the memory of a delete is the key's, wherever its item was, and
// another record that is there by now does not take it away.
func placePutLate(e *env) {
	e.put(e.live(e.mailed(1, "a"), 1))
	e.put(e.dead(e.mailed(1, ""), 3))
	e.put(e.live(e.mailed(2, "a"), 1))
	for _, row := range []store.Row{e.live(e.mailed(1, "a"), 1), e.live(e.mailed(1, "b"), 2), e.live(e.mailed(1, "c"), 3), e.dead(e.mailed(1, ""), 2)} {
		e.refuses(row)
	}
	e.inPlace(e.mailed(2, "a"))
	e.requireTombstone(e.mailed(1, ""), 3)
	e.put(e.dead(e.mailed(3, ""), 9))
	e.refuses(e.live(e.mailed(3, "c"), 8))
	e.put(e.live(e.mailed(1, "b"), 4))
	e.inPlace(e.mailed(2, "a"), e.mailed(1, "b"))
	var tombstones int
	for _, row := range e.scan(e.entities["members"], 1) {
		if row.Tombstone {
			tombstones++
			require.Equal(e, e.key(e.mailed(3, "")), row.Key)
			require.EqualValues(e, 9, row.Version)
		}
	}
	require.Equal(e, 1, tombstones, "a scan shows them")
}

// placePutTaken: a put never lands over another key's record. Who is told who is
// there can put both.
func placePutTaken(e *env) {
	one, two := e.mailed(1, "a"), e.mailed(2, "b")
	e.put(e.live(one, 5))
	e.put(e.live(two, 5))
	e.unchanged(func() {
		e.collides(e.live(e.mailed(2, "a"), 6), "email", e.key(one))
		e.collides(e.live(e.mailed(3, "a"), 6), "email", e.key(one))
		require.Equal(e, e.key(one), e.requireTaken(e.together(e.live(e.mailed(2, "a"), 6), e.live(e.mailed(3, "b"), 1)), "email").Holder)
	}, e.key(e.mailed(3, "")))
	e.put(e.dead(one, 6))
	e.put(e.live(e.mailed(2, "a"), 6))
	e.inPlace(e.mailed(2, "a"))
}

// placePutExchanged: what the authority exchanged while the follower was away.
func placePutExchanged(e *env) {
	e.put(e.live(e.mailed(1, "a"), 1))
	e.put(e.live(e.mailed(2, "b"), 1))
	e.put(e.live(e.book(1, "a", 1), 1))
	e.put(e.live(e.book(2, "a", 2), 1))
	require.NoError(e, e.together(e.live(e.mailed(1, "b"), 2), e.live(e.mailed(2, "a"), 2)))
	require.NoError(e, e.together(e.live(e.book(1, "a", 2), 2), e.live(e.book(2, "a", 1), 2)))
	e.inPlace(e.mailed(1, "b"), e.mailed(2, "a"), e.book(1, "a", 2), e.book(2, "a", 1))
	e.refuses(e.live(e.mailed(1, "a"), 1))
	e.put(e.live(e.mailed(3, "c"), 1))
	require.NoError(e, e.together(e.live(e.mailed(1, "a"), 3), e.live(e.mailed(2, "c"), 3), e.live(e.mailed(3, "b"), 3)))
	e.inPlace(e.mailed(1, "a"), e.mailed(2, "c"), e.mailed(3, "b"), e.book(1, "a", 2), e.book(2, "a", 1))
	require.NoError(e, e.together(e.dead(e.mailed(1, ""), 4), e.live(e.mailed(2, "a"), 4)))
	e.inPlace(e.mailed(2, "a"), e.mailed(3, "b"), e.book(1, "a", 2), e.book(2, "a", 1))
	e.requireTombstone(e.mailed(1, ""), 4)
}

// placeInserted plays a backfill that read rows before they moved, and before they
// were deleted.
func placeInserted(e *env) {
	e.put(e.live(e.mailed(1, "b"), 1))
	e.put(e.live(e.letter(1, "b"), 1))
	e.put(e.live(e.mailed(2, "c"), 1))
	e.put(e.dead(e.mailed(2, ""), 2))
	e.put(e.dead(e.letter(2, ""), 2))
	e.unchanged(func() {
		e.insert(e.live(e.mailed(1, "a"), 0), e.live(e.letter(1, "a"), 0), e.live(e.mailed(2, "d"), 0), e.live(e.letter(2, "a"), 0))
	})
	e.insert(e.live(e.mailed(3, "a"), 0), e.live(e.letter(3, "a"), 0), e.live(e.book(1, "a", 1), 0), e.live(e.book(2, "a", 2), 0), e.live(e.mailed(3, "a"), 0))
	e.unchanged(func() { e.insert(e.live(e.mailed(3, "d"), 0), e.live(e.letter(3, "d"), 0)) })
	e.inPlace(e.mailed(1, "b"), e.letter(1, "b"), e.mailed(3, "a"), e.letter(3, "a"), e.book(1, "a", 1), e.book(2, "a", 2))
	e.put(e.live(e.mailed(3, "c"), 1))
	e.put(e.live(e.letter(3, "b"), 1))
	e.put(e.dead(e.book(1, "", 0), 1))
	e.inPlace(e.mailed(1, "b"), e.letter(1, "b"), e.mailed(3, "c"), e.letter(3, "b"), e.book(2, "a", 2))
}

// placeInsertTaken: rows of which one was read before its place went to another.
// Its neighbours do not suffer for it.
func placeInsertTaken(e *env) {
	e.put(e.live(e.mailed(1, "b"), 1))
	errs, err := e.Follower.Insert(e.ctx, []store.Row{
		e.live(e.mailed(2, "a"), 0), e.live(e.mailed(3, "b"), 0), e.live(e.mailed(4, "c"), 0), e.live(e.mailed(5, "c"), 0)})
	require.NoError(e, err)
	require.NoError(e, errs[0])
	require.Equal(e, e.key(e.mailed(1, "")), e.requireTaken(errs[1], "email").Holder)
	first, second := e.mailed(4, "c"), e.mailed(5, "c") // which of them nobody says
	if errs[2] != nil {
		first, second, errs[2], errs[3] = second, first, errs[3], errs[2]
	}
	require.NoError(e, errs[2])
	require.Equal(e, e.key(first), e.requireTaken(errs[3], "email").Holder)
	e.inPlace(e.mailed(1, "b"), e.mailed(2, "a"), first)
	e.requireGone(second)
	e.requireGone(e.mailed(3, ""))
}

// placePutOverProcesses: two processes refresh the same moves in any order.
func placePutOverProcesses(e *env) {
	handles := []Subject{e.Subject, e.other()}
	for round := range 4 {
		var rows []store.Row
		for v := range 16 {
			rows = append(rows, e.live(e.letter(round, folders[v%5]), store.Version(v+1)), e.live(e.mailed(round, folders[round]+"."+folders[v%5]), store.Version(v+1)))
		}
		rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for _, err := range together(4, func(g int) error {
			for i := g; i < len(rows); i += 4 {
				if _, err := handles[i%2].Follower.Put(e.ctx, e.to, rows[i]); err != nil {
					return err
				}
			}
			return nil
		}) {
			require.NoError(e, err)
		}
		for _, rec := range []transform.Record{e.letter(round, folders[0]), e.mailed(round, folders[round]+"."+folders[0])} {
			require.EqualValues(e, 16, e.row(e.key(rec)).Version)
			e.requireLive(rec)
		}
		require.Len(e, e.liveText(e.scan(e.entities["letters"], 2)), round+1)
		require.Len(e, e.liveText(e.scan(e.entities["members"], 2)), round+1)
	}
}

// placeLed: what a follower was given moves on under the store's own lead.
func placeLed(e *env) {
	e.put(e.live(e.mailed(1, "a"), 5))
	e.insert(e.live(e.mailed(2, "b"), 0))
	e.put(e.live(e.mailed(3, "c"), 5))
	e.put(e.dead(e.mailed(3, ""), 6))
	e.lead()
	e.inPlace(e.mailed(1, "a"), e.mailed(2, "b"))
	_, err := e.try(e.update(e.mailed(2, "b"), "email", "a"))
	e.requireTaken(err, "email")
	e.write(e.update(e.mailed(2, "b"), "email", "c"))
	e.write(e.create(e.mailed(3, "b")))
	e.write(e.update(e.mailed(1, "a"), "email", "d"))
	e.write(e.update(e.mailed(3, "b"), "email", "a"))
	e.write(e.update(e.mailed(1, "d"), "email", "b"))
	e.inPlace(e.mailed(1, "b"), e.mailed(2, "c"), e.mailed(3, "a"))
	require.Greater(e, e.row(e.key(e.mailed(3, ""))).Version, store.Version(6))
}
