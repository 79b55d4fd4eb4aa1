package mysqlstore_test

import (
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// begin begins a transaction of a service's own.
func (c *copying) begin() *sqlx.Tx {
	c.t.Helper()
	tx, err := c.pool.BeginTxx(c.ctx, nil)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { tx.Rollback() })
	return tx
}

// TestJoinedLeavesFanOuts: nobody tells what a transaction of the service's own makes of
// the records that it names, so their copies may be old.
func TestJoinedLeavesFanOuts(t *testing.T) {
	c := newCopying(t, shop)
	ware, section, line := c.key("Wares", "a", 1), c.key("Sections", 1), c.key("Baskets", 1, 1)
	for _, commits := range []bool{true, false} {
		tx := c.begin()
		j := c.Joining(tx)
		_, err := j.Record(c.ctx, c.at, []transform.Key{ware, line})
		require.NoError(t, err)
		_, err = tx.Exec("UPDATE wares SET name = 'A1' WHERE shop = 'a' AND number = 1")
		require.NoError(t, err)
		for range 2 {
			_, err = j.Record(c.ctx, c.at, []transform.Key{section, ware})
			require.NoError(t, err)
		}
		if commits {
			require.NoError(t, j.Commit(c.ctx))
			require.Equal(t, []string{"Sections 1", "Wares a/1"}, c.marks())
		} else {
			require.NoError(t, j.Rollback())
			require.Empty(t, c.marks())
		}
	}
	c.hooks.reset(nil, nil)
	j := c.Joining(c.begin())
	_, err := j.Record(c.ctx, c.at, []transform.Key{line})
	require.NoError(t, err)
	require.NoError(t, j.Commit(c.ctx))
	require.Equal(t, []string{"INSERT", "SAVEPOINT", "RELEASE", "COMMIT"}, firstWords(c.hooks.seen()))
}

// TestJoinedTakenBackLeavesFanOuts: what committed by itself, after a statement has rolled
// the transaction back, has its marks in the end.
func TestJoinedTakenBackLeavesFanOuts(t *testing.T) {
	c := newCopying(t, shop)
	tx := c.begin()
	j := c.Joining(tx)
	_, err := j.Record(c.ctx, c.at, []transform.Key{c.key("Wares", "a", 1), c.key("Baskets", 1, 1)})
	require.NoError(t, err)
	_, err = tx.Exec("ROLLBACK") // as a deadlock does
	require.NoError(t, err)
	_, err = tx.Exec("UPDATE wares SET name = 'A1' WHERE shop = 'a' AND number = 1")
	require.NoError(t, err)
	require.ErrorContains(t, j.Commit(c.ctx), "rolled the transaction back")
	require.Equal(t, []string{"Wares a/1"}, c.marks())
}

// newCopyingTriggered is newCopying with capture by triggers.
func newCopyingTriggered(t *testing.T, statements []string, edits ...string) *copying {
	t.Helper()
	enginetest.NeedsRealMySQL(t, hasTriggers)
	c := newCopying(t, statements, edits...)
	_, _, err := c.InstallTriggers(c.ctx)
	require.NoError(t, err)
	require.NoError(t, c.Ready(c.ctx))
	return c
}

// TestTriggersLeaveFanOuts: other writers leave marks where they change what copies show.
func TestTriggersLeaveFanOuts(t *testing.T) {
	c := newCopyingTriggered(t, shop)
	for _, test := range []struct {
		statement string
		want      []string
	}{
		{"UPDATE wares SET name = 'A1' WHERE shop = 'a' AND number = 1", []string{"Wares a/1"}},
		{"UPDATE wares SET name = 'a1' WHERE shop = 'a' AND number = 1", []string{"Wares a/1"}},
		{"UPDATE wares SET name = 'a1 ' WHERE shop = 'a' AND number = 1", []string{"Wares a/1"}},
		{"UPDATE wares SET name = 'a1 ', stock = 9 WHERE shop = 'a' AND number = 1", []string{}},
		{"UPDATE wares SET price = 7 WHERE shop = 'a'", []string{"Wares a/1", "Wares a/2"}},
		{"UPDATE wares SET price = NULL WHERE shop = 'a' AND number = 1", []string{"Wares a/1"}},
		{"UPDATE wares SET price = NULL, stock = 8 WHERE shop = 'a' AND number = 1", []string{}},
		{"UPDATE wares SET section_id = 2", []string{}},
		{"UPDATE sections SET name = UPPER(name)", []string{"Sections 1", "Sections 2"}},
		{"UPDATE sections SET above_id = NULL", []string{}},
		{"UPDATE basket_lines SET quantity = 9", []string{}},
		{"UPDATE wares SET shop = 'd' WHERE shop = 'c'", []string{"Wares c/1", "Wares d/1"}},
		{"INSERT INTO sections VALUES (9, 'nine', 1)", []string{}},
		{"INSERT INTO sections VALUES (9, 'neuf', 1) ON DUPLICATE KEY UPDATE name = VALUES(name)", []string{"Sections 9"}},
		{"DELETE FROM sections WHERE section_id IN (9, 2)", []string{}},
		{"DELETE FROM wares", []string{}},
	} {
		c.db.MustExec(test.statement)
		require.Equal(t, test.want, c.marks(), test.statement)
	}
	tx := c.db.MustBegin()
	tx.MustExec("UPDATE sections SET name = 'x'")
	require.NoError(t, tx.Rollback())
	require.Empty(t, c.marks())
}

// TestTriggersLeaveFanOutsWithoutForeignKeys: where a session checks no foreign keys,
// what refers to a row may be there before it comes and after it goes.
func TestTriggersLeaveFanOutsWithoutForeignKeys(t *testing.T) {
	c := newCopyingTriggered(t, shop)
	conn, err := c.db.Connx(c.ctx)
	require.NoError(t, err)
	defer conn.Close()
	for _, test := range []struct {
		statement string
		want      []string
	}{
		{"SET foreign_key_checks = 0", []string{}},
		{"REPLACE INTO sections VALUES (1, 'uno', NULL)", []string{"Sections 1"}},
		{"DELETE FROM wares WHERE shop = 'a' AND number = 1", []string{"Wares a/1"}},
		{"INSERT INTO wares (shop, number, name, sold_out, stock) VALUES ('a', 1, 'A1', 0, 5)", []string{"Wares a/1"}},
		{"INSERT INTO basket_lines VALUES (9, 1, 'z', 9, 1)", []string{}},
		{"UPDATE wares SET stock = 9", []string{}},
		{"SET foreign_key_checks = 1", []string{}},
		{"INSERT INTO sections VALUES (9, 'nine', 1)", []string{}},
	} {
		_, err := conn.ExecContext(c.ctx, test.statement)
		require.NoError(t, err)
		require.Equal(t, test.want, c.marks(), test.statement)
	}
}

// TestTriggersLeaveFanOutsOfValues: values of which MySQL calls two equal, or one text
// stands for two, are as different as the copies.
func TestTriggersLeaveFanOutsOfValues(t *testing.T) {
	for name, test := range map[string]struct{ declared, column, was, is string }{
		"folded text": {`"varchar", "length": 9, "null": true, "collation": "utf8mb4_general_ci"`, "VARCHAR(9) COLLATE utf8mb4_general_ci", "'a'", "'A'"},
		"timestamp":   {`"timestamp", "null": true`, "TIMESTAMP NULL", "FROM_UNIXTIME(1729990800)", "FROM_UNIXTIME(1729994400)"},
		"double":      {`"double", "null": true`, "DOUBLE", "0.1e0", "0.1e0 + 1e-17"},
		"float":       {`"float", "null": true`, "FLOAT", "16777216", "16777214"},
	} {
		t.Run(name, func(t *testing.T) {
			kind := "S"
			if name == "double" || name == "float" {
				kind = "N"
			}
			c := newCopyingTriggered(t, nil, `{"name": "stock", "type": "N"`, `{"name": "at", "type": "`+kind+`", "source_column": "at"}, {"name": "stock", "type": "N"`,
				`{"name": "stock", "type": "int"}`, `{"name": "at", "type": `+test.declared+`}, {"name": "stock", "type": "int"}`,
				`"select_column": "wares.name"`, `"select_column": "wares.at"`, `"name": "ware_name", "type": "S"`, `"name": "ware_name", "type": "`+kind+`"`,
				"stock INT NOT NULL,", "stock INT NOT NULL, at "+test.column+",")
			for _, statement := range shop {
				c.db.MustExec(statement)
			}
			c.marks()
			conn, err := c.db.Connx(c.ctx)
			require.NoError(t, err)
			defer conn.Close()
			for _, step := range []struct {
				sql  string
				want []string
			}{
				{"SET time_zone = '+00:00'", []string{}},
				{"UPDATE wares SET at = " + test.was + " WHERE shop = 'a'", []string{"Wares a/1", "Wares a/2"}},
				{"SET time_zone = 'Europe/Berlin'", []string{}},
				{"UPDATE wares SET at = " + test.is + " WHERE shop = 'a'", []string{"Wares a/1", "Wares a/2"}},
				{"UPDATE wares SET stock = stock + 1 WHERE shop = 'a'", []string{}},
			} {
				_, err := conn.ExecContext(c.ctx, step.sql)
				if errno(t, err) == 1298 {
					continue // the server has no time zones by name, and the two times differ as text
				}
				require.NoError(t, err)
				require.Equal(t, step.want, c.marks(), step.sql)
			}
		})
	}
}

// TestTriggersFollowSetNull: what a foreign key sets to NULL may be shown, whoever deletes
// the row above.
func TestTriggersFollowSetNull(t *testing.T) {
	c := newCopyingTriggered(t, append(shop, "UPDATE sections SET above_id = NULL"), wareSection...)
	c.db.MustExec("DELETE FROM sections WHERE section_id = 1")
	require.Equal(t, []string{"Wares a/1", "Wares b/1"}, c.marks())
	c.write(store.Mutation{Op: store.Delete, Key: c.key("Sections", 2)})
	require.Equal(t, []string{"Wares a/2"}, c.marks())
	c.db.MustExec("DELETE FROM wares WHERE shop = 'a'")
	require.Empty(t, c.marks())
}

// TestOwnFanOutsBesideTriggers: the library's own writes leave one mark, at the version
// that they tell of, and those of a joined transaction too.
func TestOwnFanOutsBesideTriggers(t *testing.T) {
	c := newCopyingTriggered(t, shop)
	key := c.key("Wares", "a", 1)
	w := c.write(c.set(key, "name", "A1"))
	page, err := c.FanOuts(c.ctx, store.DirtyRange{Limit: 9})
	require.NoError(t, err)
	require.Len(t, page.Marks, 1)
	require.Equal(t, w.Rows[0].Version, page.Marks[0].Version)
	require.Equal(t, []string{"Wares a/1"}, c.marks())
	c.write(c.set(key, "stock", "1"))
	require.Empty(t, c.marks())

	tx := c.begin()
	j := c.Joining(tx)
	_, err = j.Record(c.ctx, c.at, []transform.Key{key})
	require.NoError(t, err)
	_, err = tx.Exec("UPDATE wares SET name = CONCAT(name, '!')")
	require.NoError(t, err)
	require.NoError(t, j.Commit(c.ctx))
	require.Equal(t, []string{"Wares a/1", "Wares a/2", "Wares b/1", "Wares c/1"}, c.marks())
}

// TestFanOutTable: an installation from before the table gets it by init again, and
// needs it only for a contract with copies.
func TestFanOutTable(t *testing.T) {
	c := newCopying(t, shop)
	require.NoError(t, c.Ready(c.ctx))
	c.db.MustExec("DROP TABLE crossfade_fanout")
	err := c.Ready(c.ctx)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "crossfade_fanout is missing")
	require.ErrorContains(t, err, "migrationctl init")
	require.NoError(t, c.Init(c.ctx))
	require.NoError(t, c.Ready(c.ctx))
	c.write(c.set(c.key("Wares", "a", 1), "name", "A1"))
	require.Equal(t, []string{"Wares a/1"}, c.marks())

	f := newFixture(t, setting{})
	f.db.MustExec("DROP TABLE crossfade_fanout")
	require.NoError(t, f.store.Ready(f.ctx))
	f.write(f.create(f.user(1)))
	f.write(f.update(f.user(1), "username", "other"))
	b, err := f.store.Backlog(f.ctx)
	require.NoError(t, err)
	require.Equal(t, store.Backlog{Dirty: 1, Oldest: b.Oldest}, b)
	page, err := f.store.FanOuts(f.ctx, store.DirtyRange{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, page)
}

// TestCopiesNeedTheForeignKey: by it MySQL finds what has copies of a row, and keeps what
// the contract's reference says.
func TestCopiesNeedTheForeignKey(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "drops a foreign key with the index that it made")
	c := newCopying(t, shop)
	c.db.MustExec("ALTER TABLE basket_lines DROP FOREIGN KEY basket_lines_ware")
	require.ErrorContains(t, c.Ready(c.ctx), "is no foreign key of basket_lines")
	findings, err := mysqlstore.CheckLive(c.ctx, c.db, c.c)
	require.NoError(t, err)
	require.NotEmpty(t, findings)
	require.Contains(t, findings[0].Reason, "is no foreign key of basket_lines")
}
