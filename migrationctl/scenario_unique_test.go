package migrationctl_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A Login is the record of the scenario about unique values that are asked for.
type Login struct {
	ID    int64   `db:"login_id"`
	Name  *string `db:"name"`
	Email *string `db:"email"`
	Area  *string `db:"area"`
	Code  *int64  `db:"code"`
	Rank  *int64  `db:"rank"`
	Note  *string `db:"note"`
}

// eachLoginWorld plays the scenario in memory, on every engine, and on one whose
// indexes never show what was written.
func eachLoginWorld(t *testing.T, play func(t *testing.T, w *world)) {
	contract := storetest.LoginContract(t)
	eachWorldOf(t, contract, play)
	t.Run("indexes that stand still", func(t *testing.T) {
		srv := dynamotest.Start(t)
		srv.Fault(dynamotest.OnAny().IndexLag(dynamotest.Forever))
		e, err := engine.StartDynamoDB(t.Context(), engine.Options{DynamoDB: srv.URL})
		require.NoError(t, err)
		play(t, newEngineWorldOf(t, e, contract, faultstore.New()))
	})
}

// TestScenario33UniqueValueSeesItsOwnWrites: in every phase a query that gives a unique
// value shows what was written before it, whoever has the value by now, and phase 3
// finds no difference.
func TestScenario33UniqueValueSeesItsOwnWrites(t *testing.T) {
	eachLoginWorld(t, func(t *testing.T, w *world) {
		seen := &mismatches{}
		opts := leading()
		opts.Hooks = []dal.Hook{seen}
		ctl, err := migrationctl.Open(t.Context(), w.faulty(), w.faultyDynamo(), opts)
		require.NoError(t, err)
		t.Cleanup(func() { _ = ctl.Close(context.Background()) })
		logins, err := dal.NewRepository[Login](ctl, "Logins")
		require.NoError(t, err)
		p := &process{Controller: ctl}
		require.NoError(t, p.CaptureOn(t.Context(), migrationctl.Change{Reason: "test"}))
		want := func(q dal.Query, ids ...int64) {
			t.Helper()
			var got []int64
			for l, err := range logins.Query(t.Context(), q) {
				require.NoError(t, err)
				got = append(got, l.ID)
			}
			require.Equal(t, ids, got)
		}
		named := func(name string) dal.Query { return dal.Index("NameIndex").Equal(name) }
		at := func(code int64) dal.Query { return dal.Index("SpotIndex").Equal("a").Exactly(code) }
		rename := func(l *Login, name string) func(*Login) error {
			l.Name = &name
			return func(l *Login) error { l.Name = &name; return nil }
		}
		for i, phase := range []store.Phase{1, 2, 3, 4, 5, 4, 3, 2, 1} {
			if i > 0 {
				p.step(t, phase)
			}
			if i == 1 {
				require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
			}
			name, other, area, code := fmt.Sprint("ann", i), fmt.Sprint("anna", i), "a", int64(i)
			email := name + "@example.com"
			one := Login{ID: int64(10*i + 1), Name: &name, Email: &email, Area: &area, Code: &code}
			want(named(name))
			require.NoError(t, logins.Create(t.Context(), &one))
			want(named(fmt.Sprint("ANN", i)), one.ID)
			want(dal.By("email").Equal(email), one.ID)
			want(at(code), one.ID)
			want(dal.Index("PlaceIndex").Equal(dal.Parts{area, code}).Limit(1), one.ID)
			want(named(name).Where("note", dal.NotNull()))
			require.NoError(t, logins.Update(t.Context(), logins.Key(one.ID), rename(&one, other)))
			want(named(name))
			want(named(other), one.ID)
			two := Login{ID: one.ID + 1, Name: &name}
			require.NoError(t, logins.Create(t.Context(), &two))
			want(named(name), two.ID)
			require.NoError(t, p.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
				spare := fmt.Sprint("spare", i)
				if err := logins.In(tx).Update(ctx, logins.Key(two.ID), rename(&two, spare)); err != nil {
					return err
				}
				return logins.In(tx).Update(ctx, logins.Key(one.ID), rename(&one, name))
			}))
			want(named(name), one.ID)
			want(named(other))
			require.NoError(t, logins.Delete(t.Context(), logins.Key(one.ID)))
			want(named(name))
			want(at(code))
			if phase == store.Validate {
				require.Eventually(t, func() bool { return p.Stats().Compared >= 10 }, 20*time.Second, 10*time.Millisecond)
			}
		}
		require.Empty(t, seen.all())
	})
}
