package dal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
)

// TestStagedIsNotCounted: what DynamoDB would stage is not counted against its
// transactions while MySQL leads. What the write itself changes is, and so is the mark that
// a staged delete leaves.
func TestStagedIsNotCounted(t *testing.T) {
	for name, c := range map[string]struct {
		stalls, beside int
		kind           error
	}{
		"a few":          {3, 90, nil},
		"many":           {200, 0, nil},
		"as many as fit": {200, 97, nil},
		"one more":       {200, 98, dal.ErrTooLarge},
		"with nothing":   {0, 98, nil},
	} {
		t.Run(name, func(t *testing.T) {
			router := captured(t, storetest.FairContract(t))
			fairs, err := dal.NewRepository[fair](router, "Fairs")
			require.NoError(t, err)
			stalls, err := dal.NewRepository[stall](router, "Stalls")
			require.NoError(t, err)
			root := int64(1)
			require.NoError(t, fairs.Create(t.Context(), &fair{ID: root}))
			for i := range c.stalls {
				require.NoError(t, stalls.Create(t.Context(), &stall{ID: int64(i), Pitch: fmt.Sprint(i), Fair: &root}))
			}
			err = router.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
				for i := range c.beside {
					if err := fairs.In(tx).Create(ctx, &fair{ID: int64(2 + i)}); err != nil {
						return err
					}
				}
				return fairs.In(tx).Delete(ctx, fairs.Key(root))
			})
			if c.kind != nil {
				require.ErrorIs(t, err, c.kind)
				require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
				return
			}
			require.NoError(t, err)
			for i := range c.stalls {
				_, err := stalls.Get(t.Context(), stalls.Key(i))
				require.ErrorIs(t, err, dal.ErrNotFound)
			}
		})
	}
}

type fair struct {
	ID   int64   `db:"fair_id"`
	Name *string `db:"name"`
}

type stall struct {
	ID    int64  `db:"stall_id"`
	Pitch string `db:"pitch"`
	Fair  *int64 `db:"fair_id"`
}

// An unlists is a store that has taken along more than it tells of.
type unlists struct{ *memstore.Store }

func (s unlists) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	done, err := s.Store.Write(ctx, at, w)
	done.Unlisted = true
	return done, err
}

// TestRequiredOfMoreThanIsTold: a write that took along more than it tells of is pending
// under Required, and is done under the other policies. What it tells of is followed.
func TestRequiredOfMoreThanIsTold(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	r := dal.NewRouter(f.contract, f.mysql, unlists{f.dynamo}, now, &dal.RouterOptions{Reload: f.snapshot})
	t.Cleanup(r.Close)
	users, err := dal.NewRepository[User](r, "Users")
	require.NoError(t, err)
	for i, policy := range []dal.Policy{dal.Prompt, dal.Async} {
		u := user(int64(10 + i))
		require.NoError(t, users.Create(t.Context(), &u, dal.Follow(policy)))
	}
	u := user(20)
	err = users.Create(t.Context(), &u, dal.Follow(dal.Required))
	require.ErrorIs(t, err, dal.ErrPending)
	require.Equal(t, dal.Applied, dal.OutcomeOf(err))
	require.Equal(t, u.Email, f.email(t, f.mysql, 20))
}
