package migrationctl_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// What members have. Fields of the second block are joined, and items have copies of them.
type (
	MemberCart struct {
		Member  int64 `db:"member_id"`
		Product int64 `db:"product"`

		Email string `db:"email"`
	}
	MemberOrder struct {
		ID     int64  `db:"order_id"`
		Member int64  `db:"member_id"`
		Total  string `db:"total"`

		Email string `db:"email"`
	}
)

// belongings is a contract of members, found by e-mail, of what is in their carts, and of
// their orders, with the statements that create its tables.
func belongings(t *testing.T) (*transform.Contract, []string) {
	t.Helper()
	c, err := transform.LoadFile("testdata/belongings.json")
	require.NoError(t, err)
	require.Empty(t, c.NotYet)
	return c, append(storetest.Schema(c),
		"CREATE TABLE member_carts (member_id INT NOT NULL, product INT NOT NULL, PRIMARY KEY (member_id, product),"+
			" CONSTRAINT member_carts_of FOREIGN KEY (member_id) REFERENCES members (member_id) ON DELETE CASCADE) ENGINE=InnoDB",
		"CREATE TABLE member_orders (order_id INT NOT NULL PRIMARY KEY, member_id INT NOT NULL, total DECIMAL(12,2) NOT NULL,"+
			" CONSTRAINT member_orders_of FOREIGN KEY (member_id) REFERENCES members (member_id) ON DELETE CASCADE) ENGINE=InnoDB")
}

// A household is a member with 3 products in the cart and so many orders.
type household struct {
	*clubhouse
	carts  *dal.Repository[MemberCart]
	orders *dal.Repository[MemberOrder]
	member int64
	many   int64 // orders
}

const householdCarts = 3

func newHousehold(t *testing.T, c *clubhouse, over dal.Group) *household {
	t.Helper()
	carts, err := dal.NewRepository[MemberCart](over, "MemberCarts")
	require.NoError(t, err)
	orders, err := dal.NewRepository[MemberOrder](over, "MemberOrders")
	require.NoError(t, err)
	return &household{clubhouse: c, carts: carts, orders: orders}
}

// settleIn makes the member in MySQL, as a service had it.
func (w *world) settleIn(t *testing.T, orders int64) (member int64) {
	t.Helper()
	bare := dal.Standalone(w.contract, w.mysql)
	defer bare.Close()
	members, err := dal.NewRepository[Member](bare, "Members")
	require.NoError(t, err)
	m := Member{Email: "start"}
	require.NoError(t, members.Create(t.Context(), &m))
	h := newHousehold(t, nil, bare)
	for n := range int64(householdCarts) {
		require.NoError(t, h.carts.Create(t.Context(), &MemberCart{Member: m.ID, Product: n}))
	}
	for n := range orders {
		require.NoError(t, h.orders.Create(t.Context(), &MemberOrder{ID: n, Member: m.ID, Total: "10.50"}))
	}
	return m.ID
}

// look reads the member, one of the cart and one of the orders by their ids. Each is there,
// and none shows an e-mail that a read before it did not show any more.
func (h *household) look(t *testing.T, turn int64, old, new string) error {
	m, err := h.members.Get(t.Context(), h.members.Key(h.member))
	if err != nil {
		return err
	}
	cart, err := h.carts.Get(t.Context(), h.carts.Key(h.member, turn%householdCarts))
	if err != nil {
		return err
	}
	order, err := h.orders.Get(t.Context(), h.orders.Key(turn%h.many))
	if err != nil {
		return err
	}
	shown := []string{m.Email, cart.Email, order.Email}
	for i, email := range shown {
		if email != old && email != new || old != new && email == old && i > 0 && shown[i-1] == new {
			return fmt.Errorf("from %q to %q: %q", old, new, shown)
		}
	}
	return nil
}

// TestScenario22BelongingsGoAlong: the e-mail that is a member's item's key changes, and
// whoever changes it and brings it over to the cart and to many orders is killed at any
// call of his, in every phase: any of the change, and some of the rest. Reads by id find all of it throughout, under the old e-mail
// or the new one; once another process has drained, the member, the cart and the orders are
// under one e-mail in both stores, and nothing is under any other.
func TestScenario22BelongingsGoAlong(t *testing.T) {
	const updateCalls = 6 // and the rest are of the drain
	through := func(t *testing.T, w *world, orders int64, stride int) {
		member := w.settleIn(t, orders)
		w.to(t, store.MySQLOnly)
		c := w.enter(t, w.faults, leading())
		h := newHousehold(t, c, c.Controller)
		h.member, h.many = member, orders
		emails := []string{"start"}
		for phase := store.MySQLOnly; phase <= store.DynamoDBOnly; phase++ {
			if phase != store.MySQLOnly {
				(&process{Controller: c.Controller}).step(t, phase)
			}
			if phase == store.DualWrite {
				require.NoError(t, c.Backfill(t.Context(), migrationctl.BackfillOptions{}))
			}
			for n, fired := 0, true; fired; n++ {
				if n > updateCalls {
					n += stride - 1
				}
				old, email, turn := c.emailOf(t, member), fmt.Sprintf("%d-%d", phase, n), int64(n)
				emails = append(emails, email)
				fired = w.victimOf(t, n, faultstore.Crash, func() error {
					turn++
					return h.look(t, turn, old, email)
				}, func(alive context.Context, victim *clubhouse) {
					if victim.members.Update(t.Context(), victim.members.Key(member), changeEmail(email)) == nil && phase != store.MySQLOnly {
						_, _ = victim.Drain(alive, nil) // it waits for stores that are away
					}
				})
				if phase != store.MySQLOnly {
					_, err := c.Drain(t.Context(), nil)
					require.NoError(t, err)
					w.requireCopies(t, email)
				}
				require.NoError(t, h.look(t, turn, c.emailOf(t, member), c.emailOf(t, member)))
				if !fired {
					require.Equal(t, email, c.emailOf(t, member))
				}
			}
			c.atRest(t, w, emails...)
		}
	}
	c, schema := belongings(t)
	t.Run("memory", func(t *testing.T) { through(t, newMemoryWorldOf(t, c, faultstore.New()), 120, 5) }) // more than a page
	eachDynamoDB(t, func(t *testing.T, e *engine.DynamoDB) {
		through(t, newEngineWorldWith(t, e, c, schema, faultstore.New()), 20, 23)
	})
}
