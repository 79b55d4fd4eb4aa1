package dal

import (
	"context"
	"errors"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// A ReadOption is a choice for a single read.
type ReadOption func(readOptions) readOptions

type readOptions struct{ stale, lags *bool }

// AllowStale lets MySQL answer in phase 4 if DynamoDB does not: it fails, it
// throttles, it gives no answer within RouterOptions.StaleAfter, or it gives
// this process no lease. Such an answer may lack the latest writes,
// acknowledged ones too, and stale is then set to true; otherwise to false.
// The other phases have no store beside the authority that could answer.
func AllowStale(stale *bool) ReadOption {
	if stale == nil {
		stale = new(bool)
	}
	return func(o readOptions) readOptions { o.stale = stale; return o }
}

// TellLag sets lags to whether a query was answered by a global secondary index of
// DynamoDB, in phases 4 and 5: what was written a moment ago may then be missing or be as
// it was (see Index). It is set to false where the answer shows everything that was
// written before: MySQL's in phases 1 to 3, those of the table's own key and of a unique
// value, and those of Get and GetMany. Of Query, which reads page by page, it holds for
// what was consumed so far. A stale answer of AllowStale says so there and not here.
func TellLag(lags *bool) ReadOption {
	return func(o readOptions) readOptions { o.lags = lags; return o }
}

func readChoices(options []ReadOption) readOptions {
	var o readOptions
	for _, option := range options {
		o = option(o)
	}
	return o
}

// fresh says of a read that nothing stale was answered so far, and nothing that lags.
func fresh(options []ReadOption) {
	if len(options) == 0 {
		return
	}
	o := readChoices(options)
	if o.stale != nil {
		*o.stale = false
	}
	if o.lags != nil {
		*o.lags = false
	}
}

// tellLag says of a query that was answered whether the answer may lag.
func (r *Router) tellLag(q *resolved, from store.Reader, options []ReadOption) {
	if len(options) == 0 || from == nil || from != store.Reader(r.backward.authority) {
		return
	}
	if o := readChoices(options); o.lags != nil && q.Lags() {
		*o.lags = true
	}
}

// fallible reads in phase 4, from MySQL if DynamoDB fails and the caller allows
// it. It has not answered if the phase is another one by now, or the caller
// allows nothing.
func fallible[T any](ctx context.Context, r *Router, s *Snapshot, options []ReadOption, op, entity string,
	read func(context.Context, store.Reader, store.At) (T, error)) (v T, from store.Reader, answered bool, err error) {
	o := readChoices(options)
	if o.stale == nil {
		return v, nil, false, nil
	}
	limited, cancel := context.WithTimeout(ctx, r.opts.StaleAfter)
	defer cancel()
	from = r.backward.authority
	v, err = read(limited, from, s.at())
	if err != nil && turnedAway(err) {
		err = r.again(limited, s, err, func(now *Snapshot) (err error) {
			if s = now; s.Phase != DynamoDBPrimary {
				return nil // not DynamoDB's to answer
			}
			v, err = read(limited, from, s.at())
			return err
		})
	}
	switch {
	case s.Phase != DynamoDBPrimary || r.snapshot.Load().Phase != DynamoDBPrimary:
		return v, nil, false, nil
	case err == nil:
		return v, from, true, nil
	case ctx.Err() != nil || limited.Err() == nil && !unanswered(err):
		return v, from, true, err
	}
	// Without an epoch: MySQL is no authority now and refuses any that is given.
	there, failed := read(ctx, r.forward.authority, store.At{})
	if failed != nil {
		return v, from, true, err
	}
	*o.stale = true
	r.fellBack(op, entity, err)
	return there, r.forward.authority, true, nil
}

// unanswered reports whether an error says that DynamoDB could not answer, and
// not what is there.
func unanswered(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrThrottled) || errors.Is(err, ErrWrongPhase)
}

func (r *Router) fellBack(op, entity string, cause error) {
	now := time.Now()
	r.counts.fellBack.Store(&now)
	r.counts.fallbacks.Add(1)
	for _, h := range r.hooks.fallback {
		h.OnFallback(FallbackEvent{Op: op, Entity: entity, Cause: cause})
	}
}
