package memstore

import (
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// takeAlong returns what the references of the attempt's records take along, or
// the error of one that is in the way. The caller holds the lock.
func (s *Store) takeAlong(p *plan) ([]store.Along, error) {
	if !s.refers {
		return nil, nil
	}
	changes := make([]store.Changed, len(p.write.Mutations))
	for i, m := range p.write.Mutations {
		changes[i] = store.Changed{Op: m.Op, Key: m.Key, After: p.steps[i].record}
		if e := s.entries[m.Key]; e != nil && e.live {
			changes[i].Before = e.record
		}
	}
	references := store.References{Store: s.name, Dependents: s.dependents}
	along, needs, err := references.Follow(changes)
	if err != nil {
		return nil, err
	}
	for _, n := range needs {
		if e := s.entries[n.Target]; e == nil || !e.live {
			return nil, store.NoTarget(n.Op, s.name, n.Of)
		}
	}
	if len(along) > 0 && p.write.Along != nil {
		return along, p.write.Along(along)
	}
	return along, nil
}

// dependents returns the records that refer to a key.
func (s *Store) dependents(f *transform.Reference, to transform.Key) ([]transform.Record, error) {
	var all []transform.Record
	for _, key := range s.sorted(f.Of().Name, transform.Key{}) {
		if e := s.entries[key]; e.live && f.Refers(e.record, to) {
			all = append(all, e.record)
		}
	}
	return all, nil
}

// refers reports whether the contract has references.
func refers(c *transform.Contract) bool {
	for _, e := range c.Entities {
		if len(e.References) > 0 {
			return true
		}
	}
	return false
}
