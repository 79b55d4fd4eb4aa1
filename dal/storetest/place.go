package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// placeCases are an authority's. What they say of members, whose items' keys may
// collide, holds of letters too, whose never do.
func placeCases() []testCase {
	return ruled(rulePlace,
		ofPlaces("moved", placeMoved),
		ofPlaces("moved and back", placeAndBack),
		ofPlaces("exchanged in one write", placeExchanged),
		ofPlaces("exchanged one after the other", placeInTurn),
		ofPlaces("passed on in one write", placePassedOn),
		ofPlaces("taken over from a deleted one", placeTakenOver),
		ofPlaces("held by another", placeTaken),
		ofPlaces("expected", placeExpected),
		ofPlaces("moved by two processes", placeOverProcesses),
	)
}

// bumpedPlaceCases are of an authority under capture.
func bumpedPlaceCases() []testCase {
	return ruled(rulePlace, ofPlaces("bumped", placeBumped))
}

// followedPlaceCases are a follower's.
func followedPlaceCases() []testCase {
	return ruled(rulePlace,
		ofPlaces("put in any order", placePutInAnyOrder),
		ofPlaces("put late after a delete", placePutLate),
		ofPlaces("put over another", placePutTaken),
		ofPlaces("exchanged by puts", placePutExchanged),
		ofPlaces("inserted", placeInserted),
		ofPlaces("inserted over another", placeInsertTaken),
		ofPlaces("put by two processes", placePutOverProcesses),
		inTurnOf(ofPlaces("once the store is the authority", placeLed)),
	)
}

// inTurnOf makes a check one of stores that become the authority in turn.
func inTurnOf(c check) check {
	c.only = aFence | byLease
	return c
}

func (e *env) mailed(id int, email string, changes ...string) transform.Record {
	e.Helper()
	return e.listed("members", append([]string{"member_id", strconv.Itoa(id), "email", email}, changes...)...)
}

func (e *env) book(id int, shelf string, slot int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("books", append([]string{"book_id", strconv.Itoa(id), "shelf", shelf, "slot", strconv.Itoa(slot)}, changes...)...)
}

func (e *env) letter(id int, folder string, changes ...string) transform.Record {
	e.Helper()
	return e.listed("letters", append([]string{"letter_id", strconv.Itoa(id), "folder", folder}, changes...)...)
}

// folders are the values of partition keys that the cases use.
var folders = []string{"a", "b", "c", "d", "e", "elsewhere"}

// inPlace requires that these records, and no others, are in the store: each once
// in a scan, by its key alone and among others, and at its place and no other one.
func (e *env) inPlace(records ...transform.Record) {
	e.Helper()
	defer func(lag time.Duration) { e.lag = lag }(e.lag)
	e.lag = 0 // a query of the table's own key is given none
	at := map[string][]transform.Record{}
	for name, entity := range e.entities {
		var mine []transform.Record
		var keys []transform.Key
		for _, rec := range records {
			if rec.Entity() == entity {
				mine, keys = append(mine, rec), append(keys, e.key(rec))
				pk := name + "/" + e.partitionOf(rec)
				at[pk] = append(at[pk], rec)
				e.requireLive(rec)
			}
		}
		require.Equal(e, e.byKey(mine), e.liveText(e.scan(entity, 3)), "a scan of %s", name)
		rows, err := e.reader().GetMany(e.ctx, e.at, keys)
		require.NoError(e, err)
		for i, row := range rows {
			require.NoError(e, row.Err)
			require.True(e, row.Live && row.Record.Equal(mine[i]), "among others")
		}
		for _, place := range folders {
			slices.SortFunc(at[name+"/"+place], func(a, b transform.Record) int { return cmp.Compare(sortKeyOf(a), sortKeyOf(b)) })
			e.wantQuery(store.Query{Entity: entity, Equal: transform.TextValue(place), Limit: 20}, at[name+"/"+place]...)
		}
	}
}

// partitionOf returns the record's value of the table's partition key.
func (e *env) partitionOf(rec transform.Record) string {
	entity := rec.Entity()
	return rec.At(entity.Attributes[entity.AttributeIndex(entity.Table.PK.Name)].Column).Text()
}

// sortKeyOf returns the record's value of the table's sort key, 0 where there is none.
func sortKeyOf(rec transform.Record) int64 {
	entity := rec.Entity()
	if entity.Table.SK.IsZero() {
		return 0
	}
	n, _ := rec.At(entity.Attributes[entity.AttributeIndex(entity.Table.SK.Name)].Column).Int()
	return n
}

// placeMoved: a move may change one part of the item's key or both, and other
// columns with it. What changes nothing of it moves nothing.
func placeMoved(e *env) {
	one, two, three := e.mailed(1, "a", "handle", "x"), e.book(1, "a", 1), e.letter(1, "a")
	e.fill(one, two, three)
	e.fill(e.mailed(2, "d"), e.book(2, "a", 2), e.letter(2, "a"))
	beside := []transform.Record{e.mailed(2, "d"), e.book(2, "a", 2), e.letter(2, "a")}
	for _, m := range []store.Mutation{
		e.update(one, "email", "b"), e.update(two, "slot", "3"), e.update(three, "folder", "b", "text", "moved"),
		e.update(one, "email", "c", "handle", "y"), e.update(two, "shelf", "b"), e.update(two, "shelf", "c", "slot", "7", "title", "t"),
		e.replace(e.mailed(1, "elsewhere", "team", "red")), e.replace(e.book(1, "b", 2)), e.replace(e.letter(1, "a")),
		e.update(one, "team", "blue"), e.update(two, "title", "new"), e.replace(e.letter(1, "a", "text", "again")),
	} {
		e.write(m)
		for i, rec := range []*transform.Record{&one, &two, &three} {
			if row := e.row(e.key(*rec)); m.Key == e.key(*rec) {
				require.True(e, row.Live, "record %d", i)
				*rec = row.Record
			}
		}
		e.inPlace(append(slices.Clone(beside), one, two, three)...)
	}
	require.Equal(e, "elsewhere", e.partitionOf(one))
	e.write(e.remove(one), e.remove(two), e.remove(three))
	e.inPlace(beside...)
}

// placeAndBack: the place that was left is free for its own record too.
func placeAndBack(e *env) {
	rec := e.mailed(1, "a")
	e.fill(rec)
	for _, email := range []string{"b", "a", "c", "b", "a"} {
		before := e.row(e.key(rec)).Version
		e.write(e.update(rec, "email", email))
		rec = e.with(rec, "email", email)
		e.inPlace(rec)
		require.True(e, !e.at.Captured || e.row(e.key(rec)).Version > before)
	}
	e.write(e.remove(rec))
	e.inPlace()
	e.write(e.create(rec))
	e.inPlace(rec)
}

// placeExchanged: the columns of a place are unique, and those who change places in one
// write take what is held.
func placeExchanged(e *env) {
	one, two, three, four := e.mailed(1, "a", "handle", "x"), e.mailed(2, "b", "handle", "y"), e.book(1, "a", 1), e.book(2, "a", 2)
	e.fill(one, two, three, four)
	e.takesTooEarly("email", two, e.update(one, "email", "b"), e.update(two, "email", "a"))
	e.takesTooEarly("email", two, e.replace(e.mailed(1, "b")), e.replace(e.mailed(2, "c")))
	e.takesTooEarly("shelf,slot", four, e.update(three, "slot", "2"), e.update(four, "slot", "1"))
	e.takesTooEarly("email", one, e.create(e.mailed(3, "a")), e.remove(one))
	e.inPlace(one, two, three, four)
}

// placeInTurn is how MySQL exchanges unique values.
func placeInTurn(e *env) {
	one, two := e.mailed(1, "a"), e.mailed(2, "b")
	e.fill(one, two)
	e.write(e.update(one, "email", "c"))
	e.write(e.update(two, "email", "a"))
	e.write(e.update(one, "email", "b"))
	e.inPlace(e.mailed(1, "b"), e.mailed(2, "a"))
}

// placePassedOn: one is taken over from a deleted record, some from records that have gone
// on, and a new record comes too.
func placePassedOn(e *env) {
	one, two, three, four := e.mailed(1, "a"), e.mailed(2, "b"), e.mailed(3, "c"), e.mailed(4, "d")
	e.fill(one, two, three, four)
	e.write(e.remove(four), e.update(three, "email", "d"), e.update(two, "email", "c"), e.update(one, "email", "b"), e.create(e.mailed(5, "a")))
	e.inPlace(e.mailed(1, "b"), e.mailed(2, "c"), e.mailed(3, "d"), e.mailed(5, "a"))
	e.write(e.update(one, "email", "e"), e.update(two, "email", "b"))
	e.inPlace(e.mailed(1, "e"), e.mailed(2, "b"), e.mailed(3, "d"), e.mailed(5, "a"))
}

func placeTakenOver(e *env) {
	e.fill(e.mailed(1, "a", "handle", "x"), e.mailed(2, "b"))
	e.write(e.remove(e.mailed(1, "a")))
	e.inPlace(e.mailed(2, "b"))
	e.write(e.update(e.mailed(2, "b"), "email", "a", "handle", "x"))
	e.inPlace(e.mailed(2, "a", "handle", "x"))
	e.write(e.create(e.mailed(1, "b")))
	e.inPlace(e.mailed(2, "a", "handle", "x"), e.mailed(1, "b"))
	e.write(e.remove(e.mailed(2, "a")))
	e.write(e.update(e.mailed(1, "b"), "email", "a"))
	e.inPlace(e.mailed(1, "a"))
}

// placeTaken: two records in one place would be one item. Their columns are unique,
// so MySQL says the same.
func placeTaken(e *env) {
	e.fill(e.mailed(1, "a"), e.mailed(2, "b"), e.book(1, "a", 1), e.book(2, "a", 2))
	e.unchanged(func() {
		for field, all := range map[string][]store.Mutation{
			"email":      {e.update(e.mailed(2, "b"), "email", "a"), e.create(e.mailed(3, "a")), e.replace(e.mailed(2, "a")), e.replace(e.mailed(3, "a"))},
			"shelf,slot": {e.update(e.book(2, "a", 2), "slot", "1"), e.create(e.book(3, "a", 1)), e.replace(e.book(2, "a", 1))},
		} {
			for _, m := range all {
				_, err := e.try(m)
				e.requireTaken(err, field)
			}
		}
		_, err := e.try(e.update(e.mailed(1, "a"), "email", "c"), e.update(e.mailed(2, "b"), "email", "c"))
		e.requireTaken(err, "email")
	}, e.key(e.mailed(3, "a")), e.key(e.book(3, "a", 1)))
	e.inPlace(e.mailed(1, "a"), e.mailed(2, "b"), e.book(1, "a", 1), e.book(2, "a", 2))
}

// placeExpected: what was read is expected wherever it is by now, and a check of it
// too.
func placeExpected(e *env) {
	one, two := e.mailed(1, "a"), e.mailed(2, "b")
	e.fill(one, two)
	read := func(rec transform.Record) *store.Row {
		row, err := e.Authority.Get(e.ctx, e.at, e.key(rec))
		require.NoError(e, err)
		return &row
	}
	expecting := func(m store.Mutation, row *store.Row) store.Mutation { m.Expect = row; return m }
	first, second := read(one), read(two)
	e.write(expecting(e.update(one, "email", "c"), first), store.Mutation{Op: store.Check, Key: e.key(two), Expect: second})
	e.inPlace(e.mailed(1, "c"), two)
	e.unchanged(func() {
		for _, m := range []store.Mutation{expecting(e.update(one, "email", "d"), first), expecting(e.remove(one), first), expecting(e.replace(one), first)} {
			_, err := e.try(m)
			e.requireError(err, store.ErrChanged)
		}
		_, err := e.try(e.update(two, "email", "d"), store.Mutation{Op: store.Check, Key: e.key(one), Expect: first})
		e.requireError(err, store.ErrChanged)
	})
	gone := read(e.mailed(3, "e"))
	e.write(expecting(e.create(e.mailed(3, "e")), gone), expecting(e.remove(two), read(two)))
	e.inPlace(e.mailed(1, "c"), e.mailed(3, "e"))
	_, err := e.try(expecting(e.replace(e.mailed(3, "d")), gone))
	e.requireError(err, store.ErrChanged)
	e.write(expecting(e.replace(e.mailed(3, "d")), read(e.mailed(3, "e"))))
	e.inPlace(e.mailed(1, "c"), e.mailed(3, "d"))
}

// placeOverProcesses: two processes move a few keys at once, into each other's
// places as well. Whatever was answered, every record is there once, and a scan and
// a read of many never give a key in two states.
func placeOverProcesses(e *env) {
	e.fill(e.mailed(1, "a"), e.mailed(2, "b"), e.mailed(3, "c"))
	handles := []Subject{e.Subject, e.other()}
	errs := together(4, func(g int) error {
		for n := range 12 {
			rec := e.mailed(g%3+1, "")
			if err := persist(func() error {
				_, err := handles[g%2].Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{e.update(rec, "email", folders[(g+n)%5])}})
				return err
			}); err != nil && !isTaken(err) {
				return err
			}
			row, err := handles[(g+n)%2].Authority.Get(e.ctx, e.at, e.key(rec))
			if err != nil {
				return err
			}
			if !row.Live {
				return fmt.Errorf("record %d was not found while it moved", g%3+1)
			}
		}
		return nil
	})
	for _, err := range errs {
		require.NoError(e, err)
	}
	var records []transform.Record
	for id := range 3 {
		records = append(records, e.row(e.key(e.mailed(id+1, ""))).Record)
	}
	e.inPlace(records...)
}

// placeBumped: a bump gives the item its new version where it is.
func placeBumped(e *env) {
	e.start()
	e.capture()
	one, never := e.mailed(1, "a"), e.mailed(2, "b")
	e.fill(one)
	e.write(e.update(one, "email", "b"))
	before := e.row(e.key(one)).Version
	require.NoError(e, e.Authority.Bump(e.ctx, []transform.Key{e.key(one), e.key(never)}))
	e.inPlace(e.mailed(1, "b"))
	require.Greater(e, e.row(e.key(one)).Version, before)
	require.True(e, e.isDirty(e.key(one)) && e.isDirty(e.key(never)))
	e.write(e.update(one, "email", "a"), e.create(e.mailed(2, "b")))
	e.inPlace(one, never)
}
