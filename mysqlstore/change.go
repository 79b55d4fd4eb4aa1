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
	err := s.transact(ctx, func(t *tx) error { return s.bump(ctx, t, sorted) })
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
	switch state {
	case "":
		return s.notInitialised("bump", store.NotApplied)
	case fenceGivenAway:
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

// Dirty returns up to limit dirty keys after the given one, in the order of
// entity and key, byte by byte. What is not committed it does not see.
func (s *Store) Dirty(ctx context.Context, after transform.Key, limit int) ([]store.Change, error) {
	var changes []store.Change
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var c store.Change
		var age int64 // microseconds
		err := rows.Scan(&c.Key.Entity, &c.Key.ID, &c.Version, &age)
		c.Age = max(0, age) * int64(time.Microsecond)
		changes = append(changes, c)
		return err
	}, selectDirty, s.group, after.Entity, after.Entity, []byte(after.ID), limit)
	return changes, s.wrap("dirty", nil, store.NoWrite, err)
}

// selectDirty walks the index of the dirty keys. Of a comparison of two columns
// at once the optimiser would use the first column only.
const selectDirty = "SELECT entity, id, version, TIMESTAMPDIFF(MICROSECOND, dirty_at, UTC_TIMESTAMP(6))" +
	" FROM crossfade_change FORCE INDEX (dirty) WHERE grp=? AND dirty=1 AND (entity > ? OR (entity = ? AND id > ?))" +
	" ORDER BY entity, id LIMIT ?"

// Clean marks the key as refreshed if its version is still v. A write between
// refresh and Clean has given it another one, and the key stays dirty.
func (s *Store) Clean(ctx context.Context, key transform.Key, v store.Version) error {
	err := s.retry(ctx, func() error {
		_, outcome, err := s.run(ctx, "UPDATE crossfade_change SET dirty=0"+
			" WHERE grp=? AND entity=? AND id=? AND version=? AND dirty=1", s.group, key.Entity, []byte(key.ID), uint64(v))
		return s.wrap("clean", nil, outcome, err)
	})
	return err
}

// Backlog counts the dirty keys and says for how long the oldest one is dirty.
func (s *Store) Backlog(ctx context.Context) (store.Backlog, error) {
	var b store.Backlog
	var age int64 // microseconds
	_, err := one(ctx, s.db, "SELECT COUNT(*), COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(dirty_at), UTC_TIMESTAMP(6)), 0)"+
		" FROM crossfade_change WHERE grp=? AND dirty=1", []any{s.group}, &b.Dirty, &age)
	b.Oldest = time.Duration(max(0, age)) * time.Microsecond
	return b, s.wrap("backlog", nil, store.NoWrite, err)
}
