package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func raceCases() []testCase {
	return bothWays(ruled(ruleRace,
		check{name: "updates", run: updatesAtOnce},
		check{name: "updates of two keys in either order", run: crossedUpdates},
		check{name: "creates", run: createsAtOnce},
		check{name: "deletes", run: deletesAtOnce},
		check{name: "a unique value", run: uniqueAtOnce},
	))
}

// updatesAtOnce: a store that reads, lets go and writes loses most of them.
func updatesAtOnce(e *env) {
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	before := e.row(e.key(rec)).Version
	handles := []Subject{e.Subject, e.other()}
	const writers, each = 8, 10
	for _, err := range together(writers, func(i int) error {
		for range each {
			w := store.Write{Mutations: []store.Mutation{e.increment(rec)}}
			if err := persist(func() error { _, err := handles[i%2].Authority.Write(e.ctx, e.at, w); return err }); err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(e, err)
	}
	require.EqualValues(e, writers*each, e.rank(rec), "as many as were acknowledged")
	if e.at.Captured {
		require.GreaterOrEqual(e, e.row(e.key(rec)).Version, before+writers*each, "each has a version of its own")
	}
}

// crossedUpdates is where a store that locks keys in the order given stands
// still.
func crossedUpdates(e *env) {
	a, b := e.visit("v", 1, "rank", "0"), e.visit("v", 2, "rank", "0")
	e.fill(a, b)
	const writers, each = 4, 10
	for _, err := range together(writers, func(i int) error {
		mutations := []store.Mutation{e.increment(a), e.increment(b)}
		if i%2 == 1 {
			mutations = []store.Mutation{e.increment(b), e.increment(a)}
		}
		for range each {
			if err := persist(func() error { _, err := e.try(mutations...); return err }); err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(e, err)
	}
	require.EqualValues(e, writers*each, e.rank(a))
	require.EqualValues(e, writers*each, e.rank(b))
}

// oneWins requires that one of several writes succeeds and the others fail
// with the error.
func (e *env) oneWins(n int, otherwise error, m func(i int) store.Mutation) (winner int) {
	handles := []Subject{e.Subject, e.other()}
	mutations := make([]store.Mutation, n)
	for i := range mutations {
		mutations[i] = m(i)
	}
	var won, last atomic.Int64
	for _, err := range together(n, func(i int) error {
		w := store.Write{Mutations: mutations[i : i+1]}
		err := persist(func() error { _, err := handles[i%2].Authority.Write(e.ctx, e.at, w); return err })
		switch {
		case err == nil:
			won.Add(1)
			last.Store(int64(i))
		case !errors.Is(err, otherwise):
			return err
		}
		return nil
	}) {
		require.NoError(e, err)
	}
	require.EqualValues(e, 1, won.Load(), "one of them succeeds")
	return int(last.Load())
}

// createsAtOnce: two registrations of one name at one moment.
func createsAtOnce(e *env) {
	records := make([]transform.Record, 6)
	for i := range records {
		records[i] = e.user(1, "username", fmt.Sprintf("writer-%d", i))
	}
	i := e.oneWins(len(records), store.ErrExists, func(i int) store.Mutation { return e.create(records[i]) })
	e.requireLive(records[i])
}

// deletesAtOnce: whoever deleted may give something back, such as stock, once.
func deletesAtOnce(e *env) {
	rec := e.user(1)
	e.fill(rec)
	e.oneWins(6, store.ErrNotFound, func(int) store.Mutation { return e.remove(rec) })
	e.requireGone(rec)
}

// uniqueAtOnce: a store that looks and then writes lets two in.
func uniqueAtOnce(e *env) {
	wanted := func(i int) transform.Record { return e.user(i, "username", "wanted") }
	i := e.oneWins(6, store.ErrUnique, func(i int) store.Mutation { return e.create(wanted(i)) })
	require.Len(e, e.state(), 1)
	e.requireLive(wanted(i))
}
