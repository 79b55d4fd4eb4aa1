package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// parcelsText is a contract of records that go with others, and have rows of another
// table.
const parcelsText = `{
  "group": "parcels",
  "source_tables": [{
    "table": "stops", "primary_key": ["parcel_id", "number"],
    "columns": [{"name": "parcel_id", "type": "int"}, {"name": "number", "type": "int"},
      {"name": "place", "type": "varchar", "length": 64, "null": true, "collation": "utf8mb4_bin"}]
  }],
  "tables": [
    {
      "table": "Senders", "type": "single-entity", "source_table": "senders", "pk": "senderId",
      "attributes": [{"name": "senderId", "type": "N", "source_table": "senders", "source_column": "sender_id"}],
      "columns": [{"name": "sender_id", "type": "int"}], "primary_key": ["sender_id"]
    },
    {
      "table": "Parcels", "type": "single-entity", "source_table": "parcels", "pk": "parcelId",
      "attributes": [
        {"name": "parcelId", "type": "N", "source_table": "parcels", "source_column": "parcel_id"},
        {"name": "senderId", "type": "N", "source_table": "parcels", "source_column": "sender_id"},
        {"name": "stops", "type": "L", "source_column": null,
          "join": {"type": "json-construction", "target_table": "stops", "join_condition": "stops.parcel_id = parcels.parcel_id",
            "construction": {"type": "array", "select_columns": {"parcel": "parcel_id", "number": "number", "place": "place"}}}}
      ],
      "columns": [{"name": "parcel_id", "type": "int"}, {"name": "sender_id", "type": "int", "null": true}],
      "primary_key": ["parcel_id"],
      "references": [{"columns": ["sender_id"], "entity": "Senders", "on_delete": "cascade"}]
    }
  ]
}`

// TestTakenAlongWithItsRows: what a foreign key deletes takes the rows of other tables
// with it that are part of its record, though their own foreign key forbids that they
// are left behind, under capture and without.
func TestTakenAlongWithItsRows(t *testing.T) {
	for name, captured := range map[string]bool{"bare": false, "captured": true} {
		t.Run(name, func(t *testing.T) {
			enginetest.NeedsRealMySQL(t, "cascades")
			c, err := transform.Load([]byte(parcelsText))
			require.NoError(t, err)
			db := openDB(t, withParams(enginetest.MySQL(t), "interpolateParams=true&group_concat_max_len=16777216"))
			for _, statement := range []string{
				"CREATE TABLE senders (sender_id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB",
				"CREATE TABLE parcels (parcel_id INT NOT NULL PRIMARY KEY, sender_id INT NULL," +
					" FOREIGN KEY (sender_id) REFERENCES senders (sender_id) ON DELETE CASCADE) ENGINE=InnoDB",
				"CREATE TABLE stops (parcel_id INT NOT NULL, number INT NOT NULL," +
					" place VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, PRIMARY KEY (parcel_id, number)," +
					" FOREIGN KEY (parcel_id) REFERENCES parcels (parcel_id) ON DELETE RESTRICT) ENGINE=InnoDB",
				"INSERT INTO senders VALUES (1), (2)",
				"INSERT INTO parcels VALUES (1, 1), (2, 1), (3, 2)",
				"INSERT INTO stops VALUES (1, 1, 'a'), (1, 2, 'b'), (3, 1, 'c')",
			} {
				db.MustExec(statement)
			}
			s, err := mysqlstore.New(db, c, nil)
			require.NoError(t, err)
			require.NoError(t, s.Init(t.Context()))
			at := store.At{Epoch: store.FirstEpoch}
			if captured {
				from, err := s.Phase(t.Context())
				require.NoError(t, err)
				to := from
				to.Epoch, to.Capture, to.CaptureEpoch = from.Epoch+1, true, from.Epoch+1
				require.NoError(t, s.Advance(t.Context(), from, to, store.AuditEntry{}))
				at = store.At{Epoch: to.Epoch, Captured: true}
			}
			require.NoError(t, s.Ready(t.Context()))
			sender, err := c.Entity("Senders").KeyOf(1)
			require.NoError(t, err)
			w, err := s.Write(t.Context(), at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: sender}}})
			require.NoError(t, err)
			var parcels, stops []int
			require.NoError(t, db.Select(&parcels, "SELECT parcel_id FROM parcels"))
			require.NoError(t, db.Select(&stops, "SELECT parcel_id FROM stops"))
			require.Equal(t, []int{3}, parcels)
			require.Equal(t, []int{3}, stops)
			want := 0
			if captured {
				want = 3 // the sender, and two parcels
			}
			require.Len(t, w.Changes, want)
		})
	}
}
