package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/crossfade-go/crossfade/dal/store"
)

// shortWait is what is left of Options.FenceWait when Advance does not begin
// again.
const shortWait = 100 * time.Millisecond

// Advance replaces the phase record if its revision is still from's, and in the
// same transaction moves the fence to the record's mark. What may follow what
// says store.CheckAdvance.
//
// Where the mark moves it locks the fence exclusively, so it waits for every
// write in flight; a write that comes later finds the new mark and changes
// nothing. It waits no longer than Options.FenceWait and ctx; on giving up
// nothing has changed, and the error names the connections that have been in a
// transaction for longest. With Options.EndHolders it ends those that hold the
// fence, and then goes on.
//
// A record that keeps its mark, without an entry for the audit, is a single
// statement that never touches the fence: the sign of life of a hand-off's
// driver.
//
// If the answer to its COMMIT is lost, Advance reads the record again, under
// its lock: as long as the lost session could still commit, it holds that.
func (s *Store) Advance(ctx context.Context, from, to store.PhaseRecord, entry store.AuditEntry) error {
	if fault := s.checkRecord(to); fault != "" {
		return s.invalid("advance", "", "", fault, store.NotApplied)
	}
	if entry.Action == "" && !moves(from, to) && store.CheckAdvance(from, to) == nil {
		if done, err := s.beat(ctx, from, to); done || err != nil {
			return err
		}
		// The record is not as the caller says, and what follows finds out why.
	}
	deadline := time.Now().Add(s.opts.FenceWait)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		// The server would go on waiting for a caller who is gone, and all
		// writers behind it.
		deadline = d
	}
	for {
		err := s.advance(ctx, from, to, entry, time.Until(deadline))
		var lost *commitError
		if errors.As(err, &lost) {
			return s.resolve(ctx, from, to, err)
		}
		if !isConflict(err) {
			return s.wrap("advance", nil, store.NotApplied, err)
		}
		if time.Until(deadline) < shortWait || !sleep(ctx, firstPause) {
			return s.held(ctx, err)
		}
	}
}

// checkRecord returns what is wrong with a record whatever is there, or "".
func (s *Store) checkRecord(to store.PhaseRecord) string {
	switch {
	case to.Group != "" && to.Group != s.group:
		return "the record is of another group"
	case utf8.RuneCountInString(to.Driver) > maxName || utf8.RuneCountInString(to.Contract) > maxName:
		return fmt.Sprintf("a driver's name and a contract's digest have at most %d characters", maxName)
	}
	return ""
}

// moves reports whether a step changes anything of the fence.
func moves(from, to store.PhaseRecord) bool {
	return from.State != to.State || from.Epoch != to.Epoch || from.Capture != to.Capture
}

// beat replaces a record that keeps its mark, and reports whether it was as the
// caller says.
func (s *Store) beat(ctx context.Context, from, to store.PhaseRecord) (bool, error) {
	args := append(s.phaseArgs(to, from.Revision), markText(from.State), from.Epoch, from.Capture)
	r, outcome, err := s.run(ctx, setPhase+" AND state=? AND epoch=? AND capture=?", args...)
	if err != nil {
		return false, s.wrap("advance", nil, outcome, err)
	}
	n, err := r.RowsAffected()
	return n > 0, s.wrap("advance", nil, store.Unknown, err)
}

// advance tries once, on a connection that it ends: its lock wait timeout is
// not the service's.
func (s *Store) advance(ctx context.Context, from, to store.PhaseRecord, entry store.AuditEntry, wait time.Duration) error {
	t, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer t.end(ctx)
	t.changed = true
	total, end := s.patience(ctx, wait)
	defer s.endHolders(ctx, t, end)()
	if err := t.waitAtMost(ctx, total); err != nil {
		return err
	}
	var now store.PhaseRecord
	found := false
	if err := t.query(ctx, s.phaseScan(&now, &found), selectPhase+" FOR UPDATE", s.group); err != nil {
		return err
	}
	if !found {
		return s.notInitialised("advance", store.NotApplied)
	}
	if now.Revision != from.Revision {
		return s.moved(from)
	}
	if err := store.CheckAdvance(now, to); err != nil {
		return s.invalid("advance", "", "", err.Error(), store.NotApplied)
	}
	if moves(now, to) {
		if err := s.moveFence(ctx, t, now, to); err != nil {
			return err
		}
	}
	if _, err := t.exec(ctx, setPhase, s.phaseArgs(to, now.Revision)...); err != nil {
		return err
	}
	if entry.Action != "" {
		query, args := s.audit(entry)
		if _, err := t.exec(ctx, query, args...); err != nil {
			return err
		}
	}
	return t.commit(ctx)
}

// waitAtMost bounds each wait of the session for a row's lock. The server counts
// whole seconds, and takes 0 for "do not wait".
func (t *tx) waitAtMost(ctx context.Context, d time.Duration) error {
	seconds := max(1, int64((d+time.Second-1)/time.Second))
	_, err := t.exec(ctx, "SET SESSION innodb_lock_wait_timeout="+strconv.FormatInt(seconds, 10))
	return err
}

// moved returns the error of a step from a record that is there no more.
func (s *Store) moved(from store.PhaseRecord) *store.Error {
	return &store.Error{Op: "advance", Store: s.Name(), Kind: store.ErrConflict, Outcome: store.NotApplied,
		Detail: fmt.Sprintf("the phase record is not at revision %d any more; look at the status and decide again", from.Revision)}
}

// moveFence waits for the fence and moves it from one mark to another. The
// floor only grows: a version that a purge has raised it to must not be given
// again.
func (s *Store) moveFence(ctx context.Context, t *tx, from, to store.PhaseRecord) error {
	var f fenceRow
	if err := t.query(ctx, func(rows *sql.Rows) error { return rows.Scan(f.dest()...) },
		selectFence+" FOR UPDATE", s.group); err != nil {
		return err
	}
	if f.mark() != from.State || f.epoch.V != from.Epoch {
		return s.invalid("advance", "", "", "crossfade_fence and crossfade_phase do not agree: one of them was changed"+
			" by hand or restored without the other; bring back the one that belongs to the other", store.NotApplied)
	}
	floor := uint64(0)
	if to.Epoch > from.Epoch {
		floor = uint64(store.Floor(to.Epoch))
	}
	_, err := t.exec(ctx, "UPDATE crossfade_fence SET epoch=?, state=?, capture=?, floor=GREATEST(floor, ?) WHERE grp=?",
		to.Epoch, markText(to.State), to.Capture, floor, s.group)
	return err
}

// resolve finds out whether a step whose COMMIT got no answer was taken.
func (s *Store) resolve(ctx context.Context, from, to store.PhaseRecord, lost error) error {
	c, cancel := store.Detached(ctx, s.opts.CommitTimeout)
	defer cancel()
	now, found := store.PhaseRecord{Group: s.group}, false
	err := s.transact(c, func(t *tx) error {
		return t.query(c, s.phaseScan(&now, &found), selectPhase+" LOCK IN SHARE MODE", s.group)
	})
	switch {
	case err != nil || !found:
		return s.wrap("advance", nil, store.Unknown, lost)
	case now.Revision <= from.Revision:
		return s.wrap("advance", nil, store.NotApplied, errors.Unwrap(lost))
	case now.Revision > from.Revision+1:
		// Somebody went on from there; from whose step, nobody can tell.
		return s.wrap("advance", nil, store.Unknown, lost)
	}
	to.Group, to.Revision, to.ChangedAt = now.Group, now.Revision, now.ChangedAt
	if now == to {
		return nil
	}
	return s.moved(from)
}
