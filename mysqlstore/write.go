package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A step is one mutation of a write with what finds its row.
type step struct {
	store.Mutation
	src  *source
	args []any // of src.byKey
}

// A stepError is what a statement of a step met.
type stepError struct {
	step *step
	err  error
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// Write commits all mutations or none. A deadlock or a lock wait timeout begins
// the whole of it again, Modify included, within Options.RetryBudget.
//
// Under capture it is a transaction: one statement per key that checks the
// fence and writes the change record, in the order of the keys; the token, if
// there is one; the data; COMMIT. Without capture it has as many statements as
// without this library, and its first INSERT, UPDATE or DELETE carries the
// check: a Create or Delete alone is a single statement.
//
// An Update that changes no column commits nothing and succeeds, with version 0.
// With a token, or beside mutations that do change something, its change record
// is committed all the same. A Put of what is there already is a write.
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
	return store.Written{}, s.explain(ctx, steps, store.NotApplied, err)
}

// write tries once.
func (s *Store) write(ctx context.Context, at store.At, w store.Write, steps []*step) (store.Written, error) {
	if err := ctx.Err(); err != nil {
		return store.Written{}, err
	}
	if len(steps) == 1 && !at.Captured && w.Token == "" {
		switch steps[0].Op {
		case store.Create:
			return s.createAlone(ctx, at, steps[0])
		case store.Delete:
			return s.deleteAlone(ctx, at, steps[0])
		}
	}
	done, err := s.writeTogether(ctx, at, w, steps)
	var taken *tokenError
	if errors.As(err, &taken) {
		return s.repeated(ctx, w)
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
		st := &step{Mutation: m, src: s.sources[m.Key.Entity]}
		fault := st.check()
		if fault == "" {
			st.args, fault = st.src.keyArgs(m.Key)
		}
		if seen[m.Key] {
			fault = "a write changes each key once"
		}
		if fault != "" {
			return nil, s.invalid(m.Op.String(), m.Key.Entity, "", fault, store.NotApplied)
		}
		steps[i], seen[m.Key] = st, true
	}
	return steps, nil
}

// check returns why the mutation could not be right in any state, or "".
func (st *step) check() string {
	switch {
	case st.src == nil:
		return "the contract has no such entity"
	case st.Op < store.Create || st.Op > store.Delete:
		return "unknown operation"
	case st.Op == store.Update && st.Modify == nil:
		return "an update needs a Modify"
	case st.Op == store.Update || st.Op == store.Delete:
		return ""
	case st.Record.Entity() != st.src.entity:
		return "the record is of another entity"
	}
	if key, err := st.Record.Key(); err != nil || key != st.Key {
		return "the record is not of the mutation's key"
	}
	return ""
}

// writeTogether runs the steps in one transaction.
func (s *Store) writeTogether(ctx context.Context, at store.At, w store.Write, steps []*step) (store.Written, error) {
	t, err := s.begin(ctx)
	if err != nil {
		return store.Written{}, err
	}
	defer t.end(ctx)
	rows := make([]store.Row, len(steps))
	if at.Captured {
		if err := s.recordChanges(ctx, t, at, steps, rows); err != nil {
			return store.Written{}, err
		}
	}
	if w.Token != "" {
		if err := s.saveToken(ctx, t, at, w); err != nil {
			return store.Written{}, err
		}
	}
	f := &fenced{s: s, t: t, at: at, passed: at.Captured || w.Token != ""}
	commits := w.Token != ""
	for i, st := range steps {
		record, changed, err := f.apply(ctx, st)
		if err != nil {
			return store.Written{}, &stepError{st, err}
		}
		commits = commits || changed
		rows[i].Key, rows[i].Live, rows[i].Record = st.Key, st.Op != store.Delete, record
	}
	if !commits {
		return store.Written{Rows: unchanged(rows)}, f.pass(ctx)
	}
	return store.Written{Rows: rows}, t.commit(ctx)
}

// recordChanges writes the change record of every key, in the order of the
// keys, and puts their versions into rows.
func (s *Store) recordChanges(ctx context.Context, t *tx, at store.At, steps []*step, rows []store.Row) error {
	order := make([]int, len(steps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compareKeys(steps[a].Key, steps[b].Key) })
	query, guardArgs := s.recordChange(at)
	for _, i := range order {
		key := steps[i].Key
		r, err := t.exec(ctx, query, append([]any{key.Entity, []byte(key.ID)}, guardArgs...)...)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return s.refusal(ctx, t)
		}
		version, err := r.LastInsertId()
		if err != nil {
			return err
		}
		rows[i].Version, rows[i].Dirty = store.Version(version), true
	}
	return nil
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
		return store.Written{}, s.wrongPhase("create", st.Key.Entity, store.NotApplied)
	}
	return store.Written{Rows: []store.Row{{Key: st.Key, Live: true, Record: st.Record.Clone()}}}, nil
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
	seen := store.At{Epoch: at.Epoch, Captured: true} // the statement that looks at the fence
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
	return &store.Error{Op: op, Entity: st.Key.Entity, Store: s.Name(), Kind: store.ErrNotFound, Outcome: store.NotApplied}
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
	if number(err) == erDupEntry {
		return s.duplicate(ctx, at.step, outcome, err)
	}
	return s.wrap(at.step.Op.String(), at.step.src.entity, outcome, at.err)
}
