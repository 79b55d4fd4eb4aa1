package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// A liveIndex is an index of a table that finds rows by values.
type liveIndex struct {
	name    string
	columns []string // "" for an expression
	unique  bool
}

// liveIndexes returns the indexes of a table, the primary key too. Those of
// texts and places find no rows by a value.
func liveIndexes(ctx context.Context, q querier, table string) ([]liveIndex, error) {
	var all []liveIndex
	err := each(ctx, q, func(rows *sql.Rows) error {
		var name string
		var column sql.NullString
		var repeats bool
		if err := rows.Scan(&name, &column, &repeats); err != nil {
			return err
		}
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, liveIndex{name: name, unique: !repeats})
		}
		i := &all[len(all)-1]
		i.columns = append(i.columns, column.String)
		return nil
	}, "SELECT index_name, column_name, non_unique FROM information_schema.statistics"+
		" WHERE table_schema = DATABASE() AND table_name = ? AND index_type NOT IN ('FULLTEXT', 'SPATIAL')"+
		" ORDER BY index_name, seq_in_index", table)
	return all, err
}

// finds reports whether the index leads to the rows that have given values in
// all of the columns: it begins with them, in any order, or the columns that it
// has tell a row.
func (i liveIndex) finds(columns []string) bool {
	n := 0
	for _, c := range i.columns {
		if !slices.ContainsFunc(columns, func(name string) bool { return strings.EqualFold(name, c) }) {
			break
		}
		n++
	}
	return n == len(columns) || i.unique && n == len(i.columns)
}

// uniques finds sets of columns that the contract calls unique and MySQL does
// not keep so. A join that trusts the contract would find two rows one day, and
// then every statement with it fails.
func (l *liveCheck) uniques(src *transform.Source, t *liveTable) {
	for _, set := range src.Unique {
		var names []string
		for _, i := range set {
			names = append(names, src.Columns[i].Name)
		}
		if !slices.ContainsFunc(t.uniques, func(i UniqueIndex) bool { return i.keeps(names) }) {
			l.all.add(transform.Error, "the contract says that no two rows of "+src.Name+" have the same "+strings.Join(names, ", ")+
				", and no unique index of MySQL keeps it so", "create it, or take it out of the contract")
		}
	}
}

// keeps reports whether the index lets no two rows have the same values in all
// of the columns.
func (i UniqueIndex) keeps(columns []string) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, name) })
	}
	return !slices.ContainsFunc(i.Columns, func(name string) bool { return !has(name) })
}

// undeclared finds unique indexes of the entity's table that the contract does
// not declare.
func undeclared(e *transform.Entity, t *liveTable, all *findings) {
	for _, i := range t.uniques {
		if !strings.EqualFold(i.Name, primary) && !i.Partial && !declares(e, i) {
			all.add(transform.Warning, "the unique index "+i.Name+" ("+strings.Join(i.Columns, ", ")+") of "+e.Source+
				" is not in the contract: DynamoDB would take what MySQL can't hold, so phase 4 is refused",
				fmt.Sprintf(`add {"name": %q, "columns": […]} to the table's "unique"; contract check --write does`, i.Name))
		}
	}
}

// served reports whether an index of the table leads to the rows. Of a table
// that is not there, or lacks a column, other findings tell.
func (l *liveCheck) served(table string, columns []string) bool {
	t := l.tables[table]
	if t == nil || slices.ContainsFunc(columns, func(c string) bool { return columnOf(t.columns, c) < 0 }) {
		return true
	}
	return slices.ContainsFunc(t.indexes, func(i liveIndex) bool { return i.finds(columns) })
}

// mendIndex says how an index is made.
func mendIndex(table string, columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = quote(c)
	}
	return "ALTER TABLE " + quote(table) + " ADD INDEX (" + strings.Join(quoted, ", ") + ")"
}

// indexes finds declared indexes that MySQL has none for: while it answers the
// queries, each of them reads the whole table.
func (l *liveCheck) indexes(e *transform.Entity) {
	for _, index := range e.Table.Indexes {
		if i := e.AttributeIndex(index.PK.Name); i >= 0 {
			made, _ := e.MadeOf(i)
			l.lookedUp("index "+index.Name, e, made)
		}
	}
}

// patterns does the same for access patterns.
func (l *liveCheck) patterns() {
	for i, p := range l.store.contract.Patterns {
		if !p.Scan && l.tables[p.Entity.Source] != nil {
			l.all.at = "/access_patterns/" + strconv.Itoa(i)
			l.lookedUp("access pattern "+p.Name, p.Entity, p.Equal)
		}
	}
}

// lookedUp checks that an index leads to the rows with given values in columns,
// if all of them are of the entity's own table.
func (l *liveCheck) lookedUp(what string, e *transform.Entity, made []int) {
	columns, own := ownNames(e, made)
	if !own || len(columns) == 0 || l.served(e.Source, columns) {
		return
	}
	l.all.add(transform.Warning, fmt.Sprintf("%s looks records up by %s of %s, and no index of MySQL begins with that: each query reads the whole table",
		what, strings.Join(columns, ", "), e.Source), mendIndex(e.Source, columns))
}

// ownNames returns the names of columns, each once, and whether all are of the
// entity's own table.
func ownNames(e *transform.Entity, columns []int) (names []string, own bool) {
	for _, c := range columns {
		if !e.Columns[c].IsOwn() {
			return nil, false
		}
		names = withName(names, e.Columns[c].Name)
	}
	return names, true
}

// withName adds the name of a column that rows are looked up by, unless it is
// there: no index has a column twice.
func withName(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}
