package migrationctl_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// with returns the same stores behind other faults: what one process meets.
func (w *world) with(f *faultstore.Faults) *world {
	return &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: f}
}

// cutOff returns an operator that can't reach DynamoDB.
func (w *world) cutOff(t *testing.T) *migrationctl.Operator {
	t.Helper()
	cut := w.with(faultstore.New())
	cut.faults.On(func(c faultstore.Call) bool { return c.Store == "dynamodb" }, faultstore.Before)
	op, err := migrationctl.NewOperator(cut.faulty(), cut.faultyDynamo(), leading())
	require.NoError(t, err)
	return op
}

// TestAbandonNotInPhase5: an operator who can't reach DynamoDB in phase 5 does
// not open a MySQL that lacks everything since phase 4.
func TestAbandonNotInPhase5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBOnly)
		err := w.cutOff(t).Abandon(t.Context(), migrationctl.Change{Reason: "DynamoDB does not answer", Force: true})
		var refused *migrationctl.RefusedError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "phase 4", refused.Unmet[0].Guard)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		w.oneAuthority(t)
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestAbandonDuringStepTo5: whichever of the two comes first is the only one, at
// whatever call the driver of the step to 5 sleeps meanwhile.
func TestAbandonDuringStepTo5(t *testing.T) {
	for n := range 40 {
		synctest.Test(t, func(t *testing.T) {
			w := newMemoryWorld(t, faultstore.New())
			p := w.lead(t, store.DynamoDBPrimary)
			require.NoError(t, p.Close(context.Background()))
			sleepy := w.with(faultstore.New())
			var calls atomic.Int64
			sleep := sleepy.faults.StallOn(func(c faultstore.Call) bool { return calls.Add(1) == int64(n+1) })
			op, err := migrationctl.NewOperator(sleepy.faulty(), sleepy.faultyDynamo(), leading())
			require.NoError(t, err)
			done := make(chan error, 1)
			go func() { done <- op.SetPhase(context.Background(), store.DynamoDBOnly, migrationctl.Change{}) }()
			time.Sleep(time.Second)
			abandoned := w.operator(t).Abandon(t.Context(), migrationctl.Change{Force: true, Reason: "now"})
			sleep.Release()
			<-done
			q := w.open(t, nil)
			time.Sleep(20 * time.Second)
			w.oneAuthority(t)
			if abandoned == nil {
				require.Equal(t, store.Validate, w.settled(t).Phase)
			}
			require.NoError(t, q.Close(context.Background()))
		})
	}
}

// TestAbandonedDynamoDBMadeAnew: what was filled and verified before does not
// count for the DynamoDB that comes after the one that was lost.
func TestAbandonedDynamoDBMadeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u, dal.Follow(dal.Required)))
		require.NoError(t, p.Close(context.Background()))
		require.NoError(t, w.cutOff(t).Abandon(t.Context(), migrationctl.Change{Reason: "region lost"}))

		w.dynamo = picky{memstore.New(w.contract, &memstore.Options{Name: "dynamodb", Leased: true})}
		require.NoError(t, w.operator(t).Init(t.Context()))
		q := w.open(t, leading())
		var refused *migrationctl.RefusedError
		require.ErrorAs(t, q.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{}), &refused)
		require.NoError(t, q.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		q.verified(t)
		q.step(t, store.DynamoDBPrimary)
		_, err := q.users.Get(t.Context(), q.users.Key(1))
		require.NoError(t, err)
		require.NoError(t, q.Close(context.Background()))
	})
}

// TestAbandonAgain: a command that was killed goes on when it is given again,
// and is done when it is done.
func TestAbandonAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		require.NoError(t, p.Close(context.Background()))
		op := w.cutOff(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, op.Abandon(ctx, migrationctl.Change{Reason: "lost"}))
		require.NoError(t, op.Abandon(t.Context(), migrationctl.Change{Reason: "lost"}))
		require.NoError(t, op.Abandon(t.Context(), migrationctl.Change{Reason: "lost"}))
		require.Equal(t, store.Validate, w.settled(t).Phase)
	})
}

// TestGivenUpHandoffLeavesAbandonment: a hand-off that is given up while DynamoDB
// is being abandoned does not break the seal, and leaves no trace of it.
func TestGivenUpHandoffLeavesAbandonment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		require.NoError(t, p.Close(context.Background()))
		stuck := w.with(faultstore.New())
		closing := false
		stuck.faults.On(func(c faultstore.Call) bool {
			if c.Method == "Advance" && !closing {
				closing = true
				w.dirty(t, store.DynamoDBPrimary)
			}
			return closing && c.Store == "mysql" && c.Method == "Put"
		}, faultstore.Before)
		op, err := migrationctl.NewOperator(stuck.faulty(), stuck.faultyDynamo(), leading())
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- op.SetPhase(context.Background(), store.Validate, migrationctl.Change{}) }()
		time.Sleep(6 * time.Second)
		require.NoError(t, w.operator(t).Abandon(t.Context(), migrationctl.Change{Force: true, Reason: "now"}))
		<-done
		m, err := w.mysql.Phase(t.Context())
		require.NoError(t, err)
		require.Equal(t, store.Open, m.State)
		require.Zero(t, m.Next)
		q := w.open(t, nil)
		time.Sleep(20 * time.Second)
		w.oneAuthority(t)
		require.NoError(t, q.Close(context.Background()))
	})
}

// withoutSight opens a process that reaches DynamoDB and not MySQL, as of now.
func (w *world) withoutSight(t *testing.T) *process {
	t.Helper()
	cut := w.with(faultstore.New())
	p := cut.open(t, nil)
	cut.faults.On(func(c faultstore.Call) bool { return c.Store == "mysql" }, faultstore.Before)
	return p
}

// TestAbandonTellsDynamoDB: a process that has lost MySQL serves phase 4 by its lease,
// which it renews in DynamoDB. Where the operator, or a process, reaches both stores,
// DynamoDB is told before MySQL is opened, and grants no more leases: what that process
// acknowledged came before.
func TestAbandonTellsDynamoDB(t *testing.T) {
	for name, sees := range map[string]struct{ operator, process bool }{
		"the operator": {operator: true}, "a process": {process: true},
	} {
		t.Run(name, func(t *testing.T) {
			// The other one looks at MySQL, and this one renews its lease, at any moment
			// after the command.
			const step = migrationctl.RenewEvery / 6
			for opens := step; opens < migrationctl.RenewEvery; opens += step {
				for after := time.Second; after < time.Second+migrationctl.RenewEvery; after += step {
					synctest.Test(t, func(t *testing.T) {
						abandonUnderACutProcess(t, sees.operator, sees.process, opens, after)
					})
				}
			}
		})
	}
}

func abandonUnderACutProcess(t *testing.T, operatorSees, processSees bool, opens, after time.Duration) {
	w := newMemoryWorld(t, faultstore.New())
	p := w.lead(t, store.DynamoDBPrimary)
	u := user(1)
	require.NoError(t, p.users.Create(t.Context(), &u, dal.Follow(dal.Required)))
	time.Sleep(opens)
	cut := w.withoutSight(t)
	if !processSees {
		require.NoError(t, p.Close(context.Background()))
	}
	op := w.cutOff(t)
	if operatorSees {
		op = w.operator(t)
	}
	var opened, late bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			m, err := w.mysql.Phase(context.Background())
			opened = err == nil && m.State == store.Open
			if cut.users.Update(context.Background(), cut.users.Key(1), addOne) == nil && opened {
				late = true
			}
		}
	}()
	time.Sleep(after)
	require.NoError(t, op.Abandon(t.Context(), migrationctl.Change{Force: true, Reason: "lost"}))
	<-done
	require.True(t, opened)
	require.False(t, late, "it writes although MySQL leads")
	w.oneAuthority(t)
	require.NoError(t, cut.Close(context.Background()))
	require.NoError(t, p.Close(context.Background()))
}

// TestLateWithdrawal: who has seen an abandonment and pauses until DynamoDB leads anew does
// not take that from it.
func TestLateWithdrawal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		record, err := w.dynamo.Phase(t.Context())
		require.NoError(t, err)
		w.operator(t).Withdraw(t.Context(), record)
		now, err := w.dynamo.Phase(t.Context())
		require.NoError(t, err)
		require.Equal(t, record, now)
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestAbandonUnderAProcessWithoutMySQL is what Abandon warns of: nobody reaches both
// stores, so nobody can tell DynamoDB, and a process without MySQL goes on there. As soon
// as somebody does, it gets no lease any more; what it wrote is in the audit, and undone.
func TestAbandonUnderAProcessWithoutMySQL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u, dal.Follow(dal.Required)))
		require.NoError(t, p.Close(context.Background()))
		cut := w.withoutSight(t)
		op := w.cutOff(t)
		require.NoError(t, op.Abandon(t.Context(), migrationctl.Change{Reason: "lost"}))
		time.Sleep(2 * migrationctl.LeaseLength)
		require.NoError(t, cut.users.Update(t.Context(), cut.users.Key(1), addOne), "phase 4 serves without MySQL")
		require.Equal(t, 0, w.count(t, w.mysql, 1))

		q := w.open(t, nil)
		require.Eventually(t, func() bool {
			return cut.users.Update(t.Context(), cut.users.Key(1), addOne) != nil
		}, time.Minute, time.Second)
		require.Eventually(t, func() bool { return w.count(t, w.dynamo, 1) == 0 }, time.Minute, time.Second)
		w.oneAuthority(t)
		q.drained(t)
		w.requireEqualStores(t)
		audit, err := q.Audit(t.Context(), 20)
		require.NoError(t, err)
		undone := slices.ContainsFunc(audit, func(e store.AuditEntry) bool {
			return e.Action == "stray write undone" && strings.Contains(e.Reason, "may have been acknowledged")
		})
		require.True(t, undone, "%v", audit)
		require.NoError(t, cut.Close(context.Background()))
		require.NoError(t, q.Close(context.Background()))
	})
}

// TestLostAnswerToTheClose: the request that closes the authority takes effect
// and its answer is lost. The step goes on all the same.
func TestLostAnswerToTheClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.Validate)
		p.verified(t)
		require.NoError(t, p.Close(context.Background()))
		first := true
		w.faults.On(func(c faultstore.Call) bool {
			lost := first && c.Store == "mysql" && c.Method == "Advance"
			first = first && !lost
			return lost
		}, faultstore.After)
		op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), leading())
		require.NoError(t, err)
		start := time.Now()
		require.NoError(t, op.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{}))
		require.Less(t, time.Since(start), time.Second, "nobody has to take it over")
		require.Equal(t, store.DynamoDBPrimary, w.settled(t).Phase)
	})
}

// TestLeaseOutlastsOthersHandoff: MySQL hangs while a process mends what another
// one left behind. Its lease for DynamoDB is renewed all the same.
func TestLeaseOutlastsOthersHandoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBOnly)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		p.verified(t)
		q := w.open(t, leading())
		stall := w.faults.StallOn(func(c faultstore.Call) bool { return c.Store == "mysql" && c.Method == "Advance" })
		_ = p.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{}) // the copy in MySQL stays behind
		time.Sleep(4 * time.Second)                                               // somebody tries to mend that
		gone := w.faults.On(func(c faultstore.Call) bool { return c.Store == "mysql" }, faultstore.Before)
		for range 12 {
			time.Sleep(time.Second)
			_, err := q.users.Get(t.Context(), q.users.Key(1))
			require.NoError(t, err)
		}
		gone()
		stall.Release()
		require.NoError(t, q.Close(context.Background()))
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestStepTo5ThatWasGivenUp stays given up: a driver that slept before the last
// thing it does to MySQL's record wakes up, and is too late.
func TestStepTo5ThatWasGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		require.NoError(t, p.Close(context.Background()))
		sleepy := w.with(faultstore.New())
		var filled atomic.Bool
		sleep := sleepy.faults.StallOn(func(c faultstore.Call) bool {
			filled.CompareAndSwap(false, c.Method == "SaveProgress")
			return filled.Load() && c.Store == "mysql" && c.Method == "Advance"
		})
		op, err := migrationctl.NewOperator(sleepy.faulty(), sleepy.faultyDynamo(), leading())
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- op.SetPhase(context.Background(), store.DynamoDBOnly, migrationctl.Change{}) }()
		time.Sleep(time.Second)
		require.True(t, filled.Load())
		unable := w.with(faultstore.New())
		unable.faults.On(func(c faultstore.Call) bool { return c.Method == "Progress" }, faultstore.Before)
		q := unable.open(t, nil) // it takes over, and gives up
		require.Equal(t, store.DynamoDBPrimary, w.settled(t).Phase)
		sleep.Release()
		require.Error(t, <-done)
		time.Sleep(10 * time.Second)
		require.Equal(t, store.DynamoDBPrimary, w.settled(t).Phase)
		require.NoError(t, q.Close(context.Background()))
	})
}

// TestStepTo5GoesOn: the answer to what was written into MySQL's record is lost.
// From there on the step is not given up, and the driver goes on.
func TestStepTo5GoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		require.NoError(t, p.Close(context.Background()))
		var filled, lost atomic.Bool
		w.faults.On(func(c faultstore.Call) bool {
			filled.CompareAndSwap(false, c.Method == "SaveProgress")
			return filled.Load() && c.Store == "mysql" && c.Method == "Advance" && lost.CompareAndSwap(false, true)
		}, faultstore.After)
		var back atomic.Bool
		w.faults.On(func(c faultstore.Call) bool {
			if c.Store == "dynamodb" && c.Method == "Advance" {
				m, err := w.mysql.Phase(context.Background())
				back.CompareAndSwap(false, lost.Load() && (err != nil || m.Phase != store.DynamoDBOnly))
			}
			return false
		}, faultstore.Before)
		op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), leading())
		require.NoError(t, err)
		require.NoError(t, op.SetPhase(t.Context(), store.DynamoDBOnly, migrationctl.Change{}))
		require.True(t, lost.Load())
		require.False(t, back.Load())
		d, err := w.dynamo.Phase(t.Context())
		require.NoError(t, err)
		m, err := w.mysql.Phase(t.Context())
		require.NoError(t, err)
		require.Equal(t, m.Epoch, d.Epoch)
		w.oneAuthority(t)
	})
}
