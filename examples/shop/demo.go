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
)

// A demo is a hundred shoppers who buy over HTTP while the phases go by, and what they
// were told, by which the shop is judged in the end.
type demo struct {
	browse time.Duration // between two orders of a shopper, half as long or half as long again
	goods  []int64
	people []*shopper
}

// A shopper remembers each answer.
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

// newDemo fills the shelves.
func newDemo(ctx context.Context, s *shop, browse time.Duration) (*demo, error) {
	d := &demo{browse: browse}
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
			goods: d.goods, ordered: map[int64]receipt{}, random: rand.New(rand.NewPCG(uint64(i), 1))})
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

func (p *shopper) register(ctx context.Context) {
	var welcome struct{ Token string }
	p.ask(ctx, "POST", "/api/auth/register", fields{"username": p.name, "email": p.name + "@example.com", "password": "Aa1!aaaa"}, &welcome)
	p.token = welcome.Token
}

// buy puts something into the cart, pays, looks at the order, and now and then takes
// it back. It reports whether there is an order.
func (p *shopper) buy(ctx context.Context) bool {
	product := p.goods[p.random.IntN(len(p.goods))]
	if !p.ask(ctx, "POST", "/api/cart/items", fields{"productId": product, "quantity": 1 + p.random.IntN(3)}, nil) {
		return false // sold out
	}
	var bought struct{ Order receipt }
	if !p.ask(ctx, "POST", "/api/orders/checkout", fields{"paymentMethod": "paypal"}, &bought) {
		return false // somebody else was quicker
	}
	order := bought.Order
	p.ordered[order.ID] = order
	path := fmt.Sprintf("/api/orders/%d", order.ID)
	var shown struct{ Order receipt }
	if p.ask(ctx, "GET", path, nil, &shown) && !shown.Order.keeps(order) {
		p.changed++
	}
	if p.random.IntN(5) == 0 {
		order.Status = "" // unknown, until there is an answer
		p.ordered[order.ID] = order
		if p.ask(ctx, "PUT", path+"/cancel", nil, nil) {
			order.Status = cancelled
			p.ordered[order.ID] = order
		}
	}
	return true
}

// keeps reports whether an order is as it was acknowledged, as far as it was.
func (r receipt) keeps(o receipt) bool {
	return r.ID == o.ID && r.Total == o.Total && (o.Status == "" || r.Status == o.Status) && slices.Equal(r.Items, o.Items)
}

// ask sends a request and reads what the answer says. It reports whether the shop did
// what it was asked for; what it turns down for a reason of the shop's is no failure.
func (p *shopper) ask(ctx context.Context, method, path string, body, data any) bool {
	p.asked++
	status, err := p.send(ctx, method, path, body, data)
	if err == nil && status >= 300 && status != http.StatusBadRequest {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		p.failed = append(p.failed, fmt.Sprintf("%s %s: %v", method, path, err))
	}
	return err == nil && status < 300
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
