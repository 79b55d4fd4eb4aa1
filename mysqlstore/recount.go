package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Items may have the number of the rows that refer to their record ("keep": {"dynamodb":
// "counter"}). Whoever adds such a row, takes it away, or has it refer to another one, gives
// the records that count it new versions in his own transaction, so that a refresh brings
// their items the numbers of then. The records of what a write creates are known before it
// begins, and take their turn with the other change records in the order of the keys; of
// others it is known only once their rows were read, and these come last. Two writers that
// so wait for each other are a deadlock, which begins one of them again.

// counted reports whether items have numbers of the entity's rows, and the write is to tell.
func (f *fenced) counted(e *transform.Entity) bool { return f.at.Captured && len(e.CountedIn()) > 0 }

// recounts notes that a row was one thing and has become another, zero for none.
func (f *fenced) recounts(e *transform.Entity, before, after transform.Record) {
	if f.counted(e) {
		f.recount = append(f.recount, e.Recounts(before, after)...)
	}
}

// foreseen returns the change records of the records that count what the steps create.
func (f *fenced) foreseen(steps []*step) []*store.Row {
	var rows []*store.Row
	for _, st := range steps {
		if st.Op != store.Create || !f.counted(st.src.entity) {
			continue
		}
		for _, key := range st.src.entity.Recounts(transform.Record{}, st.Record) {
			if f.untouched(key) {
				f.touched[key] = true
				rows = append(rows, &store.Row{Key: key})
			}
		}
	}
	return rows
}

// untouched reports whether the transaction has written no change record of the key. What it
// writes or takes along itself has one.
func (f *fenced) untouched(key transform.Key) bool {
	if f.touched == nil {
		f.touched = map[transform.Key]bool{}
	}
	if t := f.taken; t != nil && (t.named[key] != nil || t.along[key] != nil) {
		return false
	}
	return !f.touched[key] && checkKeyID(key) == ""
}

// touchCounting writes the change records of the noted records, in the order of the keys. An
// error leaves the transaction unusable.
func (f *fenced) touchCounting(ctx context.Context) error {
	slices.SortFunc(f.recount, compareKeys)
	for _, key := range f.recount {
		if !f.untouched(key) {
			continue
		}
		f.touched[key] = true
		if err := f.recordChange(ctx, &store.Row{Key: key}); err != nil {
			return err
		}
	}
	f.recount = nil
	return nil
}

// recountsRow notes what a row refers to that is about to go, or to be another one. A row
// that can't be read is asked for what it refers to alone.
func (f *fenced) recountsRow(ctx context.Context, st *step, row store.Row) error {
	e := st.src.entity
	if !row.Live || !f.counted(e) {
		return nil
	}
	if row.Err == nil {
		f.recounts(e, row.Record, transform.Record{})
		return nil
	}
	all, err := f.s.countingRow(ctx, f.t.query, st.src, st.args, forUpdate)
	for _, c := range all {
		f.recount = append(f.recount, c.key)
	}
	return err
}

// A counting is a record that counts a row, and by which reference.
type counting struct {
	by  *transform.Reference
	key transform.Key
}

// A querying is the query of a transaction, or of a connection of its own.
type querying func(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error

// countingRow returns what counts a row, as it is there: nothing if it is not. What can't be
// the key of a record counts nothing.
func (s *Store) countingRow(ctx context.Context, query querying, src *source, args []any, lock string) ([]counting, error) {
	var all []counting
	var lists []string
	by := src.entity.CountedBy()
	columns := 0
	for _, r := range by {
		lists = append(lists, r.Select("t").SQL)
		columns += len(r.Columns)
	}
	err := query(ctx, func(rows *sql.Rows) error {
		texts, err := scanTexts(rows, columns)
		if err != nil {
			return err
		}
		for _, r := range by {
			if key, refers, unread := r.ReadKey(texts[:len(r.Columns)]); refers && unread == nil && !key.IsZero() {
				all = append(all, counting{r, key})
			}
			texts = texts[len(r.Columns):]
		}
		return nil
	}, "SELECT "+strings.Join(lists, ", ")+" FROM "+src.table+" t WHERE "+src.byKey+lock, args...)
	return all, err
}

// counting returns what counts the rows of some keys now.
func (s *Store) counting(ctx context.Context, query querying, keys []store.KeyVersion, lock string) ([]counting, error) {
	var all []counting
	for _, k := range keys {
		src := s.sources[k.Key.Entity]
		if len(src.entity.CountedIn()) == 0 {
			continue
		}
		args, fault := src.keyArgs(k.Key)
		if fault != "" {
			continue // no row can have it
		}
		some, err := s.countingRow(ctx, query, src, args, lock)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
