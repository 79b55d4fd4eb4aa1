package dal

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestBurdenOfWhatMoves: beside its item a record whose item moves has a stand, and
// a move takes the old item away, whoever leads.
func TestBurdenOfWhatMoves(t *testing.T) {
	text, err := os.ReadFile("storetest/testdata/places.json")
	require.NoError(t, err)
	c, err := transform.Load(text)
	require.NoError(t, err)
	letters := c.Entity("LETTER")
	letter := func(folder string) transform.Record {
		rec := letters.NewRecord()
		require.NoError(t, rec.Set("letter_id", transform.IntValue(1)))
		require.NoError(t, rec.Set("folder", transform.TextValue(folder)))
		return rec
	}
	key, err := letter("a").Key()
	require.NoError(t, err)
	read := &store.Row{Key: key, Live: true, Record: letter("a")}
	for name, m := range map[string]struct {
		store.Mutation
		before, after transform.Record
		want          int
	}{
		"create":           {Mutation: store.Mutation{Op: store.Create}, after: letter("a"), want: 2},
		"update":           {Mutation: store.Mutation{Op: store.Update}, before: letter("a"), after: letter("a"), want: 2},
		"move":             {Mutation: store.Mutation{Op: store.Update}, before: letter("a"), after: letter("b"), want: 3},
		"put":              {Mutation: store.Mutation{Op: store.Put}, after: letter("a"), want: 3},
		"put over nothing": {Mutation: store.Mutation{Op: store.Put, Expect: &store.Row{Key: key}}, after: letter("a"), want: 2},
		"put that stays":   {Mutation: store.Mutation{Op: store.Put, Expect: read}, after: letter("a"), want: 2},
		"put that moves":   {Mutation: store.Mutation{Op: store.Put, Expect: read}, after: letter("b"), want: 3},
		"delete":           {Mutation: store.Mutation{Op: store.Delete}, want: 2},
		"check":            {Mutation: store.Mutation{Op: store.Check, Expect: read}, want: 1},
	} {
		m.Key = key
		w := &write{Write: store.Write{Mutations: []store.Mutation{m.Mutation, m.Mutation}}}
		w.weigh(c)
		if !m.after.IsZero() {
			w.weighs(0, m.before, m.after, 100)
		}
		require.Equal(t, m.want, w.burdens[0].actions, name)
	}
}
