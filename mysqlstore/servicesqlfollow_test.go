package mysqlstore_test

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// newServicedFollower is newServiced whose store was given away.
func newServicedFollower(t testing.TB, do writing) *fixture {
	t.Helper()
	f := newServiced(t, setting{}, do)
	f.mark(store.GivenAway)
	f.at = store.At{Epoch: f.at.Epoch}
	return f
}

// TestServiceSQLFollows: what DynamoDB has is made by Write too, once for each change,
// and with what is there before.
func TestServiceSQLFollows(t *testing.T) {
	f := newServicedFollower(t, nil)
	one := f.user(1)
	f.follow(f.live(one, 1<<50))
	f.set(one, "username", transform.TextValue("ann"))
	f.follow(f.live(one, 1<<50+1))
	f.follow(f.live(one, 1<<50+2)) // as it is already
	took, err := f.store.Put(f.ctx, f.at, f.live(f.user(1), 1<<50+2))
	require.NoError(t, err)
	require.False(t, took, "an old version")
	f.follow(f.dead(one, 1<<50+3))
	f.follow(f.dead(one, 1<<50+4)) // gone already
	require.Equal(t, []string{"1: none -> user-1", "1: user-1 -> ann", "1: ann -> none"}, f.lines())

	errs, err := f.store.Insert(f.ctx, []store.Row{f.live(one, 0), f.live(f.user(2), 0), f.live(f.user(3), 0)})
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil, nil}, errs)
	require.Equal(t, []string{"2: none -> user-2", "3: none -> user-3"}, f.lines()[3:], "1 has a version")
	errs, err = f.store.Insert(f.ctx, []store.Row{f.live(f.user(2), 0), f.live(f.user(4), 0)})
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil}, errs)
	require.Equal(t, []string{"4: none -> user-4"}, f.lines()[5:], "2 is there")

	// Two that hold each other's unique value.
	two, three := f.user(2), f.user(3)
	f.set(two, "email", transform.TextValue("user-3@example.com"))
	f.set(three, "email", transform.TextValue("user-2@example.com"))
	_, err = f.store.Put(f.ctx, f.at, f.live(two, 1<<50))
	e := refused(t, err, store.ErrUnique)
	require.Equal(t, "email", e.Field)
	require.Equal(t, f.key(three), e.Holder)
	require.NoError(t, f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(two, 1<<50), f.live(three, 1<<50)}))
	require.Equal(t, "user-3@example.com", f.text(two, "email"))
	require.Equal(t, "user-2@example.com", f.text(three, "email"))
	require.Len(t, f.lines(), 10)
}

// TestServiceSQLFollowsWrongly: a Write that is wrong leaves neither a row nor a
// version, so that the key is put again.
func TestServiceSQLFollowsWrongly(t *testing.T) {
	for name, do := range map[string]writing{
		"nothing written": func(context.Context, sqlx.ExtContext, *mysqlstore.Change, func() error) error { return nil },
		"an error of its own": func(_ context.Context, _ sqlx.ExtContext, _ *mysqlstore.Change, plain func() error) error {
			if err := plain(); err != nil {
				return err
			}
			return errQuota
		},
		"a commit": func(ctx context.Context, tx sqlx.ExtContext, _ *mysqlstore.Change, plain func() error) error {
			_, _ = tx.ExecContext(ctx, "COMMIT")
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			broken := true
			f := newServicedFollower(t, func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, plain func() error) error {
				if !broken {
					return plain()
				}
				return do(ctx, tx, c, plain)
			})
			one := f.live(f.user(1), 1<<50)
			before := f.contents()
			_, err := f.store.Put(f.ctx, f.at, one)
			e := refused(t, err, store.ErrInvalid)
			require.Equal(t, "Users", e.Entity)
			refused(t, f.store.PutTogether(f.ctx, f.at, []store.Row{one}), store.ErrInvalid)
			zero := one
			zero.Version = 0
			errs, err := f.store.Insert(f.ctx, []store.Row{zero, f.live(f.user(2), 0)})
			require.NoError(t, err)
			refused(t, errs[0], store.ErrInvalid)
			refused(t, errs[1], store.ErrInvalid)
			require.Equal(t, before, f.contents())
			require.Empty(t, f.lines())
			broken = false
			f.follow(one)
		})
	}
}

// TestServiceSQLEndsAFollowersTransaction: the version that was committed with it is
// taken back, so that the row is put again.
func TestServiceSQLEndsAFollowersTransaction(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has procedures that end a transaction")
	broken := false
	f := newServicedFollower(t, func(ctx context.Context, tx sqlx.ExtContext, _ *mysqlstore.Change, plain func() error) error {
		if broken {
			_, err := tx.ExecContext(ctx, "CALL ends_it()")
			return err
		}
		return plain()
	})
	f.db.MustExec("CREATE PROCEDURE ends_it() COMMIT")
	one := f.user(1)
	for version := range store.Version(3) {
		f.set(one, "username", transform.TextValue([]string{"ann", "bo", "cy"}[version]))
		broken = true
		_, err := f.store.Put(f.ctx, f.at, f.live(one, 1<<50+version))
		require.ErrorContains(t, err, "ended the transaction")
		err = f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(one, 1<<50+version)})
		require.ErrorContains(t, err, "ended the transaction")
		broken = false
		f.follow(f.live(one, 1<<50+version))
		require.Equal(t, f.live(one, 1<<50+version).Version, f.row(one).Version)
		require.Equal(t, []string{"ann", "bo", "cy"}[version], f.text(one, "username"))
	}
}
