package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// shortWait is what is left of Options.FenceWait when Advance does not begin
// again.
const shortWait = 100 * time.Millisecond

// Advance replaces the phase record if its epoch is still from, and in the same
// transaction moves the fence. It locks the fence exclusively, so it waits for
// every write in flight; a write that comes later finds the new epoch and
// changes nothing. It waits no longer than Options.FenceWait and ctx; on giving
// up nothing has changed, and the error names the connections that have been
// in a transaction for longest.
//
// If the answer to its COMMIT is lost, Advance reads the record again, under
// its lock: as long as the lost session could still commit, it holds that.
//
// to.Phase must be one of the first three: the hand-off to DynamoDB is not
// Advance's to do.
func (s *Store) Advance(ctx context.Context, from uint64, to store.PhaseRecord, entry store.AuditEntry) error {
	if fault := s.checkAdvance(from, to); fault != "" {
		return s.invalid("advance", "", "", fault, store.NotApplied)
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
			return s.resolve(ctx, to, err)
		}
		if !isConflict(err) {
			return s.wrap("advance", nil, store.NotApplied, err)
		}
		if time.Until(deadline) < shortWait || !sleep(ctx, firstPause) {
			return s.held(ctx, err)
		}
	}
}

// checkAdvance returns what is wrong with the step, or "".
func (s *Store) checkAdvance(from uint64, to store.PhaseRecord) string {
	switch {
	case to.Epoch != from+1:
		return "the new epoch must be the one after " + strconv.FormatUint(from, 10)
	case to.Epoch >= 1<<(64-store.FloorBits):
		return "there are no more epochs"
	case to.Group != "" && to.Group != s.group:
		return "the record is of another group"
	case to.Phase < store.MySQLOnly || to.Phase > store.Validate:
		return "MySQL is the authority in the first three phases only"
	}
	return ""
}

// advance tries once, on a connection that it ends: its lock wait timeout is
// not the service's.
func (s *Store) advance(ctx context.Context, from uint64, to store.PhaseRecord, entry store.AuditEntry, wait time.Duration) error {
	t, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer t.end(ctx)
	t.changed = true
	// The server counts whole seconds, and takes 0 for "do not wait".
	seconds := max(1, int64((wait+time.Second-1)/time.Second))
	if _, err := t.exec(ctx, "SET SESSION innodb_lock_wait_timeout="+strconv.FormatInt(seconds, 10)); err != nil {
		return err
	}
	var now store.PhaseRecord
	found := false
	if err := t.query(ctx, phaseScan(&now, &found), selectPhase+" FOR UPDATE", s.group); err != nil {
		return err
	}
	if !found {
		return s.notInitialised("advance", store.NotApplied)
	}
	if now.Epoch != from {
		return s.moved(from)
	}
	if err := s.moveFence(ctx, t, to); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "UPDATE crossfade_phase SET phase=?, capture=?, epoch=?, capture_epoch=?, follower_empty=?, contract=?,"+
		" changed_at=UTC_TIMESTAMP(6) WHERE grp=?",
		to.Phase, to.Capture, to.Epoch, to.CaptureEpoch, to.FollowerEmpty, to.Contract, s.group); err != nil {
		return err
	}
	query, args := s.audit(entry)
	if _, err := t.exec(ctx, query, args...); err != nil {
		return err
	}
	return t.commit(ctx)
}

// moved returns the error of a step from an epoch that is over.
func (s *Store) moved(from uint64) *store.Error {
	return &store.Error{Op: "advance", Store: s.Name(), Kind: store.ErrConflict, Outcome: store.NotApplied,
		Detail: fmt.Sprintf("the phase record is not at epoch %d any more; look at the status and decide again", from)}
}

// moveFence waits for the fence and moves it. The floor only grows: a version
// that a purge has raised it to must not be given again.
func (s *Store) moveFence(ctx context.Context, t *tx, to store.PhaseRecord) error {
	state := ""
	if err := t.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&state) },
		"SELECT state FROM crossfade_fence WHERE grp=? FOR UPDATE", s.group); err != nil {
		return err
	}
	if state != fenceOpen {
		return s.wrongPhase("advance", "", store.NotApplied)
	}
	_, err := t.exec(ctx, "UPDATE crossfade_fence SET epoch=?, capture=?, floor=GREATEST(floor, ?) WHERE grp=?",
		to.Epoch, to.Capture, uint64(store.Floor(to.Epoch)), s.group)
	return err
}

// resolve finds out whether a step whose COMMIT got no answer was taken.
func (s *Store) resolve(ctx context.Context, to store.PhaseRecord, lost error) error {
	c, cancel := store.Detached(ctx, s.opts.CommitTimeout)
	defer cancel()
	var now store.PhaseRecord
	found := false
	err := s.transact(c, func(t *tx) error {
		return t.query(c, phaseScan(&now, &found), selectPhase+" LOCK IN SHARE MODE", s.group)
	})
	switch {
	case err != nil || !found:
		return s.wrap("advance", nil, store.Unknown, lost)
	case now.Epoch < to.Epoch:
		return s.wrap("advance", nil, store.NotApplied, errors.Unwrap(lost))
	case now.Epoch > to.Epoch:
		// Somebody went on from there; from whose step, nobody can tell.
		return s.wrap("advance", nil, store.Unknown, lost)
	case now.Phase == to.Phase && now.Capture == to.Capture && now.CaptureEpoch == to.CaptureEpoch:
		return nil
	}
	return s.moved(to.Epoch - 1)
}

// held returns the error of an Advance that did not get its locks in time.
func (s *Store) held(ctx context.Context, cause error) error {
	// Not ErrConflict: that one says that the step was taken by somebody else.
	return &store.Error{Op: "advance", Store: s.Name(), Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: cause,
		Detail: fmt.Sprintf("transactions still hold the fence after %v; nothing has changed; %s", s.opts.FenceWait, s.holders(ctx))}
}

// holders names the connections whose transactions have been open for longest,
// as far as the account may see them.
func (s *Store) holders(ctx context.Context) string {
	c, cancel := store.Detached(ctx, time.Second)
	defer cancel()
	var open []string
	err := each(c, s.db, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		open = append(open, id)
		return err
	}, "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx"+
		" WHERE trx_mysql_thread_id <> CONNECTION_ID() AND trx_rows_locked > 0 ORDER BY trx_started LIMIT 3")
	if err != nil || len(open) == 0 {
		return "the account can't see which (PROCESS would let it); try again when long transactions have ended"
	}
	return "connections in a transaction, oldest first: " + strings.Join(open, ", ") + "; end it with KILL, or wait, and try again"
}
