package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// steps is how many there are from phase 1 to 5 and back.
const steps = 8

// besideSteps goes through the phases and back. round is called before each step, and
// returns when something is under way; finish, which it returns, is called when the step
// is made.
func besideSteps(t *testing.T, ctl *migrationctl.Controller, round func(n int) (finish func())) {
	n, finish := 0, round(0)
	require.NoError(t, local.Walk(t.Context(), ctl, 0, func(format string, _ ...any) {
		if !strings.HasPrefix(format, "phase") {
			return
		}
		finish()
		if n++; n < steps {
			finish = round(n)
		}
	}))
	require.Equal(t, steps, n)
}

// A crowd is what many do at once beside a step.
type crowd struct {
	t      *testing.T
	s      *shop
	people []*shopper
	asked  chan struct{} // of each request that the shop has begun with
	all    sync.WaitGroup
	mu     sync.Mutex
	counts map[string]int // by what was done, and the status
}

// TestScenarios13To15BesideSteps: beside each step from phase to phase, there and back: of
// 20 who buy one of the last 10, 10 get one; of two who cancel an order, one does, and its
// stock is back once; of 20 who register with one name, one does.
func TestScenarios13To15BesideSteps(t *testing.T) { onEachEngine(t, besideEachStep) }

func besideEachStep(t *testing.T, engines *local.Engines) {
	c := &crowd{t: t, asked: make(chan struct{}, 1)}
	service := newTestShop(t, engines, func(t testing.TB, made *shop) { c.s = made })
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case c.asked <- struct{}{}:
		default:
		}
		service.API.ServeHTTP(w, r)
	}))
	defer home.Close()
	d, err := newDemo(t.Context(), c.s, time.Second)
	require.NoError(t, err)
	d.invite(21, http.DefaultClient, strings.TrimPrefix(home.URL, "http://"))
	for _, p := range d.people {
		p.register(t.Context())
		require.NotEmpty(t, p.token, p.failed)
	}
	c.people = d.people
	besideSteps(t, service.Controller, c.round)
}

// round has everybody ready, lets them go, and returns when the first are in.
func (c *crowd) round(n int) (finish func()) {
	t, buyers, last := c.t, c.people[:20], c.people[20]
	scarce, plenty := last.goods[n], last.goods[steps]
	require.NoError(t, c.s.products.Update(t.Context(), c.s.product(scarce), func(p *Product) error { p.Inventory = 10; return nil }))
	for _, p := range buyers {
		require.True(t, p.ask(t.Context(), "DELETE", "/api/cart", nil, nil), p.failed)
		require.True(t, p.ask(t.Context(), "POST", "/api/cart/items", fields{"productId": scarce, "quantity": 1}, nil), p.failed)
	}
	require.True(t, last.ask(t.Context(), "POST", "/api/cart/items", fields{"productId": plenty, "quantity": 3}, nil), last.failed)
	var bought struct{ Order receipt }
	require.True(t, last.ask(t.Context(), "POST", "/api/orders/checkout", fields{"paymentMethod": "paypal"}, &bought), last.failed)

	c.counts = map[string]int{}
	select {
	case <-c.asked: // of the requests above
	default:
	}
	for i, p := range buyers {
		c.does(p, "buys", "POST", "/api/orders/checkout", fields{"paymentMethod": "paypal"})
		c.does(p, "registers", "POST", "/api/auth/register", fields{"username": [2]string{"dora_", "DORA_"}[i%2] + fmt.Sprint(n),
			"email": fmt.Sprintf("dora%d_%d@example.com", n, i), "password": "Aa1!aaaa"})
	}
	for range 2 {
		c.does(last, "cancels", "PUT", fmt.Sprintf("/api/orders/%d/cancel", bought.Order.ID), nil)
	}
	<-c.asked
	return func() {
		c.all.Wait()
		require.Equal(t, map[string]int{"buys: 201": 10, "buys: 400": 10, "registers: 201": 1, "registers: 409": 19,
			"cancels: 200": 1, "cancels: 409": 1}, c.counts, "beside step %d", n+1)
		for product, want := range map[int64]int64{scarce: 0, plenty: inStore} {
			left, err := last.stock(t.Context(), product)
			require.NoError(t, err)
			require.Equal(t, want, left, "beside step %d", n+1)
		}
	}
}

// does lets somebody do something, and counts what came of it.
func (c *crowd) does(p *shopper, what, method, path string, body any) {
	c.all.Go(func() {
		status, err := p.send(c.t.Context(), method, path, body, nil)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			c.t.Errorf("%s %s: %v", method, path, err)
		}
		c.counts[fmt.Sprintf("%s: %d", what, status)]++
	})
}
