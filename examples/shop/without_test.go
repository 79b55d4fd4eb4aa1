package main

import (
	"database/sql"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestScenario37WithoutTheLibrary: all 48 patterns, and what they refuse, have in phase 1
// the answer that they have without the library, which is asked in the same words: status,
// headers and body are compared byte for byte, with the ids that the server assigned.
// The other service is the shop's HTTP layer and its rules over hand-written SQL (plain),
// with rows that are the same. What the two share says nothing here: how requests are
// read, how answers look, and that searches compare texts in Go. What this shows is what
// lies below: values and their forms, order, pages and sums, what is found by names in
// another case, what keys that are taken and foreign keys refuse, and what goes along with
// what is deleted. Idempotency keys are left out, which only the library makes possible.
func TestScenario37WithoutTheLibrary(t *testing.T) {
	engines := &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: quickEngine(t)}
	answered := &tally{}
	for _, part := range []struct {
		name     string
		fill     func(testing.TB, *shop)
		requests []paritytest.Request
	}{
		{"users and products", shelved, shelfRequests()},
		{"carts and orders", stocked, marketRequests()},
		{"a walk", stocked, walkRequests()},
	} {
		t.Run(part.name, func(t *testing.T) {
			site, service := newTestSite(t, engines, part.fill)
			without, with := newPlain(copied(t, site)), answered.of(service.API)
			saved := [2]map[string]string{{}, {}}
			for n, request := range part.requests {
				request.Header = maps.Clone(request.Header)
				delete(request.Header, "Idempotency-Key")
				_, want := sendSaved(t, without, request, saved[0])
				_, got := sendSaved(t, with, request, saved[1])
				require.Equal(t, told(want), told(got), "request %d, %s %s %s", n+1, request.Method, request.Path, request.Body)
			}
		})
	}
	answered.every(t)
}

// told returns all that a client is told, but for the number of a transaction.
func told(w *httptest.ResponseRecorder) [3]any {
	body := w.Body.String()
	if at := strings.Index(body, `"txn_`); at >= 0 {
		body = body[:at] + body[at+len(`"txn_00000000-0000-0000-0000-000000000000"`):]
	}
	return [3]any{w.Code, w.Header(), body}
}

// copied returns a database with the tables and the rows of a site, and nothing else.
func copied(t *testing.T, site *local.Site) *sql.DB {
	config, err := mysql.ParseDSN(enginetest.MySQL(t))
	require.NoError(t, err)
	config.ParseTime = true
	db, err := sql.Open("mysql", config.FormatDSN())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	from, err := mysql.ParseDSN(site.DSN)
	require.NoError(t, err)
	for _, create := range strings.SplitAfter(schema, ";\n") {
		if strings.TrimSpace(create) == "" {
			continue
		}
		table := strings.Fields(create)[2]
		_, err = db.ExecContext(t.Context(), create)
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), "INSERT INTO "+table+" SELECT * FROM `"+from.DBName+"`."+table+" ORDER BY id")
		require.NoError(t, err)
	}
	return db
}
