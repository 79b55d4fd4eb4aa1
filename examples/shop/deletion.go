package main

import (
	"context"
	"errors"
	"net/http"

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

// discard deletes a seller's product that nobody has ordered, with the lines of carts.
// They are too many for one unit of work if some twenty have it in their carts. Whoever
// orders the product meanwhile changes it, and so the unit begins again.
func (s *shop) discard(ctx context.Context, id, seller int64) error {
	return s.units.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		p, err := s.products.In(tx).Get(ctx, s.product(id))
		if err != nil {
			return err
		}
		switch {
		case p.SellerID != seller:
			return notYours
		case p.Ordered:
			return conflict("the product was ordered, and orders show it")
		}
		return s.products.In(tx).Delete(ctx, s.product(id))
	})
}

// takeFromCarts deletes the lines that carts have of a product, one by one.
func (s *shop) takeFromCarts(ctx context.Context, product int64) error {
	lines, err := all(ctx, s.carts, cartsWith(product))
	if err != nil {
		return err
	}
	return oneByOne(ctx, s.carts, lines, func(l CartLine) dal.Key { return s.cartLine(l.ID) })
}

// oneByOne deletes records that are too many for one unit of work. If there are none,
// or none of them is left, something else makes it too large.
func oneByOne[T any](ctx context.Context, from *dal.Repository[T], records []T, key func(T) dal.Key) error {
	err := error(dal.ErrTooLarge)
	for _, v := range records {
		switch fault := from.Delete(ctx, key(v)); {
		case fault == nil:
			err = nil
		case !errors.Is(fault, dal.ErrNotFound):
			return fault
		}
	}
	return err
}

// removeUser deletes a user with the cart and the orders, which refer to the user. No
// path leads here: it is for whoever keeps the shop. A seller stays, since products
// would go that other people's orders show.
func (s *shop) removeUser(ctx context.Context, id int64) error {
	for {
		err := s.dismiss(ctx, id)
		if !errors.Is(err, dal.ErrTooLarge) {
			return err
		}
		orders, err := s.ordersBy(ctx, id)
		if err != nil {
			return err
		}
		if err = oneByOne(ctx, s.orders, orders, func(o Order) dal.Key { return s.order(o.ID) }); err != nil {
			return err
		}
	}
}

// dismiss deletes a user who is no seller, and so never had a product. Who becomes one
// meanwhile makes the unit of work begin again.
func (s *shop) dismiss(ctx context.Context, id int64) error {
	return s.units.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		u, err := s.users.In(tx).Get(ctx, s.user(id))
		if err != nil {
			return err
		}
		if u.IsSeller {
			return conflict("the user is a seller, and orders show what was sold")
		}
		return s.users.In(tx).Delete(ctx, s.user(id))
	})
}
