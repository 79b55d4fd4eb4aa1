package mysqlstore

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// pages reads the rows page by page. Of each page one row at a time is in memory,
// and the texts of the last one's key.
func (p *dataPass) pages(ctx context.Context) error {
	var after transform.Statement
	for {
		n, last := 0, rowText(nil)
		query := p.page(after)
		err := each(ctx, p.conn, func(rows *sql.Rows) error {
			texts, err := scanTexts(rows, p.entity.Selected())
			if err != nil {
				return err
			}
			n++
			last = texts
			return p.row(texts)
		}, query.SQL, query.Args...)
		if err == nil && p.fold != nil {
			err = p.fold.flush(ctx, p.conn, p.folded)
		}
		if err != nil {
			return err
		}
		if p.options.Report != nil {
			p.options.Report(p.entity.Name, p.rows)
		}
		if n < previewPage {
			return nil
		}
		after = p.behind(last)
	}
}

// page is the statement that reads a page.
func (p *dataPass) page(after transform.Statement) transform.Statement {
	const alias = "r"
	list := p.entity.SelectList(alias)
	var order []string
	for _, i := range p.entity.KeyColumns {
		order = append(order, alias+"."+quote(p.entity.Columns[i].Name))
	}
	where := after.SQL
	if where == "" {
		where = "TRUE"
	}
	args := append(append([]any(nil), list.Args...), after.Args...)
	return transform.Statement{
		SQL: "SELECT " + list.SQL + " FROM " + quote(p.entity.Source) + " AS " + alias + " WHERE " + where +
			" ORDER BY " + strings.Join(order, ", ") + " LIMIT " + strconv.Itoa(previewPage),
		Args: args,
	}
}

// behind is true for the rows whose key comes after that of a row. It is made of
// the row's texts and not of its transform.Key: a row that has none must not end
// the pass.
func (p *dataPass) behind(row rowText) transform.Statement {
	var either []string
	var out transform.Statement
	same := ""
	for n, i := range p.entity.KeyColumns {
		c := &p.entity.Columns[i]
		name := "r." + quote(c.Name)
		either = append(either, "("+same+name+" > "+c.Placeholder()+")")
		same += name + " = " + c.Placeholder() + " AND "
		for _, k := range p.entity.KeyColumns[:n+1] {
			out.Args = append(out.Args, keyArgument(&p.entity.Columns[k], row[k].String))
		}
	}
	out.SQL = "(" + strings.Join(either, " OR ") + ")"
	return out
}

// keyArgument is a column's text as an argument: MySQL compares a number with a
// text as floating point numbers.
func keyArgument(c *transform.Column, text string) any {
	if c.SQLType == "enum" || c.SQLType == "set" {
		return c.Sorted(transform.TextValue(text))
	}
	switch c.Kind {
	case transform.Int, transform.Bool:
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i
		}
		if u, err := strconv.ParseUint(text, 10, 64); err == nil {
			return u
		}
	case transform.Bytes:
		return []byte(text)
	}
	return text
}
