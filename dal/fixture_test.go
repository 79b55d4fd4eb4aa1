package dal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A User is the record of the tests.
type User struct {
	ID         int64          `db:"user_id"`
	Username   string         `db:"username"`
	Email      string         `db:"email"`
	Registered *time.Time     `db:"registration_date"`
	LastLogin  *time.Time     `db:"last_login"`
	Profile    map[string]any `db:"profile_data"`
}

func user(id int64) User {
	return User{ID: id, Username: fmt.Sprintf("user%d", id), Email: fmt.Sprintf("user%d@example.com", id)}
}

// A fixture is two stores in memory, a router between them, and no relay: what
// reaches the follower came with the write itself. The router's process has one
// lease, which the fixture's snapshots carry.
type fixture struct {
	contract *transform.Contract
	mysql    *memstore.Store
	dynamo   *memstore.Store
	faults   *faultstore.Faults
	lease    *store.Lease
	now      func() time.Time // of the lease
	router   *dal.Router
	users    *dal.Repository[User]
}

// newFixture returns a fixture in the phase, captured unless it is phase 1.
func newFixture(t *testing.T, phase dal.Phase, opts dal.RouterOptions) *fixture {
	return newFaultyFixture(t, phase, opts, faultstore.New())
}

func newFaultyFixture(t *testing.T, phase dal.Phase, opts dal.RouterOptions, faults *faultstore.Faults) *fixture {
	t.Helper()
	contract, err := transform.LoadFile("testdata/users.json")
	require.NoError(t, err)
	f := newFixtureOf(t, contract, phase, opts, faults)
	f.users, err = dal.NewRepository[User](f.router, "Users")
	require.NoError(t, err)
	return f
}

// newFixtureOf returns a fixture of another contract, without repositories.
func newFixtureOf(t *testing.T, contract *transform.Contract, phase dal.Phase, opts dal.RouterOptions, faults *faultstore.Faults) *fixture {
	t.Helper()
	f := &fixture{
		contract: contract,
		mysql:    memstore.New(contract, &memstore.Options{Name: "mysql"}),
		dynamo:   memstore.New(contract, &memstore.Options{Name: "dynamodb", Leased: true}),
		faults:   faults,
		lease:    new(store.Lease),
		now:      time.Now,
	}
	require.NoError(t, f.mysql.Init(t.Context()))
	require.NoError(t, f.dynamo.Init(t.Context()))
	if opts.Reload == nil {
		opts.Reload = f.snapshot
	}
	f.bring(t, phase)
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	f.router = dal.NewRouter(contract, faults.Store(f.mysql), faults.Store(f.dynamo), now, &opts)
	t.Cleanup(f.router.Close)
	return f
}

// bring takes the group to its first phase.
func (f *fixture) bring(t *testing.T, phase dal.Phase) {
	t.Helper()
	switch phase {
	case dal.MySQLOnly:
	case dal.DualWrite, dal.Validate:
		f.advance(t, phase, true)
	default:
		f.advance(t, dal.Validate, true)
		f.handOver(t)
		if phase == dal.DynamoDBOnly {
			f.advance(t, phase, true)
		}
	}
}

// leads returns the store that leads, and the other one.
func (f *fixture) leads(ctx context.Context) (lead, other *memstore.Store) {
	if r, _ := f.dynamo.Phase(ctx); r.State == store.Open || r.State == store.Closed {
		return f.dynamo, f.mysql
	}
	return f.mysql, f.dynamo
}

// snapshot reads the phase as a controller does, and takes a lease where one is
// needed.
func (f *fixture) snapshot(ctx context.Context) (dal.Snapshot, error) {
	lead, _ := f.leads(ctx)
	r, err := lead.Phase(ctx)
	if err != nil {
		return dal.Snapshot{}, err
	}
	s := dal.Snapshot{Phase: r.Phase, Capture: r.Capture, Epoch: r.Epoch, Next: r.Next, Lease: f.lease}
	switch {
	case r.State == store.GivenAway || r.State == store.Sealed:
		return s, &store.Error{Op: "look", Kind: store.ErrWrongPhase}
	case lead == f.dynamo && r.State == store.Open && !f.lease.Valid(r.Epoch):
		f.grant(r.Epoch)
	}
	return s, nil
}

const leaseLength = time.Hour

func (f *fixture) grant(epoch uint64) {
	since := f.now()
	if f.dynamo.Grant(context.Background(), "p", epoch, leaseLength) == nil {
		f.lease.Extend(epoch, since, leaseLength)
	}
}

// turn changes one store's record behind the router's back.
func (f *fixture) turn(t *testing.T, s *memstore.Store, change func(*store.PhaseRecord)) {
	t.Helper()
	from, err := s.Phase(context.Background())
	require.NoError(t, err)
	to := from
	change(&to)
	require.NoError(t, s.Advance(context.Background(), from, to, store.AuditEntry{}))
}

// advance takes the group to another phase or capture under the same authority.
// MySQL as follower has a copy of it.
func (f *fixture) advance(t *testing.T, phase dal.Phase, capture bool) {
	t.Helper()
	lead, _ := f.leads(context.Background())
	change := func(r *store.PhaseRecord) { r.Phase, r.Capture, r.Epoch = phase, capture, r.Epoch+1 }
	f.turn(t, lead, change)
	if lead == f.dynamo {
		f.turn(t, f.mysql, change)
	}
}

// handOver makes DynamoDB the authority, in the order of a hand-off.
func (f *fixture) handOver(t *testing.T) {
	t.Helper()
	f.announce(t, f.mysql, dal.DynamoDBPrimary)
	f.drain(t)
	f.give(t, f.mysql, f.dynamo, dal.DynamoDBPrimary)
}

// handBack makes MySQL the authority.
func (f *fixture) handBack(t *testing.T) {
	t.Helper()
	f.announce(t, f.dynamo, dal.Validate)
	f.drain(t)
	f.turn(t, f.mysql, func(r *store.PhaseRecord) { r.State = store.Sealed })
	f.give(t, f.dynamo, f.mysql, dal.Validate)
}

// announce closes the authority. The lease is given back.
func (f *fixture) announce(t *testing.T, lead *memstore.Store, next dal.Phase) {
	t.Helper()
	f.turn(t, lead, func(r *store.PhaseRecord) { r.State, r.Next = store.Closed, next })
	f.lease.End()
	require.NoError(t, f.dynamo.GiveBack(context.Background(), "p"))
}

// give takes the authority from one store to the other.
func (f *fixture) give(t *testing.T, from, to *memstore.Store, phase dal.Phase) {
	t.Helper()
	var epoch uint64
	change := func(state store.State) func(*store.PhaseRecord) {
		return func(r *store.PhaseRecord) {
			r.State, r.Phase, r.Epoch, r.Capture, r.Next = state, phase, epoch, true, 0
		}
	}
	r, err := from.Phase(context.Background())
	require.NoError(t, err)
	epoch = r.Epoch + 1
	f.turn(t, from, change(store.GivenAway))
	f.turn(t, to, change(store.Open))
}

// drain does what a relay does, without faults.
func (f *fixture) drain(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	lead, other := f.leads(ctx)
	refresher := f.refresher(ctx)
	for shard := range lead.Shards() {
		page, err := lead.Dirty(ctx, store.DirtyRange{Shard: shard, Limit: 1000})
		require.NoError(t, err)
		for _, c := range page.Changes {
			require.NoError(t, refresher.Refresh(ctx, c), "from %s to %s", lead.Name(), other.Name())
		}
	}
	backlog, err := lead.Backlog(ctx)
	require.NoError(t, err)
	require.Zero(t, backlog.Dirty)
}

// refresher returns one from the authority to the other store, without faults.
func (f *fixture) refresher(ctx context.Context) *dal.Refresher {
	lead, other := f.leads(ctx)
	return dal.NewRefresher(lead, other, func() uint64 {
		r, _ := lead.Phase(ctx)
		return r.Epoch
	})
}

// requireEqualStores holds that both stores have the same records.
func (f *fixture) requireEqualStores(t *testing.T) {
	t.Helper()
	require.Equal(t, f.records(t, f.mysql), f.records(t, f.dynamo))
}

func (f *fixture) records(t *testing.T, s store.Reader) map[transform.Key]transform.Record {
	t.Helper()
	records := make(map[transform.Key]transform.Record)
	for _, e := range f.contract.Entities {
		after := ""
		for {
			page, err := s.Scan(context.Background(), store.At{Captured: true}, store.Range{Entity: e, After: after, Limit: 100})
			require.NoError(t, err)
			for _, row := range page.Rows {
				if row.Live {
					records[row.Key] = row.Record
				}
			}
			if after = page.Next; after == "" {
				break
			}
		}
	}
	return records
}

// key returns a user's key as stores know it.
func (f *fixture) key(id int64) transform.Key {
	key, err := f.contract.Entity("Users").KeyOf(id)
	if err != nil {
		panic(err)
	}
	return key
}

// in returns what a store has at a user's key.
func (f *fixture) in(t *testing.T, s store.Reader, id int64) store.Row {
	t.Helper()
	row, err := s.Get(context.Background(), store.At{Captured: true}, f.key(id))
	require.NoError(t, err)
	return row
}

// email returns the e-mail that a store has of a user, "" if it has no such
// user.
func (f *fixture) email(t *testing.T, s store.Reader, id int64) string {
	t.Helper()
	row := f.in(t, s, id)
	if !row.Live {
		return ""
	}
	v, _ := row.Record.Get("email")
	return v.Text()
}

// isDirty reports whether a change record of the key waits in the store.
func (f *fixture) isDirty(t *testing.T, s *memstore.Store, id int64) bool {
	t.Helper()
	for shard := range s.Shards() {
		page, err := s.Dirty(context.Background(), store.DirtyRange{Shard: shard, Limit: 1000})
		require.NoError(t, err)
		for _, c := range page.Changes {
			for _, k := range c.Keys {
				if k.Key == f.key(id) {
					return true
				}
			}
		}
	}
	return false
}
