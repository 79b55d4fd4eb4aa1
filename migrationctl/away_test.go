package migrationctl_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// leftBehind leaves change records of that many users in the store that leads, as a
// process does that dies.
func (w *world) leftBehind(t *testing.T, from, n int64) {
	t.Helper()
	record := w.settled(t)
	for id := from; id < from+n; id++ {
		if record.Phase.DynamoDBLeads() {
			w.stray(t, record.Epoch, "", w.put(t, user(id)))
			continue
		}
		_, err := w.mysql.Write(t.Context(), store.At{Epoch: record.Epoch, Captured: true}, store.Write{Mutations: []store.Mutation{w.put(t, user(id))}})
		require.NoError(t, err)
	}
}

// allBrought waits until the relays have brought over everything.
func (w *world) allBrought(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		status, err := w.operator(t).Status(t.Context())
		return err == nil && status.Dirty == 0
	}, time.Minute, time.Second)
}

// TestShareOfAProcessWithoutMySQL: what falls to the share of a process that has no
// MySQL is brought over by the others, when an operator has gone back to phase 4.
func TestShareOfAProcessWithoutMySQL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBOnly)
		lacking, err := w.without(t)
		require.NoError(t, err)
		p.step(t, store.DynamoDBPrimary)
		w.leftBehind(t, 1, 40)
		w.allBrought(t)
		require.Equal(t, store.DynamoDBPrimary, lacking.Router().Snapshot().Phase)
		require.NoError(t, lacking.Close(context.Background()))
		require.NoError(t, p.Close(context.Background()))
		w.requireEqualStores(t)
	})
}

// lame opens a process of which the calls that a script matches fail: those to its
// follower.
func (w *world) lame(t *testing.T) (*process, *faultstore.Faults, func()) {
	t.Helper()
	faults := faultstore.New()
	back := faults.On(func(c faultstore.Call) bool { return c.Role == faultstore.Follower && c.Method == "Put" }, faultstore.Before)
	ctl, err := migrationctl.Open(t.Context(), faults.Store(w.mysql), faults.Store(w.dynamo).(migrationctl.DynamoDB), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = ctl.Close(context.Background()) })
	p := &process{Controller: ctl}
	p.users, err = dal.NewRepository[User](ctl, "Users")
	require.NoError(t, err)
	return p, faults, back
}

// TestShareOfAProcessThatIsCutOff: a process that alone can't reach the follower brings
// nothing over, and its share goes to the other one, until it can again.
func TestShareOfAProcessThatIsCutOff(t *testing.T) {
	for _, phase := range []store.Phase{store.DualWrite, store.DynamoDBPrimary} {
		synctest.Test(t, func(t *testing.T) {
			w := newMemoryWorld(t, faultstore.New())
			var well *process
			if phase == store.DualWrite {
				w.to(t, phase)
				well = w.open(t, nil)
			} else {
				well = w.lead(t, phase)
			}
			cut, faults, back := w.lame(t)
			puts := func() int {
				return len(faults.Matching(func(c faultstore.Call) bool { return c.Method == "Put" && c.Effect == 0 }))
			}
			w.leftBehind(t, 1, 40)
			w.allBrought(t)
			require.Zero(t, puts())
			back()
			require.Eventually(t, func() bool {
				w.leftBehind(t, 1, 40)
				w.allBrought(t)
				return puts() > 10
			}, time.Minute, time.Second, "it has its share again")
			require.NoError(t, cut.Close(context.Background()))
			require.NoError(t, well.Close(context.Background()))
			w.requireEqualStores(t)
		})
	}
}

// TestShareBesideAProcessWithoutMySQL: where the only process that has MySQL could not reach
// it, it looks for whatever waits, and not for a share that leaves some to the other one.
func TestShareBesideAProcessWithoutMySQL(t *testing.T) {
	for id := int64(1); id <= 6; id++ {
		synctest.Test(t, func(t *testing.T) {
			w := newMemoryWorld(t, faultstore.New())
			p := w.lead(t, store.DynamoDBOnly)
			lacking, err := w.without(t)
			require.NoError(t, err)
			p.step(t, store.DynamoDBPrimary)
			cut, faults, back := w.lame(t)
			require.NoError(t, p.Close(context.Background()))
			w.leftBehind(t, id, 1)
			require.Eventually(t, func() bool {
				return len(faults.Matching(func(c faultstore.Call) bool { return c.Method == "Put" })) > 0
			}, time.Minute, time.Second)
			time.Sleep(migrationctl.RegistrationTTL) // its state is known to itself and to the other one
			back()
			w.allBrought(t)
			require.NoError(t, lacking.Close(context.Background()))
			require.NoError(t, cut.Close(context.Background()))
			w.requireEqualStores(t)
		})
	}
}

// TestSharesWhileNobodyReachesTheFollower: then each process has everything, and looks for
// itself whether the follower is back: which of the others ever will is not known.
func TestSharesWhileNobodyReachesTheFollower(t *testing.T) {
	fleet := []store.Registration{{Process: "a", Away: true}, {Process: "b", Away: true}, {Process: "c", Away: true}, {Process: "old", Age: time.Minute}}
	require.Equal(t, []string{"a"}, migrationctl.Working(fleet, "a"))
	require.Equal(t, []string{"c"}, migrationctl.Working(fleet, "c"))
	fleet[1].Away = false
	require.ElementsMatch(t, []string{"a", "b"}, migrationctl.Working(fleet, "a"))
	require.Equal(t, []string{"b"}, migrationctl.Working(fleet, "b"))
	require.ElementsMatch(t, []string{"b", "new"}, migrationctl.Working(append(fleet, store.Registration{Process: "new"}), "b"))
}
