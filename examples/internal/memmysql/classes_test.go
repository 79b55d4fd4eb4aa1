package memmysql_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestClasses: what is looked for by a class of digits is found as a server finds it.
func TestClasses(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE t (i INT PRIMARY KEY, s VARCHAR(20) NULL)")
	must(t, db, "INSERT INTO t VALUES (1, ''), (2, '0123'), (3, 'x1'), (4, '١'), (5, NULL)")
	for condition, want := range map[string]int{
		"s REGEXP '[^0-9]'": 2, "s NOT REGEXP '[^0-9]'": 2, "s REGEXP '[0-9]'": 2, "s REGEXP '[2-3]'": 1,
		"(s REGEXP '[0-9]') IS NULL": 1, "s REGEXP '^[0-9]'": 1,
		"CONCAT(i, s) REGEXP '[3]'": 2,
	} {
		require.Equal(t, want, count(t, db, "SELECT COUNT(*) FROM t WHERE "+condition), condition)
	}
}
