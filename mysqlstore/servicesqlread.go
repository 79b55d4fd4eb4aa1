package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// How records are read with a service's own SQL. Which keys there are the library
// finds by statements of its own, in the table of the contract, and what is at them
// the service says, in the same snapshot. A key without a record is left out, whatever
// its row is: it may be marked as deleted.

// ownRows returns what the service reads at different keys of one entity, those only
// that have a record. One that can't be read has its Err.
func (s *Store) ownRows(ctx context.Context, on *lent, src *source, keys []transform.Key) (map[transform.Key]store.Row, error) {
	found := make(map[transform.Key]store.Row, len(keys))
	for some := range slices.Chunk(keys, manyKeys) {
		if err := s.readOwn(ctx, on, src, some, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// readOwn calls Read once, and if it can't read a record, once for each key.
func (s *Store) readOwn(ctx context.Context, on *lent, src *source, keys []transform.Key, found map[transform.Key]store.Row) error {
	l := &lent{on: on.on, t: on.t}
	records, err := src.sql.Read(ctx, l, slices.Clone(keys))
	statement, own := l.returned(ctx, err)
	switch {
	case statement != nil:
		return statement
	case own != nil && len(keys) > 1:
		for i := range keys {
			if err := s.readOwn(ctx, on, src, keys[i:i+1], found); err != nil {
				return err
			}
		}
		return nil
	case own != nil:
		found[keys[0]] = store.Row{Key: keys[0], Live: true, Err: own}
		return nil
	}
	return s.keepOwn(src, keys, records, found)
}

// keepOwn takes the records over that were asked for.
func (s *Store) keepOwn(src *source, keys []transform.Key, records []transform.Record, found map[transform.Key]store.Row) error {
	asked := make(map[transform.Key]bool, len(keys))
	for _, key := range keys {
		asked[key] = true
	}
	for _, rec := range records {
		if rec.Entity() != src.entity {
			return s.misread(src, "", "gave a record of another entity")
		}
		key, err := rec.Key()
		if err != nil {
			e := s.misread(src, "", "gave a record without a key")
			e.Cause = err
			return e
		}
		if !asked[key] {
			continue // a collation takes it for one that was
		}
		if _, twice := found[key]; twice {
			return s.misread(src, "", "gave two records of one key")
		}
		row := store.Row{Key: key, Live: true}
		if row.Err = fitsOwn(src, rec); row.Err == nil {
			row.Record = rec.Clone()
			for i := len(src.entity.Own()); i < len(src.entity.Columns); i++ {
				row.Record.SetAt(i, transform.Value{}) // of other tables, and computed
			}
		}
		found[key] = row
	}
	return nil
}

// fitsOwn returns an error if a value is not of its column's kind.
func fitsOwn(src *source, rec transform.Record) error {
	for i, c := range src.entity.Own() {
		if v := rec.At(i); !v.IsNull() && v.Kind() != c.Kind {
			return &transform.ValueError{Entity: src.entity.Name, Column: c.Name,
				Reason: fmt.Sprintf("is of kind %s, and the column of kind %s", v.Kind(), c.Kind)}
		}
	}
	return nil
}

// misread is the error of a Read that gave what it can't have read.
func (s *Store) misread(src *source, field, what string) *store.Error {
	return s.invalid("read", src.entity.Name, field, "the service's own Read "+what, store.NoWrite)
}

// inSnapshot runs do in a transaction that reads from one snapshot, after the fence
// was looked at in it.
func (s *Store) inSnapshot(ctx context.Context, op string, e *transform.Entity, at store.At, do func(*tx, *snapshot) error) error {
	t, err := s.beginSnapshot(ctx)
	if err != nil {
		return s.wrap(op, e, store.NoWrite, err)
	}
	defer t.end(ctx)
	var snap snapshot
	if looks(at) {
		err = t.query(ctx, func(r *sql.Rows) error { return r.Scan(snap.fence.dest()...) }, selectFence, s.group)
	}
	if err := s.judge(op, e, at, &snap, err); err != nil {
		return err
	}
	return s.wrap(op, e, store.NoWrite, do(t, &snap))
}

// getOwn reads some different keys of one entity into found.
//
// Without capture it asks the fence after the rows: if MySQL is the authority of that
// epoch then, it was when they were read.
func (s *Store) getOwn(ctx context.Context, at store.At, src *source, keys []transform.Key, found map[transform.Key]store.Row) error {
	for _, key := range keys {
		if _, _, err := s.find("get", key); err != nil {
			return err
		}
	}
	if at.Captured {
		return s.inSnapshot(ctx, "get", src.entity, at, func(t *tx, snap *snapshot) error {
			rows, err := s.ownRows(ctx, s.lend(t), src, keys)
			if err != nil {
				return err
			}
			return s.versioned(ctx, t, snap, src, keys, rows, found)
		})
	}
	rows, err := s.ownRows(ctx, &lent{on: s.db}, src, keys)
	if err != nil {
		return s.wrap("get", src.entity, store.NoWrite, err)
	}
	var snap snapshot
	if looks(at) {
		_, err = one(ctx, s.db, selectFence, []any{s.group}, snap.fence.dest()...)
	}
	for key, row := range rows {
		found[key] = row
	}
	return s.judge("get", src.entity, at, &snap, err)
}

// versioned puts rows into found, with their versions.
func (s *Store) versioned(ctx context.Context, t *tx, snap *snapshot, src *source, keys []transform.Key, rows, found map[transform.Key]store.Row) error {
	args := []any{s.group, src.entity.Name}
	for _, key := range keys {
		args = append(args, []byte(key.ID))
	}
	versions := map[string]snapshot{}
	err := t.query(ctx, func(r *sql.Rows) error {
		var id string
		part := snapshot{fence: snap.fence}
		err := r.Scan(&id, &part.version, &part.dirty)
		versions[id] = part
		return err
	}, "SELECT id, version, dirty FROM crossfade_change WHERE grp=? AND entity=? AND id IN ("+repeat("?", len(keys))+")", args...)
	for _, key := range keys {
		row, there := rows[key]
		if !there {
			row = store.Row{Key: key}
		}
		if part, has := versions[key.ID]; has {
			part.mark(&row)
		}
		found[key] = row
	}
	return err
}

// A foundKey is a row's key, or why it has none.
type foundKey struct {
	key transform.Key
	err error
}

// keysOf returns the keys of rows of an entity's table; more is what follows the
// table's name in the statement.
func keysOf(ctx context.Context, q func(context.Context, func(*sql.Rows) error, string, ...any) error, src *source, more string, args ...any) ([]foundKey, error) {
	var all []foundKey
	err := q(ctx, func(rows *sql.Rows) error {
		text, err := scanTexts(rows, len(src.entity.KeyColumns))
		if err != nil {
			return err
		}
		var k foundKey
		k.key, k.err = src.entity.ReadKey(text)
		all = append(all, k)
		return nil
	}, "SELECT "+src.entity.SelectKey("t").SQL+" FROM "+src.table+" t "+more, args...)
	return all, err
}

// recordsOf returns the rows that the service reads at keys, in their order.
func (s *Store) recordsOf(ctx context.Context, t *tx, src *source, keys []foundKey) ([]store.Row, error) {
	var named []transform.Key
	for _, k := range keys {
		if k.err == nil {
			named = append(named, k.key)
		}
	}
	found, err := s.ownRows(ctx, s.lend(t), src, named)
	if err != nil {
		return nil, err
	}
	var rows []store.Row
	for _, k := range keys {
		if k.err != nil {
			rows = append(rows, store.Row{Live: true, Err: k.err})
		} else if row, there := found[k.key]; there {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// queryOwn is Query. A page that the service gives fewer records of than there are
// rows is filled up with those that follow: a short one would be the last.
func (s *Store) queryOwn(ctx context.Context, at store.At, src *source, l *lookup, limit int) ([]store.Row, error) {
	var all []store.Row
	err := s.inSnapshot(ctx, "query", src.entity, at, func(t *tx, _ *snapshot) error {
		for offset := 0; len(all) < limit; offset += limit {
			keys, err := keysOf(ctx, t.query, src, "WHERE "+l.where+" ORDER BY "+l.order+" LIMIT ? OFFSET ?",
				append(l.args[:len(l.args):len(l.args)], limit, offset)...)
			if err != nil {
				return err
			}
			rows, err := s.recordsOf(ctx, t, src, keys)
			if err != nil {
				return err
			}
			all = append(all, rows...)
			if len(keys) < limit {
				break
			}
		}
		return s.asFound(src, l.query, all)
	})
	return all[:min(len(all), limit)], err
}

// asFound returns an error unless the records are what the table's columns, by which
// they were found and sorted, said.
func (s *Store) asFound(src *source, q *store.Lookup, rows []store.Row) error {
	for i, row := range rows {
		if row.Err != nil {
			return s.unfit("query", src.entity, row.Err, store.NoWrite)
		}
		if !q.Contains(row.Record) || i > 0 && q.Compare(rows[i-1].Record, row.Record) > 0 {
			return s.misread(src, strings.Join(columnNames(src.entity, append([]int{q.Partition}, q.Order...)), ","),
				"gave other values than the columns of "+src.entity.Source+" have, by which the query found the rows")
		}
	}
	return nil
}

// scanOwn is Scan. Its page ends at a row, with or without a record.
func (s *Store) scanOwn(ctx context.Context, at store.At, src *source, l *lookup, limit int) (store.Page, error) {
	var page store.Page
	err := s.inSnapshot(ctx, "scan", src.entity, at, func(t *tx, snap *snapshot) error {
		keys, err := keysOf(ctx, t.query, src, "WHERE "+l.where+" ORDER BY "+l.order+" LIMIT ?",
			append(l.args[:len(l.args):len(l.args)], limit)...)
		if err != nil {
			return err
		}
		if page.Rows, err = s.recordsOf(ctx, t, src, keys); err != nil {
			return err
		}
		if len(keys) == limit {
			last := keys[limit-1]
			if last.err != nil {
				return s.unfit("scan", src.entity, last.err, store.NoWrite)
			}
			page.Next = last.key.ID
		} else if at.Captured && snap.fence.givenAway() {
			page.Next = tombstones
		}
		if !at.Captured {
			return nil
		}
		return s.versionRows(ctx, t, src, page.Rows)
	})
	if err != nil {
		return store.Page{}, err
	}
	return page, nil
}

// versionRows gives rows their versions.
func (s *Store) versionRows(ctx context.Context, t *tx, src *source, rows []store.Row) error {
	var keys []transform.Key
	read := map[transform.Key]store.Row{}
	for _, row := range rows {
		if !row.Key.IsZero() {
			keys = append(keys, row.Key)
			read[row.Key] = row
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if err := s.versioned(ctx, t, &snapshot{}, src, keys, read, read); err != nil {
		return err
	}
	for i, row := range rows {
		if !row.Key.IsZero() {
			rows[i] = read[row.Key]
		}
	}
	return nil
}

// countOwn is count. A row counts if it has a record, so all of them are read.
func (s *Store) countOwn(ctx context.Context, at store.At, src *source, c store.Count, found map[transform.Key]int64) error {
	return s.eachOwn(ctx, "count", at, src, c, func(rec transform.Record) {
		key, _ := c.By.Key(rec)
		if _, wanted := found[key]; wanted {
			found[key]++
		}
	})
}

// eachOwn reads the records of the rows that refer to one of the keys of a count.
func (s *Store) eachOwn(ctx context.Context, op string, at store.At, src *source, c store.Count, do func(transform.Record)) error {
	where, args, err := s.refersTo(src, c)
	if err != nil {
		return err
	}
	return s.inSnapshot(ctx, op, src.entity, at, func(t *tx, _ *snapshot) error {
		keys, err := keysOf(ctx, t.query, src, "WHERE "+where, args...)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(keys, manyKeys) {
			rows, err := s.recordsOf(ctx, t, src, some)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if row.Err != nil {
					return s.unfit(op, src.entity, row.Err, store.NoWrite)
				}
				do(row.Record)
			}
		}
		return nil
	})
}
