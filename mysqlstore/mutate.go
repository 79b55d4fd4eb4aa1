package mysqlstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A fenced is a transaction whose statements change data only if the fence lets
// them. Once it did, its shared lock is held until the end, and the statements
// that follow need not ask again.
type fenced struct {
	s      *Store
	t      *tx
	at     store.At
	passed bool
	// assigned is the last id that MySQL assigned.
	assigned int64
	taken    *taking // by references
	// locked are the rows that were read before the first step.
	locked map[*step]lockedRow
	// old are the records of which copies are old once this commits.
	old []transform.Key
	// handed is what the service's own SQL was told to write, and handedKeys where the key
	// was known before.
	handed     []*handed
	handedKeys map[transform.Key]bool
	// recount are the records whose numbers are others then, and touched those of them
	// that have their change records.
	recount []transform.Key
	touched map[transform.Key]bool
}

// exec runs a statement that affects no row if the fence says no. plain is the
// statement without the check, guarded the one with it.
//
// No row affected may also mean that there was nothing to change. So then the
// fence is locked, and if it lets the write pass the statement is sent again:
// the first time it may have met a fence that was closed.
func (f *fenced) exec(ctx context.Context, plain string, args []any, guarded string, guardArgs []any) (sql.Result, error) {
	if !f.passed {
		r, err := f.t.exec(ctx, guarded, append(args[:len(args):len(args)], guardArgs...)...)
		if n, err := affected(r, err); err != nil || n > 0 {
			f.passed = err == nil
			return r, err
		}
		if err := f.pass(ctx); err != nil {
			return nil, err
		}
	}
	return f.t.exec(ctx, plain, args...)
}

// affected returns how many rows a statement affected.
func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// pass locks the fence unless a statement has done so.
func (f *fenced) pass(ctx context.Context) error {
	if f.passed {
		return nil
	}
	row, err := f.s.holdFence(ctx, f.t)
	switch {
	case err != nil:
		return err
	case !row.state.Valid:
		return f.s.notInitialised("write", store.NotApplied)
	case !row.lets(f.at):
		return f.s.wrongPhase("write", "", store.NotApplied)
	}
	f.passed = true
	return nil
}

// apply runs the data statements of a step. It returns the record that is then
// there, and whether anything was changed. Where MySQL assigns the key, key and
// version are put into the row.
func (f *fenced) apply(ctx context.Context, st *step, row *store.Row) (transform.Record, bool, error) {
	if st.src.sql != nil {
		return f.applyOwn(ctx, st, row)
	}
	switch st.Op {
	case store.Create:
		if st.asks {
			rec, err := f.insertAssigned(ctx, st, row)
			return rec, true, err
		}
		now := st.Record.Clone()
		err := f.settled(st, transform.Record{}, now)
		if err == nil {
			_, err = f.insert(ctx, st)
		}
		if err == nil {
			_, err = f.setRows(ctx, st.src, transform.Record{}, now)
		}
		return now, true, err
	case store.Put:
		return f.put(ctx, st)
	case store.Update:
		return f.update(ctx, st)
	case store.Check:
		return transform.Record{}, false, f.checkRow(ctx, st)
	}
	return transform.Record{}, true, f.delete(ctx, st)
}

func (f *fenced) insert(ctx context.Context, st *step) (sql.Result, error) {
	where, guardArgs := f.s.guard(f.at)
	return f.exec(ctx, f.insertPlain(st.src), st.src.insertArgs(st.Record), st.src.insertGuarded(where+f.marked(st.src)), guardArgs)
}

// insertAssigned inserts a row whose key MySQL assigns, and directly after it
// writes the change record, for which nobody knew the key before. If that one
// fails the transaction is unusable, so the row is never committed alone.
func (f *fenced) insertAssigned(ctx context.Context, st *step, row *store.Row) (transform.Record, error) {
	if err := f.settled(st, transform.Record{}, st.Record); err != nil {
		return transform.Record{}, err
	}
	r, err := f.insert(ctx, st)
	if err != nil {
		return transform.Record{}, err
	}
	if f.assigned, err = r.LastInsertId(); err != nil {
		return transform.Record{}, err
	}
	rec, key, err := st.withID(f.assigned)
	if err != nil {
		return transform.Record{}, err
	}
	row.Key = key
	f.taken.name(key, st)
	if f.at.Captured {
		err = f.recordChange(ctx, row)
	}
	if err == nil {
		_, err = f.setRows(ctx, st.src, transform.Record{}, rec)
	}
	return rec, err
}

// insertPlain returns the INSERT of one row.
func (src *source) insertPlain() string {
	return src.insert + " VALUES (" + repeat("?", len(src.writes)) + ")"
}

// insertGuarded returns the INSERT of one row that inserts nothing unless the
// fence lets it.
func (src *source) insertGuarded(where string) string {
	return src.insert + " SELECT " + repeat("?", len(src.writes)) +
		" FROM crossfade_fence f WHERE " + where + " LOCK IN SHARE MODE"
}

func (f *fenced) delete(ctx context.Context, st *step) error {
	if takes := f.takes(st); takes || st.expects() || f.counted(st.src.entity) {
		row, _, err := f.lockRow(ctx, st, forUpdate)
		if err == nil {
			err = f.isExpected(ctx, st, row)
		}
		if err == nil {
			err = f.recountsRow(ctx, st, row)
		}
		if err == nil && takes && row.Live {
			err = f.takeAlong(ctx, st)
		}
		if err == nil && !row.Live {
			if err = f.pass(ctx); err == nil {
				err = f.s.notFound("delete", st)
			}
		}
		if err != nil {
			return err
		}
	}
	if err := f.deleteChildren(ctx, st); err != nil {
		return err
	}
	guard, guardArgs := f.s.guarded(f.at)
	plain := "DELETE FROM " + st.src.table + " WHERE " + st.src.exact + f.marked(st.src)
	n, err := affected(f.exec(ctx, plain, st.src.exactArgs(st.args), plain+guard, guardArgs))
	if err == nil && n == 0 {
		return f.s.notFound("delete", st)
	}
	return err
}

// deleteChildren deletes the rows of other tables that go with a row. The row is
// locked first: whoever adds one to it is waited for, or waits.
func (f *fenced) deleteChildren(ctx context.Context, st *step) error {
	if len(st.src.children) == 0 {
		return nil
	}
	there, err := f.holdRow(ctx, st)
	if err != nil || !there {
		return err // without a row there is nothing to delete, which is found next
	}
	return f.deleteAll(ctx, st.src, st.Key)
}

// The locks with which a row can be read.
const (
	forUpdate = " FOR UPDATE"
	inShare   = " LOCK IN SHARE MODE"
)

// lockRow reads the row of the step's key with a lock, unless compareFirst has. other says
// that there is a row which only the column's collation takes for the same key.
func (f *fenced) lockRow(ctx context.Context, st *step, lock string) (row store.Row, other bool, err error) {
	if l, has := f.locked[st]; has {
		return l.row, l.other, nil
	}
	if st.src.sql != nil {
		return f.readOwnRow(ctx, st)
	}
	row = store.Row{Key: st.Key}
	err = f.t.query(ctx, func(rows *sql.Rows) error {
		text, err := st.src.scan(rows)
		if err != nil {
			return err
		}
		var fault error
		row, fault = st.src.own(st.Key, text)
		row.Err, other = fault, !row.Live
		return nil
	}, "SELECT "+st.src.locked[lock]+" FROM "+st.src.table+" t WHERE "+st.src.byKey+lock, st.args...)
	return row, other, err
}

// update changes the columns that Modify changes, and no other.
func (f *fenced) update(ctx context.Context, st *step) (transform.Record, bool, error) {
	row, _, err := f.lockRow(ctx, st, forUpdate)
	if err == nil {
		err = f.isExpected(ctx, st, row)
	}
	switch {
	case err != nil:
		return transform.Record{}, false, err
	case !row.Live:
		// The answer depends on the fence as much as a change would.
		if err := f.pass(ctx); err != nil {
			return transform.Record{}, false, err
		}
		return transform.Record{}, false, f.s.notFound("update", st)
	case row.Err != nil:
		return transform.Record{}, false, f.s.unfit("update", st.src.entity, row.Err, store.NotApplied)
	}
	now := row.Record.Clone()
	if err := st.Modify(now); err != nil {
		return transform.Record{}, false, &callerError{err}
	}
	if key, err := now.Key(); err != nil || key != st.Key {
		return transform.Record{}, false, f.s.invalid("update", st.Key.Entity, st.src.changedKey(row.Record, now),
			"an update can't change the key; delete and create, in one write", store.NotApplied)
	}
	if err := f.settled(st, row.Record, now); err != nil {
		return transform.Record{}, false, err
	}
	changed, err := f.set(ctx, st, now, st.src.changes(row.Record, now))
	if err != nil {
		return now, changed, err
	}
	if changed {
		f.outdates(st.src, st.Key, row.Record, now)
		f.recounts(st.src.entity, row.Record, now)
	}
	more, err := f.setRows(ctx, st.src, row.Record, now)
	return now, changed || more, err
}

// changedKey returns the first key column in which two records differ.
func (src *source) changedKey(a, b transform.Record) string {
	for _, i := range src.entity.KeyColumns {
		if a.At(i) != b.At(i) {
			return src.entity.Columns[i].Name
		}
	}
	return ""
}

// changes returns the positions of the columns to be written that differ.
func (src *source) changes(a, b transform.Record) []int {
	var changed []int
	for _, i := range src.writes {
		if a.At(i) != b.At(i) {
			changed = append(changed, i)
		}
	}
	return changed
}

// set writes some columns of a row that this transaction has locked, and
// reports whether there were any.
func (f *fenced) set(ctx context.Context, st *step, rec transform.Record, columns []int) (bool, error) {
	if len(columns) == 0 {
		return false, nil
	}
	names, args := make([]string, len(columns)), make([]any, len(columns))
	for i, c := range columns {
		column := &st.src.entity.Columns[c]
		names[i], args[i] = quote(column.Name)+" = ?", column.SQL(rec.At(c))
	}
	plain := "UPDATE " + st.src.table + " SET " + strings.Join(names, ", ") + " WHERE " + st.src.keyCondition("") + f.marked(st.src)
	guard, guardArgs := f.s.guarded(f.at)
	n, err := affected(f.exec(ctx, plain, append(args, st.args...), plain+guard, guardArgs))
	if _, before := f.locked[st]; err == nil && n == 0 && before {
		// No row affected is no failure: the server may store the new values as what it
		// had already. But an earlier step may have taken this one along, by a trigger
		// or a foreign key that the contract does not declare.
		there, asked := f.holdRow(ctx, st)
		if err = asked; err == nil && !there {
			err = f.s.changed(st)
		}
	}
	return true, err
}

// put stores the record whether or not the row is there. It looks first and
// then inserts or updates by the primary key: INSERT … ON DUPLICATE KEY UPDATE
// and REPLACE would change another row that holds a unique value of this one.
func (f *fenced) put(ctx context.Context, st *step) (transform.Record, bool, error) {
	row, other, err := f.lockRow(ctx, st, forUpdate)
	if err == nil {
		err = f.isExpected(ctx, st, row)
	}
	switch {
	case err != nil:
		return transform.Record{}, false, err
	case other:
		return transform.Record{}, false, f.s.invalid("put", st.Key.Entity, "",
			"the table's collation takes the key for that of another row", store.NotApplied)
	}
	now := st.Record.Clone()
	if row.Err == nil {
		// Of a row that can't be read nobody knows which ids it has.
		if err := f.settled(st, row.Record, now); err != nil {
			return transform.Record{}, false, err
		}
	}
	if row.Err != nil {
		err = f.recountsRow(ctx, st, row)
	}
	if err != nil {
		return transform.Record{}, false, err
	}
	f.recounts(st.src.entity, row.Record, now)
	if !row.Live {
		_, err := f.insert(ctx, st)
		if number(err) == erDupEntry && duplicateIndex(err) == primary {
			err = errAgain // the row came between the two statements
		}
		if err == nil {
			_, err = f.setRows(ctx, st.src, transform.Record{}, now)
		}
		return now, true, err
	}
	columns := st.src.writes
	_, before := f.locked[st]
	switch {
	case row.Err != nil:
		if err := f.deleteAll(ctx, st.src, st.Key); err != nil {
			return transform.Record{}, false, err
		}
	case !before: // or a trigger of an earlier step may have changed it since
		columns = st.src.changes(row.Record, now)
	}
	changed, err := f.set(ctx, st, now, columns)
	if err != nil {
		return now, true, err
	}
	if changed {
		f.outdates(st.src, st.Key, row.Record, now)
	}
	more, err := f.setRows(ctx, st.src, row.Record, now)
	if err == nil && !changed && !more {
		err = f.pass(ctx)
	}
	return now, true, err
}
