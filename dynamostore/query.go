package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Query returns the live rows that a global secondary index, or the table's own
// key, holds under one value of its partition key, in the order of its sort key,
// and those of equal sort keys, or of an index without one, in the order of the
// key columns: as MySQL gives them. Reads of the table's own key are strongly
// consistent. An index DynamoDB keeps behind its table, by milliseconds as a rule,
// and reads of it are never consistent: a row may be missing or be as it was.
//
// A query of an index that gives all columns of a unique, by one value of each key
// attribute that they are in, is answered by consistent reads of the value's guard and
// of the record that it names. It shows what was written, and a value that some record
// has all the while is found, whoever has it (TestUniqueValuesWhileIndexesStandStill).
// ErrConflict says that the value changed hands during each of a hundred looks. Only
// where no guard is, or one that was left behind, is the index asked.
//
// The service's own order among equal sort keys is none that another store
// could give, so all rows of one sort key are read before the first of them is
// returned. Where thousands share one, give the index a sort key that tells
// them apart.
//
// An index that does not hold whole items (KEYS_ONLY, INCLUDE) costs a second,
// consistent read of each item by its key; rows that have left the index by
// then are left out.
func (s *Store) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	l, err := s.lookup(q)
	if err != nil {
		return nil, err
	}
	return leased(s, at, "query", l.place.entity.Name, func() ([]store.Row, error) { return s.query(ctx, l) })
}

func (s *Store) query(ctx context.Context, l *lookup) ([]store.Row, error) {
	if v := s.uniqueValue(l); v != nil {
		return s.byUnique(ctx, l, v)
	}
	return s.byIndex(ctx, l)
}

// byIndex answers a query by what the index, or the table's own key, shows.
func (s *Store) byIndex(ctx context.Context, l *lookup) ([]store.Row, error) {
	rows := newTies(l)
	b := budget{total: s.opts.RetryBudget}
	ask := l.Limit + 1 // one more shows that the last one's ties are complete
	for !l.empty() && !rows.full() {
		l.input.Limit = limit32(ask)
		out, err := s.client.Query(ctx, &l.input)
		if err != nil {
			if throttled(err) && b.wait(ctx) {
				continue
			}
			return nil, fail("query", l.place.entity.Name, l.place.table, store.NoWrite, err)
		}
		b.progress()
		if err := s.addPage(ctx, l, rows, out.Items); err != nil {
			return nil, err
		}
		if l.input.ExclusiveStartKey = out.LastEvaluatedKey; len(out.LastEvaluatedKey) == 0 {
			break
		}
		ask = min(2*ask, maxAsk)
	}
	return rows.take(), nil
}

// maxAsk bounds how many rows one call asks for. A page also ends at 1 MB.
const maxAsk = 1000

// addPage adds the rows of a page of the index that the query wants.
func (s *Store) addPage(ctx context.Context, l *lookup, rows *ties, items []item) error {
	if l.Key.Projection != string(types.ProjectionTypeAll) {
		var err error
		if items, err = s.complete(ctx, l, items); err != nil {
			return err
		}
	}
	for _, it := range items {
		if !l.place.owns(it) {
			continue
		}
		row, err := l.place.row("query", transform.Key{}, it)
		if err != nil {
			return err
		}
		if row.Live {
			row.Version = 0
			rows.add(row, scalarText(it[l.Key.SK.Name]))
		}
	}
	return nil
}

// complete reads the whole items of index entries, in their order, and leaves
// out those that are no longer where the index had them: they would come in the
// wrong place, or under a value that was not asked for.
func (s *Store) complete(ctx context.Context, l *lookup, entries []item) ([]item, error) {
	f := &fetch{op: "query", items: map[string]item{}}
	slots := make([]string, len(entries))
	for i, it := range entries {
		slots[i] = f.want(l.place, l.place.itemKey(it))
	}
	if err := s.fetch(ctx, f); err != nil {
		return nil, err
	}
	var items []item
	for i, entry := range entries {
		whole := f.items[slots[i]]
		if whole != nil && sameKey(l.indexKey(entry), l.indexKey(whole)) {
			items = append(items, whole)
		}
	}
	return items, nil
}

// sameKey reports whether two items have the same attributes of a key.
func sameKey(a, b item) bool {
	for name, v := range a {
		if b[name] == nil || scalarText(v) != scalarText(b[name]) {
			return false
		}
	}
	return true
}
