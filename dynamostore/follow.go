package dynamostore

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
)

// PutTogether puts rows of different keys in one transaction, with the guards of
// their unique values, each unless what is there is as new.
func (s *Store) PutTogether(ctx context.Context, _ store.At, rows []store.Row) error {
	_, err := s.putRows(ctx, rows)
	return err
}

// putRows is PutTogether; it reports whether any row took effect.
func (s *Store) putRows(ctx context.Context, rows []store.Row) (bool, error) {
	all := make([]*edit, len(rows))
	for i, row := range rows {
		p, err := s.place("put", row.Key.Entity, store.NotApplied)
		if err != nil {
			return false, err
		}
		// A row that can't become an item is told before anything is asked.
		if _, err := p.item(row, 0); err != nil {
			return false, p.unfit("put", row, err)
		}
		e, err := s.newEdit("put", p, row.Key)
		if err != nil {
			return false, withOutcome(err, store.NotApplied)
		}
		e.row, all[i] = row, &e
	}
	b := budget{total: s.opts.RetryBudget}
	for {
		took, err := s.putOnce(ctx, all, &b)
		var again *errAgain
		if !errors.As(err, &again) {
			return took, err
		}
		if b.progress(); !b.wait(ctx) {
			return false, again.err
		}
	}
}

// putOnce reads what is there and puts what is newer.
func (s *Store) putOnce(ctx context.Context, all []*edit, budget *budget) (bool, error) {
	unseen := slices.DeleteFunc(slices.Clone(all), func(e *edit) bool { return e.known })
	items, _, err := s.lookUp(ctx, "put", unseen, false, "")
	if err != nil {
		return false, withOutcome(err, store.NotApplied)
	}
	for i, e := range unseen {
		if err := e.see("put", e.row.Key, items[i]); err != nil {
			return false, err
		}
	}
	newer := slices.DeleteFunc(slices.Clone(all), func(e *edit) bool {
		return e.seen[attrVersion] != nil && e.old.Version >= e.row.Version
	})
	if len(newer) == 0 {
		return false, nil
	}
	if err := s.unmarkTargets(ctx, "put", newer, budget); err != nil {
		return false, err
	}
	b, err := s.newBundle("put", newer[0].place.entity.Name, newer, true)
	if err != nil {
		return false, err
	}
	if err := b.fits(); err != nil {
		return false, err
	}
	err = b.transact(ctx, budget)
	var r *refusal
	var failed *store.Error
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &failed) && len(newer) == 1:
		return false, newer[0].place.refusal(failed)
	case !errors.As(err, &r):
		return false, err
	}
	return false, b.followerRefused(ctx, r, all, budget)
}

// followerRefused finds out what a refusal of a follower's put means. A put that
// may yet land is no danger: it has its version.
func (b *bundle) followerRefused(ctx context.Context, r *refusal, all []*edit, budget *budget) error {
	taken := b.collide(r)
	again := &errAgain{err: b.contended(r)}
	switch {
	case r.conflict:
		for _, e := range all {
			e.known = false
		}
		return again
	case b.stale(r):
		if err := b.learn(r); err != nil {
			return err
		}
		return again
	case taken != nil:
		if freed, err := b.free(ctx, r, budget); err != nil || !freed {
			return cmp.Or(err, taken)
		}
	}
	return again
}

// free takes guards away that are in the bundle's way and are nobody's: the record that
// one names does not have the value. Another version of the contract, under which a
// unique declaration was about other columns, may have left it.
func (b *bundle) free(ctx context.Context, r *refusal, budget *budget) (bool, error) {
	for i, it := range r.unmet {
		g := b.guards[i]
		switch {
		case b.landings[i] != nil:
			return false, nil // the place is another record's, whatever the guards are
		case g == nil || g.take == nil:
			continue
		}
		if freed, err := b.s.takeAwayLeft(ctx, g.key, owner(it), budget); err != nil || !freed {
			return false, err
		}
	}
	return true, nil
}
