package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// errReckoning says that the shop did not keep what it acknowledged.
var errReckoning = errors.New("the accounts do not hold")

// settle asks the shop for everything that shoppers know, and says what differs.
func (d *demo) settle(ctx context.Context, say func(string, ...any)) error {
	for _, p := range d.people {
		if p.token != "" {
			p.insist(ctx)
		}
	}
	sum := reckoning{left: make(map[int64]int64, len(d.goods)), held: d.till.held()}
	for _, product := range d.goods {
		sum.left[product] = inStore
	}
	asked, acknowledged, again, looked, payments := 0, 0, 0, 0, len(sum.held)
	var failed []string
	for _, p := range d.people {
		asked, acknowledged, again, looked = asked+p.asked, acknowledged+len(p.ordered), again+p.again, looked+p.looked
		failed = append(failed, p.failed...)
		sum.changed += p.changed
		sum.unsure += p.unsure
		if p.token == "" {
			continue
		}
		if err := sum.add(ctx, d.shop, p); err != nil {
			return err
		}
	}
	for product, n := range sum.left {
		now, err := d.people[0].stock(ctx, product)
		if err != nil {
			return err
		}
		if now != n {
			sum.stock++
		}
	}
	stray := sum.stray()
	say("requests that failed                                 %d of %d", len(failed), asked)
	say("answers that asked for the same again, and had it    %d", again)
	say("checkouts without a key whose order was looked for   %d", looked)
	say("acknowledged orders that are missing or other        %d of %d", sum.missing+sum.changed, acknowledged)
	say("orders whose total is not the sum of their lines     %d of %d", sum.unequal, sum.orders)
	say("orders without a payment                             %d of %d", sum.unpaid, sum.orders)
	say("payments that are not orders'                        %d of %d", stray, payments)
	say("products whose stock is not what orders left         %d of %d", sum.stock, len(sum.left))
	if len(failed) > 0 {
		say("the first request that failed: %s", failed[0])
	}
	if len(failed)+sum.missing+sum.changed+sum.unequal+sum.unpaid+stray+sum.stock > 0 {
		return errReckoning
	}
	say("all of it holds")
	return nil
}

// A reckoning counts orders, and what is wrong with them.
type reckoning struct {
	orders, missing, changed, unequal, unpaid, stock int

	left   map[int64]int64  // of each product, by what orders have taken
	held   map[string]Cents // the payments that no order has, by account
	unsure int              // how many of them may be of checkouts without a key that had no answer
}

// add looks at all orders of a shopper, and takes from the stock and from the payments
// what they have. A cancelled order has none.
func (sum *reckoning) add(ctx context.Context, s *shop, p *shopper) error {
	known := make(map[int64]receipt, len(p.ordered))
	var ids []int64
	for page := 1; ; page++ {
		var list struct{ Orders []receipt }
		if !p.ask(ctx, "GET", fmt.Sprintf("/api/orders?page=%d&limit=%d", page, pageSize), nil, &list) {
			return fmt.Errorf("orders could not be listed: %v", p.failed)
		}
		for _, o := range list.Orders {
			known[o.ID] = o
			ids = append(ids, o.ID)
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
				sum.left[item.ProductID] -= item.Quantity
			}
		}
	}
	stored, err := many(ctx, s.orders, ids) // the accounts are shown to nobody
	for id, o := range stored {
		account := textOr(o.Account, "")
		if amount, is := sum.held[account]; known[id].Status != cancelled && (!is || amount != o.Total) {
			sum.unpaid++
		} else if known[id].Status != cancelled {
			delete(sum.held, account)
		}
	}
	return err
}

// stray returns how many payments ought to have gone back. What was paid without a key
// stays where nobody knows whether there is an order; a key is asked for until there is
// an answer.
func (sum *reckoning) stray() int {
	keyed := 0
	for account := range sum.held {
		if strings.Contains(account, " "+keyOfDemo) {
			keyed++
		}
	}
	return keyed + max(0, len(sum.held)-keyed-sum.unsure)
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
