package faultstore_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A write whose reply is lost is in the store all the same, and its error says
// that nobody can know.
func Example() {
	contract := &transform.Contract{Group: "default"}
	mem := memstore.New(contract, nil)
	f := faultstore.New()
	authority := f.Authority(mem)

	f.FailAfter(1)
	for range 3 {
		_, err := authority.Write(context.Background(), store.At{Epoch: store.FirstEpoch}, store.Write{})
		fmt.Println(errors.Is(err, faultstore.ErrInjected), err)
	}
	for _, c := range f.Calls() {
		fmt.Println(c)
	}
	// Output:
	// false <nil>
	// true Write memory: store unavailable [unknown]: injected fault
	// false <nil>
	// 0 authority memory Write
	// 1 authority memory Write (after)
	// 2 authority memory Write
}
