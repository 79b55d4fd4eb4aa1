package memmysql

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKinds(t *testing.T) {
	for text, want := range map[string]kind{
		"":                                        plain,
		"SET NAMES utf8mb4":                       plain,
		"SELECT @@version":                        plain,
		"/* from */ SELECT 'from t'":              plain,
		"SELECT SLEEP(1)":                         plain,
		"select * from t":                         read,
		"(SELECT 1 FROM t) UNION ALL (SELECT 2)":  read,
		"WITH x AS (SELECT * FROM t) SELECT 1":    read,
		"SHOW TABLES":                             read,
		"SET @x = (SELECT MAX(i) FROM t)":         read,
		"SELECT * FROM t FOR UPDATE":              write,
		"SELECT * FROM t\nLOCK IN SHARE MODE":     write,
		"SELECT 'FOR UPDATE' FROM t":              read,
		"SELECT `for`, `update` FROM t":           read,
		"SELECT * FROM t -- FOR UPDATE":           read,
		"SELECT 'it''s \\' FOR UPDATE' FROM t":    read,
		"INSERT INTO t VALUES (1); SELECT 1":      write,
		"SELECT 1 FROM t; UPDATE t SET i = 1":     read,
		"WITH x AS (SELECT 1) UPDATE t SET i = 1": write,
		"SAVEPOINT a":                             write,
		"ROLLBACK TO a":                           plain,
		"ROLLBACK":                                rollback,
		"CREATE TABLE t (i INT)":                  define,
		"begin":                                   begin,
		"COMMIT":                                  commit,
		"something new":                           write,
	} {
		require.Equal(t, want, parseStatement(text).kind, text)
	}
}

func TestWhatTheGrammarHasNot(t *testing.T) {
	s := parseStatement("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
	require.Equal(t, "START TRANSACTION READ ONLY", s.text)
	require.True(t, s.snapshot)
	s = parseStatement("SELECT * FROM t FOR UPDATE NOWAIT")
	require.Equal(t, "SELECT * FROM t FOR UPDATE ", s.text)
	require.True(t, s.nowait)
	require.Equal(t, uint32(12), parseStatement("KILL QUERY 12").kills)
	require.True(t, parseStatement("SET autocommit=1").autocommits)
	require.False(t, parseStatement("SET autocommit=0").autocommits)
}
