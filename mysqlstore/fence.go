package mysqlstore

import (
	"context"
	"database/sql"

	"github.com/crossfade-go/crossfade/dal/store"
)

// selectFence reads the fence as a fenceRow.
const selectFence = "SELECT f.epoch, f.state, f.capture FROM crossfade_fence f WHERE f.grp=?"

// guard returns the condition under which the fence lets a write pass, on the
// row of crossfade_fence with the alias f, and its arguments. No fence that is
// open has epoch 0, so a write that carries none passes nowhere.
//
// A write without change records needs capture to be off and one with them
// needs it to be on: the epoch says that already, and here it does not depend
// on every caller taking both from one snapshot. So once capture was switched
// on, no unrecorded write commits, whoever sends it.
func (s *Store) guard(at store.At) (string, []any) {
	if at.Captured {
		return "f.grp = ? AND f.epoch = ? AND f.state = 'open' AND f.capture = 1", []any{s.group, at.Epoch}
	}
	return "f.grp = ? AND f.epoch = ? AND f.state = 'open' AND f.capture = 0", []any{s.group, at.Epoch}
}

// guarded returns guard as a condition for an UPDATE or a DELETE. The locking
// clause must stand in the sub-select itself: the statement's own locks do not
// reach into it under READ COMMITTED, and the fence could move before COMMIT.
func (s *Store) guarded(at store.At) (string, []any) {
	where, args := s.guard(at)
	return " AND EXISTS (SELECT 1 FROM crossfade_fence f WHERE " + where + " LOCK IN SHARE MODE)", args
}

// A fenceRow is the fence as a read sees it.
type fenceRow struct {
	epoch   sql.Null[uint64]
	state   sql.NullString
	capture sql.NullBool
}

// dest returns what epoch, state and capture are scanned into.
func (f *fenceRow) dest() []any { return []any{&f.epoch, &f.state, &f.capture} }

// mark returns the fence's mark, 0 if there is no fence.
func (f *fenceRow) mark() store.State { return parseMark(f.state.String) }

// lets reports whether a write with that snapshot may pass.
func (f *fenceRow) lets(at store.At) bool {
	return f.mark() == store.Open && f.capture.Bool == at.Captured && f.epoch.V == at.Epoch
}

// shows reports whether a read with that snapshot is right: MySQL is the
// authority, in the epoch that the reader knows. A reader without an epoch wants
// what is there, whoever the authority is.
func (f *fenceRow) shows(at store.At) bool {
	if at.Epoch == 0 {
		return true
	}
	return (f.mark() == store.Open || f.mark() == store.Closed) && f.epoch.V == at.Epoch
}

// follows reports whether MySQL is the follower of the authority of that epoch
// and may be brought up to date. Sealed says no: nothing may land while the
// authority is looked through for the last time.
func (f *fenceRow) follows(at store.At) bool {
	return f.mark() == store.GivenAway && f.epoch.V == at.Epoch
}

// givenAway reports whether another store is the authority.
func (f *fenceRow) givenAway() bool { return f.mark() == store.GivenAway || f.mark() == store.Sealed }

// holdFence reads the fence with its shared lock within the transaction, so
// that it stays as it is until the end. It is for transactions of which no
// other statement has looked at the fence.
func (s *Store) holdFence(ctx context.Context, t *tx) (fenceRow, error) {
	var f fenceRow
	err := t.query(ctx, func(rows *sql.Rows) error { return rows.Scan(f.dest()...) },
		selectFence+" LOCK IN SHARE MODE", s.group)
	return f, err
}

// recordChange is the statement that checks the fence, takes its shared lock,
// gives the key its next version and makes it dirty, all at once. The version
// comes back as the last insert id. No row is affected where the fence refuses.
//
// The assignments are carried out from left to right: dirty_at looks at dirty
// as it was.
func (s *Store) recordChange(at store.At) (string, []any) {
	where, args := s.guard(at)
	return "INSERT INTO crossfade_change (grp, entity, id, version, dirty, dirty_at)" +
		" SELECT f.grp, ?, ?, LAST_INSERT_ID(f.floor + 1), 1, UTC_TIMESTAMP(6) FROM crossfade_fence f" +
		" WHERE " + where + " LOCK IN SHARE MODE ON DUPLICATE KEY UPDATE" +
		" version = LAST_INSERT_ID(GREATEST(crossfade_change.version + 1, VALUES(version)))," +
		" dirty_at = IF(crossfade_change.dirty = 1, crossfade_change.dirty_at, UTC_TIMESTAMP(6))," +
		" dirty = 1", args
}
