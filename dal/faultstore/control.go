package faultstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

type controller struct {
	gate gate
	c    store.Control
}

func (c controller) Init(ctx context.Context) error {
	return c.gate.through(ctx, "Init", nil, func() error { return c.c.Init(ctx) })
}

func (c controller) Ready(ctx context.Context) error {
	return c.gate.through(ctx, "Ready", nil, func() error { return c.c.Ready(ctx) })
}

func (c controller) Phase(ctx context.Context) (store.PhaseRecord, error) {
	return pass(ctx, c.gate, "Phase", nil, func() (store.PhaseRecord, error) { return c.c.Phase(ctx) })
}

func (c controller) Advance(ctx context.Context, from, to store.PhaseRecord, entry store.AuditEntry) error {
	return c.gate.through(ctx, "Advance", nil, func() error { return c.c.Advance(ctx, from, to, entry) })
}

func (c controller) Register(ctx context.Context, r store.Registration) (store.PhaseRecord, error) {
	return pass(ctx, c.gate, "Register", nil, func() (store.PhaseRecord, error) { return c.c.Register(ctx, r) })
}

func (c controller) Deregister(ctx context.Context, process string) error {
	return c.gate.through(ctx, "Deregister", nil, func() error { return c.c.Deregister(ctx, process) })
}

func (c controller) Registrations(ctx context.Context) ([]store.Registration, error) {
	return pass(ctx, c.gate, "Registrations", nil, func() ([]store.Registration, error) { return c.c.Registrations(ctx) })
}

func (c controller) Backlog(ctx context.Context) (store.Backlog, error) {
	return pass(ctx, c.gate, "Backlog", nil, func() (store.Backlog, error) { return c.c.Backlog(ctx) })
}

func (c controller) LastID(ctx context.Context, e *transform.Entity) (int64, error) {
	return pass(ctx, c.gate, "LastID", nil, func() (int64, error) { return c.c.LastID(ctx, e) })
}

func (c controller) RaiseID(ctx context.Context, e *transform.Entity, id int64) error {
	return c.gate.through(ctx, "RaiseID", nil, func() error { return c.c.RaiseID(ctx, e, id) })
}

func (c controller) SaveProgress(ctx context.Context, p store.Progress) error {
	return c.gate.through(ctx, "SaveProgress", nil, func() error { return c.c.SaveProgress(ctx, p) })
}

func (c controller) Progress(ctx context.Context, name string) ([]store.Progress, error) {
	return pass(ctx, c.gate, "Progress", nil, func() ([]store.Progress, error) { return c.c.Progress(ctx, name) })
}

func (c controller) SaveDeadLetter(ctx context.Context, key transform.Key, v store.Version, reason string) error {
	return c.gate.through(ctx, "SaveDeadLetter", []transform.Key{key}, func() error {
		return c.c.SaveDeadLetter(ctx, key, v, reason)
	})
}

func (c controller) DropDeadLetter(ctx context.Context, key transform.Key) error {
	return c.gate.through(ctx, "DropDeadLetter", []transform.Key{key}, func() error { return c.c.DropDeadLetter(ctx, key) })
}

func (c controller) DeadLetters(ctx context.Context, limit int) ([]store.DeadLetter, int64, error) {
	var total int64
	some, err := pass(ctx, c.gate, "DeadLetters", nil, func() (some []store.DeadLetter, err error) {
		some, total, err = c.c.DeadLetters(ctx, limit)
		return some, err
	})
	if err != nil {
		return nil, 0, err
	}
	return some, total, nil
}

func (c controller) Audit(ctx context.Context, limit int) ([]store.AuditEntry, error) {
	return pass(ctx, c.gate, "Audit", nil, func() ([]store.AuditEntry, error) { return c.c.Audit(ctx, limit) })
}

func (c controller) AppendAudit(ctx context.Context, entry store.AuditEntry) error {
	return c.gate.through(ctx, "AppendAudit", nil, func() error { return c.c.AppendAudit(ctx, entry) })
}
