package migrationctl

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
)

// A Controller is what a service opens: it registers the process in the fleet,
// learns the phase, routes the repositories and runs a relay. It can do what an
// Operator can.
type Controller struct {
	*Operator
	router  *dal.Router
	relay   *relay
	process store.Registration
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// Open checks that everything the current phase needs is there, registers the
// process and starts its relay. A follower that can't be reached does not stop
// a service from starting: it is behind, and the relay catches up. A follower
// that is there and wrong (a missing table, another key schema, no
// credentials) does. opts may be nil.
func Open(ctx context.Context, mysql MySQL, dynamo DynamoDB, opts *Options) (*Controller, error) {
	o, err := NewOperator(mysql, dynamo, opts)
	if err != nil {
		return nil, err
	}
	if err := mysql.Ready(ctx); err != nil {
		return nil, err
	}
	c := &Controller{Operator: o, process: newProcess(o.digest)}
	record, err := c.register(ctx)
	if err != nil {
		return nil, err
	}
	err = o.checkContract(record)
	if err == nil {
		err = c.checkFollower(ctx, record)
	}
	if err != nil {
		return nil, errors.Join(err, mysql.Deregister(ctx, c.process.Process))
	}
	c.start(record)
	return c, nil
}

// newProcess names this start of this process.
func newProcess(contract string) store.Registration {
	var id [6]byte
	rand.Read(id[:]) // never fails
	host, _ := os.Hostname()
	return store.Registration{
		Process: fmt.Sprintf("%d-%s", os.Getpid(), hex.EncodeToString(id[:])),
		Host:    host, Contract: contract, Started: time.Now(),
	}
}

// register renews the registration until the record's epoch is the one it
// carries, so that the fleet sees this process obey at once.
func (c *Controller) register(ctx context.Context) (store.PhaseRecord, error) {
	for {
		record, err := c.registerOnce(ctx)
		if err != nil {
			return record, err
		}
		if c.router != nil {
			c.router.Set(snapshotOf(record))
		}
		if record.Epoch == c.process.Epoch {
			return record, nil
		}
		c.process.Epoch = record.Epoch
	}
}

// registerOnce gives up in time for another try before the registration lapses.
func (c *Controller) registerOnce(ctx context.Context) (store.PhaseRecord, error) {
	ctx, cancel := context.WithTimeout(ctx, RegistrationTTL/2)
	defer cancel()
	return c.mysql.Register(ctx, c.process)
}

func snapshotOf(r store.PhaseRecord) dal.Snapshot {
	return dal.Snapshot{Phase: r.Phase, Capture: r.Capture, Epoch: r.Epoch}
}

// followerTimeout bounds a look at the follower that a service's start, or a
// step that does not need it, makes.
const followerTimeout = 5 * time.Second

// checkFollower looks at the follower if the phase has one.
func (c *Controller) checkFollower(ctx context.Context, record store.PhaseRecord) error {
	if record.Phase > store.Validate {
		return &store.Error{Op: "open", Kind: store.ErrWrongPhase,
			Detail: fmt.Sprintf("the group is in phase %d, which this version can't serve", uint8(record.Phase))}
	}
	if !record.Phase.HasFollower() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, followerTimeout)
	defer cancel()
	err := c.dynamo.Check(ctx)
	if err != nil && (ctx.Err() != nil || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrThrottled)) {
		c.opts.Logger.Warn("follower can't be reached, writes will reach it later", "error", err)
		return nil
	}
	return err
}

func (c *Controller) start(record store.PhaseRecord) {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.relay = newRelay(c)
	c.router = dal.NewRouter(c.contract, c.mysql, c.dynamo, snapshotOf(record), &dal.RouterOptions{
		Policy: c.opts.Policy, PromptBudget: c.opts.PromptBudget, Hooks: c.opts.Hooks,
		Reload: func(ctx context.Context) (dal.Snapshot, error) {
			r, err := c.mysql.Phase(ctx)
			return snapshotOf(r), err
		},
		Dirty: c.relay.kick,
	})
	c.running.Add(2)
	go func() { defer c.running.Done(); c.renew(ctx) }()
	go func() { defer c.running.Done(); c.relay.run(ctx) }()
}

// renew keeps the registration alive and the snapshot fresh. If MySQL can't be
// reached the last known phase goes on, which is safe: the fence decides.
func (c *Controller) renew(ctx context.Context) {
	for sleep(ctx, RenewEvery) == nil {
		if _, err := c.register(ctx); err != nil && ctx.Err() == nil {
			c.opts.Logger.Warn("registration not renewed", "error", err)
		}
	}
}

// Router routes the group's repositories; see dal.NewRepository.
func (c *Controller) Router() *dal.Router { return c.router }

// Stats returns what this process counted.
func (c *Controller) Stats() dal.Stats { return c.router.Stats() }

// Close ends the relay and the comparisons, and takes the process out of the
// fleet. Keys still dirty are left to the relays of other processes, or to the
// next start. It waits for what is under way as long as ctx lasts; what then
// still runs ends by itself.
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
	return c.mysql.Deregister(ctx, c.process.Process)
}
