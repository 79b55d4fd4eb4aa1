package dal

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

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
	// under it, a hand-off included. Default 10 s.
	PhaseWait time.Duration
	// RetryBudget bounds how long Atomically runs its function again because
	// others have changed what it had read. Default 10 s.
	RetryBudget time.Duration
	// StaleAfter is how long a read of phase 4 that allows a stale answer waits
	// for DynamoDB before MySQL answers. Default 1 s.
	StaleAfter time.Duration
	// CompareQueue is how many reads of phase 3 may wait to be compared; more
	// are dropped and counted. Default 1024.
	CompareQueue int
	// CompareWorkers is how many are compared at once. Default 4.
	CompareWorkers int
	// CompareTimeout bounds one comparison. Default 5 s.
	CompareTimeout time.Duration
	// Hooks are told of what happens.
	Hooks []Hook
	// Reload reads the phase record again, and renews the lease where one is
	// needed, after a store said that the snapshot is out of date. The router
	// calls it for all operations that wait, one call at a time and, while the
	// answer stays the same, every 20 ms. Of an error of kind ErrWrongPhase the
	// router understands that the authority is on its way from one store to the
	// other. Nil keeps the snapshot.
	Reload func(context.Context) (Snapshot, error)
	// Forward and Backward are the refreshers to use, from MySQL to DynamoDB and
	// from DynamoDB to MySQL: a relay that shares them learns from the writes'
	// own refreshes that a follower is down. Default ones of the router's own.
	Forward, Backward *Refresher
	// Dirty is told of changes that a write left to be refreshed, so that a
	// relay of this process need not find them. It must not block.
	Dirty func([]store.Change)
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
	setDefault(&c.RetryBudget, 10*time.Second)
	setDefault(&c.StaleAfter, time.Second)
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
	contract *transform.Contract
	forward  side      // phases 1 to 3
	backward side      // phases 4 and 5
	comparer *comparer // nil without a follower in phase 3
	opts     RouterOptions
	hooks    hooks
	snapshot atomic.Pointer[Snapshot]
	counts   counts
	watch    *watch
}

// A side is one of the two ways data goes.
type side struct {
	authority store.Authority
	follower  store.Follower // nil where there is none
	refresher *Refresher     // nil without follower
}

// NewRouter returns a Router over both stores, of which the phase makes one the
// authority and the other its follower. dynamo may be nil: then the group stays
// in phase 1. opts may be nil. Close ends what it starts.
func NewRouter(c *transform.Contract, mysql, dynamo store.Store, start Snapshot, opts *RouterOptions) *Router {
	r := newRouter(c, mysql, start, opts)
	if dynamo != nil {
		setDefault(&r.opts.Forward, NewRefresher(mysql, dynamo, r.epoch))
		setDefault(&r.opts.Backward, NewRefresher(dynamo, mysql, r.epoch))
		r.forward = side{mysql, dynamo, r.opts.Forward}
		r.backward = side{dynamo, mysql, r.opts.Backward}
		r.comparer = newComparer(r)
	}
	return r
}

// Standalone returns a Router over a single store that is the authority in
// phase 1 without capture: for unit tests of a service, over package memstore.
// The epoch is the one a fresh store has.
func Standalone(c *transform.Contract, authority store.Authority) *Router {
	return newRouter(c, authority, Snapshot{Phase: MySQLOnly, Epoch: store.FirstEpoch}, nil)
}

func newRouter(c *transform.Contract, mysql store.Authority, start Snapshot, opts *RouterOptions) *Router {
	r := &Router{contract: c, opts: opts.withDefaults()}
	r.hooks = sortHooks(r.opts.Hooks)
	r.snapshot.Store(&start)
	r.watch = newWatch(r)
	r.forward.authority, r.backward.authority = mysql, absent{}
	return r
}

// side returns what a snapshot's phase makes of the stores.
func (r *Router) side(s *Snapshot) *side {
	if s.Phase.DynamoDBLeads() {
		return &r.backward
	}
	return &r.forward
}

func (r *Router) epoch() uint64 { return r.snapshot.Load().Epoch }

// Router returns r itself, so that a Router is a Group.
func (r *Router) Router() *Router { return r }

// Contract returns the group's contract.
func (r *Router) Contract() *transform.Contract { return r.contract }

// Snapshot returns what this process knows of the phase.
func (r *Router) Snapshot() Snapshot { return *r.snapshot.Load() }

// Set gives the router a newer snapshot and wakes the operations that wait for
// one. A snapshot with a smaller epoch is ignored: news may arrive out of
// order. One that says nothing new wakes them all the same: the lease may have
// come.
func (r *Router) Set(s Snapshot) {
	for {
		old := r.snapshot.Load()
		if s.Epoch < old.Epoch {
			return
		}
		if s == *old || r.snapshot.CompareAndSwap(old, &s) {
			break
		}
	}
	r.watch.tell(nil)
}

// Refresher returns what brings keys from the authority of this process's
// phase to the other store, nil where there is none.
func (r *Router) Refresher() *Refresher { return r.side(r.snapshot.Load()).refresher }

// Close waits for comparisons under way and ends their workers. Operations
// after Close still work; they are not compared any more.
func (r *Router) Close() {
	r.watch.close()
	if r.comparer != nil {
		r.comparer.close()
	}
}

// absent stands for DynamoDB where a process was given none.
type absent struct{ store.Authority }

var errAbsent = &Error{Op: "route", Store: "dynamodb", Kind: ErrInvalid, Outcome: NotApplied,
	Detail: "DynamoDB is the authority, and this process was started without it"}

func (absent) Name() string { return "dynamodb" }

func (absent) Get(context.Context, store.At, transform.Key) (store.Row, error) {
	return store.Row{}, errAbsent
}

func (absent) GetMany(context.Context, store.At, []transform.Key) ([]store.Row, error) {
	return nil, errAbsent
}

func (absent) Query(context.Context, store.At, store.Query) ([]store.Row, error) {
	return nil, errAbsent
}

func (absent) Token(context.Context, store.At, string) (*store.Token, error) { return nil, errAbsent }

func (absent) Write(context.Context, store.At, store.Write) (store.Written, error) {
	return store.Written{}, errAbsent
}
