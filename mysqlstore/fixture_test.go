package mysqlstore_test

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

//go:embed testdata/contract.json
var contractJSON []byte

//go:embed testdata/schema.sql
var schemaSQL string

// A fixture is a store on a database of its own, with a second pool for what a
// test does behind its back.
type fixture struct {
	t     testing.TB
	ctx   context.Context
	dsn   string
	db    *sqlx.DB // not the store's
	c     *transform.Contract
	users *transform.Entity
	stock *transform.Entity
	seats *transform.Entity // Tickets: MySQL assigns the keys
	store *mysqlstore.Store
	pool  *sqlx.DB // the store's
	hooks *hooks   // of its connections
	at    store.At
}

// A setting changes how the fixture's store is made.
type setting struct {
	params string // added to the DSN
	opts   mysqlstore.Options
	bare   bool // capture is off
	// own is the service's own SQL for entities of the contract.
	own func(*transform.Contract) map[string]mysqlstore.SQL
}

// newFixture makes database, tables and store, and switches capture on unless
// the setting says otherwise.
func newFixture(t testing.TB, s setting) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), dsn: enginetest.MySQL(t)}
	f.db = openDB(t, f.dsn)
	for _, statement := range strings.Split(schemaSQL, ";") {
		if strings.TrimSpace(statement) != "" {
			f.db.MustExec(statement)
		}
	}
	f.c = loadContract(t)
	f.users, f.stock, f.seats = f.c.Entity("Users"), f.c.Entity("Stock"), f.c.Entity("Tickets")
	if s.own != nil {
		s.opts.SQL = s.own(f.c)
	}
	f.pool, f.hooks = openHooked(t, withParams(f.dsn, s.params))
	f.store = f.storeWith(f.pool, &s.opts)
	require.NoError(t, f.store.Init(f.ctx))
	f.at = store.At{Epoch: store.FirstEpoch}
	if !s.bare {
		f.advance(true)
	}
	return f
}

func loadContract(t testing.TB) *transform.Contract {
	t.Helper()
	c, err := transform.Load(contractJSON)
	require.NoError(t, err)
	return c
}

// open returns another store on the fixture's database, as another process
// would have, and the hooks of its connections.
func (f *fixture) open(params string, opts *mysqlstore.Options) (*mysqlstore.Store, *hooks) {
	f.t.Helper()
	db, h := openHooked(f.t, withParams(f.dsn, params))
	return f.storeWith(db, opts), h
}

// isolated returns the DSN parameter that sets a session's isolation level,
// which the two servers call by different names.
func isolated(t testing.TB, level string) string {
	t.Helper()
	dsn := enginetest.MySQL(t)
	db := openDB(t, dsn)
	var version string
	require.NoError(t, db.Get(&version, "SELECT VERSION()"))
	name := "transaction_isolation"
	if strings.Contains(version, "MariaDB") {
		name = "tx_isolation"
	}
	return name + "=%27" + level + "%27"
}

// record returns the phase record.
func (f *fixture) record() store.PhaseRecord {
	f.t.Helper()
	p, err := f.store.Phase(f.ctx)
	require.NoError(f.t, err)
	return p
}

// next returns the phase record, and the one of the next epoch after it.
func (f *fixture) next(capture bool) (from, to store.PhaseRecord) {
	f.t.Helper()
	from = f.record()
	to = from
	to.Epoch++
	to.State = store.Open
	to.Capture = capture
	if to.CaptureEpoch = 0; capture {
		to.CaptureEpoch = to.Epoch
	}
	return from, to
}

// mark brings the store to a mark, in the next epoch where there must be one.
func (f *fixture) mark(state store.State) {
	f.t.Helper()
	from := f.record()
	to := from
	to.State = state
	if store.CheckAdvance(from, to) != nil {
		to.Epoch++
	}
	require.NoError(f.t, f.store.Advance(f.ctx, from, to, store.AuditEntry{}))
	f.at.Epoch = to.Epoch
}

var entry = store.AuditEntry{Who: "test", Action: "advance"}

// advance moves to the next epoch, and the fixture with it.
func (f *fixture) advance(capture bool) {
	f.t.Helper()
	from, to := f.next(capture)
	require.NoError(f.t, f.store.Advance(f.ctx, from, to, entry))
	f.at = store.At{Epoch: to.Epoch, Captured: capture}
}

// user returns a user's record.
func (f *fixture) user(id int64) transform.Record {
	rec := f.users.NewRecord()
	f.set(rec, "user_id", transform.IntValue(id))
	f.set(rec, "username", transform.TextValue(fmt.Sprintf("user-%d", id)))
	f.set(rec, "email", transform.TextValue(fmt.Sprintf("user-%d@example.com", id)))
	return rec
}

// shelf returns a stock record.
func (f *fixture) shelf(place string, item uint64, quantity int64) transform.Record {
	rec := f.stock.NewRecord()
	f.set(rec, "place", transform.TextValue(place))
	f.set(rec, "item", transform.UintValue(item))
	f.set(rec, "quantity", transform.IntValue(quantity))
	return rec
}

// ticket returns a ticket's record; with id 0 MySQL is to assign one.
func (f *fixture) ticket(id int64, seat string) transform.Record {
	rec := f.seats.NewRecord()
	if id != 0 {
		f.set(rec, "ticket_id", transform.IntValue(id))
	}
	f.set(rec, "seat", transform.TextValue(seat))
	f.set(rec, "grade", transform.IntValue(3))
	changed, err := f.seats.Columns[f.seats.ColumnIndex("changed_at")].Parse("2024-03-10 09:30:00")
	require.NoError(f.t, err)
	f.set(rec, "changed_at", changed)
	return rec
}

func (f *fixture) set(rec transform.Record, column string, v transform.Value) {
	f.t.Helper()
	require.NoError(f.t, rec.Set(column, v))
}

// key returns the key of a record.
func (f *fixture) key(rec transform.Record) transform.Key {
	f.t.Helper()
	key, err := rec.Key()
	require.NoError(f.t, err)
	return key
}

func (f *fixture) create(rec transform.Record) store.Mutation {
	return store.Mutation{Op: store.Create, Key: f.key(rec), Record: rec}
}

func (f *fixture) put(rec transform.Record) store.Mutation {
	return store.Mutation{Op: store.Put, Key: f.key(rec), Record: rec}
}

func (f *fixture) remove(rec transform.Record) store.Mutation {
	return store.Mutation{Op: store.Delete, Key: f.key(rec)}
}

// update sets one column of a record.
func (f *fixture) update(rec transform.Record, column, text string) store.Mutation {
	return f.modify(rec, func(r transform.Record) error { return r.Set(column, transform.TextValue(text)) })
}

func (f *fixture) modify(rec transform.Record, do func(transform.Record) error) store.Mutation {
	return store.Mutation{Op: store.Update, Key: f.key(rec), Modify: do}
}

// increment adds one to a stock record's quantity.
func (f *fixture) increment(rec transform.Record) store.Mutation {
	return f.modify(rec, func(r transform.Record) error {
		v, _ := r.Get("quantity")
		n, _ := v.Int()
		return r.Set("quantity", transform.IntValue(n+1))
	})
}

func (f *fixture) try(m ...store.Mutation) (store.Written, error) {
	return f.store.Write(f.ctx, f.at, store.Write{Mutations: m})
}

// write is try for what must succeed.
func (f *fixture) write(m ...store.Mutation) store.Written {
	f.t.Helper()
	done, err := f.try(m...)
	require.NoError(f.t, err)
	return done
}

// row reads what is at the record's key, with its version.
func (f *fixture) row(rec transform.Record) store.Row {
	f.t.Helper()
	s, err := mysqlstore.New(f.db, f.c, nil)
	require.NoError(f.t, err)
	row, err := s.Get(f.ctx, store.At{Captured: true}, f.key(rec))
	require.NoError(f.t, err)
	return row
}

// text returns a column of a row, "" if nothing is there.
func (f *fixture) text(rec transform.Record, column string) string {
	f.t.Helper()
	row := f.row(rec)
	if !row.Live {
		return ""
	}
	v, ok := row.Record.Get(column)
	require.True(f.t, ok)
	return v.Text()
}

// refused requires an error of a kind with outcome NotApplied.
func refused(t testing.TB, err, kind error) *store.Error {
	t.Helper()
	require.ErrorIs(t, err, kind)
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, store.NotApplied, e.Outcome, err)
	return e
}

// lockNow tries to lock rows from another session without waiting, and
// reports whether it got them.
func (f *fixture) lockNow(query string, args ...any) bool {
	f.t.Helper()
	tx, err := f.db.Beginx()
	require.NoError(f.t, err)
	defer tx.Rollback()
	_, err = tx.Exec(query+" FOR UPDATE NOWAIT", args...)
	if err == nil {
		return true
	}
	var me *mysql.MySQLError
	require.ErrorAs(f.t, err, &me)
	require.Contains(f.t, []uint16{1205, 3572}, me.Number) // MariaDB, MySQL
	return false
}

// fenceIsFree reports whether no transaction holds the fence.
func (f *fixture) fenceIsFree() bool {
	f.t.Helper()
	return f.lockNow("SELECT * FROM crossfade_fence")
}

// What only a real server does, for enginetest.NeedsRealMySQL.
const (
	waitsForRows = "lets two transactions run at once, one of them waiting for the rows of the other, and shows who waits"
	hasAccounts  = "has accounts with passwords and privileges"
	hasEngines   = "has tables without transactions, such as MyISAM's"
)

// waits waits until n sessions wait for a lock. The server refreshes what it
// shows only if nobody has looked for a tenth of a second.
func (f *fixture) waits(n int) {
	f.t.Helper()
	require.Eventually(f.t, func() bool { return f.waiting() == n }, 30*time.Second, 120*time.Millisecond, "%d sessions wait for a lock", n)
}

// waiting returns how many sessions wait for a lock, -1 if that can't be seen.
func (f *fixture) waiting() (waiting int) {
	if f.db.Get(&waiting, "SELECT COUNT(*) FROM information_schema.innodb_trx t"+
		" JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id"+
		" WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()") != nil {
		return -1
	}
	return waiting
}

// storeOn returns another store on a pool.
func (f *fixture) storeOn(db *sqlx.DB) *mysqlstore.Store {
	f.t.Helper()
	return f.storeWith(db, nil)
}

func (f *fixture) storeWith(db *sqlx.DB, opts *mysqlstore.Options) *mysqlstore.Store {
	f.t.Helper()
	s, err := mysqlstore.New(db, f.c, opts)
	require.NoError(f.t, err)
	return s
}
