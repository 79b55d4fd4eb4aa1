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

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// article puts a new product of a new seller on the shelf and returns both.
func article(t *testing.T, s *shop, name string) (Product, User) {
	t.Helper()
	seller := User{Username: "seller_" + name, Email: name + "@example.com", PasswordHash: "none", IsSeller: true, CreatedAt: opening, UpdatedAt: opening}
	require.NoError(t, s.users.Create(t.Context(), &seller))
	categories, err := all(t.Context(), s.categories, everyCategory)
	require.NoError(t, err)
	p := Product{SellerID: seller.ID, CategoryID: categories[0].ID, Name: name, Price: 5_25, Inventory: 5, CreatedAt: opening, UpdatedAt: opening}
	require.NoError(t, s.products.Create(t.Context(), &p))
	return p, seller
}

// signedInAs returns the shopper with another user's token.
func (p shopper) signedInAs(t *testing.T, s *shop, u User) *shopper {
	token, err := s.token(u)
	require.NoError(t, err)
	p.token = token
	return &p
}

// TestOrderedStays: what was ordered a moment ago can't be deleted, nor can its seller,
// also while no index tells of the order or the product yet.
func TestOrderedStays(t *testing.T) {
	srv := dynamotest.Start(t)
	dynamo, err := engine.StartDynamoDB(t.Context(), engine.Options{DynamoDB: srv.URL})
	require.NoError(t, err)
	for _, phase := range everyPhase {
		t.Run(phase.String(), func(t *testing.T) {
			var s *shop
			service := newTestShop(t, &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: dynamo}, func(t testing.TB, made *shop) { s = made })
			paritytest.Go(t, service.Controller, phase)
			home := httptest.NewServer(service.API)
			defer home.Close()
			d, err := newDemo(t.Context(), s, time.Second)
			require.NoError(t, err)
			d.invite(1, http.DefaultClient, strings.TrimPrefix(home.URL, "http://"))
			p := d.people[0]
			p.register(t.Context())
			srv.Fault(dynamotest.OnAny().IndexLag(dynamotest.Forever))
			defer srv.ClearFaults()
			product, seller := article(t, s, "Saucer")

			require.True(t, p.ask(t.Context(), "POST", "/api/cart/items", fields{"productId": product.ID, "quantity": 2}, nil), p.failed)
			var bought struct{ Order orderView }
			require.True(t, p.ask(t.Context(), "POST", "/api/orders/checkout", fields{"paymentMethod": "paypal"}, &bought), p.failed)
			path := fmt.Sprint("/api/products/", product.ID)
			status, err := p.signedInAs(t, s, seller).send(t.Context(), "DELETE", path, nil, nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusConflict, status)
			refused := (*problem)(nil)
			require.ErrorAs(t, s.removeUser(t.Context(), seller.ID), &refused)
			require.Equal(t, http.StatusConflict, refused.status)

			var shown struct{ Order orderView }
			require.True(t, p.ask(t.Context(), "GET", fmt.Sprint("/api/orders/", bought.Order.ID), nil, &shown), p.failed)
			require.Equal(t, bought, shown)
			require.Equal(t, seller.Username, shown.Order.Items[0].Product.SellerUsername)
		})
	}
}

// TestOrderBesideDelete: of an order and the deletion of its product at once, one
// happens and the other is turned down. Of an order and the removal of its buyer, the
// order is turned down or goes with the buyer.
func TestOrderBesideDelete(t *testing.T) {
	const rounds = 4
	inEachPhase(t, rounds, func(t *testing.T, s *shop, people []*shopper) {
		for round, p := range people {
			product, seller := article(t, s, fmt.Sprint("cup", round))
			require.True(t, p.ask(t.Context(), "POST", "/api/cart/items", fields{"productId": product.ID, "quantity": 1}, nil), p.failed)
			order := func() (int, orderView) {
				var bought struct{ Order orderView }
				status, err := p.send(t.Context(), "POST", "/api/orders/checkout", fields{"paymentMethod": "paypal"}, &bought)
				require.NoError(t, err)
				return status, bought.Order
			}
			if round%2 == 0 {
				besideDelete(t, s, p, product, seller, order)
				continue
			}
			besideRemoval(t, s, p, product, order)
		}
	})
}

func besideDelete(t *testing.T, s *shop, p *shopper, product Product, seller User, order func() (int, orderView)) {
	owner, path := p.signedInAs(t, s, seller), fmt.Sprint("/api/products/", product.ID)
	var both sync.WaitGroup
	var gone int
	var err error
	both.Go(func() { gone, err = owner.send(t.Context(), "DELETE", path, nil, nil) })
	status, placed := order()
	both.Wait()
	require.NoError(t, err)
	if status == http.StatusCreated {
		require.Equal(t, http.StatusConflict, gone)
		var shown struct{ Order orderView }
		require.True(t, p.ask(t.Context(), "GET", fmt.Sprint("/api/orders/", placed.ID), nil, &shown), p.failed)
		require.Equal(t, seller.Username, shown.Order.Items[0].Product.SellerUsername)
		return
	}
	require.Equal(t, http.StatusOK, gone)
	require.Contains(t, []int{http.StatusBadRequest, http.StatusConflict}, status)
	status, err = p.send(t.Context(), "GET", path, nil, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, status)
}

func besideRemoval(t *testing.T, s *shop, p *shopper, product Product, order func() (int, orderView)) {
	var me struct{ User userView }
	require.True(t, p.ask(t.Context(), "GET", "/api/auth/profile", nil, &me), p.failed)
	var both sync.WaitGroup
	var err error
	both.Go(func() { err = s.removeUser(t.Context(), me.User.ID) })
	status, placed := order()
	both.Wait()
	require.NoError(t, err)
	require.Contains(t, []int{http.StatusCreated, http.StatusBadRequest, http.StatusConflict, http.StatusUnauthorized}, status)
	if placed.ID != 0 {
		_, err = s.orders.Get(t.Context(), s.order(placed.ID))
		require.ErrorIs(t, err, dal.ErrNotFound)
	}
	status, err = p.send(t.Context(), "GET", "/api/auth/profile", nil, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
	left, err := p.stock(t.Context(), product.ID)
	require.NoError(t, err)
	require.Equal(t, placed.ID == 0, left == product.Inventory, "what was ordered was taken from the stock")
}
