package dal

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestBurdenOfCopies: a write that may make copies old, or has its own to get, leaves a
// mark, one of all its mutations.
func TestBurdenOfCopies(t *testing.T) {
	text, err := os.ReadFile("storetest/testdata/copies.json")
	require.NoError(t, err)
	// Sections are shown then, and show nothing.
	c, err := transform.Load([]byte(strings.Replace(string(text), `"keep": {"mysql": "live", "dynamodb": "edge"}`, `"keep": {"dynamodb": "hydrate"}`, 1)))
	require.NoError(t, err)
	section := func(name string, above int64) transform.Record {
		rec := c.Entity("Sections").NewRecord()
		require.NoError(t, rec.Set("section_id", transform.IntValue(1)))
		require.NoError(t, rec.Set("name", transform.TextValue(name)))
		require.NoError(t, rec.Set("above_id", transform.IntValue(above)))
		return rec
	}
	basket := c.Entity("Baskets").NewRecord()
	nothing := transform.Record{}
	for name, m := range map[string]struct {
		op            store.Op
		expect        *store.Row
		before, after transform.Record
		want          int // actions, of which two are of the records, and one is the change
	}{
		"a dependent made":      {store.Create, nil, nothing, basket, 4},
		"a dependent changed":   {store.Update, nil, basket, basket, 4},
		"a source made":         {store.Create, nil, nothing, section("a", 1), 7},
		"a source changed":      {store.Update, nil, section("a", 1), section("b", 1), 4},
		"what is not shown":     {store.Update, nil, section("a", 1), section("a", 2), 9},
		"a source put":          {store.Put, &store.Row{Live: true, Record: section("a", 1)}, nothing, section("b", 1), 4},
		"a source put unread":   {store.Put, nil, nothing, section("a", 1), 10},
		"a source over nothing": {store.Put, &store.Row{}, nothing, section("a", 1), 7},
		"a source deleted":      {store.Delete, nil, nothing, nothing, 3},
	} {
		t.Run(name, func(t *testing.T) {
			m1 := store.Mutation{Op: m.op, Expect: m.expect, Key: transform.Key{Entity: "Sections", ID: "1"}}
			w := &write{Write: store.Write{Mutations: []store.Mutation{m1, m1}}}
			w.weigh(c)
			if !m.after.IsZero() {
				w.weighs(0, m.before, m.after, 100)
				w.weighs(1, m.before, m.after, 100)
			}
			require.Equal(t, m.want, w.total().actions)
		})
	}
}

// TestBurdenOfNumbers: a write that makes a number in an item another one leaves a mark.
func TestBurdenOfNumbers(t *testing.T) {
	text, err := os.ReadFile("storetest/testdata/counters.json")
	require.NoError(t, err)
	// Without its own copy, which is reason enough, it is a record that is counted and no more.
	c, err := transform.Load([]byte(strings.Replace(string(text), `"keep": {"mysql": "copy", "dynamodb": "copy"}`, `"keep": {"dynamodb": "hydrate"}`, 1)))
	require.NoError(t, err)
	notice := func(number int64) transform.Record {
		rec := c.Entity("Notices").NewRecord()
		require.NoError(t, rec.Set("notice_id", transform.TextValue("n")))
		require.NoError(t, rec.Set("grade", transform.IntValue(1)))
		require.NoError(t, rec.Set("shop", transform.TextValue("s")))
		require.NoError(t, rec.Set("number", transform.IntValue(number)))
		return rec
	}
	for name, m := range map[string]struct {
		op            store.Op
		before, after transform.Record
		want          bool
	}{
		"made":      {store.Create, transform.Record{}, notice(1), true},
		"changed":   {store.Update, notice(1), notice(1), false},
		"moved":     {store.Update, notice(1), notice(2), true},
		"put":       {store.Put, transform.Record{}, notice(1), true},
		"deleted":   {store.Delete, transform.Record{}, transform.Record{}, true},
		"looked at": {store.Check, transform.Record{}, transform.Record{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m1 := store.Mutation{Op: m.op, Key: transform.Key{Entity: "Notices", ID: "n"}}
			w := &write{Write: store.Write{Mutations: []store.Mutation{m1, m1}}}
			w.weigh(c)
			if !m.after.IsZero() {
				w.weighs(0, m.before, m.after, 100)
				w.weighs(1, m.before, m.after, 100)
			}
			require.Equal(t, m.want, w.total().fansOut)
		})
	}
}

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
