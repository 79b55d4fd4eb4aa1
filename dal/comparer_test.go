package dal_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// indexes collects the indexes that were found at fault.
type indexes struct{ names chan string }

func (h indexes) OnMismatch(e dal.MismatchEvent) { h.names <- e.Index }

// compareBy looks a user up by name in phase 3 and returns what came of it.
func compareBy(t *testing.T, f *fixture, name string) dal.Stats {
	t.Helper()
	_, err := f.users.Page(t.Context(), dal.Index("UsernameIndex").Equal(name), "", 10)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		s := f.router.Stats()
		return s.Mismatches+s.Unsettled+s.Failed > 0
	}, 20*time.Second, time.Millisecond)
	return f.router.Stats()
}

// TestBusyKeyIsNoMismatchOfItsIndex: a record that changes at every look, and is
// refreshed each time, makes the pages differ again and again. Each key is equal
// when it is looked at: nothing is at fault.
func TestBusyKeyIsNoMismatchOfItsIndex(t *testing.T) {
	var f *fixture
	turn := 0
	faults := faultstore.New()
	faults.On(func(c faultstore.Call) bool {
		if c.Store != "dynamodb" || c.Method != "Query" {
			return false
		}
		// Between the two stores' answers: written, and refreshed.
		turn++
		u := user(1)
		u.Profile = map[string]any{"turn": turn}
		f.write(t, u)
		f.drain(t)
		return false
	}, faultstore.Before)
	f = newFaultyFixture(t, dal.Validate, dal.RouterOptions{CompareTimeout: 20 * time.Second}, faults)
	f.seed(t, user(1))
	s := compareBy(t, f, "user1")
	require.Zero(t, s.Mismatches)
	require.Equal(t, int64(1), s.Unsettled)
}

// TestIndexAtFaultIsNamed: both stores have the record, and one's index does not
// show it.
func TestIndexAtFaultIsNamed(t *testing.T) {
	found := indexes{make(chan string, 1)}
	f := newFixture(t, dal.Validate, dal.RouterOptions{Hooks: []dal.Hook{found}})
	f.seed(t, user(1))
	blind := blindIndex{f.dynamo}
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	f.router = dal.NewRouter(f.contract, f.mysql, blind, now, &dal.RouterOptions{Hooks: []dal.Hook{found}})
	t.Cleanup(f.router.Close)
	f.users, err = dal.NewRepository[User](f.router, "Users")
	require.NoError(t, err)
	_, err = f.users.Page(t.Context(), dal.Index("UsernameIndex").Equal("user1"), "", 10)
	require.NoError(t, err)
	select {
	case name := <-found.names:
		require.Equal(t, "UsernameIndex", name)
	case <-time.After(20 * time.Second):
		t.Fatal("the index was not named")
	}
}

// TestComparisonOutlivesPhase3: a read of phase 3 is compared when DynamoDB has
// taken over and MySQL lags behind it. That is no mismatch.
func TestComparisonOutlivesPhase3(t *testing.T) {
	for method, read := range map[string]func(f *fixture) error{
		"Get": func(f *fixture) error { _, err := f.users.Get(t.Context(), f.users.Key(1)); return err },
		"Query": func(f *fixture) error {
			_, err := f.users.Page(t.Context(), dal.Index("UsernameIndex").Equal("user1"), "", 10)
			return err
		},
	} {
		t.Run(method, func(t *testing.T) {
			var f *fixture
			over := false
			faults := faultstore.New()
			faults.On(func(c faultstore.Call) bool {
				if !over && c.Store == "dynamodb" && c.Method == method {
					over = true
					f.handOver(t)
					u := user(1)
					u.Email = "later@example.com"
					f.write(t, u)
				}
				return false
			}, faultstore.Before)
			f = newFaultyFixture(t, dal.Validate, dal.RouterOptions{CompareTimeout: 20 * time.Second, CompareWorkers: 1}, faults)
			f.seed(t, user(1))
			require.NoError(t, read(f))
			require.Eventually(t, func() bool {
				s := f.router.Stats()
				return s.Dropped+s.Mismatches > 0
			}, 20*time.Second, time.Millisecond)
			require.Zero(t, f.router.Stats().Mismatches)
		})
	}
}

// TestBehind: a follower whose version is lower says so, for an authority that
// can't tell of a key that it is dirty.
func TestBehind(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	u := user(1)
	u.Email = "new@example.com"
	require.NoError(t, f.users.Put(t.Context(), &u, dal.Follow(dal.Async)))
	found, err := dal.Compare(t.Context(), f.dynamo, f.mysql, f.key(1))
	require.NoError(t, err)
	require.Equal(t, dal.Different, found.Verdict)
	require.True(t, found.Behind)
	require.Equal(t, []string{"email"}, found.Columns)
	f.drain(t)
	found, err = dal.Compare(t.Context(), f.dynamo, f.mysql, f.key(1))
	require.NoError(t, err)
	require.Equal(t, dal.Comparison{Key: f.key(1)}, found)
}

// blindIndex is a follower whose indexes are empty.
type blindIndex struct{ store.Store }

func (blindIndex) Query(context.Context, store.At, store.Query) ([]store.Row, error) { return nil, nil }

// write stores a user in the authority alone.
func (f *fixture) write(t *testing.T, u User) {
	t.Helper()
	binding, err := transform.Bind[User](f.contract.Entity("Users"))
	require.NoError(t, err)
	rec, err := binding.Record(&u)
	require.NoError(t, err)
	key, err := rec.Key()
	require.NoError(t, err)
	now, err := f.snapshot(context.Background())
	require.NoError(t, err)
	lead, _ := f.leads(context.Background())
	_, err = lead.Write(context.Background(), store.At{Epoch: now.Epoch, Captured: true, Lease: f.lease},
		store.Write{Mutations: []store.Mutation{{Op: store.Put, Key: key, Record: rec}}})
	require.NoError(t, err)
}
