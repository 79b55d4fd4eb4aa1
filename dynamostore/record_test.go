package dynamostore

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// TestInitMakesTheFirstRecord, needs the table, and changes nothing that is there.
func TestInitMakesTheFirstRecord(t *testing.T) {
	srv := dynamotest.Start(t)
	c, err := transform.Load(authorityText)
	require.NoError(t, err)
	s, err := New(srv.Client(), c, &Options{TablePrefix: enginetest.Prefix(t)})
	require.NoError(t, err)
	ctx := t.Context()
	require.ErrorContains(t, s.Init(ctx), "run migrationctl tables apply")
	require.NoError(t, s.Apply(ctx, nil, nil))
	require.ErrorContains(t, s.Ready(ctx), "run migrationctl init")
	_, err = s.Phase(ctx)
	require.ErrorIs(t, err, store.ErrInvalid)
	for range 2 {
		require.NoError(t, s.Init(ctx))
		require.NoError(t, s.Ready(ctx))
		p, err := s.Phase(ctx)
		require.NoError(t, err)
		p.ChangedAt = time.Time{}
		require.Equal(t, store.PhaseRecord{Group: "shop", Phase: store.MySQLOnly, State: store.GivenAway, Revision: 1}, p)
	}
}

// TestRecordComesBackAsStored, every field of it.
func TestRecordComesBackAsStored(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		from, err := d.Phase(d.ctx)
		require.NoError(t, err)
		to := store.PhaseRecord{
			Group: "shop", Phase: store.DynamoDBOnly, Capture: true, Epoch: 2, State: store.Open, Next: store.Validate,
			NextCapture: true, Driver: "p1", CaptureEpoch: 2, FollowerEmpty: true, Contract: "digest",
		}
		require.NoError(t, d.Advance(d.ctx, from, to, store.AuditEntry{}))
		got, err := d.Phase(d.ctx)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), got.ChangedAt, time.Minute)
		to.Revision, to.ChangedAt = from.Revision+1, got.ChangedAt
		require.Equal(t, to, got)
	})
}

// TestAdvanceOfOneRevisionSucceedsOnce, whoever tries it at the same time.
func TestAdvanceOfOneRevisionSucceedsOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		for range 3 {
			from, err := d.Phase(d.ctx)
			require.NoError(t, err)
			var wg sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				to := from
				to.Epoch, to.Driver = from.Epoch+1, fmt.Sprint(i)
				wg.Go(func() { errs[i] = d.Advance(d.ctx, from, to, store.AuditEntry{Who: to.Driver, Action: "test"}) })
			}
			wg.Wait()
			won := -1
			for i, err := range errs {
				if err == nil {
					require.Equal(t, -1, won, "one only")
					won = i
					continue
				}
				requireRefused(t, err, store.ErrConflict, store.NotApplied)
			}
			require.GreaterOrEqual(t, won, 0)
			got, err := d.Phase(d.ctx)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(won), got.Driver)
			audit, err := d.Audit(d.ctx, 1)
			require.NoError(t, err)
			require.Equal(t, got.Driver, audit[0].Who, "the audit tells of what happened, and of nothing else")
		}
		audit, err := d.Audit(d.ctx, 100)
		require.NoError(t, err)
		require.Len(t, audit, 3)
	})
}

// TestAdvanceRefusesWhatCannotFollow and raises the floor with the epoch.
func TestAdvanceRefusesWhatCannotFollow(t *testing.T) {
	d := inProcess(t)
	from, err := d.Phase(d.ctx)
	require.NoError(t, err)
	to := from
	to.State = store.Sealed
	requireRefused(t, d.Advance(d.ctx, from, to, store.AuditEntry{Action: "x"}), store.ErrInvalid, store.NotApplied)
	to = from
	to.Epoch++
	from.Revision += 5
	requireRefused(t, d.Advance(d.ctx, from, to, store.AuditEntry{Action: "x"}), store.ErrConflict, store.NotApplied)
	rec, err := d.readRecord(d.ctx, "test", store.NoWrite)
	require.NoError(t, err)
	require.Equal(t, store.Floor(1), rec.floor)
	audit, err := d.Audit(d.ctx, 10)
	require.NoError(t, err)
	require.Empty(t, audit)
}

// TestAdvanceOfALostReply has certainly been made, and says so.
func TestAdvanceOfALostReply(t *testing.T) {
	for _, entry := range []store.AuditEntry{{}, {Action: "step"}} {
		d := inProcess(t)
		d.srv.Fault(dynamotest.OnOperation("PutItem", "TransactWriteItems").Nth(1).LoseReply())
		d.advance(func(p *store.PhaseRecord) { p.Epoch++; p.Driver = "me" })
		p, err := d.Phase(d.ctx)
		require.NoError(t, err)
		require.Equal(t, "me", p.Driver)
		require.EqualValues(t, 3, p.Revision)
		from := p
		p.Epoch++
		require.NoError(t, d.Advance(d.ctx, from, p, entry))
	}
}

// TestAuditIsInOrder: newest first, also where a writer's clock is behind.
func TestAuditIsInOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		behind := d.with(d.client, Options{Now: func() time.Time { return time.Now().Add(-time.Hour) }})
		for i := range 6 {
			e := store.AuditEntry{Who: "me", Action: fmt.Sprint(i), From: "f", To: "t", Reason: "r", Detail: "d"}
			require.NoError(t, []*desk{d, behind}[i%2].AppendAudit(d.ctx, e))
		}
		all, err := d.Audit(d.ctx, 4)
		require.NoError(t, err)
		require.Len(t, all, 4)
		for i, e := range all {
			require.Equal(t, fmt.Sprint(5-i), e.Action)
			require.Equal(t, "me f t r d", fmt.Sprint(e.Who, " ", e.From, " ", e.To, " ", e.Reason, " ", e.Detail))
		}
		require.WithinDuration(t, time.Now().Add(-time.Hour), all[0].At, time.Minute)
		// Nothing is put in another's place.
		rec := d.newTransaction("test", "")
		require.NoError(t, d.addAudit(d.ctx, rec, store.AuditEntry{Action: "x"}))
		require.NoError(t, d.transactPatiently(d.ctx, rec))
		again := d.newTransaction("test", "")
		again.actions = rec.actions
		var taken *refusal
		require.ErrorAs(t, d.transactPatiently(d.ctx, again), &taken)
	})
}

// TestAgeOfARegistration: what this process has seen bounds what clocks say.
func TestAgeOfARegistration(t *testing.T) {
	d := inProcess(t)
	now := time.Now()
	watcher := d.with(d.client, Options{Now: func() time.Time { return now }})
	age := func() time.Duration {
		all, err := watcher.Registrations(d.ctx)
		require.NoError(t, err)
		require.Len(t, all, 1)
		return all[0].Age
	}
	for name, skew := range map[string]time.Duration{"right": 0, "behind": -time.Hour, "ahead": time.Hour} {
		process := d.with(d.client, Options{Now: func() time.Time { return now.Add(skew) }})
		r := store.Registration{Process: "p", Host: "h", Epoch: 3, Contract: "c", Started: now.UTC()}
		register := func() {
			p, err := process.Register(d.ctx, r)
			require.NoError(t, err)
			require.EqualValues(t, 1, p.Epoch)
		}
		register()
		require.Equal(t, max(0, -skew), age(), name+": for the first time the clocks are all there is")
		now = now.Add(10 * time.Second)
		require.Equal(t, max(0, -skew)+10*time.Second, age(), name)
		now = now.Add(4 * time.Second)
		register()
		now = now.Add(3 * time.Second)
		require.LessOrEqual(t, age(), 7*time.Second, name+": it was not there 7 s ago")
		now = now.Add(2 * time.Second)
		require.GreaterOrEqual(t, age(), 2*time.Second, name+": it was there 2 s ago")
		require.LessOrEqual(t, age(), 9*time.Second, name)
		require.NoError(t, d.Deregister(d.ctx, "p"))
		require.NoError(t, d.Deregister(d.ctx, "p"))
		all, err := watcher.Registrations(d.ctx)
		require.NoError(t, err)
		require.Empty(t, all)
	}
}

// TestLedger: progress and dead letters come back as they were stored, of any key.
func TestLedger(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		p := store.Progress{Name: "backfill", Entity: "Notes", CaptureEpoch: 4, Position: "x#'", Done: true, Rows: 7, Detail: "{}"}
		require.NoError(t, d.SaveProgress(d.ctx, store.Progress{Name: "backfill", Entity: "Notes"}))
		require.NoError(t, d.SaveProgress(d.ctx, p))
		require.NoError(t, d.SaveProgress(d.ctx, store.Progress{Name: "backfill#2", Entity: ""}))
		all, err := d.Progress(d.ctx, "backfill")
		require.NoError(t, err)
		require.Len(t, all, 1)
		p.UpdatedAt = all[0].UpdatedAt
		require.Equal(t, p, all[0])
		require.WithinDuration(t, time.Now(), p.UpdatedAt, time.Minute)

		keys := []transform.Key{{Entity: "Notes", ID: "\xff\x00"}, {Entity: "Notes", ID: "a#b"}, {Entity: "Notes", ID: string(make([]byte, 900))}}
		for i, key := range keys {
			require.NoError(t, d.SaveDeadLetter(d.ctx, key, 1, "old"))
			require.NoError(t, d.SaveDeadLetter(d.ctx, key, store.Floor(3)+store.Version(i), "why"))
		}
		letters, total, err := d.DeadLetters(d.ctx, 2)
		require.NoError(t, err)
		require.Len(t, letters, 2)
		require.EqualValues(t, 3, total)
		letters, _, err = d.DeadLetters(d.ctx, 9)
		require.NoError(t, err)
		for _, l := range letters {
			require.Contains(t, keys, transform.Key{Entity: l.Entity, ID: l.ID})
			require.Equal(t, "why", l.Reason)
			require.GreaterOrEqual(t, l.Version, store.Floor(3))
		}
		for _, key := range keys {
			require.NoError(t, d.DropDeadLetter(d.ctx, key))
			require.NoError(t, d.DropDeadLetter(d.ctx, key))
		}
		_, total, err = d.DeadLetters(d.ctx, 2)
		require.NoError(t, err)
		require.Zero(t, total)
	})
}
