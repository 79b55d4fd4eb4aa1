package dynamotest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOrderedAgainstAMap does the same to an ordered and to a map.
func TestOrderedAgainstAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	o, model := &ordered{}, map[string]*row{}
	for i := range 20_000 {
		key := fmt.Sprintf("%04d", random.IntN(3000))
		if random.IntN(3) == 0 || i > 18_000 {
			o.remove(key)
			delete(model, key)
		} else {
			r := &row{size: i}
			o.set(key, r)
			model[key] = r
		}
		if i%500 != 0 {
			continue
		}
		require.Equal(t, len(model), o.count)
		from, to := fmt.Sprintf("%04d", random.IntN(3000)), fmt.Sprintf("%04d", random.IntN(3000))
		checkRange(t, o, model, "", "")
		checkRange(t, o, model, min(from, to), max(from, to))
		checkRange(t, o.clone(), model, from, "")
	}
}

func checkRange(t *testing.T, o *ordered, model map[string]*row, from, to string) {
	t.Helper()
	var want, up, down []string
	for _, key := range slices.Sorted(maps.Keys(model)) {
		if key >= from && (to == "" || key < to) {
			want = append(want, key)
		}
	}
	o.ascend(from, to, func(key string, r *row) bool {
		require.Same(t, model[key], r)
		require.Same(t, r, o.get(key))
		up = append(up, key)
		return true
	})
	o.descend(from, to, func(key string, _ *row) bool { down = append(down, key); return true })
	slices.Reverse(down)
	require.Equal(t, want, up)
	require.Equal(t, want, down)
}
