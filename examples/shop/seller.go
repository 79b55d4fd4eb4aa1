package main

import (
	"context"
	"net/http"
)

func (s *shop) sellerProfile(w http.ResponseWriter, r *http.Request) {
	s.reply(w, http.StatusOK, fields{"seller": viewUser(person(r))})
}

func (s *shop) updateSellerProfile(w http.ResponseWriter, r *http.Request) {
	u, err := s.changeProfile(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, fields{"seller": viewUser(u)})
}

// A turnover is what a seller has sold: orders with something of the seller's in
// them, and what their lines came to, those that were cancelled left out.
type turnover struct {
	Products int   `json:"totalProducts"`
	Orders   int   `json:"totalOrders"`
	Revenue  Cents `json:"totalRevenue"`
	Pending  int   `json:"pendingOrders"`
}

func (s *shop) dashboard(w http.ResponseWriter, r *http.Request) {
	t, err := s.turnover(r.Context(), caller(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, fields{"seller": viewUser(person(r)), "dashboard": t})
}

// turnover reads all orders, as no list of them is kept by seller. A shop with many
// would keep one, or count as it sells.
func (s *shop) turnover(ctx context.Context, seller int64) (t turnover, err error) {
	products, err := all(ctx, s.products, soldBy(seller))
	if err != nil {
		return t, err
	}
	own := map[int64]bool{}
	for _, p := range products {
		own[p.ID] = true
	}
	t.Products = len(products)
	for o, err := range s.orders.Query(ctx, everyOrder) {
		if err != nil {
			return t, err
		}
		t.add(o, own)
	}
	return t, nil
}

// add counts an order in if it has some of these products.
func (t *turnover) add(o Order, own map[int64]bool) {
	sold, amount := false, Cents(0)
	for _, line := range o.Lines {
		if own[line.ProductID] {
			sold = true
			amount += line.Price * Cents(line.Quantity)
		}
	}
	if !sold {
		return
	}
	t.Orders++
	if o.Status == pending {
		t.Pending++
	}
	if o.Status != cancelled {
		t.Revenue += amount
	}
}
