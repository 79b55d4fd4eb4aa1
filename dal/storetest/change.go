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
		check{name: "whatever is at the key", run: bumpAnything},
		check{name: "in a new epoch", run: bumpInNewEpoch},
		check{name: "many keys", run: bumpMany},
		check{name: "beside updates", run: bumpBesideUpdates},
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
		check{name: "pages", run: dirtyPages},
		check{name: "pages beside Clean", run: dirtyBesideClean},
		check{name: "from every process", run: dirtyFromEveryProcess},
		check{name: "a change of several keys", run: dirtyTogether},
		check{name: "the count", run: backlog},
	)
}

// manyDirty leaves dirty keys of two entities, and some clean ones.
func (e *env) manyDirty() map[transform.Key]store.Version {
	e.start()
	e.capture()
	want := map[transform.Key]store.Version{}
	for i := range 20 {
		w := e.write(e.create(e.user(i*7)), e.create(e.visit(fmt.Sprintf("visitor-%d", i%3), i)))
		for _, row := range w.Rows {
			if i%4 != 3 {
				want[row.Key] = row.Version
			}
		}
		if i%4 == 3 {
			e.clean(w.Rows[0].Key)
			e.clean(w.Rows[1].Key)
		}
	}
	return want
}

// inChanges returns the keys of change records with their versions, and fails
// if one comes twice.
func (e *env) inChanges(changes []store.Change) map[transform.Key]store.Version {
	e.Helper()
	all := map[transform.Key]store.Version{}
	for _, c := range changes {
		require.GreaterOrEqual(e, c.Age, int64(0))
		for _, k := range c.Keys {
			require.NotContains(e, all, k.Key, "a change comes twice")
			all[k.Key] = k.Version
		}
	}
	return all
}

// places returns what identifies each change, in their order.
func places(changes []store.Change) []string {
	all := []string{}
	for _, c := range changes {
		all = append(all, fmt.Sprint(c.Ref, c.Keys))
	}
	return all
}

// dirtyPages: a key that no page shows is never refreshed.
func dirtyPages(e *env) {
	want := e.manyDirty()
	order := places(e.changes(100))
	for _, limit := range []int{1, 7, 30} {
		changes := e.changes(limit)
		require.Equal(e, want, e.inChanges(changes), "in pages of %d", limit)
		require.Equal(e, order, places(changes), "the order is the same whatever the page")
	}
}

// dirtyBesideClean goes through the changes as a relay does: what it cleans is
// gone from under the pages.
func dirtyBesideClean(e *env) {
	want := e.manyDirty()
	var seen []store.Change
	for shard := range e.Authority.Shards() {
		e.eachPage(e.Authority, shard, 4, func(page []store.Change) {
			seen = append(seen, page...)
			for _, c := range page {
				require.NoError(e, e.Authority.Clean(e.ctx, c))
			}
		})
	}
	require.Equal(e, want, e.inChanges(seen))
	require.Empty(e, e.dirty())
}

// dirtyFromEveryProcess: the relays of several processes share the shards, so
// each change is in one shard, and the same one for all.
func dirtyFromEveryProcess(e *env) {
	e.start()
	e.capture()
	handles := []Subject{e.Subject, e.other()}
	want := map[transform.Key]store.Version{}
	for i := range 24 {
		w, err := handles[i%2].Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{e.create(e.user(i))}})
		require.NoError(e, err)
		want[w.Rows[0].Key] = w.Rows[0].Version
	}
	third := e.other().Authority
	require.Equal(e, e.Authority.Shards(), third.Shards())
	require.Positive(e, third.Shards())
	var all []store.Change
	for shard := range third.Shards() {
		var mine, theirs []store.Change
		e.eachPage(e.Authority, shard, 100, func(page []store.Change) { mine = append(mine, page...) })
		e.eachPage(third, shard, 3, func(page []store.Change) { theirs = append(theirs, page...) })
		require.Equal(e, places(mine), places(theirs), "shard %d", shard)
		all = append(all, theirs...)
	}
	require.Equal(e, want, e.inChanges(all))
}

// dirtyTogether: a relay that is told of some of a transaction's keys leaves the
// others behind. The change is the one that the write has answered with.
func dirtyTogether(e *env) {
	e.start()
	e.capture()
	e.fill(e.visit("v", 1, "rank", "1"))
	e.cleanAll()
	w := e.write(e.create(e.user(2)), e.increment(e.visit("v", 1)), e.create(e.user(1)))
	want := map[transform.Key]store.Version{}
	for _, row := range w.Rows {
		want[row.Key] = row.Version
	}
	changes := e.changes(100)
	require.Equal(e, want, e.inChanges(changes))
	require.Equal(e, want, e.inChanges(w.Changes))
	require.ElementsMatch(e, places(w.Changes), places(changes), "the write names its change records as Dirty does")
	require.Equal(e, e.leased(), len(changes) == 1, "one per transaction, or one per key")
	for _, c := range w.Changes {
		require.Equal(e, e.leased(), c.Ref != "")
		require.NoError(e, e.Authority.Clean(e.ctx, c))
	}
	require.Empty(e, e.changes(100))
}

// backlog: a step that waits for nothing to be dirty trusts the count.
func backlog(e *env) {
	e.manyDirty()
	require.GreaterOrEqual(e, e.counted().Oldest, 0*holdTime)
	e.cleanAll()
	require.Zero(e, e.counted(), "nothing is dirty, and nothing is old")
}

// counted returns the backlog and requires that it counts every change, or what
// every change is about.
func (e *env) counted() store.Backlog {
	e.Helper()
	b, err := e.Control.Backlog(e.ctx)
	require.NoError(e, err)
	changes, most := e.changes(100), 0
	for _, c := range changes {
		most += len(c.Keys)
		if c.Token != nil {
			most++
		}
	}
	require.GreaterOrEqual(e, b.Dirty, int64(len(changes)))
	require.LessOrEqual(e, b.Dirty, int64(most))
	return b
}

func cleanCases() []testCase {
	return ruled(ruleClean,
		withFence("at another version", cleanAtOtherVersion),
		withFence("after a bump", cleanAfterBump),
		withFence("where nothing is dirty", cleanNothing),
		withFence("beside writes", cleanBesideWrites),
		underLease("one change of a key", cleanOneChange),
		underLease("twice", cleanTwice),
		underLease("beside transactions", cleanBesideTransactions),
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
			require.NoError(e, e.Authority.Clean(e.ctx, changeOf(key, v)))
		}
	})
	require.NoError(e, e.Authority.Clean(e.ctx, changeOf(key, now)))
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
	e.unchanged(func() { require.NoError(e, e.Authority.Clean(e.ctx, changeOf(e.key(rec), refreshed))) })
}

// cleanNothing: two relays refresh one key, and the second finds it clean.
func cleanNothing(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.unchanged(func() { require.NoError(e, e.Authority.Clean(e.ctx, changeOf(e.key(rec), 7))) }, e.key(rec))
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
	return persist(func() error { return c.Authority.Clean(c.ctx, changeOf(c.key, row.Version)) })
}

// cleanOneChange: what is removed is the change that was refreshed, not what
// else its keys have waiting.
func cleanOneChange(e *env) {
	e.start()
	e.capture()
	rec, beside := e.user(1), e.user(2)
	first := e.write(e.create(rec), e.create(beside)).Changes[0]
	second := e.write(e.update(rec, "username", "newer")).Changes[0]
	version := e.row(e.key(rec)).Version
	require.NoError(e, e.Authority.Clean(e.ctx, first))
	require.Equal(e, places([]store.Change{second}), places(e.changes(100)))
	require.Equal(e, version, e.row(e.key(rec)).Version, "Clean changes no version")
	require.NoError(e, e.Authority.Bump(e.ctx, []transform.Key{e.key(rec)}))
	require.NoError(e, e.Authority.Clean(e.ctx, second))
	require.Equal(e, map[transform.Key]store.Version{e.key(rec): e.row(e.key(rec)).Version}, e.dirty())
}

// cleanTwice: two relays refresh one change, and the second finds it gone.
func cleanTwice(e *env) {
	e.start()
	e.capture()
	change := e.write(e.create(e.user(1))).Changes[0]
	e.fill(e.user(2))
	require.NoError(e, e.Authority.Clean(e.ctx, change))
	e.unchanged(func() { require.NoError(e, e.other().Authority.Clean(e.ctx, change)) })
}

// cleanBesideTransactions cleans what Dirty tells of while others write: no
// change goes that it was not told of.
func cleanBesideTransactions(e *env) {
	e.start()
	e.capture()
	const writers, each = 3, 15
	written := make([][]store.Change, writers)
	var told []store.Change
	done := make(chan struct{})
	pass := func() {
		changes := e.changes(4)
		told = append(told, changes...)
		for _, c := range changes {
			require.NoError(e, e.Authority.Clean(e.ctx, c))
		}
	}
	first := e.write(e.create(e.user(1))).Changes
	pass()
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for n := range each {
				m := e.create(e.visit(fmt.Sprint("v", i), n))
				if w, err := e.try(m); err == nil {
					written[i] = append(written[i], w.Changes...)
				}
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	for !closed(done) {
		pass()
	}
	pass()
	all := slices.Concat(append(written, first)...)
	require.Len(e, all, writers*each+1)
	require.ElementsMatch(e, places(all), places(told), "every change was told of before it went, once")
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
