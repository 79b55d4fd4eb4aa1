package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
)

// TestFailures: who can't be answered for now is told to come again, and when; what is a
// mistake of ours is told as that, and neither says what went wrong inside.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		kind   string
	}{
		"unavailable":       {&dal.Error{Op: "get", Kind: dal.ErrUnavailable, Detail: "secret"}, 503, "SERVICE_UNAVAILABLE"},
		"throttled":         {&dal.Error{Op: "get", Kind: dal.ErrThrottled, Detail: "secret"}, 503, "SERVICE_UNAVAILABLE"},
		"in another phase":  {&dal.Error{Op: "get", Kind: dal.ErrWrongPhase, Detail: "secret"}, 503, "SERVICE_UNAVAILABLE"},
		"pending":           {&dal.Error{Op: "get", Kind: dal.ErrPending, Detail: "secret"}, 503, "SERVICE_UNAVAILABLE"},
		"of somebody else":  {errors.New("secret"), 500, "INTERNAL_ERROR"},
		"others at it":      {&dal.Error{Op: "get", Kind: dal.ErrConflict}, 409, "CONFLICT"},
		"still referred to": {&dal.Error{Op: "delete", Kind: dal.ErrReferenced}, 409, "CONFLICT"},
		"without target":    {&dal.Error{Op: "create", Kind: dal.ErrNoTarget}, 409, "CONFLICT"},
		"too large":         {&dal.Error{Op: "create", Kind: dal.ErrTooLarge}, 400, "VALIDATION_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, _ := faultyMarket(t)
			w := httptest.NewRecorder()
			m.s.fail(w, httptest.NewRequest("GET", "/api/categories", nil), fmt.Errorf("while asking: %w", c.err))
			require.Equal(t, c.status, w.Code)
			require.Contains(t, w.Body.String(), `"type":"`+c.kind+`"`)
			require.NotContains(t, w.Body.String(), "secret")
			require.Equal(t, c.status == 503, w.Header().Get("Retry-After") == "1")
		})
	}
}

// TestFailuresOfAStore: the same over the repositories.
func TestFailuresOfAStore(t *testing.T) {
	m, _, faults := faultyMarket(t)
	for _, c := range []struct {
		err    error
		status int
	}{
		{&dal.Error{Op: "Query", Kind: dal.ErrUnavailable}, 503},
		{&dal.Error{Op: "Query", Kind: dal.ErrThrottled}, 503},
		{errors.New("a mistake"), 500},
	} {
		remove := faults.FailWith(faultstore.Method("Query"), c.err)
		status, _ := m.send(2, "GET", "/api/categories", "")
		remove()
		require.Equal(t, c.status, status, c.err)
	}
}

// TestGoneUserEverywhere: whatever needs a user is not for one who is gone.
func TestGoneUserEverywhere(t *testing.T) {
	m := newMarket(t)
	require.NoError(t, m.s.users.Delete(t.Context(), m.s.user(2)))
	refused := 0
	for n, pattern := range patterns {
		method, path, _ := strings.Cut(strings.NewReplacer("{id}", "1", "{productId}", "1").Replace(pattern), " ")
		w := httptest.NewRecorder()
		m.h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(`{}`)))
		status, _ := m.send(2, method, path, `{}`)
		if w.Code != http.StatusUnauthorized { // for everybody
			continue
		}
		require.Equal(t, http.StatusUnauthorized, status, "pattern %d, %s", n+1, pattern)
		refused++
	}
	require.Equal(t, 35, refused, "the others are for everybody")
}
