package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// childChunk is how many rows of children one statement inserts or deletes.
const childChunk = 200

// A children is rows of another table that are part of an entity's records, as the
// statements of this package see them.
type children struct {
	*transform.Children
	rows *source
	// parent are the columns that equal the record's key, and from the entity's
	// columns that they equal.
	parent, from []int
	ofParent     string // the condition that finds a record's rows
}

func newChildren(ch *transform.Children) (*children, error) {
	rows, err := newTable(ch.Rows)
	c := &children{Children: ch, rows: rows}
	var parts []string
	for i := range ch.Rows.Columns {
		if from := ch.Parent(i); from >= 0 {
			column := &ch.Rows.Columns[i]
			c.parent, c.from = append(c.parent, i), append(c.from, from)
			parts = append(parts, quote(column.Name)+" = "+place(column))
		}
	}
	c.ofParent = strings.Join(parts, " AND ")
	return c, err
}

// parentArgs returns the arguments of ofParent for a key's values.
func (c *children) parentArgs(src *source, values []transform.Value) []any {
	args := make([]any, len(c.parent))
	for n, i := range c.parent {
		at := slices.Index(src.entity.KeyColumns, c.from[n])
		args[n] = c.Rows.Columns[i].SQL(values[at])
	}
	return args
}

// alone reports whether a record has no rows of other tables.
func (src *source) alone(rec transform.Record) bool {
	return !slices.ContainsFunc(src.children, func(c *children) bool {
		rows, err := c.Of(rec)
		return err != nil || len(rows) > 0
	})
}

// settle gives the step's record the form that its lists have, and refuses rows
// that their table can't hold. The caller's record stays as it is.
func (st *step) settle(s *Store) error {
	if len(st.src.children) == 0 || st.Op != store.Create && st.Op != store.Put {
		return nil
	}
	st.Record = st.Record.Clone()
	return s.settle(st, st.Record)
}

func (s *Store) settle(st *step, rec transform.Record) error {
	e := st.src.entity
	err := e.Settle(rec)
	if err == nil {
		err = e.FitChildren(rec)
	}
	if err != nil {
		return s.unfitRows(st, err)
	}
	return nil
}

// unfitRows is the error of rows that a record can't have.
func (s *Store) unfitRows(st *step, err error) error {
	out := s.invalid(st.Op.String(), st.entity(), "", "", store.NotApplied)
	out.Cause = err
	var v *transform.ValueError
	if errors.As(err, &v) {
		out.Field = v.Column
	}
	return out
}

// settled settles what a Modify made of a record. New rows bring no ids.
func (f *fenced) settled(st *step, before, now transform.Record) error {
	if len(st.src.children) == 0 {
		return nil
	}
	if err := f.s.settle(st, now); err != nil {
		return err
	}
	if err := st.src.entity.Brought(before, now); err != nil {
		return f.s.unfitRows(st, err)
	}
	return nil
}

// setRows makes the rows of other tables those that a record has, by the
// difference to what the record had, the zero Record for none. Rows that stay as
// they were get no statement. New rows are given their ids, in the record too. It
// reports whether anything was changed.
//
// Whoever calls it holds the lock of the record's row or of its change record, so
// that nobody else changes these rows.
func (f *fenced) setRows(ctx context.Context, src *source, before, now transform.Record) (bool, error) {
	changed := false
	for _, c := range src.children {
		if !before.IsZero() && before.At(c.List) == now.At(c.List) {
			continue
		}
		did, err := f.setRowsOf(ctx, c, before, now)
		if err != nil {
			return changed, f.s.childError(src, c, err)
		}
		changed = changed || did
	}
	return changed, nil
}

func (f *fenced) setRowsOf(ctx context.Context, c *children, before, now transform.Record) (bool, error) {
	rows, err := c.Of(now)
	if err != nil {
		return false, err
	}
	var had []transform.Record
	if !before.IsZero() {
		if had, err = c.Of(before); err != nil {
			return false, err
		}
	}
	d := c.difference(had, rows)
	if err := f.deleteRows(ctx, c, d.gone); err != nil {
		return false, err
	}
	for _, u := range d.changed {
		if err := f.updateRow(ctx, c, u); err != nil {
			return false, err
		}
	}
	for some := range slices.Chunk(d.added, childChunk) {
		if err := f.insertRows(ctx, c, some); err != nil {
			return false, err
		}
	}
	for _, row := range d.unnamed {
		if err := f.insertUnnamed(ctx, c, row); err != nil {
			return false, err
		}
	}
	c.Set(now, rows)
	return d.any(), nil
}

// A difference is what it takes to make one list of rows of another.
type difference struct {
	gone    []transform.Key
	changed []changedRow
	added   []transform.Record // that have a key
	unnamed []transform.Record // whose id MySQL assigns
}

type changedRow struct {
	row     transform.Record
	columns []int
}

func (d *difference) any() bool {
	return len(d.gone)+len(d.changed)+len(d.added)+len(d.unnamed) > 0
}

// difference compares rows by their primary key. A row of which a unique column
// has changed is taken out and put back, since another row may have what it had.
func (c *children) difference(had, want []transform.Record) difference {
	var d difference
	before := make(map[transform.Key]transform.Record, len(had))
	var order []transform.Key
	for _, row := range had {
		if key, err := row.Key(); err == nil {
			before[key] = row
			order = append(order, key)
		}
	}
	stays := map[transform.Key]bool{}
	for _, row := range want {
		key, err := row.Key()
		old, there := before[key]
		switch columns := c.changes(old, row); {
		case err != nil:
			d.unnamed = append(d.unnamed, row)
		case !there:
			d.added = append(d.added, row)
		case c.isUnique(columns):
			d.added = append(d.added, row)
		default:
			stays[key] = true
			if len(columns) > 0 {
				d.changed = append(d.changed, changedRow{row, columns})
			}
		}
	}
	d.gone = slices.DeleteFunc(order, func(key transform.Key) bool { return stays[key] })
	return d
}

// changes returns the columns in which two rows differ.
func (c *children) changes(old, row transform.Record) []int {
	if old.IsZero() {
		return nil
	}
	return c.rows.changes(old, row)
}

func (c *children) isUnique(columns []int) bool {
	return slices.ContainsFunc(c.Rows.Unique, func(u transform.Unique) bool {
		return slices.ContainsFunc(u.Columns, func(i int) bool { return slices.Contains(columns, i) })
	})
}

func (f *fenced) deleteRows(ctx context.Context, c *children, keys []transform.Key) error {
	for some := range slices.Chunk(keys, childChunk) {
		var args []any
		for _, key := range some {
			more, fault := c.rows.keyArgs(key)
			if fault != "" {
				return errors.New(fault)
			}
			args = append(args, more...)
		}
		condition := c.rows.keyCondition("")
		where := strings.Repeat("("+condition+") OR ", len(some)-1) + "(" + condition + ")"
		guard, guardArgs := f.s.guarded(f.at)
		plain := "DELETE FROM " + c.rows.table + " WHERE (" + where + ")" + f.marked(c.rows)
		if _, err := f.exec(ctx, plain, args, plain+guard, guardArgs); err != nil {
			return err
		}
	}
	return nil
}

func (f *fenced) updateRow(ctx context.Context, c *children, u changedRow) error {
	key, err := u.row.Key()
	if err != nil {
		return err
	}
	args, fault := c.rows.keyArgs(key)
	if fault != "" {
		return errors.New(fault)
	}
	names, values := make([]string, len(u.columns)), make([]any, len(u.columns))
	for n, i := range u.columns {
		column := &c.Rows.Columns[i]
		names[n], values[n] = quote(column.Name)+" = ?", column.SQL(u.row.At(i))
	}
	plain := "UPDATE " + c.rows.table + " SET " + strings.Join(names, ", ") + " WHERE " + c.rows.keyCondition("") + f.marked(c.rows)
	guard, guardArgs := f.s.guarded(f.at)
	_, err = f.exec(ctx, plain, append(values, args...), plain+guard, guardArgs)
	return err
}

// insertRows inserts rows that have their keys by one statement.
func (f *fenced) insertRows(ctx context.Context, c *children, rows []transform.Record) error {
	if err := f.pass(ctx); err != nil {
		return err
	}
	var args []any
	for _, row := range rows {
		args = append(args, c.rows.insertArgs(row)...)
	}
	_, err := f.t.exec(ctx, f.insertMany(c.rows, len(rows)), args...)
	return err
}

// insertUnnamed inserts one row whose id MySQL assigns. Of several in one statement
// only the first one's would be told for certain.
func (f *fenced) insertUnnamed(ctx context.Context, c *children, row transform.Record) error {
	where, guardArgs := f.s.guard(f.at)
	r, err := f.exec(ctx, f.insertPlain(c.rows), c.rows.insertArgs(row), c.rows.insertGuarded(where+f.marked(c.rows)), guardArgs)
	if err != nil {
		return err
	}
	id, err := r.LastInsertId()
	if err == nil && id <= 0 {
		err = errors.New("MySQL assigned no id; is column " + c.Rows.Columns[c.Rows.Sequence].Name + " of " + c.Rows.Source + " AUTO_INCREMENT?")
	}
	if err == nil {
		row.SetAt(c.Rows.Sequence, transform.IntValue(id))
	}
	return err
}

// deleteAll deletes every row of other tables that belongs to a key, whatever the
// foreign keys say, and before its own row.
func (f *fenced) deleteAll(ctx context.Context, src *source, key transform.Key) error {
	values, err := src.entity.KeyValues(key)
	if err != nil {
		return err
	}
	guard, guardArgs := f.s.guarded(f.at)
	for _, c := range src.children {
		plain := "DELETE FROM " + c.rows.table + " WHERE " + c.ofParent + f.marked(c.rows)
		if _, err := f.exec(ctx, plain, c.parentArgs(src, values), plain+guard, guardArgs); err != nil {
			return f.s.childError(src, c, err)
		}
	}
	return nil
}

// holdRow locks the row of a key, so that nobody adds rows to its record, and
// reports whether it is there.
func (f *fenced) holdRow(ctx context.Context, st *step) (there bool, err error) {
	err = f.t.query(ctx, func(*sql.Rows) error { there = true; return nil },
		"SELECT 1 FROM "+st.src.table+" WHERE "+st.src.exact+forUpdate, st.src.exactArgs(st.args)...)
	return there, err
}

// childError is the error of a statement about rows of another table. One that
// says nothing of the rows stays as it is.
func (s *Store) childError(src *source, c *children, err error) error {
	var done *store.Error
	var value *transform.ValueError
	m := meaningOf(err)
	switch {
	case errors.As(err, &done), isConflict(err):
		return err
	case errors.As(err, &value):
		m = meaning{kind: store.ErrInvalid}
	case m.kind == store.ErrUnavailable:
		return err
	}
	return &store.Error{Op: "write", Entity: src.entity.Name, Store: s.Name(), Kind: m.kind, Outcome: store.NotApplied,
		Field: src.entity.Columns[c.List].Name, Detail: m.detail, Cause: cause(err, m)}
}
