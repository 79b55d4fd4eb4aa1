package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/mysqlstore"
)

// A DSN that can't be is told by its form, and never shown: it holds a password.
func TestOpenDBWithBadDSN(t *testing.T) {
	for _, dsn := range []string{"", "nonsense", "u:hunter2@tcp(127.0.0.1:3306)", "u:hunter2@tcp(127.0.0.1:3306)/",
		"u:hunter2@tcp(127.0.0.1/db", "u:hunter2@tcp(127.0.0.1:3306)/db?parseTime=perhaps", "u:hunter2@tcp(127.0.0.1:3306)/db?loc=Nowhere%2FLand"} {
		_, err := mysqlstore.OpenDB(dsn)
		require.ErrorContains(t, err, "user:password@tcp(host:3306)/database", dsn)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// The advice reaches the session, and what the DSN says itself stays.
func TestOpenDBAdvice(t *testing.T) {
	f := newFixture(t, setting{})
	bare := withoutZone(f.dsn)
	session := func(params string) (zone, charset string) {
		require.NoError(t, openDB(t, bare+params).QueryRow("SELECT @@session.time_zone, @@session.character_set_client").Scan(&zone, &charset))
		return zone, charset
	}
	zone, charset := session("")
	require.Equal(t, "+00:00", zone)
	require.Equal(t, "utf8mb4", charset)
	zone, charset = session("time_zone=%27%2B02%3A00%27&charset=latin1")
	require.Equal(t, "+02:00", zone)
	require.Equal(t, "latin1", charset)
}
