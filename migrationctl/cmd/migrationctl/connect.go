package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// pingTimeout bounds the look whether the database is there.
const pingTimeout = 10 * time.Second

// A session is what a command works with. Parts that it did not ask for are nil.
type session struct {
	contract *transform.Contract
	db       *sqlx.DB
	mysql    *mysqlstore.Store
	dynamo   *dynamostore.Store
	operator *migrationctl.Operator
	away     error // why the database can't be used, where the command goes on without
}

// close ends the connections of the session.
func (s *session) close() {
	if s.db != nil {
		s.db.Close()
	}
}

// loadContract reads the contract. Its warnings are listed by contract check;
// every other command says only that there are some.
func (c *cli) loadContract() (*transform.Contract, error) {
	data, err := c.readContract()
	if err != nil {
		return nil, err
	}
	contract, err := transform.Load(data)
	if err != nil {
		return nil, found("%s: %w", c.contractFile, err)
	}
	if n := len(contract.Warnings); n > 0 {
		c.warn("%s: %s; migrationctl contract check lists them", c.contractFile, count(n, "warning"))
	}
	return contract, nil
}

// warn prints a line that does not stop the command.
func (c *cli) warn(format string, args ...any) {
	fmt.Fprintln(c.stderr, escaped(fmt.Sprintf(format, args...)))
}

// openMySQL connects to the database alone.
func (c *cli) openMySQL(ctx context.Context) (*session, error) {
	s, err := c.openDatabase(ctx)
	if err == nil && s.away != nil {
		s.close()
		return nil, s.away
	}
	return s, err
}

// openDatabase connects to a database that may be away.
func (c *cli) openDatabase(ctx context.Context) (*session, error) {
	contract, err := c.loadContract()
	if err != nil {
		return nil, err
	}
	s := &session{contract: contract}
	if s.db, s.away, err = c.lookForMySQL(ctx); err != nil {
		return nil, err
	}
	if s.mysql, err = mysqlstore.New(s.db, contract, nil); err != nil {
		s.close()
		return nil, found("%s: %w", c.contractFile, err)
	}
	return s, nil
}

// connectMySQL opens the database, which must be there.
func (c *cli) connectMySQL(ctx context.Context) (*sqlx.DB, error) {
	db, away, err := c.lookForMySQL(ctx)
	if away != nil {
		db.Close()
		return nil, away
	}
	return db, err
}

// lookForMySQL opens the database and looks whether it is there, so that every
// command says in the same words, away, that it is not. err is of what can't be
// right at all.
func (c *cli) lookForMySQL(ctx context.Context) (db *sqlx.DB, away, err error) {
	dsn := c.mysqlDSN()
	if dsn == "" {
		return nil, nil, usage("no database is named; give --mysql DSN or set %s", envMySQL)
	}
	cfg, err := parseDSN(dsn)
	if err != nil {
		return nil, nil, err
	}
	if db, err = mysqlstore.OpenDB(dsn); err != nil {
		return nil, nil, usage("%s: %w", redacted(cfg), err)
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		if context.Cause(ctx) == context.Canceled {
			db.Close()
			return nil, nil, err
		}
		return db, usage("the database %s can't be used: %w; mend --mysql or %s", redacted(cfg), err, envMySQL), nil
	}
	return db, nil, nil
}

// addDynamoDB makes the store of the contract's tables. No call is made yet;
// calls says that the command will make some, so that what they need must be
// configured.
func (c *cli) addDynamoDB(ctx context.Context, s *session, calls bool) error {
	client, err := c.connectDynamoDB(ctx, calls)
	if err != nil {
		return err
	}
	s.dynamo, err = dynamostore.New(client, s.contract, &dynamostore.Options{TablePrefix: c.prefix})
	if err != nil {
		return found("%s: %w", c.contractFile, err)
	}
	return nil
}

// connectDynamoDB makes a client as the flags and the SDK's configuration say.
func (c *cli) connectDynamoDB(ctx context.Context, calls bool) (*dynamodb.Client, error) {
	endpoint := c.dynamoEndpoint()
	// The SDK would write warnings of its own between our lines.
	load := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if c.region != "" {
		load = append(load, config.WithRegion(c.region))
	}
	if endpoint != "" {
		if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, usage("the DynamoDB endpoint is no URL such as http://127.0.0.1:8000; mend --dynamodb-endpoint or %s", envDynamoDB)
		}
		// Asking the machine's metadata service for credentials takes seconds
		// where there is none.
		load = append(load, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, usage("the AWS configuration can't be used: %w", err)
	}
	switch {
	case endpoint != "":
		localDefaults(ctx, &cfg)
	case cfg.Region == "" && calls:
		return nil, usage("no AWS region is configured; give --region, set AWS_REGION, or name another service with --dynamodb-endpoint")
	}
	return dynamostore.NewClient(cfg, &dynamostore.ClientOptions{Endpoint: endpoint}), nil
}

// localDefaults fills in what a DynamoDB other than AWS's does not care about,
// but the SDK asks for. DynamoDB Local takes letters and digits only.
func localDefaults(ctx context.Context, cfg *aws.Config) {
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.Credentials != nil {
		if _, err := cfg.Credentials.Retrieve(ctx); err == nil {
			return
		}
	}
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "CROSSFADE", SecretAccessKey: "crossfade", Source: "migrationctl"}, nil
	})
}

// open connects to both stores. calls says whether the command will call
// DynamoDB: one that does not works without its region and credentials.
func (c *cli) open(ctx context.Context, calls bool) (*session, error) {
	s, err := c.openMySQL(ctx)
	if err != nil {
		return nil, err
	}
	return c.withOperator(ctx, s, calls)
}

// openToLook connects for a command that shows what can be seen: in phases 4 and
// 5 that is most of it while the database is away. The command that sees nothing
// then returns what explained gives.
func (c *cli) openToLook(ctx context.Context) (*session, error) {
	s, err := c.openDatabase(ctx)
	if err != nil {
		return nil, err
	}
	return c.withOperator(ctx, s, false)
}

// explained returns the error of a look that saw nothing: that the database is
// away explains it best.
func (s *session) explained(err error) error {
	if err != nil && s.away != nil {
		return s.away
	}
	return err
}

// withOperator adds DynamoDB and the operator over both stores.
func (c *cli) withOperator(ctx context.Context, s *session, calls bool) (*session, error) {
	err := c.addDynamoDB(ctx, s, calls)
	if err == nil {
		s.operator, err = migrationctl.NewOperator(s.mysql, s.dynamo, c.operatorOptions())
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// operatorOptions are the choices of the operator and of a drain's relay.
func (c *cli) operatorOptions() *migrationctl.Options {
	return &migrationctl.Options{Who: c.operator()}
}

// entity checks the name of an entity that was typed, "" for all of them.
func (s *session) entity(name string) error {
	if name == "" || s.contract.Entity(name) != nil {
		return nil
	}
	return usage("the contract has no entity %q; it has %s", name, s.entityNames())
}

// entityNames lists the entities of the contract, for a mend.
func (s *session) entityNames() string {
	text := ""
	for _, e := range s.contract.Entities {
		if text != "" {
			text += ", "
		}
		text += e.Name
	}
	return text
}
