package main

import (
	"cmp"
	"math"
	"net/http"
	"strings"
)

// A draft is what a seller says of a product. null takes a description or an image
// away, and what is not said stays.
type draft struct {
	Name        said[string] `json:"name"`
	Description said[string] `json:"description"`
	CategoryID  said[int64]  `json:"category_id"`
	Price       said[Cents]  `json:"price"`
	Inventory   said[int64]  `json:"inventory_quantity"`
	ImageURL    said[string] `json:"image_url"`
}

// The most that a product may cost, which is the API's limit, and that there may be of
// it, which is the column's.
const (
	highestPrice = Cents(99_999_999)
	mostInStock  = 1<<31 - 1
)

// longestDescription is what the column holds, in bytes.
const longestDescription = 1<<16 - 1

// inNoCategory is the answer to a product that would be in a category which is not
// there.
var inNoCategory = invalid("category_id names no category")

// check finds what can't be a product.
func (d draft) check() error {
	name, description, category, price, inventory := d.Name.value, d.Description.value, d.CategoryID.value, d.Price.value, d.Inventory.value
	switch {
	case name != nil && strings.TrimSpace(*name) == "":
		return invalid("name is empty")
	case price != nil && (*price <= 0 || *price > highestPrice):
		return invalid("price must be more than 0 and at most %s", highestPrice)
	case inventory != nil && (*inventory < 0 || *inventory > mostInStock):
		return invalid("inventory_quantity must be from 0 to %d", mostInStock)
	case category != nil && (*category < 1 || *category > math.MaxInt32):
		return inNoCategory
	case description != nil && len(*description) > longestDescription:
		return invalid("description must have %d bytes at most", longestDescription)
	}
	return cmp.Or(checkLength("name", name, 200), checkLength("image_url", d.ImageURL.value, 500), notNull("name", d.Name.null()),
		notNull("category_id", d.CategoryID.null()), notNull("price", d.Price.null()), notNull("inventory_quantity", d.Inventory.null()))
}

// whole says what a new product lacks.
func (d draft) whole() error {
	if !d.Name.is || !d.CategoryID.is || !d.Price.is || !d.Inventory.is {
		return invalid("name, category_id, price and inventory_quantity are needed")
	}
	return nil
}

// apply gives a product what the draft says.
func (d draft) apply(p *Product) {
	d.Name.into(&p.Name)
	d.Description.intoOptional(&p.Description)
	d.CategoryID.into(&p.CategoryID)
	d.Price.into(&p.Price)
	d.Inventory.into(&p.Inventory)
	d.ImageURL.intoOptional(&p.ImageURL)
}

// draftOf reads a draft that is in order.
func draftOf(w http.ResponseWriter, r *http.Request) (d draft, err error) {
	if err = read(w, r, &d); err == nil {
		err = d.check()
	}
	return d, err
}
