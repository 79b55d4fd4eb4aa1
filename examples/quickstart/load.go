package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal"
)

// A loadPlan says what a load does.
type loadPlan struct {
	Workers int // writers, each with keys of its own
	Readers int // readers of any key
	// Process is which of how many processes this is. Every worker, and every
	// reader, works in one of them.
	Process, Processes int
	Seed               uint64 // of the choices
	Ledgers            string // the folder
	// Tokens names the run in the tokens of its writes, so that a restarted
	// process can send again what a killed one had begun. "" sends none.
	Tokens string
	Think  time.Duration // mean pause between two operations of one worker
}

// callTimeout bounds one operation. It is longer than any wait the library
// allows itself.
const callTimeout = 30 * time.Second

// A load is the traffic of a service: workers and readers that use one
// repository all the time.
type load struct {
	plan  loadPlan
	users *dal.Repository[User]
	meter *meter
	keys  *keyring
}

// A keyring holds the keys that readers ask for.
type keyring struct {
	mu  sync.RWMutex
	ids []int64
}

func (k *keyring) add(id int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids = append(k.ids, id)
}

// some returns n keys, fewer if there are none at all.
func (k *keyring) some(n int, random *rand.Rand) []int64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if len(k.ids) == 0 {
		return nil
	}
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = k.ids[random.IntN(len(k.ids))]
	}
	return ids
}

// run works until ctx ends, and returns when every operation has its answer.
// The error is of a ledger: without it, going on would prove nothing.
func (l *load) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var workers []*worker
	for n := l.plan.Process; n < l.plan.Workers; n += l.plan.Processes {
		book, err := openLedger(ledgerPath(l.plan.Ledgers, n))
		if err != nil {
			return err
		}
		defer book.close()
		workers = append(workers, newWorker(l, n, book))
	}
	var work sync.WaitGroup
	errs := make(chan error, len(workers))
	for _, w := range workers {
		work.Add(1)
		go func() {
			defer work.Done()
			if err := w.run(ctx); err != nil {
				errs <- err
				cancel()
			}
		}()
	}
	for n := l.plan.Process; n < l.plan.Readers; n += l.plan.Processes {
		work.Add(1)
		go func() {
			defer work.Done()
			l.readAnything(ctx, rand.New(rand.NewPCG(l.plan.Seed, uint64(1000+n))))
		}()
	}
	work.Wait()
	close(errs)
	return <-errs
}

// think pauses, and reports whether the load goes on.
func (l *load) think(ctx context.Context, random *rand.Rand) bool {
	t := time.NewTimer(time.Duration(random.Int64N(int64(2*l.plan.Think) + 1)))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// call is the context of one operation. An end of the load lets the operations
// under way have their answers.
func call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
}

// timed measures a read and reports an error nobody expects.
func (l *load) timed(op string, read func() error) error {
	start := time.Now()
	err := read()
	l.meter.read(time.Since(start))
	if err != nil && !errors.Is(err, dal.ErrNotFound) {
		l.meter.failed(op + ": " + err.Error())
	}
	return err
}

// readAnything reads keys whoever writes them. What it gets it can't judge
// beyond that it is what was asked for.
func (l *load) readAnything(ctx context.Context, random *rand.Rand) {
	for l.think(ctx, random) {
		ids := l.keys.some(10, random)
		if len(ids) == 0 {
			continue
		}
		once, cancel := call(ctx)
		if random.IntN(4) == 0 {
			_, _ = l.readMany(once, ids)
		} else if u, err := l.readOne(once, ids[0]); err == nil {
			_, _ = l.lookUp(once, byUsername(), u.Username)
			_, _ = l.lookUp(once, byEmail(), u.Email)
		}
		cancel()
	}
}

func (l *load) readOne(ctx context.Context, id int64) (u User, err error) {
	err = l.timed("get", func() (err error) {
		u, err = l.users.Get(ctx, l.users.Key(id))
		return err
	})
	if err == nil && u.ID != id {
		l.meter.wrong(fmt.Sprintf("user_id %d: get answered another user", id))
	}
	return u, err
}

func (l *load) readMany(ctx context.Context, ids []int64) (map[int64]User, error) {
	keys := make([]dal.Key, len(ids))
	for i, id := range ids {
		keys[i] = l.users.Key(id)
	}
	found := map[int64]User{}
	err := l.timed("get many", func() error {
		many, err := l.users.GetMany(ctx, keys)
		for i, id := range ids {
			u, ok := many[keys[i]]
			if !ok {
				continue
			}
			found[id] = u
			if u.ID != id {
				l.meter.wrong(fmt.Sprintf("user_id %d: get many answered another user", id))
			}
		}
		return err
	})
	return found, err
}

// A lookup is an index and the value it finds a user by.
type lookup struct {
	index string
	of    func(User) string
}

func byUsername() lookup { return lookup{usernameIndex, func(u User) string { return u.Username }} }
func byEmail() lookup    { return lookup{emailIndex, func(u User) string { return u.Email }} }

// lookUp queries an index for a value that one user can have.
func (l *load) lookUp(ctx context.Context, by lookup, value string) (found []User, err error) {
	err = l.timed("query", func() error {
		for u, err := range l.users.Query(ctx, dal.Index(by.index).Equal(value)) {
			if err != nil {
				return err
			}
			found = append(found, u)
			if by.of(u) != value {
				l.meter.wrong(fmt.Sprintf("user_id %d: %s answered a user without the value asked for", u.ID, by.index))
			}
		}
		return nil
	})
	if len(found) > 1 {
		l.meter.wrong(fmt.Sprintf("user_id %d: %s answered %d users with one unique value", found[0].ID, by.index, len(found)))
	}
	return found, err
}
