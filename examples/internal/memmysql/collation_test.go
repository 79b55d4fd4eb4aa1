package memmysql

import (
	"maps"
	"slices"
	"testing"

	"github.com/dolthub/go-mysql-server/sql/encodings"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// TestFoldOfCharacters: under utf8mb4_0900_ai_ci the library takes the same characters
// for equal as the engine, which has a table of its own, and sorts them alike. The
// engine ranks each character alone, so that this says nothing of texts.
func TestFoldOfCharacters(t *testing.T) {
	folds := map[int32]string{}
	for r := range rune(0x110000) {
		if r >= 0xD800 && r <= 0xDFFF {
			continue
		}
		fold, known := transform.Fold("utf8mb4_0900_ai_ci", string(r))
		require.True(t, known)
		rank := encodings.Utf8mb4_0900_ai_ci_RuneWeight(r)
		first, seen := folds[rank]
		if !seen {
			folds[rank] = fold
		} else if first != fold {
			t.Fatalf("%U is equal to others there and not here", r)
		}
	}
	require.Greater(t, len(folds), 900_000)
	last := ""
	for i, rank := range slices.Sorted(maps.Keys(folds)) {
		require.True(t, i == 0 || last < folds[rank], "%q is not before %q", last, folds[rank])
		last = folds[rank]
	}
}
