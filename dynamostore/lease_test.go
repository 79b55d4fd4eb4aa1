package dynamostore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

func (d *desk) granted() map[string]store.GrantedLease {
	d.Helper()
	all, err := d.Granted(d.ctx)
	require.NoError(d, err)
	by := map[string]store.GrantedLease{}
	for _, l := range all {
		by[l.Process] = l
	}
	return by
}

// TestGrantLooksAtTheMark: only Open, only at its epoch.
func TestGrantLooksAtTheMark(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		require.NoError(t, d.Grant(d.ctx, "a", 1, time.Second))
		require.NoError(t, d.Grant(d.ctx, "a", 1, 2*time.Second))
		require.NoError(t, d.Grant(d.ctx, "b", 1, time.Second))
		a := store.GrantedLease{Process: "a", Epoch: 1, Length: 2 * time.Second, Grants: 2}
		b := store.GrantedLease{Process: "b", Epoch: 1, Length: time.Second, Grants: 1}
		require.Equal(t, map[string]store.GrantedLease{"a": a, "b": b}, d.granted())
		requireRefused(t, d.Grant(d.ctx, "c", 2, time.Second), store.ErrWrongPhase, store.NotApplied)
		d.advance(func(p *store.PhaseRecord) { p.State = store.Closed })
		for _, process := range []string{"a", "c"} {
			requireRefused(t, d.Grant(d.ctx, process, 1, time.Second), store.ErrWrongPhase, store.NotApplied)
		}
		require.Equal(t, map[string]store.GrantedLease{"a": a, "b": b}, d.granted())
		require.NoError(t, d.GiveBack(d.ctx, "a"))
		require.NoError(t, d.GiveBack(d.ctx, "nobody"))
		require.NoError(t, d.Forget(d.ctx, b))
		require.Empty(t, d.granted())
		d.advance(func(p *store.PhaseRecord) { p.State, p.Epoch = store.GivenAway, 2 })
		requireRefused(t, d.Grant(d.ctx, "a", 2, time.Second), store.ErrWrongPhase, store.NotApplied)
	})
}

// TestForgetSparesWhatWasGrantedAnew: the waiter has seen another grant than
// the one that is there, also after the lease was given back in between.
func TestForgetSparesWhatWasGrantedAnew(t *testing.T) {
	d := inProcess(t)
	require.NoError(t, d.Grant(d.ctx, "a", 1, time.Second))
	seen := d.granted()["a"]
	require.NoError(t, d.GiveBack(d.ctx, "a"))
	require.NoError(t, d.Grant(d.ctx, "a", 1, time.Second))
	require.NoError(t, d.Forget(d.ctx, seen))
	require.Contains(t, d.granted(), "a")
	require.NoError(t, d.Forget(d.ctx, d.granted()["a"]))
	require.Empty(t, d.granted())
}

// TestNoGrantAfterTheMark: whatever is granted beside the step is seen after it.
func TestNoGrantAfterTheMark(t *testing.T) {
	d := inProcess(t)
	var wg sync.WaitGroup
	granted := make([]bool, 30)
	for i := range granted {
		wg.Go(func() { granted[i] = d.Grant(d.ctx, fmt.Sprint(i), 1, time.Hour) == nil })
	}
	d.advance(func(p *store.PhaseRecord) { p.State = store.Closed })
	seen := d.granted()
	wg.Wait()
	left := d.granted()
	for i, was := range granted {
		if was {
			require.Contains(t, seen, fmt.Sprint(i))
			require.Contains(t, left, fmt.Sprint(i))
		} else {
			require.NotContains(t, left, fmt.Sprint(i), "what was refused is not waited for")
		}
	}
}

// TestGrantRefusedAfterItsNote: the mark closes between the note and the look. A process
// that had no lease has none; one that had goes on being waited for.
func TestGrantRefusedAfterItsNote(t *testing.T) {
	d := inProcess(t)
	require.NoError(t, d.Grant(d.ctx, "had", 1, time.Second))
	for _, process := range []string{"had", "new"} {
		closed := false
		fault := d.srv.Fault(dynamotest.OnOperation("UpdateItem").When(func(*dynamotest.Request) bool {
			if !closed {
				closed = true
				d.advance(func(p *store.PhaseRecord) { p.State = store.Closed })
			}
			return false
		}).Cut())
		requireRefused(t, d.Grant(d.ctx, process, 1, time.Second), store.ErrWrongPhase, store.NotApplied)
		require.True(t, closed)
		fault.Remove()
		require.Contains(t, d.granted(), "had")
		require.NotContains(t, d.granted(), "new")
		d.advance(func(p *store.PhaseRecord) { p.State = store.Open })
	}
}

// TestGrantsDoNotMeet: a grant is no transaction, which another process's could conflict
// with.
func TestGrantsDoNotMeet(t *testing.T) {
	d := inProcess(t)
	d.srv.Fault(dynamotest.OnOperation("TransactWriteItems").Conflict())
	for i := range 3 {
		require.NoError(t, d.Grant(d.ctx, fmt.Sprint(i), 1, time.Second))
		require.NoError(t, d.Grant(d.ctx, fmt.Sprint(i), 1, time.Second))
	}
}

// operations are all that need a lease.
func (d *desk) operations(r transform.Record) map[string]func() error {
	key := d.keyOf(r)
	return map[string]func() error{
		"get":      func() error { _, err := d.Get(d.ctx, d.at, key); return err },
		"get many": func() error { _, err := d.GetMany(d.ctx, d.at, []transform.Key{key}); return err },
		"scan": func() error {
			_, err := d.Scan(d.ctx, d.at, store.Range{Entity: d.accounts, Limit: 5})
			return err
		},
		"query": func() error {
			_, err := d.Query(d.ctx, d.at, store.Query{Entity: d.accounts, Index: "NameIndex", Equal: transform.TextValue("ann"), Limit: 5})
			return err
		},
		"create":    func() error { _, err := d.try(d.create(d.account("9", "zoe"))); return err },
		"put":       func() error { _, err := d.try(d.replace(r)); return err },
		"update":    func() error { _, err := d.try(d.update(r, "count", "5")); return err },
		"delete":    func() error { _, err := d.try(d.remove(r)); return err },
		"not found": func() error { _, err := d.try(d.remove(d.account("8", "z"))); return err },
		"exists":    func() error { _, err := d.try(d.create(r)); return err },
	}
}

var reads = map[string]bool{"get": true, "get many": true, "scan": true, "query": true}

// TestNothingWithoutALease: no operation sends anything.
func TestNothingWithoutALease(t *testing.T) {
	d := inProcess(t)
	r := d.account("1", "ann")
	d.write(d.create(r))
	before := d.everything()
	over := &store.Lease{}
	over.Extend(1, time.Now().Add(-time.Hour), time.Minute)
	other := &store.Lease{}
	other.Extend(2, time.Now(), time.Hour)
	for name, lease := range map[string]*store.Lease{"none": nil, "zero": {}, "over": over, "of another epoch": other} {
		d.at.Lease = lease
		d.requests()
		for op, do := range d.operations(r) {
			outcome := store.NotApplied
			if reads[op] {
				outcome = store.NoWrite
			}
			requireRefused(t, do(), store.ErrWrongPhase, outcome)
		}
		require.Empty(t, d.requests(), name)
	}
	require.Equal(t, before, d.everything())
	row, err := d.Get(d.ctx, store.At{}, d.keyOf(r))
	require.NoError(t, err)
	require.True(t, row.Live, "without an epoch a read needs none")
}

// TestReplyAfterTheLease does not count: the process was asleep meanwhile, and
// the other store may have been opened.
func TestReplyAfterTheLease(t *testing.T) {
	calls := map[string]int{"put": 2, "update": 2, "delete": 2} // 1 for the others
	first := inProcess(t)
	for op := range first.operations(first.account("1", "ann")) {
		d := inProcess(t)
		r := d.account("1", "ann")
		d.write(d.create(r))
		n := 0
		fault := d.srv.Fault(dynamotest.OnAny().When(func(*dynamotest.Request) bool {
			// The last call of the operation takes longer than the lease lasts.
			if n++; n == max(1, calls[op]) {
				d.at.Lease.End()
			}
			return false
		}).LoseReply())
		err := d.operations(r)[op]()
		fault.Remove()
		switch {
		case reads[op]:
			requireRefused(t, err, store.ErrWrongPhase, store.NoWrite)
		case op == "not found" || op == "exists":
			requireRefused(t, err, store.ErrWrongPhase, store.NotApplied)
		default:
			requireRefused(t, err, store.ErrUnavailable, store.Unknown)
		}
	}
}

// TestLeaseComesBack: a request whose reply is lost while the lease runs out is sent
// again when the lease is back, which tells what became of it.
func TestLeaseComesBack(t *testing.T) {
	d := inProcess(t)
	r := d.account("1", "ann")
	d.write(d.create(r))
	begin := time.Now()
	over := &atomic.Bool{}
	d.at.Lease = store.NewLease(func() time.Time {
		if over.Load() {
			return begin.Add(time.Minute)
		}
		return begin
	})
	d.at.Lease.Wait = time.Minute
	d.at.Lease.Extend(1, begin, time.Minute)
	fault := d.srv.Fault(dynamotest.OnOperation("TransactWriteItems").When(func(*dynamotest.Request) bool {
		if !over.Swap(true) {
			go d.at.Lease.Extend(1, begin.Add(time.Minute), time.Minute)
			return true
		}
		return false
	}).LoseReply())
	d.requests()
	d.write(d.update(r, "count", "3"))
	require.EqualValues(t, 1, fault.Hits())
	require.Equal(t, 2, d.requests()["TransactWriteItems"])
	d.set(r, "count", "3")
	d.holds(r)
}

// TestLeaseOverBetweenReadAndPut: nothing more is sent.
func TestLeaseOverBetweenReadAndPut(t *testing.T) {
	d := inProcess(t)
	r := d.account("1", "ann")
	d.write(d.create(r))
	d.requests()
	before := d.everything()
	d.requests()
	_, err := d.try(store.Mutation{Op: store.Update, Key: d.keyOf(r), Modify: func(r transform.Record) error {
		d.at.Lease.End()
		return r.Set("count", transform.IntValue(3))
	}})
	requireRefused(t, err, store.ErrWrongPhase, store.NotApplied)
	require.Zero(t, d.requests()["TransactWriteItems"])
	require.Equal(t, before, d.everything())
}

// TestLeaseIsLeft whatever ends an operation, a panic of Modify too: Drain would
// wait for ever.
func TestLeaseIsLeft(t *testing.T) {
	d := inProcess(t)
	r := d.account("1", "ann")
	d.write(d.create(r))
	for _, do := range d.operations(r) {
		_ = do()
	}
	d.write(d.replace(r))
	require.Panics(t, func() {
		_, _ = d.try(store.Mutation{Op: store.Update, Key: d.keyOf(r), Modify: func(transform.Record) error { panic("no") }})
	})
	d.write(d.update(r, "count", "3"))
	ctx, cancel := context.WithTimeout(d.ctx, 30*time.Second)
	defer cancel()
	d.at.Lease.Drain(ctx)
	require.NoError(t, ctx.Err())
}

// TestBareReadHasNoVersion; the relay's and a captured one have.
func TestBareReadHasNoVersion(t *testing.T) {
	d := inProcess(t)
	r := d.note("a")
	d.write(d.create(r))
	for at, want := range map[store.At]store.Version{
		d.bare().at: 0, d.at: store.Floor(1) + 1, {Captured: true}: store.Floor(1) + 1,
	} {
		row, err := d.Get(d.ctx, at, d.keyOf(r))
		require.NoError(t, err)
		require.Equal(t, want, row.Version)
		page, err := d.Scan(d.ctx, at, store.Range{Entity: d.notes, Limit: 2})
		require.NoError(t, err)
		require.Equal(t, want, page.Rows[0].Version)
	}
}
