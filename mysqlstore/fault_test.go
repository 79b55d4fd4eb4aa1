package mysqlstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A fault steps in at a statement of a write.
type fault struct {
	name string
	// arm returns the context to write with, and the hooks that act at
	// statement n and then set fired.
	arm func(ctx context.Context, n int, fired *bool) (context.Context, func(int, string) bool, func(int, string) bool)
}

// at returns a hook that acts at statement n.
func at(n int, fired *bool, act func() bool) func(int, string) bool {
	return func(i int, _ string) bool {
		if i != n {
			return false
		}
		*fired = true
		return act()
	}
}

var faults = []fault{
	{"cancelled before statement", func(ctx context.Context, n int, fired *bool) (context.Context, func(int, string) bool, func(int, string) bool) {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, at(n, fired, func() bool { cancel(); return false }), nil
	}},
	{"cancelled after statement", func(ctx context.Context, n int, fired *bool) (context.Context, func(int, string) bool, func(int, string) bool) {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, nil, at(n, fired, func() bool { cancel(); return false })
	}},
	{"connection lost before statement", func(ctx context.Context, n int, fired *bool) (context.Context, func(int, string) bool, func(int, string) bool) {
		return ctx, at(n, fired, func() bool { return true }), nil
	}},
	{"answer lost of statement", func(ctx context.Context, n int, fired *bool) (context.Context, func(int, string) bool, func(int, string) bool) {
		return ctx, nil, at(n, fired, func() bool { return true })
	}},
}

// sweep runs write with every fault at every statement of it, from the first
// to the last. write gets the number of the run, to take fresh keys by.
func (f *fixture) sweep(t *testing.T, write func(t *testing.T, ctx context.Context, run int)) {
	run := 0
	for _, fault := range faults {
		for n, fired := 0, true; fired; n++ {
			fired = false
			run++
			t.Run(fmt.Sprintf("%s %d", fault.name, n), func(t *testing.T) {
				f.t = t
				ctx, before, after := fault.arm(f.ctx, n, &fired)
				f.hooks.reset(before, after)
				defer f.hooks.reset(nil, nil)
				write(t, ctx, run)
			})
			require.Less(t, n, 20, "a write has an end")
		}
	}
}

// Whatever happens to the caller or to the connection at any statement of a
// write: its keys are all changed or none, none is changed without its change
// record, and the error says what became of it.
func TestWriteWithFaultAtEveryStatement(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		for i, form := range forms {
			if form.name == "put of the same" {
				continue // what it changes is not to be seen
			}
			name := map[bool]string{true: "bare ", false: "captured "}[bare] + form.name
			t.Run(name, func(t *testing.T) {
				f.sweep(t, func(t *testing.T, ctx context.Context, run int) {
					there, fresh := f.user(int64(i*10_000+2*run)), f.user(int64(i*10_000+2*run+1))
					before := map[transform.Key]store.Version{f.key(there): f.prepare(there)}
					w := store.Write{Mutations: form.make(f, there, fresh)}
					if form.token != "" {
						w.Token = fmt.Sprint(form.token, run)
					}
					_, err := f.store.Write(ctx, f.at, w)
					f.judge(w, before, err)
				})
			})
		}
	}
}

// prepare stores a record, clean, without the store under test, and returns its
// version.
func (f *fixture) prepare(there transform.Record) store.Version {
	seed(f.t, f.db, there)
	if !f.at.Captured {
		return 0
	}
	version := uint64(store.Floor(f.at.Epoch)) + 5
	f.db.MustExec("REPLACE INTO crossfade_change VALUES ('default', 'Users', ?, ?, 0, UTC_TIMESTAMP(6))", f.key(there).ID, version)
	return store.Version(version)
}

// judge compares what is there with what the error says.
func (f *fixture) judge(w store.Write, before map[transform.Key]store.Version, err error) {
	f.t.Helper()
	changed := 0
	for _, m := range w.Mutations {
		rec := f.users.NewRecord()
		values, fault := f.users.KeyValues(m.Key)
		require.NoError(f.t, fault)
		rec.SetAt(0, values[0])
		row := f.row(rec)
		was := m.Op == store.Update || m.Op == store.Delete
		is := row.Live != was
		if row.Live && was {
			name, _ := row.Record.Get("username")
			is = name.Text() == "changed-"+m.Key.ID
		}
		if m.Op == store.Put {
			name, _ := m.Record.Get("username")
			is = row.Live && f.text(rec, "username") == name.Text()
		}
		if is {
			changed++
		}
		if f.at.Captured {
			require.Equal(f.t, is, row.Dirty, "data and change record of %s", m.Op)
			require.Equal(f.t, is, row.Version > before[m.Key], "data and version of %s", m.Op)
		}
	}
	switch {
	case err == nil, store.OutcomeOf(err) == store.Applied:
		require.Equal(f.t, len(w.Mutations), changed, "%v", err)
	case store.OutcomeOf(err) == store.NotApplied:
		require.Zero(f.t, changed, "%v", err)
	default:
		require.Equal(f.t, store.Unknown, store.OutcomeOf(err))
		require.Contains(f.t, []int{0, len(w.Mutations)}, changed, "all or nothing")
	}
	if err != nil {
		require.ErrorIs(f.t, err, store.ErrUnavailable)
	}
	require.Eventually(f.t, f.fenceIsFree, 30*time.Second, 5*time.Millisecond, "no transaction is left open")
}

// A write whose outcome is unknown is repeated with its token and applied once.
func TestTokenSettlesAnUnknownOutcome(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		t.Run(map[bool]string{true: "bare", false: "captured"}[bare], func(t *testing.T) {
			unknown := 0
			f.sweep(t, func(t *testing.T, ctx context.Context, run int) {
				rec := f.shelf("here", uint64(run), 5)
				seed(t, f.db, rec)
				w := store.Write{Mutations: []store.Mutation{f.increment(rec)}, Token: fmt.Sprint("token", run)}
				_, err := f.store.Write(ctx, f.at, w)
				if err != nil && store.OutcomeOf(err) == store.Unknown {
					unknown++
				}
				f.hooks.reset(nil, nil)
				was := f.text(rec, "quantity")
				done, again := f.store.Write(f.ctx, f.at, w)
				require.NoError(t, again)
				require.Equal(t, was == "6", done.Repeated)
				require.Equal(t, "6", f.text(rec, "quantity"), "applied once, after: %v", err)
			})
			require.Positive(t, unknown, "some outcome was unknown")
		})
	}
}

// The row is there and the answer of the single INSERT is lost: the caller
// must not be told that nothing happened.
func TestLostAnswerOfASingleStatement(t *testing.T) {
	f := newFixture(t, setting{bare: true})
	for _, m := range []store.Mutation{f.create(f.user(1)), f.remove(f.user(1))} {
		f.hooks.reset(nil, func(int, string) bool { return true })
		_, err := f.try(m)
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.Equal(t, store.Unknown, store.OutcomeOf(err))
		require.Equal(t, m.Op == store.Create, f.row(f.user(1)).Live)
	}
}

// Once COMMIT is on its way, the caller's context has no say any more.
func TestCallerGoesAwayDuringCommit(t *testing.T) {
	f := newFixture(t, setting{})
	ctx, cancel := context.WithCancel(f.ctx)
	f.hooks.reset(func(_ int, query string) bool {
		if query == "COMMIT" {
			cancel()
		}
		return false
	}, nil)
	_, err := f.store.Write(ctx, f.at, store.Write{Mutations: []store.Mutation{f.create(f.user(1))}})
	require.NoError(t, err, "it was committed")
	require.True(t, f.row(f.user(1)).Dirty)
}

// Connections that the server has closed meanwhile cost nothing but a try.
func TestStaleConnections(t *testing.T) {
	f := newFixture(t, setting{})
	stop := make(chan struct{})
	ended := make(chan error)
	for i := range 4 { // fill the pool
		go func() {
			_, err := f.try(f.modify(f.shelf("none", uint64(i), 0), func(transform.Record) error { return nil }))
			<-stop
			ended <- err
		}()
	}
	close(stop)
	for range 4 {
		refused(t, <-ended, store.ErrNotFound)
	}
	var ids []int64
	require.NoError(t, f.db.Select(&ids, "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"))
	for _, id := range ids {
		_, _ = f.db.Exec(fmt.Sprint("KILL ", id))
	}
	f.write(f.create(f.user(1)))
}

// No call may need a second connection while it holds one: a pool of one would
// stand still for ever.
func TestOneConnectionIsEnough(t *testing.T) {
	f := newFixture(t, setting{})
	db, _ := openHooked(t, f.dsn)
	db.SetMaxOpenConns(1)
	s, err := mysqlstore.New(db, f.c, &mysqlstore.Options{FenceWait: time.Second})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(f.ctx, 30*time.Second)
	defer cancel()
	f.store, f.ctx = s, ctx
	require.NoError(t, s.Init(ctx))
	require.NoError(t, s.Ready(ctx))
	one, same := f.user(1), f.user(2)
	f.set(same, "email", transform.TextValue("user-1@example.com"))
	for range 2 {
		_, err = s.Write(ctx, f.at, store.Write{Mutations: []store.Mutation{f.create(one)}, Token: "once"})
		require.NoError(t, err)
	}
	_, err = f.try(f.create(same))
	refused(t, err, store.ErrUnique)
	_, err = f.try(f.remove(f.user(7)))
	refused(t, err, store.ErrNotFound)
	_, err = s.GetMany(ctx, f.at, []transform.Key{f.key(one), f.key(f.shelf("p", 1, 1))})
	require.NoError(t, err)
	_, err = s.Scan(ctx, f.at, store.Range{Entity: f.users, Limit: 1})
	require.NoError(t, err)
	require.NoError(t, s.Bump(ctx, []transform.Key{f.key(one)}))
	free := f.locked("SELECT * FROM crossfade_fence FOR UPDATE")
	from, to := f.next(true)
	refused(t, s.Advance(ctx, from, to, entry), store.ErrUnavailable)
	free()
	require.NoError(t, s.Advance(ctx, from, to, entry))
}
