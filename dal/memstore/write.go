package memstore

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// maxAttempts bounds how often a write begins again because a key changed
// while its Modify ran. Every new attempt means that another write got through.
const maxAttempts = 1000

// Write commits all mutations or none. It reads what the updates need, calls
// their Modify without the lock, and commits if no key has changed since. A
// leased store asks the lease before it looks, before it commits, and before
// it answers.
func (s *Store) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	if err := s.sound(w); err != nil {
		return store.Written{}, err
	}
	if !s.leased {
		return s.write(ctx, at, w)
	}
	if !at.Lease.Enter(at.Epoch) {
		return store.Written{}, s.noLease()
	}
	done, err := s.write(ctx, at, w)
	if valid := at.Lease.Leave(at.Epoch); !valid && (err != nil || !at.Lease.Regain(ctx, at.Epoch)) {
		return store.Written{}, s.late(err)
	}
	return done, err
}

func (s *Store) write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	var fingerprint [32]byte
	if w.Token != "" {
		fingerprint = w.Fingerprint()
	}
	for range maxAttempts {
		p := plan{at: at, write: w, fingerprint: fingerprint}
		p.write.Mutations = slices.Clone(w.Mutations) // assigned keys are filled in
		err := s.ask(ctx, "write", "", store.NotApplied, func() error { return s.prepare(ctx, &p) })
		if err != nil {
			return store.Written{}, err
		}
		if p.repeated {
			return p.known, nil
		}
		if err := s.modify(&p); err != nil {
			return store.Written{}, err
		}
		if s.leased && !at.Lease.Valid(at.Epoch) {
			return store.Written{}, s.noLease()
		}
		var done store.Written
		err = s.ask(ctx, "write", "", store.Unknown, func() (err error) { done, err = s.commit(ctx, &p); return err })
		if err != nil {
			return store.Written{}, err
		}
		if !p.stale {
			return done, nil
		}
	}
	return store.Written{}, s.fail("write", "", store.ErrConflict,
		"the keys changed during every attempt; a Modify must not write the key it is given")
}

// A plan is one attempt at a write.
type plan struct {
	at    store.At
	write store.Write
	steps []step

	fingerprint [32]byte // of the write, where it has a token

	repeated bool          // the token is there already
	known    store.Written // and this is the answer
	stale    bool          // a key changed since prepare
	assigned []int64       // ids that the store gave
	along    []store.Along // what references take along
}

// A step is what the attempt makes of one mutation.
type step struct {
	revision uint64           // of the entry as it was read
	before   transform.Record // what was there, zero for nothing
	record   transform.Record // what is going to be stored
	assigned bool             // the store gives the key
}

// prepare reads what the write depends on.
func (s *Store) prepare(ctx context.Context, p *plan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admit(ctx, p); err != nil || p.repeated {
		return err
	}
	p.steps = make([]step, len(p.write.Mutations))
	for i, m := range p.write.Mutations {
		if m.Key.IsZero() {
			p.steps[i] = step{record: m.Record.Clone(), assigned: true}
			if err := s.settle(m, &p.steps[i]); err != nil {
				return err
			}
			continue
		}
		e := s.entries[m.Key]
		if e == nil {
			e = &entry{}
		}
		p.steps[i] = step{revision: e.revision, before: e.record}
		switch {
		case m.Expect != nil && !e.is(*m.Expect):
			return s.fail(m.Op.String(), m.Key.Entity, store.ErrChanged, "")
		case m.Op == store.Create && e.live:
			return s.fail("create", m.Key.Entity, store.ErrExists, "")
		case (m.Op == store.Update || m.Op == store.Delete) && !e.live:
			return s.fail(m.Op.String(), m.Key.Entity, store.ErrNotFound, "")
		case m.Op == store.Update:
			p.steps[i].record = e.record.Clone()
		case m.Op == store.Create || m.Op == store.Put:
			p.steps[i].record = m.Record.Clone()
			if err := s.settle(m, &p.steps[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// is reports whether the entry holds what a caller has read.
func (e *entry) is(read store.Row) bool {
	return e.live == read.Live && (!e.live || e.record.Equal(read.Record))
}

// modify calls every Modify on its own copy of the record.
func (s *Store) modify(p *plan) error {
	for i, m := range p.write.Mutations {
		if m.Op != store.Update {
			continue
		}
		if err := m.Modify(p.steps[i].record); err != nil {
			return err
		}
		if key, err := p.steps[i].record.Key(); err != nil || key != m.Key {
			return s.fail("update", m.Key.Entity, store.ErrInvalid, "an update must not change the key")
		}
		if err := s.settle(m, &p.steps[i]); err != nil {
			return err
		}
	}
	return nil
}

// commit applies the attempt unless something has changed since prepare.
func (s *Store) commit(ctx context.Context, p *plan) (store.Written, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admit(ctx, p); err != nil {
		return store.Written{}, err
	}
	if p.repeated {
		return p.known, nil
	}
	if p.stale = s.changed(p); p.stale {
		return store.Written{}, nil
	}
	if err := cmp.Or(s.assign(p), s.assignRows(p)); err != nil {
		return store.Written{}, err
	}
	var placings []placing
	for i, m := range p.write.Mutations {
		if m.Op != store.Check {
			placings = append(placings, placing{m.Op.String(), m.Key, p.steps[i].record, i})
		}
	}
	if err := s.checkFit(placings); err != nil {
		return store.Written{}, err
	}
	along, err := s.takeAlong(p)
	if err != nil {
		return store.Written{}, err
	}
	p.along = along
	for _, a := range along {
		placings = append(placings, placing{store.Delete.String(), a.Key, a.After, a.By})
	}
	slices.SortStableFunc(placings, func(a, b placing) int { return cmp.Compare(a.turn, b.turn) })
	if err := s.checkInTurn(placings); err != nil {
		return store.Written{}, err
	}
	return s.apply(p), nil
}

// checkFit returns an error if a column can't hold its value: MySQL refuses it,
// and could never follow a store that takes it.
func (s *Store) checkFit(all []placing) error {
	for _, p := range all {
		if p.record.IsZero() {
			continue
		}
		if err := p.record.Fit(); err != nil {
			unfit := s.fail(p.op, p.key.Entity, store.ErrInvalid, "")
			unfit.Cause = err
			var v *transform.ValueError
			if errors.As(err, &v) {
				unfit.Field = v.Column
			}
			return unfit
		}
	}
	return nil
}

// admit looks at the context, the fence and the token, and sets p.repeated. It
// is asked before the data is looked at, so that a write of another epoch learns
// nothing else, and once more in the moment of the commit.
func (s *Store) admit(ctx context.Context, p *plan) error {
	if err := s.over(ctx, "write", ""); err != nil {
		return err
	}
	if err := s.passes(p.at); err != nil {
		return err
	}
	if p.write.Token == "" {
		return nil
	}
	known := s.tokenOf(p.write.Token)
	if known != nil && known.Fingerprint != p.fingerprint {
		return s.fail("write", "", store.ErrInvalid, "the token was used for another write")
	}
	if known == nil {
		return nil
	}
	var err error
	p.repeated = true
	p.known, err = s.repeated(p.write)
	return err
}

// passes returns an error if the fence lets no such write pass. A leased store
// has none.
func (s *Store) passes(at store.At) error {
	r := s.control.record
	switch {
	case s.leased:
		return nil
	case r.State != store.Open || at.Epoch != r.Epoch:
		return s.fail("write", "", store.ErrWrongPhase, "")
	case r.Capture && !at.Captured:
		return s.fail("write", "", store.ErrInvalid, "capture is on in this epoch, and the write would leave no change record")
	}
	return nil
}

// changed reports whether a key of the write is another one than prepare saw.
// A revision counts every change, so that a value that went and came back is
// noticed too.
func (s *Store) changed(p *plan) bool {
	for i, m := range p.write.Mutations {
		if p.steps[i].assigned {
			continue
		}
		var now uint64
		if e := s.entries[m.Key]; e != nil {
			now = e.revision
		}
		if now != p.steps[i].revision {
			return true
		}
	}
	return false
}

// apply stores what the attempt has made. From here on nothing can fail: data,
// versions and change records appear at once, under the lock.
func (s *Store) apply(p *plan) store.Written {
	floor := s.floor
	if s.leased {
		floor = store.Floor(p.at.Epoch) // as its epoch has it, however late it lands
	}
	done := store.Written{Rows: make([]store.Row, len(p.steps))}
	var keys []store.KeyVersion
	var changed []changing
	for i, m := range p.write.Mutations {
		if m.Op == store.Check {
			done.Rows[i].Key = m.Key
			continue
		}
		e, rec := s.at(m.Key), p.steps[i].record
		row := store.Row{Key: m.Key, Live: !rec.IsZero(), Record: rec}
		if row.Live {
			// What Modify changed may still be in the caller's hands.
			rec = rec.Clone()
			s.seen(rec)
		}
		c := changing{key: m.Key, op: m.Op, before: e.record, after: rec}
		s.replace(m.Op, m.Key, e, rec)
		e.follows = s.leased
		if p.at.Captured || s.leased {
			s.mark(e, floor)
			keys = append(keys, store.KeyVersion{Key: m.Key, Version: e.version})
		}
		c.version = e.version
		changed = append(changed, c)
		if p.at.Captured {
			row.Version, row.Dirty = e.version, true
		}
		done.Rows[i] = row
	}
	for _, a := range p.along {
		e := s.at(a.Key)
		c := changing{key: a.Key, op: store.Update, before: e.record, after: a.After}
		s.replace(store.Update, a.Key, e, a.After)
		e.follows = s.leased
		if p.at.Captured || s.leased {
			s.mark(e, floor)
			keys = append(keys, store.KeyVersion{Key: a.Key, Version: e.version})
		}
		c.version = e.version
		changed = append(changed, c)
	}
	if p.at.Captured || s.leased {
		s.leaveFanOut(changed)
		s.touchCounting(changed, floor)
	}
	t := s.remember(p)
	switch {
	case p.at.Captured && (len(keys) > 0 || t != nil):
		done.Changes = s.left(keys, t)
	case s.leased && t != nil:
		// The token waits for capture; the keys are for the backfill.
		s.note(nil, t)
	}
	return done
}

// replace stores what a write leaves at a key. An update changes the record in its item,
// and not the copies there.
func (s *Store) replace(op store.Op, key transform.Key, e *entry, rec transform.Record) {
	copies := e.copies
	s.set(key, e, rec)
	if op == store.Update && e.live {
		e.copies = copies
	}
	e.thaws = e.live
}

// left returns the change records of a transaction: one, or one of each key and
// one of the token.
func (s *Store) left(keys []store.KeyVersion, t *store.Token) []store.Change {
	if s.leased {
		return []store.Change{s.note(keys, t)}
	}
	var all []store.Change
	for _, k := range keys {
		all = append(all, store.Change{Keys: []store.KeyVersion{k}})
	}
	if t != nil {
		all = append(all, store.Change{Token: t})
	}
	return all
}

// sound returns an error if the write could not be right in any state.
func (s *Store) sound(w store.Write) error {
	seen := map[transform.Key]bool{}
	for _, m := range w.Mutations {
		fault := ""
		switch {
		case m.Key.IsZero():
			fault = s.unassignable(m)
		case s.contract.Entity(m.Key.Entity) == nil:
			fault = "the contract has no such entity"
		case seen[m.Key]:
			fault = "a write changes each key once"
		case m.Op < store.Create || m.Op > store.Check:
			fault = "unknown operation"
		case m.Op == store.Check && m.Expect == nil:
			fault = "a check needs what it expects"
		case m.Op == store.Update && m.Modify == nil:
			fault = "an update needs a Modify"
		case (m.Op == store.Create || m.Op == store.Put) && !recordOf(m):
			fault = "the record is not of the mutation's key"
		}
		if fault != "" {
			return s.fail(m.Op.String(), m.Key.Entity, store.ErrInvalid, fault)
		}
		seen[m.Key] = true
	}
	return nil
}

// unassignable says why the store can't give the mutation a key, "" if it can.
func (s *Store) unassignable(m store.Mutation) string {
	if m.Op != store.Create || m.Record.IsZero() {
		return "only a create with a record can do without a key"
	}
	e := s.contract.Entity(m.Record.Entity().Name)
	switch {
	case e == nil:
		return "the contract has no such entity"
	case e.Sequence < 0:
		return "the entity has no sequence that would give a key"
	case !m.Record.At(e.Sequence).IsNull():
		return "the record has an id, and the mutation no key"
	case m.Expect != nil:
		return "nothing can be expected at a key that is not known"
	}
	return ""
}

// recordOf reports whether the mutation's record is of its key. A record stored
// under another key would be found by no index as itself.
func recordOf(m store.Mutation) bool {
	if m.Record.IsZero() {
		return false
	}
	key, err := m.Record.Key()
	return err == nil && key == m.Key
}
