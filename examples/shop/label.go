package main

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal"
)

// A label is what a super admin says of a category. A parent that is null takes it to
// the roots, and what is not said stays.
type label struct {
	Name   said[string] `json:"name"`
	Parent said[int64]  `json:"parent_id"`
}

// labelOf reads a label that is in order.
func labelOf(w http.ResponseWriter, r *http.Request) (l label, err error) {
	if err = read(w, r, &l); err != nil {
		return l, err
	}
	if name := l.Name.value; name != nil && strings.TrimSpace(*name) == "" {
		return l, invalid("name is empty")
	}
	if id := l.Parent.value; id != nil && (*id < 1 || *id > math.MaxInt32) {
		return l, noParent
	}
	return l, cmp.Or(checkLength("name", l.Name.value, 100), notNull("name", l.Name.null()))
}

func (l label) apply(c *Category) {
	l.Name.into(&c.Name)
	l.Parent.intoOptional(&c.ParentID)
}

var (
	noParent  = invalid("parent_id names no category")
	nameTaken = conflict("there is a category with this name")
)

// adopt wants the parent to be a root, since the tree has two levels, and counts the
// arrival. That changes the parent: whoever moves or deletes it meanwhile, and has seen
// that it has no children, begins again.
func (s *shop) adopt(ctx context.Context, tx *dal.Tx, parent *int64) error {
	if parent == nil {
		return nil
	}
	err := s.categories.In(tx).Update(ctx, s.category(*parent), func(c *Category) error {
		if c.ParentID != nil {
			return invalid("the parent has a parent: there are two levels")
		}
		c.Arrivals++
		return nil
	})
	return orElse(err, dal.ErrNotFound, noParent)
}

func (s *shop) createCategory(w http.ResponseWriter, r *http.Request) {
	l, err := labelOf(w, r)
	if err == nil && !l.Name.is {
		err = invalid("name is missing")
	}
	c := Category{CreatedAt: s.seconds()}
	if err == nil {
		l.apply(&c)
		err = s.units.Atomically(r.Context(), func(ctx context.Context, tx *dal.Tx) error {
			if err := s.adopt(ctx, tx, c.ParentID); err != nil {
				return err
			}
			return s.categories.In(tx).Create(ctx, &c)
		})
	}
	s.replyCategory(w, r, http.StatusCreated, c, orElse(err, dal.ErrUnique, nameTaken))
}

func (s *shop) updateCategory(w http.ResponseWriter, r *http.Request) {
	l, err := labelOf(w, r)
	var id int64
	if err == nil {
		id, err = pathID(r, "id")
	}
	var now Category
	if err == nil {
		err = s.units.Atomically(r.Context(), func(ctx context.Context, tx *dal.Tx) error {
			if err := s.categories.In(tx).Update(ctx, s.category(id), func(c *Category) error {
				l.apply(c)
				now = *c
				return nil
			}); err != nil {
				return err
			}
			return s.move(ctx, tx, id, l.Parent.value)
		})
	}
	s.replyCategory(w, r, http.StatusOK, now, orElse(err, dal.ErrUnique, nameTaken))
}

// move puts a category, which the unit of work changes, below another.
func (s *shop) move(ctx context.Context, tx *dal.Tx, id int64, parent *int64) error {
	if parent == nil {
		return nil
	}
	if *parent == id {
		return invalid("a category can't be its own parent")
	}
	if err := s.adopt(ctx, tx, parent); err != nil {
		return err
	}
	return s.childless(ctx, id)
}

// childless wants a category, which the unit of work has read, to have none below it.
func (s *shop) childless(ctx context.Context, id int64) error {
	categories, err := all(ctx, s.categories, everyCategory)
	if err == nil && slices.ContainsFunc(categories, func(c Category) bool { return c.below(id) }) {
		err = conflict("the category has children")
	}
	return err
}

// deleteCategory deletes a category that has neither children nor products. Products
// refer to it and keep it.
func (s *shop) deleteCategory(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r, "id")
	if err == nil {
		err = s.units.Atomically(r.Context(), func(ctx context.Context, tx *dal.Tx) error {
			if _, err := s.categories.In(tx).Get(ctx, s.category(id)); err != nil {
				return err
			}
			if err := s.childless(ctx, id); err != nil {
				return err
			}
			return s.categories.In(tx).Delete(ctx, s.category(id))
		})
		err = orElse(err, dal.ErrReferenced, conflict("the category has products"))
	}
	if err != nil {
		s.fail(w, r, orElse(err, dal.ErrNotFound, noCategory))
		return
	}
	s.reply(w, http.StatusOK, fields{"message": "the category is deleted"})
}
