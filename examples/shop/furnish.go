package main

import (
	"context"
	"crypto/rand"
)

// furnish gives a new shop somebody who may keep it, and something to look at. It
// returns the password of the user admin.
func (s *shop) furnish(ctx context.Context) (password string, err error) {
	password = "Aa1!" + rand.Text()
	admin := User{Username: "admin", Email: "admin@example.com", IsSeller: true, SuperAdmin: true,
		CreatedAt: s.seconds(), UpdatedAt: s.seconds()}
	if admin.PasswordHash, err = s.hash(password); err != nil {
		return "", err
	}
	if err = s.users.Create(ctx, &admin); err != nil {
		return "", err
	}
	return password, s.stock(ctx, admin)
}

// stock puts a few products on the shelves.
func (s *shop) stock(ctx context.Context, seller User) error {
	kitchen := Category{Name: "Kitchen", CreatedAt: s.seconds()}
	if err := s.categories.Create(ctx, &kitchen); err != nil {
		return err
	}
	coffee := Category{Name: "Coffee", ParentID: &kitchen.ID, CreatedAt: s.seconds()}
	if err := s.categories.Create(ctx, &coffee); err != nil {
		return err
	}
	for _, p := range []Product{
		{Name: "Espresso machine", CategoryID: coffee.ID, Price: 24_900, Inventory: 12},
		{Name: "Caffè crema, 1 kg", CategoryID: coffee.ID, Price: 1_899, Inventory: 200},
		{Name: "Bread knife", CategoryID: kitchen.ID, Price: 3_450, Inventory: 40},
	} {
		p.SellerID, p.CreatedAt, p.UpdatedAt = seller.ID, s.seconds(), s.seconds()
		if err := s.products.Create(ctx, &p); err != nil {
			return err
		}
	}
	return nil
}
