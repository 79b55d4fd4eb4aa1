package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// done runs a command that must succeed, and returns what it printed.
func (w *world) done(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, out, errs := w.call(t.Context(), args...)
	require.Zero(t, code, "%q: %s%s", args, out, errs)
	return out, errs
}

// validated makes a world in phase 3 that may go to phase 4.
func validated(t *testing.T, d *engine.DynamoDB) *world {
	w := newWorld(t, d)
	isolateAWS(t)
	// The contract knows nothing of them, so phase 4 would be refused.
	w.db.MustExec("ALTER TABLE users DROP INDEX username, DROP INDEX email")
	for _, line := range []string{"tables apply --yes", "init", "capture on", "phase set 2", "backfill", "phase set 3", "verify"} {
		w.done(t, strings.Fields(line)...)
	}
	return w
}

// killBetween makes the step to phase 4 with a driver that dies after MySQL was
// given away and before DynamoDB is opened.
func killBetween(t *testing.T, w *world, d *engine.DynamoDB) {
	c, err := transform.LoadFile("testdata/users_full.json")
	require.NoError(t, err)
	m, err := mysqlstore.New(w.db, c, nil)
	require.NoError(t, err)
	dynamo, err := dynamostore.New(d.Client(), c, &dynamostore.Options{TablePrefix: w.vars["PREFIX"]})
	require.NoError(t, err)
	f := faultstore.New()
	f.On(func(call faultstore.Call) bool {
		if call.Store != "dynamodb" || call.Method != "Advance" {
			return false
		}
		record, err := m.Phase(t.Context())
		return err == nil && record.State == store.GivenAway
	}, faultstore.Crash)
	op, err := migrationctl.NewOperator(f.Store(m), f.Store(dynamo).(migrationctl.DynamoDB), nil)
	require.NoError(t, err)
	require.Error(t, op.SetPhase(t.Context(), 4, migrationctl.Change{}))
	record, err := dynamo.Phase(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.GivenAway, record.State)
}

// TestBetween holds that the command line alone, with no process of the service
// there, says where a hand-off stands whose driver died, and finishes it.
func TestBetween(t *testing.T) {
	d := enginetest.DynamoDBEngines(t)[0]
	for _, to := range []string{"4", "3"} {
		t.Run("phase set "+to, func(t *testing.T) {
			w := validated(t, d)
			killBetween(t, w, d)
			out, _ := w.done(t, "status")
			require.Contains(t, out, "a hand-off to phase 4 stands between; a process of the service finishes it, or `migrationctl phase set 4`")
			require.Regexp(t, `(?m)^mysql +given-away, epoch 5$`, out)
			require.Regexp(t, `(?m)^dynamodb +given-away, epoch `, out)
			require.NotContains(t, out, "never", "the runs are seen")
			out, _ = w.done(t, "status", "--json")
			require.Contains(t, out, `"leader": ""`)
			require.Contains(t, out, `"next": 4`)
			out, _ = w.done(t, "audit")
			require.Contains(t, out, "capture on")
			for _, command := range []string{"verify", "drain"} {
				code, _, errs := w.call(t.Context(), command)
				require.Equal(t, exitFound, code)
				require.Contains(t, errs, "migrationctl status says")
			}

			out, _ = w.done(t, "phase", "set", to)
			require.Contains(t, out, "the hand-off that stood between is finished, phase "+to+" is made")
			require.Contains(t, out, "is in phase "+to)
			out, _ = w.done(t, "status")
			require.NotContains(t, out, "note")
			out, _ = w.done(t, "phase", "set", to)
			require.Contains(t, out, "nothing to do")
		})
	}
}

// TestWithoutTheOtherStore: in phase 4, status and audit show what can be seen
// while the follower is down, and say what can't. A DSN that leads nowhere fails
// as ever where MySQL leads.
func TestWithoutTheOtherStore(t *testing.T) {
	w := validated(t, enginetest.DynamoDBEngines(t)[0])
	right, nowhere := w.vars[envMySQL], "root@tcp(127.0.0.1:1)/shop"
	w.vars[envMySQL] = nowhere
	for _, command := range []string{"status", "phase set 4"} {
		code, _, errs := w.call(t.Context(), strings.Fields(command)...)
		require.Equal(t, exitSetup, code, command)
		require.Contains(t, errs, "the database root@tcp(127.0.0.1:1)/shop can't be used")
	}
	w.vars[envMySQL] = right
	prefix := w.vars["PREFIX"]
	w.vars["PREFIX"] = prefix + "none_"
	_, errs := w.done(t, "audit")
	require.Empty(t, errs, "tables that were never made hold no audit")
	w.vars["PREFIX"] = prefix
	w.done(t, "phase", "set", "4")
	out, _ := w.done(t, "status")
	require.Contains(t, out, "while mysql led")
	out, _ = w.done(t, "audit")
	require.Contains(t, out, "capture on")
	require.Contains(t, out, "authority taken")
	require.Less(t, strings.Index(out, "authority taken"), strings.Index(out, "capture on"))

	w.vars[envMySQL] = nowhere
	out, _ = w.done(t, "status")
	require.Contains(t, out, "phase         4 dynamodb-primary")
	require.Contains(t, out, "MySQL can't be read: it may lead already")
	require.Regexp(t, `(?m)^mysql +can't be read: .*connection refused`, out)
	require.Contains(t, out, "0 changes")
	out, errs = w.done(t, "audit")
	require.Contains(t, out, "authority taken")
	require.Contains(t, errs, "mysql's part can't be read")

	w.vars[envMySQL], w.vars[envDynamoDB] = right, "http://127.0.0.1:1"
	code, out, errs := w.call(t.Context(), "status")
	require.Equal(t, exitSetup, code)
	require.Regexp(t, `(?m)^dynamodb +can't be read: `, out)
	require.Contains(t, out, "unknown without a store that leads")
	require.Contains(t, errs, "MySQL has given the authority away, and DynamoDB's record can't be read")
}

// TestNoteOfCapture: that the tables were not seen empty is said where capture
// begins and a backfill to DynamoDB may follow, and nowhere else.
func TestNoteOfCapture(t *testing.T) {
	w := validated(t, enginetest.DynamoDBEngines(t)[0])
	note := func(args ...string) bool {
		_, errs := w.done(t, args...)
		return strings.Contains(errs, "not seen empty")
	}
	for _, to := range []string{"4", "5"} {
		w.done(t, "phase", "set", to, "--force")
		require.False(t, note("capture", "on"), "it is on in phase %s", to)
	}
	w.done(t, "capture", "off")
	require.False(t, note("capture", "on"), "a backfill would go to MySQL")

	w = newWorld(t, enginetest.DynamoDBEngines(t)[0])
	for _, line := range []string{"tables apply --yes", "init", "capture on", "capture off"} {
		require.False(t, note(strings.Fields(line)...), line)
	}
	require.True(t, note("capture", "on"), "they may hold what came before the gap")
	require.False(t, note("capture", "on"))
}
