package dynamostore

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// bumpAtOnce is how many keys one transaction of Bump has.
const bumpAtOnce = 25

// Bump gives each key a new version and a change item, 25 keys a transaction.
// Where nothing is it leaves a tombstone. It passes while the record says open
// or closed, which each transaction looks at.
func (s *Store) Bump(ctx context.Context, keys []transform.Key) error {
	list, err := s.bumps(keys)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		n := min(len(list), bumpAtOnce)
		if err := s.bump(ctx, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// bumps returns an edit for each key, once.
func (s *Store) bumps(keys []transform.Key) ([]*edit, error) {
	var list []*edit
	seen := map[transform.Key]bool{}
	for _, key := range keys {
		if seen[key] {
			continue
		}
		seen[key] = true
		p, err := s.place("bump", key.Entity, store.NotApplied)
		if err != nil {
			return nil, err
		}
		e, err := s.newEdit("bump", p, key)
		if err != nil {
			return nil, withOutcome(err, store.NotApplied)
		}
		list = append(list, &e)
	}
	return list, nil
}

func (s *Store) bump(ctx context.Context, list []*edit) error {
	b := budget{total: s.opts.RetryBudget}
	for {
		err := s.bumpOnce(ctx, list, &b)
		var r *refusal
		if !errors.As(err, &r) {
			return err
		}
		if b.progress(); !b.wait(ctx) {
			e := fail("bump", "", s.library.table, store.NotApplied, r.err)
			if r.unsure {
				e.Outcome = store.Unknown
			}
			e.Kind = store.ErrConflict
			return e
		}
	}
}

// bumpOnce returns a *refusal if the keys have changed meanwhile.
func (s *Store) bumpOnce(ctx context.Context, list []*edit, b *budget) error {
	rec, err := s.readRecord(ctx, "bump", store.NotApplied)
	if err != nil {
		return err
	}
	if rec.State != store.Open && rec.State != store.Closed {
		return s.wrongPhase("bump", "", store.NotApplied, "the store is not the authority")
	}
	items, _, err := s.lookUp(ctx, "bump", list, false, "")
	if err != nil {
		return withOutcome(err, store.NotApplied)
	}
	t := s.newTransaction("bump", "")
	for i, e := range list {
		if err := e.see("bump", e.row.Key, items[i]); err != nil {
			return err
		}
		e.row.Version = max(e.old.Version, rec.floor) + 1
		if err := e.touch(t, s.opts.Now().Unix()); err != nil {
			return err
		}
	}
	change, _ := s.changeItem(t.id, keyVersions(list), nil)
	t.put(s.library, change, condition{})
	check := t.check(s.library, s.recordKey(), recordIs(rec.Epoch, store.Open, store.Closed))
	err = t.transact(ctx, b)
	var r *refusal
	if errors.As(err, &r) {
		if _, moved := r.unmet[check]; moved && len(r.unmet) == 1 && !r.unsure {
			return s.wrongPhase("bump", "", store.NotApplied, "the phase changed meanwhile")
		}
	}
	return err
}

// touch adds the action that gives an edit's item its new version and leaves the
// rest of it as it is.
func (e *edit) touch(t *transaction, now int64) error {
	if len(e.seen) == 0 {
		it, err := e.place.tombstone(e.row, now)
		if err != nil {
			return e.place.unfit(t.op, e.row, err)
		}
		it[attrWrite] = text(t.id)
		if e.place.moves() {
			it = e.standItem(it, t.id)
		}
		t.put(e.home, it, e.unchanged())
		return nil
	}
	e.raise(t, e.home, e.key, e.unchanged())
	if e.at != nil {
		e.raise(t, e.place, e.at, e.mine())
	}
	return nil
}

// raise adds the action that gives an item the edit's version.
func (e *edit) raise(t *transaction, p *place, key item, c condition) {
	c.names["#v"], c.names["#w"] = attrVersion, attrWrite
	if c.values == nil {
		c.values = item{}
	}
	c.values[":n"], c.values[":w"] = versionValue(e.row.Version), text(t.id)
	t.update(p, key, "SET #v = :n, #w = :w", c)
}
