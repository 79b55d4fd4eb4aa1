package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func markCases() []testCase {
	return ruled(ruleMark,
		withFence("closed, bare", func(e *env) { e.start(); closedMark(e) }),
		withFence("closed, captured", func(e *env) { e.start(); e.capture(); closedMark(e) }),
		withFence("given away", givenAway),
		withFence("sealed", func(e *env) { e.start(); e.capture(); e.mark(store.GivenAway); e.mark(store.Sealed); nothingPasses(e) }),
		withFence("given away, reads are refused, bare", func(e *env) { e.start(); readsGivenAway(e) }),
		withFence("given away, reads are refused, captured", func(e *env) { e.start(); e.capture(); readsGivenAway(e) }),
		check{name: "closed, bumps and Cleans pass", run: bumpsPassClosed},
		check{name: "given away, no bump passes", run: bumpsGivenAway},
		underLease("given away, what landed late is told of and cleaned", lateChanges),
		withFence("writers beside a mark that closes", writersBesideClose),
	)
}

// writes returns a write of every kind, of a user that is there and one that is
// not.
func (e *env) writes(there, fresh transform.Record) []store.Mutation {
	return []store.Mutation{
		e.create(fresh), e.replace(fresh), e.replace(e.with(there, "username", "x")), e.update(there, "username", "x"),
		e.remove(there), e.create(there), e.remove(fresh),
	}
}

// nothingPasses tries every write at the mark's own epoch.
func nothingPasses(e *env) {
	p := e.phase()
	e.at = store.At{Epoch: p.Epoch, Captured: p.Capture, Lease: e.lease}
	there, fresh := e.user(1), e.user(2)
	e.unchanged(func() {
		for _, m := range e.writes(there, fresh) {
			_, err := e.try(m)
			e.requireError(err, store.ErrWrongPhase)
		}
		_, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{e.create(fresh)}, Token: "refused"})
		e.requireError(err, store.ErrWrongPhase)
	}, e.key(there), e.key(fresh))
}

// closedMark: a drain ends only if nothing new comes, and a hand-off that was
// given up has cost nobody a write. The authority is still here, so reads go on.
func closedMark(e *env) {
	there := e.user(1)
	e.fill(there)
	e.mark(store.Closed)
	nothingPasses(e)
	for name, err := range e.reads(e.at, there) {
		require.NoError(e, err, name)
	}
	e.mark(store.Open)
	e.write(e.update(there, "username", "x"))
	require.False(e, e.once("refused", e.create(e.user(2))).Repeated, "a write that was refused leaves no token")
}

// givenAway: from here on what is written would be overwritten by the other
// store. A process that still has the epoch before is refused as well.
func givenAway(e *env) {
	e.start()
	e.capture()
	e.fill(e.user(1))
	e.cleanAll()
	before := e.at
	e.mark(store.Closed)
	e.mark(store.GivenAway)
	nothingPasses(e)
	_, err := e.Authority.Write(e.ctx, before, store.Write{Mutations: []store.Mutation{e.create(e.user(2))}})
	e.requireError(err, store.ErrWrongPhase)
}

// readsGivenAway: a read that answers from a store that was given away misses
// what was acknowledged elsewhere. The relay's reads carry no epoch.
func readsGivenAway(e *env) {
	rec := e.user(1)
	e.fill(rec)
	captured, epochs := e.at.Captured, []uint64{e.at.Epoch}
	for _, state := range []store.State{store.GivenAway, store.Sealed} {
		e.mark(state)
		epochs = append(epochs, e.phase().Epoch)
		for _, epoch := range epochs {
			for name, err := range e.reads(store.At{Epoch: epoch, Captured: captured}, rec) {
				require.ErrorIs(e, err, store.ErrWrongPhase, "%s, %s at epoch %d", name, state, epoch)
			}
		}
		for name, err := range e.reads(relay, rec) {
			require.NoError(e, err, name)
		}
	}
}

// bumpsPassClosed: a drain needs them, or it would never end.
func bumpsPassClosed(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	e.mark(store.Closed)
	e.cleanAll()
	require.Empty(e, e.dirty())
	e.grows(e.key(rec), func() { require.NoError(e, e.Authority.Bump(e.ctx, []transform.Key{e.key(rec)})) })
	require.True(e, e.isDirty(e.key(rec)))
	e.cleanAll()
	require.Empty(e, e.dirty())
}

// bumpsGivenAway: a bump here gives a version that the authority might give to
// something else.
func bumpsGivenAway(e *env) {
	e.start()
	e.capture()
	rec := e.user(1)
	e.fill(rec)
	e.mark(store.Closed)
	e.cleanAll()
	for _, state := range []store.State{store.GivenAway, store.Sealed} {
		e.mark(state)
		e.unchanged(func() {
			err := e.Authority.Bump(e.ctx, []transform.Key{e.key(rec), e.key(e.user(2))})
			e.requireError(err, store.ErrWrongPhase)
		}, e.key(e.user(2)))
	}
}

// lateChanges: a write of a process that was paused can land after the store
// was given away. Its change is how anybody learns of it.
func lateChanges(e *env) {
	e.start()
	e.capture()
	e.mark(store.Closed)
	e.mark(store.GivenAway)
	change := e.write(e.create(e.user(1))).Changes[0] // the lease still holds
	require.Equal(e, places([]store.Change{change}), places(e.changes(100)))
	require.NoError(e, e.other().Authority.Clean(e.ctx, change))
	require.Empty(e, e.changes(100))
}

// writersBesideClose: when Advance returns, every write under the open mark has
// committed or never will; a drain that misses one loses it.
func writersBesideClose(e *env) {
	e.start()
	e.capture()
	b := e.beside(func(handle Subject, i, n int) error {
		w := store.Write{Mutations: []store.Mutation{e.create(e.user((i+1)*100_000 + n))}}
		_, err := handle.Authority.Write(e.ctx, e.at, w)
		return err
	})
	e.mark(store.Closed)
	b.requireOver(e)
}

// A beside is what runs beside an Advance.
type beside struct {
	advanced atomic.Bool
	wg       sync.WaitGroup
	mu       sync.Mutex
	faults   []string
}

// giveWay has a goroutine that calls a store without end take its time after n calls, so
// that on one processor the others have their turn too.
func giveWay(n int) {
	if n >= 200 {
		time.Sleep(time.Millisecond)
	}
}

// beside calls do from several goroutines until it is refused, and returns once
// each has succeeded at least once.
func (e *env) beside(do func(handle Subject, i, n int) error) *beside {
	b := &beside{}
	first := make(chan struct{}, writerCount)
	for i := range writerCount {
		handle := e.Subject
		if i%2 == 1 {
			handle = e.other()
		}
		b.wg.Go(func() {
			begun := sync.OnceFunc(func() { first <- struct{}{} })
			defer begun()
			for n := 0; ; n++ {
				late := b.advanced.Load()
				if b.over(do(handle, i, n), late) {
					return
				}
				begun()
				giveWay(n)
			}
		})
	}
	for range writerCount {
		<-first
	}
	return b
}

// over notes how a call ended and reports whether it was the last one.
func (b *beside) over(err error, late bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case errors.Is(err, store.ErrWrongPhase):
		return true
	case late:
		b.faults = append(b.faults, fmt.Sprintf("a call begun after Advance returned: %v", err))
		return true
	case err != nil && !errors.Is(err, store.ErrConflict):
		b.faults = append(b.faults, err.Error())
		return true
	}
	return false
}

// requireOver requires that nothing of it lands after Advance has returned.
func (b *beside) requireOver(e *env) {
	e.Helper()
	b.advanced.Store(true)
	then := e.state()
	b.wg.Wait()
	require.Empty(e, b.faults)
	require.Equal(e, then, e.state(), "something landed after Advance had returned")
}
