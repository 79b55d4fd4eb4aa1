package dal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// captures switches capture on in phase 1.
func (f *fixture) captures(t *testing.T) {
	t.Helper()
	f.advance(t, dal.MySQLOnly, true)
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	f.router.Set(now)
}

// eachMySQLPhase runs a test in phases 1 to 3, of phase 1 with and without capture.
func eachMySQLPhase(t *testing.T, opts dal.RouterOptions, test func(t *testing.T, f *fixture, bare bool)) {
	for _, phase := range []dal.Phase{dal.MySQLOnly, dal.DualWrite, dal.Validate} {
		t.Run(phase.String(), func(t *testing.T) {
			test(t, newFixture(t, phase, opts), phase == dal.MySQLOnly)
		})
	}
	t.Run("captured", func(t *testing.T) {
		f := newFixture(t, dal.MySQLOnly, opts)
		f.captures(t)
		test(t, f, false)
	})
}

// leaves says that the transaction's SQL leaves users so.
func (o *ownTx) leaves(t *testing.T, change func(*transform.Record), ids ...int64) {
	t.Helper()
	for _, id := range ids {
		rec := o.contract.Entity("Users").NewRecord()
		u := user(id)
		require.NoError(t, rec.Set("user_id", transform.IntValue(id)))
		require.NoError(t, rec.Set("username", transform.TextValue(u.Username)))
		require.NoError(t, rec.Set("email", transform.TextValue(u.Email)))
		if change != nil {
			change(&rec)
		}
		o.now[o.f.key(id)] = store.Row{Key: o.f.key(id), Live: true, Record: rec}
	}
}

func upTo(n int64) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	return ids
}

// bio makes a profile of that many bytes.
func bio(t *testing.T, bytes int) func(*transform.Record) {
	return func(rec *transform.Record) {
		v, err := transform.JSONValue(fmt.Appendf(nil, `{"bio":%q}`, strings.Repeat("x", bytes)))
		require.NoError(t, err)
		require.NoError(t, rec.Set("profile_data", v))
	}
}

// TestJoinedWeighed: what a joined transaction makes of the records that it names is
// weighed as the library's own writes are: what DynamoDB can't take is refused before the
// commit; in phase 1 without capture it is reported.
func TestJoinedWeighed(t *testing.T) {
	for name, c := range map[string]struct {
		ids    int64
		leaves func(t *testing.T, tx *ownTx)
		kind   error
		says   string
		field  string
	}{
		"as many as fit": {ids: 99, leaves: func(t *testing.T, tx *ownTx) { tx.leaves(t, nil, upTo(99)...) }},
		"one more": {100, func(t *testing.T, tx *ownTx) { tx.leaves(t, nil, upTo(100)...) },
			dal.ErrTooLarge, "takes 101 actions of the 100", ""},
		"gone":       {ids: 99, leaves: func(*testing.T, *ownTx) {}},
		"more gone":  {100, func(*testing.T, *ownTx) {}, dal.ErrTooLarge, "takes 101 actions of the 100", ""},
		"large ones": {ids: 13, leaves: func(t *testing.T, tx *ownTx) { tx.leaves(t, bio(t, 300_000), upTo(13)...) }},
		"too large together": {14, func(t *testing.T, tx *ownTx) { tx.leaves(t, bio(t, 300_000), upTo(14)...) },
			dal.ErrTooLarge, "bytes of the 4194304", ""},
		"too large an item": {1, func(t *testing.T, tx *ownTx) { tx.leaves(t, bio(t, 500_000), 1) },
			dal.ErrTooLarge, "Users", ""},
		"too large an item among others": {3, func(t *testing.T, tx *ownTx) {
			tx.leaves(t, nil, 1, 3)
			tx.leaves(t, bio(t, 500_000), 2)
		}, dal.ErrTooLarge, "Users", ""},
		"no record": {2, func(t *testing.T, tx *ownTx) {
			tx.leaves(t, nil, 1)
			tx.now[tx.f.key(2)] = store.Row{Key: tx.f.key(2), Live: true,
				Err: &transform.ValueError{Entity: "Users", Column: "last_login", Reason: "is no date"}}
		}, dal.ErrInvalid, "is no date", "last_login"},
		"no item": {2, func(t *testing.T, tx *ownTx) {
			tx.leaves(t, nil, 1)
			tx.leaves(t, func(rec *transform.Record) { require.NoError(t, rec.Set("username", transform.TextValue(""))) }, 2)
		}, dal.ErrInvalid, "username", "username"},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &unfitHook{}
			eachMySQLPhase(t, dal.RouterOptions{Hooks: []dal.Hook{seen}}, func(t *testing.T, f *fixture, bare bool) {
				seen.n.Store(0)
				tx := f.own()
				tx.now = map[transform.Key]store.Row{}
				c.leaves(t, tx)
				joined := f.join(t, tx, upTo(c.ids)...)
				err := joined.Commit(t.Context())
				if bare || c.kind == nil {
					require.NoError(t, err)
					require.True(t, tx.committed)
					require.False(t, tx.rolledBack.Load())
					reported := int64(0)
					if c.kind != nil {
						reported = 1
					}
					require.Equal(t, reported, f.router.Stats().Unfit)
					require.Equal(t, reported, seen.n.Load())
					return
				}
				require.ErrorIs(t, err, c.kind)
				require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
				require.ErrorContains(t, err, c.says)
				var told *dal.Error
				require.ErrorAs(t, err, &told)
				require.Equal(t, c.field, told.Field)
				require.False(t, tx.committed)
				require.True(t, tx.rolledBack.Load())
				require.Zero(t, f.router.Stats().Unfit)
				require.ErrorIs(t, joined.Commit(t.Context()), dal.ErrInvalid, "it is over")
			})
		})
	}
}

// TestJoinedReadFails: a transaction whose records can't be read is not committed, and
// the error is the store's.
func TestJoinedReadFails(t *testing.T) {
	eachMySQLPhase(t, dal.RouterOptions{}, func(t *testing.T, f *fixture, _ bool) {
		tx := f.own()
		tx.unread = &store.Error{Op: "commit", Kind: store.ErrUnavailable, Outcome: store.NotApplied}
		joined := f.join(t, tx, 1)
		require.Equal(t, tx.unread, joined.Commit(t.Context()))
		require.False(t, tx.committed)
		require.ErrorIs(t, joined.Commit(t.Context()), dal.ErrInvalid, "it is over")
	})
}

// TestJoinedReadPanics: what a service's own Read or hook does leaves no transaction open
// where Rollback is deferred.
func TestJoinedReadPanics(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	tx := f.own()
	joined := f.join(t, tx, 1)
	tx.now = map[transform.Key]store.Row{f.key(1): {Live: true}} // of no entity
	require.Panics(t, func() {
		defer joined.Rollback()
		_ = joined.Commit(t.Context())
	})
	require.True(t, tx.rolledBack.Load())
}

// TestJoinedWithoutKeysReadsNothing: there is nothing to weigh.
func TestJoinedWithoutKeysReadsNothing(t *testing.T) {
	eachMySQLPhase(t, dal.RouterOptions{}, func(t *testing.T, f *fixture, _ bool) {
		tx := f.own()
		tx.unread = &store.Error{Op: "commit", Kind: store.ErrUnavailable, Outcome: store.NotApplied}
		require.NoError(t, f.join(t, tx).Commit(t.Context()))
		require.True(t, tx.committed)
	})
}

// TestJoinedTakesAlong: what a delete may have taken along by references counts where the
// library's own delete would count it: not if DynamoDB stages that.
func TestJoinedTakesAlong(t *testing.T) {
	for name, c := range map[string]struct {
		fairs, stalls, visitors int64 // named
		there, refer            bool  // the fairs, the visitors to one
		kind                    error
	}{
		"many":                {fairs: 1, stalls: 200},
		"many beside others":  {fairs: 99, stalls: 200},
		"too many of its own": {fairs: 100, kind: dal.ErrTooLarge},
		"many by themselves":  {fairs: 1, stalls: 200, there: true, kind: dal.ErrTooLarge},
		"nothing else named":  {stalls: 200, kind: dal.ErrTooLarge},
		"let go":              {fairs: 1, visitors: 200},
		"not let go":          {fairs: 1, visitors: 200, refer: true, kind: dal.ErrTooLarge},
		"changed themselves":  {fairs: 1, visitors: 200, there: true, kind: dal.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixtureOf(t, storetest.FairContract(t), dal.DualWrite, dal.RouterOptions{}, faultstore.New())
			tx := f.own()
			tx.now = map[transform.Key]store.Row{}
			fairs, err := dal.NewRepository[fair](f.router, "Fairs")
			require.NoError(t, err)
			stalls, err := dal.NewRepository[stall](f.router, "Stalls")
			require.NoError(t, err)
			visitors, err := dal.NewRepository[visitor](f.router, "Visitors")
			require.NoError(t, err)
			var keys []dal.Key
			for id := range c.fairs {
				keys = append(keys, fairs.Key(id))
				if c.there {
					tx.leave(t, "Fairs", map[string]int64{"fair_id": id})
				}
			}
			for id := range c.stalls {
				keys = append(keys, stalls.Key(id))
			}
			for id := range c.visitors {
				keys = append(keys, visitors.Key(id))
				columns := map[string]int64{"visitor_id": id}
				if c.refer {
					columns["fair_id"] = 7
				}
				tx.leave(t, "Visitors", columns)
			}
			joined, err := f.router.Join(t.Context(), tx, keys...)
			require.NoError(t, err)
			if err = joined.Commit(t.Context(), dal.Follow(dal.Async)); c.kind == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.kind)
			}
			require.Equal(t, c.kind == nil, tx.committed)
		})
	}
}

// TestJoinedTakesAlongUnstaged: what DynamoDB can't stage counts, whoever deleted it.
func TestJoinedTakesAlongUnstaged(t *testing.T) {
	for pets, kind := range map[int]error{98: nil, 99: dal.ErrTooLarge} {
		f := newFixtureOf(t, storetest.FamilyContract(t), dal.DualWrite, dal.RouterOptions{}, faultstore.New())
		people, err := dal.NewRepository[relative](f.router, "People")
		require.NoError(t, err)
		owned, err := dal.NewRepository[pet](f.router, "Pets")
		require.NoError(t, err)
		keys := []dal.Key{people.Key(1)}
		for n := range pets {
			keys = append(keys, owned.Key(1, fmt.Sprint(n)))
		}
		tx := f.own()
		joined, err := f.router.Join(t.Context(), tx, keys...)
		require.NoError(t, err)
		require.ErrorIs(t, joined.Commit(t.Context(), dal.Follow(dal.Async)), kind)
		require.Equal(t, kind == nil, tx.committed)
	}
}

type visitor struct {
	ID   int64   `db:"visitor_id"`
	Fair *int64  `db:"fair_id"`
	Name *string `db:"fair_name"`
}

// leave says that the transaction's SQL leaves a record with these columns.
func (o *ownTx) leave(t *testing.T, entity string, columns map[string]int64) {
	t.Helper()
	rec := o.contract.Entity(entity).NewRecord()
	for name, n := range columns {
		require.NoError(t, rec.Set(name, transform.IntValue(n)))
	}
	key, err := rec.Key()
	require.NoError(t, err)
	o.now[key] = store.Row{Key: key, Live: true, Record: rec}
}
