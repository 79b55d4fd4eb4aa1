package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestMain also is the program: the load runs in the executable it runs in.
func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(runChild(path, os.Stdin, os.Stdout, os.Stderr))
	}
	enginetest.Main(m)
}

// TestHandoffs is a short run: no operation fails, whatever meets a hand-off is
// seen, and nothing is left.
func TestHandoffs(t *testing.T) {
	mysql, dynamo := enginetest.MySQLServer(t), enginetest.DynamoDBEngines(t)[0]
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), strings.Fields("--processes 2 --workers 2 --turns 1 --rows 100 --saturate 300ms --pause 300ms "+
		"--mysql "+mysql.DSN("")+" --dynamodb-endpoint "+dynamo.Endpoint()), &stdout, &stderr)
	t.Log(stdout.String())
	require.Empty(t, stderr.String())
	require.Equal(t, exitDone, code)
	for _, want := range []string{
		`MySQL: +\S`, `DynamoDB: +\S+.* at ` + dynamo.Endpoint(), `GOMAXPROCS: [1-9]`,
		`phase 3 +1 a process +[1-9]\d* `, `phase 4 +2 a process +[1-9]\d* `,
		`half load: [1-9]\d* operations/s wanted, [1-9]\d* reached`,
		`(?m)^ +3 to 4 +1 +writes( +\d+){5}$`, `(?m)^ +4 to 3 +1 +reads( +\d+){5}$`,
		`operations that failed: 0 of [1-9]\d*, and 0 of`,
	} {
		require.Regexp(t, want, stdout.String())
	}
	seen := requireMatch(t, `operations turned away: (\d+) seen here, (\d+) counted by the library`, stdout.String())
	require.Equal(t, seen[1], seen[0], "an operation that waited was not marked")
	requireNothingLeft(t, mysql.DSN(""), dynamo.Client(), requireMatch(t, `(crossfade_handoffs_\w+)`, stdout.String())[0])
}

func requireMatch(t *testing.T, pattern, text string) []string {
	t.Helper()
	require.Regexp(t, pattern, text)
	return regexp.MustCompile(pattern).FindStringSubmatch(text)[1:]
}

func requireNothingLeft(t *testing.T, dsn string, client *dynamodb.Client, name string) {
	t.Helper()
	db := sqlx.MustConnect("mysql", dsn)
	defer db.Close()
	var databases []string
	require.NoError(t, db.Select(&databases, "SHOW DATABASES"))
	require.NotContains(t, databases, name)
	pages := dynamodb.NewListTablesPaginator(client, &dynamodb.ListTablesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		for _, table := range page.TableNames {
			require.NotContains(t, table, name)
		}
	}
}

// TestInterrupted: an interrupted run ends its processes and leaves nothing.
func TestInterrupted(t *testing.T) {
	mysql, dynamo := enginetest.MySQLServer(t), enginetest.DynamoDBEngines(t)[0]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout firstWrite
	stdout.then = cancel
	err := bench(ctx, settings{mysql: mysql.DSN(""), dynamodb: dynamo.Endpoint(), processes: 1, workers: 1, turns: 1,
		rows: 10, saturate: time.Minute, pause: time.Second}, &stdout)
	require.ErrorIs(t, err, context.Canceled)
	requireNothingLeft(t, mysql.DSN(""), dynamo.Client(), requireMatch(t, `(crossfade_handoffs_\w+)`, stdout.String())[0])
}

// A firstWrite calls a function at its first write.
type firstWrite struct {
	bytes.Buffer
	then func()
}

func (w *firstWrite) Write(p []byte) (int, error) {
	w.then()
	return w.Buffer.Write(p)
}

// TestReport holds what counts as a write that met a hand-off, in which
// direction, and how long it waited.
func TestReport(t *testing.T) {
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	r := result{took: time.Second, handoffs: []handoff{
		{to: dal.Validate, begun: at(0), ended: at(100)},
		{to: dal.DynamoDBPrimary, begun: at(1000), ended: at(1100)},
	}}
	r.paced = sample{Operations: 100, Late: 1, Waited: 4, Notable: []operation{
		{Write: true, Met: true, From: at(-10), To: at(30)},
		{Write: true, Queued: true, From: at(10), To: at(60)},
		{Met: true, From: at(10), To: at(400)},
		{Write: true, From: at(90), To: at(210)},   // slow, beside a hand-off
		{Write: true, From: at(300), To: at(1200)}, // slow, and it met none: both are there
		{Write: true, From: at(500), To: at(700)},  // slow, at another time
		{Write: true, Met: true, From: at(990), To: at(1600)},
		{Write: true, Met: true, From: at(1090), To: at(1101)}, // counts where it began
	}}
	var out strings.Builder
	require.NoError(t, r.print(&out))
	for _, want := range []string{
		`3 to 4 +1 +writes +2 +0 +11 +610 +610`, `3 to 4 +1 +reads +0 +0 +0 +0 +0`,
		`4 to 3 +1 +writes +2 +1 +40 +50 +50`, `4 to 3 +1 +reads +1 +0 +390 +390 +390`,
		`met no hand-off: 2 beside one \(longest 900 ms\), 1 at other times \(longest 200 ms\)`,
		`turned away: 4 seen here, 4 counted`, `meet 3 to 4 wait 500 ms at most: MISSED`, `meet 4 to 3 wait 500 ms at most: reached`,
	} {
		require.Regexp(t, want, out.String())
	}
	r.paced.count(operation{}, false, context.DeadlineExceeded)
	require.ErrorContains(t, r.print(&out), "1 operations failed")
}

// TestMark: an operation is marked if its own call was turned away, and not if
// the refresh behind it was.
func TestMark(t *testing.T) {
	turnedAway := &dal.Error{Kind: dal.ErrWrongPhase}
	for _, c := range []struct {
		at   store.At
		err  error
		want bool
	}{{store.At{Epoch: 3}, turnedAway, true}, {store.At{Epoch: 3}, nil, false}, {store.At{}, turnedAway, false}} {
		ctx, m := marked(t.Context())
		note(ctx, c.at, c.err)
		require.Equal(t, c.want, m.turnedAway.Load())
	}
	note(t.Context(), store.At{Epoch: 3}, turnedAway) // of the library's own
}

// TestPace: an operation's time does not depend on how long the last one took.
func TestPace(t *testing.T) {
	start := time.Now()
	due := start
	w := &worker{load: &load{workers: 8}}
	const n = 20_000
	for range n {
		due = w.after(due, pace{PerSecond: 800})
	}
	require.InEpsilon(t, (10 * time.Millisecond).Seconds(), due.Sub(start).Seconds()/n, 0.05, "8 workers make 800 a second")
}

func TestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--turns 0":    "1 at least",
		"--rows 10":    "--rows is 10",
		"--pause 0s":   "longer than 0",
		"--workers x":  "invalid value",
		"now":          "flags only",
		"--mysql= now": "flags only",
	} {
		var stderr bytes.Buffer
		require.Equal(t, exitUsage, run(t.Context(), strings.Fields(args), &bytes.Buffer{}, &stderr), args)
		require.Contains(t, stderr.String(), want)
	}
}
