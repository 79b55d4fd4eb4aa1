package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

func TestMain(m *testing.M) {
	if os.Getenv(commandEnv) != "" {
		main()
	}
	enginetest.Main(m)
}

// usersTable is the table of the scripts. Its collation is said, since the
// default of the server is another one on each.
const usersTable = `CREATE TABLE users (
	user_id INT PRIMARY KEY,
	username VARCHAR(255) UNIQUE,
	email VARCHAR(255) UNIQUE,
	registration_date DATE,
	last_login TIMESTAMP NULL,
	profile_data JSON
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`

// A world is a fresh database with the users table, and a name in a DynamoDB.
type world struct {
	db   *sqlx.DB
	dsn  string
	vars map[string]string // for a script
}

func newWorld(t *testing.T, dynamo *engine.DynamoDB) *world {
	w := &world{dsn: enginetest.MySQL(t)}
	w.db = open(t, w.dsn)
	w.db.MustExec(usersTable)
	w.db.MustExec(`INSERT INTO users VALUES
		(101, 'alice', 'alice@example.com', '2023-01-15', '2024-03-10 09:30:00', '{"bio": "Loves dogs"}'),
		(102, 'bob', 'bob@example.com', '2023-02-20', '2024-03-11 14:00:00', '{"bio": "secret"}'),
		(103, 'charlie', NULL, '2023-03-01', NULL, NULL)`)
	prefix := enginetest.Prefix(t)
	w.vars = map[string]string{envMySQL: w.dsn, envDynamoDB: dynamo.Endpoint(), "PREFIX": prefix}
	t.Cleanup(func() { dropTables(t, dynamo.Client(), prefix) })
	return w
}

// call runs one command line on the world's stores.
func (w *world) call(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	env := environment{Getenv: func(name string) string { return w.vars[name] }}
	return call(ctx, env, append(args, "--contract", "testdata/users_full.json", "--table-prefix", w.vars["PREFIX"])...)
}

func open(t *testing.T, dsn string) *sqlx.DB {
	db, err := mysqlstore.OpenDB(dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// dropTables deletes the tables of the test.
func dropTables(t *testing.T, client *dynamodb.Client, prefix string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pages := dynamodb.NewListTablesPaginator(client, &dynamodb.ListTablesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		require.NoError(t, err)
		for _, name := range page.TableNames {
			if strings.HasPrefix(name, prefix) {
				_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(name)})
				require.NoError(t, err)
			}
		}
	}
}

// eachEngine runs a script of testdata on every DynamoDB there is. more adds to
// its variables.
func eachEngine(t *testing.T, name string, more func(t *testing.T, w *world, d *engine.DynamoDB)) {
	enginetest.MySQLServer(t)
	for _, d := range enginetest.DynamoDBEngines(t) {
		t.Run(d.Kind(), func(t *testing.T) {
			w := newWorld(t, d)
			if more != nil {
				more(t, w, d)
			}
			runScript(t, name, w.vars, w.db)
		})
	}
}

// TestMigration goes the way of the quick start with the command line alone,
// forth to phase 3 and back to a bare phase 1.
func TestMigration(t *testing.T) { eachEngine(t, "migration.script", nil) }

// TestCaptureByTriggers holds that what another program writes arrives, and that
// the triggers which see to it are made, looked at and taken away.
func TestCaptureByTriggers(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has triggers that run in the writer's transaction and SIGNAL")
	eachEngine(t, "triggers.script", nil)
}

// TestDeadLetters holds that a row that can't become an item is never skipped
// in silence, and never waited for.
func TestDeadLetters(t *testing.T) { eachEngine(t, "deadletter.script", nil) }

// TestRefused holds that what can't be done is refused with the thing and the
// mend, and that nothing has changed.
func TestRefused(t *testing.T) {
	eachEngine(t, "refused.script", func(t *testing.T, w *world, _ *engine.DynamoDB) {
		w.vars["RIGHT"] = w.dsn
		w.vars["EMPTY"] = enginetest.MySQL(t)
		cfg, err := mysql.ParseDSN(w.dsn)
		require.NoError(t, err)
		cfg.DBName = "crossfade_no_such_database"
		w.vars["ABSENT"] = cfg.FormatDSN()
	})
}

// TestRefusedByTheServer holds that what an account may not do, or an engine
// without transactions can't, is refused with the mend.
func TestRefusedByTheServer(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has accounts with privileges, and engines without transactions")
	eachEngine(t, "server.script", func(t *testing.T, w *world, _ *engine.DynamoDB) {
		w.vars["RIGHT"], w.vars["FEW"] = w.dsn, fewRights(t, w)
		cfg, err := mysql.ParseDSN(w.dsn)
		require.NoError(t, err)
		cfg.User, cfg.Passwd = "crossfade_nobody", "secret"
		w.vars["NOBODY"] = cfg.FormatDSN()
	})
}

// fewRights returns the DSN of an account that may read the database and
// nothing else.
func fewRights(t *testing.T, w *world) string {
	cfg, err := mysql.ParseDSN(w.dsn)
	require.NoError(t, err)
	name := strings.TrimSuffix(enginetest.Prefix(t), "_")
	name = "cf_" + name[len(name)-10:]
	w.db.MustExec("CREATE USER '" + name + "'@'%' IDENTIFIED BY 'secret'")
	t.Cleanup(func() { open(t, w.dsn).MustExec("DROP USER '" + name + "'@'%'") })
	w.db.MustExec("GRANT SELECT ON `" + cfg.DBName + "`.* TO '" + name + "'@'%'")
	cfg.User, cfg.Passwd = name, "secret"
	return cfg.FormatDSN()
}
