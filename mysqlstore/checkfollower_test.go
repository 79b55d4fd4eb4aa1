package mysqlstore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// followable makes the fixture's schema one that MySQL can follow with.
func (f *fixture) followable() {
	f.db.MustExec("ALTER TABLE users DROP KEY username, DROP KEY one_account")
}

// What MySQL keeps and DynamoDB would not is found before DynamoDB leads, and
// does not matter before, unless the stores compare texts in different ways
// (TestCollationsThatDiffer).
func TestCheckFollower(t *testing.T) {
	for name, c := range map[string]struct{ do, want string }{
		"undeclared unique": {"ALTER TABLE users ADD UNIQUE KEY mail (email)",
			"error /tables/0 the unique index mail (email) of users is not in the contract, so DynamoDB would take what MySQL can't hold"},
		"part of a value": {"ALTER TABLE tickets ADD UNIQUE KEY part (seat(3))",
			"error /tables/3 the unique index part (seat) of tickets looks at a part of a value or at an expression, which DynamoDB can't keep unique"},
		"other collation": {"ALTER TABLE tickets MODIFY seat VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL",
			"error /tables/3 the unique index seat (seat) of tickets compares seat by the collation utf8mb4_general_ci, and the contract says utf8mb4_bin, which takes other texts for equal"},
		"other collation of the key": {"ALTER TABLE stock MODIFY place VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL",
			"error /tables/1 the unique index PRIMARY (place, item) of stock compares place by the collation utf8mb4_general_ci, which takes different texts for equal; DynamoDB compares the bytes of keys"},
		"declared and not there": {"ALTER TABLE tickets DROP KEY seat",
			"error /tables/3 the contract's unique seat (seat) is no unique index of tickets"},
		"column of MySQL only": {"ALTER TABLE users ADD COLUMN extra INT NULL",
			"error /tables/0 column users.extra is not in the contract, so a row that comes back from DynamoDB would be without it"},
		"computed column": {"ALTER TABLE tickets ADD COLUMN twice INT AS (grade * 2) STORED", ""},
		"trigger": {"CREATE TRIGGER loud BEFORE INSERT ON users FOR EACH ROW SET NEW.email = NEW.email",
			"error /tables/0 loud of users runs for rows that come back from DynamoDB too, and may change or refuse them"},
		"check": {"ALTER TABLE stock ADD CONSTRAINT few CHECK (quantity < 100)",
			"error /tables/1 the check few of stock could refuse a row that DynamoDB has taken"},
		"foreign key": {"ALTER TABLE tickets ADD CONSTRAINT owned FOREIGN KEY (grade) REFERENCES users (user_id)",
			"warning /tables/3 owned of tickets is a foreign key, which nothing keeps while DynamoDB is the authority"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "computed column" || name == "trigger" {
				enginetest.NeedsRealMySQL(t, "tells in information_schema which columns are computed and which triggers there are")
			}
			f := newFixture(t, setting{})
			f.followable()
			require.NoError(t, f.store.Check(f.ctx))
			before, err := f.store.CheckFollower(f.ctx)
			require.NoError(t, err)
			f.db.MustExec(c.do)
			if strings.Contains(name, "collation") {
				require.ErrorContains(t, f.store.Ready(f.ctx), "takes other texts for equal")
			} else {
				require.NoError(t, f.store.Ready(f.ctx), "as the authority it is fit")
			}
			after, err := f.store.CheckFollower(f.ctx)
			require.NoError(t, err)
			var got []string
			for _, finding := range after {
				got = append(got, finding.Severity.String()+" "+finding.Pointer+" "+finding.Reason)
			}
			if c.want == "" {
				require.NoError(t, f.store.Check(f.ctx))
				return
			}
			require.Greater(t, len(after), len(before))
			require.True(t, slices.Contains(got, c.want), "%q", got)
			err = f.store.Check(f.ctx)
			if c.want[:5] == "error" {
				require.ErrorIs(t, err, store.ErrInvalid)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

// A contract with a sequence needs a table that assigns ids, as the authority
// already.
func TestSequenceNeedsAutoIncrement(t *testing.T) {
	f := newFixture(t, setting{})
	f.db.MustExec("ALTER TABLE tickets MODIFY ticket_id INT NOT NULL")
	require.ErrorContains(t, f.store.Ready(f.ctx), "tickets.ticket_id is the contract's sequence and not AUTO_INCREMENT")
}

// Uniques tells every unique index but the primary key.
func TestUniques(t *testing.T) {
	f := newFixture(t, setting{})
	f.db.MustExec("ALTER TABLE stock ADD UNIQUE KEY both_ (shelf, item), ADD UNIQUE KEY part (label(3))")
	for entity, want := range map[string][]mysqlstore.UniqueIndex{
		"Users": {{Name: "one_account", Columns: []string{"email"}, Collations: []string{"utf8mb4_general_ci"}},
			{Name: "username", Columns: []string{"username"}, Collations: []string{"utf8mb4_general_ci"}}},
		"Stock": {{Name: "both_", Columns: []string{"shelf", "item"}, Collations: []string{"utf8mb4_general_ci", ""}},
			{Name: "part", Columns: []string{"label"}, Collations: []string{"utf8mb4_general_ci"}, Partial: true}},
		"Things": {},
	} {
		got, err := f.store.Uniques(f.ctx, f.c.Entity(entity))
		require.NoError(t, err)
		require.Equal(t, want, append([]mysqlstore.UniqueIndex{}, got...), entity)
	}
}
