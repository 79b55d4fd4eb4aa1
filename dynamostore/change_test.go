package dynamostore

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestChangeItemsAreSpread over the shards, found once each, and gone when clean.
func TestChangeItemsAreSpread(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		for i := range 60 {
			d.write(d.create(d.note(fmt.Sprint(i))), d.create(d.note(fmt.Sprint("x", i))))
		}
		b, err := d.Backlog(d.ctx)
		require.NoError(t, err)
		require.EqualValues(t, 60, b.Dirty)
		require.Less(t, b.Oldest, time.Minute)
		seen, used := map[string]bool{}, map[string]bool{}
		for _, c := range d.dirty() {
			require.False(t, seen[c.Ref])
			seen[c.Ref] = true
			used[c.Ref[:2]] = true
			require.Len(t, c.Keys, 2)
			require.GreaterOrEqual(t, c.Age, int64(0))
			require.Less(t, c.Age, int64(time.Minute))
		}
		require.Len(t, seen, 60)
		require.Greater(t, len(used), 6)
		for _, c := range d.dirty()[:30] {
			require.NoError(t, d.Clean(d.ctx, c))
			require.NoError(t, d.Clean(d.ctx, c))
		}
		require.Len(t, d.dirty(), 30)
		b, err = d.Backlog(d.ctx)
		require.NoError(t, err)
		require.EqualValues(t, 30, b.Dirty)
	})
}

// TestChangeOfAnyKey comes back, and no other Ref is one.
func TestChangeOfAnyKey(t *testing.T) {
	d := inProcess(t)
	keys := []store.KeyVersion{{Key: transform.Key{Entity: "Notes", ID: "\xff#"}, Version: 1<<63 + 5}}
	it, want := d.changeItem("id", keys, nil)
	require.NoError(t, d.rawPut(d.library, it))
	got := d.dirty()
	require.Len(t, got, 1)
	want.Age = got[0].Age
	require.Equal(t, want, got[0])
	for _, ref := range []string{"", "1", "x#id", "16#id", "-1#id", "3#"} {
		requireRefused(t, d.Clean(d.ctx, store.Change{Ref: ref}), store.ErrInvalid, store.NotApplied)
	}
	for _, r := range []store.DirtyRange{{Shard: -1, Limit: 1}, {Shard: 16, Limit: 1}, {Shard: 1}} {
		_, err := d.Dirty(d.ctx, r)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
}

// TestBacklogCountsATokenAlone: a change with a token only is not clean either.
func TestBacklogCountsATokenAlone(t *testing.T) {
	d := inProcess(t)
	it, _ := d.changeItem("id", nil, &store.Token{Token: "t", Created: time.Now()})
	require.NoError(t, d.rawPut(d.library, it))
	b, err := d.Backlog(d.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, b.Dirty)
}
