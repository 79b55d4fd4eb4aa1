package dal

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// get reads one row from the authority. In phase 3 the answer is compared with
// the follower's, off the caller's path.
func (r *Router) get(ctx context.Context, key transform.Key) (store.Row, error) {
	s := r.snapshot.Load()
	row, err := r.authority.Get(ctx, s.at(), key)
	if err != nil && errors.Is(err, ErrWrongPhase) {
		err = r.again(ctx, s, err, func(now *Snapshot) (err error) {
			s = now
			row, err = r.authority.Get(ctx, s.at(), key)
			return err
		})
	}
	if err == nil && s.Phase == Validate {
		r.comparer.offer(row)
	}
	return row, err
}

// getMany reads rows in the order of their keys.
func (r *Router) getMany(ctx context.Context, keys []transform.Key) ([]store.Row, error) {
	s := r.snapshot.Load()
	rows, err := r.authority.GetMany(ctx, s.at(), keys)
	if err != nil && errors.Is(err, ErrWrongPhase) {
		err = r.again(ctx, s, err, func(now *Snapshot) (err error) {
			s = now
			rows, err = r.authority.GetMany(ctx, s.at(), keys)
			return err
		})
	}
	if err == nil && s.Phase == Validate {
		r.comparer.offer(rows...)
	}
	return rows, err
}

// query reads one page of an index.
func (r *Router) query(ctx context.Context, q store.Query) ([]store.Row, error) {
	s := r.snapshot.Load()
	rows, err := r.authority.Query(ctx, s.at(), q)
	if err != nil && errors.Is(err, ErrWrongPhase) {
		err = r.again(ctx, s, err, func(now *Snapshot) (err error) {
			s = now
			rows, err = r.authority.Query(ctx, s.at(), q)
			return err
		})
	}
	if err == nil && s.Phase == Validate {
		r.comparer.offerQuery(q, rows)
	}
	return rows, err
}
