package main

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/examples/internal/memmysql"
	"github.com/crossfade-go/crossfade/internal/engine"
)

// engines are the two servers of a run.
type engines struct {
	mysql  *engine.MySQL
	dynamo *engine.DynamoDB
}

// startEngines uses what is named, starts what is on the machine, and has in
// this process what is not there.
func startEngines(ctx context.Context, dsn, endpoint string) (e engines, err error) {
	if e.mysql, err = engine.StartMySQL(ctx, engine.Options{MySQL: dsn}); errors.Is(err, engine.ErrNotFound) {
		e.mysql, err = ownMySQL(ctx)
	}
	if err != nil {
		return e, err
	}
	if e.dynamo, err = engine.StartDynamoDB(ctx, engine.Options{DynamoDB: endpoint}); errors.Is(err, engine.ErrNotFound) {
		e.dynamo, err = ownDynamoDB(ctx)
	}
	if err != nil {
		return e, errors.Join(err, e.mysql.Close())
	}
	return e, nil
}

const inProcess = "in this process"

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

// close stops what was started; what was named goes on.
func (e engines) close() error { return errors.Join(e.mysql.Close(), e.dynamo.Close()) }
