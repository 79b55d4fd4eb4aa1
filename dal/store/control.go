package store

import (
	"context"

	"github.com/crossfade-go/crossfade/transform"
)

// Control is the part of an authority that keeps a group's phase record and
// what belongs to it: the fence, registrations, progress, dead letters, audit.
type Control interface {
	// Init creates what the store needs of its own, and the phase record in
	// phase 1 without capture. What is there stays. It refuses an engine that
	// voids the promises.
	Init(ctx context.Context) error
	// Ready returns an error that says what to do unless Init was done and the
	// contract's own tables are there as the contract says.
	Ready(ctx context.Context) error
	// Phase returns the phase record.
	Phase(ctx context.Context) (PhaseRecord, error)
	// Advance replaces the phase record if its epoch is still from, and moves
	// the fence with it in the same transaction: it holds the fence
	// exclusively, so that every write under the old epoch has committed or
	// never will, and raises epoch and floor. to.Epoch must be from+1. It
	// waits for the fence no longer than its own bound and ctx; then nothing
	// has changed. ErrConflict says that the record had another epoch.
	Advance(ctx context.Context, from uint64, to PhaseRecord, entry AuditEntry) error
	// Register renews a process's registration and returns the phase record.
	Register(ctx context.Context, r Registration) (PhaseRecord, error)
	// Deregister removes it.
	Deregister(ctx context.Context, process string) error
	// Registrations returns all entries, also those long not renewed.
	Registrations(ctx context.Context) ([]Registration, error)
	// Backlog counts the dirty keys.
	Backlog(ctx context.Context) (Backlog, error)
	// SaveProgress stores the state of a run, one per name and entity.
	SaveProgress(ctx context.Context, p Progress) error
	// Progress returns the state of every run with that name.
	Progress(ctx context.Context, name string) ([]Progress, error)
	// SaveDeadLetter stores a dead letter, one per key.
	SaveDeadLetter(ctx context.Context, key transform.Key, v Version, reason string) error
	// DropDeadLetter removes the dead letter of a key that could be converted.
	DropDeadLetter(ctx context.Context, key transform.Key) error
	// DeadLetters returns up to limit of them, and how many there are.
	DeadLetters(ctx context.Context, limit int) ([]DeadLetter, int64, error)
	// Audit returns the newest entries first.
	Audit(ctx context.Context, limit int) ([]AuditEntry, error)
	// AppendAudit adds an entry for something that changed no phase.
	AppendAudit(ctx context.Context, entry AuditEntry) error
}
