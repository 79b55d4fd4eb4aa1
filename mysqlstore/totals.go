package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Totals returns what a column has in the rows that refer to each key. Up to 500 keys are
// asked for by one statement and in one snapshot, which sends the value of each row: the
// totals of all stores are then made of the same values in the same way.
func (s *Store) Totals(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
	found := make(map[transform.Key]transform.Total, len(t.Keys))
	var keys []transform.Key
	for _, key := range t.Keys {
		if _, twice := found[key]; !twice {
			found[key] = transform.Total{}
			keys = append(keys, key)
		}
	}
	for some := range slices.Chunk(keys, manyKeys) {
		of := t
		of.Keys = some
		if err := s.totals(ctx, at, of, found); err != nil {
			return nil, err
		}
	}
	all := make([]transform.Total, len(t.Keys))
	for i, key := range t.Keys {
		all[i] = found[key]
	}
	return all, nil
}

// totals adds to those of some different keys, each of which has an entry in found.
func (s *Store) totals(ctx context.Context, at store.At, t store.Totals, found map[transform.Key]transform.Total) error {
	src := s.sources[t.By.Of().Name]
	if src == nil {
		return s.invalid("totals", t.By.Of().Name, "", "the contract has no such entity", store.NoWrite)
	}
	if err := s.keepsAway("totals", src, store.NoWrite); err != nil {
		return err
	}
	add := func(key transform.Key, v transform.Value) {
		// Another key's rows may be among them, which a collation takes for equal.
		if total, wanted := found[key]; wanted {
			found[key] = total.With(v)
		}
	}
	if src.sql != nil {
		return s.eachOwn(ctx, "totals", at, src, t.Count, func(rec transform.Record) {
			key, _ := t.By.Key(rec)
			add(key, rec.At(t.Column))
		})
	}
	query, args, err := s.selectTotals(src, at, t)
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
		texts, err := scanTexts(rows, len(t.By.Columns)+1, lead...)
		if err != nil || fault != nil {
			return err
		}
		key, v, unread := t.By.ReadWith(t.Column, texts)
		if unread != nil {
			fault = s.unfit("totals", src.entity, unread, store.NoWrite)
		}
		add(key, v)
		return nil
	}, query, args...)
	if err := s.judge("totals", src.entity, at, &snap, err); err != nil {
		return err
	}
	return fault
}

// selectTotals returns the statement of totals: a row for each that refers to one of the
// keys. The fence is part of the same statement, and makes a row of NULLs where there is
// none.
func (s *Store) selectTotals(src *source, at store.At, t store.Totals) (string, []any, error) {
	where, args, err := s.refersTo(src, t.Count)
	if err != nil {
		return "", nil, err
	}
	var columns []string
	for _, i := range append(slices.Clone(t.By.Columns), t.Column) {
		if name := column(&src.entity.Columns[i]); !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	rows := "(SELECT " + strings.Join(columns, ", ") + " FROM " + src.table + " t WHERE " + where + ") t"
	shown := t.By.SelectWith(t.Column, "t").SQL
	if !looks(at) {
		return "SELECT " + shown + " FROM " + rows, args, nil
	}
	return "SELECT f.epoch, f.state, f.capture, " + shown + " FROM crossfade_fence f LEFT JOIN " + rows + " ON TRUE WHERE f.grp = ?", append(args, s.group), nil
}
