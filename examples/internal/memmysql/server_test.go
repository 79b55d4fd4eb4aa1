package memmysql_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/examples/internal/memmysql"
)

// start returns a server and a pool on a database of it.
func start(t *testing.T, params string) (*memmysql.Server, *sql.DB) {
	t.Helper()
	s, err := memmysql.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	admin := open(t, s.DSN())
	must(t, admin, "CREATE DATABASE IF NOT EXISTS d")
	return s, open(t, s.DSN()+"d?"+params)
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func must(t *testing.T, e execer, query string, args ...any) {
	t.Helper()
	_, err := e.ExecContext(context.Background(), query, args...)
	require.NoError(t, err, query)
}

func count(t *testing.T, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(context.Background(), query, args...).Scan(&n), query)
	return n
}

// refused requires a server error of a number.
func refused(t *testing.T, err error, number uint16) *mysql.MySQLError {
	t.Helper()
	var e *mysql.MySQLError
	require.ErrorAs(t, err, &e)
	require.Equal(t, number, e.Number, err)
	return e
}

// Transactions of many connections at once: every one that was acknowledged is
// there. Without the turn in handler.before, commits fail or are lost.
func TestNothingIsLost(t *testing.T) {
	for _, params := range []string{"", "interpolateParams=true"} {
		t.Run(params, func(t *testing.T) {
			_, db := start(t, params)
			must(t, db, "CREATE TABLE n (id INT PRIMARY KEY, n INT)")
			must(t, db, "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, who INT, KEY who (who))")
			must(t, db, "INSERT INTO n VALUES (1, 0), (2, 0), (3, 0)")
			const clients, each = 12, 20
			db.SetMaxIdleConns(clients)
			var wg sync.WaitGroup
			for c := range clients {
				wg.Go(func() {
					for i := range each {
						if err := step(db, c, i); err != nil {
							t.Errorf("client %d: %v", c, err)
							return
						}
					}
				})
			}
			wg.Wait()
			require.Equal(t, clients*each, count(t, db, "SELECT n FROM n WHERE id = 1"), "in transactions")
			require.Equal(t, clients*each, count(t, db, "SELECT n FROM n WHERE id = 2"), "read and written back")
			require.Equal(t, clients*each, count(t, db, "SELECT n FROM n WHERE id = 3"), "one statement each")
			require.Equal(t, clients*each, count(t, db, "SELECT COUNT(*) FROM log"))
			require.Equal(t, each, count(t, db, "SELECT COUNT(*) FROM log WHERE who = ?", clients-1))
		})
	}
}

// step changes three counters and adds a row, in one transaction and outside.
func step(db *sql.DB, client, i int) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec("UPDATE n SET n = n + 1 WHERE id = 1"); err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow("SELECT n FROM n WHERE id = ? FOR UPDATE", 2).Scan(&n); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE n SET n = ? WHERE id = 2", n+1); err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO log (who) VALUES (?)", client); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if _, err := db.Exec("UPDATE n SET n = n + 1 WHERE id = 3"); err != nil {
		return err
	}
	return db.QueryRow("SELECT n FROM n WHERE id = ?", 1+i%3).Scan(&n)
}

// A transaction waits for another as long as its session says, then gets 1205,
// and goes on.
func TestLockWait(t *testing.T) {
	_, db := start(t, "innodb_lock_wait_timeout=1")
	must(t, db, "CREATE TABLE t (i INT PRIMARY KEY)")
	holder, waiter := begin(t, db), begin(t, db)
	must(t, holder, "INSERT INTO t VALUES (1)")
	require.Zero(t, count(t, waiter, "SELECT COUNT(*) FROM t"), "a read waits for nobody, and sees what is committed")
	began := time.Now()
	_, err := waiter.Exec("INSERT INTO t VALUES (2)")
	refused(t, err, 1205)
	require.Less(t, time.Since(began), 40*time.Second, "the server's own wait is 50 s")
	_, err = waiter.Exec("SELECT * FROM t FOR UPDATE NOWAIT")
	refused(t, err, 1205)
	require.NoError(t, holder.Commit())
	must(t, waiter, "INSERT INTO t VALUES (2)")
	require.NoError(t, waiter.Commit())
	require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM t"))
}

func begin(t *testing.T, db *sql.DB) *sql.Tx {
	t.Helper()
	tx, err := db.Begin()
	require.NoError(t, err)
	t.Cleanup(func() { tx.Rollback() })
	return tx
}

// A connection that is gone has rolled back and holds nobody up: one that was
// cut, one that was killed, one whose statement was cancelled.
func TestGoneConnections(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, db *sql.DB, tx *sql.Conn, wire net.Conn){
		"cut": func(t *testing.T, _ *sql.DB, _ *sql.Conn, wire net.Conn) { require.NoError(t, wire.Close()) },
		"killed": func(t *testing.T, db *sql.DB, tx *sql.Conn, _ net.Conn) {
			must(t, db, fmt.Sprintf("KILL %d", count(t, tx, "SELECT CONNECTION_ID()")))
		},
		"cancelled": func(t *testing.T, _ *sql.DB, tx *sql.Conn, _ net.Conn) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := tx.ExecContext(ctx, "SELECT SLEEP(3)")
			require.ErrorIs(t, err, context.DeadlineExceeded)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, db := start(t, "")
			must(t, db, "CREATE TABLE t (i INT PRIMARY KEY)")
			config, err := mysql.ParseDSN(s.DSN() + "d")
			require.NoError(t, err)
			wires := make(chan net.Conn, 1)
			config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
				wires <- c
				return c, err
			}
			connector, err := mysql.NewConnector(config)
			require.NoError(t, err)
			one := sql.OpenDB(connector)
			defer one.Close()
			conn, err := one.Conn(t.Context())
			require.NoError(t, err)
			defer conn.Close()
			must(t, conn, "START TRANSACTION")
			must(t, conn, "INSERT INTO t VALUES (1)")
			waited := make(chan error)
			go func() {
				_, err := db.Exec("INSERT INTO t VALUES (2)")
				waited <- err
			}()
			require.Eventually(t, func() bool {
				return count(t, db, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'") == 1
			}, 20*time.Second, time.Millisecond)
			end(t, db, conn, <-wires)
			select {
			case err := <-waited:
				require.NoError(t, err)
			case <-time.After(20 * time.Second):
				t.Fatal("the turn was not passed on")
			}
			require.Equal(t, 2, count(t, db, "SELECT SUM(i) FROM t"), "it was rolled back")
		})
	}
}

// KILL ends the wait of a session; KILL QUERY leaves its transaction open.
func TestKillOfAWaiter(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE t (i INT PRIMARY KEY)")
	must(t, begin(t, db), "INSERT INTO t VALUES (1)")
	waiter := begin(t, db)
	id := count(t, waiter, "SELECT CONNECTION_ID()")
	for _, kill := range []string{"KILL QUERY %d", "KILL %d"} {
		waited := make(chan error)
		go func() {
			_, err := waiter.Exec("INSERT INTO t VALUES (2)")
			waited <- err
		}()
		require.Eventually(t, func() bool {
			return count(t, db, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'") == 1
		}, 20*time.Second, time.Millisecond)
		must(t, db, fmt.Sprintf(kill, id))
		err := <-waited
		require.Error(t, err)
		if strings.Contains(kill, "QUERY") {
			refused(t, err, 1317)
			require.Zero(t, count(t, waiter, "SELECT COUNT(*) FROM t"))
		}
	}
	_, err := db.Exec("KILL 123456")
	refused(t, err, 1094)
}

// A snapshot stays as it is, over all tables, whatever others commit.
func TestSnapshot(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE a (i INT PRIMARY KEY)")
	must(t, db, "CREATE TABLE b (i INT PRIMARY KEY)")
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	must(t, conn, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
	must(t, db, "INSERT INTO a VALUES (1)")
	must(t, db, "INSERT INTO b VALUES (1)")
	require.Zero(t, count(t, conn, "SELECT COUNT(*) FROM a"))
	must(t, db, "INSERT INTO b VALUES (2)")
	require.Zero(t, count(t, conn, "SELECT COUNT(*) FROM b"))
	_, err = conn.ExecContext(t.Context(), "INSERT INTO a VALUES (2)")
	refused(t, err, 1792)
	must(t, conn, "COMMIT")
	require.Equal(t, 2, count(t, conn, "SELECT COUNT(*) FROM b"))
}

// Definitions commit, autocommit=0 begins, savepoints and failed statements take
// back what they should and no more.
func TestEndsOfTransactions(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE t (i INT PRIMARY KEY)")
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	run := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			must(t, conn, s)
		}
	}
	run("BEGIN", "INSERT INTO t VALUES (1)", "CREATE TABLE u (i INT)", "ROLLBACK")
	require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM t"), "a definition commits")
	run("INSERT INTO t VALUES (2)")
	require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM t"), "and autocommit is as it was")
	run("SET autocommit=0", "INSERT INTO t VALUES (3)")
	require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM t"))
	run("SET autocommit=1")
	require.Equal(t, 3, count(t, db, "SELECT COUNT(*) FROM t"))
	run("BEGIN", "INSERT INTO t VALUES (4)", "SAVEPOINT a", "INSERT INTO t VALUES (5)", "ROLLBACK TO a")
	_, err = conn.ExecContext(t.Context(), "INSERT INTO t VALUES (6), (7), (1)")
	require.Contains(t, refused(t, err, 1062).Message, "Duplicate entry '1' for key 't.PRIMARY'")
	run("COMMIT")
	require.Equal(t, 1+2+3+4, count(t, db, "SELECT SUM(i) FROM t"))
	_, err = conn.ExecContext(t.Context(), "INSERT INTO t VALUES (8), (1)")
	refused(t, err, 1062)
	must(t, db, "INSERT INTO t VALUES (9)")
	require.Equal(t, 1+2+3+4+9, count(t, db, "SELECT SUM(i) FROM t"), "a statement by itself leaves nothing open")
}

// Two servers share nothing, and Close ends everything.
func TestServersApart(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("servers", func(t *testing.T) {
		a, one := start(t, "")
		_, two := start(t, "")
		must(t, one, "CREATE TABLE t (i INT)")
		_, err := two.Exec("INSERT INTO t VALUES (1)")
		refused(t, err, 1146)
		must(t, begin(t, one), "INSERT INTO t VALUES (1)")
		waited := make(chan error)
		go func() {
			_, err := one.Exec("INSERT INTO t VALUES (2)")
			waited <- err
		}()
		require.Eventually(t, func() bool {
			return count(t, one, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'") == 1
		}, 20*time.Second, time.Millisecond)
		require.NoError(t, a.Close())
		require.Error(t, <-waited)
		require.NoError(t, a.Close(), "again")
		require.Error(t, one.Ping())
		require.NoError(t, two.Ping())
	})
	// One more is the one that asks.
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 20*time.Second, 10*time.Millisecond)
}

// TestDescending: the engine leaves the order to an index where it can, and asks
// it for the rows backwards.
func TestDescending(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE d (a INT, b INT, x INT, PRIMARY KEY (a, b), KEY (x))")
	must(t, db, "INSERT INTO d VALUES (0, 13, 1), (1, 13, 2), (2, 13, 3), (1, 5, 4), (2, 7, 5)")
	for query, want := range map[string]string{
		"SELECT a FROM d WHERE b = 13 ORDER BY a DESC LIMIT 2":              "[2 1]",
		"SELECT a FROM d WHERE b = 13 AND a >= 0 ORDER BY a DESC LIMIT 2":   "[2 1]",
		"SELECT a FROM d WHERE b = 13 ORDER BY a LIMIT 2":                   "[0 1]",
		"SELECT x FROM d WHERE x > 1 AND x < 5 ORDER BY x DESC LIMIT 2":     "[4 3]",
		"SELECT x FROM d WHERE x = 1 OR x = 5 OR x = 3 ORDER BY x DESC":     "[5 3 1]",
		"SELECT b FROM d WHERE a = 1 OR a = 2 ORDER BY a DESC, b DESC":      "[13 7 13 5]",
		"SELECT x FROM d WHERE x IN (4, 1, 5) ORDER BY x DESC LIMIT 2":      "[5 4]",
		"SELECT x FROM d WHERE x IN (4, 1, 5) AND b > 5 ORDER BY x LIMIT 3": "[1 5]",
	} {
		rows, err := db.Query(query)
		require.NoError(t, err)
		var got []int
		for rows.Next() {
			var n int
			require.NoError(t, rows.Scan(&n))
			got = append(got, n)
		}
		require.NoError(t, rows.Err())
		require.Equal(t, want, fmt.Sprint(got), query)
	}
}

// What the engine says otherwise, or does otherwise, and is mended here.
func TestMended(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE f (id INT PRIMARY KEY, n INT, day DATE, raw VARBINARY(8), name VARCHAR(5) COLLATE utf8mb4_general_ci NOT NULL UNIQUE)")
	must(t, db, "INSERT INTO f VALUES (1, 5, '2024-02-29', X'00FF', 'Ann')")
	var day string
	require.NoError(t, db.QueryRow("SELECT CAST(day AS CHAR) FROM f").Scan(&day))
	require.Equal(t, "2024-02-29", day)
	var raw []byte
	require.NoError(t, db.QueryRow("SELECT raw FROM f UNION ALL SELECT NULL").Scan(&raw))
	require.Equal(t, []byte("\x00\xff"), raw)
	require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM f a LEFT JOIN (SELECT * FROM f WHERE id = 9 LIMIT 1) b ON TRUE"))

	must(t, db, "CREATE TABLE c (id INT PRIMARY KEY, v BIGINT UNSIGNED)")
	for want := 6; want <= 7; want++ {
		r, err := db.Exec("INSERT INTO c (id, v) SELECT ?, LAST_INSERT_ID(n + 1) FROM f WHERE id = ? LOCK IN SHARE MODE"+
			" ON DUPLICATE KEY UPDATE v = LAST_INSERT_ID(GREATEST(c.v + 1, VALUES(v)))", 1, 1)
		require.NoError(t, err)
		id, err := r.LastInsertId()
		require.NoError(t, err)
		require.EqualValues(t, want, id)
	}
	for _, statement := range []string{"UPDATE c SET v = 1 WHERE id = 1", "DELETE FROM c WHERE id = 1"} {
		for n, want := range map[int]int64{4: 0, 5: 1} {
			r, err := db.Exec(statement+" AND EXISTS (SELECT 1 FROM f WHERE n = ? LOCK IN SHARE MODE)", n)
			require.NoError(t, err)
			affected, err := r.RowsAffected()
			require.NoError(t, err)
			require.Equal(t, want, affected, "%s %d", statement, n)
		}
	}
	for statement, e := range map[string]mysql.MySQLError{
		"INSERT INTO f (id, name) VALUES (2, 'ANN')":    {Number: 1062, Message: "Duplicate entry 'ANN' for key 'f.name'"},
		"INSERT INTO f (id, name) VALUES (2, 'Ann ')":   {Number: 1062, Message: "Duplicate entry 'Ann ' for key 'f.name'"},
		"INSERT INTO f (id, name) VALUES (2, 'longer')": {Number: 1406, Message: "Data too long for column 'name' at row 1"},
		"INSERT INTO f (id, name) VALUES (2, NULL)":     {Number: 1048, Message: "Column 'name' cannot be null"},
		"RELEASE SAVEPOINT gone":                        {Number: 1305, Message: "SAVEPOINT gone does not exist"},
	} {
		_, err := db.Exec(statement)
		require.Equal(t, e.Message, refused(t, err, e.Number).Message)
	}
}

// A statement whose client has given up while it waited is not run when its turn
// comes: many of them would take the time of those who wait behind them.
func TestNobodyWaitsForTheGone(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE t (i INT PRIMARY KEY)")
	tx := begin(t, db)
	must(t, tx, "INSERT INTO t VALUES (1)")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := db.ExecContext(ctx, "INSERT INTO t VALUES (2)")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, tx.Commit())
	must(t, db, "INSERT INTO t VALUES (3)")
	require.Equal(t, 4, count(t, db, "SELECT SUM(i) FROM t"))
}

// Integers above 2⁵³ compare exactly, and an id ends where its column does.
func TestHighNumbers(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE h (id TINYINT PRIMARY KEY AUTO_INCREMENT, v BIGINT UNSIGNED)")
	must(t, db, "INSERT INTO h (id, v) VALUES (126, 4611686018427387906)")
	for _, condition := range []string{"v < ?", "LAST_INSERT_ID(v) < ?", "? > v"} {
		require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM h WHERE "+condition, 1<<62+3), condition)
		require.Zero(t, count(t, db, "SELECT COUNT(*) FROM h WHERE "+condition, 1<<62+2), condition)
	}
	require.Zero(t, count(t, db, "SELECT COUNT(*) FROM h WHERE v = ?", 1<<62+1))
	require.Zero(t, count(t, db, "SELECT COUNT(*) FROM h WHERE v < -1"))
	must(t, db, "INSERT INTO h (v) VALUES (1)")
	_, err := db.Exec("INSERT INTO h (v) VALUES (2)")
	require.Error(t, err)
	require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM h"))
}

// A rollback leaves nothing behind, also not in the indexes that find rows.
func TestRollbackLeavesIndexes(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(10), n INT, UNIQUE KEY name (name), KEY n (n))")
	must(t, db, "INSERT INTO t VALUES (2, 'b', 2), (4, 'd', 4), (6, 'f', 6)")
	tx := begin(t, db)
	must(t, tx, "DELETE FROM t WHERE id = 2")
	must(t, tx, "INSERT INTO t VALUES (1, 'a', 1), (5, 'e', 5)")
	must(t, tx, "UPDATE t SET name = 'x', n = 9 WHERE id = 4")
	require.Equal(t, 4, count(t, tx, "SELECT id FROM t WHERE name = 'x'"))
	require.NoError(t, tx.Rollback())
	for name, id := range map[string]int{"b": 2, "d": 4, "f": 6} {
		require.Equal(t, id, count(t, db, "SELECT id FROM t WHERE name = ?", name))
		require.Equal(t, id, count(t, db, "SELECT id FROM t WHERE n = ?", id))
	}
	require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM t WHERE n > 3 AND n <= 6"))
	require.Zero(t, count(t, db, "SELECT COUNT(*) FROM t WHERE name IN ('a', 'e', 'x')"))
}

// Definitions change rows and indexes as MySQL's do.
func TestDefinitions(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(10), KEY name (name)) COMMENT='mine'")
	must(t, db, "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
	must(t, db, "ALTER TABLE t ADD COLUMN n INT NOT NULL DEFAULT 7 AFTER id")
	must(t, db, "ALTER TABLE t MODIFY COLUMN name VARCHAR(20)")
	must(t, db, "ALTER TABLE t ADD UNIQUE KEY both_ (name, n)")
	require.Equal(t, 2, count(t, db, "SELECT id FROM t WHERE name = 'b' AND n = 7"))
	_, err := db.Exec("INSERT INTO t VALUES (3, 7, 'a')")
	require.Contains(t, refused(t, err, 1062).Message, "for key 't.both_'")
	must(t, db, "ALTER TABLE t DROP COLUMN n")
	must(t, db, "RENAME TABLE t TO u")
	must(t, db, "TRUNCATE TABLE u")
	require.Zero(t, count(t, db, "SELECT COUNT(*) FROM u"))
	require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'd' AND table_comment = 'mine'"))
	must(t, db, "DROP TABLE u")
}

func TestStartsFast(t *testing.T) {
	began := time.Now()
	s, err := memmysql.Start()
	require.NoError(t, err)
	require.NoError(t, open(t, s.DSN()).Ping())
	t.Logf("answers after %v", time.Since(began))
	require.NoError(t, s.Close())
}
