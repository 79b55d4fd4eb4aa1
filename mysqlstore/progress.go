package mysqlstore

import (
	"context"
	"database/sql"
	"unicode/utf8"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// SaveProgress stores the state of a run, one per name and entity.
func (s *Store) SaveProgress(ctx context.Context, p store.Progress) error {
	_, outcome, err := s.run(ctx, "INSERT INTO crossfade_progress"+
		" (grp, name, entity, capture_epoch, resume_at, done, row_count, detail, updated_at)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))"+
		" ON DUPLICATE KEY UPDATE capture_epoch=?, resume_at=?, done=?, row_count=?, detail=?, updated_at=UTC_TIMESTAMP(6)",
		s.group, p.Name, p.Entity, p.CaptureEpoch, p.Position, p.Done, p.Rows, p.Detail,
		p.CaptureEpoch, p.Position, p.Done, p.Rows, p.Detail)
	return s.wrap("save progress", nil, outcome, err)
}

// Progress returns the state of every run with that name, in the order of
// their entities.
func (s *Store) Progress(ctx context.Context, name string) ([]store.Progress, error) {
	var all []store.Progress
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		p := store.Progress{Name: name}
		var at string
		err := rows.Scan(&p.Entity, &p.CaptureEpoch, &p.Position, &p.Done, &p.Rows, &p.Detail, &at)
		p.UpdatedAt = parseTime(at)
		all = append(all, p)
		return err
	}, "SELECT entity, capture_epoch, resume_at, done, row_count, detail, CAST(updated_at AS CHAR)"+
		" FROM crossfade_progress WHERE grp=? AND name=? ORDER BY entity", s.group, name)
	return all, s.wrap("progress", nil, store.NoWrite, err)
}

// maxReason is how much of a dead letter's reason is kept, in bytes.
const maxReason = 8 << 10

// SaveDeadLetter stores a dead letter, one per key: the last reason counts.
func (s *Store) SaveDeadLetter(ctx context.Context, key transform.Key, v store.Version, reason string) error {
	if fault := checkKeyID(key); fault != "" {
		return s.invalid("save dead letter", key.Entity, "", fault, store.NotApplied)
	}
	reason = cut(reason, maxReason)
	_, outcome, err := s.run(ctx, "INSERT INTO crossfade_dead_letter (grp, entity, id, version, reason, at)"+
		" VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(6))"+
		" ON DUPLICATE KEY UPDATE version=?, reason=?, at=UTC_TIMESTAMP(6)",
		s.group, key.Entity, []byte(key.ID), uint64(v), reason, uint64(v), reason)
	return s.wrap("save dead letter", nil, outcome, err)
}

// cut shortens a text to at most n bytes, between two characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// DropDeadLetter removes the dead letter of a key, if there is one.
func (s *Store) DropDeadLetter(ctx context.Context, key transform.Key) error {
	_, outcome, err := s.run(ctx, "DELETE FROM crossfade_dead_letter WHERE grp=? AND entity=? AND id=?",
		s.group, key.Entity, []byte(key.ID))
	return s.wrap("drop dead letter", nil, outcome, err)
}

// DeadLetters returns up to limit dead letters in the order of their keys, and
// how many there are.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]store.DeadLetter, int64, error) {
	var total int64
	if _, err := one(ctx, s.db, "SELECT COUNT(*) FROM crossfade_dead_letter WHERE grp=?", []any{s.group}, &total); err != nil {
		return nil, 0, s.wrap("dead letters", nil, store.NoWrite, err)
	}
	var some []store.DeadLetter
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var d store.DeadLetter
		var at string
		err := rows.Scan(&d.Entity, &d.ID, &d.Version, &d.Reason, &at)
		d.At = parseTime(at)
		some = append(some, d)
		return err
	}, "SELECT entity, id, version, reason, CAST(at AS CHAR) FROM crossfade_dead_letter"+
		" WHERE grp=? ORDER BY entity, id LIMIT ?", s.group, limit)
	return some, total, s.wrap("dead letters", nil, store.NoWrite, err)
}
