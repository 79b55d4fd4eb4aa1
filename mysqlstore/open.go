package mysqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// The pool that OpenDB makes. Every write under capture holds a connection for
// its transaction.
const (
	maxConnections = 32
	idleTime       = 2 * time.Minute
	lifeTime       = 10 * time.Minute
)

// What OpenDB sets where the DSN says nothing. A read may take as long as
// MySQL's own lock wait timeout of 50 s, and longer.
const (
	dialTimeout  = 5 * time.Second
	readTimeout  = 70 * time.Second
	writeTimeout = 30 * time.Second
)

// OpenDB returns a pool of connections with this library's advice: utf8mb4,
// sessions in UTC, lists of 16 MB, timeouts, statements with their arguments in one round trip,
// and 32 connections that are kept. What the DSN says itself stays. It does no
// I/O; a server that is not there is found by the first statement. The error
// says what is wrong with the DSN, and never repeats it: it may hold a password.
//
// A service that has a pool of its own hands that to New; Store.Ready tells
// whether its sessions are fit.
func OpenDB(dsn string) (*sqlx.DB, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		// The driver's own text may quote the password.
		return nil, errors.New("mysqlstore: the DSN can't be read; a DSN reads user:password@tcp(host:3306)/database")
	}
	if config.DBName == "" {
		return nil, errors.New("mysqlstore: the DSN names no database; a DSN reads user:password@tcp(host:3306)/database")
	}
	advise(config, dsn)
	// The driver would write to the process's standard error.
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("mysqlstore: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	db.SetConnMaxIdleTime(idleTime)
	db.SetConnMaxLifetime(lifeTime)
	return sqlx.NewDb(db, "mysql"), nil
}

// advise sets what the DSN leaves open.
func advise(config *mysql.Config, dsn string) {
	says := func(name string) bool {
		_, params, _ := strings.Cut(dsn[strings.LastIndexByte(dsn, '/'):], "?")
		return strings.Contains("&"+params, "&"+name+"=")
	}
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	if !says("time_zone") {
		config.Params["time_zone"] = "'+00:00'"
	}
	if !says("group_concat_max_len") {
		config.Params["group_concat_max_len"] = strconv.Itoa(listBytes)
	}
	if !says("charset") && !says("collation") {
		// A character set with its default collation can't fail.
		_ = config.Apply(mysql.Charset("utf8mb4", ""))
	}
	if !says("interpolateParams") {
		config.InterpolateParams = true
	}
	for _, t := range []struct {
		name  string
		value *time.Duration
		or    time.Duration
	}{
		{"timeout", &config.Timeout, dialTimeout},
		{"readTimeout", &config.ReadTimeout, readTimeout},
		{"writeTimeout", &config.WriteTimeout, writeTimeout},
	} {
		if !says(t.name) {
			*t.value = t.or
		}
	}
}
