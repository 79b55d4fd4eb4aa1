// Package found gives tests the engines that are named or found on the machine,
// and nothing in their place.
//
// Package enginetest builds on it and is what tests use. It imports dynamotest,
// though, so the tests inside of dynamotest can't, and they are the ones that
// compare it with real engines anyway.
package found

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

	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
)

// EnvRequire turns a missing engine from a skip into a failure, if it is "1".
const EnvRequire = "CROSSFADE_REQUIRE_ENGINES"

// StartTimeout is how long an engine may take to start. DynamoDB Local needs
// seconds of processor time, and tests of several packages start theirs at once.
const StartTimeout = 2 * time.Minute

// running is what the tests of this process have started. With the substitutes
// of enginetest it is the one variable of its kind: tests of a package share no
// other place.
var running struct {
	mysql  Lazy[*engine.MySQL]
	dynamo Lazy[[]*engine.DynamoDB]
}

// A Lazy value is made when it is first asked for, and only tried once.
type Lazy[T any] struct {
	mu    sync.Mutex
	tried bool
	value T
	err   error
}

// Get returns the value, or the error of making it.
func (l *Lazy[T]) Get(timeout time.Duration, start func(context.Context) (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.tried {
		ctx, cancel := context.WithTimeoutCause(context.Background(), timeout, fmt.Errorf("no answer within %v", timeout))
		defer cancel()
		l.tried = true
		l.value, l.err = start(ctx)
	}
	return l.value, l.err
}

// Made returns the value if it was made, else the zero value.
func (l *Lazy[T]) Made() T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value
}

// StartMySQL returns the server that is named or found. The error is
// engine.ErrNotFound if there is none.
func StartMySQL() (*engine.MySQL, error) {
	return running.mysql.Get(StartTimeout, func(ctx context.Context) (*engine.MySQL, error) {
		return engine.StartMySQL(ctx, engine.Options{})
	})
}

// StartDynamoDB returns all engines that are named or found. The error is
// engine.ErrNotFound if there is none.
func StartDynamoDB() ([]*engine.DynamoDB, error) {
	return running.dynamo.Get(StartTimeout, func(ctx context.Context) ([]*engine.DynamoDB, error) {
		return engine.StartEveryDynamoDB(ctx, engine.Options{})
	})
}

// DynamoDB returns all engines that are named or found, at least one. Without
// any the test is skipped, or fails where engines are required.
func DynamoDB(t testing.TB) []*engine.DynamoDB {
	t.Helper()
	engines, err := StartDynamoDB()
	if err != nil {
		Missing(t, err)
	}
	return engines
}

// Required says whether a missing engine is a failure.
func Required() bool { return os.Getenv(EnvRequire) == "1" }

// Missing skips or fails the test whose engine could not be had.
func Missing(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, engine.ErrNotFound) && !Required() {
		t.Skip(err)
	}
	t.Fatal(err)
}

// Main runs the tests of a package and then stops what they started. Goroutines
// that are left then fail the package. Without it, the engines are killed when the
// process ends.
func Main(m *testing.M) {
	code := m.Run()
	if err := Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "found:", err)
		code = max(code, 1)
	}
	os.Exit(leaks.Check(code))
}

// Used describes the engines that run because a test asked for them.
func Used() []string {
	var all []string
	if m := running.mysql.Made(); m != nil {
		all = append(all, m.Describe())
	}
	for _, d := range running.dynamo.Made() {
		all = append(all, d.Describe())
	}
	return all
}

// Stop closes all engines.
func Stop() error {
	var errs []error
	if m := running.mysql.Made(); m != nil {
		errs = append(errs, m.Close())
	}
	for _, d := range running.dynamo.Made() {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
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
