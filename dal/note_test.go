package dal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// A Note is the record of the tests about lists.
type Note struct {
	User   int64      `db:"user_id"`
	ID     int64      `db:"note_id"`
	Folder *string    `db:"folder"`
	Title  *string    `db:"title"`
	Score  *string    `db:"score"`
	Weight *float64   `db:"weight"`
	Edited *time.Time `db:"edited"`
	Digest []byte     `db:"digest"`
	Pinned *bool      `db:"pinned"`
	Body   *string    `db:"body"`
}

// notes returns a repository over a store in memory with these notes in it.
func notes(t testing.TB, all ...Note) *dal.Repository[Note] {
	t.Helper()
	return notesOf(t, storetest.ListContract(t), all...)
}

func notesOf(t testing.TB, c *transform.Contract, all ...Note) *dal.Repository[Note] {
	t.Helper()
	s := memstore.New(c, nil)
	require.NoError(t, s.Init(t.Context()))
	r, err := dal.NewRepository[Note](dal.Standalone(c, s), "Notes")
	require.NoError(t, err)
	for _, n := range all {
		require.NoError(t, r.Put(t.Context(), &n))
	}
	return r
}

// note returns a note of user 1 in folder "f", with a title of its own and a score
// that three notes share.
func note(id int64) Note {
	return Note{User: 1, ID: id, Folder: ptr("f"), Title: ptr(fmt.Sprintf("t%03d", id)), Score: ptr(fmt.Sprintf("%d.5", id/3))}
}

func someNotes(n int64) []Note {
	var all []Note
	for id := range n {
		all = append(all, note(id))
	}
	return all
}

// noteIDs returns the ids of all that a query finds.
func noteIDs(t testing.TB, r *dal.Repository[Note], q dal.Query) []int64 {
	t.Helper()
	ids := []int64{}
	for n, err := range r.Query(context.Background(), q) {
		require.NoError(t, err)
		ids = append(ids, n.ID)
	}
	return ids
}

// notePages returns the ids of a query page by page.
func notePages(t testing.TB, r *dal.Repository[Note], q dal.Query, size int) [][]int64 {
	t.Helper()
	var pages [][]int64
	for cursor := ""; ; {
		page, err := r.Page(context.Background(), q, cursor, size)
		require.NoError(t, err)
		ids := []int64{}
		for _, n := range page.Items {
			ids = append(ids, n.ID)
		}
		pages = append(pages, ids)
		if cursor = page.Next; cursor == "" {
			return pages
		}
		require.Less(t, len(pages), 1000)
	}
}

func ptr[T any](v T) *T { return &v }
