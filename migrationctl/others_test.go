package migrationctl_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// TestOperatorGoesOn: an operator dies inside a hand-off, and no process of the
// service is there. The next operator's step finishes it, or gives it up and
// makes it anew.
func TestOperatorGoesOn(t *testing.T) {
	for _, way := range []struct{ from, to store.Phase }{{3, 4}, {4, 3}, {4, 5}} {
		t.Run(fmt.Sprintf("%d to %d", way.from, way.to), func(t *testing.T) {
			faultstore.Sweep(t, func(t *testing.T, f *faultstore.Faults) {
				synctest.Test(t, func(t *testing.T) {
					w := newMemoryWorld(t, faultstore.New())
					p := w.lead(t, way.from)
					p.verified(t)
					require.NoError(t, p.Close(context.Background()))
					dying := &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: f}
					op, err := migrationctl.NewOperator(dying.faulty(), dying.faultyDynamo(), leading())
					require.NoError(t, err)
					_ = op.SetPhase(t.Context(), way.to, migrationctl.Change{})

					next, err := migrationctl.NewOperator(w.mysql, w.dynamo, leading())
					require.NoError(t, err)
					require.NoError(t, next.SetPhase(t.Context(), way.to, migrationctl.Change{}))
					require.Equal(t, way.to, w.settled(t).Phase)
					w.oneAuthority(t)
				})
			}, faultstore.Crash)
		})
	}
}

// TestOneStepAtATime: a hand-off whose driver is alive is neither joined nor
// disturbed.
func TestOneStepAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.Validate)
		p.verified(t)
		require.NoError(t, p.Close(context.Background()))
		var stuck atomic.Bool
		w.faults.On(func(c faultstore.Call) bool {
			if c.Method == "Advance" && stuck.CompareAndSwap(false, true) {
				w.dirty(t, store.Validate)
			}
			return stuck.Load() && c.Store == "dynamodb" && c.Method == "Put"
		}, faultstore.Before)
		op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), leading())
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- op.SetPhase(context.Background(), store.DynamoDBPrimary, migrationctl.Change{}) }()
		for !stuck.Load() {
			time.Sleep(time.Millisecond)
		}
		second, err := migrationctl.NewOperator(w.mysql, w.dynamo, leading())
		require.NoError(t, err)
		err = second.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{})
		var refused *migrationctl.RefusedError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "hand-off", refused.Unmet[0].Guard)
		require.Error(t, <-done, "it waits for what never comes")
	})
}

// TestDriverThatSlept: while the driver is stopped another process takes the
// hand-off over and finishes it. The driver's own step is made then, and says so.
func TestDriverThatSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.Validate)
		p.verified(t)
		sleepy := &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: faultstore.New()}
		closed := false
		sleep := sleepy.faults.StallOn(func(c faultstore.Call) bool {
			closed = closed || c.Method == "Advance"
			return closed && c.Method == "Backlog"
		})
		op, err := migrationctl.NewOperator(sleepy.faulty(), sleepy.faultyDynamo(), leading())
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- op.SetPhase(context.Background(), store.DynamoDBPrimary, migrationctl.Change{}) }()
		for w.settled(t).Phase != store.DynamoDBPrimary {
			time.Sleep(100 * time.Millisecond)
		}
		sleep.Release()
		require.NoError(t, <-done)
		w.oneAuthority(t)
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestDriverThatSleptInCaptureOn: the same where a capture is begun in phase 5, and where
// the driver slept so early that the other process made all of it.
func TestDriverThatSleptInCaptureOn(t *testing.T) {
	for _, method := range []string{"Granted", "Advance"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				p := w.lead(t, store.DynamoDBOnly)
				require.NoError(t, p.CaptureOff(t.Context(), migrationctl.Change{}))
				sleepy := &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: faultstore.New()}
				sleep := sleepy.faults.StallOn(faultstore.Method(method))
				op, err := migrationctl.NewOperator(sleepy.faulty(), sleepy.faultyDynamo(), leading())
				require.NoError(t, err)
				done := make(chan error, 1)
				go func() { done <- op.CaptureOn(context.Background(), migrationctl.Change{}) }()
				<-sleep.Reached()
				if method == "Advance" {
					require.NoError(t, w.operator(t).CaptureOn(t.Context(), migrationctl.Change{}))
				}
				for !w.settled(t).Capture {
					time.Sleep(100 * time.Millisecond)
				}
				sleep.Release()
				require.NoError(t, <-done)
				require.NoError(t, p.Close(context.Background()))
			})
		})
	}
}

// TestDriverThatSleptForgetsNoLease: while the driver is stopped its hand-off is given
// up, and the processes' leases go on in the same epoch. What it has waited for were
// earlier ones: it must not take these away, or the next driver would not wait for
// them, and MySQL would be opened under a process that writes to DynamoDB.
func TestDriverThatSleptForgetsNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		sleepy := &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: faultstore.New()}
		sleep := sleepy.faults.StallOn(func(c faultstore.Call) bool { return c.Method == "Granted" })
		op, err := migrationctl.NewOperator(sleepy.faulty(), sleepy.faultyDynamo(), leading())
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- op.SetPhase(context.Background(), store.Validate, migrationctl.Change{}) }()
		var closed store.PhaseRecord
		for closed.State != store.Closed {
			time.Sleep(time.Millisecond)
			closed, err = w.dynamo.Phase(t.Context())
			require.NoError(t, err)
		}
		open := closed
		open.State, open.Next, open.NextCapture, open.Driver = store.Open, 0, false, ""
		require.NoError(t, w.dynamo.Advance(t.Context(), closed, open, store.AuditEntry{}))
		time.Sleep(2 * migrationctl.LeaseLength)
		sleep.Release()
		require.ErrorContains(t, <-done, "the phase is dynamodb-primary now: another process has changed the phase record meanwhile")
		granted, err := w.dynamo.Granted(t.Context())
		require.NoError(t, err)
		require.Len(t, granted, 1, "the process has a lease, and the store knows it")
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestSamePhaseIsWaitedFor: two operators ask for the same phase at the same
// time. One of them drives, and both steps are made.
func TestSamePhaseIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		// A process whose lease has to run out makes it take its time.
		other := &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: faultstore.New()}
		silent := other.open(t, nil)
		stall := other.faults.StallOn(func(faultstore.Call) bool { return true })
		time.Sleep(10 * time.Millisecond)
		done := make(chan error, 2)
		for range cap(done) {
			op, err := migrationctl.NewOperator(w.mysql, w.dynamo, leading())
			require.NoError(t, err)
			go func() { done <- op.SetPhase(context.Background(), store.Validate, migrationctl.Change{}) }()
			time.Sleep(500 * time.Millisecond)
		}
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		require.Equal(t, store.Validate, w.settled(t).Phase)
		stall.Release()
		require.NoError(t, silent.Close(context.Background()))
		require.NoError(t, p.Close(context.Background()))
	})
}
