package migrationctl_test

import (
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// A Sender is a record of storetest.DeliveryContract.
type Sender struct {
	ID   int64   `db:"sender_id"`
	Name *string `db:"name"`
}

// TestWalkWithOutsideRows goes from phase 1 to 4 and back while another program changes
// rows that are part of records, moves them from one record to another, and deletes what
// takes records and their rows along: under capture by triggers both stores are equal
// whenever nothing waits, and in phase 4 the program is refused. What the service's own
// deletes take along, which library and triggers record both, is clean then too.
func TestWalkWithOutsideRows(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has triggers that run in the writer's transaction and SIGNAL")
	for _, e := range enginetest.DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) {
			w := newEngineWorldOf(t, e, storetest.DeliveryContract(t), faultstore.New())
			for _, statement := range []string{
				"INSERT INTO senders (sender_id) VALUES (1), (2), (3), (4), (5), (6), (7)",
				"INSERT INTO shipments (shipment_id, sender_id, payer_id) VALUES (1, 1, 7), (2, 2, 7), (3, 3, 7), (4, 4, 7), (5, 5, 7), (6, 6, 7), (7, 7, 7)",
				"INSERT INTO shipment_pieces (shipment_id) SELECT shipment_id FROM shipments",
				"INSERT INTO claims (claim_id, other_id) SELECT shipment_id, shipment_id FROM shipments",
			} {
				w.db.MustExec(statement)
			}
			_, err := w.operator(t).InitTriggers(t.Context())
			require.NoError(t, err)
			w.to(t, store.DualWrite)
			p := w.open(t, leading())
			senders, err := dal.NewRepository[Sender](p, "Senders")
			require.NoError(t, err)
			for i, to := range []store.Phase{2, 3, 4, 3, 2} {
				if i > 0 {
					p.step(t, to)
				}
				n := int64(i + 1)
				if to == store.DynamoDBPrimary {
					require.NoError(t, senders.Delete(t.Context(), senders.Key(n)))
					_, err := w.db.Exec("UPDATE shipment_stops SET place = 'refused'")
					var me *mysql.MySQLError
					require.ErrorAs(t, err, &me)
					require.Equal(t, uint16(mysqlstore.ErrnoNotHere), me.Number)
					continue
				}
				for _, statement := range []string{
					"INSERT INTO shipment_stops (shipment_id, number, place) VALUES (?, 1, 'a'), (?, 2, 'b'), (7, ? + 10, 'c')",
					"UPDATE shipment_stops SET shipment_id = 7 WHERE shipment_id = ? AND number = 2 AND ? = ?",
					"UPDATE shipment_pieces SET shipment_id = IF(shipment_id = 7, NULL, 7) WHERE shipment_id IN (?, ?, ?) OR shipment_id = 7",
					"DELETE FROM shipment_stops WHERE number = 2 OR ? = 1 AND shipment_id IN (?, ?)", // those of 1 restrict the program
				} {
					w.db.MustExec(statement, n, n, n)
				}
				if i == 0 {
					w.db.MustExec("DELETE FROM senders WHERE sender_id = ?", n)
				} else {
					require.NoError(t, senders.Delete(t.Context(), senders.Key(n)))
				}
				p.drained(t)
				p.verified(t)
				require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
			}
			require.NoError(t, senders.Delete(t.Context(), senders.Key(7)))
			p.drained(t)
			p.verified(t)
			for table, want := range map[string]int{"senders": 1, "shipments": 1, "shipment_stops": 0, "claims": 7} {
				var n int
				require.NoError(t, w.db.Get(&n, "SELECT COUNT(*) FROM "+table))
				require.Equal(t, want, n, table)
			}
		})
	}
}
