package fleet_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
	"github.com/crossfade-go/crossfade/internal/fleet"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// A stage is a world with one store that plays MySQL.
type stage struct {
	*fleet.World
	contract *transform.Contract
	store    *memstore.Store
}

func newStage(t *testing.T, seed uint64) *stage {
	c := storetest.Contract(t)
	return &stage{fleet.New(seed), c, memstore.New(c, &memstore.Options{Name: "mysql", Wire: fleet.Wire})}
}

var bare = store.At{Epoch: store.FirstEpoch}

// put is the write of a user.
func (s *stage) put(id int64) store.Write {
	rec := s.contract.Entity("Users").NewRecord()
	rec.SetAt(0, transform.IntValue(id))
	key, err := rec.Key()
	if err != nil {
		panic(err)
	}
	return store.Write{Mutations: []store.Mutation{{Op: store.Put, Key: key, Record: rec}}}
}

// has reports whether the store has the user.
func (s *stage) has(id int64) bool {
	row, err := s.store.Get(context.Background(), store.At{}, s.put(id).Mutations[0].Key)
	return err == nil && row.Live
}

// TestReplay: the same seed gives the same run, though the goroutines of a
// process arrive in any order; another one gives another.
func TestReplay(t *testing.T) {
	run := func(seed uint64) (trace *fleet.Trace) {
		synctest.Test(t, func(t *testing.T) {
			w := newStage(t, seed)
			w.Fate = func(r *rand.Rand, _ fleet.Call) fleet.Fate {
				return fleet.Fate{Slow: time.Duration(r.IntN(3)) * time.Millisecond}
			}
			p := w.Process("p", 0.03)
			s := p.Store(w.store)
			for i := range 20 {
				p.Go("", func(ctx context.Context) {
					for n := range 3 {
						_, _ = s.Write(ctx, bare, w.put(int64(100*i+n)))
						_ = p.Sleep(ctx, time.Duration(i%3)*time.Millisecond)
					}
				})
			}
			w.RunFor(time.Second)
			w.End(nil)
			require.Empty(t, w.Ambiguous())
			trace = w.Trace()
		})
		return trace
	}
	for seed := range uint64(5) {
		first := run(seed)
		require.Greater(t, len(first.Lines()), 300)
		require.Empty(t, first.Difference(run(seed)))
		require.NotEmpty(t, first.Difference(run(seed+100)))
	}
}

// TestAmbiguous: two steps that nothing tells apart are noticed.
func TestAmbiguous(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStage(t, 1)
		p := w.Process("p", 0)
		s := p.Store(w.store)
		for range 2 {
			p.Go("same", func(ctx context.Context) { _, _ = s.Write(ctx, bare, w.put(1)) })
		}
		w.RunFor(time.Second)
		w.End(nil)
		require.NotEmpty(t, w.Ambiguous())
	})
}

// TestLate: a request arrives once, also when its caller was told that there is
// no reply, or has given up.
func TestLate(t *testing.T) {
	for name, c := range map[string]struct {
		fate    fleet.Fate
		patient time.Duration
		err     error
		arrives bool
	}{
		"late":       {fleet.Fate{NoReply: 10 * time.Millisecond, Late: time.Second}, time.Minute, fleet.ErrLost, true},
		"lost reply": {fleet.Fate{NoReply: 10 * time.Millisecond}, time.Minute, fleet.ErrLost, true},
		"dropped":    {fleet.Fate{NoReply: 10 * time.Millisecond, Dropped: true}, time.Minute, fleet.ErrLost, false},
		"away":       {fleet.Fate{Away: true}, time.Minute, fleet.ErrAway, false},
		"slow":       {fleet.Fate{Slow: time.Second}, time.Minute, nil, true},
		"given up":   {fleet.Fate{Slow: time.Second}, 20 * time.Millisecond, context.DeadlineExceeded, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newStage(t, 1)
				writes := 0
				w.Fate = func(*rand.Rand, fleet.Call) fleet.Fate {
					if writes++; writes == 2 { // the first one reads what the second changes
						return c.fate
					}
					return fleet.Fate{}
				}
				p := w.Process("p", 0)
				var got error
				p.Go("a", func(ctx context.Context) {
					ctx, cancel := context.WithTimeout(ctx, c.patient)
					defer cancel()
					_, got = p.Store(w.store).Write(ctx, bare, w.put(1))
				})
				w.RunFor(500 * time.Millisecond)
				if c.patient < time.Second {
					require.ErrorIs(t, got, c.err, "it waits no longer than its caller")
				}
				w.RunFor(2 * time.Second)
				require.Equal(t, c.arrives, w.has(1))
				if c.err == nil {
					require.NoError(t, got)
				} else {
					require.ErrorIs(t, got, c.err)
				}
				w.End(nil)
			})
		})
	}
}

// TestCrash: what a process has sent arrives after its death; it is told
// nothing, and does nothing.
func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStage(t, 1)
		p := w.Process("p", 0)
		commits := 0
		w.Held = func(c fleet.Call) bool { return c.Method == "Write" && commits > 0 && p.Alive() }
		w.Landed = func(fleet.Call, error) { commits++ }
		var got error
		p.Go("a", func(ctx context.Context) {
			s := p.Store(w.store)
			if _, got = s.Write(ctx, bare, w.put(1)); got == nil {
				_, got = s.Write(ctx, bare, w.put(2))
			}
		})
		w.RunFor(time.Second)
		require.False(t, w.has(1))
		require.Len(t, w.UnderWay(p), 1)
		p.Crash(func(*rand.Rand) fleet.Fate { return fleet.Fate{Late: time.Second} })
		w.RunFor(time.Second / 2)
		require.False(t, w.has(1))
		w.RunFor(time.Second)
		require.True(t, w.has(1))
		require.NoError(t, got, "it is told nothing")
		w.End(nil)
		require.ErrorIs(t, got, fleet.ErrOver)
		require.False(t, w.has(2))
	})
}

// TestPause: a process that is stopped goes on where it was.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStage(t, 1)
		p := w.Process("p", 0)
		var woke time.Duration
		p.Go("a", func(ctx context.Context) {
			_ = p.Sleep(ctx, 100*time.Millisecond)
			woke = w.Elapsed()
		})
		p.Pause(5*time.Second, func(*rand.Rand) time.Duration { return 0 })
		w.RunFor(4 * time.Second)
		require.Zero(t, woke)
		w.RunFor(2 * time.Second)
		require.InDelta(t, 5, woke.Seconds(), 0.1)
		w.End(nil)
	})
}

// TestClocks: the two clocks of a process drift together, and only one of them
// is set.
func TestClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fleet.New(1)
		p := w.Process("p", 0.05)
		before := p.Now()
		require.WithinDuration(t, time.Now(), before.Round(0), time.Microsecond)
		time.Sleep(100 * time.Second)
		require.Equal(t, 105*time.Second, p.Now().Sub(before))
		p.SetWallClock(-time.Hour)
		require.Equal(t, 105*time.Second, p.Now().Sub(before))
		require.Equal(t, 105*time.Second-time.Hour, p.Now().Round(0).Sub(before.Round(0)))

		l := store.NewLease(p.Now)
		l.Extend(1, p.Now(), 10*time.Second)
		time.Sleep(9 * time.Second)
		require.True(t, l.Valid(1))
		time.Sleep(time.Second)
		require.False(t, l.Valid(1), "its clock is faster")
		require.False(t, errors.Is(fleet.ErrLost, fleet.ErrAway))
	})
}
