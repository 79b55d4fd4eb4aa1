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
			check{"a fresh store", initFresh},
			check{"again", initAgain},
			check{"by two processes", initAtOnce},
		),
		ruled(ruleAdvance,
			check{"what is stored", advanceStores},
			check{"from another epoch", advanceFromAnother},
			check{"to another epoch than the next", advanceToAnother},
			check{"by several at once", advanceAtOnce},
			check{"with a context that is over", advanceContextIsOver},
			check{"while a writer does not end", advanceGivesUp},
		),
		ledgerCases(),
	)
}

// initFresh: a service that starts without init must hear of it, not find out at its
// first write.
func initFresh(e *env) {
	require.Error(e, e.Control.Ready(e.ctx), "a store that was not set up is not ready")
	e.start()
	require.NoError(e, e.Control.Ready(e.ctx))
	p := e.phase()
	require.Equal(e, store.MySQLOnly, p.Phase)
	require.False(e, p.Capture)
	require.EqualValues(e, store.FirstEpoch, p.Epoch)
	require.Zero(e, p.CaptureEpoch)
	require.Equal(e, e.Authority.Contract().Group, p.Group)
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
	require.EqualValues(e, store.FirstEpoch, e.phase().Epoch)
}

// advanceStores: other processes see what was written, field by field.
func advanceStores(e *env) {
	e.start()
	for _, to := range []store.PhaseRecord{
		{Phase: store.MySQLOnly, Capture: true, CaptureEpoch: 2, FollowerEmpty: true, Contract: "digest"},
		{Phase: store.DualWrite, Capture: true, CaptureEpoch: 2, FollowerEmpty: true},
		{Phase: store.Validate, Capture: true, CaptureEpoch: 2},
		{Phase: store.DualWrite, Capture: true, CaptureEpoch: 2},
		{Phase: store.MySQLOnly},
	} {
		from := e.phase()
		to.Group, to.Epoch = from.Group, from.Epoch+1
		require.NoError(e, e.Control.Advance(e.ctx, from.Epoch, to, entry))
		got, err := e.other().Control.Phase(e.ctx)
		require.NoError(e, err)
		require.False(e, got.ChangedAt.IsZero())
		to.ChangedAt = got.ChangedAt
		require.Equal(e, to, got)
	}
}

// refused tries an Advance and requires that it changes nothing.
func (e *env) refused(from uint64, to store.PhaseRecord, kind error) {
	e.Helper()
	before, audit := e.phase(), e.audit(100)
	e.unchanged(func() { e.requireError(e.Control.Advance(e.ctx, from, to, entry), kind) })
	require.Equal(e, before, e.phase())
	require.Equal(e, audit, e.audit(100), "what did not happen is not in the audit")
	e.write(e.replace(e.user(1)))
}

// advanceFromAnother: two operators look, and both act; the second must not act on
// what the first has changed.
func advanceFromAnother(e *env) {
	e.start()
	e.capture()
	e.advance(true)
	p := e.phase()
	for _, from := range []uint64{0, p.Epoch - 1, p.Epoch + 1} {
		to := p
		to.Epoch = from + 1
		e.refused(from, to, store.ErrConflict)
	}
}

// advanceToAnother: an epoch that is left out or used again belongs to somebody.
func advanceToAnother(e *env) {
	e.start()
	e.capture()
	p := e.phase()
	for _, epoch := range []uint64{0, p.Epoch - 1, p.Epoch, p.Epoch + 2} {
		to := p
		to.Epoch = epoch
		e.refused(p.Epoch, to, store.ErrInvalid)
	}
}

// advanceAtOnce: of several that act at one moment one succeeds, and is audited.
func advanceAtOnce(e *env) {
	e.start()
	handles := []Subject{e.Subject, e.other()}
	from := e.phase()
	var won atomic.Int64
	for _, err := range together(6, func(i int) error {
		err := handles[i%2].Control.Advance(e.ctx, from.Epoch, next(from, true), entry)
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

// advanceContextIsOver: an operator who pressed Ctrl-C has changed nothing.
func advanceContextIsOver(e *env) {
	e.start()
	before := e.phase()
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	require.ErrorIs(e, e.Control.Advance(ctx, before.Epoch, next(before, true), entry), context.Canceled)
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
	err := e.other().Control.Advance(ctx, before.Epoch, next(before, true), entry)
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
