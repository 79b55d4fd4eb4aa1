package storetest

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/crossfade-go/crossfade/dal/store"
)

var controlFaults = []fault{
	{name: "a store is always ready", breaks: cases(ruleInit, "a fresh store"),
		in: func(b *broken) { b.ready = func(context.Context) error { return nil } }},
	{name: "Init begins anew", breaks: cases(ruleInit, "again"),
		in: func(b *broken) {
			b.init = func(ctx context.Context) error {
				if p, _ := b.Store.Phase(ctx); p.Capture {
					return b.Store.Advance(ctx, p, next(p, false), entry)
				}
				return b.Store.Init(ctx)
			}
		}},
	{name: "a second Init fails", breaks: cases(ruleInit, "by two processes"),
		in: func(b *broken) {
			b.init = func(ctx context.Context) error {
				if b.Store.Ready(ctx) == nil {
					return &store.Error{Op: "init", Kind: store.ErrExists, Outcome: store.NotApplied}
				}
				return b.Store.Init(ctx)
			}
		}},
	{name: "Advance stores part of the record", breaks: cases(ruleAdvance, "what is stored"),
		in: func(b *broken) {
			b.advance = func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
				to.FollowerEmpty = false
				return b.Store.Advance(ctx, from, to, a)
			}
		}},
	{name: "Advance has no condition", breaks: cases(ruleAdvance, "from another revision", "by several at once"),
		in: func(b *broken) {
			b.advance = func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				p, err := b.Store.Phase(ctx)
				if err != nil {
					return err
				}
				to.Epoch = p.Epoch + 1
				return b.Store.Advance(ctx, p, to, a)
			}
		}},
	{name: "Advance compares the epoch", breaks: cases(ruleAdvance, "from another revision"),
		in: func(b *broken) {
			b.advance = func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
				if p, _ := b.Store.Phase(ctx); p.Epoch == from.Epoch {
					from = p
				}
				return b.Store.Advance(ctx, from, to, a)
			}
		}},
	{name: "Advance takes any mark", breaks: cases(ruleAdvance, "to a mark that can't follow"),
		in: func(b *broken) {
			b.advance = func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
				if store.CheckAdvance(from, to) != nil {
					to = next(from, from.Capture)
				}
				return b.Store.Advance(ctx, from, to, a)
			}
		}},
	{name: "Advance believes what it is told of the mark", breaks: cases(ruleAdvance, "to a mark that can't follow"),
		in: func(b *broken) {
			b.advance = func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
				if p, _ := b.Store.Phase(ctx); store.CheckAdvance(from, to) == nil && store.CheckAdvance(p, to) != nil {
					return nil
				}
				return b.Store.Advance(ctx, from, to, a)
			}
		}},
	{name: "an entry without action is written", breaks: cases(ruleAdvance, "without an entry"),
		in: func(b *broken) {
			b.advance = func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
				err := b.Store.Advance(ctx, from, to, a)
				if err == nil && a.Action == "" {
					return b.Store.AppendAudit(ctx, a)
				}
				return err
			}
		}},
	{name: "Advance goes on without its caller", breaks: cases(ruleAdvance, "with a context that is over"),
		in: func(b *broken) {
			b.advance = func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
				return b.Store.Advance(context.WithoutCancel(ctx), from, to, a)
			}
		}},
	{name: "Advance gives up after it has changed the record", breaks: cases(ruleAdvance, "while a writer does not end"), in: advanceHalfway},

	{name: "a process is registered again and again", breaks: cases(ruleLedger, "registrations"),
		in: func(b *broken) {
			b.registrations = func(ctx context.Context) ([]store.Registration, error) {
				all, err := b.Store.Registrations(ctx)
				return append(all, all...), err
			}
		}},
	{name: "what a process says of its follower is forgotten", breaks: cases(ruleLedger, "registrations"),
		in: func(b *broken) {
			b.registrations = func(ctx context.Context) ([]store.Registration, error) {
				all, err := b.Store.Registrations(ctx)
				for i := range all {
					all[i].Away = false
				}
				return all, err
			}
		}},
	{name: "one progress for all entities", breaks: cases(ruleLedger, "progress"),
		in: func(b *broken) {
			b.progress = func(ctx context.Context, p store.Progress) error {
				p.Entity = "Users"
				return b.Store.SaveProgress(ctx, p)
			}
		}},
	{name: "dead letters are counted by the page", breaks: cases(ruleLedger, "dead letters"),
		in: func(b *broken) {
			b.deadLetters = func(ctx context.Context, limit int) ([]store.DeadLetter, int64, error) {
				some, _, err := b.Store.DeadLetters(ctx, limit)
				return some, int64(len(some)), err
			}
		}},
	{name: "the audit begins with the oldest", breaks: cases(ruleLedger, "audit"),
		in: func(b *broken) {
			b.audited = func(ctx context.Context, limit int) ([]store.AuditEntry, error) {
				all, err := b.Store.Audit(ctx, limit)
				slices.Reverse(all)
				return all, err
			}
		}},
	{name: "Advance leaves no audit entry", breaks: cases(ruleLedger, "audit of an Advance"),
		in: func(b *broken) {
			b.audited = func(ctx context.Context, limit int) ([]store.AuditEntry, error) {
				all, err := b.Store.Audit(ctx, limit)
				return slices.DeleteFunc(all, func(a store.AuditEntry) bool { return a.Action == entry.Action }), err
			}
		}},
	{name: "an audit entry takes another's place", breaks: cases(ruleLedger, "audit by several at once"),
		in: func(b *broken) {
			var n atomic.Int64
			b.audit = func(ctx context.Context, a store.AuditEntry) error {
				if n.Add(1)%5 == 0 {
					return nil
				}
				return b.Store.AppendAudit(ctx, a)
			}
		}},
}

// advanceHalfway fails with its context if a writer is under way, but the
// epoch has changed.
func advanceHalfway(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		b.locked(func() { b.seen["writing"] = true })
		defer b.locked(func() { b.seen["writing"] = false })
		return b.Store.Write(ctx, at, w)
	}
	b.advance = func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
		err := b.Store.Advance(ctx, from, to, a)
		writing := false
		b.locked(func() { writing = b.seen["writing"] })
		if err == nil && writing {
			<-ctx.Done()
			err = &store.Error{Op: "advance", Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: ctx.Err()}
		}
		return err
	}
}
