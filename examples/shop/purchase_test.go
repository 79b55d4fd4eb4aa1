package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// A watchedBank is a till that counts what it was asked for, and does something else
// once before it has been paid.
type watchedBank struct {
	*till
	mu     sync.Mutex
	taken  map[string]int // how often something was taken, by key
	before func()
	fails  error // of release
}

func (b *watchedBank) charge(ctx context.Context, key string, p payment, amount Cents) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if before := b.before; before != nil {
		b.before = nil
		before()
	}
	held := len(b.till.charges)
	transaction, err := b.till.charge(ctx, key, p, amount)
	if len(b.till.charges) > held {
		b.taken[key]++
	}
	return transaction, err
}

func (b *watchedBank) release(ctx context.Context, key string) error {
	if b.fails != nil {
		return b.fails
	}
	return b.till.release(ctx, key)
}

// held returns the amounts that the bank has not given back.
func (b *watchedBank) held() []Cents { return slices.Collect(maps.Values(b.till.held())) }

// watchBank gives a shop a bank that is watched.
func watchBank(s *shop) *watchedBank {
	b := &watchedBank{till: newTill(), taken: map[string]int{}}
	s.bank = b
	return b
}

// A till of one's own, and a store that fails when it is told to.
func faultyMarket(t *testing.T) (market, *watchedBank, *faultstore.Faults) {
	contract, err := transform.Load(contractJSON)
	require.NoError(t, err)
	faults := faultstore.New()
	s, err := newShop(dal.Standalone(contract, faults.Authority(memstore.New(contract, nil))), []byte("of a test"), bcrypt.MinCost)
	require.NoError(t, err)
	s.now = func() time.Time { return opening }
	stocked(t, s)
	m := market{t, s, newServer(s)}
	m.fill()
	return m, watchBank(s), faults
}

// fill puts two of product 1 into the cart of bob.
func (m market) fill() {
	status, answer := m.send(2, "POST", "/api/cart/items", `{"productId":1,"quantity":2}`)
	require.Equal(m.t, http.StatusCreated, status, answer)
}

// pay checks the cart of bob out under a key, "" for none, and returns the whole answer.
func (m market) pay(key string) (int, string) { return m.payAs(m.t.Context(), 2, key) }

// payAs checks the cart of a user out.
func (m market) payAs(ctx context.Context, user int64, key string) (int, string) {
	token, err := m.s.token(User{ID: user})
	require.NoError(m.t, err)
	r := httptest.NewRequestWithContext(ctx, "POST", "/api/orders/checkout", strings.NewReader(byPaypal))
	r.Header.Set("Authorization", "Bearer "+token)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	m.h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// orders returns the orders of bob.
func (m market) orders() []Order {
	orders, err := m.s.ordersBy(m.t.Context(), 2)
	require.NoError(m.t, err)
	return orders
}

// TestCheckoutSentAgain: whichever call of a checkout fails, and whether it took effect or
// not: a client that sends it again under its key until there is an answer has one order
// and has paid it once.
func TestCheckoutSentAgain(t *testing.T) {
	for _, effect := range []faultstore.Effect{faultstore.Before, faultstore.Lost, faultstore.After} {
		t.Run(effect.String(), func(t *testing.T) {
			failed := map[int]int{}
			for n, befell := 0, true; befell; n++ {
				m, bank, faults := faultyMarket(t)
				call := faults.Count() + n
				remove := faults.On(faultstore.Between(call, call), effect)
				status, answer := m.pay("again")
				remove()
				befell = faults.Count() > call
				failed[status]++
				for tries := 0; status >= 500 && tries < 3; tries++ {
					require.Contains(t, answer, `"SERVICE_UNAVAILABLE"`)
					status, answer = m.pay("again")
				}
				require.Equal(t, http.StatusCreated, status, "call %d: %s", n, answer)
				orders := m.orders()
				require.Len(t, orders, 1)
				require.EqualValues(t, 8, m.stock(1))
				require.Equal(t, []Cents{orders[0].Total}, bank.held())
				require.Equal(t, map[string]int{"checkout 2 again": 1}, bank.taken)
				_, once := m.pay("again")
				require.Equal(t, answer, once)
				require.Contains(t, answer, fmt.Sprintf(`"id":%d,`, orders[0].ID))
			}
			require.GreaterOrEqual(t, failed[http.StatusServiceUnavailable], 5, "calls failed")
		})
	}
}

// TestCheckoutWithoutKey: whichever call fails: what was surely not ordered is not paid,
// and what is ordered is.
func TestCheckoutWithoutKey(t *testing.T) {
	for _, effect := range []faultstore.Effect{faultstore.Before, faultstore.Lost, faultstore.After} {
		t.Run(effect.String(), func(t *testing.T) {
			kept := map[bool]int{}
			for n, befell := 0, true; befell; n++ {
				m, bank, faults := faultyMarket(t)
				call := faults.Count() + n
				remove := faults.On(faultstore.Between(call, call), effect)
				status, answer := m.pay("")
				remove()
				befell = faults.Count() > call
				orders := m.orders()
				switch {
				case status == http.StatusCreated || strings.Contains(answer, "not known whether"):
					require.Equal(t, []Cents{2 * 199_99}, bank.held(), "call %d", n)
				default:
					require.Equal(t, http.StatusServiceUnavailable, status, answer)
					require.Empty(t, bank.held(), "call %d", n)
					require.Empty(t, orders, "call %d", n)
				}
				if status != http.StatusCreated {
					kept[len(bank.held()) > 0]++
				}
			}
			require.NotZero(t, kept[false])
			require.Equal(t, effect != faultstore.Before, kept[true] > 0, "where nobody knows, the payment stays")
		})
	}
}

// TestCheckoutTurnedDown: what the shop turns down after it was paid goes back, and the
// key is spent: nobody orders under it any more, and pays under it.
func TestCheckoutTurnedDown(t *testing.T) {
	for _, key := range []string{"", "mine"} {
		m, bank, _ := faultyMarket(t)
		bank.before = func() {
			require.NoError(t, m.s.products.Update(t.Context(), m.s.product(1), func(p *Product) error { p.Price++; return nil }))
		}
		status, answer := m.pay(key)
		require.Equal(t, http.StatusConflict, status)
		require.Contains(t, answer, "the price of")
		require.Empty(t, bank.held())
		require.Len(t, bank.taken, 1, "it was paid")
		if key != "" {
			status, answer = m.pay(key)
			require.Equal(t, http.StatusConflict, status)
			require.Contains(t, answer, "begin another with a new key")
			require.Empty(t, bank.held())
		}
		status, _ = m.pay(key + "2")
		require.Equal(t, http.StatusCreated, status)
		require.Len(t, m.orders(), 1)
		require.Equal(t, []Cents{2 * 200_00}, bank.held())
	}
}

// TestCheckoutOfSomebodyGone: what was paid for a user who is removed meanwhile goes back.
func TestCheckoutOfSomebodyGone(t *testing.T) {
	for _, key := range []string{"", "mine"} {
		m, bank, _ := faultyMarket(t)
		bank.before = func() { require.NoError(t, m.s.users.Delete(t.Context(), m.s.user(2))) }
		status, answer := m.pay(key)
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusConflict}, status, answer)
		require.Len(t, bank.taken, 1)
		require.Empty(t, bank.held())
	}
}

// TestCheckoutUnknownThenTurnedDown: a payment that stayed, since nobody knew, goes back
// once the shop turns the same checkout down: of another cart, or of nothing in stock.
func TestCheckoutUnknownThenTurnedDown(t *testing.T) {
	for name, change := range map[string]func(m market){
		"cart":  func(m market) { m.fill() },
		"stock": func(m market) { m.send(1, "PUT", "/api/products/1/inventory", `{"inventory_quantity":1}`) },
	} {
		t.Run(name, func(t *testing.T) {
			m, bank, faults := faultyMarket(t)
			// The first unit of work only asks, and writes nothing.
			remove := faults.On(faultstore.Method("Write"), faultstore.Lost)
			status, answer := m.pay("k")
			remove()
			require.Equal(t, http.StatusServiceUnavailable, status)
			require.Contains(t, answer, "with the same Idempotency-Key")
			require.Len(t, bank.held(), 1)
			change(m)
			status, answer = m.pay("k")
			require.Less(t, status, 500, answer)
			require.GreaterOrEqual(t, status, 400, answer)
			require.Empty(t, bank.held())
			require.Empty(t, m.orders())
		})
	}
}

// TestCheckoutWhoseMoneyIsStuck: where the bank does not give back, the client is told to
// ask again, until it has.
func TestCheckoutWhoseMoneyIsStuck(t *testing.T) {
	m, bank, _ := faultyMarket(t)
	bank.before = func() {
		require.NoError(t, m.s.products.Update(t.Context(), m.s.product(1), func(p *Product) error { p.Price++; return nil }))
	}
	bank.fails = context.DeadlineExceeded
	for range 2 {
		status, _ := m.pay("k")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Len(t, bank.held(), 1)
	}
	bank.fails = nil
	status, _ := m.pay("k")
	require.Equal(t, http.StatusConflict, status)
	require.Empty(t, bank.held())
}

// TestCheckoutKeys: a key is the user's own, and one that fits no header is refused.
func TestCheckoutKeys(t *testing.T) {
	m, bank, _ := faultyMarket(t)
	for _, key := range []string{"a b", "ключ", strings.Repeat("k", 101)} {
		status, _ := m.pay(key)
		require.Equal(t, http.StatusBadRequest, status, key)
	}
	require.Empty(t, bank.taken)
	longest := strings.Repeat("k", 100)
	status, _ := m.pay(longest)
	require.Equal(t, http.StatusCreated, status)
	status, _ = m.send(3, "POST", "/api/cart/items", `{"productId":1,"quantity":1}`)
	require.Equal(t, http.StatusCreated, status)
	status, answer := m.payAs(t.Context(), 3, longest)
	require.Equal(t, http.StatusCreated, status)
	require.Contains(t, answer, `"userId":3`)
}

// TestCheckoutAcrossSteps: tries of one checkout at once are one order, also one as large
// as an order may be, in each phase; and all later phases know what a key has done, an
// order or that there is none.
func TestCheckoutAcrossSteps(t *testing.T) {
	engines := &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: quickEngine(t)}
	var s *shop
	service := newTestShop(t, engines, func(t testing.TB, made *shop) { stocked(t, made); s = made })
	m, bank := market{t, s, service.API}, watchBank(s)
	before, turnedDown := map[string]string{}, []string{}
	play := func(phase string) {
		for key, answer := range before {
			_, now := m.pay(key)
			require.Equal(t, answer, now, "%s in phase %s", key, phase)
		}
		for _, key := range turnedDown {
			_, now := m.pay(key)
			require.Contains(t, now, "begin another with a new key", "%s in phase %s", key, phase)
		}
		for n := range maxLines {
			status, answer := m.send(2, "POST", "/api/cart/items", fmt.Sprintf(`{"productId":%d,"quantity":1}`, 5+n))
			require.Equal(t, http.StatusCreated, status, answer)
		}
		orders, taken := len(m.orders()), len(bank.taken)
		answers := make([]string, 3)
		atOnce(len(answers), func(i int) int {
			status, answer := m.pay(phase)
			for tries := 0; status == http.StatusServiceUnavailable && tries < 3; tries++ {
				status, answer = m.pay(phase)
			}
			answers[i] = answer
			return status
		})
		for _, answer := range answers {
			require.Equal(t, answers[0], answer)
			require.True(t, json.Valid([]byte(answer)))
			require.Contains(t, answer, `"success":true`)
		}
		require.Len(t, m.orders(), orders+1)
		require.Len(t, bank.taken, taken+1)

		m.fill()
		bank.before = func() {
			require.NoError(t, s.products.Update(t.Context(), s.product(1), func(p *Product) error { p.Price++; return nil }))
		}
		status, answer := m.pay("not-" + phase)
		require.Equal(t, http.StatusConflict, status, answer)
		status, _ = m.send(2, "DELETE", "/api/cart", "")
		require.Equal(t, http.StatusOK, status)
		require.Len(t, bank.held(), orders+1)
		before[phase], turnedDown = answers[0], append(turnedDown, "not-"+phase)
	}
	stops := 0
	play("0")
	require.NoError(t, local.Walk(t.Context(), service.Controller, time.Millisecond, func(format string, _ ...any) {
		if strings.HasPrefix(format, "phase") {
			stops++
			play(fmt.Sprint(stops))
		}
	}))
	require.Equal(t, 8, stops)
}

// TestCheckoutReplyLost: while DynamoDB leads, and does what it is asked for without saying
// so, and the client hangs up: when it asks again, in another phase, it has its order.
func TestCheckoutReplyLost(t *testing.T) {
	srv := dynamotest.Start(t)
	dynamo, err := engine.StartDynamoDB(t.Context(), engine.Options{DynamoDB: srv.URL})
	require.NoError(t, err)
	var s *shop
	service := newTestShop(t, &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: dynamo}, func(t testing.TB, made *shop) { stocked(t, made); s = made })
	t.Cleanup(srv.ClearFaults)
	m, bank := market{t, s, service.API}, watchBank(s)
	paritytest.Go(t, service.Controller, dal.DynamoDBPrimary)
	m.fill()
	ctx, hangUp := context.WithCancel(t.Context())
	lost := srv.Fault(dynamotest.OnOperation("TransactWriteItems").When(func(*dynamotest.Request) bool { hangUp(); return true }).LoseReply())
	status, answer := m.payAs(ctx, 2, "lost")
	require.Equal(t, http.StatusServiceUnavailable, status, answer)
	require.NotZero(t, lost.Hits())
	require.Len(t, bank.held(), 1)
	srv.ClearFaults()
	require.NoError(t, service.Controller.SetPhase(t.Context(), dal.Validate, migrationctl.Change{Who: "a test", Reason: "back", Force: true}))
	status, answer = m.pay("lost")
	require.Equal(t, http.StatusCreated, status, answer)
	require.Len(t, m.orders(), 1)
	require.EqualValues(t, 8, m.stock(1))
	require.Len(t, bank.held(), 1)
	require.Equal(t, map[string]int{"checkout 2 lost": 1}, bank.taken)
}
