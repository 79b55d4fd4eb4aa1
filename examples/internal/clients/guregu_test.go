package clients

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/guregu/dynamo/v2"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// A note is what guregu/dynamo makes a table of.
type note struct {
	Owner string    `dynamo:"owner,hash" index:"byTag,range"`
	ID    int       `dynamo:"id,range"`
	Tag   string    `dynamo:"tag" index:"byTag,hash"`
	Text  string    `dynamo:"text"`
	Words []string  `dynamo:"words,set"`
	Read  int       `dynamo:"read"`
	Made  time.Time `dynamo:"made"`
}

var made = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

func noteOf(owner string, id int, tag string) note {
	return note{Owner: owner, ID: id, Tag: tag, Text: fmt.Sprint("text ", id), Words: []string{"a", "b"}, Made: made}
}

// newNotes returns a server, and the client's table with some notes.
func newNotes(t *testing.T, notes ...note) (*dynamotest.Server, *dynamo.DB, dynamo.Table) {
	srv := dynamotest.Start(t)
	cfg := srv.Config()
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
	}
	db := dynamo.New(cfg)
	require.NoError(t, db.CreateTable("notes", note{}).OnDemand(true).Project("byTag", dynamo.AllProjection).Wait(t.Context()))
	table := db.Table("notes")
	for _, n := range notes {
		require.NoError(t, table.Put(n).Run(t.Context()))
	}
	return srv, db, table
}

func ids(notes []note) (list []int) {
	for _, n := range notes {
		list = append(list, n.ID)
	}
	return list
}

func TestGureguItems(t *testing.T) {
	_, _, table := newNotes(t)
	ctx := t.Context()
	want := noteOf("ann", 1, "x")
	require.NoError(t, table.Put(want).If("attribute_not_exists(id)").Run(ctx))
	err := table.Put(want).If("attribute_not_exists(id)").Run(ctx)
	require.True(t, dynamo.IsCondCheckFailed(err), "%v", err)
	get := func() (n note, err error) {
		err = table.Get("owner", "ann").Range("id", dynamo.Equal, 1).Consistent(true).One(ctx, &n)
		return n, err
	}
	got, err := get()
	require.NoError(t, err)
	require.Equal(t, want, got)

	var after note
	update := table.Update("owner", "ann").Range("id", 1)
	require.NoError(t, update.Add("read", 2).Set("text", "new").SetIfNotExists("tag", "y").DeleteStringsFromSet("words", "a").If("'read' = ?", 0).Value(ctx, &after))
	require.Equal(t, 2, after.Read)
	require.Equal(t, "new", after.Text)
	require.Equal(t, "x", after.Tag)
	require.Equal(t, []string{"b"}, after.Words)
	err = table.Update("owner", "ann").Range("id", 1).Set("text", "newer").If("'read' = ?", 0).Run(ctx)
	require.True(t, dynamo.IsCondCheckFailed(err), "%v", err)

	var old note
	require.NoError(t, table.Delete("owner", "ann").Range("id", 1).If("'text' = ?", "new").OldValue(ctx, &old))
	require.Equal(t, after, old)
	_, err = get()
	require.ErrorIs(t, err, dynamo.ErrNotFound)
}

func TestGureguQueries(t *testing.T) {
	var notes []note
	for i := range 10 {
		notes = append(notes, noteOf("ann", i, []string{"even", "odd"}[i%2]))
	}
	_, db, table := newNotes(t, append(notes, noteOf("bob", 1, "odd"))...)
	ctx := t.Context()
	var got []note
	require.NoError(t, table.Get("owner", "ann").Range("id", dynamo.Between, 3, 6).Order(dynamo.Descending).All(ctx, &got))
	require.Equal(t, []int{6, 5, 4, 3}, ids(got))
	got = nil
	require.NoError(t, table.Get("tag", "odd").Index("byTag").Range("owner", dynamo.BeginsWith, "a").Filter("id > ?", 2).All(ctx, &got))
	slices.SortFunc(got, func(a, b note) int { return a.ID - b.ID })
	require.Equal(t, []int{3, 5, 7, 9}, ids(got))
	count, err := table.Get("tag", "odd").Index("byTag").Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 6, count)

	// Pages, each with a key to go on from.
	seen := map[int]bool{}
	var next dynamo.PagingKey
	for pages := 1; ; pages++ {
		var page []note
		next, err = table.Get("tag", "even").Index("byTag").StartFrom(next).Limit(2).AllWithLastEvaluatedKey(ctx, &page)
		require.NoError(t, err)
		for _, n := range page {
			require.False(t, seen[n.ID], "twice")
			seen[n.ID] = true
		}
		if next == nil {
			require.GreaterOrEqual(t, pages, 3)
			break
		}
	}
	require.Len(t, seen, 5)

	// An iterator that asks for a page at a time, and one in segments.
	iter, n := table.Scan().SearchLimit(3).RequestLimit(10).Iter(), 0
	for one := (note{}); iter.Next(ctx, &one); one = (note{}) {
		n++
	}
	require.NoError(t, iter.Err())
	require.Equal(t, 3, n)
	got = nil
	require.NoError(t, table.Scan().Filter("begins_with('text', ?)", "text").AllParallel(ctx, 3, &got))
	require.Len(t, got, 11)
	names, err := db.ListTables().All(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"notes"}, names)
}

func TestGureguBatches(t *testing.T) {
	srv, _, table := newNotes(t)
	ctx := t.Context()
	var items []any
	var keys []dynamo.Keyed
	for i := range 60 {
		items = append(items, noteOf("ann", i, "x"))
		keys = append(keys, dynamo.Keys{"ann", i})
	}
	srv.Fault(dynamotest.OnOperation("BatchWriteItem", "BatchGetItem").Times(1).Unprocessed(7))
	wrote, err := table.Batch("owner", "id").Write().Put(items...).Run(ctx)
	require.NoError(t, err)
	require.Equal(t, 60, wrote)
	var got []note
	require.NoError(t, table.Batch("owner", "id").Get(keys...).Consistent(true).All(ctx, &got))
	require.Len(t, got, 60)
	wrote, err = table.Batch("owner", "id").Write().Delete(keys[:59]...).Run(ctx)
	require.NoError(t, err)
	require.Equal(t, 59, wrote)
	count, err := table.Scan().Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, count)
}

func TestGureguTransactions(t *testing.T) {
	srv, db, table := newNotes(t, noteOf("ann", 1, "x"), noteOf("ann", 2, "x"))
	ctx := t.Context()
	add := func(tx *dynamo.WriteTx, owner string) error {
		return tx.
			Update(table.Update("owner", "ann").Range("id", 1).Add("read", 1)).
			Put(table.Put(noteOf(owner, 1, "y")).If("attribute_not_exists('owner')")).
			Check(table.Check("owner", "ann").Range("id", 2).IfExists()).
			Run(ctx)
	}
	require.NoError(t, add(db.WriteTx(), "bob"))
	err := add(db.WriteTx(), "bob")
	require.True(t, dynamo.IsCondCheckFailed(err), "%v", err)

	// The reply is lost; the SDK sends it again with its token, and it is done once.
	lost := srv.Fault(dynamotest.OnOperation("TransactWriteItems").Nth(1).LoseReply())
	require.NoError(t, add(db.WriteTx().Idempotent(true), "eve"))
	require.Equal(t, 1, lost.Hits())
	const token = "a token of our own"
	require.NoError(t, add(db.WriteTx().IdempotentWithToken(token), "joe"))
	require.NoError(t, add(db.WriteTx().IdempotentWithToken(token), "joe"))

	var one, two note
	require.NoError(t, db.GetTx().
		GetOne(table.Get("owner", "ann").Range("id", dynamo.Equal, 1), &one).
		GetOne(table.Get("owner", "joe").Range("id", dynamo.Equal, 1), &two).Run(ctx))
	require.Equal(t, 3, one.Read)
	require.Equal(t, "y", two.Tag)

	require.NoError(t, db.WriteTx().Delete(table.Delete("owner", "joe").Range("id", 1)).Run(ctx))
	require.ErrorIs(t, table.Get("owner", "joe").Range("id", dynamo.Equal, 1).One(ctx, &two), dynamo.ErrNotFound)
}

func TestGureguTables(t *testing.T) {
	_, db, table := newNotes(t)
	ctx := t.Context()
	description, err := table.Describe().Run(ctx)
	require.NoError(t, err)
	require.Equal(t, dynamo.ActiveStatus, description.Status)
	require.Equal(t, "byTag", description.GSI[0].Name)
	_, err = table.UpdateTable().CreateIndex(dynamo.Index{
		Name: "byText", HashKey: "text", HashKeyType: dynamo.StringType, ProjectionType: dynamo.KeysOnlyProjection,
	}).Run(ctx)
	require.NoError(t, err)
	require.NoError(t, table.Put(noteOf("ann", 1, "x")).Run(ctx))
	count, err := table.Get("text", "text 1").Index("byText").Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, count)
	require.NoError(t, table.UpdateTTL("made", true).Run(ctx))
	require.NoError(t, table.DeleteTable().Wait(ctx))
	require.Error(t, table.Put(noteOf("ann", 1, "x")).Run(ctx))
	require.NoError(t, db.CreateTable("notes", note{}).OnDemand(true).Wait(ctx))
}
