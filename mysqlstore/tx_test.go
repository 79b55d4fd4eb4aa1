package mysqlstore

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// plainStore returns a store with no entities, on a database with one table.
func plainStore(t *testing.T) (*Store, *sqlx.DB) {
	t.Helper()
	db, err := OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	db.MustExec("CREATE TABLE n (i INT PRIMARY KEY) ENGINE=InnoDB")
	return &Store{db: db, opts: Options{RetryBudget: time.Second, CommitTimeout: 5 * time.Second}}, db
}

func count(t *testing.T, db *sqlx.DB) (n int) {
	t.Helper()
	require.NoError(t, db.Get(&n, "SELECT COUNT(*) FROM n"))
	return n
}

// A lock wait timeout or a duplicate takes back one statement only. A
// transaction that went on after it would commit the rest.
func TestPoisonedTransactionDoesNotCommit(t *testing.T) {
	ctx := context.Background()
	for name, fail := range map[string]func(*tx) error{
		"exec": func(x *tx) error { _, err := x.exec(ctx, "INSERT INTO n VALUES (1)"); return err },
		"query": func(x *tx) error {
			return x.query(ctx, func(*sql.Rows) error { return nil }, "SELECT * FROM missing")
		},
		"scan": func(x *tx) error {
			return x.query(ctx, func(*sql.Rows) error { return sql.ErrNoRows }, "SELECT 1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, db := plainStore(t)
			x, err := s.begin(ctx)
			require.NoError(t, err)
			_, err = x.exec(ctx, "INSERT INTO n VALUES (1)")
			require.NoError(t, err)
			first := fail(x)
			require.Error(t, first)

			_, err = x.exec(ctx, "INSERT INTO n VALUES (2)")
			require.Equal(t, first, err, "what follows is refused")
			require.Equal(t, first, x.query(ctx, func(*sql.Rows) error { return nil }, "SELECT 1"))
			require.Equal(t, first, x.commit(ctx))
			x.end(ctx)
			require.Zero(t, count(t, db))
		})
	}
}

// A transaction left open on a connection of the pool would be the next user's.
func TestEndRollsBack(t *testing.T) {
	s, db := plainStore(t)
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel(context.Background())
	x, err := s.begin(ctx)
	require.NoError(t, err)
	_, err = x.exec(ctx, "INSERT INTO n VALUES (1)")
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, x.commit(ctx), context.Canceled, "a caller who is gone gets no commit")
	x.end(ctx)
	require.Zero(t, count(t, db))
	var id, again int
	require.NoError(t, db.Get(&id, "SELECT CONNECTION_ID()"))
	require.NoError(t, db.Get(&again, "SELECT CONNECTION_ID()"))
	require.Equal(t, id, again, "the connection is kept")
}

// A connection whose ROLLBACK failed may still be in its transaction.
func TestBrokenConnectionIsThrownAway(t *testing.T) {
	s, db := plainStore(t)
	ctx := context.Background()
	x, err := s.begin(ctx)
	require.NoError(t, err)
	_, err = x.exec(ctx, "INSERT INTO n VALUES (1)")
	require.NoError(t, err)
	x.limit = -time.Second // the ROLLBACK has no time
	open := db.Stats().OpenConnections
	x.end(ctx)
	require.Equal(t, open-1, db.Stats().OpenConnections)
	require.Zero(t, count(t, db))
}

// A session that could not be made as it was is not the next user's.
func TestSessionThatIsNotRestored(t *testing.T) {
	ctx := context.Background()
	for restore, kept := range map[string]bool{"SET @x = 1": true, "SET SESSION no_such_variable = 1": false} {
		s, db := plainStore(t)
		x, err := s.begin(ctx)
		require.NoError(t, err)
		x.restore = restore
		open := db.Stats().OpenConnections
		require.NoError(t, x.commit(ctx))
		x.end(ctx)
		require.Equal(t, kept, db.Stats().OpenConnections == open, restore)
	}
}

// The budget bounds the attempts, not their number.
func TestRetryStopsWithTheBudget(t *testing.T) {
	s := &Store{opts: Options{RetryBudget: 30 * time.Millisecond}}
	attempts := 0
	err := s.retry(context.Background(), func() error { attempts++; return errAgain })
	require.ErrorIs(t, err, errAgain)
	require.Greater(t, attempts, 1)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	attempts = 0
	s.opts.RetryBudget = time.Hour
	require.ErrorIs(t, s.retry(ctx, func() error { attempts++; return errAgain }), errAgain)
	require.Equal(t, 1, attempts, "a caller who is gone is not tried for")
}
