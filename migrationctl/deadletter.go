package migrationctl

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// deadLetter writes down a record that can't be converted, with the reason,
// which names columns and limits but no values.
func (o *Operator) deadLetter(ctx context.Context, key transform.Key, v store.Version, cause error) error {
	why := cause.Error()
	var unfit *transform.ValueError
	if errors.As(cause, &unfit) {
		why = unfit.Error()
	}
	o.opts.Logger.Warn("record can't be converted", "key", key.String(), "reason", why)
	return o.mysql.SaveDeadLetter(ctx, key, v, why)
}

// DeadLetters returns up to limit records that could not be converted, and how
// many there are.
func (o *Operator) DeadLetters(ctx context.Context, limit int) ([]store.DeadLetter, int64, error) {
	return o.mysql.DeadLetters(ctx, limit)
}

// RetryDeadLetters looks at each dead letter again: a row that was mended, by
// the service or with the operator's own SQL, is brought over and its letter
// dropped. One that still can't be brought over does not hold up the others.
// Relays do so every ten seconds.
func (o *Operator) RetryDeadLetters(ctx context.Context) error {
	letters, _, err := o.mysql.DeadLetters(ctx, retryLimit)
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range letters {
		errs = append(errs, o.retryDeadLetter(ctx, transform.Key{Entity: l.Entity, ID: l.ID}))
	}
	return errors.Join(errs...)
}

func (o *Operator) retryDeadLetter(ctx context.Context, key transform.Key) error {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	if !o.mended(ctx, key) {
		return nil
	}
	if err := o.Repair(ctx, key); err != nil {
		return err
	}
	return o.mysql.DropDeadLetter(ctx, key)
}

// mended reports whether what the authority has at the key can be converted.
func (o *Operator) mended(ctx context.Context, key transform.Key) bool {
	row, err := o.mysql.Get(ctx, store.At{Captured: true}, key)
	if err != nil || !row.Live {
		return err == nil
	}
	_, err = row.Record.Entity().Item(row.Record)
	return err == nil
}
