package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestServiceSQLKeepsOthersAway: once a process with SQL of its own has registered, a
// program without, such as the operator's commands, neither reads nor writes those
// records, and all others as before. A process of a service without may.
func TestServiceSQLKeepsOthersAway(t *testing.T) {
	f := newFixture(t, setting{own: func(c *transform.Contract) map[string]mysqlstore.SQL {
		return map[string]mysqlstore.SQL{"Users": plainSQL(c)["Users"]}
	}})
	register := func(s *mysqlstore.Store, name string) {
		t.Helper()
		_, err := s.Register(f.ctx, store.Registration{Process: name})
		require.NoError(t, err)
	}
	uses := func(s *mysqlstore.Store, rec transform.Record) (all []error) {
		key := f.key(rec)
		note := func(err error) { all = append(all, err) }
		_, err := s.Get(f.ctx, f.at, key)
		note(err)
		_, err = s.GetMany(f.ctx, f.at, []transform.Key{key})
		note(err)
		_, err = s.Scan(f.ctx, f.at, store.Range{Entity: rec.Entity(), Limit: 1})
		note(err)
		_, err = s.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{f.put(rec)}})
		note(err)
		return all
	}
	query := func(s *mysqlstore.Store) error {
		_, err := s.Query(f.ctx, f.at, store.Query{Entity: f.users, Index: "UsernameIndex", Equal: transform.TextValue("x"), Limit: 1})
		return err
	}
	f.write(f.create(f.user(1)))
	operator := f.storeOn(f.pool)
	learn := func() {
		t.Helper()
		_, err := operator.Phase(f.ctx)
		require.NoError(t, err)
	}
	nothing := []error{nil, nil, nil, nil}
	learn()
	require.Equal(t, nothing, uses(operator, f.user(1)), "nobody has registered")
	register(f.store, "a")
	register(f.store, "a")
	learn()
	for _, err := range append(uses(operator, f.user(1)), query(operator)) {
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.ErrorContains(t, err, "do it in the service")
	}
	require.Equal(t, nothing, uses(operator, f.shelf("a", 1, 1)))
	require.Equal(t, nothing, uses(f.store, f.user(1)))
	require.NoError(t, query(f.store))

	rolled := f.storeOn(f.pool)
	register(rolled, "b")
	require.Equal(t, nothing, uses(rolled, f.user(1)))
	learn()
	require.Equal(t, nothing, uses(operator, f.user(1)), "the service writes it as the library does")

	register(f.store, "a")
	learn()
	f.mark(store.GivenAway)
	f.at.Captured = false
	_, err := operator.Put(f.ctx, f.at, f.live(f.user(1), 1<<60))
	require.ErrorIs(t, err, store.ErrUnavailable)
	errs, err := operator.Insert(f.ctx, []store.Row{f.live(f.user(2), 0)})
	require.NoError(t, err)
	require.ErrorIs(t, errs[0], store.ErrUnavailable)
}
