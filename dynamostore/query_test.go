package dynamostore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Query fails as the test says.
func (c *flaky) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	if c.page != nil {
		if err := c.page(c.next()); err != nil {
			return nil, err
		}
	}
	return c.Client.Query(ctx, in, o...)
}

func (f *fixture) inCity(city string, limit int) store.Query {
	return store.Query{Entity: f.users, Index: "CityIndex", Equal: transform.TextValue(city), Limit: limit}
}

// ids returns the user ids of the rows, in their order.
func ids(rows []store.Row) []int64 {
	all := []int64{}
	for _, row := range rows {
		id, _ := row.Record.At(0).Int()
		all = append(all, id)
	}
	return all
}

// wantIDs requires that the query gives these users, as soon as the index shows
// what was written.
func (f *fixture) wantIDs(q store.Query, want ...int64) []store.Row {
	f.Helper()
	if want == nil {
		want = []int64{}
	}
	var rows []store.Row
	require.EventuallyWithT(f, func(c *assert.CollectT) {
		var err error
		rows, err = f.Query(f.ctx, store.At{}, q)
		require.NoError(c, err)
		require.Equal(c, want, ids(rows))
	}, waitLong, waitShort)
	return rows
}

func TestTombstoneLeavesTheIndexes(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.user(1, "city", "Rome", "score", "3")
		byName := store.Query{Entity: f.users, Index: "UsernameIndex", Equal: transform.TextValue("user1"), Limit: 10}
		f.put(f.row(r, 1), true)
		rows := f.wantIDs(byName, 1)
		require.Equal(f, f.row(r, 0), rows[0], "rows of a query carry no version")
		f.wantIDs(f.inCity("Rome", 10), 1)
		f.put(f.gone(r, 2), true)
		f.wantIDs(byName)
		f.wantIDs(f.inCity("Rome", 10))
		f.put(f.row(r, 3), true)
		f.wantIDs(byName, 1)
	})
}

// TestQueryOfEachProjection fills an index whose sort keys tie, and reads it
// forwards and backwards, between bounds, in pages of every size.
func TestQueryOfEachProjection(t *testing.T) {
	each(t, func(f *fixture) {
		const n = 23
		var records []transform.Record
		for i := range n {
			records = append(records, f.user(i, "city", "Rome", "score", fmt.Sprint(i/4), "profile", fmt.Sprintf(`{"i":%d}`, i)))
		}
		shuffled := make([]transform.Record, n)
		for i, j := range rand.Perm(n) {
			shuffled[i] = records[j]
		}
		f.insert(append(shuffled, f.user(100, "city", "Paris", "score", "1"))...)
		var all, back []int64
		for i := range int64(n) {
			all, back = append(all, i), append(back, n-1-i)
		}
		for _, index := range []string{"CityIndex", "CityKeys"} {
			q := f.inCity("Rome", 100)
			q.Index = index
			for i, row := range f.wantIDs(q, all...) {
				require.Equal(f, f.row(records[i], 0), row, index)
			}
			for _, limit := range []int{1, 2, 3, 5, 22, 23, 24} {
				q.Limit = limit
				require.Equal(f, all, f.pages(q), "%s in pages of %d", index, limit)
				q.Descending = true
				require.Equal(f, back, f.pages(q), "%s backwards in pages of %d", index, limit)
				q.Descending = false
			}
			score := func(i int64) transform.Value { return transform.IntValue(i) }
			q.Limit = 3
			q.Lower, q.Upper = &store.Bound{Value: score(1), Exclusive: true}, &store.Bound{Value: score(3)}
			require.Equal(f, all[8:16], f.pages(q))
			q.Lower, q.Upper = &store.Bound{Value: score(1)}, &store.Bound{Value: score(3), Exclusive: true}
			q.Descending = true
			require.Equal(f, back[n-12:n-4], f.pages(q))
			q.Lower, q.Upper = &store.Bound{Value: score(2)}, q.Lower
			require.Empty(f, f.pages(q), "from 2 to 1")
		}
	})
}

// pages goes through a query in pages and returns the ids of its users.
func (f *fixture) pages(q store.Query) []int64 {
	f.Helper()
	all := []int64{}
	for {
		rows, err := f.Query(f.ctx, store.At{}, q)
		require.NoError(f, err)
		require.LessOrEqual(f, len(rows), q.Limit)
		if len(rows) == 0 {
			return all
		}
		all = append(all, ids(rows)...)
		q.After = rows[len(rows)-1].Record
		require.Less(f, len(all), 1000, "the pages do not end")
	}
}

// TestTombstoneInAnIndexOfTheTablesKey has the one kind of index that tombstones
// do not leave.
func TestTombstoneInAnIndexOfTheTablesKey(t *testing.T) {
	each(t, func(f *fixture) {
		q := store.Query{Entity: f.things, Index: "PartIndex", Limit: 2}
		for _, code := range []string{"a", "b", "c", "d"} {
			r := f.record(f.things, "code", code, "part", "7.00")
			f.put(f.row(r, 1), true)
			q.Equal = r.At(1)
			if code == "b" || code == "c" {
				f.put(f.gone(r, 2), true)
			}
		}
		require.EventuallyWithT(f, func(c *assert.CollectT) {
			rows, err := f.Query(f.ctx, store.At{}, q)
			require.NoError(c, err)
			require.Len(c, rows, 2)
			require.Equal(c, "d", rows[1].Record.At(0).Text())
		}, waitLong, waitShort)
	})
}

func TestQueryBeyondAMegabyte(t *testing.T) {
	each(t, func(f *fixture) {
		var want []int64
		for i := range 9 {
			f.put(f.row(f.large(i, 300<<10, "city", "Rome", "score", fmt.Sprint(i)), 1), true)
			want = append(want, int64(i))
		}
		f.wantIDs(f.inCity("Rome", 100), want...)
		f.wantIDs(f.inCity("Rome", 7), want[:7]...)
		require.Equal(f, want, f.pages(f.inCity("Rome", 4)))
	})
}

// TestQueryThatMeetsAStaleIndexEntry has an index that still shows an item where
// the item itself no longer is.
func TestQueryThatMeetsAStaleIndexEntry(t *testing.T) {
	each(t, func(f *fixture) {
		a, b, c := f.user(1, "city", "Rome", "score", "1"), f.user(2, "city", "Rome", "score", "2"), f.user(3, "city", "Rome", "score", "3")
		f.insert(a, b, c)
		q := f.inCity("Rome", 10)
		q.Index = "CityKeys"
		f.wantIDs(q, 1, 2, 3)
		late := &lateIndex{Client: f.real, f: f}
		late.before = func() {
			f.put(f.gone(a, 1), true)
			f.put(f.row(f.user(2, "city", "Paris", "score", "2"), 1), true)
		}
		g := f.with(late, Options{})
		rows, err := g.Query(f.ctx, store.At{}, q)
		require.NoError(f, err)
		require.Equal(f, []int64{3}, ids(rows))
	})
}

// A lateIndex changes the table after each query.
type lateIndex struct {
	Client
	f      *fixture
	before func()
}

func (c *lateIndex) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := c.Client.Query(ctx, in, o...)
	c.before()
	return out, err
}

func TestQueryOfAValueNoItemHas(t *testing.T) {
	f := offline(t) // nothing is sent
	for _, city := range []string{"", string(make([]byte, 3000))} {
		rows, err := f.Query(f.ctx, store.At{}, f.inCity(city, 10))
		require.NoError(t, err)
		require.Empty(t, rows)
	}
}

func TestQueryRefusesWhatMakesNoSense(t *testing.T) {
	f := offline(t)
	change := func(change func(*store.Query)) store.Query {
		q := f.inCity("Rome", 10)
		change(&q)
		return q
	}
	for name, q := range map[string]store.Query{
		"no entity":        change(func(q *store.Query) { q.Entity = nil }),
		"unknown index":    change(func(q *store.Query) { q.Index = "Nope" }),
		"no limit":         change(func(q *store.Query) { q.Limit = 0 }),
		"another type":     change(func(q *store.Query) { q.Equal = transform.IntValue(1) }),
		"NULL":             change(func(q *store.Query) { q.Equal = transform.Value{} }),
		"bound's type":     change(func(q *store.Query) { q.Lower = &store.Bound{Value: transform.TextValue("1")} }),
		"nothing to bound": change(func(q *store.Query) { q.Index, q.Upper = "UsernameIndex", &store.Bound{Value: transform.IntValue(1)} }),
		"After's entity":   change(func(q *store.Query) { q.After = f.things.NewRecord() }),
		"After not in it":  change(func(q *store.Query) { q.After = f.user(1) }),
	} {
		_, err := f.Query(f.ctx, store.At{}, q)
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
}
