package main

import (
	"context"
	"errors"
	"fmt"
)

// errReckoning says that the shop did not keep what it acknowledged.
var errReckoning = errors.New("the accounts do not hold")

// settle asks the shop for everything that shoppers know, and says what differs.
func (d *demo) settle(ctx context.Context, say func(string, ...any)) error {
	left := make(map[int64]int64, len(d.goods))
	for _, product := range d.goods {
		left[product] = inStore
	}
	asked, acknowledged, sum := 0, 0, reckoning{}
	var failed []string
	for _, p := range d.people {
		asked, acknowledged = asked+p.asked, acknowledged+len(p.ordered)
		failed = append(failed, p.failed...)
		sum.changed += p.changed
		if p.token == "" {
			continue
		}
		if err := sum.add(ctx, p, left); err != nil {
			return err
		}
	}
	for product, n := range left {
		now, err := d.people[0].stock(ctx, product)
		if err != nil {
			return err
		}
		if now != n {
			sum.stock++
		}
	}
	say("requests that failed                                 %d of %d", len(failed), asked)
	say("acknowledged orders that are missing or other        %d of %d", sum.missing+sum.changed, acknowledged)
	say("orders whose total is not the sum of their lines     %d of %d", sum.unequal, sum.orders)
	say("products whose stock is not what orders left         %d of %d", sum.stock, len(left))
	if len(failed) > 0 {
		say("the first request that failed: %s", failed[0])
	}
	if len(failed)+sum.missing+sum.changed+sum.unequal+sum.stock > 0 {
		return errReckoning
	}
	say("all of it holds")
	return nil
}

// A reckoning counts orders, and what is wrong with them.
type reckoning struct{ orders, missing, changed, unequal, stock int }

// add looks at all orders of a shopper, and takes from the stock what they have.
func (sum *reckoning) add(ctx context.Context, p *shopper, left map[int64]int64) error {
	known := make(map[int64]receipt, len(p.ordered))
	for page := 1; ; page++ {
		var list struct{ Orders []receipt }
		if !p.ask(ctx, "GET", fmt.Sprintf("/api/orders?page=%d&limit=%d", page, pageSize), nil, &list) {
			return fmt.Errorf("orders could not be listed: %v", p.failed)
		}
		for _, o := range list.Orders {
			known[o.ID] = o
		}
		if len(list.Orders) < pageSize {
			break
		}
	}
	for id, o := range p.ordered {
		if !known[id].keeps(o) {
			sum.missing++
		}
	}
	for _, o := range known {
		sum.orders++
		if !o.adds() {
			sum.unequal++
		}
		for _, item := range o.Items {
			if o.Status != cancelled {
				left[item.ProductID] -= item.Quantity
			}
		}
	}
	return nil
}

// adds reports whether the total is the sum of the lines.
func (r receipt) adds() bool {
	var sum Cents
	for _, item := range r.Items {
		sum += item.Price * Cents(item.Quantity)
	}
	return len(r.Items) > 0 && r.Total == sum
}

// stock returns how many of a product there are.
func (p *shopper) stock(ctx context.Context, product int64) (int64, error) {
	var found struct {
		Product struct {
			Inventory int64 `json:"inventory_quantity"`
		}
	}
	if !p.ask(ctx, "GET", fmt.Sprintf("/api/products/%d", product), nil, &found) {
		return 0, fmt.Errorf("a product could not be read: %v", p.failed)
	}
	return found.Product.Inventory, nil
}
