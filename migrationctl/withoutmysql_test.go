package migrationctl_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// without opens a process that has no MySQL.
func (w *world) without(t testing.TB) (*process, error) {
	t.Helper()
	ctl, err := migrationctl.Open(t.Context(), migrationctl.WithoutMySQL(w.contract), w.faultyDynamo(), nil)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = ctl.Close(context.Background()) })
	p := &process{Controller: ctl}
	p.users, err = dal.NewRepository[User](ctl, "Users")
	require.NoError(t, err)
	return p, nil
}

// TestWithoutMySQL: a process without MySQL does in phase 5 what others do, captured
// or bare, and in no other phase it starts.
func TestWithoutMySQL(t *testing.T) {
	for phase := store.MySQLOnly; phase < store.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				if phase <= store.Validate {
					w.to(t, phase)
				} else {
					require.NoError(t, w.lead(t, phase).Close(context.Background()))
				}
				_, err := w.without(t)
				require.ErrorContains(t, err, "this process was opened without MySQL")
			})
		})
	}
	t.Run("dynamodb-only", func(t *testing.T) {
		eachWorld(t, func(t *testing.T, w *world) {
			require.NoError(t, w.lead(t, store.DynamoDBOnly).Close(context.Background()))
			p, err := w.without(t)
			require.NoError(t, err)
			u := user(1)
			require.NoError(t, p.users.Create(t.Context(), &u))
			for _, capture := range []func(context.Context, migrationctl.Change) error{p.CaptureOff, p.CaptureOn} {
				require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
				require.NoError(t, capture(t.Context(), migrationctl.Change{Reason: "MySQL is gone"}))
			}
			require.NoError(t, p.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
				return p.users.In(tx).Update(ctx, p.users.Key(1), addOne)
			}))
			got, err := p.users.Get(t.Context(), p.users.Key(1))
			require.NoError(t, err)
			require.Equal(t, 3, got.Profile.Count)

			var refused *migrationctl.RefusedError
			require.ErrorAs(t, p.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{Force: true}), &refused)
		})
	})
}

// TestWithoutMySQLWhenTheGroupGoesBack: an operator goes back although one process has
// no MySQL. That one serves what it may and fails the rest; every write that it
// acknowledged is where the group has gone.
func TestWithoutMySQLWhenTheGroupGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		others := w.lead(t, store.DynamoDBOnly)
		p, err := w.without(t)
		require.NoError(t, err)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		acknowledged, failed := 0, false
		var last error
		done := make(chan struct{})
		go func() {
			defer close(done)
			for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				err := p.users.Update(context.Background(), p.users.Key(1), addOne, dal.Token(time.Now().String()))
				switch {
				case err == nil && failed:
					last = errors.New("it writes again after it could not, though MySQL leads")
				case err == nil:
					acknowledged++
				case !errors.Is(err, dal.ErrUnavailable) && !errors.Is(err, dal.ErrWrongPhase):
					last = err
				default:
					failed = true
				}
			}
		}()
		time.Sleep(time.Second)
		for _, phase := range []store.Phase{store.DynamoDBPrimary, store.Validate} {
			others.step(t, phase)
		}
		<-done
		require.NoError(t, last)
		require.True(t, failed, "MySQL leads, and it has none")
		others.drained(t)
		require.GreaterOrEqual(t, w.count(t, w.mysql, 1), acknowledged, "acknowledged writes are there")
		w.requireEqualStores(t)
		require.NoError(t, p.Close(context.Background()))
		require.NoError(t, others.Close(context.Background()))
	})
}
