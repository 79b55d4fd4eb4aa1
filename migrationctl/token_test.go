package migrationctl_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// TestTokenGoesBackFromPhase5Bare: a write with a token in phase 5 without
// capture; capture, the reverse backfill and both steps back follow. Whoever
// tries again there, for he never had an answer, changes nothing.
func TestTokenGoesBackFromPhase5Bare(t *testing.T) {
	play := func(t *testing.T, w *world) {
		p := w.lead(t, store.DynamoDBOnly)
		require.NoError(t, p.CaptureOff(t.Context(), migrationctl.Change{}))
		u, ticket := user(1), Ticket{Area: "A", Code: "C"}
		require.NoError(t, p.users.Create(t.Context(), &u, dal.Token("create")))
		once := func() error {
			return p.users.Update(t.Context(), p.users.Key(1), addOne, dal.Token("update"))
		}
		require.NoError(t, once())
		tickets, err := dal.NewRepository[Ticket](p, "Tickets")
		require.NoError(t, err)
		require.NoError(t, tickets.Create(t.Context(), &ticket, dal.Token("ticket")))

		require.NoError(t, p.CaptureOn(t.Context(), migrationctl.Change{}))
		require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{Reverse: true}))
		for _, to := range []store.Phase{store.DynamoDBOnly, store.DynamoDBPrimary, store.Validate} {
			if to != store.DynamoDBOnly {
				p.step(t, to)
			}
			require.NoError(t, once())
			again := Ticket{Area: "A", Code: "C"}
			require.NoError(t, tickets.Create(t.Context(), &again, dal.Token("ticket")))
			require.Equal(t, ticket.ID, again.ID, "in phase %d", to)
			got, err := p.users.Get(t.Context(), p.users.Key(1))
			require.NoError(t, err)
			require.Equal(t, 1, got.Profile.Count, "in phase %d", to)
		}
		p.drained(t)
		require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
		require.NoError(t, p.Close(context.Background()))
	}
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { play(t, newMemoryWorld(t, faultstore.New())) })
	})
	if testing.Short() {
		return // the reverse backfill waits for late writes
	}
	for _, e := range enginetest.DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) {
			t.Parallel()
			play(t, newEngineWorld(t, e, faultstore.New()))
		})
	}
}

// TestTokenLeftInAbandonedDynamoDB: DynamoDB was given up before the token of a
// bare write was carried. The write itself MySQL has, by the backfill: it is no
// stray, and its token stays where it is, for the time when DynamoDB leads again.
func TestTokenLeftInAbandonedDynamoDB(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBOnly)
		require.NoError(t, p.CaptureOff(t.Context(), migrationctl.Change{}))
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u, dal.Token("create")))
		status, err := p.Status(t.Context())
		require.NoError(t, err)
		require.Zero(t, status.Dirty, "nobody waits for it without capture")
		require.NoError(t, p.CaptureOn(t.Context(), migrationctl.Change{}))
		status, err = p.Status(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, status.Dirty)
		require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{Reverse: true}))
		p.verified(t)
		keep := w.faults.On(func(c faultstore.Call) bool { return c.Method == "Keep" }, faultstore.Before)
		p.step(t, store.DynamoDBPrimary)
		left := func(n int64) func() bool {
			return func() bool {
				b, err := w.dynamo.Backlog(t.Context())
				return err == nil && b.Dirty == n
			}
		}
		require.Eventually(t, left(1), time.Minute, time.Second, "the token")
		gone := w.faults.On(func(c faultstore.Call) bool { return c.Store == "dynamodb" }, faultstore.Before)
		op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), nil)
		require.NoError(t, err)
		require.NoError(t, op.Abandon(t.Context(), migrationctl.Change{}))
		require.True(t, w.row(t, w.mysql, 1).Live)
		gone()
		keep()
		require.Eventually(t, left(0), time.Minute, time.Second)
		audit, err := op.Audit(t.Context(), 20)
		require.NoError(t, err)
		for _, e := range audit {
			require.NotEqual(t, "stray write undone", e.Action)
		}
		require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		p.step(t, store.DynamoDBPrimary)
		require.NoError(t, p.users.Delete(t.Context(), p.users.Key(1)))
		require.NoError(t, p.users.Create(t.Context(), &u, dal.Token("create")))
		require.False(t, w.row(t, w.dynamo, 1).Live, "it was applied before")
		require.NoError(t, p.Close(context.Background()))
	})
}
