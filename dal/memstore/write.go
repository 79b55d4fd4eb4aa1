package memstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// maxAttempts bounds how often a write begins again because a key changed
// while its Modify ran. Every new attempt means that another write got through.
const maxAttempts = 1000

// Write commits all mutations or none. It reads what the updates need, calls
// their Modify without the lock, and commits if no key has changed since.
func (s *Store) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	if err := s.sound(w); err != nil {
		return store.Written{}, err
	}
	for range maxAttempts {
		p := plan{at: at, write: w}
		if err := s.prepare(ctx, &p); err != nil {
			return store.Written{}, err
		}
		if p.repeated {
			return repeated(w), nil
		}
		if err := s.modify(&p); err != nil {
			return store.Written{}, err
		}
		done, err := s.commit(ctx, &p)
		if err != nil || !p.stale {
			return done, err
		}
	}
	return store.Written{}, s.fail("write", "", store.ErrConflict,
		"the keys changed during every attempt; a Modify must not write the key it is given")
}

// A plan is one attempt at a write.
type plan struct {
	at       store.At
	write    store.Write
	steps    []step
	repeated bool // the token is there already
	stale    bool // a key changed since prepare
}

// A step is what the attempt makes of one mutation.
type step struct {
	revision uint64           // of the entry as it was read
	record   transform.Record // what is going to be stored
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
		e := s.entries[m.Key]
		if e == nil {
			e = &entry{}
		}
		p.steps[i] = step{revision: e.revision}
		switch {
		case m.Op == store.Create && e.live:
			return s.fail("create", m.Key.Entity, store.ErrExists, "")
		case (m.Op == store.Update || m.Op == store.Delete) && !e.live:
			return s.fail(m.Op.String(), m.Key.Entity, store.ErrNotFound, "")
		case m.Op == store.Update:
			p.steps[i].record = e.record.Clone()
		case m.Op != store.Delete:
			p.steps[i].record = m.Record.Clone()
		}
	}
	return nil
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
		return repeated(p.write), nil
	}
	if p.stale = s.changed(p); p.stale {
		return store.Written{}, nil
	}
	if err := s.checkUnique(p); err != nil {
		return store.Written{}, err
	}
	if p.write.Token != "" {
		s.tokens[p.write.Token] = signature(p.write)
	}
	return s.apply(p), nil
}

// admit looks at the context, the fence and the token, and sets p.repeated. It
// is asked before the data is looked at, so that a write of another epoch learns
// nothing else, and once more in the moment of the commit.
func (s *Store) admit(ctx context.Context, p *plan) error {
	if err := s.over(ctx, "write", ""); err != nil {
		return err
	}
	if p.at.Epoch != s.fence.epoch {
		return s.fail("write", "", store.ErrWrongPhase, "")
	}
	if s.fence.capture && !p.at.Captured {
		return s.fail("write", "", store.ErrInvalid, "capture is on in this epoch, and the write would leave no change record")
	}
	if p.write.Token == "" {
		return nil
	}
	known, ok := s.tokens[p.write.Token]
	if ok && known != signature(p.write) {
		return s.fail("write", "", store.ErrInvalid, "the token was used for another write")
	}
	p.repeated = ok
	return nil
}

// changed reports whether a key of the write is another one than prepare saw.
// A revision counts every change, so that a value that went and came back is
// noticed too.
func (s *Store) changed(p *plan) bool {
	for i, m := range p.write.Mutations {
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
	rows := make([]store.Row, len(p.steps))
	for i, m := range p.write.Mutations {
		e, live := s.at(m.Key), m.Op != store.Delete
		e.record, e.live, e.follows = p.steps[i].record, live, false
		rows[i] = store.Row{Key: m.Key, Live: live}
		if live {
			// What Modify changed may still be in the caller's hands.
			e.record, rows[i].Record = e.record.Clone(), e.record
		}
		if p.at.Captured {
			s.mark(e)
			rows[i].Version, rows[i].Dirty = e.version, true
		}
	}
	return store.Written{Rows: rows}
}

// sound returns an error if the write could not be right in any state.
func (s *Store) sound(w store.Write) error {
	seen := map[transform.Key]bool{}
	for _, m := range w.Mutations {
		fault := ""
		switch {
		case s.contract.Entity(m.Key.Entity) == nil:
			fault = "the contract has no such entity"
		case seen[m.Key]:
			fault = "a write changes each key once"
		case m.Op < store.Create || m.Op > store.Delete:
			fault = "unknown operation"
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

// recordOf reports whether the mutation's record is of its key. A record stored
// under another key would be found by no index as itself.
func recordOf(m store.Mutation) bool {
	if m.Record.IsZero() {
		return false
	}
	key, err := m.Record.Key()
	return err == nil && key == m.Key
}

// repeated is the answer to a write whose token is there already.
func repeated(w store.Write) store.Written {
	rows := make([]store.Row, len(w.Mutations))
	for i, m := range w.Mutations {
		rows[i].Key = m.Key
	}
	return store.Written{Rows: rows, Repeated: true}
}

// signature is the text of the write's operations and keys, whatever their
// order.
func signature(w store.Write) string {
	parts := make([]string, len(w.Mutations))
	for i, m := range w.Mutations {
		parts[i] = fmt.Sprintf("%s %q %q", m.Op, m.Key.Entity, m.Key.ID)
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n")
}
