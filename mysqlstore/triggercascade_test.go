package mysqlstore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// withParents gives the users, and the stock that refers to them, parents whose
// foreign keys change their rows: regions, and beneath them towns, of which the
// contract knows nothing.
func withParents(t *testing.T) *fixture {
	t.Helper()
	enginetest.NeedsRealMySQL(t, hasTriggers)
	f := newFixture(t, setting{})
	for _, statement := range []string{
		"CREATE TABLE regions (region INT PRIMARY KEY)",
		"CREATE TABLE towns (town INT PRIMARY KEY, region INT NOT NULL, FOREIGN KEY (region) REFERENCES regions (region) ON DELETE CASCADE)",
		"ALTER TABLE users ADD town INT NULL, ADD boss INT NULL," +
			" ADD CONSTRAINT lives FOREIGN KEY (town) REFERENCES towns (town) ON DELETE CASCADE ON UPDATE CASCADE," +
			" ADD CONSTRAINT below FOREIGN KEY (boss) REFERENCES users (user_id) ON DELETE SET NULL",
		"ALTER TABLE stock ADD owner INT NULL, ADD CONSTRAINT owned FOREIGN KEY (owner) REFERENCES users (user_id) ON DELETE SET NULL",
		"INSERT INTO regions VALUES (1), (2)",
		"INSERT INTO towns VALUES (10, 1), (11, 1), (20, 2)",
		"INSERT INTO users (user_id, town, boss) VALUES (1, 10, NULL), (2, 10, 1), (3, 11, 2), (4, 20, 1), (5, 20, NULL), (6, NULL, 5)",
		"INSERT INTO stock (place, item, quantity, owner) VALUES ('a', 1, 1, 1), ('b', 1, 1, 4), ('c', 1, 1, 6)",
	} {
		f.db.MustExec(statement)
	}
	return f
}

// TestTriggersRecordCascades: what a foreign key deletes or changes is recorded
// too, through tables of which the contract knows nothing, and whoever deletes
// the parent.
func TestTriggersRecordCascades(t *testing.T) {
	f := withParents(t)
	require.ErrorContains(t, f.store.Ready(f.ctx), "leaves no change record")
	f.install()
	require.NoError(t, f.store.Ready(f.ctx))

	dirty := func() []string {
		var all []string
		require.NoError(t, f.db.Select(&all, "SELECT CONCAT(entity, ' ', id) FROM crossfade_change WHERE dirty = 1 ORDER BY entity, id"))
		f.clean()
		return all
	}
	f.db.MustExec("UPDATE towns SET town = 12 WHERE town = 11")
	require.Equal(t, []string{"Users 3"}, dirty(), "the column follows the parent's key")
	f.db.MustExec("UPDATE towns SET region = 2 WHERE town = 12")
	require.Empty(t, dirty(), "nothing refers to what changed")
	f.db.MustExec("UPDATE towns SET region = 1 WHERE town = 12")

	// The towns 10 and 12 go, with them the users 1, 2 and 3, and what refers to
	// these is set to NULL.
	f.db.MustExec("DELETE FROM regions WHERE region = 1")
	require.Equal(t, []string{"Stock a/1", "Users 1", "Users 2", "Users 3", "Users 4"}, dirty())
	var left []string
	require.NoError(t, f.db.Select(&left, "SELECT CONCAT_WS(' ', user_id, town, boss) FROM users ORDER BY user_id"))
	require.Equal(t, []string{"4 20", "5 20", "6 5"}, left)

	// Through the library: the key it names steps once, and the others with it.
	v := f.row(f.user(5)).Version
	f.write(f.remove(f.user(5)))
	require.Equal(t, []string{"Users 5", "Users 6"}, dirty())
	require.Greater(t, f.row(f.user(5)).Version, v)

	// Refused is only what would take rows of the contract.
	f.mark(store.Closed)
	_, err := f.db.Exec("DELETE FROM regions WHERE region = 2")
	require.ErrorContains(t, err, "crossfade: a hand-off is under way")
	f.db.MustExec("DELETE FROM regions WHERE region = 1")
}

// TestNothingSlipsInBelowACascade: between the look at what foreign keys take along
// through two tables and the delete that does it, nobody puts a row beneath. Under READ
// COMMITTED nothing keeps them from it, so there the delete is refused, if it takes
// anything, and whoever it is but the library, which locks these rows itself.
func TestNothingSlipsInBelowACascade(t *testing.T) {
	f := withParents(t)
	f.install()
	for _, statement := range []string{
		"CREATE TABLE gate (n INT)", "INSERT INTO gate VALUES (1)",
		"CREATE TRIGGER pause BEFORE DELETE ON regions FOR EACH ROW SELECT COUNT(*) INTO @n FROM gate FOR UPDATE",
		"INSERT INTO regions VALUES (3)",
	} {
		f.db.MustExec(statement)
	}
	gate := f.db.MustBegin()
	defer gate.Rollback()
	gate.MustExec("SELECT * FROM gate FOR UPDATE")
	run := func(statement string) chan error {
		done := make(chan error, 1)
		go func() { _, err := f.db.Exec(statement); done <- err }()
		return done
	}
	deleted := run("DELETE FROM regions WHERE region = 1") // has looked at its users
	f.waits(1)
	inserted := run("INSERT INTO users (user_id, town) VALUES (7, 10)")
	f.waits(2)
	require.NoError(t, gate.Rollback())
	require.NoError(t, <-deleted)
	require.Contains(t, []uint16{1452, 1213}, errno(t, <-inserted), "the town is gone")
	require.Empty(t, f.stepped(f.key(f.user(7))))

	committed := openDB(t, withParams(f.dsn, isolated(t, "READ-COMMITTED")))
	before := f.recorded()
	_, err := committed.Exec("DELETE FROM regions WHERE region = 2")
	require.Equal(t, uint16(mysqlstore.ErrnoIsolation), errno(t, err))
	require.Equal(t, before, f.recorded())
	committed.MustExec("DELETE FROM regions WHERE region = 3")
	committed.MustExec("DELETE FROM users WHERE user_id = 5") // through one table only
	committed.MustExec("UPDATE towns SET town = 21 WHERE town = 20")
	require.NotEmpty(t, f.stepped(f.key(f.user(4))))
	f.db.MustExec("DELETE FROM regions WHERE region = 2")
}

// TestOwnDeleteUnderReadCommitted: the library's own delete locks what it takes along
// before it looks beneath it, under READ COMMITTED too.
func TestOwnDeleteUnderReadCommitted(t *testing.T) {
	d := newDeliveries(t, isolated(t, "READ-COMMITTED"),
		"INSERT INTO senders (sender_id) VALUES (1)", "INSERT INTO shipments (shipment_id, sender_id) VALUES (1, 1)",
		"INSERT INTO claims (claim_id, other_id) VALUES (1, 1)")
	_, err := openDB(t, withParams(d.dsn, isolated(t, "READ-COMMITTED"))).Exec("DELETE FROM senders")
	require.Equal(t, uint16(mysqlstore.ErrnoIsolation), errno(t, err))
	d.remove("Senders", 1)
	require.Equal(t, []string{"Claims 1", "Senders 1", "Shipments 1"}, d.dirty())
}

// TestCascadesThatTriggersCanNotFollow: they are refused with the reason, and
// nothing is made.
func TestCascadesThatTriggersCanNotFollow(t *testing.T) {
	for name, c := range map[string]struct{ statements, want string }{
		"a tree": {"ALTER TABLE users ADD boss INT NULL, ADD CONSTRAINT below FOREIGN KEY (boss) REFERENCES users (user_id) ON DELETE CASCADE",
			"the foreign key below of users (ON DELETE CASCADE) comes back to a table that its rows go with"},
		"a circle": {"CREATE TABLE pets (pet INT PRIMARY KEY, owner INT NULL, FOREIGN KEY (owner) REFERENCES users (user_id) ON DELETE CASCADE);" +
			"ALTER TABLE users ADD pet INT NULL, ADD CONSTRAINT kept FOREIGN KEY (pet) REFERENCES pets (pet) ON DELETE CASCADE",
			"comes back to a table"},
		"a key that follows": {"CREATE TABLE owners (owner INT PRIMARY KEY);" +
			"ALTER TABLE users ADD CONSTRAINT owned FOREIGN KEY (user_id) REFERENCES owners (owner) ON UPDATE CASCADE",
			"the foreign key owned of users (ON UPDATE CASCADE) changes the primary key of users"},
		"another primary key": {"ALTER TABLE users DROP PRIMARY KEY, ADD COLUMN n INT AUTO_INCREMENT PRIMARY KEY",
			"the primary key of users is (n), the contract's (user_id)"},
		"no primary key": {"ALTER TABLE users DROP PRIMARY KEY", "table users has no primary key"},
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.NeedsRealMySQL(t, hasTriggers)
			f := newFixture(t, setting{})
			for _, statement := range strings.Split(c.statements, ";") {
				f.db.MustExec(statement)
			}
			_, _, err := f.store.InstallTriggers(f.ctx)
			require.ErrorIs(t, err, store.ErrInvalid)
			require.ErrorContains(t, err, c.want)
			var n int
			require.NoError(t, f.db.Get(&n, "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()"))
			require.Zero(t, n)
		})
	}
}
