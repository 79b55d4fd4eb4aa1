package faultstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// A fixture is a store with a script, and records to write into it.
type fixture struct {
	*testing.T
	*Faults
	mem       *memstore.Store
	authority store.Authority
	follower  store.Follower
	control   store.Control
	users     *transform.Entity
}

func newFixture(t *testing.T) *fixture {
	c := storetest.Contract(t)
	f := &fixture{T: t, Faults: New(), mem: memstore.New(c, &memstore.Options{Name: "mysql"}), users: c.Entity("Users")}
	f.authority, f.follower, f.control = f.Authority(f.mem), f.Follower(f.mem), f.Control(f.mem)
	return f
}

var bare = store.At{Epoch: store.FirstEpoch}

func (f *fixture) user(id int64) transform.Record {
	rec := f.users.NewRecord()
	rec.SetAt(0, transform.IntValue(id))
	rec.SetAt(f.users.ColumnIndex("email"), transform.TextValue(fmt.Sprintf("secret-%d@example.com", id)))
	return rec
}

func (f *fixture) key(id int64) transform.Key {
	key, err := f.user(id).Key()
	require.NoError(f, err)
	return key
}

// put writes a user through the wrapper.
func (f *fixture) put(id int64) error {
	m := store.Mutation{Op: store.Put, Key: f.key(id), Record: f.user(id)}
	_, err := f.authority.Write(f.Context(), bare, store.Write{Mutations: []store.Mutation{m}})
	return err
}

// has asks the store itself.
func (f *fixture) has(id int64) bool {
	row, err := f.mem.Get(f.Context(), store.At{}, f.key(id))
	require.NoError(f, err)
	return row.Live
}

// TestEffects holds what each effect does to a call, and what its caller hears.
func TestEffects(t *testing.T) {
	for _, c := range []struct {
		effect  Effect
		arrives bool
		outcome store.Outcome
		cause   error
	}{
		{0, true, store.NoWrite, nil},
		{Before, false, store.NotApplied, ErrInjected},
		{Lost, false, store.Unknown, ErrInjected},
		{After, true, store.Unknown, ErrInjected},
		{Crash, false, store.Unknown, ErrCrashed},
	} {
		t.Run(c.effect.String(), func(t *testing.T) {
			f := newFixture(t)
			if c.effect != 0 {
				f.On(Method("Write"), c.effect)
			}
			err := f.put(1)
			require.Equal(t, c.arrives, f.has(1))
			require.Equal(t, c.effect, f.Calls()[0].Effect)
			if c.effect == 0 {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, store.ErrUnavailable)
			require.ErrorIs(t, err, c.cause)
			require.Equal(t, c.outcome, store.OutcomeOf(err))
		})
	}
}

// TestReadsHaveNoOutcome holds that a read that fails is not taken for a write
// whose outcome somebody has to find out.
func TestReadsHaveNoOutcome(t *testing.T) {
	f := newFixture(t)
	f.On(Method("Get"), After)
	row, err := f.authority.Get(t.Context(), store.At{}, f.key(1))
	require.Zero(t, row, "the reply is lost")
	var se *store.Error
	require.ErrorAs(t, err, &se)
	require.Equal(t, store.NoWrite, se.Outcome)
	require.Equal(t, "Users", se.Entity)
	require.Equal(t, "mysql", se.Store)
}

// TestFailOneCall holds that a script breaks the call it names and no other.
func TestFailOneCall(t *testing.T) {
	f := newFixture(t)
	f.FailBefore(1)
	f.FailAfter(3)
	f.FailLost(4)
	f.FailBetween(6, 7)
	for n := range int64(9) {
		err := f.put(n)
		require.Equal(t, n == 1 || n == 3 || n == 4 || n == 6 || n == 7, err != nil, "call %d", n)
		require.Equal(t, n != 1 && n != 4 && n != 6 && n != 7, f.has(n), "call %d", n)
	}
	require.Equal(t, 9, f.Count())
}

func TestOneCounterForAll(t *testing.T) {
	f := newFixture(t)
	f.FailBefore(2)
	ctx := t.Context()
	require.NoError(t, f.put(1))
	_, err := f.follower.Get(ctx, store.At{}, f.key(1))
	require.NoError(t, err)
	_, err = f.control.Phase(ctx)
	require.ErrorIs(t, err, ErrInjected)
	require.NoError(t, f.control.Init(ctx))
	var roles []Role
	for i, c := range f.Calls() {
		require.Equal(t, i, c.N)
		roles = append(roles, c.Role)
	}
	require.Equal(t, []Role{Authority, Follower, Control, Control}, roles)
	require.Len(t, f.Matching(Method("Phase", "Init")), 2)
}

// TestLinesOfAScript holds that the first line that matches counts, until it
// is removed.
func TestLinesOfAScript(t *testing.T) {
	f := newFixture(t)
	throttled := &store.Error{Op: "put", Kind: store.ErrThrottled, Outcome: store.NotApplied}
	first := f.FailWith(func(c Call) bool { return c.Keys[0] == f.key(1) }, throttled)
	second := f.On(Method("Write"), After)
	require.Same(t, throttled, f.put(1))
	require.ErrorIs(t, f.put(2), ErrInjected)
	require.False(t, f.has(1))
	first()
	require.ErrorIs(t, f.put(1), ErrInjected)
	require.True(t, f.has(1))
	second()
	second()
	require.NoError(t, f.put(3))
}

// TestCrash holds that nothing of a dead process reaches a store, and that no
// reply reaches it.
func TestCrash(t *testing.T) {
	f := newFixture(t)
	f.Crash(2)
	require.NoError(t, f.put(0))
	inside, goOn, late := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		m := store.Mutation{Op: store.Update, Key: f.key(0), Modify: func(rec transform.Record) error {
			close(inside)
			<-goOn
			return rec.Set("email", transform.TextValue("late"))
		}}
		_, err := f.authority.Write(t.Context(), bare, store.Write{Mutations: []store.Mutation{m}})
		late <- err
	}()
	<-inside
	require.ErrorIs(t, f.put(2), ErrCrashed)
	require.ErrorIs(t, f.put(3), ErrCrashed)
	_, err := f.control.Phase(t.Context())
	require.ErrorIs(t, err, ErrCrashed)
	f.Restart()
	close(goOn)
	err = <-late
	require.ErrorIs(t, err, ErrCrashed, "the reply was for a process that is dead")
	require.Equal(t, store.Unknown, store.OutcomeOf(err))
	require.False(t, f.has(2) || f.has(3))
	require.NoError(t, f.put(4), "the process was started anew")
	f.Restart()
	var effects []Effect
	for _, c := range f.Calls() {
		effects = append(effects, c.Effect)
	}
	require.Equal(t, []Effect{0, 0, Crash, Crash, Crash, 0}, effects, "the counting goes on")
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		s := f.Stall(1)
		require.NoError(t, f.put(0))
		done := make(chan error, 1)
		go func() { done <- f.put(1) }()
		<-s.Reached()
		require.False(t, f.has(1))
		require.NoError(t, f.put(2), "other calls pass")
		synctest.Wait()
		require.Empty(t, done, "it is still held back")
		s.Release()
		require.NoError(t, <-done)
		require.True(t, f.has(1))
		s.Release()
	})
}

func TestStallEnds(t *testing.T) {
	f := newFixture(t)
	given, err := f.mem.Phase(t.Context())
	require.NoError(t, err)
	given.State, given.Epoch = store.GivenAway, given.Epoch+1
	require.NoError(t, f.mem.Advance(t.Context(), given, given, store.AuditEntry{}))
	s := f.StallOn(func(c Call) bool { return c.Role == Follower })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	put := func(ctx context.Context) {
		_, err := f.follower.Put(ctx, store.At{Epoch: given.Epoch}, store.Row{Key: f.key(1), Version: 1, Live: true, Record: f.user(1)})
		done <- err
	}
	go put(ctx)
	<-s.Reached()
	cancel()
	err = <-done
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, store.NotApplied, store.OutcomeOf(err))
	go put(t.Context())
	require.Eventually(t, func() bool { return f.Count() == 2 }, 20*time.Second, time.Millisecond)
	f.Crash(2)
	require.ErrorIs(t, f.put(2), ErrCrashed)
	require.ErrorIs(t, <-done, ErrCrashed, "a death ends the wait")
	require.False(t, f.has(1))
	f.Restart()
	s.Release()
	go put(t.Context())
	require.NoError(t, <-done, "after Release calls pass")
}

// TestLogHoldsNoContents holds that what a test prints names keys by their
// hash only.
func TestLogHoldsNoContents(t *testing.T) {
	f := newFixture(t)
	f.FailAfter(0)
	err := f.put(424242)
	require.Equal(t, "calls:\n0 authority mysql Write "+f.key(424242).String()+" (after)", log(f.Faults))
	for _, text := range []string{log(f.Faults), err.Error()} {
		require.NotContains(t, text, "424242")
		require.NotContains(t, text, "secret")
	}
}

// reads are the methods that change nothing.
var reads = []string{"Get", "GetMany", "Query", "Count", "Totals", "Scan", "Dirty", "Check", "Ready", "Phase", "Registrations",
	"Backlog", "LastID", "Progress", "DeadLetters", "Audit", "Granted", "Token",
	"Copies", "FanOuts", "Dependents"}

// noCalls are what a store says of itself.
var noCalls = []string{"Name", "Contract", "Shards", "KeepsCopies"}

// TestEveryMethod holds that every method of every part goes through the
// script under its own name, with the effects that belong to it.
func TestEveryMethod(t *testing.T) {
	for _, part := range []struct {
		role Role
		of   reflect.Type
		make func(*fixture) any
	}{
		{Authority, reflect.TypeFor[store.Authority](), func(f *fixture) any { return f.authority }},
		{Follower, reflect.TypeFor[store.Follower](), func(f *fixture) any { return f.follower }},
		{Control, reflect.TypeFor[store.Control](), func(f *fixture) any { return f.control }},
		{Leases, reflect.TypeFor[store.Leases](), func(f *fixture) any { return f.Leases(f.mem) }},
	} {
		for i := range part.of.NumMethod() {
			name := part.of.Method(i).Name
			if slices.Contains(noCalls, name) {
				continue
			}
			t.Run(string(part.role)+"/"+name, func(t *testing.T) {
				f := newFixture(t)
				f.FailBefore(0)
				err := callMethod(t.Context(), reflect.ValueOf(part.make(f)).MethodByName(name))
				var se *store.Error
				require.True(t, errors.As(err, &se), "%v", err)
				require.Len(t, f.Calls(), 1)
				require.Equal(t, name, f.Calls()[0].Method)
				require.Equal(t, part.role, f.Calls()[0].Role)
				require.Equal(t, slices.Contains(reads, name), se.Outcome == store.NoWrite)
			})
		}
	}
}

// callMethod calls a method with zero arguments and returns its last result.
func callMethod(ctx context.Context, m reflect.Value) error {
	args := []reflect.Value{reflect.ValueOf(ctx)}
	for i := 1; i < m.Type().NumIn(); i++ {
		args = append(args, reflect.Zero(m.Type().In(i)))
	}
	results := m.Call(args)
	err, _ := results[len(results)-1].Interface().(error)
	return err
}

// TestNameIsNoCall holds the same of all that a store says of itself.
func TestNameIsNoCall(t *testing.T) {
	f := newFixture(t)
	require.Equal(t, "mysql", f.authority.Name())
	require.Equal(t, 1, f.authority.Shards())
	require.False(t, f.follower.KeepsCopies())
	require.Same(t, f.mem.Contract(), f.follower.Contract())
	require.Zero(t, f.Count())
}

// TestWholeStore holds that every method of a store that was wrapped whole goes
// through the script, in the role it belongs to and under the store's name.
func TestWholeStore(t *testing.T) {
	of := reflect.TypeFor[interface {
		store.Store
		store.Leases
	}]()
	for i := range of.NumMethod() {
		name := of.Method(i).Name
		if slices.Contains(noCalls, name) {
			continue
		}
		f := newFixture(t)
		f.FailBefore(0)
		err := callMethod(t.Context(), reflect.ValueOf(f.Store(f.mem)).MethodByName(name))
		require.ErrorIs(t, err, ErrInjected, name)
		call := f.Calls()[0]
		require.Equal(t, name, call.Method)
		require.Equal(t, "mysql", call.Store)
		switch name {
		case "Write":
			require.Equal(t, Authority, call.Role)
		case "PutTogether":
			require.Equal(t, Follower, call.Role)
		case "Get":
			require.Equal(t, Shared, call.Role)
		case "Advance":
			require.Equal(t, Control, call.Role)
		case "Grant":
			require.Equal(t, Leases, call.Role)
		}
	}
}

// TestLeasesAreNotInvented holds that a store without leases has none when it
// is wrapped: who asks for them finds out by the type.
func TestLeasesAreNotInvented(t *testing.T) {
	f := newFixture(t)
	_, has := f.Store(f.mem).(store.Leases)
	require.True(t, has)
	_, has = f.Store(struct{ store.Store }{f.mem}).(store.Leases)
	require.False(t, has)
}

// TestConformance holds that a wrapper without a script changes nothing.
func TestConformance(t *testing.T) {
	for name, leased := range map[string]bool{"with a fence": false, "under leases": true} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, storetest.Harness{New: func(_ testing.TB, c *transform.Contract) storetest.Subject {
				s := New().Store(memstore.New(c, &memstore.Options{Leased: leased}))
				subject := storetest.Subject{Authority: s, Control: s, Follower: s}
				if leased {
					subject.Leases = s.(store.Leases)
				}
				return subject
			}})
		})
	}
	t.Run("each part alone", func(t *testing.T) {
		storetest.Run(t, storetest.Harness{New: func(_ testing.TB, c *transform.Contract) storetest.Subject {
			f, mem := New(), memstore.New(c, nil)
			both := f.AuthorityControl(mem)
			return storetest.Subject{Authority: both, Control: both, Follower: f.Follower(mem)}
		}})
	})
}
