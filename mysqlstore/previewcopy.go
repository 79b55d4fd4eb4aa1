package mysqlstore

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// copy gives the rows that wait the copies that their items have. It reads the records
// that they refer to, each once. A copy that can't be shown is its row's Err.
func (p *previewPass) copy(ctx context.Context, conn *sqlx.Conn) error {
	sources := map[transform.Key]store.Row{}
	wanted := map[*transform.Entity][]transform.Key{}
	for _, row := range p.waiting {
		for _, h := range p.copies {
			if row.Err != nil {
				break
			}
			_, key, _ := h.Value(row.Record, finding(sources, nil))
			if !key.IsZero() {
				sources[key] = store.Row{Key: key}
				wanted[h.By().To()] = append(wanted[h.By().To()], key)
			}
		}
	}
	if err := p.count(ctx, conn); err != nil {
		return err
	}
	for e, keys := range wanted {
		if err := readSources(ctx, conn, e, keys, sources); err != nil {
			return err
		}
	}
	for i := range p.waiting {
		row := &p.waiting[i]
		for _, h := range p.copies {
			if row.Err != nil {
				break
			}
			if h.Counts() != nil {
				continue
			}
			v, _, err := h.Value(row.Record, finding(sources, &row.Err))
			if row.Err == nil {
				row.Err = err
			}
			row.Record.SetAt(h.Column, v)
		}
		if row.Err != nil {
			row.Record = transform.Record{}
		}
	}
	return nil
}

// count gives the rows that wait the numbers that their items have.
func (p *previewPass) count(ctx context.Context, conn *sqlx.Conn) error {
	for _, h := range p.copies {
		by := h.Counts()
		if by == nil {
			continue
		}
		of, err := newTable(by.Of())
		if err != nil {
			return err
		}
		found := map[transform.Key]int64{}
		var keys []transform.Key
		for _, row := range p.waiting {
			if row.Err == nil {
				found[row.Key], keys = 0, append(keys, row.Key)
			}
		}
		if len(keys) == 0 {
			return nil
		}
		query, args, err := (&Store{}).selectCount(of, store.At{}, store.Count{By: by, Keys: keys})
		if err != nil {
			return err
		}
		err = each(ctx, conn, func(rows *sql.Rows) error {
			var n int64
			texts, err := scanTexts(rows, len(by.Columns), &n)
			if err != nil {
				return err
			}
			key, _, unread := by.ReadKey(texts)
			if _, wanted := found[key]; wanted && unread == nil {
				found[key] += n
			}
			return nil
		}, query, args...)
		if err != nil {
			return err
		}
		for _, row := range p.waiting {
			if row.Err == nil {
				row.Record.SetAt(h.Column, transform.IntValue(found[row.Key]))
			}
		}
	}
	return nil
}

// finding finds what was read. The error of one that can't be represented goes where err
// points to.
func finding(sources map[transform.Key]store.Row, err *error) func(transform.Key) (transform.Record, bool) {
	return func(key transform.Key) (transform.Record, bool) {
		row, read := sources[key]
		if err != nil && row.Err != nil {
			*err = row.Err
		}
		return row.Record, read
	}
}

// readSources puts those of the records that are there into sources.
func readSources(ctx context.Context, conn *sqlx.Conn, e *transform.Entity, keys []transform.Key, sources map[transform.Key]store.Row) error {
	statement, err := e.SelectKeys(keys...)
	if err != nil {
		return err
	}
	return each(ctx, conn, func(rows *sql.Rows) error {
		text, err := scanTexts(rows, e.Selected())
		if err != nil {
			return err
		}
		rec, key, fault := readRow(e, text)
		if _, wanted := sources[key]; !wanted {
			return nil // which a collation takes for equal
		}
		row := store.Row{Key: key, Live: true, Err: fault}
		if fault == nil {
			row.Record = rec
		}
		sources[key] = row
		return nil
	}, statement.SQL, statement.Args...)
}
