package migrationctl_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// sides returns the store that leads, and the other one.
func (w *world) sides(t testing.TB) (lead, other store.Store) {
	t.Helper()
	r, err := w.dynamo.Phase(t.Context())
	require.NoError(t, err)
	if r.State == store.Open {
		return w.dynamo, w.mysql
	}
	return w.mysql, w.dynamo
}

// relay refreshes all that waits, once, as a relay does: a change that fails does not keep
// it from the next.
func (w *world) relay(t testing.TB, faults *faultstore.Faults) error {
	t.Helper()
	lead, other := w.sides(t)
	record, err := lead.Phase(t.Context())
	require.NoError(t, err)
	from := faults.Store(lead)
	refresher := dal.NewRefresher(from, faults.Store(other), func() uint64 { return record.Epoch })
	var errs []error
	for shard := range from.Shards() {
		page, err := from.Dirty(t.Context(), store.DirtyRange{Shard: shard, Limit: 1000})
		errs = append(errs, err)
		for _, c := range page.Changes {
			errs = append(errs, refresher.Refresh(t.Context(), c))
		}
	}
	return errors.Join(errs...)
}

// dirty returns the keys that wait in a store.
func dirty(t testing.TB, s store.Authority) map[transform.Key]bool {
	t.Helper()
	keys := map[transform.Key]bool{}
	for shard := range s.Shards() {
		page, err := s.Dirty(t.Context(), store.DirtyRange{Shard: shard, Limit: 1000})
		require.NoError(t, err)
		for _, c := range page.Changes {
			for _, k := range c.Keys {
				keys[k.Key] = true
			}
		}
	}
	return keys
}

// sweepRelay fails each call of a relay's pass over what change leaves, and has the process
// die at each. Whatever fails: a record that has no change record is the same in both stores,
// and the next pass makes all of them so.
func (w *world) sweepRelay(t *testing.T, seed, change func(*testing.T)) {
	t.Helper()
	faultstore.Sweep(t, func(t *testing.T, faults *faultstore.Faults) {
		seed(t)
		require.NoError(t, w.relay(t, faultstore.New()))
		lead, other := w.sides(t)
		require.Empty(t, dirty(t, lead))
		change(t)
		waiting := dirty(t, lead)
		require.NotEmpty(t, waiting)

		err := w.relay(t, faults)
		left, here, there := dirty(t, lead), w.texts(t, lead), w.texts(t, other)
		if err == nil {
			require.Empty(t, left)
		} else {
			require.ErrorIs(t, err, store.ErrUnavailable)
		}
		for _, texts := range []map[transform.Key][]string{here, there} {
			for key := range texts {
				require.True(t, left[key] || slices.Equal(here[key], there[key]), "%s is clean and not the same", key)
			}
		}
		faults.Restart()
		require.NoError(t, w.relay(t, faultstore.New()))
		require.Empty(t, dirty(t, lead))
		require.Equal(t, here, w.texts(t, lead), "a refresh has changed what leads")
		require.Equal(t, here, w.texts(t, other))
	}, faultstore.Lost, faultstore.After, faultstore.Crash)
}

// TestSweepTriggeredRefresh sweeps the refresh of keys that nobody has named but triggers:
// of rows, of what foreign keys take along, and of rows that are part of records.
func TestSweepTriggeredRefresh(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has triggers that run in the writer's transaction and SIGNAL")
	all := enginetest.DynamoDBEngines(t)
	w := newEngineWorldOf(t, all[len(all)-1], storetest.DeliveryContract(t), faultstore.New())
	_, err := w.operator(t).InitTriggers(t.Context())
	require.NoError(t, err)
	w.to(t, store.DualWrite)
	transaction := func(statements ...string) func(*testing.T) {
		return func(*testing.T) {
			tx := w.db.MustBegin()
			defer tx.Rollback()
			for _, statement := range statements {
				tx.MustExec(statement)
			}
			require.NoError(t, tx.Commit())
		}
	}
	w.sweepRelay(t, transaction(
		"DELETE FROM claims", "DELETE FROM shipment_stops", "DELETE FROM shipments", "DELETE FROM senders",
		"INSERT INTO senders (sender_id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')",
		"INSERT INTO shipments (shipment_id, sender_id, payer_id) VALUES (1, 1, 3), (2, 2, 1), (3, 3, 2)",
		"INSERT INTO shipment_pieces (shipment_id) SELECT shipment_id FROM shipments",
		"INSERT INTO claims (claim_id, other_id) SELECT shipment_id, shipment_id FROM shipments",
	), transaction(
		"DELETE FROM senders WHERE sender_id = 1",
		"INSERT INTO shipment_stops (shipment_id, number) VALUES (3, 1)",
		"UPDATE shipment_pieces SET content = 'other' WHERE shipment_id = 3",
	))
}

// TestSweepServiceSQL sweeps the refresh where an entity has SQL of the service's own, which
// reads what is refreshed while MySQL leads, and writes it while DynamoDB does. What that SQL
// keeps beside the rows is right in the end.
func TestSweepServiceSQL(t *testing.T) {
	w := lastEngineWorld(t)
	w.db.MustExec("CREATE TABLE user_search (user_id INT NOT NULL PRIMARY KEY, word VARCHAR(60)) ENGINE=InnoDB")
	mysql, err := mysqlstore.New(w.db, w.contract, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"Users": searching(t, w.contract)}})
	require.NoError(t, err)
	w.mysql = mysql
	require.NoError(t, mysql.Ready(t.Context()))
	for _, phase := range []store.Phase{store.Validate, store.DynamoDBPrimary} {
		if phase == store.Validate {
			w.to(t, phase)
		} else {
			p := w.open(t, leading())
			p.step(t, phase)
			require.NoError(t, p.Close(context.Background()))
		}
		t.Run(phase.String(), func(t *testing.T) {
			w.sweepRelay(t, func(t *testing.T) {
				m := []store.Mutation{w.put(t, user(1)), w.put(t, user(2))}
				if w.row(t, w.mysql, 3).Live {
					m = append(m, store.Mutation{Op: store.Delete, Key: w.key(t, 3)})
				}
				w.write(t, m...)
			}, func(t *testing.T) {
				other := user(1)
				other.Username = "Other"
				w.write(t, w.put(t, other), w.put(t, user(3)), store.Mutation{Op: store.Delete, Key: w.key(t, 2)})
			})
			var words, want []string
			require.NoError(t, w.db.Select(&words, "SELECT CONCAT_WS(' ', user_id, word) FROM user_search ORDER BY user_id"))
			require.NoError(t, w.db.Select(&want, "SELECT CONCAT_WS(' ', user_id, LOWER(username)) FROM users ORDER BY user_id"))
			require.Equal(t, []string{"1 other", "3 user3"}, want)
			require.Equal(t, want, words)
		})
	}
}

// write writes to the store that leads, past every process.
func (w *world) write(t *testing.T, m ...store.Mutation) {
	t.Helper()
	lead, _ := w.sides(t)
	r, err := lead.Phase(t.Context())
	require.NoError(t, err)
	at := store.At{Epoch: r.Epoch, Captured: r.Capture}
	if r.Phase.DynamoDBLeads() {
		at.Lease = new(store.Lease)
		at.Lease.Extend(r.Epoch, time.Now(), time.Hour)
	}
	_, err = lead.Write(t.Context(), at, store.Write{Mutations: m})
	require.NoError(t, err)
}
