package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// A MySQL is a MySQL or MariaDB server that answers.
type MySQL struct {
	config  *mysql.Config // its database is the one a named DSN has, if any
	version string
	origin  string
	server  *process    // nil if it was not started here
	lent    *Substitute // nil if it is a real one
}

// StartMySQL returns the server that is named by the options or by
// CROSSFADE_MYSQL_DSN, else starts a private one. The context bounds the
// start, not the life of the server. The error is ErrNotFound if none is named
// and no program to start is on the machine.
func StartMySQL(ctx context.Context, options Options) (*MySQL, error) {
	for _, n := range []named{
		{options.MySQL, "the option"},
		{options.env(EnvMySQL), EnvMySQL},
	} {
		if n.value != "" {
			return namedMySQL(ctx, n)
		}
	}
	return options.startMySQLServer(ctx)
}

// namedMySQL checks that the named server answers. The DSN may hold a password,
// so the error names the address only.
func namedMySQL(ctx context.Context, n named) (*MySQL, error) {
	config, err := mysql.ParseDSN(n.value)
	if err != nil {
		return nil, fmt.Errorf("engine: the MySQL DSN named by %s: %w", n.by, err)
	}
	m := &MySQL{config: config, origin: "named by " + n.by}
	if err := m.ask(ctx); err != nil {
		return nil, fmt.Errorf("engine: the MySQL server at %s, %s: %w", config.Addr, m.origin, err)
	}
	return m, nil
}

// ask asks for the version, which also proves address, account and password.
func (m *MySQL) ask(ctx context.Context) error {
	db, err := m.open("")
	if err != nil {
		return err
	}
	defer db.Close()
	return db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&m.version)
}

// open returns a pool of the server with one database, or with none selected.
func (m *MySQL) open(database string) (*sql.DB, error) {
	config := m.config.Clone()
	config.DBName = database
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// DSN returns the data source name of one database of the server, or of the
// one that the named DSN has if database is empty. Sessions opened by it speak
// utf8mb4 and count time in UTC, whatever the named DSN said.
func (m *MySQL) DSN(database string) string {
	config := m.config.Clone()
	if database != "" {
		config.DBName = database
	}
	params := map[string]string{"time_zone": "'+00:00'"}
	for name, value := range config.Params {
		if !strings.EqualFold(name, "time_zone") {
			params[name] = value
		}
	}
	config.Params = params
	// Charset with an empty collation can't fail.
	_ = config.Apply(mysql.Charset("utf8mb4", ""))
	return config.FormatDSN()
}

// CreateDatabase makes an empty database, with utf8mb4 as its character set,
// and returns its DSN. It fails if there is one of that name.
func (m *MySQL) CreateDatabase(ctx context.Context, name string) (string, error) {
	if err := m.exec(ctx, "CREATE DATABASE "+quote(name)+" CHARACTER SET utf8mb4"); err != nil {
		return "", fmt.Errorf("engine: create database %s: %w", name, err)
	}
	return m.DSN(name), nil
}

// DropDatabase removes a database with all that is in it. It is no error if it
// is not there.
func (m *MySQL) DropDatabase(ctx context.Context, name string) error {
	if err := m.exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)); err != nil {
		return fmt.Errorf("engine: drop database %s: %w", name, err)
	}
	return nil
}

func (m *MySQL) exec(ctx context.Context, statement string) error {
	db, err := m.open("")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// quote makes an identifier of a name.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// Name is the kind and version, as in "MariaDB 10.11.14", or the name of a
// substitute.
func (m *MySQL) Name() string {
	if m.lent != nil {
		return m.lent.Name
	}
	number, rest, _ := strings.Cut(m.version, "-")
	if strings.Contains(strings.ToLower(rest), "mariadb") {
		return "MariaDB " + number
	}
	return "MySQL " + number
}

// Describe says in one line which server this is, where, and whether it was
// named, started or a substitute. It has no password in it.
func (m *MySQL) Describe() string {
	return fmt.Sprintf("%s at %s, %s", m.Name(), m.config.Addr, m.origin)
}

// Close stops a server that was started, also a substitute, and removes its
// data. A named one is left alone. It is an error if the server had ended before, by itself. Closing
// again does nothing.
func (m *MySQL) Close() error {
	if m.lent != nil {
		return m.lent.stop()
	}
	if m.server == nil {
		return nil
	}
	server := m.server
	m.server = nil
	if err := errors.Join(server.stop(), server.space.close()); err != nil {
		return fmt.Errorf("engine: close %s: %w", m.Name(), err)
	}
	return nil
}
