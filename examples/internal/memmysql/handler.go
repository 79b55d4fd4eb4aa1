package memmysql

import (
	"context"
	"sync"
	"time"

	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"

	"github.com/crossfade-go/crossfade/examples/internal/memmysql/versions"
)

// A handler stands between the wire and the engine. Of two transactions that
// change tables at once the engine could commit only one. So a transaction takes
// the turn at its first statement that changes or locks something, and gives it
// back at its end. Reads without locks see what was committed, as they do in
// MySQL, and wait for nobody.
type handler struct {
	mysql.Handler
	turn turn

	mu       sync.Mutex
	sessions map[uint32]*session
	closed   bool
	open     sync.WaitGroup // connections that were accepted
}

// sessionsOf returns what makes the engine's session of a connection.
func (h *handler) sessionsOf(store *versions.Store) server.SessionBuilder {
	return func(_ context.Context, c *mysql.Conn, addr string) (sql.Session, error) {
		client := sql.Client{Capabilities: c.Capabilities}
		if user, ok := c.UserData.(sql.MysqlConnectionUser); ok {
			client.User, client.Address = user.User, user.Host
		}
		made := store.NewSession(sql.NewBaseSessionWithClientServer(addr, client, c.ConnectionID))
		h.of(c).engine = made
		return made, nil
	}
}

// of returns the session of a connection. It has no engine session before the
// first command that the engine sees.
func (h *handler) of(c *mysql.Conn) *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[c.ConnectionID]
	if s == nil {
		s = &session{id: c.ConnectionID, conn: c, began: time.Now().UTC()}
		s.life, s.end = context.WithCancelCause(context.Background())
		h.sessions[c.ConnectionID] = s
	}
	return s
}

// ready returns the session of a connection, with an engine session.
func (h *handler) ready(c *mysql.Conn) (*session, error) {
	s := h.of(c)
	if s.engine != nil {
		return s, nil
	}
	// Whatever needs a session makes it.
	_, err := h.ParserOptionsForConnection(c)
	return s, err
}

// ConnectionClosed rolls back what the connection left open, and passes the
// turn on. It is called whatever ended the connection.
func (h *handler) ConnectionClosed(c *mysql.Conn) {
	s := h.of(c)
	s.end(errClosed)
	if s.engine != nil {
		s.abandon()
	}
	h.turn.give(s)
	h.Handler.ConnectionClosed(c)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, c.ConnectionID)
	h.open.Done()
}

// ComResetConnection rolls back too.
func (h *handler) ComResetConnection(c *mysql.Conn) error {
	s, err := h.ready(c)
	if err != nil {
		return err
	}
	s.abandon()
	h.turn.give(s)
	return h.Handler.ComResetConnection(c)
}

// ComQuery runs a statement of the text protocol.
func (h *handler) ComQuery(ctx context.Context, c *mysql.Conn, query string, send mysql.ResultSpoolFn) error {
	return h.run(c, query, func(text string) error { return h.Handler.ComQuery(ctx, c, text, send) })
}

// ComMultiQuery runs the first of several statements and returns the others.
func (h *handler) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, send mysql.ResultSpoolFn) (rest string, err error) {
	err = h.run(c, query, func(text string) (err error) {
		rest, err = h.Handler.ComMultiQuery(ctx, c, text, send)
		return err
	})
	return rest, err
}

// ComPrepare looks at the tables that the statement names.
func (h *handler) ComPrepare(ctx context.Context, c *mysql.Conn, query string, p *mysql.PrepareData) ([]*querypb.Field, error) {
	s, err := h.ready(c)
	if err != nil {
		return nil, err
	}
	if !s.inTransaction() {
		s.engine.Forget() // or it would look at what an earlier one saw
	}
	fields, err := h.Handler.ComPrepare(ctx, c, query, p)
	return fields, mend(err)
}

// ComStmtExecute runs a prepared statement.
func (h *handler) ComStmtExecute(ctx context.Context, c *mysql.Conn, p *mysql.PrepareData, send func(*sqltypes.Result) error) error {
	return h.run(c, p.PrepareStmt, func(text string) error {
		as := *p
		as.PrepareStmt = text
		return h.Handler.ComStmtExecute(ctx, c, &as, send)
	})
}

// run runs one statement: it waits for the turn if the statement needs it, lets
// the engine work, and ends what ends with the statement. The answer leaves for
// the client after that, when run has returned.
func (h *handler) run(c *mysql.Conn, query string, do func(text string) error) error {
	s, err := h.ready(c)
	if err != nil {
		return err
	}
	st := parseStatement(query)
	if err := h.before(s, st); err != nil {
		return mend(err)
	}
	defer h.after(s)
	err = do(st.text)
	switch {
	case err != nil && st.kind == commit:
		s.abandon()
	case err == nil && st.snapshot:
		s.engine.Pin()
	}
	return mend(err)
}

// NewConnection takes a connection in, unless the server is closing.
func (h *handler) NewConnection(c *mysql.Conn) {
	h.Handler.NewConnection(c)
	h.of(c)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		c.Close()
	}
}

// close ends every connection and waits until they have ended.
func (h *handler) close() {
	h.mu.Lock()
	h.closed = true
	for _, s := range h.sessions {
		s.end(errClosed)
		s.conn.Close()
	}
	h.mu.Unlock()
	h.open.Wait()
}
