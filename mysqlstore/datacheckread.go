package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
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
			texts, err := scanTexts(rows, p.entity.Selected()+len(p.blurred))
			if err != nil {
				return err
			}
			n++
			last = texts
			return p.row(texts[:p.entity.Selected()])
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
	for _, i := range p.blurred {
		list.SQL += ", " + alias + "." + quote(p.entity.Columns[i].Name) + " + 0"
	}
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
			out.Args = append(out.Args, p.argument(k, row))
		}
	}
	out.SQL = "(" + strings.Join(either, " OR ") + ")"
	return out
}

// argument is the value of a key column in a row, to compare with.
func (p *dataPass) argument(column int, row rowText) any {
	if n := slices.Index(p.blurred, column); n >= 0 {
		number, _ := strconv.ParseUint(row[p.entity.Selected()+n].String, 10, 64)
		return number
	}
	return keyArgument(&p.entity.Columns[column], row[column].String)
}

// blurredKeys returns the key columns of which rows with different values may have
// the same text: what is no label of an ENUM or SET is the number 0 and an empty
// text, and a label may be empty too.
func blurredKeys(e *transform.Entity) []int {
	var columns []int
	for _, i := range e.KeyColumns {
		if slices.Contains(e.Columns[i].Labels, "") {
			columns = append(columns, i)
		}
	}
	return columns
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
