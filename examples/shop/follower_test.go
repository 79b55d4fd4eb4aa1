package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// A listener is a hook that remembers what it was told of.
type listener struct {
	mu         sync.Mutex
	mismatches []dal.MismatchEvent
	fallbacks  []dal.FallbackEvent
}

func (l *listener) OnMismatch(e dal.MismatchEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mismatches = append(l.mismatches, e)
}

func (l *listener) OnFallback(e dal.FallbackEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fallbacks = append(l.fallbacks, e)
}

func (l *listener) mismatched() []dal.MismatchEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.mismatches)
}

func (l *listener) fellBack() []dal.FallbackEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.fallbacks)
}

// A followed shop is one in a phase that has both stores, whose DynamoDB does what a
// test wants.
type followed struct {
	t      *testing.T
	srv    *dynamotest.Server
	site   *local.Site
	told   *listener
	tokens map[string]string
	paritytest.Service[http.Handler]
}

func newFollowed(t *testing.T, phase dal.Phase) followed {
	f := followed{t: t, srv: dynamotest.Start(t), told: &listener{}, tokens: map[string]string{}}
	dynamo, err := engine.StartDynamoDB(t.Context(), engine.Options{DynamoDB: f.srv.URL})
	require.NoError(t, err)
	fill := func(t testing.TB, s *shop) {
		stocked(t, s)
		for id, name := range map[int64]string{1: "Sam_Sells", 2: "bob", 3: "cy_", 4: "ada"} {
			token, err := s.token(User{ID: id})
			require.NoError(t, err)
			f.tokens[name] = token
		}
	}
	f.site, f.Service = newTestSite(t, &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: dynamo}, fill, f.told)
	t.Cleanup(f.srv.ClearFaults) // before the shop is cleared away
	paritytest.Go(t, f.Controller, phase)
	return f
}

// send returns the status and the body of an answer.
func (f followed) send(who, method, path, body string) (int, string) {
	r := httptest.NewRequestWithContext(f.t.Context(), method, path, strings.NewReader(body))
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+f.tokens[who])
	}
	w := httptest.NewRecorder()
	f.API.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// catalogue are the paths for those who look around.
var catalogue = []string{"/api/products", "/api/products/search?q=cafe", "/api/products/category/3", "/api/products/1", "/api/products/999",
	"/api/categories", "/api/categories/flat", "/api/categories/roots", "/api/categories/2", "/api/categories/2/path",
	"/api/categories/1/children", "/api/categories/search?q=E"}

// ownPaths are those that show a user what is the user's.
var ownPaths = []string{"/api/auth/profile", "/api/cart", "/api/cart/summary", "/api/orders", "/api/orders/1", "/api/orders/user/summary",
	"/api/orders/user/recent", "/api/orders/user/search?q=a"}

// reads returns what every path answers.
func (f followed) reads() []string {
	var answers []string
	for _, path := range slices.Concat(catalogue, ownPaths) {
		status, body := f.send("cy_", "GET", path, "")
		answers = append(answers, fmt.Sprint(path, ": ", status, " ", body))
	}
	return answers
}

// writes has somebody buy something, and returns the statuses.
func (f followed) writes() []int {
	var all []int
	for _, r := range [][3]string{{"POST", "/api/cart/items", `{"productId":1,"quantity":2}`}, {"PUT", "/api/cart/items/1", `{"quantity":1}`},
		{"POST", "/api/orders/checkout", byPaypal}, {"PUT", "/api/auth/profile", `{"last_name":"B"}`}} {
		status, _ := f.send("bob", r[0], r[1], r[2])
		all = append(all, status)
	}
	return all
}

var written = []int{http.StatusCreated, http.StatusOK, http.StatusCreated, http.StatusOK}

const soon, often = 20 * time.Second, 20 * time.Millisecond

// TestScenario35: while DynamoDB is only compared, whatever it does changes no answer,
// and none waits for it: where it never answers at all, everybody else has been answered
// before it is let go.
func TestScenario35(t *testing.T) {
	for name, fault := range map[string]dynamotest.Rule{
		"never answers": dynamotest.OnAny().Hang(), "fails": dynamotest.OnAny().InternalError(), "is cut off": dynamotest.OnAny().Cut(),
		"refuses": dynamotest.OnAny().Throttle(dynamotest.AccountLimit),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFollowed(t, dal.Validate)
			expected := f.reads()
			befell := f.srv.Fault(fault)
			require.Equal(t, expected, f.reads())
			require.Equal(t, written, f.writes())
			require.Eventually(t, func() bool { return befell.Hits() > 0 }, soon, often, "it was asked, and nobody knows what it said")
			f.srv.ClearFaults()
			_, err := f.Controller.Drain(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, f.told.mismatched(), "no answer is no other answer")
		})
	}
}

// TestScenario35Equal: of equal stores every read is compared, beside writes too, and
// none differs.
func TestScenario35Equal(t *testing.T) {
	f := newFollowed(t, dal.Validate)
	f.reads()
	require.Equal(t, written, f.writes())
	f.reads()
	require.Eventually(t, func() bool { s := f.Controller.Stats(); return s.Compared >= 100 }, soon, often)
	require.Empty(t, f.told.mismatched())
	require.Zero(t, f.Controller.Stats().Mismatches)
}

// TestScenario35Different: MySQL's answer is given, and what DynamoDB has instead is
// counted and told by entity, key and attribute, and by no value.
func TestScenario35Different(t *testing.T) {
	f := newFollowed(t, dal.Validate)
	for _, behind := range []string{ // nobody tells DynamoDB of it
		"UPDATE users SET email = 'moved@example.com' WHERE id = 3",
		"UPDATE products SET name = 'Téléphone bleu' WHERE id = 1",
	} {
		_, err := f.site.DB.ExecContext(t.Context(), behind)
		require.NoError(t, err)
	}
	status, profile := f.send("cy_", "GET", "/api/auth/profile", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, profile, "moved@example.com")
	_, product := f.send("", "GET", "/api/products/1", "")
	require.Contains(t, product, "Téléphone bleu")
	require.Eventually(t, func() bool { return len(f.told.mismatched()) >= 2 }, soon, often)
	found := map[string][]string{}
	for _, e := range f.told.mismatched() {
		found[e.Comparison.Key.Entity] = e.Comparison.Columns
		for _, secret := range []string{"example.com", "cy_", "phone"} {
			require.NotContains(t, fmt.Sprintf("%v %+v", e, e.Comparison.Columns), secret)
		}
	}
	require.Equal(t, map[string][]string{"USER": {"email"}, "Products": {"name"}}, found)
	require.GreaterOrEqual(t, f.Controller.Stats().Mismatches, int64(2))
}

// TestScenario36: while DynamoDB leads and fails, MySQL answers who looks around, and
// that is counted. What is a user's own, and what is decided, waits for DynamoDB.
func TestScenario36(t *testing.T) {
	f := newFollowed(t, dal.DynamoDBPrimary)
	require.Equal(t, written, f.writes())
	_, err := f.Controller.Drain(t.Context(), nil)
	require.NoError(t, err)
	expected := f.reads()
	require.Empty(t, f.told.fellBack())

	for _, table := range []string{"Users", "Products", "Categories"} {
		f.srv.Fault(dynamotest.OnTable(f.site.Prefix + table).InternalError())
	}
	failing := f.reads()
	require.Equal(t, expected[:len(catalogue)], failing[:len(catalogue)])
	for _, answer := range failing[len(catalogue):] {
		require.Contains(t, answer, ": 503 ")
		require.Contains(t, answer, `"type":"SERVICE_UNAVAILABLE"`)
	}
	status, _ := f.send("bob", "POST", "/api/cart/items", `{"productId":1,"quantity":2}`)
	require.Equal(t, http.StatusServiceUnavailable, status)
	entities := map[string]int{}
	for _, e := range f.told.fellBack() {
		entities[e.Entity]++
		require.ErrorIs(t, e.Cause, dal.ErrUnavailable)
	}
	require.NotZero(t, entities["Products"])
	require.NotZero(t, entities["CATEGORY"])
	require.NotZero(t, entities["USER"], "the sellers of products")
	require.EqualValues(t, len(f.told.fellBack()), f.Controller.Stats().Fallbacks)

	f.srv.ClearFaults()
	require.Eventually(t, func() bool { return slices.Equal(expected, f.reads()) }, soon, often)
}
