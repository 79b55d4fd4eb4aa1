package dal

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Snapshot is what a process knows of its group's phase. An operation takes
// one when it begins and uses it to its end.
type Snapshot struct {
	Phase   Phase
	Capture bool
	Epoch   uint64
}

func (s *Snapshot) at() store.At { return store.At{Epoch: s.Epoch, Captured: s.Capture} }

// RouterOptions are the choices of a Router. The zero value of each field
// means its default.
type RouterOptions struct {
	// Policy says when a write is acknowledged. Default Prompt.
	Policy Policy
	// PromptBudget bounds how long an acknowledged write waits for its refresh
	// under Prompt. Default 100 ms.
	PromptBudget time.Duration
	// RequiredBudget bounds the same under Required. Default 5 s.
	RequiredBudget time.Duration
	// PhaseWait bounds how long an operation waits while the phase changes
	// under it. Default 10 s.
	PhaseWait time.Duration
	// CompareQueue is how many reads of phase 3 may wait to be compared; more
	// are dropped and counted. Default 1024.
	CompareQueue int
	// CompareWorkers is how many are compared at once. Default 4.
	CompareWorkers int
	// CompareTimeout bounds one comparison. Default 5 s.
	CompareTimeout time.Duration
	// Hooks are told of what happens.
	Hooks []Hook
	// Reload reads the phase record again after a store said that the snapshot
	// is out of date. Nil keeps the snapshot.
	Reload func(context.Context) (Snapshot, error)
	// Dirty is told of keys that a write left dirty, so that a relay of this
	// process need not find them. It must not block.
	Dirty func([]transform.Key)
}

func (o *RouterOptions) withDefaults() RouterOptions {
	var c RouterOptions
	if o != nil {
		c = *o
	}
	setDefault(&c.Policy, Prompt)
	setDefault(&c.PromptBudget, 100*time.Millisecond)
	setDefault(&c.RequiredBudget, 5*time.Second)
	setDefault(&c.PhaseWait, 10*time.Second)
	setDefault(&c.CompareQueue, 1024)
	setDefault(&c.CompareWorkers, 4)
	setDefault(&c.CompareTimeout, 5*time.Second)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// A Router takes every operation of a group's repositories to the store that
// the phase names, and what follows a write to the other one. It is made by a
// controller such as migrationctl's, or by Standalone.
type Router struct {
	contract  *transform.Contract
	authority store.Authority
	follower  store.Follower // nil where there is none in any phase
	refresher *Refresher     // nil without follower
	comparer  *comparer      // nil without follower
	opts      RouterOptions
	hooks     hooks
	snapshot  atomic.Pointer[Snapshot]
	counts    counts
	reloading chan struct{} // holds one entry while somebody reads the phase record
}

// NewRouter returns a Router over the authority of phases 1 to 3 and its
// follower, which may be nil. opts may be nil. Close ends what it starts.
func NewRouter(c *transform.Contract, authority store.Authority, follower store.Follower, start Snapshot, opts *RouterOptions) *Router {
	r := &Router{contract: c, authority: authority, follower: follower, opts: opts.withDefaults(), reloading: make(chan struct{}, 1)}
	r.hooks = sortHooks(r.opts.Hooks)
	r.snapshot.Store(&start)
	if follower != nil {
		r.refresher = NewRefresher(authority, follower)
		r.comparer = newComparer(r)
	}
	return r
}

// Standalone returns a Router over a single store that is the authority in
// phase 1 without capture: for unit tests of a service, over package memstore.
// The epoch is the one a fresh store has.
func Standalone(c *transform.Contract, authority store.Authority) *Router {
	return NewRouter(c, authority, nil, Snapshot{Phase: MySQLOnly, Epoch: store.FirstEpoch}, nil)
}

// Router returns r itself, so that a Router is a Group.
func (r *Router) Router() *Router { return r }

// Contract returns the group's contract.
func (r *Router) Contract() *transform.Contract { return r.contract }

// Snapshot returns what this process knows of the phase.
func (r *Router) Snapshot() Snapshot { return *r.snapshot.Load() }

// Set gives the router a newer snapshot. One with a smaller epoch is ignored:
// news may arrive out of order.
func (r *Router) Set(s Snapshot) {
	for {
		old := r.snapshot.Load()
		if s.Epoch <= old.Epoch {
			return
		}
		if r.snapshot.CompareAndSwap(old, &s) {
			return
		}
	}
}

// Refresher returns what brings keys to the follower, nil where there is none.
func (r *Router) Refresher() *Refresher { return r.refresher }

// Close waits for comparisons under way and ends their workers. Operations
// after Close still work; they are not compared any more.
func (r *Router) Close() {
	if r.comparer != nil {
		r.comparer.close()
	}
}

// again is the slow path of an operation that a store refused with
// ErrWrongPhase: nothing was applied. It learns the new phase and calls do
// again until it is accepted or PhaseWait is over. Requests wait for a phase
// change; they do not fail.
func (r *Router) again(ctx context.Context, s *Snapshot, cause error, do func(*Snapshot) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.opts.PhaseWait)
	defer cancel()
	pause := 2 * time.Millisecond
	for err := cause; ; {
		if !errors.Is(err, ErrWrongPhase) {
			return err
		}
		if !r.learn(ctx, s.Epoch) {
			// The fence is closed, or the record can't be read: wait.
			if sleep(ctx, pause) != nil {
				return err
			}
			pause = min(2*pause, 100*time.Millisecond)
		}
		s = r.snapshot.Load()
		err = do(s)
	}
}

// reloadTimeout bounds one read of the phase record.
const reloadTimeout = 2 * time.Second

// learn reads the phase record unless somebody else just did, and reports
// whether the epoch is another one than before.
func (r *Router) learn(ctx context.Context, before uint64) bool {
	// Not a mutex: the holder waits for the network, and who waits for the
	// holder must not wait longer than its own caller does.
	select {
	case r.reloading <- struct{}{}:
		defer func() { <-r.reloading }()
	case <-ctx.Done():
		return false
	}
	if r.snapshot.Load().Epoch != before {
		return true
	}
	if r.opts.Reload == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	s, err := r.opts.Reload(ctx)
	if err != nil {
		return false
	}
	r.Set(s)
	return r.snapshot.Load().Epoch != before
}
