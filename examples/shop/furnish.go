package main

import (
	"cmp"
	"context"
	"crypto/rand"
)

// furnish gives a new shop the user admin, who keeps it and sells, another who sells, two
// who buy, and something to look at. It returns the password that all of them have. Names
// are alike but for signs that mean something in a pattern, addresses have capitals and
// accents, and first and last names are there, empty, or missing.
func (s *shop) furnish(ctx context.Context) (password string, err error) {
	password = "Aa1!" + rand.Text()
	hash, err := s.hash(password)
	if err != nil {
		return "", err
	}
	rosa, yao, none := "Rosé 🌹", "Yáo", ""
	users := []User{
		{Username: "admin", Email: "admin@example.com", IsSeller: true, SuperAdmin: true},
		{Username: "Tea_Chest", Email: "Tea@example.com", FirstName: &rosa, LastName: &none, IsSeller: true},
		{Username: "TeaXChest", Email: "tee@example.com", FirstName: &yao},
		{Username: "bo_", Email: "TÉA@example.org"},
	}
	for i := range users {
		u := &users[i]
		u.PasswordHash, u.CreatedAt, u.UpdatedAt = hash, s.seconds(), s.seconds()
		if err := s.users.Create(ctx, u); err != nil {
			return "", err
		}
	}
	return password, s.stock(ctx, users[0], users[1])
}

// stock puts a few products of two sellers on the shelves, of the kind that makes trouble
// in lists and searches: names that are equal, or equal to who does not look at case and
// accents, signs that mean something in a pattern, no text and an empty one, a cent and
// almost a million, nothing in stock. All are of one second.
func (s *shop) stock(ctx context.Context, first, second User) error {
	kitchen := Category{Name: "Kitchen", CreatedAt: s.seconds()}
	if err := s.categories.Create(ctx, &kitchen); err != nil {
		return err
	}
	coffee, tea := Category{Name: "Coffee", ParentID: &kitchen.ID}, Category{Name: "Thé & Tee 🍵", ParentID: &kitchen.ID}
	for _, c := range []*Category{&coffee, &tea} {
		c.CreatedAt = s.seconds()
		if err := s.categories.Create(ctx, c); err != nil {
			return err
		}
	}
	empty, pure := "", "100% arabica_only"
	for _, p := range []Product{
		{Name: "Espresso machine", CategoryID: coffee.ID, Price: 24_900, Inventory: 12},
		{Name: "Caffè crema, 1 kg", CategoryID: coffee.ID, Price: 1_899, Inventory: 200, Description: &pure},
		{Name: "caffe CREMA, 1 kg", CategoryID: coffee.ID, Price: 1_905, Inventory: 3, Description: &empty},
		{Name: "Bread knife", CategoryID: kitchen.ID, Price: 3_450, Inventory: 40},
		{Name: "Bread knife", CategoryID: kitchen.ID, Price: 3_450, Inventory: 40, SellerID: second.ID},
		{Name: "Straßen-Becher ☕", CategoryID: coffee.ID, Price: 10, Inventory: 1_000},
		{Name: "50 % off_cuts", CategoryID: tea.ID, Price: 1, Inventory: 7, SellerID: second.ID},
		{Name: "Golden \"samovar\" <1890>", CategoryID: tea.ID, Price: highestPrice, SellerID: second.ID},
	} {
		p.SellerID, p.CreatedAt, p.UpdatedAt = cmp.Or(p.SellerID, first.ID), s.seconds(), s.seconds()
		if err := s.products.Create(ctx, &p); err != nil {
			return err
		}
	}
	return nil
}
