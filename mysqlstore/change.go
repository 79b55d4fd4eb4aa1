package mysqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// bumpChunk is how many keys one statement of Bump changes.
const bumpChunk = 500

// compareKeys orders keys as the change table does, byte by byte. All writers
// take the rows of their keys in this order, so that they queue instead of
// locking each other out.
func compareKeys(a, b transform.Key) int {
	return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.ID, b.ID))
}

// checkKeyID returns why a key fits no change record, or "".
func checkKeyID(key transform.Key) string {
	if len(key.ID) > MaxKeyID {
		return fmt.Sprintf("the key is %d bytes long; at most %d can be indexed", len(key.ID), MaxKeyID)
	}
	return ""
}

// Bump gives each key a new version and a change record, and changes no data.
// It is one transaction; a key may be given twice.
func (s *Store) Bump(ctx context.Context, keys []transform.Key) error {
	return s.bumpAnd(ctx, keys, func(*tx, []transform.Key) error { return nil })
}

// bumpAnd is Bump with more in its transaction, which is given the keys in their order.
func (s *Store) bumpAnd(ctx context.Context, keys []transform.Key, more func(*tx, []transform.Key) error) error {
	for _, key := range keys {
		fault := checkKeyID(key)
		if s.sources[key.Entity] == nil {
			fault = "the contract has no such entity"
		}
		if fault != "" {
			return s.invalid("bump", key.Entity, "", fault, store.NotApplied)
		}
	}
	sorted := slices.SortedFunc(slices.Values(keys), compareKeys)
	sorted = slices.Compact(sorted)
	if len(sorted) == 0 {
		return nil
	}
	err := s.transact(ctx, func(t *tx) error {
		if err := s.bump(ctx, t, sorted); err != nil {
			return err
		}
		return more(t, sorted)
	})
	return s.wrap("bump", nil, store.NotApplied, err)
}

// bump marks sorted keys within a transaction. It passes a closed fence, for a
// drain needs it, but not one given away: whatever it raised there, the other
// store would never learn it.
func (s *Store) bump(ctx context.Context, t *tx, sorted []transform.Key) error {
	var state string
	var floor uint64
	if err := t.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&state, &floor) },
		"SELECT state, floor FROM crossfade_fence WHERE grp=? LOCK IN SHARE MODE", s.group); err != nil {
		return err
	}
	switch parseMark(state) {
	case 0:
		return s.notInitialised("bump", store.NotApplied)
	case store.GivenAway, store.Sealed:
		return s.wrongPhase("bump", "", store.NotApplied)
	}
	for chunk := range slices.Chunk(sorted, bumpChunk) {
		args := make([]any, 0, 4*len(chunk)+1)
		for _, key := range chunk {
			args = append(args, s.group, key.Entity, []byte(key.ID), floor+1)
		}
		if _, err := t.exec(ctx, "INSERT INTO crossfade_change (grp, entity, id, version, dirty, dirty_at) VALUES "+
			repeat("(?, ?, ?, ?, 1, UTC_TIMESTAMP(6))", len(chunk))+" ON DUPLICATE KEY UPDATE"+
			" version = GREATEST(version, ?) + 1,"+
			" dirty_at = IF(dirty = 1, dirty_at, UTC_TIMESTAMP(6)), dirty = 1", append(args, floor)...); err != nil {
			return err
		}
	}
	return nil
}

// repeat returns part n times, with commas between.
func repeat(part string, n int) string { return strings.Repeat(part+", ", n-1) + part }

// Shards returns 1: the change records are the rows of one table.
func (s *Store) Shards() int { return 1 }

// The form of a position of Dirty: the dirty keys come first, then the tokens.
const (
	afterKey   = "k" // then entity, NUL, id
	afterToken = "t" // then the token
)

// Dirty returns the next change records: dirty keys in the order of entity and
// key, byte by byte, then tokens that the follower does not hold yet. What is
// not committed it does not see.
//
// Tokens count while capture is on. Without it nothing is brought anywhere;
// once it begins, those that are still valid are carried too.
func (s *Store) Dirty(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
	if r.Shard != 0 || r.Limit < 1 {
		return store.DirtyPage{}, s.invalid("dirty", "", "", "there is shard 0 only, and the limit must be at least 1", store.NoWrite)
	}
	var page store.DirtyPage
	token, keysDone := strings.CutPrefix(r.After, afterToken)
	if !keysDone {
		token = ""
		entity, id, ok := strings.Cut(strings.TrimPrefix(r.After, afterKey), "\x00")
		if !ok && r.After != "" {
			return page, s.invalid("dirty", "", "", "the position is not one of this store", store.NoWrite)
		}
		var err error
		if page.Changes, err = s.dirtyKeys(ctx, entity, id, r.Limit); err != nil {
			return store.DirtyPage{}, s.wrap("dirty", nil, store.NoWrite, err)
		}
	}
	if free := r.Limit - len(page.Changes); free > 0 {
		more, err := s.dirtyTokens(ctx, token, free)
		if err != nil {
			return store.DirtyPage{}, s.wrap("dirty", nil, store.NoWrite, err)
		}
		page.Changes = append(page.Changes, more...)
	}
	if len(page.Changes) == r.Limit {
		page.Next = position(page.Changes[r.Limit-1])
	}
	return page, nil
}

// position returns where Dirty goes on after a change.
func position(c store.Change) string {
	if c.Token != nil {
		return afterToken + c.Token.Token
	}
	key := c.Keys[0].Key
	return afterKey + key.Entity + "\x00" + key.ID
}

// dirtyKeys returns the dirty keys after the given one.
func (s *Store) dirtyKeys(ctx context.Context, entity, id string, limit int) ([]store.Change, error) {
	var changes []store.Change
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var k store.KeyVersion
		var age int64 // microseconds
		err := rows.Scan(&k.Key.Entity, &k.Key.ID, &k.Version, &age)
		changes = append(changes, store.Change{Keys: []store.KeyVersion{k}, Age: nanoseconds(age)})
		return err
	}, selectDirty, s.group, entity, entity, []byte(id), limit)
	return changes, err
}

func nanoseconds(micros int64) int64 { return max(0, micros) * int64(time.Microsecond) }

// selectDirty walks the index of the dirty keys. Of a comparison of two columns
// at once the optimiser would use the first column only.
const selectDirty = "SELECT entity, id, version, TIMESTAMPDIFF(MICROSECOND, dirty_at, UTC_TIMESTAMP(6))" +
	" FROM crossfade_change FORCE INDEX (dirty) WHERE grp=? AND dirty=1 AND (entity > ? OR (entity = ? AND id > ?))" +
	" ORDER BY entity, id LIMIT ?"

// Clean marks each key of the change as refreshed if its version is still the
// one given with it: a write between refresh and Clean has given it another
// one, and the key stays dirty. A token is marked as held by the follower.
//
// It does not ask the fence. A drain needs it while the fence is closed, and
// where MySQL was given away there is nothing dirty that it could hide.
func (s *Store) Clean(ctx context.Context, c store.Change) error {
	for _, k := range c.Keys {
		err := s.clean(ctx, "UPDATE crossfade_change SET dirty=0 WHERE grp=? AND entity=? AND id=? AND version=? AND dirty=1",
			s.group, k.Key.Entity, []byte(k.Key.ID), uint64(k.Version))
		if err != nil {
			return err
		}
	}
	if c.Token == nil {
		return nil
	}
	// The fingerprint, since the token may have been forgotten after a day and
	// used again.
	return s.clean(ctx, "UPDATE crossfade_token SET carried=1 WHERE grp=? AND token=? AND fingerprint=? AND carried=0",
		s.group, []byte(c.Token.Token), c.Token.Fingerprint[:])
}

func (s *Store) clean(ctx context.Context, query string, args ...any) error {
	return s.retry(ctx, func() error {
		_, outcome, err := s.run(ctx, query, args...)
		return s.wrap("clean", nil, outcome, err)
	})
}

// Backlog counts, in one snapshot, what Dirty tells of: the dirty keys and the
// tokens that the follower does not hold. It says for how long the oldest of
// them waits. Where items have copies it counts the fan-out marks beside.
func (s *Store) Backlog(ctx context.Context) (store.Backlog, error) {
	var b store.Backlog
	var age int64 // microseconds
	marks, args := "0", []any{s.group, s.group, s.group}
	if s.copies {
		marks, args = "(SELECT COUNT(*) FROM crossfade_fanout WHERE grp=?)", append(args, s.group)
	}
	_, err := one(ctx, s.db, "SELECT COALESCE(SUM(b.n), 0), COALESCE(MAX(b.age), 0), "+marks+" FROM ("+
		"SELECT COUNT(*) AS n, TIMESTAMPDIFF(MICROSECOND, MIN(dirty_at), UTC_TIMESTAMP(6)) AS age"+
		" FROM crossfade_change WHERE grp=? AND dirty=1"+
		" UNION ALL SELECT COUNT(*), TIMESTAMPDIFF(MICROSECOND, MIN(created_at), UTC_TIMESTAMP(6))"+
		" FROM crossfade_token WHERE "+uncarried+") b", args, &b.Dirty, &age, &b.FanOuts)
	b.Oldest = time.Duration(nanoseconds(age))
	return b, s.wrap("backlog", nil, store.NoWrite, err)
}
