package main

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal"
)

// A categoryView is a category as clients see it; children are in the tree alone.
type categoryView struct {
	ID        int64          `json:"id"`
	Name      string         `json:"name"`
	ParentID  *int64         `json:"parent_id,omitempty"`
	CreatedAt string         `json:"created_at"`
	Children  []categoryView `json:"children,omitzero"`
}

func viewCategory(c Category) categoryView {
	return categoryView{ID: c.ID, Name: c.Name, ParentID: c.ParentID, CreatedAt: iso(c.CreatedAt)}
}

var noCategory = notFound("there is no such category")

// byName returns all categories by name, as the shop compares names, and then by id.
// They are few, and every list of them is made of this one, which shows what was just
// written.
func (s *shop) byName(ctx context.Context) ([]Category, error) {
	categories, err := all(ctx, s.categories, everyCategory, lately())
	slices.SortFunc(categories, func(a, b Category) int {
		return cmp.Or(strings.Compare(folded(a.Name), folded(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return categories, err
}

// below reports whether a category is a child of the one with the id, of which 0 is
// what all roots are below.
func (c Category) below(id int64) bool {
	if c.ParentID == nil {
		return id == 0
	}
	return *c.ParentID == id
}

// replyCategories answers with the categories for which show is true, by name.
func (s *shop) replyCategories(w http.ResponseWriter, r *http.Request, show func(Category) bool) {
	categories, err := s.byName(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	views := []categoryView{}
	for _, c := range categories {
		if show(c) {
			views = append(views, viewCategory(c))
		}
	}
	s.reply(w, http.StatusOK, fields{"categories": views})
}

func (s *shop) flatCategories(w http.ResponseWriter, r *http.Request) {
	s.replyCategories(w, r, func(Category) bool { return true })
}

func (s *shop) rootCategories(w http.ResponseWriter, r *http.Request) {
	s.replyCategories(w, r, func(c Category) bool { return c.below(0) })
}

// searchCategories finds categories by a part of their names.
func (s *shop) searchCategories(w http.ResponseWriter, r *http.Request) {
	text, err := term(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	part := folded(text)
	s.replyCategories(w, r, func(c Category) bool { return strings.Contains(folded(c.Name), part) })
}

// categoryTree answers with the roots, and in each of them its children.
func (s *shop) categoryTree(w http.ResponseWriter, r *http.Request) {
	categories, err := s.byName(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	children := map[int64][]categoryView{}
	for _, c := range categories {
		if c.ParentID != nil {
			view := viewCategory(c)
			view.Children = []categoryView{}
			children[*c.ParentID] = append(children[*c.ParentID], view)
		}
	}
	roots := []categoryView{}
	for _, c := range categories {
		if c.ParentID == nil {
			view := viewCategory(c)
			view.Children = append([]categoryView{}, children[c.ID]...) // a list where there are none too
			roots = append(roots, view)
		}
	}
	s.reply(w, http.StatusOK, fields{"categories": roots})
}

// replyCategory answers with one category.
func (s *shop) replyCategory(w http.ResponseWriter, r *http.Request, status int, c Category, err error) {
	if err != nil {
		s.fail(w, r, orElse(err, dal.ErrNotFound, noCategory))
		return
	}
	s.reply(w, status, fields{"category": viewCategory(c)})
}

// categoryOf returns the category in the path.
func (s *shop) categoryOf(r *http.Request) (Category, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return Category{}, err
	}
	c, err := s.categories.Get(r.Context(), s.category(id), lately())
	return c, orElse(err, dal.ErrNotFound, noCategory)
}

func (s *shop) getCategory(w http.ResponseWriter, r *http.Request) {
	c, err := s.categoryOf(r)
	s.replyCategory(w, r, http.StatusOK, c, err)
}

func (s *shop) childCategories(w http.ResponseWriter, r *http.Request) {
	parent, err := s.categoryOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.replyCategories(w, r, func(c Category) bool { return c.below(parent.ID) })
}

// categoryPath answers with the way from the root to a category.
func (s *shop) categoryPath(w http.ResponseWriter, r *http.Request) {
	c, err := s.categoryOf(r)
	path := []categoryView{viewCategory(c)}
	if err == nil && c.ParentID != nil {
		var parent Category
		if parent, err = s.categories.Get(r.Context(), s.category(*c.ParentID), lately()); err == nil {
			path = []categoryView{viewCategory(parent), viewCategory(c)}
		}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, fields{"path": path, "depth": len(path)})
}
