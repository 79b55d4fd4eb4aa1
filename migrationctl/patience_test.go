package migrationctl_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// TestVerifyIsPatient: a few replies that are lost don't end a verify, whichever reads
// they were of, or if it was noting what it found. A store that stays away does.
func TestVerifyIsPatient(t *testing.T) {
	for _, c := range []struct {
		phase   store.Phase
		differs func(w *world, t *testing.T)
		methods []string
	}{
		{store.Validate, func(w *world, t *testing.T) { w.lose(t, 1) }, []string{"Scan", "GetMany", "Get", "SaveProgress"}},
		{store.DynamoDBPrimary, func(w *world, t *testing.T) { w.tear(t, 1) }, []string{"Scan", "GetMany", "Get", "Dirty"}},
	} {
		for _, method := range c.methods {
			t.Run(c.phase.String()+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newMemoryWorld(t, faultstore.New())
					p := w.lead(t, c.phase)
					for _, u := range []User{user(1), user(2)} {
						require.NoError(t, p.users.Create(t.Context(), &u))
					}
					require.NoError(t, p.Close(t.Context()))
					c.differs(w, t)
					op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), nil)
					require.NoError(t, err)
					calls := 0
					few := w.faults.On(func(c faultstore.Call) bool {
						if c.Method == method {
							calls++
						}
						return c.Method == method && calls <= 3
					}, faultstore.Before)
					found, err := op.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users"})
					few()
					require.NoError(t, err)
					require.Equal(t, int64(1), found[0].Differences)
					require.Greater(t, calls, 3)

					w.faults.On(func(c faultstore.Call) bool { return c.Method == method }, faultstore.Before)
					_, err = op.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users"})
					require.ErrorIs(t, err, store.ErrUnavailable)
				})
			})
		}
	}
}

// TestBackfillIsPatient: the same of a backfill that notes how far it is.
func TestBackfillIsPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		w.to(t, store.MySQLOnly)
		op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), nil)
		require.NoError(t, err)
		require.NoError(t, op.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}))
		calls := 0
		w.faults.On(func(c faultstore.Call) bool {
			if c.Method == "SaveProgress" {
				calls++
			}
			return c.Method == "SaveProgress" && calls <= 3
		}, faultstore.After)
		require.NoError(t, op.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		require.Greater(t, calls, 3)
	})
}
