package dal_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
)

// A moment is when a read finds the group in which phase.
type moment struct {
	name  string
	phase dal.Phase
	// then changes the phase behind the router's back.
	then func(*fixture, *testing.T)
}

func moments() (all []moment) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		all = append(all, moment{phase.String(), phase, nil})
	}
	return append(all,
		moment{"handed over", dal.Validate, (*fixture).handOver},
		moment{"handed back", dal.DynamoDBPrimary, (*fixture).handBack})
}

// TestSweepReads fails every call of every read, and has the process die at each, in each
// phase and across a hand-off of which the router has not heard. The other store lags behind
// in all that is read. Whatever fails: an answer is right, of one store and of its present
// state, or says that it may be stale; everything else is an error of its kind, beside no
// answer. No store is changed, and the same read is right after that.
func TestSweepReads(t *testing.T) {
	for _, at := range moments() {
		for _, path := range readPaths() {
			for _, stale := range []bool{false, true} {
				if stale && (path.unit || at.phase != dal.DynamoDBPrimary) {
					continue // there is nothing to fall back to
				}
				t.Run(fmt.Sprintf("%s/%s/stale %t", at.name, path.name, stale), func(t *testing.T) {
					f, start := newReadFixture(t, at, path)
					before, effects := f.everything(t), []faultstore.Effect{faultstore.After, faultstore.Crash}
					if path.unit { // its commit is a write, of nothing
						effects = append(effects, faultstore.Before, faultstore.Lost)
					}
					faultstore.Sweep(t, func(t *testing.T, faults *faultstore.Faults) {
						synctest.Test(t, func(t *testing.T) { f.sweepRead(t, at, start, path, stale, faults) })
						require.Equal(t, before, f.everything(t), "a read has changed a store")
					}, effects...)
				})
			}
		}
	}
}

// newReadFixture returns a fixture with the path's records, and the snapshot of a process
// that has not heard of what the moment is.
func newReadFixture(t *testing.T, at moment, path readPath) (*fixture, dal.Snapshot) {
	t.Helper()
	f := newFixtureOf(t, path.contract(t), at.phase, dal.RouterOptions{}, faultstore.New())
	f.writeOnce(t, path, false)
	if at.phase.HasFollower() {
		f.drain(t)
	}
	start, err := f.snapshot(t.Context())
	require.NoError(t, err)
	if at.then != nil {
		at.then(f, t)
	}
	f.writeOnce(t, path, true)
	return f, start
}

// writeOnce writes the path's records in the store that leads alone.
func (f *fixture) writeOnce(t *testing.T, path readPath, again bool) {
	t.Helper()
	plain := f.plain(t)
	defer plain.Close()
	require.NoError(t, path.write(t.Context(), plain, again))
}

// sweepRead reads under the script, and again without what it has done.
func (f *fixture) sweepRead(t *testing.T, at moment, start dal.Snapshot, path readPath, allow bool, faults *faultstore.Faults) {
	router := dal.NewRouter(f.contract, faults.Store(f.mysql), faults.Store(f.dynamo), start, &dal.RouterOptions{
		CompareQueue: 1, // TestSweepComparisons has them
		Reload: func(ctx context.Context) (dal.Snapshot, error) {
			if _, err := faults.Control(f.dynamo).Phase(ctx); err != nil {
				return dal.Snapshot{}, err
			}
			return f.snapshot(ctx)
		}})
	defer router.Close()
	for try := 0; ; try++ {
		var stale *bool
		if allow {
			stale = new(bool)
		}
		items, err := path.read(t.Context(), router, stale)
		judgeRead(t, at, path, items, stale, err)
		time.Sleep(time.Minute) // a comparison under way ends
		if try > 0 && err == nil {
			break
		}
		require.Less(t, try, 2, "there is one fault: %v", err)
		faults.Restart()
	}
}

// judgeRead holds a read against the model.
func judgeRead(t *testing.T, at moment, path readPath, items []any, stale *bool, err error) {
	t.Helper()
	was, is := path.want(false), path.want(true)
	switch {
	case err == nil:
		require.Len(t, items, len(is), "a part of the answer, and no error")
	case path.parts:
		require.Less(t, len(items), len(is), "all of the answer, and an error")
	default:
		require.Empty(t, items, "an answer beside an error: %v", err)
	}
	behind := 0 // of the items: each is wholly of one store
	for i, item := range items {
		if stale != nil && *stale && !reflect.DeepEqual(is[i], item) {
			require.Equal(t, was[i], item)
			behind++
			continue
		}
		require.Equal(t, is[i], item, "answered as if it were right")
	}
	if err == nil {
		require.True(t, behind > 0 || stale == nil || !*stale || at.then != nil, "said to be stale, and right")
		return
	}
	kinds, outcomes := []error{dal.ErrUnavailable}, []dal.Outcome{store.NoWrite, dal.NotApplied}
	if at.then != nil {
		kinds = append(kinds, dal.ErrWrongPhase) // it was not heard in time who leads
	}
	if path.unit {
		outcomes = append(outcomes, dal.Unknown)
	}
	var e *dal.Error
	require.ErrorAs(t, err, &e)
	require.Contains(t, kinds, e.Kind)
	require.Contains(t, outcomes, e.Outcome)
}

// everything returns what both stores hold.
func (f *fixture) everything(t *testing.T) (all []any) {
	t.Helper()
	for _, s := range []store.Store{f.mysql, f.dynamo} {
		for _, e := range f.contract.Entities {
			page, err := s.Scan(t.Context(), store.At{Captured: true}, store.Range{Entity: e, Limit: 10_000})
			require.NoError(t, err)
			all = append(all, page.Rows)
		}
		for shard := range s.Shards() {
			dirty, err := s.Dirty(t.Context(), store.DirtyRange{Shard: shard, Limit: 10_000})
			require.NoError(t, err)
			marks, err := s.FanOuts(t.Context(), store.DirtyRange{Shard: shard, Limit: 10_000})
			require.NoError(t, err)
			for i := range dirty.Changes {
				dirty.Changes[i].Age = 0
			}
			for i := range marks.Marks {
				marks.Marks[i].Age = 0
			}
			all = append(all, dirty, marks)
		}
		r, err := s.Phase(t.Context())
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}
