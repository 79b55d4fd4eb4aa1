package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// endGrace is how much longer Advance waits for the fence after it has ended
// the sessions that held it.
const endGrace = 3 * time.Second

// held returns the error of an Advance that did not get its locks in time.
func (s *Store) held(ctx context.Context, cause error) error {
	// Not ErrConflict: that one says that the step was taken by somebody else.
	return &store.Error{Op: "advance", Store: s.Name(), Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: cause,
		Detail: fmt.Sprintf("transactions still hold the fence after %v; nothing has changed; %s", s.opts.FenceWait, s.holders(ctx))}
}

// holders names the connections whose transactions have been open for longest,
// as far as the account may see them.
func (s *Store) holders(ctx context.Context) string {
	c, cancel := store.Detached(ctx, time.Second)
	defer cancel()
	open, err := s.connections(c, "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx"+
		" WHERE trx_mysql_thread_id <> CONNECTION_ID() AND trx_rows_locked > 0 ORDER BY trx_started LIMIT 3")
	if err != nil || len(open) == 0 {
		return "the account can't see which (PROCESS would let it); try again when long transactions have ended"
	}
	return "connections in a transaction, oldest first: " + strings.Join(open, ", ") + "; end it with KILL, or wait, and try again"
}

// connections returns the connections that a query selects.
func (s *Store) connections(ctx context.Context, query string, args ...any) ([]string, error) {
	var ids []string
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, query, args...)
	return ids, err
}

// patience returns how long one attempt to get the fence may take, and after
// how much of that those who hold it are ended; not at all if that is 0. All of
// it is over when the caller is gone.
func (s *Store) patience(ctx context.Context, wait time.Duration) (total, end time.Duration) {
	if !s.opts.EndHolders {
		return wait, 0
	}
	total = wait + endGrace
	if d, ok := ctx.Deadline(); ok {
		total = min(total, time.Until(d))
	}
	return total, max(0, total-endGrace)
}

// endHolders ends, after the wait, the sessions that keep t from its locks. The
// caller calls what it returns when t has its locks or has given up.
//
// It looks once the wait is over and not before, while t still waits, because that is the
// only time at which MariaDB shows who holds a lock. A transaction that is ended
// so is rolled back by the server, and whoever ran it learns that from the
// error of his connection: nothing that was acknowledged is lost.
func (s *Store) endHolders(ctx context.Context, t *tx, wait time.Duration) (done func()) {
	if wait <= 0 {
		return func() {}
	}
	var own int64
	if err := t.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&own) }, "SELECT CONNECTION_ID()"); err != nil {
		return func() {}
	}
	c, cancel := store.Detached(ctx, wait+endGrace)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if sleep(c, wait) {
			s.killHolders(c, own)
		}
	}()
	return func() { cancel(); <-ended }
}

// killHolders ends the sessions of the same account that hold what the
// connection waits for. It does nothing if it can't see them.
func (s *Store) killHolders(ctx context.Context, waiting int64) {
	for _, query := range []string{mariaHolders, mysqlHolders} {
		ids, err := s.connections(ctx, query, waiting)
		if err != nil {
			continue // the other server's tables
		}
		for _, id := range ids {
			_, _ = s.db.ExecContext(ctx, "KILL "+id)
		}
		return
	}
}

// The connections that hold a lock for which another connection waits, if they
// belong to this account and work in this database. The two servers keep that
// in different tables.
const (
	mariaHolders = "SELECT DISTINCT b.trx_mysql_thread_id FROM information_schema.innodb_lock_waits w" +
		" JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id" +
		" JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id" + ofAccount
	mysqlHolders = "SELECT DISTINCT b.trx_mysql_thread_id FROM performance_schema.data_lock_waits w" +
		" JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_engine_transaction_id" +
		" JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_engine_transaction_id" + ofAccount
	ofAccount = " JOIN information_schema.processlist p ON p.id = b.trx_mysql_thread_id" +
		" WHERE r.trx_mysql_thread_id = ? AND p.user = SUBSTRING_INDEX(USER(), '@', 1) AND p.db = DATABASE()"
)
