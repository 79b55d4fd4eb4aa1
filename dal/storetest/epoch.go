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

func epochCases() []testCase {
	return ruled(ruleEpoch,
		check{name: "bare", run: func(e *env) { e.start(); e.advance(false); otherEpochs(e) }},
		check{name: "captured", run: func(e *env) { e.start(); e.capture(); e.advance(true); otherEpochs(e) }},
		check{name: "bare after capture began", run: func(e *env) { wroteBefore(e, false, true) }},
		check{name: "captured after capture ended", run: func(e *env) { wroteBefore(e, true, false) }},
		check{name: "a refused write leaves its token unused", run: refusedToken},
		check{name: "reads are refused too, bare", run: func(e *env) { e.start(); e.advance(false); readsInOtherEpochs(e, false) }},
		check{name: "reads are refused too, captured", run: func(e *env) { e.start(); e.capture(); e.advance(true); readsInOtherEpochs(e, true) }},
		check{name: "writers beside the start of capture", run: func(e *env) { writersBesideAdvance(e, false) }},
		check{name: "writers beside an epoch under capture", run: func(e *env) { writersBesideAdvance(e, true) }},
		withFence("a writer held up in Modify, bare", func(e *env) { heldUpWriter(e, false) }),
		withFence("a writer held up in Modify, captured", func(e *env) { heldUpWriter(e, true) }),
	)
}

// otherEpochs tries every operation in every epoch but the right one.
func otherEpochs(e *env) {
	there := e.user(1)
	e.fill(there)
	now := e.at
	for _, epoch := range []uint64{0, now.Epoch - 1, now.Epoch + 1} {
		e.at.Epoch = epoch
		e.unchanged(func() {
			for _, m := range []store.Mutation{
				e.create(e.user(2)), e.replace(e.user(2)), e.replace(e.with(there, "username", "x")),
				e.update(there, "username", "x"), e.remove(there),
				// The fence is looked at before the data is.
				e.create(there), e.remove(e.user(2)),
			} {
				_, err := e.try(m)
				e.requireError(err, store.ErrWrongPhase)
			}
			_, err := e.try(e.create(e.user(2)), e.update(there, "username", "x"))
			e.requireError(err, store.ErrWrongPhase)
		}, e.key(e.user(2)))
	}
	e.at = now
	e.write(e.update(there, "username", "x"))
}

// wroteBefore plays a process that has not heard of the change yet.
func wroteBefore(e *env, captured, then bool) {
	e.start()
	e.advance(captured)
	rec, old := e.user(1), e.at
	e.fill(rec)
	e.advance(then)
	now := e.at
	e.at = old
	e.unchanged(func() {
		for _, m := range []store.Mutation{e.update(rec, "username", "x"), e.remove(rec), e.create(e.user(2))} {
			_, err := e.try(m)
			e.requireError(err, store.ErrWrongPhase)
		}
	}, e.key(e.user(2)))
	e.at = now
	e.write(e.update(rec, "username", "x"))
	e.write(e.create(e.user(2)))
}

// refusedToken: a write that was refused is tried again with the same token, under
// the next epoch, and must not be taken for done.
func refusedToken(e *env) {
	e.start()
	old := e.at
	e.capture()
	w := store.Write{Mutations: []store.Mutation{e.create(e.user(1))}, Token: "once"}
	_, err := e.Authority.Write(e.ctx, old, w)
	e.requireError(err, store.ErrWrongPhase)
	done, err := e.Authority.Write(e.ctx, e.at, w)
	require.NoError(e, err)
	require.False(e, done.Repeated, "the refused write has left nothing")
	e.requireLive(e.user(1))
}

// readsInOtherEpochs: a read in an epoch that is over could miss what was written
// elsewhere since, under capture or without. The relay's reads carry no epoch
// and are always right.
func readsInOtherEpochs(e *env, captured bool) {
	rec := e.user(1)
	e.fill(rec)
	for _, epoch := range []uint64{e.at.Epoch - 1, e.at.Epoch + 1} {
		for name, err := range e.reads(store.At{Epoch: epoch, Captured: captured, Lease: e.lease}, rec) {
			require.ErrorIs(e, err, store.ErrWrongPhase, name)
		}
	}
	for _, at := range []store.At{e.at, relay} {
		for name, err := range e.reads(at, rec) {
			require.NoError(e, err, name)
		}
	}
}

// reads makes every kind of read and returns their errors.
func (e *env) reads(at store.At, rec transform.Record) map[string]error {
	errs := map[string]error{}
	for name, read := range e.readers(rec) {
		errs[name] = read(at)
	}
	return errs
}

// readers returns every kind of read of a user.
func (e *env) readers(rec transform.Record) map[string]func(store.At) error {
	r, key := e.reader(), e.key(rec)
	return map[string]func(store.At) error{
		"get":      func(at store.At) error { _, err := r.Get(e.ctx, at, key); return err },
		"get many": func(at store.At) error { _, err := r.GetMany(e.ctx, at, []transform.Key{key}); return err },
		"query": func(at store.At) error {
			_, err := r.Query(e.ctx, at, store.Query{Entity: e.users, Index: "UsernameIndex", Equal: transform.TextValue("user-1"), Limit: 10})
			return err
		},
		"scan": func(at store.At) error {
			_, err := r.Scan(e.ctx, at, store.Range{Entity: e.users, Limit: 10})
			return err
		},
	}
}

// writersBesideAdvance lets writers of the old epoch run into an Advance. What
// is there when Advance returns is all they ever wrote: a write that commits
// later has no change record, and nothing would ever bring it to the follower.
func writersBesideAdvance(e *env, captured bool) {
	e.start()
	e.advance(captured)
	w := &writers{env: e, old: e.at, first: make(chan struct{}, writerCount)}
	var wg sync.WaitGroup
	for i := range writerCount {
		handle := e.Subject
		if i%2 == 1 {
			handle = e.other()
		}
		wg.Go(func() { w.run(handle, i) })
	}
	for range writerCount {
		<-w.first
	}
	e.capture()
	w.advanced.Store(true)
	then := e.state()
	wg.Wait()
	require.Empty(e, w.faults)
	require.Equal(e, then, e.state(), "a write of the old epoch landed after Advance had returned")
	for _, key := range w.acknowledged {
		require.Contains(e, then, key, "an acknowledged write is there")
	}
	if !captured {
		require.Empty(e, e.dirty())
	}
}

const writerCount = 4

// writers create records in an old epoch until they are refused.
type writers struct {
	*env
	old      store.At
	first    chan struct{} // one per writer, once it has written or failed
	advanced atomic.Bool

	mu           sync.Mutex
	acknowledged []transform.Key
	faults       []string
}

func (w *writers) run(handle Subject, i int) {
	first := sync.OnceFunc(func() { w.first <- struct{}{} })
	defer first()
	for n := 0; ; n++ {
		m := w.create(w.user((i+1)*100_000 + n))
		late := w.advanced.Load()
		_, err := handle.Authority.Write(w.ctx, w.old, store.Write{Mutations: []store.Mutation{m}})
		if w.over(m.Key, err, late) {
			return
		}
		first()
		giveWay(n)
	}
}

// over notes what became of a write and reports whether the writer ends.
func (w *writers) over(key transform.Key, err error, late bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case errors.Is(err, store.ErrWrongPhase):
		return true
	case late:
		w.faults = append(w.faults, fmt.Sprintf("a write begun after Advance returned: %v", err))
		return true
	case err == nil:
		w.acknowledged = append(w.acknowledged, key)
	case !errors.Is(err, store.ErrConflict):
		w.faults = append(w.faults, err.Error())
		return true
	}
	return false
}

// holdTime is how long an Advance that waits for a writer is watched waiting.
const holdTime = 200 * time.Millisecond

// heldUpWriter stops a writer between its reads and its commit. Either Advance
// waits for it, or the writer finds out when it commits.
func heldUpWriter(e *env, captured bool) {
	e.start()
	e.advance(captured)
	rec := e.user(1)
	e.fill(rec)
	e.cleanAll()
	h := e.holdUp(rec)
	from := e.phase()
	advanced := make(chan error, 1)
	go func() { advanced <- e.other().Control.Advance(e.ctx, from, next(from, true), entry) }()
	select {
	case err := <-advanced:
		written := h.release()
		if err != nil {
			require.Equal(e, from.Epoch, e.phase().Epoch, "an Advance that failed changed nothing")
			require.NoError(e, written)
			return
		}
		e.requireError(written, store.ErrWrongPhase)
		e.requireLive(rec)
		require.Empty(e, e.dirty())
	case <-time.After(holdTime):
		require.NoError(e, h.release(), "Advance waits for the writer, so the writer is in time")
		require.NoError(e, <-advanced)
		e.requireLive(e.with(rec, "username", "late"))
		require.Equal(e, captured, len(e.dirty()) == 1)
	}
}

// A held is a write that waits in its Modify.
type held struct {
	goOn  func()
	ended chan struct{}
	err   error // once it has ended
}

// holdUp begins an update of the record's username to "late" and returns once
// it waits. A case that fails lets it go on at its end: what the write holds in the
// store, such as locks, would otherwise be held for good.
func (e *env) holdUp(rec transform.Record) *held {
	gate, inside := make(chan struct{}), make(chan struct{})
	h := &held{goOn: sync.OnceFunc(func() { close(gate) }), ended: make(chan struct{})}
	reached := sync.OnceFunc(func() { close(inside) })
	m := e.modify(rec, func(now transform.Record) error {
		reached()
		<-gate
		return now.Set("username", transform.TextValue("late"))
	})
	at := e.at
	go func() {
		defer close(h.ended)
		_, h.err = e.Authority.Write(e.ctx, at, store.Write{Mutations: []store.Mutation{m}})
	}()
	e.Cleanup(func() { _ = h.release() })
	select {
	case <-inside:
	case <-h.ended:
		require.NoError(e, h.err)
		require.Fail(e, "the update did not call Modify")
	}
	return h
}

// release lets the write go on and returns how it ended.
func (h *held) release() error {
	h.goOn()
	<-h.ended
	return h.err
}
