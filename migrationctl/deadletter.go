package migrationctl

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// deadLetter writes down the records of a change that can't be converted, each
// with the reason, which names columns and limits but no values. Other keys of
// the change are left to the next refresh.
func (o *Operator) deadLetter(ctx context.Context, l lead, c store.Change, cause error) error {
	letters := unfitOf(c, cause)
	for _, letter := range letters {
		why := letter.Err.Error()
		var unfit *transform.ValueError
		if errors.As(letter.Err, &unfit) {
			why = unfit.Error()
		}
		o.opts.Logger.Warn("record can't be converted", "key", letter.Key.String(), "reason", why)
		if err := l.authority.SaveDeadLetter(ctx, letter.Key, letter.Version, why); err != nil {
			return err
		}
	}
	return nil
}

// unfitOf returns the keys of a change that can't be converted. An error that
// names none is about the change's only key.
func unfitOf(c store.Change, cause error) []*dal.KeyError {
	var unfit []*dal.KeyError
	for _, e := range dal.KeyErrors(cause) {
		if dal.Unfit(e.Err) {
			unfit = append(unfit, e)
		}
	}
	if unfit == nil && len(c.Keys) == 1 {
		unfit = []*dal.KeyError{{Key: c.Keys[0].Key, Version: c.Keys[0].Version, Err: cause}}
	}
	return unfit
}

// oneKey is a change of one key.
func oneKey(key transform.Key, v store.Version) store.Change {
	return store.Change{Keys: []store.KeyVersion{{Key: key, Version: v}}}
}

// DeadLetters returns up to limit records that could not be converted, and how
// many there are.
func (o *Operator) DeadLetters(ctx context.Context, limit int) ([]store.DeadLetter, int64, error) {
	l, err := o.lead(ctx)
	if err != nil {
		return nil, 0, err
	}
	return l.authority.DeadLetters(ctx, limit)
}

// RetryDeadLetters looks at each dead letter again: a row that was mended, by
// the service or with the operator's own SQL, is brought over and its letter
// dropped. One that still can't be brought over does not hold up the others.
// Relays do so every ten seconds.
func (o *Operator) RetryDeadLetters(ctx context.Context) error {
	l, err := o.lead(ctx)
	if err != nil {
		return err
	}
	letters, _, err := l.authority.DeadLetters(ctx, retryLimit)
	if err != nil {
		return err
	}
	var errs []error
	for _, letter := range letters {
		errs = append(errs, o.retryDeadLetter(ctx, l, transform.Key{Entity: letter.Entity, ID: letter.ID}))
	}
	return errors.Join(errs...)
}

func (o *Operator) retryDeadLetter(ctx context.Context, l lead, key transform.Key) error {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	if !mended(ctx, l, key) {
		return nil
	}
	if err := o.repair(ctx, l, key); err != nil {
		return err
	}
	return l.authority.DropDeadLetter(ctx, key)
}

// mended reports whether what the authority has at the key can be converted.
func mended(ctx context.Context, l lead, key transform.Key) bool {
	row, err := l.authority.Get(ctx, store.At{Captured: true}, key)
	if err != nil || !row.Live {
		return err == nil
	}
	if l.side == dynamoSide {
		return row.Record.Fit() == nil
	}
	filled, err := dal.WithCopies(ctx, l.authority, row)
	if err != nil || filled[0].Err != nil {
		return false
	}
	_, err = filled[0].Record.Entity().Item(filled[0].Record)
	return err == nil
}
