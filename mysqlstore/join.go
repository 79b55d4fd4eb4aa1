package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Joining returns a transaction of the service's own in a form that dal can join:
// see dal.Router.Join, which says what this gives and what voids it. The
// transaction is one of the store's database. From here on it ends by dal's Commit
// or Rollback, not by its own.
//
// Under capture one statement per key checks the fence and writes the change
// record, as in the store's own writes. Two more for each Record with keys make a
// savepoint and look before the COMMIT whether it is still there; the service's own
// savepoints stay as they are. Where triggers capture and no keys are named, one
// looks whether the transaction is still open. Without capture a single SELECT holds the
// fence. In each phase what is left at the keys is read before the COMMIT; see Rows of
// store.Joining. All of them run in the service's session: LAST_INSERT_ID() is the
// library's afterwards, so take an id from the sql.Result of the INSERT. A session of
// another pool than the store's must be set as Ready demands of that one's: where a list
// is cut by group_concat_max_len, its record can't be read and the commit is refused.
func (s *Store) Joining(tx *sqlx.Tx) store.Joining { return newJoining(s, tx) }

// A joining is a transaction of the service's own with the library's statements
// in it. COMMIT is sent as a statement instead of by sqlx, which would wait for
// its answer without end.
type joining struct {
	*fenced
	own      *sqlx.Tx
	recorded []store.KeyVersion
	// counting is what counted the recorded keys when these were named.
	counting []counting
	// saved is how many savepoints say that change records are there, and released that
	// those of earlier ones are gone, since Rows has asked.
	saved    int
	released bool
	// whole says that the change records are there, as Rows has found.
	whole bool
}

func newJoining(s *Store, own *sqlx.Tx) *joining {
	t := &tx{on: own, limit: s.opts.CommitTimeout}
	return &joining{fenced: &fenced{s: s, t: t}, own: own}
}

// Contract returns the store's contract.
func (j *joining) Contract() *transform.Contract { return j.s.contract }

// Rollback ends the transaction unless it is over.
func (j *joining) Rollback() error {
	if err := j.own.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return j.s.wrap("rollback", nil, store.NotApplied, err)
	}
	return nil
}

// Record writes the change records of keys, or holds the fence only. An error
// has rolled the transaction back, so that the service can't commit it either.
func (j *joining) Record(ctx context.Context, at store.At, keys []transform.Key) ([]store.KeyVersion, error) {
	j.at, j.whole = at, false
	written, err := j.record(ctx, keys)
	if err != nil {
		outcome := j.outcome(ctx, err)
		_ = j.own.Rollback() // over already, or the connection is gone
		return nil, j.failed("join", outcome, err)
	}
	j.recorded = append(j.recorded, written...)
	return written, nil
}

func (j *joining) record(ctx context.Context, keys []transform.Key) ([]store.KeyVersion, error) {
	for _, key := range keys {
		fault := checkKeyID(key)
		if j.s.sources[key.Entity] == nil {
			fault = "the contract has no such entity"
		}
		if fault != "" {
			return nil, j.s.invalid("join", key.Entity, "", fault, store.NotApplied)
		}
	}
	if !j.at.Captured || len(keys) == 0 {
		return nil, j.hold(ctx)
	}
	sorted := slices.Compact(slices.SortedFunc(slices.Values(keys), compareKeys))
	written := make([]store.KeyVersion, len(sorted))
	for i, key := range sorted {
		row := store.Row{Key: key}
		if err := j.recordChange(ctx, &row); err != nil {
			return nil, err
		}
		written[i] = store.KeyVersion{Key: key, Version: row.Version}
	}
	counting, err := j.s.counting(ctx, j.t.query, written, forUpdate)
	if err != nil {
		return nil, err
	}
	j.counting = append(j.counting, counting...)
	// What becomes of the records nobody tells.
	if err := j.s.leaveFanOuts(ctx, j.t, j.s.copied(written)); err != nil {
		return nil, err
	}
	return written, j.save(ctx)
}

// hold takes the fence's shared lock, unless the transaction has it.
func (j *joining) hold(ctx context.Context) error {
	if j.passed {
		return nil
	}
	f, err := j.s.holdFence(ctx, j.t)
	switch {
	case err != nil:
		return err
	case !f.state.Valid:
		return j.s.notInitialised("join", store.NotApplied)
	case !f.lets(j.at):
		return j.s.wrongPhase("join", "", store.NotApplied)
	}
	j.passed = true
	return nil
}

// Commit commits unless ctx is over or the change records are gone. Once COMMIT
// is on its way ctx has no say any more.
func (j *joining) Commit(ctx context.Context) error {
	var err error
	if !j.whole {
		err = j.complete(ctx)
	}
	if err == nil {
		err = j.touchCounting(ctx)
	}
	if err == nil {
		err = j.t.commit(ctx)
	}
	if err == nil {
		// Nothing is left to commit: this gives the connection back.
		_ = j.own.Commit()
		return nil
	}
	return j.uncommitted(ctx, err)
}

// uncommitted rolls back, and returns the error of a commit.
func (j *joining) uncommitted(ctx context.Context, err error) error {
	outcome := j.outcome(ctx, err)
	_ = j.own.Rollback()
	if errors.Is(err, errTakenBack) {
		return j.takenBack(ctx)
	}
	return j.failed("commit", outcome, err)
}

// touchCounting writes the change records of those that count other rows than before: what
// a named row referred to when it was named, or refers to now, and not both times.
func (j *joining) touchCounting(ctx context.Context) error {
	now, err := j.s.counting(ctx, j.t.query, j.recorded, inShare)
	if err != nil {
		return err
	}
	n := map[counting]int{}
	for _, c := range j.counting {
		n[c]--
	}
	for _, c := range now {
		n[c]++
	}
	for c, more := range n {
		named := slices.ContainsFunc(j.recorded, func(k store.KeyVersion) bool { return k.Key == c.key })
		if more != 0 && !named {
			j.recount = append(j.recount, c.key)
		}
	}
	return j.fenced.touchCounting(ctx)
}

// takenBack sees to it that statements which committed by themselves reach the
// follower, and returns what became of the transaction.
func (j *joining) takenBack(ctx context.Context) error {
	e := j.s.invalid("commit", "", "", "a statement rolled the transaction back, as a deadlock does, or committed it, as CREATE TABLE does, or a savepoint from before Join or Touch was"+
		" rolled back to; what was executed after that may have committed by itself", store.Unknown)
	keys := make([]transform.Key, len(j.recorded))
	for i, k := range j.recorded {
		keys[i] = k.Key
	}
	after, cancel := store.Detached(ctx, j.s.opts.CommitTimeout)
	defer cancel()
	now, err := j.s.counting(after, func(ctx context.Context, do func(*sql.Rows) error, query string, args ...any) error {
		return each(ctx, j.s.db, do, query, args...)
	}, j.recorded, "")
	if err == nil {
		for _, c := range append(now, j.counting...) {
			keys = append(keys, c.key)
		}
		err = j.s.bumpCopied(after, keys)
	}
	if err != nil {
		e.Cause = err
	}
	return e
}

// outcome returns what an error says of the transaction, but for one of COMMIT
// itself. A transaction that ended without the library may have been committed,
// unless the caller is gone, whose context then ended it.
func (j *joining) outcome(ctx context.Context, err error) store.Outcome {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() == nil {
		return store.Unknown
	}
	return store.NotApplied
}

// failed returns the error of a transaction that is over.
func (j *joining) failed(op string, outcome store.Outcome, err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		e := j.s.invalid(op, "", "", "the transaction was ended by its own context, Commit or Rollback; it ends by those of what Join returns", outcome)
		e.Cause = err
		return e
	}
	return j.s.wrap(op, nil, outcome, err)
}
