package main

import (
	"context"
	"net/http"

	"github.com/crossfade-go/crossfade/dal"
)

// A productView is a product as clients see it, with the names that it is shown with.
type productView struct {
	ID             int64     `json:"id"`
	SellerID       int64     `json:"seller_id"`
	CategoryID     int64     `json:"category_id"`
	Name           string    `json:"name"`
	Description    *string   `json:"description"`
	Price          Cents     `json:"price"`
	Inventory      int64     `json:"inventory_quantity"`
	ImageURL       *string   `json:"imageUrl"`
	CreatedAt      string    `json:"created_at"`
	UpdatedAt      string    `json:"updated_at"`
	Category       namedView `json:"category"`
	SellerUsername string    `json:"seller_username"`
	SellerEmail    string    `json:"seller_email"`
}

type namedView struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// viewProducts reads the names beside the products: a renamed category or an address
// that changed shows at once, since no product carries them.
func (s *shop) viewProducts(ctx context.Context, products []Product) ([]productView, error) {
	var sellerIDs, categoryIDs []int64
	for _, p := range products {
		sellerIDs, categoryIDs = append(sellerIDs, p.SellerID), append(categoryIDs, p.CategoryID)
	}
	sellers, err := many(ctx, s.users, sellerIDs, lately())
	if err != nil {
		return nil, err
	}
	categories, err := many(ctx, s.categories, categoryIDs, lately())
	if err != nil {
		return nil, err
	}
	views := make([]productView, len(products))
	for i, p := range products {
		seller := sellers[p.SellerID]
		views[i] = productView{p.ID, p.SellerID, p.CategoryID, p.Name, p.Description, p.Price, p.Inventory, p.ImageURL,
			iso(p.CreatedAt), iso(p.UpdatedAt), namedView{p.CategoryID, categories[p.CategoryID].Name}, seller.Username, seller.Email}
	}
	return views, nil
}

// replyProduct answers with one product.
func (s *shop) replyProduct(w http.ResponseWriter, r *http.Request, status int, p Product, err error) {
	var views []productView
	if err == nil {
		views, err = s.viewProducts(r.Context(), []Product{p})
	}
	if err != nil {
		s.fail(w, r, orElse(err, dal.ErrNotFound, notFound("there is no such product")))
		return
	}
	s.reply(w, status, fields{"product": views[0]})
}

func (s *shop) getProduct(w http.ResponseWriter, r *http.Request) {
	var p Product
	id, err := pathID(r, "id")
	if err == nil {
		p, err = s.products.Get(r.Context(), s.product(id), lately())
	}
	s.replyProduct(w, r, http.StatusOK, p, err)
}

// createProduct creates a product. It refers to its category, which therefore is there
// and stays.
func (s *shop) createProduct(w http.ResponseWriter, r *http.Request) {
	d, err := draftOf(w, r)
	if err == nil {
		err = d.whole()
	}
	p := Product{SellerID: caller(r), CreatedAt: s.seconds(), UpdatedAt: s.seconds()}
	if err == nil {
		d.apply(&p)
		err = orElse(s.products.Create(r.Context(), &p), dal.ErrNoTarget, inNoCategory)
	}
	s.replyProduct(w, r, http.StatusCreated, p, err)
}

var notYours = forbidden("the product is another seller's")

func (s *shop) updateProduct(w http.ResponseWriter, r *http.Request) {
	d, err := draftOf(w, r)
	s.changeProduct(w, r, d, err)
}

// setInventory says how many there are.
func (s *shop) setInventory(w http.ResponseWriter, r *http.Request) {
	d, err := draftOf(w, r)
	if err == nil && !d.Inventory.is {
		err = invalid("inventory_quantity is missing")
	}
	s.changeProduct(w, r, draft{Inventory: d.Inventory}, err)
}

// changeProduct gives the product in the path what the draft says, unless there is
// an error already.
func (s *shop) changeProduct(w http.ResponseWriter, r *http.Request, d draft, err error) {
	var id int64
	if err == nil {
		id, err = pathID(r, "id")
	}
	var now Product
	if err == nil {
		err = s.products.Update(r.Context(), s.product(id), func(p *Product) error {
			if p.SellerID != caller(r) {
				return notYours
			}
			d.apply(p)
			p.UpdatedAt = s.seconds()
			now = *p
			return nil
		})
	}
	err = orElse(err, dal.ErrNoTarget, inNoCategory)
	s.replyProduct(w, r, http.StatusOK, now, err)
}

// uploadImage takes no image: the shop shows the same for every product.
func (s *shop) uploadImage(w http.ResponseWriter, _ *http.Request) {
	s.reply(w, http.StatusOK, fields{"imageUrl": "/images/placeholder.png"})
}
