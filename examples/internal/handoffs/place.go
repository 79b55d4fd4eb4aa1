package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

//go:embed contract.json
var contractJSON []byte

// An account is a row of the table that moves.
type account struct {
	ID     int64  `db:"account_id"`
	Email  string `db:"email"` // unique
	Logins int64  `db:"logins"`
}

const createAccounts = `CREATE TABLE accounts (
	account_id INT PRIMARY KEY,
	email VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
	logins INT NOT NULL
)`

// firstCreated is where the ids of created accounts begin; those of the rows
// that are there at first are 0 and up.
const firstCreated = 10_000_000

// A place is where a run has its data: all that another process needs.
type place struct {
	DSN, Endpoint, Region, Prefix string
}

// stores are the two stores of a place, and the connections below them.
type stores struct {
	db     *sqlx.DB
	client *dynamodb.Client
	mysql  *mysqlstore.Store
	dynamo *dynamostore.Store
}

// open makes the stores. It does no I/O.
func (p place) open() (*stores, error) {
	contract, err := transform.Load(contractJSON)
	if err != nil {
		return nil, err
	}
	s := &stores{}
	if s.db, err = mysqlstore.OpenDB(p.DSN); err != nil {
		return nil, err
	}
	config := aws.Config{Region: p.Region, Credentials: aws.CredentialsProviderFunc(localCredentials)}
	s.client = dynamostore.NewClient(config, &dynamostore.ClientOptions{Endpoint: p.Endpoint})
	if s.mysql, err = mysqlstore.New(s.db, contract, nil); err == nil {
		s.dynamo, err = dynamostore.New(s.client, contract, &dynamostore.Options{TablePrefix: p.Prefix})
	}
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// localCredentials are for engines that take any.
func localCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "HANDOFFS", SecretAccessKey: "handoffs", Source: "handoffs"}, nil
}

// A site is a place that this run made and clears.
type site struct {
	place
	*stores
	engines engines
	name    string
}

func newSite(ctx context.Context, e engines) (*site, error) {
	s := &site{engines: e, name: "crossfade_handoffs_" + strings.ToLower(rand.Text()[:10])}
	dsn, err := e.mysql.CreateDatabase(ctx, s.name)
	if err != nil {
		return nil, err
	}
	s.place = place{DSN: dsn, Endpoint: e.dynamo.Endpoint(), Region: e.dynamo.Region(), Prefix: s.name + "_"}
	if s.stores, err = s.place.open(); err != nil {
		return nil, errors.Join(err, e.mysql.DropDatabase(ctx, s.name))
	}
	return s, nil
}

// clearTimeout bounds ending and removing what was made.
const clearTimeout = 30 * time.Second

// clear removes what the run made, also after an interruption.
func (s *site) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), clearTimeout)
	defer cancel()
	plans, err := s.dynamo.Plan(ctx)
	errs := []error{err}
	for _, p := range plans {
		if p.Exists() { // by this run: nobody else has the prefix
			_, err := s.client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &p.Table})
			errs = append(errs, err)
		}
	}
	errs = append(errs, s.db.Close(), s.engines.mysql.DropDatabase(ctx, s.name))
	return errors.Join(errs...)
}

// prepare makes the tables and goes to phase 3, verified, before there is load.
func (s *site) prepare(ctx context.Context, rows int, o *migrationctl.Operator) error {
	if err := s.fill(ctx, rows); err != nil {
		return err
	}
	if err := s.dynamo.Apply(ctx, nil, nil); err != nil {
		return err
	}
	c := migrationctl.Change{Reason: "benchmark"}
	for _, step := range []func() error{
		func() error { return o.Init(ctx) },
		func() error { return o.CaptureOn(ctx, c) },
		func() error { return o.SetPhase(ctx, dal.DualWrite, c) },
		func() error { return o.Backfill(ctx, migrationctl.BackfillOptions{}) },
		func() error { return o.SetPhase(ctx, dal.Validate, c) },
		func() error { _, err := o.Verify(ctx, migrationctl.VerifyOptions{}); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) fill(ctx context.Context, rows int) error {
	if _, err := s.db.ExecContext(ctx, createAccounts); err != nil {
		return err
	}
	const batch = 500
	for from := 0; from < rows; from += batch {
		var values []string
		for id := from; id < min(from+batch, rows); id++ {
			values = append(values, fmt.Sprintf("(%d, 'account-%d@example.org', 0)", id, id))
		}
		if _, err := s.db.ExecContext(ctx, "INSERT INTO accounts VALUES "+strings.Join(values, ",")); err != nil {
			return err
		}
	}
	return nil
}
