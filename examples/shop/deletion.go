package main

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/crossfade-go/crossfade/dal"
)

// deleteProduct deletes a product that nobody has ordered. The lines that carts have
// of it refer to it, and go with it.
func (s *shop) deleteProduct(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r, "id")
	for err == nil {
		err = s.discard(r.Context(), id, caller(r))
		if !errors.Is(err, dal.ErrTooLarge) {
			break
		}
		err = s.takeFromCarts(r.Context(), id)
	}
	if err != nil {
		s.fail(w, r, orElse(err, dal.ErrNotFound, notFound("there is no such product")))
		return
	}
	s.reply(w, http.StatusOK, fields{"message": "the product is deleted"})
}

// discard deletes a product if it may go, with the lines of carts. They are too many
// for one unit of work if some twenty have it in their carts.
func (s *shop) discard(ctx context.Context, id, seller int64) error {
	return s.units.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		if err := s.deletable(ctx, tx, id, seller); err != nil {
			return err
		}
		return s.products.In(tx).Delete(ctx, s.product(id))
	})
}

// deletable says why a product must stay. Whoever orders it after this takes from its
// stock, and so the unit of work would begin again. Lines of orders are part of their
// orders and refer to nothing by themselves, so the orders are looked at.
func (s *shop) deletable(ctx context.Context, tx *dal.Tx, id, seller int64) error {
	p, err := s.products.In(tx).Get(ctx, s.product(id))
	if err != nil {
		return err
	}
	if p.SellerID != seller {
		return notYours
	}
	for o, err := range s.orders.Query(ctx, everyOrder) {
		if err != nil {
			return err
		}
		if slices.ContainsFunc(o.Lines, func(l OrderLine) bool { return l.ProductID == id }) {
			return conflict("the product was ordered, and orders show it")
		}
	}
	return nil
}

// takeFromCarts deletes the lines that carts have of a product, one by one. If none is
// found, or none is left of those that are, something else makes it too large.
func (s *shop) takeFromCarts(ctx context.Context, product int64) error {
	lines, err := all(ctx, s.carts, cartsWith(product))
	if err != nil {
		return err
	}
	err = dal.ErrTooLarge
	for _, l := range lines {
		switch fault := s.carts.Delete(ctx, s.cartLine(l.ID)); {
		case fault == nil:
			err = nil
		case !errors.Is(fault, dal.ErrNotFound):
			return fault
		}
	}
	return err
}
