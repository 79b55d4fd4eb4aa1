package main

import "context"

// A good is a product as carts and orders show it, with the names of its category
// and its seller. The names are read with it each time and never copied, so that one
// that changes changes everywhere.
type good struct {
	Product
	category, seller string
}

// goods returns products by their ids. One that is gone is not among them.
func (s *shop) goods(ctx context.Context, ids []int64) (map[int64]good, error) {
	products, err := many(ctx, s.products, ids)
	if err != nil {
		return nil, err
	}
	var categoryIDs, sellerIDs []int64
	for _, p := range products {
		categoryIDs, sellerIDs = append(categoryIDs, p.CategoryID), append(sellerIDs, p.SellerID)
	}
	categories, err := many(ctx, s.categories, categoryIDs)
	if err != nil {
		return nil, err
	}
	sellers, err := many(ctx, s.users, sellerIDs)
	if err != nil {
		return nil, err
	}
	goods := make(map[int64]good, len(products))
	for id, p := range products {
		goods[id] = good{p, categories[p.CategoryID].Name, sellers[p.SellerID].Username}
	}
	return goods, nil
}
