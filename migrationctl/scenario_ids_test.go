package migrationctl_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
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
