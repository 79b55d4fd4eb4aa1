package migrationctl_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A Note is the record of the scenarios about lists.
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

// noteOf returns a note that shares title and score with others, and has 1.6 KB.
func noteOf(id int64) Note {
	folder, title, score := "f", fmt.Sprintf("t%02d", id%40), fmt.Sprintf("%d.5", id%7-3)
	body, edited := strings.Repeat("x", 1600), time.Date(2024, 3, 10, 9, 30, int(id%60), 0, time.UTC)
	return Note{User: 1, ID: id - 500, Folder: &folder, Title: &title, Score: &score, Edited: &edited, Body: &body}
}

// eachListWorld plays the scenario in memory, and on MariaDB or MySQL with every
// DynamoDB engine that is there.
func eachListWorld(t *testing.T, play func(t *testing.T, w *world)) {
	eachWorldOf(t, storetest.ListContract(t), play)
}

// openNotes starts a process of a world of ListContract.
func (w *world) openNotes(t *testing.T) (*process, *dal.Repository[Note]) {
	t.Helper()
	ctl, err := migrationctl.Open(t.Context(), w.faulty(), w.faultyDynamo(), leading())
	require.NoError(t, err)
	t.Cleanup(func() { _ = ctl.Close(context.Background()) })
	notes, err := dal.NewRepository[Note](ctl, "Notes")
	require.NoError(t, err)
	return &process{Controller: ctl}, notes
}

// pour writes notes to MySQL in few transactions.
func (w *world) pour(t *testing.T, n int64) {
	t.Helper()
	e := w.contract.Entity("Notes")
	record, err := w.mysql.Phase(t.Context())
	require.NoError(t, err)
	var all []store.Mutation
	for id := range n {
		note, rec := noteOf(id), e.NewRecord()
		for column, value := range map[string]any{"user_id": note.User, "note_id": note.ID, "folder": note.Folder, "title": note.Title,
			"score": note.Score, "edited": note.Edited, "body": note.Body} {
			v, err := e.Columns[e.ColumnIndex(column)].Value(value)
			require.NoError(t, err)
			require.NoError(t, rec.Set(column, v))
		}
		key, err := rec.Key()
		require.NoError(t, err)
		all = append(all, store.Mutation{Op: store.Create, Key: key, Record: rec})
	}
	for some := range slices.Chunk(all, 100) {
		_, err := w.mysql.Write(t.Context(), store.At{Epoch: record.Epoch}, store.Write{Mutations: some})
		require.NoError(t, err)
	}
}

// A list is a query in pages, with the answer of phase 1.
type list struct {
	query  dal.Query
	size   int
	pages  [][]int64
	cursor string // after the first half of the pages, taken in the phase before
}

// lists are asked in every phase: the table's own key and indexes, ties that are
// cut by the end of a page, both directions, ranges and conditions.
func lists() map[string]*list {
	own, byTitle, byScore := dal.TableKey().Equal(1), dal.Index("TitleIndex").Equal("f"), dal.Index("ScoreIndex").Equal("f")
	return map[string]*list{
		"own key":             {query: own, size: 97},
		"own key, at once":    {query: own, size: 700},
		"own key, backwards":  {query: own.Descending(), size: 190},
		"own key, part":       {query: own.Above(-400).AtMost(100), size: 100},
		"ties":                {query: byTitle, size: 80},
		"ties, backwards":     {query: byTitle.Descending(), size: 120},
		"prefix":              {query: byTitle.BeginsWith("t1"), size: 21},
		"numbers, backwards":  {query: byScore.Between("-2.5", "1.5").Descending(), size: 77},
		"moments":             {query: dal.By("folder", "edited").Equal("f").Exactly(time.Date(2024, 3, 10, 9, 30, 7, 0, time.UTC)), size: 4},
		"conditions":          {query: own.Where("score", dal.Less(0)).Where("title", dal.Contains("3")), size: 10},
		"conditions, by edit": {query: dal.Index("EditedIndex").Equal("f").Where("note_id", dal.Greater(0)).Descending(), size: 50},
	}
}

// read reads a list in pages from a cursor on. half is the cursor after as many
// pages.
func (l *list) read(t assert.TestingT, notes *dal.Repository[Note], cursor string, half int) (pages [][]int64, halfway string) {
	for more := true; more; more = cursor != "" && len(pages) < 1000 {
		page, err := notes.Page(context.Background(), l.query, cursor, l.size)
		if !assert.NoError(t, err) {
			return nil, ""
		}
		ids := []int64{}
		for _, n := range page.Items {
			ids = append(ids, n.ID)
		}
		pages = append(pages, ids)
		if cursor = page.Next; len(pages) == half {
			halfway = cursor
		}
	}
	return pages, halfway
}

// readAcross reads a list of the table's own key once more, which the phase does not change.
func (l *list) readAcross(notes *dal.Repository[Note]) error {
	at, cursor := 0, ""
	for more := true; more; more = cursor != "" {
		page, err := notes.Page(context.Background(), l.query, cursor, l.size)
		if err != nil {
			return err
		}
		if at >= len(l.pages) || !slices.EqualFunc(l.pages[at], page.Items, func(id int64, n Note) bool { return id == n.ID }) {
			return fmt.Errorf("page %d is another one", at)
		}
		at, cursor = at+1, page.Next
	}
	if at < len(l.pages) {
		return fmt.Errorf("%d pages of %d", at, len(l.pages))
	}
	return nil
}

// TestScenario33Lists: all lists have the same members in the same order on the
// same pages in every phase, ties and answers beyond a megabyte included, and a
// cursor taken in one phase goes on in the next.
func TestScenario33Lists(t *testing.T) {
	eachListWorld(t, func(t *testing.T, w *world) {
		const n = 750 // of 1.6 KB
		w.pour(t, n)
		p, notes := w.openNotes(t)
		all := lists()
		for name, l := range all {
			l.pages, _ = l.read(t, notes, "", 0)
			require.Greater(t, len(l.pages), 1, name)
			_, l.cursor = l.read(t, notes, "", len(l.pages)/2)
		}
		require.Len(t, slices.Concat(all["own key"].pages...), n)
		require.NoError(t, p.CaptureOn(t.Context(), migrationctl.Change{Reason: "test"}))
		for i, to := range []store.Phase{2, 3, 4, 5, 4, 3, 2, 1} {
			p.stepUnder(t, to, func() error { return all["own key"].readAcross(notes) })
			if i == 0 {
				require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
			}
			for name, l := range all {
				half := len(l.pages) / 2
				// An index of DynamoDB may still be on its way.
				require.EventuallyWithT(t, func(c *assert.CollectT) {
					rest, _ := l.read(c, notes, l.cursor, 0)
					assert.Equal(c, l.pages[half:], rest, "phase %d, %s: with the cursor of the phase before", to, name)
					pages, cursor := l.read(c, notes, "", half)
					assert.Equal(c, l.pages, pages, "phase %d, %s", to, name)
					l.cursor = cursor
				}, 20*time.Second, 50*time.Millisecond)
			}
		}
	})
}

// TestScenario33TableKeySeesItsOwnWrites: in every phase a list of the table's own
// key shows what was written before, deleted records not.
func TestScenario33TableKeySeesItsOwnWrites(t *testing.T) {
	eachListWorld(t, func(t *testing.T, w *world) {
		p, notes := w.openNotes(t)
		require.NoError(t, p.CaptureOn(t.Context(), migrationctl.Change{Reason: "test"}))
		want := []int64{}
		requireList := func(phase store.Phase) {
			t.Helper()
			got := []int64{}
			for n, err := range notes.Query(t.Context(), dal.TableKey().Equal(1).AtLeast(0)) {
				require.NoError(t, err)
				got = append(got, n.ID)
			}
			require.Equal(t, want, got, "phase %d", phase)
		}
		for i, phase := range []store.Phase{1, 2, 3, 4, 5, 4, 3, 2, 1} {
			if i > 0 {
				p.step(t, phase)
			}
			if i == 1 {
				require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
			}
			for j := range int64(4) {
				n := Note{User: 1, ID: int64(i)*4 + j}
				require.NoError(t, notes.Create(t.Context(), &n))
				want = append(want, n.ID)
				requireList(phase)
			}
			require.NoError(t, notes.Delete(t.Context(), notes.Key(1, want[0])))
			want = want[1:]
			requireList(phase)
		}
	})
}
