package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
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
