package memstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// harness makes stores that play MySQL, or DynamoDB.
func harness(leased bool) storetest.Harness {
	return storetest.Harness{New: func(_ testing.TB, c *transform.Contract) storetest.Subject {
		s := memstore.New(c, &memstore.Options{Leased: leased})
		subject := storetest.Subject{Authority: s, Control: s, Follower: s}
		if leased {
			subject.Leases = s
		}
		return subject
	}}
}

func TestConformance(t *testing.T) { storetest.Run(t, harness(false)) }

func TestConformanceUnderLeases(t *testing.T) { storetest.Run(t, harness(true)) }

func BenchmarkAuthority(b *testing.B) { storetest.BenchmarkAuthority(b, harness(false)) }

func BenchmarkAuthorityUnderLeases(b *testing.B) { storetest.BenchmarkAuthority(b, harness(true)) }

func BenchmarkFollower(b *testing.B) { storetest.BenchmarkFollower(b, harness(true)) }

// A fixture is a store with two users to write.
type fixture struct {
	*testing.T
	*memstore.Store
	ctx context.Context
	a   transform.Record
	b   transform.Record
}

func newFixture(t *testing.T, opts *memstore.Options) *fixture {
	c := storetest.Contract(t)
	f := &fixture{T: t, Store: memstore.New(c, opts), ctx: t.Context()}
	f.a, f.b = f.user(1), f.user(2)
	return f
}

func (f *fixture) user(id int64) transform.Record {
	rec := f.Contract().Entity("Users").NewRecord()
	rec.SetAt(0, transform.IntValue(id))
	return rec
}

func (f *fixture) key(rec transform.Record) transform.Key {
	key, err := rec.Key()
	require.NoError(f, err)
	return key
}

func (f *fixture) put(rec transform.Record) store.Mutation {
	return store.Mutation{Op: store.Put, Key: f.key(rec), Record: rec}
}

func (f *fixture) update(rec transform.Record, modify func(transform.Record) error) store.Mutation {
	return store.Mutation{Op: store.Update, Key: f.key(rec), Modify: modify}
}

var bare = store.At{Epoch: store.FirstEpoch}

func (f *fixture) write(m ...store.Mutation) error {
	_, err := f.Write(f.ctx, bare, store.Write{Mutations: m})
	return err
}

func (f *fixture) row(rec transform.Record) store.Row {
	row, err := f.Get(f.ctx, store.At{Captured: true}, f.key(rec))
	require.NoError(f, err)
	return row
}

// advance moves the store on; change makes the next record of the one it has.
func (f *fixture) advance(change func(*store.PhaseRecord)) {
	from, err := f.Phase(f.ctx)
	require.NoError(f, err)
	to := from
	change(&to)
	require.NoError(f, f.Advance(f.ctx, from, to, store.AuditEntry{Action: "a test"}))
}

// capture switches capture on, in the next epoch, with the store open.
func (f *fixture) capture() store.At {
	f.advance(func(r *store.PhaseRecord) {
		r.State, r.Capture, r.Epoch = store.Open, true, r.Epoch+1
		r.CaptureEpoch = r.Epoch
	})
	r, err := f.Phase(f.ctx)
	require.NoError(f, err)
	return store.At{Epoch: r.Epoch, Captured: true}
}

// giveAway makes the store a follower.
func (f *fixture) giveAway() store.At {
	f.advance(func(r *store.PhaseRecord) { r.State, r.Epoch = store.GivenAway, r.Epoch+1 })
	r, err := f.Phase(f.ctx)
	require.NoError(f, err)
	return store.At{Epoch: r.Epoch}
}

func (f *fixture) requireInvalid(err error, detail string) {
	f.Helper()
	require.ErrorIs(f, err, store.ErrInvalid)
	require.ErrorContains(f, err, detail)
	require.Equal(f, store.NotApplied, store.OutcomeOf(err))
}

// TestModifyMayCallTheStore holds that no lock is held while a Modify runs.
func TestModifyMayCallTheStore(t *testing.T) {
	f := newFixture(t, nil)
	require.NoError(t, f.write(f.put(f.a)))
	require.NoError(t, f.write(f.update(f.a, func(rec transform.Record) error {
		require.True(t, f.row(f.a).Live)
		require.NoError(t, f.write(f.put(f.b)))
		return rec.Set("username", transform.TextValue("renamed"))
	})))
	require.True(t, f.row(f.b).Live)
	name, _ := f.row(f.a).Record.Get("username")
	require.Equal(t, "renamed", name.Text())
}

// TestModifyThatWritesItsOwnKey holds that such a write ends, with an error.
func TestModifyThatWritesItsOwnKey(t *testing.T) {
	f := newFixture(t, nil)
	require.NoError(t, f.write(f.put(f.a)))
	calls := 0
	err := f.write(f.update(f.a, func(rec transform.Record) error {
		calls++
		require.NoError(t, f.write(f.put(f.a)))
		return rec.Set("username", transform.TextValue("lost"))
	}))
	require.ErrorIs(t, err, store.ErrConflict)
	require.Equal(t, store.NotApplied, store.OutcomeOf(err))
	require.Greater(t, calls, 1)
	name, _ := f.row(f.a).Record.Get("username")
	require.True(t, name.IsNull())
}

// TestFreshStore holds that a store that plays MySQL serves at once, and one
// that plays DynamoDB follows at once.
func TestFreshStore(t *testing.T) {
	f := newFixture(t, nil)
	require.Equal(t, "memory", f.Name())
	require.NoError(t, f.write(f.put(f.a)))
	require.ErrorIs(t, f.Grant(f.ctx, "p", store.FirstEpoch, time.Second), store.ErrInvalid, "it needs no leases")

	f = newFixture(t, &memstore.Options{Leased: true})
	require.ErrorIs(t, f.write(f.put(f.a)), store.ErrWrongPhase)
	took, err := f.Put(f.ctx, store.At{}, store.Row{Key: f.key(f.a), Version: 1, Live: true, Record: f.a})
	require.NoError(t, err)
	require.True(t, took)
}

// TestBareWriteUnderCapture holds that a caller who mixes up epoch and capture
// hears of it: nothing would bring the write to the follower.
func TestBareWriteUnderCapture(t *testing.T) {
	f := newFixture(t, nil)
	at := f.capture()
	at.Captured = false
	_, err := f.Write(f.ctx, at, store.Write{Mutations: []store.Mutation{f.put(f.a)}})
	f.requireInvalid(err, "capture is on")
	require.False(t, f.row(f.a).Live)
}

// TestFollowerBecomesAuthority holds that versions go on from what a store was
// given as a follower, tombstones included.
func TestFollowerBecomesAuthority(t *testing.T) {
	f := newFixture(t, nil)
	high := store.Floor(9)
	at := f.giveAway()
	for _, row := range []store.Row{
		{Key: f.key(f.a), Version: high, Live: true, Record: f.a}, {Key: f.key(f.b), Version: high},
	} {
		took, err := f.Put(f.ctx, at, row)
		require.NoError(t, err)
		require.True(t, took)
	}
	at = f.capture()
	done, err := f.Write(f.ctx, at, store.Write{Mutations: []store.Mutation{
		f.put(f.a), {Op: store.Create, Key: f.key(f.b), Record: f.b}}})
	require.NoError(t, err)
	for i, rec := range []transform.Record{f.a, f.b} {
		require.Equal(t, high+1, done.Rows[i].Version)
		require.False(t, f.row(rec).Tombstone)
		require.True(t, f.row(rec).Live)
	}
	_, err = f.Write(f.ctx, at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: f.key(f.a)}}})
	require.NoError(t, err)
	require.False(t, f.row(f.a).Tombstone, "an authority with a fence keeps a version, no tombstone")
	page, err := f.Scan(f.ctx, store.At{}, store.Range{Entity: f.a.Entity(), Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Rows, 1)
}

// TestLeasedDelete holds that a delete leaves a tombstone where the versions
// are part of the items.
func TestLeasedDelete(t *testing.T) {
	f := newFixture(t, &memstore.Options{Leased: true})
	at := f.capture()
	at.Lease = &store.Lease{}
	at.Lease.Extend(at.Epoch, time.Now(), time.Hour)
	for _, m := range []store.Mutation{f.put(f.a), {Op: store.Delete, Key: f.key(f.a)}} {
		_, err := f.Write(f.ctx, at, store.Write{Mutations: []store.Mutation{m}})
		require.NoError(t, err)
	}
	row := f.row(f.a)
	require.True(t, row.Tombstone)
	require.Equal(t, store.Floor(at.Epoch)+2, row.Version)
	require.NoError(t, f.Bump(f.ctx, []transform.Key{f.key(f.b)}))
	require.True(t, f.row(f.b).Tombstone)
}

// TestLateWrite holds that a write can land after its lease has ended and the
// store was given away. Its caller can't know, and its change record tells.
func TestLateWrite(t *testing.T) {
	var f *fixture
	var at store.At
	halves := 0 // of the write: what it reads, and its commit
	f = newFixture(t, &memstore.Options{Leased: true, Wire: func(_ context.Context, effect func() error) error {
		if at.Lease != nil && at.Lease.Valid(at.Epoch) {
			if halves++; halves == 2 {
				at.Lease.End()
				f.giveAway()
			}
		}
		return effect()
	}})
	at = f.capture()
	at.Lease = &store.Lease{}
	at.Lease.Extend(at.Epoch, time.Now(), time.Hour)
	_, err := f.Write(f.ctx, at, store.Write{Mutations: []store.Mutation{f.put(f.a)}})
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.Equal(t, store.Unknown, store.OutcomeOf(err))
	require.Equal(t, 2, halves)
	require.True(t, f.row(f.a).Live)
	require.Equal(t, store.Floor(at.Epoch)+1, f.row(f.a).Version, "it has a version of the epoch it was sent in")
	backlog, err := f.Backlog(f.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, backlog.Dirty)
}

// TestTokenOutOfDate holds that a token is forgotten after its time.
func TestTokenOutOfDate(t *testing.T) {
	now := time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC)
	f := newFixture(t, &memstore.Options{Now: func() time.Time { return now }})
	w := store.Write{Mutations: []store.Mutation{f.put(f.a)}, Token: "once"}
	for _, c := range []struct {
		pass     time.Duration
		repeated bool
	}{{0, false}, {store.TokenLife - 1, true}, {1, false}} {
		now = now.Add(c.pass)
		done, err := f.Write(f.ctx, bare, w)
		require.NoError(t, err)
		require.Equal(t, c.repeated, done.Repeated)
	}
}

// TestTokenOfABareWriteOutOfDate holds that a token that does not count any more
// is not carried, of a store with a fence and of a leased one.
func TestTokenOfABareWriteOutOfDate(t *testing.T) {
	for _, leased := range []bool{false, true} {
		now := time.Now()
		f := newFixture(t, &memstore.Options{Leased: leased, Now: func() time.Time { return now }})
		at := bare
		if leased {
			at = f.capture() // opens it
			at.Captured, at.Lease = false, new(store.Lease)
			at.Lease.Extend(at.Epoch, time.Now(), time.Hour)
		}
		_, err := f.Write(f.ctx, at, store.Write{Mutations: []store.Mutation{f.put(f.a)}, Token: "once"})
		require.NoError(t, err)
		if !leased {
			f.capture()
		}
		for _, waiting := range []int64{1, 0} {
			backlog, err := f.Backlog(f.ctx)
			require.NoError(t, err)
			require.Equal(t, waiting, backlog.Dirty)
			now = now.Add(store.TokenLife)
		}
	}
}

// TestTombstoneWithoutVersion holds that even a tombstone at version 0 is
// something: Insert leaves it alone.
func TestTombstoneWithoutVersion(t *testing.T) {
	f := newFixture(t, nil)
	_, err := f.Put(f.ctx, f.giveAway(), store.Row{Key: f.key(f.a)})
	require.NoError(t, err)
	_, err = f.Insert(f.ctx, []store.Row{{Key: f.key(f.a), Live: true, Record: f.a}})
	require.NoError(t, err)
	require.True(t, f.row(f.a).Tombstone)
}

// TestUniqueWithinEntity holds that a unique value is unique among the records
// of its entity, and within a write.
func TestUniqueWithinEntity(t *testing.T) {
	table := func(name string) string {
		return `{"table": "` + name + `", "type": "single-entity", "source_table": "` + name + `", "pk": "id", "gsis": [],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "code", "type": "S", "source_column": "code"}],
			"columns": [{"name": "id", "type": "int"}, {"name": "code", "type": "varchar", "length": 9, "null": true}],
			"primary_key": ["id"]}`
	}
	c, err := transform.Load([]byte(`{"tables": [` + table("parts") + "," + table("tools") + `]}`))
	require.NoError(t, err)
	f := &fixture{T: t, ctx: t.Context(), Store: memstore.New(c, &memstore.Options{Unique: []string{"code"}})}
	rec := func(entity string, id int64) store.Mutation {
		r := c.Entity(entity).NewRecord()
		r.SetAt(0, transform.IntValue(id))
		r.SetAt(1, transform.TextValue("x"))
		return f.put(r)
	}
	require.ErrorIs(t, f.write(rec("parts", 1), rec("parts", 2)), store.ErrUnique)
	require.NoError(t, f.write(rec("parts", 1), rec("tools", 1)))
	require.ErrorIs(t, f.write(rec("tools", 2)), store.ErrUnique)
}

// TestUnknownUniqueColumn holds that a misspelt column is not ignored.
func TestUnknownUniqueColumn(t *testing.T) {
	require.PanicsWithValue(t, `memstore: no entity has the unique column "usrname"`, func() {
		newFixture(t, &memstore.Options{Unique: []string{"username", "usrname"}})
	})
}

// TestClock holds that ages and times are by the store's clock.
func TestClock(t *testing.T) {
	now := time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC)
	f := newFixture(t, &memstore.Options{Now: func() time.Time { return now }})
	at := f.capture()
	_, err := f.Register(f.ctx, store.Registration{Process: "p"})
	require.NoError(t, err)
	_, err = f.Write(f.ctx, at, store.Write{Mutations: []store.Mutation{f.put(f.a)}})
	require.NoError(t, err)
	now = now.Add(time.Minute)
	_, err = f.Write(f.ctx, at, store.Write{Mutations: []store.Mutation{f.put(f.a), f.put(f.b)}})
	require.NoError(t, err)
	now = now.Add(time.Second)

	page, err := f.Dirty(f.ctx, store.DirtyRange{Limit: 10})
	require.NoError(t, err)
	changes := page.Changes
	require.Equal(t, []int64{int64(61 * time.Second), int64(time.Second)}, []int64{changes[0].Age, changes[1].Age},
		"a key is dirty since the first write that was not refreshed")
	backlog, err := f.Backlog(f.ctx)
	require.NoError(t, err)
	require.Equal(t, store.Backlog{Dirty: 2, Oldest: 61 * time.Second}, backlog)
	processes, err := f.Registrations(f.ctx)
	require.NoError(t, err)
	require.Equal(t, 61*time.Second, processes[0].Age)
	audit, err := f.Audit(f.ctx, 1)
	require.NoError(t, err)
	require.Equal(t, now.Add(-61*time.Second), audit[0].At)
	record, err := f.Phase(f.ctx)
	require.NoError(t, err)
	require.Equal(t, audit[0].At, record.ChangedAt)
}

// TestUnsoundWrites holds that a write that could be right in no state says why.
func TestUnsoundWrites(t *testing.T) {
	f := newFixture(t, nil)
	require.NoError(t, f.write(f.put(f.a)))
	nobody := transform.Key{Entity: "Nobody", ID: "1"}
	same := func(transform.Record) error { return nil }
	for _, c := range []struct {
		detail string
		m      []store.Mutation
	}{
		{"no such entity", []store.Mutation{{Op: store.Delete, Key: nobody}}},
		{"each key once", []store.Mutation{f.put(f.b), f.update(f.b, same)}},
		{"unknown operation", []store.Mutation{{Key: f.key(f.b), Record: f.b}}},
		{"unknown operation", []store.Mutation{{Op: 9, Key: f.key(f.b), Record: f.b}}},
		{"needs a Modify", []store.Mutation{f.update(f.a, nil)}},
		{"not of the mutation's key", []store.Mutation{{Op: store.Put, Key: f.key(f.a), Record: f.b}}},
		{"not of the mutation's key", []store.Mutation{{Op: store.Create, Key: f.key(f.b)}}},
		{"must not change the key", []store.Mutation{f.put(f.b), f.update(f.a, func(rec transform.Record) error {
			return rec.Set("user_id", transform.IntValue(7))
		})}},
	} {
		f.requireInvalid(f.write(c.m...), c.detail)
		require.False(t, f.row(f.b).Live, "nothing has changed")
	}
	f.requireInvalid(f.Bump(f.ctx, []transform.Key{f.key(f.a), nobody}), "no such entity")
	require.False(t, f.row(f.a).Dirty)
}

// TestUnsoundRows holds the same for what a follower is given.
func TestUnsoundRows(t *testing.T) {
	f := newFixture(t, nil)
	at := f.giveAway()
	for _, c := range []struct {
		detail string
		row    store.Row
	}{
		{"no such entity", store.Row{Key: transform.Key{Entity: "Nobody", ID: "1"}, Live: true, Record: f.a}},
		{"needs a record", store.Row{Key: f.key(f.a), Live: true}},
		{"not of the row's key", store.Row{Key: f.key(f.a), Live: true, Record: f.b}},
	} {
		_, err := f.Put(f.ctx, at, c.row)
		f.requireInvalid(err, c.detail)
		errs, err := f.Insert(f.ctx, []store.Row{c.row, {Key: f.key(f.b), Live: true, Record: f.b}})
		require.NoError(t, err)
		f.requireInvalid(errs[0], c.detail)
		require.NoError(t, errs[1], "the other row does not suffer for it")
	}
	require.False(t, f.row(f.a).Live)
	require.True(t, f.row(f.b).Live)
	errs, err := f.Insert(f.ctx, []store.Row{{Key: f.key(f.a)}})
	require.NoError(t, err)
	require.Equal(t, []error{nil}, errs)
	require.False(t, f.row(f.a).Tombstone, "a row that is not live is left alone")
}

// TestErrorsNameNoContents holds that an error tells which entity and column,
// and nothing of the row.
func TestErrorsNameNoContents(t *testing.T) {
	f := newFixture(t, &memstore.Options{Name: "mysql", Unique: []string{"email"}})
	for _, rec := range []transform.Record{f.a, f.b} {
		require.NoError(t, rec.Set("email", transform.TextValue("secret@example.com")))
	}
	require.NoError(t, f.write(f.put(f.a)))
	err := f.write(f.put(f.b))
	require.EqualError(t, err, "put Users mysql: unique value taken (email) [not applied]")
	var se *store.Error
	require.True(t, errors.As(err, &se))
}
