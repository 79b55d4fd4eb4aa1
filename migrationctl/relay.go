package migrationctl

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Sizes of the relay.
const (
	relayPage    = 500              // dirty keys read at once
	relayQueue   = 4096             // keys this process left dirty; more are found by polling
	relayTimeout = 5 * time.Second  // of one refresh
	relayGrace   = time.Second      // a key this young is left to the writer's own refresh
	retryEvery   = 10 * time.Second // a look at dead letters that may be mended
	retryLimit   = 10_000           // of them at once
)

// A relay runs refresh for every dirty key until none is left. Every process
// runs one; two that meet at a key do no harm. It holds no state that matters:
// what is dirty stands in MySQL, so memory stays bounded however long the
// follower is down.
type relay struct {
	o         *Operator
	router    func() *dal.Router
	refresher func() *dal.Refresher
	kicked    chan transform.Key
	dead      map[transform.Key]store.Version // dead letters this relay wrote down
	deadMu    sync.Mutex
}

func newRelay(c *Controller) *relay {
	return &relay{
		o:         c.Operator,
		router:    func() *dal.Router { return c.router },
		refresher: func() *dal.Refresher { return c.router.Refresher() },
		kicked:    make(chan transform.Key, relayQueue),
		dead:      make(map[transform.Key]store.Version),
	}
}

// kick tells the relay of keys that a write of this process left dirty. What
// does not fit is found by polling.
func (r *relay) kick(keys []transform.Key) {
	for _, key := range keys {
		select {
		case r.kicked <- key:
		default:
			return
		}
	}
}

// run works until ctx ends: workers refresh what is kicked and what polling
// finds.
func (r *relay) run(ctx context.Context) {
	work := make(chan store.Change)
	var workers sync.WaitGroup
	for range r.o.opts.RelayWorkers {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for change := range work {
				r.refresh(ctx, change)
			}
		}()
	}
	workers.Add(1)
	go func() {
		defer workers.Done()
		r.retry(ctx)
	}()
	defer workers.Wait()
	defer close(work)
	r.feed(ctx, work)
}

// feed hands keys to the workers until ctx ends.
func (r *relay) feed(ctx context.Context, work chan<- store.Change) {
	poll := time.NewTicker(r.o.opts.RelayPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case key := <-r.kicked:
			if !send(ctx, work, store.Change{Key: key}) {
				return
			}
		case <-poll.C:
			if !r.active() {
				continue
			}
			if err := r.poll(ctx, work); err != nil && ctx.Err() == nil {
				r.o.opts.Logger.Warn("dirty keys not read", "error", err)
			}
		}
	}
}

// retry looks at dead letters now and then, beside the relay's own work.
func (r *relay) retry(ctx context.Context) {
	for sleep(ctx, retryEvery) == nil {
		if r.active() && !r.refresher().Resting() {
			_ = r.o.RetryDeadLetters(ctx) // the next look is due soon
		}
	}
}

// active reports whether there is a follower to bring keys to. While it rests
// after failures, a single key is enough to probe it.
func (r *relay) active() bool { return r.router().Snapshot().Phase.HasFollower() }

// poll passes once over all dirty keys.
func (r *relay) poll(ctx context.Context, work chan<- store.Change) error {
	var after transform.Key
	for {
		page, err := r.dirty(ctx, after)
		if err != nil {
			return err
		}
		for _, change := range page {
			if r.leave(change) {
				continue
			}
			if !send(ctx, work, change) {
				return nil
			}
			if r.refresher().Resting() {
				// One probe a pass. Hammering a follower that is down, or
				// reading its whole backlog again and again, helps nobody.
				return nil
			}
		}
		if len(page) < relayPage {
			return nil
		}
		after = page[len(page)-1].Key
	}
}

func (r *relay) dirty(ctx context.Context, after transform.Key) ([]store.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	return r.o.mysql.Dirty(ctx, after, relayPage)
}

// leave reports whether the key is none of this pass's business: its writer is
// at it, or it is a dead letter that nobody has written since.
func (r *relay) leave(c store.Change) bool {
	if c.Age > 0 && c.Age < int64(relayGrace) && r.o.opts.Policy != dal.Async {
		return true
	}
	r.deadMu.Lock()
	defer r.deadMu.Unlock()
	v, ok := r.dead[c.Key]
	return ok && v == c.Version
}

func send(ctx context.Context, work chan<- store.Change, c store.Change) bool {
	select {
	case work <- c:
		return true
	case <-ctx.Done():
		return false
	}
}

// refresh brings one key over. A key that can't be converted becomes a dead
// letter; every other failure is tried again in a later pass.
func (r *relay) refresh(ctx context.Context, change store.Change) {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	err := r.refresher().Refresh(ctx, change.Key)
	switch {
	case err == nil || ctx.Err() != nil:
	case dal.Unfit(err):
		if r.o.deadLetter(ctx, change.Key, change.Version, err) == nil {
			r.remember(change)
		}
	case errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrThrottled):
		// The breaker paces what comes next.
	default:
		r.o.opts.Logger.Warn("refresh failed", "key", change.Key.String(), "error", err)
	}
}

// remember keeps the relay from trying a dead letter in every pass. Forgetting
// is harmless, so the memory is simply emptied when it grows.
func (r *relay) remember(c store.Change) {
	if c.Version == 0 {
		return // kicked: the version is not known
	}
	r.deadMu.Lock()
	defer r.deadMu.Unlock()
	if len(r.dead) >= relayQueue {
		clear(r.dead)
	}
	r.dead[c.Key] = c.Version
}
