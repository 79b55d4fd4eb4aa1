package dal_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
)

// TestSortConditions: what each method asks of the sort key, in both directions.
func TestSortConditions(t *testing.T) {
	r := notes(t, someNotes(9)...)
	own, byTitle, byScore := dal.TableKey().Equal(1), dal.Index("TitleIndex").Equal("f"), dal.Index("ScoreIndex").Equal("f")
	for name, c := range map[string]struct {
		q    dal.Query
		want []int64
	}{
		"all":               {own, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		"at least":          {own.AtLeast(7), []int64{7, 8}},
		"above":             {own.Above(7), []int64{8}},
		"at most":           {own.AtMost(1), []int64{0, 1}},
		"below":             {own.Below(1), []int64{0}},
		"between":           {own.Between(3, 5), []int64{3, 4, 5}},
		"between none":      {own.Between(5, 3), []int64{}},
		"exactly":           {own.Exactly(4), []int64{4}},
		"exactly, ties":     {byScore.Exactly("1.5"), []int64{3, 4, 5}},
		"begins":            {byTitle.BeginsWith("t00"), []int64{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		"begins with all":   {byTitle.BeginsWith("t004"), []int64{4}},
		"begins with none":  {byTitle.BeginsWith("T"), []int64{}},
		"begins, empty":     {byTitle.BeginsWith(""), []int64{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		"begins and bounds": {byTitle.BeginsWith("t00").Above("t003").AtMost("t005"), []int64{4, 5}},
		// Conditions add up, in whatever order they come.
		"twice from below":  {own.AtLeast(7).AtLeast(3), []int64{7, 8}},
		"twice from above":  {own.Below(2).AtMost(5).Below(3), []int64{0, 1}},
		"the same, tighter": {own.AtLeast(7).Above(7), []int64{8}},
		"the same, wider":   {own.Above(7).AtLeast(7), []int64{8}},
		"at odds":           {own.Above(4).Below(4), []int64{}},
		"exactly two":       {own.Exactly(4).Exactly(5), []int64{}},
		"prefixes at odds":  {byTitle.BeginsWith("t004").BeginsWith("t005"), []int64{}},
		"limit":             {own.Limit(2), []int64{0, 1}},
		"limit, none":       {own.Above(100).Limit(2), []int64{}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, noteIDs(t, r, c.q))
			if name != "limit" {
				back := noteIDs(t, r, c.q.Descending())
				slices.Reverse(back)
				require.Equal(t, c.want, back)
			}
		})
	}
}

// TestQueriesAreCopies: a query that two others are made of is neither of them.
func TestQueriesAreCopies(t *testing.T) {
	r := notes(t, someNotes(9)...)
	base := dal.TableKey().Equal(1).AtLeast(0).AtLeast(1).AtLeast(2).Where("note_id", dal.NotNull())
	low, high := base.Below(4), base.Above(6)
	first, second := base.Where("note_id", dal.Equals(3)), base.Where("note_id", dal.Equals(5))
	require.Equal(t, []int64{2, 3}, noteIDs(t, r, low))
	require.Equal(t, []int64{7, 8}, noteIDs(t, r, high))
	require.Equal(t, []int64{3}, noteIDs(t, r, first))
	require.Equal(t, []int64{5}, noteIDs(t, r, second))
	require.Equal(t, []int64{2, 3, 4, 5, 6, 7, 8}, noteIDs(t, r, base))
}

// TestQueryThatNoIndexServes: the error says what to add to the contract.
func TestQueryThatNoIndexServes(t *testing.T) {
	r := notes(t)
	for want, q := range map[string]dal.Query{
		`table Notes has no index "Nope" in the contract; there are the table's own key (userId, noteId), TitleIndex (folder, title)`: dal.Index("Nope").Equal(1),
		`{"index_name": "Nope", "pk": …, "sk": …, "projection": "ALL"} into the table's "gsis"`:                                       dal.Index("Nope").Equal(1),
		"the index has no name; TableKey asks for the key of table Notes":                                                             dal.Index("").Equal(1),
		`index OwnerIndex has no sort key to bound: add an index {"index_name": …, "pk": "digest", "sk": "userId"`:                    dal.Index("OwnerIndex").Equal("x").Between(1, 2),
		`or with another sort key of userId, noteId, score, weight`:                                                                   dal.Index("OwnerIndex").Equal("x").Between(1, 2),
		`"sk": "edited"`:             dal.Index("OwnerIndex").Equal("x").AtLeast(time.Now()),
		`"sk": "folder"`:             dal.Index("OwnerIndex").Equal("x").BeginsWith("a"),
		"has no sort key to bound":   dal.Index("OwnerIndex").Equal("x").AtLeast(struct{}{}),
		"only text and bytes begin":  dal.TableKey().Equal(1).BeginsWith("1"),
		"the value a int":            dal.Index("TitleIndex").Equal("f").BeginsWith(1),
		"not valid UTF-8":            dal.Index("TitleIndex").Equal("f").BeginsWith("\xff"),
		"NULL is compared with noth": dal.TableKey().Equal(1).AtLeast(nil),
		"the limit is negative":      dal.TableKey().Equal(1).Limit(-1),
		"takes an integer":           dal.TableKey().Equal("one"),
	} {
		for _, err := range r.Query(t.Context(), q) {
			require.ErrorIs(t, err, dal.ErrInvalid)
			require.ErrorContains(t, err, want)
		}
	}
}

// TestTypesOfValues: a query takes Go values of a column's type, as records do.
func TestTypesOfValues(t *testing.T) {
	type key int32
	type name string
	at := time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC)
	n := note(3)
	n.Edited, n.Digest, n.Weight = &at, []byte{0, 0xff}, ptr(0.5)
	r := notes(t, n)
	for i, q := range []dal.Query{
		dal.TableKey().Equal(key(1)).Exactly(uint8(3)),
		dal.Index("TitleIndex").Equal(name("f")).BeginsWith(name("t")),
		dal.Index("TitleIndex").Equal(ptr("f")).BeginsWith([]byte("t0")),
		dal.Index("EditedIndex").Equal("f").Exactly(at.Add(200 * time.Millisecond)), // the column has no milliseconds
		dal.Index("EditedIndex").Equal("f").Between(at.Add(-time.Hour), at.In(time.FixedZone("x", 3600))),
		dal.Index("DigestIndex").Equal("f").BeginsWith([]byte{0}),
		dal.Index("DigestIndex").Equal("f").BeginsWith("\x00\xff"),
		dal.Index("WeightIndex").Equal("f").AtLeast(float32(0.5)),
		dal.Index("ScoreIndex").Equal("f").Exactly("1.50000"),
		dal.Index("ScoreIndex").Equal("f").Between(1, 2),
	} {
		require.Equal(t, []int64{3}, noteIDs(t, r, q), fmt.Sprint(i))
	}
}
