package mysqlstore_test

import (
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// orders is a store of orders with lines, and of parcels with stops.
type orders struct {
	testing.TB
	contract *transform.Contract
	db       *sqlx.DB // without hooks
	dsn      string
	store    *mysqlstore.Store
	hooks    *hooks
	at       store.At
}

func newOrders(t testing.TB) *orders {
	o := &orders{TB: t, contract: storetest.OrderContract(t), dsn: withParams(enginetest.MySQL(t), "interpolateParams=true&group_concat_max_len=16777216")}
	o.db = openDB(t, o.dsn)
	for _, statement := range storetest.Schema(o.contract) {
		o.db.MustExec(statement)
	}
	db, h := openHooked(t, o.dsn)
	o.hooks = h
	var err error
	o.store, err = mysqlstore.New(db, o.contract, nil)
	require.NoError(t, err)
	require.NoError(t, o.store.Init(t.Context()))
	o.at = store.At{Epoch: store.FirstEpoch}
	return o
}

func (o *orders) order(id int64, lines string) transform.Record {
	o.Helper()
	rec := o.contract.Entity("Orders").NewRecord()
	list, err := transform.JSONValue([]byte(lines))
	require.NoError(o, err)
	require.NoError(o, rec.Set("order_id", transform.IntValue(id)))
	require.NoError(o, rec.Set("lines", list))
	require.NoError(o, rec.Entity().Settle(rec))
	return rec
}

func (o *orders) key(id int64) transform.Key {
	o.Helper()
	key, err := o.contract.Entity("Orders").KeyOf(id)
	require.NoError(o, err)
	return key
}

func (o *orders) write(m ...store.Mutation) store.Written {
	o.Helper()
	w, err := o.store.Write(o.Context(), o.at, store.Write{Mutations: m})
	require.NoError(o, err)
	return w
}

func (o *orders) create(id int64, lines string) transform.Record {
	o.Helper()
	rec := o.order(id, lines)
	return o.write(store.Mutation{Op: store.Create, Key: o.key(id), Record: rec}).Rows[0].Record
}

func (o *orders) update(id int64, modify func(transform.Record) error) store.Mutation {
	o.Helper()
	return store.Mutation{Op: store.Update, Key: o.key(id), Modify: modify}
}

// quantity changes the quantity of the first line by one.
func quantity(rec transform.Record) error {
	ch := rec.Entity().Children()[0]
	rows, err := ch.Of(rec)
	if err != nil {
		return err
	}
	v, _ := rows[0].Get("quantity")
	n, _ := v.Int()
	if err := rows[0].Set("quantity", transform.IntValue(n+1)); err != nil {
		return err
	}
	ch.Set(rec, rows)
	return nil
}

// writes returns the statements since reset that change a table.
func (o *orders) writes(table string) []string {
	var all []string
	for _, s := range o.hooks.seen() {
		if !strings.HasPrefix(s, "SELECT") && strings.Contains(s, "`"+table+"`") {
			all = append(all, s)
		}
	}
	return all
}

// TestChildrenThatStayAsTheyAre: an update sends statements for the rows that
// change, and for no others; a record without rows is created by one statement.
func TestChildrenThatStayAsTheyAre(t *testing.T) {
	o := newOrders(t)
	o.hooks.reset(nil, nil)
	o.create(1, "[]")
	require.Len(t, o.hooks.seen(), 1)
	o.create(2, `[{"product":"a","quantity":1},{"product":"b"},{"product":"c"}]`)

	o.hooks.reset(nil, nil)
	o.write(o.update(2, func(rec transform.Record) error { return rec.Set("address", transform.TextValue("there")) }))
	require.Empty(t, o.writes("order_lines"))
	require.Len(t, o.hooks.seen(), 4, "START TRANSACTION, SELECT, UPDATE, COMMIT")

	o.hooks.reset(nil, nil)
	o.write(o.update(2, quantity))
	require.Len(t, o.writes("order_lines"), 1)
	require.Contains(t, o.writes("order_lines")[0], "SET `quantity` = ? WHERE `line_id` = ?")
	require.Empty(t, o.writes("orders"))

	row, err := o.store.Get(t.Context(), o.at, o.key(2))
	require.NoError(t, err)
	o.hooks.reset(nil, nil)
	o.write(store.Mutation{Op: store.Put, Key: o.key(2), Record: row.Record})
	require.Empty(t, o.writes("order_lines"))
	require.Empty(t, o.writes("orders"))
}

// TestChildrenAreThoseOfNow: a transaction that has a snapshot already, and waited
// for another writer of a record, sees the rows that this one has left. Without
// capture nothing but the record's row holds the two apart.
func TestChildrenAreThoseOfNow(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "runs transactions beside each other")
	o := newOrders(t)
	o.create(1, `[{"product":"a","quantity":0}]`)
	o.create(2, `[{"product":"b","quantity":0}]`)
	other, err := mysqlstore.New(o.db, o.contract, nil)
	require.NoError(t, err)
	met := false
	o.write(o.update(1, func(rec transform.Record) error {
		if !met {
			met = true
			_, err := other.Write(t.Context(), o.at, store.Write{Mutations: []store.Mutation{o.update(2, quantity)}})
			require.NoError(t, err)
		}
		return quantity(rec)
	}), o.update(2, quantity))
	row, err := o.store.Get(t.Context(), o.at, o.key(2))
	require.NoError(t, err)
	v, _ := row.Record.Get("lines")
	require.Contains(t, v.Text(), `"quantity":2`)
}

// TestChildrenWaitForTheirRecord: a delete waits for who adds a row, and takes it,
// where no foreign key does and no lock of a gap keeps the two apart.
func TestChildrenWaitForTheirRecord(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has the isolation levels, and shows who waits")
	o := newOrders(t)
	o.create(1, "[]")
	other, err := mysqlstore.New(openDB(t, withParams(o.dsn, isolated(t, "READ-COMMITTED"))), o.contract, nil)
	require.NoError(t, err)
	gone := make(chan error, 1)
	o.db.MustExec("ALTER TABLE order_lines DROP FOREIGN KEY order_lines_of")
	o.write(o.update(1, func(rec transform.Record) error {
		go func() {
			_, err := other.Write(t.Context(), o.at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: o.key(1)}}})
			gone <- err
		}()
		(&fixture{t: t, db: o.db}).waits(1)
		ch := rec.Entity().Children()[0]
		rows, err := ch.Of(rec)
		require.NoError(t, err)
		ch.Set(rec, append(rows, ch.Rows.NewRecord()))
		return nil
	}))
	require.NoError(t, <-gone)
	n := 0
	require.NoError(t, o.db.Get(&n, "SELECT COUNT(*) FROM order_lines"))
	require.Zero(t, n)
}

// TestReadyLooksAtChildren: what rows of other tables need of session and schema.
func TestReadyLooksAtChildren(t *testing.T) {
	o := newOrders(t)
	require.NoError(t, o.store.Ready(t.Context()))
	short, err := mysqlstore.New(openDB(t, withParams(o.dsn, "group_concat_max_len=1048576")), o.contract, nil)
	require.NoError(t, err)
	require.ErrorContains(t, short.Ready(t.Context()), "add group_concat_max_len=16777216 to the DSN")

	o.db.MustExec("CREATE TABLE products (name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY) ENGINE=InnoDB")
	o.db.MustExec("ALTER TABLE order_lines ADD CONSTRAINT of_product FOREIGN KEY (product) REFERENCES products (name) ON DELETE CASCADE")
	require.ErrorContains(t, o.store.Ready(t.Context()), "deleting from products changes rows of order_lines by its foreign key of_product")
	o.db.MustExec("ALTER TABLE order_lines DROP FOREIGN KEY of_product, ADD COLUMN instead INT NULL," +
		" ADD CONSTRAINT of_other FOREIGN KEY (instead) REFERENCES orders (order_id) ON DELETE CASCADE")
	require.ErrorContains(t, o.store.Ready(t.Context()), "deleting from orders changes rows of order_lines by its foreign key of_other", "of another order")
	o.db.MustExec("ALTER TABLE order_lines DROP FOREIGN KEY of_other, DROP COLUMN instead," +
		" ADD CONSTRAINT of_product FOREIGN KEY (product) REFERENCES products (name) ON DELETE RESTRICT")
	kept, err := o.store.CheckFollower(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"of_product of order_lines is a foreign key, which nothing keeps while DynamoDB is the authority"}, reasonsOf(kept, "is a foreign key"))
	o.db.MustExec("ALTER TABLE order_lines DROP FOREIGN KEY of_product")
	require.NoError(t, o.store.Ready(t.Context()), "what goes with the order is no side effect")
	findings, err := mysqlstore.CheckLive(t.Context(), o.db, o.contract)
	require.NoError(t, err)
	for _, f := range findings {
		require.NotEqual(t, transform.Error, f.Severity, f.String())
	}

	o.db.MustExec("ALTER TABLE order_lines ADD COLUMN secret INT NULL, ADD UNIQUE KEY once (product, quantity)")
	findings, err = o.store.CheckFollower(t.Context())
	require.NoError(t, err)
	var told []string
	for _, f := range findings {
		told = append(told, f.String())
	}
	require.Contains(t, strings.Join(told, "\n"), "column order_lines.secret is not in the contract")
	require.Contains(t, strings.Join(told, "\n"), "the unique index once (product, quantity) of order_lines is not in the contract")
	o.db.MustExec("ALTER TABLE order_lines DROP KEY once, MODIFY line_id INT NOT NULL")
	require.ErrorContains(t, o.store.Ready(t.Context()), "order_lines.line_id is the contract's sequence and not AUTO_INCREMENT")
	o.db.MustExec("DROP TABLE parcel_stops")
	require.ErrorContains(t, o.store.Ready(t.Context()), "AUTO_INCREMENT")
}

// reasonsOf returns the reasons of the findings that have the words.
func reasonsOf(found []transform.Finding, words string) []string {
	var all []string
	for _, f := range found {
		if strings.Contains(f.Reason, words) {
			all = append(all, f.Reason)
		}
	}
	return all
}

// TestChildrenThatAreCut: a list that the server cut is an error of its row, and
// never a shorter list.
func TestChildrenThatAreCut(t *testing.T) {
	o := newOrders(t)
	o.create(1, `[{"product":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},{"product":"bbbbbbbbbbbbbbbbbbbbbbbbbb"}]`)
	short, err := mysqlstore.New(openDB(t, withParams(o.dsn, "group_concat_max_len=64")), o.contract, nil)
	require.NoError(t, err)
	_, err = short.Get(t.Context(), o.at, o.key(1))
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "group_concat_max_len")
	_, err = short.Write(t.Context(), o.at, store.Write{Mutations: []store.Mutation{o.update(1, quantity)}})
	require.ErrorIs(t, err, store.ErrInvalid)
}

// TestForeignKeysOfRows: what a foreign key of rows that are part of a record keeps,
// it keeps while MySQL is the authority, with the kinds of errors that references have.
func TestForeignKeysOfRows(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "tells of foreign keys")
	o := newOrders(t)
	o.create(1, `[{"product":"a"}]`)
	o.create(2, "[]")
	o.db.MustExec("CREATE TABLE products (name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY) ENGINE=InnoDB")
	o.db.MustExec("INSERT INTO products VALUES ('a')")
	o.db.MustExec("ALTER TABLE order_lines ADD CONSTRAINT of_product FOREIGN KEY (product) REFERENCES products (name) ON DELETE RESTRICT")
	require.NoError(t, o.store.Ready(t.Context()))
	for _, m := range []store.Mutation{
		{Op: store.Create, Key: o.key(3), Record: o.order(3, `[{"product":"b"}]`)},
		{Op: store.Put, Key: o.key(2), Record: o.order(2, `[{"product":"b"}]`)},
		o.update(1, func(rec transform.Record) error {
			ch := rec.Entity().Children()[0]
			rows, err := ch.Of(rec)
			require.NoError(t, err)
			require.NoError(t, rows[0].Set("product", transform.TextValue("b")))
			ch.Set(rec, rows)
			return rec.Set("address", transform.TextValue("there"))
		}),
	} {
		_, err := o.store.Write(t.Context(), o.at, store.Write{Mutations: []store.Mutation{m}})
		require.Equal(t, "lines", refused(t, err, store.ErrNoTarget).Field)
	}
	var n int
	require.NoError(t, o.db.Get(&n, "SELECT COUNT(*) FROM orders WHERE address = 'there' OR order_id = 3"))
	require.Zero(t, n)
	_, err := o.db.Exec("DELETE FROM products")
	require.ErrorContains(t, err, "1451")
}

// TestFollowerTakesRowsOfNoRecord: a record that MySQL is given as the follower is
// there as it was given, also where its table of rows has some that were part of none.
func TestFollowerTakesRowsOfNoRecord(t *testing.T) {
	o := newOrders(t)
	// A service without foreign keys has deleted the order and the parcel, and not what
	// was part of them.
	o.db.MustExec("ALTER TABLE order_lines DROP FOREIGN KEY order_lines_of")
	o.db.MustExec("INSERT INTO order_lines (line_id, order_id, product, quantity) VALUES (1, 5, 'old', 1)")
	o.db.MustExec("INSERT INTO parcel_stops (parcel, number, place) VALUES ('p', 1, 'old')")
	require.NoError(t, o.store.Ready(t.Context()))
	require.NoError(t, o.store.Check(t.Context()), "and it may follow")
	from, err := o.store.Phase(t.Context())
	require.NoError(t, err)
	to := from
	to.Epoch, to.State, to.Phase, to.Capture, to.CaptureEpoch = from.Epoch+1, store.GivenAway, store.DynamoDBPrimary, true, from.Epoch+1
	require.NoError(t, o.store.Advance(t.Context(), from, to, store.AuditEntry{}))
	at := store.At{Epoch: to.Epoch, Captured: true}

	t.Run("ids of their own", func(t *testing.T) {
		rec := o.order(5, `[{"id":9,"product":"new","quantity":2}]`)
		took, err := o.store.Put(t.Context(), at, store.Row{Key: o.key(5), Version: store.Floor(to.Epoch) + 1, Live: true, Record: rec})
		require.NoError(t, err)
		require.True(t, took)
		row, err := o.store.Get(t.Context(), store.At{Captured: true}, o.key(5))
		require.NoError(t, err)
		given, _ := rec.Get("lines")
		there, _ := row.Record.Get("lines")
		require.Equal(t, given.Text(), there.Text(), "the stores differ")
	})
	t.Run("keys of the caller's", func(t *testing.T) {
		e := o.contract.Entity("Parcels")
		rec := e.NewRecord()
		require.NoError(t, rec.Set("code", transform.TextValue("p")))
		list, err := transform.JSONValue([]byte(`[{"number":1,"place":"new"}]`))
		require.NoError(t, err)
		require.NoError(t, rec.Set("stops", list))
		require.NoError(t, e.Settle(rec))
		key, err := rec.Key()
		require.NoError(t, err)
		_, err = o.store.Put(t.Context(), at, store.Row{Key: key, Version: store.Floor(to.Epoch) + 1, Live: true, Record: rec})
		require.NoError(t, err, "the key stays dirty for ever")
	})
}
