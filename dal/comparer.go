package dal

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A comparer compares reads of phase 3 with the follower, on goroutines of its
// own: a slow, failing or different follower never changes an answer or its
// latency. What does not fit its queue is dropped and counted.
type comparer struct {
	router *Router
	queue  chan comparison
	start  sync.Once
	work   sync.WaitGroup
	ctx    context.Context
	cancel context.CancelFunc

	queued atomic.Int64 // rows in the queue

	mu     sync.RWMutex // held shared while sending, so that close can close
	closed bool
}

// A comparison is one read to compare: rows by key, or a whole query.
type comparison struct {
	epoch uint64 // of the read
	rows  []store.Row
	query *store.Query
}

func newComparer(r *Router) *comparer {
	ctx, cancel := context.WithCancel(context.Background())
	return &comparer{router: r, queue: make(chan comparison, r.opts.CompareQueue), ctx: ctx, cancel: cancel}
}

// offer hands over rows that were read by key under a snapshot.
func (c *comparer) offer(s *Snapshot, rows ...store.Row) {
	c.send(comparison{epoch: s.Epoch, rows: rows})
}

// offerQuery hands over the answer to a query.
func (c *comparer) offerQuery(s *Snapshot, q store.Query, rows []store.Row) {
	c.send(comparison{epoch: s.Epoch, rows: rows, query: &q})
}

func (c *comparer) send(job comparison) {
	if c == nil {
		return // no follower
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return
	}
	// The bound is on rows: one answer may hold thousands. A follower that is
	// being left alone has nothing to be compared.
	n := int64(max(1, len(job.rows)))
	if c.router.forward.refresher.Resting() || c.queued.Add(n) > int64(c.router.opts.CompareQueue) {
		c.queued.Add(-n)
		c.router.counts.compareDropped.Add(1)
		return
	}
	c.start.Do(c.run)
	select {
	case c.queue <- job:
	default:
		c.queued.Add(-n)
		c.router.counts.compareDropped.Add(1)
	}
}

func (c *comparer) run() {
	for range c.router.opts.CompareWorkers {
		c.work.Add(1)
		go func() {
			defer c.work.Done()
			for job := range c.queue {
				c.queued.Add(-int64(max(1, len(job.rows))))
				c.compare(job)
			}
		}()
	}
}

// close lets the comparison under way be given up and ends the workers.
func (c *comparer) close() {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.queue)
	}
	c.mu.Unlock()
	c.cancel()
	c.work.Wait()
}

func (c *comparer) compare(job comparison) {
	ctx, cancel := context.WithTimeout(c.ctx, c.router.opts.CompareTimeout)
	defer cancel()
	if c.router.snapshot.Load().Epoch != job.epoch {
		c.router.counts.compareDropped.Add(1)
		return
	}
	if job.query != nil {
		c.compareQuery(ctx, job.epoch, *job.query, job.rows)
		return
	}
	for _, row := range job.rows {
		c.compareRow(ctx, job.epoch, row)
	}
}

// stillLeads reports whether the authority of a read leads in its epoch still.
// In a queue a comparison may outlive phase 3, and then MySQL is the store that
// lags behind, without a mark that says so.
func (c *comparer) stillLeads(ctx context.Context, epoch uint64, key transform.Key) bool {
	_, err := c.router.forward.authority.Get(ctx, store.At{Epoch: epoch, Captured: true}, key)
	return err == nil
}

// compareRow compares one answer. A first look at the follower settles nearly
// all of them; only a difference is read again in both stores.
func (c *comparer) compareRow(ctx context.Context, epoch uint64, row store.Row) {
	r := c.router
	there, err := r.forward.follower.Get(ctx, relayed, row.Key)
	if err == nil && CompareRows(row, there, "", "").Verdict == Same {
		r.counts.compared.Add(1)
		return
	}
	c.settle(ctx, epoch, row.Key)
}

// settle compares a key that differs at first sight and counts the verdict.
func (c *comparer) settle(ctx context.Context, epoch uint64, key transform.Key) Verdict {
	r := c.router
	found, err := Compare(ctx, r.forward.authority, r.forward.follower, key)
	switch {
	case err != nil:
		r.counts.compareFailed.Add(1)
		return Unsettled
	case found.Verdict == Unsettled:
		r.counts.compareUnsettled.Add(1)
	case found.Verdict == Different && !c.stillLeads(ctx, epoch, key):
		r.counts.compareDropped.Add(1)
		return Unsettled
	default:
		r.counts.compared.Add(1)
		if found.Verdict == Different {
			c.mismatch(MismatchEvent{Comparison: found})
		}
	}
	return found.Verdict
}

func (c *comparer) mismatch(e MismatchEvent) {
	c.router.counts.mismatches.Add(1)
	c.router.counts.apart.Store(c.router.counts.compared.Load())
	for _, h := range c.router.hooks.mismatch {
		h.OnMismatch(e)
	}
}

// compareQuery compares the members of a page. An index of the follower lags,
// so a difference is looked at a few times, and then key by key: if all keys
// are equal and clean and the members still differ, the index is at fault.
func (c *comparer) compareQuery(ctx context.Context, epoch uint64, q store.Query, rows []store.Row) {
	r := c.router
	pause := comparePause
	for try := 0; ; try++ {
		there, err := r.forward.follower.Query(ctx, relayed, q)
		if err != nil {
			r.counts.compareFailed.Add(1)
			return
		}
		if sameMembers(rows, there) {
			r.counts.compared.Add(1)
			return
		}
		if try == compareTries-1 {
			c.blame(ctx, epoch, q, rows, there)
			return
		}
		if sleep(ctx, pause) != nil {
			r.counts.compareFailed.Add(1)
			return
		}
		pause *= 2
		// The answer may have been overtaken by a write: ask the authority too.
		if rows, err = r.forward.authority.Query(ctx, relayed, q); err != nil {
			r.counts.compareFailed.Add(1)
			return
		}
	}
}

// blame finds what makes two pages differ: a key, or the index. Keys that are
// equal by now say nothing of the pages, which may have been overtaken by
// writes. So the index is at fault only if the pages differ while every key of
// both stands still and clean, and go on differing.
func (c *comparer) blame(ctx context.Context, epoch uint64, q store.Query, here, there []store.Row) {
	keys := keysOf(here, there)
	for _, key := range keys {
		if c.settle(ctx, epoch, key) != Same {
			return
		}
	}
	pause := comparePause
	for try := range compareTries {
		look, err := c.lookAtIndex(ctx, q, keys)
		switch {
		case err != nil:
			c.router.counts.compareFailed.Add(1)
			return
		case look.same:
			c.router.counts.compared.Add(1)
			return
		case look.still && try == compareTries-1 && !c.stillLeads(ctx, epoch, keys[0]):
			c.router.counts.compareDropped.Add(1)
			return
		case look.still && try == compareTries-1:
			c.router.counts.compared.Add(1)
			c.mismatch(MismatchEvent{Index: cmp.Or(q.Index, "table")})
			return
		}
		keys = look.keys
		if sleep(ctx, pause) != nil {
			break
		}
		pause *= 2
	}
	c.router.counts.compareUnsettled.Add(1)
}

// An indexLook is one look at a query in both stores.
type indexLook struct {
	same  bool            // both answer alike
	still bool            // no key was dirty or changed meanwhile
	keys  []transform.Key // of both answers
}

// lookAtIndex asks both stores between two looks at the versions of the keys.
func (c *comparer) lookAtIndex(ctx context.Context, q store.Query, keys []transform.Key) (look indexLook, err error) {
	a, f := c.router.forward.authority, c.router.forward.follower
	before, err := a.GetMany(ctx, relayed, keys)
	if err != nil {
		return look, err
	}
	here, err := a.Query(ctx, relayed, q)
	if err != nil {
		return look, err
	}
	there, err := f.Query(ctx, relayed, q)
	if err != nil {
		return look, err
	}
	after, err := a.GetMany(ctx, relayed, keys)
	if err != nil {
		return look, err
	}
	look = indexLook{same: sameMembers(here, there), keys: keysOf(here, there), still: true}
	for i := range before {
		if before[i].Dirty || after[i].Dirty || before[i].Version != after[i].Version {
			look.still = false
		}
	}
	for _, key := range look.keys {
		if !slices.Contains(keys, key) {
			look.still = false // nobody has looked at its version
		}
	}
	return look, nil
}

func sameMembers(a, b []store.Row) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key != b[i].Key || !a[i].Record.Equal(b[i].Record) {
			return false
		}
	}
	return true
}

// keysOf returns the keys of both pages, each once.
func keysOf(pages ...[]store.Row) []transform.Key {
	var keys []transform.Key
	seen := make(map[transform.Key]bool)
	for _, page := range pages {
		for _, row := range page {
			if !seen[row.Key] {
				seen[row.Key] = true
				keys = append(keys, row.Key)
			}
		}
	}
	return keys
}
