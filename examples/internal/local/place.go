package local

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// attemptTimeout bounds one attempt of a call to DynamoDB. An engine for tests
// does one thing at a time: behind a batch of the backfill a call waits longer
// than it ever would in the cloud.
const attemptTimeout = 10 * time.Second

// A Place is where a run has its data. It is all that another process needs to
// take part.
type Place struct {
	DSN      string // of the run's own database
	Endpoint string
	Region   string
	Prefix   string // of the DynamoDB tables
	Contract json.RawMessage
}

// Stores are the two stores of a place, and the connections below them.
type Stores struct {
	Contract *transform.Contract
	DB       *sqlx.DB
	Client   *dynamodb.Client
	MySQL    *mysqlstore.Store
	Dynamo   *dynamostore.Store
}

// Open makes the stores. It does no I/O.
func (p Place) Open() (*Stores, error) {
	contract, err := transform.Load(p.Contract)
	if err != nil {
		return nil, err
	}
	s := &Stores{Contract: contract}
	if s.DB, err = mysqlstore.OpenDB(p.DSN); err != nil {
		return nil, err
	}
	config := aws.Config{Region: p.Region, Credentials: aws.CredentialsProviderFunc(anyCredentials)}
	s.Client = dynamostore.NewClient(config, &dynamostore.ClientOptions{Endpoint: p.Endpoint, AttemptTimeout: attemptTimeout})
	if s.MySQL, err = mysqlstore.New(s.DB, contract, nil); err == nil {
		s.Dynamo, err = dynamostore.New(s.Client, contract, &dynamostore.Options{TablePrefix: p.Prefix})
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// anyCredentials are for engines that take any. DynamoDB Local wants letters and
// digits.
func anyCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "EXAMPLE", SecretAccessKey: "example", Source: "example"}, nil
}

// Close closes the connections to MySQL.
func (s *Stores) Close() error { return s.DB.Close() }
