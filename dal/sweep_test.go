package dal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
)

// A writePath is one way to change a record, over record 1 which holds
// "before". left reports whether a row is what the write leaves.
type writePath struct {
	name  string
	write func(context.Context, dal.Group, ...dal.WriteOption) error
	left  func(store.Row) bool
}

func writePaths() []writePath {
	email := func(row store.Row) string {
		if !row.Live {
			return ""
		}
		v, _ := row.Record.Get("email")
		return v.Text()
	}
	return []writePath{
		{"create", func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
			users := usersOf(g)
			u := user(2)
			return users.Create(ctx, &u, o...)
		}, func(row store.Row) bool { return row.Live }},
		{"put over", func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
			users := usersOf(g)
			u := user(1)
			u.Email = "after@example.com"
			return users.Put(ctx, &u, o...)
		}, func(row store.Row) bool { return email(row) == "after@example.com" }},
		{"put new", func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
			users := usersOf(g)
			u := user(2)
			return users.Put(ctx, &u, o...)
		}, func(row store.Row) bool { return row.Live }},
		{"update", func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
			users := usersOf(g)
			return users.Update(ctx, users.Key(1), func(u *User) error { u.Email = "after@example.com"; return nil }, o...)
		}, func(row store.Row) bool { return email(row) == "after@example.com" }},
		{"delete", func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
			users := usersOf(g)
			return users.Delete(ctx, users.Key(1), o...)
		}, func(row store.Row) bool { return !row.Live }},
		{"unit", func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
			return g.Router().Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error { return swept(ctx, usersOf(g).In(tx)) }, o...)
		}, func(row store.Row) bool { return email(row) == "after@example.com" }},
	}
}

func usersOf(g dal.Group) *dal.Repository[User] {
	users, err := dal.NewRepository[User](g, "Users")
	if err != nil {
		panic(err)
	}
	return users
}

// swept is a unit of work that refuses to be done twice.
func swept(ctx context.Context, users dal.InUnit[User]) error {
	u, err := users.Get(ctx, users.Key(2))
	switch {
	case err == nil:
		return fmt.Errorf("%s is there already", u.Username)
	case !errors.Is(err, dal.ErrNotFound):
		return err
	}
	second := user(2)
	if err := users.Create(ctx, &second); err != nil {
		return err
	}
	return users.Update(ctx, users.Key(1), func(u *User) error { u.Email = "after@example.com"; return nil })
}

func (p writePath) id() int64 {
	if p.name == "create" || p.name == "put new" {
		return 2
	}
	return 1
}

// TestSweepWrites fails every call of every write path, before it takes
// effect, on its way, and after it took effect, under each policy and in each
// phase. Whatever fails: what the error says of the outcome is true, no write
// is without its change record, a retry with the same token settles it, and the
// stores are equal once a relay has been through.
func TestSweepWrites(t *testing.T) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		for _, policy := range []dal.Policy{dal.Prompt, dal.Async, dal.Required} {
			for _, path := range writePaths() {
				t.Run(fmt.Sprintf("%s/policy %d/%s", phase, policy, path.name), func(t *testing.T) {
					faultstore.Sweep(t, func(t *testing.T, faults *faultstore.Faults) {
						sweepWrite(t, phase, policy, path, faults)
					})
				})
			}
		}
	}
}

func sweepWrite(t *testing.T, phase dal.Phase, policy dal.Policy, path writePath, faults *faultstore.Faults) {
	f := newFaultyFixture(t, phase, dal.RouterOptions{RequiredBudget: 20 * time.Millisecond, PhaseWait: 50 * time.Millisecond}, faults)
	f.seed(t, user(1))
	ctx := context.Background()
	lead, _ := f.leads(ctx)

	err := path.write(ctx, f.router, dal.Token("t"), dal.Follow(policy))
	there := path.left(f.in(t, lead, path.id()))
	switch {
	case err == nil, dal.OutcomeOf(err) == dal.Applied:
		require.True(t, there, "acknowledged, not there: %v", err)
	case dal.OutcomeOf(err) == dal.NotApplied:
		require.False(t, there, "said to be not applied, and there: %v", err)
	default:
		require.Equal(t, dal.Unknown, dal.OutcomeOf(err))
	}
	if there && phase != dal.MySQLOnly {
		f.requireRecorded(t, path.id(), phase.HasFollower())
	}

	// The same call again: it applies now, or it had been applied.
	if err := path.write(ctx, f.router, dal.Token("t"), dal.Follow(policy)); err != nil && !errors.Is(err, dal.ErrPending) {
		require.ErrorIs(t, err, dal.ErrUnavailable, "the second try met a fault of its own")
		require.NoError(t, path.write(ctx, f.router, dal.Token("t"), dal.Follow(policy)))
	}
	require.True(t, path.left(f.in(t, lead, path.id())))
	if phase.HasFollower() {
		f.drain(t)
		f.requireEqualStores(t)
		f.requireTokenCarried(t, path)
	}
}

// requireTokenCarried holds that the other store knows the write's token too:
// after a hand-off the same call changes nothing.
func (f *fixture) requireTokenCarried(t *testing.T, path writePath) {
	t.Helper()
	if lead, _ := f.leads(t.Context()); lead == f.dynamo {
		f.handBack(t)
	} else {
		f.handOver(t)
	}
	lead, _ := f.leads(t.Context())
	before := f.in(t, lead, path.id())
	now, err := f.snapshot(context.Background())
	require.NoError(t, err)
	plain := dal.NewRouter(f.contract, f.mysql, f.dynamo, now, nil)
	defer plain.Close()
	require.NoError(t, path.write(context.Background(), plain, dal.Token("t")))
	require.Equal(t, before.Version, f.in(t, lead, path.id()).Version, "the token was not known, and the write applied twice")
}

// seed puts records into both stores, clean.
func (f *fixture) seed(t *testing.T, users ...User) {
	t.Helper()
	now, err := f.snapshot(context.Background())
	require.NoError(t, err)
	plain := dal.NewRouter(f.contract, f.mysql, f.dynamo, now, nil)
	defer plain.Close()
	repository, err := dal.NewRepository[User](plain, "Users")
	require.NoError(t, err)
	for _, u := range users {
		require.NoError(t, repository.Create(context.Background(), &u))
	}
	if now.Phase.HasFollower() {
		f.drain(t)
	}
}

// requireRecorded holds that a change that is there is also recorded: dirty, or
// refreshed and in the follower at the same version.
func (f *fixture) requireRecorded(t *testing.T, id int64, followed bool) {
	t.Helper()
	lead, other := f.leads(context.Background())
	row := f.in(t, lead, id)
	require.NotZero(t, row.Version, "a write without change record")
	if f.isDirty(t, lead, id) {
		return
	}
	require.True(t, followed, "clean, and there is no follower")
	require.Equal(t, row.Version, f.in(t, other, id).Version, "clean, and the follower does not have it")
}
