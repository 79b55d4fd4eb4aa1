package migrationctl_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// A Ticket's id comes from a sequence.
type Ticket struct {
	ID   int64  `db:"ticket_id"`
	Area string `db:"area"`
	Code string `db:"code"`
}

// TestScenario20OneIDEverywhere: the id that is assigned is the id in both
// stores; after each switch, there and back and there again, new ids go on above
// every id that was ever given, and two processes never get one twice.
func TestScenario20OneIDEverywhere(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.Validate)
		a, b := w.open(t, leading()), w.open(t, nil)
		highest := int64(0)
		seen := map[int64]bool{}
		for _, to := range []store.Phase{3, 4, 5, 4, 3, 4} {
			if to != 3 || highest > 0 {
				a.step(t, to)
			}
			var mu sync.Mutex
			var work sync.WaitGroup
			var ids []int64
			for _, p := range []*process{a, b} {
				tickets, err := dal.NewRepository[Ticket](p, "Tickets")
				require.NoError(t, err)
				for range 4 {
					work.Add(1)
					go func() {
						defer work.Done()
						for range 3 {
							ticket := Ticket{Area: "A", Code: randomName()}
							if err := tickets.Create(t.Context(), &ticket); err != nil {
								t.Error(err)
								return
							}
							got, err := tickets.Get(t.Context(), tickets.Key(ticket.ID))
							if err != nil || got != ticket {
								t.Errorf("%+v %+v %v", got, ticket, err)
							}
							mu.Lock()
							ids = append(ids, ticket.ID)
							mu.Unlock()
						}
					}()
				}
			}
			work.Wait()
			top := highest
			for _, id := range ids {
				require.False(t, seen[id], "id %d twice", id)
				seen[id] = true
				require.Greater(t, id, highest, "phase %d", to)
				top = max(top, id)
			}
			highest = top
			// The highest is deleted: no store can tell any more from what it
			// holds that it was ever given.
			tickets, err := dal.NewRepository[Ticket](a, "Tickets")
			require.NoError(t, err)
			require.NoError(t, tickets.Delete(t.Context(), tickets.Key(highest)))
			if to.HasFollower() {
				a.drained(t)
				require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
			}
		}
	})
}

// A giver is a process that makes tickets, and notes their ids.
type giver struct {
	*process
	tickets *dal.Repository[Ticket]
	faults  *faultstore.Faults
	ids     []int64
}

// giver starts a process that shares nothing with others but the stores and the clock.
func (w *world) giver(t *testing.T, now func() time.Time) *giver {
	t.Helper()
	g := &giver{}
	g.process, g.faults = w.apart(t, now, leading().WithClock(now))
	var err error
	g.tickets, err = dal.NewRepository[Ticket](g, "Tickets")
	require.NoError(t, err)
	return g
}

// give makes so many tickets, ten at once.
func (g *giver) give(ctx context.Context, n int) error {
	for ; n > 0; n -= 10 {
		var made []Ticket
		if err := g.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
			made = make([]Ticket, 10)
			for i := range made {
				made[i] = Ticket{Area: "A", Code: randomName()}
				if err := g.tickets.In(tx).Create(ctx, &made[i]); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		for _, ticket := range made {
			g.ids = append(g.ids, ticket.ID)
		}
	}
	return nil
}

// TestScenario20FrozenClocks: processes whose clocks all stand still at one moment, and one
// whose clock goes backwards, take ids at once, more than a block has. One of them dies with
// a part of its block at hand, and the one that is started for it wakes up at the same
// moment. No id comes twice, none is one that MySQL gave, and all are the same in both
// stores, there and back and there again.
func TestScenario20FrozenClocks(t *testing.T) {
	eachDynamoDB(t, func(t *testing.T, e *engine.DynamoDB) {
		w := newEngineWorld(t, e, faultstore.New())
		w.to(t, store.Validate)
		moment := time.Now()
		still := func() time.Time { return moment }
		var readings atomic.Int64
		backwards := func() time.Time { return moment.Add(-time.Duration(readings.Add(1)) * time.Millisecond) }
		driver := w.open(t, leading())
		givers := []*giver{w.giver(t, still), w.giver(t, still), w.giver(t, backwards)}
		seen, highest := map[int64]bool{}, int64(0)
		gave := func(about string, givers ...*giver) {
			t.Helper()
			top := highest
			for _, g := range givers {
				for _, id := range g.ids {
					require.False(t, seen[id], "%s: id %d twice", about, id)
					seen[id] = true
					require.Greater(t, id, highest, about)
					top = max(top, id)
				}
				g.ids = nil
			}
			highest = top
		}
		together := func(n int) {
			t.Helper()
			require.Equal(t, len(givers), atOnce(t, len(givers), nil, func(i int) error { return givers[i].give(t.Context(), n) }))
		}
		together(10)
		gave("phase 3", givers...)

		driver.step(t, store.DynamoDBPrimary)
		together(50)
		last, err := w.dynamo.LastID(t.Context(), w.contract.Entity("Tickets"))
		require.NoError(t, err)
		require.Greater(t, last, highest+3*50, "each has a block of its own, and a part of it at hand")
		dead := givers[1]
		dead.faults.On(func(faultstore.Call) bool { return true }, faultstore.Crash)
		require.Error(t, dead.give(t.Context(), 10))
		givers[1] = w.giver(t, still)
		together(60)
		gave("phase 4", append(givers, dead)...)
		dead.faults.Restart() // so that what is left of it gives its lease back
		require.NoError(t, dead.Close(t.Context()))

		for _, to := range []store.Phase{3, 4} {
			driver.step(t, to)
			// Their leases do not end by clocks that stand still: the step may be made when
			// they have not seen it yet, and nobody may write before that.
			for _, g := range givers {
				require.Eventually(t, func() bool { return g.Router().Snapshot().Phase == to }, time.Minute, 10*time.Millisecond)
			}
			together(10)
			gave(to.String()+" again", givers...)
			driver.drained(t)
			require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
		}
	})
}

// TestIDsMustFit: a sequence that has come to the end of its column, or stands
// above it, is told before the step.
func TestIDsMustFit(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.Validate)
		p := w.open(t, leading())
		p.verified(t)
		require.NoError(t, w.mysql.RaiseID(t.Context(), w.contract.Entity("Tickets"), 1<<31-1))
		var refused *migrationctl.RefusedError
		require.ErrorAs(t, p.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{Force: true}), &refused)
		require.Len(t, refused.Unmet, 1)
		require.Equal(t, "ids", refused.Unmet[0].Guard)
		require.Contains(t, refused.Unmet[0].Reason, "Tickets.ticket_id")
	})
}

// beyond is a store whose sequence stands above its column from the moment it is
// closed.
type beyond struct {
	store.Store
	store.Leases // nil of MySQL
	store.Beside
}

func (b beyond) LastID(ctx context.Context, e *transform.Entity) (int64, error) {
	if r, err := b.Phase(ctx); err != nil || r.State == store.Closed {
		return 1 << 31, err
	}
	return b.Store.LastID(ctx, e)
}

// TestIDsBeyondEndTheHandoff: an id that the other store's column can't hold is
// met before the authority is given away. The hand-off is given up, and the
// group goes on where it was.
func TestIDsBeyondEndTheHandoff(t *testing.T) {
	for _, way := range []struct{ from, to store.Phase }{{3, 4}, {4, 3}} {
		synctest.Test(t, func(t *testing.T) {
			w := newMemoryWorld(t, faultstore.New())
			p := w.lead(t, way.from)
			p.verified(t)
			op, err := migrationctl.NewOperator(beyond{w.mysql, nil, nil}, beyond{w.dynamo, w.dynamo, w.dynamo}, leading())
			require.NoError(t, err)
			err = op.SetPhase(t.Context(), way.to, migrationctl.Change{})
			require.ErrorIs(t, err, store.ErrInvalid)
			require.ErrorContains(t, err, "ticket_id")
			require.Equal(t, way.from, w.settled(t).Phase)
			w.oneAuthority(t)
			u := user(1)
			require.NoError(t, p.users.Create(t.Context(), &u))
			require.NoError(t, p.Close(context.Background()))
		})
	}
}
