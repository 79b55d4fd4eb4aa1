package mysqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// sqlTime is a moment as the statements of this package give it to the server
// and take it from it: text, so that neither the driver's parseTime nor its
// loc has a say.
const sqlTime = "2006-01-02 15:04:05.999999"

// parseTime returns the moment of a DATETIME read as text; the zero time if
// the text is none.
func parseTime(text string) time.Time {
	t, err := time.ParseInLocation(sqlTime, text, time.UTC)
	if err != nil {
		return time.Time{}
	}
	return t
}

// markText is a mark as the tables hold it: "given_away".
func markText(state store.State) string { return strings.ReplaceAll(state.String(), "-", "_") }

// parseMark returns the mark with that text, 0 if there is none.
func parseMark(text string) store.State {
	return store.ParseState(strings.ReplaceAll(text, "_", "-"))
}

// selectPhase reads the phase record, and whether the group captures by triggers:
// so a process knows it as soon as it knows the epoch.
const selectPhase = "SELECT phase, capture, epoch, state, revision, next_phase, next_capture, driver," +
	" capture_epoch, follower_empty, contract, CAST(changed_at AS CHAR)," +
	" (SELECT COUNT(*) FROM crossfade_progress g WHERE g.grp=p.grp AND g.name='" + triggersName + "')," +
	" (SELECT COUNT(*) FROM crossfade_progress g WHERE g.grp=p.grp AND g.name='" + serviceSQLName + "')" +
	" FROM crossfade_phase p WHERE p.grp=?"

// setPhase is what an UPDATE of the phase record sets. The revision grows with
// every one, so no UPDATE leaves the row as it was. changed_at comes before
// epoch: the assignments are carried out from left to right.
const setPhase = "UPDATE crossfade_phase SET changed_at=IF(epoch=?, changed_at, UTC_TIMESTAMP(6))," +
	" phase=?, capture=?, epoch=?, state=?, revision=revision+1," +
	" next_phase=?, next_capture=?, driver=?, capture_epoch=?, follower_empty=?, contract=?" +
	" WHERE grp=? AND revision=?"

// phaseArgs returns the arguments of setPhase.
func (s *Store) phaseArgs(to store.PhaseRecord, revision uint64) []any {
	return []any{to.Epoch, to.Phase, to.Capture, to.Epoch, markText(to.State), to.Next, to.NextCapture, to.Driver,
		to.CaptureEpoch, to.FollowerEmpty, to.Contract, s.group, revision}
}

// phaseScan returns a function that scans a row of selectPhase into r, and sets
// found.
func (s *Store) phaseScan(r *store.PhaseRecord, found *bool) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var state, changed string
		var triggers, noted int
		*found = true
		err := rows.Scan(&r.Phase, &r.Capture, &r.Epoch, &state, &r.Revision, &r.Next, &r.NextCapture, &r.Driver,
			&r.CaptureEpoch, &r.FollowerEmpty, &r.Contract, &changed, &triggers, &noted)
		if err == nil {
			s.triggered.Store(triggers > 0)
			s.anyNoted.Store(noted > 0)
		}
		r.State, r.ChangedAt = parseMark(state), parseTime(changed)
		return err
	}
}

// Phase returns the phase record.
func (s *Store) Phase(ctx context.Context) (store.PhaseRecord, error) {
	r, err := s.phase(ctx)
	return r, s.wrap("phase", nil, store.NoWrite, err)
}

func (s *Store) phase(ctx context.Context) (store.PhaseRecord, error) {
	r, found := store.PhaseRecord{Group: s.group}, false
	if err := each(ctx, s.db, s.phaseScan(&r, &found), selectPhase, s.group); err != nil {
		return store.PhaseRecord{}, err
	}
	if !found {
		return store.PhaseRecord{}, s.notInitialised("phase", store.NoWrite)
	}
	return r, s.learnNoted(ctx, s.anyNoted.Load())
}

// notInitialised returns the error of a group that Init has not made.
func (s *Store) notInitialised(op string, outcome store.Outcome) *store.Error {
	return s.invalid(op, "", "", "the database knows no group "+s.group+"; run migrationctl init", outcome)
}
