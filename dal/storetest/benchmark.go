package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

// BenchmarkAuthority times the calls that a service's operations and its relay
// make of an authority, without capture and under it, one after the other.
func BenchmarkAuthority(b *testing.B, h Harness) {
	for _, capture := range []bool{false, true} {
		name := "bare"
		if capture {
			name = "captured"
		}
		prepare := func(b *testing.B) *env {
			e := newEnv(b, h, testCase{part: asAuthority})
			e.start()
			if capture {
				e.capture()
			}
			e.fill(e.visit("v", 0, "place", "here", "rank", "0"))
			return e
		}
		b.Run(name+"/get", func(b *testing.B) { benchmarkGet(b, prepare(b)) })
		b.Run(name+"/query", func(b *testing.B) { benchmarkQuery(b, prepare(b)) })
		b.Run(name+"/create", func(b *testing.B) { benchmarkCreate(b, prepare(b)) })
		b.Run(name+"/update", func(b *testing.B) { benchmarkUpdate(b, prepare(b)) })
	}
	b.Run("relay", func(b *testing.B) { benchmarkRelay(b, newEnv(b, h, testCase{part: asAuthority})) })
}

// BenchmarkFollower times the calls of a relay and of a backfill.
func BenchmarkFollower(b *testing.B, h Harness) {
	b.Run("get", func(b *testing.B) {
		e := newFollower(b, h)
		e.fill(e.visit("v", 0, "place", "here", "rank", "0"))
		benchmarkGet(b, e)
	})
	b.Run("put", func(b *testing.B) { benchmarkPut(b, newFollower(b, h)) })
	b.Run("insert", func(b *testing.B) { benchmarkInsert(b, newFollower(b, h)) })
}

func newFollower(b *testing.B, h Harness) *env {
	e := newEnv(b, h, testCase{part: asFollower})
	e.follow()
	return e
}

func benchmarkGet(b *testing.B, e *env) {
	key := e.key(e.visit("v", 0))
	for b.Loop() {
		row, err := e.reader().Get(b.Context(), e.at, key)
		require.NoError(b, err)
		require.True(b, row.Live)
	}
}

func benchmarkQuery(b *testing.B, e *env) {
	q := e.byPlace("here")
	for b.Loop() {
		rows, err := e.reader().Query(b.Context(), e.at, q)
		require.NoError(b, err)
		require.Len(b, rows, 1)
	}
}

func benchmarkCreate(b *testing.B, e *env) {
	n := 0
	for b.Loop() {
		n++
		w := store.Write{Mutations: []store.Mutation{e.create(e.visit("created", n, "rank", "0"))}}
		_, err := e.Authority.Write(b.Context(), e.at, w)
		require.NoError(b, err)
	}
}

func benchmarkUpdate(b *testing.B, e *env) {
	w := store.Write{Mutations: []store.Mutation{e.increment(e.visit("v", 0))}}
	for b.Loop() {
		_, err := e.Authority.Write(b.Context(), e.at, w)
		require.NoError(b, err)
	}
}

// benchmarkRelay times a relay's share of one key: read, and clean.
func benchmarkRelay(b *testing.B, e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 0, "rank", "0")
	e.fill(rec)
	for b.Loop() {
		b.StopTimer()
		w, err := e.Authority.Write(b.Context(), e.at, store.Write{Mutations: []store.Mutation{e.increment(rec)}})
		require.NoError(b, err)
		require.Len(b, w.Changes, 1)
		change := w.Changes[0]
		b.StartTimer()
		row, err := e.Authority.Get(b.Context(), relay, e.key(rec))
		require.NoError(b, err)
		require.NoError(b, e.Authority.Clean(b.Context(), change))
		require.True(b, row.Live)
	}
}

func benchmarkPut(b *testing.B, e *env) {
	row := e.live(e.visit("v", 0, "place", "here", "rank", "0"), 0)
	for b.Loop() {
		row.Version++
		took, err := e.Follower.Put(b.Context(), e.to, row)
		require.NoError(b, err)
		require.True(b, took)
	}
}

// benchmarkInsert inserts 100 rows a call.
func benchmarkInsert(b *testing.B, e *env) {
	const chunk = 100
	n := 0
	for b.Loop() {
		rows := make([]store.Row, chunk)
		for i := range rows {
			n++
			rows[i] = e.live(e.visit("v", n, "place", "here", "rank", "0"), 0)
		}
		errs, err := e.Follower.Insert(b.Context(), rows)
		require.NoError(b, err)
		for _, err := range errs {
			require.NoError(b, err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
