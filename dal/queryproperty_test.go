package dal_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
)

// A lot draws random notes and queries of them, from few values each, so that
// there are ties, and queries find something.
type lot struct{ *rand.Rand }

func pick[T any](l lot, from ...T) T { return from[l.IntN(len(from))] }

// maybe is NULL now and then.
func maybe[T any](l lot, v T) *T {
	if l.IntN(8) == 0 {
		return nil
	}
	return &v
}

func (l lot) folder() string { return pick(l, "f", "F", "f ", "%") }

func (l lot) title() string {
	var b strings.Builder
	for range 1 + l.IntN(3) {
		b.WriteString(pick(l, "a", "A", "b", "ä", "%", "_", "1", "\u007f", "\ud7ff", "\ue000", "\uffff", "\U0001F600", "\U0010FFFF"))
	}
	return b.String()
}

func (l lot) score() string {
	return pick(l, "-9999999999999999999999999999999999.9999", "-10", "-9.5", "-0.0001", "0", "0.0001", "2", "10", "10.0001",
		"9999999999999999999999999999999999.9998", "9999999999999999999999999999999999.9999")
}

func (l lot) weight() float64 {
	return pick(l, -1e20, -2, -0.1, 0, 1e-7, 0.1, 0.30000000000000004, 9, 10, 1e20)
}

func (l lot) edited() time.Time {
	return time.Date(2024, 3, 10, 9, 30, l.IntN(6), 0, time.UTC)
}

func (l lot) digest() []byte {
	b := make([]byte, 1+l.IntN(2))
	for i := range b {
		b[i] = pick[byte](l, 0, 1, 'a', 0x7f, 0x80, 0xfe, 0xff)
	}
	return b
}

func (l lot) note() Note {
	n := Note{User: int64(l.IntN(3)), ID: int64(l.IntN(80) - 40), Folder: maybe(l, l.folder()), Title: maybe(l, l.title()),
		Score: maybe(l, l.score()), Weight: maybe(l, l.weight()), Edited: maybe(l, l.edited()), Pinned: maybe(l, l.IntN(2) == 0),
		Body: maybe(l, pick(l, "", "null", "x"))}
	if l.IntN(8) > 0 {
		n.Digest = l.digest()
	}
	return n
}

// A sorted index is one with a sort key, and how to draw a value of it.
type sortedIndex struct {
	query dal.Query
	draw  func() any
	text  bool // it has prefixes
}

// query draws a query. The text says which it is.
func (l lot) query() (dal.Query, string) {
	folder := l.folder()
	name := pick(l, "own", "own", "NoteIndex", "TitleIndex", "ScoreIndex", "WeightIndex", "EditedIndex", "DigestIndex", "OwnerIndex")
	byFolder := func() dal.Query { return dal.Index(name).Equal(folder) }
	var s sortedIndex
	switch name {
	case "own":
		s = sortedIndex{dal.TableKey().Equal(l.IntN(4)), func() any { return l.IntN(80) - 40 }, false}
	case "NoteIndex":
		s = sortedIndex{dal.Index(name).Equal(l.IntN(80) - 40), func() any { return l.IntN(3) }, false}
	case "TitleIndex":
		s = sortedIndex{byFolder(), func() any { return l.title() }, true}
	case "ScoreIndex":
		s = sortedIndex{byFolder(), func() any { return l.score() }, false}
	case "WeightIndex":
		s = sortedIndex{byFolder(), func() any { return l.weight() }, false}
	case "EditedIndex":
		s = sortedIndex{byFolder(), func() any {
			return pick(l, l.edited(), time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC))
		}, false}
	case "DigestIndex":
		s = sortedIndex{byFolder(), func() any { return l.digest() }, true}
	case "OwnerIndex":
		q, text := l.rest(dal.Index(name).Equal(l.digest()), name)
		return q, text
	}
	q, text := l.bounds(s, name)
	return l.rest(q, text)
}

// bounds draws conditions on the sort key, mostly one or two.
func (l lot) bounds(s sortedIndex, text string) (dal.Query, string) {
	q := s.query
	for range pick(l, 0, 0, 1, 1, 2, 3) {
		v := s.draw()
		op := pick(l, "≥", ">", "≤", "<", "=", "between", "begins")
		text += fmt.Sprintf(" %s %q", op, fmt.Sprint(v))
		switch op {
		case "≥":
			q = q.AtLeast(v)
		case ">":
			q = q.Above(v)
		case "≤":
			q = q.AtMost(v)
		case "<":
			q = q.Below(v)
		case "=":
			q = q.Exactly(v)
		case "between":
			q = q.Between(v, s.draw())
		case "begins":
			if s.text {
				q = q.BeginsWith(v)
			}
		}
	}
	return q, text
}

// rest draws direction and conditions on other columns.
func (l lot) rest(q dal.Query, text string) (dal.Query, string) {
	if l.IntN(2) == 0 {
		q, text = q.Descending(), text+" descending"
	}
	for range pick(l, 0, 0, 0, 1, 1, 2) {
		column, c := l.condition()
		q, text = q.Where(column, c), text+fmt.Sprintf(" where %s %v", column, c)
	}
	return q, text
}

func (l lot) condition() (string, dal.Condition) {
	compare := pick(l, dal.Equals, dal.Differs, dal.Less, dal.AtMost, dal.Greater, dal.AtLeast)
	search := pick(l, dal.BeginsWith, dal.Contains)
	switch l.IntN(9) {
	case 0:
		return "title", compare(l.title())
	case 1:
		return "title", search(l.title())
	case 2:
		return "score", compare(l.score())
	case 3:
		return "weight", compare(l.weight())
	case 4:
		return "edited", compare(l.edited())
	case 5:
		return "digest", search(l.digest()[:1])
	case 6:
		return "pinned", compare(l.IntN(2) == 0)
	case 7:
		return "note_id", dal.OneOf(l.IntN(80)-40, l.IntN(80)-40, 0, 1, 2, 3)
	}
	return pick(l, "folder", "body", "digest", "title"), pick(l, dal.IsNull, dal.NotNull)()
}

// TestEveryStoreAnswersAlike asks the stores random queries over the same random
// notes. Each page, its end and its cursor are those of the model, and the cursor
// that one store has given goes on in the next.
func TestEveryStoreAnswersAlike(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	l := lot{rand.New(rand.NewPCG(seed, 0))}
	stores := listStores(t)
	fill(t, l, stores)
	queries := 200
	if testing.Short() {
		queries = 40
	}
	pages, found := 0, 0
	for range queries {
		q, text := l.query()
		size := pick(l, 1, 2, 3, 5, 20, 100)
		from := l.IntN(len(stores))
		for cursor, more := "", true; more; more = cursor != "" {
			var model dal.Page[Note]
			var next string
			for i, s := range stores {
				page, err := s.notes.Page(t.Context(), q, cursor, size)
				require.NoError(t, err, "%s: %s", s.name, text)
				if i == 0 {
					model = page
				}
				require.Equal(t, places(model), places(page), "%s: %s, pages of %d", s.name, text, size)
				require.Equal(t, model, page, "%s: %s, pages of %d", s.name, text, size)
				if i == from {
					next = page.Next
				}
			}
			cursor, from = next, (from+1)%len(stores)
			pages, found = pages+1, found+len(model.Items)
		}
	}
	t.Logf("%d queries found %d notes on %d pages of %d stores", queries, found, pages, len(stores))
	require.Greater(t, found, queries, "the queries find something")
}

// places returns what tells the notes of a page apart.
func places(page dal.Page[Note]) []int64 {
	all := []int64{}
	for _, n := range page.Items {
		all = append(all, n.User*1000+n.ID)
	}
	return all
}

// fill stores random notes, replaces and deletes some, and waits for the indexes.
func fill(t *testing.T, l lot, stores []listStore) {
	t.Helper()
	there := map[[2]int64]bool{}
	for range 260 {
		n := l.note()
		id := [2]int64{n.User, n.ID}
		remove := there[id] && l.IntN(3) == 0
		for _, s := range stores {
			if remove {
				require.NoError(t, s.notes.Delete(t.Context(), s.notes.Key(n.User, n.ID)), s.name)
				continue
			}
			require.NoError(t, s.notes.Put(t.Context(), &n), s.name)
		}
		there[id] = !remove
	}
	whole := func(s listStore) (all []int64) {
		for _, q := range []dal.Query{dal.Index("TitleIndex").Equal("f"), dal.Index("OwnerIndex").Equal([]byte{0xff}), dal.Index("WeightIndex").Equal("%")} {
			for n, err := range s.notes.Query(t.Context(), q) {
				require.NoError(t, err)
				all = append(all, n.User*1000+n.ID)
			}
		}
		return all
	}
	for _, s := range stores {
		require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Equal(c, whole(stores[0]), whole(s), s.name) }, 20*time.Second, 50*time.Millisecond)
	}
}
