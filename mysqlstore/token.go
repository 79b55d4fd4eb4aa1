package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// How long a token is kept; how often a process looks for older ones, how many
// it removes at once, and for how long it goes on.
const (
	tokenHours    = int(store.TokenLife / time.Hour)
	purgeInterval = time.Minute
	purgeLimit    = 1000
	purgeTime     = 100 * time.Millisecond
)

// tokenOver is true for a token that has expired, in crossfade_token alone.
var tokenOver = "crossfade_token.created_at <= UTC_TIMESTAMP(6) - INTERVAL " + strconv.Itoa(tokenHours) + " HOUR"

// uncarried is true for the tokens that a drain waits for: those that are
// still valid and that the other store does not hold, while capture is on. Its
// arguments are the group, twice.
var uncarried = "grp=? AND carried=0 AND created_at > UTC_TIMESTAMP(6) - INTERVAL " + strconv.Itoa(tokenHours) + " HOUR" +
	" AND EXISTS (SELECT 1 FROM crossfade_fence f WHERE f.grp=? AND f.capture=1)"

// saveToken stores the write's token in its own transaction. If the write has
// not met the fence yet, the statement carries the check. The same token in a
// transaction that is still open makes this one wait for its end.
func (f *fenced) saveToken(ctx context.Context, w store.Write) error {
	const columns = "INSERT INTO crossfade_token (grp, token, fingerprint, assigned, carried, created_at)"
	fingerprint := w.Fingerprint()
	args := []any{[]byte(w.Token), fingerprint[:]}
	if f.passed {
		_, err := f.t.exec(ctx, columns+" VALUES (?, ?, ?, '', 0, UTC_TIMESTAMP(6))", append([]any{f.s.group}, args...)...)
		return tokenTaken(err)
	}
	where, guardArgs := f.s.guard(f.at)
	n, err := affected(f.t.exec(ctx, columns+" SELECT f.grp, ?, ?, '', 0, UTC_TIMESTAMP(6)"+
		" FROM crossfade_fence f WHERE "+where+" LOCK IN SHARE MODE", append(args, guardArgs...)...))
	if err != nil {
		return tokenTaken(err)
	}
	if n == 0 {
		return f.s.refusal(ctx, f.t)
	}
	f.passed = true
	return nil
}

// saveAssigned adds the ids that MySQL gave in the write to its token, so that
// a repeated write is answered with them.
func (s *Store) saveAssigned(ctx context.Context, t *tx, token string, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := t.exec(ctx, "UPDATE crossfade_token SET assigned=? WHERE grp=? AND token=?", idsText(ids), s.group, []byte(token))
	return err
}

// idsText writes ids with commas between; parseIDs reads them back.
func idsText(ids []int64) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(parts, ",")
}

func parseIDs(text string) ([]int64, error) {
	if text == "" {
		return nil, nil
	}
	var ids []int64
	for part := range strings.SplitSeq(text, ",") {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
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
func (s *Store) repeated(ctx context.Context, w store.Write, steps []*step) (store.Written, error) {
	stored := store.Token{}
	var fingerprint []byte
	var assigned string
	found, err := one(ctx, s.db, "SELECT fingerprint, assigned FROM crossfade_token WHERE grp=? AND token=?",
		[]any{s.group, []byte(w.Token)}, &fingerprint, &assigned)
	if err == nil && found {
		copy(stored.Fingerprint[:], fingerprint)
		stored.Assigned, err = parseIDs(assigned)
	}
	switch {
	case err != nil:
		// The token says that some write was applied; whether this one, only
		// the fingerprint could tell.
		return store.Written{}, s.wrap("write", nil, store.Unknown, err)
	case !found:
		return store.Written{}, errAgain // it was purged just now
	case stored.Fingerprint != w.Fingerprint():
		return store.Written{}, s.invalid("write", "", "", "the token was used for another write", store.NotApplied)
	}
	rows := make([]store.Row, len(steps))
	for i, st := range steps {
		rows[i].Key = st.Mutation.Key
		if !st.asks || len(stored.Assigned) == 0 || w.Decided {
			continue
		}
		if _, rows[i].Key, err = st.withID(stored.Assigned[0]); err != nil {
			return store.Written{}, s.wrap("write", st.src.entity, store.Unknown, err)
		}
		stored.Assigned = stored.Assigned[1:]
	}
	return store.Written{Rows: rows, Repeated: true}, nil
}

// dirtyTokens returns tokens after the given one that the follower does not
// hold yet.
func (s *Store) dirtyTokens(ctx context.Context, after string, limit int) ([]store.Change, error) {
	var changes []store.Change
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		t := &store.Token{}
		var fingerprint []byte
		var assigned, created string
		var age int64 // microseconds
		err := rows.Scan(&t.Token, &fingerprint, &assigned, &created, &age)
		if err == nil {
			t.Assigned, err = parseIDs(assigned)
		}
		copy(t.Fingerprint[:], fingerprint)
		t.Created = parseTime(created)
		changes = append(changes, store.Change{Token: t, Age: nanoseconds(age)})
		return err
	}, "SELECT token, fingerprint, assigned, CAST(created_at AS CHAR), TIMESTAMPDIFF(MICROSECOND, created_at, UTC_TIMESTAMP(6))"+
		" FROM crossfade_token WHERE "+uncarried+" AND token > ? ORDER BY token LIMIT ?", s.group, s.group, []byte(after), limit)
	return changes, err
}

// keepTokens is how many tokens one statement of Keep stores.
const keepTokens = 100

// keepToken leaves a token that is there as it is, unless it has expired: that
// one stands for a write of long ago, and its time would have it purged before
// the new one may be forgotten. The time comes last, for the others look at it.
var keepToken = " ON DUPLICATE KEY UPDATE carried=1" +
	", fingerprint=IF(" + tokenOver + ", VALUES(fingerprint), fingerprint)" +
	", assigned=IF(" + tokenOver + ", VALUES(assigned), assigned)" +
	", created_at=IF(" + tokenOver + ", VALUES(created_at), created_at)"

// Keep stores tokens that came with writes of the authority, each unless it is
// there and has not expired. As everything a follower is given it passes only where MySQL was given
// away and is not sealed. They are not to be carried back: the other store has
// them.
func (s *Store) Keep(ctx context.Context, tokens []store.Token) error {
	for _, t := range tokens {
		if t.Token == "" || len(t.Token) > MaxToken {
			return s.invalid("keep", "", "", fmt.Sprintf("a token has 1 to %d bytes", MaxToken), store.NotApplied)
		}
	}
	if len(tokens) == 0 {
		return nil
	}
	err := s.transact(ctx, func(t *tx) error {
		f, err := s.holdFence(ctx, t)
		if err != nil {
			return err
		}
		if err := s.followerOnly("keep", "", &f, f.epoch.V); err != nil {
			return err
		}
		for some := range slices.Chunk(tokens, keepTokens) {
			var args []any
			for _, token := range some {
				args = append(args, s.group, []byte(token.Token), token.Fingerprint[:], idsText(token.Assigned),
					token.Created.UTC().Format(sqlTime))
			}
			if _, err := t.exec(ctx, "INSERT INTO crossfade_token (grp, token, fingerprint, assigned, carried, created_at) VALUES "+
				repeat("(?, ?, ?, ?, 1, ?)", len(some))+keepToken, args...); err != nil {
				return err
			}
		}
		return nil
	})
	return s.wrap("keep", nil, store.NotApplied, err)
}

// purge removes the tokens that are too old, and registrations of processes that
// died, at most once in a while. It is housekeeping: if it fails, the next one
// does it. Tokens come as fast as writes do, so it removes them until none is
// left; but Register waits for it, so one that has much to do ends early and
// leaves the rest to the next Register.
func (s *Store) purge(ctx context.Context) {
	now, last := time.Now(), s.purged.Load()
	if now.Unix()-last < int64(purgeInterval/time.Second) || !s.purged.CompareAndSwap(last, now.Unix()) {
		return
	}
	_, _ = s.purgeSome(ctx, "DELETE FROM crossfade_process WHERE grp=? AND renewed_at < ")
	for {
		more, err := s.purgeSome(ctx, "DELETE FROM crossfade_token WHERE grp=? AND created_at < ")
		switch {
		case err != nil || !more:
			return
		case time.Since(now) >= purgeTime:
			s.purged.Store(last)
			return
		}
	}
}

// purgeSome removes some rows that are too old and reports whether more may be
// there. Each call commits by itself: no lock is held for long.
func (s *Store) purgeSome(ctx context.Context, statement string) (bool, error) {
	r, _, err := s.run(ctx, fmt.Sprintf("%sUTC_TIMESTAMP(6) - INTERVAL %d HOUR LIMIT %d", statement, tokenHours, purgeLimit), s.group)
	n, err := affected(r, err)
	return n >= purgeLimit, err
}
