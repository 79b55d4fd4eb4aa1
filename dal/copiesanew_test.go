package dal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A hot is an authority with small pages, in which a go at a mark comes to few of them.
type hot struct {
	store.Authority
	left    int                      // pages of this go
	name    string                   // of the source now
	renewed map[transform.Key]string // what the source was called when a record was renewed last
}

func (h *hot) Dependents(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
	r.Limit = 2
	return h.Authority.Dependents(ctx, r)
}

func (h *hot) Renew(ctx context.Context, keys []transform.Key) error {
	if h.left--; h.left < 0 {
		return errStep // its time is over
	}
	for _, key := range keys {
		h.renewed[key] = h.name
	}
	return h.Authority.Renew(ctx, keys)
}

// TestSourceThatChangesAllTheTime: a record that changes before a go has come to all that
// show it does not keep it from the last of them; and its mark stays until all of them were
// renewed, in one pass, after the last change.
func TestSourceThatChangesAllTheTime(t *testing.T) {
	for _, pages := range []int{1, 2, 3, 4} { // of 5
		t.Run(fmt.Sprint(pages), func(t *testing.T) {
			f := newCopyFixture(t, dal.DualWrite)
			f.save(f.section(1, "name=desk"))
			var wares []transform.Key
			for n := range 9 {
				f.save(f.ware(n+1, "section_id=1"))
				wares = append(wares, keyOf(t, f.ware(n+1)))
			}
			h := &hot{Authority: f.mysql, renewed: map[transform.Key]string{}}
			changes := 0
			change := func() {
				changes++
				h.name = fmt.Sprint("table ", changes)
				f.save(f.section(1, "name="+h.name))
			}
			carryOut := func() {
				h.left = pages
				marks := f.marks()
				require.Len(t, marks, 1)
				if err := dal.CarryOut(t.Context(), h, marks[0]); err != nil {
					require.ErrorIs(t, err, errStep)
				}
			}
			for range 12 {
				change()
				carryOut()
				require.Len(t, f.marks(), 1, "no go comes to all of them")
			}
			for _, ware := range wares {
				require.Contains(t, h.renewed, ware)
			}
			for n := 0; len(f.marks()) > 0; n++ {
				require.Less(t, n, 12, "it comes to an end")
				carryOut()
			}
			for _, ware := range wares {
				require.Equal(t, h.name, h.renewed[ware], "%s", ware)
			}
		})
	}
}

// TestTwoCarryOutAChangedMark: whoever is in the middle of a pass, and one who began after
// the change, do not take the places of the other for their own.
func TestTwoCarryOutAChangedMark(t *testing.T) {
	f := newCopyFixture(t, dal.DualWrite)
	f.save(f.section(1, "name=desk"))
	for n := range 9 {
		f.save(f.ware(n+1, "section_id=1"))
	}
	f.save(f.section(1, "name=table"))
	first := f.marks()[0]
	f.save(f.section(1, "name=chair"))
	second := f.marks()[0]
	require.Empty(t, second.Reached)

	// The one that began after the change notes its place first.
	require.NoError(t, f.mysql.Reach(t.Context(), second, "far"))
	require.NoError(t, f.mysql.Reach(t.Context(), first, "further"), "of a pass that is over")
	now := f.marks()[0]
	require.Equal(t, "far", now.Reached)
	require.Equal(t, now.Version, now.Since)

	// Its pass goes on after one more change, but covers that one not.
	f.save(f.section(1, "name=stool"))
	now = f.marks()[0]
	require.Equal(t, "far", now.Reached)
	require.Equal(t, second.Version, now.Since)
	require.Greater(t, now.Version, now.Since)
	require.NoError(t, f.mysql.Reach(t.Context(), second, "further"))
	require.Equal(t, "further", f.marks()[0].Reached)

	// Once it is over the next one begins. Who has not heard of that may note his place,
	// but the pass is the older one then.
	require.NoError(t, f.mysql.Reach(t.Context(), now, ""))
	later := f.marks()[0]
	require.Empty(t, later.Reached)
	require.Equal(t, later.Version, later.Since)
	require.NoError(t, f.mysql.Reach(t.Context(), second, "the end"))
	later = f.marks()[0]
	require.Equal(t, "the end", later.Reached)
	require.Equal(t, second.Version, later.Since)
	require.NoError(t, f.mysql.CleanFanOut(t.Context(), second))
	require.Len(t, f.marks(), 1)
}
