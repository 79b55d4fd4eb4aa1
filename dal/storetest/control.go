package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

func controlCases() []testCase {
	return slices.Concat(
		ruled(ruleInit,
			check{name: "a fresh store", run: initFresh},
			check{name: "again", run: initAgain},
			check{name: "by two processes", run: initAtOnce},
		),
		ruled(ruleAdvance,
			check{name: "what is stored", run: advanceStores},
			check{name: "from another revision", run: advanceFromAnother},
			check{name: "to a mark that can't follow", run: advanceToAnother},
			check{name: "by several at once", run: advanceAtOnce},
			check{name: "without an entry", run: advanceUnaudited},
			check{name: "with a context that is over", run: advanceContextIsOver},
			withFence("while a writer does not end", advanceGivesUp),
		),
		ledgerCases(),
	)
}

// initFresh: a service that starts without init must hear of it, not find out at its
// first write.
func initFresh(e *env) {
	require.Error(e, e.Control.Ready(e.ctx), "a store that was not set up is not ready")
	require.NoError(e, e.Control.Init(e.ctx))
	require.NoError(e, e.Control.Ready(e.ctx))
	p := e.phase()
	want := store.PhaseRecord{Group: e.Authority.Contract().Group, Phase: store.MySQLOnly, State: store.Open,
		Epoch: store.FirstEpoch, Revision: 1, ChangedAt: p.ChangedAt}
	if e.leased() {
		want.State, want.Epoch = store.GivenAway, 0
	}
	require.Equal(e, want, p)
	require.Empty(e, e.state())
	require.NotEmpty(e, e.Authority.Name())
}

// initAgain: an operator types init once more; no epoch and no version begins again.
func initAgain(e *env) {
	e.start()
	e.capture()
	e.fill(e.user(1))
	before := e.phase()
	e.unchanged(func() { require.NoError(e, e.other().Control.Init(e.ctx)) })
	require.Equal(e, before, e.phase())
	e.grows(e.key(e.user(1)), func() { e.write(e.replace(e.user(1))) })
}

// initAtOnce: two operators, or a deployment with two replicas.
func initAtOnce(e *env) {
	handles := []Subject{e.Subject, e.other()}
	for _, err := range together(4, func(i int) error { return handles[i%2].Control.Init(e.ctx) }) {
		require.NoError(e, err)
	}
	require.NoError(e, e.Control.Ready(e.ctx))
	require.EqualValues(e, 1, e.phase().Revision)
}

// advanceStores: other processes see what was written, field by field, through
// every mark there is.
func advanceStores(e *env) {
	e.start()
	for _, to := range []store.PhaseRecord{
		{State: store.Open, Phase: store.MySQLOnly, Capture: true, CaptureEpoch: 2, FollowerEmpty: true, Contract: "digest"},
		{State: store.Open, Phase: store.DualWrite, Capture: true, CaptureEpoch: 2, FollowerEmpty: true},
		{State: store.Open, Phase: store.Validate, Capture: true, CaptureEpoch: 2},
		{State: store.Closed, Phase: store.Validate, Next: store.DynamoDBPrimary, NextCapture: true, Driver: "first"},
		{State: store.Closed, Phase: store.Validate, Next: store.DynamoDBPrimary, Driver: "second"},
		{State: store.Open, Phase: store.Validate},
		{State: store.Closed, Phase: store.Validate, Next: store.DynamoDBPrimary, Driver: "third"},
		{State: store.GivenAway, Phase: store.DynamoDBPrimary, Capture: true},
		{State: store.GivenAway, Phase: store.DynamoDBOnly},
		{State: store.Sealed, Phase: store.DynamoDBPrimary, Next: store.Validate, Driver: "fourth"},
		{State: store.Open, Phase: store.Validate, Capture: true},
		{State: store.Open, Phase: store.MySQLOnly},
	} {
		from := e.phase()
		to.Group, to.Epoch, to.Revision = from.Group, from.Epoch, from.Revision+1
		if to.State == store.Open && from.State != store.Closed || to.State == store.GivenAway {
			to.Epoch++
		}
		given := to
		given.Revision, given.Group = 0, "" // are the store's own
		require.NoError(e, e.Control.Advance(e.ctx, from, given, entry))
		got, err := e.other().Control.Phase(e.ctx)
		require.NoError(e, err)
		require.False(e, got.ChangedAt.IsZero())
		to.ChangedAt = got.ChangedAt
		require.Equal(e, to, got)
	}
}

// refused tries an Advance and requires that it changes nothing.
func (e *env) refused(from, to store.PhaseRecord, kind error) {
	e.Helper()
	before, audit := e.phase(), e.audit(100)
	e.unchanged(func() { e.requireError(e.Control.Advance(e.ctx, from, to, entry), kind) })
	require.Equal(e, before, e.phase())
	require.Equal(e, audit, e.audit(100), "what did not happen is not in the audit")
	e.write(e.replace(e.user(1)))
}

// advanceFromAnother: two operators look, and both act; the second must not act on
// what the first has changed, even if it looks the same again.
func advanceFromAnother(e *env) {
	e.start()
	e.capture()
	p := e.phase()
	e.mark(store.Closed)
	closed := e.phase()
	second := closed
	second.State = store.Open
	require.NoError(e, e.other().Control.Advance(e.ctx, closed, second, quiet))
	same := p
	same.Revision, same.ChangedAt = e.phase().Revision, e.phase().ChangedAt
	require.Equal(e, same, e.phase())
	for _, revision := range []uint64{0, p.Revision, same.Revision - 1, same.Revision + 1} {
		from := e.phase()
		from.Revision = revision
		e.refused(from, next(from, true), store.ErrConflict)
	}
}

// advanceToAnother: a mark that the hand-off does not know leads out of it. What
// may follow what is for store.CheckAdvance to say.
func advanceToAnother(e *env) {
	e.start()
	e.capture()
	e.advance(true)
	p := e.phase()
	for _, change := range []func(*store.PhaseRecord){
		func(*store.PhaseRecord) {},
		func(r *store.PhaseRecord) { r.Epoch-- },
		func(r *store.PhaseRecord) { r.Epoch += 2 },
		func(r *store.PhaseRecord) { r.Epoch = 0 },
		func(r *store.PhaseRecord) { r.Epoch++; r.Phase = 0 },
		func(r *store.PhaseRecord) { r.Epoch++; r.State = 0 },
		func(r *store.PhaseRecord) { r.Epoch++; r.State = store.Closed },
		func(r *store.PhaseRecord) { r.Epoch++; r.State = store.Sealed },
		func(r *store.PhaseRecord) { r.State = store.GivenAway },
	} {
		to := p
		change(&to)
		e.refused(p, to, store.ErrInvalid)
	}
	// The store goes by the mark it has, not by the one that it is told.
	from, to := p, p
	from.State, to.State = store.Closed, store.Open
	e.refused(from, to, store.ErrInvalid)
}

// advanceAtOnce: of several that act at one moment one succeeds, and is audited.
func advanceAtOnce(e *env) {
	e.start()
	handles := []Subject{e.Subject, e.other()}
	from := e.phase()
	var won atomic.Int64
	for _, err := range together(6, func(i int) error {
		err := handles[i%2].Control.Advance(e.ctx, from, next(from, true), entry)
		if err == nil {
			won.Add(1)
		}
		if errors.Is(err, store.ErrConflict) {
			return nil
		}
		return err
	}) {
		require.NoError(e, err)
	}
	require.EqualValues(e, 1, won.Load(), "one of them succeeds")
	require.Equal(e, from.Epoch+1, e.phase().Epoch)
	require.Len(e, e.audit(100), 1)
}

// advanceUnaudited: a driver that says every half second that it is alive would
// fill the audit.
func advanceUnaudited(e *env) {
	e.start()
	e.mark(store.Closed)
	e.mark(store.Closed)
	e.mark(store.Open)
	require.Empty(e, e.audit(10))
	e.capture()
	require.Len(e, e.audit(10), 1)
}

// advanceContextIsOver: an operator who pressed Ctrl-C has changed nothing.
func advanceContextIsOver(e *env) {
	e.start()
	before := e.phase()
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	require.ErrorIs(e, e.Control.Advance(ctx, before, next(before, true), entry), context.Canceled)
	require.Equal(e, before, e.phase())
	e.write(e.create(e.user(1)))
	require.Empty(e, e.dirty())
}

// advanceGivesUp has a writer that does not end. An Advance that waits for it
// must stop waiting with its context, and leave everything as it was.
func advanceGivesUp(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	before := e.phase()
	h := e.holdUp(rec)
	ctx, cancel := context.WithTimeout(e.ctx, holdTime)
	defer cancel()
	began := time.Now()
	err := e.other().Control.Advance(ctx, before, next(before, true), entry)
	require.Less(e, time.Since(began), caseTime/2, "Advance waits no longer than its context")
	if err == nil {
		e.requireError(h.release(), store.ErrWrongPhase)
		return
	}
	require.Equal(e, before, e.phase())
	require.NoError(e, h.release())
	e.requireLive(e.with(rec, "username", "late"))
	e.advance(true)
	require.Len(e, e.audit(100), 2)
}

// audit returns the newest entries.
func (e *env) audit(limit int) []store.AuditEntry {
	e.Helper()
	all, err := e.other().Control.Audit(e.ctx, limit)
	require.NoError(e, err)
	return all
}

func (e *env) appendAudit(action string) {
	e.Helper()
	a := entry
	a.Action = action
	require.NoError(e, e.Control.AppendAudit(e.ctx, a))
}

func actions(entries []store.AuditEntry) []string {
	all := []string{}
	for _, a := range entries {
		all = append(all, a.Action)
	}
	return all
}

func numbered(n int) string { return fmt.Sprintf("action %d", n) }
