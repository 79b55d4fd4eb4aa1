package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// inEachPhase plays on a shop in each phase, with people who are registered.
func inEachPhase(t *testing.T, people int, play func(t *testing.T, s *shop, people []*shopper)) {
	for _, phase := range everyPhase {
		t.Run(phase.String(), func(t *testing.T) {
			var s *shop
			engines := &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: quickEngine(t)}
			service := newTestShop(t, engines, func(t testing.TB, made *shop) { s = made })
			paritytest.Go(t, service.Controller, phase)
			home := httptest.NewServer(service.API)
			defer home.Close()
			d, err := newDemo(t.Context(), s, time.Second)
			require.NoError(t, err)
			d.invite(people, http.DefaultClient, strings.TrimPrefix(home.URL, "http://"))
			for _, p := range d.people {
				p.register(t.Context())
				require.NotEmpty(t, p.token, p.failed)
			}
			play(t, s, d.people)
		})
	}
}

// together lets all do something at once and returns how many could.
func together(people []*shopper, do func(p *shopper) bool) int {
	var could atomic.Int64
	var all sync.WaitGroup
	for _, p := range people {
		all.Go(func() {
			if do(p) {
				could.Add(1)
			}
		})
	}
	all.Wait()
	return int(could.Load())
}

// TestScenario13TheLastOnes: of 20 who buy one of the last 10 at once, 10 get one.
func TestScenario13TheLastOnes(t *testing.T) {
	inEachPhase(t, 20, func(t *testing.T, s *shop, people []*shopper) {
		product := people[0].goods[0]
		require.NoError(t, s.products.Update(t.Context(), s.products.Key(product), func(p *Product) error { p.Inventory = 10; return nil }))
		for _, p := range people {
			require.True(t, p.ask(t.Context(), "POST", "/api/cart/items", fields{"productId": product, "quantity": 1}, nil), p.failed)
		}
		bought := together(people, func(p *shopper) bool {
			return p.ask(t.Context(), "POST", "/api/orders/checkout", fields{"paymentMethod": "paypal"}, nil)
		})
		require.Equal(t, 10, bought)
		left, err := people[0].stock(t.Context(), product)
		require.NoError(t, err)
		require.Zero(t, left)
		for _, p := range people {
			require.Empty(t, p.failed, "nobody is told anything but that it is sold out")
		}
	})
}

// TestScenario14TwoCancel: of two who cancel one order at once, one does, and what it
// had is in stock again once.
func TestScenario14TwoCancel(t *testing.T) {
	inEachPhase(t, 1, func(t *testing.T, s *shop, people []*shopper) {
		p := people[0]
		product := p.goods[0]
		require.True(t, p.ask(t.Context(), "POST", "/api/cart/items", fields{"productId": product, "quantity": 3}, nil), p.failed)
		var bought struct{ Order receipt }
		require.True(t, p.ask(t.Context(), "POST", "/api/orders/checkout", fields{"paymentMethod": "paypal"}, &bought), p.failed)
		twin := *p
		var late atomic.Int64
		require.Equal(t, 1, together([]*shopper{p, &twin}, func(p *shopper) bool {
			status, err := p.send(t.Context(), "PUT", fmt.Sprintf("/api/orders/%d/cancel", bought.Order.ID), nil, nil)
			if err == nil && status == http.StatusConflict {
				late.Add(1)
			}
			return err == nil && status == http.StatusOK
		}))
		require.EqualValues(t, 1, late.Load())
		left, err := p.stock(t.Context(), product)
		require.NoError(t, err)
		require.EqualValues(t, inStore, left)
	})
}

// TestScenario15OneName: of 50 who register with one name, in whatever case, one does,
// and the others are told that it is taken.
func TestScenario15OneName(t *testing.T) {
	inEachPhase(t, 1, func(t *testing.T, s *shop, people []*shopper) {
		crowd := make([]*shopper, 50)
		for i := range crowd {
			one := *people[0]
			one.name = [2]string{"dora", "DORA"}[i%2]
			crowd[i] = &one
		}
		var taken atomic.Int64
		require.Equal(t, 1, together(crowd, func(p *shopper) bool {
			body := fields{"username": p.name, "email": fmt.Sprintf("%p@example.com", p), "password": "Aa1!aaaa"}
			status, err := p.send(t.Context(), "POST", "/api/auth/register", body, nil)
			if err == nil && status == http.StatusConflict {
				taken.Add(1)
			}
			return err == nil && status == http.StatusCreated
		}))
		require.EqualValues(t, 49, taken.Load())
	})
}
