package dal_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A service's unit test puts a repository in front of a store in memory.
func Example() {
	ctx := context.Background()
	contract, err := transform.LoadFile("testdata/users.json")
	if err != nil {
		log.Fatal(err)
	}
	users, err := dal.NewRepository[User](dal.Standalone(contract, memstore.New(contract, nil)), "Users")
	if err != nil {
		log.Fatal(err)
	}

	alice := User{ID: 101, Username: "alice", Email: "alice@example.com"}
	fmt.Println(users.Create(ctx, &alice))
	fmt.Println(errors.Is(users.Create(ctx, &alice), dal.ErrExists))

	err = users.Update(ctx, users.Key(101), func(u *User) error {
		u.Email = "alice@example.org"
		return nil
	})
	fmt.Println(err)
	for u, err := range users.Query(ctx, dal.Index("UsernameIndex").Equal("alice")) {
		fmt.Println(u.Email, err)
	}
	// Output:
	// <nil>
	// true
	// <nil>
	// alice@example.org <nil>
}

// A list in pages: the index finds and sorts, Where leaves out, and the cursor goes
// on where the page ended, in whichever phase.
func ExampleRepository_Page() {
	ctx := context.Background()
	contract, err := transform.LoadFile("testdata/users.json")
	if err != nil {
		log.Fatal(err)
	}
	users, err := dal.NewRepository[User](dal.Standalone(contract, memstore.New(contract, nil)), "Users")
	if err != nil {
		log.Fatal(err)
	}
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	for i, name := range []string{"ann", "bob", "Bill", "bea", "carl", "bo"} {
		u := User{ID: int64(i + 1), Username: name, Email: name + "@example.com", Registered: &day}
		if err := users.Create(ctx, &u); err != nil {
			log.Fatal(err)
		}
	}

	q := dal.Index("RegistrationIndex").Equal(day).Between(1, 5).Descending().Where("username", dal.BeginsWith("b"))
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := users.Page(ctx, q, cursor, 1)
		if err != nil {
			log.Fatal(err)
		}
		for _, u := range page.Items {
			fmt.Println(u.ID, u.Username)
		}
		cursor = page.Next
	}
	_, err = users.Page(ctx, dal.By("username", "email").Equal("ann").BeginsWith("a"), "", 1)
	fmt.Println(err)
	// Output:
	// 4 bea
	// 2 bob
	// query Users: invalid: no index finds records by username and email: add {"index_name":"ByUsernameEmail","pk":"username","sk":"email","projection":"ALL"} to the "gsis" of table Users in the contract
}

// A unit of work is applied whole or not at all. What it reads is there when it
// commits; where others were faster, its function runs again.
func ExampleRouter_Atomically() {
	ctx := context.Background()
	contract, err := transform.LoadFile("testdata/users.json")
	if err != nil {
		log.Fatal(err)
	}
	group := dal.Standalone(contract, memstore.New(contract, nil))
	users, err := dal.NewRepository[User](group, "Users")
	if err != nil {
		log.Fatal(err)
	}
	alice := User{ID: 101, Username: "alice", Email: "alice@example.com"}
	bob := User{ID: 102, Username: "bob", Email: "bob@example.com"}
	fmt.Println(users.Create(ctx, &alice), users.Create(ctx, &bob))

	merge := func(ctx context.Context, tx *dal.Tx) error {
		users := users.In(tx)
		gone, err := users.Get(ctx, users.Key(102))
		if err != nil {
			return err
		}
		if err := users.Delete(ctx, users.Key(102)); err != nil {
			return err
		}
		return users.Update(ctx, users.Key(101), func(u *User) error { u.Email = gone.Email; return nil })
	}
	fmt.Println(group.Atomically(ctx, merge, dal.Token("merge 101 and 102")))
	fmt.Println(group.Atomically(ctx, merge, dal.Token("merge 101 and 102"))) // applied before
	u, err := users.Get(ctx, users.Key(101))
	fmt.Println(u.Email, err)
	// Output:
	// <nil> <nil>
	// <nil>
	// <nil>
	// bob@example.com <nil>
}
