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
// more than one transaction has room for.
func TestProductInManyCarts(t *testing.T) {
	const product, carts = 5, 130
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

// TestScenario24UserRemoved: what hangs on a user goes with the user, be it more than one
// transaction has room for; names are free again, and others are left as they were.
// What the service answers after that is the same in every phase.
func TestScenario24UserRemoved(t *testing.T) { onEachEngine(t, userRemoved) }

func userRemoved(t *testing.T, e *local.Engines) {
	const orders = 60
	paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
		var s *shop
		service := newTestShop(t, e, func(t testing.TB, made *shop) {
			stocked(t, made)
			for range orders {
				o := Order{UserID: 3, Total: 1, Status: pending, CreatedAt: opening, UpdatedAt: opening, Lines: []OrderLine{{ProductID: 1, Quantity: 1, Price: 1}}}
				require.NoError(t, made.orders.Create(t.Context(), &o))
			}
			s = made
		})
		service.API = keeping(s, service.API)
		return service
	}, []paritytest.Request{signIn("Sam_Sells"), signIn("bob"), signIn("cy_"), signIn("tess"), signIn("ada"),
		add(2, 1), buy("bob", byPaypal), add(1, 2), add(3, 1), add(5, 1),
		sent("POST", "/api/cart/items", "cy_", `{"productId":5,"quantity":2}`), sent("POST", "/api/cart/items", "ada", `{"productId":5,"quantity":2}`),
		{Path: "/api/seller/dashboard", Header: as("Sam_Sells")},
		{Method: "DELETE", Path: "/keeper/users/3"}, {Method: "DELETE", Path: "/keeper/users/3"},
		{Path: "/api/seller/dashboard", Header: as("Sam_Sells")}, {Path: "/api/seller/dashboard", Header: as("tess")},
		{Path: "/api/auth/profile", Header: as("cy_")}, {Path: "/api/auth/verify", Header: as("cy_")}, {Path: "/api/cart", Header: as("cy_")},
		{Path: "/api/orders", Header: as("cy_")}, {Path: "/api/orders/1", Header: as("cy_")}, {Path: "/api/orders/user/summary", Header: as("cy_")},
		sent("POST", "/api/cart/items", "cy_", `{"productId":1,"quantity":1}`), sent("PUT", "/api/auth/profile", "cy_", `{"last_name":"x"}`),
		sent("POST", "/api/seller/upgrade", "cy_", ""), sent("PUT", "/api/orders/2/status", "ada", `{"status":"completed"}`),
		sent("POST", "/api/auth/login", "", `{"username":"cy_","password":"Passw0rd!"}`),
		{Method: "POST", Path: "/api/auth/register", Body: `{"username":"CY_","email":"CY@example.com","password":"Passw0rd!"}`,
			Save: map[string]string{"heir": "$.data.token"}},
		{Path: "/api/cart", Header: as("heir")}, {Path: "/api/orders", Header: as("heir")},
		{Path: "/api/cart", Header: as("bob")}, {Path: "/api/orders", Header: as("bob")}, // nobody else's
		{Method: "DELETE", Path: "/keeper/users/1"}, {Method: "DELETE", Path: "/keeper/users/999"}, // sells; was never there
		sent("DELETE", "/api/products/1", "Sam_Sells", ""), {Path: "/api/products/1"}, // was ordered
		// As the tables have it, where no rule of the service is asked: a seller goes with
		// products that no order has any more, and with them the lines of carts.
		{Method: "DELETE", Path: "/tables/users/5"}, {Path: "/api/products"}, {Path: "/api/products/4"}, {Path: "/api/products/category/1"},
		{Path: "/api/cart", Header: as("bob")}, {Path: "/api/cart", Header: as("ada")}, {Path: "/api/categories/flat"},
		{Method: "DELETE", Path: "/keeper/users/2"}, {Path: "/api/products/1"}, {Path: "/api/seller/dashboard", Header: as("Sam_Sells")},
	}, &paritytest.Options{Phases: everyPhase})
}

// keeping adds to the paths what somebody who keeps the shop does without one: removes
// a user, or deletes the user's record as it is, where the service would not refuse it.
func keeping(s *shop, next http.Handler) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, r *http.Request, remove func(id int64) error) {
		id, err := pathID(r, "id")
		if err == nil {
			err = remove(id)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.reply(w, http.StatusOK, nil)
	}
	mux.HandleFunc("DELETE /keeper/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(id int64) error { return s.removeUser(r.Context(), id) })
	})
	mux.HandleFunc("DELETE /tables/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(id int64) error { return s.users.Delete(r.Context(), s.user(id)) })
	})
	mux.Handle("/", next)
	return mux
}

// TestGoneUser: what hangs on a user goes too, and a token that outlives its user shows
// nothing.
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
		{"POST", "/api/orders/checkout", byPaypal, http.StatusUnauthorized},
	} {
		status, answer := m.send(2, c.method, c.path, c.body)
		require.Equal(t, c.status, status, "%s %s: %v", c.method, c.path, answer)
	}
}
