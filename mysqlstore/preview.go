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

// previewPage is how many rows a Preview reads by one statement, and previewCopied how
// many of those that have copies of what other rows have: these are read once all of the
// page is.
const (
	previewPage   = 500
	previewCopied = 50
)

// NewPreview returns a Preview on a pool of connections, which stays the
// caller's. It does no I/O.
func NewPreview(db *sqlx.DB, c *transform.Contract) (*Preview, error) {
	if db == nil || c == nil {
		return nil, errors.New("mysqlstore: a preview needs a database and a contract")
	}
	return &Preview{db: db, contract: c}, nil
}

// Rows calls do for the entity's rows in the order of the primary key, limit of
// them or all if it is 0, until do returns an error, which Rows returns. The records have
// the copies that their items have. A row that can't be represented has an Err, and its Key if that can be told; where it
// can't, the pass ends with the row's error after the rows that were read with
// it. Rows have no version.
func (p *Preview) Rows(ctx context.Context, entity string, limit int, do func(store.Row) error) error {
	e := p.contract.Entity(entity)
	if e == nil {
		return fmt.Errorf("mysqlstore: the contract has no entity %s", entity)
	}
	// The errors of do go to the caller as they are.
	pass := &previewPass{entity: e, copies: e.Copies(), size: previewPage, do: do}
	if len(pass.copies) > 0 {
		pass.size = previewCopied
	}
	err := reading(ctx, p.db, func(conn *sqlx.Conn) error { return pass.pages(ctx, conn, limit) })
	if err != nil && pass.refused == nil {
		return fmt.Errorf("mysqlstore: preview of %s: %w", entity, err)
	}
	return err
}

// previewBytes is how much text of rows is kept until do sees it.
const previewBytes = 4 << 20

// A previewPass goes through the rows of one entity.
type previewPass struct {
	entity  *transform.Entity
	copies  []*transform.Hydration
	size    int // of a page
	do      func(store.Row) error
	refused error // what do returned
	waiting []store.Row
	bytes   int // of the rows that wait
	last    store.Row
}

// pages reads page after page.
func (p *previewPass) pages(ctx context.Context, conn *sqlx.Conn, limit int) error {
	var after transform.Key
	for left := limit; ; left -= p.size {
		size := p.size
		if limit > 0 {
			size = min(left, size)
		}
		n, err := p.page(ctx, conn, after, size)
		if err != nil {
			return err
		}
		if n < size || limit > 0 && left <= p.size {
			return nil
		}
		if after = p.last.Key; after.IsZero() {
			return fmt.Errorf("no key to go on from: %w", p.last.Err)
		}
	}
}

// page reads a page and returns how many rows it has. Small rows are read to the
// page's end before do sees the first, so that the server does not wait for it;
// of large ones only as many as fit are kept.
func (p *previewPass) page(ctx context.Context, conn *sqlx.Conn, after transform.Key, size int) (n int, err error) {
	statement, err := p.entity.SelectAfter(after, size)
	if err != nil {
		return 0, err
	}
	err = each(ctx, conn, func(rows *sql.Rows) error {
		text, err := scanTexts(rows, p.entity.Selected())
		if err != nil {
			return err
		}
		n++
		return p.add(text)
	}, statement.SQL, statement.Args...)
	if err == nil {
		err = p.copy(ctx, conn)
	}
	if err == nil {
		err = p.flush()
	}
	return n, err
}

// add keeps a row, and hands over what is kept if that is much.
func (p *previewPass) add(text rowText) error {
	rec, key, err := readRow(p.entity, text)
	p.last = store.Row{Key: key, Live: true, Err: err}
	row := p.last
	if err == nil {
		row.Record = rec
	}
	p.waiting = append(p.waiting, row)
	for _, t := range text {
		p.bytes += len(t.String)
	}
	if p.bytes < previewBytes || len(p.copies) > 0 {
		return nil
	}
	return p.flush()
}

// flush hands the rows that wait to do.
func (p *previewPass) flush() error {
	rows := p.waiting
	p.waiting, p.bytes = p.waiting[:0], 0
	for i, row := range rows {
		rows[i] = store.Row{} // one large row at a time is enough
		if p.refused = p.do(row); p.refused != nil {
			return p.refused
		}
	}
	return nil
}
