package transform

import (
	"database/sql"
	"slices"
)

// SelectList returns what a SELECT has to list to read records of the entity:
// an expression for each column of Columns that is neither computed nor hydrated, in
// their order, over the source table under the alias that is given, "r" say. Joined columns
// are correlated sub-selects, so the list fits into any statement that has the
// table under that alias, and each row stays one row.
//
// The values are texts for ReadRow, the same by both protocols of MySQL. The
// session must have the time zone UTC, and for the lists of json-construction a
// group_concat_max_len that they fit in: one that does not is an error of its
// row.
func (e *Entity) SelectList(alias string) Statement { return e.SelectListLocked(alias, "") }

// SelectListLocked is SelectList for a statement that locks its rows, with the
// words that do it, " FOR UPDATE" say: the rows of children are locked with them
// and are those of now, whatever the transaction has seen before. A lock of the
// outer statement alone would leave theirs as its snapshot has them.
func (e *Entity) SelectListLocked(alias, lock string) Statement {
	w := &sqlWriter{entity: e, row: alias, form: textForm, element: hexElement, begin: pathBegin, endless: endless, lock: lock}
	w.otherwise = func(c *Column) Statement { return w.text(c.Join.orElse) }
	w.list = w.hexList
	var parts []Statement
	for i := range e.Columns {
		if c := &e.Columns[i]; c.isSelected() {
			parts = append(parts, w.column(i))
		}
	}
	return sqlList(parts, ", ")
}

// column is the value of a column that is not computed, as the writer shows it.
func (w *sqlWriter) column(i int) Statement {
	c := &w.entity.Columns[i]
	if c.Join == nil {
		return w.form(c, w.own(i))
	}
	return w.joined(c)
}

// textForm is the text that Column.Parse reads. Dates and times are selected as
// text: the driver would turn them into a time.Time under parseTime, in the zone
// that loc names, and fail on a zero date. A FLOAT is made a DOUBLE: its own text
// has six digits, 16777200 for 16777216. A BIT is bytes unless a number is made
// of it.
func textForm(c *Column, x Statement) Statement {
	switch c.Kind {
	case Date, DateTime, Timestamp:
		return sqlOf("CAST(", x, " AS CHAR)")
	case Float:
		return sqlOf("(", x, " + 0e0)")
	case Int, Bool:
		if c.SQLType == "bit" {
			return sqlOf("CAST(", x, " AS UNSIGNED)")
		}
	}
	return x
}

// Selected returns how many expressions SelectList has.
func (e *Entity) Selected() int { return len(e.Columns) - len(e.computed) - len(e.hydrations) }

// isSelected reports whether a row of MySQL tells the column.
func (c *Column) isSelected() bool { return !c.IsComputed() && !c.Hydrated }

// ReadRow returns the record whose columns have the texts that SelectList
// selected. The error is a *ValueError of the first column that has no canonical
// form; the record has the others all the same, so that the row's key can be
// told.
func (e *Entity) ReadRow(texts []sql.NullString) (Record, error) {
	r := e.NewRecord()
	if len(texts) != e.Selected() {
		return r, &ValueError{Entity: e.Name, Reason: "another number of columns was selected"}
	}
	var first error
	for i := range e.Columns {
		if !e.Columns[i].isSelected() {
			continue
		}
		text := texts[0]
		texts = texts[1:]
		c := &e.Columns[i]
		if !text.Valid && (c.Join == nil || c.Join.Kind != JoinChildren) {
			continue
		}
		v, reason := Value{}, reasonCut // a list is never NULL: the server had no room for it
		if text.Valid {
			v, reason = e.readColumn(i, text.String)
		}
		if reason != "" {
			if first == nil {
				first = e.fault(i, reason)
			}
			continue
		}
		r.values[i] = v
	}
	return r, first
}

// readColumn reads the text that was selected of a column.
func (e *Entity) readColumn(i int, text string) (Value, string) {
	if ch := e.ChildrenIn(i); ch != nil {
		return ch.readRows(text)
	}
	return e.Columns[i].read(text)
}

// SelectKey returns the expressions of SelectList for the primary key alone, in
// the order of KeyColumns.
func (e *Entity) SelectKey(alias string) Statement {
	w := &sqlWriter{entity: e, row: alias, form: textForm}
	var parts []Statement
	for _, i := range e.KeyColumns {
		parts = append(parts, w.column(i))
	}
	return sqlList(parts, ", ")
}

// ReadKey returns the key of the texts that SelectKey selected. The error is a
// *ValueError.
func (e *Entity) ReadKey(texts []sql.NullString) (Key, error) {
	values := make([]Value, len(texts))
	for n, text := range texts {
		if n >= len(e.KeyColumns) || !text.Valid {
			continue // which Key refuses
		}
		i := e.KeyColumns[n]
		v, reason := e.Columns[i].parse(text.String)
		if reason != "" {
			return Key{}, e.fault(i, reason)
		}
		values[n] = v
	}
	return e.Key(values...)
}

// SelectKeys returns the statement that reads the rows of the keys, in no order.
// Under a collation that takes two texts for equal it may find another key's row
// too: whoever reads them compares the keys. The error is a *ValueError.
func (e *Entity) SelectKeys(keys ...Key) (Statement, error) {
	var each []Statement
	for _, key := range keys {
		same, err := e.hasKey(key)
		if err != nil {
			return Statement{}, err
		}
		each = append(each, sqlOf("(", same, ")"))
	}
	where := sqlList(each, " OR ")
	switch {
	case len(keys) == 0:
		where = Statement{SQL: "FALSE"}
	case len(e.KeyColumns) == 1:
		// A long chain of ORs takes an optimiser more than linear time.
		c := &e.Columns[e.KeyColumns[0]]
		for i := range each {
			each[i].SQL = c.Placeholder()
		}
		where = sqlOf(sqlColumn(ownAlias, c.Name), " IN (", sqlList(each, ", "), ")")
	}
	return sqlOf(e.selectFrom(), " WHERE ", where), nil
}

// hasKey is the condition that a row has a key.
func (e *Entity) hasKey(key Key) (Statement, error) {
	values, err := e.KeyValues(key)
	if err != nil {
		return Statement{}, err
	}
	var parts []Statement
	for n, i := range e.KeyColumns {
		parts = append(parts, e.compared(i, " = ", values[n]))
	}
	return sqlList(parts, " AND "), nil
}

// compared compares a column of the row with a value.
func (e *Entity) compared(column int, with string, v Value) Statement {
	c := &e.Columns[column]
	return sqlOf(sqlColumn(ownAlias, c.Name), with, Statement{c.Placeholder(), []any{c.Sorted(v)}})
}

// SelectAfter returns the statement that reads the next rows after a key, at most
// limit of them, in the order of the primary key, as its index has them. The zero
// Key is before all rows. The error is a *ValueError.
func (e *Entity) SelectAfter(after Key, limit int) (Statement, error) {
	var order []Statement
	for _, i := range e.KeyColumns {
		order = append(order, sqlColumn(ownAlias, e.Columns[i].Name))
	}
	where := Statement{SQL: "TRUE"}
	if !after.IsZero() {
		values, err := e.KeyValues(after)
		if err != nil {
			return Statement{}, err
		}
		where = e.behind(values)
	}
	return sqlOf(e.selectFrom(), " WHERE ", where, " ORDER BY ", sqlList(order, ", "), " LIMIT ", Statement{"?", []any{limit}}), nil
}

// behind is true for the rows whose key comes after the one with these values.
func (e *Entity) behind(values []Value) Statement {
	var either, same []Statement
	for n, i := range e.KeyColumns {
		parts := append(slices.Clone(same), e.compared(i, " > ", values[n]))
		either = append(either, sqlOf("(", sqlList(parts, " AND "), ")"))
		same = append(same, e.compared(i, " = ", values[n]))
	}
	return sqlOf("(", sqlList(either, " OR "), ")")
}

func (e *Entity) selectFrom() Statement {
	return sqlOf("SELECT ", e.SelectList(ownAlias), " FROM ", sqlName(e.Source), " AS "+ownAlias)
}
