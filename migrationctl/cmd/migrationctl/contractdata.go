package main

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// checkData reads the rows of a contract that fits the schema.
func (c *cli) checkData(ctx context.Context, db *sqlx.DB, contract *transform.Contract, doc *contractDoc) error {
	show := c.series(func(entity string) *progress {
		return c.begin("check of "+entity, "rows", 0, c.rows(ctx, db, contract.Entity(entity).Source))
	})
	defer show.stop()
	found, err := mysqlstore.CheckData(ctx, db, contract, &mysqlstore.DataOptions{
		Report: func(entity string, rows int64) {
			show.set(entity, rows)
			doc.counted(entity, rows)
		},
	})
	for _, f := range found {
		doc.addData(f)
	}
	if err != nil {
		doc.stop(ctx, err)
		return err
	}
	show.end()
	return nil
}

// stop says that not all rows were read, and why.
func (d *contractDoc) stop(ctx context.Context, err error) {
	d.Stopped = "the check of the rows stopped before its first page was read"
	if n := len(d.Rows); n > 0 {
		last := d.Rows[n-1]
		d.Stopped = "the check of the rows stopped in " + shown(last.Entity) + " after " + count(last.Rows, "row")
	}
	d.Stopped += "; what is listed was found until then"
	_, lines := report(ctx, err)
	d.Error = strings.Join(lines, "\n")
}

// counted keeps how many rows of an entity were read so far.
func (d *contractDoc) counted(entity string, rows int64) {
	if n := len(d.Rows); n > 0 && d.Rows[n-1].Entity == entity {
		d.Rows[n-1].Rows = rows
		return
	}
	d.Rows = append(d.Rows, rowCount{entity, rows})
}
