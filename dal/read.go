package dal

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// get reads one row from the authority, and what it is joined with, and returns it
// with the store that answered. In phase 3 the answer is compared with the
// follower's, off the caller's path.
func (r *Router) get(ctx context.Context, key transform.Key, also *lookup, options []ReadOption) (store.Row, store.Reader, error) {
	s := r.snapshot.Load()
	if len(options) > 0 && s.Phase == DynamoDBPrimary {
		row, from, answered, err := fallible(ctx, r, s, options, "get", key.Entity,
			func(ctx context.Context, from store.Reader, at store.At) (store.Row, error) {
				return also.get(ctx, from, at, key)
			})
		if answered {
			return row, from, err
		}
		s = r.snapshot.Load()
	}
	from := r.side(s).authority
	row, err := also.get(ctx, from, s.at(), key)
	if err != nil && turnedAway(err) {
		err = r.again(ctx, s, err, func(now *Snapshot) (err error) {
			s, from = now, r.side(now).authority
			row, err = also.get(ctx, from, s.at(), key)
			return err
		})
	}
	if err == nil && s.Phase == Validate {
		r.comparer.offer(s, row)
	}
	return row, from, err
}

// getMany reads rows in the order of their keys.
func (r *Router) getMany(ctx context.Context, keys []transform.Key, also *lookup, options []ReadOption) ([]store.Row, error) {
	s := r.snapshot.Load()
	if len(options) > 0 && s.Phase == DynamoDBPrimary {
		rows, _, answered, err := fallible(ctx, r, s, options, "get many", keys[0].Entity,
			func(ctx context.Context, from store.Reader, at store.At) ([]store.Row, error) {
				return also.getMany(ctx, from, at, keys)
			})
		if answered {
			return rows, err
		}
		s = r.snapshot.Load()
	}
	rows, err := also.getMany(ctx, r.side(s).authority, s.at(), keys)
	if err != nil && turnedAway(err) {
		err = r.again(ctx, s, err, func(now *Snapshot) (err error) {
			s = now
			rows, err = also.getMany(ctx, r.side(s).authority, s.at(), keys)
			return err
		})
	}
	if err == nil && s.Phase == Validate {
		r.comparer.offer(s, rows...)
	}
	return rows, err
}

// query reads one page of an index, and returns it with the store that answered.
func (r *Router) query(ctx context.Context, q store.Query, also *lookup, options []ReadOption) ([]store.Row, store.Reader, error) {
	s := r.snapshot.Load()
	if len(options) > 0 && s.Phase == DynamoDBPrimary {
		rows, from, answered, err := fallible(ctx, r, s, options, "query", q.Entity.Name,
			func(ctx context.Context, from store.Reader, at store.At) ([]store.Row, error) {
				return also.query(ctx, from, at, q)
			})
		if answered {
			return rows, from, err
		}
		s = r.snapshot.Load()
	}
	from := r.side(s).authority
	rows, err := also.query(ctx, from, s.at(), q)
	if err != nil && turnedAway(err) {
		err = r.again(ctx, s, err, func(now *Snapshot) (err error) {
			s, from = now, r.side(now).authority
			rows, err = also.query(ctx, from, s.at(), q)
			return err
		})
	}
	if err == nil && s.Phase == Validate {
		r.comparer.offerQuery(s, q, rows)
	}
	return rows, from, err
}
