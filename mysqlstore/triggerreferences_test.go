package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestTakenAlongBesideTriggers: the library records what its delete takes along, and
// the parent's triggers, which can't know that it does, record it again. The write tells
// of the version that is there in the end, so that the refresh after it cleans what it took
// along. Its rows go too, of which the foreign key says RESTRICT.
func TestTakenAlongBesideTriggers(t *testing.T) {
	d := newDeliveries(t, "",
		"INSERT INTO senders (sender_id) VALUES (1), (2)",
		"INSERT INTO shipments (shipment_id, sender_id, payer_id) VALUES (1, 1, NULL), (2, 1, 1), (3, 2, 1), (4, 2, 2)",
		"INSERT INTO shipment_stops (shipment_id, number) VALUES (1, 1), (1, 2), (3, 1), (4, 1)",
		"INSERT INTO shipment_pieces (shipment_id) VALUES (1), (3), (4), (NULL)")
	require.NoError(t, d.Ready(d.ctx))
	// An earlier version of one of them, which a refresh may still carry.
	d.db.MustExec("UPDATE shipments SET note = 'x' WHERE shipment_id = 3")
	require.Equal(t, []string{"Shipments 3"}, d.dirty())
	earlier := d.version("Shipments", 3)

	w := d.remove("Senders", 1)
	told := map[transform.Key]store.Version{}
	for _, c := range w.Changes {
		for _, k := range c.Keys {
			told[k.Key] = k.Version
		}
	}
	require.Len(t, told, 4)
	require.Equal(t, told[d.key("Senders", 1)], w.Rows[0].Version)
	for key, version := range told {
		row, err := d.Get(d.ctx, store.At{Captured: true}, key)
		require.NoError(t, err)
		require.Equal(t, row.Version, version, "the version of %s %s", key.Entity, key.ID)
	}
	require.Greater(t, told[d.key("Shipments", 3)], earlier)
	require.Equal(t, []int{1, 2, 2, 3}, d.rows("senders", "shipments", "shipment_stops", "shipment_pieces"))

	for _, c := range w.Changes {
		require.NoError(t, d.Clean(d.ctx, c))
	}
	require.Empty(t, d.dirty())

	_, err := d.Write(d.ctx, d.at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: d.key("Shipments", 4)}, {Op: store.Delete, Key: d.key("Senders", 2)}}})
	require.NoError(t, err)
	require.Equal(t, []int{0, 0, 0, 1}, d.rows("senders", "shipments", "shipment_stops", "shipment_pieces"))
	require.Equal(t, []string{"Senders 2", "Shipments 3", "Shipments 4"}, d.dirty())
}

// TestRestrictedBesideTriggers: what is refused has left nothing behind.
func TestRestrictedBesideTriggers(t *testing.T) {
	d := newDeliveries(t, "",
		"INSERT INTO senders (sender_id) VALUES (1)", "INSERT INTO shipments (shipment_id, sender_id) VALUES (1, 1), (2, 1)",
		"INSERT INTO shipment_stops (shipment_id, number) VALUES (1, 1), (2, 1)",
		"INSERT INTO claims (claim_id, shipment_id, other_id) VALUES (1, 2, 1)")
	for entity, id := range map[string]int64{"Senders": 1, "Shipments": 2} {
		_, err := d.Write(d.ctx, d.at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: d.key(entity, id)}}})
		refused(t, err, store.ErrReferenced)
		require.Equal(t, "Claims.shipment_id", refused(t, err, store.ErrReferenced).Field)
	}
	_, err := d.db.Exec("DELETE FROM senders")
	require.ErrorContains(t, err, "foreign key constraint fails")
	require.Empty(t, d.dirty())
	require.Equal(t, []int{1, 2, 2, 1}, d.rows("senders", "shipments", "shipment_stops", "claims"))
	w := d.remove("Shipments", 1)
	require.Len(t, w.Changes, 2)
	require.Equal(t, []string{"Claims 1", "Shipments 1"}, d.dirty())
}
