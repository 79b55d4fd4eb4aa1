package storetest

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func ledgerCases() []testCase {
	return ruled(ruleLedger,
		check{name: "registrations", run: registrations},
		check{name: "progress", run: progress},
		check{name: "dead letters", run: deadLetters},
		check{name: "audit", run: auditAppends},
		check{name: "audit of an Advance", run: auditOfAdvance},
		check{name: "audit by several at once", run: auditAtOnce},
	)
}

func (e *env) registered() map[string]store.Registration {
	all, err := e.other().Control.Registrations(e.ctx)
	require.NoError(e, err)
	byName := map[string]store.Registration{}
	for _, r := range all {
		require.GreaterOrEqual(e, r.Age, time.Duration(0))
		require.Less(e, r.Age, caseTime)
		r.Age = 0
		r.Started = r.Started.UTC()
		byName[r.Process] = r
	}
	require.Len(e, byName, len(all), "a process is registered once")
	return byName
}

// registrations: a step asks here who has to obey it.
func registrations(e *env) {
	e.start()
	require.Empty(e, e.registered())
	a := store.Registration{Process: "a", Host: "host-1", Epoch: 1, Started: time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC),
		Reads: store.ReadCounts{Compared: 1 << 40, Mismatches: 2, Matched: 30, Fallbacks: 4, Quiet: 5 * time.Millisecond}, Away: true}
	b := store.Registration{Process: "b", Host: "host-2", Epoch: 1, Started: a.Started.Add(time.Hour)}
	for _, r := range []store.Registration{a, b, a} {
		p, err := e.Control.Register(e.ctx, r)
		require.NoError(e, err)
		require.Equal(e, e.phase(), p, "who registers learns the phase")
	}
	require.Equal(e, map[string]store.Registration{"a": a, "b": b}, e.registered())
	e.capture()
	a.Epoch, a.Reads, a.Away = e.at.Epoch, store.ReadCounts{Compared: 1 << 41}, false
	p, err := e.other().Control.Register(e.ctx, a)
	require.NoError(e, err)
	require.Equal(e, e.phase(), p)
	require.Equal(e, map[string]store.Registration{"a": a, "b": b}, e.registered(), "a renewal replaces the entry")
	require.NoError(e, e.Control.Deregister(e.ctx, "b"))
	require.NoError(e, e.Control.Deregister(e.ctx, "b"), "twice is no error")
	require.Equal(e, map[string]store.Registration{"a": a}, e.registered())
}

func (e *env) progressOf(name string) map[string]store.Progress {
	all, err := e.other().Control.Progress(e.ctx, name)
	require.NoError(e, err)
	byEntity := map[string]store.Progress{}
	for _, p := range all {
		require.False(e, p.UpdatedAt.IsZero())
		p.UpdatedAt = time.Time{}
		byEntity[p.Entity] = p
	}
	require.Len(e, byEntity, len(all), "one per entity")
	return byEntity
}

// progress: a run that was stopped goes on from here, in whatever process.
func progress(e *env) {
	e.start()
	require.Empty(e, e.progressOf("backfill"))
	users := store.Progress{Name: "backfill", Entity: "Users", CaptureEpoch: 2, Position: "{\"id\":7} 日本語 '", Rows: 1000}
	visits := store.Progress{Name: "backfill", Entity: "Visits", CaptureEpoch: 2, Position: strings.Repeat("x", 3000)}
	verify := store.Progress{Name: "verify", Entity: "Users", CaptureEpoch: 2, Done: true, Rows: 5, Detail: `{"different":0}`}
	for _, p := range []store.Progress{users, visits, verify} {
		require.NoError(e, e.Control.SaveProgress(e.ctx, p))
	}
	require.Equal(e, map[string]store.Progress{"Users": users, "Visits": visits}, e.progressOf("backfill"))
	require.Equal(e, map[string]store.Progress{"Users": verify}, e.progressOf("verify"))
	users = store.Progress{Name: "backfill", Entity: "Users", CaptureEpoch: 5, Done: true, Rows: 2000, Detail: "{}"}
	require.NoError(e, e.other().Control.SaveProgress(e.ctx, users))
	require.Equal(e, map[string]store.Progress{"Users": users, "Visits": visits}, e.progressOf("backfill"))
	require.Empty(e, e.progressOf("repair"))
}

func (e *env) lettersByID(limit int) (map[string]store.DeadLetter, int64) {
	some, total, err := e.other().Control.DeadLetters(e.ctx, limit)
	require.NoError(e, err)
	require.LessOrEqual(e, len(some), limit)
	byID := map[string]store.DeadLetter{}
	for _, d := range some {
		require.False(e, d.At.IsZero())
		d.At = time.Time{}
		byID[d.Entity+" "+d.ID] = d
	}
	require.Len(e, byID, len(some), "one per key")
	return byID, total
}

// deadLetters: a record that could not be converted is never skipped in silence.
func deadLetters(e *env) {
	e.start()
	a, b, c := e.key(e.user(1)), e.key(e.visit("日本語 '", -1)), e.key(e.user(3))
	letter := func(key transform.Key, v store.Version, reason string) store.DeadLetter {
		return store.DeadLetter{Entity: key.Entity, ID: key.ID, Version: v, Reason: reason}
	}
	for i, key := range []transform.Key{a, b, c} {
		require.NoError(e, e.Control.SaveDeadLetter(e.ctx, key, store.Floor(2)+store.Version(i), "column note: too long"))
	}
	require.NoError(e, e.other().Control.SaveDeadLetter(e.ctx, a, store.Floor(3), "column email: empty"))
	got, total := e.lettersByID(10)
	require.EqualValues(e, 3, total)
	require.Equal(e, map[string]store.DeadLetter{
		a.Entity + " " + a.ID: letter(a, store.Floor(3), "column email: empty"),
		b.Entity + " " + b.ID: letter(b, store.Floor(2)+1, "column note: too long"),
		c.Entity + " " + c.ID: letter(c, store.Floor(2)+2, "column note: too long"),
	}, got)
	got, total = e.lettersByID(2)
	require.Len(e, got, 2)
	require.EqualValues(e, 3, total, "the count is of all of them")
	for range 2 {
		require.NoError(e, e.Control.DropDeadLetter(e.ctx, a), "twice is no error")
	}
	got, total = e.lettersByID(10)
	require.EqualValues(e, 2, total)
	require.NotContains(e, got, a.Entity+" "+a.ID)
}

// auditAppends: the audit says who, what, when and why, and keeps its order.
func auditAppends(e *env) {
	e.start()
	require.Empty(e, e.audit(10))
	var want []string
	for i := range 12 {
		e.appendAudit(numbered(i))
		want = append([]string{numbered(i)}, want...)
	}
	all := e.audit(100)
	require.Equal(e, want, actions(all), "the newest comes first")
	require.Equal(e, want[:5], actions(e.audit(5)))
	got := all[len(all)-1]
	require.False(e, got.At.IsZero())
	got.At, got.Action = time.Time{}, entry.Action
	require.Equal(e, entry, got)
}

// auditOfAdvance: the entry is written with the phase, so none is without the other.
func auditOfAdvance(e *env) {
	e.start()
	e.appendAudit("before")
	e.capture()
	e.appendAudit("after")
	require.Equal(e, []string{"after", entry.Action, "before"}, actions(e.audit(10)))
}

// auditAtOnce: no entry takes another's place.
func auditAtOnce(e *env) {
	e.start()
	handles := []Subject{e.Subject, e.other()}
	var want []string
	for i := range 20 {
		want = append(want, numbered(i))
	}
	for _, err := range together(4, func(g int) error {
		for i := g; i < len(want); i += 4 {
			a := entry
			a.Action = want[i]
			if err := handles[g%2].Control.AppendAudit(e.ctx, a); err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(e, err)
	}
	require.ElementsMatch(e, want, actions(e.audit(100)))
}
