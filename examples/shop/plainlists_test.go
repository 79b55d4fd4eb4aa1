package main

import (
	"context"
	"database/sql"
	"net/http"
	"slices"
	"strings"
)

// A plainGood is a row of a product, with the names that it is shown with.
type plainGood struct {
	good
	email string
}

const fromProducts = " FROM products p JOIN categories c ON c.id = p.category_id JOIN users u ON u.id = p.seller_id WHERE "

const selectGood = "SELECT p.id, p.seller_id, p.category_id, p.name, p.description, p.price, p.inventory_quantity, p.image_url, p.created_at, p.updated_at, c.name, u.username, u.email" + fromProducts

func goodFields(g *plainGood) []any {
	return []any{&g.ID, &g.SellerID, &g.CategoryID, &g.Name, &g.Description, (*decimal)(&g.Price), &g.Inventory, &g.ImageURL, &g.CreatedAt, &g.UpdatedAt,
		&g.category, &g.seller, &g.email}
}

func (g plainGood) view() productView {
	return productView{g.ID, g.SellerID, g.CategoryID, g.Name, g.Description, g.Price, g.Inventory, g.ImageURL, iso(g.CreatedAt), iso(g.UpdatedAt),
		namedView{g.CategoryID, g.category}, g.seller, g.email}
}

var noProduct = notFound("there is no such product")

// viewed answers with a product as it is in the tables now.
func (p *plain) viewed(ctx context.Context, id int64) (any, error) {
	g, err := onlyOne(ctx, p.db, goodFields, selectGood+"p.id = ?", id)
	return fields{"product": g.view()}, orElse(err, sql.ErrNoRows, noProduct)
}

func (p *plain) oneProduct(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return nil, err
	}
	return p.viewed(r.Context(), id)
}

// where says what a list of products is narrowed by.
func (q wish) where() (string, []any) {
	conditions, args := []string{"TRUE"}, []any(nil)
	add := func(condition string, values ...any) {
		conditions, args = append(conditions, condition), append(args, values...)
	}
	if q.category != 0 {
		add("(p.category_id = ? OR c.parent_id = ?)", q.category, q.category)
	}
	if q.seller != 0 {
		add("p.seller_id = ?", q.seller)
	}
	if q.cheapest != nil {
		add("p.price >= ?", q.cheapest.String())
	}
	if q.dearest != nil {
		add("p.price <= ?", q.dearest.String())
	}
	if q.inStock {
		add("p.inventory_quantity > 0")
	}
	return strings.Join(conditions, " AND "), args
}

// page answers with the page that is asked for.
func (p *plain) page(r *http.Request, q wish, err error) (any, error) {
	var page window
	if err == nil {
		page, err = windowOf(r)
	}
	if err == nil && q.mustHave {
		_, err = p.categoryWith(r.Context(), p.db, q.category)
	}
	if err != nil {
		return nil, err
	}
	where, args := q.where()
	var found []plainGood
	var total int
	const sorted = " ORDER BY p.created_at DESC, p.id DESC"
	if q.search != "" { // compared by the service itself: LIKE has no ß that is ss
		found, err = each(r.Context(), p.db, goodFields, selectGood+where+sorted, args...)
		part := folded(q.search)
		found = slices.DeleteFunc(found, func(g plainGood) bool {
			return !strings.Contains(folded(g.Name), part) && !strings.Contains(folded(textOr(g.Description, "")), part)
		})
		total, found = len(found), cut(page, found)
	} else {
		total, err = onlyOne(r.Context(), p.db, func(n *int) []any { return []any{n} }, "SELECT COUNT(*)"+fromProducts+where, args...)
		if err == nil {
			found, err = each(r.Context(), p.db, goodFields, selectGood+where+sorted+" LIMIT ? OFFSET ?", append(args, page.limit, (page.page-1)*page.limit)...)
		}
	}
	views := []productView{}
	for _, g := range found {
		views = append(views, g.view())
	}
	return fields{"products": views, "pagination": fields{
		"total": total, "page": page.page, "limit": page.limit, "total_pages": page.pages(total)}}, err
}

func (p *plain) allProducts(_ http.ResponseWriter, r *http.Request) (any, error) {
	q, err := wishOf(r)
	return p.page(r, q, err)
}

func (p *plain) foundProducts(_ http.ResponseWriter, r *http.Request) (any, error) {
	q, err := wishOf(r)
	if err == nil {
		q.search, err = term(r)
	}
	return p.page(r, q, err)
}

func (p *plain) categoryProducts(_ http.ResponseWriter, r *http.Request) (any, error) {
	q, err := wishOf(r)
	if err == nil {
		q.category, err = pathID(r, "id")
	}
	q.mustHave = true
	return p.page(r, q, err)
}

func (p *plain) ownProducts(_ http.ResponseWriter, r *http.Request) (any, error) {
	q, err := wishOf(r)
	q.seller = caller(r)
	return p.page(r, q, err)
}

func (p *plain) stats(_ http.ResponseWriter, r *http.Request) (any, error) {
	type sums struct {
		all, inStock int
		value        Cents
	}
	n, err := onlyOne(r.Context(), p.db, func(n *sums) []any { return []any{&n.all, &n.inStock, (*decimal)(&n.value)} },
		"SELECT COUNT(*), COUNT(CASE WHEN inventory_quantity > 0 THEN 1 END), CAST(COALESCE(SUM(price * inventory_quantity), 0) AS DECIMAL(30, 2)) FROM products WHERE seller_id = ?", caller(r))
	return fields{"total_products": n.all, "in_stock_products": n.inStock, "out_of_stock_products": n.all - n.inStock, "total_inventory_value": n.value}, err
}

func (p *plain) addProduct(w http.ResponseWriter, r *http.Request) (any, error) {
	d, err := draftOf(w, r)
	if err == nil {
		err = d.whole()
	}
	if err != nil {
		return nil, err
	}
	v := Product{SellerID: caller(r), CreatedAt: p.seconds(), UpdatedAt: p.seconds()}
	d.apply(&v)
	id, err := insert(r.Context(), p.db, "INSERT INTO products (seller_id, category_id, name, description, price, inventory_quantity, image_url, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		v.SellerID, v.CategoryID, v.Name, v.Description, v.Price.String(), v.Inventory, v.ImageURL, v.CreatedAt, v.UpdatedAt)
	if err != nil {
		return nil, onError(err, noTarget, inNoCategory)
	}
	return p.viewed(r.Context(), id)
}

func (p *plain) alterProduct(w http.ResponseWriter, r *http.Request) (any, error) {
	d, err := draftOf(w, r)
	return p.alter(r, d, err)
}

func (p *plain) alterInventory(w http.ResponseWriter, r *http.Request) (any, error) {
	d, err := draftOf(w, r)
	if err == nil && !d.Inventory.is {
		err = invalid("inventory_quantity is missing")
	}
	return p.alter(r, draft{Inventory: d.Inventory}, err)
}

func (p *plain) alter(r *http.Request, d draft, err error) (any, error) {
	var id int64
	if err == nil {
		id, err = pathID(r, "id")
	}
	if err == nil {
		err = p.together(r.Context(), func(tx *sql.Tx) error {
			v, err := p.ownProduct(r, tx, id)
			if err != nil {
				return err
			}
			d.apply(&v)
			return alterRows(r.Context(), tx, "UPDATE products SET category_id = ?, name = ?, description = ?, price = ?, inventory_quantity = ?, image_url = ?, updated_at = ? WHERE id = ?",
				v.CategoryID, v.Name, v.Description, v.Price.String(), v.Inventory, v.ImageURL, p.seconds(), id)
		})
	}
	if err != nil {
		return nil, onError(err, noTarget, inNoCategory)
	}
	return p.viewed(r.Context(), id)
}

// ownProduct returns a product of the seller who asks, whom nobody overtakes.
func (p *plain) ownProduct(r *http.Request, tx *sql.Tx, id int64) (Product, error) {
	v, err := onlyOne(r.Context(), tx, productFields, selectProduct+"id = ? FOR UPDATE", id)
	if err == nil && v.SellerID != caller(r) {
		err = notYours
	}
	return v, orElse(err, sql.ErrNoRows, noProduct)
}

const selectProduct = "SELECT id, seller_id, category_id, name, description, price, inventory_quantity, image_url FROM products WHERE "

func productFields(v *Product) []any {
	return []any{&v.ID, &v.SellerID, &v.CategoryID, &v.Name, &v.Description, (*decimal)(&v.Price), &v.Inventory, &v.ImageURL}
}

// dropProduct leaves it to the foreign keys what goes with the product, and what stays.
func (p *plain) dropProduct(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return nil, err
	}
	err = p.together(r.Context(), func(tx *sql.Tx) error {
		if _, err := p.ownProduct(r, tx, id); err != nil {
			return err
		}
		return alterRows(r.Context(), tx, "DELETE FROM products WHERE id = ?", id)
	})
	return fields{"message": "the product is deleted"}, onError(err, referenced, conflict("the product was ordered, and orders show it"))
}

const selectCategory = "SELECT id, name, parent_id, created_at FROM categories WHERE "

func categoryFields(c *Category) []any { return []any{&c.ID, &c.Name, &c.ParentID, &c.CreatedAt} }

// categoryWith returns the category with the id.
func (p *plain) categoryWith(ctx context.Context, db querier, id int64) (Category, error) {
	c, err := onlyOne(ctx, db, categoryFields, selectCategory+"id = ?", id)
	return c, orElse(err, sql.ErrNoRows, noCategory)
}

// sortedCategories returns categories by name.
func (p *plain) sortedCategories(ctx context.Context, where string, args ...any) ([]Category, error) {
	return each(ctx, p.db, categoryFields, selectCategory+where+" ORDER BY name, id", args...)
}

func viewCategories(categories []Category, err error) (any, error) {
	views := []categoryView{}
	for _, c := range categories {
		views = append(views, viewCategory(c))
	}
	return fields{"categories": views}, err
}

func (p *plain) categoriesWhere(where string) asker {
	return func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return viewCategories(p.sortedCategories(r.Context(), where))
	}
}

func (p *plain) foundCategories(_ http.ResponseWriter, r *http.Request) (any, error) {
	text, err := term(r)
	if err != nil {
		return nil, err
	}
	categories, err := p.sortedCategories(r.Context(), "TRUE")
	return viewCategories(slices.DeleteFunc(categories, func(c Category) bool { return !strings.Contains(folded(c.Name), folded(text)) }), err)
}

func (p *plain) tree(_ http.ResponseWriter, r *http.Request) (any, error) {
	roots, err := p.sortedCategories(r.Context(), "parent_id IS NULL")
	views := []categoryView{}
	for _, root := range roots {
		var below []Category
		if below, err = p.sortedCategories(r.Context(), "parent_id = ?", root.ID); err != nil {
			return nil, err
		}
		view := viewCategory(root)
		view.Children = []categoryView{}
		for _, c := range below {
			child := viewCategory(c)
			child.Children = []categoryView{}
			view.Children = append(view.Children, child)
		}
		views = append(views, view)
	}
	return fields{"categories": views}, err
}

// inPath returns the category in the path.
func (p *plain) inPath(r *http.Request) (Category, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return Category{}, err
	}
	return p.categoryWith(r.Context(), p.db, id)
}

func (p *plain) oneCategory(_ http.ResponseWriter, r *http.Request) (any, error) {
	c, err := p.inPath(r)
	return fields{"category": viewCategory(c)}, err
}

func (p *plain) children(_ http.ResponseWriter, r *http.Request) (any, error) {
	c, err := p.inPath(r)
	if err != nil {
		return nil, err
	}
	return viewCategories(p.sortedCategories(r.Context(), "parent_id = ?", c.ID))
}

func (p *plain) path(_ http.ResponseWriter, r *http.Request) (any, error) {
	c, err := p.inPath(r)
	path := []categoryView{viewCategory(c)}
	if err == nil && c.ParentID != nil {
		var parent Category
		parent, err = p.categoryWith(r.Context(), p.db, *c.ParentID)
		path = []categoryView{viewCategory(parent), viewCategory(c)}
	}
	return fields{"path": path, "depth": len(path)}, err
}

// adopts wants the parent to be there, and a root.
func (p *plain) adopts(ctx context.Context, tx *sql.Tx, parent *int64) error {
	if parent == nil {
		return nil
	}
	c, err := onlyOne(ctx, tx, categoryFields, selectCategory+"id = ? FOR UPDATE", *parent)
	if err == nil && c.ParentID != nil {
		err = invalid("the parent has a parent: there are two levels")
	}
	return orElse(err, sql.ErrNoRows, noParent)
}

func (p *plain) addCategory(w http.ResponseWriter, r *http.Request) (any, error) {
	l, err := labelOf(w, r)
	if err == nil && !l.Name.is {
		err = invalid("name is missing")
	}
	c := Category{CreatedAt: p.seconds()}
	if err == nil {
		l.apply(&c)
		err = p.together(r.Context(), func(tx *sql.Tx) (err error) {
			if err = p.adopts(r.Context(), tx, c.ParentID); err == nil {
				c.ID, err = insert(r.Context(), tx, "INSERT INTO categories (name, parent_id, created_at) VALUES (?, ?, ?)", c.Name, c.ParentID, c.CreatedAt)
			}
			return err
		})
	}
	return fields{"category": viewCategory(c)}, onError(err, duplicate, nameTaken)
}

func (p *plain) alterCategory(w http.ResponseWriter, r *http.Request) (any, error) {
	l, err := labelOf(w, r)
	var c Category
	if err == nil {
		c, err = p.inPath(r)
	}
	if err == nil {
		err = p.together(r.Context(), func(tx *sql.Tx) error {
			l.apply(&c)
			if err := p.moves(r.Context(), tx, c.ID, l.Parent.value); err != nil {
				return err
			}
			return alterRows(r.Context(), tx, "UPDATE categories SET name = ?, parent_id = ? WHERE id = ?", c.Name, c.ParentID, c.ID)
		})
	}
	return fields{"category": viewCategory(c)}, onError(err, duplicate, nameTaken)
}

func (p *plain) moves(ctx context.Context, tx *sql.Tx, id int64, parent *int64) error {
	if parent == nil {
		return nil
	}
	if *parent == id {
		return invalid("a category can't be its own parent")
	}
	if err := p.adopts(ctx, tx, parent); err != nil {
		return err
	}
	return p.alone(ctx, tx, id)
}

// alone wants a category to have none below it.
func (p *plain) alone(ctx context.Context, tx *sql.Tx, id int64) error {
	below, err := each(ctx, tx, categoryFields, selectCategory+"parent_id = ? FOR UPDATE", id)
	if len(below) > 0 {
		err = conflict("the category has children")
	}
	return err
}

func (p *plain) dropCategory(_ http.ResponseWriter, r *http.Request) (any, error) {
	c, err := p.inPath(r)
	if err == nil {
		err = p.together(r.Context(), func(tx *sql.Tx) error {
			if err := p.alone(r.Context(), tx, c.ID); err != nil {
				return err
			}
			return alterRows(r.Context(), tx, "DELETE FROM categories WHERE id = ?", c.ID)
		})
	}
	return fields{"message": "the category is deleted"}, onError(err, referenced, conflict("the category has products"))
}
