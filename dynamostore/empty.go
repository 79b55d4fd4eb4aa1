package dynamostore

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

const opEmpty = "empty"

// How many records Empty looks at together, and how many it takes along in one
// transaction where they fit.
const (
	emptyPage   = 96
	emptyAtOnce = 48
)

// mostListed is of how many keys that a staged delete took along its answer tells at most.
const mostListed = 500

// Empty takes along what refers to the records of a mark that are gone, and whose
// tombstones say that this mark empties them. A tombstone ceases to say so when nothing
// refers to its record any more. Each transaction looks at the tombstone, and at the phase
// record, which must say open or closed.
func (s *Store) Empty(ctx context.Context, f store.FanOut) error {
	return s.newEmptying().keys(ctx, f)
}

// An emptying is one who takes along what refers to records that are gone.
type emptying struct {
	s       *Store
	changes []store.Change  // that it has left
	listed  int             // their keys
	more    bool            // it has left more
	emptied map[string]bool // the marks that it has carried out and not removed
}

func (s *Store) newEmptying() *emptying { return &emptying{s: s, emptied: map[string]bool{}} }

// carryOut takes along all that a staged delete does, by the mark with the reference and by
// those that came of it, also by marks that another one has left and not carried out. Each
// of these is behind the one that it came of. Of a mark that is carried out no other comes,
// so that a pass that meets none to carry out has met all there were.
func (em *emptying) carryOut(ctx context.Context, ref string) error {
	for more := true; more; {
		more = false
		for f, err := range em.s.marksOf(ctx, opEmpty, ref) {
			if err != nil {
				return withOutcome(err, store.NotApplied)
			}
			if len(f.Gone) == 0 || em.emptied[f.Ref] {
				continue
			}
			more = true
			if err := em.mark(ctx, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// mark carries out one mark, and removes it, unless it is about copies too.
func (em *emptying) mark(ctx context.Context, f store.FanOut) error {
	if err := em.keys(ctx, f); err != nil {
		return err
	}
	if len(f.Sources)+len(f.Own) > 0 {
		em.emptied[f.Ref] = true
		return nil
	}
	return em.s.CleanFanOut(ctx, f)
}

func (em *emptying) keys(ctx context.Context, f store.FanOut) error {
	for _, key := range f.Gone {
		if err := em.key(ctx, key, f.Ref); err != nil {
			return err
		}
	}
	return nil
}

// An emptied is a record that is gone, and the mark that says so.
type emptied struct {
	edit
	by string
}

// errNotEmptied says that a tombstone does not say any more that the mark empties it.
var errNotEmptied = errors.New("the record is emptied, or another one is there")

// key takes along what refers to one record.
func (em *emptying) key(ctx context.Context, key transform.Key, by string) error {
	p := em.s.places[key.Entity]
	if p == nil {
		return nil // of another contract, of which no item is left
	}
	e, err := em.s.newEdit(opEmpty, p, key)
	if err != nil {
		return nil
	}
	gone := &emptied{e, by}
	now, err := em.s.emptiedAt(ctx, &gone.edit)
	if err != nil || now != by {
		return err
	}
	for _, f := range p.entity.ReferredBy() {
		if f.OnDelete == transform.OnDeleteRestrict {
			continue
		}
		err := em.reference(ctx, gone, f)
		if errors.Is(err, errNotEmptied) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return em.s.leaveEmptied(ctx, gone)
}

// reference takes along what refers to a record by one reference. One look at all of it is
// enough: the record was gone when it began, and nothing begins to refer to it.
func (em *emptying) reference(ctx context.Context, gone *emptied, f *transform.Reference) error {
	r := store.DependentsRange{By: f, To: gone.row.Key, Limit: emptyPage}
	for {
		page, err := em.s.Dependents(ctx, r)
		if err != nil {
			return withOutcome(err, store.NotApplied)
		}
		if err := em.all(ctx, gone, f, page.Keys); err != nil {
			return err
		}
		if r.After = page.Next; r.After == "" {
			return nil
		}
	}
}

// all takes records along, in transactions of as many as fit.
func (em *emptying) all(ctx context.Context, gone *emptied, f *transform.Reference, keys []transform.Key) error {
	b := budget{total: em.s.opts.RetryBudget}
	kept := map[transform.Key]map[string]bool{}
	for size := emptyAtOnce; len(keys) > 0; {
		n := min(len(keys), size)
		err := em.some(ctx, gone, f, keys[:n], kept, &b)
		var r *refusal
		switch {
		case err == nil:
			keys, b = keys[n:], budget{total: em.s.opts.RetryBudget}
		case errors.As(err, &r):
			if !b.wait(ctx) {
				e := fail(opEmpty, gone.row.Key.Entity, em.s.library.table, store.NotApplied, r.err)
				e.Kind = store.ErrConflict
				return e
			}
		case errors.Is(err, store.ErrTooLarge) && n > 1:
			size = n / 2
		default:
			return err
		}
	}
	return nil
}

// some takes records along in one transaction. It returns a *refusal if they have changed
// meanwhile.
func (em *emptying) some(ctx context.Context, gone *emptied, f *transform.Reference, keys []transform.Key, kept map[transform.Key]map[string]bool, budget *budget) error {
	s := em.s
	rec, err := s.readRecord(ctx, opEmpty, store.NotApplied)
	if err != nil {
		return err
	}
	if rec.State != store.Open && rec.State != store.Closed {
		return s.wrongPhase(opEmpty, "", store.NotApplied, "the store is not the authority")
	}
	edits, err := em.edits(ctx, gone, f, keys, rec.floor)
	if err != nil || len(edits) == 0 {
		return err
	}
	for _, e := range edits {
		e.kept = kept[e.row.Key]
	}
	b, err := s.newBundle(opEmpty, f.Of().Name, edits, false)
	if err != nil {
		return err
	}
	target := b.check(gone.home, gone.key, condition{
		text: "#g = :g", names: map[string]string{"#g": attrEmptied}, values: item{":g": text(gone.by)},
	})
	phase := b.check(s.library, s.recordKey(), recordIs(rec.Epoch, store.Open, store.Closed))
	left := s.leaves(gone.by+"."+b.id, edits)
	if err := b.leave(left); err != nil {
		return err
	}
	var change store.Change
	if rec.Capture {
		var it item
		it, change = s.changeItem(b.id, keyVersions(edits), nil)
		b.put(s.library, it, condition{})
	}
	if err := b.fits(); err != nil {
		return err
	}
	err = b.transact(ctx, budget)
	var r *refusal
	if errors.As(err, &r) {
		_ = b.collide(r) // nothing is taken, and guards that are others' are left to them
		for _, e := range edits {
			kept[e.row.Key] = e.kept
		}
		if _, is := r.unmet[target]; is {
			return errNotEmptied
		}
		if _, is := r.unmet[phase]; is {
			return s.wrongPhase(opEmpty, "", b.outcomeOf(r), "the phase changed meanwhile")
		}
		return err
	}
	if err != nil {
		return err
	}
	if rec.Capture {
		em.tell(change)
	}
	if len(left.Gone) > 0 {
		return em.mark(ctx, left)
	}
	return nil
}

// tell keeps a change record for the answer, unless that tells of enough already.
func (em *emptying) tell(change store.Change) {
	if em.more = em.more || em.listed+len(change.Keys) > mostListed; em.more {
		return
	}
	em.listed += len(change.Keys)
	em.changes = append(em.changes, change)
}

// edits returns what becomes of the records that still refer to the one that is gone.
func (em *emptying) edits(ctx context.Context, gone *emptied, f *transform.Reference, keys []transform.Key, floor store.Version) ([]*edit, error) {
	var list []*edit
	for _, key := range keys {
		e, err := em.s.newEdit(opEmpty, em.s.places[key.Entity], key)
		if err != nil {
			return nil, withOutcome(err, store.NotApplied)
		}
		list = append(list, &e)
	}
	items, _, err := em.s.lookUp(ctx, opEmpty, list, false, "")
	if err != nil {
		return nil, withOutcome(err, store.NotApplied)
	}
	var all []*edit
	for i, e := range list {
		// One that can't be read refers to nothing that could be told.
		if err := e.see(opEmpty, e.row.Key, items[i]); err != nil || !e.old.Live || e.unread != nil || !f.Refers(e.old.Record, gone.row.Key) {
			continue
		}
		e.row.Version = max(e.old.Version, floor) + 1
		if f.OnDelete == transform.OnDeleteSetNull {
			e.row.Live, e.row.Record = true, e.old.Record.Clone()
			f.SetNull(e.row.Record)
		}
		all = append(all, e)
	}
	return all, nil
}

// leaves returns the mark that a transaction of Empty leaves: of what it makes of copies,
// and of the records that it deletes and that others may refer to. Its place is behind that
// of the mark that is carried out, so that who reads all marks of a shard meets one of the
// two.
func (s *Store) leaves(ref string, edits []*edit) store.FanOut {
	wr := &writing{s: s, referring: referring{along: edits}}
	f := store.FanOut{Ref: ref}
	f.Sources, f.Own = wr.fanOut()
	for _, e := range edits {
		if !e.row.Live && e.place.emptied {
			f.Gone = append(f.Gone, e.row.Key)
		}
	}
	return f
}

// leaveEmptied has a tombstone say no more that it is being emptied.
func (s *Store) leaveEmptied(ctx context.Context, gone *emptied) error {
	t := s.newTransaction(opEmpty, gone.row.Key.Entity)
	t.update(gone.home, gone.key, "REMOVE #g", condition{
		text: "#g = :g", names: map[string]string{"#g": attrEmptied}, values: item{":g": text(gone.by)},
	})
	err := s.transactPatiently(ctx, t)
	var r *refusal
	if errors.As(err, &r) {
		return nil // somebody else has
	}
	return err
}
