package dynamostore

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
)

// An insertBundle is the rows of one transaction of an Insert.
type insertBundle struct {
	rows    []*insert
	slots   map[string]bool // of the guards, and of items that move
	actions int
	size    int
}

// bundlesOf cuts inserts of entities with unique columns or references, or whose items
// move, into transactions. Two rows of one unique value, or of one place, come into
// different ones, so that the second is told who holds it.
func (s *Store) bundlesOf(queue []*insert) [][]*insert {
	var bundles [][]*insert
	open := &insertBundle{}
	for _, in := range queue {
		size, slots, edges := in.weigh(s)
		if !open.takes(size, slots, edges) {
			bundles = append(bundles, open.rows)
			open = &insertBundle{}
		}
		open.add(in, size, slots, edges)
	}
	if len(open.rows) > 0 {
		bundles = append(bundles, open.rows)
	}
	return bundles
}

// guardSize is more than a guard or an edge takes.
const guardSize = 8 << 10

// weigh returns how many bytes an insert adds to a transaction; what it puts beside
// its item, or its stand, and no other row may put there: the guards of its unique
// values, and an item that moves; and how many edges it has at most.
func (in *insert) weigh(s *Store) (int, []string, int) {
	var slots []string
	for _, slot := range s.values(in.place.entity, in.row) {
		if slot != "" {
			slots = append(slots, slot)
		}
	}
	if in.place.moves() {
		slots = append(slots, in.place.slot(in.item))
	}
	edges := len(in.place.entity.References)
	return in.size + (len(slots)+edges)*guardSize, slots, edges
}

// insertAtOnce is how many rows one transaction of an Insert has: one that is
// refused costs the others another round.
const insertAtOnce = 25

func (b *insertBundle) takes(size int, slots []string, edges int) bool {
	if len(b.rows) == 0 {
		return true
	}
	for _, slot := range slots {
		if b.slots[slot] {
			return false
		}
	}
	return len(b.rows) < insertAtOnce && b.actions+1+len(slots)+edges <= maxActions && b.size+size <= maxTransaction
}

func (b *insertBundle) add(in *insert, size int, slots []string, edges int) {
	if b.slots == nil {
		b.slots = map[string]bool{}
	}
	for _, slot := range slots {
		b.slots[slot] = true
	}
	b.rows = append(b.rows, in)
	b.actions += 1 + len(slots) + edges
	b.size += size
}

// insertTogether brings each row of a transaction to its end: there, or with an
// error of its own. It returns an error if not one of them got an answer.
func (s *Store) insertTogether(ctx context.Context, rows []*insert) error {
	b := budget{total: s.opts.RetryBudget}
	answered := false
	for len(rows) > 0 {
		left, err := s.tryTogether(ctx, rows, &b)
		if err != nil {
			var failed *store.Error
			if errors.As(err, &failed) && len(rows) == 1 {
				err = rows[0].place.refusal(failed)
			}
			for _, in := range rows {
				in.err = err
			}
			if validation(err) && len(rows) > 1 {
				half := len(rows) / 2
				first, second := s.insertTogether(ctx, rows[:half]), s.insertTogether(ctx, rows[half:])
				if first != nil && second != nil {
					return first
				}
				return nil
			}
			if answered {
				return nil
			}
			return untried(err)
		}
		answered = answered || len(left) < len(rows)
		rows = left
	}
	return nil
}

// tryTogether sends one transaction and returns the rows that are to be sent
// again, without those that were in the way.
func (s *Store) tryTogether(ctx context.Context, rows []*insert, budget *budget) ([]*insert, error) {
	list, by := make([]*edit, len(rows)), map[*edit]*insert{}
	for i, in := range rows {
		in.err = nil
		e, err := s.newEdit("insert", in.place, in.row.Key)
		if err != nil {
			return nil, err
		}
		e.known, e.row, list[i] = true, in.row, &e
		by[list[i]] = in
	}
	b, err := s.newBundle("insert", list[0].place.entity.Name, list, true)
	if err != nil {
		return nil, err
	}
	err = b.transact(ctx, budget)
	var r *refusal
	if !errors.As(err, &r) {
		return nil, err
	}
	if r.conflict {
		if !budget.wait(ctx) {
			return nil, b.busy(r)
		}
		return rows, nil
	}
	done := map[*insert]bool{}
	for i, it := range r.unmet {
		if e := b.edits[i]; e != nil {
			done[by[e]] = true // something is there, live or tombstone
		}
		if g := b.guards[i]; g != nil && !done[by[g.take]] {
			done[by[g.take]] = true
			by[g.take].err = g.taken("insert", owner(it), store.NotApplied)
		}
	}
	for i, it := range r.unmet {
		if e := b.landings[i]; e != nil && !done[by[e]] {
			done[by[e]] = true
			by[e].err = e.held("insert", owner(it), store.NotApplied)
		}
	}
	// A row that is there already needs no guard, whoever holds it.
	for i := range r.unmet {
		if e := b.edits[i]; e != nil {
			by[e].err = nil
		}
	}
	var left []*insert
	for _, in := range rows {
		if !done[in] {
			left = append(left, in)
		}
	}
	return left, nil
}
