package store

import (
	"fmt"

	"github.com/crossfade-go/crossfade/transform"
)

// MaxDepth is how many levels of records one delete takes along at most: as far
// as InnoDB's cascades go, of which the deleted row is the fifteenth (MySQL manual,
// "FOREIGN KEY Constraints").
const MaxDepth = 14

// An Along is what a write makes of a record that it does not name: one that
// refers to what the write deletes.
type Along struct {
	Key    transform.Key
	Before transform.Record
	After  transform.Record // zero where it is deleted
	// By is the place among the changes of the delete that takes it along, of several
	// the last one. A store whose own foreign keys do the work need not tell.
	By int
}

// A Need is a record that has to be there, because what the write leaves refers
// to it.
type Need struct {
	Target transform.Key // zero if there can be none
	Of     *transform.Reference
	Op     Op // that refers
}

// A Changed is a mutation as References sees it.
type Changed struct {
	Op            Op
	Key           transform.Key    // zero in a Create whose id the store assigns
	Before, After transform.Record // zero for none; a Check has the same in both
}

// References follows the references of what a write changes: which records must
// be there, and which are taken along. As in MySQL the changes come one after the
// other, each upon what those before it left. It is for stores that have no
// foreign keys, so that all of them agree.
type References struct {
	// Store is the store's name, for errors.
	Store string
	// Dependents returns the records that refer to a key, as they are before the
	// write. More are no harm.
	Dependents func(f *transform.Reference, to transform.Key) ([]transform.Record, error)
	// Named, if not nil, reports of a record that the changes do not tell of
	// whether the write changes it all the same.
	Named func(transform.Key) bool

	known map[transform.Key]*following
	by    int          // the place of the change that is followed
	named []*following // those of known that the write names
	along []*following
	needs []Need
}

// A following is a record that the write names, or takes along.
type following struct {
	Along
	named bool
	noted bool // it is in References.along
	sure  bool // the write itself sees to it that it is there
}

// Follow returns what the changes take along, in the order in which it is reached,
// and what has to be there beside what the changes themselves tell of. The error
// is an *Error of ErrReferenced, ErrNoTarget, ErrTooLarge or ErrInvalid with nothing
// applied, or one of Dependents.
func (r *References) Follow(changes []Changed) ([]Along, []Need, error) {
	r.known = map[transform.Key]*following{}
	for _, c := range changes {
		if !c.Key.IsZero() {
			f := &following{Along: Along{Key: c.Key, Before: c.Before, After: c.Before}, named: c.Op != Check, sure: true}
			if r.known[c.Key] = f; f.named {
				r.named = append(r.named, f)
			}
		}
	}
	for i, c := range changes {
		r.by = i
		if err := r.change(c); err != nil {
			return nil, nil, err
		}
	}
	all := make([]Along, len(r.along))
	for i, f := range r.along {
		all[i] = f.Along
	}
	return all, r.needs, nil
}

func (r *References) change(c Changed) error {
	switch {
	case c.Op == Check:
		return nil
	case c.Op == Delete:
		return r.delete(r.known[c.Key], 0)
	}
	if !c.Key.IsZero() {
		r.known[c.Key].After = c.After
	}
	for _, f := range c.After.Entity().References {
		target, refers := f.Key(c.After)
		if !refers || !c.Before.IsZero() && f.Refers(c.Before, target) {
			continue
		}
		known := r.known[target]
		switch {
		case known != nil && known.After.IsZero():
			return NoTarget(c.Op, r.Store, f)
		case known != nil && known.sure:
			continue
		}
		r.needs = append(r.needs, Need{Target: target, Of: f, Op: c.Op})
	}
	return nil
}

// delete follows a record's deletion, which is depth levels below one that the
// write names.
func (r *References) delete(gone *following, depth int) error {
	entity := gone.After.Entity()
	if gone.After.IsZero() {
		return nil
	}
	for _, f := range entity.ReferredBy() {
		if f.OnDelete != transform.OnDeleteRestrict {
			continue
		}
		// Also if it is the record itself: so does InnoDB.
		if left, err := r.dependents(f, gone.Key); err != nil {
			return err
		} else if len(left) > 0 {
			return Referenced(Delete, r.Store, entity.Name, f)
		}
	}
	gone.After = transform.Record{}
	for _, f := range entity.ReferredBy() {
		if f.OnDelete == transform.OnDeleteRestrict {
			continue
		}
		left, err := r.dependents(f, gone.Key)
		if err != nil {
			return err
		}
		for _, d := range left {
			if err := r.take(f, d, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// take takes a dependent along.
func (r *References) take(f *transform.Reference, d *following, depth int) error {
	switch {
	case d.After.IsZero():
		return nil // taken by another way meanwhile
	case d.named:
		return NamedToo(r.Store, f)
	case depth > MaxDepth:
		return TooDeep(r.Store, f)
	}
	r.note(d)
	if f.OnDelete == transform.OnDeleteCascade {
		return r.delete(d, depth)
	}
	d.After = d.After.Clone()
	f.SetNull(d.After)
	return nil
}

func (r *References) note(d *following) {
	if d.By = r.by; d.noted {
		return
	}
	d.noted, d.sure = true, true
	r.along = append(r.along, d)
}

// dependents returns the records that refer to a key at this point of the write.
func (r *References) dependents(f *transform.Reference, to transform.Key) ([]*following, error) {
	before, err := r.Dependents(f, to)
	if err != nil {
		return nil, err
	}
	var all []*following
	seen := map[transform.Key]bool{}
	for _, rec := range before {
		key, err := rec.Key()
		if err != nil {
			return nil, err
		}
		if r.known[key] == nil {
			d := &following{Along: Along{Key: key, Before: rec, After: rec}, named: r.Named != nil && r.Named(key)}
			if r.known[key] = d; d.named {
				r.named = append(r.named, d)
			}
		}
		if d := r.known[key]; !d.After.IsZero() && f.Refers(d.After, to) && !seen[key] {
			seen[key] = true
			all = append(all, d)
		}
	}
	for _, d := range r.named {
		// What the write itself has made refer there.
		if !seen[d.Key] && !d.After.IsZero() && d.After.Entity() == f.Of() && f.Refers(d.After, to) {
			all = append(all, d)
		}
	}
	return all, nil
}

// Referenced is the error of a delete of what another record refers to.
func Referenced(op Op, store, entity string, f *transform.Reference) *Error {
	return &Error{Op: op.String(), Entity: entity, Store: store, Kind: ErrReferenced, Outcome: NotApplied, Field: f.Of().Name + "." + f.Field()}
}

// NoTarget is the error of a write whose record refers to one that is not there.
func NoTarget(op Op, store string, f *transform.Reference) *Error {
	return &Error{Op: op.String(), Entity: f.Of().Name, Store: store, Kind: ErrNoTarget, Outcome: NotApplied, Field: f.Field()}
}

// TooDeep is the error of a delete that reaches more than MaxDepth levels.
func TooDeep(store string, f *transform.Reference) *Error {
	return &Error{Op: Delete.String(), Entity: f.Of().Name, Store: store, Kind: ErrTooLarge, Outcome: NotApplied, Field: f.Field(),
		Detail: fmt.Sprintf("the delete takes along more than %d levels of records, which is as far as MySQL's cascades go", MaxDepth)}
}

// NamedToo is the error of a write that changes a record and also deletes what
// takes it along: which of the two is meant depends on the order in a way that
// DynamoDB, which changes an item once in a transaction, can't keep.
func NamedToo(store string, f *transform.Reference) *Error {
	return &Error{Op: "write", Entity: f.Of().Name, Store: store, Kind: ErrInvalid, Outcome: NotApplied, Field: f.Field(),
		Detail: "the write changes a record, and deletes another that takes it along: delete it by name, before"}
}
