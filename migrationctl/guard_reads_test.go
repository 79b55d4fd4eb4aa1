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
	"github.com/crossfade-go/crossfade/migrationctl"
)

// unmet returns the guards that stand against a step asked of another process.
func (w *world) unmet(t *testing.T, to store.Phase, opts migrationctl.Options) []string {
	t.Helper()
	op, err := migrationctl.NewOperator(w.mysql, w.dynamo, &opts)
	require.NoError(t, err)
	var refused *migrationctl.RefusedError
	require.ErrorAs(t, op.SetPhase(t.Context(), to, migrationctl.Change{}), &refused)
	var names []string
	for _, u := range refused.Unmet {
		require.False(t, u.Data)
		names = append(names, u.Guard)
	}
	return names
}

// TestMismatchesKeepFromPhase4: a read that DynamoDB answered differently, seen by
// any living process, stands against phase 4 until enough were alike since. It
// can be forced.
func TestMismatchesKeepFromPhase4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		w.to(t, store.Validate)
		a, b := w.open(t, leading()), w.open(t, leading())
		u := user(1)
		require.NoError(t, a.users.Create(t.Context(), &u, dal.Follow(dal.Required)))
		read := func(n int) {
			for range n {
				_, err := b.users.Get(t.Context(), b.users.Key(1))
				require.NoError(t, err)
				time.Sleep(5 * time.Second) // a difference is looked at more than once
			}
		}
		w.corrupt(t, 1, "email", "wrong@example.com")
		read(3)
		require.EqualValues(t, 3, b.Stats().Mismatches)
		require.NoError(t, a.Repair(t.Context(), w.key(t, 1)))
		a.verified(t)
		few := migrationctl.Options{MinMatched: 5}
		require.Equal(t, []string{"mismatches"}, w.unmet(t, store.DynamoDBPrimary, few))
		read(4)
		require.Equal(t, []string{"mismatches"}, w.unmet(t, store.DynamoDBPrimary, few))
		read(1)
		require.Equal(t, []string{"mismatches"}, w.unmet(t, store.DynamoDBPrimary, migrationctl.Options{MinMatched: 6}))
		op, err := migrationctl.NewOperator(w.mysql, w.dynamo, &few)
		require.NoError(t, err)
		require.NoError(t, op.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{}))
		require.NoError(t, a.Close(context.Background()))
		require.NoError(t, b.Close(context.Background()))
	})
}

// TestFallbacksKeepFromPhase5: as long as a living process has lately asked MySQL
// because DynamoDB did not answer, MySQL is needed.
func TestFallbacksKeepFromPhase5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u, dal.Follow(dal.Required)))
		away := w.faults.On(func(c faultstore.Call) bool { return c.Store == "dynamodb" && c.Method == "Get" }, faultstore.Before)
		var stale bool
		_, err := p.users.Get(t.Context(), p.users.Key(1), dal.AllowStale(&stale))
		require.NoError(t, err)
		require.True(t, stale)
		away()
		time.Sleep(2 * migrationctl.RenewEvery)
		opts := migrationctl.Options{MinPrimary: time.Nanosecond, MinQuiet: time.Minute}
		require.Equal(t, []string{"fallback reads"}, w.unmet(t, store.DynamoDBOnly, opts))
		time.Sleep(time.Minute)
		op, err := migrationctl.NewOperator(w.mysql, w.dynamo, &opts)
		require.NoError(t, err)
		require.NoError(t, op.SetPhase(t.Context(), store.DynamoDBOnly, migrationctl.Change{}))
		require.NoError(t, p.Close(context.Background()))
	})
}
