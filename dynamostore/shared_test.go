package dynamostore

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// newShared returns a store of storetest.SharedContract, whose three entities live in
// one table that is there.
func newShared(t *testing.T, client *dynamodb.Client) *fixture {
	t.Helper()
	c := storetest.SharedContract(t)
	s, err := New(client, c, &Options{TablePrefix: enginetest.Prefix(t)})
	require.NoError(t, err)
	deleteTables(t, client, s)
	require.NoError(t, s.Apply(t.Context(), nil, nil))
	return &fixture{T: t, Store: s, ctx: t.Context(), real: client}
}

// TestSharedTableIsOne: several entities are one table, to plan, to create and to look
// into.
func TestSharedTableIsOne(t *testing.T) {
	f := newShared(t, dynamotest.Start(t).Client())
	plans, err := f.Plan(f.ctx)
	require.NoError(t, err)
	require.Len(t, plans, 2, "and the library's own")
	for _, p := range plans {
		require.True(t, p.Exists())
		require.Empty(t, p.Differences)
	}
	for _, p := range f.places {
		require.True(t, p.shared)
	}
	order, member := f.contract.Entity("ORDER"), f.contract.Entity("MEMBER")
	content := func() Content {
		all, err := f.Contents(f.ctx)
		require.NoError(t, err)
		require.Len(t, all, 1)
		return all[0]
	}
	require.True(t, content().Empty)
	r := f.record(order, "member_id", "1", "number", "1")
	f.put(f.row(r, 1), true)
	f.put(f.row(f.record(member, "member_id", "1"), 1), true)
	f.put(f.gone(r, 2), true)
	require.Equal(t, Content{Table: content().Table, Live: 1, Tombstones: 1}, content())
}

// TestItemsOfNobodyInASharedTable: an item that something else than the library wrote
// is of the entity that has such keys, and of no other.
func TestItemsOfNobodyInASharedTable(t *testing.T) {
	f := newShared(t, dynamotest.Start(t).Client())
	table := f.places["ORDER"].table
	put := func(it item) {
		_, err := f.real.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: &table, Item: it})
		require.NoError(t, err)
	}
	order, err := f.contract.Entity("ORDER").Item(f.record(f.contract.Entity("ORDER"), "member_id", "1", "number", "7"))
	require.NoError(t, err)
	put(order)
	put(item{"PK": text("MEMBER#1"), "SK": text("SOMETHING")})
	put(item{"PK": text("OTHER"), "SK": text("PROFILE")})
	found := map[string]int{}
	for _, e := range f.contract.Entities {
		page, err := f.Scan(f.ctx, store.At{}, store.Range{Entity: e, Limit: 10})
		require.NoError(t, err)
		rows, err := f.Query(f.ctx, store.At{}, store.Query{Entity: e, Equal: transform.TextValue("MEMBER#1"), Limit: 10})
		require.NoError(t, err)
		require.Equal(t, len(page.Rows), len(rows))
		found[e.Name] = len(rows)
	}
	require.Equal(t, map[string]int{"MEMBER": 0, "ORDER": 1, "LABEL": 0}, found)
}

// TestQueriesOfASharedPartition: where the sort keys of an entity begin with a text of
// its own, the other entities' items are not even read.
func TestQueriesOfASharedPartition(t *testing.T) {
	srv := dynamotest.Start(t)
	f := newShared(t, srv.Client())
	order, member := f.contract.Entity("ORDER"), f.contract.Entity("MEMBER")
	for i := range 20 {
		f.put(f.row(f.record(order, "member_id", "1", "number", fmt.Sprint(i)), 1), true)
	}
	profile := f.record(member, "member_id", "1")
	f.put(f.row(profile, 1), true)
	l, err := f.lookup(store.Query{Entity: member, Equal: transform.TextValue("MEMBER#1"), Limit: 1})
	require.NoError(t, err)
	out, err := f.real.Query(f.ctx, &l.input)
	require.NoError(t, err)
	require.EqualValues(t, 1, out.ScannedCount)
	l, err = f.lookup(store.Query{Entity: order, Equal: transform.TextValue("MEMBER#1"), Limit: 1, Descending: true,
		Lower: &store.Bound{Value: transform.TextValue("A")}, Upper: &store.Bound{Value: transform.TextValue("Z")}})
	require.NoError(t, err)
	require.Equal(t, &types.AttributeValueMemberS{Value: "ORDER#"}, l.lower)
	require.Equal(t, &types.AttributeValueMemberS{Value: "ORDER$"}, l.upper)
}
