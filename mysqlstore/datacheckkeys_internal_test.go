package mysqlstore

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is too much for one part is parted again, and nothing is lost or seen
// twice; one key that every row has takes no more than another.
func TestCollisionsParted(t *testing.T) {
	const rows = 120_000
	id := strings.Repeat("x", 600)
	for name, c := range map[string]struct {
		hash        func(i int) keyHash
		total, rows int64
	}{
		"all differ": {func(i int) keyHash { return spread(i) }, 0, 0},
		"pairs":      {func(i int) keyHash { return spread(i % (rows / 2)) }, rows / 2, rows},
		"all one":    {func(int) keyHash { return spread(1) }, 1, rows},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c, keys := c, newCollisions(DataOptions{Keys: 2, Dir: dir})
			for i := range rows {
				require.NoError(t, keys.add(entry{hash: c.hash(i), member: member{int64(i), fmt.Sprint(i, id)}}))
			}
			got, err := keys.groups()
			require.NoError(t, err)
			require.Equal(t, []int64{c.total, c.rows}, []int64{got.total, got.rows})
			if c.total > 1 {
				require.Equal(t, fmt.Sprint(0, id, " = ", rows/2, id), got.first[0].text())
				require.Equal(t, fmt.Sprint(1, id, " = ", rows/2+1, id), got.first[1].text())
			}
			keys.close()
			files, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, files)
		})
	}
}

// spread is the hash of a number, as good as any.
func spread(i int) keyHash {
	h := hasher{}
	h.part('N', string(binary.BigEndian.AppendUint64(nil, uint64(i))))
	return h.sum()
}

// Parts of a key don't run into each other.
func TestHasherParts(t *testing.T) {
	sum := func(parts ...string) keyHash {
		var h hasher
		for _, p := range parts {
			h.part('S', p)
		}
		return h.sum()
	}
	require.NotEqual(t, sum("ab", "c"), sum("a", "bc"))
	require.NotEqual(t, sum("a"), sum("a", ""))
	require.Equal(t, sum("a", "b"), sum("a", "b"))
}

// Each time another byte of the hashes parts the entries. By one that did already,
// all of them would be in one part again, and in the end in memory, however many.
func TestPartedAgain(t *testing.T) {
	for depth := 1; depth < maxDepth; depth++ {
		one, dir, err := newPartitions(t.TempDir())
		require.NoError(t, err)
		for i := range 4 * partitions {
			e := entry{hash: keyHash{65, 66, 67, 68, 69}, member: member{int64(i), "id"}}
			e.hash[depth] = byte(i)
			require.NoError(t, one[0].add(e))
		}
		parts, inner, err := one[0].parted(t.TempDir(), depth)
		require.NoError(t, err)
		for i, p := range parts {
			var rows []int64
			require.NoError(t, p.each(func(e entry) error { rows = append(rows, e.row); return nil }))
			require.Equal(t, []int64{int64(i), int64(i + partitions), int64(i + 2*partitions), int64(i + 3*partitions)}, rows, "depth %d", depth)
		}
		closePartitions(parts, inner)
		closePartitions(one, dir)
	}
}
