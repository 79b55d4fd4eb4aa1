package migrationctl

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
)

// A Controller is what a service opens: it registers the process in the fleet,
// learns the phase, holds the lease, routes the repositories and runs a relay.
// It can do what an Operator can.
type Controller struct {
	*Operator
	router  *dal.Router
	relay   *relay
	member  *member
	strays  *strays
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// Open checks that everything the current phase needs is there, registers the
// process and starts its relay. A follower that can't be reached does not stop
// a service from starting: it is behind, and the relay catches up. A follower
// that is there and wrong (a missing table, another key schema, no
// credentials) does. Nor does MySQL in phase 5.
//
// A process that can't tell which store leads waits, as long as a hand-off may
// take, and then returns an error that says why. opts may be nil.
func Open(ctx context.Context, mysql MySQL, dynamo DynamoDB, opts *Options) (*Controller, error) {
	o, err := NewOperator(mysql, dynamo, opts)
	if err != nil {
		return nil, err
	}
	c := &Controller{Operator: o}
	c.member = newMember(o, o.newProcess())
	l, err := c.firstLead(ctx)
	if err == nil {
		err = c.checkStores(ctx, l)
	}
	if err != nil {
		return nil, errors.Join(err, c.member.leave(ctx))
	}
	c.start(ctx, l)
	return c, nil
}

// newProcess names this start of this process.
func (o *Operator) newProcess() store.Registration {
	host, _ := os.Hostname()
	return store.Registration{Process: o.opts.machine.name(), Host: host, Contract: o.digest, Started: o.now()}
}

// firstLead joins the fleet of the store that leads. While a hand-off stands
// between the stores it waits, and finishes one whose driver is gone.
func (c *Controller) firstLead(ctx context.Context) (lead, error) {
	wait, cancel := context.WithTimeout(ctx, c.opts.HandoffWait)
	defer cancel()
	for {
		l, err := c.member.join(wait)
		if err == nil || !errors.Is(err, store.ErrWrongPhase) {
			return l, err
		}
		if c.sleep(wait, watchEvery) != nil {
			return l, err
		}
		c.member.finishOthers(wait)
		if wait.Err() != nil {
			return l, err // says more than that time is up
		}
	}
}

// checkStores looks at what the phase needs.
func (c *Controller) checkStores(ctx context.Context, l lead) error {
	if err := l.authority.Ready(ctx); err != nil {
		return err
	}
	if err := c.checkContract(l.record); err != nil {
		return err
	}
	if !l.record.Phase.HasFollower() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, followerTimeout)
	defer cancel()
	err := l.other.Check(ctx)
	if err != nil && (ctx.Err() != nil || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrThrottled)) {
		c.opts.Logger.Warn("follower can't be reached, writes will reach it later", "error", err)
		return nil
	}
	return err
}

// followerTimeout bounds a look at the follower that a service's start, or a
// step that does not need it, makes.
const followerTimeout = 5 * time.Second

func (c *Controller) start(parent context.Context, l lead) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	c.cancel = cancel
	c.relay = newRelay(c)
	c.strays = &strays{o: c.Operator}
	c.router = dal.NewRouter(c.contract, c.mysql, c.dynamo, c.member.snapshot(l), &dal.RouterOptions{
		Policy: c.opts.Policy, PromptBudget: c.opts.PromptBudget, Hooks: c.opts.Hooks,
		CompareWorkers: c.opts.machine.atOnce(0), // the router's default, but in simulations
		Reload:         c.reload,
		Dirty:          c.relay.kick,
		// Relay and writes share the breaker: one that finds the follower away
		// spares the other.
		Forward: c.forward, Backward: c.backward,
	})
	c.Operator.rejoin = c.rejoin
	c.member.obey, c.member.reads, c.member.away = c.router.Set, c.router.Reads, c.relay.away
	for _, run := range []func(context.Context){c.renew, c.watch, c.finish, c.relay.run, c.watchStrays} {
		c.running.Add(1)
		go func() { defer c.running.Done(); run(ctx) }()
	}
}

// reload is what the router calls when a store refused an operation.
func (c *Controller) reload(ctx context.Context) (dal.Snapshot, error) {
	l, err := c.member.join(ctx)
	return c.member.snapshot(l), err
}

// renew keeps registration and lease alive and the snapshot fresh. If the
// store that leads can't be reached the last known phase goes on, which is
// safe: fence and lease decide.
func (c *Controller) renew(ctx context.Context) {
	for c.sleep(ctx, RenewEvery) == nil {
		c.rejoin(ctx)
	}
}

// finish takes over what other processes left behind. It stands apart: a store
// that hangs in the middle must not keep the lease from being renewed.
func (c *Controller) finish(ctx context.Context) {
	for c.sleep(ctx, RenewEvery) == nil {
		c.member.finishOthers(ctx)
	}
}

// rejoin joins again and tells the router.
func (c *Controller) rejoin(ctx context.Context) {
	l, err := c.member.join(ctx)
	switch {
	case err == nil:
		c.router.Set(c.member.snapshot(l))
	case ctx.Err() == nil && !errors.Is(err, store.ErrWrongPhase):
		c.opts.Logger.Warn("registration not renewed", "error", err)
	}
}

// watch looks at DynamoDB's record more often than renew does while DynamoDB
// leads: nothing else tells a process that it is to give its lease back. While
// MySQL leads, the fence refuses the first write.
func (c *Controller) watch(ctx context.Context) {
	for c.sleep(ctx, watchEvery) == nil {
		if c.member.news(ctx) {
			c.rejoin(ctx)
		}
	}
}

// Router routes the group's repositories; see dal.NewRepository.
func (c *Controller) Router() *dal.Router { return c.router }

// Atomically runs a unit of work over the group's entities; see
// dal.Router.Atomically.
func (c *Controller) Atomically(ctx context.Context, do func(ctx context.Context, tx *dal.Tx) error, options ...dal.WriteOption) error {
	return c.router.Atomically(ctx, do, options...)
}

// Join takes part in a transaction that the service has begun in MySQL by itself,
// as mysqlstore's Joining gives it; see dal.Router.Join.
func (c *Controller) Join(ctx context.Context, tx store.Joining, keys ...dal.Key) (*dal.Joined, error) {
	return c.router.Join(ctx, tx, keys...)
}

// Stats returns what this process counted.
func (c *Controller) Stats() dal.Stats { return c.router.Stats() }

// Close ends the relay and the comparisons, gives the lease back and takes the
// process out of the fleet. Keys still dirty are left to the relays of other
// processes, or to the next start. It waits for what is under way as long as
// ctx lasts; what then still runs ends by itself.
//
// A process that has left does not come back (TestCloseWaitsForARenewal,
// TestLeftForGood), unless a renewal that never had an answer is carried out after
// Close: the others then count the process as one of the fleet for RegistrationTTL
// more. A step waits for it that long, and capture on is refused that long if it has
// another contract; no write is at risk, for nobody uses its lease any more.
func (c *Controller) Close(ctx context.Context) error {
	c.cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.running.Wait()
		c.router.Close()
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	return c.member.leave(ctx)
}
