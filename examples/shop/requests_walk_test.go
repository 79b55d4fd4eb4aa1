package main

import "github.com/crossfade-go/crossfade/dal/paritytest"

// walkRequests ask for each of the 48 patterns, of what stocked fills the shop with.
// They are sent beside each step from phase to phase, which takes its time, so what is
// refused is left to the other lists.
func walkRequests() []paritytest.Request {
	get := func(who, path string) paritytest.Request { return sent("GET", path, who, "") }
	keep := func(r paritytest.Request, name, path string) paritytest.Request {
		r.Save = map[string]string{name: path}
		return r
	}
	return []paritytest.Request{
		signIn("Sam_Sells"), signIn("bob"), signIn("ada"), // 2
		keep(sent("POST", "/api/auth/register", "", `{"username":"Eve_1","email":"eve@example.com","password":"Passw0rd!"}`), "eve", "$.data.token"),
		get("eve", "/api/auth/profile"), sent("PUT", "/api/auth/profile", "eve", `{"email":"EVE@example.com","last_name":"É"}`), // 3, 4
		sent("POST", "/api/auth/upgrade-seller", "eve", ""), sent("POST", "/api/auth/logout", "eve", ""), get("eve", "/api/auth/verify"),
		keep(sent("POST", "/api/categories", "ada", `{"name":"Ñandú","parent_id":3}`), "category", "$.data.category.id"), // 26
		sent("PUT", "/api/categories/{category}", "ada", `{"name":"Pampa"}`), get("", "/api/categories/{category}/path"),
		get("", "/api/categories"), get("", "/api/categories/flat"), get("", "/api/categories/roots"),
		get("", "/api/categories/3/children"), get("", "/api/categories/{category}"), get("", "/api/categories/search?q=ELECTRO"),
		sent("DELETE", "/api/categories/{category}", "ada", ""), // 28
		keep(sent("POST", "/api/products", "eve", `{"name":"Thé","category_id":3,"price":0.07,"inventory_quantity":9}`), "product", "$.data.product.id"),
		sent("PUT", "/api/products/{product}", "eve", `{"price":0.1}`), sent("PUT", "/api/products/{product}/inventory", "eve", `{"inventory_quantity":8}`),
		sent("POST", "/api/cart/items", "bob", `{"productId":{product},"quantity":2}`), // 39
		get("", "/api/products/{product}"), get("", "/api/products?limit=3"), get("", "/api/products/search?q=the"),
		get("", "/api/products/category/3"), get("eve", "/api/products/seller/my-products"), get("eve", "/api/products/seller/stats"),
		sent("POST", "/api/products/upload-image", "eve", ""),
		sent("DELETE", "/api/products/{product}", "eve", ""), get("bob", "/api/cart"), // 14: the line of it is gone
		sent("POST", "/api/cart/items", "bob", `{"productId":1,"quantity":2}`), sent("POST", "/api/cart/items", "bob", `{"productId":1,"quantity":1}`),
		sent("POST", "/api/cart/items", "bob", `{"productId":2,"quantity":1}`), sent("PUT", "/api/cart/items/1", "bob", `{"quantity":4}`), // 40
		sent("DELETE", "/api/cart/items/2", "bob", ""), get("bob", "/api/cart/summary"), get("bob", "/api/cart/validate"),
		get("bob", "/api/orders/checkout/validate"), keep(keyed("k", buy("bob", byCard)), "order", "$.data.order.id"), get("", "/api/products/1"),
		keyed("k", buy("bob", byCard)),
		sent("POST", "/api/cart/items", "bob", `{"productId":4,"quantity":1}`), sent("DELETE", "/api/cart", "bob", ""), // 42
		get("bob", "/api/orders"), get("bob", "/api/orders/{order}"), get("bob", "/api/orders/user/summary"),
		get("bob", "/api/orders/user/recent"), get("bob", "/api/orders/user/search?q=telephone"),
		sent("PUT", "/api/orders/{order}/cancel", "bob", ""), sent("PUT", "/api/orders/2/status", "ada", `{"status":"completed"}`), // 32, 34
		sent("POST", "/api/seller/upgrade", "bob", ""), get("bob", "/api/seller/profile"), get("Sam_Sells", "/api/seller/dashboard"),
		sent("PUT", "/api/seller/profile", "bob", `{"first_name":"Bob"}`),
	}
}
