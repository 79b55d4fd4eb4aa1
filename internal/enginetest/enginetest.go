package enginetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest/found"
	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
)

// Main runs the tests of a package, says which engines they ran on (go test
// shows it with -v, and when a test fails) and stops what they started. Goroutines
// that are left then fail the package. Without it, the engines are killed when the
// process ends.
func Main(m *testing.M) {
	code := m.Run()
	deleteTables()
	for _, name := range slices.Concat(found.Used(), usedSubstitutes()) {
		fmt.Println("engine used:", name)
	}
	if err := errors.Join(stopSubstitutes(), found.Stop()); err != nil {
		fmt.Fprintln(os.Stderr, "enginetest:", err)
		code = max(code, 1)
	}
	os.Exit(leaks.Check(code))
}

// MySQL returns the DSN of a fresh database, which is dropped when the test
// ends. Sessions opened by it speak utf8mb4 and count time in UTC.
func MySQL(t testing.TB) string {
	t.Helper()
	server := MySQLServer(t)
	name := "t_" + Prefix(t)
	dsn, err := server.CreateDatabase(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context is cancelled by now.
		ctx, cancel := context.WithTimeout(context.Background(), found.StartTimeout)
		defer cancel()
		if err := server.DropDatabase(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return dsn
}

// MySQLServer returns the server itself, for tests that need more than one
// database of it or its description. Where none is named or found it is
// memmysql; a test of what only the real one does asks NeedsRealMySQL first.
func MySQLServer(t testing.TB) *engine.MySQL {
	t.Helper()
	server, err := found.StartMySQL()
	if errors.Is(err, engine.ErrNotFound) && !found.Required() {
		server, err = memMySQL(err)
	}
	if err != nil {
		found.Missing(t, err)
	}
	return server
}

// NeedsRealMySQL skips a test that memmysql can't carry. What completes "needs a
// server that …", for whoever reads why the test was skipped, and asks
// themselves what they are missing.
func NeedsRealMySQL(t testing.TB, what string) {
	t.Helper()
	need(t, MySQLServer(t), what)
}

func need(t testing.TB, server *engine.MySQL, what string) {
	t.Helper()
	if server.IsSubstitute() {
		t.Skipf("needs a server that %s; %s does not: install mariadb-server or mysql-server (it need not run), or name a server's DSN in %s",
			what, server.Name(), engine.EnvMySQL)
	}
}

// DynamoDB returns a client of the first engine that is named or found, or of
// dynamotest if there is none. The test names its tables with Prefix and
// deletes them.
func DynamoDB(t testing.TB) *dynamodb.Client {
	t.Helper()
	return DynamoDBEngines(t)[0].Client()
}

// EachDynamoDB runs a subtest on every engine that is named or found, and on
// dynamotest. The subtests have the names of the kinds, as in "dynoxide_1.2.1".
func EachDynamoDB(t *testing.T, test func(t *testing.T, client *dynamodb.Client)) {
	t.Helper()
	for _, e := range DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) { test(t, e.Client()) })
	}
}

// EnvRealAlone, if it is "1", leaves dynamotest out where there are real engines: for a
// run beside another that has it alone.
const EnvRealAlone = "CROSSFADE_REAL_ENGINES_ALONE"

// DynamoDBEngines returns all engines that are named or found, and dynamotest
// as the last one: what passes on both shows that it is fit to stand alone where
// there is no other.
func DynamoDBEngines(t testing.TB) []*engine.DynamoDB {
	t.Helper()
	engines, err := found.StartDynamoDB()
	if err != nil && (!errors.Is(err, engine.ErrNotFound) || found.Required()) {
		found.Missing(t, err)
	}
	if len(engines) > 0 && os.Getenv(EnvRealAlone) == "1" {
		return engines
	}
	own, err := dynamoTest()
	if err != nil {
		t.Fatal(err)
	}
	return append(slices.Clip(engines), own)
}

// Prefix returns the beginning of a name that no other test has, also none of
// another process: 12 to 30 lower case letters, digits and "_", with a "_" at
// the end. It is fit for table names of both stores.
func Prefix(t testing.TB) string { return found.Prefix(t) }
