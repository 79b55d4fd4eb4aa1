package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// inEachPhase plays the scenario in each world, in each of the phases, one after the
// other, with a process that has nothing else to do. base is a number above every id that
// was used before.
func inEachPhase(t *testing.T, play func(t *testing.T, w *world, p *process, base int64)) {
	inPhases(t, []store.Phase{1, 2, 3, 4, 5}, play)
}

func inPhases(t *testing.T, phases []store.Phase, play func(t *testing.T, w *world, p *process, base int64)) {
	inPhasesOf(t, storetest.Contract, phases, play)
}

// inPhasesOf is inPhases on the tables of a contract.
func inPhasesOf(t *testing.T, contract func(testing.TB) *transform.Contract, phases []store.Phase,
	play func(t *testing.T, w *world, p *process, base int64)) {
	eachWorldOf(t, contract(t), func(t *testing.T, w *world) { w.inPhases(t, phases, play) })
}

func (w *world) inPhases(t *testing.T, phases []store.Phase, play func(t *testing.T, w *world, p *process, base int64)) {
	w.to(t, store.MySQLOnly)
	for phase := store.MySQLOnly; phase <= store.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			p := w.open(t, leading())
			if phase == store.Validate {
				require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
			}
			if phase != store.MySQLOnly {
				p.step(t, phase)
			}
			if !slices.Contains(phases, phase) {
				return
			}
			play(t, w, p, int64(phase)*10_000)
			if phase.HasFollower() {
				p.drained(t)
				require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
			}
		})
	}
}

// atOnce calls do from n goroutines and returns how many succeeded; the others
// failed with the error, or the test does.
func atOnce(t *testing.T, n int, otherwise error, do func(i int) error) int {
	t.Helper()
	var succeeded atomic.Int64
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			switch err := do(i); {
			case err == nil:
				succeeded.Add(1)
			case otherwise == nil || !errors.Is(err, otherwise):
				t.Error(err)
			}
		})
	}
	all.Wait()
	return int(succeeded.Load())
}

// leads returns the store that leads.
func (w *world) leads(p *process) store.Reader {
	if p.Router().Snapshot().Phase.DynamoDBLeads() {
		return w.dynamo
	}
	return w.mysql
}

// TestScenario06RepliesAreLost: a tenth of DynamoDB's replies are lost after the
// call took effect. Every add is made once, by callers who repeat it with its
// token.
func TestScenario06RepliesAreLost(t *testing.T) {
	inPhases(t, []store.Phase{2, 3, 4, 5}, func(t *testing.T, w *world, p *process, base int64) {
		const users, adds = 20, 600
		for i := range int64(users) {
			u := user(base + i)
			require.NoError(t, p.users.Create(t.Context(), &u))
		}
		var calls atomic.Int64
		back := w.faults.On(func(c faultstore.Call) bool {
			return c.Store == "dynamodb" && calls.Add(1)%10 == 0
		}, faultstore.After)
		defer back()
		atOnce(t, 8, nil, func(worker int) error {
			for i := worker; i < adds; i += 8 {
				key, token := p.users.Key(base+int64(i%users)), fmt.Sprintf("%d-%d", base, i)
				for {
					err := p.users.Update(t.Context(), key, addOne, dal.Token(token))
					if err == nil {
						break
					}
					if !errors.Is(err, dal.ErrUnavailable) {
						return err
					}
				}
			}
			return nil
		})
		back()
		for i := range int64(users) {
			require.Equal(t, adds/users, w.count(t, w.leads(p), base+i))
		}
	})
}

// TestScenario08UpdateTouchesWhatItSays: an update of one column leaves the others
// alone, also when they change at the same moment.
func TestScenario08UpdateTouchesWhatItSays(t *testing.T) {
	inEachPhase(t, func(t *testing.T, w *world, p *process, base int64) {
		u := user(base)
		u.Profile.Count = 5
		require.NoError(t, p.users.Create(t.Context(), &u))
		const each = 20
		atOnce(t, 2, nil, func(i int) error {
			for n := range each {
				err := p.users.Update(t.Context(), p.users.Key(base), func(u *User) error {
					if i == 0 {
						u.Email = fmt.Sprintf("%d-%d@example.com", base, n)
					} else {
						u.Profile.Count++
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		got, err := p.users.Get(t.Context(), p.users.Key(base))
		require.NoError(t, err)
		u.Email, u.Profile.Count = fmt.Sprintf("%d-%d@example.com", base, each-1), 5+each
		require.Equal(t, u, got)
	})
}

// TestScenario09UpdateOfNothing: updating or deleting what does not exist creates
// nothing, and says so.
func TestScenario09UpdateOfNothing(t *testing.T) {
	inEachPhase(t, func(t *testing.T, w *world, p *process, base int64) {
		there := user(base)
		require.NoError(t, p.users.Create(t.Context(), &there))
		before := w.texts(t, w.leads(p))
		key := p.users.Key(base + 1)
		require.ErrorIs(t, p.users.Update(t.Context(), key, addOne), dal.ErrNotFound)
		require.ErrorIs(t, p.users.Delete(t.Context(), key), dal.ErrNotFound)
		for _, unit := range []func(users dal.InUnit[User]) error{
			func(users dal.InUnit[User]) error { return users.Update(t.Context(), key, addOne) },
			func(users dal.InUnit[User]) error { return users.UpdateAtCommit(t.Context(), key, addOne) },
			func(users dal.InUnit[User]) error { return users.Delete(t.Context(), key) },
		} {
			require.ErrorIs(t, p.Atomically(t.Context(), func(_ context.Context, tx *dal.Tx) error {
				if err := p.users.In(tx).Update(t.Context(), p.users.Key(base), addOne); err != nil {
					return err
				}
				return unit(p.users.In(tx))
			}), dal.ErrNotFound)
		}
		require.Equal(t, before, w.texts(t, w.leads(p)))
	})
}

// TestScenario09UpdateBesideDelete: an update beside a delete of what it changes comes
// before it, or does not find it, and brings nothing back: of one process and of two; where
// another process deletes between what the update reads and what it writes; and where it
// does so between what the update's refresh reads and what that puts.
func TestScenario09UpdateBesideDelete(t *testing.T) {
	inEachPhase(t, func(t *testing.T, w *world, p *process, base int64) {
		patient := quiet()
		patient.PromptBudget = time.Minute
		other, faults := w.apart(t, nil, patient)
		both := []*process{p, other}
		for round := range int64(6) {
			u := user(base + round)
			require.NoError(t, p.users.Create(t.Context(), &u))
			atOnce(t, 5, dal.ErrNotFound, func(i int) error {
				if i == 2 {
					return p.users.Delete(t.Context(), p.users.Key(u.ID))
				}
				return both[i%2].users.Update(t.Context(), p.users.Key(u.ID), addOne)
			})
			require.Equal(t, -1, w.count(t, w.leads(p), u.ID))
		}
		p.deletesBefore(t, w, other, base+10)
		if phase := p.Router().Snapshot().Phase; phase.HasFollower() {
			p.deletesBeforePut(t, w, other, faults, base+11)
			require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
		}
	})
}

// deletesBefore deletes a user whom the other process has read and is about to write.
func (p *process) deletesBefore(t *testing.T, w *world, other *process, id int64) {
	t.Helper()
	u, deleted := user(id), make(chan error, 1)
	require.NoError(t, p.users.Create(t.Context(), &u))
	// MySQL holds the key for the update: the delete, which has begun, comes after it.
	waits := w.db != nil && !p.Router().Snapshot().Phase.DynamoDBLeads()
	begin := sync.OnceFunc(func() {
		remove := func() { deleted <- p.users.Delete(t.Context(), p.users.Key(id)) }
		if waits {
			go remove()
		} else {
			remove()
		}
	})
	err := other.users.Update(t.Context(), p.users.Key(id), func(u *User) error { begin(); return addOne(u) })
	if waits {
		require.NoError(t, err)
	} else {
		require.ErrorIs(t, err, dal.ErrNotFound)
	}
	require.NoError(t, <-deleted)
	require.Equal(t, -1, w.count(t, w.leads(p), id))
}

// deletesBeforePut deletes a user whom the other process has updated, while what that is
// about to put into the follower is held back.
func (p *process) deletesBeforePut(t *testing.T, w *world, other *process, faults *faultstore.Faults, id int64) {
	t.Helper()
	u := user(id)
	require.NoError(t, p.users.Create(t.Context(), &u))
	p.drained(t)
	var first atomic.Bool
	relays := w.faults.StallOn(faultstore.Method("Put")) // they must not be faster
	held := faults.StallOn(func(c faultstore.Call) bool { return c.Method == "Put" && first.CompareAndSwap(false, true) })
	updated := make(chan error, 1)
	go func() { updated <- other.users.Update(context.Background(), p.users.Key(id), addOne) }()
	<-held.Reached()
	relays.Release()
	require.NoError(t, p.users.Delete(t.Context(), p.users.Key(id)))
	p.drained(t)
	held.Release()
	require.NoError(t, <-updated)
}

// TestScenario10ConcurrentSets: four set one quantity at once, sixty times; both
// stores end equal each round.
func TestScenario10ConcurrentSets(t *testing.T) {
	inPhases(t, []store.Phase{2, 3, 4}, func(t *testing.T, w *world, p *process, base int64) {
		u := user(base)
		require.NoError(t, p.users.Create(t.Context(), &u))
		for round := range 60 {
			atOnce(t, 4, nil, func(i int) error {
				return p.users.Update(t.Context(), p.users.Key(base), func(u *User) error {
					u.Profile.Count = 10*round + i
					return nil
				}, dal.Follow(dal.Required))
			})
			if p.Router().Snapshot().Phase.HasFollower() {
				require.Equal(t, w.count(t, w.mysql, base), w.count(t, w.dynamo, base), "round %d", round)
			}
		}
	})
}

// TestScenario11ConcurrentAdds: of two hundred concurrent adds each is there.
func TestScenario11ConcurrentAdds(t *testing.T) {
	inEachPhase(t, func(t *testing.T, w *world, p *process, base int64) {
		u := user(base)
		require.NoError(t, p.users.Create(t.Context(), &u))
		const adds = 200
		require.Equal(t, adds, atOnce(t, adds, nil, func(int) error { return p.users.Update(t.Context(), p.users.Key(base), addOne) }))
		require.Equal(t, adds, w.count(t, w.leads(p), base))
	})
}

var errOutOfStock = errors.New("out of stock")

// checkout takes one from the stock and leaves an order, or neither. It returns
// the order.
func (p *process) checkout(t *testing.T, tickets *dal.Repository[Ticket], product int64, token string) (Ticket, error) {
	var order Ticket
	err := p.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
		order = Ticket{Area: fmt.Sprint("of ", product), Code: token}
		if err := p.users.In(tx).UpdateAtCommit(ctx, p.users.Key(product), func(u *User) error {
			if u.Profile.Count < 1 {
				return errOutOfStock
			}
			u.Profile.Count--
			return nil
		}); err != nil {
			return err
		}
		return tickets.In(tx).Create(ctx, &order)
	}, dal.Token(token))
	return order, err
}

// TestScenario13StockIsNeverBelowZero: of twenty concurrent checkouts of a stock
// of ten, ten succeed, and there are as many orders.
func TestScenario13StockIsNeverBelowZero(t *testing.T) {
	inEachPhase(t, func(t *testing.T, w *world, p *process, base int64) {
		tickets, err := dal.NewRepository[Ticket](p, "Tickets")
		require.NoError(t, err)
		product := user(base)
		product.Profile.Count = 10
		require.NoError(t, p.users.Create(t.Context(), &product))
		var orders sync.Map
		succeeded := atOnce(t, 20, errOutOfStock, func(i int) error {
			order, err := p.checkout(t, tickets, base, fmt.Sprintf("%d/%d", base, i))
			if err == nil {
				orders.Store(order.ID, order)
			}
			return err
		})
		require.Equal(t, 10, succeeded)
		require.Equal(t, 0, w.count(t, w.leads(p), base))
		n := 0
		orders.Range(func(id, order any) bool {
			got, err := tickets.Get(t.Context(), tickets.Key(id))
			require.NoError(t, err)
			require.Equal(t, order, got)
			n++
			return true
		})
		require.Equal(t, 10, n, "an order has an id of its own")
	})
}

// cancel gives what an order took back to the stock, or fails with the error if that was
// done.
func (p *process) cancel(tickets *dal.Repository[Ticket], order, product int64, done error) error {
	return p.Atomically(context.Background(), func(ctx context.Context, tx *dal.Tx) error {
		if err := tickets.In(tx).Update(ctx, tickets.Key(order), func(o *Ticket) error {
			if o.Area == "cancelled" {
				return done
			}
			o.Area = "cancelled"
			return nil
		}); err != nil {
			return err
		}
		return p.users.In(tx).UpdateAtCommit(ctx, p.users.Key(product), addOne)
	})
}

// TestScenario14CancelOnce: of two concurrent cancels one succeeds, and the stock
// goes back once.
func TestScenario14CancelOnce(t *testing.T) {
	errCancelled := errors.New("cancelled already")
	inEachPhase(t, func(t *testing.T, w *world, p *process, base int64) {
		tickets, err := dal.NewRepository[Ticket](p, "Tickets")
		require.NoError(t, err)
		product := user(base)
		product.Profile.Count = 3
		require.NoError(t, p.users.Create(t.Context(), &product))
		for round := range 5 {
			order, err := p.checkout(t, tickets, base, fmt.Sprintf("%d/%d", base, round))
			require.NoError(t, err)
			require.Equal(t, 1, atOnce(t, 2, errCancelled, func(int) error {
				return p.cancel(tickets, order.ID, base, errCancelled)
			}))
			require.Equal(t, 3, w.count(t, w.leads(p), base), "round %d", round)
		}
	})
}

// TestScenario15OneNameOnce: of fifty concurrent registrations of one name one
// succeeds.
func TestScenario15OneNameOnce(t *testing.T) {
	inEachPhase(t, func(t *testing.T, w *world, p *process, base int64) {
		require.Equal(t, 1, atOnce(t, 50, dal.ErrUnique, func(i int) error {
			u := user(base + int64(i))
			u.Username = fmt.Sprintf("wanted%d", base)
			err := p.users.Create(t.Context(), &u)
			var told *dal.Error
			if err != nil && (!errors.As(err, &told) || told.Entity != "Users" || told.Field != "username") {
				return fmt.Errorf("entity and field are not told: %s", err)
			}
			return err
		}))
	})
}
