package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Write commits all mutations or none. A deadlock or a lock wait timeout begins
// the whole of it again, Modify included, within Options.RetryBudget.
//
// Under capture it is a transaction: one statement per key that checks the
// fence and writes the change record, in the order of the keys; the token, if
// there is one; the data; COMMIT. Where MySQL assigns the key, the change record
// follows the INSERT directly. Without capture it has as many statements as
// without this library, and its first INSERT, UPDATE or DELETE carries the
// check: a Create or Delete alone is a single statement.
//
// Rows of other tables that are part of a record follow it in its transaction, by
// the difference to what is there: statements for those that are new, changed or
// gone, and none for the others. A record with such rows is never written by a
// single statement; what serialises its writers without capture is the lock of its
// own row.
//
// An Update that changes no column commits nothing and succeeds, with version 0.
// With a token, or beside mutations that do change something, its change record
// is committed all the same. A Put of what is there already is a write.
//
// What the mutations expect is read with locks and compared before the first of them, in the
// order of the keys, and not read again in their turn. A Create finds in its turn, by its
// INSERT, whether something is there.
//
// References are MySQL's own foreign keys. Under capture a Delete of what others
// may refer to first reads and locks what they take along, a query for each record
// and reference, and writes its change records. Where that may have rows of other
// tables it does so without capture too, and deletes these; and where the same write changes
// what may be among them, which is refused.
func (s *Store) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	steps, err := s.plan(w)
	if err != nil {
		return store.Written{}, err
	}
	var done store.Written
	err = s.retry(ctx, func() (err error) {
		done, err = s.write(ctx, at, w, steps)
		return err
	})
	if err == nil {
		return done, nil
	}
	return store.Written{}, s.explain(ctx, steps, store.NotApplied, s.endedWrite(ctx, err))
}

// write tries once.
func (s *Store) write(ctx context.Context, at store.At, w store.Write, steps []*step) (store.Written, error) {
	if err := ctx.Err(); err != nil {
		return store.Written{}, err
	}
	if len(steps) == 1 && !at.Captured && w.Token == "" && steps[0].Expect == nil {
		switch steps[0].Op {
		case store.Create:
			if steps[0].src.sql == nil && steps[0].src.alone(steps[0].Record) {
				return s.createAlone(ctx, at, steps[0])
			}
		case store.Delete:
			if src := steps[0].src; src.sql == nil && len(src.children) == 0 && !takesRows(src.entity) && !s.takesHanded(src.entity) {
				return s.deleteAlone(ctx, at, steps[0])
			}
		}
	}
	done, err := s.writeTogether(ctx, at, w, steps)
	var taken *tokenError
	if errors.As(err, &taken) {
		return s.repeated(ctx, w, steps)
	}
	if s.putAgain(ctx, err) {
		err = errAgain
	}
	return done, err
}

// plan checks the write and returns its steps, in the order of the mutations.
func (s *Store) plan(w store.Write) ([]*step, error) {
	if len(w.Token) > MaxToken {
		return nil, s.invalid("write", "", "", fmt.Sprintf("a token has at most %d bytes", MaxToken), store.NotApplied)
	}
	steps := make([]*step, len(w.Mutations))
	seen := make(map[transform.Key]bool, len(w.Mutations))
	for i, m := range w.Mutations {
		st := s.newStep(m)
		fault := st.check()
		if fault == "" && !st.asks {
			st.args, fault = st.src.keyArgs(m.Key)
		}
		if seen[m.Key] && !st.asks {
			fault = "a write changes each key once"
		}
		if fault != "" {
			return nil, s.invalid(m.Op.String(), st.entity(), "", fault, store.NotApplied)
		}
		if err := s.keepsAway(m.Op.String(), st.src, store.NotApplied); err != nil {
			return nil, err
		}
		if err := st.settle(s); err != nil {
			return nil, err
		}
		steps[i], seen[m.Key] = st, true
	}
	return steps, nil
}

// writeTogether runs the steps in one transaction.
func (s *Store) writeTogether(ctx context.Context, at store.At, w store.Write, steps []*step) (store.Written, error) {
	t, err := s.beginWrite(ctx, steps)
	if err != nil {
		return store.Written{}, err
	}
	defer t.end(ctx)
	f := &fenced{s: s, t: t, at: at, taken: newTaking(steps, w.Along), locked: map[*step]lockedRow{}}
	rows := make([]store.Row, len(steps))
	if err := f.recordChanges(ctx, steps, rows); err != nil {
		return store.Written{}, err
	}
	if w.Token != "" {
		if err := f.saveToken(ctx, w); err != nil {
			return store.Written{}, err
		}
	}
	if err := f.lockOwnRows(ctx, steps); err != nil {
		return store.Written{}, err
	}
	if err := f.lockHanded(ctx, steps); err != nil {
		return store.Written{}, err
	}
	if err := f.compareFirst(ctx, steps); err != nil {
		return store.Written{}, err
	}
	commits := w.Token != ""
	var assigned []int64
	for i, st := range steps {
		record, changed, err := f.apply(ctx, st, &rows[i])
		if err != nil {
			return store.Written{}, &stepError{st, err}
		}
		commits = commits || changed
		rows[i].Live, rows[i].Record = !record.IsZero(), record
		if st.asks {
			assigned = append(assigned, f.assigned)
		}
	}
	if err := f.settleOwn(ctx); err != nil {
		return store.Written{}, err
	}
	if !commits {
		return store.Written{Rows: unchanged(rows)}, f.pass(ctx)
	}
	if err := f.lookAgain(ctx, rows); err != nil {
		return store.Written{}, err
	}
	if w.Token != "" {
		if err := s.saveAssigned(ctx, t, w.Token, assigned); err != nil {
			return store.Written{}, err
		}
	}
	// What counts the records is left to the relay: one that many refer to is then counted
	// for as often as that looks, and not with every write.
	if err := f.touchCounting(ctx); err != nil {
		return store.Written{}, err
	}
	changes := append(changesOf(at, w, rows, assigned), f.taken.changes()...)
	if err := f.leaveFanOuts(ctx, changes); err != nil {
		return store.Written{}, err
	}
	return store.Written{Rows: rows, Changes: changes}, t.commit(ctx)
}

// changesOf returns the change records of a captured write: one per key, and
// one for its token.
func changesOf(at store.At, w store.Write, rows []store.Row, assigned []int64) []store.Change {
	if !at.Captured {
		return nil
	}
	changes := make([]store.Change, 0, len(rows)+1)
	for i, row := range rows {
		if w.Mutations[i].Op != store.Check {
			changes = append(changes, store.Change{Keys: []store.KeyVersion{{Key: row.Key, Version: row.Version}}})
		}
	}
	if w.Token != "" {
		changes = append(changes, store.Change{Token: &store.Token{Token: w.Token, Fingerprint: w.Fingerprint(),
			Assigned: assigned, Created: time.Now().UTC()}})
	}
	return changes
}

// recordChanges writes under capture the change record of every key that the
// write names, and of those that count what it creates, in the order of the keys, and puts
// keys and versions into rows.
func (f *fenced) recordChanges(ctx context.Context, steps []*step, rows []store.Row) error {
	order := f.foreseen(steps)
	for i, st := range steps {
		if rows[i].Key = st.Key; !st.asks && st.Op != store.Check {
			order = append(order, &rows[i])
		}
	}
	if !f.at.Captured {
		return nil
	}
	slices.SortFunc(order, func(a, b *store.Row) int { return compareKeys(a.Key, b.Key) })
	for _, row := range order {
		if err := f.recordChange(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// recordChange writes the change record of a row's key and puts its version
// into the row. An error leaves the transaction unusable.
func (f *fenced) recordChange(ctx context.Context, row *store.Row) error {
	query, guardArgs := f.s.recordChange(f.at)
	r, err := f.t.exec(ctx, query, append([]any{row.Key.Entity, []byte(row.Key.ID)}, guardArgs...)...)
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return f.s.refusal(ctx, f.t)
	}
	version, err := r.LastInsertId()
	row.Version, row.Dirty, f.passed = store.Version(version), true, true
	return err
}

// refusal returns why the fence let a write not pass: another epoch or state,
// or there is no fence.
func (s *Store) refusal(ctx context.Context, t *tx) error {
	f, err := s.holdFence(ctx, t)
	switch {
	case err != nil:
		return err
	case !f.state.Valid:
		return s.notInitialised("write", store.NotApplied)
	}
	return s.wrongPhase("write", "", store.NotApplied)
}

// unchanged is the answer to a write that commits nothing: the versions that
// its transaction would have given were never used.
func unchanged(rows []store.Row) []store.Row {
	for i := range rows {
		rows[i].Version, rows[i].Dirty = 0, false
	}
	return rows
}

// createAlone inserts a row by one statement, which is its own transaction.
func (s *Store) createAlone(ctx context.Context, at store.At, st *step) (store.Written, error) {
	where, args := s.guard(at)
	r, outcome, err := s.run(ctx, st.src.insertGuarded(where), append(st.src.insertArgs(st.Record), args...)...)
	if err != nil {
		return store.Written{}, s.explain(ctx, []*step{st}, outcome, &stepError{st, err})
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return store.Written{}, s.wrongPhase("create", st.entity(), store.NotApplied)
	}
	row := store.Row{Key: st.Key, Live: true, Record: st.Record.Clone()}
	if st.asks {
		id, _ := r.LastInsertId()
		if row.Record, row.Key, err = st.withID(id); err != nil {
			// It is there, under a key that nobody can name.
			return store.Written{}, s.wrap("create", st.src.entity, store.Applied, err)
		}
	}
	return store.Written{Rows: []store.Row{row}}, nil
}

// deleteAlone deletes a row by one statement, which is its own transaction.
func (s *Store) deleteAlone(ctx context.Context, at store.At, st *step) (store.Written, error) {
	guard, args := s.guarded(at)
	r, outcome, err := s.run(ctx, "DELETE FROM "+st.src.table+" WHERE "+st.src.exact+guard,
		append(st.src.exactArgs(st.args), args...)...)
	if err != nil {
		return store.Written{}, s.explain(ctx, []*step{st}, outcome, &stepError{st, err})
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return store.Written{}, s.notDeleted(ctx, at, st)
	}
	return store.Written{Rows: []store.Row{{Key: st.Key}}}, nil
}

// notDeleted finds out, in one snapshot, why a DELETE found nothing: the fence,
// or no row. If the snapshot shows neither, the DELETE has to be sent again.
func (s *Store) notDeleted(ctx context.Context, at store.At, st *step) error {
	seen := store.At{Epoch: at.Epoch, Captured: true} // a statement that looks at the fence, whatever the epoch
	query, args := s.get(st.src, seen, st.Key, st.args)
	var snap snapshot
	there := false
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		text, err := st.src.scan(rows, snap.dest(seen)...)
		if err == nil && st.src.isThere(text) {
			row, _ := st.src.own(st.Key, text)
			there = row.Live
		}
		return err
	}, query, args...)
	switch {
	case err != nil:
		return s.wrap("delete", st.src.entity, store.NotApplied, err)
	case !snap.fence.state.Valid:
		return s.notInitialised("delete", store.NotApplied)
	case !snap.fence.lets(at):
		return s.wrongPhase("delete", st.Key.Entity, store.NotApplied)
	case there:
		return errAgain
	}
	return s.notFound("delete", st)
}

func (s *Store) notFound(op string, st *step) *store.Error {
	return &store.Error{Op: op, Entity: st.entity(), Store: s.Name(), Kind: store.ErrNotFound, Outcome: store.NotApplied}
}

// explain returns the error of a write as a *store.Error, or as it is if a
// Modify returned it. The transaction is over.
func (s *Store) explain(ctx context.Context, steps []*step, outcome store.Outcome, err error) error {
	var caller *callerError
	if errors.As(err, &caller) {
		return caller.err
	}
	var at *stepError
	if !errors.As(err, &at) {
		op, e := "write", (*transform.Entity)(nil)
		if len(steps) == 1 {
			op, e = steps[0].Op.String(), steps[0].src.entity
		}
		return s.wrap(op, e, outcome, err)
	}
	var done *store.Error
	if errors.As(err, &done) {
		return s.wrap(at.step.Op.String(), at.step.src.entity, outcome, at.err)
	}
	if number(err) == erDupEntry {
		met := s.duplicate(ctx, at.step, outcome, err)
		if at.step.src.sql != nil {
			met = s.duplicateOwn(ctx, at.step, met)
		}
		return s.createdMeanwhile(ctx, at.step, met)
	}
	if referred := s.referred(at.step, outcome, err); referred != nil {
		return referred
	}
	return s.wrap(at.step.Op.String(), at.step.src.entity, outcome, at.err)
}
