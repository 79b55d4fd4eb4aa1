package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A market is a shop in memory, filled by stocked.
type market struct {
	t *testing.T
	s *shop
	h http.Handler
}

func newMarket(t *testing.T) market {
	contract, err := transform.Load(contractJSON)
	require.NoError(t, err)
	s, err := newShop(dal.Standalone(contract, memstore.New(contract, nil)), []byte("of a test"), bcrypt.MinCost)
	require.NoError(t, err)
	s.now = func() time.Time { return opening }
	stocked(t, s)
	return market{t, s, newServer(s)}
}

// send sends a request of a user and returns the status and what the answer has.
func (m market) send(user int64, method, path, body string) (int, map[string]any) {
	token, err := m.s.token(User{ID: user})
	require.NoError(m.t, err)
	r := httptest.NewRequestWithContext(m.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	m.h.ServeHTTP(w, r)
	var answer struct {
		Data, Error map[string]any
	}
	require.NoError(m.t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	if answer.Error != nil {
		return w.Code, answer.Error
	}
	return w.Code, answer.Data
}

// stock returns how many there are of a product.
func (m market) stock(product int64) int64 {
	p, err := m.s.products.Get(m.t.Context(), m.s.product(product))
	require.NoError(m.t, err)
	return p.Inventory
}

// buyers makes users and returns their ids.
func (m market) buyers(n int) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		u := User{Username: fmt.Sprintf("buyer%d", i), Email: fmt.Sprintf("buyer%d@example.com", i), PasswordHash: "none",
			CreatedAt: m.s.seconds(), UpdatedAt: m.s.seconds()}
		require.NoError(m.t, m.s.users.Create(m.t.Context(), &u))
		ids[i] = u.ID
	}
	return ids
}

// atOnce does something n times at once and counts how often each status came of it.
func atOnce(n int, do func(i int) int) map[int]int {
	statuses := make([]int, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { statuses[i] = do(i) })
	}
	wait.Wait()
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	return counts
}

// TestStockIsNeverSoldTwice: of more buyers than there are pieces, as many get one as
// there are, and the others are told.
func TestStockIsNeverSoldTwice(t *testing.T) {
	m := newMarket(t)
	buyers := m.buyers(25)
	for _, id := range buyers {
		status, _ := m.send(id, "POST", "/api/cart/items", `{"productId":1,"quantity":1}`)
		require.Equal(t, http.StatusCreated, status)
	}
	counts := atOnce(len(buyers), func(i int) int {
		status, _ := m.send(buyers[i], "POST", "/api/orders/checkout", byPaypal)
		return status
	})
	require.Equal(t, map[int]int{http.StatusCreated: 10, http.StatusBadRequest: 15}, counts)
	require.Zero(t, m.stock(1))
}

// TestCartIsBoughtOnce: of two checkouts of one cart at once, one places an order.
func TestCartIsBoughtOnce(t *testing.T) {
	m := newMarket(t)
	status, _ := m.send(2, "POST", "/api/cart/items", `{"productId":1,"quantity":2}`)
	require.Equal(t, http.StatusCreated, status)
	counts := atOnce(4, func(int) int {
		status, _ := m.send(2, "POST", "/api/orders/checkout", byPaypal)
		return status
	})
	require.Equal(t, 1, counts[http.StatusCreated], counts)
	require.Equal(t, 3, counts[http.StatusBadRequest]+counts[http.StatusConflict], counts)
	require.EqualValues(t, 8, m.stock(1))
	_, orders := m.send(2, "GET", "/api/orders", "")
	require.Len(t, orders["orders"], 1)
}

// TestEveryPieceArrivesInTheCart: of a product that is added from several windows at
// once, there is one line, with all of it.
func TestEveryPieceArrivesInTheCart(t *testing.T) {
	m := newMarket(t)
	counts := atOnce(4, func(int) int {
		status, _ := m.send(2, "POST", "/api/cart/items", `{"productId":1,"quantity":2}`)
		return status
	})
	require.Equal(t, map[int]int{http.StatusCreated: 4}, counts)
	_, cart := m.send(2, "GET", "/api/cart", "")
	require.Len(t, cart["items"], 1)
	require.Equal(t, map[string]any{"totalItems": 8.0, "itemCount": 1.0, "totalAmount": 1599.92}, cart["summary"])
}

// TestOrderIsCancelledOnce: its stock comes back once, however often it is asked for.
func TestOrderIsCancelledOnce(t *testing.T) {
	m := newMarket(t)
	counts := atOnce(6, func(int) int {
		status, _ := m.send(3, "PUT", "/api/orders/2/cancel", "") // two of product 1, one of product 4
		return status
	})
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusConflict: 5}, counts)
	require.EqualValues(t, 12, m.stock(1))
	require.EqualValues(t, 5001, m.stock(4))
}

// TestChangedWhileBeingPaid: the unit of work finds what changed after the cart was
// read, and does nothing.
func TestChangedWhileBeingPaid(t *testing.T) {
	for name, change := range map[string]func(m market){
		"price": func(m market) {
			require.NoError(m.t, m.s.products.Update(m.t.Context(), m.s.product(1), func(p *Product) error { p.Price++; return nil }))
		},
		"quantity": func(m market) {
			status, _ := m.send(2, "POST", "/api/cart/items", `{"productId":1,"quantity":1}`)
			require.Equal(m.t, http.StatusCreated, status)
		},
		"line": func(m market) {
			status, _ := m.send(2, "DELETE", "/api/cart", "")
			require.Equal(m.t, http.StatusOK, status)
		},
		"stock": func(m market) {
			require.NoError(m.t, m.s.products.Update(m.t.Context(), m.s.product(2), func(p *Product) error { p.Inventory = 1; return nil }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMarket(t)
			for product, quantity := range map[int]int{1: 1, 2: 2} {
				status, _ := m.send(2, "POST", "/api/cart/items", fmt.Sprintf(`{"productId":%d,"quantity":%d}`, product, quantity))
				require.Equal(t, http.StatusCreated, status)
			}
			c, err := m.s.cart(t.Context(), 2)
			require.NoError(t, err)
			change(m)
			before := m.stock(1)
			_, err = m.s.placeOrder(t.Context(), purchase{user: 2}, c)
			var p *problem
			require.ErrorAs(t, err, &p)
			require.Equal(t, before, m.stock(1))
			_, orders := m.send(2, "GET", "/api/orders", "")
			require.Empty(t, orders["orders"])
		})
	}
}

// TestAverage: half a cent counts as a whole one.
func TestAverage(t *testing.T) {
	require.EqualValues(t, 0, average(0, 0))
	require.EqualValues(t, 334, average(10_01, 3))
	require.EqualValues(t, 3, average(5, 2))
	require.EqualValues(t, 1, average(1, 1))
}
