package migrationctl_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// TestBackFromPhase5Bare: in phase 5 without capture MySQL falls behind and
// nobody notes how far. The way back is refused until capture is on and the
// reverse backfill and a verify are done; then nothing is lost, and nothing
// deleted comes back.
func TestBackFromPhase5Bare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		for id := range int64(4) {
			u := user(id)
			require.NoError(t, p.users.Create(t.Context(), &u))
		}
		p.step(t, store.DynamoDBOnly)
		require.NoError(t, p.CaptureOff(t.Context(), migrationctl.Change{Reason: "done"}))
		fresh := user(9)
		require.NoError(t, p.users.Create(t.Context(), &fresh))
		require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
		require.NoError(t, p.users.Delete(t.Context(), p.users.Key(2)))

		var refused *migrationctl.RefusedError
		require.ErrorAs(t, p.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{Force: true}), &refused)
		require.Len(t, refused.Unmet, 3, "captured, backfill, verified")

		require.NoError(t, p.CaptureOn(t.Context(), migrationctl.Change{Reason: "back"}))
		require.ErrorAs(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}), &refused)
		require.Equal(t, "migrationctl backfill --reverse", refused.Unmet[0].Mend)
		require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{Reverse: true}))
		require.NoError(t, p.users.Update(t.Context(), p.users.Key(3), addOne), "written beside it")
		p.step(t, store.DynamoDBPrimary)
		p.drained(t)
		w.requireEqualStores(t)
		require.Equal(t, 1, w.count(t, w.mysql, 1))
		require.Equal(t, -1, w.count(t, w.mysql, 2))
		require.Equal(t, 1, w.count(t, w.mysql, 3))
		require.Equal(t, 0, w.count(t, w.mysql, 9))
		p.step(t, store.Validate)
		p.step(t, store.DynamoDBPrimary) // and forth again, without another backfill
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestBareWriteThatLandsLate: a write that was sent in phase 5 bare lands after
// capture began and leaves no change record. The reverse backfill begins only
// when none can land any more, and so has it.
func TestBareWriteThatLandsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBOnly)
		require.NoError(t, p.CaptureOff(t.Context(), migrationctl.Change{}))
		old := w.settled(t).Epoch
		require.NoError(t, p.CaptureOn(t.Context(), migrationctl.Change{}))
		go func() {
			time.Sleep(5 * time.Second)
			lease := new(store.Lease)
			lease.Extend(old, time.Now(), time.Hour)
			_, err := w.dynamo.Write(context.Background(), store.At{Epoch: old, Lease: lease}, store.Write{Mutations: []store.Mutation{w.put(t, user(1))}})
			if err != nil {
				t.Error(err)
			}
		}()
		require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{Reverse: true}))
		require.True(t, w.row(t, w.mysql, 1).Live)
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestScenario36MySQLStoppedInPhase5: in phase 5 everything works without
// MySQL: requests, a restart, capture off and on.
func TestScenario36MySQLStoppedInPhase5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBOnly)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		w.faults.On(func(c faultstore.Call) bool { return c.Store == "mysql" }, faultstore.Before)
		require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
		require.NoError(t, p.CaptureOff(t.Context(), migrationctl.Change{}))
		require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
		require.NoError(t, p.CaptureOn(t.Context(), migrationctl.Change{}))
		require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))

		another := w.open(t, nil)
		got, err := another.users.Get(t.Context(), another.users.Key(1))
		require.NoError(t, err)
		require.Equal(t, 3, got.Profile.Count)
		require.Equal(t, store.DynamoDBOnly, another.Router().Snapshot().Phase)

		// The way back needs MySQL, says so, and changes nothing.
		var refused *migrationctl.RefusedError
		require.ErrorAs(t, p.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{}), &refused)
		require.Equal(t, store.DynamoDBOnly, w.settled(t).Phase)
		require.NoError(t, another.Close(context.Background()))
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestScenario39RestartInAnyPhase: a process that starts comes up in the phase
// the group is in, in each of them, with or without capture.
func TestScenario39RestartInAnyPhase(t *testing.T) {
	for phase := store.MySQLOnly; phase <= store.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				if phase <= store.Validate {
					w.to(t, phase)
				} else {
					require.NoError(t, w.lead(t, phase).Close(context.Background()))
				}
				p := w.open(t, nil)
				require.Equal(t, phase, p.Router().Snapshot().Phase)
				u := user(1)
				require.NoError(t, p.users.Create(t.Context(), &u))
				require.NoError(t, p.Close(context.Background()))
			})
		})
	}
}

// TestStartThatCannotTell: in phase 4 a process that can't read MySQL's record
// does not start, and says why: MySQL may have been opened while DynamoDB was
// lost.
func TestStartThatCannotTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		back := w.faults.On(func(c faultstore.Call) bool { return c.Store == "mysql" }, faultstore.Before)
		_, err := migrationctl.Open(t.Context(), w.faulty(), w.faultyDynamo(), nil)
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.ErrorContains(t, err, "may have been opened")

		// A process that holds a lease goes on.
		time.Sleep(10 * migrationctl.LeaseLength)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		back()
		require.NoError(t, w.open(t, nil).Close(context.Background()))
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestScenario38FleetObeysBeforeTheCallReturns: three processes, a step asked of
// one: all obey before the call returns, in every step there is.
func TestScenario38FleetObeysBeforeTheCallReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		w.to(t, store.DualWrite)
		fleet := []*process{w.open(t, leading()), w.open(t, nil), w.open(t, nil)}
		for _, to := range []store.Phase{3, 4, 5, 4, 3, 2, 1} {
			fleet[0].step(t, to)
			for _, p := range fleet {
				require.Equal(t, to, p.Router().Snapshot().Phase)
			}
		}
		for _, p := range fleet {
			require.NoError(t, p.Close(context.Background()))
		}
	})
}

// TestScenario40IllegalStepsAreRefused: a step that is none is refused whole,
// from every phase, and changes nothing.
func TestScenario40IllegalStepsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		for _, in := range []store.Phase{4, 5} {
			if in == 5 {
				p.step(t, in)
			}
			before := w.settled(t)
			for to := range store.Phase(8) {
				if to == in || to.Valid() && (to+1 == in || to == in+1) {
					continue
				}
				var refused *migrationctl.RefusedError
				require.ErrorAs(t, p.SetPhase(t.Context(), to, migrationctl.Change{Force: true}), &refused)
				require.Equal(t, before, w.settled(t))
			}
		}
		require.NoError(t, p.Close(context.Background()))
	})
}
