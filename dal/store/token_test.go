package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func key(entity, id string) transform.Key { return transform.Key{Entity: entity, ID: id} }

// TestFingerprint holds what makes a write another one for its token.
func TestFingerprint(t *testing.T) {
	write := func(m ...store.Mutation) [32]byte { return store.Write{Mutations: m}.Fingerprint() }
	a := store.Mutation{Op: store.Put, Key: key("A", "1")}
	b := store.Mutation{Op: store.Delete, Key: key("A", "2")}
	require.Equal(t, write(a, b), write(b, a), "the order is none of it")
	for name, other := range map[string][32]byte{
		"another operation": write(store.Mutation{Op: store.Create, Key: a.Key}, b),
		"another key":       write(store.Mutation{Op: store.Put, Key: key("A", "3")}, b),
		"another entity":    write(store.Mutation{Op: store.Put, Key: key("B", "1")}, b),
		"one less":          write(a),
		"one twice":         write(a, a, b),
		"a key in two":      write(store.Mutation{Op: store.Put, Key: key("A 1", "")}, b),
	} {
		require.NotEqual(t, write(a, b), other, name)
	}
}
