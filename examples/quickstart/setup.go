package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/transform"
)

// How long starting the engines and removing what was made may take.
const (
	startTimeout = time.Minute
	pingTimeout  = 10 * time.Second
	clearTimeout = 30 * time.Second
)

// A site is a place that this run made, and clears when it is done.
type site struct {
	place
	*stores
	servers  engines
	name     string // of the run: what everything it makes is named by
	database bool   // whether the database was made
	tables   []string
}

// newSite makes a database and opens the stores. Names are random, so that
// nothing is met that somebody else made. On an error everything is cleared.
func newSite(ctx context.Context, e engines, contract []byte) (*site, error) {
	name := "crossfade_quickstart_" + strings.ToLower(rand.Text()[:10])
	return namedSite(ctx, e, contract, name)
}

func namedSite(ctx context.Context, e engines, contract []byte, name string) (*site, error) {
	s := &site{servers: e, name: name, place: place{Endpoint: e.dynamo.Endpoint(), Region: e.dynamo.Region(),
		Prefix: name + "_", Contract: contract}}
	var err error
	if s.DSN, err = e.mysql.CreateDatabase(ctx, name); err != nil {
		if unprivileged(err) {
			err = fmt.Errorf("%w; grant the account CREATE, DROP and all on databases named crossfade_quickstart_…", err)
		}
		return nil, usage("%w", err)
	}
	s.database = true
	if s.stores, err = s.place.open(); err != nil {
		return nil, errors.Join(err, s.clear())
	}
	return s, nil
}

// clear removes what the run made, and nothing else. It works after ctx has
// ended: an interrupted run leaves nothing behind either.
func (s *site) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), clearTimeout)
	defer cancel()
	var errs []error
	for _, table := range s.tables {
		errs = append(errs, left("table "+table, s.deleteTable(ctx, table)))
	}
	if s.stores != nil {
		s.stores.close()
	}
	if s.database {
		errs = append(errs, left("database "+s.name, s.servers.mysql.DropDatabase(ctx, s.name)))
	}
	return errors.Join(errs...)
}

// deleteTable deletes a table. One that is still being created can't be
// deleted yet.
func (s *site) deleteTable(ctx context.Context, table string) error {
	for {
		_, err := s.client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &table})
		var gone *types.ResourceNotFoundException
		var busy *types.ResourceInUseException
		switch {
		case err == nil, errors.As(err, &gone):
			return nil
		case !errors.As(err, &busy) || ctx.Err() != nil:
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// fill makes the users table and loads the rows, in one transaction.
func (s *site) fill(ctx context.Context, file string, given []csvRow, generated []plain) error {
	if _, err := s.db.ExecContext(ctx, createUsers); err != nil {
		return fmt.Errorf("create table %s: %w", sourceTable, err)
	}
	tx, err := s.db.BeginTxx(ctx, nil)
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

// createTables creates the contract's tables and waits until they and their
// indexes are ACTIVE. A table that is there already is somebody else's.
func (s *site) createTables(ctx context.Context, say func(string, ...any)) error {
	plans, err := s.dynamo.Plan(ctx)
	if err != nil {
		return err
	}
	for _, p := range plans {
		if p.Exists() {
			return found("table %s is there already and this run did not make it; delete it or choose another engine%s", p.Table, differences(p))
		}
	}
	return s.dynamo.Apply(ctx, nil, func(step dynamostore.TableStep) {
		switch step.Step {
		case "creating":
			s.tables = append(s.tables, step.Table)
		case "active":
			with := "the library's own,"
			if step.Table == s.tableName(s.place) {
				with = fmt.Sprintf("with its indexes %s and %s,", usernameIndex, emailIndex)
			}
			say("table %s, %s is ACTIVE after %s", step.Table, with, short(step.After))
		}
	})
}

// differences lists what a table has otherwise than the contract wants.
func differences(p dynamostore.TablePlan) string {
	text := ""
	for _, d := range p.Differences {
		text += "; " + d.String()
	}
	return text
}

// checkSchema compares the contract with the table that is there now.
func (s *site) checkSchema(ctx context.Context, say func(string, ...any)) error {
	findings, err := s.mysql.CheckSchema(ctx)
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
