package main

import (
	"context"
	"errors"
	"math"
	"net/http"

	"github.com/crossfade-go/crossfade/dal"
)

// A pick is what a client wants in the cart.
type pick struct {
	ProductID int64 `json:"productId"`
	Quantity  int64 `json:"quantity"`
}

func (v pick) check() error {
	if v.ProductID < 1 || v.ProductID > math.MaxInt32 {
		return invalid("productId is not a valid id")
	}
	if v.Quantity < 1 || v.Quantity > 100 {
		return invalid("quantity must be a whole number from 1 to 100")
	}
	return nil
}

func (s *shop) addToCart(w http.ResponseWriter, r *http.Request) {
	var v pick
	err := read(w, r, &v)
	if err == nil {
		err = v.check()
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	line, err := s.pick(r.Context(), caller(r), v, true)
	s.answerLine(w, r, http.StatusCreated, line, err)
}

func (s *shop) setCartItem(w http.ResponseWriter, r *http.Request) {
	var v pick
	err := read(w, r, &v)
	if err == nil {
		v.ProductID, err = pathID(r, "productId")
	}
	if err == nil {
		err = v.check()
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	line, err := s.pick(r.Context(), caller(r), v, false)
	s.answerLine(w, r, http.StatusOK, line, err)
}

// answerLine answers with a line that was written.
func (s *shop) answerLine(w http.ResponseWriter, r *http.Request, status int, line CartLine, err error) {
	var goods map[int64]good
	if err == nil {
		goods, err = s.goods(r.Context(), []int64{line.ProductID})
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, status, fields{"item": line.item(goods[line.ProductID])})
}

// picks is how often something is put into a cart while others write the same line.
const picks = 5

// pick puts so many of a product into a user's cart, or adds them to those that are
// there. Two that add the first of a product at once both find no line of it, and
// create one: the second is told that there is one now, and adds to that. A line refers
// to its user and its product, so there is none for somebody who is gone.
func (s *shop) pick(ctx context.Context, user int64, v pick, add bool) (line CartLine, err error) {
	for range picks {
		var known int64
		if known, err = s.lineOf(ctx, user, v.ProductID); err != nil {
			return line, err
		}
		err = s.units.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
			line = CartLine{ID: known, UserID: user, ProductID: v.ProductID}
			return s.grant(ctx, tx, &line, v.Quantity, add)
		})
		if !errors.Is(err, dal.ErrUnique) {
			break
		}
	}
	return line, orElse(orElse(err, dal.ErrNoTarget, gone), dal.ErrUnique, conflict("the cart is being changed; try again"))
}

// grant changes the line, or creates it, if the product is there and in stock.
func (s *shop) grant(ctx context.Context, tx *dal.Tx, line *CartLine, n int64, add bool) error {
	p, err := s.products.In(tx).Get(ctx, s.product(line.ProductID))
	if err != nil {
		return orElse(err, dal.ErrNotFound, notFound("there is no such product"))
	}
	now, is := *line, false
	if line.ID != 0 {
		switch now, err = s.carts.In(tx).Get(ctx, s.cartLine(line.ID)); {
		case err == nil:
			is = true
		case !errors.Is(err, dal.ErrNotFound):
			return err
		}
	}
	if !is && !add {
		return notFound("the product is not in the cart")
	}
	if is && add {
		n += now.Quantity
	}
	if err := inStock(p, n); err != nil {
		return err
	}
	if !is {
		*line = CartLine{UserID: line.UserID, ProductID: line.ProductID, Quantity: n, CreatedAt: s.seconds(), UpdatedAt: s.seconds()}
		return s.carts.In(tx).Create(ctx, line)
	}
	return s.carts.In(tx).Update(ctx, s.cartLine(line.ID), func(l *CartLine) error {
		l.Quantity, l.UpdatedAt = n, s.seconds()
		*line = *l
		return nil
	})
}

// lineOf returns the id of the line that a product has in a user's cart, 0 if it has
// none.
func (s *shop) lineOf(ctx context.Context, user, product int64) (int64, error) {
	lines, err := all(ctx, s.carts, cartOf(user).Exactly(product))
	if err != nil || len(lines) == 0 {
		return 0, err
	}
	return lines[0].ID, nil
}

func (s *shop) removeFromCart(w http.ResponseWriter, r *http.Request) {
	product, err := pathID(r, "productId")
	var line int64
	if err == nil {
		line, err = s.lineOf(r.Context(), caller(r), product)
	}
	if err == nil && line != 0 {
		err = s.carts.Delete(r.Context(), s.cartLine(line))
	}
	if err == nil && line == 0 || errors.Is(err, dal.ErrNotFound) {
		err = notFound("the product is not in the cart")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, fields{"message": "the product is no longer in the cart"})
}

// clearCart takes out what is in the cart, line by line: a cart has no limit, and a
// unit of work has one.
func (s *shop) clearCart(w http.ResponseWriter, r *http.Request) {
	lines, err := all(r.Context(), s.carts, cartOf(caller(r)))
	for _, line := range lines {
		if err == nil {
			err = orElse(s.carts.Delete(r.Context(), s.cartLine(line.ID)), dal.ErrNotFound, nil)
		}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, fields{"message": "the cart is empty"})
}
