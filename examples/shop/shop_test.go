package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(placeEnv); path != "" {
		fmt.Fprintln(os.Stderr, "shop:", serveChild(path))
		os.Exit(1)
	}
	enginetest.Main(m)
}

// realEngines returns every DynamoDB that is named or found, DynamoDB Local first, or
// dynamotest if none is.
func realEngines(t testing.TB) []*engine.DynamoDB {
	all := enginetest.DynamoDBEngines(t)
	engines := slices.DeleteFunc(slices.Clone(all), (*engine.DynamoDB).IsSubstitute)
	if len(engines) == 0 {
		return all
	}
	slices.SortStableFunc(engines, func(a, b *engine.DynamoDB) int { return cmp.Compare(speed(a), speed(b)) })
	return engines
}

// speed says of two engines which is quicker: DynamoDB Local is the slow one.
func speed(e *engine.DynamoDB) int {
	if e.Kind() == "DynamoDB Local" {
		return 0
	}
	return 1
}

// quickEngine returns the DynamoDB of the tests that ask much of it.
func quickEngine(t testing.TB) *engine.DynamoDB {
	engines := realEngines(t)
	return engines[len(engines)-1]
}

// onEachEngine runs a test on each of realEngines.
func onEachEngine(t *testing.T, test func(t *testing.T, e *local.Engines)) {
	for _, e := range realEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) { test(t, &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: e}) })
	}
}

// opening is the time at which every shop of the tests is open: records that are made
// one after the other are of one second, and only their ids tell them apart.
var opening = time.Date(2025, 8, 15, 9, 0, 0, 0, time.UTC)

// newTestShop opens a shop on stores of its own and fills it.
func newTestShop(t testing.TB, e *local.Engines, fill func(testing.TB, *shop)) paritytest.Service[http.Handler] {
	t.Helper()
	_, service := newTestSite(t, e, fill)
	return service
}

// newTestSite is newTestShop, with the stores; hooks are told of what happens.
func newTestSite(t testing.TB, e *local.Engines, fill func(testing.TB, *shop), hooks ...dal.Hook) (*local.Site, paritytest.Service[http.Handler]) {
	t.Helper()
	site, ctl, err := open(t.Context(), e, hooks...)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, local.Shut(ctl))
		site.DB.SetMaxIdleConns(0) // those that a test cut off are an error to close
		require.NoError(t, site.Clear())
	})
	s, err := newShop(ctl, []byte(testSecret), bcrypt.MinCost)
	require.NoError(t, err)
	s.now = func() time.Time { return opening }
	fill(t, s)
	return site, paritytest.Service[http.Handler]{API: newServer(s), Controller: ctl}
}

// patterns are the ways to ask, by number.
var patterns = [48]string{
	"POST /api/auth/register", "POST /api/auth/login", "GET /api/auth/profile", "PUT /api/auth/profile",
	"POST /api/auth/upgrade-seller", "POST /api/auth/logout", "GET /api/auth/verify",
	"GET /api/products", "GET /api/products/search", "GET /api/products/category/{id}", "GET /api/products/{id}",
	"POST /api/products", "PUT /api/products/{id}", "DELETE /api/products/{id}", "GET /api/products/seller/my-products",
	"PUT /api/products/{id}/inventory", "GET /api/products/seller/stats", "POST /api/products/upload-image",
	"GET /api/categories/search", "GET /api/categories/flat", "GET /api/categories/roots", "GET /api/categories/{id}/children",
	"GET /api/categories/{id}/path", "GET /api/categories/{id}", "GET /api/categories", "POST /api/categories",
	"PUT /api/categories/{id}", "DELETE /api/categories/{id}",
	"POST /api/orders/checkout", "GET /api/orders", "GET /api/orders/{id}", "PUT /api/orders/{id}/cancel",
	"GET /api/orders/user/summary", "PUT /api/orders/{id}/status", "GET /api/orders/user/recent",
	"GET /api/orders/user/search", "GET /api/orders/checkout/validate",
	"GET /api/cart", "POST /api/cart/items", "PUT /api/cart/items/{productId}", "DELETE /api/cart/items/{productId}",
	"DELETE /api/cart", "GET /api/cart/summary", "GET /api/cart/validate",
	"POST /api/seller/upgrade", "GET /api/seller/profile", "GET /api/seller/dashboard", "PUT /api/seller/profile",
}

// A tally counts by pattern what was answered with what was asked for.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

// of counts what a service answers.
func (c *tally) of(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &noted{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		if answer.status >= 300 {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.counts == nil {
			c.counts = map[string]int{}
		}
		c.counts[r.Pattern]++
	})
}

// every fails the test of a pattern that was not answered.
func (c *tally) every(t *testing.T) {
	for n, pattern := range patterns {
		require.NotZero(t, c.counts[pattern], "pattern %d, %s", n+1, pattern)
	}
}

// A noted answer's status is known.
type noted struct {
	http.ResponseWriter
	status int
}

func (n *noted) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// everyPhase is where answers are compared, without the steps between them.
var everyPhase = []dal.Phase{dal.MySQLOnly, dal.DualWrite, dal.Validate, dal.DynamoDBPrimary, dal.DynamoDBOnly}

// TestParity: all 48 patterns, and what they refuse, have the same answer in every
// phase, of records that the backfill brought over and that the requests before have
// written. A pattern that no request asks for, or that refuses all of them, fails the
// test. What is asked of lists, searches and what was renamed, TestScenario22EmailChanges
// and those below it compare alike.
func TestParity(t *testing.T) {
	for _, e := range enginetest.DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) {
			answered := &tally{}
			t.Run("users and products", func(t *testing.T) {
				compare(t, e, answered, shelved, keepingRequests(), &paritytest.Options{Phases: everyPhase})
			})
			t.Run("carts and orders", func(t *testing.T) {
				compare(t, e, answered, stocked, buyingRequests(), &paritytest.Options{Phases: everyPhase})
			})
			answered.every(t)
		})
	}
}

// TestParityFresh: the same, of a shop that was empty when it came to the phase: every
// record was written there. Phase 1 is what the others are compared with.
func TestParityFresh(t *testing.T) {
	for _, e := range realEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) {
			answered := &tally{}
			t.Run("users and products", func(t *testing.T) {
				compareFresh(t, e, answered, shelved, shelfRequests(), &paritytest.Options{Phases: everyPhase[1:]})
			})
			t.Run("carts and orders", func(t *testing.T) {
				compareFresh(t, e, answered, stocked, marketRequests(), &paritytest.Options{Phases: everyPhase[1:]})
			})
			answered.every(t)
		})
	}
}

// TestParityBesideSteps: each of the 48 patterns has the same answer beside every step
// from one phase to the next. The ids of what is created beside one are new and
// otherwise free: whoever assigns them after a step leaves some out. The walks take a
// minute on the quick engine, half as long again on DynamoDB Local, and several minutes
// there beside other tests. On that TestParity compares what is answered between steps, and
// TestScenarios13To15BesideSteps looks at what many do beside them.
func TestParityBesideSteps(t *testing.T) {
	ids := []string{"$..id", "$..userId", "$..productId", "$..seller_id", "$..category_id"}
	answered := &tally{}
	compare(t, quickEngine(t), answered, stocked, walkRequests(), &paritytest.Options{Varies: ids})
	answered.every(t)
}

// compare sends requests to shops that are filled alike.
func compare(t *testing.T, e *engine.DynamoDB, answered *tally, fill func(testing.TB, *shop), requests []paritytest.Request, o *paritytest.Options) {
	engines := &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: e}
	paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
		service := newTestShop(t, engines, fill)
		service.API = answered.of(service.API)
		return service
	}, requests, o)
}

// compareFresh sends requests to shops that are filled alike, each in its phase.
func compareFresh(t *testing.T, e *engine.DynamoDB, answered *tally, fill func(testing.TB, *shop), requests []paritytest.Request, o *paritytest.Options) {
	engines := &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: e}
	paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
		var s *shop
		service := newTestShop(t, engines, func(_ testing.TB, made *shop) { s = made })
		service.API = answered.of(service.API)
		service.Fill = func(t testing.TB) { fill(t, s) }
		return service
	}, requests, o)
}

// TestContract: nothing in the contract has to wait, and every column of every table
// comes back from an item. The check says two things. Lines of carts and orders
// would move if they changed hands or the time at which they were made, which no
// request does: they are in their user's partition so that a list shows what was just
// written. And what goes with a user or a product may be too much for one transaction.
func TestContract(t *testing.T) {
	c, err := transform.Load(contractJSON)
	require.NoError(t, err)
	for _, w := range c.Warnings {
		require.Regexp(t, "^(the item's key (of entity (CART|ORDER) depends on column (user_id|product_id|created_at), which is not of the primary key|"+
			`has \[id\] not in it, but other columns that are unique)|a delete from (USER|Products|CATEGORY) takes along what refers to it by .* is staged there)`, w.Reason)
	}
	require.Len(t, c.Warnings, 8)
	require.Empty(t, c.NotYet)
	for _, e := range c.Entities {
		require.Empty(t, e.Lost(), e.Name)
	}
}

// TestKnowsNoStore: nothing of the service knows what keeps its records, or when.
func TestKnowsNoStore(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	known := regexp.MustCompile(`(?i)mysql|mariadb|dynamo|phase|sqlx|aws`)
	seen := 0
	for _, file := range files {
		if file == "main.go" || strings.HasPrefix(file, "demo") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Empty(t, known.FindString(string(text)), file)
		seen++
	}
	require.Greater(t, seen, 15)
}

// TestSettings: what the command does not understand it refuses before it starts
// anything.
func TestSettings(t *testing.T) {
	for _, args := range [][]string{{"demo"}, {"--demo", "now"}, {"--walk", "-1s"}, {"--walk", "often"}, {"--phase", "2"}} {
		out := &strings.Builder{}
		require.Error(t, run(t.Context(), args, out), args)
		require.Empty(t, out.String(), args)
	}
	o, err := settings([]string{"--demo"})
	require.NoError(t, err)
	require.Equal(t, demoPause, o.walk)
	require.NotEmpty(t, o.secret)
}

// TestRun: the command serves, walks through the phases and clears up.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &watched{until: "1 again", then: stop}
	args := []string{"--listen", "127.0.0.1:0", "--walk", "1ms", "--dynamodb-endpoint", quickEngine(t).Endpoint()}
	if server := enginetest.MySQLServer(t); !server.IsSubstitute() {
		args = append(args, "--mysql", server.DSN(""))
	}
	require.NoError(t, run(ctx, args, out))
	for _, part := range []string{"serving at http://127.0.0.1:", "phase 4, DynamoDB leads", "phase 5", "phase 1 again"} {
		require.Contains(t, out.String(), part)
	}
}

// A watched output calls then once it has the text.
type watched struct {
	strings.Builder
	until string
	then  func()
}

func (w *watched) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.until) {
		w.then()
	}
	return w.Builder.Write(p)
}
