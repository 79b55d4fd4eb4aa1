package dynamotest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

var stringKeys = keySchema{hash: expr.KeyAttribute{Name: "p", Kind: attr.KindBinary}, sort: expr.KeyAttribute{Name: "s", Kind: attr.KindBinary}}

// TestPlacesAreInTheOrderOfKeys holds the escaping: zero bytes are what it has
// to get right.
func TestPlacesAreInTheOrderOfKeys(t *testing.T) {
	texts := []string{"\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "a\x00\x00", "a\x00\x01", "a\x01", "ab", "\xff", "\xff\xff"}
	for _, a := range texts {
		for _, b := range texts {
			placeA, _ := stringKeys.place(attr.Item{"p": attr.Binary("p\x00"), "s": attr.Binary(a)})
			placeB, _ := stringKeys.place(attr.Item{"p": attr.Binary("p\x00"), "s": attr.Binary(b)})
			require.Equal(t, strings.Compare(a, b), strings.Compare(placeA, placeB), "%q %q", a, b)
			from, to := bounds(expr.KeyRange{Hash: attr.Binary("p\x00"), From: a, To: b})
			for _, c := range texts {
				place, _ := stringKeys.place(attr.Item{"p": attr.Binary("p\x00"), "s": attr.Binary(c)})
				require.Equal(t, c >= a && c < b, place >= from && place < to, "%q in %q to %q", c, a, b)
				other, _ := stringKeys.place(attr.Item{"p": attr.Binary("p"), "s": attr.Binary(c)})
				require.False(t, other >= from && other < to)
			}
		}
	}
}

// TestSegmentsAreAPartition holds that each place is in one segment.
func TestSegmentsAreAPartition(t *testing.T) {
	for _, total := range []int{1, 2, 3, 7, 1000} {
		for i := range 200 {
			place := partition(attr.String(fmt.Sprint(i)))
			in := 0
			for n := range total {
				if from, to := segment(n, total); place >= from && (to == "" || place < to) {
					in++
				}
			}
			require.Equal(t, 1, in, "%d of %d", i, total)
		}
	}
}

func TestHashesSpread(t *testing.T) {
	counts := make([]int, 4)
	for i := range 1000 {
		counts[hashOf(fmt.Sprint(i))>>62]++
	}
	require.Greater(t, slices.Min(counts), 200)
}
