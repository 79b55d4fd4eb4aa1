package dynamostore

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// plan checks a write before anything is asked.
func (s *Store) plan(at store.At, w store.Write) (*writing, error) {
	wr := &writing{s: s, at: at, write: w, op: "write", b: budget{total: s.opts.RetryBudget}}
	switch {
	case len(w.Token) > MaxToken:
		return nil, invalid(wr.op, "", store.NotApplied, "a token has at most %d bytes", MaxToken)
	case len(w.Mutations) == 0:
		return nil, invalid(wr.op, "", store.NotApplied, "a write has at least one mutation")
	case len(w.Mutations) == 1:
		wr.op = w.Mutations[0].Op.String()
	}
	if n := len(w.Mutations); n > maxActions {
		e := invalid(wr.op, "", store.NotApplied, "the write has %d mutations, and a DynamoDB transaction has at most %d actions",
			n, maxActions)
		e.Kind = store.ErrTooLarge
		return nil, e
	}
	seen := map[transform.Key]bool{}
	for _, m := range w.Mutations {
		st, err := s.planStep(at, m)
		if err != nil {
			return nil, err
		}
		if !st.assigns && seen[m.Key] {
			return nil, invalid(m.Op.String(), st.place.entity.Name, store.NotApplied, "a write changes each key once")
		}
		seen[m.Key] = true
		wr.steps = append(wr.steps, st)
		wr.trusts = wr.trusts || st.known
	}
	return wr, nil
}

// planStep checks one mutation.
func (s *Store) planStep(at store.At, m store.Mutation) (*step, error) {
	op, name := m.Op.String(), m.Key.Entity
	if m.Key.IsZero() && !m.Record.IsZero() {
		name = m.Record.Entity().Name
	}
	p, err := s.place(op, name, store.NotApplied)
	if err != nil {
		return nil, err
	}
	st := &step{Mutation: m, edit: edit{place: p, home: p}}
	if fault := st.check(); fault != "" {
		return nil, invalid(op, name, store.NotApplied, "%s", fault)
	}
	if !st.assigns {
		if st.edit, err = s.newEdit(op, p, m.Key); err != nil {
			return nil, withOutcome(err, store.NotApplied)
		}
	}
	st.floor = store.Floor(at.Epoch)
	if m.Op == store.Create || m.Op == store.Put {
		st.Record = m.Record.Clone()
		if err := p.entity.Settle(st.Record); err != nil {
			return nil, st.unfitRows(err)
		}
	}
	if st.assigns {
		return st, nil
	}
	st.trust(at)
	if m.Op == store.Create || m.Op == store.Put {
		return st, st.fit(st.Record)
	}
	return st, nil
}

// check returns why the mutation could not be right in any state, or "". It
// notes whether the store is to assign the id.
func (st *step) check() string {
	e := st.place.entity
	switch {
	case st.Op < store.Create || st.Op > store.Check:
		return "unknown operation"
	case st.Op == store.Check && st.Expect == nil:
		return "a check needs what it expects"
	case st.Op == store.Update && st.Modify == nil:
		return "an update needs a Modify"
	case st.Op == store.Update || st.Op == store.Delete || st.Op == store.Check:
		return ""
	case st.Record.IsZero() || st.Record.Entity() != e:
		return "the record is of another entity"
	}
	if st.Key.IsZero() {
		st.assigns = st.Op == store.Create && e.Sequence >= 0 && st.Record.At(e.Sequence).IsNull()
		switch {
		case !st.assigns:
			return "the mutation has no key, and the store assigns none"
		case st.Expect != nil:
			return "nothing can be expected at a key that is not known"
		}
		return ""
	}
	if key, err := st.Record.Key(); err != nil || key != st.Key {
		return "the record is not of the mutation's key"
	}
	return ""
}

// fit refuses a record that a column of MySQL could not hold. DynamoDB would
// take it, and MySQL could not follow any more, or never lead again.
func (st *step) fit(r transform.Record) error {
	err := r.Fit()
	if err == nil {
		return nil
	}
	e := invalid(st.Op.String(), st.place.entity.Name, store.NotApplied, "MySQL could not hold the record")
	e.Cause = err
	var value *transform.ValueError
	if errors.As(err, &value) {
		e.Field = value.Column
	}
	return e
}

// withID returns the step's record with an id, and its key.
func (st *step) withID(id int64) (transform.Key, transform.Record, error) {
	record := st.Record.Clone()
	record.SetAt(st.place.entity.Sequence, transform.IntValue(id))
	key, err := record.Key()
	return key, record, err
}

// compute decides what each step leaves.
func (wr *writing) compute(ctx context.Context) error {
	wr.unchanged = true
	for i, st := range wr.steps {
		same, err := wr.computeStep(ctx, st)
		if err != nil {
			return err
		}
		st.turn = i
		wr.unchanged = wr.unchanged && same
		st.row.Version = max(st.old.Version, st.floor) + 1
	}
	return nil
}

func (wr *writing) computeStep(ctx context.Context, st *step) (unchanged bool, err error) {
	op, entity := st.Op.String(), st.place.entity.Name
	if !st.isExpected() {
		return false, st.changed()
	}
	switch st.Op {
	case store.Check:
		return true, nil
	case store.Create:
		return false, wr.create(ctx, st)
	case store.Put:
		st.row.Live, st.row.Record = true, st.Record.Clone()
		if err := st.settle(st.row.Record); err != nil {
			return false, err
		}
		return false, wr.number(ctx, st, st.row.Record)
	}
	if !st.old.Live {
		return false, &store.Error{Op: op, Entity: entity, Store: storeName, Kind: store.ErrNotFound, Outcome: store.NotApplied}
	}
	if st.Op == store.Delete {
		return false, nil
	}
	return wr.update(ctx, st)
}

// create gives the record an id where it needs one. An id that is taken, since
// somebody brought it along, is left out, and so is that of a deleted record.
func (wr *writing) create(ctx context.Context, st *step) error {
	st.row.Live = true
	switch {
	case !st.assigns && st.old.Live:
		return &store.Error{
			Op: "create", Entity: st.place.entity.Name, Store: storeName, Kind: store.ErrExists, Outcome: store.NotApplied,
		}
	case !st.assigns:
		st.row.Record = st.Record.Clone()
		if err := st.settle(st.row.Record); err != nil {
			return err
		}
		return wr.number(ctx, st, st.row.Record)
	case st.assigned != 0 && len(st.seen) == 0:
		return nil
	}
	id, key, record, err := wr.take(ctx, st)
	if err != nil {
		return err
	}
	if err := st.settle(record); err != nil {
		return err
	}
	if err := wr.number(ctx, st, record); err != nil {
		return err
	}
	if err := st.fit(record); err != nil {
		return err
	}
	fresh, err := wr.s.newEdit("create", st.place, key)
	if err != nil {
		return withOutcome(err, store.NotApplied)
	}
	fresh.floor, fresh.row.Live, fresh.row.Record = st.floor, true, record
	st.edit = fresh
	st.assigned = id
	return nil
}

// take gives the step an id that no other step brings along.
func (wr *writing) take(ctx context.Context, st *step) (int64, transform.Key, transform.Record, error) {
	for {
		id, err := wr.s.sequences[st.place.entity.Name].take(ctx, wr.at.Epoch)
		if err != nil {
			return 0, transform.Key{}, transform.Record{}, err
		}
		key, record, err := st.withID(id)
		if err != nil {
			return 0, key, record, st.place.unfit("create", st.row, err)
		}
		if !slices.ContainsFunc(wr.steps, func(other *step) bool { return other.Key == key }) {
			return id, key, record, nil
		}
	}
}

// update calls Modify with a copy of the record as it is.
func (wr *writing) update(ctx context.Context, st *step) (unchanged bool, err error) {
	entity := st.place.entity
	if st.unread != nil {
		return false, withOutcome(st.unread, store.NotApplied)
	}
	now := st.old.Record.Clone()
	if err := st.Modify(now); err != nil {
		return false, &callerError{err}
	}
	if key, err := now.Key(); err != nil || key != st.Key {
		e := invalid("update", entity.Name, store.NotApplied, "an update can't change the key; delete and create, in one write")
		for _, c := range entity.KeyColumns {
			if now.At(c) != st.old.Record.At(c) {
				e.Field = entity.Columns[c].Name
				break
			}
		}
		return false, e
	}
	// What Modify keeps hold of may change under us.
	st.row.Live, st.row.Record = true, now.Clone()
	if err := st.settle(st.row.Record); err != nil {
		return false, err
	}
	if st.row.Record.Equal(st.old.Record) {
		return true, nil
	}
	if err := wr.number(ctx, st, st.row.Record); err != nil {
		return false, err
	}
	return false, st.fit(st.row.Record)
}
