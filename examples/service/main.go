package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

type User struct {
	ID         int64          `db:"user_id"`
	Username   string         `db:"username"`
	Email      string         `db:"email"`
	Registered *time.Time     `db:"registration_date"`
	LastLogin  *time.Time     `db:"last_login"`
	Profile    map[string]any `db:"profile_data"`
}

func run(ctx context.Context) error {
	contract, errContract := transform.LoadFile("contract.json")
	db, errDB := mysqlstore.OpenDB(os.Getenv("MYSQL_DSN")) // or the pool the service has
	cfg, errConfig := config.LoadDefaultConfig(ctx)
	if err := errors.Join(errContract, errDB, errConfig); err != nil {
		return err
	}
	defer db.Close()
	mysql, errMySQL := mysqlstore.New(db, contract, nil)
	dynamo, errDynamo := dynamostore.New(dynamostore.NewClient(cfg, nil), contract, nil)
	if err := errors.Join(errMySQL, errDynamo); err != nil {
		return err
	}
	ctl, err := migrationctl.Open(ctx, mysql, dynamo, nil) // learns the phase, starts a relay
	if err != nil {
		return err
	}
	defer ctl.Close(context.WithoutCancel(ctx))
	users, err := dal.NewRepository[User](ctl, "Users")
	if err != nil {
		return err // every column and field that do not fit, at once
	}

	dora := User{ID: 104, Username: "dora", Email: "dora@example.com", Profile: map[string]any{"bio": "Loves maps"}}
	err = users.Create(ctx, &dora, dal.Token(rand.Text())) // sent again with its token, it applies once
	if errors.Is(err, dal.ErrExists) || errors.Is(err, dal.ErrUnique) {
		return fmt.Errorf("choose another name: %w", err)
	} else if err != nil {
		return err // dal.OutcomeOf(err) says: not applied, applied, or unknown
	}
	err = users.Update(ctx, users.Key(104), func(u *User) error { u.Email = "dora@test.com"; return nil })
	if err != nil {
		return err
	}
	alice, err := users.Get(ctx, users.Key(101)) // dal.ErrNotFound if there is none
	if err != nil {
		return err
	}
	for u, err := range users.Query(ctx, dal.Index("UsernameIndex").Equal(alice.Username)) {
		fmt.Println(u.Email, err)
	}
	page, errPage := users.Page(ctx, dal.Index("EmailIndex").Equal("bob@example.com"), "", 20)
	many, errMany := users.GetMany(ctx, []dal.Key{users.Key(101), users.Key(102)})
	fmt.Println(len(page.Items), page.Next, len(many))
	return errors.Join(errPage, errMany, users.Delete(ctx, users.Key(104)))
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
