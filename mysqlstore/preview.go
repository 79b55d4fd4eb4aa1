package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Preview reads rows as the records that a contract makes of them, also of a
// contract that no store can migrate yet: entities with joins, several entities
// in a table. It reads only, and needs none of the library's own tables.
type Preview struct {
	db       *sqlx.DB
	contract *transform.Contract
}

// previewPage is how many rows a Preview reads by one statement.
const previewPage = 500

// NewPreview returns a Preview on a pool of connections, which stays the
// caller's. It does no I/O.
func NewPreview(db *sqlx.DB, c *transform.Contract) (*Preview, error) {
	if db == nil || c == nil {
		return nil, errors.New("mysqlstore: a preview needs a database and a contract")
	}
	return &Preview{db: db, contract: c}, nil
}

// What the session of a preview has in its own way, and how it gets back what it
// had. TIMESTAMPs are shown in the session's time zone. Lists are strings of
// hexadecimal digits, so that 16 MB hold every list that an item of 400 KB does.
const (
	previewSession = "SET @crossfade_concat = @@SESSION.group_concat_max_len, @crossfade_zone = @@SESSION.time_zone," +
		" @@SESSION.group_concat_max_len = 16777216, @@SESSION.time_zone = '+00:00'"
	unpreviewSession = "SET @@SESSION.group_concat_max_len = @crossfade_concat, @@SESSION.time_zone = @crossfade_zone"
)

// Rows calls do for the entity's rows in the order of the primary key, limit of
// them or all if it is 0, until do returns an error, which Rows returns. A row
// that can't be represented has an Err, and its Key if that can be told; where it
// can't, the pass ends with the row's error after the rows that were read with
// it. Rows have no version.
func (p *Preview) Rows(ctx context.Context, entity string, limit int, do func(store.Row) error) error {
	e := p.contract.Entity(entity)
	if e == nil {
		return fmt.Errorf("mysqlstore: the contract has no entity %s", entity)
	}
	conn, err := p.db.Connx(ctx)
	if err != nil {
		return fmt.Errorf("mysqlstore: preview of %s: %w", entity, err)
	}
	return p.pass(ctx, conn, e, limit, do)
}

func (p *Preview) pass(ctx context.Context, conn *sqlx.Conn, e *transform.Entity, limit int, do func(store.Row) error) error {
	broken := true
	defer func() { release(conn, broken) }()
	if _, err := conn.ExecContext(ctx, previewSession); err != nil {
		return fmt.Errorf("mysqlstore: preview of %s: %w", e.Name, err)
	}
	err := p.pages(ctx, conn, e, limit, do)
	c, cancel := store.Detached(ctx, defaultCommitTimeout)
	defer cancel()
	_, restored := conn.ExecContext(c, unpreviewSession)
	broken = restored != nil
	return err
}

// pages reads page after page. The rows of a page are read to its end before do
// sees the first, so that it may use the pool as it likes.
func (p *Preview) pages(ctx context.Context, conn *sqlx.Conn, e *transform.Entity, limit int, do func(store.Row) error) error {
	var after transform.Key
	for left := limit; ; left -= previewPage {
		size := previewPage
		if limit > 0 {
			size = min(left, size)
		}
		rows, err := p.page(ctx, conn, e, after, size)
		if err != nil {
			return fmt.Errorf("mysqlstore: preview of %s: %w", e.Name, err)
		}
		for _, row := range rows {
			if err := do(row); err != nil {
				return err
			}
		}
		if len(rows) < size || limit > 0 && left <= previewPage {
			return nil
		}
		last := rows[len(rows)-1]
		if after = last.Key; after.IsZero() {
			return fmt.Errorf("mysqlstore: preview of %s: no key to go on from: %w", e.Name, last.Err)
		}
	}
}

func (p *Preview) page(ctx context.Context, conn *sqlx.Conn, e *transform.Entity, after transform.Key, limit int) ([]store.Row, error) {
	statement, err := e.SelectAfter(after, limit)
	if err != nil {
		return nil, err
	}
	var found []store.Row
	err = each(ctx, conn, func(rows *sql.Rows) error {
		text, err := scanTexts(rows, e.Selected())
		if err != nil {
			return err
		}
		rec, key, err := readRow(e, text)
		row := store.Row{Key: key, Live: true, Err: err}
		if err == nil {
			row.Record = rec
		}
		found = append(found, row)
		return nil
	}, statement.SQL, statement.Args...)
	return found, err
}
