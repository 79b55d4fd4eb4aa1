package dal

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Limits of a swap.
const (
	// maxSwap is how many keys may have to change their unique values together.
	// Of each the follower writes the row and a few guards, and DynamoDB takes
	// a hundred items in a transaction.
	maxSwap = 16
	// maxStale is how often rows are read anew because the authority has gone
	// on meanwhile.
	maxStale = 3
)

// holderOf returns the key that holds the unique value which a put collided
// with, the zero key for every other error.
func holderOf(err error) transform.Key {
	var e *store.Error
	if err == nil || !errors.Is(err, store.ErrUnique) || !errors.As(err, &e) {
		return transform.Key{}
	}
	return e.Holder
}

// swap puts a row whose unique value another key still holds in the follower.
// In the authority that key has given it up, for there it can be held only
// once: so its state there is put in the same transaction, and that of each
// further key which stands in the way of these. It returns the row as it was
// put.
func (r *Refresher) swap(ctx context.Context, at store.At, row store.Row, holder transform.Key) (store.Row, error) {
	rows := []store.Row{row}
	var err error
	for stale := 0; !holder.IsZero(); holder = holderOf(err) {
		switch {
		case !slices.ContainsFunc(rows, func(r store.Row) bool { return r.Key == holder }):
			if len(rows) == maxSwap {
				return row, tooTangled(row.Key, r.follower.Name())
			}
			there, err := r.reread(ctx, holder)
			if err != nil {
				return row, err
			}
			rows = append(rows, there...)
		case stale == maxStale:
			return row, err
		default:
			// It was read before the authority gave the value to another key.
			stale++
			if rows, err = r.reread(ctx, keysOf(rows)...); err != nil {
				return row, err
			}
		}
		_, err = r.ask(ctx, func() (bool, error) { return true, r.follower.PutTogether(ctx, at, rows) })
	}
	return rows[0], err
}

// reread reads what the authority has at keys now, in their order.
func (r *Refresher) reread(ctx context.Context, keys ...transform.Key) ([]store.Row, error) {
	rows, err := r.authority.GetMany(ctx, relayed, keys)
	if err == nil {
		rows, err = r.withCopies(ctx, rows...)
	}
	for i := range rows {
		err = errors.Join(err, rows[i].Err)
	}
	return rows, err
}

// tooTangled is not the end: the keys in the way have changes of their own,
// whose refreshes untangle them one by one.
func tooTangled(key transform.Key, follower string) error {
	return &store.Error{Op: "refresh", Entity: key.Entity, Store: follower, Kind: store.ErrUnique, Outcome: store.NotApplied,
		Detail: "more than 16 keys exchange unique values at once"}
}
