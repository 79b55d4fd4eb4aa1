package main

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/transform"
)

// A wish is what a list of products is narrowed by.
type wish struct {
	category, seller  int64 // 0 for any
	search            string
	cheapest, dearest *Cents
	inStock           bool
	mustHave          bool // the category has to be there
}

// wishOf reads what the query of a request asks for.
func wishOf(r *http.Request) (q wish, err error) {
	values := r.URL.Query()
	q.search, q.inStock = strings.TrimSpace(values.Get("search")), values.Get("in_stock_only") == "true"
	if q.category, err = number(r, "category_id", 0, 1, math.MaxInt32); err != nil {
		return q, err
	}
	if q.seller, err = number(r, "seller_id", 0, 1, math.MaxInt32); err != nil {
		return q, err
	}
	if q.cheapest, err = amount(values.Get("min_price"), "min_price"); err != nil {
		return q, err
	}
	q.dearest, err = amount(values.Get("max_price"), "max_price")
	return q, err
}

// amount reads an amount of money, nil if there is none.
func amount(text, name string) (*Cents, error) {
	if text == "" {
		return nil, nil
	}
	c := new(Cents)
	if c.UnmarshalJSON([]byte(text)) != nil || *c < 0 {
		return nil, invalid("%s must be an amount of money", name)
	}
	return c, nil
}

// narrow gives a query the conditions that a repository knows.
func (q wish) narrow(query dal.Query) dal.Query {
	if q.seller != 0 {
		query = query.Where("seller_id", dal.Equals(q.seller))
	}
	if q.cheapest != nil {
		query = query.Where("price", dal.AtLeast(q.cheapest.String()))
	}
	if q.dearest != nil {
		query = query.Where("price", dal.AtMost(q.dearest.String()))
	}
	if q.inStock {
		query = query.Where("inventory_quantity", dal.Greater(0))
	}
	return query
}

// find returns all products that are wished for, newest first. How many there are is
// part of the answer, so all of them are read, through the index that has the fewest.
func (s *shop) find(ctx context.Context, q wish) ([]Product, error) {
	queries := []dal.Query{everyProduct}
	switch {
	case q.category != 0:
		categories, err := s.familyOf(ctx, q)
		if err != nil {
			return nil, err
		}
		queries = nil
		for _, id := range categories {
			queries = append(queries, dal.Index("ByCategory").Equal(id).Descending())
		}
	case q.seller != 0:
		queries = []dal.Query{soldBy(q.seller)}
	}
	found := []Product{}
	for _, query := range queries {
		some, err := all(ctx, s.products, q.narrow(query), lately())
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, func(a, b Product) int { return newestFirst(a.CreatedAt, b.CreatedAt, a.ID, b.ID) })
	return searched(found, q.search), nil
}

// familyOf returns the category that is wished for and those below it.
func (s *shop) familyOf(ctx context.Context, q wish) ([]int64, error) {
	categories, err := all(ctx, s.categories, everyCategory, lately())
	if err != nil {
		return nil, err
	}
	if q.mustHave && !slices.ContainsFunc(categories, func(c Category) bool { return c.ID == q.category }) {
		return nil, noCategory
	}
	family := []int64{q.category}
	for _, c := range categories {
		if c.ParentID != nil && *c.ParentID == q.category {
			family = append(family, c.ID)
		}
	}
	return family, nil
}

// searched returns the products whose name or description has the text in it. No
// condition of a query is that one or another holds, so it is tested here.
func searched(products []Product, text string) []Product {
	if text == "" {
		return products
	}
	part := folded(text)
	return slices.DeleteFunc(products, func(p Product) bool {
		return !strings.Contains(folded(p.Name), part) && !strings.Contains(folded(textOr(p.Description, "")), part)
	})
}

// folded returns a text in the form that texts share which the shop takes for equal:
// whatever case and accents they have.
func folded(text string) string {
	form, _ := transform.Fold("utf8mb4_unicode_ci", text)
	return form
}

// replyProducts answers with the page that is asked for.
func (s *shop) replyProducts(w http.ResponseWriter, r *http.Request, q wish, err error) {
	var page window
	if err == nil {
		page, err = windowOf(r)
	}
	var found []Product
	if err == nil {
		found, err = s.find(r.Context(), q)
	}
	var views []productView
	if err == nil {
		views, err = s.viewProducts(r.Context(), cut(page, found))
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, fields{"products": views, "pagination": fields{
		"total": len(found), "page": page.page, "limit": page.limit, "total_pages": page.pages(len(found))}})
}

func (s *shop) listProducts(w http.ResponseWriter, r *http.Request) {
	q, err := wishOf(r)
	s.replyProducts(w, r, q, err)
}

func (s *shop) searchProducts(w http.ResponseWriter, r *http.Request) {
	q, err := wishOf(r)
	if err == nil {
		q.search, err = term(r)
	}
	s.replyProducts(w, r, q, err)
}

func (s *shop) productsOfCategory(w http.ResponseWriter, r *http.Request) {
	q, err := wishOf(r)
	if err == nil {
		q.category, err = pathID(r, "id")
	}
	q.mustHave = true
	s.replyProducts(w, r, q, err)
}

func (s *shop) myProducts(w http.ResponseWriter, r *http.Request) {
	q, err := wishOf(r)
	q.seller = caller(r)
	s.replyProducts(w, r, q, err)
}

// productStats counts what the seller who asks has.
func (s *shop) productStats(w http.ResponseWriter, r *http.Request) {
	products, err := all(r.Context(), s.products, soldBy(caller(r)))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	inStock, value := 0, Cents(0)
	for _, p := range products {
		if p.Inventory > 0 {
			inStock++
		}
		value += p.Price * Cents(p.Inventory)
	}
	s.reply(w, http.StatusOK, fields{"total_products": len(products), "in_stock_products": inStock,
		"out_of_stock_products": len(products) - inStock, "total_inventory_value": value})
}
