package versions

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// An editor changes the rows of a table within a statement. What it changed is
// there at once for whoever is in the same transaction; if the statement fails
// all of the transaction is as it was when the statement began.
type editor struct {
	*Table
	session *Session
	before  *state
}

var (
	_ sql.TableEditor         = (*editor)(nil)
	_ sql.ForeignKeyEditor    = (*editor)(nil)
	_ sql.AutoIncrementSetter = (*editor)(nil)
)

func (t *Table) editor(ctx *sql.Context) *editor { return &editor{Table: t, session: t.store.of(ctx)} }

// StatementBegin implements sql.EditOpenerCloser.
func (e *editor) StatementBegin(*sql.Context) { e.before = e.session.freeze() }

// DiscardChanges implements sql.EditOpenerCloser. An error that the statement
// ignores discards nothing: the row that met it was not changed.
func (e *editor) DiscardChanges(_ *sql.Context, err error) error {
	if _, ignored := err.(sql.IgnorableError); !ignored && e.before != nil {
		e.session.mine, e.session.now = nil, e.before
	}
	return nil
}

// StatementComplete implements sql.EditOpenerCloser.
func (e *editor) StatementComplete(*sql.Context) error { return nil }

// Close implements sql.Closer.
func (e *editor) Close(*sql.Context) error { return nil }

func (e *editor) change() (*table, error) {
	t := e.session.changeTable(e.database, e.name)
	if t == nil {
		return nil, sql.ErrTableNotFound.New(e.name)
	}
	return t, nil
}

// Insert implements sql.RowInserter.
func (e *editor) Insert(ctx *sql.Context, row sql.Row) error {
	t, err := e.change()
	if err != nil {
		return err
	}
	if err := t.insert(row); err != nil {
		return err
	}
	return t.advance(ctx, row)
}

// advance keeps the next AUTO_INCREMENT value above those of rows.
func (t *table) advance(ctx *sql.Context, row sql.Row) error {
	for i, c := range t.columns.Schema {
		if !c.AutoIncrement || row[i] == nil {
			continue
		}
		if less, err := c.Type.Compare(ctx, row[i], t.auto); err != nil || less < 0 {
			return err
		}
		v, _, err := types.Uint64.Convert(ctx, row[i])
		if err != nil {
			return err
		}
		t.auto = v.(uint64) + 1
	}
	return nil
}

// Delete implements sql.RowDeleter.
func (e *editor) Delete(_ *sql.Context, row sql.Row) error {
	t, err := e.change()
	if err == nil {
		t.remove(row)
	}
	return err
}

// Update implements sql.RowUpdater.
func (e *editor) Update(_ *sql.Context, from, to sql.Row) error {
	t, err := e.change()
	if err != nil {
		return err
	}
	was, ok := t.remove(from)
	if err := t.insert(to); err != nil {
		if ok {
			t.add(was)
		}
		return err
	}
	return nil
}

// SetAutoIncrementValue implements sql.AutoIncrementSetter.
func (e *editor) SetAutoIncrementValue(_ *sql.Context, v uint64) error {
	t, err := e.change()
	if err == nil {
		t.auto = v
	}
	return err
}

// AcquireAutoIncrementLock implements sql.AutoIncrementSetter. There is nothing
// to lock: transactions that change tables run one after another.
func (e *editor) AcquireAutoIncrementLock(*sql.Context) (func(), error) { return func() {}, nil }
