package storetest

import (
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func versionCases() []testCase {
	return ruled(ruleVersion,
		check{name: "from write to write", run: versionsGrow},
		check{name: "through a delete", run: versionsGrowThroughDelete},
		check{name: "above the floor of every new epoch", run: versionsAboveFloor},
		check{name: "through a time without capture", run: versionsThroughGap},
		withFence("a bare read has none", bareReadHasNone),
		check{name: "over two processes", run: versionsOverProcesses},
	)
}

// grows calls do and requires that the key has a higher version after it, above
// the floor of the epoch.
func (e *env) grows(key transform.Key, do func()) {
	e.Helper()
	before := e.row(key).Version
	do()
	after := e.row(key).Version
	require.Greater(e, after, before, "the version grows")
	require.Greater(e, after, store.Floor(e.at.Epoch), "the version lies above the floor")
	require.Less(e, after, store.Floor(e.at.Epoch+1), "the version lies below the next epoch's floor")
}

// versionsGrow: a follower takes nothing that is not newer than what it has, whether
// the key was refreshed in between or not.
func versionsGrow(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	for _, m := range []store.Mutation{
		e.create(rec), e.update(rec, "username", "a"), e.replace(rec), e.replace(rec), e.update(rec, "username", "b"),
	} {
		e.grows(m.Key, func() { e.write(m) })
		e.grows(m.Key, func() { e.clean(m.Key); e.write(e.update(rec, "username", "c")) })
	}
}

// versionsGrowThroughDelete: a version that begins again would be refused by
// the follower's tombstone, and taken for something newer.
func versionsGrowThroughDelete(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	for range 2 {
		e.grows(e.key(rec), func() { e.write(e.create(rec)) })
		e.grows(e.key(rec), func() { e.write(e.remove(rec)) })
		e.clean(e.key(rec))
	}
	e.grows(e.key(rec), func() { e.write(e.replace(rec)) })
}

// versionsAboveFloor: a stray of an earlier epoch that lands late must meet a higher
// version, whatever its own key has seen.
func versionsAboveFloor(e *env) {
	e.start()
	e.capture()
	old, still := e.user(1), e.user(2)
	e.grows(e.key(old), func() { e.write(e.create(old), e.create(still)) })
	before := e.row(e.key(still)).Version
	for i := range 3 {
		e.advance(true)
		require.Equal(e, before, e.row(e.key(still)).Version, "an epoch alone changes no version")
		e.grows(e.key(old), func() { e.write(e.replace(old)) })
		fresh := e.user(10 + i)
		e.grows(e.key(fresh), func() { e.write(e.create(fresh)) })
	}
}

// versionsThroughGap: what was in the follower before the gap has versions, too.
func versionsThroughGap(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.write(e.create(rec))
	e.advance(false)
	e.write(e.update(rec, "username", "unrecorded"))
	e.advance(true)
	e.grows(e.key(rec), func() { e.write(e.replace(rec)) })
}

// bareReadHasNone: a bare read that joins change records costs more than the
// service's own, for nothing.
func bareReadHasNone(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	row, err := e.Authority.Get(e.ctx, store.At{Epoch: e.at.Epoch}, e.key(rec))
	require.NoError(e, err)
	require.True(e, row.Live)
	require.Zero(e, row.Version, "a bare read knows of no versions")
}

// versionsOverProcesses: a process that counts for itself gives a version twice.
func versionsOverProcesses(e *env) {
	e.start()
	e.capture()
	rec, second := e.user(1), e.other()
	e.fill(rec)
	for range 3 {
		e.grows(e.key(rec), func() { e.write(e.replace(rec)) })
		e.grows(e.key(rec), func() {
			_, err := second.Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{e.replace(rec)}})
			require.NoError(e, err)
		})
	}
}
