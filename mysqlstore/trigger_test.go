package mysqlstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// hasTriggers is for enginetest.NeedsRealMySQL.
const hasTriggers = "has triggers that run in the writer's transaction, read with locks and SIGNAL"

// newTriggered is a fixture whose group captures by triggers.
func newTriggered(t testing.TB, s setting) *fixture {
	t.Helper()
	enginetest.NeedsRealMySQL(t, hasTriggers)
	f := newFixture(t, s)
	f.install()
	return f
}

// install makes the triggers, and requires that they are as wanted.
func (f *fixture) install() (made, dropped int) {
	f.t.Helper()
	made, dropped, err := f.store.InstallTriggers(f.ctx)
	require.NoError(f.t, err)
	return made, dropped
}

// recorded returns the change records as "entity id version-within-the-epoch dirty".
func (f *fixture) recorded() []string {
	f.t.Helper()
	var all []string
	require.NoError(f.t, f.db.Select(&all, "SELECT CONCAT_WS(' ', c.entity, c.id, c.version - f.floor, c.dirty)"+
		" FROM crossfade_change c JOIN crossfade_fence f ON f.grp = c.grp ORDER BY c.entity, c.id"))
	return all
}

// clean makes every key clean, as a relay would.
func (f *fixture) clean() { f.db.MustExec("UPDATE crossfade_change SET dirty = 0") }

// errno returns the server's error number, 0 of no error.
func errno(t testing.TB, err error) uint16 {
	t.Helper()
	if err == nil {
		return 0
	}
	var me *mysql.MySQLError
	require.ErrorAs(t, err, &me)
	return me.Number
}

// TestTriggersRecordOutsideWriters: every row that a statement of another writer
// inserts, changes or deletes leaves one step of its key's version, and a change
// of the key leaves one for both keys.
func TestTriggersRecordOutsideWriters(t *testing.T) {
	f := newTriggered(t, setting{})
	shelf := func(place string, version int) string { return fmt.Sprintf("Stock %s/1 %d 1", place, version) }
	for _, c := range []struct {
		statement string
		want      []string // of the keys that it changes; the others are clean
	}{
		{"INSERT INTO stock (place, item, quantity) VALUES ('a', 1, 1), ('b', 1, 1), ('c', 1, 1)",
			[]string{shelf("a", 1), shelf("b", 1), shelf("c", 1)}},
		{"UPDATE stock SET quantity = quantity + 1 WHERE place <> 'c'", []string{shelf("a", 2), shelf("b", 2)}},
		{"INSERT INTO stock (place, item, quantity) VALUES ('c', 1, 9), ('d', 1, 1) ON DUPLICATE KEY UPDATE quantity = 9",
			[]string{shelf("c", 2), shelf("d", 1)}},
		{"REPLACE INTO stock (place, item, quantity) VALUES ('d', 1, 2)", []string{shelf("d", 3)}}, // a delete and an insert
		{"UPDATE stock SET place = 'e~/' WHERE place = 'a'", []string{shelf("a", 3), shelf("e~~~s", 1)}},
		{"DELETE FROM stock WHERE place IN ('b', 'e~/')", []string{shelf("b", 3), shelf("e~~~s", 2)}},
		{"INSERT INTO stock (place, item, quantity) SELECT 'b', item, 1 FROM stock WHERE place = 'c'", []string{shelf("b", 4)}},
	} {
		f.clean()
		f.db.MustExec(c.statement)
		var dirty []string
		require.NoError(t, f.db.Select(&dirty, "SELECT CONCAT_WS(' ', c.entity, c.id, c.version - f.floor, c.dirty) FROM crossfade_change c"+
			" JOIN crossfade_fence f ON f.grp = c.grp WHERE c.dirty = 1 ORDER BY c.entity, c.id"))
		require.Equal(t, c.want, dirty, c.statement)
	}
	tx := f.db.MustBegin()
	defer tx.Rollback()
	tx.MustExec("UPDATE stock SET quantity = 0")
	require.False(t, f.fenceIsFree(), "the fence is held until the writer's transaction ends")
	before := f.recorded()
	require.NoError(t, tx.Rollback())
	require.Equal(t, before, f.recorded(), "what is rolled back leaves nothing")
}

// A group that captures nothing is not disturbed, and its triggers stay.
func TestTriggersWithoutCapture(t *testing.T) {
	f := newTriggered(t, setting{bare: true})
	f.db.MustExec("INSERT INTO users (user_id, username) VALUES (1, 'x')")
	f.write(f.create(f.user(2)))
	f.write(f.update(f.user(2), "username", "y"))
	require.Empty(t, f.recorded())
	f.advance(true)
	f.db.MustExec("UPDATE users SET email = 'x'  WHERE user_id = 1")
	require.Len(t, f.recorded(), 1)
	f.advance(false)
	f.db.MustExec("UPDATE users SET email = 'y'  WHERE user_id = 1")
	require.NoError(t, f.store.Ready(f.ctx))
}

// TestTriggersRefuseWhereNothingIsWritten: with the fence closed or MySQL given
// away an outside writer gets an error by which it can tell what to do, and has
// written nothing.
func TestTriggersRefuseWhereNothingIsWritten(t *testing.T) {
	f := newTriggered(t, setting{})
	f.db.MustExec("INSERT INTO users (user_id, username) VALUES (1, 'x')")
	before := f.contents()
	for _, c := range []struct {
		state store.State
		want  uint16
	}{{store.Closed, mysqlstore.ErrnoClosed}, {store.GivenAway, mysqlstore.ErrnoNotHere}, {store.Sealed, mysqlstore.ErrnoNotHere}} {
		f.mark(c.state)
		for _, statement := range []string{"INSERT INTO users (user_id) VALUES (2)", "UPDATE users SET username = 'y'", "DELETE FROM users"} {
			_, err := f.db.Exec(statement)
			require.Equal(t, c.want, errno(t, err), "%v: %s", c.state, statement)
			require.ErrorContains(t, err, "(45000): crossfade: ")
		}
	}
	require.Equal(t, len(before), len(f.contents()))
	require.Equal(t, "x", f.text(f.user(1), "username"))
}

// A key that the contract has no form for is refused where it is made, and can be
// mended where it is.
func TestTriggersRefuseUnfitKeys(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasTriggers)
	f := newFixture(t, setting{})
	f.db.MustExec("INSERT INTO stock (place, item, quantity) VALUES ('x ', 1, 1)")
	f.install()
	_, err := f.db.Exec("INSERT INTO stock (place, item, quantity) VALUES ('y ', 1, 1)")
	require.Equal(t, uint16(mysqlstore.ErrnoUnfit), errno(t, err))
	f.db.MustExec("UPDATE stock SET quantity = 2")
	require.Empty(t, f.recorded())
	f.db.MustExec("UPDATE stock SET place = 'x' WHERE item = 1")
	require.Equal(t, []string{"Stock x/1 1 1"}, f.recorded())
	_, err = f.db.Exec("UPDATE stock SET place = 'z '")
	require.Equal(t, uint16(mysqlstore.ErrnoUnfit), errno(t, err))
}

// TestOwnWritesStepOnce: the triggers leave alone what the library writes itself,
// in both protocols of the driver.
func TestOwnWritesStepOnce(t *testing.T) {
	for _, params := range []string{"", "interpolateParams=false"} {
		f := newTriggered(t, setting{params: params})
		step := func(m store.Mutation, rec transform.Record) {
			t.Helper()
			before := f.row(rec).Version
			done := f.write(m)
			want := before + 1
			if before == 0 {
				want = store.Floor(f.at.Epoch) + 1
			}
			require.Equal(t, want, done.Rows[0].Version)
			require.Equal(t, want, f.row(rec).Version)
		}
		u, s := f.user(1), f.shelf("a/~", 7, 1)
		for range 2 {
			step(f.create(u), u)
			step(f.update(u, "username", "changed"), u)
			step(f.put(u), u)
			step(f.remove(u), u)
			step(f.put(u), u)
			step(f.create(s), s)
			step(f.increment(s), s)
			step(f.remove(s), s)
			step(f.remove(u), u)
		}
		done := f.write(store.Mutation{Op: store.Create, Record: f.ticket(0, "front")})
		require.Equal(t, done.Rows[0].Version, f.row(done.Rows[0].Record).Version, "MySQL assigns the key")
		done, err := f.store.Write(f.ctx, f.at, store.Write{Token: "t", Mutations: []store.Mutation{f.create(u), f.create(s)}})
		require.NoError(t, err)
		for i, rec := range []transform.Record{u, s} {
			require.Equal(t, done.Rows[i].Version, f.row(rec).Version)
		}
	}
}

// TestOwnMarkDoesNotStay: a service uses the connections of its pool for its own
// statements too. Whatever the library has done on one before, what the service
// writes itself is recorded.
func TestOwnMarkDoesNotStay(t *testing.T) {
	f := newTriggered(t, setting{})
	pool := openDB(t, f.dsn)
	pool.SetMaxOpenConns(1)
	f.store = f.storeOn(pool)
	_, err := f.store.Phase(f.ctx) // learns of the triggers
	require.NoError(t, err)
	u := f.user(1)
	f.write(f.create(u))
	refuse := fmt.Errorf("no")
	for name, own := range map[string]func(){
		"write":           func() { f.write(f.update(u, "email", name2(f))) },
		"nothing changed": func() { _, _ = f.try(f.modify(u, func(transform.Record) error { return nil })) },
		"no row":          func() { _, err := f.try(f.remove(f.user(77))); require.ErrorIs(t, err, store.ErrNotFound) },
		"exists":          func() { _, err := f.try(f.create(u)); require.Error(t, err) },
		"rolled back": func() {
			_, err := f.try(f.put(f.user(5)), f.modify(u, func(transform.Record) error { return refuse }))
			require.ErrorIs(t, err, refuse)
		},
		"another epoch": func() {
			_, err := f.store.Write(f.ctx, store.At{Epoch: 1, Captured: true}, store.Write{Mutations: []store.Mutation{f.put(u)}})
			require.ErrorIs(t, err, store.ErrWrongPhase)
		},
	} {
		own()
		before := f.row(u).Version
		pool.MustExec("UPDATE users SET username = CONCAT('x', user_id) WHERE user_id = 1")
		require.Equal(t, before+1, f.row(u).Version, name)
	}
}

// name2 is a value that the column has not.
func name2(f *fixture) string { return f.text(f.user(1), "email") + "x" }

// TestFollowerPassesTriggers: what is put into the follower is no outside write,
// and the next statement on the same connection is.
func TestFollowerPassesTriggers(t *testing.T) {
	f := newTriggered(t, setting{})
	f.write(f.create(f.user(1)))
	f.mark(store.GivenAway)
	f.at = store.At{Epoch: f.at.Epoch}
	pool := openDB(t, f.dsn)
	pool.SetMaxOpenConns(1)
	f.store = f.storeOn(pool)
	v := store.Floor(f.at.Epoch + 1)
	outside := func() {
		t.Helper()
		_, err := pool.Exec("UPDATE users SET username = 'outside'")
		require.Equal(t, uint16(mysqlstore.ErrnoNotHere), errno(t, err))
	}
	f.follow(f.live(f.user(1), v))
	outside()
	f.follow(f.dead(f.user(1), v+1))
	require.NoError(t, f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(f.user(2), v), f.live(f.user(3), v)}))
	outside()
	errs, err := f.store.Insert(f.ctx, []store.Row{f.live(f.user(4), 0), f.live(f.user(5), 0)})
	require.NoError(t, err)
	require.Equal(t, make([]error, 2), errs)
	outside()
	took, err := f.store.Put(f.ctx, store.At{Epoch: 1}, f.live(f.user(6), v)) // refused, rolled back
	require.False(t, took)
	require.ErrorIs(t, err, store.ErrWrongPhase)
	outside()
	var n int
	require.NoError(t, f.db.Get(&n, "SELECT COUNT(*) FROM crossfade_change WHERE dirty = 1 AND id > '1'"))
	require.Zero(t, n)
}

// TestTriggersLookedAt: what is missing, changed or of another contract is told,
// and InstallTriggers mends it, and leaves what is right as it is.
func TestTriggersLookedAt(t *testing.T) {
	f := newTriggered(t, setting{})
	made, dropped := f.install()
	require.Zero(t, made+dropped)
	var name, body string
	require.NoError(t, f.db.QueryRow("SELECT trigger_name, action_statement FROM information_schema.triggers"+
		" WHERE trigger_schema = DATABASE() AND event_object_table = 'users' AND event_manipulation = 'UPDATE'").Scan(&name, &body))
	f.db.MustExec("DROP TRIGGER " + name)
	for _, check := range []func(context.Context) error{f.store.Ready, f.store.CheckTriggers} {
		err := check(f.ctx)
		require.ErrorIs(t, err, store.ErrInvalid)
		require.ErrorContains(t, err, "AFTER UPDATE ON users is missing")
		require.ErrorContains(t, err, "migrationctl init --capture triggers")
	}
	made, _ = f.install()
	require.Equal(t, 1, made)

	f.db.MustExec("DROP TRIGGER " + name)
	f.db.MustExec("CREATE TRIGGER " + name + " AFTER UPDATE ON users FOR EACH ROW SET @x = 1")
	require.ErrorContains(t, f.store.Ready(f.ctx), "the trigger "+name+" was changed")
	f.db.MustExec("DROP TRIGGER " + name)
	f.install()

	// Another contract, which has lost a table.
	less := *f.c
	less.Entities = less.Entities[:1]
	other, err := mysqlstore.New(f.db, &less, nil)
	require.NoError(t, err)
	_, dropped, err = other.InstallTriggers(f.ctx)
	require.NoError(t, err)
	require.Equal(t, 3*(len(f.c.Entities)-1), dropped)
	require.ErrorContains(t, f.store.Ready(f.ctx), "is missing, or not as this contract wants it")
	n, err := f.store.DropTriggers(f.ctx)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.NoError(t, f.store.Ready(f.ctx), "it captures by the library alone")
}

// An account may lack the right; the error says which one.
func TestTriggersNeedAPrivilege(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasAccounts)
	f := newFixture(t, setting{})
	config, err := mysql.ParseDSN(f.dsn)
	require.NoError(t, err)
	account := "tr" + config.DBName[len(config.DBName)-10:]
	f.db.MustExec("CREATE USER '" + account + "'@'%' IDENTIFIED BY 'right'")
	t.Cleanup(func() { f.db.MustExec("DROP USER '" + account + "'@'%'") })
	f.db.MustExec("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON `" + config.DBName + "`.* TO '" + account + "'@'%'")
	config.User, config.Passwd = account, "right"
	s := f.storeOn(openDB(t, config.FormatDSN()))
	_, _, err = s.InstallTriggers(f.ctx)
	refused(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "the account may not CREATE TRIGGER AFTER")
}

// TestConformanceWithTriggers plays the rules of an authority and of a follower on
// a store that captures by triggers: none of them is another one. As every process
// does, the others read the phase record before they write.
func TestConformanceWithTriggers(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasTriggers)
	h := harness("")
	plain := h.New
	h.New = func(t testing.TB, c *transform.Contract) storetest.Subject {
		if reason := untouched(t.Name(), c); reason != "" {
			t.Skip(reason)
		}
		subject := plain(t, c)
		subject.Control = triggering{subject.Control.(*mysqlstore.Store)}
		other := subject.Other
		subject.Other = func(t testing.TB) storetest.Subject {
			o := other(t)
			_, _ = o.Control.Phase(t.Context())
			return o
		}
		return subject
	}
	t.Run("Authority", func(t *testing.T) { storetest.RunAuthority(t, h) })
	t.Run("Follower", func(t *testing.T) { storetest.RunFollower(t, h) })
}

// untouched returns why triggers change nothing of a case, or can't be there, "" if it
// is to be played. Each case makes its tables and triggers, which is what takes time.
func untouched(name string, c *transform.Contract) string {
	for _, e := range c.Entities {
		for _, r := range e.References {
			if r.To() == e && r.OnDelete == transform.OnDeleteCascade {
				return "triggers can't follow a cascade back to its own table (TestCascadesThatTriggersCanNotFollow)"
			}
		}
	}
	if strings.HasSuffix(name, ",_bare") {
		return "without capture triggers do nothing (TestTriggersWithoutCapture)"
	}
	for reason, rules := range map[string][]string{
		"it is about reading, or about change records that are there": {"/A_query_", "/A_scan_", "/A_read_", "/Dirty_", "/Clean_", "/A_bump_", "/A_token_waits_"},
		"it is about what is looked at before the same statements":    {"/A_write_that_expects_"},
		"MySQL knows nothing of places":                               {"/A_record_whose_item_moves_"},
		"what is put passes the triggers by a mark of its session, whatever it is": {"/Follower/Any_history_", "/Follower/A_follower_says_",
			"/Follower/Values_", "/Follower/A_delete_", "/Follower/A_token_", "/Follower/An_id_"},
	} {
		for _, rule := range rules {
			if strings.Contains(name, rule) {
				return reason
			}
		}
	}
	return ""
}

// triggering is a store whose Init makes the triggers too.
type triggering struct{ *mysqlstore.Store }

func (s triggering) Init(ctx context.Context) error {
	if err := s.Store.Init(ctx); err != nil {
		return err
	}
	_, _, err := s.Store.InstallTriggers(ctx)
	return err
}
