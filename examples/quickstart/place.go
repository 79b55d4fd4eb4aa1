package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// attemptTimeout bounds one attempt of a call to DynamoDB.
const attemptTimeout = 10 * time.Second

// A place is where a run has its data. It is all that another process needs to
// take part.
type place struct {
	DSN      string // of the run's own database
	Endpoint string
	Region   string
	Prefix   string // of the DynamoDB tables
	Contract json.RawMessage
}

// stores are the two stores of a place, and the connections below them.
type stores struct {
	*mapping
	db     *sqlx.DB
	client *dynamodb.Client
	mysql  *mysqlstore.Store
	dynamo *dynamostore.Store
}

// open makes the stores. It does no I/O.
func (p place) open() (*stores, error) {
	m, err := loadMapping("contract", p.Contract)
	if err != nil {
		return nil, err
	}
	s := &stores{mapping: m}
	if s.db, err = mysqlstore.OpenDB(p.DSN); err != nil {
		return nil, err
	}
	config := aws.Config{Region: p.Region, Credentials: aws.CredentialsProviderFunc(localCredentials)}
	// An engine for tests does one thing at a time: behind a batch of the
	// backfill a call waits longer than it ever would in the cloud.
	s.client = dynamostore.NewClient(config, &dynamostore.ClientOptions{Endpoint: p.Endpoint, AttemptTimeout: attemptTimeout})
	if s.mysql, err = mysqlstore.New(s.db, m.contract, nil); err == nil {
		s.dynamo, err = dynamostore.New(s.client, m.contract, &dynamostore.Options{TablePrefix: p.Prefix})
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// localCredentials are for engines that take any. DynamoDB Local wants letters
// and digits.
func localCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "QUICKSTART", SecretAccessKey: "quickstart", Source: "quickstart"}, nil
}

func (s *stores) close() { s.db.Close() }

// tableName returns the name of the items' table.
func (s *stores) tableName(p place) string { return p.Prefix + s.entity.Table.Name }
