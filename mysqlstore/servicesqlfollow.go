package mysqlstore

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// How MySQL follows with a service's own SQL. The same Write makes the same rows, in a
// session of the follower: without foreign key checks, and in strict mode.

// ownBefore returns what the service reads at the keys of rows, by key.
func (s *Store) ownBefore(ctx context.Context, t *tx, src *source, keys ...transform.Key) (map[transform.Key]store.Row, error) {
	found, err := s.ownRows(ctx, s.lend(t), src, keys)
	for _, row := range found {
		if row.Err != nil && err == nil {
			// What is there can't be told to Write.
			err = s.unfit("put", src.entity, row.Err, store.NotApplied)
		}
	}
	return found, err
}

// writeOwn has the service make of one record another one, unless they are the same.
func (f *fenced) writeOwn(ctx context.Context, src *source, c *Change) error {
	if c.Before.IsZero() && c.After.IsZero() ||
		!c.Before.IsZero() && !c.After.IsZero() && len(src.changes(c.Before, c.After)) == 0 {
		return nil
	}
	return f.handOver(ctx, &handed{src: src, op: "put", Change: c})
}

// placeOwn is place for a record that the service writes.
func (s *Store) placeOwn(ctx context.Context, t *tx, p *following) error {
	found, err := s.ownBefore(ctx, t, p.src, p.Key)
	if err != nil {
		return err
	}
	c := &Change{Key: p.Key, Before: found[p.Key].Record}
	if p.Live {
		c.After = p.Record
	}
	f := &fenced{s: s, t: t, passed: true} // the claim has
	if err = f.writeOwn(ctx, p.src, c); err == nil {
		err = f.settleOwn(ctx)
	}
	return s.unplaced(ctx, t, "put", p, err)
}

// insertOwn inserts rows that the service writes, those that have no record.
func (s *Store) insertOwn(ctx context.Context, t *tx, src *source, free []*inserting) (bool, error) {
	keys := make([]transform.Key, len(free))
	for i, p := range free {
		keys[i] = p.Key
	}
	found, err := s.ownRows(ctx, s.lend(t), src, keys)
	if err != nil {
		return false, err
	}
	f := &fenced{s: s, t: t, passed: true}
	for _, p := range free {
		if found[p.Key].Live {
			continue
		}
		if err = f.writeOwn(ctx, src, &Change{Key: p.Key, After: p.Record}); err != nil {
			break
		}
	}
	if err == nil {
		err = f.settleOwn(ctx)
	}
	return len(f.handed) > 0 && err == nil, err
}

// unclaim gives keys the versions back that they had, after the service's own SQL has
// ended the transaction that gave them new ones: what is put again must not be taken
// for what is there.
func (s *Store) unclaim(ctx context.Context, err error, all ...*following) error {
	var ended *endedError
	if !errors.As(err, &ended) {
		return err
	}
	after, cancel := store.Detached(ctx, s.opts.CommitTimeout)
	defer cancel()
	for _, p := range all {
		failed := s.retry(after, func() error {
			_, _, err := s.run(after, "UPDATE crossfade_change SET version=? WHERE grp=? AND entity=? AND id=? AND version=?",
				uint64(p.before), s.group, p.Key.Entity, []byte(p.Key.ID), uint64(p.Version))
			return err
		})
		if failed != nil {
			ended.err.Cause = failed
		}
	}
	return ended.err
}

// makeRoom deletes what is at the key, before anything is put.
func (p *following) makeRoom(ctx context.Context, f *fenced) error {
	if p.src.sql == nil {
		return p.delete(ctx, f.t)
	}
	found, err := f.s.ownBefore(ctx, f.t, p.src, p.Key)
	if err != nil {
		return err
	}
	return f.writeOwn(ctx, p.src, &Change{Key: p.Key, Before: found[p.Key].Record})
}
