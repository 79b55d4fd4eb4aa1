package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// control is what belongs to the phase record.
type control struct {
	ready       bool // Init was called
	record      store.PhaseRecord
	processes   map[string]registered
	leases      map[string]store.GrantedLease
	progress    map[runID]store.Progress
	deadLetters map[transform.Key]store.DeadLetter
	audit       []store.AuditEntry // oldest first
}

// A registered is a registration and when it was last renewed, from which its
// age is told.
type registered struct {
	store.Registration
	renewed time.Time
}

// A runID is what there is one progress for.
type runID struct{ name, entity string }

// newControl returns the records of a store that is open, or of a leased one,
// which the authority has yet to come to.
func newControl(c *transform.Contract, leased bool, now time.Time) control {
	record := store.PhaseRecord{
		Group: c.Group, Phase: store.MySQLOnly, Epoch: store.FirstEpoch, State: store.Open, Revision: 1, ChangedAt: now,
	}
	if leased {
		record.State, record.Epoch = store.GivenAway, 0
	}
	return control{
		record:      record,
		processes:   map[string]registered{},
		leases:      map[string]store.GrantedLease{},
		progress:    map[runID]store.Progress{},
		deadLetters: map[transform.Key]store.DeadLetter{},
	}
}

// Init makes the store ready. What is there stays.
func (s *Store) Init(ctx context.Context) error {
	return s.controlled(ctx, "init", func(c *control) error { c.ready = true; return nil })
}

// Ready returns an error until Init was called.
func (s *Store) Ready(ctx context.Context) error {
	return s.controlled(ctx, "ready", func(c *control) error {
		if !c.ready {
			return s.fail("ready", "", store.ErrInvalid, "the store is not set up: run init first")
		}
		return nil
	})
}

// Phase returns the phase record.
func (s *Store) Phase(ctx context.Context) (record store.PhaseRecord, err error) {
	err = s.controlled(ctx, "phase", func(c *control) error { record = c.record; return nil })
	return record, err
}

// Advance replaces the phase record, and with it the mark. There is nothing to
// wait for: a write looks at the mark again when it commits.
func (s *Store) Advance(ctx context.Context, from, to store.PhaseRecord, entry store.AuditEntry) error {
	return s.controlled(ctx, "advance", func(c *control) error {
		if c.record.Revision != from.Revision {
			return s.fail("advance", "", store.ErrConflict, "the phase record has another revision")
		}
		if err := store.CheckAdvance(c.record, to); err != nil {
			return s.fail("advance", "", store.ErrInvalid, err.Error())
		}
		to.Group, to.Revision, to.ChangedAt = c.record.Group, c.record.Revision+1, c.record.ChangedAt
		if to.Epoch != c.record.Epoch {
			to.ChangedAt = s.now()
		}
		c.record = to
		s.floor = max(s.floor, store.Floor(to.Epoch))
		if entry.Action != "" {
			s.append(entry)
		}
		return nil
	})
}

// Register renews a process's registration and returns the phase record.
func (s *Store) Register(ctx context.Context, r store.Registration) (record store.PhaseRecord, err error) {
	err = s.controlled(ctx, "register", func(c *control) error {
		c.processes[r.Process] = registered{Registration: r, renewed: s.now()}
		record = c.record
		return nil
	})
	return record, err
}

// Deregister removes a registration, if it is there.
func (s *Store) Deregister(ctx context.Context, process string) error {
	return s.controlled(ctx, "deregister", func(c *control) error { delete(c.processes, process); return nil })
}

// Registrations returns all entries in the order of their names.
func (s *Store) Registrations(ctx context.Context) (all []store.Registration, err error) {
	err = s.controlled(ctx, "registrations", func(c *control) error {
		for _, p := range c.processes {
			p.Age = s.now().Sub(p.renewed)
			all = append(all, p.Registration)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b store.Registration) int { return cmp.Compare(a.Process, b.Process) })
	return all, err
}

// SaveProgress stores the state of a run, one per name and entity.
func (s *Store) SaveProgress(ctx context.Context, p store.Progress) error {
	return s.controlled(ctx, "save progress", func(c *control) error {
		p.UpdatedAt = s.now()
		c.progress[runID{p.Name, p.Entity}] = p
		return nil
	})
}

// Progress returns the state of every run with that name, in the order of
// their entities.
func (s *Store) Progress(ctx context.Context, name string) (all []store.Progress, err error) {
	err = s.controlled(ctx, "progress", func(c *control) error {
		for id, p := range c.progress {
			if id.name == name {
				all = append(all, p)
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b store.Progress) int { return cmp.Compare(a.Entity, b.Entity) })
	return all, err
}

// SaveDeadLetter stores a dead letter, one per key.
func (s *Store) SaveDeadLetter(ctx context.Context, key transform.Key, v store.Version, reason string) error {
	return s.controlled(ctx, "save dead letter", func(c *control) error {
		c.deadLetters[key] = store.DeadLetter{Entity: key.Entity, ID: key.ID, Version: v, Reason: reason, At: s.now()}
		return nil
	})
}

// DropDeadLetter removes the dead letter of a key, if there is one.
func (s *Store) DropDeadLetter(ctx context.Context, key transform.Key) error {
	return s.controlled(ctx, "drop dead letter", func(c *control) error { delete(c.deadLetters, key); return nil })
}

// DeadLetters returns up to limit dead letters in the order of their keys, and
// how many there are.
func (s *Store) DeadLetters(ctx context.Context, limit int) (some []store.DeadLetter, total int64, err error) {
	err = s.controlled(ctx, "dead letters", func(c *control) error {
		for _, d := range c.deadLetters {
			some = append(some, d)
		}
		return nil
	})
	slices.SortFunc(some, func(a, b store.DeadLetter) int {
		return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.ID, b.ID))
	})
	total = int64(len(some))
	return some[:min(len(some), limit)], total, err
}

// Audit returns the newest entries first.
func (s *Store) Audit(ctx context.Context, limit int) (newest []store.AuditEntry, err error) {
	err = s.controlled(ctx, "audit", func(c *control) error {
		newest = slices.Clone(c.audit[max(0, len(c.audit)-limit):])
		return nil
	})
	slices.Reverse(newest)
	return newest, err
}

// AppendAudit adds an entry for something that changed no phase.
func (s *Store) AppendAudit(ctx context.Context, entry store.AuditEntry) error {
	return s.controlled(ctx, "append audit", func(*control) error { s.append(entry); return nil })
}

// append adds an entry under the lock, at the store's time.
func (s *Store) append(entry store.AuditEntry) {
	entry.At = s.now()
	s.control.audit = append(s.control.audit, entry)
}

// controlled calls do under the lock unless ctx is over.
func (s *Store) controlled(ctx context.Context, op string, do func(*control) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, op, ""); err != nil {
		return err
	}
	return do(&s.control)
}
