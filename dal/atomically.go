package dal

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// Atomically runs do and then commits what do has staged through Repository.In,
// of any of the group's entities: all of it or nothing, in whichever store is the
// authority. What do has read is part of it: if one of those records has changed
// by the time of the commit, nothing is applied and do runs again. So do sees and
// leaves the records as if it were alone.
//
// An error of do ends the unit of work with nothing applied and is returned as it
// is. Errors of the commit are ErrExists, ErrNotFound and ErrUnique of what was
// staged without being read; ErrTooLarge, which names the count, for more than one
// transaction of DynamoDB can take: 4 MB, or 100 actions, which are one for each record
// that was read or changed, two or three for one whose item can move, one for each unique
// value and reference that is taken or given up and for the target of each that is taken,
// the token, the change and the mark of copies; and ErrConflict if others changed what was
// read for as long as RouterOptions.RetryBudget. What deletes take along by references
// counts too unless DynamoDB would stage it (see Delete); ErrPending, with outcome applied,
// says that not all of it is gone yet.
//
// The changes are made in the order in which do has staged them, one for each record, at
// the place of what was staged of it first. So what a foreign key or a unique value demands
// to come first can: in every phase, as in MySQL, a unique value is free once a change
// before has let it go, and ErrUnique says that a record has it still when it is taken,
// though a later change would let it go. Records that exchange values need two units of
// work, and a value between.
//
// do may run more than once, also in another phase than before: it should do
// nothing that can't be done again, and keep what it finds in variables that it
// sets each time. With a Token the unit is applied once, whatever do decides when
// it runs again; of one that was applied before, do's error does not count, and
// ids that a store assigned are given again if do creates as many records. So a do that
// creates as many and then fails only asks: it applies nothing, and Atomically returns
// its error, or nil and the ids if the unit was applied before. A do that stages no
// write and has read one record at most leaves nothing to commit: its token is not taken.
//
// Of the other write options Follow holds for the whole unit.
func (r *Router) Atomically(ctx context.Context, do func(ctx context.Context, tx *Tx) error, options ...WriteOption) (err error) {
	defer r.observe("atomically", "", r.clock(), &err)
	o, err := r.chosen(options)
	if err != nil {
		return err
	}
	u := &unit{router: r, do: do, token: o.token}
	if err = u.run(ctx); err != nil {
		return callers(err)
	}
	if u.w.snapshot != nil && u.w.snapshot.Phase.HasFollower() && r.side(u.w.snapshot).refresher != nil {
		err = r.follow(ctx, &u.w, o.policy)
	}
	return cmp.Or(u.assign(), err, u.w.pending)
}

// A unit is one call of Atomically.
type unit struct {
	router *Router
	do     func(context.Context, *Tx) error
	token  string
	w      write   // of the attempt under way
	staged []*held // what its mutations are for
}

// run makes attempts until one has an answer.
func (u *unit) run(ctx context.Context) error {
	s := u.router.snapshot.Load()
	err := u.persist(ctx, s)
	if err != nil && turnedAway(err) {
		err = u.router.again(ctx, s, err, func(now *Snapshot) error { return u.persist(ctx, now) })
	}
	return err
}

// persist makes attempts under one snapshot for as long as others are in the way.
func (u *unit) persist(ctx context.Context, s *Snapshot) error {
	end := time.Now().Add(u.router.opts.RetryBudget)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := u.attempt(ctx, s)
		if !inTheWay(err) {
			return err
		}
		wait := rand.N(pause) + time.Microsecond
		if time.Until(end) < wait || sleep(ctx, wait) != nil {
			return err
		}
	}
}

// inTheWay reports whether an attempt failed for what others did, and can be made
// again. The caller's own error is never that.
func inTheWay(err error) bool {
	var own *changeError
	return errors.Is(err, ErrConflict) && !errors.As(err, &own) && OutcomeOf(err) == NotApplied
}

// attempt lets do decide, and commits.
func (u *unit) attempt(ctx context.Context, s *Snapshot) error {
	tx := newTx(u.router, s)
	err := u.do(ctx, tx)
	tx.over = true
	switch {
	case tx.refused != nil:
		return tx.refused
	case err == nil && tx.failed != nil:
		err = callers(tx.failed)
	}
	if err != nil {
		return u.failed(ctx, tx, err)
	}
	u.w, u.staged = write{}, nil
	if tx.settle(); !tx.commits() {
		return nil
	}
	u.staged = tx.staged
	u.w.Write = store.Write{Token: u.token, Decided: true, Mutations: tx.mutations(&u.w)}
	if err := u.router.commit(ctx, s, &u.w); err != nil || !u.w.done.Repeated {
		return err
	}
	return u.assignAgain(ctx, tx)
}

// failed returns do's own error, unless do was wrong about it: the unit was
// applied before, or what it has read is not of one moment.
func (u *unit) failed(ctx context.Context, tx *Tx, own error) error {
	own = &changeError{own}
	if u.token != "" {
		known, err := tx.authority().Token(ctx, tx.snapshot.at(), u.token)
		switch {
		case err != nil && turnedAway(err):
			return err
		case err != nil: // an earlier call may have applied it
			return &Error{Op: "atomically", Kind: ErrUnavailable, Outcome: Unknown,
				Detail: "the unit of work failed, and whether it was applied before can't be looked up", Cause: err}
		case known != nil:
			u.w = write{Write: store.Write{Token: u.token, Decided: true}, snapshot: tx.snapshot, done: store.Written{Repeated: true}}
			tx.settle()
			u.staged = tx.staged
			return u.giveAgain(known)
		}
	}
	if checks := tx.checks(); len(checks) > 1 {
		_, err := tx.authority().Write(ctx, tx.snapshot.at(), store.Write{Mutations: checks})
		if inTheWay(err) || err != nil && turnedAway(err) {
			return err
		}
	}
	return own
}

// assign gives the created records the ids that the store has assigned.
func (u *unit) assign() error {
	if u.w.done.Repeated {
		return nil // done
	}
	for i, h := range u.staged {
		if h.give != nil {
			if err := h.give(u.w.done.Rows[i].Key); err != nil {
				return err
			}
		}
		if h.giveRows != nil {
			if err := h.giveRows(u.w.done.Rows[i].Record); err != nil {
				return err
			}
		}
	}
	return nil
}

// assignAgain gives the ids that a unit was given when it was applied.
func (u *unit) assignAgain(ctx context.Context, tx *Tx) error {
	if len(u.asking()) == 0 {
		return nil
	}
	known, err := tx.authority().Token(ctx, tx.snapshot.at(), u.token)
	switch {
	case err != nil && turnedAway(err):
		return err
	case err != nil:
		return &Error{Op: "atomically", Kind: ErrUnavailable, Outcome: Applied,
			Detail: "the unit of work was applied before, and the ids it was given can't be looked up", Cause: err}
	case known == nil:
		return nil
	}
	return u.giveAgain(known)
}

// asking are the creates that want an id.
func (u *unit) asking() []*held {
	return slices.DeleteFunc(slices.Clone(u.staged), func(h *held) bool { return h.give == nil })
}

// giveAgain gives the ids that are kept with a token, if as many are wanted.
func (u *unit) giveAgain(known *store.Token) error {
	asking := u.asking()
	if len(known.Assigned) != len(asking) {
		return nil
	}
	for i, h := range asking {
		key, err := h.entity.KeyOf(known.Assigned[i])
		if err == nil {
			err = h.give(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
