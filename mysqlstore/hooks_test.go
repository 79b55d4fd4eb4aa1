package mysqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// hooks watch the statements of a pool and step in before and after each. The
// driver below is the real one.
type hooks struct {
	mu         sync.Mutex
	statements []string
	// before and after are called with the number of the statement since reset,
	// from 0. cut ends the connection there: what was sent is lost, or its
	// answer is.
	before, after func(n int, query string) (cut bool)
}

// reset forgets the statements seen so far and sets the functions.
func (h *hooks) reset(before, after func(int, string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statements, h.before, h.after = nil, before, after
}

// seen returns the statements since reset.
func (h *hooks) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.statements...)
}

// begin notes a statement and returns its number and the functions.
func (h *hooks) begin(query string) (n int, before, after func(int, string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statements = append(h.statements, query)
	return len(h.statements) - 1, h.before, h.after
}

// openHooked opens a pool whose connections are watched.
func openHooked(t testing.TB, dsn string) (*sqlx.DB, *hooks) {
	t.Helper()
	config, err := mysql.ParseDSN(withParams(dsn, "interpolateParams=true"))
	require.NoError(t, err)
	config.Logger = &mysql.NopLogger{}
	inner, err := mysql.NewConnector(config)
	require.NoError(t, err)
	h := &hooks{}
	db := sql.OpenDB(&hookedConnector{inner, h})
	t.Cleanup(func() { db.Close() })
	return sqlx.NewDb(db, "mysql"), h
}

type hookedConnector struct {
	driver.Connector
	hooks *hooks
}

func (c *hookedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &hookedConn{conn, c.hooks}, nil
}

// A hookedConn passes on what database/sql asks of the driver's connection.
type hookedConn struct {
	driver.Conn
	hooks *hooks
}

// around runs a statement between its two hooks.
func around[T any](c *hookedConn, query string, run func() (T, error)) (T, error) {
	var none T
	n, before, after := c.hooks.begin(query)
	if before != nil && before(n, query) {
		c.Conn.Close()
		return none, mysql.ErrInvalidConn
	}
	result, err := run()
	if after != nil && after(n, query) {
		c.Conn.Close()
		return none, mysql.ErrInvalidConn
	}
	return result, err
}

func (c *hookedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return around(c, query, func() (driver.Result, error) {
		return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
	})
}

func (c *hookedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return around(c, query, func() (driver.Rows, error) {
		return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	})
}

func (c *hookedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c *hookedConn) ResetSession(ctx context.Context) error {
	return c.Conn.(driver.SessionResetter).ResetSession(ctx)
}

func (c *hookedConn) IsValid() bool { return c.Conn.(driver.Validator).IsValid() }

func (c *hookedConn) CheckNamedValue(v *driver.NamedValue) error {
	return c.Conn.(driver.NamedValueChecker).CheckNamedValue(v)
}
