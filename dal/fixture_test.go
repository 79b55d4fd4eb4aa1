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
// reaches the follower came with the write itself.
type fixture struct {
	contract *transform.Contract
	mysql    *memstore.Store
	dynamo   *memstore.Store
	faults   *faultstore.Faults
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
	f := &fixture{
		contract: contract,
		mysql:    memstore.New(contract, &memstore.Options{Name: "mysql", Unique: []string{"username", "email"}}),
		dynamo:   memstore.New(contract, &memstore.Options{Name: "dynamodb"}),
		faults:   faults,
	}
	require.NoError(t, f.mysql.Init(t.Context()))
	if opts.Reload == nil {
		opts.Reload = func(ctx context.Context) (dal.Snapshot, error) { return f.snapshot(ctx) }
	}
	if phase != dal.MySQLOnly {
		f.advance(t, phase, true)
	}
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	f.router = dal.NewRouter(contract, faults.Authority(f.mysql), faults.Follower(f.dynamo), now, &opts)
	t.Cleanup(f.router.Close)
	f.users, err = dal.NewRepository[User](f.router, "Users")
	require.NoError(t, err)
	return f
}

func (f *fixture) snapshot(ctx context.Context) (dal.Snapshot, error) {
	r, err := f.mysql.Phase(ctx)
	return dal.Snapshot{Phase: r.Phase, Capture: r.Capture, Epoch: r.Epoch}, err
}

// advance moves the group to a phase behind the router's back.
func (f *fixture) advance(t *testing.T, phase dal.Phase, capture bool) {
	t.Helper()
	r, err := f.mysql.Phase(t.Context())
	require.NoError(t, err)
	next := r
	next.Phase, next.Capture, next.Epoch = phase, capture, r.Epoch+1
	require.NoError(t, f.mysql.Advance(t.Context(), r.Epoch, next, store.AuditEntry{}))
}

// drain does what a relay does, without faults.
func (f *fixture) drain(t *testing.T) {
	t.Helper()
	refresher := dal.NewRefresher(f.mysql, f.dynamo)
	changes, err := f.mysql.Dirty(context.Background(), transform.Key{}, 1000)
	require.NoError(t, err)
	for _, c := range changes {
		require.NoError(t, refresher.Refresh(context.Background(), c.Key))
	}
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

// in returns what a store has at a user's key.
func (f *fixture) in(t *testing.T, s store.Reader, id int64) store.Row {
	t.Helper()
	key, err := f.contract.Entity("Users").KeyOf(id)
	require.NoError(t, err)
	row, err := s.Get(context.Background(), store.At{Captured: true}, key)
	require.NoError(t, err)
	return row
}
