package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/examples/internal/memmysql"
	"github.com/crossfade-go/crossfade/internal/engine"
)

// engines are the two servers of a run.
type engines struct {
	mysql  *engine.MySQL
	dynamo *engine.DynamoDB
	// oneTurn says that MySQL is in this process: it has one writing transaction
	// at a time, and waits for a process that is stopped inside one.
	oneTurn bool
}

// startEngines uses what is named, finds and starts what is on the machine, and
// has in this process what is not there, each of the two by itself.
func startEngines(ctx context.Context, dsn, endpoint string) (engines, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var e engines
	failed := make(chan error, 2)
	go func() { failed <- e.startMySQL(ctx, dsn) }()
	go func() { failed <- e.startDynamoDB(ctx, endpoint) }()
	if err := errors.Join(<-failed, <-failed); err != nil {
		return e, usage("%w", errors.Join(err, e.close()))
	}
	return e, nil
}

// startMySQL also looks at the database that a DSN names: the run makes one of
// its own, but somebody who names one that is not there meant another server.
func (e *engines) startMySQL(ctx context.Context, dsn string) (err error) {
	if dsn != "" {
		// Where something else listens, the driver would wait for a greeting.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, pingTimeout)
		defer cancel()
	}
	e.mysql, err = engine.StartMySQL(ctx, engine.Options{MySQL: dsn})
	if errors.Is(err, engine.ErrNotFound) {
		e.oneTurn = true
		e.mysql, err = ownMySQL(ctx)
	}
	if err != nil {
		return err
	}
	config, err := mysql.ParseDSN(e.mysql.DSN(""))
	if err != nil || config.DBName == "" {
		return err
	}
	db, err := sqlx.Open("mysql", e.mysql.DSN(""))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("database %s of %s: %w; name one that is there, or none: the run makes its own", config.DBName, e.mysql.Describe(), err)
	}
	return nil
}

func (e *engines) startDynamoDB(ctx context.Context, endpoint string) (err error) {
	e.dynamo, err = engine.StartDynamoDB(ctx, engine.Options{DynamoDB: endpoint})
	if errors.Is(err, engine.ErrNotFound) {
		e.dynamo, err = ownDynamoDB(ctx)
	}
	return err
}

const inProcess = "in this process"

// ownMySQL starts the server that needs nothing but Go. The processes that
// --kill starts speak to it over the loopback, as to any other.
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

// tell says which engines a run has, and what to do for real ones.
func (e engines) tell(say func(string, ...any)) {
	say("MySQL:    %s", e.mysql.Describe())
	if e.mysql.IsSubstitute() {
		say("          No MySQL or MariaDB is named or found: memmysql has the data in memory and runs one")
		say("          transaction at a time. For a real one, install mariadb-server, or give --mysql DSN.")
	}
	say("DynamoDB: %s", e.dynamo.Describe())
	if e.dynamo.IsSubstitute() {
		say("          No DynamoDB engine is named or found: dynamotest has the data in memory. For another,")
		say("          put dynoxide on PATH, name DynamoDB Local's folder in %s,", engine.EnvDynamoDBLocal)
		say("          or give --dynamodb-endpoint URL.")
	}
}

// close stops what was started; what was named goes on.
func (e *engines) close() error {
	var errs []error
	if e.mysql != nil {
		errs = append(errs, e.mysql.Close())
	}
	if e.dynamo != nil {
		errs = append(errs, e.dynamo.Close())
	}
	return errors.Join(errs...)
}
