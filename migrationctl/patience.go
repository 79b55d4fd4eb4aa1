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

// passing reports whether an error may be gone a moment later.
func passing(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrThrottled) || errors.Is(err, context.DeadlineExceeded)
}
