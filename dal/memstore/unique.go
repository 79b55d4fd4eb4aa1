package memstore

import (
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A guard is a unique value: what the columns of one declaration hold.
type guard struct {
	entity string
	unique string // its columns
	text   string
}

// A claim is a guard that a record needs.
type claim struct {
	guard
	field string // the columns, as errors name them
}

// guarded returns what is unique in each entity: what the contract declares,
// and single columns besides.
func guarded(c *transform.Contract, columns []string) map[string][]transform.Unique {
	all := map[string][]transform.Unique{}
	for _, e := range c.Entities {
		unique := slices.Clone(e.Unique)
		for _, name := range columns {
			i := e.ColumnIndex(name)
			declared := slices.ContainsFunc(unique, func(u transform.Unique) bool { return slices.Equal(u.Columns, []int{i}) })
			if i >= 0 && !declared {
				unique = append(unique, transform.Unique{Name: name, Columns: []int{i}})
			}
		}
		all[e.Name] = unique
	}
	return all
}

// guardsOf returns what a record holds, in the order of the declarations. What
// is not live is the zero Record and holds nothing.
func (s *Store) guardsOf(rec transform.Record) []claim {
	if rec.IsZero() {
		return nil
	}
	e := rec.Entity()
	var all []claim
	for _, u := range s.guarded[e.Name] {
		if text, ok := u.Text(rec); ok {
			field := columnNames(e, u.Columns)
			all = append(all, claim{guard{e.Name, field, text}, field})
		}
	}
	return all
}

func columnNames(e *transform.Entity, columns []int) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = e.Columns[c].Name
	}
	return strings.Join(names, ",")
}

// release gives up the unique values that the key holds.
func (s *Store) release(key transform.Key, e *entry) {
	for _, g := range s.guardsOf(e.record) {
		if s.guards[g.guard] == key {
			delete(s.guards, g.guard)
		}
	}
}

// A placing is a record that is about to be stored at a key; the zero Record is
// a delete.
type placing struct {
	op     string
	key    transform.Key
	record transform.Record
	turn   int // in a write, the place of its mutation
}

// checkInTurn returns an error if one of the records has a unique value that another
// record holds when its turn comes: as in MySQL, those before it have let theirs go, and
// those after it have not.
func (s *Store) checkInTurn(all []placing) error {
	holders := map[guard]transform.Key{} // of what has changed hands, the zero Key for nobody
	holderOf := func(g guard) transform.Key {
		if holder, changed := holders[g]; changed {
			return holder
		}
		return s.guards[g]
	}
	for _, p := range all {
		if e := s.entries[p.key]; e != nil {
			for _, g := range s.guardsOf(e.record) {
				if holderOf(g.guard) == p.key {
					holders[g.guard] = transform.Key{}
				}
			}
		}
		for _, g := range s.guardsOf(p.record) {
			if holder := holderOf(g.guard); !holder.IsZero() {
				return s.taken(p, g.field, holder)
			}
			holders[g.guard] = p.key
		}
	}
	return nil
}

// checkUnique returns an error if one of the rows, which are put together, has a unique
// value of another record, stored or among them. What they take away or replace is
// no obstacle.
func (s *Store) checkUnique(all []placing) error {
	changed, wanted := map[transform.Key]bool{}, map[guard]transform.Key{}
	for _, p := range all {
		changed[p.key] = true
	}
	for _, p := range all {
		for _, g := range s.guardsOf(p.record) {
			holder, taken := wanted[g.guard]
			if !taken {
				holder, taken = s.guards[g.guard]
				taken = taken && !changed[holder]
			}
			if taken && holder != p.key {
				return s.taken(p, g.field, holder)
			}
			wanted[g.guard] = p.key
		}
	}
	return nil
}

func (s *Store) taken(p placing, field string, holder transform.Key) error {
	e := s.fail(p.op, p.key.Entity, store.ErrUnique, "")
	e.Field, e.Holder = field, holder
	return e
}
