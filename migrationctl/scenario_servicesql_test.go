package migrationctl_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A userRow is a row of users as a service scans and writes it.
type userRow struct {
	ID         int64          `db:"user_id"`
	Username   sql.NullString `db:"username"`
	Email      sql.NullString `db:"email"`
	Registered sql.NullString `db:"registration_date"`
	LastLogin  sql.NullString `db:"last_login"`
	Profile    sql.NullString `db:"profile_data"`
}

// searching is the SQL of a service that keeps a table for its search beside its users.
func searching(t testing.TB, c *transform.Contract) mysqlstore.SQL {
	users, err := transform.Bind[userRow](c.Entity("Users"))
	require.NoError(t, err)
	return mysqlstore.SQL{
		Read: func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
			ids := make([]string, len(keys))
			for i, key := range keys {
				ids[i] = key.ID
			}
			query, args, err := sqlx.In("SELECT * FROM users WHERE user_id IN (?)", ids)
			if err != nil {
				return nil, err
			}
			var rows []userRow
			if err := sqlx.SelectContext(ctx, q, &rows, query, args...); err != nil {
				return nil, err
			}
			all := make([]transform.Record, len(rows))
			for i := range rows {
				if all[i], err = users.Record(&rows[i]); err != nil {
					return nil, err
				}
			}
			return all, nil
		},
		Write: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
			var row userRow
			of, statements := c.After, []string{
				"INSERT INTO users (user_id, username, email, registration_date, last_login, profile_data)" +
					" VALUES (:user_id, :username, :email, :registration_date, :last_login, :profile_data)",
				"INSERT INTO user_search (word, user_id) VALUES (LOWER(:username), :user_id)",
			}
			switch {
			case c.After.IsZero():
				of, statements = c.Before, []string{"DELETE FROM users WHERE user_id = :user_id", "DELETE FROM user_search WHERE user_id = :user_id"}
			case !c.Before.IsZero():
				statements = []string{"UPDATE users SET username = :username, email = :email, registration_date = :registration_date," +
					" last_login = :last_login, profile_data = :profile_data WHERE user_id = :user_id",
					"UPDATE user_search SET word = LOWER(:username) WHERE user_id = :user_id"}
			}
			if err := users.Into(of, &row); err != nil {
				return err
			}
			for _, statement := range statements {
				if _, err := sqlx.NamedExecContext(ctx, tx, statement, row); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// TestServiceSQLGoesRound: an entity with SQL of the service's own goes through all
// phases and back. What the service keeps beside its rows is right wherever MySQL is
// written, by whichever store leads, and at rest the stores are equal.
func TestServiceSQLGoesRound(t *testing.T) {
	for _, e := range enginetest.DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) { serviceSQLGoesRound(t, e) })
	}
}

func serviceSQLGoesRound(t *testing.T, e *engine.DynamoDB) {
	w := newEngineWorld(t, e, faultstore.New())
	w.db.MustExec("CREATE TABLE user_search (user_id INT NOT NULL PRIMARY KEY, word VARCHAR(60)) ENGINE=InnoDB")
	mysql, err := mysqlstore.New(w.db, w.contract, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"Users": searching(t, w.contract)}})
	require.NoError(t, err)
	w.mysql = mysql
	require.NoError(t, mysql.Ready(t.Context()))
	p := w.open(t, leading())

	words := func() (all []string) {
		t.Helper()
		require.NoError(t, w.db.Select(&all, "SELECT CONCAT_WS(' ', user_id, word) FROM user_search ORDER BY user_id"))
		return all
	}
	want := func() (all []string) {
		t.Helper()
		require.NoError(t, w.db.Select(&all, "SELECT CONCAT_WS(' ', user_id, LOWER(username)) FROM users ORDER BY user_id"))
		return all
	}
	n := int64(0)
	step := func(phase store.Phase) {
		t.Helper()
		for range 3 {
			n++
			u := user(n)
			require.NoError(t, p.users.Create(t.Context(), &u))
		}
		name := fmt.Sprintf("Name%d", n)
		require.NoError(t, p.users.Update(t.Context(), p.users.Key(n), func(u *User) error { u.Username = name; return nil }))
		require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
		require.NoError(t, p.users.Delete(t.Context(), p.users.Key(n-1)))
		u, err := p.users.Get(t.Context(), p.users.Key(n))
		require.NoError(t, err)
		require.Equal(t, name, u.Username)
		found := 0
		for u, err := range p.users.Query(t.Context(), dal.Index("UsernameIndex").Equal(fmt.Sprintf("user%d", n-2))) {
			require.NoError(t, err)
			require.Equal(t, n-2, u.ID)
			found++
		}
		require.Equal(t, 1, found)
		if phase != store.DynamoDBOnly {
			if phase != store.MySQLOnly {
				p.drained(t)
				w.requireEqualStores(t)
			}
			require.Equal(t, want(), words(), "phase %d", phase)
		}
	}
	p.walk(t, step, func() error { return p.users.Update(context.Background(), p.users.Key(1), addOne) })
	p.step(t, store.MySQLOnly)
	step(store.MySQLOnly)
	p.step(t, store.DualWrite)
	p.drained(t)
	w.requireEqualStores(t)
	require.Len(t, words(), int(n/3)*2)
	require.Equal(t, want(), words())
}
