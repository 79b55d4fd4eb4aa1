package main

import (
	"net/http"
	"strings"
)

// A draft is what a seller says of a product, nil for what is not said.
type draft struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	CategoryID  *int64  `json:"category_id"`
	Price       *Cents  `json:"price"`
	Inventory   *int64  `json:"inventory_quantity"`
	ImageURL    *string `json:"image_url"`
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
	switch {
	case d.Name != nil && strings.TrimSpace(*d.Name) == "":
		return invalid("name is empty")
	case d.Price != nil && (*d.Price <= 0 || *d.Price > highestPrice):
		return invalid("price must be more than 0 and at most %s", highestPrice)
	case d.Inventory != nil && (*d.Inventory < 0 || *d.Inventory > mostInStock):
		return invalid("inventory_quantity must be from 0 to %d", mostInStock)
	case d.CategoryID != nil && (*d.CategoryID < 1 || *d.CategoryID > mostInStock):
		return inNoCategory
	case d.Description != nil && len(*d.Description) > longestDescription:
		return invalid("description must have %d bytes at most", longestDescription)
	}
	if err := checkLength("name", d.Name, 200); err != nil {
		return err
	}
	return checkLength("image_url", d.ImageURL, 500)
}

// whole says what a new product lacks.
func (d draft) whole() error {
	if d.Name == nil || d.CategoryID == nil || d.Price == nil || d.Inventory == nil {
		return invalid("name, category_id, price and inventory_quantity are needed")
	}
	return nil
}

// apply gives a product what the draft says.
func (d draft) apply(p *Product) {
	if d.Name != nil {
		p.Name = *d.Name
	}
	if d.Description != nil {
		p.Description = d.Description
	}
	if d.CategoryID != nil {
		p.CategoryID = *d.CategoryID
	}
	if d.Price != nil {
		p.Price = *d.Price
	}
	if d.Inventory != nil {
		p.Inventory = *d.Inventory
	}
	if d.ImageURL != nil {
		p.ImageURL = d.ImageURL
	}
}

// draftOf reads a draft that is in order.
func draftOf(w http.ResponseWriter, r *http.Request) (d draft, err error) {
	if err = read(w, r, &d); err == nil {
		err = d.check()
	}
	return d, err
}
