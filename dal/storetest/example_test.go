package storetest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// The whole of a conformance test: memstore is the authority and the follower
// at once.
func ExampleRun() {
	_ = func(t *testing.T) {
		storetest.Run(t, storetest.Harness{
			New: func(_ testing.TB, c *transform.Contract) storetest.Subject {
				s := memstore.New(c, nil)
				return storetest.Subject{Authority: s, Control: s, Follower: s}
			},
		})
	}
	// A store on MySQL creates these tables first.
	for _, statement := range storetest.Schema(storetest.Contract(new(testing.T))) {
		first, _, _ := strings.Cut(statement, "\n")
		fmt.Println(first)
	}
	// Output:
	// CREATE TABLE users (
	// CREATE TABLE visits (
	// CREATE TABLE tickets (
}
