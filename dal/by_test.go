package dal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
)

// TestBy: the table's own key comes first, then the indexes as the contract has
// them; with a sort column only the key that has it.
func TestBy(t *testing.T) {
	n := note(7)
	n.Digest = []byte("d")
	r := notes(t, n, note(5))
	require.Equal(t, []int64{5, 7}, noteIDs(t, r, dal.By("user_id").Equal(1)))
	require.Equal(t, []int64{5}, noteIDs(t, r, dal.By("user_id", "note_id").Equal(1).Below(7)))
	require.Equal(t, []int64{7}, noteIDs(t, r, dal.By("note_id").Equal(7)))
	require.Equal(t, []int64{7}, noteIDs(t, r, dal.By("digest").Equal("d")))
	require.Equal(t, []int64{7}, noteIDs(t, r, dal.By("folder", "score").Equal("f").Above("1.5")))
	for want, by := range map[string]dal.IndexQuery{
		`no index finds records by title: add {"index_name":"ByTitle","pk":"title","projection":"ALL"} to the "gsis" of table Notes`: dal.By("title"),
		`add {"index_name":"ByUserIdTitle","pk":"userId","sk":"title","projection":"ALL"} to the "gsis" of table Notes`:              dal.By("user_id", "title"),
		`no attribute of the contract carries pinned as S, N or B`:                                                                   dal.By("pinned"),
		`the entity has no column "nope"`: dal.By("nope"),
		`no 3 columns`:                    dal.By("user_id", "note_id", "title"),
	} {
		_, err := r.Page(t.Context(), by.Equal("x"), "", 1)
		require.ErrorIs(t, err, dal.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
}
