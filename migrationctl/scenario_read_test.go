package migrationctl_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// mismatches collects what the comparison of phase 3 found.
type mismatches struct {
	mu    sync.Mutex
	found []dal.MismatchEvent
}

func (m *mismatches) OnMismatch(e dal.MismatchEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.found = append(m.found, e)
}

func (m *mismatches) all() []dal.MismatchEvent {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]dal.MismatchEvent(nil), m.found...)
}

// settled waits until n reads were compared or given up.
func settled(t *testing.T, p *process, n int64) dal.Stats {
	t.Helper()
	require.Eventually(t, func() bool {
		s := p.Stats()
		return s.Compared+s.Unsettled+s.Failed+s.Dropped >= n
	}, 20*time.Second, 5*time.Millisecond)
	return p.Stats()
}

// TestScenario35Comparison: equal data gives no mismatch, also while writes go
// on; a difference is read again, counted, and named by key and column; a slow
// or failing follower changes neither the answer nor its latency.
func TestScenario35Comparison(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.outside(t, user(1), user(2), user(3))
		w.to(t, store.Validate)
		seen := &mismatches{}
		p := w.open(t, &migrationctl.Options{Hooks: []dal.Hook{seen}})

		t.Run("equal", func(t *testing.T) {
			for range 20 {
				require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
				_, err := p.users.Get(t.Context(), p.users.Key(1))
				require.NoError(t, err)
			}
			_, err := p.users.GetMany(t.Context(), []dal.Key{p.users.Key(1), p.users.Key(2), p.users.Key(9)})
			require.NoError(t, err)
			_, err = p.users.Page(t.Context(), dal.Index("UsernameIndex").Equal("user2"), "", 10)
			require.NoError(t, err)
			s := settled(t, p, 24)
			require.Zero(t, s.Mismatches, "%+v", seen.all())
			require.Zero(t, s.Failed)
		})

		t.Run("different", func(t *testing.T) {
			w.corrupt(t, 2, "email", "wrong@example.com")
			before := p.Stats()
			got, err := p.users.Get(t.Context(), p.users.Key(2))
			require.NoError(t, err)
			require.Equal(t, user(2).Email, got.Email, "MySQL answers")
			s := settled(t, p, before.Compared+before.Unsettled+before.Failed+1)
			require.Equal(t, int64(1), s.Mismatches)
			found := seen.all()
			require.Len(t, found, 1)
			require.Equal(t, w.key(t, 2), found[0].Comparison.Key)
			require.Equal(t, []string{"email"}, found[0].Comparison.Columns)
		})

		t.Run("failing", func(t *testing.T) {
			defer w.faults.On(func(c faultstore.Call) bool { return c.Store == "dynamodb" }, faultstore.Lost)()
			before := p.Stats()
			got, err := p.users.Get(t.Context(), p.users.Key(1))
			require.NoError(t, err)
			require.Equal(t, 20, got.Profile.Count)
			s := settled(t, p, before.Compared+before.Unsettled+before.Failed+1)
			require.Equal(t, before.Mismatches, s.Mismatches, "no answer is no mismatch")
		})

		t.Run("hanging", func(t *testing.T) {
			hang := w.faults.StallOn(func(c faultstore.Call) bool { return c.Store == "dynamodb" })
			defer hang.Release()
			// More reads than the queue and the workers take: none waits.
			for range 1500 {
				_, err := p.users.GetMany(t.Context(), nil)
				require.NoError(t, err)
			}
			for range 50 {
				_, err := p.users.Get(t.Context(), p.users.Key(3))
				require.NoError(t, err)
			}
			<-hang.Reached()
		})
	})
}

// corrupt changes a column of a follower's record behind everybody's back, at
// the version it has.
func (w *world) corrupt(t *testing.T, id int64, column, text string) {
	t.Helper()
	row := w.row(t, w.dynamo, id)
	require.True(t, row.Live)
	rec := row.Record.Clone()
	require.NoError(t, rec.Set(column, transform.TextValue(text)))
	// The follower refuses an equal version, so both sides move on by one.
	require.NoError(t, w.mysql.Bump(t.Context(), []transform.Key{row.Key}))
	now := w.row(t, w.mysql, id)
	applied, err := w.dynamo.Put(t.Context(), store.At{}, store.Row{Key: row.Key, Version: now.Version, Live: true, Record: rec})
	require.NoError(t, err)
	require.True(t, applied)
	require.NoError(t, w.mysql.Clean(t.Context(), change(row.Key, now.Version)))
}

// brokenFollower is a follower that is there and wrong, or away.
type brokenFollower struct {
	migrationctl.DynamoDB
	err error
}

func (b brokenFollower) Check(context.Context) error { return b.err }

// TestScenario45WrongFollowerAtStart: a follower that is there and wrong is an
// error at start, not at the first write; one that is away is not.
func TestScenario45WrongFollowerAtStart(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		wrong := brokenFollower{w.dynamo, &store.Error{Op: "check", Kind: store.ErrInvalid, Detail: "table Users is not there"}}
		away := brokenFollower{w.dynamo, &store.Error{Op: "check", Kind: store.ErrUnavailable, Cause: errors.New("refused")}}

		w.to(t, store.MySQLOnly)
		op, err := migrationctl.NewOperator(w.mysql, wrong, nil)
		require.NoError(t, err)
		var refused *migrationctl.RefusedError
		require.ErrorAs(t, op.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}), &refused)
		require.ErrorContains(t, refused, "table Users is not there")

		w.to(t, store.DualWrite)
		_, err = migrationctl.Open(t.Context(), w.mysql, wrong, nil)
		require.ErrorContains(t, err, "table Users is not there")
		fleet, err := w.mysql.Registrations(t.Context())
		require.NoError(t, err)
		require.Empty(t, fleet, "a process that did not start is not in the fleet")

		ctl, err := migrationctl.Open(t.Context(), w.mysql, away, nil)
		require.NoError(t, err, "a service must start while its follower is down")
		require.NoError(t, ctl.Close(t.Context()))
	})
}
