package memstore

import (
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// An owned is a unique value, of one column.
type owned struct {
	entity string
	value  transform.Value
}

// checkUnique returns an error if a record of the write has a unique value of
// another record, stored or of the same write. What the write takes away or
// replaces is no obstacle.
func (s *Store) checkUnique(p *plan) error {
	for _, column := range s.unique {
		wanted := map[owned]store.Op{}
		for i, m := range p.write.Mutations {
			o, ok := valueIn(column, p.steps[i].record)
			if !ok {
				continue
			}
			if _, twice := wanted[o]; twice {
				return s.taken(m.Op, o, column)
			}
			wanted[o] = m.Op
		}
		if len(wanted) == 0 {
			continue
		}
		for key, e := range s.entries {
			if o, ok := valueIn(column, e.record); ok && wanted[o] != 0 && !p.changes(key) {
				return s.taken(wanted[o], o, column)
			}
		}
	}
	return nil
}

// valueIn returns what the record owns by the column, if it owns anything:
// NULL is nobody's, and what is not live is the zero Record.
func valueIn(column string, rec transform.Record) (owned, bool) {
	if rec.IsZero() {
		return owned{}, false
	}
	v, ok := rec.Get(column)
	return owned{rec.Entity().Name, v}, ok && !v.IsNull()
}

func (p *plan) changes(key transform.Key) bool {
	return slices.ContainsFunc(p.write.Mutations, func(m store.Mutation) bool { return m.Key == key })
}

func (s *Store) taken(op store.Op, o owned, column string) error {
	e := s.fail(op.String(), o.entity, store.ErrUnique, "")
	e.Field = column
	return e
}
