package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
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

// TestIndexesThatLag: while every index of DynamoDB stands still, who has registered can
// sign in, and users see in their cart, their orders and the tree of categories what
// they just did, and a product where it is asked for by its id. What lists and searches
// products shows it once the indexes go on.
func TestIndexesThatLag(t *testing.T) {
	srv := dynamotest.Start(t)
	dynamo, err := engine.StartDynamoDB(t.Context(), engine.Options{DynamoDB: srv.URL})
	require.NoError(t, err)
	for _, phase := range []dal.Phase{dal.DynamoDBPrimary, dal.DynamoDBOnly} {
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
			did := func(method, path string, body, data any) {
				t.Helper()
				require.True(t, p.ask(t.Context(), method, path, body, data), p.failed)
			}
			did("POST", "/api/seller/upgrade", nil, nil)
			srv.Fault(dynamotest.OnAny().IndexLag(dynamotest.Forever))
			defer srv.ClearFaults()

			late := fields{"username": "Latecomer", "email": "late@example.com", "password": "Aa1!aaaa"}
			did("POST", "/api/auth/register", late, nil)
			var welcome struct{ User struct{ Username string } }
			did("POST", "/api/auth/login", fields{"username": "latecomer", "password": "Aa1!aaaa"}, &welcome)
			require.Equal(t, "Latecomer", welcome.User.Username)

			var made struct{ Product struct{ ID int64 } }
			category := struct{ Categories []struct{ ID int64 } }{}
			did("GET", "/api/categories/flat", nil, &category)
			did("POST", "/api/products", fields{"name": "Saucer", "category_id": category.Categories[0].ID, "price": 1.5, "inventory_quantity": 3}, &made)
			var list struct{ Products []struct{ ID int64 } }
			did("GET", "/api/products?search=saucer", nil, &list)
			require.Empty(t, list.Products, "the index stands still, or this test shows nothing")
			did("GET", fmt.Sprint("/api/products/", made.Product.ID), nil, nil)
			did("POST", "/api/cart/items", fields{"productId": made.Product.ID, "quantity": 2}, nil)
			var cart struct{ Items []struct{ ProductID int64 } }
			did("GET", "/api/cart", nil, &cart)
			require.Len(t, cart.Items, 1)
			var bought struct{ Order receipt }
			did("POST", "/api/orders/checkout", fields{"paymentMethod": "paypal"}, &bought)
			var orders struct{ Orders []receipt }
			did("GET", "/api/orders", nil, &orders)
			require.Len(t, orders.Orders, 1)
			require.True(t, orders.Orders[0].keeps(bought.Order))
			left, err := p.stock(t.Context(), made.Product.ID)
			require.NoError(t, err)
			require.EqualValues(t, 1, left)

			srv.ClearFaults()
			did("GET", "/api/products?search=saucer", nil, &list)
			require.Len(t, list.Products, 1)
		})
	}
}

// TestPatternsWhileIndexesLag: all 48 patterns, and what they refuse, have the answer of
// phase 1 where the indexes of DynamoDB follow only before the next request of a pattern
// that the contract does not promise its users' own writes. What it promises them, 42 of
// the 48, is asked while the indexes stand still.
func TestPatternsWhileIndexesLag(t *testing.T) {
	var declared struct {
		AccessPatterns []struct {
			Name      string
			OwnWrites bool `json:"own_writes"`
		} `json:"access_patterns"`
	}
	require.NoError(t, json.Unmarshal(contractJSON, &declared))
	late := map[string]bool{}
	for _, p := range declared.AccessPatterns {
		n, err := strconv.Atoi(strings.TrimPrefix(p.Name, "AP"))
		require.NoError(t, err)
		if !p.OwnWrites {
			late[patterns[n-1]] = true
		}
	}
	require.Len(t, late, 6)
	answered := &tally{}
	for _, part := range []struct {
		name     string
		fill     func(testing.TB, *shop)
		requests []paritytest.Request
	}{{"users and products", shelved, shelfRequests()}, {"carts and orders", stocked, marketRequests()}} {
		t.Run(part.name, func(t *testing.T) {
			paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
				srv := dynamotest.Start(t)
				dynamo, err := engine.StartDynamoDB(t.Context(), engine.Options{DynamoDB: srv.URL})
				require.NoError(t, err)
				service := newTestShop(t, &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: dynamo}, part.fill)
				service.API = answered.of(lagging(srv, service.API, late))
				return service
			}, part.requests, &paritytest.Options{Phases: []dal.Phase{dal.DynamoDBPrimary, dal.DynamoDBOnly}})
		})
	}
	answered.every(t)
}

// lagging serves requests while indexes stand still from the first of them on, and show
// what is written at each one of the patterns that are late.
func lagging(srv *dynamotest.Server, next http.Handler, late map[string]bool) http.Handler {
	var still *dynamotest.Fault
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := next.(*http.ServeMux).Handler(r)
		if still == nil || late[pattern] {
			srv.ClearFaults()
			still = srv.Fault(dynamotest.OnAny().IndexLag(dynamotest.Forever))
		}
		next.ServeHTTP(w, r)
	})
}
