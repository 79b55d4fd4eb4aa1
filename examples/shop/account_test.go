package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// agingMarket is a market whose store takes the time from a clock that the test moves.
func agingMarket(t *testing.T) (m market, bank *watchedBank, pass func(time.Duration)) {
	contract, err := transform.Load(contractJSON)
	require.NoError(t, err)
	now := opening
	clock := func() time.Time { return now }
	s, err := newShop(dal.Standalone(contract, memstore.New(contract, &memstore.Options{Now: clock})), []byte("of a test"), bcrypt.MinCost)
	require.NoError(t, err)
	s.now = func() time.Time { return opening } // tokens of users are not what this is about
	stocked(t, s)
	m = market{t, s, newServer(s)}
	m.fill()
	return m, watchBank(s), func(d time.Duration) { now = now.Add(d) }
}

// TestCheckoutKeyOfYesterday: a key that placed an order is that order's for good, also
// when its token is long gone: nothing is given back, and nothing is ordered again.
func TestCheckoutKeyOfYesterday(t *testing.T) {
	for name, cart := range map[string]func(market){
		"empty cart":    func(market) {},
		"the same cart": func(m market) { m.fill() },
		"another cart":  func(m market) { m.fill(); m.fill() },
		"nothing in stock": func(m market) {
			m.fill()
			m.send(1, "PUT", "/api/products/1/inventory", `{"inventory_quantity":0}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, bank, pass := agingMarket(t)
			status, first := m.pay("k")
			require.Equal(t, http.StatusCreated, status, first)
			cart(m)
			pass(store.TokenLife + time.Hour)
			for range 2 {
				status, answer := m.pay("k")
				require.Equal(t, http.StatusCreated, status, answer)
				require.Equal(t, first, answer)
				require.Len(t, m.orders(), 1)
				require.Equal(t, []Cents{m.orders()[0].Total}, bank.held())
				require.Equal(t, map[string]int{"checkout 2 k": 1}, bank.taken)
			}
		})
	}
}

// TestSpentKeyOfYesterday: one that placed none is as new then.
func TestSpentKeyOfYesterday(t *testing.T) {
	m, bank, pass := agingMarket(t)
	raise := func() {
		require.NoError(t, m.s.products.Update(t.Context(), m.s.product(1), func(p *Product) error { p.Price++; return nil }))
	}
	bank.before = raise
	for range 2 {
		status, answer := m.pay("k")
		require.Equal(t, http.StatusConflict, status, answer)
		require.Empty(t, bank.held())
	}
	pass(store.TokenLife + time.Hour)
	status, answer := m.pay("k")
	require.Equal(t, http.StatusCreated, status, answer)
	require.Equal(t, []Cents{m.orders()[0].Total}, bank.held())
}

// TestCancelledOrderIsPaidBack: who takes an order back, or has it taken back by those who
// keep the orders, has the money again, and once: the key says what became of the order
// and pays nothing.
func TestCancelledOrderIsPaidBack(t *testing.T) {
	for _, key := range []string{"", "k"} {
		for by, cancel := range map[int64]struct{ path, body string }{2: {"/api/orders/5/cancel", ""}, 4: {"/api/orders/5/status", `{"status":"cancelled"}`}} {
			m, bank, pass := agingMarket(t)
			status, first := m.pay(key)
			require.Equal(t, http.StatusCreated, status, first)
			require.EqualValues(t, 5, m.orders()[0].ID)
			status, answer := m.send(by, "PUT", cancel.path, cancel.body)
			require.Equal(t, http.StatusOK, status, answer)
			require.Empty(t, bank.held())
			require.EqualValues(t, 10, m.stock(1))
			for range 2 {
				if key != "" {
					status, again := m.pay(key)
					require.Equal(t, http.StatusCreated, status, again)
					require.Equal(t, strings.ReplaceAll(first, `"pending"`, `"cancelled"`), again)
					require.Empty(t, bank.held())
				}
				pass(store.TokenLife + time.Hour)
			}
			require.Len(t, bank.taken, 1)
		}
	}
}

// TestRefundThatFails: an order is cancelled also where the bank does not give back, the
// client is told, and cancelling it again gives back, whoever does.
func TestRefundThatFails(t *testing.T) {
	for by, cancel := range map[int64]struct {
		path, body string
		then       int
	}{2: {"/api/orders/5/cancel", "", http.StatusConflict}, 4: {"/api/orders/5/status", `{"status":"cancelled"}`, http.StatusOK}} {
		m, bank, _ := agingMarket(t)
		status, answer := m.pay("k")
		require.Equal(t, http.StatusCreated, status, answer)
		bank.fails = context.DeadlineExceeded
		for range 2 {
			status, said := m.send(by, "PUT", cancel.path, cancel.body)
			require.Equal(t, http.StatusServiceUnavailable, status, said)
			require.Contains(t, said["message"], "the order is cancelled")
			require.Contains(t, said["message"], "cancel it again")
			require.Equal(t, cancelled, m.orders()[0].Status)
			require.EqualValues(t, 10, m.stock(1))
			require.Len(t, bank.held(), 1)
		}
		bank.fails = nil
		status, said := m.send(by, "PUT", cancel.path, cancel.body)
		require.Equal(t, cancel.then, status, said)
		require.Empty(t, bank.held())
	}
}

// TestCancelThatFails: whichever call of a cancel fails, and whether it took effect or not:
// nothing goes back before the order is cancelled, and everything once it is asked again.
func TestCancelThatFails(t *testing.T) {
	for _, effect := range []faultstore.Effect{faultstore.Before, faultstore.Lost, faultstore.After} {
		kept := 0
		for n, befell := 0, true; befell; n++ {
			m, bank, faults := faultyMarket(t)
			status, paid := m.pay("k")
			require.Equal(t, http.StatusCreated, status, paid)
			call := faults.Count() + n
			remove := faults.On(faultstore.Between(call, call), effect)
			status, answer := m.send(2, "PUT", "/api/orders/5/cancel", "")
			remove()
			befell = faults.Count() > call
			if m.orders()[0].Status == pending {
				require.Len(t, bank.held(), 1, "call %d", n)
				kept++
			}
			for tries := 0; status != http.StatusConflict && tries < 3; tries++ {
				status, answer = m.send(2, "PUT", "/api/orders/5/cancel", "")
			}
			require.Contains(t, answer["message"], "this one is cancelled")
			require.Empty(t, bank.held(), "%v call %d", effect, n)
			require.EqualValues(t, 10, m.stock(1))
		}
		require.NotZero(t, kept)
	}
}

// TestLateCharge: a try that pays after another one's order was placed and cancelled gives
// that back.
func TestLateCharge(t *testing.T) {
	m, bank, _ := agingMarket(t)
	bank.before = func() {
		o := Order{UserID: 2, Total: 1, Status: cancelled, CreatedAt: opening, UpdatedAt: opening, Account: new(string)}
		*o.Account = "checkout 2 k"
		require.NoError(t, m.s.orders.Create(t.Context(), &o))
	}
	status, answer := m.pay("k")
	require.Equal(t, http.StatusServiceUnavailable, status, answer)
	status, answer = m.pay("k")
	require.Equal(t, http.StatusCreated, status, answer)
	require.Contains(t, answer, `"cancelled"`)
	require.Empty(t, bank.held())
	require.Len(t, m.orders(), 1)
}

// TestPaymentThatIsStuck: what was surely not ordered is told as that, also where the bank
// does not give back, and the log says which payment it is.
func TestPaymentThatIsStuck(t *testing.T) {
	log := &bytes.Buffer{}
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	for _, key := range []string{"", "k"} {
		m, bank, _ := agingMarket(t)
		bank.fails = errors.New("no line to the bank")
		bank.before = func() {
			require.NoError(t, m.s.products.Update(t.Context(), m.s.product(1), func(p *Product) error { p.Price++; return nil }))
		}
		status, answer := m.pay(key)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, answer, "no order was placed, and the payment could not be given back")
		require.Equal(t, key != "", strings.Contains(answer, "with the same Idempotency-Key"))
		require.NotContains(t, answer, "not known")
		for account := range bank.taken {
			require.Contains(t, log.String(), account)
		}
		require.Empty(t, m.orders())
	}
}
