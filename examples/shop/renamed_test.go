package main

import (
	"slices"
	"testing"

	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
)

// TestScenario22EmailChanges: a buyer with a cart and many orders has another address, and
// so has a seller whose products show it. What they have is under the new one, found by
// its id throughout; the old ones are free, the new ones taken.
func TestScenario22EmailChanges(t *testing.T) {
	inEveryPhase(t, stocked, append(everybody(), emailRequests()...))
}

// TestScenario23CategoryRenamed: a category is found below its parent under both their new
// names, by id and by name, and so is what carts, orders and products show of it.
func TestScenario23CategoryRenamed(t *testing.T) {
	inEveryPhase(t, stocked, append(everybody(), renamedCategoryRequests()...))
}

// TestScenario31ProductRenamed: carts show a product's new name and price, orders the new
// name and the price of the time.
func TestScenario31ProductRenamed(t *testing.T) {
	inEveryPhase(t, stocked, append(everybody(), renamedProductRequests()...))
}

// TestScenario33Lists: lists have the same members in the same order on the same pages.
func TestScenario33Lists(t *testing.T) { inEveryPhase(t, shelved, listRequests()) }

// TestScenario34Search: a search finds the same, whatever signs, case and accents it has.
func TestScenario34Search(t *testing.T) { inEveryPhase(t, shelved, searchRequests()) }

// inEveryPhase compares what requests are answered in every phase, on each engine.
func inEveryPhase(t *testing.T, fill func(testing.TB, *shop), requests []paritytest.Request) {
	onEachEngine(t, func(t *testing.T, e *local.Engines) {
		compare(t, e.DynamoDB, &tally{}, fill, requests, &paritytest.Options{Phases: everyPhase})
	})
}

// around asks the same before and after a change.
func around(seen []paritytest.Request, change ...paritytest.Request) []paritytest.Request {
	return slices.Concat(seen, change, seen)
}

func emailRequests() []paritytest.Request {
	register := func(name, email string) paritytest.Request {
		return sent("POST", "/api/auth/register", "", `{"username":"`+name+`","email":"`+email+`","password":"Passw0rd!"}`)
	}
	seen := []paritytest.Request{
		{Path: "/api/auth/profile", Header: as("cy_")}, {Path: "/api/cart", Header: as("cy_")}, {Path: "/api/orders", Header: as("cy_")},
		{Path: "/api/orders/2", Header: as("cy_")}, {Path: "/api/orders/user/summary", Header: as("cy_")}, signIn("cy_"),
		{Path: "/api/auth/profile", Header: as("Sam_Sells")}, {Path: "/api/cart", Header: as("Sam_Sells")}, {Path: "/api/orders", Header: as("Sam_Sells")},
		{Path: "/api/seller/dashboard", Header: as("Sam_Sells")}, {Path: "/api/products/1"}, {Path: "/api/products?seller_id=1"},
	}
	return slices.Concat(
		[]paritytest.Request{
			sent("POST", "/api/cart/items", "Sam_Sells", `{"productId":4,"quantity":1}`), buy("Sam_Sells", byPaypal),
			sent("POST", "/api/cart/items", "Sam_Sells", `{"productId":4,"quantity":2}`), sent("POST", "/api/cart/items", "cy_", `{"productId":4,"quantity":3}`),
		},
		around(seen,
			sent("PUT", "/api/auth/profile", "cy_", `{"email":"cy@example.org"}`), sent("PUT", "/api/auth/profile", "Sam_Sells", `{"email":"sam@example.org"}`),
			register("heir", "SAM@example.com"), register("late", "SAM@example.org"), register("later", "Cy@Example.org")),
		around(seen[:6], // in another case, and back
			sent("PUT", "/api/auth/profile", "cy_", `{"email":"CY@Example.org"}`), sent("PUT", "/api/auth/profile", "bob", `{"email":"cy@example.org"}`),
			sent("PUT", "/api/auth/profile", "cy_", `{"email":"cy@example.com"}`), sent("PUT", "/api/auth/profile", "bob", `{"email":"cy@example.org"}`)))
}

func renamedCategoryRequests() []paritytest.Request {
	bob := as("bob")
	seen := []paritytest.Request{
		{Path: "/api/categories/2/path"}, {Path: "/api/categories/1/children"}, {Path: "/api/categories/search?q=TECHNIK"},
		{Path: "/api/categories/search?q=electro"}, {Path: "/api/categories"}, {Path: "/api/categories/2"},
		{Path: "/api/products/1"}, {Path: "/api/products/category/1?limit=3"}, {Path: "/api/products/category/2"},
		{Path: "/api/cart", Header: bob}, {Path: "/api/orders?limit=1", Header: bob},
	}
	return slices.Concat([]paritytest.Request{add(1, 1), buy("bob", byPaypal), add(1, 1)},
		around(seen,
			sent("PUT", "/api/categories/1", "ada", `{"name":"Technik"}`), sent("PUT", "/api/categories/2", "ada", `{"name":"Telefone"}`),
			sent("POST", "/api/categories", "ada", `{"name":"electronique","parent_id":1}`), sent("POST", "/api/categories", "ada", `{"name":"TECHNIK"}`)),
		[]paritytest.Request{sent("DELETE", "/api/cart", "bob", "")})
}

func renamedProductRequests() []paritytest.Request {
	bob := as("bob")
	seen := []paritytest.Request{
		{Path: "/api/cart", Header: bob}, {Path: "/api/cart/summary", Header: bob}, {Path: "/api/orders?limit=1", Header: bob},
		{Path: "/api/orders/user/search?q=TELEFON", Header: bob}, {Path: "/api/orders/user/search?q=telephone", Header: bob},
		{Path: "/api/orders/2", Header: as("cy_")}, {Path: "/api/products/1"}, {Path: "/api/products?search=TELEFON"},
		{Path: "/api/products/category/1?limit=3"}, {Path: "/api/products?min_price=100&max_price=150"}, {Path: "/api/seller/dashboard", Header: as("Sam_Sells")},
	}
	return slices.Concat([]paritytest.Request{add(1, 2), buy("bob", byPaypal), add(1, 2)},
		around(seen, sent("PUT", "/api/products/1", "Sam_Sells", `{"name":"Telefon 📞","price":123.45,"description":null}`)),
		[]paritytest.Request{buy("bob", byPaypal), {Path: "/api/orders?limit=2", Header: bob}})
}
