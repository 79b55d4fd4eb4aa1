package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/transform"
)

// SQL is a service's own SQL for the rows of one entity: see the package's
// documentation, under "SQL of the service's own". Both are called from several
// goroutines at once, and again where a transaction is begun again, so they do
// nothing but run statements on what they are given, which is not used any more once
// they have returned. It takes statements as a *sqlx.Tx does, by sqlx.GetContext,
// sqlx.SelectContext, sqlx.NamedExecContext and their like.
type SQL struct {
	// Read returns the records of the keys, all of one entity and at most 500, in any
	// order. A key that has no record is left out, and what was not asked for is
	// ignored. A record has the values of all columns of the entity's table that the
	// contract has. Nothing is written; under capture the statements run in one
	// snapshot, without they may run on several connections.
	//
	// An error that is no driver's is one of a record that can't be read, which does
	// not hide the others.
	Read func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error)
	// Write makes the change. A statement that fails takes the whole write back, also
	// where Write returns nil after it; an error of Write's own does too, and is
	// ErrInvalid with that error as its Cause.
	Write func(ctx context.Context, tx sqlx.ExtContext, c *Change) error
}

// A Change is what Write is to do with one record. Without Before there is no record,
// and Write must fail where there is one after all, as an INSERT does; without After
// it is to go; with both it changes. As the follower of DynamoDB it is the same: Before
// is what Read says, and After what DynamoDB has.
type Change struct {
	// Key is zero where MySQL is to assign the id: After then has NULL in its column.
	Key    transform.Key
	Before transform.Record // the zero Record for none
	After  transform.Record // the zero Record for none
	// AssignedID is for Write to set where Key is zero: the id of the new row.
	AssignedID int64
}

// hand gives the entities the service's own SQL.
func (s *Store) hand(all map[string]SQL) error {
	var errs []error
	for name, own := range all {
		src := s.sources[name]
		fault := ""
		switch {
		case src == nil:
			fault = "the contract has no such entity"
		case own.Read == nil || own.Write == nil:
			fault = "it needs both Read and Write"
		case len(src.children) > 0:
			// Their rows are written by the difference, and marked one by one.
			fault = "its records have rows of other tables, which the library writes with them"
		}
		if fault != "" {
			errs = append(errs, fmt.Errorf("option SQL of entity %s: %s", name, fault))
			continue
		}
		src.sql = &own
	}
	sort.Slice(errs, func(a, b int) bool { return errs[a].Error() < errs[b].Error() })
	return errors.Join(errs...)
}

// looksAt returns the columns that statements of the library look at, though the
// service reads and writes the rows: keys, of the table and of its indexes, references
// and uniques.
func (src *source) looksAt() []int {
	e := src.entity
	all := slices.Clone(e.KeyColumns)
	add := func(k transform.KeyAttribute) {
		if i := e.AttributeIndex(k.Name); i >= 0 && !k.IsZero() {
			made, _ := e.MadeOf(i)
			all = append(all, made...)
		}
	}
	if e.Table != nil {
		add(e.Table.PK)
		add(e.Table.SK)
		for _, index := range e.Table.Indexes {
			add(index.PK)
			add(index.SK)
		}
	}
	for _, r := range e.References {
		all = append(all, r.Columns...)
	}
	for _, u := range e.Unique {
		all = append(all, u.Columns...)
	}
	return all
}

// A lent is what the service's own SQL runs on: a transaction of the store, or its
// pool. The first error stays with it, and a transaction is then poisoned.
type lent struct {
	on     sqlx.ExtContext
	t      *tx // nil on the pool
	failed error
	over   bool
}

// lend lends a transaction.
func (s *Store) lend(t *tx) *lent { return &lent{on: bound{t.conn, s.db}, t: t} }

// bound is a connection that binds as its pool.
type bound struct {
	*sqlx.Conn
	db *sqlx.DB
}

func (b bound) DriverName() string { return b.db.DriverName() }
func (b bound) BindNamed(query string, arg any) (string, []any, error) {
	return b.db.BindNamed(query, arg)
}

// errOver says that what was lent is used after it was to be given back.
var errOver = errors.New("mysqlstore: Read or Write has returned, and what it was given is not its own any more")

// ends are the statements that would end the transaction, or the session's hold on
// it. What ends one within a procedure, or in passing as CREATE TABLE does, is found
// afterwards.
var ends = regexp.MustCompile(`(?is)^\s*(COMMIT|ROLLBACK(\s+WORK)?\s*(;|$|AND\b|NO\b|RELEASE\b)|BEGIN(\s+WORK)?\s*(;|$)|START\s+TRANSACTION|UNLOCK\s+TABLE|LOCK\s+TABLE|SET\s+(SESSION\s+|@@(SESSION\.)?)?AUTOCOMMIT\b)`)

// errEnds says that a statement was not sent.
var errEnds = errors.New("the transaction is the library's: COMMIT, ROLLBACK and what else ends or begins one are not for the service's own SQL")

// allow returns why a statement is not sent.
func (l *lent) allow(query string) error {
	switch {
	case l.over:
		return errOver
	case l.t != nil && l.t.poisoned != nil:
		return l.t.poisoned
	case ends.MatchString(query):
		return l.note(errEnds)
	}
	return nil
}

// note keeps the first error.
func (l *lent) note(err error) error {
	if err != nil && l.failed == nil {
		l.failed = err
		if l.t != nil && l.t.poisoned == nil {
			l.t.poisoned = err
		}
	}
	return err
}

func (l *lent) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := l.allow(query); err != nil {
		return nil, err
	}
	r, err := l.on.ExecContext(ctx, query, args...)
	return r, l.note(err)
}

func (l *lent) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := l.allow(query); err != nil {
		return nil, err
	}
	rows, err := l.on.QueryContext(ctx, query, args...)
	return rows, l.note(err)
}

func (l *lent) QueryxContext(ctx context.Context, query string, args ...any) (*sqlx.Rows, error) {
	if err := l.allow(query); err != nil {
		return nil, err
	}
	rows, err := l.on.QueryxContext(ctx, query, args...)
	return rows, l.note(err)
}

func (l *lent) QueryRowxContext(ctx context.Context, query string, args ...any) *sqlx.Row {
	if l.allow(query) != nil {
		// There is no other way to make a Row with an error.
		gone, cancel := context.WithCancel(ctx)
		cancel()
		return l.on.QueryRowxContext(gone, query, args...)
	}
	row := l.on.QueryRowxContext(ctx, query, args...)
	_ = l.note(row.Err())
	return row
}

func (l *lent) DriverName() string         { return l.on.DriverName() }
func (l *lent) Rebind(query string) string { return l.on.Rebind(query) }
func (l *lent) BindNamed(query string, arg any) (string, []any, error) {
	return l.on.BindNamed(query, arg)
}

// returned takes back what was lent, and returns the error of a statement, whatever
// became of it there, and else one of the service's own.
func (l *lent) returned(ctx context.Context, err error) (statement, own error) {
	l.over = true
	switch {
	case l.failed != nil:
		return l.failed, nil
	case err == nil:
		return nil, nil
	case number(err) != 0, notSent(err), errors.Is(err, mysql.ErrInvalidConn), ctx.Err() != nil:
		return l.note(err), nil // while rows were read
	}
	return nil, err
}

// leftToService returns the columns of an entity's table that the library looks at
// nowhere, since the service reads and writes the rows, and says which they are.
func (s *Store) leftToService(e *transform.Entity, all *findings) map[int]bool {
	src := s.sources[e.Name]
	if src == nil || src.sql == nil {
		return nil
	}
	left, names := map[int]bool{}, []string(nil)
	for i, looked := 0, src.looksAt(); i < len(e.Own()); i++ {
		if !slices.Contains(looked, i) {
			left[i], names = true, append(names, e.Columns[i].Name)
		}
	}
	what := "the rows of " + e.Source + " are read and written by SQL of the service's own, so previews and checks of data, which read the table, may not see its records"
	if len(names) > 0 {
		what += "; not compared with the contract: " + strings.Join(names, ", ")
	}
	all.add(transform.Warning, what, "")
	return left
}
