package transform_test

import (
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/transform"
)

const notesContract = `[{
  "table": "Notes", "type": "single-entity", "source_table": "notes", "pk": "id",
  "columns": [
    {"name": "id",    "type": "int"},
    {"name": "price", "type": "decimal", "precision": 10, "scale": 2},
    {"name": "meta",  "type": "json", "null": true}
  ],
  "primary_key": ["id"],
  "attributes": [
    {"name": "id",    "type": "N", "source_column": "id"},
    {"name": "price", "type": "N", "source_column": "price"},
    {"name": "meta",  "type": "M", "source_column": "meta"}
  ]
}]`

type note struct {
	ID    int64          `db:"id"`
	Price string         `db:"price"`
	Meta  map[string]any `db:"meta"`
}

// A struct becomes an item and the item a struct again.
func Example() {
	contract, err := transform.Load([]byte(notesContract))
	if err != nil {
		log.Fatal(err)
	}
	notes := contract.Entity("Notes")
	binding, err := transform.Bind[note](notes)
	if err != nil {
		log.Fatal(err)
	}
	record, err := binding.Record(&note{ID: 7, Price: "1.5", Meta: map[string]any{"tag": "new"}})
	if err != nil {
		log.Fatal(err)
	}
	item, err := notes.Item(record)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(item["price"].(*types.AttributeValueMemberN).Value, transform.ItemSize(item), "bytes")

	back, err := notes.Record(item)
	if err != nil {
		log.Fatal(err)
	}
	var n note
	if err := binding.Into(back, &n); err != nil {
		log.Fatal(err)
	}
	fmt.Println(n.ID, n.Price, n.Meta["tag"])
	// Output:
	// 1.5 26 bytes
	// 7 1.50 new
}

// A contract that can't be used says all that is wrong with it.
func ExampleCheck() {
	_, findings := transform.Check([]byte(`[{
	  "table": "Notes", "type": "single-entity", "source_table": "notes", "pk": "ID", "sort": "x",
	  "columns": [{"name": "id", "type": "int"}],
	  "primary_key": ["id"],
	  "attributes": [{"name": "id", "type": "S", "source_column": "idd"}]
	}]`))
	for _, f := range findings {
		fmt.Println(f)
	}
	// Output:
	// error /0/sort: unknown property "sort"; known are table, type, source_table, pk, sk, gsis, attributes, entities, columns, primary_key, satisfies, estimated_item_size_bytes, billing, capacity, ttl, point_in_time_recovery, encryption, deletion_protection, tags, unique, sequence, references
	// error /0/attributes/0/source_column: table notes has no column "idd"; did you mean "id"?
	// error /0/columns/0: no attribute carries column id, so a row can't be made from its item; add an attribute {"name": "id", "source_column": "id", …}
	// error /0/pk: there is no attribute "ID"; did you mean "id"?
}

// A key is the same in both stores, and its log form hides the values.
func ExampleEntity_KeyOf() {
	contract, err := transform.Load([]byte(notesContract))
	if err != nil {
		log.Fatal(err)
	}
	notes := contract.Entity("Notes")
	key, err := notes.KeyOf(7)
	fmt.Println(key.ID, key, err)
	_, err = notes.KeyOf("7")
	fmt.Println(err)
	// Output:
	// 7 Notes:81af41e29099 <nil>
	// Notes.id: takes an integer, not string
}
