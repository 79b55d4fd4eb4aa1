package dal_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestSweepComparisons fails every call of the comparisons of phase 3, of the reads too, and
// has the process die at each: where the stores are equal, where MySQL is ahead by what waits
// for its refresh, and where they differ. Whatever fails: an answer is MySQL's, no store is
// changed, what waits or is equal is never called different, and what differs is never called
// equal. The next read finds it.
func TestSweepComparisons(t *testing.T) {
	for _, path := range readPaths() {
		if path.unit || strings.HasPrefix(path.name, "query") {
			continue // a unit is not compared; a query is pages
		}
		for _, state := range []string{"equal", "ahead", "apart"} {
			t.Run(path.name+"/"+state, func(t *testing.T) {
				f := newFixtureOf(t, path.contract(t), dal.Validate, dal.RouterOptions{}, faultstore.New())
				f.writeOnce(t, path, false)
				f.drain(t)
				f.writeOnce(t, path, true)
				if state != "ahead" {
					f.drain(t)
				}
				if state == "apart" {
					f.part(t, path)
				}
				before := f.everything(t)
				faultstore.Sweep(t, func(t *testing.T, faults *faultstore.Faults) {
					synctest.Test(t, func(t *testing.T) { f.sweepComparison(t, path, state, faults) })
					require.Equal(t, before, f.everything(t), "a comparison has changed a store")
				}, faultstore.After, faultstore.Crash)
			})
		}
	}
}

// part gives the follower other records, at a version that the authority never had.
func (f *fixture) part(t *testing.T, path readPath) {
	t.Helper()
	p, err := f.mysql.Phase(t.Context())
	require.NoError(t, err)
	for _, e := range f.contract.Entities {
		page, err := f.mysql.Scan(t.Context(), store.At{Captured: true}, store.Range{Entity: e, Limit: 100})
		require.NoError(t, err)
		for _, row := range page.Rows {
			row.Record = row.Record.Clone()
			if i := e.ColumnIndex("name"); i >= 0 {
				row.Record.SetAt(i, transform.TextValue("apart"))
			}
			if i := e.ColumnIndex("quantity"); i >= 0 {
				row.Record.SetAt(i, transform.IntValue(3))
			}
			row.Version++
			landed, err := f.dynamo.Put(t.Context(), store.At{Epoch: p.Epoch, Captured: true}, row)
			require.NoError(t, err)
			require.True(t, landed)
		}
	}
}

func (f *fixture) sweepComparison(t *testing.T, path readPath, state string, faults *faultstore.Faults) {
	start, err := f.snapshot(t.Context())
	require.NoError(t, err)
	router := dal.NewRouter(f.contract, faults.Store(f.mysql), faults.Store(f.dynamo), start, nil)
	defer router.Close()
	var last dal.Stats
	for try := 0; ; try++ {
		items, err := path.read(t.Context(), router, nil)
		judgeRead(t, moment{phase: dal.Validate}, path, items, nil, err)
		time.Sleep(time.Minute) // the comparisons end, and a follower that rests may be asked
		now := router.Stats()
		whole := err == nil && now.Failed == last.Failed && now.Dropped == last.Dropped
		switch compared, apart := now.Compared-last.Compared, now.Mismatches-last.Mismatches; {
		case state != "apart":
			require.Zero(t, apart, "called different")
			require.True(t, !whole || compared > 0 || now.Unsettled > last.Unsettled, "nobody has looked")
		default:
			if strings.HasPrefix(path.name, "get many") {
				compared = max(0, compared-1) // the key where nothing is, in both
			}
			require.LessOrEqual(t, compared, apart, "called equal")
			require.True(t, !whole || apart > 0, "not found")
		}
		last = now
		if try > 0 && whole {
			break
		}
		require.Less(t, try, 3, fmt.Sprint("there is one fault: ", now))
		faults.Restart()
	}
}
