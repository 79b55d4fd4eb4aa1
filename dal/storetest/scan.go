package storetest

import (
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func scanCases() []testCase {
	return ruled(ruleScan,
		check{name: "in pages of any size", run: scanPages},
		check{name: "nothing", run: scanNothing},
		check{name: "keys of several columns", run: scanComposite},
		check{name: "beside writes", run: scanBesideWrites},
	)
}

// liveText returns the records of the rows that are live, by key. A key that
// comes twice fails the case.
func (e *env) liveText(rows []store.Row) map[transform.Key]string {
	e.Helper()
	all := map[transform.Key]string{}
	for _, row := range rows {
		if !row.Live {
			continue
		}
		require.NotContains(e, all, row.Key, "a record comes twice")
		all[row.Key] = text(row.Record)
	}
	return all
}

func (e *env) byKey(records []transform.Record) map[transform.Key]string {
	all := map[transform.Key]string{}
	for _, rec := range records {
		all[e.key(rec)] = text(rec)
	}
	return all
}

// scanPages: a backfill that misses a row leaves it missing, and one that gets it
// twice never knows when it is done.
func scanPages(e *env) {
	var records []transform.Record
	for i := range 25 {
		records = append(records, e.user(i*i-40))
	}
	e.fill(records...)
	e.fill(e.visit("v", 1), e.visit("v", 2))
	want := e.byKey(records)
	for _, limit := range []int{1, 7, 25, 26, 1000} {
		require.Equal(e, want, e.liveText(e.scan(e.users, limit)), "in pages of %d", limit)
	}
	e.unset(records[3])
	delete(want, e.key(records[3]))
	require.Equal(e, want, e.liveText(e.scan(e.users, 7)))
}

// scanNothing: what other entities have is not in the answer.
func scanNothing(e *env) {
	e.fill(e.visit("v", 1))
	require.Empty(e, e.scan(e.users, 10))
}

// scanComposite ends pages between records that share the first key column.
func scanComposite(e *env) {
	var records []transform.Record
	for _, visitor := range []string{"a", "A", "a#1", "b", "ä", "😀"} {
		for _, number := range []int{-5, 0, 2, 10} {
			records = append(records, e.visit(visitor, number))
		}
	}
	e.fill(records...)
	for _, limit := range []int{1, 3, 100} {
		require.Equal(e, e.byKey(records), e.liveText(e.scan(e.visits, limit)), "in pages of %d", limit)
	}
}

// scanBesideWrites deletes what the scan has just seen, its last record too,
// and creates others before and behind it.
func scanBesideWrites(e *env) {
	var stay, leave []transform.Record
	for i := range 20 {
		stay = append(stay, e.user(i*10))
		leave = append(leave, e.user(i*10+5))
	}
	e.fill(stay...)
	e.fill(leave...)
	left := e.byKey(leave)
	got := map[transform.Key]string{}
	r := store.Range{Entity: e.users, Limit: 6}
	for i := 1; i == 1 || r.After != ""; i++ {
		page, err := e.reader().Scan(e.ctx, e.at, r)
		require.NoError(e, err)
		for _, row := range page.Rows {
			require.NotContains(e, got, row.Key, "a record comes twice")
			got[row.Key] = ""
			if _, goes := left[row.Key]; goes && row.Live {
				got[row.Key] = "goes"
				e.unset(row.Record)
				delete(left, row.Key)
			}
		}
		e.fill(e.user(10*i+1), e.user(-i))
		require.Less(e, i, 1000, "the pages do not end")
		r.After = page.Next
	}
	for _, rec := range stay {
		require.Contains(e, got, e.key(rec), "a record that stayed was left out")
	}
}
