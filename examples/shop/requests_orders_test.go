package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/paritytest"
)

// stocked fills a shop with what the requests of this file are about: names in more
// than one form, prices of a cent and of almost a million, products that are gone,
// orders of one second. Ids count from 1.
func stocked(t testing.TB, s *shop) {
	at := time.Date(2025, 8, 14, 21, 16, 7, 0, time.UTC)
	text := func(s string) *string { return &s }
	hash, err := s.hash(passwordOfAll)
	require.NoError(t, err)
	for _, u := range []User{
		{Username: "Sam_Sells", Email: "Sam@example.com", IsSeller: true},
		{Username: "bob", Email: "bob@example.com", FirstName: text("Böb")},
		{Username: "cy_", Email: "cy@example.com"},
		{Username: "ada", Email: "ada@example.com", SuperAdmin: true},
		{Username: "tess", Email: "tess@example.com", IsSeller: true},
	} {
		u.PasswordHash, u.CreatedAt, u.UpdatedAt = hash, at, at
		require.NoError(t, s.users.Create(t.Context(), &u))
	}
	one := int64(1)
	for _, c := range []Category{{Name: "Électronique"}, {Name: "Phones & more", ParentID: &one}, {Name: "Café"}} {
		c.CreatedAt = at
		require.NoError(t, s.categories.Create(t.Context(), &c))
	}
	products := []Product{
		{SellerID: 1, CategoryID: 2, Name: "Téléphone 📱", Description: text("100% neuf, 5_G"), Price: 199_99, Inventory: 10},
		{SellerID: 1, CategoryID: 3, Name: "Café crème", Price: 2_50, Inventory: 3},
		{SellerID: 5, CategoryID: 3, Name: "CAFE CREME ", Description: text(""), Price: 2_50},
		{SellerID: 5, CategoryID: 1, Name: "Écran 🖥️ <large>", Description: text("straße"), Price: 999_999_99, Inventory: 5000},
	}
	for n := range maxLines + 1 {
		products = append(products, Product{SellerID: 5, CategoryID: 1, Name: fmt.Sprintf("Bead %02d", n), Price: 1, Inventory: 100})
	}
	for _, p := range products {
		p.CreatedAt, p.UpdatedAt = at, at
		require.NoError(t, s.products.Create(t.Context(), &p))
	}
	for n, status := range []string{completed, pending, pending, cancelled} {
		lines := []OrderLine{{ProductID: 1, Quantity: int64(n + 1), Price: 150_00}, {ProductID: 4, Quantity: 1, Price: 5}}
		o := Order{UserID: 3, Total: Cents(n+1)*150_00 + 5, Status: status, CreatedAt: at, UpdatedAt: at, Lines: lines[:1+n%2]}
		require.NoError(t, s.orders.Create(t.Context(), &o))
		for _, line := range o.Lines {
			require.NoError(t, s.products.Update(t.Context(), s.product(line.ProductID), func(p *Product) error { p.Ordered = true; return nil }))
		}
	}
}

// passwordOfAll is what the users of the tests sign in with.
const passwordOfAll = "Passw0rd!"

// as is the header of somebody whose token was saved.
func as(who string) map[string]string {
	return map[string]string{"Authorization": "Bearer {" + who + "}"}
}

// signIn saves a user's token under the name.
func signIn(name string) paritytest.Request {
	return paritytest.Request{Method: "POST", Path: "/api/auth/login", Save: map[string]string{name: "$.data.token"},
		Body: fmt.Sprintf(`{"username":%q,"password":%q}`, name, passwordOfAll)}
}

// marketRequests are patterns 29 to 48, and what they refuse.
func marketRequests() []paritytest.Request {
	requests := append(buyingRequests(), emailRequests()...)
	requests = append(requests, renamedCategoryRequests()...)
	return append(requests, renamedProductRequests()...)
}

// buyingRequests are those of them that change nothing which others show.
func buyingRequests() []paritytest.Request {
	requests := append(everybody(), cartRequests()...)
	requests = append(requests, checkoutRequests()...)
	requests = append(requests, orderRequests()...)
	return append(requests, sellerRequests()...)
}

// everybody signs in.
func everybody() []paritytest.Request {
	return []paritytest.Request{signIn("Sam_Sells"), signIn("bob"), signIn("cy_"), signIn("ada"), signIn("tess")}
}

// add puts a product into the cart of bob.
func add(product, quantity int) paritytest.Request {
	return paritytest.Request{Method: "POST", Path: "/api/cart/items", Header: as("bob"),
		Body: fmt.Sprintf(`{"productId":%d,"quantity":%d}`, product, quantity)}
}

func cartRequests() []paritytest.Request {
	bob := as("bob")
	return []paritytest.Request{
		{Path: "/api/cart"}, // 38, without a token
		{Path: "/api/cart", Header: map[string]string{"Authorization": "Bearer no.such.token"}},
		{Path: "/api/cart", Header: bob},
		{Path: "/api/cart/summary", Header: bob},  // 43
		{Path: "/api/cart/validate", Header: bob}, // 44
		add(1, 2), add(1, 3), // 39, to one line
		add(1, 6),                                    // beyond the stock
		add(2, 3), add(3, 1), add(999, 1), add(0, 1), // and gone, and never there
		add(2, 0), add(2, 101),
		{Method: "POST", Path: "/api/cart/items", Header: bob, Body: `{"productId":2,"quantity":1.5}`},
		{Method: "POST", Path: "/api/cart/items", Header: bob, Body: `{"productId":`},
		{Method: "POST", Path: "/api/cart/items", Header: bob},
		add(4, 100),
		{Path: "/api/cart", Header: bob},
		{Method: "PUT", Path: "/api/cart/items/1", Header: bob, Body: `{"quantity":10}`}, // 40
		{Method: "PUT", Path: "/api/cart/items/1", Header: bob, Body: `{"quantity":11}`},
		{Method: "PUT", Path: "/api/cart/items/1", Header: bob, Body: `{"quantity":0}`},
		{Method: "PUT", Path: "/api/cart/items/3", Header: bob, Body: `{"quantity":1}`},
		{Method: "PUT", Path: "/api/cart/items/x", Header: bob, Body: `{"quantity":1}`},
		{Path: "/api/cart/summary", Header: bob},
		{Method: "DELETE", Path: "/api/cart/items/2", Header: bob}, // 41
		{Method: "DELETE", Path: "/api/cart/items/2", Header: bob},
		{Method: "DELETE", Path: "/api/cart/items/1", Header: as("cy_")}, // is in the cart of bob alone
		{Path: "/api/cart", Header: bob},
		{Method: "DELETE", Path: "/api/cart", Header: bob}, // 42
		{Method: "DELETE", Path: "/api/cart", Header: bob},
		{Path: "/api/cart", Header: bob},
	}
}

// buy checks the cart of somebody out.
func buy(who, body string) paritytest.Request {
	return paritytest.Request{Method: "POST", Path: "/api/orders/checkout", Header: as(who), Body: body,
		Varies: []string{"$.data.payment.transactionId"}}
}

// keyed gives a checkout a key of the client's own.
func keyed(key string, r paritytest.Request) paritytest.Request {
	r.Header["Idempotency-Key"] = key
	return r
}

const (
	byPaypal = `{"paymentMethod":"paypal"}`
	byCard   = `{"paymentMethod":"credit_card","paymentDetails":{"cardNumber":"4111 1111 1111 1111"}}`
)

func checkoutRequests() []paritytest.Request {
	bob := as("bob")
	requests := []paritytest.Request{
		{Path: "/api/orders/checkout/validate", Header: bob}, // 37
		buy("bob", byPaypal), // 29, of nothing
		add(1, 2), add(2, 3),
		{Path: "/api/orders/checkout/validate", Header: bob},
		buy("bob", `{"paymentMethod":"gold"}`), buy("bob", ``),
		buy("bob", `{"paymentMethod":"debit_card","paymentDetails":{"cardNumber":"12"}}`),
		buy("bob", strings.Replace(byCard, "1111\"", "0002\"", 1)), // the bank refuses
		{Path: "/api/cart", Header: bob},                           // where all is left as it was
		{Path: "/api/products/1"},
	}
	placed := keyed("first", buy("bob", byCard))
	placed.Save = map[string]string{"order": "$.data.order.id"}
	requests = append(requests, placed,
		paritytest.Request{Path: "/api/cart", Header: bob},
		paritytest.Request{Path: "/api/products/1"}, paritytest.Request{Path: "/api/products/2"},
		buy("bob", byCard), // once more, of nothing
		keyed("first", buy("bob", byCard)), keyed("none", buy("bob", byCard)),
		add(1, 9), // 8 are left
		add(1, 8), add(4, 50),
		// The seller has fewer of it, and then another price.
		paritytest.Request{Method: "PUT", Path: "/api/products/1/inventory", Header: as("Sam_Sells"), Body: `{"inventory_quantity":7}`},
		paritytest.Request{Path: "/api/cart/validate", Header: bob},
		paritytest.Request{Path: "/api/orders/checkout/validate", Header: bob},
		buy("bob", byCard),
		paritytest.Request{Method: "PUT", Path: "/api/cart/items/1", Header: bob, Body: `{"quantity":7}`},
		paritytest.Request{Method: "PUT", Path: "/api/products/1", Header: as("Sam_Sells"), Body: `{"price":0.99}`},
		buy("bob", byPaypal),
		paritytest.Request{Path: "/api/products/1"},
		add(4, 100), add(5, 1), add(5, 99), // by a cent more than an order may come to
		buy("bob", byPaypal),
		paritytest.Request{Method: "DELETE", Path: "/api/cart", Header: bob})
	for n := range maxLines + 1 {
		requests = append(requests, add(5+n, 1))
	}
	return append(requests,
		paritytest.Request{Path: "/api/orders/checkout/validate", Header: bob},
		buy("bob", byPaypal), // a line more than an order has
		paritytest.Request{Method: "DELETE", Path: "/api/cart/items/5", Header: bob},
		keyed("large", buy("bob", byPaypal)), keyed("large", buy("bob", byPaypal))) // as many as one has
}

func orderRequests() []paritytest.Request {
	bob, cy, ada := as("bob"), as("cy_"), as("ada")
	status := func(who map[string]string, order, status string) paritytest.Request {
		return paritytest.Request{Method: "PUT", Path: "/api/orders/" + order + "/status", Header: who, Body: fmt.Sprintf(`{"status":%q}`, status)}
	}
	return []paritytest.Request{
		{Path: "/api/orders", Header: bob}, // 30
		{Path: "/api/orders", Header: cy},  // of one second
		{Path: "/api/orders?page=2&limit=2", Header: cy},
		{Path: "/api/orders?page=9&limit=2", Header: cy},
		{Path: "/api/orders?limit=101", Header: cy},
		{Path: "/api/orders?page=0", Header: cy},
		{Path: "/api/orders"},
		{Path: "/api/orders/{order}", Header: bob}, // 31
		{Path: "/api/orders/{order}", Header: cy},
		{Path: "/api/orders/999", Header: cy},
		{Path: "/api/orders/0", Header: cy},
		{Path: "/api/orders/user/summary", Header: cy}, // 33
		{Path: "/api/orders/user/summary", Header: ada},
		{Path: "/api/orders/user/recent", Header: cy}, // 35
		{Path: "/api/orders/user/recent?limit=1", Header: cy},
		{Path: "/api/orders/user/recent?limit=21", Header: cy},
		{Path: "/api/orders/user/search?q=TELEPHONE", Header: cy}, // 36
		{Path: "/api/orders/user/search?q=100%25", Header: cy},
		{Path: "/api/orders/user/search?q=STRASSE", Header: cy},
		{Path: "/api/orders/user/search?q=%25", Header: bob},
		{Path: "/api/orders/user/search?q=_", Header: bob},
		{Path: "/api/orders/user/search?q={order}", Header: bob},
		{Path: "/api/orders/user/search?q=+", Header: bob},
		{Method: "PUT", Path: "/api/orders/{order}/cancel", Header: cy}, // 32
		{Method: "PUT", Path: "/api/orders/{order}/cancel", Header: bob},
		{Method: "PUT", Path: "/api/orders/{order}/cancel", Header: bob},
		{Method: "PUT", Path: "/api/orders/999/cancel", Header: bob},
		{Path: "/api/products/1"}, {Path: "/api/products/2"}, // have their stock again
		status(bob, "2", completed), // 34
		status(ada, "2", "lost"),
		status(ada, "2", completed), status(ada, "2", completed),
		{Method: "PUT", Path: "/api/orders/2/cancel", Header: cy},
		status(ada, "3", cancelled), status(ada, "3", pending), status(ada, "999", pending),
		{Path: "/api/orders", Header: cy},
		{Path: "/api/orders/user/summary", Header: cy},
		{Path: "/api/products/1"},
	}
}

func sellerRequests() []paritytest.Request {
	sam, cy := as("Sam_Sells"), as("cy_")
	return []paritytest.Request{
		{Path: "/api/seller/dashboard", Header: sam}, // 47
		{Path: "/api/seller/dashboard", Header: as("tess")},
		{Path: "/api/seller/dashboard", Header: cy},
		{Path: "/api/seller/dashboard"},
		{Path: "/api/seller/profile", Header: sam}, // 46
		{Path: "/api/seller/profile", Header: cy},
		{Method: "PUT", Path: "/api/seller/profile", Header: sam, Body: `{"first_name":"Sàm 😀","last_name":""}`}, // 48
		{Method: "PUT", Path: "/api/seller/profile", Header: sam, Body: `{"email":"BOB@example.com"}`},
		{Method: "PUT", Path: "/api/seller/profile", Header: sam, Body: `{"email":"none"}`},
		{Path: "/api/seller/profile", Header: sam},
		{Method: "POST", Path: "/api/seller/upgrade"},
		{Method: "POST", Path: "/api/seller/upgrade", Header: cy}, // 45
		{Path: "/api/seller/dashboard", Header: cy},
		{Method: "PUT", Path: "/api/products/1", Header: cy, Body: `{"price":1}`}, // is not cy's
		{Method: "DELETE", Path: "/api/products/2", Header: sam},                  // was ordered
		{Method: "DELETE", Path: "/api/products/3", Header: as("tess")},
		{Path: "/api/seller/dashboard", Header: as("tess")},
	}
}
