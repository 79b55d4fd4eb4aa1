package memmysql

import (
	"context"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"

	"github.com/crossfade-go/crossfade/examples/internal/memmysql/versions"
)

// A session is one connection as the handler sees it. Its fields belong to the
// connection's goroutine, but for life and end.
type session struct {
	id     uint32
	conn   *mysql.Conn
	began  time.Time // when it connected; shown in innodb_trx
	engine *versions.Session
	// life ends with end, when the server closes or the connection is killed;
	// a wait for the turn ends with it. KILL QUERY only ends the wait.
	life context.Context
	end  context.CancelCauseFunc
	wait interruption
}

// newContext returns a context for a call into the engine on behalf of the
// session, outside of a statement.
func (s *session) newContext() *sql.Context {
	return sql.NewContext(s.life, sql.WithSession(s.engine))
}

// inTransaction reports whether the session is in a transaction that does not
// end with the statement.
func (s *session) inTransaction() bool {
	return s.engine.GetTransaction() != nil && (s.engine.GetIgnoreAutoCommit() || !s.autocommit())
}

func (s *session) autocommit() bool {
	ctx := s.newContext()
	v, err := s.engine.GetSessionVariable(ctx, sql.AutoCommitSessionVar)
	if err != nil {
		return true
	}
	on, err := sql.ConvertToBool(ctx, v)
	return err != nil || on
}

// readsCommitted reports whether every statement reads what is committed then,
// instead of all of a transaction from one snapshot.
func (s *session) readsCommitted() bool {
	v, err := s.engine.GetSessionVariable(s.newContext(), "transaction_isolation")
	level, ok := v.(string)
	return err == nil && ok && (level == "READ-COMMITTED" || level == "READ-UNCOMMITTED")
}

// lockWait is how long the session waits for its turn.
func (s *session) lockWait() time.Duration {
	v, err := s.engine.GetSessionVariable(s.newContext(), lockWaitVariable)
	seconds, ok := v.(int64)
	if err != nil || !ok {
		return defaultLockWait
	}
	return time.Duration(seconds) * time.Second
}

// abandon rolls the transaction back and ends it.
func (s *session) abandon() {
	s.engine.Forget()
	s.engine.SetTransaction(nil)
	s.engine.SetIgnoreAutoCommit(false)
}
