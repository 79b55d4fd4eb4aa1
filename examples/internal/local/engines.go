package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/examples/internal/memmysql"
	"github.com/crossfade-go/crossfade/internal/engine"
)

// How long starting the engines, the first answer of a named one, and removing
// what was made may take.
const (
	startTimeout = time.Minute
	pingTimeout  = 10 * time.Second
	clearTimeout = 30 * time.Second
)

// Engines are the two servers of a run.
type Engines struct {
	MySQL    *engine.MySQL
	DynamoDB *engine.DynamoDB
	// OneTurn says that MySQL is in this process: it has one writing transaction
	// at a time, and waits for a process that is stopped inside one.
	OneTurn bool
}

// Start uses what is named, finds and starts what is on the machine, and has in
// this process what is not there, each of the two by itself. "" names nothing.
func Start(ctx context.Context, dsn, endpoint string) (*Engines, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	e := &Engines{}
	failed := make(chan error, 2)
	go func() { failed <- e.startMySQL(ctx, dsn) }()
	go func() { failed <- e.startDynamoDB(ctx, endpoint) }()
	if err := errors.Join(<-failed, <-failed); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// startMySQL also looks at the database that a DSN names: the run makes one of
// its own, but somebody who names one that is not there meant another server.
func (e *Engines) startMySQL(ctx context.Context, dsn string) (err error) {
	if dsn != "" {
		// Where something else listens, the driver would wait for a greeting.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, pingTimeout)
		defer cancel()
	}
	e.MySQL, err = engine.StartMySQL(ctx, engine.Options{MySQL: dsn})
	if errors.Is(err, engine.ErrNotFound) {
		e.OneTurn = true
		e.MySQL, err = ownMySQL(ctx)
	}
	if err != nil {
		return err
	}
	config, err := mysql.ParseDSN(e.MySQL.DSN(""))
	if err != nil || config.DBName == "" {
		return err
	}
	db, err := sqlx.Open("mysql", e.MySQL.DSN(""))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("database %s of %s: %w; name one that is there, or none: the run makes its own", config.DBName, e.MySQL.Describe(), err)
	}
	return nil
}

func (e *Engines) startDynamoDB(ctx context.Context, endpoint string) (err error) {
	e.DynamoDB, err = engine.StartDynamoDB(ctx, engine.Options{DynamoDB: endpoint})
	if errors.Is(err, engine.ErrNotFound) {
		e.DynamoDB, err = ownDynamoDB(ctx)
	}
	return err
}

const inProcess = "in this process"

// ownMySQL starts the server that needs nothing but Go. Other processes of the
// run speak to it over the loopback, as to any other.
func ownMySQL(ctx context.Context) (*engine.MySQL, error) {
	server, err := memmysql.Start()
	if err != nil {
		return nil, err
	}
	lent := &engine.Substitute{Name: "memmysql", Where: inProcess, Stop: server.Close}
	return lent.MySQL(ctx, server.DSN())
}

func ownDynamoDB(ctx context.Context) (*engine.DynamoDB, error) {
	server, err := dynamotest.New()
	if err != nil {
		return nil, err
	}
	lent := &engine.Substitute{Name: "dynamotest", Where: inProcess, Stop: func() error { server.Close(); return nil }}
	return lent.DynamoDB(ctx, server.URL)
}

// Tell says which engines a run has, and what to do for real ones.
func (e *Engines) Tell(say func(string, ...any)) {
	say("MySQL:    %s", e.MySQL.Describe())
	if e.MySQL.IsSubstitute() {
		say("          No MySQL or MariaDB is named or found: memmysql has the data in memory and runs one")
		say("          transaction at a time. For a real one, install mariadb-server, or give --mysql DSN.")
	}
	say("DynamoDB: %s", e.DynamoDB.Describe())
	if e.DynamoDB.IsSubstitute() {
		say("          No DynamoDB engine is named or found: dynamotest has the data in memory. For another,")
		say("          put dynoxide on PATH, name DynamoDB Local's folder in %s,", engine.EnvDynamoDBLocal)
		say("          or give --dynamodb-endpoint URL.")
	}
}

// Close stops what was started; what was named goes on.
func (e *Engines) Close() error {
	var errs []error
	if e.MySQL != nil {
		errs = append(errs, e.MySQL.Close())
	}
	if e.DynamoDB != nil {
		errs = append(errs, e.DynamoDB.Close())
	}
	return errors.Join(errs...)
}
