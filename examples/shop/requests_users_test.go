package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/paritytest"
)

// shelved fills a shop with what makes lists and searches hard: equal names and times,
// names of one form in the collation, "%", "_", accents, emoji, more than one page.
func shelved(t testing.TB, s *shop) {
	at := opening.Add(-24 * time.Hour)
	text := func(s string) *string { return &s }
	hash, err := s.hash(passwordOfAll)
	require.NoError(t, err)
	for _, u := range []User{
		{Username: "Zoe", Email: "Zoë@example.com", FirstName: text("Zoë"), LastName: text(""), IsSeller: true},
		{Username: "ab_c", Email: "ab_c@example.com", IsSeller: true},
		{Username: "abXc", Email: "abxc@example.com"},
		{Username: "root", Email: "root@example.com", SuperAdmin: true},
	} {
		u.PasswordHash, u.CreatedAt, u.UpdatedAt = hash, at, at
		require.NoError(t, s.users.Create(t.Context(), &u))
	}
	one := int64(1)
	for _, c := range []Category{{Name: "Zubehör"}, {Name: "apples", ParentID: &one}, {Name: "Äpfel", ParentID: &one},
		{Name: "100%"}, {Name: "Phones_1"}, {Name: "Phones-1"}, {Name: "Empty"}} {
		c.CreatedAt = at
		require.NoError(t, s.categories.Create(t.Context(), &c))
	}
	for i, p := range []Product{
		{SellerID: 1, CategoryID: 1, Name: "Straße", Price: 1, Inventory: 1},
		{SellerID: 1, CategoryID: 2, Name: "strasse", Description: text("a 100% match"), Price: 999_999_99},
		{SellerID: 1, CategoryID: 2, Name: "strasse", Price: 10_00, Inventory: 2147483647},
		{SellerID: 2, CategoryID: 3, Name: "😀 _under_", Description: text(""), Price: 10_50, Inventory: 5},
		{SellerID: 2, CategoryID: 3, Name: "😃 Xunder", Description: text("STRASSE"), Price: 19_99, Inventory: 5, ImageURL: text("http://x/é.png")},
		{SellerID: 2, CategoryID: 4, Name: "quote \" <b>&amp;</b>", Price: 20_00, Inventory: 0},
	} {
		p.CreatedAt = at.Add(time.Duration(i/3) * time.Second) // three of one second
		p.UpdatedAt = p.CreatedAt
		require.NoError(t, s.products.Create(t.Context(), &p))
	}
	for n := range 25 {
		p := Product{SellerID: 2, CategoryID: 5, Name: fmt.Sprintf("bulk %d", n%3), Price: Cents(100 + n), CreatedAt: at, UpdatedAt: at}
		require.NoError(t, s.products.Create(t.Context(), &p))
	}
}

// shelfRequests are patterns 1 to 28, and what they refuse.
func shelfRequests() []paritytest.Request {
	requests := append(keepingRequests(), listRequests()...)
	return append(requests, searchRequests()...)
}

// keepingRequests are those of them that somebody's token or a change is about.
func keepingRequests() []paritytest.Request {
	requests := append([]paritytest.Request{signIn("Zoe"), signIn("ab_c"), signIn("abXc"), signIn("root")}, userRequests()...)
	requests = append(requests, stallRequests()...)
	requests = append(requests, productRequests()...)
	return append(requests, categoryRequests()...)
}

// sent is a request with a body, of a user who signed in or of nobody.
func sent(method, path, who, body string) paritytest.Request {
	r := paritytest.Request{Method: method, Path: path, Body: body}
	if who != "" {
		r.Header = as(who)
	}
	return r
}

func userRequests() []paritytest.Request {
	register := func(body string) paritytest.Request { return sent("POST", "/api/auth/register", "", body) }
	login := func(body string) paritytest.Request { return sent("POST", "/api/auth/login", "", body) }
	newcomer := register(`{"username":"New_1","email":"new@example.com","password":"Passw0rd!","first_name":"Ñ"}`)
	newcomer.Save = map[string]string{"new": "$.data.token"}
	return []paritytest.Request{
		newcomer, register(newcomer.Body), // 1, and once more
		register(`{"username":"NEW_1","email":"other@example.com","password":"Passw0rd!"}`),
		register(`{"username":"other","email":"ZOE@example.com","password":"Passw0rd!"}`), // is Zoë's
		register(`{"username":"no","email":"x@example.com","password":"Passw0rd!"}`),
		register(`{"username":"noé","email":"x@example.com","password":"Passw0rd!"}`),
		register(`{"username":"nobody","email":"x","password":"Passw0rd!"}`),
		register(`{"username":"nobody","email":"x@example.com","password":"password"}`),
		register(`{"username":"nobody","email":"x@example.com","password":"Passw0rd!","first_name":"` + strings.Repeat("é", 51) + `"}`),
		register(`{"username":7}`), register(`[]`), register(`{`), register(``),
		login(`{"username":"zOE","password":"Passw0rd!"}`), // 2
		login(`{"username":"zoe","password":"passw0rd!"}`),
		login(`{"username":"ab%c","password":"Passw0rd!"}`), login(`{"username":"nobody","password":"Passw0rd!"}`), login(`{}`),
		{Path: "/api/auth/profile", Header: as("new")}, {Path: "/api/auth/profile"}, // 3
		{Path: "/api/auth/profile", Header: map[string]string{"Authorization": "Bearer {new}x"}},
		sent("PUT", "/api/auth/profile", "new", `{"email":"NEW@Example.com","last_name":"😀"}`), // 4
		sent("PUT", "/api/auth/profile", "new", `{"email":"zoe@EXAMPLE.com"}`),
		sent("PUT", "/api/auth/profile", "new", `{"first_name":null}`), sent("PUT", "/api/auth/profile", "new", `{"email":null}`),
		sent("PUT", "/api/auth/profile", "new", `{"email":""}`), sent("PUT", "/api/auth/profile", "new", `{}`),
		register(`{"username":"heir","email":"new@example.com","password":"Passw0rd!"}`),
		sent("POST", "/api/auth/upgrade-seller", "new", ""), sent("POST", "/api/auth/upgrade-seller", "new", ""), // 5
		sent("POST", "/api/auth/logout", "new", ""), sent("POST", "/api/auth/logout", "", ""), // 6
		{Path: "/api/auth/verify", Header: as("new")}, {Path: "/api/auth/verify"}, // 7
		{Path: "/api/nothing"},
	}
}

// under are the requests for some paths, or queries, below one.
func under(path string, all ...string) (requests []paritytest.Request) {
	for _, rest := range all {
		requests = append(requests, paritytest.Request{Path: path + rest})
	}
	return requests
}

// listRequests are scenario 33: pages of lists with ties, and their edges.
func listRequests() []paritytest.Request {
	requests := under("/api/products", "", "?page=2", "?page=2&limit=7", "?page=9", "?limit=101", "?page=0", "?page=x", // 8
		"?category_id=1", "?category_id=2", "?category_id=99", "?category_id=x", "?seller_id=1", "?seller_id=99", "?seller_id=2&category_id=1",
		"?min_price=10&max_price=19.99", "?min_price=10.5", "?max_price=0.01", "?min_price=x", "?max_price=1.005", "?min_price=-1", "?in_stock_only=true")
	for page := range 5 {
		requests = append(requests, under("/api/products", fmt.Sprintf("?limit=7&page=%d", page+1), fmt.Sprintf("?seller_id=2&limit=6&page=%d", page+1))...)
	}
	requests = append(requests, under("/api/products/", "category/1", "category/2?limit=1&page=2", "category/99", "category/x", "category/7", // 10
		"1", "6", "99", "0", "x", "99999999999999999999")...) // 11
	return append(requests, under("/api/categories", "", "/flat", "/roots", "/1/children")...)
}

// searchRequests are scenario 34: texts that are equal to who does not look at case and
// accents, and signs that mean something in a pattern.
func searchRequests() []paritytest.Request {
	requests := under("/api/products?search=", "STRASSE", "%25", "_", "100%25", "%F0%9F%98%80", "no+such", "%F0%9F",
		"under&in_stock_only=true&seller_id=2&min_price=1", "strasse&category_id=2", "bulk&limit=4&page=7")
	requests = append(requests, under("/api/products/search", "?q=stra%C3%9Fe", "?q=BULK+1&limit=3&page=3", "?q=%5C", "?q=%27", "?q=", "")...) // 9
	return append(requests, under("/api/categories/search?q=", "apfel", "ZUBEHOR", "phones%25", "phones_", "%5F", "1")...)
}

// stallRequests are of sellers who look at what they have.
func stallRequests() []paritytest.Request {
	return []paritytest.Request{
		{Path: "/api/products/search?q=strasse", Header: as("Zoe")},
		{Path: "/api/products/seller/my-products?limit=3", Header: as("ab_c")}, // 15
		{Path: "/api/products/seller/my-products", Header: as("abXc")},
		{Path: "/api/products/seller/my-products"},
		{Path: "/api/products/seller/stats", Header: as("Zoe")}, // 17
		{Path: "/api/products/seller/stats", Header: as("ab_c")},
		sent("POST", "/api/products/upload-image", "Zoe", ""), sent("POST", "/api/products/upload-image", "abXc", ""), // 18
	}
}

func productRequests() []paritytest.Request {
	create := func(who, body string) paritytest.Request { return sent("POST", "/api/products", who, body) }
	created := create("Zoe", `{"name":"Gerät ½ 😀","description":"a\nb","category_id":3,"price":0.01,"inventory_quantity":0,"image_url":"http://x"}`)
	created.Save = map[string]string{"product": "$.data.product.id"}
	return []paritytest.Request{
		created, // 12
		create("abXc", `{"name":"x","category_id":1,"price":1,"inventory_quantity":1}`), create("", `{}`), create("Zoe", `{}`),
		create("Zoe", `{"name":"x","category_id":99,"price":1,"inventory_quantity":1}`), create("Zoe", `{"name":" ","category_id":1,"price":1,"inventory_quantity":1}`),
		create("Zoe", `{"name":"x","category_id":1,"price":0,"inventory_quantity":1}`), create("Zoe", `{"name":"x","category_id":1,"price":1e6,"inventory_quantity":1}`),
		create("Zoe", `{"name":"x","category_id":1,"price":1.005,"inventory_quantity":1}`), create("Zoe", `{"name":"x","category_id":1,"price":"1","inventory_quantity":1}`),
		create("Zoe", `{"name":"x","category_id":1,"price":1,"inventory_quantity":-1}`), create("Zoe", `{"name":"x","category_id":1.5,"price":1,"inventory_quantity":1}`),
		create("Zoe", `{"name":"`+strings.Repeat("é", 201)+`","category_id":1,"price":1,"inventory_quantity":1}`),
		{Path: "/api/products/{product}"}, {Path: "/api/products/category/1?limit=2"},
		sent("PUT", "/api/products/{product}", "Zoe", `{"name":"Gerät 2","price":1e1,"category_id":4,"inventory_quantity":3}`), // 13
		sent("PUT", "/api/products/{product}", "Zoe", `{"description":null,"image_url":null}`), {Path: "/api/products/{product}"},
		sent("PUT", "/api/products/{product}", "Zoe", `{"price":null}`),
		sent("PUT", "/api/products/{product}", "ab_c", `{"name":"mine"}`), sent("PUT", "/api/products/99", "Zoe", `{"name":"x"}`),
		sent("PUT", "/api/products/{product}", "Zoe", `{"category_id":99}`), sent("PUT", "/api/products/{product}", "Zoe", `{}`),
		sent("PUT", "/api/products/{product}/inventory", "Zoe", `{"inventory_quantity":7}`), // 16
		sent("PUT", "/api/products/{product}/inventory", "Zoe", `{}`), sent("PUT", "/api/products/{product}/inventory", "ab_c", `{"inventory_quantity":7}`),
		sent("POST", "/api/cart/items", "abXc", `{"productId":{product},"quantity":2}`),
		sent("POST", "/api/cart/items", "root", `{"productId":{product},"quantity":1}`),
		sent("DELETE", "/api/products/{product}", "ab_c", ""), sent("DELETE", "/api/products/{product}", "Zoe", ""), // 14
		sent("DELETE", "/api/products/{product}", "Zoe", ""), {Path: "/api/cart", Header: as("abXc")}, {Path: "/api/cart", Header: as("root")},
		{Path: "/api/products?search=ger%C3%A4t"},
	}
}

func categoryRequests() []paritytest.Request {
	create := func(who, body string) paritytest.Request { return sent("POST", "/api/categories", who, body) }
	update := func(id, body string) paritytest.Request { return sent("PUT", "/api/categories/"+id, "root", body) }
	created := create("root", `{"name":"Ñandú & co","parent_id":5}`)
	created.Save = map[string]string{"category": "$.data.category.id"}
	requests := []paritytest.Request{created, // 26
		create("root", `{"name":"NANDU & CO"}`), create("root", `{"name":"zubehor"}`), create("root", `{"name":"deep","parent_id":2}`),
		create("root", `{"name":"lost","parent_id":99}`), create("root", `{"name":" "}`), create("root", `{}`), create("Zoe", `{"name":"x"}`), create("", `{}`),
		create("root", `{"name":"`+strings.Repeat("é", 101)+`"}`),
		update("{category}", `{"name":"ñANDÚ"}`), update("{category}", `{"name":"EMPTY"}`), update("99", `{"name":"x"}`), // 27
		update("{category}", `{"parent_id":{category}}`), update("{category}", `{"parent_id":2}`), update("{category}", `{"parent_id":null}`),
		update("1", `{"parent_id":4}`), update("{category}", `{"parent_id":6}`), sent("PUT", "/api/categories/2", "ab_c", `{"name":"x"}`),
		update("2", `{"name":"Birnen"}`), {Path: "/api/products/2"}, // shows the new name
	}
	for _, path := range []string{"/search?q=APFEL", "/search?q=%25", "/search?q=_", "/search?q=", // 19
		"/flat", "/roots", "/1/children", "/7/children", "/99/children", // 20 to 22
		"/{category}/path", "/1/path", "/99/path", "/2", "/99", "/x", ""} { // 23 to 25
		requests = append(requests, paritytest.Request{Path: "/api/categories" + path})
	}
	return append(requests,
		sent("DELETE", "/api/categories/1", "root", ""), sent("DELETE", "/api/categories/5", "root", ""), // 28: children, products
		sent("DELETE", "/api/categories/{category}", "ab_c", ""), sent("DELETE", "/api/categories/{category}", "root", ""),
		sent("DELETE", "/api/categories/{category}", "root", ""), sent("DELETE", "/api/categories/7", "root", ""),
		paritytest.Request{Path: "/api/categories"})
}
