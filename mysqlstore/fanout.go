package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// FanOuts returns the next fan-out marks, one per record, in the order of entity and
// key, byte by byte. What is not committed it does not see.
func (s *Store) FanOuts(ctx context.Context, r store.DirtyRange) (store.FanOutPage, error) {
	if r.Shard != 0 || r.Limit < 1 {
		return store.FanOutPage{}, s.invalid("fan-outs", "", "", "there is shard 0 only, and the limit must be at least 1", store.NoWrite)
	}
	entity, id, ok := strings.Cut(strings.TrimPrefix(r.After, afterKey), "\x00")
	if !ok && r.After != "" {
		return store.FanOutPage{}, s.invalid("fan-outs", "", "", "the position is not one of this store", store.NoWrite)
	}
	if !s.copies {
		return store.FanOutPage{}, nil // nobody leaves any, and the table need not be there
	}
	var page store.FanOutPage
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var key transform.Key
		var f store.FanOut
		var age int64 // microseconds
		err := rows.Scan(&key.Entity, &key.ID, &f.Version, &f.Since, &f.Reached, &age)
		f.Sources, f.Age = []transform.Key{key}, nanoseconds(age)
		page.Marks = append(page.Marks, f)
		return err
	}, selectFanOuts, s.group, entity, entity, []byte(id), r.Limit)
	if err != nil {
		return store.FanOutPage{}, s.wrap("fan-outs", nil, store.NoWrite, err)
	}
	if len(page.Marks) == r.Limit {
		last := page.Marks[r.Limit-1].Sources[0]
		page.Next = afterKey + last.Entity + "\x00" + last.ID
	}
	return page, nil
}

const selectFanOuts = "SELECT entity, id, version, since, reached, TIMESTAMPDIFF(MICROSECOND, created_at, UTC_TIMESTAMP(6))" +
	" FROM crossfade_fanout WHERE grp=? AND (entity > ? OR (entity = ? AND id > ?)) ORDER BY entity, id LIMIT ?"

// Dependents returns the keys of the next rows that refer to a key, as MySQL compares
// the columns of the foreign key, in the order of the primary key. It is one statement,
// which reads by the foreign key's index: that is in this order within one value.
//
// A row whose key has no form in the contract, or is too long for a change record, is left
// out: nothing is ever brought of it, and contract check finds it.
func (s *Store) Dependents(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
	const op = "dependents"
	src := s.sources[r.By.Of().Name]
	if src == nil || r.Limit < 1 {
		return store.DependentsPage{}, s.invalid(op, r.By.Of().Name, "", "the contract must have the entity, and the limit must be at least 1", store.NoWrite)
	}
	l, fault := src.pass(r.After)
	values, err := r.By.To().KeyValues(r.To)
	if err != nil {
		fault = err.Error()
	}
	if fault != "" {
		return store.DependentsPage{}, s.invalid(op, src.entity.Name, "", fault, store.NoWrite)
	}
	var where []string
	var args []any
	for n, i := range r.By.Columns {
		c := &src.entity.Columns[i]
		where, args = append(where, column(c)+" = "+place(c)), append(args, c.SQL(values[n]))
	}
	l.where, l.args = strings.Join(append(where, l.where), " AND "), append(args, l.args...)
	for limit := r.Limit; ; limit *= 2 { // further each time that all rows are left out
		keys, more, err := s.dependents(ctx, src, l, limit)
		if err != nil {
			return store.DependentsPage{}, s.wrap(op, src.entity, store.NoWrite, err)
		}
		if len(keys) == 0 && more {
			continue
		}
		page := store.DependentsPage{Keys: keys[:min(len(keys), r.Limit)]}
		if more || len(keys) > r.Limit {
			page.Next = page.Keys[len(page.Keys)-1].ID
		}
		return page, nil
	}
}

// dependents returns the keys of the first rows, as far as change records have them, and
// whether there may be more rows.
func (s *Store) dependents(ctx context.Context, src *source, l *lookup, limit int) (keys []transform.Key, more bool, err error) {
	rows := 0
	err = each(ctx, s.db, func(r *sql.Rows) error {
		text, err := scanTexts(r, len(src.entity.KeyColumns))
		if err != nil {
			return err
		}
		rows++
		if key, fault := src.entity.ReadKey(text); fault == nil && checkKeyID(key) == "" {
			keys = append(keys, key)
		}
		return nil
	}, "SELECT "+src.entity.SelectKey("t").SQL+" FROM "+src.table+" t WHERE "+l.where+" ORDER BY "+l.order+" LIMIT ?",
		append(l.args[:len(l.args):len(l.args)], limit)...)
	return keys, rows == limit, err
}

// Renew gives the keys new versions, as Bump: the copies are joined by whoever then
// refreshes them.
func (s *Store) Renew(ctx context.Context, keys []transform.Key) error { return s.Bump(ctx, keys) }

// Empty does nothing: what a delete takes along it takes along at once.
func (s *Store) Empty(context.Context, store.FanOut) error { return nil }

// Reach notes how far a pass has come, unless a later one has; "" begins the next. A pass
// that began before the last change may be noted where none is: all of another one is due
// then.
func (s *Store) Reach(ctx context.Context, f store.FanOut, reached string) error {
	if reached == "" {
		return s.changeFanOut(ctx, "reach", f, "UPDATE crossfade_fanout SET reached='', since=? WHERE ", []any{uint64(f.Version)},
			"since=?", uint64(f.Since))
	}
	return s.changeFanOut(ctx, "reach", f, "UPDATE crossfade_fanout SET reached=?, since=? WHERE ", []any{[]byte(reached), uint64(f.Since)},
		"(since=? OR reached='' AND since>?)", uint64(f.Since), uint64(f.Since))
}

// CleanFanOut removes a mark, unless it has another version: a writer has changed the
// source again since the mark was read.
func (s *Store) CleanFanOut(ctx context.Context, f store.FanOut) error {
	return s.changeFanOut(ctx, "clean fan-out", f, "DELETE FROM crossfade_fanout WHERE ", nil, "version=?", uint64(f.Version))
}

// changeFanOut changes a mark if it is as the condition says. As Clean it does not ask the
// fence.
func (s *Store) changeFanOut(ctx context.Context, op string, f store.FanOut, query string, set []any, condition string, args ...any) error {
	if len(f.Sources) != 1 {
		return s.invalid(op, "", "", "a mark of this store has one source", store.NotApplied)
	}
	key := f.Sources[0]
	args = slices.Concat(set, []any{s.group, key.Entity, []byte(key.ID)}, args)
	return s.retry(ctx, func() error {
		_, outcome, err := s.run(ctx, query+"grp=? AND entity=? AND id=? AND "+condition, args...)
		return s.wrap(op, nil, outcome, err)
	})
}

// Copies returns nil: rows are joined as they are read, and hold no copy.
func (s *Store) Copies(context.Context, []transform.Key) ([]transform.Record, error) { return nil, nil }

// KeepsCopies returns false.
func (s *Store) KeepsCopies() bool { return false }
