package storetest

import (
	"context"
	"math/rand/v2"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func putCases() []testCase {
	return ruled(rulePut,
		check{name: "older, equal and newer versions", run: putVersions},
		check{name: "high versions", run: putHighVersions},
		check{name: "the whole record is replaced", run: putReplacesAll},
		check{name: "beside each other", run: putsAtOnce},
		check{name: "a context that is over", run: putContextIsOver},
		check{name: "what it needs is there", run: followerCheck},
		check{name: "a record given stays the caller's", run: rowStaysTheCallers},
	)
}

// live and dead are rows as a refresh puts them.

func (e *env) live(rec transform.Record, v store.Version) store.Row {
	return store.Row{Key: e.key(rec), Version: v, Live: true, Record: rec}
}

func (e *env) dead(rec transform.Record, v store.Version) store.Row {
	return store.Row{Key: e.key(rec), Version: v}
}

// refuses puts a row and requires that it takes no effect and is no error.
func (e *env) refuses(row store.Row) {
	e.Helper()
	e.unchanged(func() {
		took, err := e.Follower.Put(e.ctx, e.to, row)
		require.NoError(e, err, "that something as new is there is no error")
		require.False(e, took, "version %d takes no effect", row.Version)
	}, row.Key)
}

// putVersions: without the condition a refresh that was held up puts back what
// a newer one has replaced.
func putVersions(e *env) {
	rec := e.user(1)
	name := func(name string) transform.Record { return e.with(rec, "username", name) }
	e.put(e.live(name("five"), 5))
	for _, v := range []store.Version{0, 1, 4, 5} {
		e.refuses(e.live(name("older"), v))
	}
	row := e.requireLive(name("five"))
	require.EqualValues(e, 5, row.Version)
	require.False(e, row.Tombstone)
	e.put(e.live(name("six"), 6))
	require.EqualValues(e, 6, e.requireLive(name("six")).Version)
	e.refuses(e.live(name("five"), 5))
	e.put(e.live(name("nine"), 9))
	require.EqualValues(e, 9, e.requireLive(name("nine")).Version)
}

// putHighVersions: versions carry the epoch in their high bits, and compare as
// numbers. 9 is less than 10, and a float64 would take neighbours for equal.
func putHighVersions(e *env) {
	rec := e.user(1)
	for _, v := range []store.Version{
		9, 10, 99, 100, store.Floor(1), store.Floor(1) + 1, store.Floor(2), store.Floor(9) + 9, store.Floor(10) + 1,
		1<<53 + 1, 1<<53 + 2, 1<<53 + 3, 1<<62 + 1, 1<<62 + 2, 1<<63 - 1,
	} {
		e.put(e.live(rec, v))
		e.refuses(e.live(rec, v))
		e.refuses(e.live(rec, v-1))
		require.Equal(e, v, e.row(e.key(rec)).Version)
	}
}

// putReplacesAll: an update in place would keep attributes that are NULL by now.
func putReplacesAll(e *env) {
	rec, beside := e.user(1), e.user(2)
	e.put(e.live(rec, 1))
	e.put(e.live(beside, 1))
	bare := e.with(rec, "username", null, "profile_data", null, "registration_date", null)
	e.put(e.live(bare, 2))
	e.requireLive(bare)
	e.requireLive(beside)
}

// putsAtOnce lets refreshes of a key arrive in any order, for several keys.
func putsAtOnce(e *env) {
	handles := []Subject{e.Subject, e.other()}
	for round := range 8 {
		rec := e.visit("v", round)
		rows := e.shuffled(rec, 20)
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
		row := e.row(e.key(rec))
		require.EqualValues(e, len(rows), row.Version, "the highest version is there")
		require.Equal(e, round%2 == 0, row.Live)
	}
}

// shuffled returns rows of the versions 1 to n in any order. Every second is a
// tombstone, but the last only for records with an odd number.
func (e *env) shuffled(rec transform.Record, n int) []store.Row {
	number, _ := rec.At(1).Int()
	rows := make([]store.Row, n)
	for i, at := range rand.Perm(n) {
		v := store.Version(i + 1)
		rows[at] = e.live(e.with(rec, "rank", "1", "note", string(rune('A'+i))), v)
		if i%2 == 1 && (i+1 < n || number%2 == 1) {
			rows[at] = e.dead(rec, v)
		}
	}
	return rows
}

// putContextIsOver: a relay that is being stopped sends nothing more.
func putContextIsOver(e *env) {
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	rec := e.user(1)
	e.unchanged(func() {
		_, err := e.Follower.Put(ctx, e.to, e.live(rec, 1))
		require.ErrorIs(e, err, context.Canceled)
		_, err = e.Follower.Put(ctx, e.to, e.dead(rec, 1))
		require.ErrorIs(e, err, context.Canceled)
		errs, err := e.Follower.Insert(ctx, []store.Row{e.live(rec, 0)})
		if err == nil {
			require.Len(e, errs, 1)
			err = errs[0]
		}
		require.ErrorIs(e, err, context.Canceled)
	}, e.key(rec))
}

// followerCheck: a harness makes stores that are as the contract says.
func followerCheck(e *env) {
	require.NoError(e, e.Follower.Check(e.ctx))
	require.NotEmpty(e, e.Follower.Name())
	require.NotNil(e, e.Follower.Contract())
}

// rowStaysTheCallers: a relay goes on with the record it has put.
func rowStaysTheCallers(e *env) {
	put, inserted := e.user(1), e.user(2)
	row, second := e.live(put.Clone(), 1), e.live(inserted.Clone(), 0)
	e.put(row)
	e.insert(second)
	require.NoError(e, row.Record.Set("username", transform.TextValue("mine")))
	require.NoError(e, second.Record.Set("username", transform.TextValue("mine")))
	e.requireLive(put)
	e.requireLive(inserted)
}

func tombstoneCases() []testCase {
	return ruled(ruleTombstone,
		check{name: "over a record", run: tombstoneOverRecord},
		check{name: "where nothing was", run: tombstoneOverNothing},
		check{name: "that is old", run: tombstoneThatIsOld},
		check{name: "over another", run: tombstoneOverTombstone},
		check{name: "and a newer record over it", run: recordOverTombstone},
		check{name: "a scan shows it, a query does not", run: tombstonesInReads},
		withFence("none are shown while the store leads", tombstonesWhileItLeads),
	)
}

func (e *env) requireTombstone(rec transform.Record, v store.Version) {
	e.Helper()
	row := e.requireGone(rec)
	require.True(e, row.Tombstone, "a tombstone is there")
	require.Equal(e, v, row.Version)
}

// tombstoneOverRecord: a put of the deleted record that was held up must not bring it
// back.
func tombstoneOverRecord(e *env) {
	rec := e.user(1)
	e.put(e.live(rec, 3))
	e.put(e.dead(rec, 4))
	e.requireTombstone(rec, 4)
	for _, v := range []store.Version{0, 3, 4} {
		e.refuses(e.live(rec, v))
	}
}

// tombstoneOverNothing plays a delete whose refresh overtakes that of the
// create before it: the record would be back for ever.
func tombstoneOverNothing(e *env) {
	rec := e.user(1)
	e.put(e.dead(rec, 4))
	e.requireTombstone(rec, 4)
	for _, v := range []store.Version{1, 3, 4} {
		e.refuses(e.live(rec, v))
	}
	require.Len(e, e.state(), 1)
}

// tombstoneThatIsOld: a delete that was held up must not take away what was created
// after it.
func tombstoneThatIsOld(e *env) {
	rec := e.user(1)
	e.put(e.live(rec, 5))
	for _, v := range []store.Version{1, 4, 5} {
		e.refuses(e.dead(rec, v))
	}
	e.requireLive(rec)
}

// tombstoneOverTombstone: the tombstone has to know the newest delete, or something
// from between the two gets past it.
func tombstoneOverTombstone(e *env) {
	rec := e.user(1)
	e.put(e.dead(rec, 2))
	e.refuses(e.dead(rec, 1))
	e.refuses(e.dead(rec, 2))
	e.put(e.dead(rec, 7))
	e.requireTombstone(rec, 7)
	e.refuses(e.live(rec, 5))
}

// recordOverTombstone: a key may be used again.
func recordOverTombstone(e *env) {
	rec := e.user(1)
	e.put(e.dead(rec, 2))
	e.put(e.live(rec, 3))
	row := e.requireLive(rec)
	require.False(e, row.Tombstone)
	require.EqualValues(e, 3, row.Version)
	e.wantQuery(e.byName("user-1"), rec)
	e.put(e.dead(rec, 4))
	e.put(e.live(e.with(rec, "username", "again"), 5))
	e.requireLive(e.with(rec, "username", "again"))
}

// tombstonesInReads: a repair finds keys that only the follower has by scanning it,
// and a service must never see one.
func tombstonesInReads(e *env) {
	kept, gone, never := e.user(1), e.user(2), e.user(3)
	e.put(e.live(kept, 1))
	e.put(e.live(gone, 1))
	e.put(e.dead(gone, 2))
	e.put(e.dead(never, 9))
	got := map[transform.Key]store.Version{}
	for _, row := range e.scan(e.users, 2) {
		require.Equal(e, row.Key != e.key(kept), row.Tombstone)
		require.Equal(e, row.Key == e.key(kept), row.Live)
		got[row.Key] = row.Version
	}
	require.Equal(e, map[transform.Key]store.Version{e.key(kept): 1, e.key(gone): 2, e.key(never): 9}, got)
	e.wantQuery(e.byName("user-1"), kept)
	e.wantQuery(e.byName("user-2"))
	rows, err := e.Follower.GetMany(e.ctx, relay, []transform.Key{e.key(gone), e.key(kept), e.key(never)})
	require.NoError(e, err)
	require.True(e, rows[0].Tombstone && rows[1].Live && rows[2].Tombstone)
}

// tombstonesWhileItLeads: a store with a fence has tombstones only as a follower. Who
// leads and showed them, those of deletes before and since, would let a test pass that
// looks for what is gone where the other stores do not show it. Once it follows again,
// all of them have to be there: the one who led meanwhile may hold what they deny.
func tombstonesWhileItLeads(e *env) {
	kept, gone, never, later := e.user(1), e.user(2), e.user(3), e.user(4)
	for _, rec := range []transform.Record{kept, gone, later} {
		e.put(e.live(rec, 1))
	}
	e.put(e.dead(gone, 2))
	e.put(e.dead(never, 9))
	e.lead()
	e.write(e.remove(later))
	e.cleanAll()
	deleted := []transform.Key{e.key(gone), e.key(never), e.key(later)}
	rows := e.scan(e.users, 10)
	require.Len(e, rows, 1, "a scan shows what is there")
	require.Equal(e, e.key(kept), rows[0].Key)
	rows, err := e.Authority.GetMany(e.ctx, relay, deleted)
	require.NoError(e, err)
	for i, key := range deleted {
		require.False(e, e.row(key).Live || e.row(key).Tombstone)
		require.False(e, rows[i].Live || rows[i].Tombstone)
	}
	e.mark(store.Closed)
	e.mark(store.GivenAway)
	e.part = asFollower
	shown := map[transform.Key]bool{}
	for _, row := range e.scan(e.users, 2) {
		shown[row.Key] = row.Tombstone
	}
	require.Equal(e, map[transform.Key]bool{e.key(kept): false, e.key(gone): true, e.key(never): true, e.key(later): true}, shown)
}
