package main

import (
	"context"
	"net/http"

	"github.com/crossfade-go/crossfade/dal"
)

// deleteProduct deletes a product that nobody has ordered. The lines that carts have
// of it refer to it, and go with it, however many they are.
func (s *shop) deleteProduct(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r, "id")
	if err == nil {
		err = s.discard(r.Context(), id, caller(r))
	}
	if err != nil {
		s.fail(w, r, orElse(err, dal.ErrNotFound, notFound("there is no such product")))
		return
	}
	s.reply(w, http.StatusOK, fields{"message": "the product is deleted"})
}

// discard deletes a seller's product that nobody has ordered, with the lines of carts.
// Whoever orders the product meanwhile changes it, and so the unit begins again.
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

// removeUser deletes a user with the cart and the orders, which refer to the user. No
// path leads here: it is for whoever keeps the shop. A seller stays, since products
// would go that other people's orders show. Who becomes one meanwhile makes the unit of
// work begin again.
func (s *shop) removeUser(ctx context.Context, id int64) error {
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
