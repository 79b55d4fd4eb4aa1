package dal_test

import (
	"context"
	"errors"
	"fmt"
	"log"

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
