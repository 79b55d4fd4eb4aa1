package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/crossfade-go/crossfade/dal"
)

// judge compares an answer about an own key with the ledger.
func (w *worker) judge(op string, id int64, got *User, want *plain) {
	switch {
	case got == nil && want == nil:
	case got == nil:
		w.meter.wrong(fmt.Sprintf("user_id %d: %s found nothing, and a write of it was acknowledged", id, op))
	case want == nil:
		w.meter.wrong(fmt.Sprintf("user_id %d: %s found a user that was deleted", id, op))
	default:
		p, err := plainOf(*got)
		if err != nil || p != *want {
			w.meter.wrong(fmt.Sprintf("user_id %d: %s answered another state than was acknowledged last: %v", id, op, p.differs(*want)))
		}
	}
}

// own returns up to n own keys, of users and of deleted ones.
func (w *worker) own(n int) []int64 {
	all := len(w.live) + len(w.gone)
	if all == 0 {
		return nil
	}
	ids := make([]int64, n)
	for i := range ids {
		if k := w.random.IntN(all); k < len(w.live) {
			ids[i] = w.live[k]
		} else {
			ids[i] = w.gone[k-len(w.live)]
		}
	}
	return ids
}

func (w *worker) checkOne(ctx context.Context) {
	for _, id := range w.own(1) {
		u, err := w.readOne(ctx, id)
		switch {
		case err == nil:
			w.judge("get", id, &u, w.book.account(id).now)
		case errors.Is(err, dal.ErrNotFound):
			w.judge("get", id, nil, w.book.account(id).now)
		}
	}
}

func (w *worker) checkMany(ctx context.Context) {
	ids := w.own(10)
	found, err := w.readMany(ctx, ids)
	if err != nil {
		return
	}
	for _, id := range ids {
		if u, ok := found[id]; ok {
			w.judge("get many", id, &u, w.book.account(id).now)
		} else {
			w.judge("get many", id, nil, w.book.account(id).now)
		}
	}
}

// checkLookUp looks up an own user by the username it has, or had.
func (w *worker) checkLookUp(ctx context.Context) {
	for _, id := range w.own(1) {
		a := w.book.account(id)
		if a.now != nil {
			w.checkFound(ctx, id, a.now)
		}
		if a.before != nil && (a.now == nil || a.now.Username != a.before.Username) {
			found, _ := w.lookUp(ctx, byUsername(), a.before.Username)
			if len(found) > 0 {
				w.meter.wrong(fmt.Sprintf("user_id %d: %s answered a username that is gone", id, usernameIndex))
			}
		}
	}
}

func (w *worker) checkFound(ctx context.Context, id int64, want *plain) {
	found, err := w.lookUp(ctx, byUsername(), want.Username)
	if err == nil && len(found) == 0 {
		w.meter.wrong(fmt.Sprintf("user_id %d: %s did not answer the username it has", id, usernameIndex))
	}
	for _, u := range found {
		w.judge("query", id, &u, want)
	}
}

// checkRefusals tries what must be refused, each with its own kind of error.
func (w *worker) checkRefusals(ctx context.Context) {
	for _, id := range w.own(1) {
		now := w.book.account(id).now
		if now == nil {
			w.refused(id, dal.ErrNotFound, w.users.Delete(ctx, w.users.Key(id)))
			continue
		}
		u := now.user()
		w.refused(id, dal.ErrExists, w.users.Create(ctx, &u))
		u.ID = w.newID()
		w.refused(u.ID, dal.ErrUnique, w.users.Create(ctx, &u))
	}
}

// refused judges the answer to something that must be refused.
func (w *worker) refused(id int64, want, err error) {
	if !errors.Is(err, want) || dal.OutcomeOf(err) != dal.NotApplied {
		w.meter.wrong(fmt.Sprintf("user_id %d: the answer was not %q, not applied: %v", id, want, err))
	}
}
