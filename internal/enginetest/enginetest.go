package enginetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/crossfade-go/crossfade/internal/engine"
)

// EnvRequire turns a missing engine from a skip into a failure, if it is "1".
const EnvRequire = "CROSSFADE_REQUIRE_ENGINES"

// How long an engine may take to start. DynamoDB Local needs seconds of
// processor time, and tests of several packages start theirs at once.
const startTimeout = 2 * time.Minute

// running is what the tests of this process have started. It is the one
// variable of its kind: tests of a package share no other place.
var running environment

// An environment holds the engines that tests have asked for so far, and the
// errors of those that could not be had, so that each is tried once.
type environment struct {
	mysql  lazy[*engine.MySQL]
	dynamo lazy[[]*engine.DynamoDB]
}

// A lazy value is made when it is first asked for.
type lazy[T any] struct {
	mu    sync.Mutex
	tried bool
	value T
	err   error
}

func (l *lazy[T]) get(start func(context.Context, engine.Options) (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.tried {
		ctx, cancel := context.WithTimeoutCause(context.Background(), startTimeout,
			fmt.Errorf("no answer within %v", startTimeout))
		defer cancel()
		l.tried = true
		l.value, l.err = start(ctx, engine.Options{})
	}
	return l.value, l.err
}

// Main runs the tests of a package and then stops what they started. Without
// it, the engines are killed when the process ends.
func Main(m *testing.M) {
	code := m.Run()
	if err := running.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "enginetest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// stop closes all engines. Tests have ended, so nobody waits for the locks.
func (e *environment) stop() error {
	var errs []error
	if e.mysql.value != nil {
		errs = append(errs, e.mysql.value.Close())
	}
	for _, d := range e.dynamo.value {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// missing skips or fails the test whose engine could not be had.
func missing(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, engine.ErrNotFound) && os.Getenv(EnvRequire) != "1" {
		t.Skip(err)
	}
	t.Fatal(err)
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
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		if err := server.DropDatabase(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return dsn
}

// MySQLServer returns the server itself, for tests that need more than one
// database of it or its description.
func MySQLServer(t testing.TB) *engine.MySQL {
	t.Helper()
	server, err := running.mysql.get(engine.StartMySQL)
	if err != nil {
		missing(t, err)
	}
	return server
}

// DynamoDB returns a client of the first engine that is named or found. The
// test names its tables with Prefix and deletes them.
func DynamoDB(t testing.TB) *dynamodb.Client {
	t.Helper()
	return DynamoDBEngines(t)[0].Client()
}

// EachDynamoDB runs a subtest on every engine that is named or found. The
// subtests have the names of the kinds, as in "dynoxide_1.2.1".
func EachDynamoDB(t *testing.T, test func(t *testing.T, client *dynamodb.Client)) {
	t.Helper()
	for _, e := range DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) { test(t, e.Client()) })
	}
}

// DynamoDBEngines returns all engines that are named or found, at least one.
func DynamoDBEngines(t testing.TB) []*engine.DynamoDB {
	t.Helper()
	engines, err := running.dynamo.get(engine.StartEveryDynamoDB)
	if err != nil {
		missing(t, err)
	}
	return engines
}

// Prefix returns the beginning of a name that no other test has, also none of
// another process: 12 to 30 lower case letters, digits and "_", with a "_" at
// the end. It is fit for table names of both stores.
func Prefix(t testing.TB) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		default:
			return '_'
		}
	}, strings.TrimPrefix(t.Name(), "Test"))
	return fmt.Sprintf("%.18s_%s_", name, strings.ToLower(rand.Text()[:10]))
}
