package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// A history is what some buyers and sellers did, and what they know of it.
type history struct {
	t      *testing.T
	h      http.Handler
	tokens map[string]string
	random *rand.Rand
	orders map[string]map[int64]string // by buyer: the status of each order
	goods  map[string]map[int64]bool   // by seller: the products
}

var (
	buyersOfHistory  = []string{"bob", "ann", "eve"}
	sellersOfHistory = []string{"tess", "sam"}
)

// TestScenario32Numbers: whatever happened, and in whichever phase: each number that the
// service shows is that of what it lists.
func TestScenario32Numbers(t *testing.T) {
	engines := &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: quickEngine(t)}
	y := &history{t: t, tokens: map[string]string{}, random: rand.New(rand.NewPCG(7, 7)),
		orders: map[string]map[int64]string{}, goods: map[string]map[int64]bool{}}
	service := newTestShop(t, engines, func(t testing.TB, s *shop) {
		shelf := Category{Name: "shelf", CreatedAt: opening}
		require.NoError(t, s.categories.Create(t.Context(), &shelf))
		for _, name := range append(append([]string{"root"}, buyersOfHistory...), sellersOfHistory...) {
			u := User{Username: name, Email: name + "@example.com", PasswordHash: "none", IsSeller: name == "tess" || name == "sam",
				SuperAdmin: name == "root", CreatedAt: opening, UpdatedAt: opening}
			require.NoError(t, s.users.Create(t.Context(), &u))
			token, err := s.token(u)
			require.NoError(t, err)
			y.tokens[name], y.orders[name], y.goods[name] = token, map[int64]string{}, map[int64]bool{}
		}
	})
	y.h = service.API
	y.goOn()
	stops := 0
	require.NoError(t, local.Walk(t.Context(), service.Controller, time.Millisecond, func(format string, _ ...any) {
		if strings.HasPrefix(format, "phase") {
			stops++
			y.goOn()
		}
	}))
	require.Equal(t, 8, stops)
	all := 0
	for _, buyer := range buyersOfHistory {
		all += len(y.orders[buyer])
	}
	require.Greater(t, all, 5, "much happened")
}

// goOn does more of what buyers and sellers do, and compares the numbers.
func (y *history) goOn() {
	for range 30 {
		y.step()
	}
	for _, buyer := range buyersOfHistory {
		y.checkBuyer(buyer)
	}
	for _, seller := range sellersOfHistory {
		y.checkSeller(seller)
	}
}

// ask sends a request and reads what the answer has.
func (y *history) ask(who, method, path string, body, into any) int {
	text, err := json.Marshal(body)
	require.NoError(y.t, err)
	r := httptest.NewRequestWithContext(y.t.Context(), method, path, strings.NewReader(string(text)))
	r.Header.Set("Authorization", "Bearer "+y.tokens[who])
	w := httptest.NewRecorder()
	y.h.ServeHTTP(w, r)
	require.Less(y.t, w.Code, 500, w.Body)
	if w.Code < 300 && into != nil {
		require.NoError(y.t, json.Unmarshal(w.Body.Bytes(), &struct{ Data any }{into}))
	}
	return w.Code
}

// one of some things, the zero value of none.
func one[T comparable, V any](y *history, all map[T]V) (some T) {
	n := y.random.IntN(max(1, len(all)))
	for k := range all { // in any order: what matters is that all get their turn
		if n--; n < 0 {
			return k
		}
	}
	return some
}

func (y *history) step() {
	buyer := buyersOfHistory[y.random.IntN(len(buyersOfHistory))]
	seller := sellersOfHistory[y.random.IntN(len(sellersOfHistory))]
	product, order := one(y, y.goods[seller]), one(y, y.orders[buyer])
	switch y.random.IntN(8) {
	case 0:
		var made struct{ Product productView }
		require.Equal(y.t, http.StatusCreated, y.ask(seller, "POST", "/api/products", fields{"name": "thing", "category_id": 1,
			"price": y.random.IntN(900)/7 + 1, "inventory_quantity": y.random.IntN(30)}, &made))
		y.goods[seller][made.Product.ID] = true
	case 1:
		y.ask(seller, "PUT", fmt.Sprint("/api/products/", product), fields{"price": 0.07, "inventory_quantity": y.random.IntN(30)}, nil)
	case 2:
		if y.ask(seller, "DELETE", fmt.Sprint("/api/products/", product), nil, nil) == http.StatusOK {
			delete(y.goods[seller], product)
		}
	case 3:
		if y.ask(buyer, "PUT", fmt.Sprintf("/api/orders/%d/cancel", order), nil, nil) == http.StatusOK {
			y.orders[buyer][order] = cancelled
		}
	case 4:
		if y.ask("root", "PUT", fmt.Sprintf("/api/orders/%d/status", order), fields{"status": completed}, nil) == http.StatusOK {
			y.orders[buyer][order] = completed
		}
	case 5:
		var bought struct{ Order orderView }
		if y.ask(buyer, "POST", "/api/orders/checkout", fields{"paymentMethod": "paypal"}, &bought) == http.StatusCreated {
			y.orders[buyer][bought.Order.ID] = pending
		}
	default:
		y.ask(buyer, "POST", "/api/cart/items", fields{"productId": product, "quantity": 1 + y.random.IntN(3)}, nil)
	}
}

// list returns all orders of a buyer.
func (y *history) list(buyer string) []orderView {
	var list struct {
		Orders     []orderView
		Pagination struct{ Total int }
	}
	require.Equal(y.t, http.StatusOK, y.ask(buyer, "GET", "/api/orders?limit=100", nil, &list))
	require.Len(y.t, list.Orders, list.Pagination.Total)
	return list.Orders
}

func (y *history) checkBuyer(buyer string) {
	t := y.t
	states, spent := map[string]int{}, Cents(0)
	for _, o := range y.list(buyer) {
		require.Equal(t, y.orders[buyer][o.ID], o.Status)
		sum := Cents(0)
		for _, item := range o.Items {
			sum += item.Price * Cents(item.Quantity)
		}
		require.Equal(t, sum, o.Total)
		if states[o.Status]++; o.Status != cancelled {
			spent += o.Total
		}
	}
	var summary struct {
		TotalOrders, CompletedOrders, PendingOrders, CancelledOrders int
		TotalSpent                                                   Cents
	}
	y.ask(buyer, "GET", "/api/orders/user/summary", nil, &summary)
	require.Equal(t, []int{len(y.orders[buyer]), states[completed], states[pending], states[cancelled]},
		[]int{summary.TotalOrders, summary.CompletedOrders, summary.PendingOrders, summary.CancelledOrders})
	require.Equal(t, spent, summary.TotalSpent)

	var cart struct {
		Items   []cartItem
		Summary totals
	}
	y.ask(buyer, "GET", "/api/cart", nil, &cart)
	counted := totals{Lines: len(cart.Items)}
	for _, item := range cart.Items {
		counted.Items, counted.Amount = counted.Items+item.Quantity, counted.Amount+item.Product.Price*Cents(item.Quantity)
	}
	require.Equal(t, counted, cart.Summary)
}

func (y *history) checkSeller(seller string) {
	t := y.t
	var list struct {
		Products   []productView
		Pagination struct{ Total int }
	}
	y.ask(seller, "GET", "/api/products/seller/my-products?limit=100", nil, &list)
	require.Len(t, list.Products, len(y.goods[seller]))
	require.Equal(t, len(y.goods[seller]), list.Pagination.Total)
	inStock, value := 0, Cents(0)
	for _, p := range list.Products {
		require.True(t, y.goods[seller][p.ID])
		if p.Inventory > 0 {
			inStock++
		}
		value += p.Price * Cents(p.Inventory)
	}
	var stats struct {
		Total   int   `json:"total_products"`
		InStock int   `json:"in_stock_products"`
		Out     int   `json:"out_of_stock_products"`
		Value   Cents `json:"total_inventory_value"`
	}
	y.ask(seller, "GET", "/api/products/seller/stats", nil, &stats)
	require.Equal(t, []int{len(list.Products), inStock, len(list.Products) - inStock}, []int{stats.Total, stats.InStock, stats.Out})
	require.Equal(t, value, stats.Value)

	sold := turnover{Products: len(list.Products)}
	for _, buyer := range buyersOfHistory {
		for _, o := range y.list(buyer) {
			has, amount := false, Cents(0)
			for _, item := range o.Items {
				if y.goods[seller][item.ProductID] {
					has, amount = true, amount+item.Subtotal
				}
			}
			if has {
				sold.Orders++
			}
			if has && o.Status == pending {
				sold.Pending++
			}
			if has && o.Status != cancelled {
				sold.Revenue += amount
			}
		}
	}
	var board struct{ Dashboard turnover }
	y.ask(seller, "GET", "/api/seller/dashboard", nil, &board)
	require.Equal(t, sold, board.Dashboard)
}
