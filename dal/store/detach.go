package store

import (
	"context"
	"time"
)

// Detached returns a context that keeps the values of ctx, is not cancelled
// with it, and ends after d. It is for what must follow a commit whatever
// happens to the caller, and for nothing else.
func Detached(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), d)
}
