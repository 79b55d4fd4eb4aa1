package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// A crossing is a step that is made while calls are under way.
type crossing struct {
	w     *world
	fleet [2]*process
	base  int64 // above every id that was used before
	about string
	step  func() error
	// waited is how many calls waited for a step in all crossings so far.
	waited *int64
}

// acrossSwitches plays a round of calls across every switch from phase 1 to 5 and back,
// those of capture included. A round calls crossing.atOnce once. At rest the stores are equal.
func acrossSwitches(t *testing.T, w *world, fleet [2]*process, round func(t *testing.T, c *crossing)) {
	p, n, waited := fleet[0], int64(0), int64(0)
	cross := func(about string, step func() error) {
		t.Helper()
		n++
		round(t, &crossing{w, fleet, 10_000 * n, about, step, &waited})
	}
	why := migrationctl.Change{Reason: "test"}
	cross("capture on", func() error { return p.CaptureOn(context.Background(), why) })
	at := store.MySQLOnly
	for i, to := range []store.Phase{2, 3, 4, 5, 4, 3, 2, 1} {
		if to == store.DynamoDBPrimary {
			p.verified(t)
		}
		cross(fmt.Sprintf("from phase %d to %d", at, to), func() error { return p.SetPhase(context.Background(), to, why) })
		switch at = to; i {
		case 0:
			require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		case 3:
			require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{Reverse: true}))
		}
		if to.HasFollower() {
			p.drained(t)
			require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo), "after phase %d was set", to)
		}
	}
	cross("capture off", func() error { return p.CaptureOff(context.Background(), why) })
	require.NotZero(t, waited, "no call was under way while a step was made")
}

// eachCrossing is acrossSwitches in each world of the contract; needs is as of eachWorldOf.
func eachCrossing(t *testing.T, contract func(testing.TB) *transform.Contract, round func(t *testing.T, c *crossing), needs ...string) {
	across := func(t *testing.T, w *world) {
		acrossSwitches(t, w, [2]*process{w.open(t, leading()), w.open(t, nil)}, round)
	}
	eachWorldOf(t, contract(t), across, needs...)
}

// atOnce calls do from n goroutines across the step, and returns how many succeeded; the
// others failed with the error, or the test does. The first half of the calls is under way
// in the old phase, held back before they write, until the step is announced; the others
// begin after that. do is given the process whose call it is.
func (c *crossing) atOnce(t *testing.T, n int, otherwise error, do func(p *process, i int) error) int {
	t.Helper()
	before := c.haveWaited()
	defer func() { *c.waited += c.haveWaited() - before }()
	var over atomic.Bool // the next crossing has a stall of its own
	held := c.w.faults.StallOn(func(c faultstore.Call) bool {
		return !over.Load() && c.Role == faultstore.Authority && c.Method == "Write"
	})
	var succeeded atomic.Int64
	var all sync.WaitGroup
	start := func(from, to int) {
		for i := from; i < to; i++ {
			all.Go(func() {
				err := do(c.fleet[i%2], i)
				for errors.Is(err, dal.ErrConflict) && dal.OutcomeOf(err) == dal.NotApplied {
					err = do(c.fleet[i%2], i) // it was held for longer than a unit tries again
				}
				switch {
				case err == nil:
					succeeded.Add(1)
				case !errors.Is(err, otherwise):
					t.Errorf("%s, call %d: %v", c.about, i, err)
				}
			})
		}
	}
	start(0, n/2)
	<-held.Reached()
	announced := make(chan struct{})
	announce := sync.OnceFunc(func() { close(announced) })
	forget := c.w.faults.On(func(c faultstore.Call) bool {
		if c.Method == "Advance" {
			announce()
		}
		return false
	}, faultstore.Before)
	defer forget()
	made := make(chan error, 1)
	go func() { made <- c.step() }()
	select {
	case err := <-made:
		require.NoError(t, err, c.about)
		require.Fail(t, "the step was made without a word", c.about)
	case <-announced:
	}
	start(n/2, n)
	over.Store(true)
	held.Release()
	all.Wait()
	require.NoError(t, <-made, c.about)
	return int(succeeded.Load())
}

func (c *crossing) haveWaited() int64 {
	return c.fleet[0].Router().Stats().Waited + c.fleet[1].Router().Stats().Waited
}

// TestScenario13StockAcrossSwitches: of twenty who buy one of ten while the phase changes,
// ten succeed, and there are as many orders.
func TestScenario13StockAcrossSwitches(t *testing.T) {
	eachCrossing(t, storetest.Contract, func(t *testing.T, c *crossing) {
		p := c.fleet[0]
		product := user(c.base)
		product.Profile.Count = 10
		require.NoError(t, p.users.Create(t.Context(), &product))
		var mu sync.Mutex
		var orders []Ticket
		require.Equal(t, 10, c.atOnce(t, 20, errOutOfStock, func(p *process, i int) error {
			order, err := p.checkout(t, c.tickets(t, p), c.base, fmt.Sprintf("%d/%d", c.base, i))
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				orders = append(orders, order)
			}
			return err
		}), c.about)
		require.Equal(t, 0, c.w.count(t, c.w.leads(p), c.base), c.about)
		for _, order := range orders {
			got, err := c.tickets(t, p).Get(t.Context(), c.tickets(t, p).Key(order.ID))
			require.NoError(t, err, c.about)
			require.Equal(t, order, got, c.about)
		}
		there := 0
		for key, columns := range c.w.texts(t, c.w.leads(p)) {
			if key.Entity == "Tickets" && slices.Contains(columns, fmt.Sprint("text of ", c.base)) {
				there++
			}
		}
		require.Equal(t, 10, there, c.about)
	})
}

// tickets are a process's tickets.
func (c *crossing) tickets(t *testing.T, p *process) *dal.Repository[Ticket] {
	tickets, err := dal.NewRepository[Ticket](p, "Tickets")
	require.NoError(t, err)
	return tickets
}

// TestScenario14CancelAcrossSwitches: of two who cancel an order, one before the phase
// changes and one meanwhile, one succeeds, and the stock goes back once.
func TestScenario14CancelAcrossSwitches(t *testing.T) {
	const orders = 5
	errCancelled := errors.New("cancelled already")
	eachCrossing(t, storetest.Contract, func(t *testing.T, c *crossing) {
		p := c.fleet[0]
		product := user(c.base)
		product.Profile.Count = orders
		require.NoError(t, p.users.Create(t.Context(), &product))
		var made []Ticket
		for i := range orders {
			order, err := p.checkout(t, c.tickets(t, p), c.base, fmt.Sprintf("%d/%d", c.base, i))
			require.NoError(t, err)
			made = append(made, order)
		}
		cancelled := make([]atomic.Int64, orders)
		require.Equal(t, orders, c.atOnce(t, 2*orders, errCancelled, func(p *process, i int) error {
			err := p.cancel(c.tickets(t, p), made[i%orders].ID, c.base, errCancelled)
			if err == nil {
				cancelled[i%orders].Add(1)
			}
			return err
		}), c.about)
		for i := range cancelled {
			require.EqualValues(t, 1, cancelled[i].Load(), c.about)
		}
		require.Equal(t, orders, c.w.count(t, c.w.leads(p), c.base), c.about)
	})
}

// TestScenario15NameAcrossSwitches: of fifty who register one name while the phase
// changes, in forms that differ in case, accents and blanks at the end, one succeeds.
func TestScenario15NameAcrossSwitches(t *testing.T) {
	forms := []string{"wanted%d", "Wanted%d", "WANTED%d", "wánted%d", "wanted%d  ", "Wäñtéd%d "}
	eachCrossing(t, storetest.NamesContract, func(t *testing.T, c *crossing) {
		accounts := func(p *process) *dal.Repository[Account] {
			all, err := dal.NewRepository[Account](p, "Accounts")
			require.NoError(t, err)
			return all
		}
		var holder atomic.Int64
		require.Equal(t, 1, c.atOnce(t, 50, dal.ErrUnique, func(p *process, i int) error {
			a := Account{ID: c.base + int64(i), Login: text(forms[i%len(forms)], c.base)}
			err := accounts(p).Create(t.Context(), &a)
			if err == nil {
				holder.Store(a.ID)
			}
			return err
		}), c.about)
		for i := range int64(50) {
			_, err := accounts(c.fleet[1]).Get(t.Context(), accounts(c.fleet[1]).Key(c.base+i))
			require.Equal(t, c.base+i == holder.Load(), err == nil, "%s: %v", c.about, err)
		}
	}, "tells the weights of its collations")
}
