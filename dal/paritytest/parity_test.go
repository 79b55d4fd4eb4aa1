package paritytest_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// TestEqualServicesPass: a service that answers alike passes, through every step.
func TestEqualServicesPass(t *testing.T) {
	paritytest.HTTP(t, open, requests(), nil)
}

// TestFilledInPhase: so does one whose rows were all written in the phase, where they
// are when the first request comes.
func TestFilledInPhase(t *testing.T) {
	var mu sync.Mutex
	filled := map[dal.Phase]int{}
	paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
		w := emptyWorld(t)
		s := serve(w, nil)
		s.Fill = func(t testing.TB) {
			w.fill(t)
			mu.Lock()
			defer mu.Unlock()
			filled[w.phase()]++
		}
		return s
	}, requests(), nil)
	// The reference, each phase once, and a walk from each step's beginning.
	require.Equal(t, map[dal.Phase]int{1: 3, 2: 3, 3: 3, 4: 3, 5: 2}, filled)
}

// TestRepository: so does a repository, with a history that somebody draws.
func TestRepository(t *testing.T) {
	paritytest.Repository(t, func(t testing.TB) paritytest.Service[*dal.Repository[User]] {
		w := newWorld(t)
		return paritytest.Service[*dal.Repository[User]]{API: w.users, Controller: w.ctl}
	}, userRecords(), nil)
}

func userRecords() paritytest.Records[User] {
	name := func(r *rand.Rand) *string {
		names := []string{"null", "Ä", "ä", "a\x00b", "😀", " blank "}
		if n := r.IntN(len(names) + 1); n < len(names) {
			return &names[n]
		}
		return nil
	}
	return paritytest.Records[User]{
		New:     func(r *rand.Rand) User { return User{ID: 1 + r.Int64N(5), Email: name(r)} },
		Key:     func(users *dal.Repository[User], u User) dal.Key { return users.Key(u.ID) },
		Change:  func(r *rand.Rand, u *User) { u.Email = name(r) },
		Queries: []dal.Query{dal.Index("EmailIndex").Equal("Ä"), dal.Index("EmailIndex").Equal("null")},
		Steps:   16,
	}
}

// A defect is a service that differs on purpose, and what is said of it.
type defect struct {
	between func(w *world, next http.Handler) http.Handler
	request paritytest.Request // beside requests
	open    func(t testing.TB) paritytest.Service[http.Handler]
	opts    paritytest.Options // without Phases: phase 4 alone
	walk    bool               // every phase, and the steps
	play    func(t *testing.T) // instead of all these
	says    []string
}

func defects() map[string]defect {
	// changed rewrites answers in phases 4 and 5.
	changed := func(change func(*httptest.ResponseRecorder)) func(w *world, next http.Handler) http.Handler {
		return func(world *world, next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				next.ServeHTTP(rec, r)
				if world.phase() >= dal.DynamoDBPrimary {
					change(rec)
				}
				for name, values := range rec.Header() {
					w.Header()[name] = values
				}
				w.WriteHeader(rec.Code)
				_, _ = w.Write(rec.Body.Bytes())
			})
		}
	}
	replace := func(old, now string) func(*httptest.ResponseRecorder) {
		return func(rec *httptest.ResponseRecorder) {
			body := strings.Replace(rec.Body.String(), old, now, 1)
			rec.Body = bytes.NewBufferString(body)
		}
	}
	var n int
	return map[string]defect{
		"status": {between: changed(func(rec *httptest.ResponseRecorder) { rec.Code = 500 }),
			says: []string{"phase 4, operation 1, GET /users/1: answers 500", "and in phase 1 200 OK"}},
		"header": {between: changed(func(rec *httptest.ResponseRecorder) { rec.Header().Set("Content-Type", "text/plain") }),
			says: []string{"phase 4, operation 1", "Content-Type: text/plain", "Content-Type: application/json"}},
		"value": {between: changed(replace(`"username":"dora"`, `"username":"Dora"`)),
			says: []string{`phase 4, operation 2, POST /users: $.data.username is "Dora", and in phase 1 "dora"`}},
		"number in another form": {between: changed(replace(`"id":1`, `"id":1.0`)), says: []string{"$.data.id is 1.0, and in phase 1 1"}},
		"missing":                {between: changed(replace(`"email":null,`, ``)), says: []string{"$.data.email is missing, and in phase 1 null"}},
		"too much":               {between: changed(replace(`{"data"`, `{"more":1,"data"`)), says: []string{"$.more is 1, and missing in phase 1"}},
		"white space":            {between: changed(replace(`{"data"`, `{ "data"`)), says: []string{"the same values in other bytes"}},
		"no JSON":                {between: changed(replace(`{"data"`, `data`)), says: []string{"the body is"}},
		"a list's element": {between: changed(replace(`[{"id":3`, `[{"id":7`)),
			says: []string{"operation 5, GET /users?username=dora: $.data[0].id is 7, and in phase 1 3"}},
		"what varies without being named": {between: func(_ *world, next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n++
				fmt.Fprintf(w, `{"data": {"id": 3}, "at": %d}`, n)
			})
		}, opts: paritytest.Options{Phases: []dal.Phase{dal.MySQLOnly}}, says: []string{"phase 1, operation 1", "$.at is"}},
		"nothing to save": {request: paritytest.Request{Path: "/users/1", Save: map[string]string{"x": "$.data.other"}},
			says: []string{"nothing at $.data.other to save as x"}},
		"beside a step": {between: func(world *world, next http.Handler) http.Handler {
			last := world.phase()
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if now := world.phase(); now < last { // a step back, since the last request
					w.WriteHeader(http.StatusServiceUnavailable)
				} else {
					last = now
					next.ServeHTTP(w, r)
				}
			})
		}, walk: true, says: []string{"beside the step from phase", "answers 503"}},
		"hangs": {between: changed(func(*httptest.ResponseRecorder) { select {} }), opts: paritytest.Options{Timeout: 50 * time.Millisecond},
			says: []string{"phase 4, operation 1, GET /users/1", "no answer within 50ms"}},
		"panics": {between: changed(func(*httptest.ResponseRecorder) { panic("broken") }),
			says: []string{"phase 4, operation 1, GET /users/1", "panic: broken"}},
		"written in the phase": {open: func(t testing.TB) paritytest.Service[http.Handler] {
			w := emptyWorld(t)
			s := serve(w, nil)
			s.Fill = func(t testing.TB) {
				w.fill(t)
				if w.phase() == dal.DynamoDBPrimary { // what it makes of a record that it writes itself
					require.NoError(t, w.users.Update(t.Context(), w.users.Key(1), func(u *User) error { u.Email = u.Username; return nil }))
				}
			}
			return s
		}, says: []string{`phase 4, operation 1, GET /users/1: $.data.email is "user-1", and in phase 1 null`}},
		"stores that differ": {open: func(t testing.TB) paritytest.Service[http.Handler] {
			w := newWorld(t)
			return serve(w, func(w *world, next http.Handler) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					next.ServeHTTP(rw, r)
					if r.Method == http.MethodPut && w.phase() == dal.DualWrite {
						w.tamper()
					}
				})
			})
		}, opts: paritytest.Options{Phases: []dal.Phase{dal.DualWrite}}, says: []string{"phase_2", "verify: 1 of 2 keys of Users differ; Users:", " in email"}},
	}
}

// allDefects are defects with playedDefects.
func allDefects() map[string]defect {
	all := defects()
	maps.Copy(all, playedDefects())
	return all
}

// tamper changes a record in the follower alone, at the version it has.
func (w *world) tamper() {
	ctx, e := context.Background(), w.ctl.Router().Contract().Entity("Users")
	for _, id := range []int64{3} {
		key, _ := e.KeyOf(id)
		row, err := w.dynamo.Get(ctx, store.At{Captured: true}, key)
		if err != nil || !row.Live {
			continue
		}
		v, _ := e.Columns[e.ColumnIndex("email")].Value("other@example.com")
		row.Record.SetAt(e.ColumnIndex("email"), v)
		row.Version++
		_, _ = w.dynamo.Put(ctx, store.At{}, row)
	}
}

// defectEnv names the defect that TestMain's child plays.
const defectEnv = "PARITYTEST_DEFECT"

// TestDefect plays one defect, and fails: TestDifferencesAreFound runs it in a
// process of its own, since a test can't watch another one fail.
func TestDefect(t *testing.T) {
	name := os.Getenv(defectEnv)
	if name == "" {
		t.Skip("it is played by TestDifferencesAreFound")
	}
	d := allDefects()[name]
	if d.play != nil {
		d.play(t)
		return
	}
	opening := d.open
	if opening == nil {
		opening = func(t testing.TB) paritytest.Service[http.Handler] { return serve(newWorld(t), d.between) }
	}
	list := requests()
	if d.request.Path != "" {
		list = append(list, d.request)
	}
	if d.opts.Phases == nil && !d.walk {
		d.opts.Phases = []dal.Phase{dal.DynamoDBPrimary}
	}
	paritytest.HTTP(t, opening, list, &d.opts)
}

// TestDifferencesAreFound: each service that differs on purpose fails the test, and
// the report says where.
func TestDifferencesAreFound(t *testing.T) {
	for name, d := range allDefects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDefect$", "-test.v")
			cmd.Env = append(os.Environ(), defectEnv+"="+name)
			out, err := cmd.CombinedOutput()
			require.Error(t, err, "it passed: %s", out)
			for _, part := range d.says {
				require.Contains(t, string(out), part)
			}
			if name != "panics" {
				require.NotContains(t, string(out), "panic:")
			}
		})
	}
}
