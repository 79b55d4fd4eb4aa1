package transform

import (
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No attribute is larger than the bound that decides whether an item's size is
// counted at all.
func TestMostBytes(t *testing.T) {
	for _, file := range []string{"everything.json", "types.json"} {
		e := load(t, file)
		for seed := range int64(500) {
			r := randomRecord(rand.New(rand.NewSource(seed)), e)
			item, err := e.Item(r)
			require.NoError(t, err)
			for _, a := range e.Attributes {
				v, reason := r.computed(a.Column)
				require.Empty(t, reason)
				if av, ok := item[a.Name]; ok {
					require.LessOrEqual(t, attributeSize(av), v.mostBytes(), "%s of seed %d", a.Name, seed)
				}
			}
		}
	}
}

// The documents that take the most bytes for what their text has.
func TestMostBytesOfDocuments(t *testing.T) {
	times := func(s string) string { return strings.TrimSuffix(strings.Repeat(s+",", 1000), ",") }
	for _, text := range []string{"[" + times("1") + "]", "[" + times("[]") + "]", "[" + times("{}") + "]",
		nested(30, "1"), "[" + times(nested(29, "1")) + "]",
		"[" + times(`{"a":{"b":[]}}`) + "]", "[" + times("-12.345") + "]"} {
		v, err := JSONValue([]byte(text))
		require.NoError(t, err)
		var b builder
		av, reason := b.document(v.text)
		require.Empty(t, reason)
		require.LessOrEqual(t, attributeSize(av), v.mostBytes(), "%.20s", text)
	}
}
