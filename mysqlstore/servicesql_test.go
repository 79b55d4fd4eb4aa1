package mysqlstore_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// plainSQL is a service's own SQL for the entities of a contract that may have some: one
// statement a change.
func plainSQL(c *transform.Contract) map[string]mysqlstore.SQL {
	all := map[string]mysqlstore.SQL{}
	for _, e := range c.Entities {
		if len(e.Children()) == 0 {
			all[e.Name] = mysqlstore.SQL{Read: readPlain(e), Write: writePlain(e)}
		}
	}
	return all
}

func readPlain(e *transform.Entity) func(context.Context, sqlx.ExtContext, []transform.Key) ([]transform.Record, error) {
	return func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
		statement, err := e.SelectKeys(keys...)
		if err != nil {
			return nil, err
		}
		rows, err := q.QueryxContext(ctx, statement.SQL, statement.Args...)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var all []transform.Record
		for rows.Next() {
			texts := make([]sql.NullString, e.Selected())
			into := make([]any, len(texts))
			for i := range texts {
				into[i] = &texts[i]
			}
			if err := rows.Scan(into...); err != nil {
				return nil, err
			}
			rec, err := e.ReadRow(texts)
			if err != nil {
				return nil, err
			}
			all = append(all, rec)
		}
		return all, rows.Err()
	}
}

func writePlain(e *transform.Entity) func(context.Context, sqlx.ExtContext, *mysqlstore.Change) error {
	return func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
		var names []string
		var values, key []any
		for i, column := range e.Own() {
			if column.Generated != "virtual" && column.Generated != "stored" &&
				!c.After.IsZero() && (c.Before.IsZero() || c.Before.At(i) != c.After.At(i)) {
				names, values = append(names, "`"+column.Name+"`"), append(values, column.SQL(c.After.At(i)))
			}
		}
		var where []string
		for _, i := range e.KeyColumns {
			where = append(where, "`"+e.Columns[i].Name+"` = "+e.Columns[i].Placeholder())
			if !c.Before.IsZero() {
				key = append(key, e.Columns[i].SQL(c.Before.At(i)))
			}
		}
		is := " WHERE " + strings.Join(where, " AND ")
		switch {
		case c.Before.IsZero():
			r, err := tx.ExecContext(ctx, "INSERT INTO `"+e.Source+"` ("+strings.Join(names, ", ")+") VALUES (?"+strings.Repeat(", ?", len(names)-1)+")", values...)
			if err == nil && c.Key.IsZero() {
				c.AssignedID, err = r.LastInsertId()
			}
			return err
		case c.After.IsZero():
			_, err := tx.ExecContext(ctx, "DELETE FROM `"+e.Source+"`"+is, key...)
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE `"+e.Source+"` SET "+strings.Join(names, " = ?, ")+" = ?"+is, append(values, key...)...)
		return err
	}
}

// TestConformanceOfServiceSQL: a store whose entities all have SQL of the service's own
// answers as one without.
func TestConformanceOfServiceSQL(t *testing.T) { storetest.Run(t, harnessOf("", plainSQL)) }

// TestServiceSQLOfTheExample: what the example shows works.
func TestServiceSQLOfTheExample(t *testing.T) {
	f := newFixture(t, setting{own: func(c *transform.Contract) map[string]mysqlstore.SQL {
		own, err := ticketSQL(c)
		require.NoError(t, err)
		return map[string]mysqlstore.SQL{"Tickets": own}
	}})
	f.db.MustExec("CREATE TABLE seat_log (ticket_id INT NOT NULL, seat VARCHAR(20)) ENGINE=InnoDB")
	done := f.write(store.Mutation{Op: store.Create, Record: f.ticket(0, "a1")})
	one := done.Rows[0].Record
	f.write(f.update(one, "seat", "a2"))
	f.write(f.create(f.ticket(9, "a9")))
	f.write(f.put(f.ticket(9, "a8")))
	f.write(f.remove(f.ticket(9, "")))
	require.Equal(t, "a2", f.text(one, "seat"))
	require.False(t, f.row(f.ticket(9, "")).Live)
	row, err := f.store.Get(f.ctx, f.at, done.Rows[0].Key)
	require.NoError(t, err)
	require.True(t, row.Record.Equal(f.row(one).Record))
	var log []string
	require.NoError(t, f.db.Select(&log, "SELECT CONCAT_WS(' ', ticket_id, seat) FROM seat_log ORDER BY ticket_id, seat"))
	require.Equal(t, []string{"1 a1", "1 a2", "9 a8", "9 a9"}, log)
}
