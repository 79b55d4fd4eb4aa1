package migrationctl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// TestJoinedWritesBesideTriggers: where triggers capture, what a joined transaction
// names is in the follower after the commit, by the policy that it chose, and what it
// does not name once the relay has looked.
func TestJoinedWritesBesideTriggers(t *testing.T) {
	eachTriggered(t, func(t *testing.T, w *world) {
		w.to(t, store.DualWrite)
		p := w.open(t, quiet())
		for i, phase := range []store.Phase{store.DualWrite, store.Validate} {
			if i > 0 {
				p.step(t, phase)
			}
			id := int64(10 * (i + 1))
			for n, policy := range []dal.Policy{dal.Prompt, dal.Required} {
				id := id + int64(n)
				require.NoError(t, w.own(t.Context(), p, sqlInsert, id, dal.Follow(policy)))
				require.Equal(t, 1, w.count(t, w.dynamo, id), "the commit brings it over, not the relay")
				require.NoError(t, w.own(t.Context(), p, sqlAdd, id, dal.Follow(policy)))
				require.Equal(t, 2, w.count(t, w.dynamo, id))
				require.False(t, w.row(t, w.mysql, id).Dirty, "nothing is left for the relay")
			}
			require.NoError(t, p.users.Update(t.Context(), p.users.Key(id), addOne))
			require.NoError(t, w.own(t.Context(), p, sqlDelete, id+1))
			require.Equal(t, -1, w.count(t, w.dynamo, id+1))

			// Named later, named in vain, and not at all.
			tx, joined, err := w.begin(t.Context(), p)
			require.NoError(t, err)
			tx.MustExec(sqlInsert, id+2)
			tx.MustExec(sqlAdd, id)
			require.NoError(t, joined.Touch(t.Context(), p.users.Key(id+2), p.users.Key(id+3)))
			require.NoError(t, joined.Commit(t.Context(), dal.Follow(dal.Required)))
			require.Equal(t, 1, w.count(t, w.dynamo, id+2))
			require.Equal(t, -1, w.count(t, w.dynamo, id+3))
			require.True(t, w.row(t, w.mysql, id).Dirty)
			p.drained(t)
			require.Equal(t, 4, w.count(t, w.dynamo, id))
			w.requireEqualStores(t)
		}
	})
}

// TestJoinedRowsBesideTriggers: a joined transaction deletes what takes records and
// their rows along, and changes rows that are part of records.
func TestJoinedRowsBesideTriggers(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has triggers that run in the writer's transaction and SIGNAL")
	for _, e := range enginetest.DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) {
			w := newEngineWorldOf(t, e, storetest.DeliveryContract(t), faultstore.New())
			for _, statement := range []string{
				"INSERT INTO senders (sender_id) VALUES (1), (2), (3)",
				"INSERT INTO shipments (shipment_id, sender_id, payer_id) VALUES (1, 1, 3), (2, 2, 3), (3, 3, 1)",
				"INSERT INTO shipment_pieces (shipment_id) SELECT shipment_id FROM shipments",
				"INSERT INTO claims (claim_id, other_id) SELECT shipment_id, shipment_id FROM shipments",
			} {
				w.db.MustExec(statement)
			}
			_, err := w.operator(t).InitTriggers(t.Context())
			require.NoError(t, err)
			w.to(t, store.Validate)
			p := w.open(t, quiet())
			senders, err := dal.NewRepository[Sender](p, "Senders")
			require.NoError(t, err)
			for _, id := range []int64{1, 2} {
				tx := w.db.MustBegin()
				joined, err := p.Join(t.Context(), w.mysql.(*mysqlstore.Store).Joining(tx), senders.Key(id))
				require.NoError(t, err)
				tx.MustExec("DELETE FROM senders WHERE sender_id = ?", id)
				tx.MustExec("INSERT INTO shipment_stops (shipment_id, number) VALUES (3, ?)", id)
				tx.MustExec("UPDATE shipment_pieces SET content = ? WHERE shipment_id = 3", id)
				require.NoError(t, joined.Commit(t.Context(), dal.Follow(dal.Required)))
				key, err := w.contract.Entity("Senders").KeyOf(id)
				require.NoError(t, err)
				gone, err := w.dynamo.Get(t.Context(), store.At{}, key)
				require.NoError(t, err)
				require.False(t, gone.Live, "the commit has brought it over")
				p.drained(t)
				p.verified(t)
				require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
			}
		})
	}
}
