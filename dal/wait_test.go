package dal_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// requests starts a read and a write of user 1 and returns what comes of them.
func (f *fixture) requests() (write, read <-chan error) {
	w, r := make(chan error, 1), make(chan error, 1)
	go func() {
		w <- f.users.Update(context.Background(), f.users.Key(1), func(u *User) error { u.Email += "+"; return nil })
	}()
	go func() {
		_, err := f.users.Get(context.Background(), f.users.Key(1))
		r <- err
	}()
	return w, r
}

// TestRequestsWaitForAHandOff: while the authority is on its way from one store
// to the other, in either direction, requests neither fail nor get an answer of
// the old one. At its end they go on at once.
func TestRequestsWaitForAHandOff(t *testing.T) {
	for _, phase := range []dal.Phase{dal.Validate, dal.DynamoDBPrimary} {
		t.Run(phase.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, phase, dal.RouterOptions{})
				f.seed(t, user(1))
				lead, other := f.leads(t.Context())
				next := dal.DynamoDBPrimary + dal.Validate - phase
				f.announce(t, lead, next)
				wrote, read := f.requests()
				time.Sleep(2750 * time.Millisecond)
				if lead == f.mysql {
					require.NoError(t, <-read, "a closed fence stops no reads")
					require.Equal(t, int64(1), f.router.Stats().Waiting)
				} else {
					require.Equal(t, int64(2), f.router.Stats().Waiting)
				}
				f.drain(t)
				if lead == f.dynamo {
					f.turn(t, f.mysql, func(r *store.PhaseRecord) { r.State = store.Sealed })
				}
				f.give(t, lead, other, next)

				opened := time.Now()
				require.NoError(t, <-wrote)
				if lead == f.dynamo {
					require.NoError(t, <-read)
				}
				require.LessOrEqual(t, time.Since(opened), 40*time.Millisecond)
				require.Equal(t, user(1).Email+"+", f.email(t, other, 1))
				require.Zero(t, f.router.Stats().Waiting)
				require.NotZero(t, f.router.Stats().Waited)
				f.router.Close()
			})
		})
	}
}

// A waitHook counts the operations that waited a second and succeeded, and the
// others.
type waitHook struct{ good, bad atomic.Int64 }

func (h *waitHook) OnWait(e dal.WaitEvent) {
	if e.Err == nil && e.Duration >= time.Second {
		h.good.Add(1)
	} else {
		h.bad.Add(1)
	}
}

// TestHandOffGivenUp: an abort opens the authority again in the same epoch, and
// what waited goes on.
func TestHandOffGivenUp(t *testing.T) {
	for _, phase := range []dal.Phase{dal.Validate, dal.DynamoDBPrimary} {
		t.Run(phase.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seen := &waitHook{}
				f := newFixture(t, phase, dal.RouterOptions{Hooks: []dal.Hook{seen}})
				f.seed(t, user(1))
				lead, _ := f.leads(t.Context())
				f.announce(t, lead, dal.DynamoDBPrimary+dal.Validate-phase)
				wrote, read := f.requests()
				time.Sleep(time.Second)
				f.turn(t, lead, func(r *store.PhaseRecord) { r.State, r.Next = store.Open, 0 })
				opened := time.Now()
				require.NoError(t, <-wrote)
				require.NoError(t, <-read)
				require.LessOrEqual(t, time.Since(opened), 40*time.Millisecond)
				require.Equal(t, user(1).Email+"+", f.email(t, lead, 1))
				require.NotZero(t, seen.good.Load())
				require.Zero(t, seen.bad.Load())
				f.router.Close()
			})
		})
	}
}

// TestOneReaderForAllWhoWait: a hundred requests that wait read the phase
// record no oftener than one does, and ask the store nothing.
func TestOneReaderForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f *fixture
		var reloads, atOnce, most atomic.Int64
		f = newFixture(t, dal.Validate, dal.RouterOptions{Reload: func(ctx context.Context) (dal.Snapshot, error) {
			most.Store(max(most.Load(), atOnce.Add(1)))
			defer atOnce.Add(-1)
			reloads.Add(1)
			time.Sleep(time.Millisecond)
			return f.snapshot(ctx)
		}})
		f.seed(t, user(1))
		f.announce(t, f.mysql, dal.DynamoDBPrimary)
		var all sync.WaitGroup
		for range 100 {
			all.Add(1)
			go func() {
				defer all.Done()
				u := user(1)
				if err := f.users.Put(context.Background(), &u); err != nil {
					t.Error(err)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		require.LessOrEqual(t, reloads.Load(), int64(2000/20+5))
		require.Equal(t, int64(1), most.Load())
		require.Len(t, f.faults.Matching(faultstore.Method("Write")), 100, "one try each")
		f.turn(t, f.mysql, func(r *store.PhaseRecord) { r.State, r.Next = store.Open, 0 })
		all.Wait()
		f.router.Close()
	})
}

// TestNobodyLeads: between the mark of the one store and the opening of the
// other there is nobody to ask, and nobody is asked.
func TestNobodyLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, dal.Validate, dal.RouterOptions{})
		f.seed(t, user(1))
		f.turn(t, f.mysql, func(r *store.PhaseRecord) {
			r.State, r.Phase, r.Epoch = store.GivenAway, dal.DynamoDBPrimary, r.Epoch+1
		})
		before := len(f.faults.Calls())
		wrote, read := f.requests()
		time.Sleep(2 * time.Second)
		require.Len(t, f.faults.Calls(), before+2, "one try each")
		f.turn(t, f.dynamo, func(r *store.PhaseRecord) {
			r.State, r.Phase, r.Capture, r.Epoch = store.Open, dal.DynamoDBPrimary, true, f.router.Snapshot().Epoch+1
		})
		require.NoError(t, <-wrote)
		require.NoError(t, <-read)
		f.router.Close()
	})
}

// TestSetWakes: who waits does not wait for the next look at the record if the
// controller knows already.
func TestSetWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{
			Reload: func(ctx context.Context) (dal.Snapshot, error) {
				<-ctx.Done() // the record can't be reached
				return dal.Snapshot{}, ctx.Err()
			}})
		f.seed(t, user(1))
		f.lease.End()
		wrote, read := f.requests()
		time.Sleep(time.Second)
		began := time.Now()
		f.grant(f.router.Snapshot().Epoch)
		f.router.Set(f.router.Snapshot()) // says nothing new, but for the lease
		require.NoError(t, <-wrote)
		require.NoError(t, <-read)
		require.Zero(t, time.Since(began))
		f.router.Close()
	})
}

// TestPhaseWaitSaysWhy: who waited in vain learns that a hand-off is under way,
// and that nothing was applied.
func TestPhaseWaitSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{PhaseWait: 3 * time.Second})
		f.seed(t, user(1))
		f.announce(t, f.dynamo, dal.Validate)
		start := time.Now()
		wrote, read := f.requests()
		err := <-wrote
		require.ErrorIs(t, err, dal.ErrWrongPhase)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
		require.ErrorContains(t, err, "the hand-off to validate is under way and did not end within 3s")
		require.ErrorIs(t, <-read, dal.ErrWrongPhase)
		require.Equal(t, 3*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = f.users.Get(ctx, f.users.Key(1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "the hand-off to validate is under way, and the caller waited no longer")
		require.Equal(t, 4*time.Second, time.Since(start))

		f.turn(t, f.dynamo, func(r *store.PhaseRecord) { r.State, r.Next = store.Open, 0 })
		_, err = f.users.Get(t.Context(), f.users.Key(1))
		require.NoError(t, err)
		f.router.Close()
	})
}

// A sleeper is a store whose second answer to a Get comes long after it was
// given, as to a process that was stopped meanwhile.
type sleeper struct {
	store.Store
	gets  atomic.Int64
	sleep func()
}

func (s *sleeper) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	row, err := s.Store.Get(ctx, at, key)
	if s.gets.Add(1) == 2 {
		s.sleep()
	}
	return row, err
}

// TestProcessThatSleptLooksAgain: an operation whose process sleeps through the
// wait for a phase does not fail for what it saw before; it looks once more.
func TestProcessThatSleptLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
		f.seed(t, user(1))
		f.announce(t, f.dynamo, dal.Validate)
		var awake atomic.Bool
		dynamo := &sleeper{Store: f.dynamo, sleep: func() {
			time.Sleep(5 * time.Second)
			f.turn(t, f.dynamo, func(r *store.PhaseRecord) { r.State, r.Next = store.Open, 0 })
			awake.Store(true)
		}}
		f.reroute(t, f.mysql, dynamo, dal.RouterOptions{PhaseWait: 3 * time.Second,
			Reload: func(ctx context.Context) (dal.Snapshot, error) {
				if !awake.Load() {
					return dal.Snapshot{}, errors.New("no answer")
				}
				return f.snapshot(ctx)
			}})
		_, err := f.users.Get(t.Context(), f.users.Key(1))
		require.NoError(t, err)
		require.EqualValues(t, 3, dynamo.gets.Load())
		f.router.Close()
	})
}

// A leaper is a clock that leaps over the end of a lease at its n-th reading
// from now. Stores read it when an operation enters, before they send anything
// more, and when the reply is there.
type leaper struct{ ahead, leap atomic.Int64 }

func (l *leaper) in(n int64) { l.leap.Store(n) }

func (l *leaper) now() time.Time {
	if l.leap.Add(-1) == 0 {
		l.ahead.Add(int64(2 * leaseLength))
	}
	return time.Now().Add(time.Duration(l.ahead.Load()))
}

// leaping gives the fixture's process a lease on such a clock.
func (f *fixture) leaping(t *testing.T) *leaper {
	t.Helper()
	l := &leaper{}
	f.lease, f.now = store.NewLease(l.now), l.now
	f.reroute(t, f.faults.Store(f.mysql), f.faults.Store(f.dynamo), dal.RouterOptions{Reload: f.snapshot})
	return l
}

// TestLeaseLostDuringRead: an answer that came when the lease had run out does
// not count; the read is done again under the next one.
func TestLeaseLostDuringRead(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	clock := f.leaping(t)
	for name, read := range map[string]func() error{
		"Get":     func() error { _, err := f.users.Get(t.Context(), f.users.Key(1)); return err },
		"GetMany": func() error { _, err := f.users.GetMany(t.Context(), []dal.Key{f.users.Key(1)}); return err },
		"Query": func() error {
			_, err := f.users.Page(t.Context(), dal.Index("UsernameIndex").Equal("user1"), "", 1)
			return err
		},
	} {
		before := len(f.faults.Matching(faultstore.Method(name)))
		clock.in(2)
		require.NoError(t, read())
		require.Len(t, f.faults.Matching(faultstore.Method(name)), before+2, "the first answer was taken")
	}
}

// TestLeaseLostBeforeWrite: a write that was not sent yet is done again.
func TestLeaseLostBeforeWrite(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	clock := f.leaping(t)
	for n := range int64(2) {
		u := user(2 + n)
		clock.in(1 + n)
		require.NoError(t, f.users.Create(t.Context(), &u))
	}
	require.Len(t, f.faults.Matching(faultstore.Method("Write")), 4)
}

// TestLeaseLostDuringWrite: a write whose lease ran out on the way may have been
// applied. It is reported so and never sent again by us.
func TestLeaseLostDuringWrite(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.leaping(t).in(3)
	u := user(2)
	err := f.users.Create(t.Context(), &u, dal.Token("t"))
	require.ErrorIs(t, err, dal.ErrUnavailable)
	require.Equal(t, dal.Unknown, dal.OutcomeOf(err))
	require.Len(t, f.faults.Matching(faultstore.Method("Write")), 1)
	require.NoError(t, f.users.Create(t.Context(), &u, dal.Token("t")), "the same token settles it")
	require.True(t, f.in(t, f.mysql, 2).Live)
}

// TestUnknownIsNotRetried: whatever the kind of the error, a write that may
// have been applied is the caller's to repeat.
func TestUnknownIsNotRetried(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	for _, outcome := range []dal.Outcome{dal.Unknown, dal.Applied} {
		before := len(f.faults.Matching(faultstore.Method("Write")))
		remove := f.faults.FailWith(faultstore.Method("Write"), &store.Error{Kind: store.ErrWrongPhase, Outcome: outcome})
		u := user(1)
		err := f.users.Create(t.Context(), &u)
		require.Equal(t, outcome, dal.OutcomeOf(err))
		require.Len(t, f.faults.Matching(faultstore.Method("Write")), before+1)
		remove()
	}
}

// TestScenario19LongUpdateSpansASwitch: an update that began under one
// authority and comes to its end under the other is done anew there, whole, and
// leaves nothing behind in the old one.
func TestScenario19LongUpdateSpansASwitch(t *testing.T) {
	for _, phase := range []dal.Phase{dal.Validate, dal.DynamoDBPrimary} {
		t.Run(phase.String(), func(t *testing.T) {
			f := newFixture(t, phase, dal.RouterOptions{})
			f.seed(t, user(1))
			old, other := f.leads(t.Context())
			calls := 0
			var phases []dal.Phase
			err := f.users.Update(t.Context(), f.users.Key(1), func(u *User) error {
				u.Username = "half"
				if calls++; calls == 1 {
					if phase == dal.Validate {
						f.handOver(t)
					} else {
						f.handBack(t)
					}
					// Somebody else is faster in the new phase.
					require.NoError(t, f.elsewhere(t).Update(t.Context(), f.users.Key(1), func(u *User) error { u.Email = "other@example.com"; return nil }))
				}
				phases = append(phases, f.router.Snapshot().Phase)
				u.Email += "+"
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, 2, calls)
			require.Equal(t, []dal.Phase{phase, dal.DynamoDBPrimary + dal.Validate - phase}, phases)
			require.Equal(t, "other@example.com+", f.email(t, other, 1), "what was read in the old phase was written")
			require.False(t, f.isDirty(t, old, 1), "the old authority has a change record of it")
			f.drain(t)
			f.requireEqualStores(t)
		})
	}
}

// elsewhere returns the repository of another process of the fleet.
func (f *fixture) elsewhere(t *testing.T) *dal.Repository[User] {
	t.Helper()
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	now.Lease = new(store.Lease)
	now.Lease.Extend(now.Epoch, time.Now(), leaseLength)
	router := dal.NewRouter(f.contract, f.mysql, f.dynamo, now, nil)
	t.Cleanup(router.Close)
	users, err := dal.NewRepository[User](router, "Users")
	require.NoError(t, err)
	return users
}

// reroute gives the fixture another router, over other stores.
func (f *fixture) reroute(t *testing.T, mysql, dynamo store.Store, opts dal.RouterOptions) {
	t.Helper()
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	f.router = dal.NewRouter(f.contract, mysql, dynamo, now, &opts)
	t.Cleanup(f.router.Close)
	f.users, err = dal.NewRepository[User](f.router, "Users")
	require.NoError(t, err)
}

// TestWithoutDynamoDB: a process that was started without it says so.
func TestWithoutDynamoDB(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	f.reroute(t, f.mysql, nil, dal.RouterOptions{})
	_, err := f.users.Get(t.Context(), f.users.Key(1))
	require.ErrorIs(t, err, dal.ErrInvalid)
	err = f.users.Delete(t.Context(), f.users.Key(1))
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.ErrorContains(t, err, "started without it")
	require.Nil(t, f.router.Refresher())
}

// TestBlindProcessGoesOn: a phase record that can't be read stops nobody; the
// store's own mark decides.
func TestBlindProcessGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, dal.Validate, dal.RouterOptions{
			Reload: func(context.Context) (dal.Snapshot, error) { return dal.Snapshot{}, errors.New("no answer") }})
		f.seed(t, user(1))
		f.announce(t, f.mysql, dal.DynamoDBPrimary)
		wrote, read := f.requests()
		require.NoError(t, <-read)
		time.Sleep(time.Second)
		f.turn(t, f.mysql, func(r *store.PhaseRecord) { r.State, r.Next = store.Open, 0 })
		require.NoError(t, <-wrote)
		f.router.Close()
	})
}
