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

// How records are written with a service's own SQL. The library locks the row, reads
// the record with the service's Read, and hands Write what it is to become, after the
// fence and the change record. Once all of a transaction is written it reads again, in
// the same transaction, and commits only what is as it was said.

// A handed is a record that the service was told to write.
type handed struct {
	src *source
	op  string
	*Change
	// row is the answer's, nil where nobody waits for one.
	row *store.Row
	// columns are those that must be as After says.
	columns []int
}

// lockOwnRows locks the rows of the steps that the service writes, in the order of
// their keys, before anything is read: what is read without a lock is then as it is
// now. The row of a Create is left to its INSERT: the lock of the gap where it will be
// would be in the way of others.
func (f *fenced) lockOwnRows(ctx context.Context, steps []*step) error {
	var own []*step
	for _, st := range steps {
		if st.src.sql != nil && st.Op != store.Create {
			own = append(own, st)
		}
	}
	slices.SortFunc(own, func(a, b *step) int { return compareKeys(a.Key, b.Key) })
	for _, st := range own {
		lock := forUpdate
		if st.Op == store.Check {
			lock = inShare
		}
		keys, err := keysOf(ctx, f.t.query, st.src, "WHERE "+st.src.byKey+lock, st.args...)
		if err != nil {
			return &stepError{st, err}
		}
		st.other = len(keys) > 0 && keys[0].key != st.Key
	}
	return nil
}

// readOwnRow is lockRow for a row that lockOwnRows has locked.
func (f *fenced) readOwnRow(ctx context.Context, st *step) (row store.Row, other bool, err error) {
	found, err := f.s.ownRows(ctx, f.s.lend(f.t), st.src, []transform.Key{st.Key})
	row = store.Row{Key: st.Key}
	if there, ok := found[st.Key]; ok {
		row = there
	}
	return row, st.other && !row.Live, err
}

// applyOwn is apply for a record that the service writes.
func (f *fenced) applyOwn(ctx context.Context, st *step, row *store.Row) (transform.Record, bool, error) {
	switch {
	case st.Op == store.Check:
		return transform.Record{}, false, f.checkRow(ctx, st)
	case st.asks:
		rec, err := f.assignOwn(ctx, st, row)
		return rec, true, err
	}
	there, other, err := f.lockRow(ctx, st, forUpdate)
	if err == nil && st.expects() {
		err = f.isExpected(ctx, st, there)
	}
	if err != nil {
		return transform.Record{}, false, err
	}
	if !there.Live != (st.Op == store.Create) && st.Op != store.Put || other {
		if err := f.pass(ctx); err != nil {
			return transform.Record{}, false, err
		}
		return transform.Record{}, false, f.s.misplaced(st, other)
	}
	if there.Err != nil {
		return transform.Record{}, false, f.s.unfit(st.Op.String(), st.src.entity, there.Err, store.NotApplied)
	}
	return f.changeOwn(ctx, st, row, there.Record)
}

// misplaced is the error of a step that finds a record where there must be none, or
// none where there must be one.
func (s *Store) misplaced(st *step, other bool) error {
	switch {
	case other && st.Op == store.Put:
		return s.invalid("put", st.Key.Entity, "", "the table's collation takes the key for that of another row", store.NotApplied)
	case st.Op != store.Create:
		return s.notFound(st.Op.String(), st)
	case st.Expect != nil:
		return s.changed(st)
	}
	return &store.Error{Op: "create", Entity: st.entity(), Store: s.Name(), Kind: store.ErrExists, Outcome: store.NotApplied}
}

// changeOwn makes of the record that is there, the zero Record for none, what the step
// says. It returns what is then there and whether anything is to be committed.
func (f *fenced) changeOwn(ctx context.Context, st *step, row *store.Row, before transform.Record) (transform.Record, bool, error) {
	c := &Change{Key: st.Key, Before: before}
	switch st.Op {
	case store.Delete:
		if f.takes(st) {
			if err := f.takeAlong(ctx, st); err != nil {
				return transform.Record{}, false, err
			}
		}
	case store.Update:
		c.After = before.Clone()
		if err := st.Modify(c.After); err != nil {
			return transform.Record{}, false, &callerError{err}
		}
		if key, err := c.After.Key(); err != nil || key != st.Key {
			return transform.Record{}, false, f.s.invalid("update", st.Key.Entity, st.src.changedKey(before, c.After),
				"an update can't change the key; delete and create, in one write", store.NotApplied)
		}
	default:
		c.After = st.Record.Clone()
	}
	if !before.IsZero() && !c.After.IsZero() && len(st.src.changes(before, c.After)) == 0 {
		if st.Op == store.Update {
			return c.After, false, nil
		}
		return c.After, true, f.pass(ctx)
	}
	return c.After, true, f.handOver(ctx, &handed{src: st.src, op: st.Op.String(), Change: c, row: row})
}

// assignOwn has the service insert a record whose id MySQL assigns. The fence is held
// before, and the change record follows directly.
func (f *fenced) assignOwn(ctx context.Context, st *step, row *store.Row) (transform.Record, error) {
	h := &handed{src: st.src, op: "create", Change: &Change{After: st.Record.Clone()}, row: row}
	if err := f.handOver(ctx, h); err != nil {
		return transform.Record{}, err
	}
	f.assigned = h.AssignedID
	if h.AssignedID <= 0 {
		return transform.Record{}, f.s.miswritten(h, st.src.entity.Columns[st.src.entity.Sequence].Name,
			"set no AssignedID; it is the id of the row that it has inserted")
	}
	rec, key, err := st.withID(h.AssignedID)
	if err != nil {
		return rec, err
	}
	row.Key, h.Key, h.After = key, key, rec
	f.taken.name(key, st)
	if f.at.Captured {
		err = f.recordChange(ctx, row)
	}
	return rec, err
}

// ownSavepoint is there as long as the transaction is the one that the service was
// handed: COMMIT and ROLLBACK remove it, a deadlock does, and so does a statement that
// commits in passing.
const ownSavepoint = "crossfade_own"

// handOver has the service write a record. The transaction has written the change
// record, or else takes the fence's lock now.
func (f *fenced) handOver(ctx context.Context, h *handed) error {
	if err := f.pass(ctx); err != nil {
		return err
	}
	if len(f.handed) == 0 {
		if _, err := f.t.exec(ctx, "SAVEPOINT "+ownSavepoint); err != nil {
			return err
		}
	}
	if h.columns == nil {
		h.columns = h.src.writes
	}
	if f.handedKeys[h.Key] {
		f.handed = slices.DeleteFunc(f.handed, func(o *handed) bool { return o.Key == h.Key })
	}
	f.handed = append(f.handed, h)
	if !h.Key.IsZero() {
		if f.handedKeys == nil {
			f.handedKeys = map[transform.Key]bool{}
		}
		f.handedKeys[h.Key] = true
	}
	given := *h.Change
	for _, rec := range []*transform.Record{&given.Before, &given.After} {
		if !rec.IsZero() {
			*rec = rec.Clone() // what the service does with it is its own
		}
	}
	l := f.s.lend(f.t)
	statement, own := l.returned(ctx, h.src.sql.Write(ctx, l, &given))
	h.AssignedID = given.AssignedID
	if statement == nil && own == nil {
		return nil
	}
	if !isConflict(statement) && f.hasEnded(ctx) {
		return f.ended(h)
	}
	if own == nil && !errors.Is(statement, errEnds) && !errors.Is(statement, errOver) {
		return statement
	}
	e := f.s.miswritten(h, "", "refused the record")
	if e.Cause = own; own == nil {
		e.Cause, e.Detail = statement, "the service's own Write"
	}
	f.t.poisoned = e
	return e
}

// miswritten is the error of a Write that did something else than it was to do.
func (s *Store) miswritten(h *handed, field, what string) *store.Error {
	return s.invalid(h.op, h.src.entity.Name, field, "the service's own Write "+what, store.NotApplied)
}

// hasEnded reports whether the transaction that the service was handed is over. It
// asks whatever has failed before, and removes the savepoint.
func (f *fenced) hasEnded(ctx context.Context) bool {
	c, cancel := store.Detached(ctx, f.t.limit)
	defer cancel()
	_, err := f.t.on.ExecContext(c, "RELEASE SAVEPOINT "+ownSavepoint)
	return number(err) == erNoSavepoint
}

// An endedError says that the service's own SQL has ended the transaction. What it
// executed may have been committed, before and after that.
type endedError struct {
	err  *store.Error
	keys []transform.Key // that it was handed
}

func (e *endedError) Error() string { return e.err.Error() }
func (e *endedError) Unwrap() error { return e.err }

// ended is the error of a transaction that is over. Nothing of it is committed any more.
func (f *fenced) ended(h *handed) error {
	e := &endedError{err: f.s.miswritten(h, "", "ended the transaction, by a COMMIT or ROLLBACK in a procedure, a statement that commits in passing,"+
		" or a deadlock that it overlooked; what it executed may have been committed")}
	e.err.Outcome = store.Unknown
	for _, h := range f.handed {
		if !h.Key.IsZero() {
			e.keys = append(e.keys, h.Key)
		}
	}
	f.t.poisoned = e
	return e
}

// settleOwn reads again what the service was handed, and returns an error unless it is
// as it was said. The answer's rows are what was read.
func (f *fenced) settleOwn(ctx context.Context) error {
	if len(f.handed) == 0 {
		return nil
	}
	if there, err := f.t.releaseSavepoint(ctx, ownSavepoint); err != nil {
		return err
	} else if !there {
		return f.ended(f.handed[0])
	}
	bySource := map[*source][]transform.Key{}
	for _, h := range f.handed {
		bySource[h.src] = append(bySource[h.src], h.Key)
	}
	read := map[*source]map[transform.Key]store.Row{}
	for src, keys := range bySource {
		found, err := f.s.ownRows(ctx, f.s.lend(f.t), src, keys)
		if err != nil {
			return err
		}
		read[src] = found
	}
	for _, h := range f.handed {
		if err := f.settle(ctx, h, read[h.src][h.Key]); err != nil {
			return err
		}
	}
	return nil
}

// settle compares what was read with what was said.
func (f *fenced) settle(ctx context.Context, h *handed, now store.Row) error {
	switch {
	case h.After.IsZero() && now.Live:
		return f.s.miswritten(h, "", "left a record that was to go")
	case h.After.IsZero():
		f.recounts(h.src.entity, h.Before, h.After)
		return f.leavesNothing(ctx, h)
	case !now.Live:
		return f.s.miswritten(h, "", "left no record under the key that it was to write")
	case now.Err != nil:
		return f.s.unfit(h.op, h.src.entity, now.Err, store.NotApplied)
	}
	for _, i := range h.columns {
		c := &h.src.entity.Columns[i]
		if now.Record.At(i) != h.After.At(i) && !h.setsItself(i) {
			return f.s.miswritten(h, c.Name, "left another value than the record has")
		}
	}
	if !h.Before.IsZero() {
		f.outdates(h.src, h.Key, h.Before, now.Record)
	}
	f.recounts(h.src.entity, h.Before, now.Record)
	if h.row != nil {
		h.row.Record = now.Record
	}
	return nil
}

// setsItself reports whether MySQL may have set the column: nobody asked for another
// value, and the row changed.
func (h *handed) setsItself(i int) bool {
	return h.src.entity.Columns[i].OnUpdate != "" && !h.Before.IsZero() && h.Before.At(i) == h.After.At(i)
}

// leavesNothing returns an error if the row of a record that is gone is still there and
// has a say: for a foreign key what refers to it has a target, and for a unique index
// its values are taken. DynamoDB would know of neither.
func (f *fenced) leavesNothing(ctx context.Context, h *handed) error {
	e := h.src.entity
	args, _ := h.src.keyArgs(h.Key)
	is := func(more string, moreArgs ...any) (there bool, err error) {
		err = f.t.query(ctx, func(*sql.Rows) error { there = true; return nil },
			"SELECT 1 FROM "+h.src.table+" WHERE "+h.src.exact+more, append(h.src.exactArgs(args), moreArgs...)...)
		return there, err
	}
	if len(e.ReferredBy()) == 0 && len(e.Unique) == 0 {
		return nil
	}
	if there, err := is(""); err != nil || !there {
		return err
	}
	if len(e.ReferredBy()) > 0 {
		return f.s.miswritten(h, "", "left the row of a record that is gone, and other records refer to "+e.Name+
			": MySQL's foreign keys would take it for one that is there; delete the row")
	}
	for _, u := range e.Unique {
		var more []string
		var values []any
		for _, i := range u.Columns {
			c := &e.Columns[i]
			more, values = append(more, " AND "+quote(c.Name)+" = "+place(c)), append(values, c.SQL(h.Before.At(i)))
		}
		kept, err := is(strings.Join(more, ""), values...)
		if err != nil {
			return err
		}
		if kept {
			return f.s.miswritten(h, strings.Join(columnNames(e, u.Columns), ","),
				"left the row of a record that is gone with its unique value, which nobody could take; set it NULL, or delete the row")
		}
	}
	return nil
}

// lookAgain reads the versions of a write's keys where triggers have raised them: the
// service's own statements do not carry the library's mark, and those of a parent record
// what goes with its row, whoever deletes it.
func (f *fenced) lookAgain(ctx context.Context, rows []store.Row) error {
	if len(f.handed) == 0 && len(f.taken.order) == 0 || !f.at.Captured || !f.s.triggered.Load() {
		return nil
	}
	places := map[transform.Key]*store.Row{}
	var keys []transform.Key
	for i := range rows {
		if rows[i].Version > 0 {
			places[rows[i].Key] = &rows[i]
			keys = append(keys, rows[i].Key)
		}
	}
	for some := range slices.Chunk(append(keys, f.taken.order...), bumpChunk) {
		if err := f.lookAtVersions(ctx, some, places); err != nil {
			return err
		}
	}
	return nil
}

// lookAtVersions reads the versions of some keys into their places, or among those of
// what is taken along.
func (f *fenced) lookAtVersions(ctx context.Context, keys []transform.Key, places map[transform.Key]*store.Row) error {
	args := []any{f.s.group}
	for _, key := range keys {
		args = append(args, key.Entity, []byte(key.ID))
	}
	return f.t.query(ctx, func(r *sql.Rows) error {
		var k store.KeyVersion
		err := r.Scan(&k.Key.Entity, &k.Key.ID, &k.Version)
		if row := places[k.Key]; row != nil {
			row.Version = k.Version
		} else {
			f.taken.versions[k.Key] = k.Version
		}
		return err
	}, "SELECT entity, id, version FROM crossfade_change WHERE grp=? AND ("+
		strings.Repeat("(entity=? AND id=?) OR ", len(keys)-1)+"(entity=? AND id=?))", args...)
}

// endedWrite sees to it that what a service's own SQL has committed reaches the
// follower. The transaction is over.
func (s *Store) endedWrite(ctx context.Context, err error) error {
	var ended *endedError
	if !errors.As(err, &ended) {
		return err
	}
	after, cancel := store.Detached(ctx, s.opts.CommitTimeout)
	defer cancel()
	if err := s.bumpCopied(after, ended.keys); err != nil {
		ended.err.Cause = err
	}
	return ended.err
}

// duplicateOwn tells a record that is there from what else an INSERT of the service's
// own may have met: the row of a record that is gone, or one of another table.
func (s *Store) duplicateOwn(ctx context.Context, st *step, e *store.Error) *store.Error {
	if !errors.Is(e, store.ErrExists) {
		return e
	}
	if !st.asks {
		if row, asked := s.Get(ctx, store.At{}, st.Key); asked != nil || row.Live {
			return e
		}
	}
	e.Kind = store.ErrInvalid
	e.Detail = "the service's own Write inserted a row whose primary key is there, of this table, where Read shows no record, or of another one"
	return e
}

// putAgain reports whether a Put met a record that came after it had looked.
func (s *Store) putAgain(ctx context.Context, err error) bool {
	var at *stepError
	if !errors.As(err, &at) || at.step.src.sql == nil || at.step.Op != store.Put || number(err) != erDupEntry || !strings.EqualFold(duplicateIndex(err), primary) {
		return false
	}
	row, asked := s.Get(ctx, store.At{}, at.step.Key)
	return asked == nil && row.Live
}
