package mysqlstore_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestJoinedBesideTriggers: a transaction of the service's own commits where triggers
// capture, whether it names the keys that it changes before, after or not at all. Each
// has its change record at the commit, above the version that it was named with.
func TestJoinedBesideTriggers(t *testing.T) {
	f := newTriggered(t, setting{})
	one, two, three, four := f.user(1), f.user(2), f.user(3), f.user(4)
	was := map[transform.Key]store.Version{}
	for _, rec := range []transform.Record{one, two, three, four} {
		was[f.key(rec)] = f.prepare(rec)
	}
	f.clean()
	tx := f.begin()
	joining, written := f.join(tx, one, four)
	for _, id := range []int64{1, 2, 3, 1} {
		require.NoError(t, rename(f.ctx, tx, id))
		tx.MustExec("UPDATE users SET email = CONCAT('mail-', username) WHERE user_id = ?", id)
	}
	later, err := joining.Record(f.ctx, f.at, f.keys(two))
	require.NoError(t, err)
	require.False(t, f.row(one).Dirty, "nothing is there before the commit")
	require.NoError(t, joining.Commit(f.ctx))

	for _, k := range append(written, later...) {
		require.Greater(t, k.Version, was[k.Key])
	}
	for _, rec := range []transform.Record{one, two, three} {
		require.Equal(t, "mail-"+f.text(rec, "username"), f.text(rec, "email"))
		require.True(t, f.row(rec).Dirty)
		require.Greater(t, f.row(rec).Version, was[f.key(rec)])
	}
	require.Greater(t, f.row(one).Version, written[0].Version, "the triggers have raised it")
	require.Equal(t, written[1].Version, f.row(four).Version, "which was named in vain")
	require.True(t, f.fenceIsFree())
	require.Zero(t, f.pool.Stats().InUse)

	// Without a name at all.
	f.clean()
	tx = f.begin()
	joining, _ = f.join(tx)
	require.NoError(t, rename(f.ctx, tx, 1))
	tx.MustExec("DELETE FROM users WHERE user_id = 3")
	require.NoError(t, joining.Commit(f.ctx))
	for _, rec := range []transform.Record{one, three} {
		require.True(t, f.row(rec).Dirty)
	}
	require.False(t, f.row(two).Dirty)
}

// TestJoinedBeforeTriggersAreKnown: a process that has not heard of the triggers yet
// takes what they did for no loss.
func TestJoinedBeforeTriggersAreKnown(t *testing.T) {
	f := newTriggered(t, setting{})
	f.prepare(f.user(1))
	f.store = f.storeOn(f.pool) // has read no phase record
	tx := f.begin()
	joining, written := f.join(tx, f.user(1))
	require.NoError(t, rename(f.ctx, tx, 1))
	require.NoError(t, joining.Commit(f.ctx))
	require.Equal(t, written[0].Version+1, f.row(f.user(1)).Version)
}

// TestJoinedTakingAlongBesideTriggers: foreign keys take rows along, and rows of other
// tables change, of records that the transaction names and of some that it does not.
func TestJoinedTakingAlongBesideTriggers(t *testing.T) {
	for name, keys := range map[string][]string{"named": {"Senders", "Shipments"}, "parent only": {"Senders"}, "none": nil} {
		t.Run(name, func(t *testing.T) {
			d := newDeliveries(t, "",
				"INSERT INTO senders (sender_id) VALUES (1), (2)",
				"INSERT INTO shipments (shipment_id, sender_id, payer_id) VALUES (1, 1, NULL), (2, 2, 1)",
				"INSERT INTO shipment_stops (shipment_id, number) VALUES (1, 1), (2, 1)",
				"INSERT INTO shipment_pieces (shipment_id) VALUES (1), (2)",
				"INSERT INTO claims (claim_id, other_id) VALUES (1, 1)")
			var named []transform.Key
			for _, entity := range keys {
				named = append(named, d.key(entity, 1))
				if entity != "Senders" {
					named = append(named, d.key(entity, 2))
				}
			}
			tx := d.db.MustBegin()
			defer tx.Rollback()
			joining := d.Joining(tx)
			written, err := joining.Record(d.ctx, d.at, named)
			require.NoError(t, err)
			tx.MustExec("DELETE FROM shipment_stops WHERE shipment_id = 1")
			tx.MustExec("DELETE FROM senders WHERE sender_id = 1")
			tx.MustExec("UPDATE shipment_pieces SET content = 'x' WHERE shipment_id = 2")
			require.NoError(t, joining.Commit(d.ctx))
			require.Equal(t, []int{1, 1, 1, 1, 1}, d.rows("senders", "shipments", "shipment_stops", "shipment_pieces", "claims"))
			for _, k := range written {
				id := int64(1)
				if k.Key == d.key("Shipments", 2) {
					id = 2
				}
				require.GreaterOrEqual(t, d.version(k.Key.Entity, id), k.Version)
			}
			require.Equal(t, []string{"Claims 1", "Senders 1", "Shipments 1", "Shipments 2"}, d.dirty())
		})
	}
}

// TestJoinedTakenBackBesideTriggers: what was rolled back under the service is found
// also where the triggers have written a change record again, and one that is gone is.
// Where only the library's own is gone and the triggers' is there nothing is lost.
func TestJoinedTakenBackBesideTriggers(t *testing.T) {
	for name, c := range map[string]struct {
		back   [2]string // before Join, after it
		change bool      // the service goes on
		lost   bool
	}{
		"server, and on":       {[2]string{"DO 0", "ROLLBACK"}, true, true}, // as a deadlock does
		"server, nothing more": {[2]string{"DO 0", "ROLLBACK"}, false, true},
		"implicit commit":      {[2]string{"DO 0", "CREATE TABLE more (id INT)"}, true, true},
		"savepoint, and on":    {[2]string{"SAVEPOINT mine", "ROLLBACK TO SAVEPOINT mine"}, true, false},
		"savepoint":            {[2]string{"SAVEPOINT mine", "ROLLBACK TO SAVEPOINT mine"}, false, true},
	} {
		for _, known := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				f := newTriggered(t, setting{})
				was := f.prepare(f.user(1))
				if !known && !c.lost {
					f.store = f.storeOn(f.pool)
				}
				f.clean()
				tx := f.begin()
				tx.MustExec(c.back[0])
				joining, _ := f.join(tx, f.user(1))
				tx.MustExec("UPDATE users SET email = 'before' WHERE user_id = 1")
				tx.MustExec(c.back[1])
				if c.change {
					require.NoError(t, rename(f.ctx, tx, 1))
				}
				err := joining.Commit(f.ctx)
				if c.lost {
					require.ErrorIs(t, err, store.ErrInvalid)
					require.Equal(t, store.Unknown, store.OutcomeOf(err))
				} else {
					require.NoError(t, err)
					require.Equal(t, "changed-1", f.text(f.user(1), "username"))
				}
				row := f.row(f.user(1))
				require.True(t, row.Dirty)
				require.Greater(t, row.Version, was)
				require.True(t, f.fenceIsFree())
				require.Zero(t, f.pool.Stats().InUse)
			})
		}
	}
}

// TestJoinedTakenBackWithoutNames: where triggers capture and no keys are named, what the
// service did before a rollback that it overlooks is not acknowledged either.
func TestJoinedTakenBackWithoutNames(t *testing.T) {
	for _, back := range []string{"ROLLBACK", "CREATE TABLE more (id INT)"} {
		t.Run(back, func(t *testing.T) {
			f := newTriggered(t, setting{})
			was := f.prepare(f.user(1))
			tx := f.begin()
			joining, _ := f.join(tx)
			tx.MustExec("UPDATE users SET email = 'before' WHERE user_id = 1")
			tx.MustExec(back)
			require.NoError(t, rename(f.ctx, tx, 1))
			err := joining.Commit(f.ctx)
			require.ErrorIs(t, err, store.ErrInvalid)
			require.Equal(t, store.Unknown, store.OutcomeOf(err))
			require.True(t, f.row(f.user(1)).Dirty)
			require.Greater(t, f.row(f.user(1)).Version, was)
			require.True(t, f.fenceIsFree())
			require.Zero(t, f.pool.Stats().InUse)
		})
	}
}

// TestJoinedTakenBackBesideTriggersAndAnother: another writer has taken the version that a
// rollback gave back, and the triggers raised it after that.
func TestJoinedTakenBackBesideTriggersAndAnother(t *testing.T) {
	f := newTriggered(t, setting{})
	f.prepare(f.user(1))
	tx := f.begin()
	joining, _ := f.join(tx, f.user(1))
	tx.MustExec("ROLLBACK") // as a deadlock does
	was := f.write(f.update(f.user(1), "email", "other")).Rows[0].Version
	require.NoError(t, rename(f.ctx, tx, 1))
	err := joining.Commit(f.ctx)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.Equal(t, store.Unknown, store.OutcomeOf(err))
	require.Greater(t, f.row(f.user(1)).Version, was)
}

// TestJoinBesideTriggersWithFaultAtEveryStatement is TestJoinWithFaultAtEveryStatement
// where triggers capture.
func TestJoinBesideTriggersWithFaultAtEveryStatement(t *testing.T) {
	f := newTriggered(t, setting{})
	f.sweep(t, func(t *testing.T, ctx context.Context, run int) {
		there, later := f.user(int64(2*run)), f.user(int64(2*run+1))
		before := map[transform.Key]store.Version{f.key(there): f.prepare(there), f.key(later): f.prepare(later)}
		err := f.renameJoined(ctx, there, later)
		f.judge(store.Write{Mutations: []store.Mutation{f.update(there, "username", ""), f.update(later, "username", "")}}, before, err)
	})
}
