package mysqlstore_test

import (
	"context"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

const secret = "s3cret-value"

// What MySQL refuses comes back with a kind, the column and no content of the
// row, and unwraps to the driver's own error.
func TestErrorsOfTheServer(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		f.db.MustExec("ALTER TABLE users ADD CONSTRAINT known FOREIGN KEY (username) REFERENCES users (email)")
		f.db.MustExec("ALTER TABLE stock ADD CONSTRAINT few CHECK (quantity < 100)")
		there := f.user(1)
		f.set(there, "username", transform.Value{})
		f.set(there, "email", transform.TextValue(secret))
		f.write(f.create(there))
		user := func(column string, v transform.Value) store.Mutation {
			rec := f.user(2)
			f.set(rec, "username", transform.Value{})
			f.set(rec, column, v)
			return f.create(rec)
		}
		jsonColumn := f.users.Columns[f.users.ColumnIndex("profile_data")]
		broken := jsonColumn
		broken.Kind = transform.Text
		notJSON, err := broken.Parse(secret)
		require.NoError(t, err)
		late := f.users.Columns[f.users.ColumnIndex("last_login")]
		late.Kind = transform.DateTime
		tooLate, err := late.Parse("2999-01-01 00:00:00")
		require.NoError(t, err)
		for _, c := range []struct {
			name  string
			m     store.Mutation
			kind  error
			field string
			cause uint16
		}{
			{"primary key", f.create(there), store.ErrExists, "", 1062},
			{"unique index of another name", user("email", transform.TextValue(secret)), store.ErrUnique, "email", 1062},
			{"too long", user("email", transform.TextValue(secret+strings.Repeat("x", 200))), store.ErrInvalid, "email", 1406},
			{"not JSON", user("profile_data", notJSON), store.ErrInvalid, "profile_data", 0},
			{"out of range", user("last_login", tooLate), store.ErrInvalid, "last_login", 1292},
			{"refused by a foreign key", user("username", transform.TextValue(secret+"2")), store.ErrNoTarget, "username", 1452},
			{"check", f.create(f.shelf("p", 1, 100)), store.ErrInvalid, "", 0},
			{"NULL", f.create(withNull(f, f.shelf("p", 1, 1), "quantity")), store.ErrInvalid, "quantity", 1048},
		} {
			t.Run(c.name, func(t *testing.T) {
				if c.name == "not JSON" || c.name == "out of range" || c.name == "refused by a foreign key" {
					enginetest.NeedsRealMySQL(t, "names the column of a value that is "+c.name)
				}
				_, err := f.try(c.m)
				e := refused(t, err, c.kind)
				require.Equal(t, c.field, e.Field, err)
				require.Equal(t, c.m.Key.Entity, e.Entity)
				require.Equal(t, "create", e.Op)
				require.NotContains(t, err.Error(), secret)
				var me *mysql.MySQLError
				require.ErrorAs(t, err, &me, "the driver's own error")
				if c.cause != 0 {
					require.Equal(t, c.cause, me.Number)
				}
			})
		}
	}
}

func withNull(f *fixture, rec transform.Record, column string) transform.Record {
	f.set(rec, column, transform.Value{})
	return rec
}

// A server that can't be used says why, and what to do about it.
func TestErrorsOfTheConnection(t *testing.T) {
	config, err := mysql.ParseDSN(enginetest.MySQL(t))
	require.NoError(t, err)
	checkInit(t, "nobody listens", config, func(c *mysql.Config) { c.Addr = "127.0.0.1:1" }, store.ErrUnavailable, "connection refused")
	checkInit(t, "no such database", config, func(c *mysql.Config) { c.DBName += "x" }, store.ErrUnavailable, "no such database")
	checkInit(t, "no database", config, func(c *mysql.Config) { c.DBName = "" }, store.ErrInvalid, "no database is selected")
}

func TestErrorsOfAnAccount(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasAccounts)
	dsn := enginetest.MySQL(t)
	config, err := mysql.ParseDSN(dsn)
	require.NoError(t, err)
	admin := openDB(t, dsn)
	account := "u" + strings.ToLower(strings.ReplaceAll(config.DBName, "_", ""))[:20]
	admin.MustExec("CREATE USER '" + account + "'@'%' IDENTIFIED BY 'right'")
	t.Cleanup(func() { admin.MustExec("DROP USER '" + account + "'@'%'") })
	admin.MustExec("GRANT SELECT ON `" + config.DBName + "`.* TO '" + account + "'@'%'")
	checkInit(t, "wrong password", config, func(c *mysql.Config) { c.User, c.Passwd = account, secret }, store.ErrUnavailable, "access denied")
	checkInit(t, "no privilege", config, func(c *mysql.Config) { c.User, c.Passwd = account, "right" }, store.ErrInvalid, "CREATE TABLE crossfade_fence")
}

// checkInit requires an error of Init, which is a connection's first use.
func checkInit(t *testing.T, name string, config *mysql.Config, change func(*mysql.Config), kind error, text string) {
	t.Run(name, func(t *testing.T) {
		other := config.Clone()
		change(other)
		db, _ := openHooked(t, other.FormatDSN())
		s, err := mysqlstore.New(db, loadContract(t), nil)
		require.NoError(t, err, "New does no I/O")
		err = s.Init(t.Context())
		refused(t, err, kind)
		require.ErrorContains(t, err, text)
		require.NotContains(t, err.Error(), secret)
	})
}

// A service that was never set up, or is on the wrong database, is told so by
// whatever it calls first.
func TestErrorsWithoutInit(t *testing.T) {
	db := openDB(t, enginetest.MySQL(t))
	for _, statement := range strings.Split(schemaSQL, ";") {
		if strings.TrimSpace(statement) != "" {
			db.MustExec(statement)
		}
	}
	s, err := mysqlstore.New(db, loadContract(t), nil)
	require.NoError(t, err)
	ctx := context.Background()
	key := transform.Key{Entity: "Users", ID: "1"}
	f := &fixture{t: t, users: s.Contract().Entity("Users")}
	check := func(made string) {
		_, phase := s.Phase(ctx)
		_, get := s.Get(ctx, store.At{Captured: true}, key)
		_, bareGet := s.Get(ctx, store.At{Epoch: 1}, key)
		_, put := s.Put(ctx, store.At{Epoch: 1}, store.Row{Key: key, Version: 1})
		_, insert := s.Insert(ctx, []store.Row{{Key: key, Live: true, Record: f.user(1)}})
		_, one := s.Write(ctx, store.At{Epoch: 1}, store.Write{Mutations: []store.Mutation{f.remove(f.user(1))}})
		_, captured := s.Write(ctx, store.At{Epoch: 1, Captured: true}, store.Write{Mutations: []store.Mutation{f.create(f.user(1))}})
		for name, err := range map[string]error{
			"phase": phase, "get": get, "bare get": bareGet, "put": put, "insert": insert, "check": s.Check(ctx),
			"keep": s.Keep(ctx, []store.Token{{Token: "t"}}), "delete": one, "create": captured, "ready": s.Ready(ctx),
			"bump": s.Bump(ctx, []transform.Key{key}), "advance": s.Advance(ctx, store.PhaseRecord{}, store.PhaseRecord{Phase: 1, Epoch: 2, State: store.Open}, entry),
		} {
			require.ErrorIs(t, err, store.ErrInvalid, name)
			require.ErrorContains(t, err, "migrationctl init", "%s, %s", name, made)
		}
	}
	check("no tables")
	require.NoError(t, s.Init(ctx))
	db.MustExec("DELETE FROM crossfade_fence")
	db.MustExec("DELETE FROM crossfade_phase")
	check("no group")
}

// The server that went away leaves NotApplied where nothing was sent.
func TestServerGone(t *testing.T) {
	config, err := mysql.ParseDSN(enginetest.MySQL(t))
	require.NoError(t, err)
	proxy := enginetest.NewProxy(t, config.Addr)
	setup := openDB(t, config.FormatDSN())
	for _, statement := range strings.Split(schemaSQL, ";") {
		if strings.TrimSpace(statement) != "" {
			setup.MustExec(statement)
		}
	}
	config.Addr = proxy.Addr()
	db, _ := openHooked(t, config.FormatDSN())
	s, err := mysqlstore.New(db, loadContract(t), nil)
	require.NoError(t, err)
	ctx := context.Background()
	require.NoError(t, s.Init(ctx))
	f := &fixture{t: t, users: s.Contract().Entity("Users")}
	write := func() error {
		_, err := s.Write(ctx, store.At{Epoch: 1}, store.Write{Mutations: []store.Mutation{f.create(f.user(1))}})
		return err
	}
	proxy.Cut()
	refused(t, write(), store.ErrUnavailable)
	proxy.Resume()
	require.NoError(t, write())
	require.ErrorIs(t, write(), store.ErrExists, "the first write was applied")
}
