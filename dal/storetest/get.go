package storetest

import (
	"context"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// readerCases are for authorities and followers. They read as the phase the
// case is in would.
func readerCases() []testCase {
	return slices.Concat(
		ruled(ruleRead,
			check{name: "live or not", run: liveOrNot},
			check{name: "keys of several columns", run: compositeKeys},
			check{name: "many keys", run: getMany},
			check{name: "more keys than one call of an engine takes", run: getVeryMany},
			check{name: "a record that was read is the reader's own", run: readersOwn},
			check{name: "a context that is over", run: readContextIsOver},
		),
		sharedReadCases(), valueCases(), queryCases(), sharedQueryCases(), foldedQueryCases(), listCases(), loginCases(), scanCases(), sharedScanCases())
}

func (e *env) get(key transform.Key) store.Row {
	e.Helper()
	row, err := e.reader().Get(e.ctx, e.at, key)
	require.NoError(e, err)
	require.Equal(e, key, row.Key, "a row names its key")
	return row
}

// liveOrNot: nothing there is an answer, and no error.
func liveOrNot(e *env) {
	rec, beside := e.user(1), e.user(2)
	requireGone := func() {
		row := e.get(e.key(rec))
		require.False(e, row.Live)
		require.True(e, row.Record.IsZero(), "a row that is not live has no record")
	}
	requireGone()
	e.fill(rec, beside)
	row := e.get(e.key(rec))
	require.True(e, row.Live)
	require.False(e, row.Tombstone)
	require.Equal(e, text(rec), text(row.Record))
	e.unset(rec)
	requireGone()
	e.requireLive(beside)
}

// compositeKeys tries keys that a careless codec takes for one another.
func compositeKeys(e *env) {
	var records []transform.Record
	for i, visitor := range []string{
		"a", "A", "ä", "a#1", "a#", "#", "a|1", `a\`, `a"b`, "a,b", "a/b", "1", "01", "NULL", "null", "日本語", "😀", "%", "_", "'",
	} {
		for _, number := range []int{0, 1, -1, 11, 2147483647, -2147483648} {
			records = append(records, e.visit(visitor, number, "rank", "1", "note", string(rune('A'+i))))
		}
	}
	keys := map[transform.Key]bool{}
	for _, rec := range records {
		require.False(e, keys[e.key(rec)], "two records have one key")
		keys[e.key(rec)] = true
	}
	e.fill(records...)
	for _, rec := range records {
		require.Equal(e, text(rec), text(e.get(e.key(rec)).Record))
	}
	e.unset(records[0])
	for _, rec := range records[1:] {
		require.True(e, e.get(e.key(rec)).Live, "another record was deleted")
	}
}

// getMany asks for keys that repeat, are absent, were deleted, or are of another
// entity, and wants an answer for each in its place.
func getMany(e *env) {
	a, b, v, gone, never := e.user(1), e.user(2), e.visit("v", 1), e.user(3), e.user(4)
	e.fill(a, b, v, gone)
	e.unset(gone)
	keys := []transform.Key{e.key(b), e.key(never), e.key(a), e.key(v), e.key(b), e.key(gone), e.key(a)}
	rows, err := e.reader().GetMany(e.ctx, e.at, keys)
	require.NoError(e, err)
	require.Len(e, rows, len(keys))
	for i, key := range keys {
		require.Equal(e, describe(e.get(key)), describe(rows[i]), "row %d is that of key %d", i, i)
		require.Equal(e, key, rows[i].Key)
	}
	require.True(e, rows[0].Live && rows[2].Live && rows[3].Live)
	require.False(e, rows[1].Live || rows[5].Live)
	rows, err = e.reader().GetMany(e.ctx, e.at, nil)
	require.NoError(e, err)
	require.Empty(e, rows)
}

// getVeryMany: DynamoDB takes 100 keys a call, and answers in any order.
func getVeryMany(e *env) {
	var keys []transform.Key
	for i := range 230 {
		if i%2 == 0 {
			e.fill(e.visit("v", i, "rank", "1"))
		}
		keys = append(keys, e.key(e.visit("v", i)))
	}
	rows, err := e.reader().GetMany(e.ctx, e.at, keys)
	require.NoError(e, err)
	require.Len(e, rows, len(keys))
	for i, row := range rows {
		require.Equal(e, keys[i], row.Key)
		require.Equal(e, i%2 == 0, row.Live)
	}
}

// readersOwn: what a caller does to a record it has read must not reach the store.
func readersOwn(e *env) {
	rec := e.user(1)
	e.fill(rec)
	spoil := func(row store.Row) { require.NoError(e, row.Record.Set("username", transform.TextValue("spoilt"))) }
	spoil(e.get(e.key(rec)))
	page, err := e.reader().Scan(e.ctx, e.at, store.Range{Entity: e.users, Limit: 1})
	require.NoError(e, err)
	require.Len(e, page.Rows, 1)
	spoil(page.Rows[0])
	q := e.byName("user-1")
	for _, row := range e.wantQuery(q, rec) {
		spoil(row)
	}
	e.wantQuery(q, rec)
	e.requireLive(rec)
}

// readContextIsOver: a read whose caller has gone would only cost.
func readContextIsOver(e *env) {
	rec := e.user(1)
	e.fill(rec)
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	live := e.ctx
	e.ctx = ctx
	errs := e.reads(e.at, rec)
	e.ctx = live
	for name, err := range errs {
		require.ErrorIs(e, err, context.Canceled, name)
	}
}
