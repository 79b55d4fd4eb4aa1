package migrationctl_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// lead brings a world in memory to phase 3, 4 or 5.
func (w *world) lead(t testing.TB, phase store.Phase) *process {
	t.Helper()
	w.to(t, store.Validate)
	p := w.open(t, leading())
	for to := store.DynamoDBPrimary; to <= phase; to++ {
		p.step(t, to)
	}
	return p
}

// settled returns the record of the store that leads, once no hand-off is under
// way.
func (w *world) settled(t testing.TB) store.PhaseRecord {
	t.Helper()
	var record store.PhaseRecord
	require.Eventually(t, func() bool {
		var err error
		record, err = w.operator(t).Phase(context.Background())
		return err == nil && record.State == store.Open
	}, time.Minute, 10*time.Millisecond)
	return record
}

// TestSweepHandoff kills the driver of a hand-off at each of its calls, and
// loses each call before it takes effect, or its reply. Another process
// finishes it or it is given up; the requests of that process wait and succeed,
// and the stores end equal.
func TestSweepHandoff(t *testing.T) {
	effects := []faultstore.Effect{faultstore.Crash, faultstore.Before, faultstore.Lost, faultstore.After}
	for _, way := range []struct{ from, to store.Phase }{{3, 4}, {4, 3}, {4, 5}} {
		t.Run(fmt.Sprintf("%d to %d", way.from, way.to), func(t *testing.T) {
			faultstore.Sweep(t, func(t *testing.T, f *faultstore.Faults) {
				synctest.Test(t, func(t *testing.T) { sweepHandoff(t, f, way.from, way.to) })
			}, effects...)
		})
	}
}

func sweepHandoff(t *testing.T, faults *faultstore.Faults, from, to store.Phase) {
	w := newMemoryWorld(t, faultstore.New())
	p := w.lead(t, from)
	if to == store.DynamoDBPrimary {
		p.verified(t)
	}
	load := startLoad(t, []*process{p})
	driver := &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: faults}
	op, err := migrationctl.NewOperator(driver.faulty(), driver.faultyDynamo(), leading())
	require.NoError(t, err)
	made := op.SetPhase(t.Context(), to, migrationctl.Change{Reason: "sweep"})

	now := w.settled(t)
	require.Contains(t, []store.Phase{from, to}, now.Phase)
	if made == nil {
		require.Equal(t, to, now.Phase)
	}
	load.goOn(t)
	load.stop()
	require.Zero(t, load.failed.Load(), "a hand-off fails no request")
	w.oneAuthority(t)
	if now.Phase.HasFollower() {
		p.drained(t)
		w.requireEqualStores(t)
		for id, want := range load.counts() {
			require.Equal(t, want, w.count(t, w.mysql, id))
		}
	}
	require.NoError(t, p.Close(context.Background()))
}

// oneAuthority holds that not both stores would take a write.
func (w *world) oneAuthority(t testing.TB) {
	t.Helper()
	m, err := w.mysql.Phase(context.Background())
	require.NoError(t, err)
	d, err := w.dynamo.Phase(context.Background())
	require.NoError(t, err)
	require.False(t, m.State == store.Open && d.State == store.Open, "mysql %v at %d, dynamodb %v at %d", m.State, m.Epoch, d.State, d.Epoch)
	// Whoever sees MySQL's record alone must not take it for phase 4 in phase 5.
	require.False(t, d.State == store.Open && d.Phase == store.DynamoDBOnly && m.Phase != d.Phase, "mysql's record says phase %d", m.Phase)
}

// TestHandoffIsGivenUp: while the follower does not take what is dirty the
// authority can't move. The step says so within its bound, nothing has changed,
// and writes go on where they went before, also if no process is there that
// could take the hand-off over.
func TestHandoffIsGivenUp(t *testing.T) {
	for _, way := range []struct {
		from, to store.Phase
		follower string
	}{{3, 4, "dynamodb"}, {4, 3, "mysql"}, {4, 5, "mysql"}} {
		t.Run(fmt.Sprintf("%d to %d", way.from, way.to), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				p := w.lead(t, way.from)
				p.verified(t)
				require.NoError(t, p.Close(context.Background()))
				// In the last moment before the authority is closed a key becomes
				// dirty, and the follower takes nothing any more.
				closing := false
				w.faults.On(func(c faultstore.Call) bool {
					if c.Method == "Advance" && !closing {
						closing = true
						w.dirty(t, way.from)
					}
					return false
				}, faultstore.Before)
				full := w.faults.On(func(c faultstore.Call) bool { return closing && c.Store == way.follower && c.Method == "Put" }, faultstore.Before)
				op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), leading())
				require.NoError(t, err)
				start := time.Now()
				require.ErrorContains(t, op.SetPhase(t.Context(), way.to, migrationctl.Change{}), "given up")
				require.Less(t, time.Since(start), 10*time.Second)
				require.Equal(t, way.from, w.settled(t).Phase)
				w.oneAuthority(t)
				full()
				p = w.open(t, leading())
				require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
				p.step(t, way.to)
				require.NoError(t, p.Close(context.Background()))
			})
		})
	}
}

// dirty lets a user be written that nobody brings to the follower.
func (w *world) dirty(t *testing.T, phase store.Phase) {
	if phase.DynamoDBLeads() {
		d, err := w.dynamo.Phase(t.Context())
		require.NoError(t, err)
		w.stray(t, d.Epoch, "", w.put(t, user(1)))
		return
	}
	_, err := w.mysql.Write(t.Context(), w.at(t), store.Write{Mutations: []store.Mutation{w.put(t, user(1))}})
	require.NoError(t, err)
}

// TestSilentProcessIsWaitedOut: a process that holds a lease and says nothing
// any more is waited for as long as its lease may last, and no longer. What it
// asks afterwards gets no answer.
func TestSilentProcessIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		stopped := faultstore.New()
		other := &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: stopped}
		silent := other.open(t, nil)
		stall := stopped.StallOn(func(faultstore.Call) bool { return true })
		time.Sleep(10 * time.Millisecond)

		var report migrationctl.HandoffReport
		op, err := migrationctl.NewOperator(w.mysql, w.dynamo, &migrationctl.Options{Handoff: func(r migrationctl.HandoffReport) { report = r }})
		require.NoError(t, err)
		require.NoError(t, op.SetPhase(t.Context(), store.Validate, migrationctl.Change{}))
		require.GreaterOrEqual(t, report.Leases, migrationctl.LeaseLength)
		require.Equal(t, 1, report.Silent)

		require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
		answered := make(chan error, 1)
		go func() {
			got, err := silent.users.Get(context.Background(), silent.users.Key(1))
			if err == nil && got.Profile.Count != 1 {
				err = fmt.Errorf("read %d", got.Profile.Count)
			}
			answered <- err
		}()
		stall.Release()
		require.NoError(t, <-answered, "it learns that MySQL leads, and reads there")
		require.NoError(t, silent.Close(context.Background()))
		require.NoError(t, p.Close(context.Background()))
	})
}

// stray lets a write land in DynamoDB that was sent in the epoch, whatever leads
// now: the lease was valid when it was looked at.
func (w *world) stray(t testing.TB, epoch uint64, token string, m ...store.Mutation) {
	t.Helper()
	lease := new(store.Lease)
	lease.Extend(epoch, time.Now(), time.Hour)
	_, err := w.dynamo.Write(context.Background(), store.At{Epoch: epoch, Captured: true, Lease: lease}, store.Write{Mutations: m, Token: token})
	require.NoError(t, err)
}

// put is a mutation that stores a user.
func (w *world) put(t *testing.T, u User) store.Mutation {
	return store.Mutation{Op: store.Put, Key: w.key(t, u.ID), Record: w.record(t, u)}
}

// TestStrayWriteIsUndone: a write that was on its way when its process was
// stopped lands in DynamoDB after MySQL has taken over. Nobody was told that it
// succeeded; it is written to the audit and undone, and its token with it, so
// that the repetition of the same write applies.
func TestStrayWriteIsUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		old := w.settled(t).Epoch
		p.step(t, store.Validate)

		late := user(1)
		late.Profile.Count = 77
		w.stray(t, old, "late", w.put(t, late), w.put(t, user(2)))
		require.Equal(t, 77, w.count(t, w.dynamo, 1))
		require.Eventually(t, func() bool {
			return w.count(t, w.dynamo, 1) == 0 && !w.row(t, w.dynamo, 2).Live
		}, time.Minute, time.Second)
		p.drained(t)
		w.requireEqualStores(t)
		audit, err := p.Audit(t.Context(), 20)
		require.NoError(t, err)
		require.Equal(t, "stray write undone", audit[0].Action)
		require.Contains(t, audit[0].Detail, w.key(t, 1).String())

		p.verified(t)
		p.step(t, store.DynamoDBPrimary)
		require.NoError(t, p.users.Put(t.Context(), &late, dal.Token("late")))
		require.Equal(t, 77, w.count(t, w.dynamo, 1), "the repetition applies")
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestStrayBeforeHandoff: a stray that nobody has found yet does not become the
// truth when DynamoDB is opened.
func TestStrayBeforeHandoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		old := w.settled(t).Epoch
		p.step(t, store.Validate)
		p.verified(t)
		late := user(1)
		late.Profile.Count = 77
		w.stray(t, old, "", w.put(t, late))
		require.NoError(t, p.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{}))
		got, err := p.users.Get(t.Context(), p.users.Key(1))
		require.NoError(t, err)
		require.Zero(t, got.Profile.Count)
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestLastLookFindsAStray: a write of two keys lands in DynamoDB while it is
// closed and being drained. It comes over whole, or it is undone whole.
func TestLastLookFindsAStray(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		old := w.settled(t).Epoch
		landed := false
		var refused error
		w.faults.On(func(c faultstore.Call) bool {
			if c.Store == "mysql" && c.Method == "Advance" && !landed {
				landed = true // the seal is on its way: every look so far was empty
				w.stray(t, old, "", w.put(t, user(1)), w.put(t, user(2)))
			}
			if c.Store == "dynamodb" && c.Method == "Backlog" && landed && refused == nil {
				// While the shards are looked through, nothing lands in MySQL.
				row := w.row(t, w.dynamo, 1)
				_, refused = w.mysql.Put(context.Background(), store.At{Epoch: old}, row)
			}
			return false
		}, faultstore.Before)
		var report migrationctl.HandoffReport
		op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), &migrationctl.Options{Handoff: func(r migrationctl.HandoffReport) { report = r }})
		require.NoError(t, err)
		require.NoError(t, op.SetPhase(t.Context(), store.Validate, migrationctl.Change{}))
		require.True(t, landed)
		require.ErrorIs(t, refused, store.ErrWrongPhase)
		require.Equal(t, 2, report.Looks)
		require.True(t, w.row(t, w.mysql, 1).Live)
		require.True(t, w.row(t, w.mysql, 2).Live)
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestAbandon: DynamoDB is lost in phase 4. MySQL is opened without it, once no
// lease can be valid any more; what was refreshed is there. When DynamoDB comes
// back it does not lead, and what only it had is undone and audited.
func TestAbandon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		kept, lost := user(1), user(2)
		require.NoError(t, p.users.Create(t.Context(), &kept, dal.Follow(dal.Required)))
		noMySQL := w.faults.On(func(c faultstore.Call) bool { return c.Store == "mysql" }, faultstore.Before)
		require.NoError(t, p.users.Create(t.Context(), &lost))
		gone := w.faults.On(func(c faultstore.Call) bool { return c.Store == "dynamodb" }, faultstore.Before)
		noMySQL()

		op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), nil)
		require.NoError(t, err)
		require.Error(t, op.SetPhase(t.Context(), store.Validate, migrationctl.Change{}), "the ordinary way back needs DynamoDB")
		// A process that the operator can't see may still reach DynamoDB.
		var opened time.Time
		w.faults.On(func(c faultstore.Call) bool {
			if c.Method == "Advance" && c.Store == "mysql" {
				opened = time.Now() // the last one
			}
			return false
		}, faultstore.Before)
		start := time.Now()
		require.NoError(t, op.Abandon(t.Context(), migrationctl.Change{Reason: "region lost"}))
		require.GreaterOrEqual(t, opened.Sub(start), migrationctl.LeaseLength)
		require.Equal(t, store.Validate, w.settled(t).Phase)
		_, err = p.users.Get(t.Context(), p.users.Key(1))
		require.NoError(t, err)
		_, err = p.users.Get(t.Context(), p.users.Key(2))
		require.ErrorIs(t, err, dal.ErrNotFound)
		again := user(3)
		require.NoError(t, p.users.Create(t.Context(), &again))

		gone()
		require.Eventually(t, func() bool {
			d, err := w.dynamo.Phase(t.Context())
			return err == nil && d.State == store.GivenAway && !w.row(t, w.dynamo, 2).Live
		}, time.Minute, time.Second)
		p.drained(t)
		w.requireEqualStores(t)
		audit, err := op.Audit(t.Context(), 20)
		require.NoError(t, err)
		var actions []string
		for _, e := range audit {
			actions = append(actions, e.Action)
		}
		require.Contains(t, actions, "phase set, DynamoDB abandoned")
		require.Contains(t, actions, "stray write undone")
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestStepWaitsForTheFollowersMark: where an operator died, MySQL refuses refreshes until
// a process has mended its mark. The next step waits for that.
func TestStepWaitsForTheFollowersMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		mended := time.Now().Add(2 * time.Second)
		w.faults.FailWith(func(c faultstore.Call) bool {
			return c.Store == "mysql" && c.Method == "Put" && time.Now().Before(mended)
		}, &store.Error{Op: "put", Kind: store.ErrWrongPhase, Outcome: store.NotApplied})
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), leading())
		require.NoError(t, err)
		require.NoError(t, op.SetPhase(t.Context(), store.Validate, migrationctl.Change{}))
		require.Equal(t, 0, w.count(t, w.mysql, 1))
	})
}

// crashedAlone is a group in phase 4 with a change that waits, and no process.
func crashedAlone(t *testing.T) *world {
	w := newMemoryWorld(t, faultstore.New())
	p := w.lead(t, store.DynamoDBPrimary)
	var over atomic.Bool
	w.faults.FailWith(func(c faultstore.Call) bool { return c.Store == "mysql" && c.Method == "Put" && !over.Load() },
		&store.Error{Op: "put", Kind: store.ErrUnavailable, Outcome: store.NotApplied})
	u := user(1)
	require.NoError(t, p.users.Create(t.Context(), &u))
	require.NoError(t, p.Close(context.Background()))
	over.Store(true)
	return w
}

// TestStepMendsTheFollowersMark: where MySQL's copy of the record was left in an earlier
// epoch, and no process is there to mend that, the next step does so itself.
func TestStepMendsTheFollowersMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := crashedAlone(t)
		from, err := w.dynamo.Phase(t.Context())
		require.NoError(t, err)
		to := from
		to.Epoch++
		require.NoError(t, w.dynamo.Advance(t.Context(), from, to, store.AuditEntry{}))
		op, err := migrationctl.NewOperator(w.mysql, w.dynamo, leading())
		require.NoError(t, err)
		require.NoError(t, op.SetPhase(t.Context(), store.Validate, migrationctl.Change{}))
		require.Equal(t, 0, w.count(t, w.mysql, 1))
	})
}

// TestStepThatAnotherOneMakes: a step whose refreshes MySQL takes no more, because another
// operator has made the same step meanwhile, is made.
func TestStepThatAnotherOneMakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := crashedAlone(t)
		w.faults.FailWith(func(c faultstore.Call) bool { return c.Store == "mysql" && c.Method == "Put" },
			&store.Error{Op: "put", Kind: store.ErrWrongPhase, Outcome: store.NotApplied})
		late, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), leading())
		require.NoError(t, err)
		other, err := migrationctl.NewOperator(w.mysql, w.dynamo, leading())
		require.NoError(t, err)
		both := make(chan error, 2)
		for _, op := range []*migrationctl.Operator{late, other} {
			go func() { both <- op.SetPhase(t.Context(), store.Validate, migrationctl.Change{}) }()
		}
		require.NoError(t, <-both)
		require.NoError(t, <-both)
		require.Equal(t, 0, w.count(t, w.mysql, 1))
	})
}
