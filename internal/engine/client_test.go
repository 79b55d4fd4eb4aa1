package engine

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// playClient inserts numbers, one a transaction, and prints each once its
// commit is acknowledged, until it is killed.
func playClient(dsn string) {
	db, err := sql.Open("mysql", dsn)
	for n := 0; err == nil; n++ {
		if _, err = db.Exec("INSERT INTO number VALUES (?)", n); err == nil {
			_, err = fmt.Println(n)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestKilledClientLosesNothing(t *testing.T) {
	m := startMySQL(t)
	dsn, err := m.CreateDatabase(t.Context(), "numbers")
	require.NoError(t, err)
	db, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("CREATE TABLE number (n INT PRIMARY KEY)")
	require.NoError(t, err)

	client := self(t, "client", dsn)
	out, err := client.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, client.Start())
	lines := bufio.NewScanner(out)
	acknowledged := 0
	for lines.Scan() {
		if acknowledged++; acknowledged == 100 {
			require.NoError(t, client.Process.Kill())
		}
	}
	client.Wait()
	require.GreaterOrEqual(t, acknowledged, 100)
	var stored int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM number WHERE n < ?", acknowledged).Scan(&stored))
	require.Equal(t, acknowledged, stored)
}
