package dynamostore

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// inCode is a query of the table's own key.
func (f *fixture) inCode(code string, limit int) store.Query {
	return store.Query{Entity: f.things, Equal: transform.BytesValue([]byte(code)), Limit: limit}
}

// TestTableKeyIsReadConsistently: where every read that need not be consistent is
// of the past, a query of the table's own key shows what was just written.
func TestTableKeyIsReadConsistently(t *testing.T) {
	srv := dynamotest.Start(t)
	f := newFixture(t, srv.Client())
	require.NoError(t, f.Apply(f.ctx, nil, nil))
	srv.Fault(dynamotest.OnOperation("Query").Stale(dynamotest.Forever))
	srv.Fault(dynamotest.OnOperation("Query").IndexLag(dynamotest.Forever))
	r := f.record(f.things, "code", "a", "part", "7.00")
	f.put(f.row(r, 1), true)
	rows, err := f.Query(f.ctx, store.At{}, f.inCode("a", 10))
	require.NoError(t, err)
	require.Equal(t, []store.Row{f.row(r, 0)}, rows, "rows of a query carry no version")
	byPart := store.Query{Entity: f.things, Index: "PartIndex", Equal: r.At(1), Limit: 10}
	rows, err = f.Query(f.ctx, store.At{}, byPart)
	require.NoError(t, err)
	require.Empty(t, rows, "an index may lag")
	f.put(f.gone(r, 2), true)
	rows, err = f.Query(f.ctx, store.At{}, f.inCode("a", 10))
	require.NoError(t, err)
	require.Empty(t, rows)
}

// TestTombstonesCostAPageNothing: however many a partition has, pages are full.
func TestTombstonesCostAPageNothing(t *testing.T) {
	each(t, func(f *fixture) {
		for i := range 40 {
			r := f.record(f.things, "code", "a", "part", fmt.Sprintf("%d.00", i))
			f.put(f.row(r, 1), true)
			if i%10 != 9 {
				f.put(f.gone(r, 2), true)
			}
		}
		q := f.inCode("a", 2)
		var parts []string
		for pages := 0; ; pages++ {
			require.Less(f, pages, 4)
			rows, err := f.Query(f.ctx, store.At{}, q)
			require.NoError(f, err)
			if len(rows) == 0 {
				break
			}
			require.Len(f, rows, 2)
			for _, row := range rows {
				parts = append(parts, row.Record.At(1).Text())
			}
			q.After = rows[1].Record
		}
		require.Equal(f, []string{"9.00", "19.00", "29.00", "39.00"}, parts)
	})
}

// A listener keeps what is asked.
type listener struct {
	Client
	asked []*dynamodb.QueryInput
}

func (c *listener) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.asked = append(c.asked, in)
	return &dynamodb.QueryOutput{}, nil
}

// TestBoundsInTheRequest: the service narrows what it reads by the bounds that a
// key can have, and what can't be met is not asked at all.
func TestBoundsInTheRequest(t *testing.T) {
	f := offline(t)
	c := &listener{}
	g := f.with(c, Options{})
	score := func(n int64, exclusive bool) *store.Bound {
		return &store.Bound{Value: transform.IntValue(n), Exclusive: exclusive}
	}
	name := func(s string) *store.Bound { return &store.Bound{Value: transform.TextValue(s)} }
	long := string(make([]byte, 3000))
	for _, k := range []struct {
		index        string
		lower, upper *store.Bound
		want         string // "" where nothing is asked
	}{
		{"CityIndex", nil, nil, "#p = :p"},
		{"CityIndex", score(1, true), nil, "#p = :p AND #s >= :l"},
		{"CityIndex", nil, score(1, true), "#p = :p AND #s <= :u"},
		{"CityIndex", score(1, true), score(3, true), "#p = :p AND #s BETWEEN :l AND :u"},
		{"CityIndex", score(1, false), score(1, false), "#p = :p AND #s BETWEEN :l AND :u"},
		{"CityIndex", score(2, false), score(1, false), ""},
		{"CityIndex", score(1, true), score(1, false), ""},
		{"CitySome", name(""), name("x"), "#p = :p AND #s <= :u"},
		{"CitySome", name("x"), name(long + "x"), ""},
		{"CitySome", name("x"), name("y" + long), "#p = :p AND #s >= :l"},
	} {
		c.asked = nil
		q := f.inCity("Rome", 10)
		q.Index, q.Lower, q.Upper = k.index, k.lower, k.upper
		rows, err := g.Query(f.ctx, store.At{}, q)
		require.NoError(t, err)
		require.Empty(t, rows)
		if k.want == "" {
			require.Empty(t, c.asked)
			continue
		}
		require.Len(t, c.asked, 1)
		require.Equal(t, k.want, *c.asked[0].KeyConditionExpression)
		require.Nil(t, c.asked[0].ConsistentRead)
		require.Equal(t, k.index, *c.asked[0].IndexName)
	}
	c.asked = nil
	_, err := g.Query(f.ctx, store.At{}, f.inCode("a", 1))
	require.NoError(t, err)
	require.True(t, *c.asked[0].ConsistentRead)
	require.Nil(t, c.asked[0].IndexName)
}

// TestSortKeyOfNumbersAsText: where no two items share a partition the contract may
// have numbers as text for a sort key. The service would sort 10 before 9.
func TestSortKeyOfNumbersAsText(t *testing.T) {
	c, err := transform.Load([]byte(`[{"table": "Ranks", "type": "single-entity", "source_table": "ranks", "pk": "id",
		"gsis": [{"index_name": "ByID", "pk": "id", "sk": "rank", "projection": "ALL"}],
		"columns": [{"name": "id", "type": "int"}, {"name": "rank", "type": "int", "null": true}], "primary_key": ["id"],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "rank", "type": "S", "source_column": "rank"}]}]`))
	require.NoError(t, err)
	s, err := New(dynamotest.Start(t).Client(), c, nil)
	require.NoError(t, err)
	require.NoError(t, s.Apply(t.Context(), nil, nil))
	rec := c.Entities[0].NewRecord()
	rec.SetAt(0, transform.IntValue(1))
	rec.SetAt(1, transform.IntValue(10))
	_, err = s.Put(t.Context(), store.At{}, store.Row{Key: keyOf(t, rec), Version: 1, Live: true, Record: rec})
	require.NoError(t, err)
	q := store.Query{Entity: c.Entities[0], Index: "ByID", Equal: transform.IntValue(1), Limit: 5,
		Lower: &store.Bound{Value: transform.IntValue(9)}, Upper: &store.Bound{Value: transform.IntValue(100)}}
	rows, err := s.Query(t.Context(), store.At{}, q)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	q.Lower.Value = transform.IntValue(11)
	rows, err = s.Query(t.Context(), store.At{}, q)
	require.NoError(t, err)
	require.Empty(t, rows)
}
