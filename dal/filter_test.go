package dal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
)

// TestWhere: each condition, and all that are given together.
func TestWhere(t *testing.T) {
	all := someNotes(9)
	at := time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC)
	all[4].Edited, all[4].Digest, all[4].Pinned, all[4].Score, all[4].Weight = &at, []byte{1, 2}, ptr(true), ptr("10"), ptr(1e-7)
	all[8].Title = nil
	r := notes(t, all...)
	own := dal.TableKey().Equal(1)
	for name, c := range map[string]struct {
		q    dal.Query
		want []int64
	}{
		"equals":         {own.Where("title", dal.Equals("t003")), []int64{3}},
		"by the number":  {own.Where("score", dal.Equals(0.5)), nil},
		"as a decimal":   {own.Where("score", dal.Equals("0.50")), []int64{0, 1, 2}},
		"10 is above 9":  {own.Where("score", dal.Greater(9)), []int64{4}},
		"differs":        {own.Where("title", dal.Differs("t003")), []int64{0, 1, 2, 4, 5, 6, 7}},
		"less":           {own.Where("title", dal.Less("t002")), []int64{0, 1}},
		"at most":        {own.Where("title", dal.AtMost("t002")), []int64{0, 1, 2}},
		"at least":       {own.Where("edited", dal.AtLeast(at)), []int64{4}},
		"one of":         {own.Where("note_id", dal.OneOf(1, 5, 77)), []int64{1, 5}},
		"one of none":    {own.Where("note_id", dal.OneOf()), []int64{}},
		"begins":         {own.Where("digest", dal.BeginsWith([]byte{1})), []int64{4}},
		"contains":       {own.Where("title", dal.Contains("07")), []int64{7}},
		"no wildcard":    {own.Where("title", dal.Contains("%")), []int64{}},
		"is null":        {own.Where("title", dal.IsNull()), []int64{8}},
		"not null":       {own.Where("pinned", dal.NotNull()), []int64{4}},
		"true":           {own.Where("pinned", dal.Equals(true)), []int64{4}},
		"float":          {own.Where("weight", dal.Less(1e-6)), []int64{4}},
		"all of them":    {own.Where("note_id", dal.Greater(2)).Where("note_id", dal.Less(5)), []int64{3, 4}},
		"and the sort":   {own.AtLeast(3).Where("score", dal.Equals("1.5")).Descending(), []int64{5, 3}},
		"limit counts":   {own.Where("note_id", dal.Greater(2)).Limit(2), []int64{3, 4}},
		"with any index": {dal.Index("ScoreIndex").Equal("f").Where("title", dal.Equals("t007")), []int64{7}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == nil {
				_, err := r.Page(t.Context(), c.q, "", 1)
				require.ErrorIs(t, err, dal.ErrInvalid, "a decimal takes no float")
				return
			}
			require.Equal(t, c.want, noteIDs(t, r, c.q))
		})
	}
}

func TestWhereFaults(t *testing.T) {
	r := notes(t)
	own := dal.TableKey().Equal(1)
	for want, q := range map[string]dal.Query{
		`the entity has no column "nope"`: own.Where("nope", dal.IsNull()),
		"takes an integer":                own.Where("note_id", dal.Equals("1")),
		"NULL is compared with nothing":   own.Where("title", dal.Equals(nil)),
		"only text and bytes":             own.Where("note_id", dal.Contains("1")),
		"the value a []string":            own.Where("title", dal.Contains([]string{"x"})),
		"no condition":                    own.Where("title", dal.Condition{}),
		"only text is folded":             own.Where("note_id", dal.Equals(1).Folded()),
		"can't be folded":                 own.Where("title", dal.Less("a").Folded()),
	} {
		_, err := r.Page(t.Context(), q, "", 1)
		require.ErrorIs(t, err, dal.ErrInvalid)
		require.ErrorContains(t, err, want)
		var e *dal.Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Field)
	}
}
