package migrationctl_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// write renames the ware as a process does whose request is the last one before the store
// is closed, and returns the changes that it left.
func (m *mall) write(t testing.TB, to store.Store, epoch uint64) []store.Change {
	t.Helper()
	m.last++
	name := text("name %d", m.last)
	key, err := m.w.contract.Entity("Wares").KeyOf("s", int64(1))
	require.NoError(t, err)
	lease := new(store.Lease)
	lease.Extend(epoch, time.Now(), time.Hour)
	done, err := to.Write(context.Background(), store.At{Epoch: epoch, Captured: true, Lease: lease}, store.Write{
		Mutations: []store.Mutation{{Op: store.Update, Key: key, Modify: func(r transform.Record) error {
			return r.Set("name", transform.TextValue(*name))
		}}}})
	require.NoError(t, err)
	return done.Changes
}

// writeAndBring is write where somebody has brought over the change: what is left is the
// mark.
func (m *mall) writeAndBring(t testing.TB, from, to store.Store, epoch uint64) {
	t.Helper()
	changes := m.write(t, from, epoch)
	brings := dal.NewRefresher(from, to, func() uint64 { return epoch })
	require.NoError(t, brings.Refresh(context.Background(), changes...))
}

// TestHandOffCarriesOutMarks: a ware is renamed by the last write before the authority is
// closed. The store that leads next has its copies in every basket.
func TestHandOffCarriesOutMarks(t *testing.T) {
	eachMall(t, 120, func(t *testing.T, w *world) {
		m := w.openMall(t, idle())
		m.arrive(t, store.Validate)
		for _, to := range []store.Phase{4, 3, 4} {
			if to == store.DynamoDBPrimary {
				m.verified(t)
			}
			from, follower := store.Store(w.mysql), store.Store(w.dynamo)
			if to == store.Validate {
				from, follower = follower, from
			}
			epoch := w.settled(t).Epoch
			written := false
			w.faults.On(func(c faultstore.Call) bool {
				if c.Method == "Advance" && c.Store == from.Name() && !written {
					written = true // the fence is about to be closed
					m.writeAndBring(t, from, follower, epoch)
				}
				return false
			}, faultstore.Before)
			require.NoError(t, m.SetPhase(t.Context(), to, migrationctl.Change{}))
			require.True(t, written)
			backlog, err := from.Backlog(t.Context())
			require.NoError(t, err)
			require.Zero(t, backlog.FanOuts)
			m.shows(t, 1, 19, to.String())
			w.requireCopies(t, to.String())
		}
	})
}

// TestLastLookFindsAMark: where all that a late write left is its mark, since somebody has
// brought over its change, MySQL is not opened before it is carried out.
func TestLastLookFindsAMark(t *testing.T) {
	eachMall(t, 3, func(t *testing.T, w *world) {
		m := w.openMall(t, idle())
		m.arrive(t, store.DynamoDBPrimary)
		epoch := w.settled(t).Epoch
		landed := false
		w.faults.On(func(c faultstore.Call) bool {
			if c.Store == "mysql" && c.Method == "Advance" && !landed {
				landed = true // the seal is on its way: every look so far was empty
				m.writeAndBring(t, w.dynamo, w.mysql, epoch)
			}
			return false
		}, faultstore.Before)
		require.NoError(t, m.SetPhase(t.Context(), store.Validate, migrationctl.Change{}))
		require.True(t, landed)
		m.shows(t, 0, 2, "phase 3")
		w.requireCopies(t, "phase 3")
	})
}

// TestBumpBeforeGivingAway: a relay that carries out a mark which somebody else has
// cleaned gives a basket a new version between the last look and the end of MySQL's
// authority. The refresh that comes with it long after does not bring back what DynamoDB
// has renewed.
func TestBumpBeforeGivingAway(t *testing.T) {
	eachMall(t, 3, func(t *testing.T, w *world) {
		m := w.openMall(t, idle())
		m.arrive(t, store.Validate)
		m.verified(t)
		key, err := w.contract.Entity("Baskets").KeyOf(int64(0), int64(1))
		require.NoError(t, err)
		var late []store.Row
		w.faults.On(func(c faultstore.Call) bool {
			closed, err := w.mysql.Phase(context.Background())
			require.NoError(t, err)
			if c.Store == "dynamodb" && c.Method == "Dirty" && closed.State == store.Closed && late == nil {
				// Strays are looked for, after the drain.
				require.NoError(t, w.mysql.Renew(context.Background(), []transform.Key{key}))
				row, err := w.mysql.Get(context.Background(), store.At{Captured: true}, key)
				require.NoError(t, err)
				late, err = dal.WithCopies(context.Background(), w.mysql, row)
				require.NoError(t, err)
			}
			return false
		}, faultstore.Before)
		require.NoError(t, m.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{}))
		require.NotNil(t, late)
		m.rename(t)
		_, err = m.Drain(t.Context(), nil)
		require.NoError(t, err)
		m.shows(t, 0, 1, "renewed")
		applied, err := w.dynamo.Put(t.Context(), store.At{Captured: true}, late[0])
		require.NoError(t, err)
		require.False(t, applied)
		m.shows(t, 0, 1, "after the late refresh")
	})
}

// TestMarksNeedNoFollower: in phase 4 while MySQL is away, in phase 5, captured or bare,
// and by a process that has no MySQL, copies follow.
func TestMarksNeedNoFollower(t *testing.T) {
	eachMall(t, 3, func(t *testing.T, w *world) {
		m := w.openMall(t, busy())
		m.arrive(t, store.DynamoDBPrimary)
		followed := func(about string) {
			t.Helper()
			m.rename(t)
			require.Eventually(t, func() bool {
				backlog, err := w.dynamo.Backlog(context.Background())
				return err == nil && backlog.FanOuts == 0
			}, time.Minute, 5*time.Millisecond)
			m.shows(t, 0, 2, about)
		}
		back := w.faults.On(func(c faultstore.Call) bool { return c.Store == "mysql" && c.Method != "Phase" }, faultstore.Before)
		followed("MySQL is away")
		back()
		m.step(t, store.DynamoDBOnly)
		followed("phase 5")
		require.NoError(t, m.CaptureOff(t.Context(), migrationctl.Change{}))
		followed("bare")
		status, err := m.Status(t.Context())
		require.NoError(t, err)
		require.Zero(t, status.FanOuts)
		require.NoError(t, m.Close(context.Background()))

		ctl, err := migrationctl.Open(t.Context(), migrationctl.WithoutMySQL(w.contract), w.faultyDynamo(), busy())
		require.NoError(t, err)
		t.Cleanup(func() { _ = ctl.Close(context.Background()) })
		last := m.last
		m = newMall(t, w, &process{Controller: ctl}, ctl)
		m.last = last
		followed("without MySQL")
		w.requireCopies(t, "in the end")
	})
}

// TestDrainInPhase5: a drain carries out the marks there, and is refused where items have
// no copies.
func TestDrainInPhase5(t *testing.T) {
	eachMall(t, 3, func(t *testing.T, w *world) {
		m := w.openMall(t, idle())
		m.arrive(t, store.DynamoDBOnly)
		require.NoError(t, m.CaptureOff(t.Context(), migrationctl.Change{}))
		m.rename(t)
		status, err := m.Status(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, status.FanOuts)
		require.Zero(t, status.Dirty)
		report, err := w.operator(t).Drain(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, migrationctl.DrainReport{FannedOut: 1}, report)
		m.shows(t, 0, 2, "drained")
	})
	w := newMemoryWorld(t, faultstore.New())
	w.lead(t, store.DynamoDBOnly)
	var refused *migrationctl.RefusedError
	_, err := w.operator(t).Drain(t.Context(), nil)
	require.ErrorAs(t, err, &refused)
}

// TestNoCopiesNoLooks: where items have no copies, and no delete may be staged, nobody looks
// for marks.
func TestNoCopiesNoLooks(t *testing.T) {
	w := newMemoryWorld(t, faultstore.New())
	p := w.open(t, busy())
	p.walk(t, func(store.Phase) {
		u := user(1)
		require.NoError(t, p.users.Put(t.Context(), &u))
	}, func() error { time.Sleep(time.Millisecond); return nil })
	require.Empty(t, w.faults.Matching(faultstore.Method("FanOuts", "Dependents", "Renew", "Copies")))
}

// TestAbandonedWithAMark: DynamoDB is lost with a mark that waits there. When it is back,
// the backfill that MySQL wants has brought every copy over.
func TestAbandonedWithAMark(t *testing.T) {
	w := newMemoryWorldOf(t, storetest.CopyContract(t), faultstore.New())
	w.stock(t, 30)
	m := w.openMall(t, idle())
	m.arrive(t, store.DynamoDBPrimary)
	m.rename(t)
	require.NoError(t, m.Close(context.Background()))
	require.NoError(t, w.cutOff(t).Abandon(t.Context(), migrationctl.Change{Reason: "lost"}))
	m = w.openMall(t, busy())
	require.NoError(t, m.Backfill(t.Context(), migrationctl.BackfillOptions{}))
	m.fannedOut(t)
	m.verified(t)
	w.requireCopies(t, "back")
	require.Eventually(t, func() bool {
		r, err := w.dynamo.Phase(context.Background())
		return err == nil && r.State == store.GivenAway
	}, time.Minute, 10*time.Millisecond)
	m.step(t, store.DynamoDBPrimary)
	m.last = 10
	m.rename(t)
	m.fannedOut(t)
	w.requireCopies(t, "led again")
}
