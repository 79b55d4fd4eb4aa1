package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/crossfade-go/crossfade/dal/store"
)

// expects reports whether a step may only be carried out upon what the caller has
// read. A Create that expects nothing at its key learns it from its INSERT.
func (st *step) expects() bool { return st.Expect != nil && st.Op != store.Create }

// beginWrite starts the transaction of a write. A Check that expects no row has
// nothing to lock but the gap where the row would be, and one of a record with rows of
// other tables has the gap where another of these would be, which READ COMMITTED leaves
// open.
func (s *Store) beginWrite(ctx context.Context, steps []*step) (*tx, error) {
	gaps := func(st *step) bool { return st.Op == store.Check && (!st.Expect.Live || len(st.src.children) > 0) }
	if slices.ContainsFunc(steps, gaps) {
		return s.beginWith(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION")
	}
	return s.begin(ctx)
}

// A lockedRow is what lockRow has read.
type lockedRow struct {
	row   store.Row
	other bool
}

// compareFirst reads and locks what the steps expect, in the order of the keys, before any
// of them changes anything: a Delete takes others along, and a trigger or a service's own SQL
// may change them. lockRow returns it in the step's turn. Nothing comes before a single step.
//
// A record that is deleted with what refers to it is locked with the others, whether it is
// expected or not: its key has its turn among theirs.
func (f *fenced) compareFirst(ctx context.Context, steps []*step) error {
	if len(steps) == 1 {
		return nil
	}
	var ours, own []*step
	for _, st := range steps {
		switch {
		case st.src.sql == nil && (st.expects() || st.Op == store.Delete && f.takes(st)):
			ours = append(ours, st)
		case st.src.sql != nil && st.expects():
			own = append(own, st) // locked already
		}
	}
	slices.SortFunc(ours, func(a, b *step) int { return compareKeys(a.Key, b.Key) })
	for _, st := range append(ours, own...) {
		lock := forUpdate
		if st.Op == store.Check {
			lock = inShare
		}
		row, other, err := f.lockRow(ctx, st, lock)
		if err == nil {
			err = f.isExpected(ctx, st, row)
		}
		if err != nil {
			return &stepError{st, err}
		}
		if st.expects() || row.Live {
			f.locked[st] = lockedRow{row, other}
		}
	}
	return nil
}

// checkRow is the statement of a Check: it holds the row, or the gap where it
// would be, until the end of the transaction.
func (f *fenced) checkRow(ctx context.Context, st *step) error {
	row, _, err := f.lockRow(ctx, st, inShare)
	if err != nil {
		return err
	}
	return f.isExpected(ctx, st, row)
}

// isExpected returns an error unless the row, which this transaction has locked,
// is what the caller has read. That it is not depends on the fence as much as a
// change would.
func (f *fenced) isExpected(ctx context.Context, st *step, row store.Row) error {
	if st.Expect == nil || row.Err == nil && row.Live == st.Expect.Live && (!row.Live || row.Record.Equal(st.Expect.Record)) {
		return nil
	}
	if err := f.pass(ctx); err != nil {
		return err
	}
	return f.s.changed(st)
}

// changed is the error of a write that was decided upon what is not there any
// more.
func (s *Store) changed(st *step) *store.Error {
	return &store.Error{Op: st.Op.String(), Entity: st.entity(), Store: s.Name(), Kind: store.ErrChanged, Outcome: store.NotApplied}
}

// createdMeanwhile tells a Create that found a row where its caller has read none
// from one that met a row which only the table's collation takes for the same
// key: that one would be met again, however often the caller reads.
func (s *Store) createdMeanwhile(ctx context.Context, st *step, err *store.Error) error {
	if st.Expect == nil || !errors.Is(err, store.ErrExists) {
		return err
	}
	row, asked := s.Get(ctx, store.At{}, st.Key)
	if asked != nil || !row.Live {
		return err
	}
	return s.changed(st)
}

// Token returns what is kept of an idempotency token, nil if there is none that
// still counts. It looks at the fence in the same statement.
func (s *Store) Token(ctx context.Context, at store.At, token string) (*store.Token, error) {
	var fence fenceRow
	var fingerprint []byte
	var assigned, created sql.NullString
	_, err := one(ctx, s.db, "SELECT f.epoch, f.state, f.capture, t.fingerprint, t.assigned, CAST(t.created_at AS CHAR)"+
		" FROM crossfade_fence f LEFT JOIN crossfade_token t ON t.grp = f.grp AND t.token = ?"+
		" AND t.created_at > UTC_TIMESTAMP(6) - INTERVAL "+strconv.Itoa(tokenHours)+" HOUR WHERE f.grp = ?",
		[]any{[]byte(token), s.group}, append(fence.dest(), &fingerprint, &assigned, &created)...)
	switch {
	case err != nil:
		return nil, s.wrap("token", nil, store.NoWrite, err)
	case !fence.state.Valid:
		return nil, s.notInitialised("token", store.NoWrite)
	case !fence.shows(at):
		return nil, s.wrongPhase("token", "", store.NoWrite)
	case !created.Valid:
		return nil, nil
	}
	t := &store.Token{Token: token, Created: parseTime(created.String)}
	copy(t.Fingerprint[:], fingerprint)
	t.Assigned, err = parseIDs(assigned.String)
	return t, s.wrap("token", nil, store.NoWrite, err)
}
