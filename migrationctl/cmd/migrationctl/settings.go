package main

import (
	"os"
	"os/user"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/spf13/pflag"
)

// The environment that stands in for flags.
const (
	envMySQL    = "CROSSFADE_MYSQL_DSN"
	envDynamoDB = "CROSSFADE_DYNAMODB_ENDPOINT"
)

// Settings are the flags that every command takes.
type settings struct {
	contractFile string
	dsn          string
	endpoint     string
	region       string
	prefix       string
	who          string
}

// bind makes the flags that every command takes.
func (c *cli) bind(flags *pflag.FlagSet) {
	flags.StringVar(&c.contractFile, "contract", "", "the migration contract, a JSON `FILE`")
	flags.StringVar(&c.dsn, "mysql", "", "the database, a `DSN` such as user:password@tcp(host:3306)/database (or "+envMySQL+")")
	flags.StringVar(&c.endpoint, "dynamodb-endpoint", "", "the `URL` of a DynamoDB other than AWS's (or "+envDynamoDB+")")
	flags.StringVar(&c.region, "region", "", "the AWS `REGION`; default: as the AWS SDK is configured")
	flags.StringVar(&c.prefix, "table-prefix", "", "what comes before every DynamoDB table name of the contract")
	flags.StringVar(&c.who, "who", "", "who is written into the audit; default: user@host")
	flags.BoolVar(&c.out.json, "json", false, "print one JSON document instead of text")
}

// mysqlDSN returns the DSN, "" if none is given.
func (c *cli) mysqlDSN() string { return orEnv(c.dsn, c.env, envMySQL) }

// dynamoEndpoint returns the endpoint, "" for AWS.
func (c *cli) dynamoEndpoint() string { return orEnv(c.endpoint, c.env, envDynamoDB) }

// orEnv returns a flag's value, or the variable that stands in for it without
// the spaces that a shell profile may leave.
func orEnv(value string, env environment, name string) string {
	if value != "" {
		return value
	}
	return strings.TrimSpace(env.Getenv(name))
}

// operator returns who is written into the audit.
func (c *cli) operator() string {
	if c.who != "" {
		return c.who
	}
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

// parseDSN reads a DSN. The driver's own error is not shown: depending on what
// is missing, it quotes the part of the text that holds the password.
func parseDSN(dsn string) (*mysql.Config, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil || !slices.Contains([]string{"tcp", "tcp4", "tcp6", "unix"}, cfg.Net) {
		return nil, usage("the MySQL DSN can't be read; its form is user:password@tcp(host:3306)/database")
	}
	if cfg.DBName == "" {
		return nil, usage("the MySQL DSN %s names no database; name it behind the slash", redacted(cfg))
	}
	return cfg, nil
}

// redacted is a DSN as it may be shown: without password and parameters.
func redacted(cfg *mysql.Config) string {
	return cfg.User + "@" + cfg.Net + "(" + cfg.Addr + ")/" + cfg.DBName
}
