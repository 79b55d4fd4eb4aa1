package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// Grant gives the process a lease, or renews it, if the mark is open at the
// epoch.
func (s *Store) Grant(ctx context.Context, process string, epoch uint64, d time.Duration) error {
	return s.controlled(ctx, "grant", func(c *control) error {
		switch {
		case !s.leased:
			return s.fail("grant", "", store.ErrInvalid, "the store has a fence and needs no leases")
		case c.record.State != store.Open || c.record.Epoch != epoch:
			return s.fail("grant", "", store.ErrWrongPhase, "the store is "+c.record.State.String()+" or at another epoch")
		}
		old := c.leases[process]
		// A process whose renewal was lost goes by the longer one.
		c.leases[process] = store.GrantedLease{Process: process, Epoch: epoch, Length: max(d, old.Length), Grants: old.Grants + 1}
		return nil
	})
}

// GiveBack ends a lease early, if there is one.
func (s *Store) GiveBack(ctx context.Context, process string) error {
	return s.controlled(ctx, "give back", func(c *control) error { delete(c.leases, process); return nil })
}

// Granted returns the leases in the order of their processes' names.
func (s *Store) Granted(ctx context.Context) (all []store.GrantedLease, err error) {
	err = s.controlled(ctx, "granted", func(c *control) error {
		for _, l := range c.leases {
			all = append(all, l)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b store.GrantedLease) int { return cmp.Compare(a.Process, b.Process) })
	return all, err
}

// Forget removes a lease that was waited out, unless it was renewed since.
func (s *Store) Forget(ctx context.Context, l store.GrantedLease) error {
	return s.controlled(ctx, "forget", func(c *control) error {
		if now, ok := c.leases[l.Process]; ok && now.Epoch == l.Epoch && now.Grants == l.Grants {
			delete(c.leases, l.Process)
		}
		return nil
	})
}

// needsLease reports whether an operation may be done only under a lease.
func (s *Store) needsLease(at store.At) bool { return s.leased && at.Epoch != 0 }

// reading calls do, under the lease where one is needed. No lock is held while
// the lease is asked: its clock may be anybody's.
func (s *Store) reading(at store.At, op, entity string, do func() error) error {
	if !s.needsLease(at) {
		return do()
	}
	unleased := &store.Error{Op: op, Entity: entity, Store: s.name, Kind: store.ErrWrongPhase, Detail: "no valid lease"}
	if !at.Lease.Enter(at.Epoch) {
		return unleased
	}
	err := do()
	if !at.Lease.Leave(at.Epoch) {
		return unleased
	}
	return err
}

// noLease is the error of a write that was not sent for want of a lease.
func (s *Store) noLease() error { return s.fail("write", "", store.ErrWrongPhase, "no valid lease") }

// late is the error of a write whose lease ran out before the reply. What did
// not happen for certain can be repeated; an answer such as "not found" may be
// wrong by now, and is not given.
func (s *Store) late(err error) error {
	if err != nil && store.OutcomeOf(err) != store.Unknown {
		return s.noLease()
	}
	e := s.fail("write", "", store.ErrUnavailable, "the lease ran out before the reply")
	e.Outcome = store.Unknown
	return e
}
