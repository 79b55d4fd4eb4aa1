package dynamostore

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pauses between two tries begin at firstPause and double up to lastPause.
const (
	firstPause = 25 * time.Millisecond
	lastPause  = time.Second
)

// A budget bounds how long one call goes on asking for what the service put
// off. It is not for use by several goroutines.
type budget struct {
	total    time.Duration
	deadline time.Time     // zero until the first pause
	pause    time.Duration // the longest that the next pause may be
}

// progress makes the next pause a short one again, because the service did a
// part of what it was asked.
func (b *budget) progress() { b.pause = 0 }

// wait pauses before the next try, for a random time so that those who were put
// off together do not come back together. It returns false if the budget or the
// context ends before that.
func (b *budget) wait(ctx context.Context) bool {
	now := time.Now()
	if b.deadline.IsZero() {
		b.deadline = now.Add(b.total)
	}
	b.pause = min(max(2*b.pause, firstPause), lastPause)
	pause := b.pause/2 + rand.N(b.pause/2)
	if now.Add(pause).After(b.deadline) {
		return false
	}
	return sleep(ctx, pause)
}

// sleep returns false if the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
