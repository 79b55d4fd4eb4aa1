package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// TestExitCode holds which errors are the set-up's and which the command's.
func TestExitCode(t *testing.T) {
	server := func(n uint16) error {
		return &store.Error{Op: "init", Kind: store.ErrInvalid, Cause: &mysql.MySQLError{Number: n}}
	}
	for _, c := range []struct {
		name string
		err  error
		code int
	}{
		{"refused", &migrationctl.RefusedError{Step: "phase 1 to 3"}, exitFound},
		{"refused, wrapped", fmt.Errorf("more: %w", &migrationctl.RefusedError{Step: "x"}), exitFound},
		{"findings", fmt.Errorf("c.json: %w", &transform.CheckError{}), exitFound},
		{"unavailable", &store.Error{Kind: store.ErrUnavailable}, exitSetup},
		{"throttled", &store.Error{Kind: store.ErrThrottled}, exitSetup},
		{"conflict", &store.Error{Kind: store.ErrConflict}, exitFound},
		{"access denied", server(1045), exitSetup},
		{"no privilege", server(1142), exitSetup},
		{"no such database", server(1049), exitSetup},
		{"no such table", server(1146), exitFound},
		{"anything else", errors.New("x"), exitFound},
	} {
		require.Equal(t, c.code, exitCode(c.err), c.name)
	}
}

// TestServiceRefusesAccount holds that what AWS says of an account is told with
// the mend and exits with 2, and that its message, which may quote anything, is
// not printed.
func TestServiceRefusesAccount(t *testing.T) {
	isolateAWS(t)
	for _, code := range []string{"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"} {
		aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"__type":"com.amazon.coral.service#%s","message":"secret"}`, code)
		}))
		defer aws.Close()
		got, stdout, stderr := call(t.Context(), environment{}, "tables", "plan",
			"--contract", "testdata/users_full.json", "--dynamodb-endpoint", aws.URL)
		require.Equal(t, exitSetup, got, stderr)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "credentials")
		require.NotContains(t, stderr, "secret")
	}
}
