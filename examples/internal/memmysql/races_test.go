package memmysql_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Connections that ask at once for the same of every table of
// information_schema: the engine keeps one description of each for all of them,
// and notes in it who asks. Fails under the race detector if they share it.
func TestInformationSchemaAtOnce(t *testing.T) {
	_, db := start(t, "")
	must(t, db, "CREATE TABLE n (id INT PRIMARY KEY, n INT DEFAULT 3, UNIQUE KEY n (n))")
	var names []string
	rows, err := db.QueryContext(context.Background(), "SELECT table_name FROM information_schema.tables WHERE table_schema = 'information_schema'")
	require.NoError(t, err)
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		if name != "column_statistics" { // the engine has none, and ends the connection
			names = append(names, name)
		}
	}
	require.NoError(t, rows.Err())
	require.Contains(t, names, "columns")
	const clients = 4
	db.SetMaxIdleConns(clients)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for _, name := range names {
				var n int
				if err := db.QueryRowContext(context.Background(), fmt.Sprintf("SELECT COUNT(*) FROM information_schema.`%s`", name)).Scan(&n); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	wg.Wait()
}

// Statements of every kind at once, on the same tables: the descriptions of
// tables, columns, checks and triggers are shared between connections, and none
// of them may be written to while others read. It is for the race detector.
func TestStatementsAtOnce(t *testing.T) {
	for _, params := range []string{"", "interpolateParams=true"} {
		t.Run(params, func(t *testing.T) {
			_, db := start(t, params)
			must(t, db, "CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL DEFAULT 'none', "+
				"at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), price DECIMAL(10,2) DEFAULT 1.50, UNIQUE KEY name (name))")
			must(t, db, "CREATE TABLE child (parent INT NOT NULL, n INT NOT NULL, body JSON, PRIMARY KEY (parent, n), "+
				"CONSTRAINT positive CHECK (n >= 0), CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE)")
			must(t, db, "CREATE TABLE log (id BIGINT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(30) NOT NULL)")
			must(t, db, "CREATE TRIGGER told AFTER INSERT ON parent FOR EACH ROW INSERT INTO log (what) VALUES (NEW.name)")
			must(t, db, "CREATE TRIGGER gone AFTER DELETE ON parent FOR EACH ROW INSERT INTO log (what) VALUES (OLD.name)")
			must(t, db, "INSERT INTO parent (id) VALUES (1)")
			const clients = 6
			db.SetMaxIdleConns(clients)
			var wg sync.WaitGroup
			for client := range clients {
				wg.Go(func() {
					for i := range 4 {
						for _, s := range statementsOf(client, i) {
							if err := runAll(db, s.query, s.args); err != nil {
								t.Errorf("%s: %v", s.query, err)
							}
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

type asked struct {
	query string
	args  []any
}

// statementsOf returns what a client does in a round.
func statementsOf(client, round int) []asked {
	id, name := 10+client*100+round, fmt.Sprintf("%d of %d", round, client)
	own := fmt.Sprintf("own_%d_%d", client, round)
	return []asked{
		{"INSERT INTO parent (id, name) VALUES (?, ?)", []any{id, name}},
		{"INSERT INTO child (parent, n, body) VALUES (?, 1, ?), (?, 2, NULL)", []any{id, `{"a": [1]}`, id}},
		{"INSERT INTO child (parent, n) VALUES (?, 1) ON DUPLICATE KEY UPDATE body = VALUES(body)", []any{id}},
		{"INSERT IGNORE INTO child (parent, n) SELECT id, 3 FROM parent WHERE id = ?", []any{id}},
		{"SELECT p.id, c.n, p.at FROM parent p LEFT JOIN child c ON c.parent = p.id WHERE p.id >= ? ORDER BY p.id DESC, c.n LIMIT 5", []any{1}},
		{"SELECT name, COUNT(*) FROM parent JOIN child ON parent = id GROUP BY name HAVING COUNT(*) > ?", []any{0}},
		{"SELECT id FROM parent WHERE EXISTS (SELECT 1 FROM child WHERE parent = id) AND name IN (?, ?) FOR UPDATE", []any{name, "none"}},
		{"UPDATE parent SET name = CONCAT(name, '!'), price = price + ? WHERE id = ?", []any{"0.01", id}},
		{"UPDATE child c JOIN parent p ON p.id = c.parent SET c.body = JSON_OBJECT('n', c.n) WHERE p.id = ?", []any{id}},
		{"CREATE TABLE " + own + " (id INT PRIMARY KEY, n INT DEFAULT 7, CHECK (n > 0), KEY n (n))", nil},
		{"INSERT INTO " + own + " (id) VALUES (?)", []any{id}},
		{"ALTER TABLE " + own + " ADD COLUMN more VARCHAR(10) DEFAULT 'x'", nil},
		{"CREATE TRIGGER t_" + own + " BEFORE UPDATE ON child FOR EACH ROW SET NEW.n = NEW.n", nil},
		{"SELECT column_name, column_default FROM information_schema.columns WHERE table_schema = 'd' AND table_name = ?", []any{own}},
		{"SELECT trigger_name FROM information_schema.triggers WHERE event_object_table = ?", []any{"child"}},
		{"SHOW CREATE TABLE child", nil},
		{"UPDATE child SET body = NULL WHERE parent = ?", []any{id}},
		{"DROP TRIGGER t_" + own, nil},
		{"DELETE FROM parent WHERE id = ?", []any{id}},
		{"DROP TABLE " + own, nil},
	}
}

// runAll runs a statement and reads all that it answers.
func runAll(db *sql.DB, query string, args []any) error {
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}
