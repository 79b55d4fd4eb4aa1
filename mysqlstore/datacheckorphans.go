package mysqlstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// orphans counts the rows that refer to a row which is not there, by references that
// copies in items follow. A foreign key allows none, but it is not looked at when rows are
// loaded with foreign_key_checks = 0. Who creates a record leaves no fan-out mark, since
// nothing can refer to it yet.
func (p *dataPass) orphans(ctx context.Context) error {
	seen := map[*transform.Reference]bool{}
	for _, h := range p.entity.Copies() {
		by := h.By()
		if by == nil || h.Frozen() || seen[by] { // none of these follows what it refers to
			continue
		}
		seen[by] = true
		f := fault{reason: "refers by " + by.Field() + " to a record of " + by.Target +
			" that is not there, and copies would stay as they are if it were created"}
		query := orphansOf(by)
		err := each(ctx, p.conn, func(rows *sql.Rows) error {
			texts, err := scanTexts(rows, len(p.entity.KeyColumns))
			if err == nil {
				p.count(f, keyShown(p.entity, texts))
			}
			return err
		}, query.SQL, query.Args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// orphansOf selects the keys of the rows whose reference finds nothing, in their order.
func orphansOf(by *transform.Reference) transform.Statement {
	const row, target = "r", "o"
	e, to := by.Of(), by.To()
	var on, order []string
	where := []string{target + "." + quote(to.Columns[to.KeyColumns[0]].Name) + " IS NULL"}
	for n, i := range by.Columns {
		name := row + "." + quote(e.Columns[i].Name)
		on = append(on, target+"."+quote(to.Columns[to.KeyColumns[n]].Name)+" = "+name)
		where = append(where, name+" IS NOT NULL")
	}
	for _, i := range e.KeyColumns {
		order = append(order, row+"."+quote(e.Columns[i].Name))
	}
	list := e.SelectKey(row)
	list.SQL = "SELECT " + list.SQL + " FROM " + quote(e.Source) + " AS " + row + " LEFT JOIN " + quote(to.Source) + " AS " + target +
		" ON " + strings.Join(on, " AND ") + " WHERE " + strings.Join(where, " AND ") + " ORDER BY " + strings.Join(order, ", ")
	return list
}

// keyShown is a key as a finding shows it, of the texts that SelectKey selected.
func keyShown(e *transform.Entity, texts rowText) string {
	if key, err := e.ReadKey(texts); err == nil {
		return key.ID
	}
	var parts []string
	for _, text := range texts {
		parts = append(parts, text.String)
	}
	return strings.Join(parts, "/")
}
