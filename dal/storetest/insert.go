package storetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func insertCases() []testCase {
	return ruled(ruleInsert,
		check{name: "where nothing is", run: insertWhereNothingIs},
		check{name: "where a record is", run: insertWhereRecordIs},
		check{name: "where a tombstone is", run: insertWhereTombstoneIs},
		check{name: "twice", run: insertTwice},
		check{name: "a refresh over it", run: putOverInserted},
		check{name: "many rows, some of them there", run: insertMany},
		check{name: "beside refreshes", run: insertBesidePuts},
	)
}

// insert inserts and requires an error per row, all nil.
func (e *env) insert(rows ...store.Row) {
	e.Helper()
	errs, err := e.Follower.Insert(e.ctx, rows)
	require.NoError(e, err)
	require.Len(e, errs, len(rows), "one error per row")
	for i, err := range errs {
		require.NoError(e, err, "row %d", i)
	}
}

// insertWhereNothingIs: version 0 lets every refresh take precedence.
func insertWhereNothingIs(e *env) {
	rec, high := e.user(1), e.user(2)
	e.insert()
	e.insert(e.live(rec, 0), e.live(high, 7))
	for _, r := range []transform.Record{rec, high} {
		row := e.requireLive(r)
		require.Zero(e, row.Version, "whatever version the row says")
		require.False(e, row.Tombstone)
	}
}

// insertWhereRecordIs plays a backfill that read a row before a write that has
// been refreshed since.
func insertWhereRecordIs(e *env) {
	rec := e.user(1)
	e.put(e.live(e.with(rec, "username", "newer"), 3))
	e.unchanged(func() { e.insert(e.live(rec, 0)) })
	e.requireLive(e.with(rec, "username", "newer"))
}

// insertWhereTombstoneIs plays a backfill that read a row before its delete.
func insertWhereTombstoneIs(e *env) {
	over, alone := e.user(1), e.user(2)
	e.put(e.live(over, 1))
	e.put(e.dead(over, 2))
	e.put(e.dead(alone, 5))
	e.unchanged(func() { e.insert(e.live(over, 0), e.live(alone, 0)) })
	e.requireGone(over)
	e.requireGone(alone)
}

// insertTwice plays a backfill that was stopped and goes on a little before.
func insertTwice(e *env) {
	rec := e.user(1)
	e.insert(e.live(rec, 0))
	e.unchanged(func() { e.insert(e.live(e.with(rec, "username", "second"), 0)) })
	e.requireLive(rec)
}

// putOverInserted: the first captured write of a row that was backfilled.
func putOverInserted(e *env) {
	changed, gone := e.user(1), e.user(2)
	e.insert(e.live(changed, 0), e.live(gone, 0))
	e.put(e.live(e.with(changed, "username", "renamed"), 1))
	e.put(e.dead(gone, 1))
	e.requireLive(e.with(changed, "username", "renamed"))
	e.requireTombstone(gone, 1)
}

// insertMany has more rows than one call of an engine takes, and among them
// rows that are there: they must not take others with them.
func insertMany(e *env) {
	want := map[transform.Key]string{}
	var rows []store.Row
	for i := range 130 {
		rec := e.visit(fmt.Sprintf("v%d", i%7), i, "place", "here", "rank", fmt.Sprint(i))
		rows = append(rows, e.live(rec, 0))
		want[e.key(rec)] = text(rec)
		switch i % 26 {
		case 3:
			there := e.with(rec, "note", "there")
			e.put(e.live(there, 2))
			want[e.key(rec)] = text(there)
		case 11:
			e.put(e.dead(rec, 2))
			delete(want, e.key(rec))
		}
	}
	rows = append(rows, e.live(e.user(1), 0))
	e.insert(rows...)
	require.Equal(e, want, e.liveText(e.scan(e.visits, 50)))
	e.requireLive(e.user(1))
}

// insertBesidePuts: whatever the order, the refresh's row is there in the end.
// Some refreshes come first for certain.
func insertBesidePuts(e *env) {
	const n = 30
	var inserts, puts []store.Row
	for i := range n {
		inserts = append(inserts, e.live(e.visit("v", i, "note", "old"), 0))
		puts = append(puts, e.live(e.visit("v", i, "note", "new"), 1))
		if i%3 == 0 {
			puts[i] = e.dead(e.visit("v", i), 1)
		}
	}
	begun, other := make(chan struct{}), e.other()
	for _, err := range together(2, func(g int) error {
		if g == 0 {
			<-begun
			return e.insertInTens(inserts)
		}
		for i, row := range puts {
			if i == n/3 {
				close(begun)
			}
			if _, err := other.Follower.Put(e.ctx, e.to, row); err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(e, err)
	}
	for i, put := range puts {
		row := e.row(put.Key)
		require.EqualValues(e, 1, row.Version, "row %d", i)
		require.Equal(e, put.Live, row.Live, "row %d", i)
	}
}

func (e *env) insertInTens(rows []store.Row) error {
	for chunk := range slices.Chunk(rows, 10) {
		errs, err := e.Follower.Insert(e.ctx, chunk)
		if err := errors.Join(append(errs, err)...); err != nil {
			return err
		}
	}
	return nil
}
