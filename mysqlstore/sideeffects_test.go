package mysqlstore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestSideEffectsAreFound: a foreign key that cascades into a table of the
// contract is refused before it can leave an item behind; one that restricts is
// well; a trigger is told.
func TestSideEffectsAreFound(t *testing.T) {
	f := newFixture(t, setting{})
	f.db.MustExec("CREATE TABLE owners (owner_id INT PRIMARY KEY)")
	find := func() []transform.Finding {
		found, err := f.store.CheckSchema(f.ctx)
		require.NoError(t, err)
		return found
	}
	before := len(find())

	f.db.MustExec("ALTER TABLE users ADD CONSTRAINT owned FOREIGN KEY (user_id) REFERENCES owners (owner_id) ON DELETE RESTRICT")
	require.Len(t, find(), before)
	require.NoError(t, f.store.Ready(f.ctx))

	f.db.MustExec("ALTER TABLE users DROP FOREIGN KEY owned")
	f.db.MustExec("ALTER TABLE users ADD CONSTRAINT owned FOREIGN KEY (user_id) REFERENCES owners (owner_id) ON DELETE CASCADE")
	found := find()
	require.Len(t, found, before+1)
	require.Equal(t, transform.Error, found[len(found)-1].Severity)
	require.Contains(t, found[len(found)-1].Reason, "owned")
	require.ErrorContains(t, f.store.Ready(f.ctx), "owned")

	f.db.MustExec("ALTER TABLE users DROP FOREIGN KEY owned")
	t.Run("trigger", func(t *testing.T) { findTrigger(t, f, before) })
}

func findTrigger(t *testing.T, f *fixture, before int) {
	enginetest.NeedsRealMySQL(t, "lists triggers in information_schema")
	f.db.MustExec("CREATE TRIGGER loud BEFORE INSERT ON users FOR EACH ROW SET NEW.email = NEW.email")
	found, err := f.store.CheckSchema(f.ctx)
	require.NoError(t, err)
	require.Len(t, found, before+1)
	require.Equal(t, transform.Warning, found[len(found)-1].Severity)
	require.Contains(t, found[len(found)-1].Reason, "loud")
}

// TestFollowedKeysAreFound: a foreign key that changes rows when what they refer to
// changes is refused, by Ready and by contract check alike, unless that is the key of a
// record, which no write changes, or triggers record it.
func TestFollowedKeysAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		key     string
		refused string // "" if it is well
	}{
		"unique column":           {"stock ADD CONSTRAINT k FOREIGN KEY (label) REFERENCES users (username) ON UPDATE CASCADE", "changing username of users changes rows of stock by its foreign key k (ON UPDATE CASCADE)"},
		"unique column, to NULL":  {"stock ADD CONSTRAINT k FOREIGN KEY (label) REFERENCES users (email) ON UPDATE SET NULL", "changing email of users changes rows of stock by its foreign key k (ON UPDATE SET NULL)"},
		"unique column, and stay": {"stock ADD CONSTRAINT k FOREIGN KEY (label) REFERENCES users (username) ON UPDATE RESTRICT", ""},
		"key of a record":         {"tickets ADD CONSTRAINT k FOREIGN KEY (grade) REFERENCES users (user_id) ON UPDATE CASCADE", ""},
		"key of another table":    {"tickets ADD CONSTRAINT k FOREIGN KEY (grade) REFERENCES grades (grade) ON UPDATE CASCADE", "changing grade of grades changes rows of tickets"},
		"the same, and stay":      {"tickets ADD CONSTRAINT k FOREIGN KEY (grade) REFERENCES grades (grade)", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, setting{})
			f.db.MustExec("CREATE TABLE grades (grade INT PRIMARY KEY)")
			f.db.MustExec("ALTER TABLE " + c.key)
			findings, err := mysqlstore.CheckLive(f.ctx, f.db, f.c)
			require.NoError(t, err)
			failures := ""
			for _, finding := range findings {
				if finding.Severity == transform.Error {
					failures += finding.Reason + "\n"
				}
			}
			if c.refused == "" {
				require.Empty(t, failures)
				require.NoError(t, f.store.Ready(f.ctx))
				return
			}
			require.Contains(t, failures, c.refused)
			require.ErrorContains(t, f.store.Ready(f.ctx), c.refused)
			t.Run("triggers", func(t *testing.T) {
				enginetest.NeedsRealMySQL(t, hasTriggers)
				f.install()
				require.NoError(t, f.store.Ready(f.ctx))
			})
		})
	}
}

// TestFollowedKeysBesideTriggers: what such a foreign key changes by a write of the
// library's has its change record.
func TestFollowedKeysBesideTriggers(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasTriggers)
	f := newFixture(t, setting{})
	f.db.MustExec("ALTER TABLE stock ADD CONSTRAINT k FOREIGN KEY (label) REFERENCES users (username) ON UPDATE CASCADE")
	f.install()
	f.write(f.create(f.user(1)))
	f.db.MustExec("INSERT INTO stock (place, item, quantity, label) VALUES ('a', 1, 1, 'user-1'), ('b', 1, 1, NULL)")
	f.clean()
	f.write(f.update(f.user(1), "username", "x"))
	require.Equal(t, "x", f.text(f.shelf("a", 1, 1), "label"))
	require.True(t, f.row(f.shelf("a", 1, 1)).Dirty)
	require.False(t, f.row(f.shelf("b", 1, 1)).Dirty)
}

// TestTriggersThatSetWhatCopiesShow: an update of another column leaves no mark, so what a
// trigger of the service's own sets beside it would never be brought to the copies. Ready
// and contract check refuse one that may.
func TestTriggersThatSetWhatCopiesShow(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "lists triggers in information_schema")
	c := newCopying(t, shop)
	c.db.MustExec("CREATE PROCEDURE louder(INOUT word VARCHAR(64)) SET word = UPPER(word)")
	for trigger, sets := range map[string]bool{
		"BEFORE UPDATE ON wares FOR EACH ROW SET NEW.name = CONCAT(NEW.stock, ' left')":            true,
		"BEFORE UPDATE ON wares FOR EACH ROW SET NEW . `NAME` = 'x'":                               true,
		"BEFORE UPDATE ON wares FOR EACH ROW CALL louder(NEW.name)":                                true,
		"BEFORE UPDATE ON wares FOR EACH ROW SET @a = 1, NEW.price = NEW.stock":                    true,
		"BEFORE UPDATE ON sections FOR EACH ROW SET NEW.name = 'x'":                                true,
		"BEFORE UPDATE ON wares FOR EACH ROW SET NEW.section_id = 1, @username = 1, @name_of = ''": false,
		"BEFORE INSERT ON wares FOR EACH ROW SET NEW.name = 'x'":                                   false,
		"AFTER UPDATE ON wares FOR EACH ROW SET @was = OLD.name":                                   false,
		"BEFORE UPDATE ON basket_lines FOR EACH ROW SET NEW.number = NEW.line":                     false,
	} {
		c.db.MustExec("CREATE TRIGGER loud " + trigger)
		findings, err := mysqlstore.CheckLive(c.ctx, c.db, c.c)
		require.NoError(t, err)
		refused := slices.ContainsFunc(findings, func(f transform.Finding) bool {
			return f.Severity == transform.Error && strings.Contains(f.Reason, "the trigger loud")
		})
		require.Equal(t, sets, refused, trigger)
		err = c.Ready(c.ctx)
		require.Equal(t, sets, err != nil, "%s: %v", trigger, err)
		if sets {
			require.ErrorContains(t, err, "the trigger loud")
			require.ErrorIs(t, err, store.ErrInvalid)
		}
		c.db.MustExec("DROP TRIGGER loud")
	}
	require.NoError(t, c.Ready(c.ctx))
}
