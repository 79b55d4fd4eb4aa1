package mysqlstore

import (
	"fmt"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A step is one mutation of a write with what finds its row.
type step struct {
	store.Mutation
	src  *source
	args []any // of src.byKey
	// asks says that MySQL is to assign the key.
	asks bool
	// other says that a row is locked which only the column's collation takes for the
	// key's, of an entity that the service writes.
	other bool
}

// A stepError is what a statement of a step met.
type stepError struct {
	step *step
	err  error
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// newStep returns the step of a mutation, without arguments.
func (s *Store) newStep(m store.Mutation) *step {
	st := &step{Mutation: m, asks: m.Op == store.Create && m.Key.IsZero()}
	name := m.Key.Entity
	if st.asks && !m.Record.IsZero() {
		name = m.Record.Entity().Name
	}
	st.src = s.sources[name]
	return st
}

// entity returns the name of the step's entity, as far as it has one.
func (st *step) entity() string {
	if st.src == nil {
		return st.Key.Entity
	}
	return st.src.entity.Name
}

// check returns why the mutation could not be right in any state, or "".
func (st *step) check() string {
	switch {
	case st.src == nil:
		return "the contract has no such entity"
	case st.Op < store.Create || st.Op > store.Check:
		return "unknown operation"
	case st.Op == store.Check && st.Expect == nil:
		return "a check needs what it expects"
	case st.Op == store.Update && st.Modify == nil:
		return "an update needs a Modify"
	case st.Op == store.Update || st.Op == store.Delete || st.Op == store.Check:
		return ""
	case st.Record.Entity() != st.src.entity:
		return "the record is of another entity"
	case st.asks:
		return st.checkAsks()
	}
	if key, err := st.Record.Key(); err != nil || key != st.Key {
		return "the record is not of the mutation's key"
	}
	if id := st.src.counter; id >= 0 && st.Record.At(id) == transform.IntValue(0) {
		name := st.src.entity.Columns[id].Name
		return fmt.Sprintf(`MySQL would assign another id for 0 in column %s; give it its value, or add "sequence": {"column": %q} to the contract's entity, and it is assigned`, name, name)
	}
	return ""
}

// checkAsks returns why MySQL can't assign the key of a Create, or "".
func (st *step) checkAsks() string {
	e := st.src.entity
	switch {
	case st.Expect != nil:
		return "nothing can be expected at a key that is not known"
	case e.Sequence < 0:
		return "the create has no key, and the entity no sequence to take one from"
	case !st.Record.At(e.Sequence).IsNull():
		return "the create has no key, and its column " + e.Columns[e.Sequence].Name + " is not NULL"
	}
	return ""
}

// withID returns the step's record with the id that MySQL assigned, and the key
// that it then has.
func (st *step) withID(id int64) (transform.Record, transform.Key, error) {
	rec := st.Record.Clone()
	if id <= 0 {
		return rec, transform.Key{}, fmt.Errorf("MySQL assigned no id; is column %s of %s AUTO_INCREMENT?",
			st.src.entity.Columns[st.src.entity.Sequence].Name, st.src.entity.Source)
	}
	rec.SetAt(st.src.entity.Sequence, transform.IntValue(id))
	key, err := rec.Key()
	if err != nil {
		return rec, key, fmt.Errorf("the id that MySQL assigned is no key: %w", err)
	}
	return rec, key, nil
}
