package mysqlstore

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The promises rest on row locks that hold for every writer.
func TestServersThatVoidThePromises(t *testing.T) {
	for name, c := range map[string]struct {
		vars map[string]string
		want string
	}{
		"MariaDB":        {map[string]string{"version": "10.11.6-MariaDB", "wsrep_on": "OFF"}, ""},
		"MySQL":          {map[string]string{"version": "8.0.36", "version_comment": "MySQL Community Server - GPL"}, ""},
		"single primary": {map[string]string{"version": "8.0.36", "group_replication_group_name": "x", "group_replication_single_primary_mode": "ON"}, ""},
		"no group":       {map[string]string{"version": "8.0.36", "group_replication_group_name": "", "group_replication_single_primary_mode": "OFF"}, ""},
		"Galera":         {map[string]string{"version": "10.11.6-MariaDB", "wsrep_on": "ON"}, "Galera"},
		"multi-primary":  {map[string]string{"version": "8.0.36", "group_replication_group_name": "x", "group_replication_single_primary_mode": "OFF"}, "several primaries"},
		"TiDB":           {map[string]string{"version": "8.0.11-TiDB-v7.5.0"}, "TiDB"},
		"Vitess":         {map[string]string{"version": "8.0.30-Vitess"}, "Vitess"},
	} {
		t.Run(name, func(t *testing.T) {
			got := voided(c.vars)
			if c.want == "" {
				require.Empty(t, got)
			} else {
				require.Contains(t, got, c.want)
			}
		})
	}
}

// A 1062 says the index in a message whose wording depends on version and
// language, and whose value may say anything.
func TestDuplicateIndex(t *testing.T) {
	for message, want := range map[string]string{
		"Duplicate entry 'alice' for key 'username'":         "username",
		"Duplicate entry 'alice' for key 'users.username'":   "username",
		"Duplicate entry '7' for key 'PRIMARY'":              primary,
		"Duplicate entry 'x' for key 'fake'' for key 'real'": "real",
		"Doppelter Eintrag 'alice' für Schlüssel 'username'": "username",
		"'alice' は索引 'username' で重複しています。":                   "username",
		"something else": "",
	} {
		require.Equal(t, want, duplicateIndex(serverError(erDupEntry, message)), message)
	}
	require.Empty(t, duplicateIndex(errAgain))
}
