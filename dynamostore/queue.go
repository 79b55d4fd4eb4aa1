package dynamostore

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/crossfade-go/crossfade/transform"
)

// A queue lets the writers of this process that are after the same key go one
// after another, first come first served. Without it, of fifty writers that read
// a version one succeeds, and forty-nine pay for a refusal and read again; some
// would never get through.
type queue struct {
	mu    sync.Mutex
	lines map[transform.Key]*line
}

// A line is the writers that wait for one key. turn holds one token, which the
// writer whose turn it is has taken; a channel serves who waits in their order.
type line struct {
	turn chan struct{}
	n    int // of writers, the one whose turn it is included
}

// enter waits until it is the caller's turn for all keys, or ctx is over. leave
// must be called after it, unless there is an error.
func (q *queue) enter(ctx context.Context, keys []transform.Key) (leave func(), err error) {
	// All in one order: two writers with two keys would wait for each other.
	keys = slices.SortedFunc(slices.Values(keys), func(a, b transform.Key) int {
		return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.ID, b.ID))
	})
	for i, key := range keys {
		if err := q.wait(ctx, key); err != nil {
			q.leave(keys[:i])
			return nil, err
		}
	}
	return func() { q.leave(keys) }, nil
}

func (q *queue) wait(ctx context.Context, key transform.Key) error {
	q.mu.Lock()
	l := q.lines[key]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		if q.lines == nil {
			q.lines = map[transform.Key]*line{}
		}
		q.lines[key] = l
	}
	l.n++
	q.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		q.drop(key, l)
		return ctx.Err()
	}
}

// leave lets the next writer of each key go on.
func (q *queue) leave(keys []transform.Key) {
	for _, key := range keys {
		q.mu.Lock()
		l := q.lines[key]
		q.mu.Unlock()
		<-l.turn
		q.drop(key, l)
	}
}

// drop forgets a line in which nobody stands.
func (q *queue) drop(key transform.Key, l *line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.n--; l.n == 0 {
		delete(q.lines, key)
	}
}
