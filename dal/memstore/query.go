package memstore

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Query returns the rows an index, or the table's own key, holds under one value,
// in the order of its sort key and then of the key columns. Rows whose index
// columns are NULL are in no index. It is the model of the other stores: what a
// store.Lookup says, said of every row.
func (s *Store) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	l, err := store.NewLookup(q)
	if err != nil {
		return nil, s.badRead("query", entityName(q), err.Error())
	}
	return read(s, ctx, at, "query", q.Entity.Name, func() ([]store.Row, error) { return s.lookUp(l) })
}

func entityName(q store.Query) string {
	if q.Entity == nil {
		return ""
	}
	return q.Entity.Name
}

func (s *Store) lookUp(l *store.Lookup) ([]store.Row, error) {
	var found []transform.Record
	for key, e := range s.entries {
		if key.Entity == l.Entity.Name && e.live && l.Contains(e.record) {
			found = append(found, e.record)
		}
	}
	slices.SortFunc(found, l.Compare)
	found = found[:min(len(found), l.Limit)]
	rows := make([]store.Row, len(found))
	for i, rec := range found {
		key, err := rec.Key()
		if err != nil {
			return nil, s.badRead("query", l.Entity.Name, "a stored record has no key")
		}
		rows[i] = store.Row{Key: key, Live: true, Record: rec.Clone()}
	}
	return rows, nil
}
