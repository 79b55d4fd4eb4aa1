package mysqlstore_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// Init by several processes at once makes one group, and again changes nothing.
func TestInitAtOnceAndAgain(t *testing.T) {
	f := newFixture(t, setting{})
	for _, table := range []string{"fence", "phase", "change", "token", "process", "audit", "dead_letter", "progress"} {
		f.db.MustExec("DROP TABLE crossfade_" + table)
	}
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = f.store.Init(f.ctx) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	p, err := f.store.Phase(f.ctx)
	require.NoError(t, err)
	require.Equal(t, store.PhaseRecord{Group: "default", Phase: store.MySQLOnly, Epoch: store.FirstEpoch,
		State: store.Open, Revision: 1, ChangedAt: p.ChangedAt}, p)

	f.advance(true)
	f.write(f.create(f.user(1)))
	before, err := f.store.Phase(f.ctx)
	require.NoError(t, err)
	require.NoError(t, f.store.Init(f.ctx))
	after, err := f.store.Phase(f.ctx)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoError(t, f.store.Ready(f.ctx))
	f.write(f.update(f.user(1), "username", "still"))
}

// Ready says what is wrong before the first write finds out.
func TestReadySaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		do   string
		want string
	}{
		"own table missing": {"DROP TABLE crossfade_token", "migrationctl init"},
		"another version":   {"ALTER TABLE crossfade_change COMMENT 'crossfade schema 0'", "crossfade_change was not made by this version"},
		"no group":          {"DELETE FROM crossfade_phase", "migrationctl init"},
		"no fence":          {"DELETE FROM crossfade_fence", "migrationctl init"},
		"table missing":     {"DROP TABLE users", "table users is missing"},
		"column missing":    {"ALTER TABLE users DROP COLUMN email", "no column email"},
		"other type":        {"ALTER TABLE users MODIFY username VARCHAR(59)", "users.username is varchar(59), the contract says varchar(60)"},
		"other engine":      {"ALTER TABLE users ENGINE=MyISAM", "MyISAM"},
		"no primary key":    {"ALTER TABLE users DROP PRIMARY KEY", "no primary key"},
	} {
		t.Run(name, func(t *testing.T) {
			switch name {
			case "other engine":
				enginetest.NeedsRealMySQL(t, hasEngines)
			case "another version":
				enginetest.NeedsRealMySQL(t, "changes the comment of a table")
			}
			f := newFixture(t, setting{})
			require.NoError(t, f.store.Ready(f.ctx))
			f.db.MustExec(c.do)
			err := f.store.Ready(f.ctx)
			require.ErrorIs(t, err, store.ErrInvalid)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// A session that would change what values or transactions mean is refused with
// the mend.
func TestReadyLooksAtTheSession(t *testing.T) {
	f := newFixture(t, setting{})
	for params, want := range map[string]string{
		"time_zone=%27Europe%2FBerlin%27": "time_zone=%27%2B00%3A00%27",
		"time_zone=%27-05%3A00%27":        "time_zone=%27%2B00%3A00%27",
		"charset=latin1":                  "charset=utf8mb4",
		"charset=utf8mb3":                 "charset=utf8mb4",
		"autocommit=0":                    "autocommit",
	} {
		err := f.readyWith(params)
		if err != nil && params == "time_zone=%27Europe%2FBerlin%27" && !f.knowsZones() {
			continue // the server can't open such a session at all
		}
		require.ErrorIs(t, err, store.ErrInvalid, params)
		require.ErrorContains(t, err, want, params)
	}
	t.Run("isolation", func(t *testing.T) {
		enginetest.NeedsRealMySQL(t, "has the isolation levels, and tells a session's")
		err := f.readyWith(isolated(t, "READ-UNCOMMITTED"))
		require.ErrorIs(t, err, store.ErrInvalid)
		require.ErrorContains(t, err, "READ-UNCOMMITTED")
	})
}

// readyWith asks a store whose sessions have the parameters and no others.
func (f *fixture) readyWith(params string) error {
	s, err := mysqlstore.New(openDB(f.t, withoutZone(f.dsn)+params), f.c, nil)
	require.NoError(f.t, err)
	return s.Ready(f.ctx)
}

// withoutZone returns a DSN without the zone and character set that tests have.
func withoutZone(dsn string) string {
	for i := range dsn {
		if dsn[i] == '?' {
			return dsn[:i+1]
		}
	}
	return dsn + "?"
}

func (f *fixture) knowsZones() bool {
	var n int
	return f.db.Get(&n, "SELECT COUNT(*) FROM mysql.time_zone_name WHERE name = 'Europe/Berlin'") == nil && n > 0
}

// Init refuses tables without transactions before it makes anything.
func TestInitRefusesOtherEngines(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasEngines)
	db := openDB(t, enginetest.MySQL(t))
	db.MustExec("CREATE TABLE users (user_id INT PRIMARY KEY) ENGINE=MyISAM")
	s, err := mysqlstore.New(db, loadContract(t), nil)
	require.NoError(t, err)
	refused(t, s.Init(t.Context()), store.ErrInvalid)
	var tables []string
	require.NoError(t, db.Select(&tables, "SHOW TABLES"))
	require.Equal(t, []string{"users"}, tables)
}

// New names every fault at once, and does no I/O.
func TestNewNamesEveryFault(t *testing.T) {
	_, err := mysqlstore.New(nil, nil, &mysqlstore.Options{RetryBudget: -1, FenceWait: -1})
	for _, want := range []string{"no database", "no contract", "RetryBudget", "FenceWait"} {
		require.ErrorContains(t, err, want)
	}
	c := loadContract(t)
	c.Group = "a group "
	c.Entities = append(c.Entities, &transform.Entity{Name: ""})
	_, err = mysqlstore.New(nil, c, nil)
	for _, want := range []string{"no database", "ends with a space", "the entity has no name", "no source table", "no key columns"} {
		require.ErrorContains(t, err, want)
	}
}
