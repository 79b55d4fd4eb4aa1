package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// How a demo goes.
const (
	shoppers = 100
	articles = 20  // products that they buy
	inStore  = 500 // of each, in the beginning
	pageSize = 100
	tries    = 3 // of what has no answer

	comeAgain = time.Second // after which status 503 says to
)

// keyOfDemo is how the keys begin that shoppers give to checkouts.
const keyOfDemo = "demo-"

// A demo is a hundred shoppers who buy over HTTP while the phases go by, and what they
// were told, by which the shop is judged in the end.
type demo struct {
	browse time.Duration // between two orders of a shopper, half as long or half as long again
	shop   *shop
	till   *till // of that shop
	goods  []int64
	people []*shopper
}

// A shopper remembers each answer. Half of them give a key to each checkout.
type shopper struct {
	name    string
	goods   []int64
	client  *http.Client
	at      string
	token   string
	random  *rand.Rand
	ordered map[int64]receipt // as the shop acknowledged them
	asked   int
	failed  []string // requests that ought not to have failed
	changed int      // orders that were shown other than acknowledged
	keyed   bool
	key     string // of the checkout under way, "" for none
	keys    int    // that were given
	again   int    // answers that asked for the same again, which then had one
	unsure  int    // checkouts without a key that had no answer: a payment each may have stayed
	looked  int    // of them, whose order was looked for, and had an answer so
}

// A receipt is what a shopper knows of an order.
type receipt struct {
	ID     int64  `json:"id"`
	Total  Cents  `json:"totalAmount"`
	Status string `json:"status"`
	Items  []struct {
		ProductID int64 `json:"productId"`
		Quantity  int64 `json:"quantity"`
		Price     Cents `json:"priceAtTime"`
	} `json:"items"`
}

// newDemo fills the shelves, and gives the shop a till that the demo can look into.
func newDemo(ctx context.Context, s *shop, browse time.Duration) (*demo, error) {
	d := &demo{browse: browse, shop: s, till: newTill()}
	s.bank = d.till
	seller := User{Username: "wholesale", Email: "wholesale@example.com", PasswordHash: "none", IsSeller: true,
		CreatedAt: s.seconds(), UpdatedAt: s.seconds()}
	shelf := Category{Name: "Tableware", CreatedAt: s.seconds()}
	if err := errors.Join(s.users.Create(ctx, &seller), s.categories.Create(ctx, &shelf)); err != nil {
		return nil, err
	}
	for n := range articles {
		p := Product{SellerID: seller.ID, CategoryID: shelf.ID, Name: fmt.Sprintf("Cup no. %d", n+1), Price: Cents(199 + 150*n),
			Inventory: inStore, CreatedAt: s.seconds(), UpdatedAt: s.seconds()}
		if err := s.products.Create(ctx, &p); err != nil {
			return nil, err
		}
		d.goods = append(d.goods, p.ID)
	}
	return d, nil
}

// play lets the shoppers in, walks through the phases, and settles accounts when all
// have gone.
func (d *demo) play(ctx context.Context, address string, walk func() error, say func(string, ...any)) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: shoppers}}
	defer client.CloseIdleConnections()
	d.invite(shoppers, client, address)
	open, closing := context.WithCancel(ctx)
	defer closing()
	var all sync.WaitGroup
	for _, p := range d.people {
		all.Go(func() { p.shop(open, d) })
	}
	say("%d shoppers are in the shop", shoppers)
	err := walk()
	closing()
	all.Wait()
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("interrupted before the accounts were settled")
	}
	return d.settle(ctx, say)
}

// invite makes that many shoppers known to the demo.
func (d *demo) invite(n int, client *http.Client, address string) {
	for i := range n {
		d.people = append(d.people, &shopper{name: fmt.Sprintf("shopper_%d", i), client: client, at: "http://" + address,
			goods: d.goods, keyed: i%2 == 0, ordered: map[int64]receipt{}, random: rand.New(rand.NewPCG(uint64(i), 1))})
	}
}

// shop registers and buys until the shop closes. What is under way then is finished.
func (p *shopper) shop(ctx context.Context, d *demo) {
	end := context.WithoutCancel(ctx)
	p.register(end)
	for ctx.Err() == nil && p.token != "" {
		p.buy(end)
		select {
		case <-ctx.Done():
		case <-time.After(d.browse/2 + rand.N(d.browse)):
		}
	}
}

// register also signs in where the name is taken: by an earlier try, whose answer did
// not say so.
func (p *shopper) register(ctx context.Context) {
	var welcome struct{ Token string }
	me := fields{"username": p.name, "email": p.name + "@example.com", "password": "Aa1!aaaa"}
	if p.tell(ctx, "POST", "/api/auth/register", me, &welcome, http.StatusConflict) == http.StatusConflict {
		p.ask(ctx, "POST", "/api/auth/login", me, &welcome)
	}
	p.token = welcome.Token
}

// buy puts something into the cart, pays, looks at the order, and now and then takes
// it back, or sends the checkout again. It reports whether there is an order. A checkout
// that had no answer is sent again first.
func (p *shopper) buy(ctx context.Context) bool {
	if p.key == "" {
		product := p.goods[p.random.IntN(len(p.goods))]
		if !p.ask(ctx, "POST", "/api/cart/items", fields{"productId": product, "quantity": 1 + p.random.IntN(3)}, nil) {
			return false // sold out
		}
		if p.keyed {
			p.keys++
			p.key = fmt.Sprint(keyOfDemo, p.keys)
		}
	}
	key := p.key
	order, ok := p.checkout(ctx)
	if !ok {
		return false // somebody else was quicker
	}
	var shown struct{ Order receipt }
	if p.ask(ctx, "GET", fmt.Sprintf("/api/orders/%d", order.ID), nil, &shown) && !shown.Order.keeps(order) {
		p.changed++
	}
	if p.random.IntN(5) == 0 {
		p.takeBack(ctx, order)
	}
	if p.random.IntN(5) == 0 && key != "" {
		before := p.ordered[order.ID]
		p.key = key
		if again, ok := p.checkout(ctx); ok && !again.keeps(before) {
			p.changed++
		}
		p.ordered[order.ID] = before
	}
	return true
}

const checkoutPath = "/api/orders/checkout"

// checkout pays for the cart. What has a key and no answer stays under way. What has no
// key must not be sent again; the shopper looks whether there is an order.
func (p *shopper) checkout(ctx context.Context) (order receipt, ok bool) {
	var bought struct{ Order receipt }
	status := p.tell(ctx, "POST", checkoutPath, fields{"paymentMethod": "paypal"}, &bought)
	switch {
	case status > 0 && status < 300:
		p.ordered[bought.Order.ID] = bought.Order
		p.key = ""
		return bought.Order, true
	case status > 0 && status < 500:
		p.key = ""
	case p.key == "":
		p.unsure++
		return p.lookFor(ctx)
	}
	return order, false
}

// lookFor finds the order of a checkout without a key that had no answer, which is the
// one that the shopper does not know. If it is told, that is the answer, and the request
// did not fail.
func (p *shopper) lookFor(ctx context.Context) (order receipt, ok bool) {
	unanswered := len(p.failed) - 1
	var list struct{ Orders []receipt }
	if !p.ask(ctx, "GET", "/api/orders/user/recent?limit=1", nil, &list) {
		return order, false
	}
	p.looked++
	p.failed = slices.Delete(p.failed, unanswered, unanswered+1)
	for _, o := range list.Orders {
		if _, known := p.ordered[o.ID]; !known {
			p.ordered[o.ID] = o
			return o, true
		}
	}
	return order, false
}

// takeBack cancels an order, also one that is cancelled already. Until there is an
// answer, nobody knows.
func (p *shopper) takeBack(ctx context.Context, order receipt) {
	order.Status = ""
	p.ordered[order.ID] = order
	if status := p.tell(ctx, "PUT", fmt.Sprintf("/api/orders/%d/cancel", order.ID), nil, nil, http.StatusConflict); status > 0 && status < 500 {
		order.Status = cancelled
		p.ordered[order.ID] = order
	}
}

// insist asks again for what had no answer.
func (p *shopper) insist(ctx context.Context) {
	if p.key != "" {
		p.checkout(ctx)
	}
	for _, order := range p.ordered {
		if order.Status == "" {
			p.takeBack(ctx, order)
		}
	}
}

// keeps reports whether an order is as it was acknowledged, as far as it was.
func (r receipt) keeps(o receipt) bool {
	return r.ID == o.ID && r.Total == o.Total && (o.Status == "" || r.Status == o.Status) && slices.Equal(r.Items, o.Items)
}

// ask sends a request and reads what the answer says. It reports whether the shop did
// what it was asked for.
func (p *shopper) ask(ctx context.Context, method, path string, body, data any) bool {
	status := p.tell(ctx, method, path, body, data)
	return status > 0 && status < 300
}

// tell returns the status of the answer too, 0 for none. What the shop turns down for a
// reason of the shop's, or as the caller expects, is no failure. What has no answer, or
// one that says to come again, is sent again, but for a checkout without a key: what is
// put into the cart twice the shopper sees in the order.
func (p *shopper) tell(ctx context.Context, method, path string, body, data any, expected ...int) int {
	for n := range tries {
		p.asked++
		status, err := p.send(ctx, method, path, body, data)
		failed := err
		if err == nil && status >= 300 && !slices.Contains(append(expected, http.StatusBadRequest), status) {
			failed = fmt.Errorf("status %d", status)
		}
		if err != nil {
			status = 0
		}
		if failed == nil {
			p.again += n
			return status
		}
		later := status == 0 || status == http.StatusServiceUnavailable
		if !later || n == tries-1 || path == checkoutPath && p.key == "" {
			p.failed = append(p.failed, fmt.Sprintf("%s %s: %v", method, path, failed))
			return status
		}
		if status > 0 {
			time.Sleep(comeAgain)
		}
	}
	return 0
}

func (p *shopper) send(ctx context.Context, method, path string, body, data any) (status int, err error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.at+path, content)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	if p.key != "" {
		r.Header.Set("Idempotency-Key", p.key) // which is nothing to any other request
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode < 300 {
		err = json.Unmarshal(text, &struct{ Data any }{data})
	}
	return answer.StatusCode, err
}
