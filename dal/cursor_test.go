package dal_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/storetest"
)

// cursorAfter returns the cursor after the first records of a query.
func cursorAfter(t testing.TB, r *dal.Repository[Note], q dal.Query, n int) string {
	t.Helper()
	page, err := r.Page(t.Context(), q, "", n)
	require.NoError(t, err)
	require.NotEmpty(t, page.Next)
	return page.Next
}

// pageIDs returns the ids of a page.
func pageIDs(page dal.Page[Note]) []int64 {
	ids := []int64{}
	for _, n := range page.Items {
		ids = append(ids, n.ID)
	}
	return ids
}

// TestCursorBelongsToItsQuery: whatever of the query decides which records come,
// and in which order, the cursor is not one of another; the size may change.
func TestCursorBelongsToItsQuery(t *testing.T) {
	r := notes(t, append(someNotes(9), Note{User: 2, ID: 7, Folder: ptr("g"), Title: ptr("x")}, Note{User: 2, ID: 8})...)
	own, byTitle := dal.TableKey().Equal(1), dal.Index("TitleIndex").Equal("f")
	queries := map[string]dal.Query{
		"own":           own,
		"other value":   dal.TableKey().Equal(2).AtLeast(0),
		"descending":    own.Descending(),
		"lower":         own.AtLeast(0),
		"above":         own.Above(0),
		"upper":         own.AtMost(8),
		"below":         own.Below(8),
		"both":          own.Between(0, 8),
		"other bounds":  own.Between(0, 7),
		"where":         own.Where("note_id", dal.Less(8)),
		"other op":      own.Where("note_id", dal.AtMost(8)),
		"other column":  own.Where("user_id", dal.Less(8)),
		"one of":        own.Where("note_id", dal.OneOf(0, 1, 2, 3, 45)),
		"one of others": own.Where("note_id", dal.OneOf(0, 1, 2, 34, 5)),
		"not folded":    own.Where("title", dal.Differs("x")),
		"folded":        own.Where("title", dal.Differs("x").Folded()),
		"two filters":   own.Where("note_id", dal.Less(8)).Where("note_id", dal.Less(8)),
		"index":         byTitle,
		"other index":   dal.Index("ScoreIndex").Equal("f"),
		"prefix":        byTitle.BeginsWith("t"),
		"prefix null":   byTitle.Where("score", dal.IsNull()),
		"not null":      byTitle.Where("score", dal.NotNull()),
	}
	for from, q := range queries {
		page, err := r.Page(t.Context(), q, "", 1)
		require.NoError(t, err, from)
		if page.Next == "" {
			continue
		}
		again, err := r.Page(t.Context(), q, page.Next, 2)
		require.NoError(t, err, from)
		require.NotEqual(t, pageIDs(page), pageIDs(again))
		for to, other := range queries {
			if to == from {
				continue
			}
			_, err := r.Page(t.Context(), other, page.Next, 1)
			require.ErrorIs(t, err, dal.ErrInvalid, "from %s to %s", from, to)
			require.ErrorContains(t, err, "the cursor is of another query", "from %s to %s", from, to)
		}
	}
}

// TestSameQuestionSameCursor: two ways to ask for the same have one cursor.
func TestSameQuestionSameCursor(t *testing.T) {
	r := notes(t, someNotes(9)...)
	own := dal.TableKey().Equal(1)
	for _, c := range [][2]dal.Query{
		{own, dal.By("user_id").Equal(int8(1))},
		{own.Between(0, 8), own.AtLeast(-1).AtMost(8).AtLeast(0)},
		{dal.Index("ScoreIndex").Equal("f").AtLeast("0.5"), dal.By("folder", "score").Equal("f").AtLeast("0.50000")},
		{dal.Index("TitleIndex").Equal("f").BeginsWith("t"), dal.Index("TitleIndex").Equal("f").AtLeast("t").Below("u")},
	} {
		cursor := cursorAfter(t, r, c[0], 2)
		require.Equal(t, cursor, cursorAfter(t, r, c[1], 2))
		page, err := r.Page(t.Context(), c[1], cursor, 3)
		require.NoError(t, err)
		require.Equal(t, []int64{2, 3, 4}, pageIDs(page))
	}
}

// Cursors are made up here by the form that they have: version, digest, parts,
// checksum.
const (
	digestEnd = 1 + 12
	sumSize   = 4
)

// forge makes a cursor with the head of another one and other parts.
func forge(t testing.TB, like string, parts ...string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(like)
	require.NoError(t, err)
	b := raw[:digestEnd:digestEnd]
	for _, p := range parts {
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
	}
	return seal(b)
}

// seal adds the checksum.
func seal(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(append(b, sum[:sumSize]...))
}

// TestForgedCursors: who knows how cursors are made gets nothing but another page
// of the list that he asked for.
func TestForgedCursors(t *testing.T) {
	all := someNotes(9)
	at := time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC)
	for i := range all {
		all[i].Edited = ptr(at.Add(time.Duration(i) * time.Second))
	}
	r := notes(t, append(all, Note{User: 2, ID: 1}, Note{User: 2, ID: 2})...)
	own := dal.TableKey().Equal(1).Between(2, 6)
	byTitle := dal.Index("TitleIndex").Equal("f").Between("t002", "t006")
	byScore, byEdit := dal.Index("ScoreIndex").Equal("f"), dal.Index("EditedIndex").Equal("f")
	atOwn, atTitle, atScore, atEdit := cursorAfter(t, r, own, 1), cursorAfter(t, r, byTitle, 1), cursorAfter(t, r, byScore, 1), cursorAfter(t, r, byEdit, 1)
	// What is right goes on, wherever it points to.
	for _, c := range []struct {
		q      dal.Query
		cursor string
		want   []int64
	}{
		{own, forge(t, atOwn, "1/4"), []int64{5, 6}},
		{byTitle, forge(t, atTitle, "1/4", "t004"), []int64{5, 6}},
		{byTitle, forge(t, atTitle, "77/99", "t005"), []int64{6}},
		{byScore, forge(t, atScore, "1/7", "2.5000"), []int64{8}},
		{byEdit, forge(t, atEdit, "1/7", "2024-03-10T09:30:07Z"), []int64{8}},
	} {
		page, err := r.Page(t.Context(), c.q, c.cursor, 9)
		require.NoError(t, err)
		require.Equal(t, c.want, pageIDs(page))
	}
	long := strings.Repeat("9", 5000)
	for _, c := range []struct {
		q     dal.Query
		like  string
		parts []string
	}{
		{own, atOwn, nil},
		{own, atOwn, []string{""}},
		{own, atOwn, []string{"2/4"}}, // another partition
		{own, atOwn, []string{"1/1"}}, // outside the bounds
		{own, atOwn, []string{"1/7"}},
		{own, atOwn, []string{"1/04"}}, // none that a key has
		{own, atOwn, []string{"1/4", "4"}},
		{own, atOwn, []string{"1/4/5"}},
		{own, atOwn, []string{"1"}},
		{own, atOwn, []string{"1/x"}},
		{own, atOwn, []string{"1/" + long}},
		{byTitle, atTitle, []string{"1/4"}},
		{byTitle, atTitle, []string{"1/4", "t001"}},
		{byTitle, atTitle, []string{"1/4", "t0060"}},
		{byTitle, atTitle, []string{"1/4", "t003\xff"}},
		{byTitle, atTitle, []string{"1/4", ""}},
		{byTitle, atTitle, []string{"x/4", "t003"}},
		{byTitle, atTitle, []string{"1/4", "t003", ""}},
		{byScore, atScore, []string{"1/4", "1.5"}}, // not as the column has it
		{byScore, atScore, []string{"1/4", "one"}},
		{byScore, atScore, []string{"1/4", ""}},
		{byScore, atScore, []string{"1/4", long}},
		{byEdit, atEdit, []string{"1/4", "2024-03-10 09:30:04"}},
		{byEdit, atEdit, []string{"1/4", "2024-03-10T09:30:04.000Z"}},
		{byEdit, atEdit, []string{"1/4", "2024-13-10T09:30:04Z"}},
	} {
		_, err := r.Page(t.Context(), c.q, forge(t, c.like, c.parts...), 9)
		require.ErrorIs(t, err, dal.ErrInvalid, "%.40q", c.parts)
		require.NotContains(t, err.Error(), "t003")
	}
}

// TestDamagedCursors: every single byte counts, and so do the version and the
// length.
func TestDamagedCursors(t *testing.T) {
	r := notes(t, someNotes(9)...)
	q := dal.Index("TitleIndex").Equal("f")
	good := cursorAfter(t, r, q, 3)
	refused := func(cursor, detail string) {
		t.Helper()
		page, err := r.Page(t.Context(), q, cursor, 3)
		require.ErrorIs(t, err, dal.ErrInvalid, cursor)
		require.ErrorContains(t, err, detail)
		require.Empty(t, page)
	}
	raw, err := base64.RawURLEncoding.DecodeString(good)
	require.NoError(t, err)
	for i := 1; i < len(raw); i++ {
		for _, bit := range []byte{1, 0x80} {
			bad := append([]byte(nil), raw...)
			bad[i] ^= bit
			refused(base64.RawURLEncoding.EncodeToString(bad), "the cursor is damaged")
		}
		refused(base64.RawURLEncoding.EncodeToString(raw[:i]), "damaged")
	}
	for _, bad := range []string{"!", "x", good + "A", good + "=", good + "\n", "\n" + good, " " + good, good[1:], good[:len(good)-1], good + good} {
		refused(bad, "the cursor is")
	}
	for _, version := range []byte{0, 2, 255} {
		later := append([]byte{version}, raw[1:len(raw)-sumSize]...)
		refused(seal(later), fmt.Sprintf("the cursor is of version %d, and this release reads version 1", version))
		refused(base64.RawURLEncoding.EncodeToString([]byte{version}), "of version")
	}
	refused(strings.Repeat("A", 16<<10+1), "longer than any")
	refused(strings.Repeat("A", 1<<20), "longer than any")
	// A length that promises more than there is.
	refused(seal(append(append([]byte(nil), raw[:digestEnd]...), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)), "damaged")
	refused(seal(append(append([]byte(nil), raw[:digestEnd]...), 5, 'a')), "damaged")
}

// TestCursorOfAKeyThatIsTooLong: what only MySQL can hold has no cursor, and Query
// needs none.
func TestCursorOfAKeyThatIsTooLong(t *testing.T) {
	all := someNotes(3)
	all[1].Title = ptr("t001" + strings.Repeat("x", 16<<10))
	c := storetest.ListContract(t)
	e := c.Entity("Notes")
	e.Columns[e.ColumnIndex("title")].Length = 1 << 16
	r := notesOf(t, c, all...)
	q := dal.Index("TitleIndex").Equal("f")
	_, err := r.Page(t.Context(), q, "", 2)
	require.ErrorIs(t, err, dal.ErrTooLarge)
	page, err := r.Page(t.Context(), q, "", 3)
	require.NoError(t, err)
	require.Len(t, page.Items, 3)
	require.Equal(t, []int64{0, 1, 2}, noteIDs(t, r, q))
}

// FuzzCursor gives queries whatever text there is: an error, or a part of the list
// after some place in it.
func FuzzCursor(f *testing.F) {
	r := notes(f, someNotes(9)...)
	queries := []dal.Query{dal.TableKey().Equal(1).Between(2, 6), dal.Index("TitleIndex").Equal("f").Between("t002", "t006"),
		dal.Index("ScoreIndex").Equal("f").Between("0.5", "2.5").Descending()}
	var lists [][]int64
	for i, q := range queries {
		lists = append(lists, noteIDs(f, r, q))
		good := cursorAfter(f, r, q, 2)
		raw, err := base64.RawURLEncoding.DecodeString(good)
		require.NoError(f, err)
		f.Add(uint8(i), good, []byte{})
		f.Add(uint8(i), "", raw[digestEnd:len(raw)-sumSize])
	}
	f.Add(uint8(0), "", []byte("\x031/4"))
	f.Fuzz(func(t *testing.T, which uint8, text string, body []byte) {
		i := int(which) % len(queries)
		if text == "" { // one that is sealed, so that its parts are looked at
			raw, err := base64.RawURLEncoding.DecodeString(cursorAfter(t, r, queries[i], 2))
			require.NoError(t, err)
			text = seal(append(raw[:digestEnd:digestEnd], body...))
		}
		page, err := r.Page(t.Context(), queries[i], text, 100)
		if err != nil {
			require.ErrorIs(t, err, dal.ErrInvalid)
			return
		}
		got := pageIDs(page)
		require.Equal(t, lists[i][len(lists[i])-len(got):], got, "the end of the list")
	})
}
