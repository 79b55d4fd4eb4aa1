package store_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// columns returns the names of an entity's columns at these positions.
func columns(e *transform.Entity, at []int) []string {
	names := []string{}
	for _, i := range at {
		names = append(names, e.Columns[i].Name)
	}
	return names
}

// TestLookupOrder: the sort key, then the primary key, each once, and nothing that
// is the same in the whole partition.
func TestLookupOrder(t *testing.T) {
	c := storetest.ListContract(t)
	notes := c.Entity("Notes")
	for index, want := range map[string][]string{
		"": {"note_id"}, "NoteIndex": {"user_id"}, "TitleIndex": {"title", "user_id", "note_id"}, "OwnerIndex": {"user_id", "note_id"},
	} {
		equal := map[string]transform.Value{"TitleIndex": transform.TextValue("f"), "OwnerIndex": transform.BytesValue([]byte{1})}[index]
		if equal.IsNull() {
			equal = transform.IntValue(1)
		}
		l, err := store.NewLookup(store.Query{Entity: notes, Index: index, Equal: equal, Limit: 1})
		require.NoError(t, err, index)
		require.Equal(t, want, columns(notes, l.Order), index)
	}
}

// TestLookupRefuses: the error says what to do.
func TestLookupRefuses(t *testing.T) {
	notes, users := storetest.ListContract(t).Entity("Notes"), storetest.Contract(t).Entity("Users")
	one := transform.IntValue(1)
	for want, q := range map[string]store.Query{
		"no entity": {},
		`{"index_name": "Nope", "pk": …, "sk": …, "projection": "ALL"}`:                                  {Entity: notes, Index: "Nope"},
		"the table's own key (userId, noteId), TitleIndex (folder, title), ScoreIndex (folder, score), ": {Entity: notes, Index: "Nope"},
		"the limit is 0":      {Entity: notes, Equal: one},
		"of kind null":        {Entity: notes, Limit: 1},
		"value of kind bytes": {Entity: notes, Equal: one, Limit: 1, Upper: &store.Bound{Value: transform.BytesValue(nil)}},
		"another entity":      {Entity: notes, Equal: one, Limit: 1, After: users.NewRecord()},
		"no value of column":  {Entity: notes, Equal: one, Limit: 1, After: notes.NewRecord()},
		`"pk": "digest", "sk": "folder"`: {Entity: notes, Index: "OwnerIndex", Equal: transform.BytesValue([]byte{1}), Limit: 1,
			Lower: &store.Bound{Value: transform.TextValue("a")}},
		"or with another sort key of folder, title, body": {Entity: notes, Index: "OwnerIndex", Equal: transform.BytesValue([]byte{1}), Limit: 1,
			Lower: &store.Bound{Value: transform.TextValue("a")}},
		"the table's own key has no sort key": {Entity: users, Equal: one, Limit: 1, Lower: &store.Bound{Value: one}},
	} {
		_, err := store.NewLookup(q)
		require.ErrorContains(t, err, want)
	}
}

func TestLookupIsEmpty(t *testing.T) {
	notes := storetest.ListContract(t).Entity("Notes")
	at := func(i int64, exclusive bool) *store.Bound {
		return &store.Bound{Value: transform.IntValue(i), Exclusive: exclusive}
	}
	for _, c := range []struct {
		lower, upper *store.Bound
		empty        bool
	}{
		{nil, nil, false}, {at(1, true), nil, false}, {nil, at(1, true), false}, {at(1, false), at(1, false), false},
		{at(1, true), at(1, false), true}, {at(1, false), at(1, true), true}, {at(2, false), at(1, false), true}, {at(9, false), at(10, false), false},
	} {
		l, err := store.NewLookup(store.Query{Entity: notes, Equal: transform.IntValue(1), Lower: c.lower, Upper: c.upper, Limit: 1})
		require.NoError(t, err)
		require.Equal(t, c.empty, l.IsEmpty())
	}
}

// TestPrefixBounds compares what is within the bounds of random prefixes with what
// begins with them, at the ends of the code points and of the bytes above all.
func TestPrefixBounds(t *testing.T) {
	runes := []rune{0, 'a', 'b', 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10fffe, utf8.MaxRune}
	random := func(of func() string) string {
		var b strings.Builder
		for range rand.IntN(5) {
			b.WriteString(of())
		}
		return b.String()
	}
	text := func() string { return string(runes[rand.IntN(len(runes))]) }
	octets := func() string { return string([]byte{[]byte{0, 1, 'a', 0x7f, 0x80, 0xfe, 0xff}[rand.IntN(7)]}) }
	found := 0
	for range 20000 {
		for _, c := range []struct{ prefix, value transform.Value }{
			{transform.TextValue(random(text)), transform.TextValue(random(text))},
			{transform.BytesValue([]byte(random(octets))), transform.BytesValue([]byte(random(octets)))},
		} {
			lower, upper := store.PrefixBounds(c.prefix)
			require.True(t, upper == nil || utf8.ValidString(upper.Value.Text()) || c.prefix.Kind() == transform.Bytes, "a text of a text")
			within := c.value.Compare(lower.Value) >= 0 && (upper == nil || c.value.Compare(upper.Value) < 0)
			begins := strings.HasPrefix(c.value.Text(), c.prefix.Text())
			require.Equal(t, begins, within, "%q %q", c.prefix.Text(), c.value.Text())
			if begins && c.prefix.Text() != "" {
				found++
			}
		}
	}
	require.Greater(t, found, 300)
}
