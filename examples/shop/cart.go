package main

import (
	"context"
	"net/http"
	"slices"
)

// A cart is what a user is about to buy.
type cart struct {
	lines []CartLine // newest first
	goods map[int64]good
}

// A cartItem is a line of a cart as clients read it.
type cartItem struct {
	ID        int64       `json:"id"`
	ProductID int64       `json:"productId"`
	Quantity  int64       `json:"quantity"`
	Product   cartProduct `json:"product"`
	Subtotal  Cents       `json:"subtotal"`
	CreatedAt string      `json:"createdAt"`
	UpdatedAt string      `json:"updatedAt"`
}

type cartProduct struct {
	ID             int64   `json:"id"`
	Name           string  `json:"name"`
	Description    *string `json:"description"`
	Price          Cents   `json:"price"`
	Inventory      int64   `json:"inventoryQuantity"`
	CategoryName   string  `json:"categoryName"`
	SellerUsername string  `json:"sellerUsername"`
}

// totals sum a cart up: pieces, their price, and lines.
type totals struct {
	Items  int64 `json:"totalItems"`
	Amount Cents `json:"totalAmount"`
	Lines  int   `json:"itemCount"`
}

// cart reads the cart of a user. A line whose product is being deleted goes with it,
// and is not shown any more.
func (s *shop) cart(ctx context.Context, user int64) (c cart, err error) {
	if c.lines, err = all(ctx, s.carts, cartOf(user)); err != nil {
		return c, err
	}
	var ids []int64
	for _, line := range c.lines {
		ids = append(ids, line.ProductID)
	}
	if c.goods, err = s.goods(ctx, ids); err != nil {
		return c, err
	}
	c.lines = slices.DeleteFunc(c.lines, func(line CartLine) bool { _, is := c.goods[line.ProductID]; return !is })
	slices.SortFunc(c.lines, func(a, b CartLine) int { return newestFirst(a.CreatedAt, b.CreatedAt, a.ID, b.ID) })
	return c, nil
}

// item shows a line with its product.
func (line CartLine) item(g good) cartItem {
	return cartItem{
		ID: line.ID, ProductID: line.ProductID, Quantity: line.Quantity,
		Product:  cartProduct{g.ID, g.Name, g.Description, g.Price, g.Inventory, g.category, g.seller},
		Subtotal: g.Price * Cents(line.Quantity), CreatedAt: iso(line.CreatedAt), UpdatedAt: iso(line.UpdatedAt),
	}
}

func (c cart) items() []cartItem {
	items := make([]cartItem, len(c.lines))
	for i, line := range c.lines {
		items[i] = line.item(c.goods[line.ProductID])
	}
	return items
}

func (c cart) totals() totals {
	t := totals{Lines: len(c.lines)}
	for _, line := range c.lines {
		t.Items += line.Quantity
		t.Amount += c.goods[line.ProductID].Price * Cents(line.Quantity)
	}
	return t
}

// issues returns what stands between the lines and an order, never nil.
func (c cart) issues() []string {
	issues := []string{}
	for _, line := range c.lines {
		if err := inStock(c.goods[line.ProductID].Product, line.Quantity); err != nil {
			issues = append(issues, err.Error())
		}
	}
	return issues
}

// inStock returns an error that names the product if there are not n of it.
func inStock(p Product, n int64) error {
	switch {
	case p.Inventory <= 0:
		return invalid("%s is out of stock", p.Name)
	case p.Inventory < n:
		return invalid("%s: only %d in stock", p.Name, p.Inventory)
	}
	return nil
}

// answerCart answers with something about the user's cart.
func (s *shop) answerCart(w http.ResponseWriter, r *http.Request, show func(cart) any) {
	c, err := s.cart(r.Context(), caller(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, show(c))
}

func (s *shop) getCart(w http.ResponseWriter, r *http.Request) {
	s.answerCart(w, r, func(c cart) any { return fields{"items": c.items(), "summary": c.totals()} })
}

func (s *shop) cartSummary(w http.ResponseWriter, r *http.Request) {
	s.answerCart(w, r, func(c cart) any { return c.totals() })
}

func (s *shop) validateCart(w http.ResponseWriter, r *http.Request) {
	s.answerCart(w, r, func(c cart) any {
		issues := c.issues()
		return fields{"valid": len(issues) == 0, "issues": issues}
	})
}
