package mysqlstore_test

import (
	"fmt"

	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

func ExampleNew() {
	contract, err := transform.LoadFile("testdata/contract.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	db, err := mysqlstore.OpenDB("shop:secret@tcp(127.0.0.1:3306)/shop")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	mysql, err := mysqlstore.New(db, contract, nil) // no I/O so far
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mysql.Name())
	// Output: mysql
}
