package mysqlstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// waits waits until one session waits for a lock.
func (c *copying) waits() {
	c.t.Helper()
	f := &fixture{t: c.t, db: c.db}
	f.waits(1)
}

// TestCleanedBesideAWriter: a mark that is cleaned while another writer replaces it stays
// if he commits, and goes if he does not. Nobody sees it before.
func TestCleanedBesideAWriter(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	c := newCopying(t, shop)
	key := c.key("Wares", "a", 1)
	for _, commits := range []bool{true, false} {
		c.write(c.set(key, "name", fmt.Sprint("before ", commits)))
		page, err := c.FanOuts(c.ctx, store.DirtyRange{Limit: 9})
		require.NoError(t, err)
		require.Len(t, page.Marks, 1)

		tx := c.begin()
		j := c.Joining(tx)
		_, err = j.Record(c.ctx, c.at, []transform.Key{key})
		require.NoError(t, err)
		_, err = tx.Exec("UPDATE wares SET name = 'later' WHERE shop = 'a' AND number = 1")
		require.NoError(t, err)
		again, err := c.FanOuts(c.ctx, store.DirtyRange{Limit: 9})
		require.NoError(t, err)
		require.Equal(t, page.Marks[0].Version, again.Marks[0].Version)

		cleaned := make(chan error, 1)
		go func() { cleaned <- c.CleanFanOut(c.ctx, page.Marks[0]) }()
		c.waits()
		if commits {
			require.NoError(t, j.Commit(c.ctx))
			require.NoError(t, <-cleaned)
			require.Equal(t, []string{"Wares a/1"}, c.marks())
		} else {
			require.NoError(t, j.Rollback())
			require.NoError(t, <-cleaned)
			require.Empty(t, c.marks())
		}
	}
}

// TestTwoWritersOfOneSource: the second waits for the first, and its mark is the one that
// is there.
func TestTwoWritersOfOneSource(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	c := newCopying(t, shop)
	key := c.key("Wares", "a", 1)
	j := c.Joining(c.begin())
	first, err := j.Record(c.ctx, c.at, []transform.Key{key})
	require.NoError(t, err)
	second := make(chan store.Written, 1)
	go func() {
		w, _ := c.Write(c.ctx, c.at, store.Write{Mutations: []store.Mutation{c.set(key, "name", "second")}})
		second <- w
	}()
	c.waits()
	require.NoError(t, j.Commit(c.ctx))
	w := <-second
	require.Len(t, w.Rows, 1)
	require.Greater(t, w.Rows[0].Version, first[0].Version)
	page, err := c.FanOuts(c.ctx, store.DirtyRange{Limit: 9})
	require.NoError(t, err)
	require.Len(t, page.Marks, 1)
	require.Equal(t, w.Rows[0].Version, page.Marks[0].Version)
}

// TestNoFanOutIsForgotten: whoever carries marks out beside any number of writers has read
// the last name of each source after its mark, once there are no marks.
func TestNoFanOutIsForgotten(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	for _, triggers := range []bool{false, true} {
		t.Run(fmt.Sprintf("triggers %t", triggers), func(t *testing.T) {
			c := newCopying(t, shop)
			if triggers {
				_, _, err := c.InstallTriggers(c.ctx)
				require.NoError(t, err)
			}
			keys := []transform.Key{c.key("Sections", 1), c.key("Sections", 2), c.key("Wares", "a", 1)}
			name := func(key transform.Key) string {
				row, err := c.Get(c.ctx, store.At{}, key)
				require.NoError(t, err)
				v, _ := row.Record.Get("name")
				return v.Text()
			}
			var writers, relays sync.WaitGroup
			done := make(chan struct{})
			for w := range 4 {
				writers.Go(func() {
					for n := range 25 {
						text := fmt.Sprintf("%d/%d", w, n)
						if triggers && w == 0 { // another program
							_, err := c.db.Exec("UPDATE sections SET name = ? WHERE section_id = ?", text, n%2+1)
							if no := errno(t, err); no != 1213 && no != 1205 {
								require.NoError(t, err)
							}
							continue
						}
						m := []store.Mutation{c.set(keys[(w+n)%3], "name", text), c.set(keys[(w+n+1)%3], "name", text)}
						if _, err := c.Write(c.ctx, c.at, store.Write{Mutations: m}); err != nil {
							require.ErrorIs(t, err, store.ErrConflict)
						}
					}
				})
			}
			var mu sync.Mutex
			seen := map[transform.Key]map[store.Version]string{}
			last := map[transform.Key]store.Version{}
			carry := func() int {
				page, err := c.FanOuts(c.ctx, store.DirtyRange{Limit: 2})
				require.NoError(t, err)
				for _, f := range page.Marks {
					text := name(f.Sources[0])
					mu.Lock()
					if seen[f.Sources[0]] == nil {
						seen[f.Sources[0]] = map[store.Version]string{}
					}
					seen[f.Sources[0]][f.Version] = text
					last[f.Sources[0]] = max(last[f.Sources[0]], f.Version)
					mu.Unlock()
					require.NoError(t, c.Reach(c.ctx, f, "half"))
					require.NoError(t, c.CleanFanOut(c.ctx, f))
				}
				return len(page.Marks)
			}
			for range 2 {
				relays.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
							carry()
						}
					}
				})
			}
			writers.Wait()
			close(done)
			relays.Wait()
			require.Eventually(t, func() bool { return carry() == 0 }, time.Minute, time.Millisecond)
			for _, key := range keys {
				require.Equal(t, name(key), seen[key][last[key]], key)
			}
			require.Empty(t, c.marks())
		})
	}
}

// TestFanOutWithFaultAtEveryStatement: whatever is lost on the way, what commits has its
// mark, and what does not has none.
func TestFanOutWithFaultAtEveryStatement(t *testing.T) {
	for _, lost := range []string{"statement", "answer"} {
		c := newCopying(t, shop)
		key, tries := c.key("Wares", "a", 1), 0
		for n := 0; ; n++ {
			text := fmt.Sprint(lost, n)
			met := false
			cut := func(i int, _ string) bool { met = met || i == n; return i == n }
			before, after := cut, cut
			if lost == "statement" {
				after = nil
			} else {
				before = nil
			}
			c.hooks.reset(before, after)
			_, err := c.Write(c.ctx, c.at, store.Write{Mutations: []store.Mutation{c.set(key, "name", text)}})
			c.hooks.reset(nil, nil)
			row, got := c.Get(c.ctx, store.At{}, key)
			require.NoError(t, got)
			v, _ := row.Record.Get("name")
			want := []string{}
			if v.Text() == text {
				want = []string{"Wares a/1"}
			} else {
				require.Error(t, err)
			}
			require.Equal(t, want, c.marks(), "%s %d", lost, n)
			if !met {
				require.NoError(t, err)
				break
			}
			tries++
		}
		require.GreaterOrEqual(t, tries, 6)
	}
}
