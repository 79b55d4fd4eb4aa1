package memmysql

import (
	"context"
	"sync"
	"time"
)

// A turn is the transaction lock: one session at a time may change rows, lock
// rows or define tables. Waiting sessions get it in the order in which they
// came.
type turn struct {
	mu      sync.Mutex
	holder  *session
	waiting []*waiter
}

// A waiter waits for its turn.
type waiter struct {
	session *session
	granted chan struct{}
}

// take waits for the turn, and returns errLockWait after d. Cancelling ctx ends
// the wait with its cause. Taking it again does nothing.
func (t *turn) take(ctx context.Context, s *session, d time.Duration) error {
	w := t.join(s)
	if w == nil {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.granted:
		return nil
	case <-timer.C:
		return t.leave(w, errLockWait())
	case <-ctx.Done():
		return t.leave(w, context.Cause(ctx))
	}
}

// join makes s the holder and returns nil, or puts it at the end of the queue.
func (t *turn) join(s *session) *waiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holder == nil || t.holder == s {
		t.holder = s
		return nil
	}
	w := &waiter{session: s, granted: make(chan struct{})}
	t.waiting = append(t.waiting, w)
	return w
}

// leave gives a wait up, unless the turn came in this very moment.
func (t *turn) leave(w *waiter, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, other := range t.waiting {
		if other == w {
			t.waiting = append(t.waiting[:i], t.waiting[i+1:]...)
			return err
		}
	}
	return nil
}

// give passes the turn on, if s has it.
func (t *turn) give(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holder != s {
		return
	}
	t.holder = nil
	if len(t.waiting) > 0 {
		next := t.waiting[0]
		t.waiting = t.waiting[1:]
		t.holder = next.session
		close(next.granted)
	}
}

// has reports whether it is the session's turn.
func (t *turn) has(s *session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.holder == s
}

// line returns the connections that hold the turn and wait for it, in their
// order, the holder first if there is one.
func (t *turn) line() (holder *session, waiting []*session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.waiting {
		waiting = append(waiting, w.session)
	}
	return t.holder, waiting
}
