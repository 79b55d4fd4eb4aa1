package dal_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
)

// TestFilteredPages: a page with conditions is filled up, its end is that of the
// list if nothing more passes, and the sizes add up to the whole list.
func TestFilteredPages(t *testing.T) {
	r := notes(t, someNotes(700)...)
	seventh := dal.Index("TitleIndex").Equal("f").Where("title", dal.Contains("7"))
	whole := noteIDs(t, r, seventh)
	require.Len(t, whole, 7*19)
	for _, q := range []dal.Query{seventh, seventh.Descending()} {
		for _, size := range []int{1, 10, 66, 132, 133, 134, 1000} {
			pages := notePages(t, r, q, size)
			require.Len(t, pages, (len(whole)+size-1)/size, "pages of %d", size)
			for _, page := range pages[:len(pages)-1] {
				require.Len(t, page, size)
			}
			require.Equal(t, whole, slices.Concat(pages...))
		}
		slices.Reverse(whole)
	}
	require.Equal(t, [][]int64{{}}, notePages(t, r, seventh.Where("title", dal.IsNull()), 10))
}

// counting counts what is asked of a store.
type counting struct {
	store.Store
	asked, seen, most int
}

func (c *counting) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	rows, err := c.Store.Query(ctx, at, q)
	c.asked, c.seen, c.most = c.asked+1, c.seen+len(rows), max(c.most, q.Limit)
	return rows, err
}

// TestWorkOfAPageIsBounded: a page that finds little looks through 10,000 records
// and no more; the next one goes on there. Query goes on by itself.
func TestWorkOfAPageIsBounded(t *testing.T) {
	c := storetest.ListContract(t)
	counted := &counting{Store: memstore.New(c, nil)}
	require.NoError(t, counted.Init(t.Context()))
	r, err := dal.NewRepository[Note](dal.Standalone(c, counted), "Notes")
	require.NoError(t, err)
	const n = 24_000
	for id := range int64(n) {
		require.NoError(t, r.Put(t.Context(), &Note{User: 1, ID: id}))
	}
	last := dal.TableKey().Equal(1).Where("note_id", dal.OneOf(9_990, n-1))
	var found []int64
	var sizes []int
	for cursor, more := "", true; more; more = cursor != "" {
		counted.asked, counted.seen, counted.most = 0, 0, 0
		page, err := r.Page(t.Context(), last, cursor, 2)
		require.NoError(t, err)
		require.LessOrEqual(t, counted.seen, 10_000)
		require.LessOrEqual(t, counted.most, 1000)
		require.LessOrEqual(t, counted.asked, 14)
		for _, n := range page.Items {
			found = append(found, n.ID)
		}
		sizes, cursor = append(sizes, len(page.Items)), page.Next
	}
	require.Equal(t, []int64{9_990, n - 1}, found)
	require.Equal(t, []int{1, 0, 1}, sizes)
	require.Equal(t, found, noteIDs(t, r, last))

	// Without conditions a page is full, however large, and reads one record more.
	counted.asked, counted.seen, counted.most = 0, 0, 0
	page, err := r.Page(t.Context(), dal.TableKey().Equal(1), "", 12_000)
	require.NoError(t, err)
	require.Len(t, page.Items, 12_000)
	require.Equal(t, 12_001, counted.seen)
	require.LessOrEqual(t, counted.most, 1000)
}
