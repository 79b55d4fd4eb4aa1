package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
)

// ownRequests ask for each of the 48 patterns about what they have made themselves, and
// what has the name: whatever else is in the shop, and whoever else is there, the answers
// are the same but for ids. "NAME" in them is the name.
func ownRequests(name string) []paritytest.Request {
	get := func(who, path string) paritytest.Request { return sent("GET", path, who, "") }
	keep := func(r paritytest.Request, saved ...string) paritytest.Request {
		r.Save = map[string]string{}
		for i := 0; i < len(saved); i += 2 {
			r.Save[saved[i]] = saved[i+1]
		}
		return r
	}
	register := func(who string) paritytest.Request {
		return keep(sent("POST", "/api/auth/register", "", `{"username":"`+who+`_NAME","email":"`+who+`_NAME@example.com","password":"Passw0rd!"}`),
			who, "$.data.token", who+"_id", "$.data.user.id")
	}
	product := func(n int, named, category string, price string) paritytest.Request {
		return keep(sent("POST", "/api/products", "sam", `{"name":"`+named+`","description":"NAME 100% 5_G","category_id":{`+category+`},"price":`+price+`,"inventory_quantity":9}`),
			fmt.Sprint("p", n), "$.data.product.id")
	}
	requests := []paritytest.Request{
		register("sam"), register("bob"), sent("POST", "/api/auth/register", "", `{"username":"BOB_NAME","email":"x_NAME@example.com","password":"Passw0rd!"}`), // 1
		get("bob", "/api/auth/profile"), sent("PUT", "/api/auth/profile", "bob", `{"email":"BOB_NAME@example.org","last_name":"É😀"}`), // 3, 4
		sent("POST", "/api/auth/upgrade-seller", "sam", ""), sent("POST", "/api/auth/logout", "bob", ""), get("bob", "/api/auth/verify"), // 5 to 7
		keep(sent("POST", "/api/categories", "ada", `{"name":"NAME Ñandú"}`), "root", "$.data.category.id"), // 26
		keep(sent("POST", "/api/categories", "ada", `{"name":"NAME Äpfel","parent_id":{root}}`), "leaf", "$.data.category.id"),
		keep(sent("POST", "/api/categories", "ada", `{"name":"NAME gone","parent_id":{root}}`), "gone", "$.data.category.id"),
		sent("POST", "/api/categories", "ada", `{"name":"NAME APFEL"}`), sent("POST", "/api/categories", "sam", `{"name":"NAME no"}`),
		product(1, "NAME Straße 😀", "leaf", "199.99"), product(2, "NAME strasse", "leaf", "2.5"), product(3, "NAME strasse", "root", "0.01"), // 12
		get("", "/api/products?seller_id={sam_id}&limit=2"), get("", "/api/products/search?q=NAME+STRASSE"), get("", "/api/products/search?q=NAME+100%25"), // 8, 9
		get("", "/api/products/category/{root}"), get("", "/api/products/{p1}"), get("sam", "/api/products/seller/my-products?limit=2&page=2"), // 10, 11, 15
		sent("PUT", "/api/products/{p2}", "sam", `{"name":"NAME Strauß","price":2.25}`), sent("PUT", "/api/products/{p2}", "bob", `{"price":1}`), // 13
		sent("PUT", "/api/products/{p3}/inventory", "sam", `{"inventory_quantity":3}`), get("sam", "/api/products/seller/stats"), // 16, 17
		sent("POST", "/api/products/upload-image", "sam", ""),                                                                                   // 18
		get("", "/api/categories/search?q=NAME"), get("", "/api/categories/flat"), get("", "/api/categories/roots"), get("", "/api/categories"), // 19 to 21, 25
		get("", "/api/categories/{root}/children"), get("", "/api/categories/{leaf}/path"), get("", "/api/categories/{leaf}"), // 22 to 24
		sent("PUT", "/api/categories/{leaf}", "ada", `{"name":"NAME Birnen"}`), get("", "/api/products/{p1}"), // 27
		sent("DELETE", "/api/categories/{leaf}", "ada", ""), sent("DELETE", "/api/categories/{gone}", "ada", ""), get("", "/api/categories/{gone}"), // 28
		sent("POST", "/api/cart/items", "bob", `{"productId":{p1},"quantity":2}`), sent("POST", "/api/cart/items", "bob", `{"productId":{p1},"quantity":1}`), // 39
		sent("POST", "/api/cart/items", "bob", `{"productId":{p2},"quantity":4}`), sent("POST", "/api/cart/items", "bob", `{"productId":{p3},"quantity":4}`),
		sent("POST", "/api/cart/items", "bob", `{"productId":{p3},"quantity":3}`),
		get("bob", "/api/cart"), sent("PUT", "/api/cart/items/{p1}", "bob", `{"quantity":5}`), sent("DELETE", "/api/cart/items/{p2}", "bob", ""), // 38, 40, 41
		sent("DELETE", "/api/products/{p3}", "sam", ""), // 14, with the line of it
		get("bob", "/api/cart"), get("bob", "/api/cart/summary"), get("bob", "/api/cart/validate"), get("bob", "/api/orders/checkout/validate"),
		keep(buy("bob", byCard), "order", "$.data.order.id"), buy("bob", byCard), get("", "/api/products/{p1}"), // 29
		sent("POST", "/api/cart/items", "bob", `{"productId":{p2},"quantity":1}`), keep(buy("bob", byPaypal), "second", "$.data.order.id"),
		sent("POST", "/api/cart/items", "bob", `{"productId":{p1},"quantity":1}`), sent("DELETE", "/api/cart", "bob", ""), // 42
		get("bob", "/api/orders?limit=1&page=2"), get("bob", "/api/orders/{order}"), get("sam", "/api/orders/{order}"), get("bob", "/api/orders/user/recent?limit=2"),
		get("bob", "/api/orders/user/search?q=STRASSE"), sent("PUT", "/api/orders/{order}/cancel", "bob", ""), sent("PUT", "/api/orders/{order}/cancel", "bob", ""),
		sent("PUT", "/api/orders/{second}/status", "ada", `{"status":"completed"}`), get("bob", "/api/orders/user/summary"), get("", "/api/products/{p1}"), // 34, 33
		sent("DELETE", "/api/products/{p1}", "sam", ""), sent("POST", "/api/seller/upgrade", "bob", ""), // 45
		get("sam", "/api/seller/profile"), get("sam", "/api/seller/dashboard"), sent("PUT", "/api/seller/profile", "sam", `{"first_name":"NAME"}`), // 46 to 48
		sent("POST", "/api/auth/login", "", `{"username":"SAM_NAME","password":"Passw0rd!"}`), // 2
	}
	for i := range requests {
		requests[i].Path = strings.ReplaceAll(requests[i].Path, "NAME", name)
		requests[i].Body = strings.ReplaceAll(requests[i].Body, "NAME", name)
	}
	return requests
}

// varyingIDs are the numbers that others have a part in.
var varyingIDs = regexp.MustCompile(`"(id|userId|productId|seller_id|category_id|parent_id)":\d+`)

// A visit sends ownRequests once.
type visit struct {
	t        *testing.T
	s        *shop
	h        http.Handler
	name     string
	answered func()
}

// answers returns what is answered, with another name in place of the visit's.
func (v visit) answers() []string {
	admin := User{Username: "ada_" + v.name, Email: "ada_" + v.name + "@example.com", PasswordHash: "none", SuperAdmin: true, CreatedAt: opening, UpdatedAt: opening}
	require.NoError(v.t, v.s.users.Create(v.t.Context(), &admin))
	token, err := v.s.token(admin)
	require.NoError(v.t, err)
	saved := map[string]string{"ada": token}
	var all []string
	for _, request := range ownRequests(v.name) {
		pattern, w := sendSaved(v.t, v.h, request, saved)
		body := w.Body.String()
		if strings.HasPrefix(pattern, "GET /api/categories") {
			body = v.own(body)
		}
		body = varyingTexts.ReplaceAllString(varyingIDs.ReplaceAllString(body, `"$1":(id)`), `"$1":"($1)"`)
		all = append(all, fmt.Sprint(request.Name, pattern, ": ", w.Code, " ", strings.ReplaceAll(body, v.name, "NAME")))
		v.answered()
	}
	return all
}

// own leaves the categories of others out of a list.
func (v visit) own(body string) string {
	var list struct {
		Data struct{ Categories []json.RawMessage }
	}
	require.NoError(v.t, json.Unmarshal([]byte(body), &list))
	if list.Data.Categories == nil {
		return body
	}
	kept := ""
	for _, category := range list.Data.Categories {
		if strings.Contains(string(category), v.name) {
			kept += string(category) + "\n"
		}
	}
	return kept
}

// TestParityUnderLoad: while several clients ask for all 48 patterns at once and the phase
// goes to 5 and back, every answer is, byte for byte, the one of a single client in phase 1.
func TestParityUnderLoad(t *testing.T) { onEachEngine(t, parityUnderLoad) }

func parityUnderLoad(t *testing.T, engines *local.Engines) {
	const clients, between = 4, 12 // requests of each client from step to step, at least
	var s *shop
	alone := newTestShop(t, engines, func(_ testing.TB, made *shop) { s = made })
	expected := visit{t, s, alone.API, "kzz", func() {}}.answers()

	answered := &tally{}
	busy := newTestShop(t, engines, func(_ testing.TB, made *shop) { s = made })
	h := answered.of(busy.API)
	var over atomic.Bool
	var all sync.WaitGroup
	progress := newProgress(clients)
	for c := range clients {
		all.Go(func() {
			defer progress.leaves(c)
			for n := 0; !over.Load(); n++ {
				name := "k" + string(rune('a'+c)) + string(rune('a'+n))
				for i, answer := range (visit{t, s, h, name, func() { progress.answered(c) }}).answers() {
					if answer != expected[i] {
						t.Errorf("%s, request %d:\n%s\nand alone\n%s", name, i+1, answer, expected[i])
					}
				}
			}
		})
	}
	besideSteps(t, busy.Controller, func(int) func() {
		progress.await(between)
		return func() {}
	})
	over.Store(true)
	all.Wait()
	answered.every(t)
}

// A progress counts the answers of clients, who go on meanwhile.
type progress struct {
	mu     sync.Mutex
	more   *sync.Cond
	counts []int // since the last time that all were waited for; negative for who has left
}

func newProgress(clients int) *progress {
	p := &progress{counts: make([]int, clients)}
	p.more = sync.NewCond(&p.mu)
	return p
}

func (p *progress) answered(c int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[c]++
	p.more.Broadcast()
}

// leaves says that a client asks no more: it has failed, or all is over.
func (p *progress) leaves(c int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[c] = -1
	p.more.Broadcast()
}

// await returns when each client has had n answers more.
func (p *progress) await(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.counts {
		p.counts[c] = min(p.counts[c], 0)
	}
	for slices.ContainsFunc(p.counts, func(had int) bool { return 0 <= had && had < n }) {
		p.more.Wait()
	}
}
