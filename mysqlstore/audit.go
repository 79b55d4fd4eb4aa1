package mysqlstore

import (
	"context"
	"database/sql"

	"github.com/crossfade-go/crossfade/dal/store"
)

// audit returns the statement that appends an entry. Nothing in this package
// changes or removes one.
func (s *Store) audit(e store.AuditEntry) (string, []any) {
	return "INSERT INTO crossfade_audit (grp, at, who, action, was, became, reason, detail)" +
			" VALUES (?, UTC_TIMESTAMP(6), ?, ?, ?, ?, ?, ?)",
		[]any{s.group, e.Who, e.Action, e.From, e.To, e.Reason, e.Detail}
}

// AppendAudit adds an entry for something that changed no phase.
func (s *Store) AppendAudit(ctx context.Context, entry store.AuditEntry) error {
	query, args := s.audit(entry)
	_, outcome, err := s.run(ctx, query, args...)
	return s.wrap("audit", nil, outcome, err)
}

// Audit returns the newest entries first.
func (s *Store) Audit(ctx context.Context, limit int) ([]store.AuditEntry, error) {
	var all []store.AuditEntry
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var e store.AuditEntry
		var at string
		err := rows.Scan(&at, &e.Who, &e.Action, &e.From, &e.To, &e.Reason, &e.Detail)
		e.At = parseTime(at)
		all = append(all, e)
		return err
	}, "SELECT CAST(at AS CHAR), who, action, was, became, reason, detail FROM crossfade_audit"+
		" WHERE grp=? ORDER BY n DESC LIMIT ?", s.group, limit)
	return all, s.wrap("audit", nil, store.NoWrite, err)
}
