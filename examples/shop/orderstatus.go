package main

import (
	"context"
	"net/http"
	"slices"

	"github.com/crossfade-go/crossfade/dal"
)

// cancelOrder lets users take back what is still pending, once.
func (s *shop) cancelOrder(w http.ResponseWriter, r *http.Request) {
	order, err := pathID(r, "id")
	var o Order
	if err == nil {
		o, err = s.ownOrder(r.Context(), order, caller(r))
	}
	if err == nil {
		err = s.refund(r.Context(), o) // what is cancelled already, and could not be paid back then
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.turn(w, r, order, cancelled, func(from string) error {
		if from != pending {
			return conflict("only a pending order can be cancelled, and this one is " + from)
		}
		return nil
	})
}

// setOrderStatus is for those who keep the orders. A cancelled order stays cancelled:
// what it had is in the stock again, and may have been sold.
func (s *shop) setOrderStatus(w http.ResponseWriter, r *http.Request) {
	var want struct {
		Status string `json:"status"`
	}
	order, err := pathID(r, "id")
	if err == nil {
		err = read(w, r, &want)
	}
	if err == nil && !slices.Contains([]string{pending, completed, cancelled}, want.Status) {
		err = invalid("status must be pending, completed or cancelled")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.turn(w, r, order, want.Status, func(from string) error {
		if from == cancelled && want.Status != cancelled {
			return conflict("a cancelled order stays cancelled")
		}
		return nil
	})
}

// turn gives an order another status if it may have that, and answers with the
// order. One that is cancelled then is paid back.
func (s *shop) turn(w http.ResponseWriter, r *http.Request, order int64, to string, may func(from string) error) {
	var o Order
	err := s.units.Atomically(r.Context(), func(ctx context.Context, tx *dal.Tx) (err error) {
		if o, err = s.orders.In(tx).Get(ctx, s.order(order)); err != nil {
			return orElse(err, dal.ErrNotFound, noOrder)
		}
		if err = may(o.Status); err != nil || o.Status == to {
			return err
		}
		if to == cancelled {
			err = s.restock(ctx, tx, o)
		}
		if err != nil {
			return err
		}
		return s.orders.In(tx).Update(ctx, s.order(order), func(stored *Order) error {
			stored.Status, stored.UpdatedAt = to, s.seconds()
			o = *stored
			return nil
		})
	})
	if err == nil {
		err = s.refund(r.Context(), o)
	}
	var views []orderView
	if err == nil {
		views, err = s.viewOrders(r.Context(), []Order{o})
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, fields{"order": views[0], "message": "the order is " + to})
}

// restock puts back what an order had taken from the stock, as it is when the unit
// commits; see sell.
func (s *shop) restock(ctx context.Context, tx *dal.Tx, o Order) error {
	for _, line := range o.Lines {
		err := s.products.In(tx).UpdateAtCommit(ctx, s.product(line.ProductID), func(p *Product) error {
			p.Inventory += line.Quantity
			p.UpdatedAt = s.seconds()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
