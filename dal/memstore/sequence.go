package memstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// assign gives ids to the mutations that ask for one. The caller holds the
// lock. What it takes from a sequence is not given back, as in MySQL.
func (s *Store) assign(p *plan) error {
	own := map[transform.Key]bool{} // what the write itself brings
	for _, m := range p.write.Mutations {
		own[m.Key] = true
	}
	for i := range p.write.Mutations {
		m := &p.write.Mutations[i]
		if !p.steps[i].assigned {
			continue
		}
		key, id, err := s.nextKey(p.steps[i].record, own)
		if err != nil {
			return err
		}
		m.Key = key
		p.assigned = append(p.assigned, id)
	}
	return nil
}

// nextKey sets the next id that no record has in rec and returns its key.
func (s *Store) nextKey(rec transform.Record, own map[transform.Key]bool) (transform.Key, int64, error) {
	e := rec.Entity()
	for id := s.lastIDs[e.Name] + 1; ; id++ {
		rec.SetAt(e.Sequence, transform.IntValue(id))
		key, err := rec.Key()
		if err != nil {
			full := s.fail("create", e.Name, store.ErrInvalid, "the sequence has come to the end of its column, or the key has a value it can't hold")
			full.Field, full.Cause = e.Columns[e.Sequence].Name, err
			return transform.Key{}, 0, full
		}
		if s.entries[key] == nil && !own[key] {
			s.lastIDs[e.Name] = id
			return key, id, nil
		}
	}
}

// seen makes the sequence go on above an id that a caller brought, as
// AUTO_INCREMENT does. DynamoDB knows nothing of it.
func (s *Store) seen(rec transform.Record) {
	if s.leased || rec.IsZero() {
		return
	}
	s.seenRows(rec)
	if rec.Entity().Sequence < 0 {
		return
	}
	if id, ok := rec.At(rec.Entity().Sequence).Int(); ok {
		s.raise(rec.Entity(), id)
	}
}

func (s *Store) raise(e *transform.Entity, id int64) {
	s.lastIDs[e.Name] = max(s.lastIDs[e.Name], id)
}

// LastID returns the highest id that the entity's sequence has given.
func (s *Store) LastID(ctx context.Context, e *transform.Entity) (id int64, err error) {
	err = s.controlled(ctx, "last id", func(*control) error { id = s.lastIDs[e.Name]; return nil })
	return id, err
}

// RaiseID makes the sequence go on above id.
func (s *Store) RaiseID(ctx context.Context, e *transform.Entity, id int64) error {
	return s.controlled(ctx, "raise id", func(*control) error {
		if e.Sequence < 0 {
			return s.fail("raise id", e.Name, store.ErrInvalid, "the entity has no sequence")
		}
		column := e.Columns[e.Sequence]
		if err := column.Fit(transform.IntValue(id)); err != nil {
			beyond := s.fail("raise id", e.Name, store.ErrInvalid, "the other store's sequence stands above what the column holds")
			beyond.Field, beyond.Cause = column.Name, err
			return beyond
		}
		s.raise(e, id)
		return nil
	})
}
