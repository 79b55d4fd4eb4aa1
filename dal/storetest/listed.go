package storetest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// listed returns a record of ListContract.
func (e *env) listed(table string, changes ...string) transform.Record {
	e.Helper()
	return e.with(e.entities[table].NewRecord(), changes...)
}

func (e *env) note(user, note int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("notes", append([]string{"user_id", strconv.Itoa(user), "note_id", strconv.Itoa(note)}, changes...)...)
}

// inFolder is a query of one of the indexes by folder.
func (e *env) inFolder(index string) store.Query {
	return store.Query{Entity: e.entities["notes"], Index: index, Equal: transform.TextValue("f"), Limit: 100}
}

// ofTable is a query of a table's own key.
func (e *env) ofTable(table, value string) store.Query {
	e.Helper()
	entity := e.entities[table]
	column := entity.Columns[entity.KeyColumns[0]].Name
	return store.Query{Entity: entity, Equal: e.value(entity, column, value), Limit: 100}
}

// between gives a query bounds on a column, as texts; "" is open. An exclusive
// bound has a "!" before it.
func (e *env) between(q store.Query, column, lower, upper string) store.Query {
	e.Helper()
	q.Lower, q.Upper = e.bound(q.Entity, column, lower), e.bound(q.Entity, column, upper)
	return q
}

func (e *env) bound(entity *transform.Entity, column, text string) *store.Bound {
	e.Helper()
	if text == "" {
		return nil
	}
	value, exclusive := strings.CutPrefix(text, "!")
	return &store.Bound{Value: e.value(entity, column, value), Exclusive: exclusive}
}

// beginning gives a query the bounds of a prefix.
func beginning(q store.Query, prefix transform.Value) store.Query {
	q.Lower, q.Upper = store.PrefixBounds(prefix)
	return q
}

// wantList requires the records forwards and backwards, whole and in pages of a
// few sizes.
func (e *env) wantList(q store.Query, want ...transform.Record) {
	e.Helper()
	for _, q.Descending = range []bool{false, true} {
		if q.Descending {
			want = backwards(want)
		}
		e.wantQuery(q, want...)
		for _, size := range []int{1, 2, 3} {
			e.wantPages(q, size, want)
		}
	}
}

// wantPages requires the records in pages of a size, each full but the last.
func (e *env) wantPages(q store.Query, size int, want []transform.Record) {
	e.Helper()
	q.Limit = size
	for page := range slices.Chunk(append(slices.Clone(want), transform.Record{}), size) {
		page = slices.DeleteFunc(page, transform.Record.IsZero)
		e.wantQuery(q, page...)
		if len(page) > 0 {
			q.After = page[len(page)-1]
		}
	}
}

// pour stores many records in few calls.
func (e *env) pour(records []transform.Record) {
	e.Helper()
	if e.part == asFollower {
		rows := make([]store.Row, len(records))
		for i, rec := range records {
			rows[i] = store.Row{Key: e.key(rec), Live: true, Record: rec}
		}
		errs, err := e.Follower.Insert(e.ctx, rows)
		require.NoError(e, err)
		for _, err := range errs {
			require.NoError(e, err)
		}
		return
	}
	for some := range slices.Chunk(records, 90) { // and a change record, of the 100 items of a transaction
		var w []store.Mutation
		for _, rec := range some {
			w = append(w, store.Mutation{Op: store.Put, Key: e.key(rec), Record: rec})
		}
		e.write(w...)
	}
}

// wantKeys is wantQuery for records too many to be shown.
func (e *env) wantKeys(q store.Query, want []transform.Record) {
	e.Helper()
	var rows []store.Row
	same := func() bool {
		var err error
		rows, err = e.reader().Query(e.ctx, e.at, q)
		require.NoError(e, err)
		return slices.EqualFunc(rows, want, func(row store.Row, rec transform.Record) bool { return row.Record.Equal(rec) })
	}
	if !same() && e.lag > 0 {
		require.Eventually(e, same, e.lag, e.lag/20)
	}
	require.Len(e, rows, len(want))
	for i, rec := range want {
		require.Equal(e, e.key(rec), rows[i].Key, "record %d of %d", i, len(want))
	}
}
