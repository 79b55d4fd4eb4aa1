package migrationctl_test

import (
	"context"
	"fmt"
	"slices"
)

// operations are what a history is made of. Each changes the stores first, and what is
// known by hand then; it reports whether there was anything to do it to.
var operations = []struct {
	name string
	do   func(s *stockroom, ctx context.Context) (bool, error)
}{
	{"create a shelf", (*stockroom).createShelf}, {"move a shelf", (*stockroom).moveShelf}, {"delete a shelf", (*stockroom).deleteShelf},
	{"create a good", (*stockroom).createGood}, {"create a good", (*stockroom).createGood}, {"move a good", (*stockroom).moveGood},
	{"move a good", (*stockroom).moveGood}, {"delete a good", (*stockroom).deleteGood},
	{"create a review", (*stockroom).createReview}, {"create a review", (*stockroom).createReview}, {"move a review", (*stockroom).moveReview},
	{"delete a review", (*stockroom).deleteReview},
}

// step plays one operation.
func (s *stockroom) step(ctx context.Context) error {
	for {
		op := operations[s.random.IntN(len(operations))]
		done, err := op.do(s, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		if done {
			s.played[op.name]++
			return nil
		}
	}
}

// oneOf returns a key of what there is, and whether there is any.
func oneOf[K int64 | string, V any](s *stockroom, all map[K]V) (key K, any bool) {
	var keys []K
	for k := range all {
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return key, false
	}
	slices.Sort(keys)
	return keys[s.random.IntN(len(keys))], true
}

// somewhere is a shelf, or none.
func (s *stockroom) somewhere() *int64 {
	id, any := oneOf(s, s.shelf)
	if !any || s.random.IntN(4) == 0 {
		return nil
	}
	return &id
}

// The bounds keep what one delete takes along within a transaction of DynamoDB.
const mostShelves, mostGoods, mostReviews = 6, 10, 8

func (s *stockroom) createShelf(ctx context.Context) (bool, error) {
	if len(s.shelf) >= mostShelves {
		return false, nil
	}
	s.serial++
	made := Shelf{ID: s.serial, Above: s.somewhere()}
	err := s.shelves.Create(ctx, &made)
	s.shelf[made.ID] = Shelf{ID: made.ID, Above: made.Above}
	return true, err
}

// moveShelf moves a shelf, but not below itself.
func (s *stockroom) moveShelf(ctx context.Context) (bool, error) {
	id, any := oneOf(s, s.shelf)
	above := s.somewhere()
	for at := above; at != nil; at = s.shelf[*at].Above {
		any = any && *at != id
	}
	if !any {
		return false, nil
	}
	s.shelf[id] = Shelf{ID: id, Above: above}
	return true, s.shelves.Update(ctx, s.shelves.Key(id), func(now *Shelf) error { now.Above = above; return nil })
}

func (s *stockroom) deleteShelf(ctx context.Context) (bool, error) {
	id, any := oneOf(s, s.shelf)
	if !any || len(s.shelf) < 3 {
		return false, nil
	}
	s.gone(id)
	return true, s.shelves.Delete(ctx, s.shelves.Key(id))
}

// gone takes a shelf away with what goes along.
func (s *stockroom) gone(id int64) {
	delete(s.shelf, id)
	for below, v := range s.shelf {
		if v.Above != nil && *v.Above == id {
			s.gone(below)
		}
	}
	for number, g := range s.good {
		if g.Shelf != nil && *g.Shelf == id {
			s.goneGood(number)
		} else if g.Extra != nil && *g.Extra == id {
			g.Extra = nil
			s.good[number] = g
		}
	}
}

func (s *stockroom) goneGood(number int64) {
	delete(s.good, number)
	for id, r := range s.review {
		if r.Number != nil && *r.Number == number {
			delete(s.review, id)
		}
	}
}

func (s *stockroom) createGood(ctx context.Context) (bool, error) {
	if len(s.good) >= mostGoods {
		return false, nil
	}
	s.serial++
	made := Good{Shop: "s", Number: s.serial, Shelf: s.somewhere(), Extra: s.somewhere(), Reviews: 9}
	err := s.goods.Create(ctx, &made)
	made.Reviews = 0
	s.good[made.Number] = made
	return true, err
}

func (s *stockroom) moveGood(ctx context.Context) (bool, error) {
	number, any := oneOf(s, s.good)
	if !any {
		return false, nil
	}
	shelf, extra := s.somewhere(), s.somewhere()
	s.good[number] = Good{Shop: "s", Number: number, Shelf: shelf, Extra: extra}
	return true, s.goods.Update(ctx, s.goods.Key("s", number), func(g *Good) error { g.Shelf, g.Extra = shelf, extra; return nil })
}

func (s *stockroom) deleteGood(ctx context.Context) (bool, error) {
	number, any := oneOf(s, s.good)
	if any {
		s.goneGood(number)
		return true, s.goods.Delete(ctx, s.goods.Key("s", number))
	}
	return false, nil
}

// ofSome makes a review one of some good, of none, or of half of one, which is none.
func (s *stockroom) ofSome(r *Review) {
	number, any := oneOf(s, s.good)
	r.Shop, r.Number = nil, nil
	switch {
	case s.random.IntN(6) == 0:
		r.Shop = text("s")
	case any && s.random.IntN(4) > 0:
		r.Shop, r.Number = text("s"), &number
	}
}

func (s *stockroom) createReview(ctx context.Context) (bool, error) {
	if len(s.review) >= mostReviews {
		return false, nil
	}
	s.serial++
	made := Review{ID: fmt.Sprint("review ", s.serial), Grade: s.random.Int64N(3)}
	s.ofSome(&made)
	s.review[made.ID] = made
	return true, s.reviews.Create(ctx, &made)
}

// moveReview gives a review to another good, and its item another key.
func (s *stockroom) moveReview(ctx context.Context) (bool, error) {
	id, any := oneOf(s, s.review)
	if !any {
		return false, nil
	}
	moved := Review{ID: id, Grade: s.random.Int64N(3)}
	s.ofSome(&moved)
	s.review[id] = moved
	return true, s.reviews.Put(ctx, &moved)
}

func (s *stockroom) deleteReview(ctx context.Context) (bool, error) {
	id, any := oneOf(s, s.review)
	if any {
		delete(s.review, id)
		return true, s.reviews.Delete(ctx, s.reviews.Key(id))
	}
	return false, nil
}
