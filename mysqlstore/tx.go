package mysqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
)

// A tx is one transaction on a connection of its own.
//
// It is not a sql.Tx: that one rolls back from a goroutine when the context
// ends, at any moment, also one in which COMMIT is on its way, and then nobody
// can say what happened. Here a statement runs under the caller's context, and
// COMMIT and ROLLBACK under one that the caller cannot cancel.
//
// The first error of any statement poisons it: what follows is refused, COMMIT
// above all. A lock wait timeout takes back only the statement that met it, so
// without this a write would go on and commit without its change record.
type tx struct {
	on       executor      // what the statements run on
	conn     *sqlx.Conn    // the same, nil in a transaction of the service's own
	limit    time.Duration // for COMMIT and ROLLBACK
	poisoned error         // the first error of a statement
	ended    bool          // by COMMIT, whatever came of it
	broken   bool          // the connection's state is not known
	changed  bool          // the session is not as the service made it
	restore  string        // the statement that makes it so again, "" if it is
}

// begin starts a transaction. A connection of the pool that turns out to be
// dead before anything was sent is replaced by another one.
func (s *Store) begin(ctx context.Context) (*tx, error) {
	return s.beginWith(ctx, "START TRANSACTION")
}

// beginSnapshot starts a transaction that reads from one snapshot, whatever the
// session's isolation level.
func (s *Store) beginSnapshot(ctx context.Context) (*tx, error) {
	return s.beginWith(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
}

func (s *Store) beginWith(ctx context.Context, statements ...string) (*tx, error) {
	for tries := s.db.Stats().OpenConnections; ; tries-- {
		conn, err := s.db.Connx(ctx)
		if err != nil {
			return nil, err
		}
		t := &tx{on: conn, conn: conn, limit: s.opts.CommitTimeout}
		for _, statement := range statements {
			_, err = t.exec(ctx, statement)
		}
		if t.poisoned == nil {
			return t, nil
		}
		t.changed = true
		t.end(ctx)
		if !notSent(err) || tries <= 0 {
			return nil, err
		}
	}
}

// exec runs a statement that returns no rows.
func (t *tx) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if t.poisoned != nil {
		return nil, t.poisoned
	}
	r, err := t.on.ExecContext(ctx, query, args...)
	t.poisoned = err
	return r, err
}

// query runs a statement and calls scan for each of its rows.
func (t *tx) query(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	if t.poisoned != nil {
		return t.poisoned
	}
	t.poisoned = each(ctx, t.on, scan, query, args...)
	return t.poisoned
}

// erNoSavepoint is what a server says of a savepoint that is not there.
const erNoSavepoint = 1305

// releaseSavepoint removes a savepoint and all after it, and reports whether it was there.
func (t *tx) releaseSavepoint(ctx context.Context, name string) (there bool, err error) {
	if t.poisoned != nil {
		return false, t.poisoned
	}
	_, err = t.on.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
	if number(err) == erNoSavepoint {
		return false, nil
	}
	t.poisoned = err
	return err == nil, err
}

// commit commits, unless a statement failed or ctx is over. An error that is
// not a *commitError says that nothing was applied.
func (t *tx) commit(ctx context.Context) error {
	if t.poisoned == nil {
		t.poisoned = ctx.Err()
	}
	if t.poisoned != nil {
		return t.poisoned
	}
	c, cancel := store.Detached(ctx, t.limit)
	defer cancel()
	_, err := t.on.ExecContext(c, "COMMIT")
	t.ended, t.broken = true, err != nil
	if err == nil || notSent(err) {
		return err
	}
	return &commitError{err}
}

// end gives the connection back. A transaction that was not committed is
// rolled back first; callers defer it, so that a panic does not leave one open
// on a connection of the pool. A connection of which nobody knows whether a
// transaction is open on it, or whose session could not be made as it was, is
// thrown away: the server rolls back when it goes.
func (t *tx) end(ctx context.Context) {
	if !t.ended {
		c, cancel := store.Detached(ctx, t.limit)
		defer cancel()
		_, err := t.conn.ExecContext(c, "ROLLBACK")
		t.ended, t.broken = true, err != nil
	}
	if t.restore != "" && !t.broken && !t.changed {
		c, cancel := store.Detached(ctx, t.limit)
		defer cancel()
		_, err := t.conn.ExecContext(c, t.restore)
		t.broken = err != nil
	}
	release(t.conn, t.broken || t.changed)
}

// release gives a connection back to the pool, or ends it if it is broken.
func release(conn *sqlx.Conn, broken bool) {
	if broken {
		// The pool closes a connection whose user says that it is bad.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	_ = conn.Close()
}

// A querier is a pool or a connection of it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// An executor is a connection, or a transaction of the service's own.
type executor interface {
	querier
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// each runs a query and calls scan for each of its rows.
func each(ctx context.Context, q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one runs a query that returns at most one row, and reports whether it did.
func one(ctx context.Context, q querier, query string, args []any, dest ...any) (bool, error) {
	found := false
	err := each(ctx, q, func(rows *sql.Rows) error { found = true; return rows.Scan(dest...) }, query, args...)
	return found, err
}

// transact runs do in a transaction and commits it if do returns nil. A
// deadlock or a lock wait timeout begins all of it again within the budget.
func (s *Store) transact(ctx context.Context, do func(*tx) error) error {
	return s.retry(ctx, func() error {
		t, err := s.begin(ctx)
		if err != nil {
			return err
		}
		defer t.end(ctx)
		if err := do(t); err != nil {
			return err
		}
		return t.commit(ctx)
	})
}

// Pauses between the attempts of retry.
const (
	firstPause = 2 * time.Millisecond
	maxPause   = 250 * time.Millisecond
)

// retry calls attempt until it returns no conflict, or the budget is over. The
// pauses between grow, and are drawn so that two writers that met do not meet
// again.
func (s *Store) retry(ctx context.Context, attempt func() error) error {
	deadline := time.Now().Add(s.opts.RetryBudget)
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := attempt()
		if !isConflict(err) {
			return err
		}
		wait := pause/2 + rand.N(pause)
		if time.Until(deadline) < wait || !sleep(ctx, wait) {
			return err
		}
	}
}

// sleep waits and reports whether it did so to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// run executes one statement that is a transaction of its own. It returns the
// outcome that an error means: once the statement was sent, only the server's
// own refusal says that nothing was applied.
func (s *Store) run(ctx context.Context, query string, args ...any) (sql.Result, store.Outcome, error) {
	for tries := s.db.Stats().OpenConnections; ; tries-- {
		conn, err := s.db.Connx(ctx)
		if err != nil {
			return nil, store.NotApplied, err
		}
		if err := ctx.Err(); err != nil {
			release(conn, false)
			return nil, store.NotApplied, err
		}
		r, err := conn.ExecContext(ctx, query, args...)
		release(conn, err != nil && number(err) == 0)
		switch {
		case err == nil:
			return r, store.NoWrite, nil
		case notSent(err) && tries > 0:
		case notSent(err), refused(err):
			return nil, store.NotApplied, err
		default:
			return nil, store.Unknown, err
		}
	}
}
