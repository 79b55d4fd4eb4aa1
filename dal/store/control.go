package store

import (
	"context"
	"time"

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
	// Phase returns the store's phase record.
	Phase(ctx context.Context) (PhaseRecord, error)
	// Advance replaces the record if its revision is still from's, and moves
	// the mark with it in the same transaction. The store sets the revision
	// itself; CheckAdvance says what may follow what. A store with a fence
	// holds it exclusively meanwhile, so that every write under the old mark
	// has committed or never will. A higher epoch raises the floor. It waits
	// for the fence no longer than its own bound and ctx; then nothing has
	// changed. ErrConflict says that the record had another revision. An entry
	// without an Action is not written.
	Advance(ctx context.Context, from, to PhaseRecord, entry AuditEntry) error
	// Register renews a process's registration and returns the phase record.
	Register(ctx context.Context, r Registration) (PhaseRecord, error)
	// Deregister removes it.
	Deregister(ctx context.Context, process string) error
	// Registrations returns all entries, also those long not renewed.
	Registrations(ctx context.Context) ([]Registration, error)
	// Backlog counts the change records that are not clean, tokens too, and the
	// fan-out marks, in one snapshot where the store has snapshots.
	Backlog(ctx context.Context) (Backlog, error)
	// LastID returns the highest id that the entity's sequence has given, 0 if
	// none. No id above it was ever assigned by this store.
	LastID(ctx context.Context, e *transform.Entity) (int64, error)
	// RaiseID makes the sequence go on above id. It never goes back. An id that
	// the column can't hold is ErrInvalid, and nothing has changed; the column's
	// last one is none too many, though no id comes after it.
	RaiseID(ctx context.Context, e *transform.Entity, id int64) error
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

// Leases is what an authority has that checks no fence in its transactions: a
// process needs a lease to use it.
type Leases interface {
	// Grant gives the process a lease of that length, or renews it, if the
	// store's mark is Open at the epoch; otherwise ErrWrongPhase. The process
	// counts from before the call.
	Grant(ctx context.Context, process string, epoch uint64, d time.Duration) error
	// GiveBack ends a lease early, if there is one.
	GiveBack(ctx context.Context, process string) error
	// Granted returns the leases that were granted and not given back, also
	// those that must have run out. Who waits for one counts its full length
	// from his own first look after the mark stopped further grants.
	Granted(ctx context.Context) ([]GrantedLease, error)
	// Forget removes a lease that was waited out.
	Forget(ctx context.Context, l GrantedLease) error
	// Disown removes a change record together with its token. It is for a write
	// that landed when the store was not the authority any more: its data is
	// being overwritten, so a repetition with the same token must apply.
	Disown(ctx context.Context, c Change) error
}

// A GrantedLease is a lease as the store keeps it.
type GrantedLease struct {
	Process string
	Epoch   uint64
	Length  time.Duration
	Grants  uint64 // how often it was renewed
}
