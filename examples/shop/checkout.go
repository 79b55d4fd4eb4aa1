package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/crossfade-go/crossfade/dal"
)

// What one order takes. All of it is written as one unit of work, which has a limit
// of a hundred steps: a line is six of them, one for its product and five for its
// place in the cart, which nobody else may have and which refers to user and product; the
// order, its account and its user are the rest.
// The amount is that of the order's column.
const (
	maxLines = 15
	maxTotal = Cents(99_999_999_99)
)

// hindrances returns why the cart can't be bought as it is, never nil.
func (c cart) hindrances() []string {
	switch {
	case len(c.lines) == 0:
		return []string{"the cart is empty"}
	case len(c.lines) > maxLines:
		return []string{fmt.Sprintf("an order has at most %d products", maxLines)}
	}
	issues := c.issues()
	if c.totals().Amount > maxTotal {
		issues = append(issues, "the total is more than an order may have")
	}
	return issues
}

// validateCheckout says whether the cart could be bought.
func (s *shop) validateCheckout(w http.ResponseWriter, r *http.Request) {
	s.answerCart(w, r, func(c cart) any {
		issues := c.hindrances()
		return fields{"eligible": len(issues) == 0, "issues": issues}
	})
}

// checkout buys what is in the cart. A client that gave an Idempotency-Key and did not
// hear what became of it sends the same again.
func (s *shop) checkout(w http.ResponseWriter, r *http.Request) {
	b, err := purchaseOf(w, r)
	var done settled
	if err == nil {
		done, err = s.buy(r.Context(), b)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusCreated, fields{"order": viewOrder(done.order, done.goods),
		"payment": fields{"success": true, "transactionId": done.transaction}})
}

// placeOrder places the order of a cart that was paid for, as it was then, or does
// nothing.
func (s *shop) placeOrder(ctx context.Context, b purchase, c cart) (o Order, err error) {
	var once []dal.WriteOption
	if b.keyed {
		once = append(once, dal.Token(b.account))
	}
	err = s.units.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		o = s.orderOf(b, c)
		return s.place(ctx, tx, &o, c)
	}, once...)
	err = orElse(err, dal.ErrNotFound, cartChanged) // a product has gone
	return o, orElse(err, dal.ErrNoTarget, gone)
}

var cartChanged = conflict("the cart has changed meanwhile")

// orderOf makes the order of a cart. Its lines are in the order of their products'
// ids, in which the stock is then changed: two orders never wait for each other's
// products crosswise.
func (s *shop) orderOf(b purchase, c cart) Order {
	o := Order{UserID: b.user, Total: c.totals().Amount, Status: pending, Account: &b.account, CreatedAt: s.seconds(), UpdatedAt: s.seconds()}
	for _, line := range c.lines {
		o.Lines = append(o.Lines, OrderLine{ProductID: line.ProductID, Quantity: line.Quantity, Price: c.goods[line.ProductID].Price})
	}
	slices.SortFunc(o.Lines, func(a, b OrderLine) int { return cmp.Compare(a.ProductID, b.ProductID) })
	return o
}

// place takes the lines from the stock, creates the order and empties the cart. The
// products come first, so that one which has gone is told of as that.
func (s *shop) place(ctx context.Context, tx *dal.Tx, o *Order, c cart) error {
	if err := s.still(ctx, tx, c); err != nil {
		return err
	}
	for _, line := range o.Lines {
		if err := s.sell(ctx, tx, line); err != nil {
			return err
		}
	}
	if err := s.orders.In(tx).Create(ctx, o); err != nil {
		return err
	}
	for _, line := range c.lines {
		if err := s.carts.In(tx).Delete(ctx, s.cartLine(line.ID)); err != nil {
			return err
		}
	}
	return nil
}

// still makes sure that the cart has what was paid for: of two checkouts at once,
// one finds the lines gone.
func (s *shop) still(ctx context.Context, tx *dal.Tx, c cart) error {
	keys := make([]dal.Key, len(c.lines))
	for i, line := range c.lines {
		keys[i] = s.cartLine(line.ID)
	}
	now, err := s.carts.In(tx).GetMany(ctx, keys)
	if err != nil {
		return err
	}
	for _, line := range c.lines {
		if at, is := now[s.cartLine(line.ID)]; !is || at.Quantity != line.Quantity {
			return cartChanged
		}
	}
	return nil
}

// sell takes a line from the stock as it is when the unit commits. Nobody needs to
// have read the product for that, so buyers of one product follow one another,
// where they would otherwise begin again and again.
func (s *shop) sell(ctx context.Context, tx *dal.Tx, line OrderLine) error {
	return s.products.In(tx).UpdateAtCommit(ctx, s.product(line.ProductID), func(p *Product) error {
		if err := inStock(*p, line.Quantity); err != nil {
			return err
		}
		if p.Price != line.Price {
			return conflict("the price of " + p.Name + " has changed meanwhile")
		}
		p.Inventory -= line.Quantity
		p.Ordered = true
		p.UpdatedAt = s.seconds()
		return nil
	})
}
