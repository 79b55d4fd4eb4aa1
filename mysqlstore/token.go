package mysqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// How long a token is kept, and how often a process looks for older ones.
const (
	tokenHours    = 24
	purgeInterval = time.Minute
	purgeLimit    = 1000
)

// fingerprint returns a hash of what the write does to which keys, whatever
// the order of its mutations. Values are left out: a caller that retries may
// have stamped the record anew.
func fingerprint(w store.Write) []byte {
	parts := make([]string, len(w.Mutations))
	for i, m := range w.Mutations {
		parts[i] = fmt.Sprintf("%s %q %q", m.Op, m.Key.Entity, m.Key.ID)
	}
	slices.Sort(parts)
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintln(h, part)
	}
	return h.Sum(nil)
}

// saveToken stores the write's token in its own transaction. A bare write has
// not met the fence yet, so there the statement carries the check. The same
// token in a transaction that is still open makes this one wait for its end.
func (s *Store) saveToken(ctx context.Context, t *tx, at store.At, w store.Write) error {
	if at.Captured {
		_, err := t.exec(ctx, "INSERT INTO crossfade_token (grp, token, fingerprint, created_at)"+
			" VALUES (?, ?, ?, UTC_TIMESTAMP(6))", s.group, []byte(w.Token), fingerprint(w))
		return tokenTaken(err)
	}
	where, args := s.guard(at)
	r, err := t.exec(ctx, "INSERT INTO crossfade_token (grp, token, fingerprint, created_at)"+
		" SELECT f.grp, ?, ?, UTC_TIMESTAMP(6) FROM crossfade_fence f WHERE "+where+" LOCK IN SHARE MODE",
		append([]any{[]byte(w.Token), fingerprint(w)}, args...)...)
	if err != nil {
		return tokenTaken(err)
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return s.wrongPhase("write", "", store.NotApplied)
	}
	return nil
}

// A tokenError says that the write's token is there already.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return e.err.Error() }

// tokenTaken tells a token that is there already from other errors.
func tokenTaken(err error) error {
	if number(err) == erDupEntry {
		return &tokenError{err}
	}
	return err
}

// repeated answers a write whose token was there already. Its transaction has
// been rolled back.
func (s *Store) repeated(ctx context.Context, w store.Write) (store.Written, error) {
	var stored []byte
	found, err := one(ctx, s.db, "SELECT fingerprint FROM crossfade_token WHERE grp=? AND token=?",
		[]any{s.group, []byte(w.Token)}, &stored)
	switch {
	case err != nil:
		// The token says that some write was applied; whether this one, only
		// the fingerprint could tell.
		return store.Written{}, s.wrap("write", nil, store.Unknown, err)
	case !found:
		return store.Written{}, errAgain // it was purged just now
	case !bytes.Equal(stored, fingerprint(w)):
		return store.Written{}, s.invalid("write", "", "", "the token was used for another write", store.NotApplied)
	}
	rows := make([]store.Row, len(w.Mutations))
	for i, m := range w.Mutations {
		rows[i].Key = m.Key
	}
	return store.Written{Rows: rows, Repeated: true}, nil
}

// purge removes some of the tokens that are too old, and registrations of
// processes that died, at most once in a while. It is housekeeping: if it
// fails, the next one does it.
func (s *Store) purge(ctx context.Context) {
	now, last := time.Now().Unix(), s.purged.Load()
	if now-last < int64(purgeInterval/time.Second) || !s.purged.CompareAndSwap(last, now) {
		return
	}
	_, _, _ = s.run(ctx, fmt.Sprintf("DELETE FROM crossfade_token"+
		" WHERE grp=? AND created_at < UTC_TIMESTAMP(6) - INTERVAL %d HOUR LIMIT %d", tokenHours, purgeLimit), s.group)
	_, _, _ = s.run(ctx, fmt.Sprintf("DELETE FROM crossfade_process"+
		" WHERE grp=? AND renewed_at < UTC_TIMESTAMP(6) - INTERVAL %d HOUR LIMIT %d", tokenHours, purgeLimit), s.group)
}
