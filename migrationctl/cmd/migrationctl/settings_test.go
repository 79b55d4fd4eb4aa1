package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRedacted holds that no part of a DSN that may be secret is shown,
// whatever its form.
func TestRedacted(t *testing.T) {
	for _, dsn := range []string{
		"u:secret@tcp(h:1)/db", "u:se/cret@x@tcp(h:1)/db?tls=false&x=secret", "u:secret@unix(/run/s.sock)/db",
		"u:secret", "u:secret/db", "u:secret@/", "secret(h)/db", "mysql://u:secret@h:1/db", "u:secret@tcp(h:1/db",
		"u:secret@tcp(h:1)/db?parseTime=secret", "/db?tls=secret",
	} {
		cfg, err := parseDSN(dsn)
		if err != nil {
			require.NotContains(t, err.Error(), "secret", dsn)
			require.Contains(t, err.Error(), "DSN", dsn)
			require.Equal(t, exitSetup, exitCode(err))
			continue
		}
		require.NotContains(t, redacted(cfg), "cret", dsn)
	}
	cfg, err := parseDSN("u:p@tcp(h:1)/db?timeout=1s")
	require.NoError(t, err)
	require.Equal(t, "u@tcp(h:1)/db", redacted(cfg))
}

// TestFlagBeforeEnvironment holds the order of precedence.
func TestFlagBeforeEnvironment(t *testing.T) {
	c := &cli{env: environment{Getenv: func(name string) string { return " env " + name + " " }}}
	require.Equal(t, "env "+envMySQL, c.mysqlDSN())
	require.Equal(t, "env "+envDynamoDB, c.dynamoEndpoint())
	c.dsn, c.endpoint = "flag", "flag too"
	require.Equal(t, "flag", c.mysqlDSN())
	require.Equal(t, "flag too", c.dynamoEndpoint())
}
