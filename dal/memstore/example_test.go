package memstore_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

const notes = `{"tables": [{
	"table": "Notes", "type": "single-entity", "source_table": "notes", "pk": "id", "gsis": [],
	"attributes": [
		{"name": "id", "type": "N", "source_column": "id"},
		{"name": "body", "type": "S", "source_column": "body"}],
	"columns": [{"name": "id", "type": "int"}, {"name": "body", "type": "varchar", "length": 200, "null": true}],
	"primary_key": ["id"]}]}`

// A store in memory serves at once, in its first epoch and without capture.
func Example() {
	contract, err := transform.Load([]byte(notes))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, at := context.Background(), store.At{Epoch: store.FirstEpoch}
	mem := memstore.New(contract, nil)

	note := contract.Entity("Notes").NewRecord()
	note.SetAt(0, transform.IntValue(7))
	note.SetAt(1, transform.TextValue("buy seeds"))
	key, _ := note.Key()
	create := store.Write{Mutations: []store.Mutation{{Op: store.Create, Key: key, Record: note}}}
	for range 2 {
		_, err = mem.Write(ctx, at, create)
		fmt.Println(err, errors.Is(err, store.ErrExists))
	}
	row, _ := mem.Get(ctx, at, key)
	body, _ := row.Record.Get("body")
	fmt.Println(row.Live, body.Text())
	// Output:
	// <nil> false
	// create Notes memory: already exists [not applied] true
	// true buy seeds
}
