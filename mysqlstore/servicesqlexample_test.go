package mysqlstore_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A ticketRow is a row as the service scans and writes it.
type ticketRow struct {
	ID      sql.NullInt64  `db:"ticket_id"` // NULL where MySQL is to assign it
	Seat    sql.NullString `db:"seat"`
	Grade   sql.NullInt64  `db:"grade"`
	Changed string         `db:"changed_at"`
}

// ticketSQL is the service's own SQL for tickets: it logs in a table of its own what
// becomes of their seats.
func ticketSQL(contract *transform.Contract) (mysqlstore.SQL, error) {
	tickets, err := transform.Bind[ticketRow](contract.Entity("Tickets"))
	return mysqlstore.SQL{
		Read: func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
			ids := make([]string, len(keys))
			for i, key := range keys {
				ids[i] = key.ID // of a key of one number; Entity.KeyValues tells those of any key
			}
			query, args, err := sqlx.In("SELECT ticket_id, seat, grade, CAST(changed_at AS CHAR) AS changed_at"+
				" FROM tickets WHERE ticket_id IN (?)", ids)
			if err != nil {
				return nil, err
			}
			var rows []ticketRow
			if err := sqlx.SelectContext(ctx, q, &rows, query, args...); err != nil {
				return nil, err
			}
			records := make([]transform.Record, len(rows))
			for i := range rows {
				if records[i], err = tickets.Record(&rows[i]); err != nil {
					return nil, err
				}
			}
			return records, nil
		},
		Write: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
			if c.After.IsZero() {
				_, err := tx.ExecContext(ctx, "DELETE FROM tickets WHERE ticket_id = ?", c.Key.ID)
				return err
			}
			var row ticketRow
			if err := tickets.Into(c.After, &row); err != nil {
				return err
			}
			statement := "INSERT INTO tickets (ticket_id, seat, grade, changed_at) VALUES (:ticket_id, :seat, :grade, :changed_at)"
			if !c.Before.IsZero() {
				statement = "UPDATE tickets SET seat = :seat, grade = :grade, changed_at = :changed_at WHERE ticket_id = :ticket_id"
			}
			r, err := sqlx.NamedExecContext(ctx, tx, statement, row)
			if err != nil {
				return err
			}
			if c.Key.IsZero() {
				if c.AssignedID, err = r.LastInsertId(); err != nil {
					return err
				}
				row.ID = sql.NullInt64{Int64: c.AssignedID, Valid: true}
			}
			_, err = sqlx.NamedExecContext(ctx, tx, "INSERT INTO seat_log (ticket_id, seat) VALUES (:ticket_id, :seat)", row)
			return err
		},
	}, err
}

func ExampleSQL() {
	contract, err := transform.LoadFile("testdata/contract.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	own, err := ticketSQL(contract)
	if err != nil {
		fmt.Println(err)
		return
	}
	db, err := mysqlstore.OpenDB("shop:secret@tcp(127.0.0.1:3306)/shop")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	mysql, err := mysqlstore.New(db, contract, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"Tickets": own}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mysql.Name())
	// Output: mysql
}
