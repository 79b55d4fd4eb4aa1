package dynamostore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// addAudit adds an audit entry to a transaction, on condition that its place is
// free: what is in the audit is never changed.
//
// Entries sort by the time they were written, and each comes after the last one
// that its writer saw: so an entry that was caused by another follows it, also
// where the clock of its writer is behind.
func (s *Store) addAudit(ctx context.Context, t *transaction, entry store.AuditEntry) error {
	now := s.opts.Now()
	at := now
	newest := libraryQuery{partition: s.partition(partAudit), backward: true, limit: 1, only: []string{librarySK}}
	for it, err := range s.libraryAll(ctx, t.op, newest) {
		if err != nil {
			return withOutcome(err, store.NotApplied)
		}
		r := reading{item: it}
		if last, ok := stamped(r.text(librarySK)); ok && !at.After(last) {
			at = last.Add(1)
		}
	}
	it := libraryKey(s.partition(partAudit), newID(at))
	it["at"], it["who"], it["action"] = moment(now), text(entry.Who), text(entry.Action)
	it["from"], it["to"], it["reason"], it["detail"] = text(entry.From), text(entry.To), text(entry.Reason), text(entry.Detail)
	it[attrWrite] = text(t.id)
	t.put(s.library, it, s.library.absent())
	return nil
}

// stamped returns the time in an id.
func stamped(id string) (time.Time, bool) {
	if len(id) < 16 {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(id[:16], 16, 64)
	return time.Unix(0, n), err == nil
}

// AppendAudit adds an entry for something that changed no phase.
func (s *Store) AppendAudit(ctx context.Context, entry store.AuditEntry) error {
	t := s.newTransaction("append audit", "")
	if err := s.addAudit(ctx, t, entry); err != nil {
		return err
	}
	err := s.transactPatiently(ctx, t)
	var refused *refusal
	if errors.As(err, &refused) {
		return invalid("append audit", "", t.outcome(), "the entry's place in the audit is taken")
	}
	return err
}

// Audit returns the newest entries first. Their times are by the clocks of the
// processes that wrote them.
func (s *Store) Audit(ctx context.Context, limit int) ([]store.AuditEntry, error) {
	if limit < 1 {
		return nil, nil
	}
	var all []store.AuditEntry
	newest := libraryQuery{partition: s.partition(partAudit), backward: true, limit: limit}
	for it, err := range s.libraryAll(ctx, "audit", newest) {
		if err != nil {
			return nil, err
		}
		r := reading{item: it}
		e := store.AuditEntry{
			At: r.moment("at"), Who: r.text("who"), Action: r.text("action"), From: r.text("from"),
			To: r.text("to"), Reason: r.text("reason"), Detail: r.text("detail"),
		}
		if r.err != nil {
			return nil, s.broken("audit", "audit entry", r.err)
		}
		all = append(all, e)
	}
	return all, nil
}
