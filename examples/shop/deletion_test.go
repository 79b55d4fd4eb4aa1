package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestProductInManyCarts: a product goes with all the lines that carts have of it,
// more than a unit of work has room for.
func TestProductInManyCarts(t *testing.T) {
	const product, carts = 5, 30
	filled := func(t testing.TB, s *shop) {
		stocked(t, s)
		for n := range carts {
			u := User{Username: fmt.Sprintf("fan%d", n), Email: fmt.Sprintf("fan%d@example.com", n), PasswordHash: "none", CreatedAt: opening, UpdatedAt: opening}
			require.NoError(t, s.users.Create(t.Context(), &u))
			line := CartLine{UserID: u.ID, ProductID: product, Quantity: 1, CreatedAt: opening, UpdatedAt: opening}
			require.NoError(t, s.carts.Create(t.Context(), &line))
		}
		line := CartLine{UserID: 2, ProductID: product, Quantity: 1, CreatedAt: opening, UpdatedAt: opening}
		require.NoError(t, s.carts.Create(t.Context(), &line))
	}
	path := fmt.Sprintf("/api/products/%d", product)
	requests := []paritytest.Request{signIn("bob"), signIn("tess"), sent("DELETE", path, "bob", ""), sent("DELETE", path, "tess", ""),
		{Path: path}, {Path: "/api/cart", Header: as("bob")}, sent("DELETE", path, "tess", "")}
	e := quickEngine(t)
	paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
		return newTestShop(t, &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: e}, filled)
	}, requests, &paritytest.Options{Phases: []dal.Phase{dal.DualWrite, dal.DynamoDBPrimary}})
}

// TestGoneUser: what hangs on a user goes too, and a token that outlives its user is
// good for nothing.
func TestGoneUser(t *testing.T) {
	m := newMarket(t)
	status, _ := m.send(2, "POST", "/api/cart/items", `{"productId":1,"quantity":1}`)
	require.Equal(t, http.StatusCreated, status)
	lines, err := all(t.Context(), m.s.carts, cartOf(2))
	require.NoError(t, err)
	require.Len(t, lines, 1)
	require.NoError(t, m.s.users.Delete(t.Context(), m.s.user(2)))
	_, err = m.s.carts.Get(t.Context(), m.s.cartLine(lines[0].ID))
	require.ErrorIs(t, err, dal.ErrNotFound)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/api/auth/profile", "", http.StatusUnauthorized},
		{"PUT", "/api/auth/profile", `{"first_name":"x"}`, http.StatusUnauthorized},
		{"GET", "/api/seller/profile", "", http.StatusUnauthorized},
		{"POST", "/api/cart/items", `{"productId":1,"quantity":1}`, http.StatusUnauthorized},
		{"POST", "/api/orders/checkout", byPaypal, http.StatusBadRequest}, // of an empty cart
	} {
		status, answer := m.send(2, c.method, c.path, c.body)
		require.Equal(t, c.status, status, "%s %s: %v", c.method, c.path, answer)
	}
}
