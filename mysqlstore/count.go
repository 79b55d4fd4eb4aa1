package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Count returns how many rows refer to each key. Up to 500 keys are counted by one
// statement and in one snapshot, by the index that MySQL has for the foreign key.
func (s *Store) Count(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
	found := make(map[transform.Key]int64, len(c.Keys))
	var keys []transform.Key
	for _, key := range c.Keys {
		if _, twice := found[key]; !twice {
			found[key] = 0
			keys = append(keys, key)
		}
	}
	for some := range slices.Chunk(keys, manyKeys) {
		if err := s.count(ctx, at, store.Count{By: c.By, Keys: some, Except: c.Except}, found); err != nil {
			return nil, err
		}
	}
	all := make([]int64, len(c.Keys))
	for i, key := range c.Keys {
		all[i] = found[key]
	}
	return all, nil
}

// count counts for some different keys, each of which has an entry in found.
func (s *Store) count(ctx context.Context, at store.At, c store.Count, found map[transform.Key]int64) error {
	src := s.sources[c.By.Of().Name]
	if src == nil {
		return s.invalid("count", c.By.Of().Name, "", "the contract has no such entity", store.NoWrite)
	}
	if err := s.keepsAway("count", src, store.NoWrite); err != nil {
		return err
	}
	if src.sql != nil {
		return s.countOwn(ctx, at, src, c, found)
	}
	query, args, err := s.selectCount(src, at, c)
	if err != nil {
		return err
	}
	var snap snapshot
	var lead []any
	if looks(at) {
		lead = snap.fence.dest()
	}
	var fault error
	err = each(ctx, s.db, func(rows *sql.Rows) error {
		var n sql.Null[int64]
		texts, err := scanTexts(rows, len(c.By.Columns), append(lead[:len(lead):len(lead)], &n)...)
		if err != nil || !n.Valid {
			return err
		}
		key, _, unread := c.By.ReadKey(texts)
		if unread != nil {
			fault = s.unfit("count", src.entity, unread, store.NoWrite)
		}
		// Another key's rows may be among them, which a collation takes for equal.
		if _, wanted := found[key]; wanted {
			found[key] += n.V
		}
		return nil
	}, query, args...)
	if err := s.judge("count", src.entity, at, &snap, err); err != nil {
		return err
	}
	return fault
}

// selectCount returns the statement of count. Its rows are those of the keys that
// something refers to. The fence is part of the same statement, and makes a row of
// NULLs where there is none.
func (s *Store) selectCount(src *source, at store.At, c store.Count) (string, []any, error) {
	where, args, err := s.refersTo(src, c)
	if err != nil {
		return "", nil, err
	}
	var columns []string
	for _, i := range c.By.Columns {
		columns = append(columns, column(&src.entity.Columns[i]))
	}
	list := strings.Join(columns, ", ")
	counted := "(SELECT " + list + ", COUNT(*) AS crossfade_n FROM " + src.table + " t WHERE " + where + " GROUP BY " + list + ") t"
	shown := "t.crossfade_n, " + c.By.Select("t").SQL
	if !looks(at) {
		return "SELECT " + shown + " FROM " + counted, args, nil
	}
	return "SELECT f.epoch, f.state, f.capture, " + shown + " FROM crossfade_fence f LEFT JOIN " + counted + " ON TRUE WHERE f.grp = ?", append(args, s.group), nil
}

// refersTo is true for the rows that refer to one of the keys and are not excepted.
func (s *Store) refersTo(src *source, c store.Count) (where string, args []any, err error) {
	var one []string
	for _, i := range c.By.Columns {
		own := &src.entity.Columns[i]
		one = append(one, column(own)+" = "+place(own))
	}
	for _, key := range c.Keys {
		values, err := c.By.To().KeyValues(key)
		if err != nil {
			return "", nil, s.invalid("count", key.Entity, "", err.Error(), store.NoWrite)
		}
		for n, i := range c.By.Columns {
			args = append(args, src.entity.Columns[i].SQL(values[n]))
		}
	}
	if len(one) == 1 {
		own := &src.entity.Columns[c.By.Columns[0]]
		where = column(own) + " IN (" + repeat(place(own), len(c.Keys)) + ")"
	} else {
		each := "(" + strings.Join(one, " AND ") + ")"
		where = "(" + strings.Repeat(each+" OR ", len(c.Keys)-1) + each + ")"
	}
	if len(c.Except) == 0 {
		return where, args, nil
	}
	for _, key := range c.Except {
		keyArgs, fault := src.keyArgs(key)
		if fault != "" {
			return "", nil, s.invalid("count", key.Entity, "", fault, store.NoWrite)
		}
		args = append(args, keyArgs...)
	}
	return where + " AND NOT (" + src.byKeys(len(c.Except)) + ")", args, nil
}
