package dynamostore

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestBumpChangesNoData: a live item, a tombstone, nothing, more than one
// transaction takes, some keys twice.
func TestBumpChangesNoData(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		ann, gone, never := d.account("1", "ann", "email", "a"), d.note("gone"), d.note("never")
		d.write(d.create(ann), d.create(gone))
		d.write(d.remove(gone))
		d.cleanAll()
		keys := []transform.Key{d.keyOf(ann), d.keyOf(gone), d.keyOf(never), d.keyOf(ann)}
		for i := range 30 {
			keys = append(keys, d.keyOf(d.note(fmt.Sprint(i))))
		}
		held := d.holders()
		require.NoError(t, d.Bump(d.ctx, keys))
		d.holds(ann)
		require.Equal(t, held, d.holders())
		require.Equal(t, store.Floor(1)+2, d.row(ann).Version)
		require.Equal(t, store.Row{Key: d.keyOf(gone), Version: store.Floor(1) + 3, Tombstone: true}, d.row(gone))
		require.Equal(t, store.Row{Key: d.keyOf(never), Version: store.Floor(1) + 1, Tombstone: true}, d.row(never))
		dirty := map[transform.Key]store.Version{}
		for _, c := range d.dirty() {
			for _, k := range c.Keys {
				dirty[k.Key] = k.Version
			}
		}
		require.Len(t, dirty, 33)
		require.Equal(t, store.Floor(1)+2, dirty[d.keyOf(ann)])
	})
}

// TestBumpPassesAClosedMark, but not one given away.
func TestBumpPassesAClosedMark(t *testing.T) {
	d := inProcess(t)
	keys := []transform.Key{d.keyOf(d.note("a"))}
	d.advance(func(p *store.PhaseRecord) { p.State = store.Closed })
	require.NoError(t, d.Bump(d.ctx, keys))
	require.Len(t, d.dirty(), 1)
	d.advance(func(p *store.PhaseRecord) { p.State, p.Epoch = store.GivenAway, 2 })
	before := d.everything()
	requireRefused(t, d.Bump(d.ctx, keys), store.ErrWrongPhase, store.NotApplied)
	require.Equal(t, before, d.everything())
	d.cleanAll() // strays are cleaned in every state
	require.Empty(t, d.dirty())
}

// TestBumpBesideWrites: every version is given once, and none is lost.
func TestBumpBesideWrites(t *testing.T) {
	d := inProcess(t)
	r := d.note("a", "count", "0")
	d.write(d.create(r))
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			if i%2 == 0 {
				errs[i] = d.Bump(d.ctx, []transform.Key{d.keyOf(r)})
				return
			}
			_, errs[i] = d.try(d.update(r, "count", fmt.Sprint(i)))
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, store.Floor(1)+21, d.row(r).Version)
	require.Len(t, d.dirty(), 21)
}
