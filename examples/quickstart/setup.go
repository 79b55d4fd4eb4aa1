package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/transform"
)

// A site is where this run has its data, and clears when it is done.
type site struct {
	*stores
	made *local.Site
}

// newSite makes a database and opens the stores. On an error everything is
// cleared.
func newSite(ctx context.Context, e *local.Engines, contract []byte) (*site, error) {
	made, err := local.NewSite(ctx, e, "quickstart", contract)
	if err != nil {
		if unprivileged(err) {
			err = fmt.Errorf("%w; grant the account CREATE, DROP and all on databases named crossfade_quickstart_…", err)
		}
		return nil, usage("%w", err)
	}
	m, err := loadMapping("contract", contract)
	if err != nil {
		return nil, errors.Join(err, made.Clear())
	}
	return &site{&stores{made.Stores, m}, made}, nil
}

// tableName returns the name of the items' table.
func (s *site) tableName() string { return s.made.Prefix + s.entity.Table.Name }

// fill makes the users table and loads the rows, in one transaction.
func (s *site) fill(ctx context.Context, file string, given []csvRow, generated []plain) error {
	if _, err := s.DB.ExecContext(ctx, createUsers); err != nil {
		return fmt.Errorf("create table %s: %w", sourceTable, err)
	}
	tx, err := s.DB.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, row := range given {
		// One by one: a row that MySQL refuses is named by its line.
		if err := insert(ctx, tx, []plain{row.plain}); err != nil {
			return found("%s:%d: MySQL refuses the row: %w", file, row.line, refusal(err))
		}
	}
	const batch = 200
	for from := 0; from < len(generated); from += batch {
		if err := insert(ctx, tx, generated[from:min(from+batch, len(generated))]); err != nil {
			return fmt.Errorf("load generated rows: %w", err)
		}
	}
	return tx.Commit()
}

func insert(ctx context.Context, tx *sqlx.Tx, rows []plain) error {
	var args []any
	for _, row := range rows {
		args = append(args, row.sql()...)
	}
	places := strings.TrimSuffix(strings.Repeat("(?,?,?,?,?,?),", len(rows)), ",")
	_, err := tx.ExecContext(ctx, "INSERT INTO users ("+strings.Join(columns(), ", ")+") VALUES "+places, args...)
	return err
}

// refusal adds the mend where it is known.
func refusal(err error) error {
	var server *mysql.MySQLError
	if errors.As(err, &server) && server.Number == 1062 {
		return fmt.Errorf("%w; its collation takes the two values for one: take one of the rows out", err)
	}
	return err
}

// createTables creates the tables and tells of each that is ACTIVE.
func (s *site) createTables(ctx context.Context, say func(string, ...any)) error {
	return s.made.CreateTables(ctx, func(table string, after time.Duration) {
		with := "the library's own,"
		if table == s.tableName() {
			with = fmt.Sprintf("with its indexes %s and %s,", usernameIndex, emailIndex)
		}
		say("table %s, %s is ACTIVE after %s", table, with, short(after))
	})
}

// checkSchema compares the contract with the table that is there now.
func (s *site) checkSchema(ctx context.Context, say func(string, ...any)) error {
	findings, err := s.MySQL.CheckSchema(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range findings {
		if f.Severity == transform.Error {
			errs = append(errs, errors.New(f.String()))
		} else {
			say("%s", f)
		}
	}
	if len(errs) > 0 {
		return found("the contract does not fit table %s: %w", sourceTable, errors.Join(errs...))
	}
	return nil
}
