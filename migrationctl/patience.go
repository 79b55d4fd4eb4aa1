package migrationctl

import (
	"context"
	"errors"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// How often a run over many keys reads what a store was away or too slow for.
const (
	askTries = 4
	askPause = 500 * time.Millisecond // before the second try, twice that before the third, …
	saveTime = 5 * time.Second        // for one try at noting how far it is
)

// ask reads something for a run over many keys, and again if a store was away or too
// slow: work of hours does not end with one reply that was lost.
func ask[T any](ctx context.Context, o *Operator, read func() (T, error)) (T, error) {
	for try := 1; ; try++ {
		answer, err := read()
		if !passing(err) || try == askTries || o.sleep(ctx, time.Duration(try)*askPause) != nil {
			return answer, err
		}
	}
}

// saveProgress notes how far a run is, also when its caller cancels: what is done need
// not be done again.
func (o *Operator) saveProgress(ctx context.Context, s store.Store, p store.Progress) error {
	_, err := ask(ctx, o, func() (struct{}, error) {
		ctx, cancel := store.Detached(ctx, saveTime)
		defer cancel()
		return struct{}{}, s.SaveProgress(ctx, p)
	})
	return err
}

// passing reports whether an error may be gone a moment later.
func passing(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrThrottled) || errors.Is(err, context.DeadlineExceeded)
}
