package migrationctl_test

import (
	"context"
	"fmt"
	"log"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// A group moves from phase 1 to phase 3 while a service uses it. The stores are
// in memory here; a service hands over mysqlstore's and dynamostore's.
func Example() {
	ctx := context.Background()
	contract, err := transform.LoadFile("../dal/testdata/users.json")
	if err != nil {
		log.Fatal(err)
	}
	mysql := memstore.New(contract, &memstore.Options{Name: "mysql"})
	dynamo := memstore.New(contract, &memstore.Options{Name: "dynamodb", Leased: true})
	if err := mysql.Init(ctx); err != nil {
		log.Fatal(err)
	}

	ctl, err := migrationctl.Open(ctx, mysql, dynamo, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer ctl.Close(ctx)
	users, err := dal.NewRepository[User](ctl, "Users")
	if err != nil {
		log.Fatal(err)
	}
	alice := User{ID: 101, Username: "alice", Email: "alice@example.com"}
	if err := users.Create(ctx, &alice); err != nil {
		log.Fatal(err)
	}

	why := migrationctl.Change{Who: "ann", Reason: "begin"}
	err = ctl.SetPhase(ctx, store.DualWrite, why)
	fmt.Println(err)
	must(ctl.CaptureOn(ctx, why))
	must(ctl.SetPhase(ctx, store.DualWrite, why))
	must(ctl.Backfill(ctx, migrationctl.BackfillOptions{}))
	must(ctl.SetPhase(ctx, store.Validate, why))
	reports, err := ctl.Verify(ctx, migrationctl.VerifyOptions{})
	must(err)
	fmt.Println("compared", reports[0].Compared, "clean", reports[0].Clean())
	// Output:
	// phase 1 to 2 refused, nothing changed: captured (data): writes leave no change records; migrationctl capture on
	// compared 1 clean true
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
