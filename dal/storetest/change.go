package storetest

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func bumpCases() []testCase {
	return ruled(ruleBump,
		check{"whatever is at the key", bumpAnything},
		check{"in a new epoch", bumpInNewEpoch},
		check{"many keys", bumpMany},
		check{"beside updates", bumpBesideUpdates},
	)
}

// bumpAnything: a bump of a key that is dirty already must give a new version
// too, since a refresh may be on its way with the old one.
func bumpAnything(e *env) {
	e.start()
	unseen := e.user(1)
	e.fill(unseen)
	e.capture()
	clean, dirty, gone, never := e.user(2), e.user(3), e.user(4), e.user(5)
	e.fill(clean, gone)
	e.unset(gone)
	e.cleanAll()
	e.fill(dirty)
	for _, rec := range []transform.Record{unseen, clean, dirty, gone, never} {
		key := e.key(rec)
		before := e.row(key)
		e.grows(key, func() { require.NoError(e, e.Authority.Bump(e.ctx, []transform.Key{key})) })
		after := e.row(key)
		require.Equal(e, after.Version, e.dirty()[key])
		require.Equal(e, before.Live, after.Live, "a bump changes no data")
		if before.Live {
			require.Equal(e, text(before.Record), text(after.Record), "a bump changes no data")
		}
	}
}

// bumpInNewEpoch: a bump that lags behind the floor is refused by the follower.
func bumpInNewEpoch(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	e.advance(true)
	e.grows(e.key(rec), func() { require.NoError(e, e.Authority.Bump(e.ctx, []transform.Key{e.key(rec)})) })
}

// bumpMany bumps as many keys at once as a repair does.
func bumpMany(e *env) {
	e.start()
	e.capture()
	require.NoError(e, e.Authority.Bump(e.ctx, nil))
	require.Empty(e, e.dirty())
	var keys []transform.Key
	for i := range 60 {
		keys = append(keys, e.key(e.user(i)), e.key(e.visit("v", i)))
	}
	require.NoError(e, e.Authority.Bump(e.ctx, keys))
	require.ElementsMatch(e, keys, slices.Collect(maps.Keys(e.dirty())))
}

// bumpBesideUpdates: a bump that writes back what it has read undoes an update.
func bumpBesideUpdates(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	before := e.row(e.key(rec)).Version
	const each = 10
	for _, err := range together(4, func(g int) error {
		for n := range each {
			if err := persist(func() error { return e.bumpOrIncrement(g+n, rec) }); err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(e, err)
	}
	require.EqualValues(e, 4*each/2, e.rank(rec), "a bump loses no update")
	require.GreaterOrEqual(e, e.row(e.key(rec)).Version, before+4*each, "each gave a version of its own")
}

func (e *env) bumpOrIncrement(n int, rec transform.Record) error {
	if n%2 == 0 {
		return e.Authority.Bump(e.ctx, []transform.Key{e.key(rec)})
	}
	_, err := e.try(e.increment(rec))
	return err
}

func dirtyCases() []testCase {
	return ruled(ruleDirty,
		check{"pages", dirtyPages},
		check{"pages beside Clean", dirtyBesideClean},
		check{"the count", backlog},
	)
}

// manyDirty leaves 30 dirty keys of both entities, and some clean ones.
func (e *env) manyDirty() map[transform.Key]store.Version {
	e.start()
	e.capture()
	want := map[transform.Key]store.Version{}
	for i := range 20 {
		users := e.write(e.create(e.user(i*7)), e.create(e.visit(fmt.Sprintf("visitor-%d", i%3), i)))
		if i%4 == 3 {
			e.clean(users.Rows[0].Key)
			e.clean(users.Rows[1].Key)
			continue
		}
		want[users.Rows[0].Key], want[users.Rows[1].Key] = users.Rows[0].Version, users.Rows[1].Version
	}
	return want
}

// dirtyPages: a key that no page shows is never refreshed.
func dirtyPages(e *env) {
	want := e.manyDirty()
	var order []transform.Key
	for _, limit := range []int{1, 7, 30, 100} {
		got := map[transform.Key]store.Version{}
		var keys []transform.Key
		for _, c := range e.dirtyPages(limit) {
			got[c.Key] = c.Version
			keys = append(keys, c.Key)
			require.GreaterOrEqual(e, c.Age, int64(0))
		}
		require.Equal(e, want, got, "in pages of %d", limit)
		require.Len(e, keys, len(want), "no key comes twice")
		if order != nil {
			require.Equal(e, order, keys, "the order is the same whatever the page")
		}
		order = keys
	}
}

// dirtyBesideClean goes through the keys as a relay does: what it cleans is
// gone from under the pages.
func dirtyBesideClean(e *env) {
	want := e.manyDirty()
	got := map[transform.Key]store.Version{}
	var after transform.Key
	for {
		page, err := e.Authority.Dirty(e.ctx, after, 4)
		require.NoError(e, err)
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			got[c.Key], after = c.Version, c.Key
			require.NoError(e, e.Authority.Clean(e.ctx, c.Key, c.Version))
		}
	}
	require.Equal(e, want, got)
	require.Empty(e, e.dirty())
}

// backlog: a step that waits for nothing to be dirty trusts the count.
func backlog(e *env) {
	want := e.manyDirty()
	b, err := e.Control.Backlog(e.ctx)
	require.NoError(e, err)
	require.EqualValues(e, len(want), b.Dirty)
	require.GreaterOrEqual(e, b.Oldest, 0*holdTime)
	e.cleanAll()
	b, err = e.Control.Backlog(e.ctx)
	require.NoError(e, err)
	require.Zero(e, b, "nothing is dirty, and nothing is old")
}

func cleanCases() []testCase {
	return ruled(ruleClean,
		check{"at another version", cleanAtOtherVersion},
		check{"after a bump", cleanAfterBump},
		check{"where nothing is dirty", cleanNothing},
		check{"beside writes", cleanBesideWrites},
	)
}

// cleanAtOtherVersion plays a refresh that read, and a write that came before
// its Clean: cleaned all the same, the write would never reach the follower.
func cleanAtOtherVersion(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	key := e.key(rec)
	e.fill(rec, e.user(2))
	refreshed := e.row(key).Version
	e.write(e.update(rec, "username", "newer"))
	now := e.row(key).Version
	e.unchanged(func() {
		for _, v := range []store.Version{refreshed, now - 1, now + 1, 0} {
			require.NoError(e, e.Authority.Clean(e.ctx, key, v))
		}
	})
	require.NoError(e, e.Authority.Clean(e.ctx, key, now))
	row := e.row(key)
	require.False(e, row.Dirty)
	require.Equal(e, now, row.Version, "Clean changes no version")
	require.Len(e, e.dirty(), 1, "Clean cleans one key")
	e.write(e.remove(rec))
	require.True(e, e.row(key).Dirty, "a write after Clean makes the key dirty again")
}

// cleanAfterBump: a bump means that the follower must be written once more, even
// though the record is the same.
func cleanAfterBump(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	refreshed := e.row(e.key(rec)).Version
	require.NoError(e, e.Authority.Bump(e.ctx, []transform.Key{e.key(rec)}))
	e.unchanged(func() { require.NoError(e, e.Authority.Clean(e.ctx, e.key(rec), refreshed)) })
}

// cleanNothing: two relays refresh one key, and the second finds it clean.
func cleanNothing(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.unchanged(func() { require.NoError(e, e.Authority.Clean(e.ctx, e.key(rec), 7)) }, e.key(rec))
	e.fill(rec)
	e.clean(e.key(rec))
	e.unchanged(func() { e.clean(e.key(rec)) })
}

// cleanBesideWrites cleans what it has read while somebody writes. A write is
// forgotten if its key is clean at a version that nobody has cleaned.
func cleanBesideWrites(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	c := &cleaner{env: e, key: e.key(rec), cleaned: map[store.Version]bool{}}
	begun, done := make(chan struct{}), make(chan struct{})
	for _, err := range together(2, func(i int) error {
		if i == 0 {
			defer close(done)
			<-begun
			return c.write(e.increment(rec), 40)
		}
		err := c.clean()
		close(begun)
		for ; err == nil && !closed(done); err = c.clean() {
		}
		return err
	}) {
		require.NoError(e, err)
	}
	require.EqualValues(e, 40, e.rank(rec))
}

// A cleaner cleans a key beside a writer, and knows what it has cleaned.
type cleaner struct {
	*env
	key     transform.Key
	mu      sync.Mutex
	cleaned map[store.Version]bool
}

func (c *cleaner) write(m store.Mutation, times int) error {
	for range times {
		var w store.Written
		if err := persist(func() (err error) { w, err = c.try(m); return err }); err != nil {
			return err
		}
		row, err := c.Authority.Get(c.ctx, relay, c.key)
		if err != nil {
			return err
		}
		c.mu.Lock()
		cleaned := c.cleaned[w.Rows[0].Version]
		c.mu.Unlock()
		if !row.Dirty && !cleaned {
			return fmt.Errorf("version %d was never refreshed, and is clean", row.Version)
		}
	}
	return nil
}

func (c *cleaner) clean() error {
	row, err := c.Authority.Get(c.ctx, relay, c.key)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.cleaned[row.Version] = true
	c.mu.Unlock()
	return persist(func() error { return c.Authority.Clean(c.ctx, c.key, row.Version) })
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
