package migrationctl_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// halfGone is a world in phase 4, in process, in which a fair with stalls and visitors was
// deleted by one who died before he took any of them along.
func halfGone(t *testing.T, stalls, visitors int64) *world {
	t.Helper()
	server := dynamotest.Start(t)
	c := storetest.FairContract(t)
	open := func(client dynamostore.Client) *dynamostore.Store {
		s, err := dynamostore.New(client, c, &dynamostore.Options{RetryBudget: time.Second})
		require.NoError(t, err)
		return s
	}
	client := dynamostore.NewClient(server.Config(), &dynamostore.ClientOptions{AttemptTimeout: time.Minute})
	mysql := memstore.New(c, &memstore.Options{Name: "mysql"})
	w := &world{contract: c, mysql: mysql, dynamo: open(client), faults: faultstore.New()}
	require.NoError(t, w.dynamo.(*dynamostore.Store).Apply(t.Context(), nil, nil))
	require.NoError(t, mysql.Init(t.Context()))
	require.NoError(t, w.lead(t, store.DynamoDBPrimary).Close(t.Context()))
	dies := *w
	dies.dynamo = open(&mortal{Client: client})
	f := newFairground(t, dies.open(t, idle()))
	ctx, id := t.Context(), int64(1)
	require.NoError(t, f.fairs.Create(ctx, &Fair{ID: id, Name: text("fair")}))
	for n := range stalls {
		require.NoError(t, f.stalls.Create(ctx, &Stall{ID: n, Pitch: *text("p%d", n), Fair: &id}))
	}
	for n := range visitors {
		require.NoError(t, f.visitors.Create(ctx, &Visitor{ID: n, Fair: &id}))
	}
	f.drained(t)
	require.ErrorIs(t, f.fairs.Delete(ctx, f.fairs.Key(id)), dal.ErrPending)
	require.NoError(t, f.Close(context.Background()))
	return w
}

// TestStagedDeleteIsAbandoned: DynamoDB is lost in the middle of a staged delete, and MySQL
// opened without it. What lives on there lives on when DynamoDB is back and leads, also when
// what was deleted is made anew.
func TestStagedDeleteIsAbandoned(t *testing.T) {
	w := halfGone(t, 110, 0)
	require.NoError(t, w.cutOff(t).Abandon(t.Context(), migrationctl.Change{Reason: "region lost"}))
	f := newFairground(t, w.open(t, idle()))
	ctx, id := t.Context(), int64(1)
	_, err := f.fairs.Get(ctx, f.fairs.Key(id))
	require.ErrorIs(t, err, dal.ErrNotFound, "MySQL has the delete")
	err = f.stalls.Update(ctx, f.stalls.Key(7), func(s *Stall) error { s.Pitch = "moved"; return nil })
	require.NoError(t, err, "and the stalls live on")

	require.NoError(t, f.Backfill(ctx, migrationctl.BackfillOptions{}))
	require.Eventually(t, func() bool {
		r, err := w.dynamo.Phase(ctx)
		return err == nil && r.State == store.GivenAway
	}, time.Minute, 10*time.Millisecond)
	f.step(t, store.DynamoDBPrimary)
	f.drained(t)
	s, err := f.Status(ctx)
	require.NoError(t, err)
	require.Zero(t, s.FanOuts)
	lives := func() {
		t.Helper()
		for n := range int64(110) {
			_, err := f.stalls.Get(ctx, f.stalls.Key(n))
			require.NoError(t, err)
		}
		w.requireEqualStores(t)
	}
	lives()
	require.NoError(t, f.fairs.Create(ctx, &Fair{ID: id}))
	lives()
	require.NoError(t, f.Close(context.Background()))
}

// TestVerifyBesideAStagedDelete: copies of a record that is gone are on their way as long as
// what refers to it is.
func TestVerifyBesideAStagedDelete(t *testing.T) {
	w := halfGone(t, 0, 110)
	f := newFairground(t, w.open(t, idle()))
	verify := func() migrationctl.VerifyReport {
		t.Helper()
		reports, err := f.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Visitors", Settle: time.Millisecond})
		require.NoError(t, err)
		require.True(t, reports[0].Done)
		return reports[0]
	}
	r := verify()
	require.Zero(t, r.Differences, "%+v", r)
	require.EqualValues(t, 110, r.Unsettled)
	f.drained(t)
	require.True(t, verify().Clean())
	require.NoError(t, f.Close(context.Background()))
}
