package migrationctl_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// TestStatusWithoutTheOtherStore: a store that is down is no reason to say
// nothing of the group. What can't be read is said.
func TestStatusWithoutTheOtherStore(t *testing.T) {
	for _, c := range []struct {
		name   string
		phase  store.Phase
		down   string
		leader string
		note   string
	}{
		{"follower of phase 3", store.Validate, "dynamodb", "mysql", ""},
		{"follower of phase 4", store.DynamoDBPrimary, "mysql", "dynamodb", "MySQL can't be read"},
		{"leader of phase 4", store.DynamoDBPrimary, "dynamodb", "", "DynamoDB's record can't be read"},
		{"MySQL in phase 5", store.DynamoDBOnly, "mysql", "dynamodb", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				p := w.lead(t, c.phase)
				up := w.faults.On(func(call faultstore.Call) bool { return call.Store == c.down }, faultstore.Before)
				s, err := p.Status(t.Context())
				up()
				require.NoError(t, err)
				require.Equal(t, c.phase, s.Phase)
				require.Equal(t, c.leader, s.Leader)
				if c.note == "" {
					require.Empty(t, s.Note)
				}
				require.Contains(t, s.Note, c.note)
				require.Equal(t, c.leader != "", len(s.Processes) > 0, "the fleet is seen where the leader is")
				for _, mark := range s.Marks {
					require.Equal(t, mark.Store == c.down, mark.Err != nil, mark.Store)
					require.Equal(t, mark.Store == c.down, mark.State == 0, mark.Store)
				}
				require.NoError(t, p.Close(context.Background()))
			})
		})
	}
}

// TestStatusFails only where not even the phase can be seen.
func TestStatusFails(t *testing.T) {
	w := newMemoryWorld(t, faultstore.New())
	w.to(t, store.Validate)
	op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), nil)
	require.NoError(t, err)
	up := w.faults.On(func(c faultstore.Call) bool { return c.Store == "mysql" }, faultstore.Before)
	_, err = op.Status(t.Context())
	require.ErrorContains(t, err, "DynamoDB does not lead, and MySQL's record can't be read")
	up()
	_, err = op.Status(t.Context())
	require.NoError(t, err)
}

// TestStatusBetween: a driver that died after one store was given away and before
// the other was opened leaves a group that nobody leads. Status shows where both
// stand, and the way out that it names is one.
func TestStatusBetween(t *testing.T) {
	for _, from := range []store.Phase{store.Validate, store.DynamoDBPrimary} {
		t.Run(from.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				p := w.lead(t, from)
				p.verified(t)
				require.NoError(t, p.Close(context.Background()))
				to, opened := w.killedBeforeOpening(t, from)

				op := w.operator(t)
				s, err := op.Status(t.Context())
				require.NoError(t, err)
				require.Empty(t, s.Leader)
				require.Equal(t, to, s.Next)
				require.Contains(t, s.Note, "stands between; a process of the service finishes it, or `migrationctl phase set")
				for _, mark := range s.Marks {
					require.NoError(t, mark.Err)
					require.Equal(t, mark.Store != opened, mark.Epoch == s.Epoch, "the store that gave away is ahead")
				}
				require.NoError(t, op.SetPhase(t.Context(), s.Next, migrationctl.Change{}))
				s, err = op.Status(t.Context())
				require.NoError(t, err)
				require.Equal(t, to, s.Phase)
				require.Equal(t, opened, s.Leader)
				require.Empty(t, s.Note)
				require.Zero(t, s.Next)
			})
		})
	}
}

// killedBeforeOpening makes a step whose driver dies before the last call, and
// returns the phase it was for and the store that was to be opened.
func (w *world) killedBeforeOpening(t testing.TB, from store.Phase) (to store.Phase, opened string) {
	t.Helper()
	to, opened = store.DynamoDBPrimary, "dynamodb"
	gives := store.Control(w.mysql)
	if from == to {
		to, opened, gives = store.Validate, "mysql", w.dynamo
	}
	dead := faultstore.New()
	dead.On(func(c faultstore.Call) bool {
		record, err := gives.Phase(context.Background())
		return err == nil && record.State == store.GivenAway && c.Store == opened && c.Method == "Advance"
	}, faultstore.Crash)
	op, err := migrationctl.NewOperator(dead.Store(w.mysql), dead.Store(w.dynamo).(migrationctl.DynamoDB), leading())
	require.NoError(t, err)
	require.Error(t, op.SetPhase(t.Context(), to, migrationctl.Change{}))
	return to, opened
}

// TestPastAfterHandoff: each store keeps the runs and the audit of its own time
// of leading. After a hand-off all of it is seen, in the order in which it was.
func TestPastAfterHandoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.Validate)
		p.verified(t)
		for _, to := range []store.Phase{4, 3, 4} {
			time.Sleep(time.Minute)
			p.step(t, to)
			s, err := p.Status(t.Context())
			require.NoError(t, err)
			require.Equal(t, to.DynamoDBLeads(), s.Leader == "dynamodb")
			for _, runs := range [][]migrationctl.RunStatus{s.Backfill, s.Verify} {
				require.Len(t, runs, len(w.contract.Entities))
				require.True(t, runs[0].Done)
				require.False(t, runs[0].Void)
				require.Equal(t, "mysql", runs[0].Store)
			}
		}
		_, err := p.Verify(t.Context(), migrationctl.VerifyOptions{})
		require.NoError(t, err)
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, "dynamodb", s.Verify[0].Store, "the leader's first")
		require.Len(t, s.Verify, 2*len(w.contract.Entities))

		audit, err := p.Audit(t.Context(), 100)
		require.NoError(t, err)
		require.Equal(t, []string{"capture on", "phase set", "phase set",
			"hand-off begun", "phase set", "authority taken", "hand-off begun", "phase set", "authority taken",
			"hand-off begun", "phase set", "authority taken"}, actionsOf(audit))
		newest, err := p.Audit(t.Context(), 4)
		require.NoError(t, err)
		require.Equal(t, audit[:4], newest)
		require.NoError(t, p.Close(context.Background()))
	})
}

// actionsOf lists the actions of an audit, the oldest first.
func actionsOf(audit []store.AuditEntry) []string {
	var actions []string
	for i := len(audit) - 1; i >= 0; i-- {
		actions = append(actions, audit[i].Action)
	}
	return actions
}

// TestAuditOfOneStore: where one store can't be read the other's entries are
// returned with an error that names it.
func TestAuditOfOneStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		all, err := p.Audit(t.Context(), 100)
		require.NoError(t, err)
		parts := 0
		for _, down := range []string{"mysql", "dynamodb"} {
			up := w.faults.On(func(c faultstore.Call) bool { return c.Store == down }, faultstore.Before)
			part, err := p.Audit(t.Context(), 100)
			up()
			var unread *migrationctl.UnreadError
			require.ErrorAs(t, err, &unread)
			require.Equal(t, down, unread.Store)
			require.ErrorIs(t, err, store.ErrUnavailable)
			require.NotEmpty(t, part)
			parts += len(part)
		}
		require.Equal(t, len(all), parts)
		up := w.faults.On(func(faultstore.Call) bool { return true }, faultstore.Before)
		part, err := p.Audit(t.Context(), 100)
		up()
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.Empty(t, part)
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestAuditInBothStores: an entry that both stores have is one entry.
func TestAuditInBothStores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		for _, s := range []store.Control{w.mysql, w.dynamo} {
			require.NoError(t, s.AppendAudit(t.Context(), store.AuditEntry{Who: "ann", Action: "looked"}))
		}
		require.NoError(t, w.dynamo.AppendAudit(t.Context(), store.AuditEntry{Who: "ben", Action: "looked"}))
		audit, err := w.operator(t).Audit(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, audit, 2)
	})
}
