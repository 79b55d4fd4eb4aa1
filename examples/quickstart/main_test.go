package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestMain also is the program: --kill starts the executable it runs in.
func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(runChild(path, os.Stdin, os.Stdout, os.Stderr))
	}
	enginetest.Main(m)
}

// quickPace is that of a short run, which leaves the machine some room: what
// holds is looked at, not how much the engines can do.
func quickPace() pace {
	return pace{hold: 150 * time.Millisecond, think: 40 * time.Millisecond,
		shortest: 250 * time.Millisecond, longest: time.Second}
}

// A result is what a run left.
type result struct {
	code           int
	stdout, stderr string
}

func try(ctx context.Context, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, &stdout, &stderr, quickPace())
	return result{code, stdout.String(), stderr.String()}
}

// on names the engines of a test.
func on(t *testing.T, e *engine.DynamoDB, args ...string) []string {
	return append([]string{"--mysql", enginetest.MySQLServer(t).DSN(""), "--dynamodb-endpoint", e.Endpoint()}, args...)
}

// requireNothingLeft looks for what a run named in its output, and for
// nothing else: other runs may be under way.
func requireNothingLeft(t *testing.T, e *engine.DynamoDB, stdout string) {
	t.Helper()
	name := regexp.MustCompile(`crossfade_quickstart_\w{10}`).FindString(stdout)
	require.NotEmpty(t, name, stdout)
	db := sqlx.MustConnect("mysql", enginetest.MySQLServer(t).DSN(""))
	defer db.Close()
	var databases []string
	require.NoError(t, db.Select(&databases, "SHOW DATABASES"))
	require.NotContains(t, databases, name)
	pages := dynamodb.NewListTablesPaginator(e.Client(), &dynamodb.ListTablesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		for _, table := range page.TableNames {
			require.NotContains(t, table, name)
		}
	}
}

func eachEngine(t *testing.T, test func(t *testing.T, e *engine.DynamoDB)) {
	for _, e := range enginetest.DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) { test(t, e) })
	}
}

// TestQuickstart is the whole run, on every engine.
func TestQuickstart(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *engine.DynamoDB) {
		r := try(t.Context(), on(t, e, "--rows", "200")...)
		t.Log(r.stdout)
		require.Empty(t, r.stderr)
		require.Equal(t, exitDone, r.code)
		for _, want := range []string{"MariaDB|MySQL", e.Endpoint(), "3 rows of users.csv", "200 generated", "is ACTIVE",
			`backfill: \d\d\d rows by insert, 0 dead letters`, `acknowledged writes lost +0 of [1-9]`,
			`row against item +0 of [1-9]`, `deleted keys back +0 of [1-9]`, `usernames in UsernameIndex that differ from MySQL's +0 of [1-9]`,
			`emails in EmailIndex that differ from MySQL's +0 of [1-9]`, `mismatches of phase 3 +0 of [1-9]`, "all of it holds",
			`(?m)^ +4 +\d+( +\S+s){3} +0( +\S+s){7}$`, `(?m)^ +(4|5|3 again|4 forth) +[1-9]`, `(?m)^ +3 again +\d+( +\S+s){3} +0( +\S+s){7}$`} {
			require.Regexp(t, want, r.stdout)
		}
		requireNothingLeft(t, e, r.stdout)
	})
}

// TestScenario01KilledProcess: 16 clients create users, among the rest they do,
// and their process is killed (SIGKILL) at random moments, in every stage of two
// walks and so more than 20 times. Every acknowledged write is in both stores,
// which are equal.
func TestScenario01KilledProcess(t *testing.T) {
	e := enginetest.DynamoDBEngines(t)[0]
	r := try(t.Context(), on(t, e, "--rows", "200", "--kill", "--workers", "16", "--walks", "2")...)
	t.Log(r.stdout)
	require.Empty(t, r.stderr)
	require.Equal(t, exitDone, r.code)
	require.Contains(t, r.stdout, "load: 16 workers")
	require.GreaterOrEqual(t, len(regexp.MustCompile(`operations, killed`).FindAllString(r.stdout, -1)), 20)
	require.NotRegexp(t, `(?m)operations$`, r.stdout, "a stage without a kill")
	require.Contains(t, r.stdout, "operators were killed inside a change of phase")
	require.Regexp(t, `acknowledged writes lost +0 of [1-9]`, r.stdout)
	require.Regexp(t, `row against item +0 of [1-9]`, r.stdout)
	require.Contains(t, r.stdout, "all of it holds")
	requireNothingLeft(t, e, r.stdout)
}

// TestQuickstartProcesses has the load in several processes, which are alive on
// the way from 1 to 5 and back for a second time, and stopped or killed on it.
func TestQuickstartProcesses(t *testing.T) {
	e := enginetest.DynamoDBEngines(t)[0]
	harm := []string{"--kill", "--stop"}
	if strings.Contains(enginetest.MySQLServer(t).Describe(), "memmysql") {
		harm = harm[:1] // a process stopped inside a transaction holds up all others there
	}
	for _, args := range [][]string{{"--walks", "2"}, harm} {
		// With think as it is, three processes ask more than a DynamoDB Local can follow
		// that other tests ask too.
		r := try(t.Context(), on(t, e, append(args, "--rows", "100", "--processes", "3", "--think", "150ms")...)...)
		t.Log(r.stdout)
		require.Empty(t, r.stderr)
		require.Equal(t, exitDone, r.code)
		require.Contains(t, r.stdout, "6 workers and 3 readers in 3 processes")
		require.Contains(t, r.stdout, "all of it holds")
		requireNothingLeft(t, e, r.stdout)
	}
}

// TestContractThatStays: a contract that can't go beyond phase 3 goes as far as
// it can, and the run says why and settles accounts there.
func TestContractThatStays(t *testing.T) {
	var c map[string][]map[string]any
	require.NoError(t, json.Unmarshal(contractJSON, &c))
	delete(c["tables"][0], "unique")
	data, err := json.Marshal(c)
	require.NoError(t, err)
	r := try(t.Context(), on(t, enginetest.DynamoDBEngines(t)[0], "--rows", "50", "--contract", write(t, "contract.json", string(data)))...)
	require.Empty(t, r.stderr)
	require.Equal(t, exitDone, r.code, r.stdout)
	require.Contains(t, r.stdout, "the walk ends in phase 3: phase 3 to 4 refused, nothing changed: constraints (data)")
	require.Contains(t, r.stdout, "the unique index username (username) of users is not in the contract")
	require.NotContains(t, r.stdout, "5 verify")
	require.Contains(t, r.stdout, "all of it holds")
}

// TestInterrupted: an interrupted run stops at once, says so, and removes what
// it made, also with the load in another process.
func TestInterrupted(t *testing.T) {
	e := enginetest.DynamoDBEngines(t)[0]
	for _, mode := range []string{"--kill=false", "--kill"} {
		for _, when := range []string{"generated", "load:", "1 captured", "backfill:", "3 verify"} {
			t.Run(mode+" "+when, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var stderr bytes.Buffer
				stdout := &trigger{at: when, fire: cancel}
				code := run(ctx, on(t, e, "--rows", "50", mode), stdout, &stderr, quickPace())
				require.Equal(t, exitFound, code)
				require.Equal(t, "quickstart: interrupted; what it made is removed\n", stderr.String())
				requireNothingLeft(t, e, stdout.text.String())
			})
		}
	}
}

// A trigger fires when a text is written to it.
type trigger struct {
	text strings.Builder
	at   string
	fire func()
}

func (w *trigger) Write(p []byte) (int, error) {
	w.text.Write(p)
	if strings.Contains(w.text.String(), w.at) {
		w.fire()
	}
	return len(p), nil
}

// TestReaderThatGoesAway: whoever reads no further, as head does, stops the run.
func TestReaderThatGoesAway(t *testing.T) {
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer writer.Close()
	lost := 0
	o := &outlet{writer, func() { lost++ }}
	_, err = fmt.Fprintln(o, "read")
	require.NoError(t, err)
	require.Zero(t, lost)
	require.NoError(t, reader.Close())
	_, err = fmt.Fprintln(o, "not read")
	require.ErrorIs(t, err, syscall.EPIPE)
	require.Equal(t, 1, lost)
}

func TestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--rows -1":         "--rows is -1",
		"--rows many":       "invalid value",
		"--workers 0":       "--workers is 0; give 1 to 64",
		"--processes 0":     "--processes is 0; give 1 to 6",
		"--processes 7":     "--processes is 7; give 1 to 6",
		"--walks 0":         "--walks is 0",
		"--think -1s":       "--think is -1s",
		"--cvs x":           "flag provided but not defined: -cvs",
		"now":               `unknown argument "now"`,
		"--csv /nowhere":    "--csv: open /nowhere",
		"--contract /never": "--contract: open /never",
	} {
		r := try(t.Context(), strings.Fields(args)...)
		require.Equal(t, exitSetup, r.code, args)
		require.Contains(t, r.stderr, want)
		require.Empty(t, r.stdout, args)
	}
	r := try(t.Context(), "--help")
	require.Equal(t, exitDone, r.code)
	require.Contains(t, r.stderr, "-dynamodb-endpoint URL")
}

// TestBadInput: a bad file is refused before anything is made.
func TestBadInput(t *testing.T) {
	csv := write(t, "users.csv", header+"1,a,b,2023-02-30,,\n")
	r := try(t.Context(), "--csv", csv)
	require.Equal(t, result{exitFound, "", "quickstart: " + csv + `:2:7: registration_date "2023-02-30" is not a date such as 2023-01-15 between 1000 and 9999` + "\n"}, r)

	contract := write(t, "contract.json", strings.Replace(string(contractJSON), `"source_column": "email"`, `"source_column": "e_mail"`, 1))
	r = try(t.Context(), "--contract", contract)
	require.Equal(t, exitFound, r.code)
	require.Contains(t, r.stderr, contract+": the contract has")
	require.Contains(t, r.stderr, "e_mail")
	require.Empty(t, r.stdout)
}

// TestBadEngines: an engine that can't be worked with is named, with the mend.
func TestBadEngines(t *testing.T) {
	server, e := enginetest.MySQLServer(t), enginetest.DynamoDBEngines(t)[0]
	for name, c := range map[string]struct {
		mysql, dynamodb string
		want            []string
	}{
		"unreachable MySQL":    {"root@tcp(127.0.0.1:1)/", e.Endpoint(), []string{"127.0.0.1:1", "refused"}},
		"no DSN":               {"127.0.0.1", e.Endpoint(), []string{"DSN", "the option"}},
		"not MySQL":            {"root@tcp(" + strings.TrimPrefix(e.Endpoint(), "http://") + ")/", e.Endpoint(), []string{"the MySQL server at"}},
		"no such database":     {server.DSN("nowhere_at_all"), e.Endpoint(), []string{"database nowhere_at_all", "name one that is there"}},
		"unreachable DynamoDB": {server.DSN(""), "http://127.0.0.1:1", []string{"http://127.0.0.1:1", "refused"}},
		"no URL":               {server.DSN(""), "localhost:8000", []string{"localhost:8000", "not a URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := try(t.Context(), "--mysql", c.mysql, "--dynamodb-endpoint", c.dynamodb)
			require.Equal(t, exitSetup, r.code, r.stderr)
			for _, want := range c.want {
				require.Contains(t, r.stderr, want)
			}
			require.Empty(t, r.stdout)
		})
	}
}

// TestMissingPrivilege: an account that may not make databases is told what it
// needs.
func TestMissingPrivilege(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has accounts with privileges")
	server, e := enginetest.MySQLServer(t), enginetest.DynamoDBEngines(t)[0]
	db := sqlx.MustConnect("mysql", server.DSN(""))
	defer db.Close()
	name := enginetest.Prefix(t)[:16]
	_, err := db.Exec(fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY 'Qs-1-quickstart'", name))
	require.NoError(t, err)
	defer db.Exec(fmt.Sprintf("DROP USER '%s'@'%%'", name))

	_, address, _ := strings.Cut(server.DSN(""), "@")
	r := try(t.Context(), "--mysql", name+":Qs-1-quickstart@"+address, "--dynamodb-endpoint", e.Endpoint())
	require.Equal(t, exitSetup, r.code, r.stderr)
	require.Contains(t, r.stderr, "create database crossfade_quickstart_")
	require.Contains(t, r.stderr, "grant the account CREATE, DROP")
	require.NotContains(t, r.stderr, "Qs-1-quickstart", "the password")
}

// A ground is a site with tables and rows, and no load.
func newGround(t *testing.T, e *engine.DynamoDB) (*site, input) {
	in, err := (&settings{rows: 50, seed: 5}).read()
	require.NoError(t, err)
	s, err := newSite(t.Context(), &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: e}, in.contract)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.made.Clear()) })
	return s, in
}

func silent(string, ...any) {}

// TestTableOfSomebodyElse: a table that is there with another key schema is
// named, refused, and left alone.
func TestTableOfSomebodyElse(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *engine.DynamoDB) {
		s, in := newGround(t, e)
		table := aws.String(s.tableName())
		_, err := s.Client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: table, BillingMode: types.BillingModePayPerRequest,
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
		})
		require.NoError(t, err)
		defer e.Client().DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: table})

		err = s.prepare(t.Context(), in, silent)
		require.ErrorContains(t, err, *table+" is there already")
		require.ErrorContains(t, err, "partition key is id, wanted is userId")
		require.Equal(t, exitFound, exitCode(err))
		require.Empty(t, s.made.Tables, "clear would delete it")
	})
}

// TestRowThatMySQLRefuses: what only MySQL's collation takes for a duplicate is
// named by its line, and no row is loaded.
func TestRowThatMySQLRefuses(t *testing.T) {
	s, _ := newGround(t, enginetest.DynamoDBEngines(t)[0])
	rows, err := readCSV("x.csv", []byte(header+"1,ann,a@x,,,\n2,ann ,b@x,,,\n"))
	require.NoError(t, err)
	err = s.fill(t.Context(), "x.csv", rows, nil)
	require.ErrorContains(t, err, "x.csv:3: MySQL refuses the row")
	require.Equal(t, exitFound, exitCode(err))
	loaded, err := s.rows(t.Context())
	require.NoError(t, err)
	require.Empty(t, loaded)
}

// TestInProcess: on a machine with nothing but Go the run has its engines in
// its own process, says so, and holds what it holds on others. One that is named
// is used beside.
func TestInProcess(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, name := range []string{engine.EnvMySQL, engine.EnvDynamoDB, engine.EnvDynamoDBList, engine.EnvDynamoDBLocal} {
		t.Setenv(name, "")
	}
	t.Setenv(engine.EnvOnlyNamed, "1") // programs are not looked for on PATH only
	for _, c := range []struct {
		name     string
		args     []string
		mine     []string
		somebody string
	}{
		{"both", []string{"--bare"}, []string{"memmysql", "dynamotest"}, ""},
		{"both, killed", []string{"--kill", "--processes", "2"}, []string{"memmysql", "dynamotest"}, ""},
		{"MySQL only", []string{"--dynamodb-endpoint", dynamotest.Start(t).URL}, []string{"memmysql"}, "dynamotest at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := try(t.Context(), append(c.args, "--rows", "60")...)
			t.Log(r.stdout)
			require.Empty(t, r.stderr)
			require.Equal(t, exitDone, r.code)
			for _, name := range c.mine {
				require.Regexp(t, name+` at \S+, in this process\n +No .* is named or found`, r.stdout)
			}
			require.False(t, c.somebody != "" && strings.Contains(r.stdout, c.somebody), "it was named")
			require.Contains(t, r.stdout, "all of it holds")
		})
	}
}
