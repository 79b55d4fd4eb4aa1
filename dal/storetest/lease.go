package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func leaseCases() []testCase {
	return ruled(ruleLease,
		underLease("without one", withoutLease),
		underLease("that has run out", leaseOver),
		underLease("that ends before the reply to a write, bare", func(e *env) { e.start(); lateReplies(e) }),
		underLease("that ends before the reply to a write, captured", func(e *env) { e.start(); e.capture(); lateReplies(e) }),
		underLease("that ends before the reply to a write that fails", lateRefusal),
		underLease("that comes back after the reply to a write", regained),
		underLease("that ends before the reply to a read", lateReads),
		underLease("that ends in Modify", leaseEndsInModify),
		underLease("retried with the token", lateToken),
	)
}

func grantCases() []testCase {
	return ruled(ruleGrant,
		underLease("where the mark is not open", grantNotOpen),
		underLease("for another epoch", grantOtherEpoch),
		underLease("listed until it is given back", grantListed),
		underLease("renewed", grantRenewed),
		underLease("forgotten when it was waited out", grantForgotten),
	)
}

// leaseTime is how long the leases of the cases last, on clocks of their own.
const leaseTime = time.Minute

// needsLease tries every write and read at the case's epoch and requires that
// none is done.
func (e *env) needsLease(l *store.Lease) {
	e.Helper()
	there, fresh, at := e.user(1), e.user(2), e.at
	at.Lease = l
	e.unchanged(func() {
		for _, m := range e.writes(there, fresh) {
			_, err := e.Authority.Write(e.ctx, at, store.Write{Mutations: []store.Mutation{m}})
			e.requireError(err, store.ErrWrongPhase)
		}
		for name, err := range e.reads(at, there) {
			require.ErrorIs(e, err, store.ErrWrongPhase, name)
		}
	}, e.key(fresh))
}

// withoutLease: nobody waits for a process without one, so it may be writing
// while MySQL is opened. What carries no epoch, a relay's reads, needs none.
func withoutLease(e *env) {
	e.start()
	e.fill(e.user(1))
	e.needsLease(nil)
	e.needsLease(&store.Lease{})
	other := &store.Lease{}
	other.Extend(e.at.Epoch+1, time.Now(), leaseTime)
	e.needsLease(other)
	for name, err := range e.reads(relay, e.user(1)) {
		require.NoError(e, err, name)
	}
}

// leaseOver: who waited for it goes on.
func leaseOver(e *env) {
	e.start()
	e.fill(e.user(1))
	over := &store.Lease{}
	over.Extend(e.at.Epoch, time.Now().Add(-leaseTime), leaseTime)
	e.needsLease(over)
	ended := &store.Lease{}
	ended.Extend(e.at.Epoch, time.Now(), leaseTime)
	ended.End()
	e.needsLease(ended)
}

// lasting returns what the process knows with a lease that holds for n looks at
// its clock and has run out at the next one.
func (e *env) lasting(n int) store.At {
	begin := time.Now()
	var looks atomic.Int64
	at := e.at
	at.Lease = store.NewLease(func() time.Time {
		if looks.Add(1) > int64(n) {
			return begin.Add(leaseTime)
		}
		return begin
	})
	at.Lease.Extend(at.Epoch, begin, leaseTime)
	return at
}

// maxLooks is more often than any operation looks at its lease.
const maxLooks = 30

// lateReplies lets the lease run out ever later in a write. Before anything was
// sent nothing is done. Afterwards it may be, and nobody can say whether before
// or after somebody else became the authority: the outcome is unknown.
func lateReplies(e *env) {
	e.fill(e.user(1001), e.user(1002), e.visit("v", 1, "rank", "0"))
	for name, m := range map[string]func(n int) []store.Mutation{
		"create": func(n int) []store.Mutation { return []store.Mutation{e.create(e.user(n))} },
		"put":    func(n int) []store.Mutation { return []store.Mutation{e.replace(e.visit("w", n))} },
		"update": func(int) []store.Mutation { return []store.Mutation{e.increment(e.visit("v", 1))} },
		"both": func(n int) []store.Mutation {
			return []store.Mutation{e.create(e.visit("x", n)), e.increment(e.visit("v", 1))}
		},
	} {
		applied := false
		// A store that tries again by itself may come to that look too late.
		for again := 0; again < 5 && !applied; again++ {
			for n := 0; ; n++ {
				require.Less(e, n, maxLooks, "%s never succeeds", name)
				before := e.state()
				_, err := e.Authority.Write(e.ctx, e.lasting(n), store.Write{Mutations: m(again*maxLooks + n)})
				if err == nil {
					require.GreaterOrEqual(e, n, 2, "%s: the lease is looked at before and after", name)
					break
				}
				applied = describeAll(before) != describeAll(e.state())
				e.requireLate(err, applied)
			}
		}
		require.True(e, applied, "%s: the lease is looked at once more when the reply is there", name)
	}
}

// requireLate requires the error of a write whose lease ran out on the way.
func (e *env) requireLate(err error, applied bool) {
	e.Helper()
	if store.OutcomeOf(err) == store.NotApplied {
		require.ErrorIs(e, err, store.ErrWrongPhase)
		require.False(e, applied, "the error says that nothing was done")
		return
	}
	require.ErrorIs(e, err, store.ErrUnavailable)
	require.Equal(e, store.Unknown, store.OutcomeOf(err))
}

// lateRefusal: that a record is there, or is not, may have become wrong since.
func lateRefusal(e *env) {
	e.start()
	e.capture()
	e.fill(e.user(1))
	for _, c := range []struct {
		m    store.Mutation
		kind error
	}{
		{e.create(e.user(1)), store.ErrExists},
		{e.update(e.user(2), "username", "x"), store.ErrNotFound},
		{e.remove(e.user(2)), store.ErrNotFound},
		{e.create(e.user(2, "email", "user-1@example.com")), store.ErrUnique},
	} {
		for n := 0; ; n++ {
			require.Less(e, n, maxLooks)
			_, err := e.Authority.Write(e.ctx, e.lasting(n), store.Write{Mutations: []store.Mutation{c.m}})
			if errors.Is(err, c.kind) {
				require.GreaterOrEqual(e, n, 2, "%s: the lease is looked at before and after", c.m.Op)
				break
			}
			require.Error(e, err)
			e.requireLate(err, false)
		}
	}
}

// regained lets the lease run out ever later in a write, and has it granted again at
// once. What was written counts then: the same store has led all the time.
func regained(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	late := false
	for n := range maxLooks {
		at, before, begin := e.at, e.rank(rec), time.Now()
		var looks atomic.Int64
		again := sync.OnceFunc(func() { go at.Lease.Extend(at.Epoch, begin.Add(leaseTime), leaseTime) })
		at.Lease = store.NewLease(func() time.Time {
			if looks.Add(1) <= int64(n) {
				return begin
			}
			again()
			return begin.Add(leaseTime)
		})
		at.Lease.Wait = leaseTime
		at.Lease.Extend(at.Epoch, begin, leaseTime)
		_, err := e.Authority.Write(e.ctx, at, store.Write{Mutations: []store.Mutation{e.increment(rec)}})
		applied := e.rank(rec) != before
		require.Equal(e, err == nil, applied, "%v", err)
		if err != nil {
			e.requireLate(err, applied)
		}
		if looks.Load() <= int64(n) {
			require.True(e, late, "the lease is looked at once more when the reply is there")
			return
		}
		late = applied
	}
	require.Fail(e, "the write always looks at its lease once more")
}

// lateReads: a value that was read when the lease was over may be one that
// nobody else will ever see again.
func lateReads(e *env) {
	e.start()
	e.fill(e.user(1))
	for name, read := range e.readers(e.user(1)) {
		for n := 0; ; n++ {
			require.Less(e, n, maxLooks, "%s never succeeds", name)
			err := read(e.lasting(n))
			if err == nil {
				require.GreaterOrEqual(e, n, 2, "%s: the lease is looked at before and after", name)
				break
			}
			require.ErrorIs(e, err, store.ErrWrongPhase, name)
		}
	}
}

// leaseEndsInModify: what a Modify takes long about must not be sent after the
// lease, even though it was asked for before.
func leaseEndsInModify(e *env) {
	e.start()
	e.capture()
	rec, at := e.user(1), e.at
	e.fill(rec)
	at.Lease = &store.Lease{}
	at.Lease.Extend(at.Epoch, time.Now(), leaseTime)
	e.unchanged(func() {
		m := e.modify(rec, func(now transform.Record) error {
			at.Lease.End()
			return now.Set("username", transform.TextValue("late"))
		})
		_, err := e.Authority.Write(e.ctx, at, store.Write{Mutations: []store.Mutation{m}})
		e.requireError(err, store.ErrWrongPhase)
	})
}

// lateToken: after an unknown outcome the token tells what became of the write.
func lateToken(e *env) {
	e.start()
	e.capture()
	rec := e.visit("v", 1, "rank", "0")
	e.fill(rec)
	for n := range maxLooks {
		w := store.Write{Mutations: []store.Mutation{e.increment(rec)}, Token: numbered(n)}
		before := e.rank(rec)
		_, err := e.Authority.Write(e.ctx, e.lasting(n), w)
		applied := e.rank(rec) != before
		require.True(e, err != nil || applied)
		again, second := e.Authority.Write(e.ctx, e.at, w)
		require.NoError(e, second)
		require.Equal(e, applied, again.Repeated)
		require.Equal(e, before+1, e.rank(rec), "it is applied once")
		if err == nil {
			return
		}
	}
	require.Fail(e, "the write never succeeds")
}

// grantNotOpen: from the moment the mark closes the number of those to be waited
// for only falls.
func grantNotOpen(e *env) {
	require.NoError(e, e.Control.Init(e.ctx))
	refused := func() {
		e.Helper()
		for _, process := range []string{"a", "held"} {
			e.requireError(e.Leases.Grant(e.ctx, process, e.phase().Epoch, leaseTime), store.ErrWrongPhase)
		}
	}
	refused()
	require.Empty(e, e.granted())
	e.mark(store.Open)
	require.NoError(e, e.Leases.Grant(e.ctx, "held", e.phase().Epoch, leaseTime))
	before := e.granted()
	e.mark(store.Closed)
	refused()
	require.Equal(e, before, e.granted(), "a lease that was refused is not renewed either")
	e.mark(store.Open)
	require.NoError(e, e.Leases.Grant(e.ctx, "a", e.phase().Epoch, leaseTime))
	for _, state := range []store.State{store.GivenAway, store.Sealed} {
		e.mark(state)
		refused()
	}
}

// grantOtherEpoch: a process that has not heard of the new epoch would write
// with versions of the old one.
func grantOtherEpoch(e *env) {
	e.start()
	e.advance(false)
	for _, epoch := range []uint64{0, e.at.Epoch - 1, e.at.Epoch + 1} {
		e.requireError(e.Leases.Grant(e.ctx, "a", epoch, leaseTime), store.ErrWrongPhase)
	}
	require.NotContains(e, e.granted(), "a")
}

// granted returns the leases that are listed, by process.
func (e *env) granted() map[string]store.GrantedLease {
	e.Helper()
	all, err := e.other().Leases.Granted(e.ctx)
	require.NoError(e, err)
	byProcess := map[string]store.GrantedLease{}
	for _, l := range all {
		byProcess[l.Process] = l
	}
	require.Len(e, byProcess, len(all), "a process has one lease")
	return byProcess
}

// grantListed: a hand-off waits for what is listed, also for what must have run
// out by the clock of whoever granted it.
func grantListed(e *env) {
	e.start()
	require.NoError(e, e.Leases.GiveBack(e.ctx, process))
	require.Empty(e, e.granted())
	require.NoError(e, e.Leases.Grant(e.ctx, "a", e.at.Epoch, leaseTime))
	require.NoError(e, e.other().Leases.Grant(e.ctx, "b", e.at.Epoch, time.Millisecond))
	want := map[string]store.GrantedLease{
		"a": {Process: "a", Epoch: e.at.Epoch, Length: leaseTime, Grants: 1},
		"b": {Process: "b", Epoch: e.at.Epoch, Length: time.Millisecond, Grants: 1},
	}
	require.Equal(e, want, e.granted())
	e.mark(store.Closed)
	require.Equal(e, want, e.granted(), "the mark gives nothing back")
	require.NoError(e, e.Leases.GiveBack(e.ctx, "a"))
	require.NoError(e, e.Leases.GiveBack(e.ctx, "a"), "twice is no error")
	delete(want, "a")
	require.Equal(e, want, e.granted())
	require.NoError(e, e.other().Leases.GiveBack(e.ctx, "b"))
	require.Empty(e, e.granted())
}

// grantRenewed: a renewal shows, so that who waits can tell it from the lease he
// has seen before.
func grantRenewed(e *env) {
	e.start()
	for n := range 3 {
		require.NoError(e, e.Leases.Grant(e.ctx, "a", e.at.Epoch, leaseTime))
		l := e.granted()["a"]
		require.EqualValues(e, n+1, l.Grants)
		require.Equal(e, leaseTime, l.Length)
	}
	e.advance(false)
	require.NoError(e, e.Leases.Grant(e.ctx, "a", e.at.Epoch, leaseTime))
	l := e.granted()["a"]
	require.Equal(e, e.at.Epoch, l.Epoch)
	require.EqualValues(e, 4, l.Grants)
}

// grantForgotten: a lease that was renewed is another one than was waited for.
func grantForgotten(e *env) {
	e.start()
	require.NoError(e, e.Leases.Grant(e.ctx, "a", e.at.Epoch, leaseTime))
	require.NoError(e, e.Leases.Grant(e.ctx, "b", e.at.Epoch, leaseTime))
	old := e.granted()["a"]
	require.NoError(e, e.Leases.Grant(e.ctx, "a", e.at.Epoch, leaseTime))
	_ = e.other().Leases.Forget(e.ctx, old) // an error, or nothing
	require.Contains(e, e.granted(), "a")
	require.NoError(e, e.other().Leases.Forget(e.ctx, e.granted()["a"]))
	require.NotContains(e, e.granted(), "a")
	require.Contains(e, e.granted(), "b")
	require.NoError(e, e.Leases.Forget(e.ctx, old), "one that is gone is no error")
}
