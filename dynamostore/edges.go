package dynamostore

import (
	"context"
	"net/url"
	"unicode/utf8"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// An edge is the item that says of one record that it refers to another. It is
// put and deleted in the transaction of the record's item, so that everything that
// refers to a key is found by one consistent query: an index would lag, and a
// delete that believed it would leave a record without its target.
//
// Its partition is the target and the reference, its sort key the record that
// refers. No other record has anything to do with it, so it needs no condition: the
// version of its own record's item orders what happens to it.
type edge struct {
	key    item
	record transform.Key // that refers
}

// maxPlainEdge is up to how many bytes a key stands in the sort key of an edge as it
// is; a longer one is hashed. A sort key may have 1024 bytes.
const maxPlainEdge = 960

// plainOr returns a text as part of a key: as it is, or hashed if it is too long.
func plainOr(limit int, value string) string {
	if utf8.ValidString(value) && len(value) <= limit {
		return "=" + value
	}
	return "hash " + digest(value)
}

// edgePartition is where the edges are of what refers to a key.
func (s *Store) edgePartition(f *transform.Reference, to transform.Key) string {
	return s.partition(partEdge, url.QueryEscape(f.Target), url.QueryEscape(f.Of().Name), url.QueryEscape(f.Field()), plainOr(maxPlainValue, to.ID))
}

// edgesAt returns the edges that a row has, by reference; an edge without a key
// where there is none.
func (s *Store) edgesAt(e *transform.Entity, row store.Row) []edge {
	list := make([]edge, len(e.References))
	if !row.Live || row.Record.IsZero() {
		return list
	}
	for i, f := range e.References {
		if to, refers := f.Key(row.Record); refers && !to.IsZero() {
			list[i] = edge{key: libraryKey(s.edgePartition(f, to), plainOr(maxPlainEdge, row.Key.ID)), record: row.Key}
		}
	}
	return list
}

// addEdges adds to a transaction what an edit does to the edges of its record. all
// says to store those too that did not change, which mends one that is missing.
func (s *Store) addEdges(t *transaction, e *edit, all bool) {
	old, now := s.edgesAt(e.place.entity, e.old), s.edgesAt(e.place.entity, e.row)
	for i := range now {
		same := old[i].key != nil && now[i].key != nil && s.library.keyText(old[i].key) == s.library.keyText(now[i].key)
		if old[i].key != nil && !same {
			t.remove(s.library, old[i].key, condition{})
		}
		if now[i].key == nil || same && !all {
			continue
		}
		it := libraryKey(scalarText(now[i].key[libraryPK]), scalarText(now[i].key[librarySK]))
		it[attrEntity], it[attrKey] = text(now[i].record.Entity), keyID(now[i].record)
		t.put(s.library, it, condition{})
	}
}

// accompanied reports whether items of the entity have others beside them, which go in
// one transaction with them: guards of unique values, edges of references, the stands
// of items that move.
func accompanied(e *transform.Entity) bool { return guarded(e) || e.Moves() }

// guarded reports whether records of the entity may have guards or edges.
func guarded(e *transform.Entity) bool { return len(e.Unique) > 0 || len(e.References) > 0 }

// referring returns the keys of the records that an edge says refer to a key, most
// of them at once; more than a delete could ever take along are not looked for.
func (s *Store) referring(ctx context.Context, op string, f *transform.Reference, to transform.Key) ([]transform.Key, error) {
	var keys []transform.Key
	q := libraryQuery{partition: s.edgePartition(f, to), limit: 2 * maxActions}
	for it, err := range s.libraryAll(ctx, op, q) {
		if err != nil {
			return nil, withOutcome(err, store.NotApplied)
		}
		if key := owner(it); key.Entity == f.Of().Name {
			keys = append(keys, key)
		}
	}
	return keys, nil
}
