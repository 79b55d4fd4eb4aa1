package mysqlstore_test

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// deliveries is a store of the suite's contract of records that have rows of other
// tables and refer to each other, under capture by triggers.
type deliveries struct {
	*mysqlstore.Store
	testing.TB
	ctx context.Context
	dsn string
	db  *sqlx.DB // not the store's
	c   *transform.Contract
	at  store.At
}

// newDeliveries makes tables and store, and what statements make before the triggers
// are there. params are added to the DSN of the store.
func newDeliveries(t testing.TB, params string, statements ...string) *deliveries {
	t.Helper()
	enginetest.NeedsRealMySQL(t, hasTriggers)
	d := &deliveries{TB: t, ctx: context.Background(), dsn: withParams(enginetest.MySQL(t), "group_concat_max_len=16777216"), c: storetest.DeliveryContract(t)}
	d.db = openDB(t, d.dsn)
	for _, statement := range append(storetest.Schema(d.c), statements...) {
		d.db.MustExec(statement)
	}
	var err error
	d.Store, err = mysqlstore.New(openDB(t, withParams(d.dsn, params)), d.c, nil)
	require.NoError(t, err)
	require.NoError(t, d.Init(d.ctx))
	d.mark(store.Open)
	_, _, err = d.InstallTriggers(d.ctx)
	require.NoError(t, err)
	return d
}

// mark brings the store to a mark, in the next epoch where there must be one, under
// capture.
func (d *deliveries) mark(state store.State) {
	d.Helper()
	from, err := d.Phase(d.ctx)
	require.NoError(d, err)
	to := from
	if to.State = state; store.CheckAdvance(from, to) != nil || !from.Capture {
		to.Epoch++
	}
	if to.Capture = true; to.CaptureEpoch == 0 {
		to.CaptureEpoch = to.Epoch
	}
	require.NoError(d, d.Advance(d.ctx, from, to, store.AuditEntry{}))
	d.at = store.At{Epoch: to.Epoch, Captured: true}
}

func (d *deliveries) key(entity string, id int64) transform.Key {
	d.Helper()
	key, err := d.c.Entity(entity).KeyOf(id)
	require.NoError(d, err)
	return key
}

// dirty returns the keys that wait to be refreshed, and makes them clean.
func (d *deliveries) dirty() []string {
	d.Helper()
	var all []string
	require.NoError(d, d.db.Select(&all, "SELECT CONCAT(entity, ' ', id) FROM crossfade_change WHERE dirty = 1 ORDER BY entity, id"))
	d.db.MustExec("UPDATE crossfade_change SET dirty = 0")
	return all
}

// rows returns how many rows the tables have.
func (d *deliveries) rows(tables ...string) []int {
	d.Helper()
	var all []int
	for _, table := range tables {
		var n int
		require.NoError(d, d.db.Get(&n, "SELECT COUNT(*) FROM "+table))
		all = append(all, n)
	}
	return all
}

func (d *deliveries) version(entity string, id int64) store.Version {
	d.Helper()
	row, err := d.Get(d.ctx, store.At{Captured: true}, d.key(entity, id))
	require.NoError(d, err)
	return row.Version
}

// TestTriggersRecordTheParentsOfRows: whatever another program does with a row that is
// part of a record is a change of the record, and of both where the row goes from one
// to another. A row that is part of none changes none.
func TestTriggersRecordTheParentsOfRows(t *testing.T) {
	d := newDeliveries(t, "")
	for _, c := range []struct {
		statement string
		want      []string
	}{
		{"INSERT INTO shipments (shipment_id) VALUES (1), (2), (10)", []string{"Shipments 1", "Shipments 10", "Shipments 2"}},
		{"INSERT INTO shipment_stops (shipment_id, number) VALUES (1, 1), (1, 2), (2, 1)", []string{"Shipments 1", "Shipments 2"}},
		{"UPDATE shipment_stops SET place = 'x' WHERE number = 2", []string{"Shipments 1"}},
		{"UPDATE shipment_stops SET shipment_id = 2 WHERE number = 2", []string{"Shipments 1", "Shipments 2"}},
		{"UPDATE shipment_stops SET shipment_id = 10 WHERE shipment_id = 2 AND number = 2", []string{"Shipments 10", "Shipments 2"}},
		{"DELETE FROM shipment_stops WHERE shipment_id = 10", []string{"Shipments 10"}},
		{"INSERT INTO shipment_stops (shipment_id, number) VALUES (2, 1), (2, 2) ON DUPLICATE KEY UPDATE shipment_id = 1, number = 5", []string{"Shipments 1", "Shipments 2"}},
		{"REPLACE INTO shipment_stops (shipment_id, number) VALUES (1, 5)", []string{"Shipments 1"}},
		{"INSERT INTO shipment_pieces (piece_id, shipment_id) VALUES (1, 1), (2, NULL), (3, NULL)", []string{"Shipments 1"}},
		{"UPDATE shipment_pieces SET content = 'x' WHERE piece_id > 1", nil},
		{"UPDATE shipment_pieces SET shipment_id = 2 WHERE piece_id = 2", []string{"Shipments 2"}},
		{"UPDATE shipment_pieces SET shipment_id = NULL WHERE piece_id = 1", []string{"Shipments 1"}},
		{"UPDATE shipment_pieces SET shipment_id = 10 WHERE piece_id = 2", []string{"Shipments 10", "Shipments 2"}},
		{"DELETE FROM shipment_pieces WHERE piece_id = 1", nil},
		{"INSERT INTO shipment_pieces (shipment_id, content) SELECT shipment_id, content FROM shipment_pieces", []string{"Shipments 10"}},
		{"DELETE FROM shipment_pieces", []string{"Shipments 10"}},
	} {
		d.db.MustExec(c.statement)
		require.Equal(t, c.want, d.dirty(), c.statement)
	}
}

// TestTriggersRefuseRows: where nothing is written, a row that is part of a record is
// not either, nor what a cascade would take.
func TestTriggersRefuseRows(t *testing.T) {
	d := newDeliveries(t, "",
		"INSERT INTO senders (sender_id) VALUES (1)", "INSERT INTO shipments (shipment_id, sender_id) VALUES (1, 1), (2, NULL)",
		"INSERT INTO shipment_stops (shipment_id, number) VALUES (2, 1)", "INSERT INTO shipment_pieces (piece_id, shipment_id) VALUES (1, 1), (2, NULL)")
	before := d.rows("senders", "shipments", "shipment_stops", "shipment_pieces")
	for _, c := range []struct {
		state store.State
		want  uint16
	}{{store.Closed, mysqlstore.ErrnoClosed}, {store.GivenAway, mysqlstore.ErrnoNotHere}, {store.Sealed, mysqlstore.ErrnoNotHere}} {
		d.mark(c.state)
		for _, statement := range []string{
			"INSERT INTO shipment_stops (shipment_id, number) VALUES (1, 1), (1, 2)",
			"UPDATE shipment_stops SET place = 'x'",
			"UPDATE shipment_stops SET shipment_id = 1",
			"DELETE FROM shipment_stops",
			"INSERT INTO shipment_pieces (shipment_id) VALUES (NULL)",
			"UPDATE shipment_pieces SET shipment_id = NULL",
			"DELETE FROM shipments WHERE shipment_id = 1",
			"UPDATE shipments SET shipment_id = 3 WHERE shipment_id = 1",
			"DELETE FROM senders",
		} {
			_, err := d.db.Exec(statement)
			require.Equal(t, c.want, errno(t, err), "%v: %s", c.state, statement)
		}
	}
	require.Equal(t, before, d.rows("senders", "shipments", "shipment_stops", "shipment_pieces"))
	require.Empty(t, d.dirty())
}

// TestTriggersFollowCascadesToRows: what takes a record takes its rows, and what
// changes rows of a record changes it, however far up the statement was made. The
// foreign key that ties the rows to their record needs no trigger: the record's own
// row is recorded.
func TestTriggersFollowCascadesToRows(t *testing.T) {
	d := newDeliveries(t, "",
		"CREATE TABLE towns (town INT PRIMARY KEY)",
		"CREATE TABLE contents (content INT PRIMARY KEY, label INT NULL UNIQUE)",
		"ALTER TABLE senders ADD town INT NULL, ADD FOREIGN KEY (town) REFERENCES towns (town) ON DELETE CASCADE",
		"ALTER TABLE shipment_stops ADD kind INT NULL, ADD CONSTRAINT of_kind FOREIGN KEY (kind) REFERENCES contents (content) ON DELETE CASCADE",
		"ALTER TABLE shipment_pieces ADD label INT NULL, ADD CONSTRAINT of_label FOREIGN KEY (label) REFERENCES contents (label) ON DELETE SET NULL ON UPDATE CASCADE",
		"INSERT INTO towns VALUES (1)", "INSERT INTO contents VALUES (1, 100), (2, 200)",
		"INSERT INTO senders (sender_id, town) VALUES (1, 1), (2, NULL)",
		"INSERT INTO shipments (shipment_id, sender_id, payer_id) VALUES (1, 1, NULL), (2, 1, NULL), (3, 2, 1), (4, 2, NULL), (5, 2, NULL)",
		"INSERT INTO shipment_stops (shipment_id, number, kind) VALUES (3, 1, 1), (4, 1, 2), (4, 2, NULL)",
		"INSERT INTO shipment_pieces (piece_id, shipment_id, label) VALUES (1, 1, NULL), (2, 1, NULL), (3, 5, 100), (4, NULL, 100), (5, 4, NULL)")
	require.NoError(t, d.Ready(d.ctx))
	var parents []string
	require.NoError(t, d.db.Select(&parents, "SELECT CONCAT(event_manipulation, ' ', event_object_table) FROM information_schema.triggers"+
		" WHERE trigger_schema = DATABASE() AND action_timing = 'BEFORE' ORDER BY 1"))
	// That of shipments is for the claims that refer to them.
	require.Equal(t, []string{"DELETE contents", "DELETE senders", "DELETE shipments", "DELETE towns", "UPDATE contents"}, parents)

	for _, c := range []struct {
		statement string
		want      []string
	}{
		{"UPDATE contents SET label = 101 WHERE content = 1", []string{"Shipments 5"}},
		{"UPDATE shipments SET shipment_id = 6 WHERE shipment_id = 5", []string{"Shipments 5", "Shipments 6"}}, // with its piece
		{"DELETE FROM contents WHERE content = 1", []string{"Shipments 3", "Shipments 6"}},
		{"DELETE FROM shipments WHERE shipment_id = 6", []string{"Shipments 6"}},
		{"DELETE FROM towns", []string{"Senders 1", "Shipments 1", "Shipments 2", "Shipments 3"}},
	} {
		d.db.MustExec(c.statement)
		require.Equal(t, c.want, d.dirty(), c.statement)
	}
	require.Equal(t, []int{2, 2, 2}, d.rows("shipments", "shipment_stops", "shipment_pieces"))

	// The library's own delete of a record gives it one version more.
	d.db.MustExec("UPDATE shipments SET note = 'x' WHERE shipment_id = 4")
	before := d.version("Shipments", 4)
	d.remove("Shipments", 4)
	require.Equal(t, before+1, d.version("Shipments", 4))
	require.Equal(t, []string{"Shipments 4"}, d.dirty())
	require.Equal(t, []int{1, 0, 1}, d.rows("shipments", "shipment_stops", "shipment_pieces"))
}

func (d *deliveries) remove(entity string, id int64) store.Written {
	d.Helper()
	return d.write(store.Mutation{Op: store.Delete, Key: d.key(entity, id)})
}

func (d *deliveries) write(m ...store.Mutation) store.Written {
	d.Helper()
	w, err := d.Write(d.ctx, d.at, store.Write{Mutations: m})
	require.NoError(d, err)
	return w
}

// TestStatementsThatNameChildAndParent: a statement of another program may read or
// change a table in the triggers' way in the statement that fires them.
func TestStatementsThatNameChildAndParent(t *testing.T) {
	d := newDeliveries(t, "",
		"INSERT INTO senders (sender_id) VALUES (1), (2), (3), (4)",
		"INSERT INTO shipments (shipment_id, sender_id) VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, NULL), (6, NULL), (7, NULL)",
		"INSERT INTO shipment_pieces (piece_id, shipment_id) VALUES (1, 1), (2, 5), (3, 6), (4, 7)")
	for _, c := range []struct {
		statement string
		want      []string
	}{
		{"UPDATE shipments s JOIN shipment_pieces p USING (shipment_id) SET s.note = 'x', p.content = 'x' WHERE shipment_id = 7", []string{"Shipments 7"}},
		{"DELETE FROM shipments WHERE shipment_id IN (SELECT shipment_id FROM shipment_pieces WHERE piece_id = 2)", []string{"Shipments 5"}},
		{"DELETE s FROM shipments s JOIN shipment_pieces p USING (shipment_id) WHERE piece_id = 3", []string{"Shipments 6"}},
		{"DELETE p, s FROM shipments s JOIN shipment_pieces p USING (shipment_id) WHERE piece_id = 4", []string{"Shipments 7"}},
		{"DELETE FROM senders WHERE sender_id IN (SELECT sender_id FROM shipments WHERE shipment_id = 1)", []string{"Senders 1", "Shipments 1"}},
		{"DELETE x FROM senders x JOIN shipments s USING (sender_id) WHERE shipment_id = 2", []string{"Senders 2", "Shipments 2"}},
		{"DELETE s, x FROM senders x JOIN shipments s USING (sender_id) WHERE shipment_id = 3", []string{"Senders 3", "Shipments 3"}},
	} {
		_, err := d.db.Exec(c.statement)
		require.NoError(t, err, c.statement)
		require.Equal(t, c.want, d.dirty(), c.statement)
	}
}

// boxesText is a contract of records with keys of text and their rows, which name
// their record by two columns of which each may be NULL.
const boxesText = `{"group": "boxes",
  "source_tables": [
    {"table": "things", "primary_key": ["thing_id"], "columns": [{"name": "thing_id", "type": "int", "generated": "auto_increment"},
      {"name": "shelf", "type": "varchar", "length": 9, "null": true, "collation": "utf8mb4_bin"},
      {"name": "box", "type": "varchar", "length": 9, "null": true, "collation": "utf8mb4_bin"},
      {"name": "name", "type": "varchar", "length": 9, "null": true, "collation": "utf8mb4_bin"}]}],
  "tables": [
    {"table": "Boxes", "type": "single-entity", "source_table": "boxes", "pk": "shelf", "sk": "code", "primary_key": ["shelf", "code"],
     "columns": [{"name": "shelf", "type": "varchar", "length": 9, "collation": "utf8mb4_bin"}, {"name": "code", "type": "varchar", "length": 9, "collation": "utf8mb4_bin"}],
     "attributes": [{"name": "shelf", "type": "S", "source_column": "shelf"}, {"name": "code", "type": "S", "source_column": "code"},
       {"name": "things", "type": "L", "source_column": null,
        "join": {"type": "json-construction", "target_table": "things", "join_condition": "things.shelf = boxes.shelf AND things.box = boxes.code",
          "construction": {"type": "array", "select_columns": {"id": "thing_id", "name": "name"}}}}]}]}`

// TestTriggersFindTheRecordThatMySQLFinds: a row is a part of the record whose key
// compares as equal, also if it ends in blanks that the key has not; of none if one of
// its columns is NULL, whatever the other has.
func TestTriggersFindTheRecordThatMySQLFinds(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasTriggers)
	c, err := transform.Load([]byte(boxesText))
	require.NoError(t, err)
	d := &deliveries{TB: t, ctx: t.Context(), db: openDB(t, withParams(enginetest.MySQL(t), "group_concat_max_len=16777216")), c: c}
	const text = "VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
	d.db.MustExec("CREATE TABLE boxes (shelf " + text + " NOT NULL, code " + text + " NOT NULL, PRIMARY KEY (shelf, code)) ENGINE=InnoDB")
	d.db.MustExec("CREATE TABLE things (thing_id INT AUTO_INCREMENT PRIMARY KEY, shelf " + text + " NULL, box " + text + " NULL, name " + text + " NULL) ENGINE=InnoDB")
	d.db.MustExec("INSERT INTO boxes VALUES ('a', 'p')")
	d.db.MustExec("INSERT INTO things (shelf, box, name) VALUES ('a', 'p  ', 'there')")
	d.Store, err = mysqlstore.New(d.db, c, nil)
	require.NoError(t, err)
	require.NoError(t, d.Init(d.ctx))
	d.mark(store.Open)
	_, _, err = d.InstallTriggers(d.ctx)
	require.NoError(t, err)
	key, err := c.Entity("Boxes").KeyOf("a", "p")
	require.NoError(t, err)
	row, err := d.Get(d.ctx, d.at, key)
	require.NoError(t, err)
	things, _ := row.Record.Get("things")
	require.Contains(t, things.Text(), "there", "the row is a part of it")
	for _, c := range []struct {
		statement string
		want      []string
	}{
		{"UPDATE things SET name = 'x'", []string{"Boxes a/p"}},
		{"INSERT INTO things (shelf, box) VALUES ('a ', 'p')", []string{"Boxes a/p"}},
		{"UPDATE things SET shelf = NULL, box = 'p  '", []string{"Boxes a/p"}},
		{"INSERT INTO things (shelf, box) VALUES (NULL, ' '), (NULL, 'q  '), ('x  ', NULL)", nil},
		{"UPDATE things SET name = 'x'", nil},
		{"UPDATE things SET shelf = 'a'", []string{"Boxes a/p", "Boxes a/q", "Boxes a/~e"}},
		{"DELETE FROM things", []string{"Boxes a/p", "Boxes a/q", "Boxes a/~e"}},
	} {
		d.db.MustExec(c.statement)
		require.Equal(t, c.want, d.dirty(), c.statement)
	}
}

// TestTriggersOfRowsAreLookedAt: Ready knows the triggers of the tables whose rows are
// part of records, and nothing of them stays behind.
func TestTriggersOfRowsAreLookedAt(t *testing.T) {
	d := newDeliveries(t, "")
	require.NoError(t, d.Ready(d.ctx))
	for _, table := range []string{"shipment_stops", "shipment_pieces"} {
		for _, event := range []string{"INSERT", "UPDATE", "DELETE"} {
			var name string
			require.NoError(t, d.db.Get(&name, "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()"+
				" AND event_object_table = ? AND event_manipulation = ? AND action_timing = 'AFTER'", table, event))
			d.db.MustExec("DROP TRIGGER " + name)
			require.ErrorContains(t, d.Ready(d.ctx), "the trigger AFTER "+event+" ON "+table+" is missing")
			made, dropped, err := d.InstallTriggers(d.ctx)
			require.NoError(t, err)
			require.Equal(t, []int{1, 0}, []int{made, dropped})
		}
	}
	_, err := d.DropTriggers(d.ctx)
	require.NoError(t, err)
	n := 0
	require.NoError(t, d.db.Get(&n, "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()"))
	require.Zero(t, n)
	d.db.MustExec("INSERT INTO shipments (shipment_id) VALUES (1)")
	require.Empty(t, d.dirty())
}
