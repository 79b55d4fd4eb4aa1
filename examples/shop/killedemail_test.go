package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/examples/internal/local"
)

// TestScenario22KilledUnderEmailChanges: whoever serves the shop is killed again and again
// while people with carts and orders change their addresses, at one write to DynamoDB after
// the other, before it is made and after, and wherever the others are then. Everybody has
// one address: the one that was acknowledged last, or the one that was asked for after it.
// It is taken, and all others are free; carts and orders are what they were, by list and
// by id; the stores end equal.
func TestScenario22KilledUnderEmailChanges(t *testing.T) {
	for _, phase := range []dal.Phase{dal.DualWrite, dal.Validate, dal.DynamoDBPrimary, dal.DynamoDBOnly} {
		t.Run(phase.String(), func(t *testing.T) {
			m := movers{mortal: newMortal(t, engineOf(t, phase), phase, 5)}
			for _, p := range m.people {
				p.at = m.home
				for len(p.ordered) < 3 {
					p.buy(t.Context())
				}
				require.True(t, p.ask(t.Context(), "POST", "/api/cart/items", fields{"productId": m.goods[0], "quantity": 2}, nil), p.failed)
				m.all = append(m.all, &mover{shopper: p, has: p.name + "@example.com", kept: p.belongings(t)})
			}
			for write := 1; write <= 8; write++ {
				m.moveUntilKilled(t, write, write%2 == 0)
			}
			m.settled(t)
			require.NoError(t, local.Alike(t.Context(), m.ctl, t.Logf))
			m.found(t, m.home)
			require.NotZero(t, m.untold, "a change was made, and nobody told")
		})
	}
}

// Movers are the people of a mortal shop.
type movers struct {
	mortal
	all   []*mover
	heirs int // of addresses that were left
	// untold is how many changes were made whose answer did not come.
	untold int
}

// A mover is a shopper who changes addresses.
type mover struct {
	*shopper
	has   string   // the address that was acknowledged last
	wants string   // the one that was asked for after it, and nobody said anything, or ""
	left  []string // those before
	moves int
	kept  []string // belongings
}

// moveUntilKilled starts somebody who serves, looks for everybody there, and lets them change
// addresses. Who serves is killed at the write of that number.
func (m *movers) moveUntilKilled(t *testing.T, write int, lost bool) {
	to, err := url.Parse(m.place.Endpoint)
	require.NoError(t, err)
	through := httputil.NewSingleHostReverseProxy(to)
	through.ErrorLog = log.New(io.Discard, "", 0) // of requests that the one who was killed did not finish
	toll := &toll{next: through, lost: lost}
	way := httptest.NewServer(toll)
	place := m.place
	place.Endpoint = way.URL
	address, kill := startChild(t, place)
	m.found(t, "http://"+address)
	toll.kill = kill
	toll.left.Store(int64(write))
	var all sync.WaitGroup
	for _, p := range m.all {
		all.Go(func() {
			for p.move(t.Context()) {
			}
		})
	}
	all.Wait()
	kill()
	way.Close() // what the one who was killed had asked for is done now
}

// move asks for a new address until there is no answer.
func (p *mover) move(ctx context.Context) bool {
	p.moves++
	p.wants = fmt.Sprintf("%s.%d@example.com", p.name, p.moves)
	status, err := p.send(ctx, "PUT", "/api/auth/profile", fields{"email": p.wants}, nil)
	if err != nil || status != http.StatusOK {
		return false
	}
	p.left, p.has, p.wants = append(p.left, p.has), p.wants, ""
	return true
}

// found asks the shop at an address who everybody is, what they have, and who has the
// addresses that they do not: it registers somebody under each.
func (m *movers) found(t *testing.T, at string) {
	for _, p := range m.all {
		p.at = at
		var me struct{ User userView }
		require.True(t, p.ask(t.Context(), "GET", "/api/auth/profile", nil, &me), p.failed)
		require.True(t, me.User.Email == p.has || me.User.Email == p.wants, "%s has %s, not %s or %q", p.name, me.User.Email, p.has, p.wants)
		if p.wants == me.User.Email {
			p.has, p.wants = p.wants, p.has
			m.untold++
		}
		if p.wants != "" {
			p.left = append(p.left, p.wants)
		}
		said := m.registers(t, at, strings.ToUpper(p.has))
		require.Equal(t, http.StatusConflict, said[len(said)-1], "%s is taken", p.has)
		for _, address := range p.left {
			said := m.registers(t, at, address)
			if len(said) > 1 && said[len(said)-1] == http.StatusConflict {
				continue // to an heir who was told to come again
			}
			require.Equal(t, http.StatusCreated, said[len(said)-1], "%s was left", address)
		}
		p.left, p.wants = nil, ""
		require.True(t, p.ask(t.Context(), "POST", "/api/auth/login", fields{"username": p.name, "password": "Aa1!aaaa"}, &me), p.failed)
		require.Equal(t, p.has, me.User.Email)
		require.Equal(t, p.kept, p.belongings(t))
	}
}

// registers lets somebody new have an address, and returns what the shop says to that: 503
// as often as whoever asks has to come again.
func (m *movers) registers(t *testing.T, at, address string) (said []int) {
	for len(said) < tries && (len(said) == 0 || said[len(said)-1] == http.StatusServiceUnavailable) {
		m.heirs++
		heir := shopper{client: http.DefaultClient, at: at}
		status, err := heir.send(t.Context(), "POST", "/api/auth/register",
			fields{"username": fmt.Sprintf("heir_%d", m.heirs), "email": address, "password": "Aa1!aaaa"}, nil)
		require.NoError(t, err)
		said = append(said, status)
	}
	return said
}

// belongings are the cart and the orders of a shopper, listed and one by one.
func (p *shopper) belongings(t *testing.T) (all []string) {
	paths := []string{"/api/cart", "/api/orders", "/api/orders/user/summary"}
	for _, id := range slices.Sorted(maps.Keys(p.ordered)) {
		paths = append(paths, fmt.Sprintf("/api/orders/%d", id))
	}
	for _, path := range paths {
		var answer json.RawMessage
		require.True(t, p.ask(t.Context(), "GET", path, nil, &answer), p.failed)
		all = append(all, string(answer))
	}
	return all
}

// A toll lets through what a process asks of DynamoDB and kills the process at one of its
// writes.
type toll struct {
	next http.Handler
	left atomic.Int64 // writes until then, 0 for never
	lost bool         // that write is made, and nobody told
	kill func()
}

func (l *toll) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(context.WithoutCancel(r.Context())) // what was sent arrives
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	// An UpdateItem is one of who serves, for registrations and leases.
	writes := slices.Contains([]string{"PutItem", "DeleteItem", "TransactWriteItems", "BatchExecuteStatement"}, operation)
	last := writes && l.left.Add(-1) == 0
	answer := httptest.NewRecorder() // whoever waits for it may be killed meanwhile
	if !last || l.lost {
		l.next.ServeHTTP(answer, r)
	}
	if last {
		l.kill()
		return
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = answer.Body.WriteTo(w)
}
